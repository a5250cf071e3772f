//! The command line. Flags that set a key of the configuration come from its table, so that help, file and variables
//! cannot differ; there is no flag for a secret.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command as Clap, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    ValueHint, builder::ValueParser, error::ErrorKind,
};

use crate::{
    config::{Form, Id, KEYS, Key, Overrides, VARIABLES},
    exit::Exit,
    sim,
};

/// top for average handling time: polls the AHT API for agents and campaigns and shows them live
///
/// Without a command it opens the dashboard. Where standard output is not a terminal it does what `once` does.
///
/// What is watched comes from a configuration file (`ahtop config init` writes one), from AHTOP_* variables or from
/// flags; a flag goes before a variable, that before the file. The API key is never given by a flag:
///
///   AHTOP_API_KEY=... ahtop --user acme -a priya@acme.example -C COLLECT-IN
#[derive(Debug, Parser)]
#[command(name = "ahtop", version, after_long_help = after_help(), max_term_width = 120)]
pub struct Cli {
    /// What the flags say of the configuration.
    #[command(flatten)]
    pub options: Options,
    /// What to do; nothing: the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One paced sweep over all targets; prints them and exits
    ///
    /// Prints what it has also before an exit that is not 0.
    Once(Once),
    /// Prints a JSON object for each reading, one a line, until it is interrupted
    Stream,
    /// Polls for all dashboards of the account, without a screen, for a service manager
    ///
    /// Logs to standard error. SIGHUP reads configuration and secret again; where they are bad the old ones stay. Exit 0
    /// after SIGTERM.
    Serve,
    /// Looks at everything that ahtop depends on: one line each, ok, look or bad, with the remedy
    ///
    /// Changes nothing and sends nothing. Exit 0 where nothing is bad.
    Doctor(Doctor),
    /// What is known of the token; never the token itself
    Token {
        /// Which of them.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Checks the configuration; with --live asks the service for each target
    Check(Check),
    /// Writes, finds or shows the configuration
    Config {
        /// Which of them.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Reckons what the configuration costs and gives, without asking the service
    Plan,
    /// Exports, prunes or judges the stored readings
    History {
        /// Which of them.
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// Prints a report on a shift: one self-contained file
    Report(Report),
    /// Opens the dashboard on the past, as it was stored
    Replay(Replay),
    /// Serves a simulated AHT API on the loopback address
    Sim(Sim),
    /// Opens the dashboard on a simulated call centre
    Demo(Demo),
    /// Shows a board for a screen that everybody can see, and takes no key but its exit
    ///
    /// Ctrl-C leaves it, and the key of `[wall] exit_key`. It needs no credentials where another ahtop polls.
    Wall,
    /// Draws what is known now into a file, without asking the service
    Snapshot(Snapshot),
    /// Prints the manual page of a command
    #[command(hide = true)]
    Man(Man),
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
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Exit with 7 if the service calls a target invalid
    #[arg(long)]
    pub strict: bool,
}

/// How `once` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON object, versioned
    Json,
    /// A line for each target
    Csv,
}

/// `check`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Ask the service once for each target, after saying how many requests that takes
    #[arg(long)]
    pub live: bool,
    /// Do not ask before --live begins
    #[arg(long, requires = "live")]
    pub yes: bool,
}

/// `doctor`
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Doctor {
    /// Find the service, connect, and send one request that counts in the account's budget
    #[arg(long)]
    pub live: bool,
}

/// `token …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// Prints its age, what is left of it, the mintings of this hour and early deaths
    Status,
}

/// `config …`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Writes a commented file to start from; never over an existing one
    Init,
    /// Prints the path of the configuration file
    Path,
    /// Prints what holds in the end and where each value comes from
    Show,
}

/// `history …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HistoryCommand {
    /// Prints the stored readings, oldest first; with -a or -C only those targets
    Export(Export),
    /// Deletes readings older than `[history] keep`
    Prune,
    /// Shows what the configured bands would have cost, with several settings around them
    ///
    /// The stored readings are judged anew, and the alerts of each agent and shift are counted.
    Noise(Noise),
}

/// `history export`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// From here on: 8h (ago), 09:00, 2026-03-12 or "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Up to here
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
}

/// How `history export` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A line for each reading, with a header
    Csv,
    /// One JSON object
    Json,
    /// A JSON object in each line
    Ndjson,
}

/// `history noise`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Noise {
    /// From here on: 14d (ago), 2026-03-12
    #[arg(long, value_name = "WHEN", default_value = "14d")]
    pub since: String,
    /// Show each shift of each target too
    #[arg(long)]
    pub shifts: bool,
}

/// `report`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// From here on: 8h (ago), 09:00, "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    pub since: String,
    /// Up to here; without it now
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    pub format: ReportFormat,
}

/// How `report` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown
    Md,
    /// A page with a chart for each target
    Html,
    /// A picture with a chart for each target
    Svg,
}

/// `replay`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// A store's file, instead of the configured one; nothing is written to it
    #[arg(value_name = "STORE", value_hint = ValueHint::FilePath)]
    pub path: Option<std::path::PathBuf>,
    /// Where it begins: 09:00, 8h (ago), "2026-03-12 09:00"
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    pub from: String,
    /// How many times faster than it was
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: u32,
}

/// `sim`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Sim {
    /// Port on 127.0.0.1; 0 takes a free one
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
    /// Show the board for the wall
    #[arg(long)]
    pub wall: bool,
}

/// `snapshot`
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it is written: a picture for .svg, words for .txt; an existing file is replaced
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What it shows
    #[arg(long, value_enum, default_value_t = SnapshotView::Overview)]
    pub view: SnapshotView,
    /// Columns and rows, from 1x1 to 300x100
    #[arg(long, value_name = "WxH", default_value = "120x40", value_parser = size)]
    pub size: (u16, u16),
    /// Of a simulated call centre at a moment of its own, the same each time
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
    /// What polling costs
    Budget,
    /// What happened lately
    Log,
    /// The board for the wall
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

/// What happens in the simulated call centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A quiet day
    Calm,
    /// Many calls, some agents far outside of their band
    Busy,
    /// Others use the account's budget too
    Throttled,
    /// Another client mints tokens and kills ours
    TokenWar,
    /// The service fails and comes back
    Outage,
}

impl From<Scenario> for sim::Scenario {
    fn from(scenario: Scenario) -> Self {
        match scenario {
            Scenario::Calm => sim::Scenario::Calm,
            Scenario::Busy => sim::Scenario::Busy,
            Scenario::Throttled => sim::Scenario::Throttled,
            Scenario::TokenWar => sim::Scenario::TokenWar,
            Scenario::Outage => sim::Scenario::Outage,
        }
    }
}

/// What the flags say of the configuration; they may stand before or behind the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(pub Overrides);

/// The flag of a key as clap names it: without the dashes.
fn flag(key: &Key) -> Option<&'static str> {
    key.flag.map(|f| f.trim_start_matches('-'))
}

fn config_arg() -> Arg {
    Arg::new("config")
        .long("config")
        .help("The configuration file, instead of the platform's [env: AHTOP_CONFIG]")
        .value_name("FILE")
        .value_parser(ValueParser::path_buf())
        .value_hint(ValueHint::FilePath)
        .global(true)
        .help_heading("Configuration")
}

fn arg(key: &'static Key, long: &'static str) -> Arg {
    let mut help = key.doc.to_owned();
    if key.form.is_list() {
        help.push_str("; may be repeated");
    }
    if let Some(env) = key.env {
        help.push_str(&format!(" [env: {env}{}]", if key.form.is_list() { "=one,two" } else { "" }));
    }
    if let Some(default) = key.default {
        help.push_str(&format!(" [default: {default}]"));
    }
    let short = match key.id {
        Id::Agents => Some('a'),
        Id::Campaigns => Some('C'),
        _ => None,
    };
    let action = if key.form.is_list() { ArgAction::Append } else { ArgAction::Set };
    let hint = if matches!(key.form, Form::Path | Form::Theme(_)) { ValueHint::FilePath } else { ValueHint::Other };
    // The short help shows what a first start takes.
    let common =
        matches!(key.id, Id::AccountName | Id::UserName | Id::BaseUrl | Id::Agents | Id::Campaigns | Id::Theme);
    let made = Arg::new(long).long(long).short(short);
    // A switch alone says yes.
    let made = match key.form {
        Form::Switch => made.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => made,
    };
    made.help(help)
        .value_name(key.form.placeholder())
        .value_parser(ValueParser::string())
        .value_hint(hint)
        .action(action)
        .global(true)
        .hide_short_help(!common)
        .help_heading("Configuration")
}

impl Args for Options {
    fn augment_args(command: Clap) -> Clap {
        let keys = KEYS.iter().filter_map(|key| Some(arg(key, flag(key)?)));
        command.arg(config_arg()).args(keys)
    }

    fn augment_args_for_update(command: Clap) -> Clap {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Options::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.config = matches.get_one("config").cloned();
        for key in &KEYS {
            let Some(long) = flag(key) else { continue };
            for value in matches.get_many::<String>(long).into_iter().flatten() {
                self.0.set(key.id, value);
            }
        }
        Ok(())
    }
}

/// Which flags of the configuration mean something to a command.
#[derive(Clone, Copy)]
enum Takes {
    Everything,
    Only(&'static [Id]),
    /// What prints or logs names and ids as they are, whatever a screen shows.
    AsItIs,
    /// The configuration file, and of the flags those that are not about polling or the screen.
    Stored,
    ConfigFile,
    Nothing,
}

/// The commands for which some of these flags mean nothing.
const PICKY: [(&[&str], Takes); 16] = [
    (&["once"], Takes::AsItIs),
    (&["stream"], Takes::AsItIs),
    (&["serve"], Takes::AsItIs),
    (&["doctor"], Takes::AsItIs),
    (&["token", "status"], Takes::AsItIs),
    (&["check"], Takes::AsItIs),
    (&["plan"], Takes::AsItIs),
    (&["history", "export"], Takes::Stored),
    (&["history", "prune"], Takes::Stored),
    (&["history", "noise"], Takes::Stored),
    (&["report"], Takes::Stored),
    (&["config", "init"], Takes::ConfigFile),
    (&["config", "path"], Takes::ConfigFile),
    (&["sim"], Takes::Nothing),
    (&["man"], Takes::Nothing),
    (
        &["demo"],
        Takes::Only(&[
            Id::Theme,
            Id::Symbols,
            Id::AgeStep,
            Id::MaxFps,
            Id::Mouse,
            Id::WallTitle,
            Id::PageSeconds,
            Id::Names,
            Id::ExitKey,
        ]),
    ),
];

impl Takes {
    /// `None` stands for `--config`.
    fn flag(self, id: Option<Id>) -> bool {
        match (self, id) {
            (Takes::Everything, _) | (Takes::ConfigFile | Takes::Stored, None) => true,
            (Takes::Stored, Some(id)) => {
                let section = id.key().section;
                matches!(section, "account" | "store" | "history" | "watch" | "alert")
                    && !matches!(id, Id::BaseUrl | Id::CaFile | Id::Bell | Id::Notify)
            }
            (Takes::Only(ids), Some(id)) => ids.contains(&id),
            (Takes::AsItIs, id) => id != Some(Id::Names),
            _ => false,
        }
    }

    /// Hides from the help of `command` the flags that it does not take. A global flag that a command defines itself
    /// is not handed down to it, so the hidden one stands in.
    fn hide_others(self, command: Clap) -> Clap {
        let config = (!self.flag(None)).then(|| config_arg().hide(true));
        let others = KEYS.iter().filter(move |key| !self.flag(Some(key.id)));
        command.args(config).args(others.filter_map(|key| Some(arg(key, flag(key)?).hide(true))))
    }
}

/// The whole command line as clap sees it.
pub fn command() -> Clap {
    PICKY.iter().fold(Cli::command(), |command, (path, takes)| within(command, path, &|c| takes.hide_others(c)))
}

fn within(command: Clap, path: &[&str], change: &dyn Fn(Clap) -> Clap) -> Clap {
    match path.split_first() {
        None => change(command),
        Some((name, rest)) => command.mut_subcommand(name, |sub| within(sub, rest, change)),
    }
}

impl Cli {
    /// Reads the command line; the first argument is the program's name.
    ///
    /// # Errors
    /// For help and version too: print the error and exit with its code (0 or 2).
    pub fn read<T: Into<OsString> + Clone>(args: impl IntoIterator<Item = T>) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(args)?;
        let cli = Cli::from_arg_matches(&matches)?;
        cli.no_idle_flag()?;
        Ok(cli)
    }

    /// A flag that would do nothing is an error: somebody expects it to do something.
    fn no_idle_flag(&self) -> Result<(), clap::Error> {
        let path: &[&str] = match &self.command {
            Some(Command::Once(_)) => &["once"],
            Some(Command::Stream) => &["stream"],
            Some(Command::Serve) => &["serve"],
            Some(Command::Doctor(_)) => &["doctor"],
            Some(Command::Token { .. }) => &["token", "status"],
            Some(Command::Check(_)) => &["check"],
            Some(Command::Plan) => &["plan"],
            Some(Command::Config { command: ConfigCommand::Init }) => &["config", "init"],
            Some(Command::Config { command: ConfigCommand::Path }) => &["config", "path"],
            Some(Command::History { command: HistoryCommand::Export(_) }) => &["history", "export"],
            Some(Command::History { command: HistoryCommand::Prune }) => &["history", "prune"],
            Some(Command::History { command: HistoryCommand::Noise(_) }) => &["history", "noise"],
            Some(Command::Report(_)) => &["report"],
            Some(Command::Sim(_)) => &["sim"],
            Some(Command::Man(_)) => &["man"],
            Some(Command::Demo(_)) => &["demo"],
            Some(Command::Snapshot(Snapshot { demo: true, .. })) => &["demo"],
            _ => &[],
        };
        let takes = PICKY.iter().find(|(picky, _)| *picky == path).map_or(Takes::Everything, |p| p.1);
        let file = self.options.0.config.iter().map(|_| (None, "--config"));
        let keys = self.options.0.values().filter_map(|(id, _)| Some((Some(id), id.key().flag?)));
        match file.chain(keys).find(|(id, _)| !takes.flag(*id)) {
            None => Ok(()),
            Some((_, flag)) => {
                let why = if flag == "--names" { ": it hides names on screens and pictures alone" } else { "" };
                let message = format!("'{flag}' means nothing to 'ahtop {}'{why}", path.join(" "));
                Err(command().error(ErrorKind::ArgumentConflict, message))
            }
        }
    }
}

/// The end of `--help`: variables and exit codes.
fn after_help() -> String {
    let mut text = String::from("Environment, beside the variables named above:\n");
    for (name, meaning) in VARIABLES {
        text.push_str(&format!("  {name:<16} {meaning}\n"));
    }
    text.push_str("\nExit codes:\n");
    for (exit, meaning) in Exit::TABLE {
        text.push_str(&format!("  {:<6} {meaning}\n", exit.code()));
    }
    text.push_str("  128+n  ended by signal n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Cli, clap::Error> {
        Cli::read(std::iter::once("ahtop").chain(args.split_whitespace()))
    }

    fn help(args: &str) -> String {
        read(args).unwrap_err().to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_behind_the_command() {
        let mut expected = Overrides::with_config("c.toml");
        for (id, value) in [(Id::UserName, "u"), (Id::Agents, "x"), (Id::Agents, "y"), (Id::Campaigns, "C")] {
            expected.set(id, value);
        }
        for args in [
            "--config c.toml --user u -a x --agent y -C C",
            "--config c.toml --user u -a x -a y -C C once --strict",
            "once --config=c.toml --user=u -ax -ay --campaign C --format json",
            "config show --config c.toml --user u -a x -a y -C C",
        ] {
            assert_eq!(read(args).unwrap().options.0, expected, "{args}");
        }
    }

    #[test]
    fn a_flag_that_would_do_nothing_is_an_error() {
        for args in [
            "sim --user u",
            "man --theme dark",
            "config init --theme dark",
            "config path -a x",
            "demo -a x",
            "demo --config c",
            "check --yes",
            "--format json",
            "--api-key hunter2",
            "--token hunter2",
            "sim --agents 0",
            "snapshot",
            "snapshot x.svg --size 0x4",
            "snapshot x.svg --size 301x4",
            "snapshot x.svg --demo -a x",
            "wall --exit-key Alt-x --view wall",
            "once --names hidden",
            "stream --names initials",
            "serve --names hidden",
            "check --names hidden",
            "doctor --names id",
            "token status --names hidden",
            "plan --names hidden",
            "report --since 1h --names hidden",
            "history export --names hidden",
        ] {
            assert_eq!(read(args).unwrap_err().exit_code(), 2, "{args}");
        }
        for args in [
            "demo --theme mono --symbols ascii --names hidden",
            "wall --title Floor --exit-key q",
            "--names hidden",
            "snapshot --demo x.svg",
            "snapshot x.svg --names hidden",
            "once --theme mono",
            "config init --config c",
            "sim --port 0",
            "check --live --yes",
        ] {
            assert!(read(args).is_ok(), "{args}");
        }
    }

    #[test]
    fn the_help_of_a_command_shows_only_flags_that_it_takes() {
        let (sim, demo, once) = (help("sim --help"), help("demo --help"), help("once --help"));
        assert!(!sim.contains("--theme") && !sim.contains("--config") && sim.contains("--port"), "{sim}");
        assert!(demo.contains("--theme") && !demo.contains("--user") && !demo.contains("--timezone"), "{demo}");
        assert!(once.contains("--theme") && once.contains("--user") && once.contains("--config"), "{once}");
    }

    #[test]
    fn the_help_names_every_flag_variable_default_and_exit_code() {
        let text = help("--help");
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for key in KEYS.iter().filter(|k| k.flag.is_some()) {
            let flag = key.flag.unwrap();
            let (open, close) = if matches!(key.form, Form::Switch) { ("[=<", ">]") } else { (" <", ">") };
            assert!(folded.contains(&format!("{flag}{open}{}{close}", key.form.placeholder())), "{flag}");
            assert!(folded.contains(&format!("[env: {}", key.env.unwrap())), "{flag}");
            assert!(key.default.is_none_or(|d| folded.contains(&format!("[default: {d}]"))), "{flag}");
        }
        for (name, _) in VARIABLES {
            assert!(text.contains(name), "{name}");
        }
        for (exit, words) in Exit::TABLE {
            assert!(folded.contains(&format!("{} {words}", exit.code())), "{words}");
        }
        assert!(help("-h").lines().count() < 40, "{}", help("-h"));
        assert!(!text.contains(" man "), "{text}");
    }

    #[test]
    fn no_flag_takes_a_secret() {
        for command in std::iter::once(&command()).chain(command().get_subcommands()) {
            for arg in command.get_arguments().filter_map(|a| a.get_long()) {
                let secret = ["key", "token", "secret", "password"].iter().any(|w| arg.contains(w));
                assert!(!secret || ["api-key-file", "exit-key"].contains(&arg), "{arg}");
            }
        }
    }
}
