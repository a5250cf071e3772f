//! One row in full: its facts in sentences, and its chart.

use std::time::Duration;

use super::{
    axis,
    canvas::{Canvas, cells as cells_of, wrap},
    cell, cells,
    chart::{self, Chart},
    compare, fate,
    scene::Scene,
    words::{self, detail as texts},
};
use crate::{
    alert::{Alert, Subject},
    app::{FrameLayout, Held, Line, Login, LoginState, REPLAY, RowState, alerts, names, rows, tables, text},
    domain::{AHT_WINDOW, BootTime, Condition, Run},
    poll::INVALID_INTERVAL,
    store::EventKind,
};

/// Most events of a target that are told.
const EVENTS: usize = 3;

/// Draws the detail of the selected row: the whole view, or beside the tables.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, frame: bool, layout: &mut FrameLayout) {
    let line = scene.selected();
    let title = title(line.as_ref());
    let mut part = if frame {
        canvas.framed(title, if scene.state.navigation.detail_open { texts::BACK } else { "" })
    } else {
        let (w, h) = (canvas.width(), canvas.height());
        if !scene.state.navigation.detail_open {
            // Beside a table without frames, a line keeps the two apart.
            for y in 0..h {
                canvas.dot(0, y, canvas.look.glyphs.hv[1], canvas.look.styles.dim);
            }
        }
        canvas.part(1, 0, w.saturating_sub(1), h)
    };
    inside(&mut part, scene, (line, None), layout);
}

/// Draws the detail of a row below a list, with the alert that it is about; `None`: with the one that it has.
pub(super) fn below(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    about: (Option<Line<'_>>, Option<&Alert>),
    frame: bool,
    layout: &mut FrameLayout,
) {
    inside(&mut canvas.headed(title(about.0.as_ref()), frame), scene, about, layout);
}

fn title(line: Option<&Line<'_>>) -> &'static str {
    texts::title(line.map(|line| line.target().kind))
}

fn inside(
    part: &mut Canvas<'_>,
    scene: &Scene<'_>,
    (line, alert): (Option<Line<'_>>, Option<&Alert>),
    layout: &mut FrameLayout,
) {
    let Some(line) = line else {
        let (w, style) = (part.width(), part.look.styles.dim);
        part.put(1, 0, w.saturating_sub(1), texts::NO_ROW, style);
        return;
    };
    let alert = alert.or_else(|| alerts::about(scene.data, &Subject::Target(line.target().clone())));
    body(part, scene, &line, alert, layout);
}

fn body(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, alert: Option<&Alert>, layout: &mut FrameLayout) {
    let look = canvas.look;
    let s = look.styles;
    let (width, height) = (canvas.width().saturating_sub(2), canvas.height());
    let end = width + 1;

    // Who, what, and since when: these three lines stay at any height.
    let name = cell::name(scene, line, look.glyphs.ascii());
    let x = canvas.put(1, 0, width, &name, s.accent);
    let id = names::id(scene.state, line);
    let groups = line.watched.groups.join(", ");
    let id = if id == name { "" } else { &id };
    canvas.put_all(x, 0, end, &[("  ", s.text), (id, s.dim), ("  ", s.text), (&groups, s.dim)]);

    let old = cells::is_old(line.state);
    let (value, age) = (texts::aht(line.aht, old), format!("  {}", texts::age(line.age)));
    let deviation = line.deviation.map_or_else(String::new, |percent| format!("  {}", texts::deviation(percent)));
    let (value_style, quiet) = if scene.is_faded(line) { (s.stale, s.stale) } else { (s.accent, s.text) };
    canvas.put_all(1, 1, end, &[(&value, value_style), (&age, s.dim), (&deviation, quiet)]);
    let x = cell::state(canvas, line, (1, 2, width));
    let room = end.saturating_sub(x);
    let mut since = since(scene, line).into_iter().map(|text| format!("  {text}"));
    if let Some(since) = since.find(|text| cells_of(text) <= usize::from(room)) {
        canvas.put(x, 2, room, &since, s.dim);
    }

    // What the alert says has the whole width, and is kept beside the smallest chart.
    let told: Vec<String> =
        alert.into_iter().flat_map(|a| fate::sentences(scene, a)).flat_map(|text| wrap(&text, width)).collect();
    let alert = u16::try_from(told.len()).unwrap_or(u16::MAX);
    let facts = facts(scene, line, look.glyphs.ascii());
    // Two facts stand side by side where there is room.
    let columns = if width >= 76 { 2 } else { 1 };
    let each = width / columns;
    let lines: Vec<String> = facts.iter().flat_map(|f| wrap(f, each.saturating_sub(columns - 1))).collect();
    let below = u16::try_from(lines.len()).unwrap_or(u16::MAX).div_ceil(columns);
    let compared = tables::compared(scene.state);
    let least = chart::LEAST.1 + if compared.is_empty() { 0 } else { compare::heads(scene) - 1 };
    // The chart takes what the facts leave, and facts give way to a chart of up to eight rows.
    let room = height.saturating_sub(4);
    let rows = match room.saturating_sub(below.saturating_add(alert).saturating_add(1)) {
        left @ 8.. => left,
        _ if room.saturating_sub(alert + 2) >= least => (room - alert - 2).min(8),
        _ => room.saturating_sub(2).min(8),
    };
    let mut y = 3;
    if rows >= least {
        y = 4 + rows + 1;
        let mut part = canvas.part(1, 3, width, rows + 1);
        if compared.is_empty() {
            curve(&mut part, scene, line, layout);
        } else {
            compare::draw(&mut part, scene, &compared, layout);
        }
    }
    for text in told.iter().take(usize::from(height.saturating_sub(y))) {
        canvas.put(1, y, width, text, s.text);
        y += 1;
    }
    let rows = height.saturating_sub(y);
    for (i, text) in (0..rows * columns).zip(&lines) {
        // Down the first column, then the second.
        let (column, row) = (i / below.max(1), i % below.max(1));
        if row < rows {
            canvas.put(1 + column * each, y + row, each, text, s.dim);
        }
    }
    if below > rows && rows > 0 {
        canvas.put(width, height - 1, 1, look.glyphs.ellipsis, s.dim);
    }
}

/// The chart, and above it what it shows where that is told.
fn curve(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, layout: &mut FrameLayout) {
    let s = canvas.look.styles;
    let old = scene.is_faded(line);
    let (w, h) = (canvas.width(), canvas.height());
    let mut part = canvas.part(0, 1, w, h.saturating_sub(1));
    let grid = axis::grid(scene, &[*line], chart::columns(&part), layout);
    let buckets = axis::past(scene, grid.as_ref(), line);
    let known = (grid.as_ref(), buckets.as_deref());
    let style = if old { s.stale } else { s.text };
    let chart = Chart { old, ..axis::chart(scene, line, &line.watched.band, known, style) };
    chart::draw(&mut part, &chart);
    if axis::is_told(scene) {
        axis::spans(canvas, scene);
    }
}

/// Since when the row is in its state, by the clock: in full, and shorter.
fn since(scene: &Scene<'_>, line: &Line<'_>) -> Vec<String> {
    let zone = &scene.state.config.zone;
    let moment = |at: BootTime| {
        let at = scene.now.wall.checked_sub(scene.now.mono.since(at)).unwrap_or(scene.now.wall);
        text::moment(at, scene.now.wall, zone)
    };
    let Some(held) = line.held else { return Vec::new() };
    let since = |end: BootTime, held: Held| text::since_or_over(&moment(end - held.span), held);
    let series = &line.row.series;
    let read = series.points().next_back().map_or(scene.now.mono, |p| p.at);
    match line.state {
        RowState::Fresh(level) => {
            let shorter = |run: Run, than: Duration| {
                let run = Held { span: read.since(run.since), open: run.open };
                Some(run).filter(|run| run.span < than)
            };
            // The row may have been inside since its alert began, and its level may be younger than both.
            let beside = rows::beside(line.row, line.watched, level).and_then(|run| shorter(run, held.span));
            let outside = beside.unwrap_or(held);
            let own = series.run(|aht| aht.is_some_and(|a| line.watched.band.level(a) == level));
            let own = own.and_then(|run| shorter(run, outside.span)).map(|own| since(read, own));
            let mut all = texts::outside(level, since(read, outside), own, beside.map(|_| since(read, held)));
            if held.open && beside.is_none() {
                // The state beside it says the same.
                all.pop();
            }
            all
        }
        RowState::Other(Condition::NoCalls) => vec![since(read, held)],
        RowState::Other(_) => vec![since(scene.now.mono, held)],
    }
}

/// Whether the agent is logged in, in the service's word, and since when; of who is out and cannot change, how often it is
/// looked after.
fn presence(scene: &Scene<'_>, line: &Line<'_>, login: Login<'_>) -> String {
    let since = login.since.map(|at| text::moment(at.wall, scene.now.wall, &scene.state.config.zone));
    let rest = line.rest.filter(|_| login.state == LoginState::Out);
    texts::login(login, since, rest.map(|rest| rest.every))
}

/// Everything else, one sentence each.
fn facts(scene: &Scene<'_>, line: &Line<'_>, ascii: bool) -> Vec<String> {
    let mut out = Vec::new();
    let zone = &scene.state.config.zone;
    if let Some(error) = line.row.error().map(|why| names::failure(scene.state, why)) {
        let since = line.row.failing_since.as_ref().map(|at| text::moment(at.wall, scene.now.wall, zone));
        out.push(texts::last_answer(error, since.map(|since| (line.row.failures, since))));
    }
    if line.state == RowState::Other(Condition::Invalid) {
        out.push(texts::configured_in(&line.watched.origin));
    }
    if let Some((prev, now)) = line.prev2h.zip(line.aht) {
        out.push(texts::two_hours_ago(prev, now));
    }
    out.extend(line.diff30.map(texts::half_hour));
    out.extend(words::band(&line.watched.band));
    if let Some((_, at)) = &line.row.good {
        out.push(texts::read_at(&cells::clock(at.wall, zone)));
    }
    out.extend(line.login.map(|login| presence(scene, line, login)));
    out.push(next(scene, line));
    out.push(texts::changes(line.row.series.changes(scene.data.now.mono, AHT_WINDOW)));
    if let Ok(from) = scene.now.wall.checked_sub(AHT_WINDOW) {
        out.push(texts::counted_since(&text::moment(from, scene.now.wall, zone)));
    }
    if line.state == RowState::Other(Condition::NoCalls) {
        out.push(texts::NO_CALLS.into());
    }
    out.extend(events(scene, line, ascii));
    out
}

/// When the next answer is to be expected: the poller names the next one alone, the others come once a cycle.
fn next(scene: &Scene<'_>, line: &Line<'_>) -> String {
    if scene.state.config.mode == Some(REPLAY) {
        return texts::NEXT_NEVER.into();
    }
    let Some(status) = scene.data.status.as_ref().filter(|_| scene.link().2) else {
        return texts::NEXT_UNKNOWN.into();
    };
    if status.next.as_ref() == Some(line.target()) {
        return texts::NEXT_NOW.into();
    }
    let Some((_, last)) = &line.row.last else { return texts::NEXT_SOON.into() };
    let every = match line.rest {
        _ if line.state == RowState::Other(Condition::Invalid) && line.row.failures >= 2 => INVALID_INTERVAL,
        Some(rest) => rest.every,
        None => status.sweep.max(scene.state.config.min_interval),
    };
    texts::next_in(every.saturating_sub(last.age(&scene.now)))
}

/// The last events about this target, newest first.
fn events(scene: &Scene<'_>, line: &Line<'_>, ascii: bool) -> Vec<String> {
    let about = |kind: EventKind| matches!(kind, EventKind::Target | EventKind::Malformed);
    scene
        .data
        .events
        .iter()
        .rev()
        .filter(|e| about(e.kind) && e.text.is_about(line.target()))
        .take(EVENTS)
        .map(|e| {
            let at = text::moment(e.at.wall, scene.now.wall, &scene.state.config.zone);
            format!("{at} {}", names::told(scene.state, &e.text, ascii))
        })
        .collect()
}
