//! The lists that the siblings of the AHT route give: who is logged in, and which campaigns there are. Pure.
//!
//! Their limits and their authentication are not proven, so an account may have none of them. Whatever they answer says
//! nothing about the token: only an AHT request may declare one dead.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    classify::{Flag, WITHOUT, flag, message, reason},
    json::{self, Body},
    wording::{self, Wording},
};
use crate::domain::{clean, clean_line};

/// Longest id, name or word that is kept, in characters.
const MAX_TEXT: usize = 300;
/// Longest excerpt of an answer that is not understood, in bytes.
const MAX_EXCERPT: usize = 200;

/// The answer to a request for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListReply<T> {
    /// What was listed, each once, in the order of the answer.
    Rows {
        rows: Vec<T>,
        /// So many entries could not be read: who is not among the rows may have been among them.
        unread: usize,
    },
    /// Too many requests, of this kind or of all.
    Throttled { retry_after: Option<Duration> },
    /// The account does not have this list, or what came is not understood. Free of secrets and controls.
    Refused { why: Arc<str> },
    /// The service is ill or out of reach: nothing is known. Free of secrets and controls.
    Failed { why: Arc<str> },
}

/// An agent who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// As the service writes it.
    pub id: Arc<str>,
    pub name: Option<Arc<str>>,
    /// The service's own word, such as `READY`.
    pub state: Option<Arc<str>>,
    pub skills: Vec<Arc<str>>,
}

/// A campaign of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCampaign {
    pub name: Arc<str>,
    /// Such as `Preview`.
    pub kind: Option<Arc<str>>,
    /// The service's own word, such as `READY`.
    pub state: Option<Arc<str>>,
}

/// What is told apart by an id.
pub(super) trait Named {
    fn id(&self) -> &str;
}

impl Named for Login {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for ListedCampaign {
    fn id(&self) -> &str {
        &self.name
    }
}

/// The meaning of an answer of `getAgentLogins`.
pub fn logins(status: u16, retry_after: Option<Duration>, body: &[u8]) -> ListReply<Login> {
    list(status, retry_after, body, &["AgentID", "AgentName"], |row| {
        let id = id(row, &["AgentID"])?;
        let skills = json::field(row, "SkillName").or_else(|| json::field(row, "Skill"));
        let skills = skills.and_then(Value::as_str).unwrap_or_default();
        let skills = skills.split(',').filter_map(kept).take(100).collect();
        Some(Login { id, name: text(row, &["AgentName"]), state: text(row, &["AgentState", "State"]), skills })
    })
}

/// The meaning of an answer of `campaignStatus` or `getAvailableCampaigns`.
pub fn campaigns(status: u16, retry_after: Option<Duration>, body: &[u8]) -> ListReply<ListedCampaign> {
    list(status, retry_after, body, &["CampaignName", "Campaign", "CampaignID"], |row| {
        let name = id(row, &["CampaignName", "Campaign"])?;
        let state = text(row, &["Position", "Status"]);
        Some(ListedCampaign { name, kind: text(row, &["CampaignType"]), state })
    })
}

/// Judges status and body together, as for an AHT. A row is told by one of `keys`.
fn list<T: Named>(
    status: u16,
    retry_after: Option<Duration>,
    body: &[u8],
    keys: &[&str],
    read: impl Fn(&Map<String, Value>) -> Option<T>,
) -> ListReply<T> {
    let parsed = Body::read(body);
    let messages = wording::messages(&parsed);
    let said = messages.iter().find_map(|m| Some((wording::meaning(m)?, *m)));
    if status == 429 || matches!(said, Some((Wording::Throttled, _))) {
        return ListReply::Throttled { retry_after };
    }
    let empty = || ListReply::Rows { rows: Vec::new(), unread: 0 };
    let is_empty = messages.iter().any(|m| wording::is_empty_list(m));
    match (status, said) {
        (500.., _) => return failed(format!("the service fails (HTTP {status})")),
        (0..=199, _) => return failed(format!("no answer (HTTP {status})")),
        (300..=399, _) => return refused("a redirect, which is never followed"),
        (_, Some((Wording::Token | Wording::Credentials { .. }, text))) => {
            return refused(&format!("HTTP {status}, {}", reason(text)));
        }
        // A gateway says "not found" of a route that it does not have.
        (400..=499, Some((Wording::NoData, _))) => return empty(),
        (400..=499, _) => {
            return refused(&match messages.first() {
                Some(text) => format!("HTTP {status}, {}", message(text)),
                None => format!("HTTP {status}, {WITHOUT}"),
            });
        }
        _ => {}
    }
    let (value, flag) = match &parsed {
        Body::Html => return refused("an HTML page instead of a list"),
        Body::Json(value) => (value, value.as_object().map_or(Flag::Absent, flag)),
        Body::Text(_) if is_empty => return empty(),
        Body::Text(_) => return not_understood(body),
    };
    if flag == Flag::Bad {
        return if is_empty { empty() } else { not_understood(body) };
    }
    match entries(value, keys) {
        // That there is nobody is believed only where the service says that this is its answer.
        Some(entries) if entries.is_empty() && flag == Flag::Good => empty(),
        Some(entries) if !entries.is_empty() => rows(&entries, read).unwrap_or_else(|| not_understood(body)),
        _ if is_empty => empty(),
        _ => not_understood(body),
    }
}

/// Each entry once; `None` where none can be read.
fn rows<T: Named>(entries: &[&Value], read: impl Fn(&Map<String, Value>) -> Option<T>) -> Option<ListReply<T>> {
    let (mut rows, mut unread, mut seen) = (Vec::new(), 0, HashSet::new());
    for entry in entries {
        match entry.as_object().and_then(&read) {
            // The same one again, for another skill or in another queue.
            Some(row) => {
                if seen.insert(row.id().to_owned()) {
                    rows.push(row);
                }
            }
            None => unread += 1,
        }
    }
    (!rows.is_empty()).then_some(ListReply::Rows { rows, unread })
}

/// The entries of a list, wherever it lies: `None` where there is none.
fn entries<'a>(value: &'a Value, keys: &[&str]) -> Option<Vec<&'a Value>> {
    const PLACES: [&str; 6] = ["message", "details", "data", "Campaigns", "Agents", "list"];
    let is_row = |object: &Map<String, Value>| keys.iter().any(|key| json::field(object, key).is_some());
    match value {
        Value::Array(list) => Some(list.iter().collect()),
        Value::Object(top) => {
            let arrays = |object: &'a Map<String, Value>| {
                PLACES.iter().filter_map(move |key| json::field(object, key)?.as_array())
            };
            let inner = || PLACES.iter().filter_map(|key| json::field(top, key)?.as_object());
            // An empty list beside one that is filled is a field that is not used.
            let all: Vec<&Vec<Value>> = arrays(top).chain(inner().flat_map(arrays)).collect();
            let list = all.iter().find(|list| !list.is_empty()).or_else(|| all.first());
            if let Some(list) = list {
                return Some(list.iter().collect());
            }
            // A single one, without a list around it.
            let single =
                PLACES.iter().filter_map(|key| json::field(top, key)).find(|v| v.as_object().is_some_and(is_row));
            single.or_else(|| is_row(top).then_some(value)).map(|row| vec![row])
        }
        _ => None,
    }
}

/// What can be asked for: exactly as it came, so that an id with controls is none.
fn id(row: &Map<String, Value>, keys: &[&str]) -> Option<Arc<str>> {
    keys.iter().filter_map(|key| json::field(row, key)).find_map(|value| match value {
        Value::String(text) => Some(text.trim()).filter(|t| !t.is_empty() && clean(t, MAX_TEXT) == *t).map(Into::into),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    })
}

/// The first of `keys` that says something.
fn text(row: &Map<String, Value>, keys: &[&str]) -> Option<Arc<str>> {
    keys.iter().filter_map(|key| json::field(row, key)).find_map(|value| match value {
        Value::String(text) => kept(text),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    })
}

/// `text` in one line; `None` where nothing is left.
fn kept(text: &str) -> Option<Arc<str>> {
    let line = clean_line(text, MAX_TEXT);
    (!line.is_empty()).then(|| line.into())
}

fn refused<T>(why: &str) -> ListReply<T> {
    ListReply::Refused { why: why.into() }
}

fn failed<T>(why: String) -> ListReply<T> {
    ListReply::Failed { why: why.into() }
}

/// With the first bytes of what came, for the log.
fn not_understood<T>(body: &[u8]) -> ListReply<T> {
    let cut = &body[..body.len().min(MAX_EXCERPT)];
    refused(&format!("the answer is not understood: {}", message(&String::from_utf8_lossy(cut))))
}
