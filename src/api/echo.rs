//! Finds a key or a token in what the service sent, so that nothing of it is shown, logged or stored.
//!
//! A service may repeat what it was sent: in JSON escapes (`=` as `\u003d`), in a link (`%3D`), in other case, with
//! marks taken out, or cut. So only letters and digits are compared, without regard to case, and a part of the secret
//! counts like the whole.

use std::collections::HashSet;

/// So many letters and digits of a secret in a row are no chance.
const PART: usize = 8;

/// True where `text` repeats `secret` or a part of it.
pub(super) fn repeats(text: &str, secret: &str) -> bool {
    let secret = squash(secret);
    if secret.is_empty() {
        return false;
    }
    let part = PART.min(secret.len());
    let parts: HashSet<&[u8]> = secret.windows(part).collect();
    // As it stands, and as a reader of JSON or of a link would read it.
    [squash(text), squash(&decode(text))].iter().any(|text| text.windows(part).any(|window| parts.contains(window)))
}

/// ASCII letters in lower case, and digits. A secret holds nothing else but marks.
fn squash(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect()
}

/// `\u003d`, `\x3d`, `%3d`, `&#x3d;` and `&#61;` become what they stand for. Anything else stays.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let digits = |start: &str, count: usize, radix: u32| {
            let digits = rest.strip_prefix(start)?.get(..count)?;
            Some((char::from_u32(u32::from_str_radix(digits, radix).ok()?)?, start.len() + count))
        };
        let entity = |start: &str, radix: u32| {
            let (digits, _) = rest.strip_prefix(start)?.split_once(';')?;
            let found = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
            Some((found, start.len() + digits.len() + 1))
        };
        let found = match c {
            '\\' => digits("\\u", 4, 16).or_else(|| digits("\\x", 2, 16)),
            '%' => digits("%", 2, 16),
            '&' => entity("&#x", 16).or_else(|| entity("&#", 10)),
            _ => None,
        };
        let (found, length) = found.unwrap_or((c, c.len_utf8()));
        out.push(found);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "Kk0/9aBcD+eFgH2iJk==";

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        for text in [
            "invalid key Kk0/9aBcD+eFgH2iJk==",
            r"invalid key Kk0\/9aBcD+eFgH2iJk\u003d\u003d",
            r"invalid key \u004b\u006b\u0030/9\u0061BcD+eFgH2iJk",
            "invalid key kk0/9abcd+efgh2ijk==",
            "…9aBcD+eFgH…",
            "?key=Kk0%2F9aBcD%2BeFgH2iJk%3D%3D",
            "%4b%6b0%2F9%61BcD",
            "&#75;&#x6b;0/9aBcD+",
            "K k 0 / 9 a B c D",
        ] {
            assert!(repeats(text, KEY), "{text}");
        }
        for text in ["", "invalid key", "Kk0/9aB", "Priya Sharma", "\\u00", "%", "&#;", "&#x110000;"] {
            assert!(!repeats(text, KEY), "{text}");
        }
        // A short one counts as a whole.
        assert!(repeats("your key is SIM-KEY.", "sim-key") && !repeats("your key is sim-ke", "sim-key"));
        assert!(!repeats("anything", "") && !repeats("anything", "=="));
    }

    proptest! {
        #[test]
        fn every_part_of_eight_is_found(secret in "[A-Za-z0-9]{8,60}", at in 0usize..52, before in "\\PC{0,9}") {
            let at = at.min(secret.len() - 8);
            let told = format!("{before}\u{20}{}", &secret[at..at + 8]);
            let found = repeats(&told, &secret);
            prop_assert!(found);
        }
    }
}
