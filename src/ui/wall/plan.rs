//! How the board is cut up: which figures, how many tiles beside and below each other, what is left for the agents.
//!
//! It depends on the screen and on how many campaigns there are, never on their values (but for an AHT of an hour and
//! more, which is wider), so that nothing moves while people look.

use super::{digits, tile::LEAST};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Height of the figures.
    pub digits: u16,
    /// Tiles beside each other.
    pub columns: u16,
    /// Rows of tiles.
    pub rows: u16,
    /// Height of a tile.
    pub tile: u16,
    /// Rows between tiles.
    pub gap: u16,
    /// Rows for the agents, at the bottom.
    pub agents: u16,
}

/// Campaigns may be on this many pages before their figures get smaller.
const PAGES: usize = 2;
/// Fewest columns of a tile with a frame, and of a campaign in one line.
const TILE: u16 = 24;
const LINE: u16 = 38;
/// Rows of a tile around the largest figures: they must not cost the large letters and the chart.
const ROOMY: u16 = 16;
/// Rows for the agents where the figures need the others: their counts, and two of them.
const LEAST_AGENTS: u16 = 3;
/// Rows of the counts beside the list, however few agents there are.
const AGENTS: u16 = 6;
/// Rows around the list of agents: the frame, the title, a blank one, a sentence.
const AROUND_AGENTS: u16 = 5;

impl Plan {
    /// For `campaigns` tiles of which the widest figure is `widest`, and `agents` agents, in `width` x `height` cells.
    pub(super) fn of(campaigns: usize, widest: &str, agents: usize, width: u16, height: u16) -> Plan {
        if campaigns == 0 {
            return Plan { digits: 1, columns: 1, rows: 0, tile: 0, gap: 0, agents: height };
        }
        let spare = match (agents, height) {
            (0, _) => 0,
            (_, 0..9) => 1.min(height / 2),
            (_, 9..14) => LEAST_AGENTS,
            _ => {
                let all = u16::try_from(agents).unwrap_or(u16::MAX).max(AGENTS).saturating_add(AROUND_AGENTS);
                (height * 3 / 10).max(5).min(all)
            }
        };
        let gap = u16::from(height >= 64);
        let plan = Plan::within(campaigns, widest, width, (height - spare, gap));
        // Figures that can be read from afar are worth the agents' frame.
        let plan = match plan {
            p if p.digits < 5 && spare > LEAST_AGENTS => {
                let tighter = Plan::within(campaigns, widest, width, (height - LEAST_AGENTS, gap));
                if tighter.digits >= 5 && campaigns <= tighter.tiles() { tighter } else { p }
            }
            p => p,
        };
        let used = (plan.rows * plan.tile).saturating_add(plan.gap * plan.rows.saturating_sub(1));
        let between = if agents > 0 { plan.gap } else { 0 };
        Plan { agents: if agents > 0 { height.saturating_sub(used + between) } else { 0 }, ..plan }
    }

    /// The largest figures that show all campaigns at once in `room` rows; where none do, smaller ones on a few pages.
    fn within(campaigns: usize, widest: &str, width: u16, room: (u16, u16)) -> Plan {
        let all: Vec<Plan> =
            digits::HEIGHTS.iter().map(|digits| Plan::with(*digits, campaigns, widest, width, room)).collect();
        let pages = |p: &Plan| campaigns.div_ceil(p.tiles().max(1));
        let fits = |p: &&Plan| p.tiles() > 0;
        let chosen = all
            .iter()
            .filter(fits)
            .find(|p| pages(p) == 1 && p.digits > 1)
            .or_else(|| {
                let few = |p: &&Plan| (3..7).contains(&p.digits) && pages(p) <= PAGES;
                all.iter().filter(fits).filter(few).min_by_key(|p| pages(p))
            })
            .or_else(|| all.iter().rfind(fits));
        chosen.copied().unwrap_or(Plan { digits: 1, columns: 1, rows: 1, tile: 1, gap: 0, agents: 0 })
    }

    fn with(digits: u16, campaigns: usize, widest: &str, width: u16, (room, gap): (u16, u16)) -> Plan {
        let n = u16::try_from(campaigns).unwrap_or(u16::MAX);
        if digits == 1 {
            let columns = (width / LINE).clamp(1, n);
            let rows = room.min(n.div_ceil(columns)).max(1);
            return Plan { digits, columns, rows, tile: 1, gap: 0, agents: 0 };
        }
        let least = (digits::width(widest, digits).saturating_add(4)).max(TILE);
        let columns = ((width + 1) / (least + 1)).min(n);
        // The largest ones must not cost what stands around them.
        let around = if digits > 14 { ROOMY } else { LEAST };
        let rows = (room + gap) / (digits + around + gap);
        if columns == 0 || rows == 0 {
            return Plan { digits, columns: 0, rows: 0, tile: 0, gap, agents: 0 };
        }
        // As even as it gets: five tiles are three and two, not four and one.
        let rows = rows.min(n.div_ceil(columns));
        let columns = columns.min(n.div_ceil(rows));
        let each = (room + gap) / rows - gap;
        Plan { digits, columns, rows, tile: each, gap, agents: 0 }
    }

    /// How many tiles a page has.
    pub(super) fn tiles(&self) -> usize {
        usize::from(self.columns) * usize::from(self.rows)
    }

    /// Column, row and width of the tile in place `i` of a board of `width` columns.
    pub(super) fn place(&self, i: usize, width: u16) -> (u16, u16, u16) {
        let columns = self.columns.max(1);
        let i = u16::try_from(i).unwrap_or(u16::MAX);
        let (column, row) = (i % columns, i / columns);
        let each = (width + 1) / columns;
        (column * each, row.saturating_mul(self.tile + self.gap), each.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(campaigns: usize, agents: usize, width: u16, height: u16) -> (u16, u16, u16) {
        let p = Plan::of(campaigns, "00:00", agents, width, height);
        (p.digits, p.columns, p.rows)
    }

    #[test]
    fn figures_are_as_large_as_the_screen_allows() {
        assert_eq!(plan(6, 44, 199, 55), (7, 3, 2));
        assert_eq!(plan(4, 44, 119, 36), (7, 2, 2));
        assert_eq!(plan(4, 44, 79, 21), (5, 2, 2));
        assert_eq!(plan(6, 44, 79, 21), (3, 3, 2));
        assert_eq!(plan(1, 44, 79, 20), (7, 1, 1));
        assert_eq!(plan(2, 44, 199, 55), (14, 2, 1));
        assert_eq!(plan(40, 44, 199, 55), (3, 8, 5));
        assert_eq!(plan(4, 9, 299, 96), (21, 2, 2));
        assert_eq!(plan(4, 10, 40, 7).0, 1);
        assert_eq!(plan(0, 10, 79, 20), (1, 1, 0));
    }

    proptest! {
        #[test]
        fn tiles_and_agents_stay_within_the_board(campaigns in 0usize..300, agents in 0usize..3, w in 1u16..300, h in 1u16..100,
                                                  long in any::<bool>()) {
            let p = Plan::of(campaigns, if long { "1:02:03" } else { "00:00" }, agents, w, h);
            prop_assert!(campaigns == 0 || p.tiles() > 0);
            for i in 0..p.tiles() {
                let (x, y, width) = p.place(i, w);
                prop_assert!(x + width <= w && y + p.tile <= h - p.agents.min(h), "{p:?} {i}");
            }
        }
    }
}
