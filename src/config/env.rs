//! The process's surroundings as values, so that tests bring their own: variables, directories, flags.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use directories::ProjectDirs;

use super::{
    error::{nearest, quote},
    schema::{Id, KEYS, VARIABLES},
};
use crate::domain::clean_line;

/// Environment variables and the platform's directories. `Debug` shows names only: values may be secret.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<String, String>,
    /// Variables of ours that are not UTF-8.
    pub(super) broken: Vec<String>,
    config_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
}

impl Env {
    /// The environment of this process and the directories of this platform.
    pub fn process() -> Self {
        let mut env = Env::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(env.vars.insert(name, value)),
                Err(_) => env.broken.push(name),
            }
        }
        if let Some(dirs) = ProjectDirs::from("", "", "ahtop") {
            env.config_dir = Some(dirs.config_dir().to_owned());
            env.state_dir = Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned());
        }
        env
    }

    /// An environment with these variables and no directories.
    pub fn of<K: Into<String>, V: Into<String>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        Env { vars: vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect(), ..Env::default() }
    }

    /// The same with the platform's directories for configuration and state replaced.
    #[must_use]
    pub fn with_dirs(mut self, config: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        self.config_dir = Some(config.into());
        self.state_dir = Some(state.into());
        self
    }

    /// A variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// The name of the person who is logged in.
    pub(super) fn login(&self) -> Option<Arc<str>> {
        ["LOGNAME", "USER"].iter().find_map(|name| self.get(name)).map(|name| clean_line(name, 64).into())
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.vars.keys().map(String::as_str)
    }

    /// A variable of ours that is nearly right does nothing, which nobody would see. `holds_key` is one that means something.
    pub(super) fn warnings(&self, holds_key: Option<&str>) -> Vec<String> {
        let ours = |name: &'static str| name.strip_prefix("AHTOP_");
        let known: Vec<&str> = KEYS
            .iter()
            .filter_map(|k| k.env)
            .chain(VARIABLES.into_iter().map(|(name, _)| name))
            .filter_map(ours)
            .collect();
        let mut warnings = Vec::new();
        for name in self.names().filter(|name| Some(*name) != holds_key) {
            let Some(word) = name.strip_prefix("AHTOP_").filter(|word| !known.contains(word)) else { continue };
            if let Some(right) = nearest(word, known.iter().copied()) {
                warnings.push(format!("{} is not a variable of ahtop; did you mean 'AHTOP_{right}'?", quote(name)));
            }
        }
        warnings
    }

    pub(super) fn config_dir(&self) -> Option<&Path> {
        self.config_dir.as_deref()
    }

    pub(super) fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("names", &self.vars.keys())
            .field("config_dir", &self.config_dir)
            .field("state_dir", &self.state_dir)
            .finish()
    }
}

/// What the command line says of the configuration: the uppermost layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--config`: this file instead of the platform's.
    pub config: Option<PathBuf>,
    values: BTreeMap<Id, Vec<String>>,
}

impl Overrides {
    /// Nothing but this file.
    pub fn with_config(path: impl Into<PathBuf>) -> Self {
        Overrides { config: Some(path.into()), values: BTreeMap::new() }
    }

    /// Says `value` for the key `id`; lists (`-a`, `-C`) grow with each call, a single value is replaced.
    pub fn set(&mut self, id: Id, value: impl Into<String>) {
        let values = self.values.entry(id).or_default();
        if !id.key().value_type.is_list() {
            values.clear();
        }
        values.push(value.into());
    }

    /// What was said, by key.
    pub fn values(&self) -> impl Iterator<Item = (Id, &[String])> {
        self.values.iter().map(|(id, values)| (*id, values.as_slice()))
    }
}
