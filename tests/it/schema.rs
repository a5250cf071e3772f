//! The JSON Schema of the configuration: it is the one in the repository, it takes everything that the program takes,
//! and it refuses all that a schema can refuse.
//!
//! `RENEW_SCHEMA=1 cargo test --test it schema` writes it.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use jsonschema::Validator;
use serde_json::Value;

use crate::{docs, hooks};

/// Errors that are told of a file and that no schema can tell: they compare values, look into files, or know more of a
/// value than its form.
const BEYOND: [&str; 16] = [
    " must be less than ",
    "must not be longer than",
    "' is not from ",
    "is not a time zone",
    "there is a [[",
    "already",
    "is missing",
    "nothing to watch",
    "cannot read",
    "needs mode = ",
    "is not \"auto\",",
    "a password does not belong into the URL",
    "sslmode can be verify-full",
    "needs an absolute path",
    "leave out the other agents",
    "where [watch] agents is",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn printed() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ahtop")).args(["config", "schema"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn validator() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(&printed()).unwrap()).unwrap()
}

fn json(toml: &str) -> Option<Value> {
    serde_json::to_value(toml.parse::<toml::Table>().ok()?).ok()
}

fn complaints(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// The template with every `#key = value` and `#[table]` made real.
fn uncommented(template: &str) -> String {
    let real = |line: &str| {
        let body = line.strip_prefix('#')?;
        (body.starts_with('[') || body.starts_with(|c: char| c.is_ascii_lowercase()) && body.contains(" = "))
            .then(|| body.to_owned())
    };
    template.lines().map(|l| real(l).unwrap_or_else(|| l.to_owned())).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let file = root().join("config.schema.json");
    if std::env::var_os("RENEW_SCHEMA").is_some() {
        fs::write(&file, printed()).unwrap();
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    assert!(kept == printed(), "config.schema.json is not current: `RENEW_SCHEMA=1 cargo test --test it schema`");
    let template = fs::read_to_string(root().join("config.example.toml")).unwrap();
    assert_eq!(template.lines().next(), Some("#:schema ./config.schema.json"));
}

#[test]
fn every_configuration_that_is_good_passes() {
    let validator = validator();
    let template = fs::read_to_string(root().join("config.example.toml")).unwrap();
    // Of the sources of the secret one at a time.
    let sources = ["api_key_env", "api_key_file", "api_key_command", "token_command"];
    let mut good: Vec<(String, String)> = vec![("template".into(), template.clone())];
    for source in sources {
        let others = |l: &&str| !sources.iter().any(|s| *s != source && l.starts_with(s));
        let text = uncommented(&template);
        good.push((source.into(), text.lines().filter(others).collect::<Vec<_>>().join("\n")));
    }
    good.extend(docs::configurations().into_iter().map(|(place, text, _)| (place, text)));
    good.extend(hooks::configurations());
    for (name, text) in &good {
        let value = json(text).unwrap_or_else(|| panic!("{name} is not TOML"));
        assert_eq!(complaints(&validator, &value), Vec::<String>::new(), "{name}");
    }
    for (value, wrong) in [
        (r#"bands = { target = "1:02:03", low_warn = "4m47s", low_crit = " 90s" }"#, false),
        (r#"ui = { theme = "mine.toml", keys = { quit = "q", help = ["F1", "?"] } }"#, false),
        (r#"account = { base_url = "http://127.0.0.1:7878" }"#, false),
        (r#"account = { base_url = "http://example.com" }"#, true),
        (r#"ui = { keys = { zebra = "q" } }"#, true),
        (r#"quiet = { hours = ["Mon-Fri 22:00-07:00", "mon,sun 00:00-24:00", "01:00-02:00"] }"#, false),
        (r#"quiet = { hours = ["at night"] }"#, true),
        (r#"auth = { api_key_env = "A", token_command = ["t"] }"#, true),
        (r#"bands = { target = "4:7" }"#, true),
    ] {
        let complaints = complaints(&validator, &json(value).unwrap());
        assert_eq!(!complaints.is_empty(), wrong, "{value}: {complaints:?}");
    }
}

#[test]
fn every_broken_configuration_is_refused_unless_no_schema_could() {
    let validator = validator();
    let base = "[account]\nuser_name = \"acme\"\n[auth]\napi_key_env = \"K\"\n[watch]\nagents = [\"a\"]\n";
    let cases = fs::read_to_string(root().join("src/config/tests/errors.txt")).unwrap();
    let (mut refused, mut beyond, mut unexplained, mut used) = (0, 0, Vec::new(), BTreeSet::<&str>::new());
    for case in cases.split("=== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap();
        let (text, told) = rest.split_once("---\n").unwrap();
        let whole = if head == "below" { format!("{base}{text}") } else { text.to_owned() };
        // What is not TOML no schema gets to see.
        let Some(value) = json(&whole) else { continue };
        if complaints(&validator, &value).is_empty() {
            let odd = told.lines().filter(|line| !BEYOND.iter().any(|words| line.contains(words)));
            unexplained.extend(odd.map(str::to_owned));
            used.extend(BEYOND.iter().copied().filter(|words| told.contains(words)));
            beyond += 1;
        } else {
            refused += 1;
        }
    }
    assert!(unexplained.is_empty(), "a schema could tell this:\n{}", unexplained.join("\n"));
    let idle: Vec<_> = BEYOND.iter().filter(|words| !used.contains(**words)).collect();
    assert!(idle.is_empty(), "no case needs {idle:?}");
    assert!(refused > beyond && refused >= 30, "{refused} refused, {beyond} beyond a schema");
}
