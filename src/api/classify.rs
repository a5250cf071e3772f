//! What a response means. Pure: status and body in, [`Reply`] or [`TokenReply`] out.
//!
//! The vendor's documentation is a fragment, its siblings vary, and gateways stand in front. So status and body are
//! judged together: a known message decides wherever it stands, a value is taken only from a good response that does
//! not speak of somebody else, and everything that is left over is *malformed* rather than guessed at.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Reply, TokenReply,
    json::{self, Body},
    jwt,
    wording::{self, Wording},
};
use crate::{
    config::AuthMode,
    domain::{Aht, Kind, Target, clean, clean_line},
};

/// Longest name that is kept, in characters.
const MAX_NAME: usize = 300;
/// A refusal that says nothing.
pub(super) const WITHOUT: &str = "without a message";
/// Longest message or excerpt, in bytes of the reply.
const MAX_TEXT: usize = 200;

/// The meaning of a response to an AHT request about `target` that was authorized in `mode`.
///
/// An AHT is a string `HH:MM:SS`; a JSON number of seconds was never seen, could as well be minutes or milliseconds,
/// and is malformed. Ids are compared exactly but for case, since the service may or may not fold it.
pub fn aht(status: u16, retry_after: Option<Duration>, body: &[u8], mode: AuthMode, target: &Target) -> Reply {
    if status == 405 {
        return Reply::WrongMethod;
    }
    let read = Body::read(body);
    if let Some(reply) = by_status_alone(status, retry_after) {
        return reply;
    }
    let messages = wording::messages(&read);
    let said = messages.iter().find_map(|m| Some((wording::meaning(m)?, *m)));
    match said {
        Some((Wording::Throttled, _)) => return Reply::Throttled { retry_after },
        Some((Wording::InvalidId(kind), _)) if kind == target.kind => return Reply::InvalidId,
        Some((Wording::Token, text)) => return rejected(text, mode),
        Some((Wording::Credentials { misses_key }, text)) => {
            return Reply::CredentialsRejected {
                message: reason(text),
                wants_basic: misses_key && mode == AuthMode::Token,
            };
        }
        _ => {}
    }
    let no_data = matches!(said, Some((Wording::NoData, _)));
    match status {
        200..=299 => match &read {
            Body::Html => service(status, "an HTML page instead of an answer"),
            Body::Json(Value::Object(top)) => success(top, no_data, target).unwrap_or_else(|| malformed(body)),
            _ if no_data => Reply::NoCalls { name: None },
            _ => malformed(body),
        },
        401 => rejected(messages.first().unwrap_or(&WITHOUT), mode),
        403 | 407 if matches!(read, Body::Html) => service(status, "a gateway or firewall refuses the request"),
        // Not a dead token (that is a 401), so that generating another one would only cost the account dearly.
        403 => forbidden(&messages),
        400..=499 if no_data => Reply::NoCalls { name: None },
        400..=499 if matches!(read, Body::Json(_)) => malformed(body),
        404 => service(status, "nothing is served there: check [account] base_url"),
        400..=499 => service(status, "the request is refused without a reason"),
        _ => service(status, "the service or the gateway in front of it fails"),
    }
}

/// The meaning of a response to a token request. `now` is the wall clock when it arrived, in the judgement of the
/// token's own `exp`. Nothing of the body is repeated but a message: it could hold a token.
pub fn token(status: u16, retry_after: Option<Duration>, body: &[u8], now: Timestamp) -> TokenReply {
    TokenReply::Refused(match token_or_refusal(status, retry_after, body) {
        Ok(secret) => {
            let life = jwt::life(&secret, now.as_second());
            return TokenReply::Generated { secret: secret.into(), life };
        }
        Err(reply) => reply,
    })
}

fn token_or_refusal(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Result<String, Reply> {
    if status == 405 {
        return Err(service(status, "the token route does not take POST: check [account] base_url"));
    }
    if let Some(reply) = by_status_alone(status, retry_after) {
        return Err(reply);
    }
    let read = Body::read(body);
    let html = matches!(read, Body::Html);
    let top = match &read {
        Body::Json(Value::Object(top)) => Some(top),
        _ => None,
    };
    let flag = top.map_or(Flag::Absent, flag);
    if (200..300).contains(&status) && flag != Flag::Bad {
        let places = top
            .into_iter()
            .chain(["data", "details", "message"].iter().filter_map(|k| json::field(top?, k)?.as_object()));
        let found =
            places.filter_map(|place| json::field(place, "token")?.as_str()).map(str::trim).find(|t| !t.is_empty());
        match found {
            Some(secret) if sendable(secret) => return Ok(secret.to_owned()),
            Some(_) => return Err(described("the token holds characters that no header can carry")),
            None => {}
        }
    }
    let messages = wording::messages(&read);
    let first = messages.first().copied();
    Err(match messages.iter().find_map(|m| Some((wording::meaning(m)?, *m))) {
        Some((Wording::Throttled, _)) => Reply::Throttled { retry_after },
        Some((Wording::Token | Wording::Credentials { .. }, text)) => {
            Reply::CredentialsRejected { message: reason(text), wants_basic: false }
        }
        _ => match status {
            200..=299 if html => service(status, "an HTML page instead of a token"),
            200..=299 => described(match (top, first) {
                (None, _) => "neither a token nor a message",
                (Some(_), None) => "JSON without a token",
                (Some(_), Some(_)) => "JSON without a token, with a message that is not known",
            }),
            403 | 407 if html => service(status, "a gateway or firewall refuses the request"),
            401 => {
                let text = first.unwrap_or(WITHOUT);
                Reply::CredentialsRejected { message: reason(text), wants_basic: false }
            }
            403 => forbidden(&messages),
            404 => service(status, "no token is served there: check [account] base_url"),
            400..=499 => service(status, "the request is refused without a known reason"),
            _ => service(status, "the service or the gateway in front of it fails"),
        },
    })
}

/// A secret that a header can carry: visible ASCII, of a size that servers take.
pub(super) fn sendable(secret: &str) -> bool {
    (1..=8000).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic())
}

fn by_status_alone(status: u16, retry_after: Option<Duration>) -> Option<Reply> {
    match status {
        429 => Some(Reply::Throttled { retry_after }),
        300..=399 => Some(service(status, "a redirect, which is never followed: check [account] base_url")),
        _ => None,
    }
}

/// The token is refused; where none was sent, that is about the key.
fn rejected(text: &str, mode: AuthMode) -> Reply {
    match mode {
        AuthMode::Token => Reply::TokenRejected { message: reason(text) },
        AuthMode::Basic => Reply::CredentialsRejected { message: reason(text), wants_basic: false },
    }
}

/// Why credentials are refused, in our own words: the service's could hold the key.
pub(super) fn reason(text: &str) -> Arc<str> {
    if text == WITHOUT { WITHOUT.into() } else { wording::credentials_phrase(text).into() }
}

fn forbidden(messages: &[&str]) -> Reply {
    let text = messages.first().unwrap_or(&WITHOUT);
    Reply::CredentialsRejected { message: reason(text), wants_basic: false }
}

fn service(status: u16, what: &str) -> Reply {
    Reply::Service { status, what: what.into() }
}

fn malformed(body: &[u8]) -> Reply {
    let cut = &body[..body.len().min(MAX_TEXT)];
    described(&String::from_utf8_lossy(cut))
}

fn described(text: &str) -> Reply {
    Reply::Malformed { excerpt: message(text) }
}

/// A text of the service in one harmless line, without anything that could be a key or a token.
pub(super) fn message(text: &str) -> Arc<str> {
    /// A run of letters, digits and the marks of base64 as long as this is no word and no id.
    const MAX_RUN: usize = 32;
    let in_run = |c: char| c.is_ascii_alphanumeric() || "-_.+/=".contains(c);
    // Runs are measured before the cut, which could leave a short piece of a long one.
    let (mut out, mut rest) = (String::new(), text.get(..4096).unwrap_or(text));
    while !rest.is_empty() {
        let run = rest.find(|c| !in_run(c)).unwrap_or(rest.len());
        out.push_str(if run >= MAX_RUN { "…" } else { &rest[..run] });
        rest = &rest[run..];
        let gap = rest.find(in_run).unwrap_or(rest.len());
        out.push_str(&rest[..gap]);
        rest = &rest[gap..];
    }
    clean_line(&out, MAX_TEXT).into()
}

/// The `status` of a body: several vocabularies are in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Good,
    Bad,
    Absent,
    Unknown,
}

pub(super) fn flag(top: &Map<String, Value>) -> Flag {
    match json::field(top, "status") {
        None | Some(Value::Null) => Flag::Absent,
        Some(Value::Bool(good)) => {
            if *good {
                Flag::Good
            } else {
                Flag::Bad
            }
        }
        Some(Value::String(word)) => match word.trim().to_ascii_lowercase().as_str() {
            "success" | "true" => Flag::Good,
            "error" | "false" | "fail" | "failure" | "failed" => Flag::Bad,
            _ => Flag::Unknown,
        },
        // Error pages of frameworks repeat the HTTP status here.
        Some(Value::Number(n)) => match n.as_u64() {
            Some(200..=299) => Flag::Good,
            Some(400..) => Flag::Bad,
            _ => Flag::Unknown,
        },
        Some(_) => Flag::Unknown,
    }
}

/// A value or no calls from a body under a good HTTP status, `None` where it is neither.
fn success(top: &Map<String, Value>, no_data: bool, target: &Target) -> Option<Reply> {
    match flag(top) {
        Flag::Good | Flag::Absent => {}
        Flag::Bad => return no_data.then_some(Reply::NoCalls { name: None }),
        Flag::Unknown => return None,
    }
    let places = places(top);
    let about_target = |place: &Map<String, Value>| is_about(place, target) && is_about(top, target);
    if let Some(place) = places.iter().find(|p| json::field(p, "AHT").is_some()) {
        return about_target(place).then(|| value(place, target))?;
    }
    if let Some(place) = places.iter().find(|p| names(p, target)) {
        return about_target(place).then(|| Reply::NoCalls { name: name(place, target) });
    }
    let empty = ["details", "message", "data"]
        .iter()
        .any(|key| matches!(json::field(top, key), Some(Value::Array(a)) if a.is_empty()));
    (no_data || (empty && flag(top) == Flag::Good) && is_about(top, target)).then_some(Reply::NoCalls { name: None })
}

/// Where a payload can be, in the order in which it is looked for.
fn places(top: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    let mut places = Vec::with_capacity(4);
    for key in ["message", "details", "data"] {
        match json::field(top, key) {
            Some(Value::Object(object)) => places.push(object),
            Some(Value::Array(list)) => places.extend(list.first().and_then(Value::as_object)),
            _ => {}
        }
    }
    places.push(top);
    places
}

/// The keys of the id and of the name of a kind.
const fn keys(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Agent => ("AgentID", "AgentName"),
        // A campaign is asked for by its name; CampaignID is a number of the service's own.
        Kind::Campaign => ("CampaignName", "CampaignName"),
    }
}

/// False where the payload names another target, or only one of the other kind.
fn is_about(place: &Map<String, Value>, target: &Target) -> bool {
    let mut named = false;
    for id in json::fields(place, keys(target.kind).0) {
        let same = match id {
            Value::Null => continue,
            Value::String(s) if s.trim().is_empty() => continue,
            Value::String(s) => **s == *target.id || s.to_lowercase() == target.id.to_lowercase(),
            Value::Number(n) => n.to_string() == *target.id,
            _ => false,
        };
        if !same {
            return false;
        }
        named = true;
    }
    let other = match target.kind {
        Kind::Agent => ["CampaignName", "CampaignID"],
        Kind::Campaign => ["AgentID", "AgentName"],
    };
    let filled = |v: &Value| !v.is_null() && v.as_str().is_none_or(|s| !s.trim().is_empty());
    named || names(place, target) || !other.iter().any(|key| json::fields(place, key).any(filled))
}

/// True where the payload has an id or a name of the target's kind.
fn names(place: &Map<String, Value>, target: &Target) -> bool {
    let (id, name) = keys(target.kind);
    let told =
        |key: &str| json::fields(place, key).any(|v| v.is_number() || v.as_str().is_some_and(|s| !s.trim().is_empty()));
    told(id) || told(name) || (target.kind == Kind::Campaign && told("CampaignID"))
}

fn value(place: &Map<String, Value>, target: &Target) -> Option<Reply> {
    let mut all = json::fields(place, "AHT");
    let first = all.next()?;
    if all.any(|v| v != first) {
        return None;
    }
    let name = name(place, target);
    let text = match first {
        Value::Null => "",
        Value::String(text) => text.trim(),
        _ => return None,
    };
    if text.is_empty() {
        return Some(Reply::NoCalls { name });
    }
    let aht = Aht::parse_wire(text)?;
    Some(if aht.secs() == 0 { Reply::NoCalls { name } } else { Reply::Value { aht, name } })
}

fn name(place: &Map<String, Value>, target: &Target) -> Option<Arc<str>> {
    let text = json::field(place, keys(target.kind).1)?.as_str()?.trim();
    (!text.is_empty()).then(|| clean(text, MAX_NAME).into())
}
