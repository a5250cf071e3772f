//! JSON from a server that is not trusted: forgiving where nothing can be misread, strict where something could be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What a body is.
#[derive(Debug)]
pub(super) enum Body {
    Json(Value),
    /// Mark-up, such as the error page of a gateway.
    Html,
    /// Anything else, an empty body included.
    Text(String),
}

impl Body {
    /// Reads a body. A BOM in front is skipped. Broken UTF-8 becomes U+FFFD, which can spoil a name but never an AHT.
    /// A key that occurs twice with different values makes it no JSON: one cannot know which was meant. Nesting is
    /// bounded by serde_json (128 levels).
    pub(super) fn read(bytes: &[u8]) -> Body {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('<') {
            return Body::Html;
        }
        match serde_json::from_str::<Strict>(text) {
            Ok(Strict(value)) => Body::Json(value),
            Err(_) => Body::Text(text.to_owned()),
        }
    }
}

/// The value of `key`: as written, else with another case (siblings of the API write `AgentId`).
pub(super) fn field<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).or_else(|| fields(object, key).next())
}

/// Every value whose key is `key` in whatever case.
pub(super) fn fields<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    object.iter().filter(move |(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
}

/// A [`Value`] without contradicting keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without contradicting keys")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(v)) = seq.next_element()? {
            out.push(v);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some((key, Strict(v))) = map.next_entry::<String, Strict>()? {
            if out.get(&key).is_some_and(|before| *before != v) {
                return Err(A::Error::custom("a key occurs twice with different values"));
            }
            out.insert(key, v);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &[u8]) -> Option<Value> {
        match Body::read(text) {
            Body::Json(v) => Some(v),
            _ => None,
        }
    }

    #[test]
    fn what_can_be_read_in_one_way_is_read() {
        assert_eq!(
            value(b"\xef\xbb\xbf {\"a\":[1,-2,0.5,null,true,\"x\"]} "),
            Some(json!({"a":[1,-2,0.5,null,true,"x"]}))
        );
        assert_eq!(value(br#"{"a":1,"a":1}"#), Some(json!({"a":1})));
        assert_eq!(value(b"{\"a\":\"\xff\"}"), Some(json!({"a":"\u{fffd}"})));
        assert_eq!(value(br#"{"a":9007199254740993}"#), Some(json!({"a":9_007_199_254_740_993_u64})));
        assert!(value(br#"{"a":123456789012345678901234567890}"#).is_some());
    }

    #[test]
    fn what_contradicts_itself_is_no_json() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":NaN}"#, r#"{"a":1} x"#, r#"{"a":1e999}"#, "{'a':1}", ""] {
            assert_eq!(value(text.as_bytes()), None, "{text}");
        }
        assert_eq!(value("[".repeat(60_000).as_bytes()), None);
        assert!(matches!(Body::read(b" \n<html>"), Body::Html));
    }

    #[test]
    fn keys_are_found_in_any_case_but_as_written_first() {
        let v = json!({"aht": 1, "AHT": 2, "AgentId": 3});
        let map = v.as_object().unwrap();
        assert_eq!(field(map, "AHT"), Some(&json!(2)));
        assert_eq!(field(map, "AgentID"), Some(&json!(3)));
        assert_eq!(fields(map, "AHT").count(), 2);
    }
}
