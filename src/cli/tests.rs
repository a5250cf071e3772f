//! The command line as somebody types it.

use super::*;
use crate::config::{Id, KEYS, Overrides, ValueType};

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
        "check --names hidden",
        "doctor --names id",
        "token status --names hidden",
        "plan --names hidden",
        "report --since 1h --names hidden",
        "--listen 127.0.0.1:1",
        "wall --listen 127.0.0.1:1",
        "once --listen 127.0.0.1:1",
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
        "serve --listen 127.0.0.1:1 --names hidden --metrics-names",
        "config show --listen 127.0.0.1:1",
        "once --format openmetrics --metrics-names",
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
        let (open, close) = if matches!(key.value_type, ValueType::Switch) { ("[=<", ">]") } else { (" <", ">") };
        assert!(folded.contains(&format!("{flag}{open}{}{close}", key.value_type.placeholder())), "{flag}");
        assert!(folded.contains(&format!("[env: {}", key.env.unwrap())), "{flag}");
        assert!(key.default.is_none_or(|d| folded.contains(&format!("[default: {d}]"))), "{flag}");
    }
    for (name, _) in VARIABLES {
        assert!(text.contains(name), "{name}");
    }
    for (exit, words) in Exit::TABLE {
        assert!(folded.contains(&format!("{} {words}", exit.code())), "{words}");
    }
    assert!(help("-h").lines().count() < 45, "{}", help("-h"));
    assert!(!text.contains(" man "), "{text}");
}

#[test]
fn no_flag_takes_a_secret() {
    for command in std::iter::once(&command()).chain(command().get_subcommands()) {
        for arg in command.get_arguments().filter_map(|a| a.get_long()) {
            let secret = ["key", "token", "secret", "password"].iter().any(|w| arg.contains(w));
            assert!(!secret || ["api-key-file", "exit-key", "store-password-file"].contains(&arg), "{arg}");
        }
    }
}
