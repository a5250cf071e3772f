//! One target's alert from its readings: warm-up, dwell, start, change of level, end. Pure.
//!
//! Only good readings move it, each at its own stamp, in the order of the store; time alone does one thing: two hours
//! after the last good reading an alert is lost. Therefore it makes no difference how often or when somebody ticks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    model::EndReason,
    rules::{Rules, gap, held_level, is_crit, side, worse},
};
use crate::domain::{AHT_WINDOW, Aht, Band, EventTime, Level, Now, Outcome};

/// So many answers *invalid id* in a row end an alert: a single one may be a hiccup.
const INVALID_ENDS: u8 = 2;

/// The alert life of one target. Small, serialisable at any moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// The last good reading.
    last: Option<(EventTime, Option<Aht>)>,
    /// The level of the last good reading, also where the warm-up began anew behind it; *no calls* is inside. `None` where
    /// nothing was read yet, or an older version saved this.
    #[serde(default)]
    level: Option<Level>,
    /// Changes from value to value since the warm-up began.
    changes: u32,
    /// Answers *invalid id* since the last good reading.
    invalid: u8,
    /// Wall time in milliseconds of the last start, made unique: names the alert.
    serial: i64,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Quiet,
    Pending {
        since: EventTime,
        level: Level,
        /// The worst value so far; `None` where an older version saved this.
        #[serde(default)]
        peak: Option<Aht>,
        /// The reading before the first one is known not to be outside on this side.
        #[serde(default)]
        exact: bool,
    },
    Active {
        since: EventTime,
        level: Level,
    },
}

/// Where a target stands, for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Too few changes were seen to say anything.
    WarmUp { seen: u32, of: u32 },
    /// Inside the band.
    Quiet,
    /// Outside since its first reading there, at the level of the last; not for long enough yet.
    Pending { since: EventTime, level: Level },
    /// Outside since its first reading there; the level takes the clear band into account.
    Active { since: EventTime, level: Level },
}

/// What a reading or the time did to a target's alert, at the moment `at` and with the value `aht` of that reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The reading completed the dwell. `serial` names the alert among those of this target, and grows; `since` is the first
    /// reading outside, `exact` where the one before is known not to be outside on this side; `peak` is the worst since.
    Start { serial: i64, at: EventTime, since: EventTime, exact: bool, level: Level, aht: Aht, peak: Option<Aht> },
    /// Its level changed on the same side; `worse` from warning to critical, not so on the way back.
    Level { at: EventTime, level: Level, worse: bool, aht: Aht },
    /// It goes on at the same level.
    Stay { aht: Aht },
    /// It is over.
    End { at: EventTime, why: EndReason, aht: Option<Aht> },
}

impl Track {
    /// Takes in a reading's stamp and outcome, judged by `band` and `rules`. Readings come in the order of the store;
    /// one whose stamp is not after the last one's counts as a millisecond after it.
    pub fn record(&mut self, at: &EventTime, outcome: &Outcome, band: &Band, rules: &Rules) -> Vec<Move> {
        let mut moves = Vec::new();
        let at = match &self.last {
            Some((last, _)) if last.boot == at.boot && at.mono <= last.mono => last.after(Duration::from_millis(1)),
            _ => at.clone(),
        };
        let since_last = self.last.as_ref().map(|(last, _)| gap(last, &at));
        if since_last.is_some_and(|g| g >= AHT_WINDOW) {
            moves.extend(self.lose());
        }
        match outcome {
            Outcome::Failed(_) => {}
            Outcome::Invalid => {
                self.invalid = self.invalid.saturating_add(1);
                if self.invalid >= INVALID_ENDS {
                    moves.extend(self.end(&at, EndReason::Invalid, None));
                    self.restart();
                }
            }
            Outcome::NoCalls => {
                moves.extend(self.end(&at, EndReason::NoCalls, None));
                self.restart();
                self.good(at, None, Level::Inside);
            }
            Outcome::Value(aht) => {
                if since_last.is_none_or(|g| g > rules.stale_after) && matches!(self.state, State::Pending { .. }) {
                    self.state = State::Quiet;
                }
                self.value(&at, *aht, band, rules, &mut moves);
                self.good(at, Some(*aht), band.level(*aht));
            }
        }
        moves
    }

    /// Lets time pass: an alert whose last good reading is [`AHT_WINDOW`] old or older is lost, two hours after that
    /// reading. Call it when all readings up to `now` were taken.
    pub fn tick(&mut self, now: &Now) -> Option<Move> {
        let over = self.last.as_ref().is_some_and(|(last, _)| last.age(now) >= AHT_WINDOW);
        over.then(|| self.lose()).flatten()
    }

    /// The target is not watched any more: an alert ends at `at`, and everything is forgotten.
    pub fn remove(&mut self, at: &EventTime) -> Option<Move> {
        let ended = self.end(at, EndReason::Removed, None);
        self.restart();
        (self.last, self.level) = (None, None);
        ended
    }

    /// Where the target stands.
    pub fn phase(&self, rules: &Rules) -> Phase {
        match &self.state {
            State::Active { since, level } => Phase::Active { since: since.clone(), level: *level },
            State::Pending { since, level, .. } => Phase::Pending { since: since.clone(), level: *level },
            State::Quiet if self.changes < rules.warm_up => Phase::WarmUp { seen: self.changes, of: rules.warm_up },
            State::Quiet => Phase::Quiet,
        }
    }

    /// The level of the alert, while there is one.
    pub fn active(&self) -> Option<Level> {
        match self.state {
            State::Active { level, .. } => Some(level),
            _ => None,
        }
    }

    fn value(&mut self, at: &EventTime, aht: Aht, band: &Band, rules: &Rules, moves: &mut Vec<Move>) {
        if let Some((_, Some(before))) = self.last
            && before != aht
        {
            self.changes = self.changes.saturating_add(1);
        }
        if let State::Active { since, level: held } = &self.state {
            let held = *held;
            let level = held_level(band, held, aht, rules.clear_band);
            if side(level) == side(held) {
                if level == held {
                    moves.push(Move::Stay { aht });
                } else {
                    self.state = State::Active { since: since.clone(), level };
                    moves.push(Move::Level { at: at.clone(), level, worse: is_crit(level), aht });
                }
                return;
            }
            let why = if side(level).is_some() { EndReason::OtherSide } else { EndReason::Cleared };
            moves.extend(self.end(at, why, Some(aht)));
        }
        if self.changes < rules.warm_up {
            return;
        }
        let level = band.level(aht);
        let (since, peak, exact) = match &self.state {
            State::Pending { since, level: before, peak, exact } if side(*before) == side(level) => {
                (since.clone(), peak.map(|peak| worse(level, peak, aht)), *exact)
            }
            _ => (at.clone(), Some(aht), self.level.is_some_and(|before| side(before) != side(level))),
        };
        if side(level).is_none() {
            self.state = State::Quiet;
        } else if gap(&since, at) < rules.dwell {
            self.state = State::Pending { since, level, peak, exact };
        } else {
            self.serial = at.wall.as_millisecond().max(self.serial.saturating_add(1));
            self.state = State::Active { since: since.clone(), level };
            moves.push(Move::Start { serial: self.serial, at: at.clone(), since, exact, level, aht, peak });
        }
    }

    fn good(&mut self, at: EventTime, aht: Option<Aht>, level: Level) {
        (self.last, self.level) = (Some((at, aht)), Some(level));
        self.invalid = 0;
    }

    /// Ends what is active or pending.
    fn end(&mut self, at: &EventTime, why: EndReason, aht: Option<Aht>) -> Option<Move> {
        let was = std::mem::take(&mut self.state);
        matches!(was, State::Active { .. }).then(|| Move::End { at: at.clone(), why, aht })
    }

    /// The warm-up begins anew.
    fn restart(&mut self) {
        self.changes = 0;
        if let Some((_, aht)) = &mut self.last {
            *aht = None;
        }
    }

    /// No call of the last good reading is in the window any more.
    fn lose(&mut self) -> Option<Move> {
        let at = self.last.as_ref()?.0.after(AHT_WINDOW);
        let ended = self.end(&at, EndReason::Lost, None);
        self.restart();
        ended
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
