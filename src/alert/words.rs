//! Alerts in words: for the log, hooks, notifications and reports.

use super::{
    cause::Cause,
    life::{Alert, AlertEvent, Ended, Matter, Step, Subject},
};
use crate::domain::{Band, Level, clean_line};

/// `HIGH`, `high`, `LOW`, `low`; `ok` inside.
pub const fn level_word(level: Level) -> &'static str {
    match level {
        Level::HighCrit => "HIGH",
        Level::HighWarn => "high",
        Level::LowCrit => "LOW",
        Level::LowWarn => "low",
        Level::Inside => "ok",
    }
}

impl Ended {
    /// Why, as the end of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Ended::Cleared => "back inside",
            Ended::OtherSide => "went to the other side",
            Ended::NoCalls => "no calls any more",
            Ended::Lost => "no reading for two hours",
            Ended::Invalid => "the service does not know the id any more",
            Ended::Removed => "not watched any more",
        }
    }
}

/// The limit that `level` has reached, as `>= 6:15`; nothing where it is not configured any more.
pub fn limit(level: Level, band: &Band) -> String {
    let (sign, limit) = match level {
        Level::HighCrit => (">=", band.high_crit),
        Level::HighWarn => (">=", band.high_warn),
        Level::LowCrit => ("<=", band.low_crit),
        Level::LowWarn => ("<=", band.low_warn),
        Level::Inside => return String::new(),
    };
    limit.map(|aht| format!("{sign} {aht}")).unwrap_or_default()
}

/// What it is now: `HIGH 7:48`, or the sentence of a cause.
pub fn matter(matter: &Matter) -> String {
    match matter {
        Matter::Band { level, last, .. } => format!("{} {last}", level_word(*level)),
        Matter::Cause { text, .. } => text.to_string(),
    }
}

/// Whom it concerns: `name` of a target, or the word of the cause.
pub fn whom(subject: &Subject, name: Option<&str>) -> String {
    match subject {
        Subject::Cause(Cause::Stale) => "stale data".into(),
        Subject::Cause(cause) => cause.word().into(),
        Subject::Target(target) => clean_line(name.filter(|n| !n.trim().is_empty()).unwrap_or(&target.id), 100),
    }
}

/// Why it ended, as the end of a sentence about `subject`: what is no value has no inside.
pub const fn ended(subject: &Subject, why: Ended) -> &'static str {
    match (subject, why) {
        (Subject::Cause(_), Ended::Cleared) => "all is well again",
        (_, why) => why.words(),
    }
}

/// One line about an event; `name`: what its target is called.
pub fn event(event: &AlertEvent, name: Option<&str>) -> String {
    let (who, what) = (whom(&event.id.subject, name), matter(&event.matter));
    let note = |note: &str| if note.is_empty() { String::new() } else { format!(": {note}") };
    let text = match &event.step {
        Step::Started => format!("{who}: {what}"),
        Step::Escalated => format!("{who}: worse: {what}"),
        Step::Deescalated => format!("{who}: better: {what}"),
        Step::Acked(ack) if ack.holds => format!("{who}: acknowledged by {}{}", ack.by, note(&ack.note)),
        Step::Acked(ack) => format!("{who}: acknowledgement taken back by {}", ack.by),
        Step::Muted(mute) if mute.until == super::Until::Off => format!("{who}: unmuted by {}", mute.by),
        Step::Muted(mute) => format!("{who}: muted by {}", mute.by),
        Step::Ended { why, lasted } => {
            let why = ended(&event.id.subject, *why);
            format!("{who}: over after {} min, {why}: {what}", lasted.as_secs() / 60)
        }
    };
    clean_line(&text, 400)
}

impl Alert {
    /// One line about it as it is now; `name`: what its target is called.
    pub fn sentence(&self, name: Option<&str>) -> String {
        clean_line(&format!("{}: {}", whom(&self.id.subject, name), matter(&self.matter)), 400)
    }
}
