//! The measurement against cases worked out by hand, and what must hold of the schedule over whole days.

use super::*;

fn day(goal: f64, changes: &[(f64, f64)]) -> Day {
    let target = Target::agent("a");
    Day { name: "day".into(), truths: vec![Truth { target, goal, changes: changes.to_vec() }], logins: BTreeMap::new() }
}

fn shown(readings: &[(f64, f64)]) -> Shown {
    let mut shown = Shown::new(1);
    for &(t, value) in readings {
        shown.push(0, t, value);
    }
    shown
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn errors_ages_and_crossings_of_a_case_worked_out_by_hand() {
    // The limit is 120. True: 100, from 20 on 130, from 60 on 90. Shown: 100 from 10, 130 from 35, 90 from 90.
    let day = day(100.0, &[(0.0, 100.0), (20.0, 130.0), (60.0, 90.0)]);
    let shown = shown(&[(10.0, 100.0), (35.0, 130.0), (90.0, 90.0)]);
    let f = figures(&day, &shown, (10.0, 110.0), 50.0);
    // 15 s of 30, then 30 s of 40, over 100 s.
    assert!(near(f.mae_s, (15.0 * 30.0 + 30.0 * 40.0) / 100.0), "{f:?}");
    assert!(near(f.p95_mae_s, f.mae_s));
    assert!(near(f.wrong_side_pct, 45.0));
    assert!(near(f.detect_mean_s, (15.0 + 30.0) / 2.0));
    assert!(near(f.detect_p95_s, 30.0));
    // Ages run 0 to 25, 0 to 55 and 0 to 20.
    assert!(near(f.age_mean_s, (25.0f64.powi(2) + 55.0f64.powi(2) + 20.0f64.powi(2)) / 2.0 / 100.0));
    assert!(near(f.age_max_cycles, 55.0 / 50.0));
    assert_eq!(f.polls, 3);
}

#[test]
fn a_crossing_that_goes_back_unseen_counts_as_long_as_it_lasted() {
    let day = day(100.0, &[(0.0, 100.0), (20.0, 130.0), (26.0, 100.0)]);
    let f = figures(&day, &shown(&[(0.0, 100.0)]), (10.0, 110.0), 50.0);
    assert!(near(f.detect_mean_s, 6.0) && near(f.wrong_side_pct, 6.0) && near(f.mae_s, 1.8), "{f:?}");
}

#[test]
fn what_is_before_and_after_the_span_does_not_count() {
    let day = day(100.0, &[(0.0, 500.0), (50.0, 100.0), (200.0, 700.0)]);
    let f = figures(&day, &shown(&[(40.0, 100.0)]), (60.0, 110.0), 50.0);
    assert_eq!((f.mae_s, f.wrong_side_pct, f.detect_mean_s), (0.0, 0.0, 0.0));
    assert!(near(f.age_mean_s, 45.0), "{f:?}");
}

#[test]
fn nothing_shown_is_zero_and_as_old_as_the_day() {
    let f = figures(&day(100.0, &[(0.0, 200.0)]), &shown(&[]), (10.0, 20.0), 10.0);
    assert!(near(f.mae_s, 200.0) && near(f.wrong_side_pct, 100.0) && near(f.age_mean_s, 15.0), "{f:?}");
}

#[test]
fn percentiles_take_the_nearest_rank_over_targets() {
    let truths = (0..20).map(|i| Truth {
        target: Target::agent(format!("a{i}")),
        goal: 1e6,
        changes: vec![(0.0, f64::from(i))],
    });
    let day = Day { name: "day".into(), truths: truths.collect(), logins: BTreeMap::new() };
    let f = figures(&day, &Shown::new(20), (0.0, 10.0), 1.0);
    assert!(near(f.p95_mae_s, 18.0) && near(f.mae_s, 9.5), "{f:?}");
}

#[test]
fn requests_keep_the_pace_and_round_robin_the_order() {
    let day = generate(20, 3);
    let shown = play(&day, Policy::RoundRobin, &Conditions::default());
    // Every 1.22 s from 0 on, before 43200 s.
    assert_eq!(shown.polls(), (43_200.0f64 / 1.22).ceil() as usize);
    let figures = measure(&day, Policy::RoundRobin, &Conditions::default());
    assert!((figures.age_mean_s - 10.0 * 1.22).abs() < 0.05, "{figures:?}");
    assert!(figures.age_max_cycles < 1.1);
}

#[test]
fn a_minimum_interval_leaves_requests_unused() {
    let conditions = Conditions { min_interval: Duration::from_secs(60), ..Conditions::default() };
    for policy in [Policy::RoundRobin, Policy::Echo] {
        let polls = play(&generate(20, 3), policy, &conditions).polls();
        assert!((13_500..=14_400).contains(&polls), "{policy:?}: {polls}");
    }
}

#[test]
fn the_echo_schedule_beats_the_even_sweep_on_a_new_day_and_keeps_the_bound() {
    for (n, at_most) in [(20, 0.75), (60, 0.75)] {
        let day = generate(n, 77);
        let [even, echo] =
            [Policy::RoundRobin, Policy::Echo].map(|policy| measure(&day, policy, &Conditions::default()));
        assert!(echo.mae_s <= at_most * even.mae_s, "{n}: {} of {}", echo.mae_s, even.mae_s);
        assert!(echo.age_max_cycles <= 3.0, "{n}: {}", echo.age_max_cycles);
        assert!(echo.wrong_side_pct < even.wrong_side_pct);
    }
}

#[test]
fn an_age_counts_while_the_row_does_not_rest_and_a_change_waits_whatever_it_does() {
    let day = day(100.0, &[(0.0, 0.0), (40.0, 80.0)]);
    let mut shown = shown(&[(10.0, 0.0), (95.0, 80.0)]);
    shown.rest(0, 20.0, true);
    shown.rest(0, 60.0, false);
    let f = figures(&day, &shown, (10.0, 100.0), 10.0);
    // 10 s before it rested, and 35 s since; the change at 40 was read at 95.
    assert!(near(f.age_max_cycles, 3.5) && near(f.wait_max_s, 55.0), "{f:?}");
}

#[test]
fn who_knows_who_is_logged_in_is_nearer_to_the_truth() {
    for (n, of_even, of_echo) in [(20, 0.47, 0.75), (60, 0.42, 0.7)] {
        let days: Vec<Day> = (70..72).map(|seed| generate(n, seed)).collect();
        let all = |policy| {
            let each: Vec<Figures> = days.iter().map(|day| measure(day, policy, &Conditions::default())).collect();
            Figures::average(&each).unwrap()
        };
        let [even, echo, presence] = [Policy::RoundRobin, Policy::Echo, Policy::Presence].map(all);
        println!("{n}: {:.3} {:.3} {:.3}", even.mae_s, echo.mae_s, presence.mae_s);
        assert!(presence.mae_s <= of_even * even.mae_s, "{n}: {} of {}", presence.mae_s, even.mae_s);
        assert!(presence.mae_s <= of_echo * echo.mae_s, "{n}: {} of {}", presence.mae_s, echo.mae_s);
        assert!(presence.age_max_cycles <= 3.0, "{n}: {}", presence.age_max_cycles);
    }
}

#[test]
fn a_list_that_is_wrong_or_late_costs_less_than_it_gives() {
    let days: Vec<Day> = (80..82).map(|seed| generate(50, seed)).collect();
    let all = |policy, wrong, late| {
        let conditions = Conditions { wrong, late: Duration::from_secs(late), ..Conditions::default() };
        let each: Vec<Figures> = days.iter().map(|day| measure(day, policy, &conditions)).collect();
        Figures::average(&each).unwrap()
    };
    let echo = all(Policy::Echo, 0.0, 0);
    for (wrong, late) in [(0.1, 0), (0.0, 300), (1.0, 0)] {
        let presence = all(Policy::Presence, wrong, late);
        println!("{wrong} {late}: {:.3} of {:.3}, {} s", presence.mae_s, echo.mae_s, presence.wait_max_s);
        // Where it is wrong of everybody it cannot help, but what it costs is bounded.
        let most = if wrong < 1.0 { echo.mae_s } else { 1.3 * echo.mae_s };
        assert!(presence.mae_s <= most, "{wrong} {late}: {} of {}", presence.mae_s, echo.mae_s);
        // Ten minutes and two cycles.
        assert!(presence.wait_max_s <= 600.0 + 2.0 * 61.0, "{wrong} {late}: {}", presence.wait_max_s);
        assert!(presence.age_max_cycles <= 3.0, "{wrong} {late}: {}", presence.age_max_cycles);
    }
}

#[test]
fn a_day_without_logins_is_as_if_nobody_came_and_costs_little() {
    // A list that names nobody, of agents who all work: it is wrong of all of them.
    let mut day = generate(30, 5);
    day.logins.clear();
    let [echo, presence] = [Policy::Echo, Policy::Presence].map(|p| measure(&day, p, &Conditions::default()));
    assert!(presence.mae_s <= 1.3 * echo.mae_s, "{} of {}", presence.mae_s, echo.mae_s);
    assert!(presence.wait_max_s <= 600.0 + 2.0 * 36.6, "{}", presence.wait_max_s);
}

#[test]
fn logins_are_read_strictly() {
    let trace = "target,kind,goal_s,t_s,aht_s\na,agent,297,0.00,0\nc,campaign,297,1,9\n";
    let day = Day::parse("x", trace).unwrap();
    let read = |lines: &str| day.clone().with_logins(&format!("target,in_s,out_s\n{lines}"));
    let logins = read("a,1.5,20\na,30,40\n").unwrap().logins;
    assert_eq!(logins, BTreeMap::from([(Target::agent("a"), vec![(1.5, 20.0), (30.0, 40.0)])]));
    assert_eq!(day.clone().with_logins("a,1,2\n"), Err(TraceError::LoginColumns));
    for (line, what) in [
        ("a,1", "three cells are needed"),
        ("a,1,x", "a number is missing or out of range"),
        ("a,2,1", "times go back"),
        ("c,1,2", "the trace has no such agent"),
    ] {
        let error = read(line).unwrap_err();
        assert!(matches!(error, TraceError::Line { line: 2, what: w } if w == what), "{error}");
    }
}

#[test]
fn who_sees_the_truth_is_far_better_and_the_same_seed_gives_the_same_figures() {
    let day = generate(30, 5);
    let of = |policy| measure(&day, policy, &Conditions::default());
    assert!(of(Policy::Clairvoyant).mae_s < 0.3 * of(Policy::RoundRobin).mae_s);
    assert!(of(Policy::SkipIdle).mae_s < of(Policy::RoundRobin).mae_s);
    assert_eq!(of(Policy::Echo), of(Policy::Echo));
}

#[test]
fn the_order_of_the_day_does_not_matter_to_the_schedule() {
    let day = generate(25, 9);
    let mut other = day.clone();
    other.truths.reverse();
    let [a, b] = [&day, &other].map(|d| measure(d, Policy::Echo, &Conditions::default()));
    assert!(near(a.mae_s, b.mae_s) && near(a.age_mean_s, b.age_mean_s));
}

#[test]
fn a_trace_is_read_strictly() {
    let text = "target,kind,goal_s,t_s,aht_s\na,agent,297,0.00,0\na,agent,297,4.5,12\nc,campaign,297,1,9\n";
    let day = Day::parse("x", text).unwrap();
    assert_eq!(day.truths.len(), 2);
    assert_eq!((day.truths[0].at(4.4), day.truths[0].at(4.5), day.truths[1].at(0.5)), (0.0, 12.0, 0.0));
    assert_eq!(Day::parse("x", "a,b\n"), Err(TraceError::Columns));
    let head = "target,kind,goal_s,t_s,aht_s\n";
    for (line, what) in [
        ("a,agent,1,2", "five cells are needed"),
        ("a,team,1,2,3", "the kind is neither agent nor campaign"),
        ("a,agent,1,NaN,3", "a number is missing or out of range"),
        ("a,agent,1,9,3\na,agent,1,8,3", "times go back"),
    ] {
        let error = Day::parse("x", &format!("{head}{line}\n")).unwrap_err();
        assert!(matches!(error, TraceError::Line { what: w, .. } if w == what), "{error}");
    }
}
