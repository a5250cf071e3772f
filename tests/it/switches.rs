//! Every point that the contract of the API leaves open, played each way against the poller in injected time: values
//! arrive whichever way it turns out, and none is misread.

use std::time::Duration;

use crate::support::{World, every_reading_was_told};
use ahtop::{
    domain::{Clock, Outcome, Target},
    sim::{
        SimOptions, Verdict,
        options::{
            AuthSetting, DeadToken, Eleventh, ErrorStatus, LimitScope, LimitWindow, Methods, NoCallsForm, Parallel,
            Shape, StatusWords, TokenForm, Wording,
        },
    },
    store::Link,
};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);

type Adjust = Box<dyn Fn(&mut SimOptions)>;

/// A case for each value of a switch, named after both.
macro_rules! each {
    ($($field:ident: $choices:ident),+ $(,)?) => {{
        let mut cases: Vec<(String, Adjust)> = vec![];
        $(for &choice in $choices::ALL {
            let name = format!("{} = {choice:?}", stringify!($field));
            cases.push((name, Box::new(move |o: &mut SimOptions| o.$field = choice)));
        })+
        cases
    }};
}

/// All switches, value by value.
fn switches() -> Vec<(String, Adjust)> {
    let mut cases = each! {
        methods: Methods,
        shape: Shape,
        status_words: StatusWords,
        error_status: ErrorStatus,
        wording: Wording,
        no_calls: NoCallsForm,
        limit_scope: LimitScope,
        limit_window: LimitWindow,
        token_form: TokenForm,
        eleventh: Eleventh,
        parallel: Parallel,
        dead_token: DeadToken,
    };
    let mut more = |name: &str, adjust: Adjust| cases.push((name.to_owned(), adjust));
    more("count_failures = false", Box::new(|o| o.count_failures = false));
    more("count_tokens = false", Box::new(|o| o.count_tokens = false));
    more("retry_after = true", Box::new(|o| o.retry_after = true));
    more("token_message", Box::new(|o| o.token_message = "Token generated, valid for 60 minutes".into()));
    more("token_life_s = 1800", Box::new(|o| o.token_life_s = 1800));
    more("recompute_s = 300", Box::new(|o| o.recompute_s = 300));
    more("window_s = 1800", Box::new(|o| o.window_s = 1800));
    more("case_sensitive_ids = false", Box::new(|o| o.case_sensitive_ids = false));
    cases
}

/// Lives through a first fill, some minutes, a token that is killed, and its successor.
async fn lives_through(name: &str, adjust: &dyn Fn(&mut SimOptions)) {
    let world = World::new(2, 16, |o| adjust(o));
    let mut targets = world.targets.clone();
    targets.push(Target::agent("nobody@acme.example"));
    let process = world.start(&targets, 7);
    sleep(MINUTE * 3).await;
    let rows = process.rows();
    let good = rows.iter().filter(|r| r.good.is_some() && r.failures == 0).count();
    assert_eq!(good, world.targets.len(), "{name}: {:?}", process.store.direct().status());
    let unknown = rows.iter().find(|r| &*r.target.id == "nobody@acme.example").unwrap();
    assert!(matches!(unknown.last, Some((Outcome::Invalid, _))), "{name}: {:?}", unknown.last);
    assert!(rows.iter().any(|r| r.aht().is_some()), "{name}");
    world.sim.revoke_token();
    sleep(MINUTE * 3).await;
    let now = world.clock.now();
    let fresh = process.rows().iter().filter(|r| r.age(&now).is_some_and(|a| a < MINUTE * 2)).count();
    let status = process.store.direct().status().unwrap().unwrap();
    assert_eq!(fresh, world.targets.len(), "{name}: {:?}", status.link);
    assert_eq!(status.link, Link::Live, "{name}");
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50, "{name}: {}", counters.max_in_60s);
    assert_eq!((counters.throttled, counters.minted), (0, 2), "{name}");
    assert!(every_reading_was_told(&world, &process) > 60, "{name}");
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn every_open_point_may_turn_out_either_way() {
    for (name, adjust) in switches() {
        lives_through(&name, &*adjust).await;
    }
}

#[tokio::test(start_paused = true)]
async fn silence_about_calls_is_never_taken_for_an_error_or_a_value_in_any_shape_and_vocabulary() {
    for &no_calls in NoCallsForm::ALL {
        for &shape in Shape::ALL {
            for &status_words in StatusWords::ALL {
                let name = format!("{no_calls:?}, {shape:?}, {status_words:?}");
                let world = World::new(1, 8, |o| {
                    (o.no_calls, o.shape, o.status_words) = (no_calls, shape, status_words);
                    // Of two minutes most agents have no call.
                    o.window_s = 120;
                });
                let process = world.start(&world.targets, 1);
                sleep(Duration::from_secs(20)).await;
                let silent = world.sim.log().iter().filter(|e| e.verdict == Verdict::NoCalls).count();
                assert!(silent > 0, "{name}: nobody is silent");
                assert_eq!(every_reading_was_told(&world, &process), world.targets.len(), "{name}");
                process.kill().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn errors_are_understood_in_any_wording_under_any_status() {
    for &wording in Wording::ALL {
        for &error_status in ErrorStatus::ALL {
            for &status_words in StatusWords::ALL {
                let name = format!("{wording:?}, {error_status:?}, {status_words:?}");
                let world = World::new(1, 4, |o| {
                    (o.wording, o.error_status, o.status_words) = (wording, error_status, status_words);
                    o.limit_per_minute = 3;
                });
                let mut targets = world.targets.clone();
                targets.insert(0, Target::agent("a-first@acme.example"));
                let process = world.start(&targets, 1);
                sleep(Duration::from_secs(20)).await;
                let verdicts: Vec<Verdict> = world.sim.log().iter().map(|e| e.verdict).collect();
                assert!(verdicts.contains(&Verdict::Throttled), "{name}: {verdicts:?}");
                assert!(verdicts.contains(&Verdict::InvalidId), "{name}: {verdicts:?}");
                let rows = process.rows();
                let invalid = rows.iter().find(|r| r.target == targets[0]).unwrap();
                assert!(matches!(invalid.last, Some((Outcome::Invalid, _))), "{name}: {:?}", invalid.last);
                let failed = rows.iter().filter(|r| matches!(r.last, Some((Outcome::Failed(_), _)))).count();
                assert_eq!(failed, 0, "{name}: throttled is no failure");
                assert!(process.store.direct().usage().unwrap().throttled_1h > 0, "{name}");
                process.kill().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_on_basic_authentication_is_told_by_its_banner_whatever_the_wording() {
    for &wording in Wording::ALL {
        for &error_status in ErrorStatus::ALL {
            let name = format!("{wording:?}, {error_status:?}");
            let world = World::new(1, 8, |o| {
                (o.auth, o.wording, o.error_status) = (AuthSetting::Basic, wording, error_status);
            });
            let process = world.start(&world.targets, 1);
            sleep(MINUTE * 10).await;
            match process.store.direct().status().unwrap().unwrap().link {
                Link::Credentials { why, .. } => assert!(why.contains("BASIC_AUTH"), "{name}: {why}"),
                other => panic!("{name}: {other:?}"),
            }
            assert!(world.sim.counters().requests < 20, "{name}: {}", world.sim.counters().requests);
            process.kill().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_generation_too_many_is_never_taken_for_a_token_and_passes_with_the_hour() {
    for &eleventh in Eleventh::ALL {
        let name = format!("{eleventh:?}");
        let world = World::new(1, 2, |o| {
            o.eleventh = eleventh;
            o.generations_per_hour = 1;
        });
        let process = world.start(&world.targets, 1);
        sleep(MINUTE * 3).await;
        world.sim.revoke_token();
        sleep(MINUTE * 10).await;
        let link = process.store.direct().status().unwrap().unwrap().link;
        assert_ne!(link, Link::Live, "{name}");
        assert!(process.rows().iter().all(|r| r.good.is_some()), "{name}: the last values stay");
        sleep(MINUTE * 75).await;
        let link = process.store.direct().status().unwrap().unwrap().link;
        assert_eq!(link, Link::Live, "{name}");
        let tokens = world.sim.counters().token_requests;
        assert!(tokens <= 6, "{name}: {tokens} token requests in 88 minutes");
        every_reading_was_told(&world, &process);
        process.kill().await;
    }
}
