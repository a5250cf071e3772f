//! What checking costs and who does it: requests, replies, latency, token, cycle, ages, instances, memory.

use std::time::Duration;

use ratatui::style::Style;

use super::{
    FrameLayout,
    canvas::{self, Canvas},
    cell, cells,
    glyphs::Glyphs,
    pages::{self, TextLine, plain},
    scene::Scene,
    theme::Styles,
};
use crate::{
    app::{REPLAY, names, presence},
    domain::{GENERATIONS_PER_HOUR, Kind},
    poll::plan,
    store::{MINUTES, ReplyKind},
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
        for (x, width, title, part) in
            [(0, half, "Requests", requests as Part), (half, w - half, "Ages and dashboards", people)]
        {
            let mut place = canvas.part(x, 0, width, h);
            let mut inside = pages::inside(&mut place, frames, title, "");
            let lines = part(&inside, scene);
            pages::draw(&mut inside, scene, &lines, layout);
            all = (layout.overlay, all.1.max(layout.overlay_lines));
        }
        (layout.overlay, layout.overlay_lines) = all;
        return;
    }
    let mut inside = pages::inside(canvas, frames, "Budget", "");
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
    let mut line = named("last 60 s", s);
    line.extend(gauge(s, glyphs, room, (usage.used_60s, limit, budget.reserve)));
    lines.push(line);
    let under_way = if usage.in_flight > 0 { format!(", {} under way", usage.in_flight) } else { String::new() };
    lines.push(plain(
        VALUES,
        format!("{} of {limit}{under_way}; {} reserved", usage.used_60s, budget.reserve),
        if usage.used_60s >= limit { s.warning } else { s.text },
    ));
    if let Some(others) = status.and_then(|st| st.other_clients.as_ref()).and_then(|others| others.per_minute) {
        lines.push(plain(VALUES, format!("other clients use about {others:.0} a minute"), s.warning));
    }
    if let Some(status) = status {
        let slowed = status.rate + 0.5 < f64::from(budget.usable());
        let pace = format!("{:.0} a minute", status.rate.max(0.0));
        let text = if slowed { format!("{pace}, slowed from {}", budget.usable()) } else { pace };
        lines.push(fact("pace", text, if slowed { s.warning } else { s.text }, s));
    }
    let throttled = match usage.throttled_1h {
        0 => "not in the last hour".to_owned(),
        1 => "once in the last hour".to_owned(),
        n => format!("{n} times in the last hour"),
    };
    lines.push(fact("throttled", throttled, if usage.throttled_1h > 0 { s.warning } else { s.text }, s));
    lines.push(TextLine::new());

    let traffic = status.map(|st| st.traffic.clone()).unwrap_or_default();
    let total: u32 = traffic.replies.iter().fold(0, |sum, n| sum.saturating_add(*n));
    lines.push(fact("replies", format!("{total} in the last hour"), s.text, s));
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
    let text = match (now, traffic.slowest) {
        (Some(now), Some(slowest)) => format!("{now} ms, slowest in the last hour {slowest} ms"),
        _ => "no answer in the last hour".to_owned(),
    };
    lines.push(fact("latency", text, s.text, s));
    lines.push(sparks(s, glyphs, &latency, room));
    lines.push(TextLine::new());

    let token = match status.and_then(|st| st.token_until.as_ref()) {
        Some(until) => format!("expires in {}", cells::span(scene.left(until))),
        None if usage.generated_1h > 0 => "none now".to_owned(),
        None => "none".to_owned(),
    };
    lines.push(fact("token", token, s.text, s));
    let invalidations = match usage.invalidated_1h {
        0 => String::new(),
        n => format!(", {n} invalidated by other clients"),
    };
    let style = if usage.invalidated_1h > 0 { s.warning } else { s.text };
    lines.push(fact(
        "generated",
        format!("{} of {GENERATIONS_PER_HOUR} this hour{invalidations}", usage.generated_1h),
        style,
        s,
    ));
    lines
}

/// Cycle, ages, who checks, who watches, memory, history.
fn people(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<TextLine> {
    let (s, glyphs) = (&canvas.look.styles, canvas.look.glyphs);
    let room = canvas.width().saturating_sub(VALUES + 1).min(WIDEST);
    let mut lines = Vec::new();
    let cycle = match &scene.data.status {
        Some(st) => {
            let resting = scene.data.presence.as_ref().map_or(0, |presence| presence.resting(&scene.data.now));
            let resting = u32::try_from(resting).unwrap_or(u32::MAX).min(st.targets);
            let rest = if resting == 0 { String::new() } else { format!(", {resting} at rest") };
            format!("{} for {} watched{rest}", cells::age(Some(st.sweep)), st.targets - resting)
        }
        None => "not known yet".to_owned(),
    };
    lines.push(fact("cycle", cycle, s.text, s));
    let replay = scene.state.config.mode == Some(REPLAY);
    if let Some(next) = scene.data.status.as_ref().and_then(|st| st.next.as_ref()).filter(|_| !replay) {
        let line = crate::app::rows::line(scene.state, next);
        let name = match &line {
            Some(line) => cell::name(scene, line, glyphs.ascii()),
            None => names::of(scene.state, next),
        };
        lines.push(fact("next check", name.into_owned(), s.text, s));
    }
    lines.push(fact("stale after", cells::age(Some(scene.stale_after)), s.text, s));
    lines.extend(planned(canvas, scene, s));
    let (logins, look) = presence::sentence(scene.data.presence.as_deref(), &scene.now, &scene.state.config.zone);
    let style = if look { s.warning } else { s.text };
    for (i, part) in canvas::wrap(&logins, canvas.width().saturating_sub(VALUES + 1)).into_iter().enumerate() {
        lines.push(if i == 0 { fact("logins", part, style, s) } else { plain(VALUES, part, style) });
    }
    lines.push(TextLine::new());

    let ages = Ages::of(scene);
    lines.push(fact("ages", plural(u64::from(ages.total), "reading"), s.text, s));
    for (label, n, old) in &ages.bins {
        let style = if *old && *n > 0 { s.warning } else { s.text };
        let mut line = plain(VALUES, format!("{label:<13}{n:>5}"), if *n == 0 { s.dim } else { style });
        line.push((Some(VALUES + 20), bar(glyphs, *n, ages.total, room.saturating_sub(20)), style));
        lines.push(line);
    }
    lines.push(TextLine::new());

    let checks = match &scene.data.poller {
        Some(p) if p.id == scene.state.config.me.id => (format!("this dashboard, {} on {}", p.label(), p.host), s.text),
        Some(p) => (format!("{} on {}", p.label(), p.host), s.text),
        None if scene.is_beginning() => ("connecting".to_owned(), s.dim),
        None => ("nobody now".to_owned(), s.warning),
    };
    lines.push(fact("checked by", checks.0, checks.1, s));
    for (i, other) in scene.data.instances.iter().enumerate() {
        let me = if other.id == scene.state.config.me.id { "this dashboard, " } else { "" };
        let name = if i == 0 { "dashboards" } else { "" };
        lines.push(fact(name, format!("{me}{} on {}", other.label(), other.host), s.text, s));
    }
    lines.push(TextLine::new());
    if scene.data.memory > 0 {
        lines.push(fact("memory", bytes(scene.data.memory), s.text, s));
    }
    let history = &scene.data.history;
    let mut text = plural(history.readings, "reading");
    if history.bytes > 0 {
        text.push_str(&format!(", {}", bytes(history.bytes)));
    }
    if let Some(oldest) = history.oldest {
        let since = crate::app::text::moment(oldest, scene.now.wall, &scene.state.config.zone);
        text.push_str(&format!(", since {since}"));
    }
    lines.push(fact("history", text, s.text, s));
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
    let age = |d| cells::age(Some(d));
    let busy = plan.cycle > facts.min_interval;
    let error = plan::expected_error(scene.data.rows.values().map(|row| &row.series), plan.cycle, busy);
    let error = error.map_or_else(|| "not known yet: not enough history".to_owned(), |secs| format!("{secs:.1} s"));
    let ages = format!("cycle {}, mean age {}, oldest {}", age(plan.cycle), age(plan.mean_age), age(plan.oldest_age));
    let mut lines = vec![
        fact("plan", ages, s.text, s),
        plain(VALUES, format!("{:.0} readings in two hours", plan.readings), s.text),
        plain(VALUES, format!("expected error {error}"), s.text),
    ];
    let room = canvas.width().saturating_sub(VALUES + 1);
    for advice in plan.advice.iter().take(2) {
        let arrow = if canvas.look.glyphs.ascii() { "->" } else { "→" };
        let advice = advice.to_string().replace('→', arrow);
        lines.extend(canvas::wrap(&advice, room).into_iter().map(|part| plain(VALUES, part, s.dim)));
    }
    lines
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
    if n > 0 && room > u16::try_from(n).unwrap_or(0) + 16 {
        line.push((None, format!("  {n} min, to {top} ms"), s.dim));
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
            bins.push((format!("{}-{}", cells::age(Some(from)), cells::age(Some(*border))), 0, false));
            from = *border;
        }
        bins.push((format!("over {}", cells::age(Some(stale))), 0, true));
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

/// `1 reading`, `2 readings`.
fn plural(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A size as people read it.
fn bytes(n: u64) -> String {
    match n {
        0..100_000 => format!("{} kB", n / 1000),
        100_000..1_000_000_000 => format!("{}.{} MB", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}.{} GB", n / 1_000_000_000, n / 100_000_000 % 10),
    }
}
