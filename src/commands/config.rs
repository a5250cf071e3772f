//! `ahtop config init|path|schema|show`.

use std::{collections::BTreeMap, fs::OpenOptions, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use serde::Serialize;

use super::{Done, Failure, discover, schema};
use crate::{
    cli::{ConfigCommand, Init, Output},
    config::{self, EXAMPLE, Env, KEYS, Key, Loaded, Overrides, Watched, paths},
    domain::{Band, Kind, clean},
    exit::Exit,
    report::SCHEMA,
};

/// Runs one of them.
pub async fn run(command: ConfigCommand, flags: &Overrides, env: &Env) -> Done {
    match command {
        ConfigCommand::Show(args) => return show(args.format, flags, env),
        ConfigCommand::Schema => return Done::ok(schema::text()),
        ConfigCommand::Init(_) | ConfigCommand::Path => {}
    }
    let Some((path, _)) = paths::config_file(flags, env) else {
        return Done::failed(Exit::Config, "ahtop: this platform has no configuration directory: give --config FILE");
    };
    match command {
        ConfigCommand::Init(Init { discover: false }) => init(&path, EXAMPLE),
        // Looked at before the service is asked; it is looked at again when the file is made.
        ConfigCommand::Init(_) if path.exists() => there_is_one(&path),
        ConfigCommand::Init(_) => match discover::configuration(flags, env).await {
            Ok(text) => init(&path, &text),
            Err(Failure { exit, message }) => Done::failed(exit, message),
        },
        _ => Done::ok(format!("{}\n", shown(&path))),
    }
}

fn there_is_one(path: &Path) -> Done {
    Done::failed(Exit::Config, format!("{}: is there already, and stays as it is", shown(path)))
}

fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy(), 4096).into_owned()
}

fn init(path: &Path, text: &str) -> Done {
    let written = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .map_or(Ok(()), paths::make_private_dir)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    let beside = match &written {
        Ok(()) => schema_beside(path),
        Err(_) => String::new(),
    };
    match written {
        Ok(()) => Done { err: beside, ..Done::ok(format!("{}\n", shown(path))) },
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => there_is_one(path),
        Err(e) => Done::failed(Exit::Config, format!("{}: cannot be written: {e}", shown(path))),
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

fn show(format: Output, flags: &Overrides, env: &Env) -> Done {
    match super::load(flags, env) {
        Ok(loaded) => {
            let done = match format {
                Output::Text => Done::ok(config::show(&loaded)),
                Output::Json => Done::json(&Effective::new(&loaded)),
            };
            Done { err: warnings(&loaded.warnings), ..done }
        }
        Err(errors) => Done::failed(Exit::Config, errors.to_string()),
    }
}

/// The effective configuration in JSON.
#[derive(Serialize)]
struct Effective {
    schema: u32,
    /// Null where none was read.
    file: Option<String>,
    /// Tables and keys as in the file.
    config: serde_json::Value,
    /// Where each value comes from, by `table.key`.
    origins: BTreeMap<String, String>,
    watched: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    kind: Kind,
    id: String,
    label: Option<String>,
    groups: Vec<String>,
    /// In seconds, all layers merged.
    band: Band,
    origin: String,
}

impl Effective {
    fn new(loaded: &Loaded) -> Self {
        let config = &loaded.config;
        // It is the text that can be read again, so it can be read here too.
        let table = config::show(loaded).parse::<toml::Table>().unwrap_or_default();
        let origin = |key: &Key| Some((format!("{}.{}", key.section, key.name), loaded.origin(key.id)?.words()));
        let entry = |w: &Watched| Entry {
            kind: w.target.kind,
            id: w.target.id.to_string(),
            label: w.label.as_deref().map(str::to_owned),
            groups: w.groups.iter().map(|group| group.to_string()).collect(),
            band: w.band,
            origin: w.origin.to_string(),
        };
        Effective {
            schema: SCHEMA,
            file: config.file.as_deref().map(shown),
            config: serde_json::to_value(table).unwrap_or_default(),
            origins: KEYS.iter().filter_map(origin).collect(),
            watched: config.watch.iter().map(entry).collect(),
        }
    }
}

/// Warnings as lines for standard error.
pub(super) fn warnings(warnings: &[String]) -> String {
    warnings.iter().map(|w| format!("warning: {w}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Printed;

    #[tokio::test]
    async fn init_writes_a_file_that_loads_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("AHTOP_MAX_FPSS", "1")]).with_dirs(dir.path().join("new/ahtop"), dir.path());
        let flags = Overrides::default();
        let path = dir.path().join("new/ahtop/config.toml");
        let line = format!("{}\n", path.display());
        assert_eq!(run(ConfigCommand::Path, &flags, &env).await, Done::ok(line.clone()));
        assert_eq!(run(ConfigCommand::Init(Init::default()), &flags, &env).await, Done::ok(line));
        let schema = std::fs::read_to_string(dir.path().join("new/ahtop/config.schema.json")).unwrap();
        assert_eq!(run(ConfigCommand::Schema, &flags, &env).await.out, schema);
        let shown = run(ConfigCommand::Show(Printed::default()), &flags, &env).await;
        assert_eq!(shown.exit, Exit::Ok);
        assert!(shown.out.contains("user_name = \"acme\"  # config.toml line"), "{}", shown.out);
        let json = run(ConfigCommand::Show(Printed { format: Output::Json }), &flags, &env).await.out;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["config"]["poll"]["timeout"], &json["origins"]["poll.timeout"]),
            (&"10s".into(), &"default".into())
        );
        assert_eq!((json["watched"].as_array().unwrap().len(), &json["watched"][0]["id"]), (3, &"COLLECT-IN".into()));
        assert!(shown.err.starts_with("warning: 'AHTOP_MAX_FPSS' is not a variable"), "{}", shown.err);
        std::fs::write(&path, "x = 1\n").unwrap();
        let again = run(ConfigCommand::Init(Init::default()), &flags, &env).await;
        assert_eq!((again.exit, again.err.contains("is there already")), (Exit::Config, true));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "x = 1\n");
        assert_eq!(run(ConfigCommand::Show(Printed::default()), &flags, &env).await.exit, Exit::Config);
    }
}
