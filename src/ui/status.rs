//! The line under the tables: which rows of how many, their order, the filter; the text field while it is being typed.

use super::{
    Layout,
    canvas::{Canvas, cells},
    scene::Scene,
    segments::{self, Segment, choose},
    table,
};
use crate::{app::rows, domain::Band};

/// Draws the line. Returns the column of the text cursor while the filter is being typed.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &Layout) -> Option<u16> {
    if scene.state.filter.editing { Some(edit(canvas, scene)) } else { facts(canvas, scene, layout) }
}

fn facts(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &Layout) -> Option<u16> {
    let s = canvas.look.styles;
    let mut all = Vec::new();
    let text = scene.state.filter.text.value();
    if !text.trim().is_empty() {
        // Cut, because a filter that hides rows must never be hidden itself.
        let mut shown = canvas.look.glyphs.ellipsis.to_owned();
        if cells(text) <= 24 {
            shown = text.to_owned();
        } else {
            let head: String = text.chars().take(20).collect();
            shown.insert_str(0, &head);
        }
        all.push(Segment { pieces: vec![("filter: ".into(), s.dim), (shown, s.warning)], priority: 0 });
    }
    for kind in rows::tables(scene.state).into_iter().rev() {
        let (shown, watched) = (scene.lines(kind).len(), scene.watched(kind));
        let found = if shown == watched { String::new() } else { format!("{shown} of ") };
        let word = match table::visible(scene, kind, layout.rows(kind)) {
            Some((first, last)) => format!("{first}-{last} of {found}"),
            None => found,
        };
        let priority = if kind == scene.state.focus { 1 } else { 4 };
        all.push(Segment::new(priority, format!("{word}{watched} {}s", kind.word()), s.dim));
    }
    let sort = scene.state.sort;
    let direction = if sort.reverse { " reversed" } else { "" };
    all.push(Segment::new(2, format!("sort: {}{direction}", table::name_of(sort.column)), s.dim));
    // Never called the team's average: calls are not weighted.
    if let Some((median, n)) = rows::median_of_agents(scene.state) {
        all.push(Segment::new(3, format!("median of {n} agents {}", super::cells::aht(Some(median))), s.text));
    }
    if let Some(line) = scene.selected()
        && let Some(text) = band(&line.watched.band)
    {
        all.push(Segment::new(5, text, s.dim));
    }
    let chosen = choose(all, canvas.width().saturating_sub(2), 3);
    segments::put(canvas, 1, 0, 3, &chosen);
    None
}

/// The band of the selected row in words.
pub(super) fn band(band: &Band) -> Option<String> {
    use super::cells::aht;
    let side = |warn: Option<_>, crit: Option<_>| warn.or(crit);
    let usual = match (side(band.low_warn, band.low_crit), side(band.high_warn, band.high_crit)) {
        (Some(low), Some(high)) => Some(format!("usual {} to {}", aht(Some(low)), aht(Some(high)))),
        (Some(low), None) => Some(format!("usual over {}", aht(Some(low)))),
        (None, Some(high)) => Some(format!("usual under {}", aht(Some(high)))),
        (None, None) => None,
    };
    let target = band.target.map(|t| format!("target {}", aht(Some(t))));
    match (target, usual) {
        (Some(t), Some(u)) => Some(format!("{t}, {u}")),
        (t, u) => t.or(u),
    }
}

fn edit(canvas: &mut Canvas<'_>, scene: &Scene<'_>) -> u16 {
    let s = canvas.look.styles;
    let width = canvas.width();
    let prompt = canvas.put(1, 0, width, "filter: ", s.key);
    let input = &scene.state.filter.text;
    let found = scene.lines(scene.state.focus).len();
    let hint = format!("  {found} of {}   Enter keeps   Esc clears", scene.watched(scene.state.focus));
    let hint_width = u16::try_from(cells(&hint)).unwrap_or(u16::MAX);
    let room = if prompt + 12 + hint_width < width { width - prompt - hint_width } else { width - prompt };
    // The field scrolls so that the cursor, which needs a cell of its own, stays in it.
    let scroll = input.visual_scroll(usize::from(room.saturating_sub(1)));
    let mut skipped = 0;
    let visible: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let skip = skipped < scroll;
            skipped += if skip { cells(c.encode_utf8(&mut [0; 4])) } else { 0 };
            skip
        })
        .collect();
    canvas.put(prompt, 0, room, &visible, s.text);
    if room < width - prompt {
        canvas.put(prompt + room, 0, hint_width, &hint, s.dim);
    }
    let at = input.visual_cursor().saturating_sub(scroll);
    prompt.saturating_add(u16::try_from(at).unwrap_or(0)).min(width.saturating_sub(1))
}
