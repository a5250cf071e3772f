//! The `Retry-After` header: seconds or a date, from a server that may write anything.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// Longest wait that is believed. What is longer is a mistake or a joke, and the service is asked again.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long to wait. A date is held against `date`, the server's own clock in the same response, or else `now`.
pub(super) fn parse(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let secs = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let until = http_date(value)?;
        let from = date.and_then(http_date).unwrap_or(now);
        u64::try_from(until.as_second().saturating_sub(from.as_second())).unwrap_or(0)
    };
    Some(Duration::from_secs(secs).min(LONGEST))
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_and_dates_are_understood_and_garbage_is_not() {
        let now: Timestamp = "2026-01-31T09:02:00Z".parse().unwrap();
        let secs = |value, date| parse(value, date, now).map(|d| d.as_secs());
        assert_eq!(secs("0", None), Some(0));
        assert_eq!(secs(" 30 ", None), Some(30));
        assert_eq!(secs("99999999999999999999999999", None), Some(3600));
        assert_eq!(secs("Sat, 31 Jan 2026 09:02:45 GMT", None), Some(45));
        // The server's clock is an hour ahead: its own date is what counts.
        assert_eq!(secs("Sat, 31 Jan 2026 10:02:45 GMT", Some("Sat, 31 Jan 2026 10:02:05 GMT")), Some(40));
        assert_eq!(secs("Sat, 31 Jan 2026 09:02:45 GMT", Some("yesterday")), Some(45));
        assert_eq!(secs("Fri, 30 Jan 2026 09:02:45 GMT", None), Some(0));
        for value in ["", "-1", "1.5", "1e400", "inf", "NaN", "soon", "Sat, 99 Jan 2026 09:02:45 GMT"] {
            assert_eq!(secs(value, None), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_longer_than_an_hour(value in "\\PC{0,40}", date in "\\PC{0,40}") {
            if let Some(wait) = parse(&value, Some(&date), Timestamp::UNIX_EPOCH) {
                prop_assert!(wait <= LONGEST);
            }
        }
    }
}
