//! Alerts in words: for the log, hooks, notifications and reports.

use super::model::{Alert, AlertEvent, AlertKind, EndReason, Step, Subject};
use crate::{
    domain::{Aht, Band, Level, Problem, clean_line, display_name},
    store::Words,
};

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

impl EndReason {
    /// Why, as the end of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            EndReason::Cleared => "back inside",
            EndReason::OtherSide => "went to the other side",
            EndReason::NoCalls => "no calls any more",
            EndReason::Lost => "no reading for two hours",
            EndReason::Invalid => "the service does not know the id any more",
            EndReason::Removed => "not watched any more",
        }
    }
}

/// The limit that `level` has reached, and on which side of it that is; `None` where it is not configured any more.
pub fn limit(level: Level, band: &Band) -> Option<(&'static str, Aht)> {
    let (side, limit) = match level {
        Level::HighCrit => ("over", band.high_crit),
        Level::HighWarn => ("over", band.high_warn),
        Level::LowCrit => ("under", band.low_crit),
        Level::LowWarn => ("under", band.low_warn),
        Level::Inside => return None,
    };
    limit.map(|aht| (side, aht))
}

/// What it is now: `HIGH 7:48`, or the sentence of a problem.
pub fn kind_text(kind: &AlertKind) -> String {
    match kind {
        AlertKind::Band { level, last, .. } => format!("{} {last}", level_word(*level)),
        AlertKind::Problem { text, .. } => text.to_string(),
    }
}

/// Whom it concerns: `name` of a target, or the word of the problem.
pub fn whom(subject: &Subject, name: Option<&str>) -> String {
    match subject {
        Subject::Problem(Problem::Stale) => "stale data".into(),
        Subject::Problem(problem) => problem.word().into(),
        Subject::Target(target) => clean_line(display_name(None, name, &target.id), 100),
    }
}

/// Why it ended, as the end of a sentence about `subject`: what is no value has no inside.
pub const fn ended(subject: &Subject, why: EndReason) -> &'static str {
    match (subject, why) {
        (Subject::Problem(_), EndReason::Cleared) => "all is well again",
        (_, why) => why.words(),
    }
}

/// One line about an event; `name`: what its target is called.
pub fn event(event: &AlertEvent, name: Option<&str>) -> String {
    clean_line(&event_words(event, name).to_string(), 400)
}

/// The same in pieces, for the log: which names are shown is for the screen to say.
pub fn event_words(event: &AlertEvent, name: Option<&str>) -> Words {
    let who = whom_words(&event.id.subject, name);
    let what = || kind_words(&event.id.subject, &event.kind);
    match &event.step {
        Step::Started => who.own(": ").then(what()),
        Step::Escalated => who.own(": worse: ").then(what()),
        Step::Deescalated => who.own(": better: ").then(what()),
        Step::Acked(ack) if ack.holds && ack.note.is_empty() => who.own(format!(": acknowledged by {}", ack.by)),
        // A note may name anybody.
        Step::Acked(ack) if ack.holds => {
            who.own(format!(": acknowledged by {}", ack.by)).said(format!(": {}", ack.note), " with a note")
        }
        Step::Acked(ack) => who.own(format!(": acknowledgement taken back by {}", ack.by)),
        Step::Muted(mute) if mute.until == super::Until::Off => who.own(format!(": unmuted by {}", mute.by)),
        Step::Muted(mute) => who.own(format!(": muted by {}", mute.by)),
        Step::Ended { why, lasted } => {
            let why = ended(&event.id.subject, *why);
            who.own(format!(": over after {} min, {why}: ", lasted.as_secs() / 60)).then(what())
        }
    }
}

/// Whom it concerns, in pieces.
fn whom_words(subject: &Subject, name: Option<&str>) -> Words {
    match subject {
        Subject::Problem(_) => whom(subject, None).into(),
        Subject::Target(target) => {
            let name = name.filter(|n| !n.trim().is_empty()).map(|n| clean_line(n, 100));
            Words::default().name(target, name.as_deref())
        }
    }
}

/// What it is now, in pieces: the sentence of a problem may name ids, or quote the service.
pub fn kind_words(subject: &Subject, about: &AlertKind) -> Words {
    let (Subject::Problem(problem), AlertKind::Problem { text, count, .. }) = (subject, about) else {
        return kind_text(about).into();
    };
    Words::default().said(text.clone(), problem.summary(*count))
}

impl Alert {
    /// One line about it as it is now; `name`: what its target is called.
    pub fn sentence(&self, name: Option<&str>) -> String {
        clean_line(&format!("{}: {}", whom(&self.id.subject, name), kind_text(&self.kind)), 400)
    }
}
