//! `ahtop man`: a manual page, as it was made from the definition of the command line (`tests/it/man.rs`).

use super::Done;
use crate::{cli, exit::Exit};

macro_rules! pages {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../assets/man/", $name, ".1")))),*]
    };
}

/// Every page by its name.
const PAGES: &[(&str, &str)] = pages! {
    "ahtop"
    "ahtop-check"
    "ahtop-completions"
    "ahtop-config"
    "ahtop-config-init"
    "ahtop-config-path"
    "ahtop-config-schema"
    "ahtop-config-show"
    "ahtop-demo"
    "ahtop-discover"
    "ahtop-doctor"
    "ahtop-history"
    "ahtop-history-backtest"
    "ahtop-history-export"
    "ahtop-history-prune"
    "ahtop-hook"
    "ahtop-hook-test"
    "ahtop-once"
    "ahtop-plan"
    "ahtop-replay"
    "ahtop-report"
    "ahtop-serve"
    "ahtop-sim"
    "ahtop-snapshot"
    "ahtop-store"
    "ahtop-store-copy"
    "ahtop-store-init"
    "ahtop-store-migrate"
    "ahtop-store-status"
    "ahtop-stream"
    "ahtop-token"
    "ahtop-token-status"
    "ahtop-wall"
};

/// The page of a command in roff; without one, that of the program.
pub fn run(args: &cli::Man) -> Done {
    let name = std::iter::once("ahtop").chain(args.command.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    match PAGES.iter().find(|(page, _)| *page == name) {
        Some((_, page)) => Done::ok(*page),
        None => Done::failed(Exit::Usage, format!("ahtop: there is no command '{}'", args.command.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &clap::Command, above: &str, found: &mut Vec<String>) {
        let name = format!("{above}{}", command.get_name());
        let subs = command.get_subcommands().filter(|s| !s.is_hide_set());
        subs.for_each(|sub| names(sub, &format!("{name}-"), found));
        found.push(name);
    }

    #[test]
    fn every_command_has_its_page() {
        let mut expected = Vec::new();
        names(&cli::command(), "", &mut expected);
        expected.sort();
        assert_eq!(PAGES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected);
        let page = |words: &[&str]| run(&cli::Man { command: words.iter().map(|w| (*w).to_owned()).collect() });
        assert!(page(&[]).out.contains(".SH KEYS"));
        assert!(page(&["history", "export"]).out.contains("\\-\\-until"));
        assert_eq!(page(&["zebra"]).exit, Exit::Usage);
    }
}
