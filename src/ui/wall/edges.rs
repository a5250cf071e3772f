//! The first and the last line of the board, and what is wrong with all of it at once.

use super::letters;
use crate::{
    app::{
        Line, RowState, Severity, Topic, banners, rows, text,
        wall::{self, Page},
    },
    domain::{Condition, Kind},
    store::{Link, Role},
    ui::{
        canvas::{Canvas, cells as width_of},
        cell, header,
        scene::Scene,
        segments::{self, Segment, choose},
        words::{
            self,
            wall::{self as texts, CLOSED},
        },
    },
};

/// Cells in which the answers run.
const LIFE: usize = 8;
/// From this width on the clock names day and zone.
const FULL: u16 = 100;

/// Draws the first line: whose board, what is measured, how fresh it is, whether answers arrive.
pub(super) fn header(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let s = canvas.look.styles;
    let width = canvas.width();
    let facts = &scene.state.config;
    let now = scene.now.wall.to_zoned(facts.zone.clone());
    // Whoever looks up looks for the clock too: it is there before the yardsticks.
    let form = if width < FULL { "%H:%M" } else { "%a %H:%M %Z" };
    let mut right =
        vec![Segment::new(1, now.strftime(form).to_string(), s.accent), freshness(canvas, scene), life(canvas, scene)];
    right.extend(header::link(canvas, scene).map(|(word, style)| Segment::new(0, word, style)));
    let mode = facts.mode.map_or(0, |m| u16::try_from(m.len()).unwrap_or(0) + 4);
    let title = facts.wall.title.as_deref().unwrap_or(&facts.account);
    let named = u16::try_from(width_of(title)).unwrap_or(u16::MAX).min(width / 4);
    let right = choose(right, width.saturating_sub(mode + named + 4), 2);
    let taken = segments::total(&right, 2);
    let start = width.saturating_sub(taken + 1);
    segments::put(canvas, start, 0, 2, &right);

    let mut x = 1;
    if let Some(mode) = facts.mode {
        let style = s.warning.add_modifier(ratatui::style::Modifier::REVERSED);
        x = canvas.put(x, 0, start, &format!(" {mode} "), style) + 1;
    }
    let room = start.saturating_sub(x + 2);
    let x = canvas.put(x, 0, room, title, s.accent);
    for text in texts::MEASURED {
        let needed = u16::try_from(text.len()).unwrap_or(u16::MAX) + 7;
        if x + needed <= start {
            canvas.put_all(
                x,
                0,
                start,
                &[("  ", s.text), (canvas.look.glyphs.dot, s.dim), ("  ", s.text), (text, s.dim)],
            );
            break;
        }
    }
}

/// How many of the watched targets are fresh, and what that means: a yardstick that does not move while they get older.
fn freshness(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Segment {
    let s = canvas.look.styles;
    let all: Vec<&Line<'_>> =
        Kind::ALL.into_iter().flat_map(|kind| scene.all(kind)).filter(|l| !l.is_unknown_id()).collect();
    let (resting, all): (Vec<&Line<'_>>, Vec<&Line<'_>>) = all.into_iter().partition(|l| l.rest.is_some());
    let fresh = all.iter().filter(|l| l.is_fresh()).count();
    let text = texts::fresh(fresh, all.len(), scene.stale_after, resting.len());
    Segment::new(2, text, if fresh < all.len() { s.warning } else { s.dim })
}

/// A cell that goes one further with each answer, and stands still when none arrive.
fn life(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Segment {
    let s = canvas.look.styles;
    let [here, other] = canvas.look.glyphs.life;
    let at = usize::try_from(scene.state.live.replies % LIFE as u64).unwrap_or(0);
    let mut pieces = vec![(texts::REPLIES.to_owned(), s.dim)];
    pieces.push((other.repeat(at), s.dim));
    pieces.push((here.to_owned(), s.accent));
    pieces.push((other.repeat(LIFE - 1 - at), s.dim));
    Segment { pieces, priority: 3 }
}

/// Draws what is wrong with all of the board, over the whole line; false where nothing is.
pub(super) fn trouble(canvas: &mut Canvas<'_>, scene: &Scene<'_>) -> bool {
    let w = canvas.width();
    let s = canvas.look.styles;
    let told = |banner| banners::told(scene.state, banner, canvas.look.glyphs.ascii());
    let error = scene.banners.iter().find(|b| b.severity == Severity::Error && !b.names_agents());
    let said = match (wall::dead_since(scene.state), error) {
        (Some(age), error) => texts::no_fresh_data(&scene.moment_ago(age), error.map(told)),
        (None, Some(error)) => told(error),
        (None, None) => return false,
    };
    canvas.tint(0, 0, w, 1, s.error);
    canvas.put(1, 0, w.saturating_sub(2), &said, s.error);
    true
}

/// Draws over the board that nothing is asked in these hours, in letters that are read from afar, and when that ends.
/// Returns how many rows it took; 0 where the board is open.
pub(super) fn closed(canvas: &mut Canvas<'_>, scene: &Scene<'_>) -> u16 {
    let Some(Link::Closed { until }) = scene.data.status.as_ref().map(|status| &status.link) else { return 0 };
    if scene.link().0 != CLOSED {
        return 0;
    }
    let (w, h) = (canvas.width(), canvas.height());
    let style = canvas.look.styles.calm;
    let opens = until.as_ref().map(|until| {
        let (at, now) = (until.wall.to_zoned(scene.state.config.zone.clone()), scene.now.wall);
        let today = at.date() == now.to_zoned(scene.state.config.zone.clone()).date();
        texts::opens(at.strftime(if today { "%H:%M" } else { "%a %H:%M" }))
    });
    let opens = opens.unwrap_or_default();
    let scale = match h {
        _ if letters::large_width(CLOSED, 1) + 4 > w || h < 18 => 0,
        46.. if letters::large_width(CLOSED, 2) * 2 <= w => 2,
        _ => 1,
    };
    let rows = if scale == 0 { 1.min(h) } else { 5 * scale + 2 };
    canvas.tint(0, 0, w, rows, style);
    let bold = style.add_modifier(ratatui::style::Modifier::BOLD);
    if scale == 0 {
        let x = canvas.put(1, 0, w, CLOSED, bold);
        canvas.put(x + 2, 0, w.saturating_sub(x + 2), &opens, style);
        return rows;
    }
    letters::draw_large(canvas, (2, 1), CLOSED, scale, style);
    let x = letters::large_width(CLOSED, scale) + 6;
    let room = w.saturating_sub(x + 1);
    if opens.is_empty() {
        return rows;
    }
    if letters::large_width(&opens, scale) <= room {
        letters::draw_large(canvas, (x, 1), &opens, scale, style);
    } else if letters::width(canvas.look.glyphs.set, &opens).is_some_and(|wide| wide <= room) {
        letters::draw(canvas, (x, rows / 2 - 1), &opens, style);
    } else {
        canvas.put(x, rows / 2, room, &opens, bold);
    }
    rows
}

/// How one leaves the board, as long as it is said.
fn exit(scene: &Scene<'_>) -> Option<String> {
    wall::hint_left(scene.state)?;
    let key = scene.state.config.wall.exit_key.map(|key| key.to_string());
    Some(texts::leaves(scene.state.config.locked, key))
}

/// Draws the last line: what the marks mean, the oldest reading in sight, who polls, and since when the board stands.
pub(super) fn footer(canvas: &mut Canvas<'_>, scene: &Scene<'_>, on_page: &[Line<'_>], page: Page) {
    use crate::domain::Level;
    let s = canvas.look.styles;
    let glyphs = canvas.look.glyphs;
    let mut all = Vec::new();
    if page.of > 1 {
        all.push(Segment::new(1, texts::page(page.number + 1, page.of), s.text));
    }
    let marks = [
        RowState::Fresh(Level::HighWarn),
        RowState::Fresh(Level::LowWarn),
        RowState::Other(Condition::Stale),
        RowState::Other(Condition::NoCalls),
    ];
    let legend = marks.into_iter().zip(texts::LEGEND);
    let pieces = legend.map(|(state, word)| (format!("{} {word}   ", glyphs.state(state).trim_end()), s.dim)).collect();
    all.push(Segment { pieces, priority: 4 });
    if let Some((age, line)) = rows::oldest(on_page) {
        let style = if age >= scene.stale_after { s.warning } else { s.dim };
        all.push(Segment::new(0, texts::oldest_on_page(age, &cell::name(scene, &line, glyphs.ascii())), style));
    }
    if let Some(how) = exit(scene) {
        all.push(Segment::new(0, how, s.key));
    }
    let unknown: Vec<&str> =
        scene.all(Kind::Campaign).iter().filter(|line| line.is_unknown_id()).map(Line::name).collect();
    if !unknown.is_empty() {
        all.push(Segment::new(2, texts::unknown_ids(&unknown), s.warning));
    }
    if scene.state.shown_notices().iter().any(|notice| notice.topic == Topic::ShowsOnly) {
        all.push(Segment::new(1, texts::READ_ONLY, s.warning));
    }
    let usage = scene.data.usage;
    let budget = scene.state.config.budget;
    match &scene.data.poller {
        Some(p) => {
            let me = p.id == scene.state.config.me.id;
            let who = if me {
                words::checked_by(texts::THIS_WALLBOARD)
            } else {
                words::checked_by(&p.label_for(&scene.state.config.me))
            };
            all.push(Segment::new(3, who, s.dim));
        }
        None if scene.is_beginning() => all.push(Segment::new(2, words::BEGINS, s.dim)),
        None => all.push(Segment::new(2, words::NOBODY_CHECKS, s.warning)),
    }
    // Who looks at the wall can do nothing about the budget: it is there when it is used up.
    if usage.used_60s >= budget.requests_per_minute {
        let text = words::budget_used_up(usage.used_60s, budget.requests_per_minute);
        all.push(Segment::new(6, text, s.warning));
    }
    if scene.state.config.me.role == Role::Dashboard {
        let since = &scene.state.started;
        let zone = &scene.state.config.zone;
        let moment = text::moment(since.wall, scene.now.wall, zone);
        let text = texts::wallboard_since(&moment, since.stamp().age(&scene.now));
        all.push(Segment::new(5, text, s.dim));
    }
    let chosen = choose(all, canvas.width().saturating_sub(2), 3);
    segments::put(canvas, 1, 0, 3, &chosen);
}
