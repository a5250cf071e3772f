//! `ahtop config init|path|schema|show`.

use std::{fs::OpenOptions, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use super::{Done, schema};
use crate::{
    cli::ConfigCommand,
    config::{self, EXAMPLE, Env, Overrides, paths},
    domain::clean,
    exit::Exit,
};

/// Runs one of them.
pub fn run(command: ConfigCommand, flags: &Overrides, env: &Env) -> Done {
    match command {
        ConfigCommand::Show => return show(flags, env),
        ConfigCommand::Schema => return Done::ok(schema::text()),
        ConfigCommand::Init | ConfigCommand::Path => {}
    }
    let Some((path, _)) = paths::config_file(flags, env) else {
        return Done::failed(Exit::Config, "ahtop: this platform has no configuration directory: give --config FILE");
    };
    match command {
        ConfigCommand::Init => init(&path),
        _ => Done::ok(format!("{}\n", shown(&path))),
    }
}

fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy(), 4096).into_owned()
}

fn init(path: &Path) -> Done {
    let written = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .map_or(Ok(()), paths::make_private_dir)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path))
        .and_then(|mut file| file.write_all(EXAMPLE.as_bytes()));
    let beside = match &written {
        Ok(()) => schema_beside(path),
        Err(_) => String::new(),
    };
    let path = shown(path);
    match written {
        Ok(()) => Done { err: beside, ..Done::ok(format!("{path}\n")) },
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Done::failed(Exit::Config, format!("{path}: is there already, and stays as it is"))
        }
        Err(e) => Done::failed(Exit::Config, format!("{path}: cannot be written: {e}")),
    }
}

/// The schema that the template names, for editors. The configuration is good without it. What goes wrong is told.
fn schema_beside(path: &Path) -> String {
    let path = path.with_file_name(schema::FILE);
    match std::fs::write(&path, schema::text()) {
        Ok(()) => String::new(),
        Err(e) => format!("warning: {}: cannot be written: {e}\n", shown(&path)),
    }
}

fn show(flags: &Overrides, env: &Env) -> Done {
    match super::load(flags, env) {
        Ok(loaded) => Done { err: warnings(&loaded.warnings), ..Done::ok(config::show(&loaded)) },
        Err(errors) => Done::failed(Exit::Config, errors.to_string()),
    }
}

/// Warnings as lines for standard error.
pub(super) fn warnings(warnings: &[String]) -> String {
    warnings.iter().map(|w| format!("warning: {w}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_writes_a_file_that_loads_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("AHTOP_MAX_FPSS", "1")]).with_dirs(dir.path().join("new/ahtop"), dir.path());
        let flags = Overrides::default();
        let path = dir.path().join("new/ahtop/config.toml");
        let line = format!("{}\n", path.display());
        assert_eq!(run(ConfigCommand::Path, &flags, &env), Done::ok(line.clone()));
        assert_eq!(run(ConfigCommand::Init, &flags, &env), Done::ok(line));
        let schema = std::fs::read_to_string(dir.path().join("new/ahtop/config.schema.json")).unwrap();
        assert_eq!(run(ConfigCommand::Schema, &flags, &env).out, schema);
        let shown = run(ConfigCommand::Show, &flags, &env);
        assert_eq!(shown.exit, Exit::Ok);
        assert!(shown.out.contains("user_name = \"acme\"  # config.toml line"), "{}", shown.out);
        assert!(shown.err.starts_with("warning: 'AHTOP_MAX_FPSS' means nothing"), "{}", shown.err);
        std::fs::write(&path, "x = 1\n").unwrap();
        let again = run(ConfigCommand::Init, &flags, &env);
        assert_eq!((again.exit, again.err.contains("is there already")), (Exit::Config, true));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "x = 1\n");
        assert_eq!(run(ConfigCommand::Show, &flags, &env).exit, Exit::Config);
    }
}
