//! `ahtop discover` and `ahtop config init --discover` against the simulated service.

use ahtop::sim::{
    SimOptions,
    options::{ListAccess, RosterChoice},
};
use serde_json::Value;

use crate::{
    live::{Ended, Home, KEY, Service, run},
    pty::{self, Pty},
};

/// Everybody who is logged in on the demo's floor, in the order of the roster.
fn floor(service: &Service) -> Vec<String> {
    service.sim.logins().into_iter().map(|(id, _)| id).collect()
}

#[test]
fn who_is_logged_in_is_listed_beside_what_is_watched() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (there, out) = (service.agent(0), service.sim.roster().agents[20].id.clone());
    let watched = ["-a", &there, "-a", &out, "-C", "RENEWALS"];
    let ended = run(home.on(&service, &watched).args(["discover", "--format", "json"]));
    assert_eq!(ended.code, 0, "{ended:?}");
    let json: Value = serde_json::from_str(&ended.out).unwrap();
    let agents = json["agents"].as_array().unwrap();
    let ids: Vec<&str> = agents.iter().filter_map(|a| a["id"].as_str()).collect();
    assert_eq!(ids, floor(&service));
    let of_watched: Vec<&str> =
        agents.iter().filter(|a| a["watched"] == true).filter_map(|a| a["id"].as_str()).collect();
    assert_eq!(of_watched, [there.as_str()]);
    assert_eq!(json["not_seen"]["agents"], serde_json::json!([out]));
    assert_eq!(
        (json["campaigns"].as_array().unwrap().len(), &json["campaigns"][2]["watched"]),
        (4, &Value::Bool(true))
    );
    let table = run(home.on(&service, &watched).args(["discover"]));
    assert!(table.out.contains("41 agents logged in, 40 of them not watched\n"), "{}", table.out);
    assert!(table.out.contains(&format!("1 watched agent is not logged in: {out}\n")), "{}", table.out);
    assert!(!table.out.contains(KEY) && !table.err.contains(KEY));
    // Both shared one token.
    assert_eq!(service.sim.counters().minted, 1);
}

#[test]
fn the_roster_and_the_table_watch_are_read_by_the_program() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let csv = run(&mut home.on(&service, &["discover", "--format", "csv"]));
    assert_eq!(csv.code, 0, "{csv:?}");
    home.write("roster.csv", &csv.out);
    let toml = run(&mut home.on(&service, &["discover", "--format", "toml"]));
    for watch in [toml.out, "[watch]\nagents_csv = \"roster.csv\"\n".to_owned()] {
        let file = home.write("c.toml", &format!("[account]\nuser_name = \"acme\"\n{watch}"));
        let shown = run(&mut home.ahtop(&["--config", file.to_str().unwrap(), "config", "show", "--format", "json"]));
        let json: Value = serde_json::from_str(&shown.out).unwrap();
        let agents = json["watched"].as_array().unwrap().iter().filter(|w| w["kind"] == "agent");
        let ids: Vec<&str> = agents.filter_map(|w| w["id"].as_str()).collect();
        assert_eq!(ids, floor(&service));
    }
}

#[test]
fn from_nothing_but_account_key_and_address_the_floor_is_watched() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let file = home.path("new/config.toml");
    let path = file.to_str().unwrap();
    let init = |discover: &[&str]| run(home.on(&service, &["--config", path, "config", "init"]).args(discover));
    let ended = init(&["--discover"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, format!("{path}\n").as_str()), "{ended:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(KEY) && text.contains("api_key_env = \"AHTOP_API_KEY\""), "{text}");
    let again = init(&["--discover"]);
    assert!(again.code == 3 && again.err.contains("is there already"), "{again:?}");
    let checked = run(home.ahtop(&["--config", path, "check"]).env("AHTOP_API_KEY", KEY));
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("4 campaigns, 41 agents"), "{}", checked.out);
    // Without it nothing is asked, and no flag may be idle.
    let idle = run(home.on(&service, &["config", "init"]).args(["--config", home.path("x.toml").to_str().unwrap()]));
    assert!(idle.code == 2 && idle.err.contains("'ahtop config init' does not take"), "{idle:?}");
}

#[test]
fn the_dashboard_that_nothing_but_account_key_and_address_gave_shows_the_floor() {
    let roster = |o: &mut SimOptions| {
        o.model.roster = RosterChoice::Generated { campaigns: 3, agents: 12, around_the_clock: true };
    };
    let (service, home) = (Service::start(roster), Home::new());
    let written = home.path("config.toml");
    let init = run(&mut home.on(&service, &["--config", written.to_str().unwrap(), "config", "init", "--discover"]));
    assert_eq!(init.code, 0, "{init:?}");
    let csv = run(&mut home.on(&service, &["discover", "--format", "csv"]));
    home.write("roster.csv", &csv.out);
    let account = format!(
        "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\napi_key_env = \"AHTOP_API_KEY\"\n",
        service.base_url
    );
    let by_roster = home.write("roster.toml", &format!("{account}[watch]\nagents_csv = \"roster.csv\"\n"));
    let following = home.write("floor.toml", &format!("{account}[watch]\nagents = \"logged-in\"\n"));
    for (file, campaigns) in [(&written, true), (&by_roster, false), (&following, false)] {
        let variables = home.variables().into_iter().chain([("AHTOP_API_KEY", KEY.to_owned())]);
        let command = pty::command(env!("CARGO_BIN_EXE_ahtop"), ["--config", file.to_str().unwrap()], variables);
        let mut pty = Pty::start(command, 160, 50);
        let roster = service.sim.roster();
        for (id, _) in service.sim.logins() {
            let agent = roster.agents.iter().find(|agent| agent.id == id).unwrap();
            pty.shows(&agent.name);
        }
        for campaign in roster.campaigns.iter().filter(|_| campaigns) {
            pty.shows(&campaign.name);
        }
        pty.press("q");
        pty.ends_with(0);
    }
    let counters = service.sim.counters();
    assert!(counters.minted == 1 && counters.max_in_60s <= 50, "{counters:?}");
}

#[test]
fn a_refusal_is_told_and_neither_spends_a_token_nor_writes_a_file() {
    for &access in ListAccess::ALL.iter().filter(|access| **access != ListAccess::Given) {
        let refusing = |o: &mut SimOptions| (o.logins, o.campaigns) = (access, access);
        let (service, home) = (Service::start(refusing), Home::new());
        let ended: Ended = run(&mut home.on(&service, &["discover"]));
        assert_eq!((ended.code, ended.out.is_empty()), (6, false), "{access:?}: {ended:?}");
        assert!(ended.out.contains("cannot list who is logged in: "), "{access:?}: {ended:?}");
        let file = home.path("c.toml");
        let init = run(&mut home.on(&service, &["--config", file.to_str().unwrap(), "config", "init", "--discover"]));
        assert!(init.code == 6 && !file.exists(), "{access:?}: {init:?}");
        assert_eq!(service.sim.counters().minted, 1, "{access:?}");
        assert!(service.sim.counters().requests <= 5, "{access:?}");
        let living = run(&mut home.on(&service, &["-C", "RENEWALS", "once", "--format", "json"]));
        assert_eq!((living.code, service.sim.counters().minted), (0, 1), "{access:?}: {living:?}");
    }
}
