//! The messages of the service and what they mean. Case, white space and punctuation do not count: routes of the same
//! API vary them.

use serde_json::Value;

use super::json::{self, Body};
use crate::domain::Kind;

/// The meaning of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wording {
    Throttled,
    /// No such agent or campaign.
    InvalidId(Kind),
    /// The token is expired or unknown.
    Token,
    /// Key or user name are wrong.
    Credentials {
        /// The service misses a key, so that a bearer token cannot be what it wants.
        misses_key: bool,
    },
    /// Nothing to tell: no calls.
    NoData,
}

/// The meaning of `message`, if it is a known one.
pub(super) fn meaning(message: &str) -> Option<Wording> {
    let text = squash(message);
    let any = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if any(&["limitexceeded", "limitreached", "ratelimit", "toomanyrequests", "hitwillbeallowed"]) {
        return Some(Wording::Throttled);
    }
    if any(&["agentidisinvalid", "invalidagentid"]) {
        return Some(Wording::InvalidId(Kind::Agent));
    }
    if any(&["campaignnameisinvalid", "invalidcampaignname"]) {
        return Some(Wording::InvalidId(Kind::Campaign));
    }
    if any(&["missingusernameorapikey", "apikeyshouldnotbeempty", "apikeyisnull", "missingapikey"]) {
        return Some(Wording::Credentials { misses_key: true });
    }
    if any(&[
        "usernameorapikeyisinvalid",
        "invalidusername",
        "invalidapikey",
        "usernameisinvalid",
        "apikeyisinvalid",
        "usernameshouldnotbeempty",
        "usernameisnull",
        "missingusername",
    ]) {
        return Some(Wording::Credentials { misses_key: false });
    }
    // "Unexpected token in JSON" speaks of another kind of token.
    let token = text.contains("token") && !text.contains("json");
    if token
        && any(&["expire", "invalid", "notvalid", "missing", "mismatch", "revoked", "required", "empty", "unauthor"])
        || any(&["unauthorized", "unauthorised", "jwtexpired"])
    {
        return Some(Wording::Token);
    }
    any(&["nodatafound", "norecordfound", "norecordsfound", "nocallsfound", "nodataavailable"])
        .then_some(Wording::NoData)
}

/// Whether `message` says that a list has no entries.
pub(super) fn is_empty_list(message: &str) -> bool {
    let text = squash(message);
    let words =
        ["norecord", "nodata", "noagent", "nouser", "nologin", "nologgedin", "nobodyis", "nocampaign", "notfound"];
    words.iter().any(|word| text.contains(word))
}

/// What `message` says of credentials, in words of our own list: the service may repeat the key in its message.
pub(super) fn credentials_phrase(message: &str) -> &'static str {
    const PHRASES: [&str; 12] = [
        "Token Expired",
        "Invalid Token",
        "Token is invalid",
        "Missing userName or apiKey",
        "userName or apiKey is Invalid",
        "Invalid userName or apiKey",
        "apiKey should not be empty",
        "userName should not be empty",
        "UserName is null",
        "apiKey is null",
        "Unauthorized",
        "Forbidden",
    ];
    let text = squash(message);
    PHRASES.into_iter().find(|phrase| text.contains(&squash(phrase))).unwrap_or("a reason that is not known")
}

/// Letters and digits alone, in lower case.
fn squash(message: &str) -> String {
    message.chars().take(500).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The messages of a body: the strings where messages stand, or a short body that is plain text.
pub(super) fn messages(body: &Body) -> Vec<&str> {
    /// Longer than any message; a page or a dump is not searched for words.
    const MAX_PLAIN: usize = 300;
    const KEYS: [&str; 8] = ["message", "error", "errorMessage", "msg", "reason", "description", "details", "data"];
    match body {
        Body::Json(Value::Object(top)) => KEYS
            .iter()
            .filter_map(|key| match json::field(top, key)? {
                Value::String(text) => Some(text.as_str()),
                Value::Array(list) => list.first()?.as_str(),
                _ => None,
            })
            .filter(|text| !text.trim().is_empty())
            .collect(),
        Body::Json(Value::String(text)) => vec![text],
        Body::Text(text) if text.len() <= MAX_PLAIN && !text.is_empty() => vec![text],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_and_seen_message_has_its_meaning() {
        use Wording::*;
        let wrong = Credentials { misses_key: false };
        for (message, wording) in [
            ("max limit exceeded", Throttled),
            ("Max  Limit\n exceeded.", Throttled),
            ("only 1 hit will be allowed within a time frame of 5mins", Throttled),
            ("agentId is Invalid", InvalidId(Kind::Agent)),
            ("Invalid agentId", InvalidId(Kind::Agent)),
            ("campaignName is Invalid", InvalidId(Kind::Campaign)),
            ("Invalid campaignName", InvalidId(Kind::Campaign)),
            ("Invalid Campaign Name", InvalidId(Kind::Campaign)),
            ("Token Expired", Token),
            ("TOKEN  EXPIRED", Token),
            ("Invalid Token", Token),
            ("token is invalid", Token),
            ("Unauthorized", Token),
            ("userName or apiKey is Invalid", wrong),
            ("Invalid userName or apiKey", wrong),
            ("userName should not be empty", wrong),
            ("UserName is null", wrong),
            ("apiKey should not be empty", Credentials { misses_key: true }),
            ("Missing userName or apiKey", Credentials { misses_key: true }),
            ("No Data Found", NoData),
            ("no  data found!", NoData),
        ] {
            assert_eq!(meaning(message), Some(wording), "{message}");
        }
    }

    #[test]
    fn other_messages_mean_nothing() {
        for message in [
            "",
            "success",
            "Both agentId and campaignName cannot be passed at a time",
            "Both agentId and campaignName cannot be empty",
            "Invalid Json Pass Valid Json",
            "Unexpected token < in JSON: invalid",
            "Method Not Allowed",
            "token",
        ] {
            assert_eq!(meaning(message), None, "{message}");
        }
    }
}
