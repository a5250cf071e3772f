//! The configuration after all layers are merged and checked. Nothing in here is secret.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    error::Place,
    floor::{Floor, Watched},
    listen::Listen,
    origin::Origin,
    store_url::StoreUrl,
    themes::Tones,
};
use crate::domain::{Hours, Key};

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
    /// Whether and how often the service is asked who is logged in.
    pub presence: Presence,
    /// Where the shared state lies.
    pub store_url: StoreUrl,
    /// How a server that it names is spoken to.
    pub store_server: StoreServer,
    /// How long readings are kept.
    pub history_keep: Duration,
    /// What is watched, in the order of the configuration, campaigns first.
    pub watch: Vec<Watched>,
    /// Whoever is logged in is watched, too: then `watch` has campaigns alone.
    pub floor: Option<Arc<Floor>>,
    /// What the screen looks like.
    pub ui: Ui,
    /// When somebody should look, and how that is told.
    pub alert: Alert,
    /// `[quiet] hours`: when nothing is polled, in the account's zone.
    pub quiet: Vec<Hours>,
    /// `[[hook]]`: programs that are told of alerts.
    pub hooks: Vec<Hook>,
    /// The board on the wall.
    pub wall: Wall,
    /// What `serve` shows over HTTP.
    pub serve: Serve,
}

impl Config {
    /// How many agents and campaigns are watched at most.
    pub fn most_watched(&self) -> usize {
        self.watch.len() + self.floor.as_ref().map_or(0, |floor| floor.max_agents)
    }
}

/// `[store]`, beside the URL: how a server is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreServer {
    /// Where its password comes from. `None`: from `~/.pgpass`, where that has one.
    pub password: Option<SecretSource>,
    /// PEM file with further trusted authorities.
    pub ca_file: Option<PathBuf>,
}

/// `[alert]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// So long must fresh readings be outside before an alert starts.
    pub dwell: Duration,
    /// An alert ends only so many percent of the limit inside of it, 0 to 50.
    pub clear_band_pct: u32,
    /// So many changes of a value before its row may alert.
    pub warm_up: u32,
    /// Ring the terminal's bell.
    pub bell: bool,
    /// Desktop notification through the terminal.
    pub notify: Notify,
}

/// `[ui] ask_terminal`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskTerminal {
    /// Where the terminal is known to answer.
    Auto,
    Always,
    Never,
}

/// `[alert] notify`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    Off,
    /// `OSC 9 ; text` (iTerm2, Windows Terminal, foot, kitty and others).
    Osc9,
    /// `OSC 777 ; notify ; title ; text` (urxvt, foot, VTE and others).
    Osc777,
}

/// `[[hook]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Words of [`TRIGGERS`](super::TRIGGERS).
    pub on: Vec<&'static str>,
    /// The program with its arguments; there is no shell.
    pub command: Vec<String>,
    /// It is killed after this long, 1 s to 5 min.
    pub timeout: Duration,
    /// Most runs in a minute, 1 to 600.
    pub per_minute: u32,
}

/// `[account]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Names the shared state; letters, digits, `-`, `_` and `.`, at most 64.
    pub name: String,
    /// Where the API is served.
    pub base_url: Origin,
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
    /// `token_command`: prints a bearer token that somebody else generated; ahtop never generates one.
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

/// As the configuration has it where nothing is said.
impl Default for Budget {
    fn default() -> Self {
        Budget { requests_per_minute: 50, reserve: 5 }
    }
}

impl Budget {
    /// Requests a minute that polling is paced at: never none, as a budget that was checked has at least one.
    pub const fn usable(&self) -> u32 {
        match self.requests_per_minute.saturating_sub(self.reserve) {
            0 => 1,
            n => n,
        }
    }

    /// How long a sweep over so many targets takes at that pace, in whole seconds, rounded down.
    pub fn sweep(&self, targets: usize) -> Duration {
        let targets = u64::try_from(targets).unwrap_or(u64::MAX);
        Duration::from_secs(targets.saturating_mul(60) / u64::from(self.usable()))
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

/// `[presence]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Asked where the account gives it; false: never.
    pub auto: bool,
    pub interval: Duration,
}

/// `[ui]`
#[derive(Clone, Debug, PartialEq)]
pub struct Ui {
    pub theme: Theme,
    pub symbols: Symbols,
    /// Shown ages advance in steps of this (1 s and up): larger ones send less over slow links.
    pub age_step: Duration,
    /// Most frames a second beside the answers to keys, 1 to 60.
    pub max_fps: u32,
    /// True where clicks and the wheel are taken; the terminal's own selection of text then needs Shift.
    pub mouse: bool,
    /// Who acknowledges and mutes: as configured, else the login name; `None` where that is not known either.
    pub operator: Option<Arc<str>>,
    pub ask_terminal: AskTerminal,
    /// `[ui.keys]`: other keys for actions of the tables. Who knows the actions checks them.
    pub keys: Vec<Rebind>,
}

impl Default for Ui {
    fn default() -> Self {
        Ui {
            theme: Theme::Auto,
            symbols: Symbols::Auto,
            age_step: Duration::from_secs(1),
            max_fps: 30,
            mouse: false,
            operator: None,
            ask_terminal: AskTerminal::Auto,
            keys: Vec::new(),
        }
    }
}

/// A line of `[ui.keys]`: an action and the keys that it has instead of its usual ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebind {
    /// The action as it is written: `quit`.
    pub action: Arc<str>,
    pub place: Place,
    /// The keys as they are written, each with its place: `q`, `ctrl-c`. None: the action has no key.
    pub keys: Vec<(Arc<str>, Place)>,
}

/// Which colours are used. `NO_COLOR` makes it [`Theme::Mono`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// The terminal's own foreground and background and its 16 colours.
    Auto,
    Dark,
    Light,
    /// Blue and orange, for colour vision deficiencies.
    Cvd,
    /// No colour; bold, dim and reverse only.
    Mono,
    File(Tones),
}

impl Theme {
    /// Those that need no file, in the order of the key that changes them.
    pub const ALL: [Theme; 5] = [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd, Theme::Mono];

    /// The word for it: `auto`, `dark`, `light`, `cvd`, `mono`, `file`.
    pub const fn word(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::Cvd => "cvd",
            Theme::Mono => "mono",
            Theme::File(_) => "file",
        }
    }
}

/// How many colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Colors {
    /// None: `NO_COLOR` is set, or the terminal has none.
    None,
    /// The 16 ANSI colours.
    Ansi16,
    /// The 256 colours of xterm.
    Indexed256,
    /// 24 bits.
    True,
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

impl Symbols {
    /// All of them, in the order of the key that changes them.
    pub const ALL: [Symbols; 4] = [Symbols::Auto, Symbols::Unicode, Symbols::Block, Symbols::Ascii];

    /// The word for it: `auto`, `unicode`, `block`, `ascii`.
    pub const fn word(self) -> &'static str {
        match self {
            Symbols::Auto => "auto",
            Symbols::Unicode => "unicode",
            Symbols::Block => "block",
            Symbols::Ascii => "ascii",
        }
    }
}
/// `[serve]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// Where; `None`: nowhere.
    pub listen: Option<Listen>,
    /// Names of this machine that may stand in a `Host` header.
    pub hosts: Vec<String>,
    /// Who has the token that stands here may read; `None`: everybody who reaches the address.
    pub token_file: Option<PathBuf>,
    /// True where the address may be one that other machines reach although there is no token.
    pub unauthenticated: bool,
    /// True where metrics have names beside ids.
    pub metrics_names: bool,
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
    pub exit_key: Option<Key>,
    /// What has a tile, in this order.
    pub tiles: Vec<WallTiles>,
}

impl Default for Wall {
    fn default() -> Self {
        Wall { title: None, page_seconds: 15, names: Names::Full, exit_key: None, tiles: vec![WallTiles::Campaigns] }
    }
}

/// What has a tile on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallTiles {
    /// A tile for each campaign.
    Campaigns,
    /// A tile for each group of agents.
    Groups,
}

impl WallTiles {
    /// Those of the words of the configuration; campaigns where it says nothing.
    pub(super) fn of(words: &[String]) -> Vec<WallTiles> {
        let named = |word: &String| match &**word {
            "campaigns" => Some(WallTiles::Campaigns),
            "groups" => Some(WallTiles::Groups),
            _ => None,
        };
        let tiles: Vec<WallTiles> = words.iter().filter_map(named).collect();
        if tiles.is_empty() { Wall::default().tiles } else { tiles }
    }
}

/// How agents are named where others can read it. Campaigns are no people: they keep their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// The label, the name or the id, whichever there is.
    #[default]
    Full,
    /// The first letters of it.
    Initials,
    Id,
    Hidden,
}

impl Names {
    /// All of them, in the order of the key that changes them.
    pub const ALL: [Names; 4] = [Names::Full, Names::Initials, Names::Id, Names::Hidden];

    /// `full`, `initials`, `id`, `hidden`.
    pub const fn word(self) -> &'static str {
        match self {
            Names::Full => "full",
            Names::Initials => "initials",
            Names::Id => "id",
            Names::Hidden => "hidden",
        }
    }
}
