//! The lower part: the agents outside of their band, the worst that have room, and how all of them are.
//!
//! The list has no pages: who looks up sees the worst at once, and how many more there are. Where there is room for more
//! than those, the others follow.

use crate::{
    app::{
        Line, RowState,
        rows::{self, Median},
        wall,
    },
    domain::{Condition, Kind, Level},
    ui::{
        canvas::Canvas,
        cell, cells,
        scene::Scene,
        sparkline::{self, Trend},
        words::{self, wall as texts},
    },
};

/// From this width on the summary stands beside the agents.
const BESIDE: u16 = 100;
/// Fewest cells of a column of agents; from so many on each has its trend.
const COLUMN: u16 = 76;
const WITH_TREND: u16 = 84;
/// Cells of that trend.
const TREND: u16 = 16;

/// Draws both; says how many agents there is room for, and gives those that it shows.
pub(super) fn draw<'a>(canvas: &mut Canvas<'_>, scene: &Scene<'a>) -> (usize, Vec<Line<'a>>) {
    let (w, h) = (canvas.width(), canvas.height());
    if h < 4 {
        compact(&mut canvas.part(1, 0, w.saturating_sub(2), 1), scene, usize::from(h.saturating_sub(1)));
        if h < 2 {
            return (0, Vec::new());
        }
        return agents(&mut canvas.part(1, 1, w.saturating_sub(2), h - 1), scene, false);
    }
    if w < BESIDE {
        let mut inside = canvas.framed(texts::OUTSIDE, "");
        let (iw, ih) = (inside.width(), inside.height());
        let room = usize::from(ih.saturating_sub(1));
        compact(&mut inside.part(1, 0, iw.saturating_sub(2), 1), scene, room);
        return agents(&mut inside.part(1, 1, iw.saturating_sub(2), ih.saturating_sub(1)), scene, false);
    }
    let left = w * 3 / 5;
    let mut part = canvas.part(0, 0, left, h);
    part.framed(texts::OUTSIDE, "");
    let shown = agents(&mut part.part(2, 1, left.saturating_sub(4), h.saturating_sub(2)), scene, true);
    let mut part = canvas.part(left + 1, 0, w - left - 1, h);
    let mut inside = part.framed(texts::ALL, "");
    let (iw, ih) = (inside.width(), inside.height());
    summary(&mut inside.part(1, 0, iw.saturating_sub(2), ih), scene);
    shown
}

/// How many of those outside have no room, in words; nothing where all have.
fn left_over(outside: usize, room: usize) -> Option<String> {
    outside.checked_sub(room).filter(|more| *more > 0).map(texts::left_over)
}

/// The list in as many columns as there is room for: first those outside of their band, then the others.
fn agents<'a>(canvas: &mut Canvas<'_>, scene: &Scene<'a>, titles: bool) -> (usize, Vec<Line<'a>>) {
    let s = canvas.look.styles;
    let (w, h) = (canvas.width(), canvas.height());
    let titles = titles && h >= 4;
    let top = u16::from(titles);
    let columns = (w / COLUMN).clamp(1, 3);
    let each = w / columns;
    let outside = scene.on_wall(Kind::Agent);
    // The sentence below costs nobody a row.
    let all = usize::from(h.saturating_sub(top)) * usize::from(columns);
    let caveat = u16::from(titles && h >= 8 && outside.len() + usize::from(columns) <= all);
    let rows = h.saturating_sub(top + caveat).max(1);
    let room = usize::from(rows) * usize::from(columns);
    if titles {
        let title = if outside.is_empty() { nobody(scene) } else { texts::NEEDS_ATTENTION };
        let x = canvas.put(0, 0, w, title, if outside.is_empty() { s.dim } else { s.header });
        if let Some(more) = left_over(outside.len(), room) {
            canvas.put_right(x, 0, w - x, &more, s.warning);
        }
    } else if outside.is_empty() {
        canvas.put(0, 0, w, nobody(scene), s.dim);
        return (room, Vec::new());
    }
    // Those in their band follow as they are configured: it is no list of the fastest.
    let others = scene.all(Kind::Agent).iter().filter(|line| !line.is_outside() && !line.is_unknown_id());
    // A blank row between them: the title is about those above it.
    let gap = if outside.is_empty() || outside.len() >= room { None } else { Some(None) };
    let items: Vec<Option<&Line<'a>>> =
        outside.iter().map(Some).chain(gap).chain(others.map(Some).filter(|_| titles)).take(room).collect();
    for (i, line) in (0u16..).zip(&items) {
        let Some(line) = line else { continue };
        let (column, row) = (i / rows, i % rows);
        let part = &mut canvas.part(column * each, top + row, each.saturating_sub(if columns > 1 { 2 } else { 0 }), 1);
        agent(part, scene, line);
    }
    if caveat > 0 {
        canvas.put(0, h - 1, w, texts::CAVEAT, s.dim);
    }
    (room, items.into_iter().flatten().copied().collect())
}

/// Why the list is empty: that nobody is outside is only said where that is known.
fn nobody(scene: &Scene<'_>) -> &'static str {
    texts::nobody(scene.all(Kind::Agent).iter().any(|l| matches!(l.state, RowState::Fresh(_))))
}

/// Mark, name, group, trend, AHT, distance to the target, for how long.
fn agent(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>) {
    let s = canvas.look.styles;
    let w = canvas.width();
    let style = s.state(line.state);
    let old = scene.is_faded(line);
    // From the right: what it is about first, then how far and for how long, where there is room.
    let held = line.held.map_or_else(String::new, |held| texts::held(held, true));
    let gone = wall::trust(scene.state, line) == wall::Trust::Gone;
    let away = line.watched.band.target.zip(line.aht).filter(|_| !gone);
    let away = away.map(|(t, a)| cells::diff(Some(a.minus(t)))).unwrap_or_default();
    let aht = if gone { "?".to_owned() } else { cells::aht(line.aht) };
    let mut right = w;
    for (text, width, least) in [(&*held, 11, 46), (&*away, 8, 36), (&*aht, 8, 0)] {
        if w >= least && right > width {
            right -= width;
            let style = match (least, old) {
                (1.., _) => s.dim,
                (_, true) => s.stale,
                _ if line.is_outside() => s.accent,
                _ => s.text,
            };
            canvas.put_right(right, 0, width, text, style);
        }
    }
    if w >= WITH_TREND && right > TREND + 30 {
        right -= TREND + 1;
        let trend = Trend::of(scene, line, old.then_some(s.stale));
        sparkline::draw(&mut canvas.part(right, 0, TREND, 1), &trend);
    }
    canvas.put(0, 0, 2, canvas.look.glyphs.state(line.state), style);
    let x = canvas.put(3, 0, 9, line.state.word(), style).max(9) + 1;
    let name = cell::name(scene, line, canvas.look.glyphs.ascii());
    let room = right.saturating_sub(x + 1);
    let group = line.group().filter(|_| room >= 24);
    let wide = if group.is_some() { room * 7 / 10 } else { room };
    canvas.put(x, 0, wide, &name, s.text);
    if let Some(group) = group {
        canvas.put(x + wide + 1, 0, room - wide - 1, group, s.dim);
    }
}

/// How all agents are.
#[derive(Default)]
struct Counts {
    all: usize,
    inside: usize,
    longer: usize,
    shorter: usize,
    no_calls: usize,
    old: usize,
    waiting: usize,
    invalid: usize,
    median: Option<Median>,
}

impl Counts {
    fn of(scene: &Scene<'_>) -> Counts {
        let mut c = Counts { median: scene.median_of_agents(), ..Counts::default() };
        for line in scene.all(Kind::Agent) {
            c.all += 1;
            *match line.state {
                RowState::Fresh(Level::HighCrit | Level::HighWarn) => &mut c.longer,
                RowState::Fresh(Level::LowCrit | Level::LowWarn) => &mut c.shorter,
                RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => &mut c.inside,
                RowState::Other(Condition::NoCalls) => &mut c.no_calls,
                RowState::Other(Condition::Stale | Condition::Failing) => &mut c.old,
                RowState::Other(Condition::Waiting) => &mut c.waiting,
                RowState::Other(Condition::Invalid) => &mut c.invalid,
            } += 1;
        }
        c
    }

    fn with_calls(&self) -> usize {
        self.inside + self.longer + self.shorter
    }

    /// How many have calls: of all, or of those of whom it is known. What is old says nothing of now.
    fn calls(&self) -> String {
        texts::calls(self.with_calls(), self.with_calls() + self.no_calls, self.all)
    }
}

/// The counts below each other, in the order in which they are asked for.
fn summary(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let s = canvas.look.styles;
    let (w, h) = (canvas.width(), canvas.height());
    let c = Counts::of(scene);
    let n = |n: usize| n.to_string();
    // What is not known is told as ever, and nothing else is of now while the service does not answer.
    let ink = |style| if scene.is_out() { s.stale } else { style };
    let mut rows = vec![
        (texts::WITH_CALLS, c.calls(), ink(s.accent)),
        (texts::IN_BAND, n(c.inside), ink(s.text)),
        (texts::LONGER, n(c.longer), ink(if c.longer > 0 { s.high } else { s.text })),
        (texts::SHORTER, n(c.shorter), ink(if c.shorter > 0 { s.low } else { s.text })),
        (texts::WITHOUT_CALLS, n(c.no_calls), ink(s.dim)),
        (texts::NOT_KNOWN, n(c.old), if c.old > 0 { s.warning } else { s.dim }),
    ];
    if let Some((there, of, stale)) = rows::logged_in(scene.all(Kind::Agent).iter().copied()) {
        rows.insert(0, (texts::LOGGED_IN, texts::there(there, of, stale), if stale { s.stale } else { s.text }));
    }
    if c.waiting > 0 {
        rows.push((words::NOT_READ, n(c.waiting), s.waiting));
    }
    if c.invalid > 0 {
        rows.push((words::UNKNOWN_ID, n(c.invalid), s.invalid));
    }
    let stands = c.median.is_some_and(|m| m.age.is_some());
    let median = cells::aht(c.median.map(|m| m.aht)) + words::mark(stands);
    rows.push((texts::MEDIAN_OF_ALL, median, if stands { s.stale } else { ink(s.accent) }));
    let all = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    // The median is said even where not all counts have room; below it what it is, since it is not the floor's AHT.
    let note = h > all;
    let every = if h > all * 2 { 2 } else { 1 };
    let hidden = usize::from(all.saturating_sub(h));
    let keep = rows.len().saturating_sub(hidden + 1);
    let last = rows.len().saturating_sub(1);
    let mut y = 0;
    for (i, (label, value, style)) in rows.iter().enumerate() {
        if i >= keep && i != last {
            continue;
        }
        let x = canvas.put(0, y, w.saturating_sub(10), label, s.text);
        canvas.put_right(x + 1, y, w.saturating_sub(x + 1), value, *style);
        y += every;
    }
    if let Some(median) = c.median.filter(|_| note) {
        let note = texts::of_median(&median, median.age.map(|age| scene.moment_ago(age)));
        canvas.put(0, y - every + 1, w, &note, s.dim);
    }
}

/// The counts in one line, and how many of those outside have no room in a list of `room`.
fn compact(canvas: &mut Canvas<'_>, scene: &Scene<'_>, room: usize) {
    use crate::ui::segments::{self, Segment, choose};
    let s = canvas.look.styles;
    let c = Counts::of(scene);
    let ink = |style| if scene.is_out() { s.stale } else { style };
    let counts = [
        (0, c.longer, ink(if c.longer > 0 { s.high } else { s.text })),
        (1, c.shorter, ink(if c.shorter > 0 { s.low } else { s.text })),
        (3, c.inside, ink(s.text)),
        (4, c.old, if c.old > 0 { s.warning } else { s.dim }),
        (6, c.no_calls, ink(s.dim)),
    ];
    let counts = counts.into_iter().zip(texts::FEW);
    let mut all: Vec<Segment> =
        counts.map(|((priority, n, style), word)| Segment::new(priority, format!("{n} {word}"), style)).collect();
    all.push(Segment::new(7, texts::of_all(c.all), s.dim));
    if let Some((there, of, stale)) = rows::logged_in(scene.all(Kind::Agent).iter().copied()) {
        all.push(Segment::new(2, words::logged_in(there, of, stale), if stale { s.stale } else { s.text }));
    }
    if let Some(median) = c.median {
        all.push(Segment::new(5, median.words(scene.now.wall, &scene.state.config.zone), s.dim));
    }
    let more = left_over(c.longer + c.shorter, room);
    let wide = more.as_ref().map_or(0, |more| u16::try_from(more.len()).unwrap_or(0) + 2);
    let chosen = choose(all, canvas.width().saturating_sub(wide), 2);
    let x = segments::put(canvas, 0, 0, 2, &chosen);
    if let Some(more) = more {
        canvas.put_right(x, 0, canvas.width().saturating_sub(x), &more, s.warning);
    }
}
