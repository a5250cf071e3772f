//! The line under the middle: which rows of how many, their order, the filter; the text field while one is being typed.

use super::{
    canvas::{Canvas, cells},
    pages,
    scene::Scene,
    segments::{self, Segment, choose},
    table,
    words::{self, board},
};
use crate::{
    app::{FrameLayout, Line, View, command, filter_hints, log, tables},
    domain::Kind,
};
use tui_input::Input;

/// Draws the line. Returns the column of the text cursor while a filter or a command is being typed.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &FrameLayout) -> Option<u16> {
    let state = scene.state;
    if let Some(line) = &state.navigation.command {
        let hint = format!("  {}", command::completions(state, line.value()).join(" "));
        return Some(edit(canvas, ":", line, &hint));
    }
    if state.filter().editing {
        let found = match state.navigation.view {
            View::Log => words::part(log::entries(state).len(), scene.data.events.len(), words::EVENT),
            View::Alerts => words::part(scene.alerts.len(), scene.data.alerts.len(), words::ALERT),
            // One filter for all tables in view: agents first, they are the many.
            _ => {
                let of = |kind| words::part(scene.lines(kind).len(), scene.watched(kind), kind);
                tables::tables(state).into_iter().rev().map(of).collect::<Vec<_>>().join(", ")
            }
        };
        let remark = remark(scene).unwrap_or_else(|| {
            let last = command::last_word(state.filter().text.value());
            let fits = if last.contains(':') { filter_hints::completions(state, last) } else { Vec::new() };
            if fits.len() > 1 { board::completions(&fits) } else { board::KEEP_OR_CLEAR.into() }
        });
        return Some(edit(canvas, board::FILTER, &state.filter().text, &format!("  {found}   {remark}")));
    }
    facts(canvas, scene, layout)
}

fn facts(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &FrameLayout) -> Option<u16> {
    let s = canvas.look.styles;
    let mut all = Vec::new();
    if let Some(said) = &scene.state.notices.status_message {
        all.push(Segment::new(0, cut(said, usize::from(canvas.width().saturating_sub(2)), canvas), s.accent));
    }
    let text = scene.state.filter().text.value();
    if !text.trim().is_empty() {
        // Cut, because a filter that hides rows must never be hidden itself.
        let mut shown = canvas.look.glyphs.ellipsis.to_owned();
        if cells(text) <= 24 {
            shown = text.to_owned();
        } else {
            let head: String = text.chars().take(20).collect();
            shown.insert_str(0, &head);
        }
        all.push(Segment { pieces: vec![(board::FILTER.into(), s.dim), (shown, s.warning)], priority: 0 });
    }
    if !scene.state.filter().editing
        && let Some(remark) = remark(scene)
    {
        all.push(Segment::new(1, remark, s.warning));
    }
    if scene.state.lists_alerts() {
        let (shown, of) = (scene.alerts.len(), scene.data.alerts.len());
        all.push(Segment::new(1, words::found(shown, of, words::ALERT), s.dim));
        all.push(Segment::new(2, board::ALERTS_SORTED, s.dim));
        let chosen = choose(all, canvas.width().saturating_sub(2), 3);
        segments::put(canvas, 1, 0, 3, &chosen);
        return None;
    }
    for kind in tables::tables(scene.state).into_iter().rev() {
        let found = words::found(scene.lines(kind).len(), scene.watched(kind), kind);
        let text = match table::visible(scene, kind, layout.rows(kind)) {
            Some(range) => words::range(range, found),
            None => found,
        };
        all.push(Segment::new(if kind == scene.state.navigation.focus { 1 } else { 4 }, text, s.dim));
    }
    let view = scene.state.navigation.view;
    if matches!(view, View::Budget | View::Log) {
        if view == View::Log {
            let found = words::found(log::entries(scene.state).len(), scene.data.events.len(), words::EVENT);
            all.push(Segment::new(1, found, s.dim));
        }
        all.extend(pages::range(scene, layout).map(|text| Segment::new(2, text, s.dim)));
        let chosen = choose(all, canvas.width().saturating_sub(2), 3);
        segments::put(canvas, 1, 0, 3, &chosen);
        return None;
    }
    let sort = scene.state.preferences.sort;
    all.push(Segment::new(2, board::sorted(sort.column.spec().label, sort.reverse), s.dim));
    // Never called the team's average: calls are not weighted.
    if let Some(median) = scene.median_of_agents() {
        let style = if scene.is_past(&median) { s.stale } else { s.text };
        all.push(Segment::new(3, median.words(scene.now.wall, &scene.state.config.zone), style));
    } else if scene.is_out() && tables::tables(scene.state).contains(&Kind::Agent) {
        all.push(Segment::new(3, board::MEDIAN_NOT_KNOWN, s.stale));
    }
    // Not the floor's, beside whose median it stands.
    let at = &scene.state.navigation;
    let band = |line: Line<'_>| board::band(&line.watched.band, at.selected.contains_key(&at.focus));
    all.extend(scene.selected().and_then(band).map(|text| Segment::new(5, text, s.dim)));
    let chosen = choose(all, canvas.width().saturating_sub(2), 3);
    segments::put(canvas, 1, 0, 3, &chosen);
    None
}

/// Why the filter finds nothing, looked for where nothing is shown or something is left out.
fn remark(scene: &Scene<'_>) -> Option<String> {
    let kinds = tables::tables(scene.state);
    let inverse = scene.state.filter().text.value().contains('!');
    let nothing = if scene.state.lists_alerts() {
        scene.alerts.is_empty()
    } else {
        kinds.iter().all(|kind| scene.lines(*kind).is_empty())
    };
    let lines = || kinds.into_iter().flat_map(|kind| scene.all(kind).iter().copied());
    (nothing || inverse).then(|| filter_hints::remark(scene.state, lines())).flatten()
}

/// `text` in at most `width` cells.
fn cut(text: &str, width: usize, canvas: &Canvas<'_>) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let ellipsis = canvas.look.glyphs.ellipsis;
    crate::domain::fit(text, width, ellipsis)
}

/// Draws the field `input` behind its `prompt`, and the `hint` at the right as far as there is room.
fn edit(canvas: &mut Canvas<'_>, prompt: &str, input: &Input, hint: &str) -> u16 {
    let s = canvas.look.styles;
    let width = canvas.width();
    let prompt = canvas.put(1, 0, width, prompt, s.key);
    let typed = u16::try_from(cells(input.value())).unwrap_or(u16::MAX).saturating_add(1).clamp(12, width / 2);
    let left = width.saturating_sub(prompt).saturating_sub(typed);
    // A hint of which less than a few words would be left is none.
    let hint_width = u16::try_from(cells(hint)).unwrap_or(u16::MAX);
    let hint_width = if hint_width <= left {
        hint_width
    } else if left >= 30 {
        left
    } else {
        0
    };
    let room = width.saturating_sub(prompt).saturating_sub(hint_width);
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
        canvas.put(prompt + room, 0, hint_width, hint, s.dim);
    }
    let at = input.visual_cursor().saturating_sub(scroll);
    prompt.saturating_add(u16::try_from(at).unwrap_or(0)).min(width.saturating_sub(1))
}
