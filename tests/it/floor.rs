//! `[watch] agents = "logged-in"`: who is watched follows the list of who is logged in, whatever becomes of that list. The
//! poller and the dashboard's state run against the simulated service in injected time.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use crate::{
    live::{Home, KEY, Service, finish, run, until},
    support::{Process, World},
};
use ahtop::{
    alert::Policy,
    alerting::policy,
    app::{DashboardConfig, Event, State, banners, needs, update},
    config::{Config, Env, Overrides, resolve},
    domain::{Clock, Kind, Target},
    run::{Judge, Reader},
    sim::{
        Fault, FaultScope, Roster, Shift, SimOptions, SimService, Span,
        options::{ListAccess, RosterChoice},
    },
    store::{Handle, Instance, Role},
};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
const PATH: &str = "/ca_apis/getAgentLogins";

fn config(more: &str) -> Config {
    let text = format!("[account]\nname = \"acme\"\n[watch]\nagents = \"logged-in\"\n{more}");
    resolve(&Overrides::default(), &Env::default(), Some((Path::new("c.toml"), &text))).unwrap().config
}

/// A dashboard without a screen.
struct Dashboard {
    store: Handle,
    reader: Reader,
    state: State,
    me: Instance,
}

impl Dashboard {
    fn open(world: &World, config: &Config, polls: bool) -> Self {
        let (store, me) = (world.store(), Instance::here(Role::Dashboard));
        let me = Instance { id: format!("dashboard-{}", rand::random::<u64>()).into(), ..me };
        let facts = DashboardConfig {
            floor: config.floor.clone(),
            may_poll: polls,
            ..DashboardConfig::new("acme", config.watch.clone(), me.clone())
        };
        let policy: Policy = policy(config);
        let judge = Judge { watched: facts.watched.clone(), floor: facts.floor.clone(), policy };
        let state = State::new(facts, world.clock.now());
        Dashboard { reader: Reader::new(store.clone(), judge), store, state, me }
    }

    /// Takes in what is new, as the loop does, and says what it wants.
    async fn look(&mut self, world: &World) {
        let mut news = Vec::new();
        while self.reader.look(&mut news).await.unwrap().0 {}
        for event in news.into_iter().chain([Event::Tick]) {
            update(&mut self.state, event, world.clock.now());
        }
        let (me, wants) = (self.me.clone(), needs::attention(&self.state));
        self.store.call(move |s| s.want(&me, &wants, MINUTE / 2)).await.unwrap();
    }

    /// Looks for so long.
    async fn run(&mut self, world: &World, span: Duration) {
        let until = world.clock.now().mono + span;
        while world.clock.now().mono < until {
            self.look(world).await;
            sleep(Duration::from_secs(5)).await;
        }
    }

    fn agents(&self) -> Vec<Arc<str>> {
        let agents = self.state.config.watched.iter().filter(|w| w.target.kind == Kind::Agent);
        agents.map(|w| w.target.id.clone()).collect()
    }

    fn has(&self, id: &str) -> bool {
        self.agents().iter().any(|agent| **agent == *id)
    }

    fn told(&self) -> Vec<String> {
        banners(&self.state).iter().map(|banner| banners::told(&self.state, banner, true)).collect()
    }
}

/// `agents` who work around the clock, and a poller on them that has the rules of `config`.
fn open(agents: usize, config: &Config, adjust: impl FnOnce(&mut SimOptions)) -> (World, Process, Dashboard) {
    let world = World::new(1, agents, adjust);
    start(world, config)
}

fn start(mut world: World, config: &Config) -> (World, Process, Dashboard) {
    world.rules.presence = Some(MINUTE);
    world.rules.floor = config.floor.clone();
    let process = world.start(&[], 1);
    let dashboard = Dashboard::open(&world, config, true);
    (world, process, dashboard)
}

/// Who was asked for.
fn asked(world: &World) -> BTreeSet<Target> {
    world.sim.log().into_iter().filter_map(|entry| entry.target).collect()
}

#[tokio::test(start_paused = true)]
async fn who_logs_in_appears_and_who_is_out_for_two_hours_and_has_no_value_goes() {
    let hours = |from_minute: i64, minutes: i64| Shift {
        starts_ms: from_minute * 60_000,
        lasts_ms: minutes * 60_000,
        breaks_later_ms: 0,
    };
    let mut roster = Roster::generate(1, 5, 1).around_the_clock();
    let begin = 360;
    let [stays, leaves, idle, comes, never] = [0, 1, 2, 3, 4].map(|i: usize| roster.agents[i].id.clone());
    roster.agents.iter_mut().for_each(|agent| agent.takes_calls = true);
    roster.agents[1].shift = hours(0, begin + 10);
    (roster.agents[2].shift, roster.agents[2].takes_calls) = (hours(0, begin + 10), false);
    roster.agents[3].shift = hours(begin + 20, 300);
    roster.agents[4].shift = hours(0, 0);
    let mut world = World::new(1, 5, |_| {});
    let options = SimOptions {
        model: ahtop::sim::options::ModelOptions { lead_s: 6 * 3600, ..world.sim.options().model },
        ..world.sim.options()
    };
    world.sim = Arc::new(SimService::with_roster(options, roster, world.clock.clone()));
    let config = config("[[agent]]\nid = \"nobody@acme.example\"\n");
    let (world, process, mut dashboard) = start(world, &config);

    dashboard.run(&world, MINUTE * 2).await;
    assert_eq!(dashboard.agents().len(), 3, "{:?}", dashboard.agents());
    dashboard.run(&world, MINUTE * 20).await;
    for id in [&stays, &leaves, &idle, &comes] {
        assert!(dashboard.has(id), "{id}");
    }
    // Logged out at minute 10, which a list within the minute after told.
    let out = [&leaves, &idle].map(|id| {
        let presence = dashboard.state.live.presence.clone().unwrap();
        world.clock.now().mono - presence.out_since(id).unwrap().age(&world.clock.now())
    });
    assert!(out[0] == out[1] && out[0].since(world.sim.started()) >= MINUTE * 10, "{out:?}");
    let ends = |dashboard: &Dashboard, id: &str| {
        let row = dashboard.state.live.rows[&Target::agent(id)].clone();
        row.aht().is_none()
    };
    let (mut gone, mut value_ended) = ([None, None], None);
    while gone.iter().any(Option::is_none) {
        dashboard.run(&world, Duration::from_secs(5)).await;
        let now = world.clock.now().mono;
        if value_ended.is_none() && ends(&dashboard, &leaves) {
            value_ended = Some(now);
        }
        for (i, id) in [&leaves, &idle].into_iter().enumerate() {
            if gone[i].is_none() && !dashboard.has(id) {
                gone[i] = Some(now);
            }
        }
        assert!(now.since(out[0]) < MINUTE * 150, "{gone:?}");
    }
    let [leaves_gone, idle_gone] = gone.map(Option::unwrap);
    assert!((MINUTE * 120..MINUTE * 121).contains(&idle_gone.since(out[1])), "{:?}", idle_gone.since(out[1]));
    // The value is of calls from before the logout: it ends within two hours of it, and is checked now and then.
    assert!(leaves_gone >= value_ended.unwrap() && leaves_gone.since(out[0]) >= MINUTE * 120);
    assert!(dashboard.has(&stays) && dashboard.has(&comes) && !dashboard.has(&never));
    let asked = asked(&world);
    assert!(!asked.contains(&Target::agent(never.as_str())) && asked.len() == 4, "{asked:?}");
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50 && counters.throttled == 0, "{counters:?}");
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn the_list_is_asked_first_and_also_while_nobody_is_there() {
    let config = config("");
    let (world, process, mut dashboard) = open(6, &config, |_| {});
    dashboard.run(&world, MINUTE).await;
    let log = world.sim.log();
    let first = log.iter().position(|entry| entry.path == PATH).unwrap();
    assert!(log[..first].iter().all(|entry| entry.target.is_none()), "{log:?}");
    assert_eq!(dashboard.agents().len(), 6);
    process.quit().await;
    let night = |o: &mut SimOptions| {
        o.model.lead_s = 18 * 3600;
        o.model.roster = RosterChoice::Generated { campaigns: 1, agents: 6, around_the_clock: false };
    };
    let (world, process, mut dashboard) = open(6, &config, night);
    dashboard.run(&world, MINUTE * 10).await;
    let lists = world.sim.log().iter().filter(|entry| entry.path == PATH).count();
    assert!((8..=11).contains(&lists) && asked(&world).is_empty(), "{lists}");
    assert!(dashboard.agents().is_empty() && dashboard.told().is_empty(), "{:?}", dashboard.told());
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn more_than_the_cap_are_told_and_the_watched_ones_stay() {
    let config = config("max_agents = 12\n");
    let (world, process, mut dashboard) = open(20, &config, |_| {});
    dashboard.run(&world, MINUTE * 3).await;
    let watched = dashboard.agents();
    assert_eq!(
        (watched.len(), dashboard.told()),
        (12, vec!["Raise [watch] max_agents, or name the agents: 20 are logged in, 12 are watched".to_owned()])
    );
    for _ in 0..20 {
        dashboard.run(&world, MINUTE * 3).await;
        assert_eq!(dashboard.agents(), watched);
    }
    assert_eq!(asked(&world).len(), 12);
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_refuses_the_list_is_told_with_what_to_do() {
    let config = config("campaigns = [\"COLLECT-IN\"]\n");
    let (world, process, mut dashboard) = open(6, &config, |o| o.logins = ListAccess::MissingKey);
    dashboard.run(&world, MINUTE * 5).await;
    let told = dashboard.told();
    let text = "Name the agents in [watch] agents: the account does not list who is logged in: HTTP 401";
    assert!(told.iter().any(|told| told.starts_with(text)), "{told:?}");
    assert!(dashboard.agents().is_empty() && asked(&world).len() == 1, "{:?}", asked(&world));
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_and_an_outage_take_nobody_away_and_every_dashboard_has_the_same() {
    let config = config("");
    let (world, process, mut dashboard) = open(8, &config, |_| {});
    // Without credentials: the list is that of the store.
    let mut other = Dashboard::open(&world, &config, false);
    dashboard.run(&world, MINUTE * 3).await;
    other.look(&world).await;
    assert_eq!((dashboard.agents().len(), other.agents()), (8, dashboard.agents()));
    let wrong = |percent| {
        let mut options = world.sim.options();
        options.logins_wrong_percent = percent;
        world.sim.set_options(options).unwrap();
    };
    wrong(100);
    dashboard.run(&world, MINUTE * 60).await;
    let listed =
        |dashboard: &Dashboard| dashboard.state.live.presence.clone().unwrap().picture.clone().unwrap().agents.len();
    assert_eq!((listed(&dashboard), dashboard.agents().len()), (0, 8));
    wrong(0);
    dashboard.run(&world, MINUTE * 2).await;
    assert_eq!((listed(&dashboard), dashboard.agents().len()), (8, 8));
    world.sim.inject_into(FaultScope::List, Fault::Status(503), Span::UntilCleared);
    dashboard.run(&world, MINUTE * 150).await;
    assert_eq!(dashboard.agents().len(), 8);
    let told = dashboard.told();
    assert!(told.iter().any(|t| t.starts_with("Wait, or name the agents in [watch] agents: no list")), "{told:?}");
    other.look(&world).await;
    assert_eq!(other.agents(), dashboard.agents());
    world.sim.clear_faults();
    dashboard.run(&world, MINUTE * 12).await;
    assert!(dashboard.told().is_empty(), "{:?}", dashboard.told());
    process.quit().await;
}

fn service(adjust: impl FnOnce(&mut SimOptions)) -> Service {
    Service::start(|o| {
        o.model.roster = RosterChoice::Generated { campaigns: 2, agents: 8, around_the_clock: true };
        adjust(o);
    })
}

fn lists(service: &Service) -> usize {
    service.sim.log().iter().filter(|entry| entry.path == PATH).count()
}

/// The agents of `once --format json`.
fn printed(json: &str) -> BTreeSet<String> {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let targets = json["targets"].as_array().unwrap().iter().filter(|target| target["kind"] == "agent");
    targets.map(|target| target["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn once_and_check_ask_for_the_list_where_the_store_has_no_fresh_one() {
    let (service, home) = (service(|_| {}), Home::new());
    let file = home.write("roster.csv", "id,label\nnobody@acme.example,Nobody\n");
    let watch = ["-a", "logged-in", "--agents-csv", file.to_str().unwrap()];
    let plan = run(home.on(&service, &watch).args(["plan"]));
    assert!(plan.out.contains("agents                 ?  who is logged in is not known yet"), "{}", plan.out);
    assert!(plan.out.contains("watched              200"), "{}", plan.out);
    let checked = run(home.on(&service, &watch).args(["check"]));
    assert_eq!(
        checked.out.lines().take(2).collect::<Vec<_>>(),
        [
            "ok: account acme, 0 campaigns, whoever is logged in, at most 200 agents (no file)",
            "ok: a cycle takes at most 4m27s at 45 requests a minute"
        ]
    );
    let once = run(home.on(&service, &watch).args(["once", "--format", "json"]));
    let floor: BTreeSet<String> = service.sim.logins().into_iter().map(|(id, _)| id).collect();
    assert_eq!((once.code, printed(&once.out), floor.len()), (0, floor.clone(), 8), "{once:?}");
    assert_eq!((lists(&service), service.sim.counters().minted), (1, 1));
    // What the store knows is fresh for three minutes; also for who has no key.
    let live = run(home.on(&service, &watch).args(["check", "--live", "--yes"]));
    assert!(live.code == 0 && live.out.contains("live: at most 202 requests"), "{live:?}");
    assert!(live.out.contains("live: 8 ok") || live.out.contains(" no calls\n"), "{live:?}");
    let shown = run(home
        .ahtop(&["--account", "acme", "-a", "logged-in", "--min-interval", "1h"])
        .args(["once", "--format", "json"]));
    assert_eq!((shown.code, printed(&shown.out)), (0, floor), "{shown:?}");
    assert_eq!(lists(&service), 1);
    let plan = run(home.on(&service, &watch).args(["plan"]));
    assert!(
        plan.out.contains("agents                 8  watched now: whoever is logged in, at most 200"),
        "{}",
        plan.out
    );
    let found = run(home.on(&service, &watch).args(["doctor"]));
    assert!(found.out.contains("0 campaigns, whoever is logged in, at most 200 agents"), "{}", found.out);
}

#[test]
fn an_account_without_the_list_is_told_what_to_do_by_every_command() {
    let (service, home) = (service(|o| o.logins = ListAccess::MissingKey), Home::new());
    for command in [&["once"][..], &["check", "--live", "--yes"]] {
        let ended = run(home.on(&service, &["-a", "logged-in"]).args(command));
        assert_eq!(ended.code, 6, "{ended:?}");
        let text = "name the agents in [watch] agents: the account does not list who is logged in: HTTP 401";
        assert!(ended.err.contains(text) && !ended.err.contains(KEY), "{ended:?}");
    }
    let off = run(home.on(&service, &["-a", "logged-in", "--presence", "off"]).args(["check"]));
    assert!(off.code == 3 && off.err.contains("'mode' must be \"auto\""), "{off:?}");
    let idle = run(home.ahtop(&["--account", "acme", "-a", "logged-in"]).args(["once"]));
    assert!(idle.code == 4 && idle.err.contains("nobody tells who is logged in"), "{idle:?}");
    assert_eq!(service.sim.counters().minted, 1);
}

#[test]
fn a_service_watches_whoever_is_logged_in_and_who_has_no_key_shows_them() {
    let (service, home) = (service(|_| {}), Home::new());
    let floor: BTreeSet<String> = service.sim.logins().into_iter().map(|(id, _)| id).collect();
    let serving = home.on(&service, &["-a", "logged-in", "serve"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("an answer for each", || service.sim.counters().good >= 8);
    let shown = run(home.ahtop(&["--account", "acme", "-a", "logged-in"]).args(["once", "--format", "json"]));
    assert_eq!((shown.code, printed(&shown.out)), (0, floor), "{shown:?}");
    let stop =
        |sign: &str| std::process::Command::new("kill").args([sign, &serving.id().to_string()]).status().unwrap();
    assert!(stop("-TERM").success());
    assert_eq!(finish(serving).code, 0);
    let asked: BTreeSet<Target> = service.sim.log().into_iter().filter_map(|entry| entry.target).collect();
    assert_eq!((asked.len(), lists(&service), service.sim.counters().minted), (8, 1, 1));
}
