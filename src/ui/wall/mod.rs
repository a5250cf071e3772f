//! The board for a screen that everybody can see, from ten metres: a tile for each campaign, the agents outside of their
//! band, how all of them are, and whether any of it can be trusted.
//!
//! ```text
//!  < 40x8   one line for each
//!  ..       figures of three, five or seven rows, as large as there is room
//! ```
//!
//! What is old looks old, what is too old is not shown; the cell that runs in the first line moves with each answer of
//! the service and with nothing else.

mod digits;
mod edges;
mod floor;
mod plan;
#[cfg(test)]
pub(super) mod tests;
mod tile;

use super::{FrameLayout, canvas::Canvas, cells, scene::Scene};
use crate::{
    app::{Line, rows, wall},
    domain::Kind,
};

use self::plan::Plan;

/// Below this there is one line for each.
const SMALL: (u16, u16) = (40, 8);
/// From this height on there are blank lines below the first and above the last one.
const ROOMY: u16 = 36;
/// From this size on the picture moves by a cell now and then.
const MOVES: (u16, u16) = (12, 4);
/// The widest figure that is reckoned with.
const USUAL: &str = "00:00";

/// Draws the board into the whole of `canvas`.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let ((dx, dy), (w, h)) = if w >= MOVES.0 && h >= MOVES.1 {
        (wall::shift(scene.state.live.now.mono), (w - 1, h - 1))
    } else {
        ((0, 0), (w, h))
    };
    let mut canvas = canvas.part(dx, dy, w, h);
    if w < SMALL.0 || h < SMALL.1 {
        tiny(&mut canvas, scene, layout);
    } else {
        board(&mut canvas, scene, layout);
    }
}

fn board(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let blank = u16::from(h >= ROOMY);
    edges::header(&mut canvas.part(0, 0, w, 1), scene);
    let mut top = 1;
    if edges::trouble(&mut canvas.part(0, top, w, 1), scene) {
        top += 1;
    } else {
        top += blank;
    }
    let bottom = 1 + blank;
    let height = h.saturating_sub(top + bottom);

    let campaigns = scene.on_wall(Kind::Campaign);
    let widest = campaigns
        .iter()
        .map(|l| tile::figure(scene, l).0)
        .filter(|t| t.len() > USUAL.len())
        .max_by_key(String::len)
        .unwrap_or_else(|| USUAL.to_owned());
    let plan = Plan::of(campaigns.len(), &widest, scene.watched(Kind::Agent), w, height);
    layout.campaigns = plan.tiles();
    let (tiles, page) = wall::page(scene.state, Kind::Campaign, &campaigns, plan.tiles());
    for (i, line) in tiles.iter().enumerate() {
        let (x, y, width) = plan.place(i, w);
        let mut part = canvas.part(x, top + y, width, plan.tile);
        if plan.digits == 1 {
            tile::line(&mut part, scene, line);
        } else {
            tile::draw(&mut part, scene, line, plan.digits);
        }
    }
    let mut on_page: Vec<Line<'_>> = tiles.to_vec();
    if plan.agents > 0 {
        let mut part = canvas.part(0, top + height - plan.agents, w, plan.agents);
        let (room, shown) = floor::draw(&mut part, scene);
        layout.agents = room;
        on_page.extend(shown);
    }
    if scene.state.config.watched.is_empty() {
        let style = canvas.look.styles.dim;
        canvas.put(1, top, w.saturating_sub(1), "Nothing is watched", style);
    }
    layout.seen = on_page.iter().map(|l| l.target().clone()).collect();
    edges::footer(&mut canvas.part(0, h - 1, w, 1), scene, &on_page, page);
}

/// What needs a look first, one line each, down to a single cell.
fn tiny(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let s = canvas.look.styles;
    let mut lines = scene.on_wall(Kind::Campaign);
    lines.extend(scene.on_wall(Kind::Agent));
    lines.sort_by_key(|l| l.state.rank());
    let top = u16::from(h >= 2 && w >= 6);
    if top > 0 {
        let (word, span, good) = scene.link();
        let dead = wall::dead_since(scene.state);
        let mode = scene.state.config.mode.map_or_else(String::new, |m| format!("{m} "));
        let text = match dead {
            Some(age) => format!("{mode}OLD {}", cells::age(Some(age))),
            None if good && !mode.is_empty() => mode.trim_end().to_owned(),
            None => format!("{mode}{word}{}", span.map_or_else(String::new, |d| format!(" {}", cells::age(Some(d))))),
        };
        let x = canvas.put(0, 0, w, &text, if good && dead.is_none() { s.accent } else { s.error });
        if let Some((age, _)) = rows::oldest(&lines) {
            let text = format!(" oldest {}", cells::age(Some(age)));
            if text.len() <= usize::from(w.saturating_sub(x)) {
                canvas.put(x, 0, w, &text, s.dim);
            }
        }
    }
    let room = usize::from(h.saturating_sub(top));
    (layout.campaigns, layout.agents) = (room, room);
    if lines.is_empty() {
        canvas.put(0, top, w, if h > top { "Nothing to show" } else { "" }, s.dim);
    }
    for (y, line) in (top..h).zip(&lines) {
        layout.seen.push(line.target().clone());
        let style = s.state(line.state);
        let mark = canvas.look.glyphs.state(line.state);
        if w < 9 {
            let mut utf8 = [0; 4];
            let one = mark.trim().chars().next().map_or(canvas.look.glyphs.dot, |c| c.encode_utf8(&mut utf8));
            canvas.dot(0, y, one, style);
            canvas.put(1, y, w.saturating_sub(1), &tile::plain(scene, line), s.text);
            continue;
        }
        tile::line(&mut canvas.part(0, y, w, 1), scene, line);
    }
}
