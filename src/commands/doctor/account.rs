//! The configuration and where the secret comes from.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::{finding::Finding, words};
use crate::{
    commands,
    config::{Config, Env, Loaded, Overrides, paths, secret},
    exit::Exit,
};

/// The configuration comes back where it is good: the other findings need it.
pub(super) fn look(flags: &Overrides, env: &Env) -> (Vec<Finding>, Option<Loaded>) {
    let file = paths::config_file(flags, env).map(|(path, _)| path);
    let loaded = match commands::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => {
            return (vec![Finding::bad("configuration", Exit::Config, words::bad_configuration(&errors))], None);
        }
    };
    let config = &loaded.config;
    let mut found = vec![Finding::ok("configuration", words::configuration(config, file.as_deref()))];
    if let Some(path) = &config.file {
        found.extend(writable(path));
    }
    found.extend(loaded.warnings.iter().map(|warning| Finding::look("configuration", warning)));
    found.push(credentials(config, env));
    found.extend(listener(config, env));
    (found, Some(loaded))
}

/// Who can write the file can make ahtop run a program.
fn writable(path: &Path) -> Option<Finding> {
    let mode = path.metadata().ok()?.permissions().mode();
    (mode & 0o002 != 0).then(|| Finding::look("configuration", words::open_configuration(path)))
}

/// Who can read what `serve` shows.
fn listener(config: &Config, env: &Env) -> Option<Finding> {
    let listen = config.serve.listen.as_ref()?;
    let token_file = config.serve.token_file.as_deref();
    if let Some(Err(e)) = token_file.map(|path| secret::listener_token(path, env)) {
        return Some(Finding::bad("listener", Exit::Config, e.to_string()));
    }
    let text = words::listener(listen, token_file);
    Some(if token_file.is_some() || listen.is_local() {
        Finding::ok("listener", text)
    } else {
        Finding::look("listener", text)
    })
}

fn credentials(config: &Config, env: &Env) -> Finding {
    let Some(auth) = &config.auth else {
        return Finding::ok("credentials", words::NO_CREDENTIALS);
    };
    match secret::present(auth, env) {
        Ok(from) => Finding::ok("credentials", words::credentials(from)),
        Err(e) => Finding::bad("credentials", Exit::Credentials, e.to_string()),
    }
}
