//! How many rows are in each state. The filter does not touch these numbers.

use super::{
    canvas::Canvas,
    scene::{Scene, counted},
    segments::{self, Segment, choose},
    words::{self, board},
};
use crate::{
    app::{rows, tables},
    domain::Kind,
};

/// Draws the line: with glyphs where there is room for all states, else with the words alone; what is still left out
/// leaves an ellipsis.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let width = canvas.width().saturating_sub(2);
    let mut x = 1;
    // Agents first: they are the many.
    for kind in tables::concerned(scene.state).into_iter().rev() {
        let room = (width + 1).saturating_sub(x);
        let mut all = counted_states(canvas, scene, kind, true);
        if segments::total(&all, 2) > room {
            all = counted_states(canvas, scene, kind, false);
        }
        if segments::total(&all, 2) > room && x == 1 {
            // How many there are is also said below the table.
            all.remove(0);
        }
        let n = all.len();
        let mut chosen = choose(all.clone(), room, 2);
        if chosen.len() < n {
            // A second kind of which not all has room is not begun.
            if x > 1 {
                break;
            }
            chosen = choose(all, room.saturating_sub(2), 2);
            chosen.push(Segment::new(0, canvas.look.glyphs.ellipsis, canvas.look.styles.dim));
        }
        x = segments::put(canvas, x, 0, 2, &chosen) + 4;
    }
}

fn counted_states(canvas: &Canvas<'_>, scene: &Scene<'_>, kind: Kind, glyphs: bool) -> Vec<Segment> {
    let s = canvas.look.styles;
    let mut all = vec![Segment::new(1, board::watched(kind, scene.watched(kind)), s.dim)];
    if let Some((there, of, stale)) =
        (kind == Kind::Agent).then(|| rows::logged_in(scene.all(kind).iter().copied())).flatten()
    {
        let folded = if scene.state.preferences.fold_logged_out && !stale { board::OTHERS_FOLDED } else { "" };
        all.push(Segment::new(2, words::logged_in(there, of, stale) + folded, if stale { s.stale } else { s.text }));
    }
    all.extend(rows::counts(scene.all(kind).iter().copied()).into_iter().map(|(state, n)| {
        let glyph = if glyphs { canvas.look.glyphs.state(state) } else { "" };
        Segment::new(state.rank() + 3, counted(glyph, state, n), s.state(state))
    }));
    all
}
