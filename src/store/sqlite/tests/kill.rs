//! Killed at any moment: the file stays whole, and what was said to be written is there.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use super::*;
use crate::domain::SystemClock;

const BODY: &str = "store::sqlite::tests::kill::child_that_writes_until_it_is_killed";

/// Not a test by itself: the body of the child that is killed. Appends 1, 2, 3 … and takes permits, and says after
/// each what it has done.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("AHTOP_TEST_KILL").map(PathBuf::from) else { return };
    let store = SqliteStore::open(&path, Arc::new(SystemClock::new())).unwrap();
    let mut next = u32::try_from(store.history().unwrap().readings).unwrap() + 1;
    let long = PermitAsk { timeout: Duration::from_secs(3600), ..ask(u32::MAX) };
    loop {
        store.append(&[value(&store, next), value(&store, next + 1)]).unwrap();
        let PermitAnswer::Granted { .. } = store.permit(&me(), &long).unwrap() else { panic!("refused") };
        println!("done {}", next + 1);
        next += 2;
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_said() {
    let (_dir, path) = db();
    let mut permits = 0;
    for round in 0..6u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", BODY, "--nocapture"])
            .env("AHTOP_TEST_KILL", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // Different points of its work: after a few turns, and a moment later.
        let mut said = 0;
        let mut line = String::new();
        let mut turns = 0;
        while turns < 1 + round * 7 {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended by itself");
            if let Some(n) = line.trim().strip_prefix("done ") {
                said = n.parse().unwrap();
                turns += 1;
                permits += 1;
            }
        }
        std::thread::sleep(Duration::from_micros(rand::random_range(0..3000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        for n in rest.split('\n').filter_map(|l| l.strip_prefix("done ")).filter_map(|n| n.parse::<u32>().ok()) {
            said = said.max(n);
            permits += 1;
        }
        let store = SqliteStore::open(&path, Arc::new(SystemClock::new())).unwrap();
        let check: String = store.lock().query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        assert_eq!(check, "ok");
        let all = store.since(Cursor(0), usize::MAX).unwrap().0;
        let values: Vec<u32> = all.iter().map(|r| r.outcome.aht().unwrap().secs()).collect();
        let kept = u32::try_from(values.len()).unwrap();
        assert_eq!(values, (1..=kept).collect::<Vec<_>>());
        assert!(kept >= said && kept % 2 == 0, "said {said}, kept {kept}");
        assert_eq!(store.history().unwrap().readings, u64::from(kept));
        let used = store.usage().unwrap().used_60s;
        // The one that it took, or was about to take, when it could not say so any more.
        assert!(used >= permits && used <= permits + u32::try_from(round).unwrap() + 1, "{used} of {permits}");
    }
}
