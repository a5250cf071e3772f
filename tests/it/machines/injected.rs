//! Eight dashboards on two machines whose clocks are an hour apart, in injected time: the server's clock, by which
//! everything is measured, is set by the test.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use ahtop::{
    domain::{BootId, BootTime, Clock, Now},
    store::{Handle, Instance, PostgresAdmin, PostgresStore, Role},
};
use jiff::Timestamp;
use tokio::time::sleep;

use super::{place, test_proxy::Proxy, test_server::TestServer};
use crate::{
    many::{BUDGET, Dashboard, Dice, MINUTE, SECOND, asked, longest_gap, patiently, share},
    support::World,
};

/// How often the clocks are set. Less than the service takes to answer: a request that counts until a minute after its
/// answer counts for longer than a minute also by a clock that is late by this.
const TICK: Duration = Duration::from_millis(50);

/// In front of the functions of the schema stands a clock that a row tells. Whoever calls them notices nothing.
const OWN_CLOCK: &str = "
CREATE TABLE ahtop_acme.wall_clock(ms bigint NOT NULL);
INSERT INTO ahtop_acme.wall_clock VALUES(START);
CREATE FUNCTION ahtop_acme.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT timestamptz 'epoch' + ms * interval '1 millisecond' FROM ahtop_acme.wall_clock
$$;
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'ahtop_acme'::regnamespace AND prosecdef LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = ahtop_acme, pg_catalog, pg_temp', f);
    END LOOP;
END $$;
UPDATE ahtop_acme.gate SET base = START - 3600000;
SET synchronous_commit = off;
";

/// Sets the server's clock, over a connection on a thread of its own, and those of the machines.
struct ServerTime {
    set: mpsc::Sender<(String, mpsc::Sender<()>)>,
    /// The time of the machines, in milliseconds.
    machines: Arc<AtomicI64>,
}

impl ServerTime {
    /// Begins at `now`.
    fn begin(server: &TestServer, now: i64) -> ServerTime {
        let (set, jobs) = mpsc::channel::<(String, mpsc::Sender<()>)>();
        let config: tokio_postgres::Config = server.tcp_url("postgres", server.port).parse().unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut client: Option<tokio_postgres::Client> = None;
            while let Ok((sql, done)) = jobs.recv() {
                runtime.block_on(async {
                    if client.is_none()
                        && let Ok((fresh, connection)) = config.connect(tokio_postgres::NoTls).await
                    {
                        tokio::spawn(connection);
                        client = Some(fresh);
                    }
                    // A server that is away has no clock.
                    if let Some(there) = &client
                        && there.batch_execute(&sql).await.is_err()
                    {
                        client = None;
                    }
                });
                let _ = done.send(());
            }
        });
        let time = ServerTime { set, machines: Arc::new(AtomicI64::new(now)) };
        time.run(OWN_CLOCK.replace("START", &now.to_string()));
        time
    }

    fn run(&self, sql: String) {
        let (done, wait) = mpsc::channel();
        self.set.send((sql, done)).unwrap();
        wait.recv().unwrap();
    }

    fn set(&self, now: &Now) {
        let now = now.wall.as_millisecond();
        self.machines.store(now, Ordering::SeqCst);
        self.run(format!("UPDATE ahtop_acme.wall_clock SET ms = {now}"));
    }
}

/// The clock of a machine: wrong by some hours, and up for as much longer. Set together with the server's, because
/// tokio's own is real on other threads.
#[derive(Debug)]
struct Off(Arc<AtomicI64>, i64);

impl Clock for Off {
    fn now(&self) -> Now {
        let wall = self.0.load(Ordering::SeqCst) + self.1 * 3_600_000;
        Now {
            boot: BootId(format!("boot {}", self.1).into()),
            mono: BootTime(wall % 1_000_000_000),
            wall: Timestamp::from_millisecond(wall).unwrap(),
        }
    }
}

/// What happens to a dashboard, every 20 seconds to another one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hit {
    Killed,
    Stopped,
    /// The connection ends; another one can be made.
    Cut,
    /// It ends, and the network is away for a while.
    Away,
    /// So does every one, because the server was killed.
    Down,
}

/// How long the test takes in injected time.
const MINUTES: u64 = 10;
/// Longest time of a call, in seconds.
const CALL: u64 = 2;
/// For how long the server is down, in seconds.
const DOWN: u64 = 20;

/// Dashboards on the machines, each with a connection that can be cut.
struct Floor {
    server: TestServer,
    world: World,
    time: Arc<ServerTime>,
    proxies: Vec<Proxy>,
    all: Vec<Dashboard>,
    /// Who cannot do its work: why, since when and until when, in seconds.
    hit: BTreeMap<usize, (Hit, u64, u64)>,
    /// What happened, for who reads of a failure.
    log: String,
}

impl Floor {
    fn new(server: TestServer, world: World) -> Floor {
        let url = server.tcp_url("postgres", server.port);
        let made = thread::spawn(move || PostgresAdmin::connect(place(&url)).and_then(|admin| admin.init()));
        made.join().unwrap().unwrap();
        let time = Arc::new(ServerTime::begin(&server, world.clock.now().wall.as_millisecond()));
        let proxies = (0..8).map(|_| Proxy::start(server.port)).collect();
        let (all, hit, log) = (vec![], BTreeMap::new(), String::new());
        let mut floor = Floor { server, world, time, proxies, all, hit, log };
        floor.all = (0..8).map(|n| floor.open(n, n as u64)).collect();
        floor
    }

    /// The first four on one machine, the others on one whose clock is an hour wrong.
    fn open(&self, n: usize, seed: u64) -> Dashboard {
        let machine = n as i64 / 4;
        let url = self.server.tcp_url("postgres", self.proxies[n].port);
        let store = PostgresStore::open(place(&url), Arc::new(Off(self.time.machines.clone(), machine))).unwrap();
        let me = Instance { host: format!("pc{machine}").into(), ..Instance::here(Role::Dashboard) };
        let targets = share(&self.world.targets, n);
        Dashboard::on(&self.world, self.world.start_on(Handle::new(Arc::new(store)), me, &targets, seed), targets)
    }

    /// Who polls.
    fn polling(&self) -> Option<usize> {
        let holder = patiently(|| self.all[0].process.store.direct().lease_holder())?;
        self.all.iter().position(|dashboard| dashboard.process.me.id == holder.id)
    }

    /// Waits in real time, in which nothing else happens, until the store of `n` is reached, or known not to be.
    fn noticed(&self, n: usize, reached: bool) {
        let begun = std::time::Instant::now();
        let store = self.all[n].process.store.direct();
        while if reached { store.usage().is_err() } else { store.notice().is_none() } {
            assert!(begun.elapsed() < MINUTE, "{:?}", store.notice());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Lets something happen to `n` until `until`.
    async fn strike(&mut self, n: usize, hit: Hit, second: u64, until: u64) {
        let polls = hit != Hit::Down && self.polling() == Some(n);
        writeln!(self.log, "{second} s: {n} {hit:?}{}", if polls { ", which polled" } else { "" }).unwrap();
        match hit {
            Hit::Killed => {
                self.all.remove(n).process.kill().await;
                let dashboard = self.open(n, 100 + second);
                self.all.insert(n, dashboard);
                return;
            }
            Hit::Cut => {
                self.proxies[n].close(true);
                self.proxies[n].close(false);
                return self.noticed(n, true);
            }
            Hit::Stopped => self.all[n].process.stop(),
            Hit::Away | Hit::Down => {
                self.proxies[n].close(true);
                self.noticed(n, false);
                // A call takes so long before it fails. Here that would be real time, so nothing is called.
                self.all[n].process.stop();
            }
        }
        self.hit.insert(n, (hit, second, until));
    }

    /// Lets everything go on that has waited long enough.
    fn mend(&mut self, second: u64) {
        for n in 0..8 {
            let Some(&(hit, since, until)) = self.hit.get(&n) else { continue };
            if second == since + CALL && hit != Hit::Stopped || second >= until && hit == Hit::Stopped {
                self.all[n].process.go_on();
            }
            if second >= until {
                self.proxies[n].close(false);
                self.noticed(n, true);
                self.hit.remove(&n);
            }
        }
    }

    fn look(&mut self) {
        let hit = &self.hit;
        self.all.iter_mut().enumerate().filter(|(n, _)| !hit.contains_key(n)).for_each(|(_, d)| d.look());
    }
}

/// When who polled was hit, and how long it took until the next request was sent, in seconds.
fn sent_after(world: &World, hits: &[u64]) -> Vec<(u64, f64)> {
    let start = world.sim.started();
    let next = |&second: &u64| {
        let at = start + Duration::from_secs(second);
        let next = world.sim.log().into_iter().find(|e| e.target.is_some() && e.at >= at)?;
        Some((second, next.at.since(at).as_secs_f64()))
    };
    hits.iter().filter_map(next).collect()
}

/// Half of what happens, happens to who polls. `AHTOP_EVEN` lets it fall on all alike, `AHTOP_SEED` makes it another one,
/// `AHTOP_MINUTES` makes it longer and prints the figures.
#[tokio::test(start_paused = true)]
async fn eight_dashboards_on_two_machines_cost_what_one_costs_whatever_dies_stops_or_is_cut_off() {
    let Some(server) = TestServer::start() else { return };
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(or);
    let (minutes, mut dice) = (number("AHTOP_MINUTES", MINUTES), Dice(number("AHTOP_SEED", 1)));
    let even = std::env::var_os("AHTOP_EVEN").is_some();
    let mut floor = Floor::new(server, World::new(8, 192, |_| {}));
    let (time, clock) = (floor.time.clone(), floor.world.clock.clone());
    tokio::spawn(async move {
        loop {
            time.set(&clock.now());
            sleep(TICK).await;
        }
    });
    let (mut down, middle, mut hits) = (None, minutes * 30, vec![]);
    for second in 1..=minutes * 60 {
        sleep(SECOND).await;
        if down.is_some_and(|since| second == since + DOWN) {
            floor.server.begin();
            floor.time.set(&floor.world.clock.now());
        }
        floor.mend(second);
        if floor.hit.is_empty() && down.is_none() && second >= middle {
            down = Some(second);
            floor.server.kill();
            for n in 0..8 {
                floor.strike(n, Hit::Down, second, second + DOWN).await;
            }
        } else if floor.hit.is_empty() && second % 20 == 0 {
            let n = floor.polling().filter(|_| dice.below(2) == 0 && !even).unwrap_or(dice.below(8) as usize);
            let until = second + 5 + dice.below(14);
            if floor.polling() == Some(n) {
                hits.push(second);
            }
            let hit = [Hit::Killed, Hit::Stopped, Hit::Cut, Hit::Away][dice.below(4) as usize];
            floor.strike(n, hit, second, until).await;
        }
        // As often as is enough for the feed to follow.
        if second % 5 == 0 {
            floor.look();
        }
    }
    floor.mend(u64::MAX);
    let Floor { world, all, log, .. } = &mut floor;
    let (counters, gap) = (world.sim.counters(), longest_gap(world, Duration::ZERO));
    let end = MINUTE * u32::try_from(minutes).unwrap();
    let (used, up) = (asked(world, MINUTE, end), end - MINUTE - SECOND * u32::try_from(DOWN).unwrap());
    let allowed = BUDGET * up.div_duration_f64(MINUTE);
    let figures = format!(
        "{} requests in a window, {} throttled, {} tokens, {used} requests of {allowed:.0} while the server was up, \
         {gap:?} without one\n{log}seconds without one since who polled was hit: {:.1?}\n",
        counters.max_in_60s,
        counters.throttled,
        counters.minted,
        sent_after(world, &hits),
    );
    if std::env::var_os("AHTOP_MINUTES").is_some() {
        std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).unwrap();
    }
    assert!(counters.max_in_60s <= 50, "{figures}");
    assert_eq!((counters.throttled, counters.minted), (0, 1), "{figures}");
    assert!(used >= 0.98 * allowed, "{figures}");
    assert!(gap <= Duration::from_secs(DOWN + 11), "{figures}");
    all.iter_mut().for_each(Dashboard::look);
    all.iter().for_each(Dashboard::equals_the_store);
}
