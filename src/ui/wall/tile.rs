//! A tile: a filled band with name and state, the figure with its arrow, the goal, the place in the band, the trend.
//!
//! ```text
//!  COLLECT-IN                         ▲ HIGH for 22m     filled in the colour of the state
//!            ████  ██   ████   ▲                         as large as there is room
//!  target 4:47                ↑ rising, 30 min           the goal goes last
//!  3:26 ──━━━━│━━━━█── 6:13   ⠤⠤⠔⠒⠒⠉⠉                    where the value lies in its band
//! ```

use ratatui::style::{Modifier, Style};

use super::{
    digits::{self, Fill},
    face::{Face, plain},
    letters,
};
use crate::{
    app::RowState,
    domain::{Band, Level},
    ui::{
        canvas::{Canvas, cells as width_of},
        cells,
        chart::{self, Chart, Source},
        scale::Scale,
        scene::Scene,
        sparkline::{self, Trend},
        words::wall::MEDIAN,
    },
};

/// Rows of a tile besides its figure: the band, the goal, the gauge.
pub(super) const LEAST: u16 = 3;
/// Fewest cells of a chart beside the figure, and fewest rows of one.
const BESIDE: u16 = 44;
const CHART: u16 = 7;
/// Most cells of a gauge, and fewest in which its ends are named.
const GAUGE: u16 = 100;
const NAMED: u16 = 22;

/// How the rows of all tiles are used; the same for all, so that their figures stand in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub digits: u16,
    /// Rows of the filled band, and of the goal: one, or three with large letters.
    band: u16,
    goal: u16,
    /// Rows of the goal with what else is told: 0 or 1.
    more: u16,
    /// Rows that are left for trend and chart.
    rest: u16,
}

impl Shape {
    /// For tiles of `width` x `height` with figures of at most `digits` rows. It goes by names and goals, which stand.
    pub(super) fn new(canvas: &Canvas<'_>, faces: &[Face<'_>], digits: u16, (width, height): (u16, u16)) -> Shape {
        let mut rest = height.saturating_sub(digits + LEAST);
        let mut take = |rows: u16, wanted: bool| {
            let taken = if wanted && rest >= rows { rows } else { 0 };
            rest -= taken;
            taken
        };
        let more = take(1, true);
        let band = take(2, faces.iter().any(|face| has_letters(canvas, &face.name, width, STATE)));
        let goal = take(2, faces.iter().any(|f| f.goal().is_some_and(|goal| has_letters(canvas, &goal, width, MOVE))));
        Shape { digits, band: band + 1, goal: goal + 1, more, rest }
    }
}

/// Cells beside large letters for the state, and for the movement.
const STATE: u16 = 10;
const MOVE: u16 = 12;

fn has_letters(canvas: &Canvas<'_>, text: &str, width: u16, beside: u16) -> bool {
    letters::width(canvas.look.glyphs.set, text).is_some_and(|wide| wide + beside + 4 <= width)
}

/// Draws the tile into the whole of `canvas`.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, face: &Face<'_>, shape: Shape) {
    let (w, h) = (canvas.width(), canvas.height());
    let style = canvas.look.styles.band(face.state);
    band(&mut canvas.part(0, 0, w, shape.band), face, style);
    if matches!(face.state, RowState::Fresh(Level::HighCrit | Level::LowCrit)) {
        // Far outside is filled all around: it is what one sees first from afar.
        canvas.tint(0, shape.band, 1, h - shape.band.min(h), style);
        canvas.tint(w.saturating_sub(1), shape.band, 1, h - shape.band.min(h), style);
    }
    let mut y = shape.band;
    let inner = w.saturating_sub(2);
    let figures = digits::width("00:00", shape.digits).saturating_add(4);
    let pointed;
    let beside = shape.digits >= CHART && inner >= figures + BESIDE && face.series.is_some();
    if beside {
        let rows = shape.digits + shape.rest;
        let wide = BESIDE.max((inner - figures) / 2);
        pointed = number(&mut canvas.part(1, y, inner - wide, rows), face, shape.digits);
        trend(&mut canvas.part(1 + inner - wide, y, wide, rows), scene, face);
        y += rows;
    } else {
        pointed = number(&mut canvas.part(1, y, inner, shape.digits), face, shape.digits);
        y += shape.digits;
    }
    let label = face.label.as_deref().filter(|_| shape.more == 0);
    goal(&mut canvas.part(1, y, inner, shape.goal), face, (pointed, label));
    y += shape.goal;
    let below = if beside { 0 } else { shape.rest };
    let mut part = canvas.part(1, y, inner, 1);
    let gauge_wide = match face.series {
        // They share the row where neither has one of its own.
        Some(_) if below == 0 && !beside => inner * 3 / 5,
        _ => inner,
    };
    let used = gauge(&mut part.part(0, 0, gauge_wide.min(GAUGE), 1), face);
    if below == 0 && !beside {
        let from = if used == 0 { 0 } else { used + 2 };
        trend(&mut part.part(from, 0, inner.saturating_sub(from), 1), scene, face);
    }
    y += 1;
    if shape.more > 0 {
        more(&mut canvas.part(1, y, inner, 1), face);
        y += 1;
    }
    if face.series.is_none() {
        for (y, text) in (y..y.saturating_add(below)).zip(&face.more) {
            canvas.put(1, y, inner, text, canvas.look.styles.dim);
        }
    } else if below > 0 {
        trend(&mut canvas.part(1, y, inner, below), scene, face);
    }
}

/// Name and state, filled. The state is whole, and the name has what is left.
fn band(canvas: &mut Canvas<'_>, face: &Face<'_>, style: Style) {
    let (w, h) = (canvas.width(), canvas.height());
    let set = canvas.look.glyphs.set;
    canvas.tint(0, 0, w, h, style);
    let mark = canvas.look.glyphs.state(face.state).trim_end();
    let gap = if mark.is_empty() { "" } else { " " };
    let bold = style.add_modifier(Modifier::BOLD);
    let row = h / 2;
    let large = if h >= 3 { letters::width(set, &face.name).filter(|wide| wide + STATE + 4 <= w) } else { None };
    let named = large.unwrap_or_else(|| u16::try_from(width_of(&face.name)).unwrap_or(u16::MAX).min(w / 2));
    let room = w.saturating_sub(named + 4);
    // The state in large letters too, where both have room.
    let word = face.shortest().into_iter().find_map(|word| {
        let wide = letters::width(set, word).filter(|wide| h >= 3 && *wide < room)?;
        Some((word, wide))
    });
    let end = match word {
        Some((word, wide)) => {
            let x = w.saturating_sub(wide + 1);
            letters::draw(canvas, (x, 0), word, style);
            // What the letters do not say: for how long.
            let wide = u16::try_from(width_of(&face.detail)).unwrap_or(u16::MAX);
            if wide > 0 && wide <= x.saturating_sub(named + 4) {
                canvas.put(x - wide - 2, row, wide, &face.detail, style);
                x - wide - 2
            } else {
                x
            }
        }
        None => {
            let marked = u16::try_from(width_of(mark) + gap.len()).unwrap_or(0);
            let said = format!("{mark}{gap}{}", face.words(room.saturating_sub(marked)));
            let wide = u16::try_from(width_of(&said)).unwrap_or(u16::MAX).min(w.saturating_sub(1));
            let x = w.saturating_sub(wide + 1);
            canvas.put(x, row, wide, &said, bold);
            x
        }
    };
    match large {
        Some(_) => letters::draw(canvas, (1, 0), &face.name, style),
        None => {
            canvas.put(1, row, end.saturating_sub(2), &face.name, bold);
        }
    }
}

/// The style of the figure and of its place in the band.
fn ink(canvas: &Canvas<'_>, face: &Face<'_>) -> Style {
    let s = canvas.look.styles;
    match face.state {
        _ if face.faded => s.stale,
        RowState::Fresh(level) => s.level_ink(level).add_modifier(Modifier::BOLD),
        _ => s.text,
    }
}

/// The figure in the middle, with its arrow where both have room: whether that is so.
fn number(canvas: &mut Canvas<'_>, face: &Face<'_>, height: u16) -> bool {
    let s = canvas.look.styles;
    let (w, h) = (canvas.width(), canvas.height());
    let (text, fill) = (&face.figure.0, face.figure.1);
    let ink = ink(canvas, face);
    let fits = digits::HEIGHTS.into_iter().find(|d| *d <= height && digits::width(text, *d) <= w);
    let drawn = fits.unwrap_or(1);
    let text = if drawn == 1 { plain(&face.figure) } else { text.clone() };
    let wide = digits::width(&text, drawn);
    let arrow = face.moves.map(|(arrow, _)| arrow).filter(|_| !face.faded);
    let arrow = arrow.map(|arrow| (arrow, digits::arrow_width(arrow, drawn)));
    let arrow = arrow.filter(|(_, arrow)| *arrow > 0 && wide + arrow + 3 <= w);
    let whole = wide + arrow.map_or(0, |(_, arrow)| arrow + 3);
    let at = (w.saturating_sub(whole) / 2, h.saturating_sub(drawn) / 2);
    digits::draw(canvas, at, &text, drawn, fill, ink);
    if fill == Fill::Thin && drawn == 3 && text.len() > 1 {
        canvas.put(at.0 + wide + 1, at.1 + 1, 1, "?", s.stale);
    }
    if let Some((arrow, _)) = arrow {
        digits::arrow(canvas, (at.0 + wide + 3, at.1), arrow, drawn, s.text);
    }
    arrow.is_some()
}

/// The goal at the left and the movement at the right, with its arrow unless that stands beside the figure. Where there is
/// no room for both in full, the goal stays. A `label` of the figure goes before the movement.
fn goal(canvas: &mut Canvas<'_>, face: &Face<'_>, (pointed, label): (bool, Option<&str>)) {
    let s = canvas.look.styles;
    let (w, row) = (canvas.width(), canvas.height() / 2);
    // What the figure is must be said; where there is no room for both, the gauge alone tells the target.
    let beside = |goal: &String| label.is_none() || width_of(goal) + MEDIAN.len() < usize::from(w);
    let goal = face.goal().filter(beside);
    let large = goal.as_deref().filter(|_| canvas.height() >= 3);
    let large = large.and_then(|goal| letters::width(canvas.look.glyphs.set, goal)).filter(|wide| wide + MOVE + 2 <= w);
    let end = match (&goal, large) {
        (Some(goal), Some(wide)) => {
            letters::draw(canvas, (0, 0), goal, s.text);
            wide
        }
        (Some(goal), None) => canvas.put(0, row, w, goal, s.accent),
        (None, _) => 0,
    };
    let room = usize::from(w.saturating_sub(if end == 0 { 0 } else { end + 1 }));
    let arrows = if pointed { None } else { Some(&canvas.look.glyphs.arrows) };
    let label = label.map(|label| [label.to_owned(), MEDIAN.to_owned(), String::new()]);
    let texts = label.unwrap_or_else(|| face.movement(arrows));
    let moves = texts.into_iter().find(|t| width_of(t) <= room);
    if let Some(moves) = moves {
        canvas.put_right(end, row, w - end, &moves, if face.faded { s.stale } else { s.text });
    }
}

/// What else is told, as much as has room.
fn more(canvas: &mut Canvas<'_>, face: &Face<'_>) {
    let s = canvas.look.styles;
    let (w, mut x) = (canvas.width(), 0);
    for text in face.label.iter().chain(&face.more) {
        let wide = u16::try_from(width_of(text)).unwrap_or(u16::MAX);
        if wide.saturating_add(x) > w {
            break;
        }
        x = canvas.put(x, 0, w - x, text, s.dim) + 3;
    }
}

/// The band from its lower to its upper limit, the target in it, and where the value lies. Returns the cells used.
fn gauge(canvas: &mut Canvas<'_>, face: &Face<'_>) -> u16 {
    let s = canvas.look.styles;
    let glyphs = canvas.look.glyphs;
    let w = canvas.width();
    let Some(band) = face.band.filter(|band| !band.is_empty()) else { return 0 };
    if w < 6 {
        return 0;
    }
    let inner = Band {
        low_crit: band.low_crit.filter(|_| band.low_warn.is_none()),
        high_crit: band.high_crit.filter(|_| band.high_warn.is_none()),
        ..band
    };
    let (low, high) = (inner.low_warn.or(inner.low_crit), inner.high_warn.or(inner.high_crit));
    let names = if w >= NAMED { [low, high].map(|end| end.map(|aht| cells::aht(Some(aht)))) } else { [None, None] };
    let [left, right] = names.map(Option::unwrap_or_default);
    let from = if left.is_empty() { 0 } else { canvas.put(0, 0, w, &left, s.dim) + 1 };
    let to = w - if right.is_empty() { 0 } else { u16::try_from(right.len()).unwrap_or(0) + 1 };
    canvas.put(to + 1, 0, w.saturating_sub(to + 1), &right, s.dim);
    let steps = usize::from(to.saturating_sub(from)).max(1);
    let scale = Scale::of(&inner, std::iter::empty());
    let place = |aht| from + u16::try_from(scale.step(aht, steps)).unwrap_or(0);
    let (first, last) = (low.map_or(from, place), high.map_or(to.saturating_sub(1), place));
    for x in from..to {
        let inside = (first..=last).contains(&x);
        let (symbol, style) = if inside { (glyphs.memory, s.text) } else { (glyphs.hv[0], s.dim) };
        canvas.dot(x, 0, symbol, style);
    }
    if let Some(target) = band.target {
        canvas.dot(place(target), 0, glyphs.gauge[3], s.accent);
    }
    if let Some(aht) = face.aht {
        let ink = ink(canvas, face);
        canvas.dot(place(aht), 0, glyphs.fills[0], ink);
    }
    w
}

/// A chart where there is room for one, else a line.
fn trend(canvas: &mut Canvas<'_>, scene: &Scene<'_>, face: &Face<'_>) {
    let Some(series) = face.series else { return };
    let s = canvas.look.styles;
    let old = face.faded;
    let band = face.band.unwrap_or_default();
    if canvas.height() >= CHART && canvas.width() >= chart::LEAST.0 {
        let chart = Chart {
            source: Source::Live(series),
            band: &band,
            now: &scene.now,
            span: sparkline::SPAN,
            hold: scene.stale_after,
            zone: &scene.state.config.zone,
            style: if old { s.stale } else { s.text },
            old,
        };
        chart::draw(canvas, &chart);
        return;
    }
    let trend =
        Trend { series, band: &band, now: scene.now.mono, hold: scene.stale_after, old: old.then_some(s.stale) };
    sparkline::draw(canvas, &trend);
}

/// A tile in one line: mark, figure, name, goal, movement, state. The state stays whole, and the goal goes before the
/// name is cut.
pub(super) fn line(canvas: &mut Canvas<'_>, face: &Face<'_>) {
    let s = canvas.look.styles;
    let w = canvas.width();
    let style = s.state(face.state);
    let x = canvas.put(0, 0, 2, canvas.look.glyphs.state(face.state), style) + 1;
    let ink = if face.faded { s.stale } else { s.text };
    let number = plain(&face.figure);
    canvas.put_right(x, 0, cells::AHT_WIDTH.min(w.saturating_sub(x)), &number, ink);
    let x = x + cells::AHT_WIDTH + 1;
    let room = w.saturating_sub(x);
    let mut name = face.name.clone();
    if face.label.is_some() {
        name = format!("{name}, {MEDIAN}").into();
    }
    let wide = |text: &str| u16::try_from(width_of(text)).unwrap_or(u16::MAX);
    let named = if face.label.is_some() { wide(&name) } else { wide(&name).min(NAME) };
    let goal = face.goal().unwrap_or_default();
    let said = face.words(room.saturating_sub(named.saturating_add(wide(&goal) + 3)).min(room / 2));
    let taken = wide(said);
    if room <= taken.saturating_add(SHORT_NAME) {
        // The mark says the state.
        canvas.put(x, 0, room, &name, s.text);
        return;
    }
    let mut end = w - taken;
    canvas.put(end, 0, taken, said, style);
    end -= 1;
    let [.., moves] = face.movement(Some(&canvas.look.glyphs.arrows));
    for text in [goal, moves] {
        let wide = wide(&text);
        if wide > 0 && x.saturating_add(named).saturating_add(wide + 2) <= end {
            end -= wide + 2;
            canvas.put(end + 1, 0, wide, &text, s.dim);
        }
    }
    canvas.put(x, 0, end.saturating_sub(x), &name, s.text);
}

/// Cells of a name that are worth more than the state in words beside it, and more than the goal.
const SHORT_NAME: u16 = 4;
const NAME: u16 = 8;
