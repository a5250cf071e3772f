//! The table of campaigns or agents: as many columns as fit well, the rest left out in the order of their weight.

use std::borrow::Cow;

use ratatui::style::{Modifier, Style};

use super::{
    FrameLayout,
    canvas::{Canvas, cells as cells_of},
    cells::{self, NOTHING},
    header::plural,
    scene::{self, Scene},
    segments::{self, Segment},
    sparkline,
};
use crate::{
    app::{Column, Item, Line, Section, TableArea, columns, names},
    domain::Kind,
};

impl Column {
    /// Its title in a table of `kind`.
    pub(super) const fn title(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Column::Name, Kind::Agent) => "AGENT",
            (Column::Name, Kind::Campaign) => "CAMPAIGN",
            (Column::Group, _) => "GROUP",
            (Column::Aht, _) => "AHT 2h",
            (Column::Deviation, _) => "DEV",
            (Column::Diff30, _) => "d30m",
            (Column::Prev2h, _) => "prev2h",
            (Column::Trend, _) => "TREND 2h",
            (Column::Age, _) => "AGE",
            (Column::State, _) => "STATE",
        }
    }

    /// The order in which columns are given up when it gets narrow: the highest first. Those of weight 0 stay.
    const fn weight(self) -> u8 {
        match self {
            Column::Name | Column::Aht | Column::Age | Column::State => 0,
            Column::Deviation => 1,
            Column::Trend => 2,
            Column::Diff30 => 3,
            Column::Group => 4,
            Column::Prev2h => 5,
        }
    }

    /// Cells that it cannot do without, and those that it wants before a lighter column is shown at all.
    const fn widths(self) -> (u16, u16) {
        match self {
            Column::Name => (8, 12),
            Column::Group => (6, 6),
            // One more than the value, for the mark of an old one.
            Column::Aht => (cells::AHT_WIDTH + 1, cells::AHT_WIDTH + 1),
            Column::Deviation | Column::Age => (5, 5),
            Column::Diff30 => (6, 6),
            Column::Prev2h => (cells::AHT_WIDTH, cells::AHT_WIDTH),
            Column::Trend => (9, 13),
            Column::State => (11, 14),
        }
    }

    /// True where numbers stand flush right.
    const fn right(self) -> bool {
        matches!(self, Column::Aht | Column::Deviation | Column::Diff30 | Column::Prev2h | Column::Age)
    }
}

/// The name of a column in sentences.
pub(super) const fn name_of(column: Column) -> &'static str {
    match column {
        Column::Name => "name",
        Column::Group => "group",
        Column::Aht => "AHT",
        Column::Deviation => "deviation",
        Column::Diff30 => "change in 30 min",
        Column::Prev2h => "AHT 2 h ago",
        Column::Trend => "trend",
        Column::Age => "age",
        Column::State => "state",
    }
}

/// The title of a column, for tests.
#[cfg(test)]
pub(super) const fn title_of(column: Column, kind: Kind) -> &'static str {
    column.title(kind)
}

/// Before the first column: the mark of the selected row.
const MARGIN: u16 = 2;
/// Trends are not drawn wider: beyond that they are a carpet.
const WIDEST_TREND: u16 = 80;
/// A state with its mark and the mark's word.
const MARKED: u16 = 19;
/// Names and groups are not given more.
const WIDEST_NAME: u16 = 32;

/// What the widths depend on besides the room.
#[derive(Clone, Copy, Debug)]
struct Contents {
    name: u16,
    group: u16,
    band: bool,
    clock: bool,
    /// Some states have a mark behind them.
    marks: bool,
}

/// The columns that fit into `width`, with their widths, from left to right.
fn plan(width: u16, chosen: &[Column], contents: Contents) -> Vec<(Column, u16)> {
    let least = |c: Column| if c == Column::Age && contents.clock { 8 } else { c.widths().0 };
    let comfort = |c: Column| match c {
        Column::State if contents.marks => MARKED,
        c => c.widths().1.max(least(c)),
    };
    let wanted = |c: &Column| match c {
        Column::Group => contents.group > 0,
        Column::Deviation => contents.band,
        _ => true,
    };
    let mut columns: Vec<Column> = chosen.iter().copied().filter(wanted).collect();
    let need = |columns: &[Column], of: &dyn Fn(Column) -> u16| {
        MARGIN + columns.iter().map(|c| of(*c) + 1).sum::<u16>().saturating_sub(1)
    };
    while need(&columns, &comfort) > width
        && let Some(i) = (0..columns.len()).max_by_key(|i| columns[*i].weight())
        && columns[i].weight() > 0
    {
        columns.remove(i);
    }
    let start: &dyn Fn(Column) -> u16 = if need(&columns, &comfort) <= width { &comfort } else { &least };
    let mut left = width.saturating_sub(need(&columns, start));
    let mut widths: Vec<u16> = columns.iter().map(|c| start(*c)).collect();
    // What is left goes to the names, to the state, and then to the trend.
    let ideals = [
        (Column::State, if contents.marks { MARKED } else { 14 }),
        (Column::Name, contents.name.min(WIDEST_NAME)),
        (Column::Group, contents.group.min(WIDEST_NAME / 2)),
        (Column::Trend, WIDEST_TREND),
    ];
    for (column, ideal) in ideals {
        if let Some(i) = columns.iter().position(|c| *c == column) {
            let more = ideal.saturating_sub(widths[i]).min(left);
            widths[i] += more;
            left -= more;
        }
    }
    columns.into_iter().zip(widths).collect()
}

/// Draws the table of `kind`, in a frame or under a line of titles, and notes how many rows it has room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, kind: Kind, frame: bool, layout: &mut FrameLayout) {
    let items = scene.items(kind);
    let titles = u16::from(canvas.height() > 1);
    let room = usize::from(canvas.height().saturating_sub(if frame { 3 } else { titles }));
    layout.set_rows(kind, room);
    let offset = offset(scene, kind, items.len(), room);
    if frame {
        let rows = scene.lines(kind).len();
        let range = visible(scene, kind, room).map(|(first, last)| format!("{first}-{last} of {rows}"));
        let title = format!("{} {}", plural(kind), scene.watched(kind));
        let sum = if kind == Kind::Campaign { "averages over the calls of each campaign" } else { "" };
        let mut inside = canvas.framed(&title, range.as_deref().unwrap_or(sum));
        body(&mut inside, scene, kind, offset, layout);
    } else {
        body(canvas, scene, kind, offset, layout);
    }
}

/// The first row that is shown. The offset of the last update may be that of a smaller window.
fn offset(scene: &Scene<'_>, kind: Kind, items: usize, room: usize) -> usize {
    let last = items.saturating_sub(room);
    scene.state.navigation.offset.get(&kind).copied().unwrap_or(0).min(last)
}

/// The first and the last row that are shown, counted from 1, where not all of them are.
pub(super) fn visible(scene: &Scene<'_>, kind: Kind, room: usize) -> Option<(usize, usize)> {
    let items = scene.items(kind);
    let from = offset(scene, kind, items.len(), room);
    if room == 0 || items.len() <= room {
        return None;
    }
    let rows = |items: &[Item<'_>]| items.iter().filter(|i| i.row().is_some()).count();
    let before = rows(&items[..from]);
    Some((before + 1, before + rows(&items[from..from + room])))
}

/// Draws titles and rows; tells where they are.
fn body(canvas: &mut Canvas<'_>, scene: &Scene<'_>, kind: Kind, offset: usize, layout: &mut FrameLayout) {
    // Of all rows, so that the columns stay where they are while a filter is typed.
    let all = scene.all(kind);
    let widest = |of: &dyn Fn(&Line<'_>) -> usize| u16::try_from(all.iter().map(of).max().unwrap_or(0)).unwrap_or(0);
    let contents = Contents {
        name: widest(&|l| cells_of(&name(scene, l, canvas.look.glyphs.ascii())).min(99)),
        group: widest(&|l| l.group().map_or(0, |g| cells_of(g).min(99))),
        band: all.iter().any(|l| l.watched.band.target.is_some()),
        clock: scene.state.preferences.age_as_time,
        marks: all.iter().any(|l| l.mark.is_some()),
    };
    let columns = plan(canvas.width(), &columns::shown(scene.state), contents);
    let titles = u16::from(canvas.height() > 1);
    if titles > 0 {
        head(canvas, scene, kind, &columns);
    }
    if scene.lines(kind).is_empty() {
        let text = if scene.watched(kind) == 0 {
            format!("no {} is watched", kind.word())
        } else {
            format!("no {} matches the filter", kind.word())
        };
        let (width, style) = (canvas.width().saturating_sub(MARGIN), canvas.look.styles.dim);
        canvas.put(MARGIN, titles, width, &text, style);
        return;
    }
    let chosen = scene.state.navigation.selected.get(&kind);
    for (y, item) in (titles..canvas.height()).zip(scene.items(kind).iter().skip(offset)) {
        let line = match item {
            Item::Row(line) => line,
            Item::Section(section) => {
                heading(canvas, section, y);
                continue;
            }
        };
        layout.seen.push(line.target().clone());
        if scene.state.navigation.pins.contains_key(line.target()) {
            canvas.put(1, y, 1, canvas.look.glyphs.pin, canvas.look.styles.accent);
        }
        let selected = chosen == Some(line.target());
        let mut x = MARGIN;
        for (column, width) in &columns {
            cell(canvas, scene, line, *column, (x, y, *width));
            x += width + 1;
        }
        if selected {
            canvas.put(0, y, 1, canvas.look.glyphs.cursor, canvas.look.styles.accent);
            if scene.state.navigation.focus == kind {
                canvas.select(y);
                // Bars in reverse would show their complement.
                if canvas.look.styles.selected.add_modifier.contains(Modifier::REVERSED)
                    && let Some((x, width)) = place_of(&columns, Column::Trend)
                {
                    canvas.part(x, y, width, 1).clear();
                    cell(canvas, scene, line, Column::Trend, (x, y, width));
                }
            }
        }
    }
    if titles == 0 {
        return;
    }
    let (left, top) = canvas.on_screen(0, 0);
    let mut x = left.saturating_add(MARGIN);
    let mut places = Vec::new();
    for (column, width) in columns {
        places.push((column, x, width));
        x = x.saturating_add(width + 1);
    }
    let rows = canvas.height() - titles;
    layout.tables.push(TableArea {
        kind: Some(kind),
        top,
        rows,
        columns: (left, left.saturating_add(canvas.width())),
        titles: places,
    });
}

/// The heading of a section: its group, how many agents, their median, and how many are in which state.
fn heading(canvas: &mut Canvas<'_>, section: &Section<'_>, y: u16) {
    let look = canvas.look;
    let s = &look.styles;
    let width = canvas.width();
    let agents = if section.rows == 1 { "1 agent".to_owned() } else { format!("{} agents", section.rows) };
    let mut all = vec![Segment::new(0, section.name.unwrap_or("no group"), s.accent), Segment::new(3, agents, s.dim)];
    if let Some((median, n)) = section.median {
        all.push(Segment::new(1, format!("median of {n} agents {}", cells::aht(Some(median))), s.text));
    }
    for (state, n) in &section.counts {
        let text = scene::counted(look.glyphs.state(*state), *state, *n);
        all.push(Segment::new(state.rank() + 4, text, s.state(*state)));
    }
    // A name that is wider than all there is room for is cut, never left out.
    let name = section.name.unwrap_or("no group");
    let chosen = segments::choose(all, width, 2);
    let end = if cells_of(name) > usize::from(width) {
        canvas.put(0, y, width, name, s.accent)
    } else {
        segments::put(canvas, 0, y, 2, &chosen)
    };
    for x in end.saturating_add(1)..width {
        canvas.dot(x, y, look.glyphs.hv[0], s.dim);
    }
}

/// Where a column begins, and its width.
fn place_of(columns: &[(Column, u16)], wanted: Column) -> Option<(u16, u16)> {
    let i = columns.iter().position(|(c, _)| *c == wanted)?;
    Some((MARGIN + columns[..i].iter().map(|(_, w)| w + 1).sum::<u16>(), columns[i].1))
}

fn head(canvas: &mut Canvas<'_>, scene: &Scene<'_>, kind: Kind, columns: &[(Column, u16)]) {
    let style = canvas.look.styles.header;
    let mut x = MARGIN;
    for (column, width) in columns {
        let sorted = scene.state.preferences.sort.column == *column;
        let mut title = column.title(kind).to_owned();
        if *column == Column::Age && scene.state.preferences.age_as_time {
            title = "READ".into();
        }
        if sorted {
            title.push_str(canvas.look.glyphs.sort[usize::from(!scene.state.preferences.sort.reverse)]);
        }
        // The mark of an old value stands behind the number: the title does not reach over it.
        let own = if *column == Column::Aht { width - 1 } else { *width };
        if column.right() {
            let pad = u16::try_from(cells_of(&title)).unwrap_or(0).min(own);
            canvas.put(x + own - pad, 0, own, &title, style);
        } else {
            let indent = u16::from(*column == Column::Trend);
            canvas.put(x + indent, 0, own - indent, &title, style);
        }
        x += width + 1;
    }
}

/// Draws one cell into its place `(x, y, width)`.
fn cell(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, column: Column, (x, y, width): (u16, u16, u16)) {
    let look = canvas.look;
    let s = &look.styles;
    let old = cells::is_old(line.state);
    let quiet = if old { s.stale } else { s.text };
    let right = |canvas: &mut Canvas<'_>, text: &str, style: Style| {
        let style = if text == NOTHING { s.dim } else { style };
        canvas.put_right(x, y, width, text, style);
    };
    match column {
        Column::Name => {
            canvas.put(x, y, width, &name(scene, line, look.glyphs.ascii()), quiet);
        }
        Column::Group => {
            canvas.put(x, y, width, line.group().unwrap_or(NOTHING), s.dim);
        }
        Column::Aht => {
            let text = cells::aht(line.aht);
            let style = if line.aht.is_none() {
                s.dim
            } else if old {
                s.stale
            } else {
                value_style(canvas, line)
            };
            canvas.put_right(x, y, width - 1, &text, style);
            if old && line.aht.is_some() {
                canvas.put(x + width - 1, y, 1, "?", s.stale);
            }
        }
        Column::Deviation => right(canvas, &cells::deviation(line.deviation), quiet),
        Column::Diff30 => right(canvas, &cells::diff(line.diff30), quiet),
        Column::Prev2h => right(canvas, &cells::aht(line.prev2h), s.dim),
        Column::Trend => {
            let hold = scene.stale_after;
            // A cell apart from the number before it.
            let n = usize::from(width - 1);
            let values = sparkline::buckets(&line.row.series, scene.data.now.mono, sparkline::SPAN, n, hold);
            sparkline::draw(canvas, x + 1, y, &values, &line.watched.band, old.then_some(s.stale));
        }
        Column::Age => {
            let text = if scene.state.preferences.age_as_time {
                let at = line.row.good.as_ref().map(|(_, at)| cells::clock(at.wall, &scene.state.config.zone));
                at.unwrap_or_else(|| NOTHING.into())
            } else {
                cells::age(line.age)
            };
            let late = line.age.is_some_and(|age| age >= scene.stale_after);
            right(canvas, &text, if late { s.warning } else { s.dim });
        }
        Column::State => {
            state(canvas, line, (x, y, width));
        }
    }
}

/// The style of a fresh value: its level's, without the filling that the state beside it has.
fn value_style(canvas: &Canvas<'_>, line: &Line<'_>) -> Style {
    match line.state {
        crate::app::RowState::Fresh(level) => canvas.look.styles.level_ink(level),
        other => canvas.look.styles.state(other),
    }
}

/// Glyph, word, and how long, where there is room for it. Returns the column behind it.
pub(super) fn state(canvas: &mut Canvas<'_>, line: &Line<'_>, (x, y, width): (u16, u16, u16)) -> u16 {
    let style = canvas.look.styles.state(line.state);
    let text = format!("{} {}", canvas.look.glyphs.state(line.state), line.state.word());
    let held = line.held.map(|d| format!(" {}", cells::span(d))).unwrap_or_default();
    // The mark goes before the span, and its word after it, where there is room.
    let mark = line.mark.map(|m| (format!(" {}", canvas.look.glyphs.mark(m)), format!(" {}", m.word())));
    let (sign, word) = mark.unwrap_or_default();
    let room = usize::from(width);
    let fits = |parts: &[&str]| parts.iter().map(|p| cells_of(p)).sum::<usize>() <= room;
    let tail = if fits(&[&text, &held, &sign, &word]) {
        format!("{held}{sign}{word}")
    } else if fits(&[&text, &held, &sign]) {
        format!("{held}{sign}")
    } else if fits(&[&text, &sign]) && !sign.is_empty() {
        sign
    } else if fits(&[&text, &held]) {
        held
    } else {
        String::new()
    };
    let end = canvas.put(x, y, width, &text, style);
    canvas.put(end, y, width.saturating_sub(end - x), &tail, style)
}

/// What the row is called. In ASCII a name of another script falls back to the id, which can be read.
pub(super) fn name<'a>(scene: &Scene<'_>, line: &Line<'a>, ascii: bool) -> Cow<'a, str> {
    let name = names::name(scene.state, line);
    if !ascii || name.is_ascii() {
        return name;
    }
    let id = names::id(scene.state, line);
    if id.is_ascii() { id } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Contents = Contents { name: 20, group: 8, band: true, clock: false, marks: false };

    fn titles(width: u16) -> Vec<Column> {
        plan(width, &Column::ALL, FULL).into_iter().map(|(c, _)| c).collect()
    }

    #[test]
    fn at_every_width_the_columns_fit_and_the_basic_four_stay() {
        for width in 38..320 {
            for clock in [false, true] {
                let columns = plan(width, &Column::ALL, Contents { clock, ..FULL });
                let total: u16 = MARGIN + columns.iter().map(|(_, w)| w + 1).sum::<u16>() - 1;
                assert!(total <= width.max(41), "{width}: {total}");
                for column in [Column::Name, Column::Aht, Column::Age, Column::State] {
                    assert!(columns.iter().any(|(c, _)| *c == column), "{width}: {column:?}");
                }
            }
        }
    }

    #[test]
    fn a_wider_table_never_loses_a_column() {
        for width in 40..200 {
            let (here, wider) = (titles(width), titles(width + 1));
            assert!(here.iter().all(|c| wider.contains(c)), "{width}");
        }
        assert_eq!(titles(200).len(), 9);
        assert!(titles(80).contains(&Column::Trend) && !titles(80).contains(&Column::Prev2h));
    }

    #[test]
    fn columns_without_contents_are_not_shown() {
        let columns = plan(200, &Column::ALL, Contents { group: 0, band: false, ..FULL });
        assert!(columns.iter().all(|(c, _)| !matches!(c, Column::Group | Column::Deviation)));
    }
}
