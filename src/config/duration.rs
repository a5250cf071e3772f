//! Durations as they are written in the configuration and on the command line: `60s`, `10m`, `1h30m`, `30d`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: write it as \"60s\", \"10m\", \"1h30m\" or \"30d\"")]
pub struct DurationError;

/// The units with their seconds, largest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Parses whole numbers with the units `d`, `h`, `m`, `s`, each at most once and the largest first.
///
/// # Errors
/// For anything else (a number without a unit too), and where the seconds do not fit 64 bits.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let (mut secs, mut number, mut last) = (0u64, None::<u64>, u64::MAX);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
            number.ok_or(DurationError)?;
            continue;
        }
        let unit = UNITS.iter().find(|(name, _)| *name == c).map(|u| u.1).ok_or(DurationError)?;
        if unit >= last {
            return Err(DurationError);
        }
        last = unit;
        let part = number.take().and_then(|n| n.checked_mul(unit)).ok_or(DurationError)?;
        secs = secs.checked_add(part).ok_or(DurationError)?;
    }
    if number.is_some() || last == u64::MAX { Err(DurationError) } else { Ok(Duration::from_secs(secs)) }
}

/// A form that [`parse_duration`] takes: `60s`, `1m30s`, `10m`, `30d`, `0s`. Fractions of a second are dropped.
pub fn format_duration(duration: Duration) -> String {
    let mut secs = duration.as_secs();
    if secs <= 60 {
        return format!("{secs}s");
    }
    let mut out = String::new();
    for (name, unit) in UNITS {
        if secs >= unit {
            out.push_str(&format!("{}{name}", secs / unit));
            secs %= unit;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write() {
        for (text, secs) in [("60s", 60), ("10m", 600), ("8h", 28_800), ("30d", 2_592_000), ("1h30m", 5400), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for text in ["", "60", "s", "1m1h", "1s1s", "1 m", "-1s", "1.5h", "1w", "99999999999999999999s", "٣s", "1M"] {
            assert_eq!(parse_duration(text), Err(DurationError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(secs in any::<u64>()) {
            let duration = Duration::from_secs(secs);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[0-9dhms .:-]{0,30}|.{0,20}") {
            let _ = parse_duration(&text);
        }
    }
}
