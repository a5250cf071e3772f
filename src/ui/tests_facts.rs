//! What each region must say, at every size that has room for it and with every set of glyphs.
//!
//! A fact is a text on one line. Where it has several parts, with `..` between them, they stand on one line in this
//! order.

use super::{testing::*, tests_cases::*};
use crate::{
    app::{State, View},
    config::{Symbols, Theme},
};

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];

/// True where a line has all parts of the fact, one behind the other.
fn says(text: &str, fact: &str) -> bool {
    let on = |line: &str| {
        let mut rest = line;
        fact.split(" .. ").all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    };
    text.lines().any(on)
}

/// At all sizes from `width` columns on, with all sets of glyphs, the picture has these facts: returns those that are
/// missing. Names that a set cannot show are replaced, because the ids that stand for them are longer.
fn missing(name: &str, state: &State, width: u16, facts: &[&str]) -> Vec<String> {
    const LOOKS: [(Theme, Symbols); 3] =
        [(Theme::Auto, Symbols::Unicode), (Theme::Light, Symbols::Block), (Theme::Mono, Symbols::Ascii)];
    let state = in_latin(state.clone());
    let mut all = vec![];
    for (w, h) in SIZES.into_iter().filter(|(w, _)| *w >= width) {
        for (theme, symbols) in LOOKS {
            let text = words(&picture(&state, &look(theme, symbols), w, h).0);
            let not_said = facts.iter().filter(|fact| !says(&text, fact));
            all.extend(not_said.map(|fact| format!("{name} {w}x{h} {symbols:?} does not say {fact:?}")));
        }
    }
    all
}

fn shows(name: &str, state: &State, width: u16, facts: &[&str]) {
    let missing = missing(name, state, width, facts);
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Facts of these cases: the case, from how many columns on, and what it says.
fn check(all: &[(&str, u16, &[&str])]) {
    let missing: Vec<_> =
        all.iter().flat_map(|(name, width, facts)| missing(name, &case(name), *width, facts)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_header_says_whose_numbers_which_view_what_time_and_how_old() {
    check(&[
        ("overview", 60, &["14:32:07", "[LIVE]", "oldest 6:12?"]),
        ("overview", 80, &["acme .. [1 Overview] .. 14:32:07 IST .. [LIVE] .. oldest 6:12?"]),
        ("demo", 60, &["DEMO"]),
        ("frozen", 60, &["FROZEN 14:32:07"]),
        ("alerts_pane", 80, &["2 unacked"]),
        ("nothing_watched", 80, &["no rows"]),
    ]);
    for view in View::ALL {
        let title = format!("[{} {}]", view.number(), view.title());
        shows(&title, &busy(view), 80, &[&title]);
    }
}

#[test]
fn the_counts_have_a_word_for_each_state() {
    let states =
        ["V.HIGH 1", "V.LOW 1", " HIGH 1", " LOW 1", "STALE 1", "ok 6", "waiting 1", "no calls 2", "unknown ID 1"];
    for name in ["overview", "agents"] {
        // An unknown ID stays: where it is acknowledged nothing else tells of it.
        shows(name, &case(name), 80, &[&states[..7], &states[8..]].concat());
        shows(name, &case(name), 120, &["agents 15"]);
        shows(name, &case(name), 120, &states);
    }
    check(&[("campaigns", 60, &["campaigns 4 .. HIGH 1 .. no answer 1 .. ok 2"])]);
}

#[test]
fn a_banner_says_what_is_wrong_and_what_to_do() {
    check(&[
        ("agents", 80, &["! Run `ahtop doctor --live`: no answer for campaign WINBACK (2 tries"]),
        ("agents", 60, &["agent ID a-1099@acme.example is unknown"]),
        ("agents", 80, &["! Fix config.toml line 38: agent ID a-1099@acme.example is unknown"]),
        ("agents", 120, &["line 38: agent ID a-1099@acme.example is unknown (checked 14:27, next check in 25 min)"]),
        ("banners", 80, &["Fix config.toml line 38", "last value 6:12 ago", "next check in 25 min", "Esc closes"]),
        ("banners_none", 60, &["Nothing is wrong"]),
        ("notices", 60, &["notice 1: the store was moved aside", "! notice 2: the store was moved aside"]),
        ("notices", 120, &["1 more: b"]),
    ]);
}

#[test]
fn the_state_of_the_link_is_in_header_banner_and_footer() {
    const SLOWED: &str = "slowed to 20/min .. generated 4 of 10 this hour, 3 invalidated";
    check(&[
        ("link_starting", 80, &["[WAITING]"]),
        ("link_starting", 120, &[SLOWED]),
        (
            "link_throttled",
            80,
            &["[THROTTLED 0:12]", "! Wait, or raise [budget] reserve for other clients: max limit exceeded"],
        ),
        ("link_throttled", 120, &["max limit exceeded (3 in the last hour), next check in 12 s", SLOWED]),
        (
            "link_token_wait",
            80,
            &["[NO TOKEN 0:30]", "! Stop the other client, or set [auth] token_command: no token since"],
        ),
        ("link_token_wait", 120, &["since 14:29, next try in 30 s: another program", SLOWED]),
        (
            "link_token_ceiling",
            80,
            &["[NO TOKEN 25:00]", "Stop the other client, or set [auth] token_command: no token since 14:29"],
        ),
        ("link_token_ceiling", 120, &[SLOWED]),
        (
            "link_credentials",
            80,
            &["[REFUSED]", "Correct [account] user_name, the key or [auth] mode: refused since 14:29"],
        ),
        ("link_credentials", 120, &["next try in 10 min: Invalid userName or ap", SLOWED]),
        ("link_down", 80, &["[DOWN 2:10]", "Run `ahtop doctor --live`: no answer from the service since 14:29"]),
        ("link_down", 120, &["next check in 20 s: no answer within 10s", SLOWED]),
        ("link_closed", 80, &["[CLOSED 2h00]", "quiet hours until Thu 16:32", "cycle 1:04"]),
        ("link_closed_for_good", 80, &["[CLOSED]", "CLOSED: correct [quiet] hours if this is wrong: they never end"]),
        ("agents", 60, &["checked by this dashboard"]),
        ("watching", 60, &["checked by pid 2211 (serve)"]),
        ("nobody_checks", 60, &["[NOT CHECKED 1:35]", "nobody checks the service"]),
        ("agents", 80, &["checked by this dashboard .. cycle 1:04 .. 19 watched"]),
    ]);
}

#[test]
fn every_row_says_its_name_its_value_its_age_and_its_state() {
    check(&[
        ("agents", 60, &["AGENT .. AHT .. AGE .. STATE", "Imran Q .. 7:48 .. 0:41 .. V.HIGH"]),
        ("agents", 80, &["AGENT .. GROUP .. AHT 2H .. VS TGT .. 30M .. TREND 2H .. AGE .. STATE"]),
        ("agents", 80, &["Imran Q .. north .. 7:48 .. +63% .. +1:14 .. 0:41 .. V.HIGH 40m"]),
        ("agents", 80, &["Paulo M .. south .. 1:02 .. -78% .. -1:17 .. 1:06 .. V.LOW 1h"]),
        ("agents", 80, &["Devika R .. 6:31 .. +36% .. +0:20 .. 0:12 .. HIGH 23m", "Sunita K .. 2:40 .. LOW >2h"]),
        ("agents", 80, &["Kavya N .. 4:02? .. 6:12 .. STALE 6m", "Arun V .. 5:10 .. +8% .. +0:08 .. 0:20 .. ok"]),
        ("agents", 80, &["Beatriz L .. 4:58 .. 0:00 .. 0:57 .. ok", "Nobody Yet .. - .. - .. - .. - .. waiting"]),
        ("agents", 80, &["Luis F .. - .. - .. 0:52 .. no calls 1h", "Meera S .. - .. 0:28 .. no calls >1m"]),
        ("agents", 120, &["A-1099 .. - .. - .. - .. ! .. unknown ID 5h"]),
        ("agents", 200, &["2H AGO", "Imran Q .. +1:14 .. 5:02"]),
        ("campaigns", 60, &["COLLECT-SOUTH .. 6:12 .. 0:39 .. HIGH", "COLLECT-IN .. 4:51 .. 0:14 .. ok"]),
        ("campaigns", 80, &["CAMPAIGN .. AHT 2H .. STATE", "WINBACK .. 6:40? .. -5% .. 6:12 .. no answer"]),
        ("campaigns", 120, &["Campaigns 4"]),
        ("overview", 60, &["COLLECT-SOUTH .. 6:12 .. HIGH", "Imran Q .. 7:48 .. V.HIGH"]),
        ("overview", 120, &["the AHT of all calls of each campaign", "Agents 15", "newest first"]),
        ("no_agents", 60, &["No agent is watched"]),
        ("no_campaigns", 60, &["No campaign is watched"]),
        ("filter_no_match", 60, &["No agent matches the filter", "No campaign matches the filter"]),
        ("ages_as_time", 80, &["AHT .. READ .. STATE", "Imran Q .. 14:31:26 .. V.HIGH"]),
        ("columns", 80, &["STATE .. AGE .. AGENT .. TREND 2H .. AHT 2H", "V.HIGH .. 0:41 .. Imran Q .. 7:48"]),
        ("names_initials", 60, &["IQ .. 7:48"]),
        ("names_id", 60, &["imran.q .. 7:48"]),
        ("names_hidden", 60, &["agent 1 .. 7:48"]),
        ("marks", 120, &["Paulo M .. V.LOW 1h ack", "Hana T .. ok few calls", "Devika R .. HIGH 23m"]),
    ]);
}

#[test]
fn a_pinned_row_has_its_sign_right_before_its_name() {
    for (symbols, row) in [(Symbols::Unicode, "•Imran Q"), (Symbols::Block, "•Imran Q"), (Symbols::Ascii, "*Imran Q")]
    {
        let text = words(&picture(&case("marks"), &look(Theme::Mono, symbols), 80, 24).0);
        assert!(says(&text, row), "no {row:?} in\n{text}");
    }
}

#[test]
fn sections_say_their_group_and_its_median() {
    check(&[
        ("sections", 80, &["north .. 8 agents .. median of 6 agents 5:04 .. V.HIGH 1"]),
        ("sections", 120, &["south .. 6 agents .. median of 5 agents 4:30 .. V.LOW 1", "no group .. 1 agent"]),
    ]);
}

#[test]
fn the_detail_says_how_it_came_to_its_state() {
    check(&[
        (
            "detail_high_crit",
            60,
            &["Imran Q .. imran.q@acme.example .. north", "AHT 7:48 .. age 0:41 .. vs target +63%"],
        ),
        ("detail_high_crit", 80, &["V.HIGH 40m .. above the band since 13:51, VERY HIGH since 14:25"]),
        ("detail_high_crit", 80, &["[2 h] 8 h 24 h 7 d", "2 h ago: 5:02 (+2:46 since)", "30 min change: +1:14"]),
        ("detail_high_crit", 80, &["target 4:47, band 3:20-6:15", "read at 14:31:26", "next check: in about 23s"]),
        (
            "detail_high_crit",
            80,
            &["118 changes in the last 2 h", "AHT of the calls since 12:32", "12:32 .. 13:32 .. 14:32"],
        ),
        ("detail_high", 60, &["HIGH 23m .. above the band since 14:08"]),
        ("detail_low_crit", 80, &["V.LOW 1h .. below the band since 13:27, VERY LOW since 14:10", "next check: due"]),
        ("detail_low", 60, &["LOW >2h .. below the band for over 2 h", "2:40"]),
        ("detail_inside", 60, &["AHT 4:44 .. age 0:25 .. vs target -1%", "ok"]),
        ("detail_stale", 60, &["AHT 4:02? .. age 6:12", "STALE 6m"]),
        ("detail_no_calls", 60, &["no calls 1h"]),
        ("detail_waiting", 60, &["AHT - .. not read yet", "waiting", "no values in 2 h"]),
        ("detail_invalid", 60, &["unknown ID 5h .. since 09:15", "last answer: the service does not"]),
        ("detail_invalid", 80, &["configured in config.toml line 38"]),
        ("detail_failing", 60, &["WINBACK", "AHT 6:40? .. age 6:12", "no answer 3m .. since 14:28"]),
        ("detail_failing", 80, &["last answer: no answer within 10s (2", "times since 14:28)"]),
        ("detail_day_unread", 60, &["reading the history", "2 h 8 h [24 h] 7 d"]),
        (
            "overview",
            120,
            &["Imran Q .. imran.q@acme.example", "target 4:47, band 3:20-6:15", "next check: in about 23s"],
        ),
    ]);
}

#[test]
fn every_span_of_the_chart_says_which_it_is_and_where_it_begins() {
    use crate::app::Span;
    for (span, back, tabs, axis) in [
        (Span::TwoHours, 4, "[2 h] 8 h 24 h 7 d .. ending 2h00m ago", "10:3 .. 12:3"),
        (Span::EightHours, 0, "2 h [8 h] 24 h 7 d", "06: .. 14:32"),
        (Span::Day, 0, "2 h 8 h [24 h] 7 d", "Wed 14: .. Thu 02: .. Thu 14:32"),
        (Span::Week, 0, "2 h 8 h 24 h [7 d]", "14:32"),
    ] {
        for symbols in [Symbols::Unicode, Symbols::Block, Symbols::Ascii] {
            let state = back_then(span, back, (120, 40), symbols);
            let text = words(&picture(&state, &look(Theme::Mono, symbols), 120, 40).0);
            for fact in [tabs, axis] {
                assert!(says(&text, fact), "{symbols:?}: no {fact:?} in\n{text}");
            }
            assert!(!text.contains("reading the history"), "{text}");
        }
    }
}

#[test]
fn the_lines_below_say_what_is_typed_what_is_filtered_and_what_was_said() {
    check(&[
        ("agents", 80, &["15 agents .. sort: state .. median of 11 agents 4:47 (1 not fresh)"]),
        ("agents", 120, &["selected: target 4:47, band 3:20-6:15", "q quit .. / filter .. o sort .. ? help"]),
        ("filter", 60, &["filter: north .. 8 of 15 agents"]),
        ("filter_typed", 60, &["filter: north .. 8 of 15 agents", "Enter keep .. Esc clear"]),
        ("command", 60, &[":sort d", "Enter run .. Tab complete .. Esc leave"]),
        ("said", 60, &["no column agee; did you mean 'age'?"]),
        ("log_typed", 60, &["filter: tok .. 1 of 4 events", "Enter keep .. Esc clear"]),
    ]);
}

#[test]
fn an_alert_says_when_what_who_and_what_was_done_about_it() {
    check(&[
        ("alerts", 60, &["7m .. throttled", "V.HIGH 40m .. Imran Q", "HIGH .. 25m .. Gopal S"]),
        ("alerts", 120, &["throttled .. the service says: max limit exceeded .. unacknowledged"]),
        ("alerts", 120, &["40m .. Imran Q .. 7:48, over 7:30 .. unacknowledged", "Gopal S .. cleared 12:22"]),
        ("alerts", 120, &["23m .. Devika R .. 6:31, over 6:15 .. muted until 15:32"]),
        ("alerts", 120, &["1h .. Paulo M .. 1:02, under 2:00 .. acked by Meera 14:22: voicemail list"]),
        ("alerts_pane", 120, &["Alerts", "Imran Q .. 7:48, over 7:30", "muted until 15:32"]),
        ("alerts_none", 60, &["No alerts in the last 24 hours"]),
        (
            "alerts_mute_menu",
            60,
            &["Mute Imran Q", "until it is cleared", "for 30 minutes", "for 2 hours", "for 8 hours"],
        ),
        ("alerts_note", 60, &["Acknowledge Imran Q .. Enter", "note: on the voicemail list since noon"]),
    ]);
}

#[test]
fn the_budget_says_what_is_spent_and_who_polls() {
    check(&[
        ("budget", 60, &["last 60 s", "replies", "values .. 2514", "no calls .. 122"]),
        (
            "budget",
            120,
            &["cycle .. 1:04 for 19 watched", "next check", "stale after .. 3:12", "history .. 120000 readings"],
        ),
        ("budget", 120, &["generated .. 1 of 10 this hour", "checked by", "acme.db", "expected error"]),
        ("budget_troubled", 60, &["50 of 50; 5 reserved", "pace .. 20 a minute, slowed from 45"]),
        ("budget_troubled", 60, &["throttled .. 7 times in the last hour", "replies .. 148 in the last hour"]),
        ("budget_troubled", 120, &["faulty .. 40", "no answer .. 80", "latency .. no answer in the last hour"]),
        ("budget_troubled", 120, &["token .. none now", "generated .. 9 of 10 this hour, 4 invalidated by other c"]),
        ("budget_troubled", 120, &["pid 99 (serve) on floor", "pid 312 (command) on floor", "memory .. 13.4 MB"]),
        ("budget_empty", 60, &["last 60 s"]),
    ]);
}

#[test]
fn the_log_says_when_what_and_who() {
    check(&[
        (
            "log",
            60,
            &["14:27:07 .. throttled .. max limit", "13:02:07 .. unknown ID", "12:32:08 .. generated .. token 1"],
        ),
        ("log", 120, &["12:32:07 .. checking .. pid 4711 .. pid 4711 (dashboard) polls", "unknown ID .. is unknown"]),
        ("log_filtered", 60, &["14:27:07 .. throttled .. max limit"]),
        ("log_no_match", 60, &["No event matches the filter"]),
        ("log_empty", 60, &["Nothing has happened yet"]),
        ("overview", 120, &["14:27:07 .. throttled .. max limit exceeded: waiting 5 s"]),
    ]);
    let text = words(&picture(&case("log_filtered"), &look(Theme::Mono, Symbols::Unicode), 120, 40).0);
    assert!(!text.contains("generated") && !text.contains("13:02:07"), "{text}");
}

#[test]
fn menus_have_all_their_entries_and_help_all_its_words() {
    check(&[
        ("sort_menu", 60, &["Sort by", "state", "name", "group", "AHT 2 hours ago", "change in 30 minutes", "age"]),
        ("columns_menu", 60, &["[=] name", "[x] group", "[=] AHT", "[x] difference to the target", "[x] trend"]),
        ("help", 60, &["Help"]),
    ]);
    // On a screen that has room for all of the help, it explains every state.
    let text = words(&picture(&case("help"), &look(Theme::Mono, Symbols::Unicode), 100, 200).0);
    for state in all_states() {
        assert!(text.contains(state.word()), "{} in\n{text}", state.word());
    }
}

#[test]
fn a_small_screen_shows_the_worst_rows() {
    let text = |name: &str, w, h| words(&picture(&case(name), &look(Theme::Mono, Symbols::Ascii), w, h).0);
    let small = text("overview", 39, 7);
    assert!(
        says(&small, "LIVE") && says(&small, "7:48 .. Imran Q .. 0:41") && says(&small, "1:02 .. Paulo M .. 1:06"),
        "{small}"
    );
    assert!(says(&text("overview", 20, 5), "7:48"), "{}", text("overview", 20, 5));
    assert!(says(&text("overview", 7, 3), "7:48"), "{}", text("overview", 7, 3));
    let none = text("nothing_watched", 39, 7);
    assert!(says(&none, "LIVE") && says(&none, "No rows"), "{none}");
}

#[test]
fn the_wallboard_says_whose_numbers_how_many_are_fresh_and_who_is_outside() {
    check(&[
        ("wall_calm", 80, &["ACME OUTBOUND .. 4 of 4 under 3:12 old .. [LIVE]"]),
        ("wall_calm", 80, &["3:30 .. 6:00", "2 h ago 4:37 (+0:14)", "oldest on this page"]),
        ("wall_calm", 80, &["All agents are in their band", "5:04"]),
        ("wall_alerts", 80, &["V.HIGH .. Imran Q .. 7:48 .. +3:01", "rising, 30 min (+1:45)"]),
        (
            "wall_alerts",
            120,
            &["15 of 18 under 3:12 old .. [LIVE]", "Devika R .. 6:31", "Paulo M .. 1:02", "Sunita K .. 2:40"],
        ),
        ("wall_hidden", 80, &["agent .. 7:48"]),
        ("wall_dead", 80, &["[NOT CHECKED 7:02]", "NO FRESH DATA SINCE 14:32"]),
        ("wall_dead", 80, &["No agent has a fresh value", "0 of 18 under 3:12 old"]),
        ("wall_dead", 120, &["median of the agents' averages .. 4:47?"]),
        ("wall_stale", 80, &["1 of 2 under 3:12 old"]),
        ("wall_empty", 80, &["Nothing is watched"]),
    ]);
    // How many are outside: in one line, or in a list beside the agents where there is room for one.
    let text = |w, h| words(&picture(&case("wall_alerts"), &look(Theme::Mono, Symbols::Ascii), w, h).0);
    assert!(says(&text(80, 24), "2 longer .. 2 shorter .. 6 ok .. 1 not known .. 2 no calls .. of 15 agents"));
    assert!(says(&text(120, 40), "longer than their band .. 2") && says(&text(120, 40), "not read yet .. 1"));
}
