//! What an alert claims, and how long it lasts: its own data, and the newer ones of its row. Pure functions of [`State`].

use jiff::Timestamp;

use super::rows;
use crate::{
    alert::{Alert, AlertKind, Limits, Subject, words::Claims, worse},
    app::model::{Held, Line, RowState, State},
    domain::{Aht, BootTime, Level},
};

/// What `alert` claims; `None` where it is about no value.
///
/// While it lasts, the values of its row are newer than those that were saved with it.
pub fn of(state: &State, alert: &Alert) -> Option<Claims> {
    let AlertKind::Band { level, worst, last, peak, limits, .. } = &alert.kind else { return None };
    let over = alert.ended.is_some();
    let line = row(state, alert);
    let level = if over { *worst } else { *level };
    let known = line.filter(|_| !over);
    let value = known.and_then(|l| l.aht).unwrap_or(*last);
    let old = known.is_some_and(|l| !matches!(l.state, RowState::Fresh(_)));
    // The row knows the worst by itself where it reaches back far enough.
    let now = &state.shown().now;
    let since = known.and_then(|line| outside_since(&line, level)).unwrap_or_else(|| now.mono_of(&alert.since));
    let points = || known.into_iter().flat_map(|l| l.row.series.points());
    let seen = points().filter(|p| p.at >= since).filter_map(|p| p.aht).reduce(|a, b| worse(level, a, b));
    let complete = points().next().is_some_and(|p| p.at <= since) && alert.since.boot == now.boot;
    let peak = match (peak, seen) {
        (Some(peak), Some(seen)) => Some(worse(level, *peak, seen)),
        (None, seen) => seen.filter(|_| complete),
        (peak, None) => *peak,
    };
    let limits_here = || line.map(|l| Limits::new(&l.watched.band, level, 0.0));
    let limit = limits.or_else(limits_here).and_then(|limits| limits.crossed(level));
    // A limit that was configured since is not told unless a value has crossed it.
    let crosses =
        |limit: &Aht| [peak, seen, Some(value)].into_iter().flatten().any(|aht| worse(level, aht, *limit) == aht);
    let clear = limits.and_then(|l| l.clear);
    Some(Claims { level, over, value, old, limit: limit.filter(crosses), worst: peak, clear })
}

/// Since when and how long it is as `alert` says, or was. The time of a value ends with the last reading, and is that of
/// its row while the row is outside on the same side.
pub fn lasting(state: &State, alert: &Alert) -> (Timestamp, Held) {
    let since = alert.since.wall;
    let held = |span| Held { span, open: alert.is_open() };
    if let Some(whole) = alert.whole() {
        return (since, held(whole));
    }
    let now = &state.shown().now;
    let (Some(level), Some(line)) = (alert.kind.level(), row(state, alert)) else {
        return (since, held(alert.since.age(&rows::shown_now(state))));
    };
    let read = line.row.series.points().next_back().map_or(now.mono, |p| p.at);
    match line.held.zip(outside_since(&line, level)) {
        Some((held, at)) => (now.wall.checked_sub(now.mono.since(at)).unwrap_or(since), held),
        None => (since, held(read.since(now.mono_of(&alert.since)))),
    }
}

/// Since when the row is outside on the side of `level`, where it is: that may be longer than its alert counts, which
/// begins anew behind a gap and after the warm-up.
fn outside_since(line: &Line<'_>, level: Level) -> Option<BootTime> {
    let read = line.row.series.points().next_back()?.at;
    match line.state {
        RowState::Fresh(own) if own.is_beside(level) => Some(read - line.held?.span),
        _ => None,
    }
}

/// The row that `alert` is about.
fn row<'a>(state: &'a State, alert: &Alert) -> Option<Line<'a>> {
    match &alert.id.subject {
        Subject::Target(target) => rows::line(state, target),
        Subject::Problem(_) => None,
    }
}
