//! Average handling time: parsed from the API's `HH:MM:SS`, shown as `M:SS` or `H:MM:SS`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// An average handling time in whole seconds, the resolution of the API.
///
/// Zero does not exist here: the API's `00:00:00` means *no calls* and becomes
/// [`Outcome::NoCalls`](super::Outcome::NoCalls).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Aht(u32);

/// The longest that the service can mean: `99:59:59`, in seconds.
const LONGEST: u32 = 100 * 3600 - 1;

/// Why a text is not an AHT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write it as \"4:47\", \"1:02:03\" or \"4m47s\"")]
pub struct AhtError;

impl Aht {
    /// From whole seconds.
    pub const fn from_secs(secs: u32) -> Self {
        Aht(secs)
    }

    /// In whole seconds.
    pub const fn secs(self) -> u32 {
        self.0
    }

    /// Parses the API's form `H+:MM:SS`: two or more digits of hours are seen, one is taken too; minutes and seconds
    /// are two digits from 00 to 59. White space around it is ignored. `None` for anything else, also above
    /// `99:59:59`: no call of a two-hour window takes four days.
    pub fn parse_wire(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let (h, m, s) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || h.is_empty() || m.len() != 2 || s.len() != 2 {
            return None;
        }
        let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<u32>().ok()).flatten();
        let (h, m, s) = (digits(h)?, digits(m)?, digits(s)?);
        if m > 59 || s > 59 {
            return None;
        }
        let secs = h.checked_mul(3600)?.checked_add(m * 60 + s)?;
        (secs <= LONGEST).then_some(Aht(secs))
    }

    /// The signed difference `self - other` in seconds.
    pub fn minus(self, other: Aht) -> i64 {
        i64::from(self.0) - i64::from(other.0)
    }
}

impl fmt::Display for Aht {
    /// `4:47`, `1:02:03`, `99:59:59`; honours width and alignment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (h, m, s) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        let text = if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") };
        f.pad(&text)
    }
}

impl FromStr for Aht {
    type Err = AhtError;

    /// The forms of the configuration: `"4:47"`, `"1:02:03"`, `"4m47s"`, `"90s"`, `"1h"`. Never zero.
    fn from_str(text: &str) -> Result<Self, AhtError> {
        let text = text.trim();
        let secs = if text.contains(':') { colons(text) } else { units(text) };
        secs.filter(|&s| s > 0).map(Aht).ok_or(AhtError)
    }
}

fn colons(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut secs: u32 = 0;
    for (i, part) in parts.iter().enumerate() {
        let n: u32 = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()?;
        if i > 0 && (part.len() != 2 || n > 59) {
            return None;
        }
        secs = secs.checked_mul(60)?.checked_add(n)?;
    }
    Some(secs)
}

fn units(text: &str) -> Option<u32> {
    let (mut secs, mut number, mut last) = (0u32, None::<u32>, u32::MAX);
    for c in text.chars() {
        if let Some(d) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(d)?);
            continue;
        }
        let unit = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        last = unit;
        secs = secs.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && last != u32::MAX).then_some(secs)
}

impl From<Aht> for Duration {
    fn from(aht: Aht) -> Duration {
        Duration::from_secs(u64::from(aht.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wire_form_is_strict_about_minutes_and_lax_about_hours() {
        for (text, secs) in
            [("00:00:27", 27), ("00:02:37", 157), ("1:00:00", 3600), ("99:59:59", 359_999), (" 00:01:00 ", 60)]
        {
            assert_eq!(Aht::parse_wire(text), Some(Aht(secs)), "{text}");
        }
        for text in [
            "",
            "27",
            "02:37",
            "00:60:00",
            "00:00:60",
            "00:1:00",
            "-1:00:00",
            "00:00:00:00",
            "aa:bb:cc",
            "00:00:1 ",
            "100:00:00",
            "1193046:28:15",
            "9999999999:00:00",
            "٠٠:٠٠:٠١",
        ] {
            assert_eq!(Aht::parse_wire(text), None, "{text}");
        }
    }

    #[test]
    fn the_configuration_takes_colons_and_units() {
        for (text, secs) in
            [("4:47", 287), ("1:02:03", 3723), ("4m47s", 287), ("90s", 90), ("1h", 3600), ("75:00", 4500)]
        {
            assert_eq!(text.parse(), Ok(Aht(secs)), "{text}");
        }
        for text in ["", "0s", "4:7", "4:60", "s", "4s5m", "5", "4m47", "4 m"] {
            assert_eq!(text.parse::<Aht>(), Err(AhtError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_written_in_the_configuration(secs in 1u32..500_000) {
            prop_assert_eq!(Aht(secs).to_string().parse::<Aht>(), Ok(Aht(secs)));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Aht::parse_wire(&text);
            let _ = text.parse::<Aht>();
        }
    }
}
