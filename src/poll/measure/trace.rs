//! A day of true values, and the file format of one.

use std::collections::BTreeMap;

use crate::domain::Target;

/// The true values of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub target: Target,
    /// The usual value, in seconds.
    pub goal: f64,
    /// Ascending times in seconds, and the value from then on; 0: no calls. Before the first it is 0.
    pub changes: Vec<(f64, f64)>,
}

impl Truth {
    /// The value at `t`.
    pub fn at(&self, t: f64) -> f64 {
        let after = self.changes.partition_point(|c| c.0 <= t);
        after.checked_sub(1).and_then(|i| self.changes.get(i)).map_or(0.0, |c| c.1)
    }
}

/// The true values of all targets over a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// What to call it.
    pub name: String,
    /// Each target once.
    pub truths: Vec<Truth>,
    /// From when to when agents were logged in; who is not named never was.
    pub logins: BTreeMap<Target, Vec<(f64, f64)>>,
}

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The first line is another one.
    #[error("line 1: the columns are target,kind,goal_s,t_s,aht_s")]
    Columns,
    /// The first line of the logins is another one.
    #[error("line 1: the columns are target,in_s,out_s")]
    LoginColumns,
    /// A line, counted from 1, that cannot be read.
    #[error("line {line}: {what}")]
    Line { line: usize, what: &'static str },
}

impl Day {
    /// Reads lines of `target,kind,goal_s,t_s,aht_s`, one for each change of a target's value.
    ///
    /// # Errors
    /// Names the first line that is not so.
    pub fn parse(name: &str, text: &str) -> Result<Day, TraceError> {
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, l)| l.trim() != "target,kind,goal_s,t_s,aht_s") {
            return Err(TraceError::Columns);
        }
        let mut truths: Vec<Truth> = Vec::new();
        let mut places: BTreeMap<Target, usize> = BTreeMap::new();
        for (i, text) in lines.filter(|(_, l)| !l.trim().is_empty()) {
            let wrong = |what| TraceError::Line { line: i + 1, what };
            let cells: Vec<&str> = text.trim().split(',').collect();
            let [id, kind, goal, t, aht] = cells[..] else { return Err(wrong("five cells are needed")) };
            let target = match kind {
                "agent" => Target::agent(id),
                "campaign" => Target::campaign(id),
                _ => return Err(wrong("the kind is neither agent nor campaign")),
            };
            let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && (0.0..=1e9).contains(n));
            let (Some(goal), Some(t), Some(aht)) = (number(goal), number(t), number(aht)) else {
                return Err(wrong("a number is missing or out of range"));
            };
            let place = *places.entry(target.clone()).or_insert_with(|| {
                truths.push(Truth { target, goal, changes: Vec::new() });
                truths.len() - 1
            });
            let changes = &mut truths[place].changes;
            if changes.last().is_some_and(|c| c.0 > t) {
                return Err(wrong("times go back"));
            }
            changes.push((t, aht));
        }
        Ok(Day { name: name.to_owned(), truths, logins: BTreeMap::new() })
    }

    /// Reads lines of `target,in_s,out_s`, one for each time that an agent was logged in, and gives the day with them.
    ///
    /// # Errors
    /// Names the first line that is not so.
    pub fn with_logins(mut self, text: &str) -> Result<Day, TraceError> {
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, l)| l.trim() != "target,in_s,out_s") {
            return Err(TraceError::LoginColumns);
        }
        self.logins.clear();
        for (i, text) in lines.filter(|(_, l)| !l.trim().is_empty()) {
            let wrong = |what| TraceError::Line { line: i + 1, what };
            let cells: Vec<&str> = text.trim().split(',').collect();
            let [id, from, to] = cells[..] else { return Err(wrong("three cells are needed")) };
            let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() <= 1e9);
            let (Some(from), Some(to)) = (number(from), number(to)) else {
                return Err(wrong("a number is missing or out of range"));
            };
            if to < from {
                return Err(wrong("times go back"));
            }
            let target = Target::agent(id);
            if !self.truths.iter().any(|truth| truth.target == target) {
                return Err(wrong("the trace has no such agent"));
            }
            self.logins.entry(target).or_default().push((from, to));
        }
        Ok(self)
    }
}
