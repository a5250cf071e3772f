//! The configuration and where the secret comes from.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::finding::Finding;
use crate::{
    commands,
    config::{Config, Env, Loaded, Overrides, paths, secret},
    domain::Kind,
    exit::Exit,
};

/// The configuration comes back where it is good: the other findings need it.
pub(super) fn look(flags: &Overrides, env: &Env) -> (Vec<Finding>, Option<Loaded>) {
    let file = paths::config_file(flags, env).map(|(path, _)| path);
    let place = file.as_deref().map_or_else(|| "no place for a file".to_owned(), |p| p.display().to_string());
    let loaded = match commands::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => {
            let text = errors.to_string();
            let first = text.lines().next().unwrap_or("it cannot be read").to_owned();
            let more = match errors.0.len() {
                0 | 1 => String::new(),
                n => format!(" (and {} more errors)", n - 1),
            };
            let text = format!(
                "{first}{more}: `ahtop check` shows all, `ahtop config init` writes a file to start \
             from"
            );
            return (vec![Finding::bad("configuration", Exit::Config, text)], None);
        }
    };
    let config = &loaded.config;
    let mut found = vec![configuration(config, &place)];
    if let Some(path) = &config.file {
        found.extend(writable(path));
    }
    found.extend(loaded.warnings.iter().map(|warning| Finding::look("configuration", warning)));
    found.push(credentials(config, env));
    found.extend(listener(config, env));
    (found, Some(loaded))
}

fn configuration(config: &Config, place: &str) -> Finding {
    let count = |kind: Kind| config.watch.iter().filter(|w| w.target.kind == kind).count();
    let words = |n: usize, kind: Kind| format!("{n} {kind}{}", if n == 1 { "" } else { "s" });
    let from = match &config.file {
        Some(path) => path.display().to_string(),
        None => format!("no file (it would be {place})"),
    };
    let watches = match (count(Kind::Campaign), count(Kind::Agent)) {
        (0, 0) => "shows all that the store has".to_owned(),
        (campaigns, agents) => format!("{}, {}", words(campaigns, Kind::Campaign), words(agents, Kind::Agent)),
    };
    Finding::ok("configuration", format!("account {}, {watches}; {from}", config.account.name))
}

/// Who can write the file can make ahtop run a program.
fn writable(path: &Path) -> Option<Finding> {
    let mode = path.metadata().ok()?.permissions().mode();
    (mode & 0o002 != 0).then(|| {
        let text = format!("everybody can write {0} and so run programs as you: chmod o-w {0}", path.display());
        Finding::look("configuration", text)
    })
}

/// Who can read what `serve` shows.
fn listener(config: &Config, env: &Env) -> Option<Finding> {
    let listen = config.serve.listen.as_ref()?;
    if let Some(path) = &config.serve.token_file {
        return Some(match secret::listener_token(path, env) {
            Ok(_) => Finding::ok("listener", format!("{listen}; clients need the token in {}", path.display())),
            Err(e) => Finding::bad("listener", Exit::Config, e.to_string()),
        });
    }
    Some(match listen.is_local() {
        true => Finding::ok("listener", format!("{listen}; everybody on this machine can read it, nobody else")),
        false => Finding::look(
            "listener",
            format!("{listen}; everybody who reaches this address can read everything: set [serve] token_file"),
        ),
    })
}

fn credentials(config: &Config, env: &Env) -> Finding {
    let Some(auth) = &config.auth else {
        return Finding::ok(
            "credentials",
            "none: a read-only dashboard shows what other ahtops check, and needs no \
         secret",
        );
    };
    match secret::present(auth, env) {
        Ok(from) => Finding::ok("credentials", format!("from {from}")),
        Err(e) => Finding::bad("credentials", Exit::Credentials, e.to_string()),
    }
}
