//! Reads the file into values with their places: TOML syntax, tables, keys and types. What fits together is checked
//! later, when all layers are known.

use std::{collections::BTreeMap, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    bands::{BandLimits, Limit},
    error::{Diagnostics, Lines, Place, quote, suggest},
    schema::{BANDS, Id, KEYS, LIMITS, LISTS, SECTIONS, TRIGGERS, keys_of},
    types::{Hook, Rebind},
    value_type::{LOGGED_IN, Value, ValueType, kind, line},
};
use crate::domain::{Aht, Kind, clean_line};

/// An id with its place.
pub(super) type Placed = (String, Place);

/// What one layer says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// Where it speaks of a key, well or not.
    pub(super) places: BTreeMap<Id, Place>,
    pub(super) values: BTreeMap<Id, Value>,
    /// Its lists, without what was not valid.
    pub(super) lists: BTreeMap<Id, Vec<Placed>>,
}

impl Layer {
    /// Takes a value that was read from `place`, or says what is wrong with it.
    pub(super) fn take(
        &mut self,
        id: Id,
        place: Place,
        value: Result<Value, String>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) {
        self.places.insert(id, place.clone());
        match value {
            Ok(value) => drop(self.values.insert(id, value)),
            Err(message) if name.is_empty() => diagnostics.push(place, message),
            Err(message) => diagnostics.push(place, format!("'{name}': {message}")),
        }
    }
}

/// A `[[agent]]` or `[[campaign]]`.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) place: Place,
    pub(super) label: Option<String>,
    pub(super) bands: BandLimits,
}

/// A `[[group]]`.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) agents: Vec<Placed>,
    pub(super) campaigns: Vec<Placed>,
    pub(super) bands: BandLimits,
}

/// All that the file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) layer: Layer,
    pub(super) bands: BandLimits,
    pub(super) agent_bands: BandLimits,
    pub(super) campaign_bands: BandLimits,
    pub(super) groups: Vec<Group>,
    pub(super) agents: Vec<Entry>,
    pub(super) campaigns: Vec<Entry>,
    pub(super) hooks: Vec<Hook>,
    pub(super) keys: Vec<Rebind>,
}

impl File {
    pub(super) fn entries(&self, kind: Kind) -> &[Entry] {
        match kind {
            Kind::Agent => &self.agents,
            Kind::Campaign => &self.campaigns,
        }
    }
}

type Node<'i> = Spanned<DeValue<'i>>;

/// Reads `text`, which stands in `path`. `None`: it is not TOML.
pub(super) fn read(path: &Path, text: &str, diagnostics: &mut Diagnostics) -> Option<File> {
    let mut reader = Reader { lines: Lines::new(path, text), diagnostics, file: File::default() };
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reader.root(root.get_ref());
        return Some(reader.file);
    }
    // What the parser guessed behind a syntax error would only make false errors.
    for error in errors {
        let place = reader.lines.at(&error.span().unwrap_or(0..0));
        reader.diagnostics.push(place, format!("not TOML: {}", clean_line(error.message(), 200)));
    }
    None
}

struct Reader<'a> {
    lines: Lines<'a>,
    diagnostics: &'a mut Diagnostics,
    file: File,
}

impl Reader<'_> {
    fn root(&mut self, root: &DeTable<'_>) {
        for (name, node) in root {
            let place = self.lines.at(&name.span());
            let name = name.get_ref().as_ref();
            let list = LISTS.iter().find(|(list, _)| *list == name);
            match (node.get_ref(), list) {
                (DeValue::Array(items), Some((list, keys))) => {
                    for item in items {
                        match item.get_ref() {
                            DeValue::Table(table) => self.entry(list, keys, table, self.lines.at(&item.span())),
                            other => {
                                let place = self.lines.at(&item.span());
                                self.diagnostics
                                    .push(place, format!("[[{list}]] must hold tables, found {}", kind(other)));
                            }
                        }
                    }
                }
                (_, Some((list, _))) => {
                    self.diagnostics.push(place, format!("'{list}' is a list of tables: write [[{list}]]"));
                }
                (DeValue::Table(table), None) if name == "bands" => self.bands_section(table),
                (DeValue::Table(table), None) if SECTIONS.contains(&name) => self.section(name, table),
                (other, None) if name == "bands" || SECTIONS.contains(&name) => {
                    self.diagnostics.push(place, format!("'{name}' is a table: write [{name}]; found {}", kind(other)));
                }
                (_, None) => self.unknown_section(name, node, place),
            }
        }
    }

    fn unknown_section(&mut self, name: &str, node: &Node<'_>, place: Place) {
        let table = matches!(node.get_ref(), DeValue::Table(_) | DeValue::Array(_));
        if let (false, Some(key)) = (table, KEYS.iter().find(|k| k.name == name)) {
            self.diagnostics
                .push(place, format!("{} stands outside of any table; it belongs in [{}]", quote(name), key.section));
            return;
        }
        let known: Vec<&str> = SECTIONS.into_iter().chain(["bands"]).chain(LISTS.map(|l| l.0)).collect();
        let what = if table { "table" } else { "key" };
        self.diagnostics.push(place, format!("unknown {what} {}{}", quote(name), suggest(name, &known)));
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        let mut known: Vec<&str> = keys_of(section).map(|k| k.name).collect();
        known.extend((section == "ui").then_some("keys"));
        for (name, node) in self.fields(&format!("[{section}]"), table, &known) {
            if (section, name) == ("ui", "keys") {
                self.rebinds(node);
                continue;
            }
            let Some(key) = keys_of(section).find(|k| k.name == name) else { continue };
            let place = self.lines.at(&node.span());
            if key.value_type.is_list() {
                let ids = match node.get_ref() {
                    DeValue::String(word) if matches!(key.value_type, ValueType::Agents) && word == LOGGED_IN => {
                        vec![(LOGGED_IN.to_owned(), place.clone())]
                    }
                    _ => self.ids(&format!("'{name}'"), key.value_type, node),
                };
                self.file.layer.places.insert(key.id, place);
                self.file.layer.lists.insert(key.id, ids);
                continue;
            }
            let value = key.value_type.toml(node.get_ref());
            self.file.layer.take(key.id, place, value, name, self.diagnostics);
        }
    }

    /// `[ui.keys]`: which actions and keys there are is not known here.
    fn rebinds(&mut self, node: &Node<'_>) {
        let DeValue::Table(table) = node.get_ref() else {
            let place = self.lines.at(&node.span());
            self.diagnostics.push(place, format!("'keys' is a table: write [ui.keys]; found {}", kind(node.get_ref())));
            return;
        };
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_by_key(|(name, _)| name.span().start);
        for (name, node) in rows {
            let items = match node.get_ref() {
                DeValue::Array(items) => items.iter().collect(),
                _ => vec![node],
            };
            let mut keys = Vec::new();
            for item in items {
                let place = self.lines.at(&item.span());
                match item.get_ref() {
                    DeValue::String(text) => keys.push((text.as_ref().into(), place)),
                    other => {
                        let found = kind(other);
                        self.diagnostics
                            .push(place, format!("'keys': expected a key in quotes such as \"q\", found {found}"));
                    }
                }
            }
            let place = self.lines.at(&name.span());
            self.file.keys.push(Rebind { action: name.get_ref().as_ref().into(), place, keys });
        }
    }

    /// The known fields of a table in the order of the file; the others are errors.
    fn fields<'t, 'i>(&mut self, table: &str, fields: &'t DeTable<'i>, known: &[&str]) -> Vec<(&'t str, &'t Node<'i>)> {
        let mut found = Vec::new();
        for (name, node) in fields {
            let place = self.lines.at(&name.span());
            let name = name.get_ref().as_ref();
            if known.contains(&name) {
                found.push((name, node));
                continue;
            }
            let hint = match KEYS.iter().find(|k| k.name == name) {
                _ if table == "[auth]"
                    && ["api_key", "apikey", "key", "token", "secret", "password"].contains(&name) =>
                {
                    "; a secret never stands in this file: name its source by api_key_env, api_key_file, \
                     api_key_command or token_command"
                        .to_owned()
                }
                _ if table == "[store]" && ["password", "pass", "pwd", "secret"].contains(&name) => {
                    "; a secret never stands in this file: name its source by password_file, password_env or \
                     password_command"
                        .to_owned()
                }
                Some(key) => format!("; it belongs in [{}]", key.section),
                None => suggest(name, known),
            };
            self.diagnostics.push(place, format!("unknown key {} in {table}{hint}", quote(name)));
        }
        found.sort_by_key(|(_, node)| node.span().start);
        found
    }

    fn entry(&mut self, list: &str, keys: &[&str], table: &DeTable<'_>, place: Place) {
        let fields: BTreeMap<&str, &Node<'_>> = self.fields(&format!("[[{list}]]"), table, keys).into_iter().collect();
        if list == "hook" {
            self.hook(&fields, place);
            return;
        }
        let bands = fields.get("bands").map(|node| self.bands_value(node)).unwrap_or_default();
        let label = fields.get("label").and_then(|node| self.text("label", node));
        let agents = fields.get("agents").map(|node| self.ids("'agents'", ValueType::Ids, node)).unwrap_or_default();
        let campaigns =
            fields.get("campaigns").map(|node| self.ids("'campaigns'", ValueType::Ids, node)).unwrap_or_default();
        let Some(node) = keys.first().and_then(|k| fields.get(k)) else {
            let first = keys.first().unwrap_or(&"");
            self.diagnostics.push(place, format!("[[{list}]] has no '{first}'"));
            return;
        };
        let place = self.lines.at(&node.span());
        let Some(id) = keys.first().and_then(|k| self.text(k, node)) else { return };
        match list {
            "group" if self.file.groups.iter().any(|g| g.name == id) => self.twice(list, &id, place),
            "group" => self.file.groups.push(Group { name: id, agents, campaigns, bands }),
            _ => {
                let entries = if list == "agent" { &mut self.file.agents } else { &mut self.file.campaigns };
                if entries.iter().any(|e| e.id == id) {
                    self.twice(list, &id, place);
                } else {
                    entries.push(Entry { id, place, label, bands });
                }
            }
        }
    }

    /// A hook is kept only where all of it is valid.
    fn hook(&mut self, fields: &BTreeMap<&str, &Node<'_>>, place: Place) {
        let mut value = |name: &str, value_type: ValueType, default: Option<&str>| {
            let Some(node) = fields.get(name) else {
                let default = default.and_then(|text| value_type.text(text).ok());
                if default.is_none() {
                    self.diagnostics.push(place.clone(), format!("[[hook]] has no '{name}'"));
                }
                return default;
            };
            let place = self.lines.at(&node.span());
            value_type
                .toml(node.get_ref())
                .map_err(|message| self.diagnostics.push(place, format!("'{name}': {message}")))
                .ok()
        };
        let on = value("on", ValueType::Words(&TRIGGERS), None);
        let command = value("command", ValueType::Argv, None);
        let timeout = value("timeout", ValueType::Span { min: 1, max: 300 }, Some("10s"));
        let per_minute = value("per_minute", ValueType::Count { min: 1, max: 600 }, Some("30"));
        if let (Some(Value::Argv(on)), Some(Value::Argv(command)), Some(Value::Span(timeout)), Some(Value::Count(n))) =
            (on, command, timeout, per_minute)
        {
            let on = TRIGGERS.into_iter().filter(|word| on.iter().any(|o| o == word)).collect();
            self.file.hooks.push(Hook { on, command, timeout, per_minute: n });
        }
    }

    fn twice(&mut self, list: &str, id: &str, place: Place) {
        self.diagnostics.push(place, format!("there is a [[{list}]] {} already", quote(id)));
    }

    fn text(&mut self, name: &str, node: &Node<'_>) -> Option<String> {
        let place = self.lines.at(&node.span());
        let checked = match node.get_ref() {
            DeValue::String(text) => line(text).map(|()| text.to_string()),
            other => Err(format!("expected a text in quotes, found {}", kind(other))),
        };
        checked.map_err(|message| self.diagnostics.push(place, format!("'{name}': {message}"))).ok()
    }

    /// A list of ids without repetition.
    fn ids(&mut self, name: &str, value_type: ValueType, node: &Node<'_>) -> Vec<Placed> {
        let place = self.lines.at(&node.span());
        let DeValue::Array(items) = node.get_ref() else {
            let (expects, found) = (value_type.expects(), kind(node.get_ref()));
            self.diagnostics.push(place, format!("{name}: expected {expects}, found {found}"));
            return Vec::new();
        };
        let mut ids = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for item in items {
            let place = self.lines.at(&item.span());
            let DeValue::String(id) = item.get_ref() else {
                let found = kind(item.get_ref());
                self.diagnostics.push(place, format!("{name}: expected an id in quotes, found {found}"));
                continue;
            };
            if let Err(message) = line(id) {
                self.diagnostics.push(place, format!("{name}: id {message}"));
            } else if let Some(first) = seen.insert(id.to_string(), place.clone()) {
                let first: Place = first;
                self.diagnostics
                    .push(place, format!("{name}: {} is listed twice, first in {}", quote(id), first.words()));
            } else {
                ids.push((id.to_string(), place));
            }
        }
        ids
    }

    fn bands_section(&mut self, table: &DeTable<'_>) {
        let fields = self.fields("[bands]", table, &BANDS);
        let (kinds, limits): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|(name, _)| matches!(*name, "agents" | "campaigns"));
        self.file.bands = self.limits(limits);
        for (name, node) in kinds {
            let layer = self.bands_value(node);
            let slot = if name == "agents" { &mut self.file.agent_bands } else { &mut self.file.campaign_bands };
            *slot = layer;
        }
    }

    fn bands_value(&mut self, node: &Node<'_>) -> BandLimits {
        let DeValue::Table(table) = node.get_ref() else {
            let place = self.lines.at(&node.span());
            let found = kind(node.get_ref());
            self.diagnostics.push(place, format!("expected limits such as {{ target = \"4:47\" }}, found {found}"));
            return BandLimits::default();
        };
        let fields = self.fields("bands", table, &LIMITS);
        self.limits(fields)
    }

    fn limits(&mut self, fields: Vec<(&str, &Node<'_>)>) -> BandLimits {
        let mut layer = BandLimits::default();
        for (name, node) in fields {
            let place = self.lines.at(&node.span());
            let parsed = match node.get_ref() {
                DeValue::String(text) => text.parse::<Aht>().map_err(|e| format!("{} is {e}", quote(text))),
                other => Err(format!("expected a time in quotes, such as \"4:47\", found {}", kind(other))),
            };
            match (parsed, LIMITS.iter().position(|l| *l == name)) {
                (Ok(aht), Some(i)) => layer.0[i] = Some(Limit { aht, place }),
                (Ok(_), None) => {}
                (Err(message), _) => self.diagnostics.push(place, format!("'{name}': {message}")),
            }
        }
        layer.check(self.diagnostics);
        layer
    }
}
