//! What somebody should look at: a line for each alert, active ones first. A view of its own, and a pane below the
//! tables.

use super::{
    canvas::{Canvas, wrap},
    cells, detail,
    fate::fate,
    menu::{self, Entry},
    scene::Scene,
    words::alerts as texts,
};
use crate::{
    alert::{Alert, AlertId, AlertKind, Subject, words},
    app::{FrameLayout, RowState, alerts, claims, names, remedy, rows, text},
    domain::clean_line,
};

/// Least height of the preview.
const PREVIEW: u16 = 10;
/// From this height on half of the view is kept for the preview, however many alerts there are.
const HALF: u16 = 26;

/// Draws the view: all alerts with the cursor on one of them, and below them what that one is about where there is room.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, frame: bool, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let wanted = u16::try_from(scene.alerts.len().max(1)).unwrap_or(u16::MAX).saturating_add(if frame { 2 } else { 0 });
    let free = h.saturating_sub(wanted);
    let below = if free >= PREVIEW || h < HALF { free } else { h / 2 };
    let alert = scene.alerts.get(alerts::cursor(scene.state, &scene.alerts).unwrap_or(0));
    let below = if below < PREVIEW || alert.is_none() { 0 } else { below };
    let mut above = canvas.part(0, 0, w, h - below);
    if frame {
        let remark = remark(scene);
        list(&mut above.framed(texts::ALERTS, &remark), scene, layout);
    } else {
        list(&mut above, scene, layout);
    }
    if let Some(alert) = alert.filter(|_| below > 0) {
        preview(&mut canvas.part(0, h - below, w, below), scene, alert, frame, layout);
    }
}

/// What `alert` is about: its row with the chart, or what is wrong and what to do about it.
fn preview(canvas: &mut Canvas<'_>, scene: &Scene<'_>, alert: &Alert, frame: bool, layout: &mut FrameLayout) {
    let problem = match &alert.id.subject {
        Subject::Target(target) => {
            return detail::below(canvas, scene, (rows::line(scene.state, target), Some(alert)), frame, layout);
        }
        Subject::Problem(problem) => *problem,
    };
    let mut part = canvas.headed(texts::ACCOUNT, frame);
    let (s, width) = (part.look.styles, part.width().saturating_sub(2));
    let (since, lasted) = claims::lasting(scene.state, alert);
    let since = text::moment(since, scene.now.wall, &scene.state.config.zone);
    let told = names::told(scene.state, &words::kind_words(&alert.id.subject, &alert.kind), part.look.glyphs.ascii());
    let mut lines = vec![
        (words::whom(&alert.id.subject, None), s.accent),
        (texts::lasting(&told, &since, lasted.span), s.text),
        (fate(scene, alert), s.dim),
    ];
    match remedy(problem) {
        "" => {}
        what => lines.push((texts::remedy(what), s.text)),
    }
    let lines = lines.into_iter().flat_map(|(text, style)| wrap(&text, width).into_iter().map(move |l| (l, style)));
    for (y, (line, style)) in (0..part.height()).zip(lines) {
        part.put(1, y, width, &line, style);
    }
}

/// Draws the pane: as many as there is room for, without a cursor.
pub(super) fn pane(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let remark = remark(scene);
    let mut inside = canvas.framed(texts::ALERTS, &remark);
    for (y, alert) in (0..inside.height()).zip(&scene.data.alerts) {
        line(&mut inside, scene, alert, y);
    }
}

fn remark(scene: &Scene<'_>) -> String {
    texts::remark(alerts::waiting(scene.data), alerts::active(scene.data).count())
}

fn list(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let all = &scene.alerts;
    let room = usize::from(canvas.height());
    layout.alerts = room;
    if all.is_empty() {
        let (width, style) = (canvas.width().saturating_sub(2), canvas.look.styles.dim);
        canvas.put(2, 0, width, texts::none(!scene.data.alerts.is_empty()), style);
        return;
    }
    let at = alerts::cursor(scene.state, all);
    let from = at.map_or(0, |at| (at + 1).saturating_sub(room)).min(all.len().saturating_sub(room));
    for (y, (i, alert)) in (0..canvas.height()).zip(all.iter().enumerate().skip(from)) {
        line(canvas, scene, alert, y);
        if at == Some(i) {
            canvas.put(0, y, 1, canvas.look.glyphs.cursor, canvas.look.styles.accent);
            canvas.select(y);
        }
    }
}

/// `14:21 ▲  HIGH   22m Devika R     6:31, over 6:15 (worst 6:50), clears below 5:56   unacknowledged`
///
/// The time is the one from which on it was so, and what follows the level is how long that lasts: as in the row. Where
/// that moment is not known, there is none, and the span says that it is longer.
fn line(canvas: &mut Canvas<'_>, scene: &Scene<'_>, alert: &Alert, y: u16) {
    let s = canvas.look.styles;
    let (width, zone) = (canvas.width(), &scene.state.config.zone);
    let over = alert.ended.is_some();
    let dim = |style| if over { s.dim } else { style };
    let narrow = width < 72;
    let (since, lasted) = claims::lasting(scene.state, alert);
    let x = if narrow {
        2
    } else {
        // No moment is told that is not the one.
        let since = if lasted.open { String::new() } else { cells::minute(since, zone) };
        canvas.put(2, y, 5, &since, s.dim);
        8
    };
    let (glyph, word, style) = match &alert.kind {
        AlertKind::Band { level, worst, .. } => {
            let state = RowState::Fresh(if over { *worst } else { *level });
            (canvas.look.glyphs.state(state), state.word(), s.state(state))
        }
        AlertKind::Problem { .. } => (canvas.look.glyphs.severities[1], "", s.warning),
    };
    canvas.put(x, y, 2, glyph, dim(style));
    canvas.put(x + 3, y, 6, word, dim(style));
    let lasted = if lasted.span.is_zero() { String::new() } else { cells::held(lasted) };
    canvas.put(x + 10, y, 4, &lasted, dim(style));
    let name = whom(canvas, scene, &alert.id.subject);
    let names = if width < 80 { 12 } else { (width / 5).clamp(12, 28) };
    let x = x + 15;
    canvas.put(x, y, names, &name, dim(s.text));
    // What is about no target has no name, and its words begin there.
    let from = if name.is_empty() { x } else { x + names + 1 };
    let ascii = canvas.look.glyphs.ascii();
    let fate = fate(scene, alert);
    let fate = match &alert.ended {
        _ if narrow && fate == texts::UNACKNOWLEDGED => texts::UNACKED,
        // What was so is worth more than why it ended.
        Some(_) if width < 100 => fate.split(',').next().unwrap_or(&fate),
        _ => &fate,
    };
    let wide = |text: &str| u16::try_from(super::canvas::cells(text)).unwrap_or(u16::MAX);
    let claims = claims::of(scene.state, alert).map(|claims| claims.texts());
    // Whether somebody cares is told also where there is no room for all that is so; `unacknowledged` is never cut.
    let wanted = wide(fate).min((width.saturating_sub(from) / 2).max(14));
    let least = claims.as_ref().and_then(|texts| texts.last()).map_or(0, |text| wide(text));
    let what_room = width.saturating_sub(from + wanted + 3).max(least).min(width.saturating_sub(from + 1));
    let what = match claims {
        // The fullest words for which there is room, since half a limit would be another number.
        Some(texts) => texts.into_iter().find(|text| wide(text) <= what_room).unwrap_or_default(),
        None => names::told(scene.state, &words::kind_words(&alert.id.subject, &alert.kind), ascii),
    };
    let end = canvas.put(from, y, what_room, &what, dim(s.text));
    let start = end.saturating_add(2).max(from + what_room.min(30) + 1);
    let waits = alerts::waits(scene.data, alert);
    canvas.put(start, y, width.saturating_sub(start + 1), fate, if waits { s.warning } else { s.dim });
}

/// Who or what `subject` is, in characters that the screen has.
fn whom(canvas: &Canvas<'_>, scene: &Scene<'_>, subject: &Subject) -> String {
    let name = words::whom(subject, names::of_subject(scene.state, subject).as_deref());
    let name = match subject {
        Subject::Target(target) => names::readable(scene.state, name.into(), target, canvas.look.glyphs.ascii()),
        Subject::Problem(_) => name.into(),
    };
    clean_line(&name, 100)
}

/// Draws the menu of mutes over the screen.
pub(super) fn mute_menu(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    id: &AlertId,
    cursor: usize,
    layout: &mut FrameLayout,
) {
    let ended = alerts::about(scene.data, &id.subject).is_none();
    let title = texts::mute(&whom(canvas, scene, &id.subject), ended);
    let none = ("", canvas.look.styles.text);
    let choices = alerts::mute_choices(scene.state, id);
    let entries: Vec<Entry> = choices.into_iter().map(|(text, _)| Entry { mark: none, text }).collect();
    menu::draw(canvas, (&title, "", 34), &entries, cursor, layout);
}

/// Draws the line for a note over the screen; its cursor is on the screen at the returned place.
pub(super) fn note(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    alerts: &[(AlertId, u32)],
    text: &str,
    layout: &mut FrameLayout,
) {
    let (w, h) = (canvas.width(), canvas.height());
    let (width, height) = (64.min(w), 3.min(h));
    let mut part = canvas.part((w - width) / 2, (h - height) / 2, width, height);
    part.clear();
    let title = match alerts {
        [(id, _)] => texts::acknowledge(&whom(&part, scene, &id.subject)),
        all => texts::acknowledge_all(all.len()),
    };
    let mut part = part.framed(&title, texts::YES_OR_NO);
    let (s, width) = (part.look.styles, part.width());
    let x = part.put(1, 0, width, texts::NOTE, s.key);
    // The end is what is being typed.
    let room = usize::from(width.saturating_sub(x + 2));
    let skip = text.chars().count().saturating_sub(room);
    let shown: String = text.chars().skip(skip).collect();
    let end = part.put(x, 0, width.saturating_sub(x + 1), &shown, s.text);
    layout.cursor = Some(part.on_screen(end.min(width.saturating_sub(1)), 0));
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
pub(super) mod tests;
