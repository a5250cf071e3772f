//! Values as the narrow text of a table cell. Every text is ASCII and says with its form what it is.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    app::{Held, RowState},
    domain::{Aht, Condition},
};

/// What stands where there is nothing to show.
pub(super) const NOTHING: &str = "-";

/// The widest text of [`aht`].
pub(super) const AHT_WIDTH: u16 = 7;

/// An AHT in at most seven cells: `4:47`, `1:02:03`, `99h59m` from ten hours on.
pub(super) fn aht(aht: Option<Aht>) -> String {
    match aht {
        None => NOTHING.into(),
        Some(a) if a.secs() < 36_000 => a.to_string(),
        Some(a) if a.secs() < 3_600_000 => format!("{}h{:02}m", a.secs() / 3600, a.secs() / 60 % 60),
        Some(_) => ">999h".into(),
    }
}

/// A deviation in percent in at most five cells: `+63%`, `-78%`, `0%`, `>999%`.
pub(super) fn deviation(percent: Option<f64>) -> String {
    match percent.map(f64::round) {
        None => NOTHING.into(),
        Some(0.0) => "0%".into(),
        Some(p) if p.abs() < 1000.0 => format!("{p:+.0}%"),
        Some(_) => ">999%".into(),
    }
}

/// A difference in seconds in at most six cells: `+1:10`, `-0:31`, `0:00`, `+1h02`.
pub(super) fn diff(secs: Option<i64>) -> String {
    let Some(secs) = secs else { return NOTHING.into() };
    let sign = match secs.signum() {
        0 => "",
        1 => "+",
        _ => "-",
    };
    let s = secs.unsigned_abs();
    match s {
        0..3600 => format!("{sign}{}:{:02}", s / 60, s % 60),
        3600..360_000 => format!("{sign}{}h{:02}", s / 3600, s / 60 % 60),
        _ => format!("{sign}>99h"),
    }
}

/// An age in at most five cells: `0:41`, `6:12`, `1h02`, `2d03h` has lost its minutes, `>99d` its days.
pub(super) fn age(age: Option<Duration>) -> String {
    let Some(s) = age.map(|a| a.as_secs()) else { return NOTHING.into() };
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}", s / 3600, s / 60 % 60),
        86_400..8_640_000 => format!("{}d{:02}", s / 86_400, s / 3600 % 24),
        _ => ">99d".into(),
    }
}

/// How long something has been so, in at most four cells: `42s`, `22m`, `3h`, `>99d`.
pub(super) fn span(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h", s / 3600),
        86_400..8_640_000 => format!("{}d", s / 86_400),
        _ => ">99d".into(),
    }
}

/// The same for what may have begun before anything is known of it: `>4h`.
pub(super) fn held(held: Held) -> String {
    match span(held.span) {
        text if held.open && !text.starts_with('>') => format!(">{text}"),
        text => text,
    }
}

/// A moment on the clock of `zone`: `14:32:07`.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let t = zone.to_datetime(at);
    format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
}

/// A moment on the clock of `zone` to the minute: `14:32`.
pub(super) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    let t = zone.to_datetime(at);
    format!("{:02}:{:02}", t.hour(), t.minute())
}

/// The short name of `zone` at that moment: `IST`, `+0545`.
pub(super) fn zone_name(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_offset_info(at).abbreviation().to_owned()
}

/// True where the number beside this state is old: it is drawn dim and with a question mark.
pub(super) fn is_old(state: RowState) -> bool {
    matches!(state, RowState::Other(Condition::Stale | Condition::Failing | Condition::Invalid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Column;
    use proptest::prelude::*;

    #[test]
    fn values_as_they_are_read() {
        let aht_of = |s| aht(Some(Aht::from_secs(s)));
        assert_eq!(
            [aht_of(287), aht_of(3723), aht_of(36_000), aht_of(u32::MAX)],
            ["4:47", "1:02:03", "10h00m", ">999h"]
        );
        assert_eq!([63.2, -78.4, 0.4, -0.4, 1e9].map(|p| deviation(Some(p))), ["+63%", "-78%", "0%", "0%", ">999%"]);
        assert_eq!([70, -31, 0, 3720, -3720].map(|s| diff(Some(s))), ["+1:10", "-0:31", "0:00", "+1h02", "-1h02"]);
        let secs = |s| Some(Duration::from_secs(s));
        assert_eq!([41, 372, 3725, 183_600].map(|s| age(secs(s))), ["0:41", "6:12", "1h02", "2d03"]);
        assert_eq!([42, 1320, 11_000].map(|s| span(Duration::from_secs(s))), ["42s", "22m", "3h"]);
        assert_eq!([aht(None), deviation(None), diff(None), age(None)], ["-"; 4]);
    }

    #[test]
    fn clocks_are_those_of_the_zone() {
        let at = Timestamp::from_second(1_773_306_127).unwrap();
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        assert_eq!(
            (clock(at, &zone), minute(at, &zone), zone_name(at, &zone)),
            ("14:32:07".into(), "14:32".into(), "IST".into())
        );
    }

    proptest! {
        #[test]
        fn every_value_fits_its_column(a: u32, p in any::<f64>(), d: i64, s: u64) {
            let width = |column: Column| usize::from(column.spec().width.least);
            prop_assert!(aht(Some(Aht::from_secs(a))).len() <= width(Column::Prev2h).min(width(Column::Aht) - 1));
            prop_assert!(deviation(Some(p)).len() <= width(Column::Deviation));
            prop_assert!(diff(Some(d)).len() <= width(Column::Diff30));
            prop_assert!(age(Some(Duration::from_secs(s))).len() <= width(Column::Age));
            prop_assert!(span(Duration::from_secs(s)).len() <= 4);
        }
    }
}
