//! Alerts in words: for the log, hooks, notifications and reports.

use super::{
    model::{Alert, AlertEvent, AlertKind, EndReason, Step, Subject},
    rules::reaches,
};
use crate::{
    domain::{Aht, Level, Problem, clean_line, display_name},
    store::Words,
};

impl EndReason {
    /// Why, as the end of a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            EndReason::Cleared => "back in band",
            EndReason::OtherSide => "went to the other side",
            EndReason::NoCalls => "no calls now",
            EndReason::Lost => "no reading for two hours",
            EndReason::Invalid => "the ID is unknown now",
            EndReason::Removed => "no longer watched",
        }
    }
}

/// What an alert about a value claims: each number stands for one that was read or configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The level now; of an alert that is over, the worst one.
    pub level: Level,
    pub over: bool,
    /// The last value.
    pub value: Aht,
    /// The value is that of a while ago: what it is now is not known.
    pub old: bool,
    /// The limit of the level, where a value is known to have crossed it.
    pub limit: Option<Aht>,
    /// The value that was farthest outside, where it is known.
    pub worst: Option<Aht>,
    /// The alert ends when the value is inside of this.
    pub clear: Option<Aht>,
}

impl Claims {
    /// What `alert` claims by itself, with the limit of its level whether anything has crossed it or not; `None` where it is
    /// about no value.
    pub fn new(alert: &Alert) -> Option<Claims> {
        let AlertKind::Band { level, worst, last, peak, limits, .. } = &alert.kind else { return None };
        let over = alert.ended.is_some();
        let level = if over { *worst } else { *level };
        let limit = limits.and_then(|limits| limits.crossed(level));
        let clear = limits.and_then(|limits| limits.clear);
        Some(Claims { level, over, value: *last, old: false, limit, worst: *peak, clear })
    }

    /// Without a limit that neither these values nor one that was `seen` have crossed: it was configured since.
    #[must_use]
    pub fn proven(self, seen: Option<Aht>) -> Claims {
        let values = [self.worst, seen, Some(self.value)];
        let crosses = |limit: &Aht| values.into_iter().flatten().any(|aht| reaches(self.level, aht, *limit));
        Claims { limit: self.limit.filter(crosses), ..self }
    }

    /// The claims in words, the fullest first: the first one that there is room for is to be shown.
    ///
    /// `7:48, over 7:30 (worst 9:10), clears below 5:56`; where the value is inside the limit again
    /// `was over 7:30 (worst 9:10), now 7:12, clears below 5:56`; afterwards `was over 7:30 (worst 9:10), last 5:50`. An old
    /// value has its mark: `7:48?, over 7:30`.
    pub fn texts(&self) -> Vec<String> {
        let value = self.value;
        // As in the row: what is old has its mark, and is not what is so now.
        let (told, now) = if self.old { (format!("{value}?"), "last") } else { (value.to_string(), "now") };
        let low = self.level.is_beside(Level::LowCrit);
        let (side, inside) = if low { ("under", "above") } else { ("over", "below") };
        let outside = |limit: Aht| if low { value < limit } else { value > limit };
        // At the limit counts as outside of it; what never went further was not over it.
        let reached = self.worst.is_some() && self.worst == self.limit;
        let was =
            |limit: Aht| if reached { format!("was at its limit {limit}") } else { format!("was {side} {limit}") };
        let (head, tail) = match self.limit {
            None if self.over => (format!("last {value}"), String::new()),
            None => (format!("{now} {told}"), String::new()),
            Some(limit) if self.over => (was(limit), format!(", last {value}")),
            Some(limit) if value == limit => (format!("{told}, at its limit"), String::new()),
            Some(limit) if outside(limit) => (format!("{told}, {side} {limit}"), String::new()),
            Some(limit) => (was(limit), format!(", {now} {told}")),
        };
        let worst = self.worst.filter(|worst| *worst != value && !reached).map(|worst| format!(" (worst {worst})"));
        // The value is read more often than the alert is: where it is inside already, the end is on its way.
        let lasts = |clear: Aht| if low { value <= clear } else { value >= clear };
        let clear = self.clear.filter(|clear| !self.over && lasts(*clear));
        let clear = clear.map(|clear| format!(", clears {inside} {clear}"));
        let mut texts = vec![format!("{head}{tail}")];
        if let Some(worst) = &worst {
            texts.insert(0, format!("{head}{worst}{tail}"));
        }
        if let Some(clear) = clear {
            texts.insert(0, format!("{}{clear}", texts[0]));
        }
        // A bare value stands beside a level, and is told only where it is of that level.
        if self.over {
            texts.extend(self.limit.filter(|_| !reached).map(|limit| format!("{side} {limit}, last {value}")));
            texts.push(format!("last {value}"));
        } else if let Some(limit) = self.limit {
            texts.push(if reaches(self.level, value, limit) {
                told
            } else if reached {
                format!("was {limit}")
            } else {
                was(limit)
            });
        }
        texts
    }
}

/// What it is now: `VERY HIGH 7:48`, `HIGH, now 6:05` where the value is inside the limit of its level, or the sentence of a
/// problem.
pub fn kind_text(kind: &AlertKind) -> String {
    match kind {
        AlertKind::Band { level, last, limits, .. } => {
            let limit = limits.and_then(|limits| limits.crossed(*level));
            let outside = limit.is_none_or(|limit| reaches(*level, *last, limit));
            format!("{}{} {last}", level.word(), if outside { "" } else { ", now" })
        }
        AlertKind::Problem { text, .. } => text.to_string(),
    }
}

/// Whom it concerns: `name` of a target, or the word of the problem.
pub fn whom(subject: &Subject, name: Option<&str>) -> String {
    match subject {
        Subject::Problem(Problem::Stale) => "stale data".into(),
        Subject::Problem(Problem::UnknownId) => "unknown ID".into(),
        Subject::Problem(problem) => problem.word().into(),
        Subject::Target(target) => clean_line(display_name(None, name, &target.id), 100),
    }
}

/// Why it ended, as the end of a sentence about `subject`: what is no value has no inside.
pub const fn ended(subject: &Subject, why: EndReason) -> &'static str {
    match (subject, why) {
        (Subject::Problem(_), EndReason::Cleared) => "the problem is gone",
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
        Step::Acked(ack) => who.own(format!(": acknowledgement undone by {}", ack.by)),
        Step::Muted(mute) if mute.until == super::Until::Off => who.own(format!(": unmuted by {}", mute.by)),
        Step::Muted(mute) => who.own(format!(": muted by {}", mute.by)),
        Step::Ended { why, lasted } => {
            let why = ended(&event.id.subject, *why);
            let who = who.own(format!(": cleared after {} min, {why}: ", lasted.as_secs() / 60));
            match &event.kind {
                // Its last level is not that of the value that ended it.
                AlertKind::Band { last, peak: Some(peak), .. } if peak != last => {
                    who.own(format!("worst {peak}, last {last}"))
                }
                AlertKind::Band { last, .. } => who.own(format!("last {last}")),
                AlertKind::Problem { .. } => who.then(what()),
            }
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
