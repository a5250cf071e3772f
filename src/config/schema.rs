//! Every key of the configuration in one table: its name, type, default, flag, variable and meaning.
//!
//! The reader, `config show`, the template and the help text all go by this table; tests hold them to it.

use super::value_type::ValueType;
use crate::domain::Problem;

impl Id {
    /// The four places where a secret may come from; at most one is given.
    pub(super) const SECRETS: [Id; 4] = [Id::ApiKeyEnv, Id::ApiKeyFile, Id::ApiKeyCommand, Id::TokenCommand];
    /// The three that say what is watched; the uppermost layer with any of them decides.
    pub(super) const WATCH: [Id; 3] = [Id::Agents, Id::Campaigns, Id::AgentsCsv];

    /// Its row of the table.
    pub fn key(self) -> &'static Key {
        // One list makes both.
        &KEYS[self as usize]
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Key {
    /// Its name in the program.
    pub id: Id,
    /// The table of the file that it stands in.
    pub section: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// What may be written.
    pub value_type: ValueType,
    /// What holds when nobody says anything, as it would be written after a flag.
    pub default: Option<&'static str>,
    /// The flag with its dashes.
    pub flag: Option<&'static str>,
    pub env: Option<&'static str>,
    /// One sentence.
    pub doc: &'static str,
}

/// Makes [`Id`] and [`KEYS`] from one list, so that they agree.
macro_rules! keys {
    ($($id:ident, $section:literal . $name:literal, $type:expr, $default:expr, $flag:expr, $env:expr,
        $doc:literal;)+) => {
        /// Names a single-valued key or a list of ids.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Id { $(#[doc = concat!("`[", $section, "] ", $name, "`")] $id),+ }

        /// The table, in the order of [`Id`].
        pub static KEYS: [Key; [$(stringify!($id)),+].len()] = [$(Key {
            id: Id::$id,
            section: $section,
            name: $name,
            value_type: $type,
            default: $default,
            flag: $flag,
            env: $env,
            doc: $doc,
        }),+];
    };
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;

/// Words for `[ui] theme`.
pub(super) const THEMES: &[&str] = &["auto", "dark", "light", "cvd", "mono"];
/// Words for `[ui] symbols`.
pub(super) const SYMBOLS: &[&str] = &["auto", "unicode", "block", "ascii"];
/// Words for `[wall] names`.
pub(super) const NAMES: &[&str] = &["full", "initials", "id", "hidden"];
/// Words for `[wall] tiles`.
pub(super) const TILES: &[&str] = &["campaigns", "groups"];
/// Words for `[auth] mode`.
pub(super) const MODES: &[&str] = &["token", "basic"];
/// Words for `[presence] mode`.
pub(super) const PRESENCE: &[&str] = &["auto", "off"];
/// Words for `[ui] ask_terminal`.
pub(super) const ASK: &[&str] = &["auto", "always", "never"];
/// Words for `[alert] notify`.
pub(super) const NOTIFY: &[&str] = &["off", "osc9", "osc777"];
/// Words for `[[hook]] on`: what bands do, and the problems that are alerts.
pub const TRIGGERS: [&str; 3 + Problem::ALERTS] = {
    let mut all = [""; 3 + Problem::ALERTS];
    (all[0], all[1], all[2]) = ("warn", "crit", "clear");
    let (mut n, mut i) = (3, 0);
    while i < Problem::ALL.len() {
        if Problem::ALL[i].is_alert() {
            all[n] = Problem::ALL[i].word();
            n += 1;
        }
        i += 1;
    }
    all
};

keys! {
    AccountName, "account"."name", ValueType::Name, None, Some("--account"), Some("AHTOP_ACCOUNT"),
        "Names the state that all dashboards of the account share; without it the user name serves";
    BaseUrl, "account"."base_url", ValueType::Origin, Some("https://in1-ccaas-api.ozonetel.com"),
        Some("--base-url"), Some("AHTOP_BASE_URL"),
        "Where the API is served: https, or http to a loopback address";
    UserName, "account"."user_name", ValueType::Line, None, Some("--user"), Some("AHTOP_USER"),
        "CloudAgent account name, sent with each request";
    Timezone, "account"."timezone", ValueType::Zone, None, Some("--timezone"), Some("AHTOP_TIMEZONE"),
        "Zone of the clocks on the screen; without it the system's";
    CaFile, "account"."ca_file", ValueType::Path, None, Some("--ca-file"), Some("AHTOP_CA_FILE"),
        "PEM file with further trusted authorities";
    AuthMode, "auth"."mode", ValueType::Word(MODES), Some("token"), Some("--auth-mode"), Some("AHTOP_AUTH_MODE"),
        "The account's setting 'API Authentication': token (TOKEN_AUTH) or basic (BASIC_AUTH)";
    ApiKeyEnv, "auth"."api_key_env", ValueType::Variable, None, None, None,
        "Name of the environment variable that holds the API key";
    ApiKeyFile, "auth"."api_key_file", ValueType::Path, None, Some("--api-key-file"), Some("AHTOP_API_KEY_FILE"),
        "File with the API key, readable by its owner only";
    ApiKeyCommand, "auth"."api_key_command", ValueType::Argv, None, None, None,
        "Program that prints the API key, with its arguments";
    TokenCommand, "auth"."token_command", ValueType::Argv, None, None, None,
        "Program that prints a bearer token that another program generated; ahtop then generates none";
    RequestsPerMinute, "budget"."requests_per_minute", ValueType::Count { min: 1, max: 600 }, Some("50"),
        Some("--requests-per-minute"), Some("AHTOP_REQUESTS_PER_MINUTE"), "The account's limit in any 60 seconds";
    Reserve, "budget"."reserve", ValueType::Count { min: 0, max: 599 }, Some("5"), Some("--reserve"),
        Some("AHTOP_RESERVE"), "Of these, reserved for other clients of the account";
    MinInterval, "poll"."min_interval", ValueType::Span { min: 5, max: HOUR }, Some("60s"), Some("--min-interval"),
        Some("AHTOP_MIN_INTERVAL"), "No agent and no campaign is checked more often than this";
    Timeout, "poll"."timeout", ValueType::Span { min: 1, max: MINUTE }, Some("10s"), Some("--timeout"),
        Some("AHTOP_TIMEOUT"), "Longest time for one whole request";
    ConnectTimeout, "poll"."connect_timeout", ValueType::Span { min: 1, max: MINUTE }, Some("5s"),
        Some("--connect-timeout"), Some("AHTOP_CONNECT_TIMEOUT"), "Longest time for connecting; at most the timeout";
    PresenceMode, "presence"."mode", ValueType::Word(PRESENCE), Some("auto"), Some("--presence"),
        Some("AHTOP_PRESENCE"), "Ask the service who is logged in: auto (where the account gives that list) or off";
    PresenceInterval, "presence"."interval", ValueType::Span { min: 15, max: 600 }, Some("60s"),
        Some("--presence-interval"), Some("AHTOP_PRESENCE_INTERVAL"),
        "How often; each time is one request of the limit";
    StoreUrl, "store"."url", ValueType::Store, Some("auto"), Some("--store"), Some("AHTOP_STORE"),
        "Where the shared state lies: auto (the state directory), sqlite:///path/to/file.db, or for several machines \
         postgres://USER@HOST/DATABASE";
    StorePasswordFile, "store"."password_file", ValueType::Path, None, Some("--store-password-file"),
        Some("AHTOP_STORE_PASSWORD_FILE"),
        "File with the password for the PostgreSQL server, readable by its owner only";
    StorePasswordEnv, "store"."password_env", ValueType::Variable, None, None, None,
        "Name of the environment variable that holds this password";
    StorePasswordCommand, "store"."password_command", ValueType::Argv, None, None, None,
        "Program that prints this password, with its arguments; without any of the three ~/.pgpass is read";
    StoreCaFile, "store"."ca_file", ValueType::Path, None, Some("--store-ca-file"), Some("AHTOP_STORE_CA_FILE"),
        "PEM file with authorities that are trusted for the PostgreSQL server, besides the system's";
    HistoryKeep, "history"."keep", ValueType::Span { min: 4 * HOUR, max: 3650 * DAY }, Some("30d"),
        Some("--history-keep"), Some("AHTOP_HISTORY_KEEP"), "How long readings are kept";
    Agents, "watch"."agents", ValueType::Agents, None, Some("--agent"), Some("AHTOP_AGENTS"),
        "Agents to watch, by agentId; \"logged-in\" instead of a list watches whoever is logged in";
    Campaigns, "watch"."campaigns", ValueType::Ids, None, Some("--campaign"), Some("AHTOP_CAMPAIGNS"),
        "Campaigns to watch, by campaignName";
    AgentsCsv, "watch"."agents_csv", ValueType::Path, None, Some("--agents-csv"), Some("AHTOP_AGENTS_CSV"),
        "CSV file with further agents; its first line is id,label,group";
    MaxAgents, "watch"."max_agents", ValueType::Count { min: 1, max: 10_000 }, Some("200"), Some("--max-agents"),
        Some("AHTOP_MAX_AGENTS"), "How many agents \"logged-in\" watches at most";
    Theme, "ui"."theme", ValueType::Theme(THEMES), Some("auto"), Some("--theme"), Some("AHTOP_THEME"),
        "Colours: auto, dark, light, cvd, mono, or a file that ends in .toml";
    Symbols, "ui"."symbols", ValueType::Word(SYMBOLS), Some("auto"), Some("--symbols"), Some("AHTOP_SYMBOLS"),
        "Characters: auto, unicode, block or ascii";
    AgeStep, "ui"."age_step", ValueType::Span { min: 1, max: MINUTE }, Some("1s"), Some("--age-step"),
        Some("AHTOP_AGE_STEP"), "Shown ages advance in steps of this; larger ones send less over slow links";
    MaxFps, "ui"."max_fps", ValueType::Count { min: 1, max: 60 }, Some("30"), Some("--max-fps"),
        Some("AHTOP_MAX_FPS"), "Most frames a second, beside the answers to keys";
    Mouse, "ui"."mouse", ValueType::Switch, Some("false"), Some("--mouse"), Some("AHTOP_MOUSE"),
        "Take clicks and the wheel; the terminal then selects text with Shift";
    Operator, "ui"."operator", ValueType::Line, None, Some("--operator"), Some("AHTOP_OPERATOR"),
        "Who acknowledges and mutes, as other dashboards read it; without it the login name";
    AskTerminal, "ui"."ask_terminal", ValueType::Word(ASK), Some("auto"), Some("--ask-terminal"),
        Some("AHTOP_ASK_TERMINAL"), "Ask the terminal whether its background is light: auto, always or never";
    AlertFor, "alert"."for", ValueType::Span { min: 0, max: DAY }, Some("5m"), Some("--alert-for"),
        Some("AHTOP_ALERT_FOR"), "How long fresh readings must be outside the band before an alert starts";
    ClearBand, "alert"."clear_band", ValueType::Percent { max: 50 }, Some("5%"), Some("--clear-band"),
        Some("AHTOP_CLEAR_BAND"), "Hysteresis: how far inside the limit a value must be before its alert ends";
    WarmUp, "alert"."warm_up", ValueType::Count { min: 0, max: 1000 }, Some("5"), Some("--warm-up"),
        Some("AHTOP_WARM_UP"), "How many times a value must have changed before its alert can start; fewer are too \
         few calls";
    Bell, "alert"."bell", ValueType::Switch, Some("false"), Some("--bell"), Some("AHTOP_BELL"),
        "Ring the terminal's bell when an alert starts or becomes worse";
    Notify, "alert"."notify", ValueType::Word(NOTIFY), Some("off"), Some("--notify"), Some("AHTOP_NOTIFY"),
        "Desktop notification through the terminal: off, osc9 or osc777";
    QuietHours, "quiet"."hours", ValueType::Hours, None, None, None,
        "Hours in which nothing is checked, in the account's time zone";
    WallTitle, "wall"."title", ValueType::Line, None, Some("--title"), Some("AHTOP_TITLE"),
        "First words of the wallboard; without it the account's name";
    PageSeconds, "wall"."page_seconds", ValueType::Count { min: 5, max: 3600 }, Some("15"), Some("--page-seconds"),
        Some("AHTOP_PAGE_SECONDS"), "How long a page of the wallboard stays; one with an alert stays four times as \
         long";
    Names, "wall"."names", ValueType::Word(NAMES), Some("full"), Some("--names"), Some("AHTOP_NAMES"),
        "How the wallboard names agents: full, initials, id or hidden; the flag holds for every screen and picture";
    ExitKey, "wall"."exit_key", ValueType::Key, None, Some("--exit-key"), Some("AHTOP_EXIT_KEY"),
        "A key that leaves the wallboard, beside Ctrl-C: q, F12, Ctrl-X";
    WallTiles, "wall"."tiles", ValueType::Words(TILES), None, None, None,
        "What has a tile on the wallboard: campaigns, groups; without it campaigns. A group shows the median of its \
         agents";
    Listen, "serve"."listen", ValueType::Listen, None, Some("--listen"), Some("AHTOP_LISTEN"),
        "Where serve shows the wallboard, metrics and health over HTTP: 127.0.0.1:9464, or unix:/path/to/socket";
    Hosts, "serve"."hosts", ValueType::Hosts, None, None, None,
        "Names of this machine that a browser may ask for, beside localhost and addresses";
    TokenFile, "serve"."token_file", ValueType::Path, None, None, None,
        "File with a token that clients must have, readable by its owner only";
    Unauthenticated, "serve"."unauthenticated", ValueType::Switch, Some("false"), None, None,
        "Let every machine that reaches the address read everything, without a token";
    MetricsNames, "serve"."metrics_names", ValueType::Switch, Some("false"), Some("--metrics-names"),
        Some("AHTOP_METRICS_NAMES"), "Metrics have names beside ids, where [wall] names is full";
}

/// The tables of single values, in the order of the file.
pub const SECTIONS: [&str; 13] = [
    "account", "auth", "budget", "poll", "presence", "store", "history", "watch", "ui", "alert", "quiet", "wall",
    "serve",
];

/// The lists of tables, with their keys; the first one names the entry.
pub const LISTS: [(&str, &[&str]); 4] = [
    ("group", &["name", "agents", "campaigns", "bands"]),
    ("agent", &["id", "label", "bands"]),
    ("campaign", &["name", "label", "bands"]),
    ("hook", &["on", "command", "timeout", "per_minute"]),
];

/// The limits of a band, in ascending order, as in [`Band::limits`](crate::domain::Band::limits).
pub const LIMITS: [&str; 5] = ["low_crit", "low_warn", "target", "high_warn", "high_crit"];

/// `[bands]`: the limits for all, and tables of limits for a kind.
pub const BANDS: [&str; 7] = ["low_crit", "low_warn", "target", "high_warn", "high_crit", "agents", "campaigns"];

/// Variables that are not the twin of a key, with their meaning.
pub const VARIABLES: [(&str, &str); 6] = [
    ("AHTOP_CONFIG", "the configuration file, like --config"),
    ("AHTOP_API_KEY", "the API key itself, where no other source is named"),
    ("AHTOP_STATE_DIR", "directory for the store and the log, instead of the platform's"),
    ("AHTOP_LOG", "what goes into the log: error, warn, info (default), debug or trace"),
    ("NO_COLOR", "set to anything: no colour, unless --theme or AHTOP_THEME says otherwise"),
    ("CLICOLOR_FORCE", "set to anything but 0: colours also where the terminal names none; NO_COLOR has precedence"),
];

/// The keys of a section, in order.
pub(super) fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    let section = section.to_owned();
    KEYS.iter().filter(move |k| k.section == section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Band;

    #[test]
    fn every_key_stands_in_a_known_section() {
        assert!(KEYS.iter().all(|key| SECTIONS.contains(&key.section) && key.id.key().name == key.name));
    }

    #[test]
    fn flags_and_variables_are_named_alike() {
        for key in &KEYS {
            assert_eq!(key.flag.is_some(), key.env.is_some(), "{}", key.name);
            let Some(flag) = key.flag else { continue };
            let env = format!("AHTOP_{}", flag.trim_start_matches('-').replace('-', "_").to_uppercase());
            let plural = if key.value_type.is_list() { "S" } else { "" };
            assert_eq!(key.env, Some(format!("{env}{plural}").as_str()));
        }
    }

    #[test]
    fn every_default_is_valid() {
        for key in &KEYS {
            if let Some(default) = key.default {
                let value = key.value_type.text(default).unwrap();
                assert_eq!(value.plain(), default, "{}", key.name);
            }
        }
    }

    #[test]
    fn limits_are_those_of_a_band() {
        assert_eq!(Band::default().limits().map(|(name, _)| name), LIMITS);
        assert_eq!(BANDS[..5], LIMITS);
    }
}
