//! The configuration after all layers are merged and checked. Nothing in here is secret.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::domain::{Band, Target};

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Whose numbers, and where they are served.
    pub account: Account,
    /// Where the secret comes from. `None`: this process only watches.
    pub auth: Option<AuthSource>,
    /// The account's limit and what is left for others.
    pub budget: Budget,
    /// How the service is asked.
    pub poll: Poll,
    /// Where the shared state lies: `auto`, or `sqlite:///path/to/file.db`.
    pub store_url: String,
    /// How long readings are kept.
    pub history_keep: Duration,
    /// What is watched, in the order of the configuration, campaigns first.
    pub watch: Vec<Watched>,
    /// What the screen looks like.
    pub ui: Ui,
    /// The board on the wall.
    pub wall: Wall,
}

/// `[account]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Names the shared state; letters, digits, `-`, `_` and `.`, at most 64.
    pub name: String,
    /// Origin of the API without a trailing slash; `https`, or `http` to a loopback address.
    pub base_url: String,
    /// CloudAgent account name, sent with each request. Empty only where nothing is ever polled.
    pub user_name: String,
    /// Zone for display, `None`: the system's.
    pub timezone: Option<String>,
    /// PEM file with further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

/// `[auth]`: exactly one source, never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSource {
    /// Bearer token or the key with each request.
    pub mode: AuthMode,
    /// Where the secret is had.
    pub source: SecretSource,
}

/// How the account authenticates API calls (CloudAgent's admin setting 'API Authentication').
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// `TOKEN_AUTH`
    Token,
    /// `BASIC_AUTH`
    Basic,
}

/// Where a secret is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `api_key_env`: the name of an environment variable.
    KeyEnv(String),
    /// `api_key_file`: a file that only its owner can read.
    KeyFile(PathBuf),
    /// `api_key_command`: the first line of its standard output.
    KeyCommand(Vec<String>),
    /// `token_command`: prints a bearer token that somebody else minted; ahtop never mints.
    TokenCommand(Vec<String>),
}

/// `[budget]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The account's limit in any 60 seconds; documented: 50.
    pub requests_per_minute: u32,
    /// Of these, left for other users of the account; less than the limit.
    pub reserve: u32,
}

impl Budget {
    /// Most readings in any 60 seconds.
    pub const fn usable(&self) -> u32 {
        self.requests_per_minute.saturating_sub(self.reserve)
    }
}

/// `[poll]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// A target is not asked more often than this.
    pub min_interval: Duration,
    /// Longest time for one whole request.
    pub timeout: Duration,
    /// Longest time for connecting.
    pub connect_timeout: Duration,
}

/// One watched target, with all that the configuration says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Agent or campaign.
    pub target: Target,
    /// Shown instead of the name that the service gives.
    pub label: Option<Arc<str>>,
    /// Groups it is in, in the order of the configuration.
    pub groups: Vec<Arc<str>>,
    /// Its band, all layers merged.
    pub band: Band,
    /// Where it is configured, for messages: `config.toml line 88`, `roster.csv line 3`, `-a`.
    pub origin: Arc<str>,
}

/// `[ui]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ui {
    /// Which colours.
    pub theme: Theme,
    /// Which characters.
    pub symbols: Symbols,
    /// Shown ages advance in steps of this (1 s and up): larger ones send less over slow links.
    pub age_step: Duration,
    /// Most frames a second, 1 to 60.
    pub max_fps: u32,
}

/// Which colours are used. `NO_COLOR` makes it [`Theme::Mono`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// The terminal's own foreground and background and its 16 colours.
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// Blue and orange, for colour vision deficiencies.
    Cvd,
    /// No colour; bold, dim and reverse only.
    Mono,
}

/// Which characters are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbols {
    /// By the locale and the terminal.
    Auto,
    /// Everything, Braille included.
    Unicode,
    /// Blocks and lines, no Braille.
    Block,
    /// ASCII only.
    Ascii,
}

/// `[wall]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// What stands in the board's first line; `None`: the account's name.
    pub title: Option<String>,
    /// How long a page stays, in seconds from 5 to 3600; one with an alert stays longer.
    pub page_seconds: u32,
    /// How agents are named.
    pub names: Names,
    /// A key that leaves the board, beside Ctrl-C: `q`, `F12`, `Ctrl-X`, as the help writes keys.
    pub exit_key: Option<String>,
}

impl Default for Wall {
    fn default() -> Self {
        Wall { title: None, page_seconds: 15, names: Names::Full, exit_key: None }
    }
}

/// How agents are named where others can read it. Campaigns always have their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Names {
    /// The label, the name or the id, whichever there is.
    #[default]
    Full,
    /// The first letters of it.
    Initials,
    /// The id.
    Id,
    /// Not at all.
    Hidden,
}
