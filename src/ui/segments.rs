//! A line of facts: those that matter most are kept when it gets narrow, in their own order; none is cut.

use ratatui::style::Style;

use super::canvas::{Canvas, cells};

/// One fact of a line.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Its pieces of text, written one behind the other.
    pub pieces: Vec<(String, Style)>,
    /// The lower, the longer it is kept.
    pub priority: u8,
}

impl Segment {
    /// A fact of one piece.
    pub(super) fn new(priority: u8, text: impl Into<String>, style: Style) -> Self {
        Segment { pieces: vec![(text.into(), style)], priority }
    }

    fn width(&self) -> usize {
        self.pieces.iter().map(|(text, _)| cells(text)).sum()
    }
}

/// Those of `segments` that fit into `width` cells with `gap` cells between them, the most important ones first chosen.
/// A less important one may take room that a longer, more important one could not use.
pub(super) fn choose(segments: Vec<Segment>, width: u16, gap: u16) -> Vec<Segment> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|i| segments[*i].priority);
    let mut left = usize::from(width) + usize::from(gap);
    let mut kept = vec![false; segments.len()];
    for i in order {
        let need = segments[i].width() + usize::from(gap);
        if need <= left {
            left -= need;
            kept[i] = true;
        }
    }
    segments.into_iter().zip(kept).filter_map(|(s, kept)| kept.then_some(s)).collect()
}

/// How many cells the segments take together.
pub(super) fn total(segments: &[Segment], gap: u16) -> u16 {
    let gaps = usize::from(gap) * segments.len().saturating_sub(1);
    u16::try_from(segments.iter().map(Segment::width).sum::<usize>() + gaps).unwrap_or(u16::MAX)
}

/// Writes the segments from column `x` of the line `y` on; returns the column behind them.
pub(super) fn put(canvas: &mut Canvas<'_>, x: u16, y: u16, gap: u16, segments: &[Segment]) -> u16 {
    let mut at = x;
    for (i, segment) in segments.iter().enumerate() {
        at += if i > 0 { gap } else { 0 };
        for (text, style) in &segment.pieces {
            at = canvas.put(at, y, u16::MAX, text, *style);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_most_is_kept_in_its_own_place() {
        let s = |p, t: &str| Segment::new(p, t, Style::new());
        let kept = |width| -> Vec<String> {
            let all = vec![s(3, "cccc"), s(1, "aa"), s(2, "bbb")];
            choose(all, width, 1).into_iter().map(|s| s.pieces[0].0.clone()).collect()
        };
        assert_eq!(kept(11), ["cccc", "aa", "bbb"]);
        assert_eq!(kept(10), ["aa", "bbb"]);
        assert_eq!(kept(5), ["aa"]);
        assert_eq!(kept(1), Vec::<String>::new());
    }
}
