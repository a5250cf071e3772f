//! Banners: what is wrong and what to do about it, worst first, in one line each; all of them in full as an overlay.

use super::{
    canvas::{Canvas, cells, wrap},
    scene::Scene,
    words::{self, overlay as texts},
};
use crate::app::{Action, FrameLayout, banners};

/// Draws the banners into at most the height of `canvas`; returns how many lines they took. What has no line of its own
/// is counted at the end of the last one.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) -> u16 {
    let lines = canvas.height().min(u16::try_from(scene.banners.len()).unwrap_or(u16::MAX));
    let hidden = scene.banners.len() - usize::from(lines);
    let width = canvas.width();
    for (y, banner) in (0..lines).zip(&scene.banners) {
        let style = canvas.look.styles.severity(banner.severity);
        let mark = canvas.look.glyphs.severity(banner.severity);
        let more = y + 1 == lines && hidden > 0;
        let key = scene.state.keys.key_of(Action::Banners);
        let hint = if more { format!(" {} ", texts::more_banners(hidden, key.as_deref())) } else { String::new() };
        let hint_width = u16::try_from(cells(&hint)).unwrap_or(0).min(width);
        let room = width - hint_width;
        let texts = banners::texts(scene.state, banner, canvas.look.glyphs.ascii());
        let texts: Vec<String> = texts.map(|text| format!(" {mark} {text}")).collect();
        let fits = texts.iter().find(|text| cells(text) <= usize::from(room));
        let text = fits.or(texts.last()).map_or("", String::as_str);
        if style.bg.is_some() {
            canvas.tint(0, y, width, 1, style);
        }
        canvas.put(0, y, room, text, style);
        canvas.put(room, y, hint_width, &hint, canvas.look.styles.key);
    }
    lines
}

/// Draws all banners in full over the screen.
pub(super) fn draw_all(canvas: &mut Canvas<'_>, scene: &Scene<'_>, scroll: usize, layout: &mut FrameLayout) {
    let look = canvas.look;
    let width = canvas.width().saturating_sub(4).min(100);
    let mut lines: Vec<(String, ratatui::style::Style)> = Vec::new();
    for banner in &scene.banners {
        let style = look.styles.severity(banner.severity);
        let text = banners::told(scene.state, banner, look.glyphs.ascii());
        for (i, line) in wrap(&text, width.saturating_sub(6)).into_iter().enumerate() {
            let mark = if i == 0 { look.glyphs.severity(banner.severity) } else { " " };
            lines.push((format!("{mark} {line}"), style));
        }
        lines.push((String::new(), look.styles.text));
    }
    if lines.is_empty() {
        lines.push((texts::NOTHING_WRONG.into(), look.styles.text));
    }
    overlay(canvas, texts::BANNERS, width, &lines, scroll, layout);
}

/// Draws `lines` in a frame over the middle of the screen, from the line `scroll` on.
pub(super) fn overlay(
    canvas: &mut Canvas<'_>,
    title: &str,
    width: u16,
    lines: &[(String, ratatui::style::Style)],
    scroll: usize,
    layout: &mut FrameLayout,
) {
    let (w, h) = (canvas.width(), canvas.height());
    let width = width.min(w);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(h);
    let mut part = canvas.part((w - width) / 2, (h - height) / 2, width, height);
    part.clear();
    let inside = usize::from(height.saturating_sub(2));
    let from = scroll.min(lines.len().saturating_sub(inside));
    let remark = if lines.len() > inside {
        words::range((from + 1, (from + inside).min(lines.len())), lines.len())
    } else {
        texts::CLOSES.into()
    };
    let mut part = part.framed(title, &remark);
    let width = part.width().saturating_sub(2);
    for (y, (line, style)) in (0..part.height()).zip(lines.iter().skip(from)) {
        part.put(1, y, width, line, *style);
    }
    layout.overlay = inside;
    layout.overlay_lines = lines.len();
}
