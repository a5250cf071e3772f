//! Where files lie: the configuration, the state, the store, the log.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    env::{Env, Overrides},
    store_url::StoreUrl,
    types::Config,
};

/// The configuration file, and whether somebody named it (then it must exist): `--config`, else `AHTOP_CONFIG`, else
/// `config.toml` in the platform's directory. `None` where the platform has none.
pub fn config_file(flags: &Overrides, env: &Env) -> Option<(PathBuf, bool)> {
    let named = flags.config.clone().or_else(|| env.get("AHTOP_CONFIG").map(PathBuf::from));
    match named {
        Some(path) => Some((path, true)),
        None => Some((env.config_dir()?.join("config.toml"), false)),
    }
}

/// The state directory: `AHTOP_STATE_DIR`, else the platform's. `None` where the platform has none.
pub fn state_dir(env: &Env) -> Option<PathBuf> {
    env.get("AHTOP_STATE_DIR").map(PathBuf::from).or_else(|| env.state_dir().map(Path::to_owned))
}

/// The store's file: that of `sqlite:///path`, or `<state>/<account>.db` for `auto`. `None` where there is no state
/// directory, and for a server.
pub fn store_file(config: &Config, env: &Env) -> Option<PathBuf> {
    match &config.store_url {
        StoreUrl::Sqlite(path) => Some(path.clone()),
        StoreUrl::Auto => Some(state_dir(env)?.join(format!("{}.db", config.account.name))),
        StoreUrl::Postgres(_) => None,
    }
}

/// The file in which a dashboard of the account remembers what its user chose.
pub fn choices_file(config: &Config, env: &Env) -> Option<PathBuf> {
    Some(state_dir(env)?.join(format!("ui-{}.json", config.account.name)))
}

/// The directory of the log files.
pub fn log_dir(env: &Env) -> Option<PathBuf> {
    Some(state_dir(env)?.join("log"))
}

/// Makes `dir` with its parents, each new one for this user only (0700). One that exists stays as it is: it may be
/// shared by a group on purpose.
///
/// # Errors
/// As the system says, also where `dir` is no directory.
pub fn make_private_dir(dir: &Path) -> io::Result<()> {
    if fs::metadata(dir).is_ok_and(|m| m.is_dir()) {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // The umask may have taken more than it should.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_goes_before_the_platforms() {
        let env = Env::default().with_dirs("/c", "/s");
        assert_eq!(config_file(&Overrides::default(), &env), Some(("/c/config.toml".into(), false)));
        let env = Env::of([("AHTOP_CONFIG", "e.toml"), ("AHTOP_STATE_DIR", "/e")]).with_dirs("/c", "/s");
        assert_eq!(config_file(&Overrides::default(), &env), Some(("e.toml".into(), true)));
        let flags = Overrides::with_config("f.toml");
        assert_eq!(config_file(&flags, &env), Some(("f.toml".into(), true)));
        assert_eq!((state_dir(&env), log_dir(&env)), (Some("/e".into()), Some("/e/log".into())));
    }

    #[test]
    fn a_new_directory_is_private_and_an_old_one_stays() {
        let root = tempfile::tempdir().unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        let new = root.path().join("a/b");
        make_private_dir(&new).unwrap();
        assert_eq!([mode(&new), mode(&root.path().join("a"))], [0o700, 0o700]);
        fs::set_permissions(&new, fs::Permissions::from_mode(0o770)).unwrap();
        make_private_dir(&new).unwrap();
        assert_eq!(mode(&new), 0o770);
        fs::write(root.path().join("f"), "").unwrap();
        assert!(make_private_dir(&root.path().join("f")).is_err());
    }
}
