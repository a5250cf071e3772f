//! Moments on the command line: how long ago, a time of the day, or a date.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::Failure;
use crate::{config::parse_duration, domain::clean_line, exit::Exit};

/// Reads `8h` (ago), `09:00` (the last one), `2026-03-12`, `2026-03-12 09:00` (or with a `T`) in `zone`, or a timestamp
/// with its offset.
///
/// # Errors
/// What is expected, with [`Exit::Usage`].
pub(crate) fn time_arg(flag: &str, text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Failure> {
    read(text.trim(), now, zone).ok_or_else(|| {
        let text = clean_line(text, 60);
        let forms = "\"8h\" (ago), \"09:00\", \"2026-03-12\", \"2026-03-12 09:00\" or \"2026-03-12T09:00:00+05:30\"";
        Failure::new(Exit::Usage, format!("{flag}: '{text}' is not a time: write it as {forms}"))
    })
}

fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(ago) = parse_duration(text) {
        return now.checked_sub(ago).ok();
    }
    let in_zone = |at: DateTime| at.to_zoned(zone.clone()).ok().map(|z: Zoned| z.timestamp());
    // Longer ones have a date, which this form would pass over.
    if let Ok(time) = text.parse::<Time>()
        && text.len() <= 8
    {
        let today = now.to_zoned(zone.clone()).date();
        let at = in_zone(today.to_datetime(time))?;
        return if at <= now { Some(at) } else { in_zone(today.yesterday().ok()?.to_datetime(time)) };
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if text.len() > 10 {
        return in_zone(text.parse::<DateTime>().ok()?);
    }
    in_zone(text.parse::<Date>().ok()?.to_datetime(Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_zone() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let now: Timestamp = "2026-03-12T04:30:00Z".parse().unwrap();
        for (text, at) in [
            ("8h", "2026-03-11T20:30:00Z"),
            ("1h30m", "2026-03-12T03:00:00Z"),
            ("09:00", "2026-03-12T03:30:00Z"),
            ("10:00", "2026-03-12T04:30:00Z"),
            ("10:01", "2026-03-11T04:31:00Z"),
            ("2026-03-10", "2026-03-09T18:30:00Z"),
            ("2026-03-10 09:00", "2026-03-10T03:30:00Z"),
            ("2026-03-10T09:00:30", "2026-03-10T03:30:30Z"),
            ("2026-03-10T09:00:00Z", "2026-03-10T09:00:00Z"),
        ] {
            assert_eq!(read(text, now, &zone), Some(at.parse().unwrap()), "{text}");
        }
        for text in ["", "soon", "25:00", "2026-13-01", "8", "-8h", "2026-03-10 9"] {
            assert_eq!(read(text, now, &zone), None, "{text}");
            assert_eq!(time_arg("--since", text, now, &zone).unwrap_err().exit, Exit::Usage);
        }
    }
}
