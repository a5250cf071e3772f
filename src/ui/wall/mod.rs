//! The board for a screen that everybody can see, from ten metres: a tile for each campaign or group, the agents who are
//! outside of their band, how all of them are, and whether any of it can be trusted.
//!
//! ```text
//!  < 40x8   one line for each
//!  ..       figures of three to twenty-one rows, as large as there is room
//! ```
//!
//! What is old looks old, what is too old is not shown; the cell that runs in the first line moves with each answer of
//! the service and with nothing else.

mod digits;
mod edges;
mod face;
mod floor;
mod letters;
mod plan;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod tests_sizes;
mod tile;

use super::{
    canvas::Canvas,
    scene::Scene,
    words::{self, wall as texts},
};
use crate::{
    app::{
        FrameLayout, Line, nobody, rows,
        wall::{self, Tile},
    },
    domain::Kind,
};

use self::{face::Face, plan::Plan, tile::Shape};

/// Below this there is one line for each.
const SMALL: (u16, u16) = (40, 8);
/// From this height on there is a blank line below the first one, in which what is wrong has its place without moving
/// anything; and one above the last.
const ROOMY: u16 = 36;
const ROOMIER: u16 = 70;
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
    let blank = u16::from(h >= ROOMIER);
    edges::header(&mut canvas.part(0, 0, w, 1), scene);
    let mut top = 1;
    let closed = edges::closed(&mut canvas.part(0, top, w, h.saturating_sub(top + 1)), scene);
    if closed > 0 {
        top += closed;
    } else if edges::trouble(&mut canvas.part(0, top, w, 1), scene) {
        top += 1;
    } else {
        top += u16::from(h >= ROOMY);
    }
    let bottom = 1 + blank;
    let height = h.saturating_sub(top + bottom);

    let tiles = scene.tiles();
    let ascii = canvas.look.glyphs.ascii();
    let faces: Vec<Face<'_>> = tiles.iter().map(|tile| Face::new(scene, tile, ascii)).collect();
    let widest = faces
        .iter()
        .map(|face| &face.figure.0)
        .filter(|t| t.len() > USUAL.len())
        .max_by_key(|t| t.len())
        .map_or_else(|| USUAL.to_owned(), String::clone);
    let plan = Plan::of(tiles.len(), &widest, scene.watched(Kind::Agent), w, height);
    layout.campaigns = plan.tiles();
    let (on_page, page) = wall::page(scene.state, &tiles, plan.tiles());
    let from = page.number.saturating_mul(plan.tiles().max(1));
    let shape = Shape::new(canvas, &faces, plan.digits, (plan.place(0, w).2, plan.tile));
    for (i, face) in faces.iter().skip(from).take(on_page.len()).enumerate() {
        let (x, y, width) = plan.place(i, w);
        let mut part = canvas.part(x, top + y, width, plan.tile);
        if plan.digits == 1 {
            tile::line(&mut part, face);
        } else {
            tile::draw(&mut part, scene, face, shape);
        }
    }
    let mut shown: Vec<Line<'_>> = on_page.iter().filter_map(Tile::line).copied().collect();
    if plan.agents > 0 {
        let mut part = canvas.part(0, top + height - plan.agents, w, plan.agents);
        let (room, agents) = floor::draw(&mut part, scene);
        layout.agents = room;
        shown.extend(agents);
    }
    if scene.state.config.watched.is_empty() {
        let style = canvas.look.styles.dim;
        let text = scene.state.config.floor.as_ref().map_or(texts::NOTHING_WATCHED, |_| nobody(scene.state));
        canvas.put(1, top, w.saturating_sub(1), text, style);
    }
    layout.seen = shown.iter().map(|l| l.target().clone()).collect();
    edges::footer(&mut canvas.part(0, h - 1, w, 1), scene, &shown, page);
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
            Some(age) => mode + &texts::dead(age),
            None if good && !mode.is_empty() => mode.trim_end().to_owned(),
            None => mode + &words::lasting(word, span),
        };
        let x = canvas.put(0, 0, w, &text, if good && dead.is_none() { s.accent } else { s.error });
        if let Some((age, _)) = rows::oldest(&lines) {
            let text = format!(" {}", words::oldest(age));
            if text.len() <= usize::from(w.saturating_sub(x)) {
                canvas.put(x, 0, w, &text, s.dim);
            }
        }
    }
    let room = usize::from(h.saturating_sub(top));
    (layout.campaigns, layout.agents) = (room, room);
    if lines.is_empty() {
        canvas.put(0, top, w, if h > top { texts::NOTHING_TO_SHOW } else { "" }, s.dim);
    }
    for (y, line) in (top..h).zip(&lines) {
        layout.seen.push(line.target().clone());
        let face = Face::new(scene, &Tile::Campaign(*line), canvas.look.glyphs.ascii());
        if w < 9 {
            let style = s.state(line.state);
            let mark = canvas.look.glyphs.state(line.state);
            let mut utf8 = [0; 4];
            let one = mark.trim().chars().next().map_or(canvas.look.glyphs.dot, |c| c.encode_utf8(&mut utf8));
            canvas.dot(0, y, one, style);
            canvas.put(1, y, w.saturating_sub(1), &face::plain(&face.figure), s.text);
            continue;
        }
        tile::line(&mut canvas.part(0, y, w, 1), &face);
    }
}
