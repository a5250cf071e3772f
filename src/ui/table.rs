//! The table of campaigns or agents: as many columns as fit well, the rest left out in the order of their weight.

use super::{
    canvas::{Canvas, cells as cells_of},
    cell::{self, Room},
    compare,
    scene::{self, Scene},
    segments::{self, Segment},
    words::{self, board},
};
use crate::{
    app::{self, Column, FrameLayout, Item, Line, Section, TableArea, columns, groups, tables},
    domain::{Kind, plural},
};

/// Before the first column: the mark of the selected row.
const MARGIN: u16 = 2;

/// The columns that fit into `width`, with their widths, from left to right.
fn plan(width: u16, mut columns: Vec<Room>) -> Vec<(Column, u16)> {
    let need = |columns: &[Room], of: &dyn Fn(&Room) -> u16| {
        MARGIN + columns.iter().map(|c| of(c) + 1).sum::<u16>().saturating_sub(1)
    };
    let given_up = |c: &Room| c.column.spec().given_up;
    while need(&columns, &|c| c.comfort) > width
        && let Some(i) = (0..columns.len()).max_by_key(|i| given_up(&columns[*i]))
        && given_up(&columns[i]) > 0
    {
        columns.remove(i);
    }
    let fits = need(&columns, &|c| c.comfort) <= width;
    let start = |c: &Room| if fits { c.comfort } else { c.least };
    let mut left = width.saturating_sub(need(&columns, &start));
    let mut widths: Vec<u16> = columns.iter().map(start).collect();
    let mut turns: Vec<usize> =
        (0..columns.len()).filter(|i| columns[*i].column.spec().width.grows.is_some()).collect();
    turns.sort_by_key(|i| columns[*i].column.spec().width.grows.map(|(turn, _)| turn));
    for i in turns {
        let more = columns[i].most.saturating_sub(widths[i]).min(left);
        widths[i] += more;
        left -= more;
    }
    columns.into_iter().map(|c| c.column).zip(widths).collect()
}

/// Draws the table of `kind`, in a frame or under a line of titles, and notes how many rows it has room for; `tall`: each
/// row has two lines, where it has a trend.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    kind: Kind,
    (frame, tall): (bool, bool),
    layout: &mut FrameLayout,
) {
    let items = scene.items(kind);
    let titles = u16::from(canvas.height() > 1);
    let lines = canvas.height().saturating_sub(if frame { 3 } else { titles });
    let columns = planned(canvas, scene, canvas.width().saturating_sub(if frame { 2 } else { 0 }));
    let each = if tall && columns.iter().any(|(c, _)| *c == Column::Trend) { 2 } else { 1 };
    let room = usize::from(lines / each);
    layout.set_rows(kind, room);
    let offset = offset(scene, kind, items.len(), room);
    if frame {
        let rows = scene.lines(kind).len();
        let range = visible(scene, kind, room).map(|range| words::range(range, rows));
        let sum = if kind == Kind::Campaign { board::OF_CAMPAIGNS } else { "" };
        let mut inside = canvas.framed(&board::table(kind, scene.watched(kind)), range.as_deref().unwrap_or(sum));
        body(&mut inside, scene, kind, &columns, (offset, each), layout);
    } else {
        body(canvas, scene, kind, &columns, (offset, each), layout);
    }
}

/// The columns of the tables in `width` cells: one grid for all in view.
fn planned(canvas: &Canvas<'_>, scene: &Scene<'_>, width: u16) -> Vec<(Column, u16)> {
    let tables = tables::tables(scene.state);
    // Of all rows, so that the columns stay where they are while a filter is typed.
    let all: Vec<Line<'_>> = tables.iter().flat_map(|kind| scene.all(*kind)).copied().collect();
    let sections = tables.iter().any(|kind| groups::in_sections(scene.state, *kind));
    let wanted = columns::shown(scene.state)
        .into_iter()
        .filter(|c| !(sections && *c == Column::Group) && c.spec().needs.is_none_or(|has| all.iter().any(has)));
    plan(width, wanted.map(|c| cell::room(canvas, scene, c, &all)).collect())
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
fn body(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    kind: Kind,
    columns: &[(Column, u16)],
    (offset, each): (usize, u16),
    layout: &mut FrameLayout,
) {
    let titles = u16::from(canvas.height() > 1);
    if titles > 0 {
        head(canvas, scene, kind, columns);
    }
    if scene.lines(kind).is_empty() {
        let text = match scene.watched(kind) {
            0 if kind == Kind::Agent && scene.state.config.floor.is_some() => app::nobody(scene.state).to_owned(),
            watched => board::no_rows(kind, watched),
        };
        let (width, style) = (canvas.width().saturating_sub(MARGIN), canvas.look.styles.dim);
        canvas.put(MARGIN, titles, width, &text, style);
        return;
    }
    let chosen = scene.state.navigation.selected.get(&kind);
    for (y, item) in (titles..canvas.height()).step_by(usize::from(each)).zip(scene.items(kind).iter().skip(offset)) {
        let line = match item {
            Item::Row(line) => line,
            Item::Section(section) => {
                heading(canvas, scene, section, y);
                continue;
            }
        };
        layout.seen.push(line.target().clone());
        if scene.state.navigation.pins.contains_key(line.target()) {
            canvas.put(1, y, 1, canvas.look.glyphs.pin, canvas.look.styles.accent);
        }
        if let Some(i) = scene.state.navigation.marked.iter().position(|t| t == line.target()) {
            canvas.put(1, y, 1, compare::sign(i), canvas.look.styles.compared(i));
        }
        let selected = chosen == Some(line.target());
        let mut x = MARGIN;
        for (column, width) in columns {
            cell::draw(canvas, scene, line, *column, (x, y, *width), each);
            x += width + 1;
        }
        if selected {
            canvas.put(0, y, 1, canvas.look.glyphs.cursor, canvas.look.styles.accent);
            if scene.state.navigation.focus == kind {
                (y..y + each).for_each(|y| canvas.select(y));
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
        places.push((*column, x, *width));
        x = x.saturating_add(width + 1);
    }
    let rows = canvas.height() - titles;
    layout.tables.push(TableArea {
        kind: Some(kind),
        top,
        rows,
        each,
        columns: (left, left.saturating_add(canvas.width())),
        titles: places,
    });
}

/// The heading of a section: its group, how many agents, their median, and how many are in which state.
fn heading(canvas: &mut Canvas<'_>, scene: &Scene<'_>, section: &Section<'_>, y: u16) {
    let look = canvas.look;
    let s = &look.styles;
    let width = canvas.width();
    let name = section.name.unwrap_or(board::NO_GROUP);
    let agents = plural(section.rows, Kind::Agent);
    let mut all = vec![Segment::new(0, name, s.accent), Segment::new(3, agents, s.dim)];
    if let Some(median) = section.median {
        let style = if scene.is_past(&median) { s.stale } else { s.text };
        all.push(Segment::new(1, median.words(scene.now.wall, &scene.state.config.zone), style));
    }
    for (state, n) in &section.counts {
        let text = scene::counted(look.glyphs.state(*state), *state, *n);
        all.push(Segment::new(state.rank() + 4, text, s.state(*state)));
    }
    // A name that is wider than all there is room for is cut, never left out.
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

fn head(canvas: &mut Canvas<'_>, scene: &Scene<'_>, kind: Kind, columns: &[(Column, u16)]) {
    let style = canvas.look.styles.header;
    let mut x = MARGIN;
    for (column, width) in columns {
        let sorted = scene.state.preferences.sort.column == *column;
        let mut title = cell::title(scene, *column, kind);
        if canvas.look.glyphs.ascii() {
            title = title.replace('±', "+-");
        }
        if sorted {
            title.push_str(canvas.look.glyphs.sort[usize::from(!scene.state.preferences.sort.reverse)]);
        }
        let (before, behind) = cell::inset(*column);
        let own = width - before - behind;
        if column.spec().right {
            // With the mark of the sort a title may reach into the gap before it.
            let pad = u16::try_from(cells_of(&title)).unwrap_or(0).min(own + 1);
            canvas.put(x + before + own - pad, 0, pad, &title, style);
        } else {
            canvas.put(x + before, 0, own, &title, style);
        }
        x += width + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of a table that has all contents, but for those that `change` takes away or makes wider.
    fn planned(width: u16, change: impl Fn(&mut Room)) -> Vec<(Column, u16)> {
        let room = |column: Column| {
            let spec = column.spec().width;
            let most = match column {
                Column::Name => 20,
                Column::Group => 8,
                _ => spec.grows.map_or(0, |(_, most)| most),
            };
            let mut room = Room { column, least: spec.least, comfort: spec.comfort, most };
            change(&mut room);
            room
        };
        plan(width, Column::ALL.map(room).into())
    }

    fn titles(width: u16) -> Vec<Column> {
        planned(width, |_| {}).into_iter().map(|(c, _)| c).collect()
    }

    #[test]
    fn at_every_width_the_columns_fit_and_the_basic_four_stay() {
        for width in 38..320 {
            for clock in [false, true] {
                let columns = planned(width, |room| {
                    if room.column == Column::Age && clock {
                        (room.least, room.comfort) = (8, 8);
                    }
                });
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
        assert_eq!(titles(200).len(), 10);
        assert!(titles(80).contains(&Column::Trend) && !titles(80).contains(&Column::Prev2h));
    }
}
