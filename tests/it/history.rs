//! What the binary makes of a store: exports, the noise of bands, reports.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::live::{self, Ended, Home};
use ahtop::{
    domain::{Aht, BootTime, Clock, Now, Outcome, Reading, SystemClock, Target},
    store::{ReadingStore, SqliteStore},
};

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

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = self.home.ahtop(args);
        let Ended { code, out, err } = live::run(command.arg("--config").arg(self.home.path("config.toml")));
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
