//! The JSON that commands print is what the schemas of the book say: each field is in them, and each that they require is
//! there.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use jsonschema::Validator;
use serde_json::Value;

use crate::live::{Home, KEY, Service, run};

fn schemas() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/schemas")
}

/// Whoever reads the output must expect new fields; this test must not: one that no schema has is told.
fn without_others(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            if parts.contains_key("properties") && !parts.contains_key("additionalProperties") {
                parts.insert("additionalProperties".into(), false.into());
            }
            parts.values_mut().for_each(without_others);
        }
        Value::Array(parts) => parts.iter_mut().for_each(without_others),
        _ => {}
    }
}

fn validator(name: &str) -> Validator {
    let text = fs::read_to_string(schemas().join(format!("{name}.json"))).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    without_others(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn fits(name: &str, value: &Value) {
    let wrong: Vec<_> = validator(name).iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{name}: {wrong:?}\n{value}");
}

#[test]
fn what_commands_print_is_what_the_schemas_say() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let (idle, unknown) = service.odd_agents();
    let agent = service.agent(0);
    let file = home.write(
        "c.toml",
        &format!(
            "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[watch]\nagents = [{idle:?}, {unknown:?}]\n\
             campaigns = [\"COLLECT-IN\"]\n[bands]\ntarget = \"4:47\"\nhigh_warn = \"6:15\"\n\
             [[agent]]\nid = {agent:?}\nlabel = \"Asha\"\n[[group]]\nname = \"north\"\nagents = [{agent:?}]\n",
            service.base_url
        ),
    );
    let ahtop = |args: &[&str]| {
        let mut command = home.ahtop(&[&["--config", file.to_str().unwrap()], args].concat());
        command.env("AHTOP_API_KEY", KEY);
        command
    };
    let printed = |args: &[&str]| -> String { run(&mut ahtop(args)).out };
    let mut tried = BTreeSet::new();
    let mut check = |name: &'static str, text: &str| {
        tried.insert(format!("{name}.json"));
        let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"));
        fits(name, &value);
        value
    };
    // Before anything is stored: what is not there is null.
    let token = check("token-status", &printed(&["token", "status", "--format", "json"]));
    assert!(token["token"].is_null());
    check("plan", &printed(&["plan", "--format", "json"]));

    let once = check("once", &printed(&["once", "--format", "json"]));
    assert_eq!(once["targets"].as_array().unwrap().len(), 4);
    let mut stream = ahtop(&["stream"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let line = BufReader::new(stream.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    stream.kill().unwrap();
    stream.wait().unwrap();
    check("stream", &line);
    assert!(check("token-status", &printed(&["token", "status", "--format", "json"]))["token"].is_object());
    check("doctor", &printed(&["doctor", "--format", "json"]));
    check("check", &printed(&["check", "--format", "json"]));
    let live = check("check", &printed(&["check", "--live", "--yes", "--format", "json"]));
    assert_eq!(live["live"].as_array().unwrap().len(), 4);
    check("check", &printed(&["check", "--format", "json", "--min-interval", "x"]));
    check("config-show", &printed(&["config", "show", "--format", "json"]));
    for line in printed(&["history", "export", "--format", "ndjson"]).lines() {
        check("history-export", line);
    }
    let exported: Value = serde_json::from_str(&printed(&["history", "export", "--format", "json"])).unwrap();
    check("history-export", &exported["readings"][0].to_string());
    let backtest = printed(&["history", "backtest", "--format", "json", "--all", "--shifts"]);
    assert!(!check("history-backtest", &backtest)["targets"].as_array().unwrap().is_empty());

    let written = fs::read_dir(schemas()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(written.collect::<BTreeSet<_>>(), tried, "each schema is tried, and each that is tried is in the book");
    let page = fs::read_to_string(schemas().join("../json.md")).unwrap();
    tried.iter().for_each(|name| assert!(page.contains(&format!("(schemas/{name})")), "json.md does not link {name}"));
}

#[test]
fn a_field_that_no_schema_has_and_one_that_is_missing_are_seen() {
    let good = serde_json::json!({"schema": 1, "exit": 0, "findings": []});
    fits("doctor", &good);
    for change in [("news", Some(1)), ("exit", None), ("schema", Some(2))] {
        let mut value = good.clone();
        match change {
            (field, Some(n)) => value[field] = n.into(),
            (field, None) => drop(value.as_object_mut().unwrap().remove(field)),
        }
        assert!(!validator("doctor").is_valid(&value), "{value}");
    }
}
