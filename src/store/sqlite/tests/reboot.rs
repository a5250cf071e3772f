//! Another boot: its clock starts anew, and the ledger is careful.

use super::*;
use crate::domain::{BootId, BootTime};

/// A machine that can be rebooted.
#[derive(Debug)]
struct Machine(Mutex<Now>);

impl Clock for Machine {
    fn now(&self) -> Now {
        self.0.lock().unwrap().clone()
    }
}

impl Machine {
    fn new() -> Arc<Machine> {
        Arc::new(Machine(Mutex::new(clock().now())))
    }

    fn advance(&self, secs: u64) {
        let mut now = self.0.lock().unwrap();
        now.mono = now.mono + Duration::from_secs(secs);
        now.wall += Duration::from_secs(secs);
    }

    /// Comes up `uptime` seconds after it went down.
    fn reboot(&self, name: &str, uptime: u64) {
        self.advance(uptime);
        let mut now = self.0.lock().unwrap();
        now.boot = BootId(name.into());
        now.mono = BootTime(i64::try_from(uptime).unwrap() * 1000);
    }

    fn set_mono(&self, ms: i64) {
        self.0.lock().unwrap().mono = BootTime(ms);
    }
}

#[test]
fn permits_of_the_last_boot_count_for_a_minute_more() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    let id = granted(&store, 1);
    machine.reboot("second", 300);
    assert_eq!(store.usage().unwrap().used_60s, 1);
    let PermitAnswer::Wait(wait) = store.permit(&me(), &ask(1)).unwrap() else { panic!("granted") };
    assert_eq!(wait, Duration::from_millis(60_001));
    store.finish(id, true).unwrap();
    machine.advance(61);
    granted(&store, 1);
}

#[test]
fn nothing_is_sent_in_the_first_minute_of_a_new_boot() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    let id = granted(&store, 5);
    store.finish(id, false).unwrap();
    // The power failed, and with it went what the ledger had not yet on the disk.
    machine.reboot("second", 10);
    assert_eq!(store.permit(&me(), &ask(5)).unwrap(), PermitAnswer::Wait(Duration::from_secs(60)));
    machine.advance(60);
    granted(&store, 5);
}

#[test]
fn a_lease_and_wants_of_the_last_boot_are_over() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    let old = Instance { id: "old".into(), ..me() };
    store.lease(&old, Duration::from_secs(3600)).unwrap();
    store.want(&old, &[(Target::agent("x"), Attention::Listed)], Duration::from_secs(3600)).unwrap();
    machine.reboot("second", 10);
    assert_eq!(store.lease_holder().unwrap(), None);
    assert_eq!(store.wanted().unwrap(), []);
    assert!(store.lease(&me(), Duration::from_secs(10)).unwrap().mine);
}

#[test]
fn readings_of_the_last_boot_keep_their_age_by_the_wall() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    let old = value(&store, 287);
    store.append(std::slice::from_ref(&old)).unwrap();
    machine.advance(600);
    machine.reboot("second", 30);
    store.append(&[value(&store, 288)]).unwrap();
    let rows = store.snapshot(Duration::from_secs(3600)).unwrap().rows;
    let ages: Vec<_> = rows[0].series.points().map(|p| store.now().mono.since(p.at).as_secs()).collect();
    assert_eq!(ages, [630, 0]);
    assert_eq!(store.since(Cursor(0), 1).unwrap().0, [old]);
    assert_eq!(store.prune(Duration::from_secs(600)).unwrap().readings, 1);
}

#[test]
fn the_token_and_its_generations_outlive_a_reboot() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 2], lock: Duration::from_secs(30) };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me(), &ask).unwrap() else { panic!("not minted") };
    let hour = Duration::from_secs(3600);
    store.end_generation(ticket, &GenerationEnd::Generated { secret: "s".into(), life: hour }).unwrap();
    let again = GenerationAsk { unfit: Some(1), ..ask.clone() };
    assert!(matches!(store.begin_generation(&me(), &again).unwrap(), GenerationAnswer::Go(_)));
    machine.reboot("second", 20);
    // Who was generating one is gone with the last boot.
    assert!(matches!(store.begin_generation(&me(), &again).unwrap(), GenerationAnswer::Ceiling(_)));
    let token = store.token().unwrap().unwrap();
    assert_eq!(token.remaining(&store.now()), hour - Duration::from_secs(20));
    assert_eq!(store.usage().unwrap().generated_1h, 2);
}

#[test]
fn a_clock_that_runs_backwards_blocks_nothing_for_long() {
    let machine = Machine::new();
    let store = SqliteStore::memory(machine.clone()).unwrap();
    machine.set_mono(1_000_000_000);
    granted(&store, 2);
    store.hold(Duration::from_secs(60)).unwrap();
    let even = PermitAsk { pace: Pace::Even(Duration::from_secs(5)), ..ask(9) };
    store.lease(&Instance { id: "old".into(), ..me() }, Duration::from_secs(10)).unwrap();
    machine.advance(60);
    store.permit(&me(), &even).unwrap();
    machine.set_mono(5_000_000);
    let PermitAnswer::Wait(_) = store.permit(&me(), &ask(2)).unwrap() else { panic!("granted") };
    machine.advance(61);
    assert!(store.lease(&me(), Duration::from_secs(10)).unwrap().mine);
    // What the hold was is not known any more: no block lasts longer than this.
    machine.advance(239);
    granted(&store, 2);
    assert!(matches!(store.permit(&me(), &even).unwrap(), PermitAnswer::Granted { .. }));
}
