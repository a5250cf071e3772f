//! Tokens, limits, time and faults.

use super::*;

#[test]
fn a_new_token_kills_the_old_one_at_once_and_an_hour_kills_any() {
    let mut s = Sim::minted(nothing);
    let first = s.token.clone();
    assert_eq!(s.campaign().status, 200);
    assert!(s.mint());
    assert_eq!((s.campaign().status, s.verdict()), (200, Verdict::Value));
    let second = std::mem::replace(&mut s.token, first);
    let r = s.campaign();
    assert_eq!((r.status, message(&r).as_str(), s.verdict()), (401, "Token Expired", Verdict::TokenRejected));
    assert_eq!(s.service.log().last().unwrap().generation, Some(1));
    s.token = second;
    s.pass(3599);
    assert_eq!(s.campaign().status, 200);
    s.pass(1);
    assert_eq!(s.campaign().status, 401);
    assert_eq!(s.service.counters().token_rejected, 2);
}

#[test]
fn a_dead_token_is_worded_as_switched() {
    for (dead_token, text) in [
        (DeadToken::Expired, "Token Expired"),
        (DeadToken::Invalid, "Invalid Token"),
        (DeadToken::Wordy, "token is invalid or expired"),
        (DeadToken::Bare401, ""),
    ] {
        let s = Sim::with(|o| o.dead_token = dead_token);
        let r = s.campaign();
        assert_eq!((r.status, message(&r).as_str()), (401, text));
    }
}

#[test]
fn the_eleventh_generation_is_answered_as_switched() {
    for &eleventh in Eleventh::ALL {
        let mut s = Sim::with(|o| o.eleventh = eleventh);
        for _ in 0..10 {
            assert!(s.mint());
            s.pass(5);
        }
        let r = s.mint_response();
        let body = json_of(&r);
        match eleventh {
            Eleventh::Limit => assert_eq!(body["message"], "max limit exceeded"),
            Eleventh::SameToken => assert_eq!(body["token"], s.token.as_str()),
            Eleventh::EmptyToken => assert_eq!(body["token"], ""),
            Eleventh::ServerError => assert_eq!(r.status, 500),
        }
        assert_eq!(s.service.counters().minted, 10);
        s.pass(3600 - 50);
        assert!(s.mint());
        assert_eq!(s.service.counters().minted, 11);
    }
}

#[test]
fn a_generation_beside_another_is_answered_as_switched() {
    for &parallel in Parallel::ALL {
        let mut s = Sim::with(|o| (o.parallel, o.latency) = (parallel, Latency::Fixed(500)));
        assert!(s.mint());
        s.clock.advance(Duration::from_millis(499));
        let beside = json_of(&s.mint_response());
        match parallel {
            Parallel::LastWins => assert_ne!(beside["token"], s.token.as_str()),
            Parallel::SameToken => assert_eq!(beside["token"], s.token.as_str()),
            Parallel::Refused => assert_eq!(beside["message"], "Token generation is in progress"),
        }
        assert_eq!(s.campaign().status == 200, parallel != Parallel::LastWins);
        s.pass(2);
        assert!(s.mint());
    }
}

#[test]
fn a_token_can_come_with_a_message_and_in_three_forms() {
    for &token_form in TokenForm::ALL {
        let s = Sim::minted(|o| (o.token_form, o.token_message) = (token_form, "Token generated".into()));
        assert_eq!(s.token.contains('.'), token_form != TokenForm::Opaque);
        assert_eq!(s.campaign().status, 200);
        assert_eq!(message(&s.mint_response()), "Token generated");
    }
}

#[test]
fn the_fifty_first_request_of_a_minute_is_throttled() {
    let s = Sim::minted(|o| o.retry_after = true);
    for _ in 0..50 {
        assert_eq!(json_of(&s.campaign())["status"], "success");
    }
    s.pass(59);
    let r = s.campaign();
    assert_eq!(message(&r), "max limit exceeded");
    assert!(r.headers.contains(&("Retry-After".into(), "1".into())));
    s.pass(1);
    assert_eq!(json_of(&s.campaign())["status"], "success");
    let c = s.service.counters();
    assert_eq!((c.throttled, c.max_in_60s, c.aht_requests, c.token_requests), (1, 51, 52, 1));
}

#[test]
fn what_counts_against_the_limit_is_switched() {
    let ask_ten = |change: fn(&mut SimOptions)| {
        let mut s = Sim::minted(|o| {
            o.limit_per_minute = 10;
            change(o);
        });
        for _ in 0..4 {
            s.ask(&json!({"userName": "acme", "agentId": "nobody"}));
        }
        for _ in 0..3 {
            s.mint();
        }
        (0..20).filter(|_| json_of(&s.campaign())["status"] == "success").count()
    };
    assert_eq!(ask_ten(nothing), 3);
    assert_eq!(ask_ten(|o| o.count_failures = false), 7);
    assert_eq!(ask_ten(|o| o.count_tokens = false), 6);
    assert_eq!(ask_ten(|o| (o.count_tokens, o.count_failures) = (false, false)), 10);
}

#[test]
fn a_fixed_minute_lets_two_bursts_meet_and_a_sliding_one_does_not() {
    for (limit_window, second) in [(LimitWindow::FixedMinute, 50), (LimitWindow::Sliding, 0)] {
        let s = Sim::minted(|o| o.limit_window = limit_window);
        s.pass(58);
        let burst = || (0..50).filter(|_| json_of(&s.campaign())["status"] == "success").count();
        assert_eq!(burst(), 50);
        s.pass(2);
        assert_eq!(burst(), second);
    }
}

#[test]
fn scopes_of_the_limit_count_apart() {
    for (limit_scope, from_elsewhere) in
        [(LimitScope::Account, false), (LimitScope::User, false), (LimitScope::Address, true)]
    {
        let s = Sim::minted(|o| (o.limit_scope, o.limit_per_minute) = (limit_scope, 5));
        let body = json!({"userName": "acme", "campaignName": "WINBACK"});
        let from = |peer: &str| {
            let r = s.service.handle(&SimRequest { peer: peer.into(), ..s.request(&body) });
            json_of(&r)["status"] == "success"
        };
        assert_eq!((0..9).filter(|_| from("127.0.0.1")).count(), 5);
        assert_eq!(from("127.0.0.2"), from_elsewhere, "{limit_scope:?}");
    }
}

#[test]
fn use_by_others_throttles_us_below_our_own_count() {
    let s = Sim::minted(nothing);
    s.service.inject(Fault::ForeignUse { per_minute: 30 }, Span::UntilCleared);
    s.pass(60);
    let good = (0..50).filter(|_| json_of(&s.campaign())["status"] == "success").count();
    assert_eq!(good, 20);
    s.service.clear_faults();
    s.pass(60);
    assert_eq!((0..50).filter(|_| json_of(&s.campaign())["status"] == "success").count(), 50);
    let c = s.service.counters();
    assert_eq!((c.foreign_requests, c.max_in_60s, c.max_in_60s_with_foreign), (31, 50, 80));
}

#[test]
fn another_client_that_mints_kills_our_token_until_the_ten_are_used_up() {
    let mut s = Sim::minted(nothing);
    s.service.inject(Fault::ForeignMint { every_s: 30 }, Span::UntilCleared);
    s.pass(1);
    assert_eq!((s.campaign().status, s.verdict()), (401, Verdict::TokenRejected));
    assert!(s.mint());
    assert_eq!(s.campaign().status, 200);
    s.pass(30);
    assert_eq!(s.campaign().status, 401);
    s.pass(1200);
    assert!(!s.mint());
    let c = s.service.counters();
    assert_eq!((c.minted, c.foreign_minted, c.mint_refused), (2, 8, 1));
    assert!(!s.service.foreign_mint());
    s.service.clear_faults();
    s.pass(3600);
    assert!(s.service.foreign_mint() && s.mint());
    s.service.revoke_token();
    assert_eq!(s.campaign().status, 401);
}

#[test]
fn a_value_is_recomputed_as_often_as_switched() {
    for recompute_s in [0, 60, 300] {
        let s = Sim::minted(|o| o.recompute_s = recompute_s);
        let target = Target::campaign("COLLECT-IN");
        let from = s.clock.now().mono;
        let mut told = Vec::new();
        for _ in 0..200 {
            s.pass(7);
            told.push((s.clock.now().mono, s.service.truth(&target, s.clock.now().mono)));
        }
        let changes = s.service.changes(&target, from, s.clock.now().mono);
        assert!(changes.len() > 3, "{recompute_s}: {}", changes.len());
        for (at, truth) in told {
            assert_eq!(changes.iter().rev().find(|c| c.0 <= at).unwrap().1, truth);
        }
        if recompute_s > 0 {
            let step = i64::from(recompute_s) * 1000;
            let on_grid = |at: BootTime| (at.0 - s.service.started().0 + 6 * 3_600_000) % step == 0;
            assert!(changes.iter().skip(1).all(|c| on_grid(c.0)));
        }
    }
}

#[test]
fn a_longer_window_remembers_more() {
    let values = [3600, 7200, 10_800].map(|window_s| {
        let s = Sim::minted(|o| o.window_s = window_s);
        s.service.truth(&Target::campaign("COLLECT-IN"), s.clock.now().mono)
    });
    assert!(values[0] != values[1] && values[1] != values[2], "{values:?}");
}

#[test]
fn latencies_are_those_that_were_asked_for_and_follow_from_the_seed() {
    let delays = |latency, seed| {
        let s = Sim::with(|o| (o.latency, o.model.seed) = (latency, seed));
        (0..300).map(|_| s.campaign().delay.as_millis()).collect::<Vec<_>>()
    };
    assert!(delays(Latency::Fixed(7), 1).iter().all(|&d| d == 7));
    let uniform = delays(Latency::default(), 1);
    assert!(uniform.iter().all(|d| (100..=1000).contains(d)));
    assert!(uniform.iter().any(|&d| d < 200) && uniform.iter().any(|&d| d > 900));
    assert_eq!(uniform, delays(Latency::default(), 1));
    assert_ne!(uniform, delays(Latency::default(), 2));
    let mut tail = delays(Latency::LongTail { median_ms: 400 }, 1);
    tail.sort_unstable();
    assert!((330..480).contains(&tail[150]) && tail[299] > 900, "{} {}", tail[150], tail[299]);
}

#[test]
fn faults_spoil_answers_and_are_in_the_log() {
    let s = Sim::minted(nothing);
    let spoiled = |fault: Fault| {
        s.pass(61);
        s.service.inject(fault.clone(), Span::Requests(1));
        let r = s.campaign();
        assert_eq!(s.service.log().last().unwrap().fault.as_deref(), Some(fault.name()));
        assert_eq!(json_of(&s.campaign())["status"], "success", "one request only");
        r
    };
    assert_eq!(spoiled(Fault::Status(503)).status, 503);
    let page = spoiled(Fault::GatewayTimeout);
    assert!(page.status == 504 && page.body.starts_with(b"<") && page.headers[0].1.starts_with("text/html"));
    assert!(spoiled(Fault::HtmlOk).body.starts_with(b"<!DOCTYPE"));
    let redirect = spoiled(Fault::Redirect { to: "https://evil.example/".into() });
    assert!(redirect.status == 302 && redirect.headers.iter().any(|h| h.0 == "Location"));
    assert!(spoiled(Fault::HugeBody { bytes: 3 << 20 }).body.len() > 3 << 20);
    assert!(std::str::from_utf8(&spoiled(Fault::InvalidUtf8).body).is_err());
    assert!(json_of(&spoiled(Fault::WrongShape)).get("message").is_none());
    assert_eq!(spoiled(Fault::Hang).wire, Some(WireFault::Hang));
    assert_eq!(spoiled(Fault::Drip { byte_ms: 9 }).wire, Some(WireFault::Drip(Duration::from_millis(9))));
    assert_eq!(spoiled(Fault::Reset).wire, Some(WireFault::Reset));
    assert_eq!(spoiled(Fault::Truncate).wire, Some(WireFault::Truncate));
    assert_eq!(spoiled(Fault::Garbage).wire, Some(WireFault::Garbage));
    assert_eq!(s.service.counters().spoiled, 12);
}

#[test]
fn hostile_names_come_one_after_the_other() {
    let s = Sim::minted(nothing);
    s.service.inject(Fault::HostileNames, Span::UntilCleared);
    let names: Vec<String> =
        (0..9).map(|_| json_of(&s.campaign())["message"]["CampaignName"].as_str().unwrap().to_owned()).collect();
    for needle in ["\u{1b}", "\u{202e}", "\u{301}", "\n", "\u{9b}", "👩"] {
        assert!(names.iter().any(|n| n.contains(needle)), "{needle:?}");
    }
    assert!(names.iter().any(|n| n.len() == 300) && names.iter().any(String::is_empty));
}

#[test]
fn a_token_that_was_generated_but_never_arrived_has_still_killed_the_others() {
    let s = Sim::minted(nothing);
    s.service.inject_into(FaultScope::Token, Fault::Reset, Span::Requests(1));
    assert_eq!(s.campaign().status, 200);
    assert_eq!(s.mint_response().wire, Some(WireFault::Reset));
    assert_eq!(s.campaign().status, 401);
    assert_eq!(s.service.counters().minted, 2);
}

#[test]
fn the_log_is_bounded_and_can_be_read_on() {
    let s = Sim::minted(|o| o.log_capacity = 5);
    for _ in 0..7 {
        s.campaign();
    }
    let seqs = |entries: Vec<LogEntry>| entries.iter().map(|e| e.seq).collect::<Vec<_>>();
    assert_eq!(seqs(s.service.log()), [4, 5, 6, 7, 8]);
    assert_eq!(seqs(s.service.log_after(6, 1)), [7]);
    assert_eq!(s.service.counters().requests, 8);
}

#[test]
fn no_body_and_no_header_panics() {
    use proptest::prelude::*;
    let s = Sim::minted(nothing);
    proptest!(|(method in "[A-Z]{0,5}", body in any::<Vec<u8>>(), value in any::<String>(), token in any::<bool>())| {
        let path = if token { "/ca_apis/CAToken/generateToken" } else { "/ca_apis/aht" };
        s.pass(2);
        s.service.handle(&SimRequest::new(&method, path).header("apiKey", &value).body(body));
        s.ask(&json!({"userName": "acme", "agentId": value}));
    });
}

/// What a test does to the account.
#[derive(Clone, Debug)]
enum Act {
    Mint,
    ForeignMint,
    /// With the token of this generation, counted from the newest.
    Ask(usize),
    Pass(u64),
}

fn act() -> impl proptest::strategy::Strategy<Value = Act> {
    use proptest::prelude::*;
    prop_oneof![
        2 => Just(Act::Mint),
        1 => Just(Act::ForeignMint),
        4 => (0usize..3).prop_map(Act::Ask),
        2 => (1u64..900).prop_map(Act::Pass),
    ]
}

#[test]
fn only_the_newest_token_of_the_hour_lives_and_no_hour_has_more_than_ten() {
    use proptest::prelude::*;
    proptest!(ProptestConfig::with_cases(64), |(acts in prop::collection::vec(act(), 1..120))| {
        let mut s = Sim::with(|o| o.limit_per_minute = u32::MAX);
        // Every generation: when, and its token where it is ours.
        let mut all: Vec<(BootTime, Option<String>)> = Vec::new();
        for act in acts {
            let now = s.clock.now().mono;
            let in_the_hour = all.iter().filter(|g| now.since(g.0) < Duration::from_secs(3600)).count();
            match act {
                Act::Pass(secs) => s.pass(secs),
                Act::Mint => {
                    let got = s.mint();
                    prop_assert_eq!(got, in_the_hour < 10);
                    if got {
                        all.push((now, Some(s.token.clone())));
                    }
                    s.pass(1);
                }
                Act::ForeignMint => {
                    let got = s.service.foreign_mint();
                    prop_assert_eq!(got, in_the_hour < 10);
                    if got {
                        all.push((now, None));
                    }
                }
                Act::Ask(back) => {
                    let Some((minted, Some(token))) = all.len().checked_sub(back + 1).map(|i| all[i].clone()) else {
                        continue;
                    };
                    s.token = token;
                    let alive = back == 0 && now.since(minted) < Duration::from_secs(3600);
                    prop_assert_eq!(s.campaign().status, if alive { 200 } else { 401 });
                }
            }
        }
        let ours = all.iter().filter(|g| g.1.is_some()).count() as u64;
        let c = s.service.counters();
        prop_assert_eq!((c.minted, c.foreign_minted), (ours, all.len() as u64 - ours));
    });
}

#[test]
fn no_window_of_sixty_seconds_has_more_good_answers_than_the_limit() {
    use proptest::prelude::*;
    let config = ProptestConfig::with_cases(32);
    proptest!(config, |(gaps in prop::collection::vec(0u64..3_000, 50..250), foreign in 1u32..40)| {
        let mut s = Sim::with(nothing);
        s.service.inject(Fault::ForeignUse { per_minute: foreign }, Span::UntilCleared);
        prop_assert!(s.mint());
        for gap in gaps {
            s.clock.advance(Duration::from_millis(gap));
            s.campaign();
        }
        let log = s.service.log();
        let good: Vec<i64> = log.iter().filter(|e| e.verdict == Verdict::Value).map(|e| e.at.0).collect();
        for &t in &good {
            prop_assert!(good.iter().filter(|&&o| o > t - 60_000 && o <= t).count() <= 50);
        }
        let arrivals: Vec<i64> = log.iter().map(|e| e.at.0).collect();
        let within = |t: i64| arrivals.iter().filter(|&&o| o > t - 60_000 && o <= t).count();
        let most = arrivals.iter().map(|&t| within(t)).max().unwrap_or(0);
        prop_assert_eq!(s.service.counters().max_in_60s as usize, most);
    });
}
