//! `ahtop config schema`: the JSON Schema of the configuration, by which editors complete and check the file.
//!
//! It is made from the table of keys. What a schema cannot say (limits in order, IDs that are listed twice, files that
//! are not there) `ahtop check` says.

use serde_json::{Map, Value, json};

use crate::{
    app::Keymap,
    config::{BANDS, Id, KEYS, Key, LIMITS, LISTS, LOGGED_IN, SECTIONS, TRIGGERS, ValueType},
};

/// The name of the file that the template names.
pub(super) const FILE: &str = "config.schema.json";

const HANDLING_TIME: &str = "^\\s*([0-9]+:[0-5][0-9](:[0-5][0-9])?|([0-9]+h)?([0-9]+m)?([0-9]+s)?)\\s*$";
const DURATION: &str = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
const QUIET: &str = "^\\s*([A-Za-z,-]+\\s+)?[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]\\s*$";
/// Neither empty, nor with blanks around it, nor with anything that is no letter, digit, sign or blank.
const ONE_LINE: &str =
    "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$";
/// What a keyboard's key may be called is for the program to say.
const KEY: &str = "^\\S+$";

/// The schema, as text.
pub(super) fn text() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> Value {
    let mut tables = Map::new();
    for section in SECTIONS {
        tables.insert(section.into(), table(section));
    }
    tables.insert("bands".into(), bands());
    for (list, keys) in LISTS {
        let entries = keys.iter().map(|key| ((*key).to_owned(), entry(list, key))).collect::<Map<_, _>>();
        let required = match list {
            "hook" => json!(["on", "command"]),
            _ => json!([keys.first()]),
        };
        let (entries, required) = (closed(entries, &[("required", required)]), list_doc(list));
        tables.insert(list.into(), json!({ "type": "array", "items": entries, "description": required }));
    }
    let top = [
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("title", json!("Configuration of ahtop")),
        ("definitions", json!({ "limits": closed(limits(), &[]) })),
    ];
    closed(tables, &top)
}

/// A table with these keys and no others.
fn closed(properties: Map<String, Value>, more: &[(&str, Value)]) -> Value {
    let mut table = Map::new();
    table.insert("type".into(), json!("object"));
    table.insert("properties".into(), Value::Object(properties));
    table.insert("additionalProperties".into(), json!(false));
    table.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(table)
}

/// The table of a section.
fn table(section: &str) -> Value {
    let keys = KEYS.iter().filter(|key| key.section == section);
    let mut properties: Map<String, Value> = keys.map(|key| (key.name.to_owned(), value(key))).collect();
    match section {
        "ui" => {
            properties.insert("keys".into(), rebinds());
            closed(properties, &[])
        }
        "auth" => {
            let sources = [Id::ApiKeyEnv, Id::ApiKeyFile, Id::ApiKeyCommand, Id::TokenCommand].map(|id| id.key().name);
            let pairs = sources.iter().enumerate().flat_map(|(i, first)| {
                sources.iter().skip(i + 1).map(move |second| json!({ "required": [first, second] }))
            });
            closed(properties, &[("not", json!({ "anyOf": pairs.collect::<Vec<_>>() }))])
        }
        _ => closed(properties, &[]),
    }
}

/// What a key takes, with its meaning, its twins and its default.
fn value(key: &Key) -> Value {
    let mut schema = match type_schema(key.value_type) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    let twins: Vec<&str> = [key.flag, key.env].into_iter().flatten().collect();
    let twins = if twins.is_empty() { String::new() } else { format!(" ({})", twins.join(", ")) };
    schema.insert("description".into(), json!(format!("{}{twins}", key.doc)));
    if let Some(default) = key.default {
        let typed = match key.value_type {
            ValueType::Count { .. } => default.parse::<u32>().map_or(Value::Null, Value::from),
            ValueType::Switch => json!(default == "true"),
            _ => json!(default),
        };
        schema.insert("default".into(), typed);
    }
    Value::Object(schema)
}

fn type_schema(value_type: ValueType) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match value_type {
        ValueType::Name => text("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"),
        ValueType::Line => line(),
        ValueType::Origin => text("^(https://[^/@]+/?|http://(localhost|127\\.[0-9.]+|\\[::1\\])(:[0-9]+)?/?)$"),
        ValueType::Zone | ValueType::Path => json!({ "type": "string", "minLength": 1 }),
        ValueType::Variable => text("^[A-Z_][A-Z0-9_]{0,63}$"),
        ValueType::Argv => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        ValueType::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        ValueType::Span { .. } => json!({ "type": "string", "pattern": DURATION, "minLength": 2 }),
        ValueType::Word(words) => json!({ "type": "string", "enum": words }),
        ValueType::Words(words) => {
            json!({ "type": "array", "items": { "type": "string", "enum": words }, "minItems": 1 })
        }
        ValueType::Percent { .. } => text("^[0-9]+%$"),
        ValueType::Hours => json!({ "type": "array", "items": text(QUIET) }),
        ValueType::Theme(words) => json!({ "type": "string", "anyOf": [{ "enum": words }, { "pattern": "\\.toml$" }] }),
        ValueType::Switch => json!({ "type": "boolean" }),
        ValueType::Store => text("^(auto|[a-z]+://.+)$"),
        ValueType::Key => text(KEY),
        ValueType::Listen => text("^(unix:/.+|.+:[0-9]{1,5})$"),
        ValueType::Hosts => json!({ "type": "array", "items": line() }),
        ValueType::Ids => ids(),
        ValueType::Agents => json!({ "anyOf": [ids(), { "const": LOGGED_IN }] }),
    }
}

fn ids() -> Value {
    json!({ "type": "array", "items": line(), "uniqueItems": true })
}

fn line() -> Value {
    json!({ "type": "string", "pattern": ONE_LINE, "maxLength": 256 })
}

fn limits() -> Map<String, Value> {
    let meaning = |limit: &str| match limit {
        "low_crit" => "VERY LOW at or below this",
        "low_warn" => "LOW at or below this",
        "high_warn" => "HIGH at or above this",
        "high_crit" => "VERY HIGH at or above this",
        _ => "The handling time to compare with; alone, it also gives the default limits",
    };
    let limit = |name: &&'static str| {
        let schema =
            json!({ "type": "string", "pattern": HANDLING_TIME, "minLength": 2, "description": meaning(name) });
        ((*name).to_owned(), schema)
    };
    LIMITS.iter().map(limit).collect()
}

fn bands() -> Value {
    let mut properties = limits();
    for kind in BANDS.iter().filter(|name| !LIMITS.contains(name)) {
        properties.insert((*kind).to_owned(), json!({ "$ref": "#/definitions/limits" }));
    }
    closed(
        properties,
        &[(
            "description",
            json!(
                "The range of handling times that needs no attention; without limits \
     there are no alerts"
            ),
        )],
    )
}

/// A key of one of the lists of tables.
fn entry(list: &str, key: &str) -> Value {
    let (mut schema, meaning) = match (list, key) {
        (_, "bands") => return json!({ "$ref": "#/definitions/limits" }),
        (_, "agents") => (type_schema(ValueType::Ids), "Agents in it, by agentId"),
        (_, "campaigns") => (type_schema(ValueType::Ids), "Campaigns in it, by campaignName"),
        ("hook", "on") => (type_schema(ValueType::Words(&TRIGGERS)), "The events that it is told of"),
        ("hook", "command") => {
            (type_schema(ValueType::Argv), "A program with its arguments; it reads JSON on standard input")
        }
        ("hook", "timeout") => (type_schema(ValueType::Span { min: 1, max: 300 }), "It is stopped after this long"),
        ("hook", "per_minute") => (type_schema(ValueType::Count { min: 1, max: 600 }), "Most runs in a minute"),
        ("agent", "id") => (line(), "Its agentId"),
        ("campaign", "name") => (line(), "Its campaignName"),
        (_, "label") => (line(), "What it is called on the screen"),
        _ => (line(), "Its name"),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".into(), json!(meaning));
    }
    schema
}

fn list_doc(list: &str) -> &'static str {
    match list {
        "group" => "A group; the first one that an agent is in stands in its row",
        "agent" => "Details of one agent",
        "campaign" => "Details of one campaign",
        _ => "A program that is told of alerts",
    }
}

/// `[ui.keys]`: a key or some for each action that has a name.
fn rebinds() -> Value {
    let keys = json!({ "anyOf": [{ "type": "string", "pattern": KEY },
        { "type": "array", "items": { "type": "string", "pattern": KEY } }] });
    let keymap = Keymap::default();
    let names = keymap.bindings().iter().filter_map(|binding| binding.action.name());
    closed(names.map(|name| (name.to_owned(), keys.clone())).collect(), &[("description", json!("Keys for actions"))])
}
