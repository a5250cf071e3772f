//! The flags that set a key of the configuration, and which of them mean something to a command.

use clap::{Arg, ArgAction, ArgMatches, Args, Command as Clap, FromArgMatches, ValueHint, builder::ValueParser};

use crate::config::{Id, KEYS, Key, Overrides, ValueType};

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
    if key.value_type.is_list() {
        help.push_str("; may be repeated");
    }
    if let Some(env) = key.env {
        help.push_str(&format!(" [env: {env}{}]", if key.value_type.is_list() { "=one,two" } else { "" }));
    }
    if let Some(default) = key.default {
        help.push_str(&format!(" [default: {default}]"));
    }
    let short = match key.id {
        Id::Agents => Some('a'),
        Id::Campaigns => Some('C'),
        _ => None,
    };
    let action = if key.value_type.is_list() { ArgAction::Append } else { ArgAction::Set };
    let hint = if matches!(key.value_type, ValueType::Path | ValueType::Theme(_)) {
        ValueHint::FilePath
    } else {
        ValueHint::Other
    };
    // The short help shows what a first start takes.
    let common =
        matches!(key.id, Id::AccountName | Id::UserName | Id::BaseUrl | Id::Agents | Id::Campaigns | Id::Theme);
    let made = Arg::new(long).long(long).short(short);
    // A switch alone says yes.
    let made = match key.value_type {
        ValueType::Switch => made.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => made,
    };
    made.help(help)
        .value_name(key.value_type.placeholder())
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
pub(super) enum FlagScope {
    /// All but what is about the listener.
    Everything,
    /// All of them.
    Listener,
    Only(&'static [Id]),
    /// What prints or logs names and ids as they are, whatever a screen shows.
    AsItIs,
    /// The same, and what metrics need.
    Once,
    /// The configuration file, and of the flags those that are not about polling or the screen.
    Stored,
    ConfigFile,
    Nothing,
}

/// The commands to which not every flag means something.
pub(super) const FLAG_SCOPES: [(&[&str], FlagScope); 25] = [
    (&["once"], FlagScope::Once),
    (&["stream"], FlagScope::AsItIs),
    (&["serve"], FlagScope::Listener),
    (&["doctor"], FlagScope::AsItIs),
    (&["token", "status"], FlagScope::AsItIs),
    (&["check"], FlagScope::AsItIs),
    (&["plan"], FlagScope::AsItIs),
    (&["discover"], FlagScope::AsItIs),
    (&["hook", "test"], FlagScope::ConfigFile),
    (&["history", "export"], FlagScope::Stored),
    (&["history", "prune"], FlagScope::Stored),
    (&["history", "backtest"], FlagScope::Stored),
    (&["report"], FlagScope::Stored),
    (&["store", "init"], FlagScope::Stored),
    (&["store", "status"], FlagScope::Stored),
    (&["store", "copy"], FlagScope::Stored),
    (&["store", "migrate"], FlagScope::Stored),
    (&["config", "show"], FlagScope::Listener),
    // All that the service is asked with, where it is asked.
    (&["config", "init"], FlagScope::AsItIs),
    (&["config", "path"], FlagScope::ConfigFile),
    (&["config", "schema"], FlagScope::Nothing),
    (&["sim"], FlagScope::Nothing),
    (&["completions"], FlagScope::Nothing),
    (&["man"], FlagScope::Nothing),
    (
        &["demo"],
        FlagScope::Only(&[
            Id::Theme,
            Id::Symbols,
            Id::AgeStep,
            Id::MaxFps,
            Id::Mouse,
            Id::Operator,
            Id::AskTerminal,
            Id::WallTitle,
            Id::PageSeconds,
            Id::Names,
            Id::ExitKey,
        ]),
    ),
];

impl FlagScope {
    /// `None` stands for `--config`.
    pub(super) fn flag(self, id: Option<Id>) -> bool {
        match (self, id) {
            (FlagScope::Listener, _) | (FlagScope::ConfigFile | FlagScope::Stored, None) => true,
            (FlagScope::Everything, id) => id.is_none_or(|id| id.key().section != "serve"),
            (FlagScope::Stored, Some(id)) => {
                let section = id.key().section;
                matches!(section, "account" | "store" | "history" | "watch" | "alert")
                    && !matches!(id, Id::BaseUrl | Id::CaFile | Id::Bell | Id::Notify)
            }
            (FlagScope::Only(ids), Some(id)) => ids.contains(&id),
            (FlagScope::AsItIs, id) => id != Some(Id::Names) && FlagScope::Everything.flag(id),
            (FlagScope::Once, id) => FlagScope::AsItIs.flag(id) || id == Some(Id::MetricsNames),
            _ => false,
        }
    }

    /// Hides from the help of `command` the flags that it does not take. A global flag that a command defines itself
    /// is not handed down to it, so the hidden one stands in.
    pub(super) fn hide_others(self, command: Clap) -> Clap {
        let config = (!self.flag(None)).then(|| config_arg().hide(true));
        let others = KEYS.iter().filter(move |key| !self.flag(Some(key.id)));
        command.args(config).args(others.filter_map(|key| Some(arg(key, flag(key)?).hide(true))))
    }
}
