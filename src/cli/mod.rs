//! The command line. Flags that set a key of the configuration come from its table, so that help, file and variables
//! cannot differ; there is no flag for a secret.

mod args;
mod flags;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{Command as Clap, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};

pub use self::args::*;
pub use self::flags::Options;
use self::flags::{FLAG_SCOPES, FlagScope};
use crate::{config::VARIABLES, exit::Exit};

/// top for average handling time: asks the AHT API about agents and campaigns and shows them live
///
/// Without a command it opens the dashboard. Where standard output is not a terminal it does the same as `once`.
///
/// What is watched comes from a configuration file (`ahtop config init` writes one), from AHTOP_* variables or from
/// flags. Precedence: flag, then environment variable, then file, then default. The API key is never given by a flag:
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
    /// Asks once for everything that is watched, prints it and exits
    ///
    /// It keeps to the account's limit, so 200 agents take about five minutes. It prints what it has also before an exit
    /// code that is not 0.
    Once(Once),
    /// Prints a JSON object for each reading, one a line, until it is interrupted
    Stream,
    /// Checks the service for all dashboards of the account, without a screen
    ///
    /// For a service manager. Logs to standard error. SIGHUP reads configuration and secret again; where they are bad the
    /// old ones stay. Exit 0 after SIGTERM.
    Serve,
    /// Checks everything that ahtop depends on: one line each, with the fix
    ///
    /// Changes nothing and sends nothing, unless --live is given. Exit 0 where nothing fails.
    Doctor(Doctor),
    /// Shows what is known of the token, never the token itself
    Token {
        /// Which of them.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Checks the configuration; with --live also asks the service for each ID
    Check(Check),
    /// Lists the agents that are logged in now and the campaigns of the account
    ///
    /// Says which of them are watched, and which that are watched it did not see. Takes two or three requests.
    Discover(Discover),
    /// Writes, finds or shows the configuration
    Config {
        /// Which of them.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Calculates how often each value is checked, without asking the service
    Plan(Printed),
    /// Exports or deletes the stored readings, or tries other bands on them
    History {
        /// Which of them.
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// Makes, describes, copies or migrates the store that all dashboards share
    Store {
        /// Which of them.
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Tries the programs that are told of alerts
    Hook {
        /// Which of them.
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Prints a shift report: one self-contained file
    Report(Report),
    /// Opens the dashboard on the past
    Replay(Replay),
    /// Serves a simulated AHT API on the loopback address
    Sim(Sim),
    /// Opens the dashboard on a simulated call centre
    Demo(Demo),
    /// Shows the wallboard, for a screen that everybody can see
    ///
    /// It takes no key but Ctrl-C and the one of `[wall] exit_key`. It needs no credentials where another ahtop checks the
    /// service.
    Wall,
    /// Writes a picture of what is known now, without asking the service
    Snapshot(Snapshot),
    /// Prints a script that lets Tab complete commands, flags, agents and campaigns in a shell
    ///
    ///   bash:       ahtop completions bash > ~/.local/share/bash-completion/completions/ahtop
    ///   zsh:        ahtop completions zsh > DIRECTORY_IN_FPATH/_ahtop
    ///   fish:       ahtop completions fish > ~/.config/fish/completions/ahtop.fish
    ///   elvish:     add `eval (ahtop completions elvish | slurp)` to ~/.config/elvish/rc.elv
    ///   powershell: add `ahtop completions powershell | Out-String | Invoke-Expression` to $PROFILE
    #[command(verbatim_doc_comment)]
    Completions(Completions),
    /// Prints the manual page of a command
    #[command(hide = true)]
    Man(Man),
}

/// The whole command line as clap sees it.
pub fn command() -> Clap {
    FLAG_SCOPES.iter().fold(Cli::command(), |command, (path, scope)| within(command, path, &|c| scope.hide_others(c)))
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
            Some(Command::Plan(_)) => &["plan"],
            Some(Command::Config { command: ConfigCommand::Show(_) }) => &["config", "show"],
            Some(Command::Discover(_)) => &["discover"],
            Some(Command::Config { command: ConfigCommand::Init(_) }) => &["config", "init"],
            Some(Command::Config { command: ConfigCommand::Path }) => &["config", "path"],
            Some(Command::Config { command: ConfigCommand::Schema }) => &["config", "schema"],
            Some(Command::History { command: HistoryCommand::Export(_) }) => &["history", "export"],
            Some(Command::History { command: HistoryCommand::Prune(_) }) => &["history", "prune"],
            Some(Command::History { command: HistoryCommand::Backtest(_) }) => &["history", "backtest"],
            Some(Command::Store { command: StoreCommand::Init(_) }) => &["store", "init"],
            Some(Command::Store { command: StoreCommand::Status }) => &["store", "status"],
            Some(Command::Store { command: StoreCommand::Copy(_) }) => &["store", "copy"],
            Some(Command::Store { command: StoreCommand::Migrate }) => &["store", "migrate"],
            Some(Command::Hook { .. }) => &["hook", "test"],
            Some(Command::Report(_)) => &["report"],
            Some(Command::Sim(_)) => &["sim"],
            Some(Command::Completions(_)) => &["completions"],
            Some(Command::Man(_)) => &["man"],
            Some(Command::Demo(_)) => &["demo"],
            Some(Command::Snapshot(Snapshot { demo: true, .. })) => &["demo"],
            _ => &[],
        };
        let scope = FLAG_SCOPES.iter().find(|(scoped, _)| *scoped == path).map_or(FlagScope::Everything, |p| p.1);
        let scope = match &self.command {
            Some(Command::Config { command: ConfigCommand::Init(Init { discover: false }) }) => FlagScope::ConfigFile,
            _ => scope,
        };
        let file = self.options.0.config.iter().map(|_| (None, "--config"));
        let keys = self.options.0.values().filter_map(|(id, _)| Some((Some(id), id.key().flag?)));
        match file.chain(keys).find(|(id, _)| !scope.flag(*id)) {
            None => Ok(()),
            Some((_, flag)) => {
                let why = match flag {
                    "--names" => ": it hides names on screens and pictures alone",
                    "--listen" => ": only 'ahtop serve' listens",
                    _ => "",
                };
                let whole = [&["ahtop"], path].concat().join(" ");
                let message = format!("'{whole}' does not take '{flag}'{why}");
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
