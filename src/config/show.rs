//! The effective configuration as a file, with where each value comes from. It can be read again.

use std::fmt::Write;

use super::{
    error::{Place, show_path},
    floor::Watched,
    load::Loaded,
    schema::{Id, KEYS, SECTIONS},
    types::Config,
    value_type::{LOGGED_IN, Value, literal, literals},
};
use crate::domain::{Band, Kind};

/// The effective configuration as TOML; a comment says of each value where it comes from. Holds no secret, and nothing
/// that is not safe to print.
pub fn show(loaded: &Loaded) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, loaded);
    out
}

fn write(out: &mut String, loaded: &Loaded) -> std::fmt::Result {
    let config = &loaded.config;
    match &config.file {
        Some(path) => writeln!(out, "# effective configuration; file: {}", show_path(path))?,
        None => writeln!(out, "# effective configuration; no file was read")?,
    }
    for section in SECTIONS {
        writeln!(out, "\n[{section}]")?;
        for key in KEYS.iter().filter(|k| k.section == section && !Id::WATCH.contains(&k.id)) {
            let secret = Id::SECRETS.contains(&key.id);
            match loaded.origins.get(&key.id) {
                Some((value, place)) => writeln!(out, "{} = {}  # {}", key.name, value.literal(), place.words())?,
                None if secret => {}
                None => writeln!(out, "# {} is not set", key.name)?,
            }
        }
        match section {
            "auth" if config.auth.is_none() => writeln!(out, "# no source of a secret: this process only watches")?,
            "watch" => watch(out, loaded)?,
            "ui" => keys(out, loaded)?,
            _ => {}
        }
    }
    for name in &loaded.groups {
        let members = |kind: Kind| {
            let member = |w: &&Watched| w.target.kind == kind && w.groups.contains(name);
            literals(all(config).filter(member).map(|w| w.target.id.as_ref()))
        };
        writeln!(out, "\n[[group]]\nname = {}", literal(name))?;
        writeln!(out, "agents = {}\ncampaigns = {}", members(Kind::Agent), members(Kind::Campaign))?;
    }
    for hook in &config.hooks {
        writeln!(out, "\n[[hook]]\non = {}", literals(hook.on.iter().copied()))?;
        writeln!(out, "command = {}", literals(hook.command.iter().map(String::as_str)))?;
        writeln!(out, "timeout = {}", Value::Span(hook.timeout).literal())?;
        writeln!(out, "per_minute = {}", hook.per_minute)?;
    }
    for watched in all(config) {
        if watched.label.is_none() && watched.band.is_empty() {
            continue;
        }
        let id = if watched.target.kind == Kind::Agent { "id" } else { "name" };
        writeln!(out, "\n[[{}]]\n{id} = {}", watched.target.kind, literal(&watched.target.id))?;
        if let Some(label) = &watched.label {
            writeln!(out, "label = {}", literal(label))?;
        }
        if !watched.band.is_empty() {
            writeln!(out, "bands = {}", band(&watched.band))?;
        }
    }
    Ok(())
}

/// What is watched, and of whom details are known.
fn all(config: &Config) -> impl Iterator<Item = &Watched> {
    config.watch.iter().chain(config.floor.iter().flat_map(|floor| floor.named()))
}

/// `[ui.keys]`, which must be the last of its section: it is a table of its own.
fn keys(out: &mut String, loaded: &Loaded) -> std::fmt::Result {
    if loaded.config.ui.keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n[ui.keys]")?;
    for rebind in &loaded.config.ui.keys {
        let keys = literals(rebind.keys.iter().map(|(key, _)| key.as_ref()));
        writeln!(out, "{} = {keys}  # {}", literal(&rebind.action), rebind.place.words())?;
    }
    Ok(())
}

/// The lists as they are after the roster, entries and groups were added.
fn watch(out: &mut String, loaded: &Loaded) -> std::fmt::Result {
    for (name, kind) in [("campaigns", Kind::Campaign), ("agents", Kind::Agent)] {
        if kind == Kind::Agent && loaded.config.floor.is_some() {
            writeln!(out, "{name} = {}  # whoever is logged in, with the details below", literal(LOGGED_IN))?;
            continue;
        }
        writeln!(out, "{name} = [")?;
        for watched in loaded.config.watch.iter().filter(|w| w.target.kind == kind) {
            writeln!(out, "  {},  # {}", literal(&watched.target.id), watched.origin)?;
        }
        writeln!(out, "]")?;
    }
    match loaded.origins.get(&Id::AgentsCsv) {
        Some((value, place)) if *place != Place::Default => {
            writeln!(out, "# agents_csv = {} ({}) is contained above", value.literal(), place.words())
        }
        _ => writeln!(out, "# agents_csv is not set"),
    }
}

fn band(band: &Band) -> String {
    let limits = band.limits().into_iter().filter_map(|(name, aht)| Some(format!("{name} = \"{}\"", aht?)));
    format!("{{ {} }}", limits.collect::<Vec<_>>().join(", "))
}
