//! Who is logged in, asked by the poller in injected time: every way in which the list may turn out leaves the values, the
//! token and the limit as they are.

use std::time::Duration;

use crate::support::{Process, World, every_reading_was_told, until};
use ahtop::{
    domain::{Clock, Condition, Kind, Target},
    sim::{
        Fault, FaultScope, LogEntry, SimOptions, Span,
        options::{ListAccess, LoginWords, NobodyForm, RosterChoice, Shape, StatusWords, Wording},
    },
    store::{AgentLogin, EventKind, Link, Presence, Standing, read_presence},
};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
const PATH: &str = "/ca_apis/getAgentLogins";

fn world(adjust: impl FnOnce(&mut SimOptions)) -> World {
    let mut world = World::new(2, 16, adjust);
    world.rules.presence = Some(MINUTE);
    world
}

/// After everybody has gone home, and nothing is in the window any more.
fn after_hours(agents: usize) -> World {
    let mut world = World::new(1, agents, |o| {
        o.model.lead_s = 18 * 3600;
        o.model.roster = RosterChoice::Generated { campaigns: 1, agents, around_the_clock: false };
    });
    world.rules.presence = Some(MINUTE);
    world
}

fn known(process: &Process) -> Presence {
    read_presence(&**process.store.direct(), &mut 0).unwrap().unwrap_or_default()
}

fn asked(world: &World) -> Vec<LogEntry> {
    world.sim.log().into_iter().filter(|e| e.path == PATH).collect()
}

type Adjust = Box<dyn Fn(&mut SimOptions)>;

fn switches() -> Vec<(String, Adjust)> {
    let mut cases: Vec<(String, Adjust)> = vec![];
    for &access in ListAccess::ALL {
        cases.push((format!("{access:?}"), Box::new(move |o| o.logins = access)));
    }
    for &words in LoginWords::ALL {
        cases.push((format!("{words:?}"), Box::new(move |o| o.login_words = words)));
    }
    for &shape in Shape::ALL {
        cases.push((format!("{shape:?}"), Box::new(move |o| o.shape = shape)));
    }
    for &words in StatusWords::ALL {
        cases.push((format!("{words:?}"), Box::new(move |o| o.status_words = words)));
    }
    for &wording in Wording::ALL {
        cases.push((format!("{wording:?}"), Box::new(move |o| (o.wording, o.lists_per_minute) = (wording, 0))));
    }
    let mut more = |name: &str, adjust: Adjust| cases.push((name.to_owned(), adjust));
    more("wrong", Box::new(|o| o.logins_wrong_percent = 10));
    more("late", Box::new(|o| o.logins_late_s = 60));
    more("not counted", Box::new(|o| o.count_lists = false));
    cases
}

#[tokio::test(start_paused = true)]
async fn every_open_point_leaves_values_token_and_limit_as_they_are() {
    for (name, adjust) in switches() {
        let world = world(|o| adjust(o));
        let process = world.start(&world.targets, 7);
        sleep(MINUTE * 8).await;
        let status = process.store.direct().status().unwrap().unwrap();
        assert_eq!(status.link, Link::Live, "{name}");
        let now = world.clock.now();
        let fresh = process.rows().iter().filter(|r| r.age(&now).is_some_and(|a| a < MINUTE * 2)).count();
        assert_eq!(fresh, world.targets.len(), "{name}");
        assert!(every_reading_was_told(&world, &process) > 100, "{name}");
        let counters = world.sim.counters();
        assert!(counters.max_in_60s <= 50, "{name}: {}", counters.max_in_60s);
        assert_eq!((counters.minted, counters.list_requests), (1, asked(&world).len() as u64), "{name}");
        let events = process.store.direct().events(MINUTE * 60).unwrap();
        assert!(!events.iter().any(|e| e.kind == EventKind::TokenInvalidated), "{name}");
        // Never nearer than the limit of its own allows, and not before the first values.
        let asked = asked(&world);
        assert!((2..=8).contains(&asked.len()), "{name}: {}", asked.len());
        let first_fill = world.sim.log().iter().filter(|e| e.target.is_some() && e.at < asked[0].at).count();
        assert!(first_fill >= world.targets.len(), "{name}: after {first_fill}");
        let options = world.sim.options();
        let expected = match options.logins {
            ListAccess::Given if options.lists_per_minute == 0 => "failing",
            ListAccess::Given => "listed",
            ListAccess::ServerError => "failing",
            _ => "refused",
        };
        let found = match known(&process).standing {
            Standing::Unknown => "unknown",
            Standing::Listed => "listed",
            Standing::Refused { .. } => "refused",
            Standing::Failing { .. } => "failing",
        };
        assert_eq!(found, expected, "{name}");
        if expected == "listed" && options.logins_wrong_percent == 0 {
            let presence = known(&process);
            for agent in world.sim.roster().agents {
                let of = presence.of(&Target::agent(agent.id.as_str()), &now).unwrap();
                assert!(matches!(of.login, AgentLogin::In { .. }) && !of.stale, "{name}: {of:?}");
            }
        }
        process.quit().await;
    }
}

#[tokio::test(start_paused = true)]
async fn that_nobody_is_logged_in_is_known_in_each_form() {
    for &form in NobodyForm::ALL {
        let mut world = World::new(1, 6, |o| {
            o.nobody = form;
            // After everybody has gone home.
            o.model.lead_s = 14 * 3600;
            o.model.roster =
                ahtop::sim::options::RosterChoice::Generated { campaigns: 1, agents: 6, around_the_clock: false };
        });
        world.rules.presence = Some(MINUTE);
        let process = world.start(&world.targets, 1);
        sleep(MINUTE * 4).await;
        let presence = known(&process);
        assert_eq!(presence.standing, Standing::Listed, "{form:?}");
        let of = presence.of(&world.targets[1], &world.clock.now()).map(|of| of.login);
        assert_eq!(of, Some(AgentLogin::Out), "{form:?}");
        process.quit().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_out_and_has_no_calls_rests_and_every_reader_of_the_store_knows() {
    let world = after_hours(6);
    let process = world.start(&world.targets, 1);
    let resting = || {
        let now = world.clock.now();
        let rows = ahtop::store::rows(&**process.store.direct(), Duration::ZERO).unwrap();
        assert!(rows.values().all(|row| row.condition(&now, MINUTE * 3) == Condition::NoCalls), "{rows:?}");
        rows.values().filter(|row| row.resting(&now).is_some()).map(|row| row.target.clone()).collect::<Vec<_>>()
    };
    let mut agents: Vec<Target> = world.targets.iter().filter(|t| t.kind == Kind::Agent).cloned().collect();
    agents.sort();
    let asked = |from: usize| world.sim.log().iter().skip(from).filter(|e| e.target == Some(agents[0].clone())).count();
    sleep(MINUTE * 4).await;
    assert_eq!(resting(), agents);
    assert_eq!(known(&process).resting(&world.clock.now()), 6);
    let from = world.sim.log().len();
    sleep(MINUTE * 40).await;
    assert_eq!(resting(), agents);
    // Never seen logged in, and few: every two minutes, and not every minute.
    assert!((15..=21).contains(&asked(from)), "{}", asked(from));
    let status = process.store.direct().status().unwrap().unwrap();
    assert_eq!((status.targets, status.sweep), (7, MINUTE));
    // Without a list they take turns again.
    world.sim.inject_into(FaultScope::List, Fault::Status(503), Span::UntilCleared);
    sleep(MINUTE * 4).await;
    let from = world.sim.log().len();
    sleep(MINUTE * 10).await;
    assert!(resting().is_empty() && (9..=11).contains(&asked(from)), "{}", asked(from));
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_does_not_move_the_yardstick_of_freshness() {
    let world = after_hours(150);
    let process = world.start(&world.targets, 1);
    let status = || process.store.direct().status().unwrap().unwrap();
    sleep(MINUTE * 12).await;
    assert!(known(&process).resting(&world.clock.now()) > 100 && status().link == Link::Live);
    world.sim.inject_into(FaultScope::All, Fault::Status(503), Span::UntilCleared);
    until("the outage is noticed", MINUTE * 3, || matches!(status().link, Link::Down { .. })).await;
    let noticed = status();
    assert!(known(&process).fresh(&world.clock.now()).is_some(), "who works is known");
    // By now the list is stale, nobody rests any more by it, and all would take turns.
    sleep(MINUTE * 15).await;
    assert!(known(&process).fresh(&world.clock.now()).is_none());
    let now = status();
    assert!(matches!(now.link, Link::Down { .. }), "{now:?}");
    assert_eq!((now.targets, now.sweep), (noticed.targets, noticed.sweep));
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_with_a_restart_and_an_outage_keeps_the_last_list() {
    let world = world(|o| o.logins = ListAccess::MissingKey);
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 10).await;
    assert!(matches!(known(&process).standing, Standing::Refused { .. }));
    let refused = asked(&world).len();
    assert_eq!(refused, 3);
    sleep(MINUTE * 30).await;
    assert_eq!(asked(&world).len(), refused);
    process.quit().await;
    let mut options = world.sim.options();
    options.logins = ListAccess::Given;
    world.sim.set_options(options).unwrap();
    let process = world.start(&world.targets, 2);
    sleep(MINUTE * 2).await;
    assert_eq!(known(&process).standing, Standing::Listed);
    let list = known(&process).picture.unwrap();
    world.sim.inject_into(FaultScope::List, Fault::Status(503), Span::UntilCleared);
    sleep(MINUTE * 5).await;
    let presence = known(&process);
    assert!(matches!(presence.standing, Standing::Failing { .. }), "{:?}", presence.standing);
    let kept = presence.picture.clone().unwrap();
    assert!(kept.agents == list.agents && kept.is_stale(&world.clock.now()));
    assert_eq!(process.store.direct().status().unwrap().unwrap().link, Link::Live);
    world.sim.clear_faults();
    sleep(MINUTE * 10).await;
    assert!(known(&process).fresh(&world.clock.now()).is_some());
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_invalidated_meanwhile_is_no_refusal_for_a_day() {
    let world = world(|_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 3).await;
    assert_eq!(known(&process).standing, Standing::Listed);
    for _ in 0..2 {
        world.sim.revoke_token();
        sleep(MINUTE * 8).await;
    }
    assert_eq!(known(&process).standing, Standing::Listed);
    assert!(known(&process).fresh(&world.clock.now()).is_some());
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn where_it_is_off_nothing_is_asked() {
    let world = World::new(1, 8, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 5).await;
    assert!(asked(&world).is_empty() && known(&process) == Presence::default());
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn with_the_limit_used_to_the_full_it_takes_its_permit_like_any_request() {
    let mut world = World::new(8, 192, |_| {});
    world.rules.presence = Some(Duration::from_secs(15));
    let process = world.start(&world.targets, 1);
    let other = world.start(&world.targets[..40], 2);
    sleep(MINUTE * 15).await;
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50 && counters.throttled == 0, "{counters:?}");
    let asked = asked(&world);
    assert!((30..=56).contains(&asked.len()), "{}", asked.len());
    let nearest = asked.windows(2).map(|w| w[1].at.since(w[0].at)).min().unwrap();
    assert!(nearest >= Duration::from_secs(12), "{nearest:?}");
    other.quit().await;
    process.quit().await;
}
