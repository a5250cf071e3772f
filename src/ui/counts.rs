//! How many rows are in each state, and the median of the agents. The filter does not touch these numbers.

use super::{
    canvas::Canvas,
    cells,
    scene::{Scene, counted},
    segments::{self, Segment, choose},
};
use crate::{app::rows, domain::Kind};

/// Draws the line.
pub fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let tables = rows::tables(scene.state);
    let width = canvas.width().saturating_sub(2);
    let s = canvas.look.styles;
    // Agents first: they are the many.
    let mut all = Vec::new();
    for (i, kind) in tables.iter().rev().enumerate() {
        let base = u8::try_from(i).unwrap_or(0) * 20;
        let title = format!("{}s {}", kind.word(), scene.watched(*kind));
        // The title leads its counts: it is kept as long as the first of them.
        let mut first = vec![(title, s.dim)];
        for (n, (state, count)) in rows::counts(rows::all_lines(scene.state, *kind)).into_iter().enumerate() {
            let text = counted(canvas.look.glyphs.state(state), state, count);
            let style = s.state(state);
            if n == 0 {
                first.push(("  ".into(), s.text));
                first.push((text, style));
                let pieces = std::mem::take(&mut first);
                all.push(Segment { pieces, priority: base });
            } else {
                all.push(Segment::new(base + state.rank() + 1, text, style));
            }
        }
        if !first.is_empty() {
            all.push(Segment { pieces: first, priority: base });
        }
        if *kind == Kind::Agent
            && let Some((median, n)) = rows::median_of_agents(scene.state)
        {
            let text = format!("median of {n} agents {}", cells::aht(Some(median)));
            all.push(Segment::new(base + 15, text, s.text));
        }
    }
    let chosen = choose(all, width, 2);
    segments::put(canvas, 1, 0, 2, &chosen);
}
