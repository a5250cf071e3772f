//! What an alert claims, and how long it lasts: its own data, and the newer ones of its row. Pure functions of [`State`].

use jiff::Timestamp;

use super::{rows, text};
use crate::{
    alert::{Alert, AlertKind, Limits, Subject, words::Claims, worse},
    app::model::{Held, Line, RowState, State},
    domain::{BootTime, Level},
};

/// What `alert` claims; `None` where it is about no value.
///
/// While it lasts, the values of its row are newer than those that were saved with it.
pub fn of(state: &State, alert: &Alert) -> Option<Claims> {
    let own = Claims::new(alert)?;
    let (level, line) = (own.level, row(state, alert));
    let known = line.filter(|_| !own.over);
    let value = known.and_then(|l| l.aht).unwrap_or(own.value);
    let old = known.is_some_and(|l| !matches!(l.state, RowState::Fresh(_)));
    // The row knows the worst by itself where it reaches back far enough.
    let now = &state.shown().now;
    let since = known.and_then(|line| outside_since(&line, level)).unwrap_or_else(|| now.mono_of(&alert.since));
    let points = || known.into_iter().flat_map(|l| l.row.series.points());
    let seen = points().filter(|p| p.at >= since).filter_map(|p| p.aht).reduce(|a, b| worse(level, a, b));
    let complete = points().next().is_some_and(|p| p.at <= since) && alert.since.boot == now.boot;
    let worst = match (own.worst, seen) {
        (Some(peak), Some(seen)) => Some(worse(level, peak, seen)),
        (None, seen) => seen.filter(|_| complete),
        (peak, None) => peak,
    };
    let configured = || line.and_then(|l| Limits::new(&l.watched.band, level, 0.0).crossed(level));
    let judged = matches!(alert.kind, AlertKind::Band { limits: Some(_), .. });
    let limit = if judged { own.limit } else { configured() };
    Some(Claims { value, old, limit, worst, ..own }.proven(seen))
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

/// What `alert` claims, in a sentence: its level, since when it is so, and the fullest words. `None` where it is about no
/// value.
///
/// `alert HIGH, outside the band since 13:51 (40m): 6:31, over 6:15`, but `alert HIGH since 13:51 (40m): was over 6:15,
/// now 6:05` where not all readings since then were outside: while it is held, and after it has cleared.
pub fn sentence(state: &State, alert: &Alert) -> Option<String> {
    let claims = of(state, alert)?;
    let (since, held) = lasting(state, alert);
    let since = text::moment(since, rows::shown_now(state).wall, &state.config.zone);
    let lasted = if held.open { String::new() } else { format!(" ({})", text::brief(held.span)) };
    let outside = row(state, alert).filter(|_| alert.ended.is_none()).is_some_and(|line| is_throughout(&line, &claims));
    let outside = if outside { ", outside the band" } else { "" };
    let level = claims.level.word();
    let claims = claims.texts().into_iter().next().unwrap_or_default();
    Some(format!("alert {level}{outside} {}{lasted}: {claims}", text::since_or_over(&since, held)))
}

/// True where all readings of the time that the row tells were outside on the side of its alert.
fn is_throughout(line: &Line<'_>, claims: &Claims) -> bool {
    let RowState::Fresh(own) = line.state else { return false };
    let run = rows::beside(line.row, line.watched, own).filter(|_| own.is_beside(claims.level));
    run.zip(outside_since(line, claims.level)).is_some_and(|(run, since)| run.since <= since)
}

/// The row that `alert` is about.
fn row<'a>(state: &'a State, alert: &Alert) -> Option<Line<'a>> {
    match &alert.id.subject {
        Subject::Target(target) => rows::line(state, target),
        Subject::Problem(_) => None,
    }
}
