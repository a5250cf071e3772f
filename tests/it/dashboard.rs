//! The binary in a pseudo-terminal against the simulated service on a real socket: the first fill, the demo at every
//! size, and every fault while somebody looks.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use crate::{
    live::{Home, KEY, Service, until},
    pty::{self, Pty},
};
use ahtop::{
    domain::Target,
    sim::{Fault, FaultScope, Scenario, Span, Truth, options::RosterChoice},
};
use clap::ValueEnum as _;
use rustix::process::Signal;

fn ahtop(home: &Home, (cols, rows): (u16, u16), args: &[&str], key: bool) -> Pty {
    let variables = home.variables().into_iter().chain(key.then(|| ("AHTOP_API_KEY", KEY.to_owned())));
    Pty::start(pty::command(env!("CARGO_BIN_EXE_ahtop"), args.iter().copied(), variables), cols, rows)
}

fn demo(cols: u16, rows: u16, args: &[&str]) -> Pty {
    ahtop(&Home::new(), (cols, rows), &[&["demo"], args].concat(), false)
}

fn clock(secs: u32) -> String {
    format!("{}:{:02}", secs / 60, secs % 60)
}

/// A configuration with everything in the roster of `service`. Where no fault is injected, a busy machine may take a minute
/// for a request.
fn everything(service: &Service, home: &Home, more: &str) -> String {
    let roster = service.sim.roster();
    let list = |names: Vec<&String>| names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\napi_key_env = \"AHTOP_API_KEY\"\n\
         [poll]\nmin_interval = \"5s\"\ntimeout = \"60s\"\n{more}\n\
         [watch]\ncampaigns = [{}]\nagents = [{}]\n",
        service.base_url,
        list(roster.campaigns.iter().map(|c| &c.name).collect()),
        list(roster.agents.iter().map(|a| &a.id).collect()),
    );
    home.write("c.toml", &text).to_str().unwrap().to_owned()
}

fn service(campaigns: usize, agents: usize) -> Service {
    Service::start(|o| o.model.roster = RosterChoice::Generated { campaigns, agents, around_the_clock: true })
}

#[test]
fn a_first_start_fills_twenty_targets_with_one_request_each() {
    let (service, home) = (service(4, 16), Home::new());
    let file = everything(&service, &home, "");
    // So long that nothing is asked twice however slow the machine is.
    let pty = ahtop(&home, (120, 40), &["--config", &file, "--min-interval", "1h", "--presence", "off"], true);
    for entry in service.sim.roster().campaigns {
        pty.shows(&entry.name);
    }
    until("twenty answers", || service.sim.counters().good >= 20);
    let told: Vec<(Target, Truth)> = service.sim.log().into_iter().filter_map(|e| Some((e.target?, e.told?))).collect();
    assert_eq!((told.len(), service.sim.counters().requests), (20, 21), "one request each, and one for the token");
    pty.until("all values", |pty| {
        let text = pty.text();
        told.iter().filter(|(t, _)| t.kind == ahtop::domain::Kind::Agent).all(|(_, truth)| match truth {
            Truth::Secs(secs) => text.contains(&clock(*secs)),
            _ => true,
        })
    });
    pty.signal(Signal::TERM);
    pty.ends_with(143);
}

#[test]
fn the_demo_draws_at_every_size_and_every_way_out_restores_the_terminal() {
    for (cols, rows, sign) in
        [(80, 24, "DEMO"), (120, 40, "COLLECT-IN"), (200, 60, "COLLECT-IN"), (20, 5, ":"), (1, 1, "")]
    {
        let mut pty = demo(cols, rows, &["--scenario", "calm"]);
        pty.until("a picture", |pty| {
            pty.screen(vt100::Screen::alternate_screen) && pty.text().contains(sign) && !pty.text().trim().is_empty()
        });
        match cols {
            80 => pty.press("q"),
            120 => pty.press("\x03"),
            200 => pty.signal(Signal::TERM),
            20 => pty.signal(Signal::HUP),
            _ => pty.press("?qq"),
        }
        pty.ends_with(match cols {
            200 => 143,
            20 => 129,
            _ => 0,
        });
    }
}

#[test]
fn a_configuration_that_is_read_again_shows_at_once_and_a_bad_one_changes_nothing() {
    let (service, home) = (service(3, 6), Home::new());
    let names: Vec<String> = service.sim.roster().campaigns.iter().map(|c| c.name.clone()).collect();
    let write = |campaigns: &[String], more: &str| {
        let text = format!(
            "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\napi_key_env = \"AHTOP_API_KEY\"\n{more}\n\
             [watch]\ncampaigns = {campaigns:?}\n[[campaign]]\nname = {:?}\nlabel = {:?}\n",
            service.base_url,
            campaigns[0],
            if campaigns[0] == names[0] { "=The first" } else { "Another" },
        );
        home.write("c.toml", &text)
    };
    let file = write(&names[..2], "");
    let mut pty = ahtop(&home, (140, 40), &["--config", file.to_str().unwrap()], true);
    until("two answers", || service.sim.counters().good >= 2);
    pty.shows("=The first");
    assert!(!pty.text().contains(&names[2]));
    write(&names, "");
    pty.press(":reload\r");
    pty.shows(&names[2]);
    pty.shows("The configuration was read again");
    until("its answer", || service.sim.counters().good >= 3);
    write(&names[..1], "[bands]\ntargte = \"4:47\"");
    pty.signal(Signal::HUP);
    pty.shows("Correct the configuration (the old one stays in use)");
    pty.shows("did you mean");
    assert!(pty.text().contains(&names[2]), "{}", pty.text());
    write(&names[1..], "[bands]\ntarget = \"4:47\"\n[ui]\nmouse = true");
    pty.signal(Signal::HUP);
    pty.until("the first gone", |pty| !pty.text().contains("=The first") && !pty.text().contains("is bad"));
    pty.until("the mouse", |pty| pty.said().contains("\u{1b}[?1000h"));
    assert_eq!(service.sim.counters().minted, 1, "the token is that of the store");
    // What is shown is what is exported.
    write(&names[..1], "");
    pty.press(":reload\r");
    pty.shows("=The first");
    let csv = home.path("rows.csv");
    pty.press(format!(":export csv {}\r", csv.display()));
    pty.shows("exported to");
    let rows = std::fs::read_to_string(&csv).unwrap();
    let lines: Vec<&str> = rows.lines().collect();
    assert!(lines[0].starts_with("kind,id,name,") && lines[0].contains(",label,"), "{rows}");
    assert!(lines.len() == 2 && lines[1].contains("'=The first") && lines[1].contains(&names[0]), "{rows}");
    pty.signal(Signal::TERM);
    pty.ends_with(143);
}

#[test]
fn a_storm_of_sizes_and_keys_ends_in_a_whole_picture() {
    let mut pty = demo(120, 40, &[]);
    pty.shows("COLLECT-IN");
    let keys = [
        "j", "k", "G", "g", "\t", "2", "1", "\r", "\x1b", "o", "\x1b", "O", "z", "?", "\x1b", "/", "a", "\x1b", "p",
        "p", "3", "4", "\x1b[B", "\x1b[6~",
    ];
    for round in 0..120u16 {
        pty.resize(1 + round * 37 % 200, 1 + round * 13 % 60);
        pty.press(keys[usize::from(round) % keys.len()]);
    }
    pty.resize(120, 40);
    let whole = |pty: &Pty| {
        let text = pty.text();
        let lines: Vec<&str> = text.lines().collect();
        lines.len() == 40 && lines[0].contains("DEMO") && text.contains("COLLECT-IN") && lines[39].contains("q quit")
    };
    // Whatever view the storm ended in, this leads back. An escape is one only where nothing was read together with it,
    // which a busy machine cannot promise: it is pressed until it was.
    let deadline = Instant::now() + crate::live::LIMIT;
    while !whole(&pty) {
        assert!(Instant::now() < deadline, "no whole picture came; the screen is\n{}", pty.text());
        for key in ["\x1b", "1"] {
            pty.press(key);
            thread::sleep(Duration::from_millis(200));
        }
    }
    pty.signal(Signal::TERM);
    pty.ends_with(143);
}

#[test]
fn every_fault_leaves_the_values_names_its_cause_and_passes_by_itself() {
    // A fault, and words that the banner must say.
    let faults: Vec<(Fault, &[&str])> = vec![
        (Fault::Status(503), &["does not answer", "HTTP 503"]),
        (Fault::GatewayTimeout, &["HTTP 504"]),
        (Fault::HtmlOk, &["does not answer", "HTML"]),
        (Fault::Reset, &["does not answer", "broke"]),
        (Fault::Hang, &["no answer within 5s", "[poll] timeout"]),
        (Fault::Drip { byte_ms: 1500 }, &["no answer within 5s"]),
        (Fault::Truncate, &["does not answer", "broke"]),
        (Fault::Garbage, &["does not answer"]),
        (Fault::HugeBody { bytes: 1 << 20 }, &["64 KiB"]),
        (Fault::WrongShape, &["not understood"]),
        (Fault::Redirect { to: "http://127.0.0.1:1/".into() }, &["redirect", "base_url"]),
    ];
    thread::scope(|scope| {
        for two in faults.chunks(2) {
            scope.spawn(move || {
                let (service, home) = (service(2, 6), Home::new());
                let limit = "[budget]\nrequests_per_minute = 600\n";
                service.sim.patch_options(serde_json::json!({"limit_per_minute": 600})).unwrap();
                // What hangs must end some time; of the rest nothing ends before it is answered.
                let hangs = two.iter().any(|(fault, _)| matches!(fault, Fault::Hang | Fault::Drip { .. }));
                let file = everything(&service, &home, limit);
                let timeout = if hangs { "5s" } else { "60s" };
                let pty = ahtop(&home, (160, 40), &["--config", &file, "--timeout", timeout], true);
                let campaign = &service.sim.roster().campaigns[0].name;
                for (fault, words) in two {
                    let good = service.sim.counters().good;
                    until("all targets", || service.sim.counters().good >= good + 8);
                    pty.shows("[LIVE]");
                    pty.until("a value", |pty| shown_value(pty, campaign).is_some());
                    service.sim.inject_into(FaultScope::Aht, fault.clone(), Span::UntilCleared);
                    for words in *words {
                        pty.shows(words);
                    }
                    // What was told last stays, whenever it was told.
                    let value = last_told(&service, campaign);
                    pty.until(&value, |pty| shown_value(pty, campaign).as_ref() == Some(&value));
                    service.sim.clear_faults();
                    pty.shows("[LIVE]");
                }
                assert!(service.sim.counters().minted == 1);
                pty.signal(Signal::TERM);
                pty.ends_with(143);
            });
        }
    });
}

/// The last handling time of `campaign` that the service gave whole, as it is shown.
fn last_told(service: &Service, campaign: &str) -> String {
    let target = Target::campaign(campaign);
    let whole = |e: ahtop::sim::LogEntry| e.told.filter(|_| e.fault.is_none() && e.target.as_ref() == Some(&target));
    match service.sim.log().into_iter().rev().find_map(whole) {
        Some(Truth::Secs(secs)) => clock(secs),
        other => panic!("{campaign}: {other:?}"),
    }
}

/// The handling time beside a name.
fn shown_value(pty: &Pty, name: &str) -> Option<String> {
    let text = pty.text();
    // The name stands in the title of the pane beside the table too.
    text.lines()
        .filter(|l| l.contains(name))
        .find_map(|line| line.split_whitespace().find(|w| w.contains(':') && w.len() <= 5).map(str::to_owned))
}

#[test]
fn throttling_and_wrong_ids_have_banners_that_say_what_to_do() {
    let (service, home) = (service(2, 6), Home::new());
    let file = everything(&service, &home, "");
    let text = std::fs::read_to_string(&file).unwrap().replace("agents = [", "agents = [\"nobody@acme.example\", ");
    let file = home.write("c.toml", &text).to_str().unwrap().to_owned();
    let mut pty = ahtop(&home, (160, 40), &["--config", &file], true);
    pty.shows("agent ID nobody@acme.example is unknown");
    pty.shows("Fix c.toml line");
    // The list of who is logged in must not take the one refusal.
    service.sim.inject_into(FaultScope::Aht, Fault::Status(429), Span::Requests(1));
    pty.shows("Wait, or raise [budget] reserve");
    // The pause is over a minute after our own requests; that it ends is shown in injected time.
    pty.press("q");
    pty.ends_with(0);
}

#[test]
fn a_token_that_is_killed_again_and_again_has_a_banner_that_says_what_to_do() {
    let (service, home) = (service(2, 6), Home::new());
    let file = everything(&service, &home, "");
    let mut pty = ahtop(&home, (160, 40), &["--config", &file], true);
    until("a value", || service.sim.counters().good > 0);
    // The first may be replaced at once, where a minute has passed since its generation; the next one waits for five.
    let mut killed = 0;
    pty.until("no token since", |pty| {
        let minted = service.sim.counters().minted;
        if minted > killed {
            service.sim.revoke_token();
            killed = minted;
        }
        pty.folded().contains("no token since")
    });
    assert!(killed <= 2, "{killed} tokens");
    pty.shows("Stop the other client, or set [auth] token_command");
    pty.press("q");
    pty.ends_with(0);
}

#[test]
fn credentials_that_are_refused_have_a_banner_that_says_what_to_do_and_are_not_tried_again() {
    let (service, home) = (service(2, 6), Home::new());
    service.sim.patch_options(serde_json::json!({"api_key": "another"})).unwrap();
    let file = everything(&service, &home, "");
    let mut pty = ahtop(&home, (200, 40), &["--config", &file], true);
    pty.shows("Correct [account] user_name, the key or [auth] mode: refused since");
    pty.shows("userName or apiKey is Invalid");
    assert_eq!(service.sim.counters().token_requests, 1);
    pty.press("q");
    pty.ends_with(0);
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let (service, home) = (service(2, 12), Home::new());
    service.sim.inject_into(FaultScope::Aht, Fault::HostileNames, Span::UntilCleared);
    let file = everything(&service, &home, "");
    let pty = ahtop(&home, (120, 40), &["--config", &file], true);
    until("answers", || service.sim.counters().good >= 14);
    pty.shows("HYPERLINK");
    // Whatever a name is, the handling times stand in one column and the ages in another.
    pty.until("aligned columns", |pty| pty.screen(colons).len() == 2);
    pty.signal(Signal::INT);
    pty.ends_with(130);
}

/// The columns in which the table of the agents has colons between digits.
fn colons(screen: &vt100::Screen) -> BTreeSet<u16> {
    let (rows, cols) = screen.size();
    let (rows, cols) = (rows.get(), cols.get());
    let cell = |row: u16, col: u16| screen.cell(row, col).map(|c| c.contents().to_owned()).unwrap_or_default();
    let digit = |text: &str| text.len() == 1 && text.as_bytes()[0].is_ascii_digit();
    let line = |row: u16| (0..cols).map(|c| cell(row, c)).collect::<String>();
    let head = (0..rows).find(|&r| line(r).contains("AGENT")).unwrap_or(rows);
    let table = (head + 1..rows).take_while(|&r| !line(r).starts_with('└'));
    // To the right of the table is the pane of the selected target.
    table
        .flat_map(|r| (1..78).map(move |c| (r, c)))
        .filter(|&(r, c)| {
            cell(r, c) == ":" && digit(&cell(r, c - 1)) && digit(&cell(r, c + 1)) && digit(&cell(r, c + 2))
        })
        .map(|(_, c)| c)
        .collect()
}

#[test]
fn every_scenario_of_the_demo_says_demo() {
    for scenario in Scenario::value_variants() {
        let value = scenario.to_possible_value().unwrap();
        let mut pty = demo(100, 30, &["--scenario", value.get_name()]);
        pty.shows("DEMO");
        pty.press("q");
        pty.ends_with(0);
    }
}
