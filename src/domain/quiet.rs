//! Quiet hours: when nobody works, nothing is polled, and the screen says CLOSED.
//!
//! Written `22:00-07:00` for every day, or `Mon-Fri 22:00-07:00`, `Sat,Sun 00:00-24:00` for those days on which the hours
//! *begin*. Times are the wall's in a zone, so that 07:00 stays 07:00 across a change of the clocks: a begin or an end
//! that does not exist on that day moves by the change; one that exists twice is the first.

use std::str::FromStr;

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// How far ahead hours are looked at: every weekday occurs, and those that reach over midnight end.
const AHEAD_DAYS: i32 = 9;

/// Hours on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days on which they begin, Monday first.
    pub days: [bool; 7],
    /// Begin, in minutes after midnight, below 1440.
    pub from: u16,
    /// End in minutes after midnight, at most 1440; on the next day where it is not after the begin.
    pub to: u16,
}

/// Why a text is not [`Hours`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietError {
    /// Not of the form.
    #[error("write quiet hours as \"22:00-07:00\" or \"Sat,Sun 00:00-24:00\"")]
    Form,
    /// Begin and end are the same.
    #[error("begin and end are the same: for the whole day write 00:00-24:00")]
    Empty,
}

impl FromStr for Hours {
    type Err = QuietError;

    fn from_str(text: &str) -> Result<Self, QuietError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, times) = match words[..] {
            [times] => ([true; 7], times),
            [days, times] => (parse_days(days).ok_or(QuietError::Form)?, times),
            _ => return Err(QuietError::Form),
        };
        let (from, to) = times.split_once('-').ok_or(QuietError::Form)?;
        let from = parse_time(from).filter(|&m| m < 1440).ok_or(QuietError::Form)?;
        let to = parse_time(to).ok_or(QuietError::Form)?;
        if from == to {
            return Err(QuietError::Empty);
        }
        Ok(Hours { days, from, to })
    }
}

fn parse_time(text: &str) -> Option<u16> {
    let (h, m) = text.split_once(':')?;
    let two =
        |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u16>().ok()).flatten();
    let (h, m) = (two(h)?, two(m)?);
    let minutes = h * 60 + m;
    (m < 60 && minutes <= 1440).then_some(minutes)
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = |name: &str| NAMES.iter().position(|n| n.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut i, last) = (day(first)?, day(last)?);
        loop {
            *days.get_mut(i)? = true;
            if i == last {
                break;
            }
            i = (i + 1) % 7;
        }
    }
    Some(days)
}

/// All quiet hours of an account, in its zone; by default there are none.
#[derive(Clone, Debug)]
pub struct Quiet {
    hours: Vec<Hours>,
    zone: TimeZone,
}

/// Open or closed, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietState {
    /// True in quiet hours.
    pub closed: bool,
    /// When that changes; `None`: never.
    pub until: Option<Timestamp>,
}

impl Default for Quiet {
    fn default() -> Self {
        Quiet::new(Vec::new(), TimeZone::UTC)
    }
}

impl Quiet {
    /// Quiet in `hours`, in the wall time of `zone`. Without hours it is never quiet.
    pub fn new(hours: Vec<Hours>, zone: TimeZone) -> Self {
        Quiet { hours, zone }
    }

    /// Open or closed at `now`. Hours that touch or overlap are one.
    pub fn at(&self, now: Timestamp) -> QuietState {
        if self.hours.is_empty() {
            return QuietState { closed: false, until: None };
        }
        let today = self.zone.to_datetime(now).date();
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        // Hours of the day before may reach into today, and a zone that skips a day moves them by one more.
        let mut day = today.yesterday().and_then(Date::yesterday).unwrap_or(today);
        for _ in 0..AHEAD_DAYS + 3 {
            spans.extend(self.hours.iter().filter_map(|h| self.span(h, day)));
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        spans.sort_unstable();
        let last_begin = spans.last().map(|s| s.0);
        let mut until: Option<Timestamp> = None;
        for (from, to) in spans {
            match until {
                // Closed until then: longer where further hours follow without a break.
                Some(end) if from <= end => until = Some(end.max(to)),
                Some(_) => break,
                None if from <= now && now < to => until = Some(to),
                None if from > now => return QuietState { closed: false, until: Some(from) },
                None => {}
            }
        }
        match until {
            // It goes on for as far as was looked: there is no opening in the week.
            Some(end) if last_begin.is_some_and(|begin| begin <= end) => QuietState { closed: true, until: None },
            Some(end) => QuietState { closed: true, until: Some(end) },
            None => QuietState { closed: false, until: None },
        }
    }

    /// The hours that begin on `day`, as moments; `None` if there are none or they vanish in a change of the clocks.
    fn span(&self, hours: &Hours, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !hours.days.get(index(day.weekday())).copied().unwrap_or(false) {
            return None;
        }
        let end_day = if hours.to == 1440 || hours.to <= hours.from { day.tomorrow().ok()? } else { day };
        let (from, to) = (self.moment(day, hours.from)?, self.moment(end_day, hours.to % 1440)?);
        (from < to).then_some((from, to))
    }

    fn moment(&self, day: Date, minutes: u16) -> Option<Timestamp> {
        let (h, m) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        self.zone.to_timestamp(day.to_datetime(Time::new(h, m, 0, 0).ok()?)).ok()
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quiet(hours: &[&str], zone: &str) -> Quiet {
        Quiet::new(hours.iter().map(|h| h.parse().unwrap()).collect(), TimeZone::get(zone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_read_strictly() {
        let days = |t: &str| t.parse::<Hours>().map(|h| h.days.map(u8::from));
        assert_eq!(days("22:00-07:00"), Ok([1; 7]));
        assert_eq!(days("Mon-Fri 22:00-07:00"), Ok([1, 1, 1, 1, 1, 0, 0]));
        assert_eq!(days("sat,Sun 00:00-24:00"), Ok([0, 0, 0, 0, 0, 1, 1]));
        assert_eq!(days("Fri-Mon,Wed 22:00-07:00"), Ok([1, 0, 1, 0, 1, 1, 1]));
        assert_eq!(days("07:00-07:00"), Err(QuietError::Empty));
        for text in
            ["", "22-07", "22:00", "24:00-07:00", "22:00-24:01", "22:60-07:00", "Noday 22:00-07:00", "9:00-10:00"]
        {
            assert_eq!(days(text), Err(QuietError::Form), "{text}");
        }
    }

    #[test]
    fn closed_over_midnight_on_the_days_on_which_it_begins() {
        let q = quiet(&["Mon-Fri 22:00-07:00"], "Asia/Kolkata");
        for (now, closed, until) in [
            ("2026-01-30T21:59:59+05:30", false, "2026-01-30T22:00+05:30"), // Friday
            ("2026-01-30T22:00:00+05:30", true, "2026-01-31T07:00+05:30"),
            ("2026-01-31T06:59:59+05:30", true, "2026-01-31T07:00+05:30"),
            ("2026-01-31T07:00:00+05:30", false, "2026-02-02T22:00+05:30"), // until Monday evening
        ] {
            assert_eq!(q.at(at(now)), QuietState { closed, until: Some(at(until)) }, "{now}");
        }
    }

    #[test]
    fn hours_that_touch_are_one_and_all_hours_never_open() {
        let q = quiet(&["22:00-07:00", "Sat,Sun 00:00-24:00"], "UTC");
        assert_eq!(q.at(at("2026-01-30T23:00Z")), QuietState { closed: true, until: Some(at("2026-02-02T07:00Z")) });
        let never = quiet(&["00:00-24:00"], "Europe/Berlin");
        assert_eq!(never.at(at("2026-03-28T12:00Z")), QuietState { closed: true, until: None });
        assert_eq!(quiet(&[], "UTC").at(at("2026-03-28T12:00Z")), QuietState { closed: false, until: None });
    }

    #[test]
    fn the_change_of_the_clocks_moves_no_opening() {
        let q = quiet(&["22:00-07:00"], "Europe/Berlin");
        // 23:00 UTC+1 to 07:00 UTC+2, and back in autumn.
        assert_eq!(q.at(at("2026-03-28T22:00Z")).until, Some(at("2026-03-29T05:00Z")));
        assert_eq!(q.at(at("2026-10-24T22:00Z")).until, Some(at("2026-10-25T06:00Z")));
        // 02:30 does not exist on that day and is an hour later; it exists twice in autumn, and the first one counts.
        let q = quiet(&["02:30-05:00"], "Europe/Berlin");
        assert_eq!(q.at(at("2026-03-29T00:30Z")), QuietState { closed: false, until: Some(at("2026-03-29T01:30Z")) });
        assert_eq!(q.at(at("2026-10-25T00:15Z")), QuietState { closed: false, until: Some(at("2026-10-25T00:30Z")) });
        // Hours that lie wholly within the hour that is skipped do not take place.
        let q = quiet(&["02:00-03:00"], "Europe/Berlin");
        assert_eq!(q.at(at("2026-03-29T00:30Z")).until, Some(at("2026-03-30T00:00Z")));
    }

    proptest! {
        #[test]
        fn the_next_change_is_a_change_and_nothing_changes_before(
            now in 1_700_000_000i64..1_900_000_000, part in 0.0..1.0f64, days in prop::array::uniform7(any::<bool>()),
            from in 0u16..1440, to in 1u16..=1440, zone in prop::sample::select(vec!["Asia/Kolkata", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"]),
        ) {
            prop_assume!(from != to);
            let q = Quiet::new(vec![Hours { days, from, to }], TimeZone::get(zone).unwrap());
            let now = Timestamp::from_second(now).unwrap();
            let quiet_state = q.at(now);
            if let Some(until) = quiet_state.until {
                prop_assert!(until > now);
                prop_assert_eq!(q.at(until).closed, !quiet_state.closed);
                let between = now.as_second() + ((until.as_second() - 1 - now.as_second()) as f64 * part) as i64;
                prop_assert_eq!(q.at(Timestamp::from_second(between).unwrap()), quiet_state);
            } else {
                prop_assert!(!quiet_state.closed || (days == [true; 7] && from == 0 && to == 1440));
            }
        }

        #[test]
        fn no_text_and_no_time_panics(text in ".{0,20}", now in any::<i64>()) {
            let _ = text.parse::<Hours>();
            if let Ok(now) = Timestamp::from_second(now) {
                quiet(&["22:00-07:00"], "Europe/Berlin").at(now);
            }
            quiet(&["22:00-07:00"], "Europe/Berlin").at(Timestamp::MAX);
            quiet(&["22:00-07:00"], "Europe/Berlin").at(Timestamp::MIN);
        }
    }
}
