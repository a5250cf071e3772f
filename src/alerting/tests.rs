//! Evaluation over takeovers and conflicts, and hooks that misbehave. With real small programs.

use std::{path::Path, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::{
    alert::{Action, AlertEvent, Rules, UserAction, persist},
    config::{self, Hook},
    domain::{Aht, Band, Clock, LoggedIn, ManualClock, Outcome, Reading, Target},
    store::{EventKind, Role, SqliteStore, Store, read_presence, write_presence},
};

/// A store with its time, and one agent who is watched.
struct Floor {
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    watched: Arc<[Watched]>,
}

fn instance(id: &str) -> Instance {
    Instance { id: id.into(), pid: 7, host: "floor".into(), role: Role::Dashboard }
}

fn policy_for_tests() -> Policy {
    let rules =
        Rules { dwell: Duration::from_secs(60), clear_band: 0.05, warm_up: 0, stale_after: Duration::from_secs(180) };
    Policy { agents: rules, campaigns: rules, sweep: Duration::from_secs(60) }
}

impl Floor {
    fn new() -> Floor {
        let clock = Arc::new(ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap()));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
        let at = |s| Some(Aht::from_secs(s));
        let band = Band { low_crit: None, low_warn: at(200), target: at(300), high_warn: at(400), high_crit: at(500) };
        let watched = Watched {
            target: Target::agent("a"),
            label: Some("Asha".into()),
            groups: vec![],
            band,
            origin: "config.toml line 8".into(),
        };
        Floor { clock, store, watched: vec![watched].into() }
    }

    fn evaluator(&self, id: &str) -> Evaluator {
        Evaluator::new(instance(id), self.watched.clone(), policy_for_tests(), Quiet::default())
    }

    fn read(&self, secs: u32) {
        let at = self.clock.now().stamp();
        let reading =
            Reading { target: Target::agent("a"), at, outcome: Outcome::Value(Aht::from_secs(secs)), name: None };
        self.store.append(&[reading]).unwrap();
    }

    fn take_lease(&self, id: &str) {
        self.store.lease(&instance(id), Duration::from_secs(3600)).unwrap();
    }

    fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    fn act(&self, id: &crate::alert::AlertId, what: UserAction) {
        let action = Action { id: id.clone(), at: self.clock.now().stamp(), by: "wall".into(), what };
        self.store.post(persist::ALERTS, &serde_json::to_string(&action).unwrap()).unwrap();
    }

    fn active(&self) -> Vec<crate::alert::Alert> {
        let registry =
            persist::read_registry(&*self.store, &mut persist::Known::default()).unwrap().unwrap_or_default();
        registry.active().cloned().collect()
    }
}

fn keys(round: &Round) -> Vec<String> {
    round.events.iter().map(AlertEvent::key).collect()
}

#[test]
fn only_who_polls_evaluates() {
    let floor = Floor::new();
    let (mut one, mut two) = (floor.evaluator("one"), floor.evaluator("two"));
    floor.take_lease("one");
    for _ in 0..3 {
        floor.read(450);
        floor.advance(60);
    }
    assert!(two.round(&*floor.store).unwrap().events.is_empty());
    assert_eq!(one.round(&*floor.store).unwrap().events.len(), 1);
    assert!(two.round(&*floor.store).unwrap().events.is_empty());
    assert_eq!(one.name_of(&floor.active()[0].id.subject), Some("Asha"));
    let noted = floor.store.events(Duration::from_secs(3600)).unwrap();
    assert_eq!(noted.iter().filter(|e| e.kind == EventKind::Alert).count(), 1);
}

#[test]
fn takeovers_at_any_moment_give_each_event_once() {
    let values = [300, 450, 450, 520, 520, 390, 370, 300, 450, 450, 450, 300, 300];
    let run = |changes: &dyn Fn(usize) -> bool| {
        let floor = Floor::new();
        let (mut evaluators, mut present, mut all) = ([floor.evaluator("one"), floor.evaluator("two")], 0, vec![]);
        floor.take_lease("one");
        evaluators[0].round(&*floor.store).unwrap();
        for (i, value) in values.into_iter().enumerate() {
            floor.read(value);
            floor.advance(60);
            if changes(i) {
                floor.store.release(&instance(["one", "two"][present])).unwrap();
                present = 1 - present;
                floor.take_lease(["one", "two"][present]);
            }
            for evaluator in &mut evaluators {
                all.extend(keys(&evaluator.round(&*floor.store).unwrap()));
            }
        }
        all
    };
    let without = run(&|_| false);
    assert_eq!(without.len(), 6, "{without:?}");
    for at in 0..values.len() {
        assert_eq!(run(&|i| i == at), without, "a takeover at {at}");
    }
    assert_eq!(run(&|_| true), without);
    assert_eq!(run(&|i| i % 2 == 0), without);
}

#[test]
fn who_wakes_up_and_believes_that_it_polls_acts_on_nothing() {
    let floor = Floor::new();
    let (mut one, mut two) = (floor.evaluator("one"), floor.evaluator("two"));
    floor.take_lease("one");
    one.round(&*floor.store).unwrap();
    floor.read(450);
    floor.advance(60);
    floor.read(450);
    // While the first one was stopped, the second one has taken over and told of the alert.
    floor.store.release(&instance("one")).unwrap();
    floor.take_lease("two");
    assert_eq!(two.round(&*floor.store).unwrap().events.len(), 1);
    // The first one has looked at the lease before it was stopped: the registry has moved on without it.
    floor.store.release(&instance("two")).unwrap();
    floor.take_lease("one");
    let late = one.round(&*floor.store).unwrap();
    assert!(late.events.is_empty() && !late.changed);
    assert!(one.round(&*floor.store).unwrap().events.is_empty());
    assert_eq!(floor.active().len(), 1);
}

#[test]
fn what_people_do_shows_at_once_and_lasts_over_a_takeover() {
    let floor = Floor::new();
    floor.take_lease("one");
    let mut one = floor.evaluator("one");
    for _ in 0..3 {
        floor.read(450);
        floor.advance(60);
    }
    one.round(&*floor.store).unwrap();
    let id = floor.active()[0].id.clone();
    floor.act(&id, UserAction::Ack { rank: 1, note: "voicemail list".into() });
    assert!(floor.active()[0].is_acked(), "every dashboard sees it before anybody evaluates");
    let events = one.round(&*floor.store).unwrap().events;
    assert_eq!(events.len(), 1);
    assert!(floor.store.posts(persist::ALERTS).unwrap().is_empty());
    floor.store.release(&instance("one")).unwrap();
    floor.take_lease("two");
    floor.evaluator("two").round(&*floor.store).unwrap();
    assert_eq!(&*floor.active()[0].ack.as_ref().unwrap().note, "voicemail list");
}

#[test]
fn a_store_without_a_registry_tells_only_of_what_is_still_so() {
    let floor = Floor::new();
    for value in [450, 450, 450, 300, 300, 520, 520, 520] {
        floor.read(value);
        floor.advance(60);
    }
    floor.take_lease("one");
    let round = floor.evaluator("one").round(&*floor.store).unwrap();
    assert_eq!(round.events.len(), 1);
    assert_eq!(floor.active()[0].id, round.events[0].id);
}

#[test]
fn quiet_hours_see_no_cause() {
    let floor = Floor::new();
    floor.take_lease("one");
    let quiet = Quiet::new(vec!["00:00-24:00".parse().unwrap()], jiff::tz::TimeZone::UTC);
    let mut closed = Evaluator::new(instance("one"), floor.watched.clone(), policy_for_tests(), quiet);
    let mut open = floor.evaluator("one");
    floor.read(300);
    let events = |evaluator: &mut Evaluator| -> usize {
        (0..20)
            .map(|_| {
                floor.advance(60);
                evaluator.round(&*floor.store).unwrap().events.len()
            })
            .sum()
    };
    assert_eq!(events(&mut closed), 0);
    assert_eq!(events(&mut open), 1, "nobody has asked for twenty minutes");
}

// ---- hooks -----------------------------------------------------------------------------------------------------------

/// A directory for what hooks write, and an alert that starts.
struct Bench {
    dir: TempDir,
    floor: Floor,
    event: AlertEvent,
}

impl Bench {
    fn new() -> Bench {
        let floor = Floor::new();
        floor.take_lease("one");
        for _ in 0..3 {
            floor.read(520);
            floor.advance(60);
        }
        let event = floor.evaluator("one").round(&*floor.store).unwrap().events.remove(0);
        Bench { dir: TempDir::new().unwrap(), floor, event }
    }

    fn out(&self) -> std::path::PathBuf {
        self.dir.path().join("out")
    }

    fn hook(&self, script: &str) -> Hook {
        let command = ["sh", "-c", script, "sh", self.out().to_str().unwrap()].map(str::to_owned).to_vec();
        Hook { on: vec!["crit"], command, timeout: Duration::from_secs(20), per_minute: 30 }
    }

    fn hooks(&self, hooks: Vec<Hook>) -> Hooks {
        Hooks::new(hooks, Handle::new(self.floor.store.clone()), instance("one"))
    }

    async fn run(&self, hook: Hook) {
        let mut hooks = self.hooks(vec![hook]);
        hooks.tell(&self.event, || payload("acme", &self.event, Some("Asha \"A\"\u{1b}[2J")));
        hooks.settle().await;
    }

    fn complaints(&self) -> Vec<String> {
        let events = self.floor.store.events(Duration::from_secs(86_400)).unwrap();
        events.iter().map(|e| e.text.to_string()).filter(|text| text.starts_with("hook ")).collect()
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn a_hook_reads_one_line_of_json() {
    let bench = Bench::new();
    bench.run(bench.hook("cat > \"$1\"")).await;
    let read: serde_json::Value = serde_json::from_str(&text(&bench.out())).unwrap();
    assert_eq!((&read["schema"], &read["event"], &read["step"]), (&1.into(), &"crit".into(), &"started".into()));
    assert_eq!((&read["kind"], &read["id"], &read["aht_s"]), (&"agent".into(), &"a".into(), &520.into()));
    assert_eq!(read["key"], bench.event.key());
    assert!(!text(&bench.out()).trim_end().chars().any(char::is_control));
    assert!(bench.complaints().is_empty());
}

#[tokio::test]
async fn a_hook_gets_no_variable_of_ours() {
    let bench = Bench::new();
    bench.run(bench.hook("env > \"$1\"; cat > /dev/null")).await;
    let names: Vec<String> = text(&bench.out()).lines().filter_map(|l| Some(l.split_once('=')?.0.to_owned())).collect();
    assert!(names.iter().any(|n| n == "PATH"));
    // Cargo sets many for a test; a shell adds its own few.
    assert!(
        !names.iter().any(|n| n.starts_with("CARGO") || n.starts_with("AHTOP") || n.starts_with("RUST")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_hook_that_hangs_is_killed_with_its_children() {
    let bench = Bench::new();
    let hook = bench.hook("sleep 600 & echo $! > \"$1\"; wait");
    let limit = hook.timeout;
    let mut hooks = bench.hooks(vec![hook]);
    hooks.tell(&bench.event, || "{}".into());
    // Its time is over when the child is there, however slow the machine is.
    let child = written_pid(&bench.out()).await;
    tokio::time::pause();
    tokio::time::advance(limit).await;
    tokio::time::resume();
    hooks.settle().await;
    assert_eq!(bench.complaints().len(), 1);
    assert!(bench.complaints()[0].contains("stopped after 20 s"), "{:?}", bench.complaints());
    is_gone(child).await;
}

/// The number of a process that a script writes into a file, once it is there whole.
async fn written_pid(path: &Path) -> i32 {
    let text = eventually("a number", || Some(text(path)).filter(|t| t.ends_with('\n'))).await;
    text.trim().parse().unwrap()
}

/// Waits until a process has ended. An orphan is reaped by whoever collects orphans here; until then it is a zombie.
async fn is_gone(pid: i32) {
    eventually("its end", || {
        let stat = text(Path::new(&format!("/proc/{pid}/stat")));
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    })
    .await;
}

/// Looks until there is something; only a failing test waits for long.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come");
}

#[tokio::test]
async fn a_hook_that_fails_is_told_with_its_last_words() {
    let bench = Bench::new();
    bench.run(bench.hook("cat > /dev/null; printf 'no\\033[31m route\\n' >&2; exit 3")).await;
    assert_eq!(bench.complaints(), ["hook sh: exit status: 3: no\u{fffd}[31m route"]);
    let mut hook = bench.hook("");
    hook.command = vec!["/nowhere/at/all".into()];
    bench.run(hook).await;
    assert!(bench.complaints()[1].starts_with("hook /nowhere/at/all: cannot be started: "));
}

#[tokio::test]
async fn a_hook_that_floods_or_reads_nothing_harms_nothing() {
    let bench = Bench::new();
    // Far more than a pipe holds, on both; the end of the flood on standard error is a broken pipe.
    bench.run(bench.hook("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 0")).await;
    assert!(bench.complaints().iter().all(|c| c.len() < 1000), "{:?}", bench.complaints());
    let mut hooks = bench.hooks(vec![bench.hook("exec 0<&-; exit 0")]);
    hooks.tell(&bench.event, || "x".repeat(3_000_000));
    hooks.settle().await;
    assert!(bench.complaints().iter().all(|c| !c.contains("stopped after")));
}

#[tokio::test]
async fn a_hook_runs_no_more_often_than_its_limit() {
    let bench = Bench::new();
    let mut hook = bench.hook("cat > /dev/null; echo x >> \"$1\"");
    hook.per_minute = 3;
    let mut hooks = bench.hooks(vec![hook]);
    for _ in 0..7 {
        hooks.tell(&bench.event, || "{}".into());
        hooks.settle().await;
    }
    assert_eq!(text(&bench.out()).lines().count(), 3);
    // Told once a minute, with how many.
    assert_eq!(bench.complaints().len(), 1, "{:?}", bench.complaints());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(59)).await;
    for _ in 0..5 {
        hooks.tell(&bench.event, || "{}".into());
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    for _ in 0..4 {
        hooks.tell(&bench.event, || "{}".into());
    }
    hooks.settle().await;
    assert!(bench.complaints().last().unwrap().contains("times since this was last reported"));
    std::fs::remove_file(bench.out()).unwrap();
    let mut muted = bench.event.clone();
    muted.muted = true;
    let mut other = bench.hooks(vec![bench.hook("echo x >> \"$1\"")]);
    other.tell(&muted, || "{}".into());
    other.settle().await;
    assert_eq!(text(&bench.out()).lines().count(), 0, "what is muted disturbs nobody");
}

#[tokio::test]
async fn a_child_that_leaves_the_group_keeps_nothing_of_ours_open() {
    let bench = Bench::new();
    // A process that another test has just begun may have the other end for a moment too.
    let script = "setsid sh -c 'trap \"\" PIPE; : > \"$1.in\"; until [ -e \"$1.go\" ]; do sleep 0.05; done; n=0; \
                  while [ $n -lt 600 ] && echo x >&2; do n=$((n+1)); sleep 0.05; done; [ $n = 600 ] || echo closed > \"$1\"; \
                  echo end >> \"$1\"' sh \"$1\" & until [ -e \"$1.in\" ]; do sleep 0.05; done";
    bench.run(bench.hook(script)).await;
    let mut go = bench.out().into_os_string();
    go.push(".go");
    std::fs::write(go, b"").unwrap();
    let said = eventually("the child's end", || Some(text(&bench.out())).filter(|t| t.contains("end"))).await;
    assert_eq!(said, "closed\nend\n");
}

#[tokio::test]
async fn at_our_end_a_hook_may_finish_but_not_stay() {
    let bench = Bench::new();
    let mut quick = bench.hooks(vec![bench.hook("cat > \"$1\"")]);
    quick.tell(&bench.event, || "done".into());
    // The second that it has lasts until it is done, however slow the machine is: a paused clock stands still while
    // somebody looks in a thread.
    tokio::time::pause();
    let out = bench.out();
    let look = tokio::task::spawn_blocking(move || {
        (0..3000).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            text(&out) == "done\n"
        })
    });
    quick.stop().await;
    assert!(look.await.unwrap(), "{:?}", text(&bench.out()));
    tokio::time::resume();
    std::fs::remove_file(bench.out()).unwrap();
    let mut slow = bench.hooks(vec![bench.hook("echo $$ > \"$1\"; sleep 600")]);
    slow.tell(&bench.event, || "{}".into());
    let pid = written_pid(&bench.out()).await;
    slow.stop().await;
    is_gone(pid).await;
}

#[test]
fn who_logs_in_has_alerts_by_the_band_of_all_and_who_goes_has_none() {
    let floor = Floor::new();
    let config = config::floor_of("[bands.agents]\nhigh_warn = \"6:00\"\n");
    let evaluator = Evaluator::new(instance("one"), [].into(), policy_for_tests(), Quiet::default());
    let mut evaluator = evaluator.on_floor(Some(config));
    let mut revision = 0;
    let mut listed = |ids: &[&str]| {
        let known = read_presence(&*floor.store, &mut 0).unwrap().unwrap_or_default();
        let agents = ids.iter().map(|id| LoggedIn { id: (*id).into(), name: None, state: None }).collect();
        let known = known.listed(agents, true, Duration::from_secs(60), &floor.clock.now());
        assert!(write_presence(&*floor.store, &known, &mut revision).unwrap());
    };
    let mut events = Vec::new();
    let mut read = |evaluator: &mut Evaluator, secs: u32, minutes: u32| {
        for _ in 0..minutes {
            floor.take_lease("one");
            floor.read(secs);
            floor.advance(60);
            events.extend(keys(&evaluator.round(&*floor.store).unwrap()));
        }
        std::mem::take(&mut events)
    };
    assert!(read(&mut evaluator, 450, 3).is_empty(), "nobody is watched");
    listed(&["a"]);
    assert_eq!(read(&mut evaluator, 450, 3).len(), 1);
    assert_eq!(floor.active().len(), 1);
    listed(&[]);
    assert!(read(&mut evaluator, 450, 119).is_empty(), "who has gone home has a value still");
    assert_eq!(floor.active().len(), 1);
    floor.advance(7200);
    floor.take_lease("one");
    evaluator.round(&*floor.store).unwrap();
    assert!(floor.active().is_empty(), "{:?}", floor.active());
}
