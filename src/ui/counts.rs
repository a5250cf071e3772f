//! How many rows are in each state. The filter does not touch these numbers.

use super::{
    canvas::Canvas,
    scene::{Scene, counted},
    segments::{self, Segment, choose},
    words::{self, board},
};
use crate::{
    app::{RowState, rows, tables},
    domain::{Condition, Kind},
};

/// Cells between two counts, and between two kinds.
const GAP: u16 = 2;
const BETWEEN: u16 = 4;
/// What is left out last: how many are watched, and an unknown ID, which once it is acknowledged is told here alone.
const WATCHED: u8 = 1;
const UNKNOWN: u8 = 0;

/// Draws the line: with glyphs where there is room for all states, else with the words alone; what is still left out
/// leaves an ellipsis.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let width = canvas.width().saturating_sub(2);
    // Agents first: they are the many.
    let mut kinds = tables::concerned(scene.state);
    kinds.reverse();
    let mut x = 1;
    for (i, kind) in kinds.iter().enumerate() {
        // An unknown ID of the others keeps its place.
        let kept: u16 = kinds[i + 1..].iter().map(|kind| least(canvas, scene, *kind)).sum();
        let room = (width + 1).saturating_sub(x).saturating_sub(if kept <= width / 2 { kept } else { 0 });
        let mut all = counted_states(canvas, scene, *kind, true);
        if segments::total(&all, GAP) > room {
            all = counted_states(canvas, scene, *kind, false);
        }
        if segments::total(&all, GAP) > room && x == 1 {
            // How many there are is also said below the table.
            all.remove(0);
        }
        let n = all.len();
        let mut chosen = choose(all.clone(), room, GAP);
        if chosen.len() < n {
            // A second kind of which not all has room is not begun, but for an unknown ID.
            if x > 1 && least(canvas, scene, *kind) == 0 {
                break;
            }
            chosen = choose(all, room.saturating_sub(GAP), GAP);
            chosen.push(Segment::new(0, canvas.look.glyphs.ellipsis, canvas.look.styles.dim));
        }
        x = segments::put(canvas, x, 0, GAP, &chosen) + BETWEEN;
    }
}

/// Cells in which an unknown ID of `kind` is told; none where there is none.
fn least(canvas: &Canvas<'_>, scene: &Scene<'_>, kind: Kind) -> u16 {
    let mut all = counted_states(canvas, scene, kind, false);
    all.retain(|segment| segment.priority <= WATCHED);
    // With what says that others are left out.
    if all.iter().any(|s| s.priority == UNKNOWN) { segments::total(&all, GAP) + GAP + 1 + BETWEEN } else { 0 }
}

fn counted_states(canvas: &Canvas<'_>, scene: &Scene<'_>, kind: Kind, glyphs: bool) -> Vec<Segment> {
    let s = canvas.look.styles;
    let mut all = vec![Segment::new(WATCHED, board::watched(kind, scene.watched(kind)), s.dim)];
    if let Some((there, of, stale)) =
        (kind == Kind::Agent).then(|| rows::logged_in(scene.all(kind).iter().copied())).flatten()
    {
        let folded = if scene.state.preferences.fold_logged_out && !stale { board::OTHERS_FOLDED } else { "" };
        all.push(Segment::new(2, words::logged_in(there, of, stale) + folded, if stale { s.stale } else { s.text }));
    }
    all.extend(rows::counts(scene.all(kind).iter().copied()).into_iter().map(|(state, n)| {
        let glyph = if glyphs { canvas.look.glyphs.state(state) } else { "" };
        let unknown = state == RowState::Other(Condition::Invalid);
        Segment::new(if unknown { UNKNOWN } else { state.rank() + 3 }, counted(glyph, state, n), s.state(state))
    }));
    all
}
