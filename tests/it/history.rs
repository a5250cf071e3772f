//! What the binary makes of a store: exports, the noise of bands, reports.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::{
    live::{self, Ended, Home, finish, signal, until},
    pty::{self, Pty},
};
use ahtop::{
    cli,
    domain::{Aht, BootTime, Clock, Now, Outcome, Reading, SystemClock, Target},
    store::{ReadingStore, SqliteStore},
};
use rustix::process::Signal;

/// A home with a configuration and a store.
struct Past {
    home: Home,
    store: PathBuf,
}

const HOSTILE: &str = "=cmd|' /C calc'!A1\u{1b}]0;x\u{7}, \"q\"\nnext";

impl Past {
    fn new() -> Past {
        let home = Home::new();
        let store = home.path("acme.db");
        let config = format!(
            "[account]\nname = \"acme\"\ntimezone = \"UTC\"\n[store]\nurl = \"sqlite://{}\"\n[watch]\nagents = [\"a\", \"b\"]\n\
             campaigns = [\"C\"]\n[bands]\ntarget = \"5:00\"\n",
            store.display()
        );
        home.write("config.toml", &config);
        Past { home, store }
    }

    /// Two targets, each minute of the last `minutes`: one inside its band, one outside for the second half.
    fn fill(&self, minutes: u64) -> u64 {
        let clock = Arc::new(SystemClock::new());
        let store = SqliteStore::open(&self.store, clock.clone()).unwrap();
        let now = clock.now();
        let mut readings = Vec::new();
        for minute in (1..=minutes).rev() {
            let ago = Duration::from_secs(minute * 60);
            let at = Now {
                boot: now.boot.clone(),
                mono: BootTime(now.mono.0) - ago,
                wall: now.wall.checked_sub(ago).unwrap(),
            };
            let wave = u32::try_from(minute % 17).unwrap();
            let high = if minute < minutes / 2 { 400 } else { 0 };
            for (target, secs) in [(Target::agent("a"), 300 + wave + high), (Target::campaign("C"), 290 + wave)] {
                let outcome = Outcome::Value(Aht::from_secs(secs));
                readings.push(Reading { target, at: at.stamp(), outcome, name: Some(HOSTILE.into()) });
            }
        }
        store.append(&readings).unwrap();
        readings.len() as u64
    }

    /// So many readings that a command needs some time for them: each again and again, a little later.
    fn fill_up(&self) {
        self.fill(600);
        let store = rusqlite::Connection::open(&self.store).unwrap();
        for _ in 0..7 {
            let again = "INSERT INTO reading(target, boot, mono, wall, what, name) \
                         SELECT target, boot, mono + 1, wall + 1, what, name FROM reading";
            store.execute(again, []).unwrap();
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.ahtop(args);
        command.arg("--config").arg(self.home.path("config.toml"));
        command
    }

    /// The same in a terminal.
    fn in_terminal(&self, args: &[&str]) -> Pty {
        let config = self.home.path("config.toml");
        let args = args.iter().copied().chain(["--config", config.to_str().unwrap()]);
        Pty::start(pty::command(env!("CARGO_BIN_EXE_ahtop"), args, self.home.variables()), 100, 30)
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let Ended { code, out, err } = live::run(&mut self.command(args));
        (code, out, err)
    }
}

fn harmless(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
}

#[test]
fn an_export_is_valid_in_each_format_and_cut_by_time_and_target() {
    let home = Past::new();
    let all = home.fill(600);
    let (code, csv, err) = home.run(&["history", "export"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let heads = reader.headers().unwrap().iter().collect::<Vec<_>>().join(",");
    assert_eq!(heads, "read_at,kind,id,name,condition,aht_s,error,label");
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, all);
    assert!(harmless(&csv) && rows.iter().all(|r| r[3].starts_with("'=cmd|")));
    let lines = |args: &[&str]| home.run(args).1.lines().count();
    assert_eq!(lines(&["history", "export", "--since", "1h", "--format", "ndjson"]), 118);
    assert_eq!(lines(&["history", "export", "--since", "1h", "--until", "30m", "--format", "ndjson", "-a", "a"]), 30);
    let json: serde_json::Value =
        serde_json::from_str(&home.run(&["history", "export", "--format", "json"]).1).unwrap();
    assert_eq!(json["readings"].as_array().unwrap().len() as u64, all);
    assert_eq!(home.run(&["history", "export", "--since", "soon"]).0, 2);
    assert_eq!(home.run(&["history", "export", "--theme", "dark"]).0, 2, "a flag that would do nothing");
}

#[test]
fn a_backtest_counts_the_alerts_of_the_bands_for_several_settings() {
    let home = Past::new();
    home.fill(600);
    let (code, out, err) = home.run(&["history", "backtest", "--shifts"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let line = |start: &str| out.lines().find(|l| l.starts_with(start)).unwrap_or_default().to_owned();
    assert!(line("agent     as configured").ends_with("1       1     1     1    1.0       0%"), "{out}");
    assert!(line("campaign  as configured").ends_with("1       0     0     0    0.0     100%"), "{out}");
    assert!(
        out.starts_with("As configured there would have been 1 alert in 1 of 2 shifts, at most 1 in one shift.\n"),
        "{out}"
    );
    assert!(out.contains("1 had no alert under any setting (--all shows it)"), "{out}");
    let all = home.run(&["history", "noise", "--all"]).1;
    assert!(
        !all.contains("--all") && all.lines().count() > home.run(&["history", "backtest"]).1.lines().count() - 2,
        "{all}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&home.run(&["history", "backtest", "--format", "json"]).1).unwrap();
    assert_eq!(
        (&json["settings"][0], json["targets"].as_array().unwrap().len()),
        (&"as configured".into(), 2),
        "{json}"
    );
    assert!(out.contains("dwell 10m") && out.contains("bands x1.5") && out.contains("changes 10"), "{out}");
    assert!(harmless(&out));
}

#[test]
fn a_report_is_one_file_with_what_the_shift_was() {
    let home = Past::new();
    home.fill(600);
    let (code, md, err) = home.run(&["report", "--since", "8h"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(md.starts_with("# Shift report acme: ") && md.contains("| VERY HIGH | goes on |") && harmless(&md), "{md}");
    assert_eq!(md.matches(" 100 % |").count(), 2, "{md}");
    // The page has the script that sorts, and no other.
    for (format, scripts) in [("html", 1), ("svg", 0)] {
        let (code, text, _) = home.run(&["report", "--format", format, "--since", "8h"]);
        assert_eq!(code, 0);
        assert!(harmless(&text) && text.contains("<path"), "{text}");
        assert_eq!(text.matches("<script").count(), scripts, "{text}");
    }
    assert_eq!(home.run(&["report", "--since", "1h", "--until", "2h"]).0, 2);
}

/// Longer than a command lets pass before it shows how far it is.
const STANDS: Duration = Duration::from_millis(1700);

/// Lets a program that reads the store stand still, at most so many times until `done`: time passes for it, and it has
/// not read on.
fn stand_still(pid: u32, times: usize, mut done: impl FnMut() -> bool) {
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let behind_the_name = stat.rsplit(')').next().unwrap_or_default().to_owned();
        behind_the_name.split_whitespace().nth(11).map_or(0, |ticks| ticks.parse::<u64>().unwrap())
    };
    let reads = || {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|file| file.ends_with("acme.db"))
    };
    until("the store is open", || done() || reads());
    for _ in 0..times {
        // It has worked for 50 ms.
        let before = ticks();
        until("it goes on", || done() || ticks() >= before + 5);
        if done() {
            return;
        }
        signal(pid, Signal::STOP);
        thread::sleep(STANDS);
        signal(pid, Signal::CONT);
    }
}

#[test]
fn a_report_shows_on_a_terminal_how_far_it_is_and_nowhere_else() {
    let home = Past::new();
    home.fill_up();
    let report = ["report", "--since", "8h"];
    // It may be done before this test gets to stop it.
    let slow = (0..10).find_map(|_| {
        let pty = home.in_terminal(&report);
        stand_still(pty.pid(), 20, || pty.said().contains(" readings read") || pty.ended().is_some());
        assert_eq!(pty.end(), 0);
        Some(pty.hang_up()).filter(|said| said.contains(" readings read"))
    });
    let said = slow.expect("a report that takes long says how far it is");
    let (progress, printed) = said.split_once("# Shift report acme").unwrap();
    assert!(progress.contains("000 readings read\u{1b}[K") && progress.ends_with("\r\u{1b}[K"), "{progress:?}");
    assert!(!printed.contains('\u{1b}'), "{printed:?}");

    let quiet = home.in_terminal(&[&report[..], &["--quiet"]].concat());
    stand_still(quiet.pid(), 2, || quiet.ended().is_some());
    assert_eq!(quiet.end(), 0);
    assert!(quiet.hang_up().starts_with("# Shift report acme"));

    let mut command = home.command(&report);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    stand_still(child.id(), 2, || child.try_wait().unwrap().is_some());
    let ended = finish(child);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}

#[test]
fn the_manual_names_every_command_that_shows_how_far_it_is() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/json.md")).unwrap();
    let (_, section) = page.split_once("\n## Progress\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let (mut open, mut seen) = (vec![(String::new(), cli::command())], 0);
    while let Some((name, command)) = open.pop() {
        let path = |part: &clap::Command| format!("{name} {}", part.get_name()).trim_start().to_owned();
        open.extend(command.get_subcommands().map(|part| (path(part), part.clone())));
        if command.get_arguments().any(|arg| arg.get_id() == "quiet") {
            assert!(section.contains(&format!("`{name}")), "{name} is not in\n{section}");
            seen += 1;
        }
    }
    assert_eq!(seen, 7);
}

#[test]
fn pruning_deletes_what_is_older_than_is_kept() {
    let home = Past::new();
    home.fill(600);
    let (code, out, _) = home.run(&["history", "prune", "--history-keep", "4h"]);
    assert_eq!((code, out.as_str()), (0, "722 readings older than 4h deleted, 478 left\n"));
}

#[test]
fn a_replay_needs_a_terminal_and_a_store() {
    let home = Past::new();
    let (code, _, err) = home.run(&["replay"]);
    assert_eq!(code, 2);
    assert!(err.contains("replay needs a terminal"), "{err}");
}
