//! What checking costs and who does it: requests, replies, latency, token, cycle, ages, instances, memory.

use std::time::Duration;

use ratatui::style::Style;

use super::{
    canvas::{self, Canvas},
    cell, cells,
    glyphs::Glyphs,
    pages::{self, TextLine, plain},
    scene::Scene,
    theme::Styles,
    words::{self, budget as texts},
};
use crate::{
    app::{FrameLayout, REPLAY, names, presence, text},
    domain::Kind,
    poll::plan,
    store::{Instance, MINUTES, ReplyKind},
};

/// Where the values begin, behind their names.
const VALUES: u16 = 14;
/// From this width on the two halves stand side by side.
const BESIDE: u16 = 110;
/// Widest gauge and widest bar of the histogram.
const WIDEST: u16 = 60;

pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, frames: bool, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    if w >= BESIDE {
        let half = w / 2;
        let mut all = (0, 0);
        let [left, right] = texts::HALVES;
        for (x, width, title, part) in [(0, half, left, requests as Part), (half, w - half, right, people)] {
            let mut place = canvas.part(x, 0, width, h);
            let mut inside = pages::inside(&mut place, frames, title, "");
            let lines = part(&inside, scene);
            pages::draw(&mut inside, scene, &lines, layout);
            all = (layout.overlay, all.1.max(layout.overlay_lines));
        }
        (layout.overlay, layout.overlay_lines) = all;
        return;
    }
    let mut inside = pages::inside(canvas, frames, texts::BUDGET, "");
    let mut lines = requests(&inside, scene);
    lines.push(TextLine::new());
    lines.extend(people(&inside, scene));
    pages::draw(&mut inside, scene, &lines, layout);
}

type Part = fn(&Canvas<'_>, &Scene<'_>) -> Vec<TextLine>;

/// Requests, replies, latency, token.
fn requests(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<TextLine> {
    let (s, glyphs) = (&canvas.look.styles, canvas.look.glyphs);
    let room = canvas.width().saturating_sub(VALUES + 1).min(WIDEST);
    let (budget, usage) = (scene.state.config.budget, scene.data.usage);
    let status = scene.data.status.as_ref();
    let mut lines = Vec::new();

    let limit = budget.requests_per_minute;
    let mut line = named(texts::LAST_MINUTE, s);
    line.extend(gauge(s, glyphs, room, (usage.used_60s, limit, budget.reserve)));
    lines.push(line);
    let style = if usage.used_60s >= limit { s.warning } else { s.text };
    lines.push(plain(VALUES, texts::used(&usage, &budget), style));
    if let Some(others) = status.and_then(|st| st.other_clients.as_ref()).and_then(|others| others.per_minute) {
        lines.push(plain(VALUES, texts::other_clients(others), s.warning));
    }
    if let Some(status) = status {
        let slowed = status.rate + 0.5 < f64::from(budget.usable());
        let text = texts::pace(status.rate, slowed.then(|| budget.usable()));
        lines.push(fact(texts::PACE, text, if slowed { s.warning } else { s.text }, s));
    }
    let style = if usage.throttled_1h > 0 { s.warning } else { s.text };
    lines.push(fact(texts::THROTTLED, texts::throttled(usage.throttled_1h), style, s));
    lines.push(TextLine::new());

    let traffic = status.map(|st| st.traffic.clone()).unwrap_or_default();
    let total: u32 = traffic.replies.iter().fold(0, |sum, n| sum.saturating_add(*n));
    lines.push(fact(texts::REPLIES, texts::replies(total), s.text, s));
    for (kind, n) in ReplyKind::ALL.into_iter().zip(traffic.replies) {
        let style = match kind {
            _ if n == 0 => s.dim,
            ReplyKind::Value | ReplyKind::NoCalls => s.text,
            ReplyKind::Invalid => s.invalid,
            ReplyKind::Throttled | ReplyKind::Rejected => s.warning,
            ReplyKind::Faulty | ReplyKind::Lost => s.failing,
        };
        let mut line = plain(VALUES, format!("{:<10}{n:>6}", kind.word()), style);
        line.push((Some(VALUES + 18), bar(glyphs, n, total, room.saturating_sub(18)), style));
        lines.push(line);
    }
    lines.push(TextLine::new());

    let latency: Vec<Option<u32>> = traffic.latency;
    let now = latency.iter().rev().flatten().next();
    lines.push(fact(texts::LATENCY, texts::latency(now.copied().zip(traffic.slowest)), s.text, s));
    lines.push(sparks(s, glyphs, &latency, room));
    lines.push(TextLine::new());

    let left = status.and_then(|st| st.token_until.as_ref()).map(|until| scene.left(until));
    lines.push(fact(texts::TOKEN, texts::token(left, &usage), s.text, s));
    let style = if usage.invalidated_1h > 0 { s.warning } else { s.text };
    lines.push(fact(texts::GENERATED, texts::generated(&usage), style, s));
    lines
}

/// Cycle, ages, who checks, who watches, memory, history.
fn people(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<TextLine> {
    let (s, glyphs) = (&canvas.look.styles, canvas.look.glyphs);
    let room = canvas.width().saturating_sub(VALUES + 1).min(WIDEST);
    let mut lines = Vec::new();
    let cycle = match scene.data.status.as_ref().filter(|st| st.targets > 0) {
        Some(st) => {
            let resting = scene.data.presence.as_ref().map_or(0, |presence| presence.resting(&scene.data.now));
            let resting = u32::try_from(resting).unwrap_or(u32::MAX).min(st.targets);
            texts::cycle(st.sweep, st.targets - resting, resting)
        }
        None => texts::CYCLE_NOT_KNOWN.into(),
    };
    lines.push(fact(texts::CYCLE, cycle, s.text, s));
    let replay = scene.state.config.mode == Some(REPLAY);
    if let Some(next) = scene.data.status.as_ref().and_then(|st| st.next.as_ref()).filter(|_| !replay) {
        let line = crate::app::rows::line(scene.state, next);
        let name = match &line {
            Some(line) => cell::name(scene, line, glyphs.ascii()),
            None => names::of(scene.state, next),
        };
        lines.push(fact(texts::NEXT_CHECK, name.into_owned(), s.text, s));
    }
    lines.push(fact(texts::STALE_AFTER, cells::age(Some(scene.stale_after)), s.text, s));
    lines.extend(planned(canvas, scene, s));
    let (logins, look) = presence::sentence(scene.data.presence.as_deref(), &scene.now, &scene.state.config.zone);
    let style = if look { s.warning } else { s.text };
    for (i, part) in canvas::wrap(&logins, canvas.width().saturating_sub(VALUES + 1)).into_iter().enumerate() {
        lines.push(if i == 0 { fact(texts::LOGINS, part, style, s) } else { plain(VALUES, part, style) });
    }
    lines.push(TextLine::new());

    let ages = Ages::of(scene);
    lines.push(fact(texts::AGES, texts::ages(ages.total), s.text, s));
    for (label, n, old) in &ages.bins {
        let style = if *old && *n > 0 { s.warning } else { s.text };
        let mut line = plain(VALUES, format!("{label:<13}{n:>5}"), if *n == 0 { s.dim } else { style });
        line.push((Some(VALUES + 20), bar(glyphs, *n, ages.total, room.saturating_sub(20)), style));
        lines.push(line);
    }
    lines.push(TextLine::new());

    let checks = match &scene.data.poller {
        Some(p) => (dashboard(scene, p), s.text),
        None if scene.is_beginning() => (words::BEGINS.into(), s.dim),
        None => (texts::NOBODY.into(), s.warning),
    };
    lines.push(fact(texts::CHECKED_BY, checks.0, checks.1, s));
    for (i, other) in scene.data.instances.iter().enumerate() {
        lines.push(fact(if i == 0 { texts::DASHBOARDS } else { "" }, dashboard(scene, other), s.text, s));
    }
    lines.push(TextLine::new());
    if scene.data.memory > 0 {
        lines.push(fact(texts::MEMORY, texts::bytes(scene.data.memory), s.text, s));
    }
    let history = &scene.data.history;
    let since = history.oldest.map(|oldest| text::moment(oldest, scene.now.wall, &scene.state.config.zone));
    lines.push(fact(texts::HISTORY, texts::history(history, since), s.text, s));
    if let Some(path) = &history.path {
        lines.push(plain(VALUES, path.to_string_lossy(), s.dim));
    }
    lines
}

/// What `ahtop plan` reckons, from the histories that are at hand.
fn planned(canvas: &Canvas<'_>, scene: &Scene<'_>, s: &Styles) -> Vec<TextLine> {
    let facts = &scene.state.config;
    let known = scene.data.presence.as_ref().filter(|presence| presence.fresh(&scene.now).is_some());
    let logins = known.map_or_else(plan::Logins::default, |presence| plan::Logins {
        interval: presence.picture.as_ref().map(|picture| picture.interval),
        resting: presence.resting(&scene.now),
    });
    let plan = plan::plan(&facts.watched, facts.budget, facts.min_interval, logins);
    let busy = plan.cycle > facts.min_interval;
    let rows = facts.watched.iter().filter_map(|watched| scene.data.rows.get(&watched.target));
    let error = plan::expected_error(rows.map(|row| &row.series), plan.cycle, busy);
    let mut lines = vec![
        fact(texts::PLAN, texts::plan(&plan), s.text, s),
        plain(VALUES, texts::planned_readings(plan.readings), s.text),
        plain(VALUES, texts::expected_error(error), s.text),
    ];
    let room = canvas.width().saturating_sub(VALUES + 1);
    for advice in plan.advice.iter().take(2) {
        let arrow = if canvas.look.glyphs.ascii() { "->" } else { "→" };
        let advice = advice.to_string().replace('→', arrow);
        lines.extend(canvas::wrap(&advice, room).into_iter().map(|part| plain(VALUES, part, s.dim)));
    }
    lines
}

fn dashboard(scene: &Scene<'_>, instance: &Instance) -> String {
    texts::dashboard(instance, instance.id == scene.state.config.me.id)
}

fn named(name: &str, s: &Styles) -> TextLine {
    plain(1, name, s.dim)
}

fn fact(name: &str, text: impl Into<String>, style: Style, s: &Styles) -> TextLine {
    let mut line = named(name, s);
    line.push((Some(VALUES), text.into(), style));
    line
}

/// The requests of the last minute: used, free, and behind the mark the reserve.
fn gauge(
    s: &Styles,
    glyphs: &Glyphs,
    room: u16,
    (used, limit, reserve): (u32, u32, u32),
) -> Vec<(Option<u16>, String, Style)> {
    let cells = room.saturating_sub(1);
    let at = |n: u32| share(n, limit, cells);
    let own = limit.saturating_sub(reserve);
    let mark = at(own);
    let before = at(used.min(own));
    let behind = at(used.min(limit)).saturating_sub(mark);
    let [full, taken, free, border] = glyphs.gauge;
    vec![
        (Some(VALUES), full.repeat(usize::from(before)), s.accent),
        (None, free.repeat(usize::from(mark - before.min(mark))), s.dim),
        (None, border.to_owned(), s.warning),
        (None, taken.repeat(usize::from(behind)), s.warning),
        (None, free.repeat(usize::from(cells.saturating_sub(mark).saturating_sub(behind))), s.dim),
    ]
}

/// Of `cells` the part that `n` is of `total`; something is never nothing.
fn share(n: u32, total: u32, cells: u16) -> u16 {
    let part = u64::from(n) * u64::from(cells) / u64::from(total.max(1));
    u16::try_from(part).unwrap_or(cells).min(cells).max(u16::from(n > 0 && cells > 0))
}

fn bar(glyphs: &Glyphs, n: u32, total: u32, cells: u16) -> String {
    glyphs.gauge[0].repeat(usize::from(share(n, total, cells)))
}

/// The latency by the minute, newest at the right, from nothing to the slowest mean.
fn sparks(s: &Styles, glyphs: &Glyphs, latency: &[Option<u32>], room: u16) -> TextLine {
    let n = latency.len().min(usize::from(room)).min(MINUTES);
    let shown = &latency[latency.len() - n..];
    let top = u64::from(shown.iter().flatten().copied().max().unwrap_or(0)).max(1);
    let steps = glyphs.bars.len();
    let step = |ms: u32| usize::try_from(u64::from(ms) * (steps as u64 - 1) / top).unwrap_or(0).min(steps - 1);
    let text: String = shown.iter().map(|ms| ms.map_or(" ", |ms| glyphs.bars[step(ms)])).collect();
    let mut line = plain(VALUES, text, s.trend);
    let scale = format!("  {}", texts::sparks(n, top));
    if n > 0 && usize::from(room) >= n + canvas::cells(&scale) {
        line.push((None, scale, s.dim));
    }
    line
}

/// How many readings are how old.
struct Ages {
    bins: Vec<(String, u32, bool)>,
    total: u32,
}

impl Ages {
    /// Four bins within a cycle, one up to the age from which on a reading is stale, and the rest.
    fn of(scene: &Scene<'_>) -> Ages {
        let sweep = scene.data.status.as_ref().map_or(Duration::from_secs(60), |st| st.sweep);
        let stale = scene.stale_after;
        // Whole quarters of a minute, so that the labels are round and stand still.
        let quarter = (sweep.min(stale).as_secs() / 4).div_ceil(15).max(1) * 15;
        let mut borders: Vec<Duration> = (1..=4).map(|i| Duration::from_secs(quarter * i)).collect();
        borders.retain(|b| *b < stale);
        borders.push(stale);
        let mut bins: Vec<(String, u32, bool)> = Vec::new();
        let mut from = Duration::ZERO;
        for border in &borders {
            bins.push((texts::age(from, Some(*border)), 0, false));
            from = *border;
        }
        bins.push((texts::age(stale, None), 0, true));
        let mut total = 0u32;
        // What cannot change is not old.
        let all = Kind::ALL.into_iter().flat_map(|kind| scene.all(kind)).filter(|l| l.rest.is_none());
        for age in all.filter_map(|l| l.age) {
            let i = borders.iter().position(|b| age < *b).unwrap_or(borders.len());
            bins[i].1 = bins[i].1.saturating_add(1);
            total = total.saturating_add(1);
        }
        Ages { bins, total }
    }
}
