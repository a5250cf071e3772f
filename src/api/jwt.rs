//! How long a token says that it lives. Nothing is verified: the token is the service's own business, and its life is
//! only ever shortened by what stands in it.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, NO_PAD},
    },
};
use serde_json::Value;

/// Documented life of a token.
pub(super) const FULL_LIFE: Duration = Duration::from_secs(3600);
/// Less than this left of a token that was generated just now means that one of the two clocks is wrong.
const DOUBTFUL: i64 = 300;
/// A life shorter than this is taken for nonsense.
const SHORTEST: i64 = 60;

/// The life of `token`, generated at `now` (seconds since 1970): what is left until its `exp`, at most 60 minutes.
/// Where that cannot be (`exp` is past or nearly so), `exp - iat`, which needs no clock, and 60 minutes where that
/// cannot be either, or where the token is no JWT or has no `exp`.
pub(super) fn life(token: &str, now: i64) -> Duration {
    let Some((exp, iat)) = claims(token) else { return FULL_LIFE };
    let left = exp.saturating_sub(now);
    let secs = if left > DOUBTFUL { Some(left) } else { iat.map(|iat| exp.saturating_sub(iat)) };
    match secs.and_then(|s| u64::try_from(s).ok()) {
        Some(s) if s >= SHORTEST.unsigned_abs() => Duration::from_secs(s).min(FULL_LIFE),
        _ => FULL_LIFE,
    }
}

/// `exp` and `iat` in seconds since 1970.
fn claims(token: &str) -> Option<(i64, Option<i64>)> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims: Value = serde_json::from_slice(&decode(payload)?).ok()?;
    let number = |key: &str| {
        let v = claims.get(key)?;
        // A float is legal; `as` saturates, and NaN cannot come out of JSON.
        v.as_i64().or_else(|| v.as_f64().map(|f| f as i64))
    };
    Some((number("exp")?, number("iat")))
}

/// The URL alphabet, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    NO_PAD.with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Some services write the common alphabet, which is taken too.
fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace('+', "-").replace('/', "_")).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_770_000_000;

    /// A token with these claims.
    pub(in crate::api) fn token(claims: &str) -> String {
        format!("{}.{}.c2ln", BASE64.encode(r#"{"alg":"HS512"}"#), BASE64.encode(claims))
    }

    #[test]
    fn a_token_lives_as_long_as_it_says_and_never_longer_than_an_hour() {
        for (exp, iat, secs) in [
            (Some(NOW + 3600), None, 3600),
            (Some(NOW + 1800), None, 1800),
            (Some(NOW + 90_000), None, 3600),
            (Some(NOW + 1800), Some(NOW), 1800),
            // Our clock is two hours ahead.
            (Some(NOW - 3600), Some(NOW - 7200), 3600),
            (Some(NOW - 3600), Some(NOW - 5400), 1800),
            (Some(NOW - 3600), None, 3600),
            // It does live for two minutes.
            (Some(NOW + 120), Some(NOW), 120),
            (Some(NOW + 120), None, 3600),
            (Some(i64::MIN), Some(i64::MAX), 3600),
            (Some(NOW), Some(NOW), 3600),
            (None, Some(NOW), 3600),
        ] {
            let iat_claim = iat.map_or(String::new(), |i| format!(r#","iat":{i}"#));
            let claims = match exp {
                Some(e) => format!(r#"{{"exp":{e}{iat_claim}}}"#),
                None => format!(r#"{{"sub":"x"{iat_claim}}}"#),
            };
            assert_eq!(life(&token(&claims), NOW), Duration::from_secs(secs), "{claims}");
        }
        assert_eq!(life(&token(&format!(r#"{{"exp":{}.5}}"#, NOW + 1800)), NOW), Duration::from_secs(1800));
    }

    #[test]
    fn a_token_that_says_nothing_lives_for_an_hour() {
        for text in ["", "opaque", "a.b", "a.!.c", "a.bm90IGpzb24.c", "....", &token(r#"{"exp":"soon"}"#)] {
            assert_eq!(life(text, NOW), FULL_LIFE, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_payload_is_read_in_either_alphabet_with_or_without_padding(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
            for text in [BASE64.encode(&bytes), URL_SAFE.encode(&bytes), STANDARD.encode(&bytes), STANDARD_NO_PAD.encode(&bytes)] {
                prop_assert_eq!(decode(&text), Some(bytes.clone()));
            }
        }

        #[test]
        fn every_life_is_between_a_minute_and_an_hour(text in "[A-Za-z0-9_.=-]{0,80}", exp: i64, iat: i64, now: i64) {
            for token in [text, token(&format!(r#"{{"exp":{exp},"iat":{iat}}}"#))] {
                let life = life(&token, now);
                prop_assert!(life >= Duration::from_secs(60) && life <= FULL_LIFE);
            }
        }
    }
}
