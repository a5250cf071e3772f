//! Spans and clocks as people read them.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::app::model::Held;

/// An age to the second: `0:41`, `6:12`, `1:02:03`, `3d 4h`.
pub fn age(age: Duration) -> String {
    let s = age.as_secs();
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..86_400 => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3600 % 24),
    }
}

/// A span in two units at most, for sentences and narrow columns: `42s`, `22m`, `1h05m`, `3d`.
pub fn brief(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d", s / 86_400),
    }
}

/// The same in one unit, for the sentences of banners: `42 s`, `22 min`, `3 h`, `4 days`.
pub fn spoken(span: Duration) -> String {
    match span.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

/// A moment of the past as a clock, with the day where it was not within the last 20 hours: `09:02`, `Tue 09:02`,
/// `12 Mar 09:02`.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let hours = now.as_second().saturating_sub(at.as_second()) / 3600;
    let form = match hours {
        0..20 => "%H:%M",
        20..144 => "%a %H:%M",
        _ => "%-d %b %H:%M",
    };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

/// Since when something is so; for how long at least where it was so already when what is known begins.
pub fn since_or_over(moment: &str, held: Held) -> String {
    if held.open { format!("for over {}", spoken(held.span)) } else { format!("since {moment}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short_and_ages_exact() {
        let cases = [
            (0, "0:00", "0s", "0 s"),
            (41, "0:41", "41s", "41 s"),
            (372, "6:12", "6m", "6 min"),
            (3723, "1:02:03", "1h02m", "62 min"),
            (273_600, "3d 4h", "3d", "3 days"),
        ];
        for (secs, exact, short, long) in cases {
            let d = Duration::from_secs(secs);
            assert_eq!((age(d).as_str(), brief(d).as_str(), spoken(d).as_str()), (exact, short, long));
        }
        assert!(!age(Duration::MAX).is_empty() && !brief(Duration::MAX).is_empty());
    }

    #[test]
    fn a_moment_of_another_day_says_so() {
        let now: Timestamp = "2026-03-12T10:00:00Z".parse().unwrap();
        for (at, text) in [
            ("2026-03-12T09:02:00Z", "09:02"),
            ("2026-03-11T09:02:00Z", "Wed 09:02"),
            ("2026-02-02T09:02:00Z", "2 Feb 09:02"),
        ] {
            assert_eq!(moment(at.parse().unwrap(), now, &TimeZone::UTC), text);
        }
    }
}
