//! The binary against the simulated service on a real socket: what each command prints, how it ends, and that no secret
//! gets out.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
};

use crate::{
    live::{Home, KEY, Service, finish, harmful, run, signal, until},
    pty::{self, Pty},
};
use ahtop::sim::{Fault, FaultScope, Span, Truth, options::AuthSetting};
use rustix::process::Signal;
use serde_json::Value;

/// A `min_interval` in which a test ends however slow the machine is: what was read once is fresh until then.
const LONG: &str = "1h";

/// The keys of an object, in the order in which they stand.
fn keys(line: &str, path: &[&str]) -> Vec<String> {
    // serde_json's map is sorted, so the order is read from the text.
    let value: Value = serde_json::from_str(line).unwrap();
    let inner = path.iter().fold(&value, |v, key| key.parse::<usize>().map_or_else(|_| &v[*key], |n| &v[n]));
    let mut found: Vec<String> = inner.as_object().unwrap().keys().cloned().collect();
    let from = path
        .iter()
        .filter(|p| p.parse::<usize>().is_err())
        .fold(0, |from, key| from + line[from..].find(&format!("\"{key}\":")).unwrap());
    let from = from + path.last().map_or(0, |key| key.len() + 3);
    found.sort_by_key(|key| line[from..].find(&format!("\"{key}\":")).unwrap());
    found
}

/// Everything in the files below `dir` except the store, which is read by its tables.
fn files(dir: &Path, each: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, each);
        } else if !path.to_string_lossy().contains(".db") {
            each(&path, &fs::read(&path).unwrap());
        }
    }
}

/// The stored token, and every text in the store's tables.
fn store_texts(home: &Home) -> (Option<String>, Vec<String>) {
    let store = rusqlite::Connection::open(home.path("state/acme.db")).unwrap();
    let tables: Vec<String> = store
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(tables.len() > 10, "{tables:?}");
    let mut texts = vec![];
    for table in &tables {
        let mut statement = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for i in 0..columns {
                let cell = row.get_ref(i).unwrap();
                texts.push(
                    cell.as_str()
                        .or_else(|_| cell.as_blob().map(|b| std::str::from_utf8(b).unwrap()))
                        .map_or_else(|_| String::new(), str::to_owned),
                );
            }
        }
    }
    let text = fs::read_to_string(home.path("state/acme.db.token")).unwrap();
    let line: Value = serde_json::from_str(text.lines().next().unwrap().split_once(' ').unwrap().1).unwrap();
    (line["secret"].as_str().map(str::to_owned), texts)
}

/// The keys of what is watched in JSON, in this order for ever; new ones come behind.
const ELEMENT: [&str; 11] =
    ["kind", "id", "name", "aht_s", "condition", "read_at", "age_s", "error", "label", "level", "vs_target_pct"];

#[test]
fn once_prints_the_documented_json_key_by_key_and_only_what_was_told() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (idle, unknown) = service.odd_agents();
    let agent = service.agent(0);
    let args = ["-C", "COLLECT-IN", "-a", &agent, "-a", &idle, "-a", &unknown, "--timezone", "Asia/Kolkata"];
    let ended = run(home.on(&service, &args).args(["once", "--format", "json"]));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let line = ended.out.trim_end();
    assert_eq!(keys(line, &[]), ["schema", "account", "taken_at", "targets", "budget", "token"]);
    assert_eq!(keys(line, &["targets", "0"]), ELEMENT);
    assert_eq!(keys(line, &["budget"]), ["limit", "used_60s", "throttled_1h"]);
    assert_eq!(keys(line, &["token"]), ["generated_1h", "expires_in_s"]);
    let value: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&value["schema"], &value["account"]), (&1.into(), &"acme".into()));
    assert!(value["taken_at"].as_str().unwrap().ends_with("+05:30"));
    assert_eq!(value["budget"], serde_json::json!({"limit": 50, "used_60s": 5, "throttled_1h": 0}));
    assert_eq!(value["token"]["generated_1h"], 1);
    assert!((3500..=3600).contains(&value["token"]["expires_in_s"].as_u64().unwrap()));
    let told: BTreeMap<String, Truth> =
        service.sim.log().into_iter().filter_map(|e| Some((e.target?.id.to_string(), e.told?))).collect();
    let expected = [
        ("campaign", "COLLECT-IN", "value"),
        ("agent", &agent, "value"),
        ("agent", &idle, "no_calls"),
        ("agent", &unknown, "invalid"),
    ];
    let targets = value["targets"].as_array().unwrap();
    assert_eq!(targets.len(), expected.len());
    for (target, (kind, id, condition)) in targets.iter().zip(expected) {
        assert_eq!(
            (&target["kind"], &target["id"], &target["condition"]),
            (&kind.into(), &id.into(), &condition.into())
        );
        let aht = match told.get(id) {
            Some(Truth::Secs(secs)) => Value::from(*secs),
            _ => Value::Null,
        };
        assert_eq!(target["aht_s"], aht, "{target}");
        assert_eq!(target["error"].is_null(), condition != "invalid", "{target}");
        assert!(target["read_at"].as_str().unwrap().ends_with("+05:30"), "{target}");
        assert!(target["age_s"].as_u64().unwrap() < 60, "{target}");
    }
}

#[test]
fn once_prints_a_table_and_csv_of_the_same_and_without_a_command_or_terminal_it_is_the_table() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (idle, unknown) = service.odd_agents();
    let watched = ["-C", "COLLECT-IN", "-a", &idle, "-a", &unknown, "--min-interval", LONG];
    let table = run(home.on(&service, &watched).arg("once"));
    assert_eq!(table.code, 0, "{}", table.err);
    for words in ["COLLECT-IN", &idle, "no calls", &unknown, "VS TGT", "of 50"] {
        assert!(table.out.contains(words), "{words:?} is not in\n{}", table.out);
    }
    let plain = run(&mut home.on(&service, &watched));
    let shape = |text: &str| {
        text.lines().take(5).map(|l| l.split_whitespace().next().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((plain.code, shape(&plain.out)), (0, shape(&table.out)));
    let args = ["once", "--format", "csv", "--filter", "kind:agent", "--sort", "name", "--reverse"];
    let agents = run(home.on(&service, &watched).args(args));
    assert_eq!((agents.code, agents.out.lines().count()), (0, 3), "{}", agents.out);
    let csv = run(home.on(&service, &watched).args(["once", "--format", "csv"]));
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!((csv.code, lines.len()), (0, 4));
    assert_eq!(lines[0], "kind,id,name,condition,aht_s,read_at,age_s,error,label,level,vs_target_pct");
    assert!(lines[1].starts_with("campaign,COLLECT-IN,COLLECT-IN,value,"), "{}", lines[1]);
    assert!(lines[2].starts_with(&format!("agent,{idle},")) && lines[2].contains(",no_calls,,"), "{}", lines[2]);
    // What was read within the interval is not asked again, nor is an id that was refused twice.
    let asked = |id: &str| service.sim.log().iter().filter(|e| e.target.as_ref().is_some_and(|t| &*t.id == id)).count();
    assert_eq!((asked("COLLECT-IN"), asked(&idle), asked(&unknown)), (1, 1, 2));
}

#[test]
fn once_has_the_worst_first_orders_by_a_column_and_is_coloured_on_a_terminal_alone() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (idle, unknown) = service.odd_agents();
    let [fine, high, worst] = [0, 1, 2].map(|n| service.agent(n));
    let ids = [&unknown, &idle, &fine, &high, &worst];
    let json = |args: &[&str]| {
        let ended = run(home.on(&service, args).args(["once", "--format", "json"]));
        assert_eq!(ended.code, 0, "{ended:?}");
        let value: Value = serde_json::from_str(&ended.out).unwrap();
        let of = |t: &Value| (t["id"].as_str().unwrap().to_owned(), t["aht_s"].as_u64());
        value["targets"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let read = json(&ids.iter().flat_map(|id| ["-a", id.as_str()]).chain(["--min-interval", LONG]).collect::<Vec<_>>());
    let values: BTreeMap<String, u64> = read.into_iter().filter_map(|(id, secs)| Some((id, secs?))).collect();
    assert_eq!(values.len(), 3, "{values:?}");
    // Bands about what was read, so that each is where it is called.
    let limit = |id: &str, limit: &str, off: i64| {
        let secs = values[id].checked_add_signed(off).unwrap();
        format!("[[agent]]\nid = \"{id}\"\nbands = {{ {limit} = \"{}:{:02}\" }}\n", secs / 60, secs % 60)
    };
    let bands = [limit(&fine, "high_warn", 600), limit(&high, "high_warn", -1), limit(&worst, "high_crit", -1)];
    let config = format!("poll.min_interval = \"{LONG}\"\nwatch.agents = {ids:?}\n{}", bands.concat());
    let file = home.write("c.toml", &config);
    let args = ["--config", file.to_str().unwrap()];

    let table = run(home.on(&service, &args).arg("once"));
    let line =
        |text: &str, id: &str| text.lines().position(|l| l.contains(id)).unwrap_or_else(|| panic!("{id}\n{text}"));
    let places = [&worst, &high, &fine, &idle, &unknown].map(|id| line(&table.out, id));
    assert!(places.is_sorted(), "{places:?}\n{}", table.out);
    for (id, word) in
        [(&worst, "V.HIGH"), (&high, "HIGH"), (&fine, "ok"), (&idle, "no calls"), (&unknown, "unknown ID")]
    {
        let line = table.out.lines().nth(line(&table.out, id)).unwrap();
        assert!(line.ends_with(&format!("  {word}")), "{line}");
    }
    let order = |more: &[&str]| {
        let sorted = run(home.on(&service, &args).arg("once").args(more));
        assert_eq!(sorted.code, 0, "{sorted:?}");
        let mut ids = ids;
        ids.sort_by_key(|id| line(&sorted.out, id));
        ids.map(|id| values.get(id).copied())
    };
    let falling = order(&["--sort", "aht"]);
    assert!(falling[..3].is_sorted_by(|a, b| a >= b) && falling[3..] == [None, None], "{falling:?}");
    let rising = order(&["--sort", "aht", "--reverse"]);
    assert!(rising[..3].is_sorted_by(|a, b| a <= b) && rising[3..] == [None, None], "{rising:?}");
    assert_ne!(falling, rising);

    assert!(!table.out.contains('\u{1b}'), "{:?}", table.out);
    for (term, coloured) in [("xterm-256color", true), ("dumb", false)] {
        let mut variables = home.variables().to_vec();
        variables.extend([("AHTOP_API_KEY", KEY.to_owned()), ("TERM", term.to_owned())]);
        let account = ["--base-url", &service.base_url, "--user", "acme"];
        let args = [&account[..], &args[..], &["once", "--quiet"]].concat();
        let pty = Pty::start(pty::command(env!("CARGO_BIN_EXE_ahtop"), args, variables), 160, 30);
        assert_eq!(pty.end(), 0);
        let said = pty.hang_up();
        assert_eq!(said.contains("V.HIGH\u{1b}["), coloured, "{said:?}");
        assert_eq!(said.contains('\u{1b}'), coloured, "{said:?}");
    }
}

#[test]
fn a_restart_uses_the_stored_token_and_a_strict_once_tells_invalid_ids_by_its_code() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    for n in 0..3 {
        let agent = service.agent(n);
        assert_eq!(run(home.on(&service, &["-a", &agent]).arg("once")).code, 0);
    }
    let counters = service.sim.counters();
    assert_eq!((counters.minted, counters.token_requests, counters.aht_requests), (1, 1, 3));
    let (_, unknown) = service.odd_agents();
    let strict = run(home.on(&service, &["-a", &unknown]).args(["once", "--strict"]));
    assert_eq!(strict.code, 7);
    assert!(strict.out.contains(&unknown), "what is known is printed:\n{}", strict.out);
    assert_eq!(run(home.on(&service, &["-a", &unknown]).args(["once"])).code, 0);
}

#[test]
fn stream_prints_a_line_for_each_reading_until_it_is_interrupted() {
    for (number, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let (service, home) = (Service::start(|_| {}), Home::new());
        let agent = service.agent(0);
        let mut command = home.on(&service, &["-C", "COLLECT-IN", "-a", &agent, "--min-interval", "5s"]);
        let mut child = command.arg("stream").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = vec![];
        for _ in 0..2 {
            let line = lines.next().unwrap().unwrap();
            let value: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(keys(&line, &[])[..2], ["schema", "account"]);
            assert_eq!(keys(&line, &[])[2..], ELEMENT);
            assert_eq!(value["condition"], "value", "{line}");
            // As new as the machine is fast.
            assert!(value["age_s"].as_u64().is_some_and(|age| age < 60), "{line}");
            seen.push(value["id"].as_str().unwrap().to_owned());
        }
        assert!(seen.contains(&agent) && seen.contains(&"COLLECT-IN".to_owned()), "{seen:?}");
        let argv = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
        assert!(!String::from_utf8_lossy(&argv).contains(KEY));
        signal(child.id(), number);
        let ended = finish(child);
        assert_eq!((ended.code, ended.err.as_str()), (code, ""));
    }
}

#[test]
fn a_serve_whose_key_is_refused_from_the_start_ends_with_4_and_says_so() {
    let (service, home) = (Service::start(|o| o.api_key = "another".into()), Home::new());
    let ended = run(home.on(&service, &["-C", "COLLECT-IN"]).arg("serve"));
    assert_eq!(ended.code, 4, "{}", ended.err);
    assert!(ended.err.contains("credentials") && !ended.err.contains(KEY), "{}", ended.err);
}

#[test]
fn a_stream_that_gets_nothing_says_why_on_standard_error_and_goes_on() {
    let (service, home) = (Service::start(|o| o.api_key = "another".into()), Home::new());
    let mut child = home
        .on(&service, &["-C", "COLLECT-IN", "stream"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.next().unwrap().unwrap();
    assert!(line.contains("credentials") && line.contains("user_name"), "{line}");
    signal(child.id(), Signal::INT);
    assert_eq!(finish(child).code, 130);
}

#[test]
fn a_reader_that_goes_away_ends_once_and_stream_without_an_error() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    for command in ["once", "stream"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = home
            .on(&service, &["-C", "COLLECT-IN", "--min-interval", "5s", command])
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let ended = finish(child);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_unexpected() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let child = home
        .on(&service, &["-C", "COLLECT-IN", "once"])
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = finish(child);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("space"), "{}", ended.err);
}

#[test]
fn check_live_says_what_it_takes_and_asks_each_target_once() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (idle, unknown) = service.odd_agents();
    let agent = service.agent(0);
    let file = home.write(
        "c.toml",
        &format!(
            "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[watch]\ncampaigns = [\"COLLECT-IN\"]\n\
             agents = [\"{idle}\",\n  \"{unknown}\"]\n[[agent]]\nid = \"{agent}\"\nlabel = \"Nobody\"\n",
            service.base_url
        ),
    );
    let config = ["--config", file.to_str().unwrap()];
    let lint = run(home.ahtop(&config).arg("check").env("AHTOP_API_KEY", KEY));
    assert_eq!((lint.code, service.sim.counters().requests), (0, 0), "{}", lint.err);
    let live = run(home.ahtop(&config).args(["check", "--live"]).env("AHTOP_API_KEY", KEY));
    assert_eq!(live.code, 7, "{}", live.err);
    let line = |start: &str| {
        live.out.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("no line {start:?} in\n{}", live.out))
    };
    assert!(line("live: ").contains("5 requests"), "{}", live.out);
    line("ok          campaign COLLECT-IN: ");
    line(&format!("no calls    agent {idle}"));
    assert!(line(&format!("unknown ID  agent {unknown}")).contains("(c.toml line 7)"), "{}", live.out);
    line(&format!("ok          agent {agent}"));
    line("1 label is not the service's name: \"Nobody\" is \"");
    assert_eq!(
        live.out.lines().last(),
        Some(format!("live: 2 ok, 1 no calls, 1 unknown ID: {unknown} (c.toml line 7)").as_str())
    );
    assert_eq!(service.sim.counters().aht_requests, 4);
    let csv = run(home.ahtop(&config).args(["check", "--live", "--format", "csv"]).env("AHTOP_API_KEY", KEY));
    let mut rows = csv.out.lines();
    assert_eq!((csv.code, rows.next(), rows.count()), (7, Some("id,label,group"), 2), "{}", csv.out);
    assert!(!csv.out.contains("Nobody") && csv.err.contains("live: 2 ok"), "{} {}", csv.out, csv.err);
    let json = run(home.ahtop(&config).args(["check", "--live", "--format", "json"]).env("AHTOP_API_KEY", KEY));
    let value: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &value["exit"], value["live"].as_array().unwrap().len()), (7, &7.into(), 4), "{value}");
}

#[test]
fn without_a_configuration_it_says_how_to_begin() {
    let home = Home::new();
    for args in [&[][..], &["once"], &["stream"]] {
        let ended = run(&mut home.ahtop(args));
        assert_eq!((ended.code, ended.out.as_str()), (3, ""));
        for words in ["ahtop demo", "ahtop config init", "--user", "AHTOP_API_KEY"] {
            assert!(ended.err.contains(words), "{args:?}: {words:?} is not in\n{}", ended.err);
        }
    }
}

#[test]
fn wrong_credentials_end_with_4_and_say_what_to_do() {
    let (service, home) = (Service::start(|o| o.api_key = "another".into()), Home::new());
    let ended = run(home.on(&service, &["-C", "COLLECT-IN"]).args(["once", "--format", "json"]));
    assert_eq!(ended.code, 4);
    assert!(ended.err.contains("check [account] user_name, the key"), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(value["targets"][0]["condition"], "waiting");
    assert_eq!(run(home.on(&service, &["-C", "COLLECT-IN"]).args(["check", "--live"])).code, 4);
    assert!(service.sim.counters().requests <= 2);
    // A token account that is set to basic, and the other way round.
    let (service, home) = (Service::start(|o| o.auth = AuthSetting::Basic), Home::new());
    let ended = run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once"));
    assert_eq!(ended.code, 4);
    assert!(ended.err.contains("BASIC_AUTH") && ended.err.contains("mode = \"basic\""), "{}", ended.err);
    let ended = run(home.on(&service, &["-C", "COLLECT-IN", "--auth-mode", "basic"]).arg("once"));
    assert_eq!(ended.code, 0, "{}", ended.err);
}

#[test]
fn basic_mode_never_asks_for_a_token() {
    let (service, home) = (Service::start(|o| o.auth = AuthSetting::Basic), Home::new());
    let ended =
        run(home.on(&service, &["-C", "COLLECT-IN", "--auth-mode", "basic"]).args(["once", "--format", "json"]));
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &value["targets"][0]["condition"]), (0, &"value".into()));
    assert_eq!(value["token"], serde_json::json!({"generated_1h": 0, "expires_in_s": null}));
    assert_eq!(service.sim.counters().token_requests, 0);
}

#[test]
fn with_a_token_command_nothing_is_ever_generated() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    assert_eq!(run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once")).code, 0);
    let (token, _) = store_texts(&home);
    let token_file = home.write("token", &token.unwrap());
    let second = Home::new();
    let config = |script: &str| {
        second.write(
            "c.toml",
            &format!(
                "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\ntoken_command = [\"sh\", \"-c\", '{script}']\n\
                 [watch]\ncampaigns = [\"COLLECT-IN\"]\n",
                service.base_url
            ),
        )
    };
    let file = config(&format!("cat {}", token_file.display()));
    let ended = run(&mut second.ahtop(&["--config", file.to_str().unwrap(), "once"]));
    assert_eq!(ended.code, 0, "{}", ended.err);
    // One that is not taken is asked for again, and never replaced by one of our own.
    service.sim.revoke_token();
    let third = Home::new();
    let file = third.write("c.toml", &fs::read_to_string(file).unwrap());
    let child = third
        .ahtop(&["--config", file.to_str().unwrap(), "stream"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("a rejected token", || service.sim.counters().token_rejected >= 2);
    signal(child.id(), Signal::INT);
    let ended = finish(child);
    assert_eq!(ended.code, 130);
    assert!(ended.err.contains("token_command"), "{}", ended.err);
    assert_eq!(service.sim.counters().token_requests, 1, "that of the first home");
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_the_command_to_run() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let key = home.write("key", KEY);
    let args = ["--base-url", &service.base_url, "--user", "acme", "-C", "COLLECT-IN", "--api-key-file"];
    for (mode, code) in [(0o640, 4), (0o604, 4), (0o600, 0)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let ended = run(home.ahtop(&args).arg(&key).arg("once"));
        assert_eq!(ended.code, code, "{}", ended.err);
        assert_eq!(ended.err.contains(&format!("chmod 600 {}", key.display())), code == 4, "{}", ended.err);
    }
}

#[test]
fn a_broken_configuration_gives_3_with_lines_for_every_command_that_reads_it() {
    let home = Home::new();
    let file = home.write("c.toml", "[account]\nuser_name = 5\n[watch]\nagens = [\"x\"]\n");
    for command in [&[][..], &["once"], &["stream"], &["check"], &["check", "--live"], &["config", "show"]] {
        let ended = run(home.ahtop(&["--config", file.to_str().unwrap()]).args(command));
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{command:?}");
        for place in [":2:", ":4:1: unknown key 'agens' in [watch]; did you mean 'agents'?"] {
            assert!(ended.err.contains(place), "{command:?}: {}", ended.err);
        }
    }
}

#[test]
fn a_limit_that_other_clients_use_up_ends_once_with_5() {
    let (service, home) = (Service::start(|o| o.retry_after = true), Home::new());
    assert_eq!(run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once")).code, 0);
    service.sim.inject(Fault::ForeignUse { per_minute: 60_000 }, Span::UntilCleared);
    until("strangers", || service.sim.counters().foreign_requests > 60);
    let agent = service.agent(0);
    let ended = run(home
        .on(&service, &["-C", "COLLECT-IN", "-a", &agent, "--min-interval", LONG])
        .args(["once", "--format", "json"]));
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(ended.err.contains("max limit exceeded"), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    let conditions: Vec<&Value> = value["targets"].as_array().unwrap().iter().map(|t| &t["condition"]).collect();
    assert_eq!(conditions, ["value", "waiting"]);
    assert!(value["budget"]["throttled_1h"].as_u64().unwrap() >= 1);
    // The same where not even a token can be had.
    let home = Home::new();
    let ended = run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once"));
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert_eq!(service.sim.counters().minted, 1);
}

#[test]
fn a_service_that_fails_or_is_not_there_ends_once_with_6_and_what_is_known_is_printed() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    assert_eq!(run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once")).code, 0);
    service.sim.inject(Fault::Status(503), Span::UntilCleared);
    let agents: Vec<String> = (0..5).map(|n| service.agent(n)).collect();
    let watched: Vec<&str> =
        ["-C", "COLLECT-IN", "--min-interval", LONG].into_iter().chain(agents.iter().flat_map(|a| ["-a", a])).collect();
    let ended = run(home.on(&service, &watched).args(["once", "--format", "json"]));
    assert_eq!(ended.code, 6, "{}", ended.err);
    // With its reason, where it did not wait for the last of them.
    assert!(ended.err.is_empty() || ended.err.contains("503"), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(value["targets"][0]["condition"], "value");
    // One sick target is not a sick service: at least two have failed by then, whichever, and those are printed.
    let told = |t: &Value| t["error"].as_str().is_some_and(|e| e.contains("HTTP 503"));
    assert!(value["targets"].as_array().unwrap().iter().filter(|t| told(t)).count() >= 2, "{value}");
    // Without a token, so that already the first request fails; and with one target alone.
    let fresh = Home::new();
    let ended = run(fresh.on(&service, &["-C", "COLLECT-IN"]).arg("once"));
    assert_eq!(ended.code, 6, "{}", ended.err);
    assert!(ended.err.contains("503"), "{}", ended.err);
    // The system gives this port to nobody who asks for any, so that no other test listens there.
    let ended = run(Home::new()
        .ahtop(&["--base-url", "http://127.0.0.1:1", "--user", "acme", "-C", "X", "once"])
        .env("AHTOP_API_KEY", KEY));
    assert_eq!(ended.code, 6, "{}", ended.err);
    assert!(ended.err.contains("cannot connect") && ended.err.contains("base_url"), "{}", ended.err);
}

#[test]
fn a_command_for_the_secret_ends_with_the_program() {
    let service = Service::start(|_| {});
    for (source, commands) in
        [("api_key_command", &["once", "doctor --live", "serve"][..]), ("token_command", &["once", "stream"])]
    {
        for command in commands {
            let home = Home::new();
            let pid = home.path("pid");
            let config = home.write(
                "c.toml",
                &format!(
                    "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\n{source} = [\"sh\", \"-c\", \
                     'sleep 600 & echo $! > {}; wait']\n[watch]\ncampaigns = [\"COLLECT-IN\"]\n",
                    service.base_url,
                    pid.display()
                ),
            );
            let child = home
                .ahtop(&["--config", config.to_str().unwrap()])
                .args(command.split(' '))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let number = || fs::read_to_string(&pid).ok().filter(|text| text.ends_with('\n'));
            until("the command", || number().is_some());
            signal(child.id(), Signal::INT);
            let ended = finish(child);
            assert_eq!(ended.code, 130, "{command}: {}", ended.err);
            let stat = format!("/proc/{}/stat", number().unwrap().trim());
            // A zombie waits for whoever collects orphans here.
            until("its end", || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")));
        }
    }
}

#[test]
fn an_interrupted_once_prints_what_it_has() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    assert_eq!(run(home.on(&service, &["-C", "COLLECT-IN"]).arg("once")).code, 0);
    service.sim.inject_into(FaultScope::Aht, Fault::Hang, Span::UntilCleared);
    let agent = service.agent(0);
    let before = service.sim.counters().aht_requests;
    let child = home
        .on(&service, &["-C", "COLLECT-IN", "-a", &agent, "--min-interval", LONG, "--timeout", "60s"])
        .args(["once", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("a request that hangs", || service.sim.counters().aht_requests > before);
    signal(child.id(), Signal::INT);
    let ended = finish(child);
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &value["targets"][0]["condition"]), (130, &"value".into()));
    assert_eq!(value["targets"][1]["condition"], "waiting");
}

#[test]
fn hostile_names_and_ids_are_harmless_in_every_output() {
    let (service, home) = (Service::start(|o| o.limit_per_minute = 1000), Home::new());
    service.sim.inject_into(FaultScope::Aht, Fault::HostileNames, Span::UntilCleared);
    let agents: Vec<String> = (0..9).map(|n| service.agent(n)).collect();
    let evil = "\u{1b}]0;x\u{7}\u{202e}\u{9b}2J@acme.example";
    // Taken for an id: it is no control character, and it is sent as it is.
    let odd = "a\u{2028}b\u{2029}c\u{202e}\u{2066}d\u{ad}\u{61c}e@acme.example";
    let watched: Vec<&str> = ["-C", "COLLECT-IN"].into_iter().chain(agents.iter().flat_map(|a| ["-a", a])).collect();
    for (home, id) in [(&home, None), (&Home::new(), Some(evil)), (&Home::new(), Some(odd))] {
        let more: Vec<&str> = id.iter().flat_map(|id| ["-a", id]).collect();
        // An id of its own is enough with one other beside it.
        let watched = if id.is_some() { &watched[..2] } else { &watched };
        for command in [
            &["once"][..],
            &["once", "--format", "json"],
            &["once", "--format", "csv"],
            &["check"],
            &["check", "--live"],
            &["config", "show"],
            &["doctor"],
        ] {
            let ended = run(home.on(&service, watched).args(&more).args(command));
            assert!(matches!(ended.code, 0 | 3 | 6 | 7), "{command:?}: {} {} {}", ended.code, ended.err, ended.out);
            assert_eq!(harmful(&ended.out), [] as [char; 0], "{command:?}");
            assert_eq!(harmful(&ended.err), [] as [char; 0], "{command:?}");
        }
        let (text, picture) = (home.path("s.txt"), home.path("s.svg"));
        for command in [
            &["report"][..],
            &["report", "--format", "html"],
            &["history", "export", "--format", "csv"],
            &["history", "export", "--format", "ndjson"],
            &["snapshot", text.to_str().unwrap()],
            &["snapshot", picture.to_str().unwrap()],
        ] {
            let ended = run(home.ahtop(&["--user", "acme"]).args(watched).args(&more).args(command));
            let code = if id == Some(evil) { 3 } else { 0 };
            assert_eq!(ended.code, code, "{command:?}: {} {}", ended.err, ended.out);
            assert_eq!(harmful(&ended.out), [] as [char; 0], "{command:?}");
            assert_eq!(harmful(&ended.err), [] as [char; 0], "{command:?}");
        }
        for path in [text, picture] {
            assert_eq!(harmful(&fs::read_to_string(&path).unwrap_or_default()), [] as [char; 0], "{}", path.display());
        }
    }
    let home = Home::new();
    let mut child =
        home.on(&service, &watched).arg("stream").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().take(10) {
        assert_eq!(harmful(&line.unwrap()), [] as [char; 0], "stream");
    }
    signal(child.id(), Signal::INT);
    assert_eq!(finish(child).code, 130);
    files(home.root(), &mut |path, bytes| {
        assert_eq!(harmful(&String::from_utf8_lossy(bytes)), [] as [char; 0], "{}", path.display());
    });
}

#[test]
fn no_secret_is_anywhere_but_where_it_belongs() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let agent = service.agent(0);
    let watched = ["-C", "COLLECT-IN", "-a", &agent];
    let mut said = String::new();
    let mut take = |args: &[&str]| {
        let ended = run(home.on(&service, &watched).args(args).env("AHTOP_LOG", "trace"));
        said.push_str(&ended.out);
        said.push_str(&ended.err);
    };
    take(&["once"]);
    take(&["once", "--format", "json"]);
    take(&["config", "show"]);
    take(&["check"]);
    take(&["check", "--live"]);
    // A service that fails or talks rubbish leaves its traces too, and so does a token that dies.
    for fault in [Fault::Status(503), Fault::WrongShape] {
        service.sim.inject_into(FaultScope::Aht, fault, Span::Requests(2));
        take(&["check", "--live"]);
    }
    let (token, _) = store_texts(&home);
    service.sim.revoke_token();
    let child = home
        .on(&service, &watched)
        .args(["--min-interval", "5s", "stream"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("a dead token", || service.sim.counters().token_rejected > 0);
    signal(child.id(), Signal::TERM);
    let ended = finish(child);
    said.push_str(&ended.out);
    said.push_str(&ended.err);
    let (_, texts) = store_texts(&home);
    let token = token.unwrap();
    let secrets = [KEY, token.as_str()];
    for secret in secrets {
        assert!(!said.contains(secret), "on a standard stream");
        assert!(!texts.iter().any(|t| t.contains(secret)), "in the store");
    }
    let mut logs = 0;
    files(home.root(), &mut |path, bytes| {
        logs += usize::from(path.extension().is_some_and(|e| e == "log"));
        let text = String::from_utf8_lossy(bytes);
        assert!(!secrets.iter().any(|s| text.contains(s)), "in {}", path.display());
    });
    assert!(logs > 0, "there is a log");
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/acme.db")), (0o700, 0o600));
}
