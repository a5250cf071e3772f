//! What each command takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::{
    app::Column,
    config::TRIGGERS,
    report::{ExportFormat, ShiftFormat},
    sim::Scenario,
};

/// `completions`
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Shells that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// elvish
    Elvish,
    /// PowerShell
    Powershell,
}

/// `man`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Man {
    /// The command, such as `history export`; nothing: the program
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// `once`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Once {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Exit with 7 if there is an unknown ID
    #[arg(long)]
    pub strict: bool,
    /// Order by this column; without it the worst are first, in JSON and CSV the order is that of the configuration
    #[arg(long, value_name = "COLUMN", value_parser = column)]
    pub sort: Option<Column>,
    /// The other way round
    #[arg(long, requires = "sort")]
    pub reverse: bool,
    /// Print only what has these words, as behind `/` in the dashboard: group:north, state:high, !name:test
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// The columns that can be sorted by.
fn column(text: &str) -> Result<Column, String> {
    let found = Column::named(text).map(|(column, _)| column).filter(|column| Column::sort_menu().contains(column));
    found.ok_or_else(|| {
        let words: Vec<&str> = Column::sort_menu().into_iter().map(Column::word).collect();
        format!("it is one of {}", words.join(", "))
    })
}

/// How `once` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON object, versioned
    Json,
    /// A line for each agent and campaign
    Csv,
    /// Metrics, the same as 'ahtop serve' gives to Prometheus, for a textfile collector
    Openmetrics,
}

/// How a command that says something prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON object, versioned
    Json,
}

/// For commands that take nothing else.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Output,
}

/// How `check` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object, versioned
    Json,
    /// With --live: a roster of the agents with the service's names, for `[watch] agents_csv`
    Csv,
}

/// `check`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Ask the service once for each ID, after saying how many requests that takes
    #[arg(long)]
    pub live: bool,
    /// Begin without asking for confirmation
    #[arg(long, requires = "live")]
    pub yes: bool,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `doctor`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Doctor {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Output,
    /// Also find the service, connect, and send one request, which counts in the account's limit
    #[arg(long)]
    pub live: bool,
}

/// `token …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// Prints how old it is, when it expires, and how many were generated and invalidated this hour
    Status(Printed),
}

/// `discover`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Discover {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: DiscoverFormat,
}

/// How `discover` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiscoverFormat {
    /// For people
    #[default]
    Table,
    /// A roster of the agents, for `[watch] agents_csv`
    Csv,
    /// One JSON object, versioned
    Json,
    /// The table `[watch]` of a configuration
    Toml,
}

/// `config init`
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// Ask the service who is logged in, and write a file that watches them; takes account and key from flags and
    /// variables
    #[arg(long)]
    pub discover: bool,
}

/// `config …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Writes a file with comments to start from; never over an existing one
    Init(Init),
    /// Prints the path of the configuration file
    Path,
    /// Prints the JSON Schema of the configuration file, by which editors complete and check it
    Schema,
    /// Prints the effective configuration and where each value comes from
    Show(Printed),
}

/// `store …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum StoreCommand {
    /// Makes the store of the account on a PostgreSQL server, with a role for checking the service and one for
    /// reading
    Init(StoreInit),
    /// Prints where the store is, how large it is, who is there and who checks the service
    Status,
    /// Copies readings, events and alerts from one store to another; it can be repeated
    ///
    /// Each is auto, sqlite:///path/to/file.db or postgres://USER@HOST/DATABASE. What is older than the newest reading
    /// there is taken to be there already. The token and the counted requests stay where they are.
    Copy(StoreCopy),
    /// Brings the store on a server to this version of ahtop
    Migrate,
}

/// `store init`
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreInit {
    /// Only print the SQL, for somebody who may run it
    #[arg(long)]
    pub print_sql: bool,
}

/// `store copy`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct StoreCopy {
    /// From which store
    pub from: String,
    /// To which
    pub to: String,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `history …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HistoryCommand {
    /// Prints the stored readings, oldest first; with -a or -C only those of these agents and campaigns
    Export(Export),
    /// Deletes readings older than `[history] keep`
    Prune(Prune),
    /// Shows how many alerts the bands would have given, as configured and with other settings
    ///
    /// The stored readings are judged again, and the alerts of each agent and shift are counted.
    #[command(alias = "noise")]
    Backtest(Backtest),
}

/// `history export`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// From when: 8h (ago), 09:00, 2026-03-12 or "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Until when
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `history prune`
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `history backtest`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Backtest {
    /// From when: 14d (ago), 2026-03-12
    #[arg(long, value_name = "WHEN", default_value = "14d")]
    pub since: String,
    /// Also show each shift
    #[arg(long)]
    pub shifts: bool,
    /// Also show what had no alert under any setting
    #[arg(long)]
    pub all: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Output,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `hook …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HookCommand {
    /// Runs the configured hooks once with a made-up event, and shows what came back
    ///
    /// The event's text begins with "Test". Exit 0 where every hook did what it should.
    Test(HookTest),
}

/// `hook test`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct HookTest {
    /// The event, a word of `[[hook]] on`; without it each hook gets the first of its own
    #[arg(value_name = "EVENT", value_parser = clap::builder::PossibleValuesParser::new(TRIGGERS))]
    pub event: Option<String>,
}

/// `report`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// From when: 8h (ago), 09:00, "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    pub since: String,
    /// Until when; default: now
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = ShiftFormat::Markdown)]
    pub format: ShiftFormat,
    /// Do not show how far it is
    #[arg(short, long)]
    pub quiet: bool,
}

/// `replay`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The file of a store, instead of the configured one; nothing is written to it
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub path: Option<std::path::PathBuf>,
    /// Where to begin: 09:00, 8h (ago), "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    pub from: String,
    /// How many times faster than it was
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: u32,
}

/// `sim`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Sim {
    /// Port on 127.0.0.1; 0: any free one
    #[arg(long, value_name = "N", default_value_t = 7878)]
    pub port: u16,
    /// What happens
    #[arg(long, value_enum, default_value_t = Scenario::Calm)]
    pub scenario: Scenario,
    /// How many agents there are
    #[arg(long, value_name = "N", default_value_t = 44, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub agents: u32,
    /// How many campaigns there are
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub campaigns: u32,
    /// The same number gives the same call centre
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `demo`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Demo {
    /// What happens
    #[arg(long, value_enum, default_value_t = Scenario::Busy)]
    pub scenario: Scenario,
    /// The same number gives the same call centre
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Show the wallboard
    #[arg(long)]
    pub wall: bool,
    /// Write names in their own scripts: Latin, Devanagari, Tamil, Bengali
    #[arg(long)]
    pub scripts: bool,
}

/// `snapshot`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The file: a picture if it ends in .svg, text if in .txt; an existing file is replaced
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What it shows
    #[arg(long, value_enum, default_value_t = SnapshotView::Overview)]
    pub view: SnapshotView,
    /// Columns and rows, from 1x1 to 300x100
    #[arg(long, value_name = "WxH", default_value = "120x40", value_parser = size)]
    pub size: (u16, u16),
    /// Show a simulated call centre, the same each time
    #[arg(long)]
    pub demo: bool,
}

/// What `snapshot` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotView {
    /// Campaigns and agents
    Overview,
    /// Agents
    Agents,
    /// Campaigns
    Campaigns,
    /// Alerts
    Alerts,
    /// Use of the limit, and the token
    Budget,
    /// The log
    Log,
    /// The wallboard
    Wall,
}

/// `120x40`
fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parsed {
        Some((w, h)) if (1..=300).contains(&w) && (1..=100).contains(&h) => Ok((w, h)),
        _ => Err("write it as 120x40, from 1x1 to 300x100".to_owned()),
    }
}
