//! What the regions share of one frame, made once: the lines of both tables, the banners, and the moment it is drawn for.

use std::time::Duration;

use super::{cells, words::board as words};
use crate::{
    alert::Alert,
    app::{
        Banner, Data, Item, Line, REPLAY, RowState, State, banners, filter, groups,
        rows::{self, Median},
        tables, text, wall,
    },
    domain::{EventTime, Kind, Now, Problem, SILENT_AFTER, Severity},
    store::Link,
};

/// One frame's worth of views of the state.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// The live state: view, selection, sort, filter, overlay.
    pub state: &'a State,
    /// Where the data come from: the frozen ones, or the live ones.
    pub data: &'a Data,
    /// The moment that clocks and ages are drawn for.
    pub now: Now,
    /// From which age on a reading is stale.
    pub stale_after: Duration,
    /// Worst first.
    pub banners: Vec<Banner>,
    /// Those that the filter of their view lets through.
    pub alerts: Vec<&'a Alert>,
    campaigns: Lines<'a>,
    agents: Lines<'a>,
}

/// The lines of a table.
#[derive(Debug)]
struct Lines<'a> {
    /// In the order of the configuration.
    all: Vec<Line<'a>>,
    /// Filtered and in order.
    shown: Vec<Line<'a>>,
    /// The same with the headings of sections.
    items: Vec<Item<'a>>,
}

impl<'a> Lines<'a> {
    fn of(state: &'a State, kind: Kind) -> Self {
        let all: Vec<Line<'a>> = rows::all_lines(state, kind).collect();
        let shown = tables::chosen(state, kind, all.iter().copied());
        let items = groups::items_of(state, kind, &shown);
        Lines { all, shown, items }
    }
}

impl<'a> Scene<'a> {
    /// The moment of this `age`, as a clock shows it.
    pub(super) fn moment_ago(&self, age: Duration) -> String {
        let at = self.now.wall.checked_sub(age).unwrap_or(self.now.wall);
        text::moment(at, self.now.wall, &self.state.config.zone)
    }

    /// The views of `state`.
    pub(super) fn of(state: &'a State) -> Self {
        Scene {
            state,
            data: state.shown(),
            now: rows::shown_now(state),
            stale_after: rows::stale_after(state),
            banners: banners(state),
            alerts: filter::listed(state),
            campaigns: Lines::of(state, Kind::Campaign),
            agents: Lines::of(state, Kind::Agent),
        }
    }

    fn of_kind(&self, kind: Kind) -> &Lines<'a> {
        match kind {
            Kind::Campaign => &self.campaigns,
            Kind::Agent => &self.agents,
        }
    }

    /// The lines of a table, filtered and in order.
    pub(super) fn lines(&self, kind: Kind) -> &[Line<'a>] {
        &self.of_kind(kind).shown
    }

    /// All lines of `kind` in the order of the configuration, whatever the filter.
    pub(super) fn all(&self, kind: Kind) -> &[Line<'a>] {
        &self.of_kind(kind).all
    }

    /// The lines of a table with the headings of its sections.
    pub(super) fn items(&self, kind: Kind) -> &[Item<'a>] {
        &self.of_kind(kind).items
    }

    /// How many lines the table of `kind` has without its filter.
    pub(super) fn whole(&self, kind: Kind) -> usize {
        tables::whole(self.state, kind, self.all(kind).iter().copied())
    }

    /// The lines of `kind` on the wallboard.
    pub(super) fn on_wall(&self, kind: Kind) -> Vec<Line<'a>> {
        wall::lines(kind, self.all(kind).iter().copied())
    }

    /// The tiles of the wallboard.
    pub(super) fn tiles(&self) -> Vec<wall::Tile<'a>> {
        wall::tiles_of(self.state, self.all(Kind::Campaign), self.all(Kind::Agent))
    }

    /// The median of the agents' averages.
    pub(super) fn median_of_agents(&self) -> Option<Median> {
        rows::median(self.all(Kind::Agent).iter().copied(), rows::out_for(self.state))
    }

    /// How many targets of `kind` are watched, whatever the filter.
    pub(super) fn watched(&self, kind: Kind) -> usize {
        self.state.config.watched.iter().filter(|w| w.target.kind == kind).count()
    }

    /// The line that the detail is about, see [`tables::detailed`].
    pub(super) fn selected(&self) -> Option<Line<'a>> {
        tables::detailed(self.state, |kind| self.lines(kind).first().copied())
    }

    /// The state of the link in a word, how long it lasts or has lasted, and whether it is as it should be.
    pub(super) fn link(&self) -> (&'static str, Option<Duration>, bool) {
        let starting = (words::CONNECTING, None, true);
        let begins = self.is_beginning();
        let Some(status) = &self.data.status else {
            return if begins { starting } else { (words::NOT_CHECKED, None, false) };
        };
        let silence = status.at.age(&self.now);
        if silence >= SILENT_AFTER {
            return if begins { starting } else { (label(Problem::Silent), Some(silence), false) };
        }
        let span = match &status.link {
            // After a short break nothing is due yet, and all that is shown is as fresh as it should be.
            Link::Starting if self.is_all_fresh() => return (words::LIVE, None, true),
            Link::Starting if status.since.age(&self.now) < SILENT_AFTER => return starting,
            Link::Starting | Link::Live | Link::Credentials { .. } | Link::Closed { until: None } => None,
            Link::Closed { until: Some(until) }
            | Link::Throttled { until }
            | Link::TokenWait { until, .. }
            | Link::TokenCeiling { until } => Some(self.left(until)),
            Link::Down { since, .. } => Some(since.age(&self.now)),
        };
        match status.link.problem() {
            Some(problem) => (label(problem), span, problem.severity() == Severity::Info),
            None if status.link == Link::Live => (words::LIVE, span, true),
            None => (words::WAITING, span, false),
        }
    }

    /// True soon after the start: what did not answer yet may be on its way.
    pub(super) fn is_beginning(&self) -> bool {
        self.state.config.mode != Some(REPLAY) && self.state.started.stamp().age(&self.now) < SILENT_AFTER
    }

    /// True where the service does not answer: nothing new is known, and the figures are those of before.
    pub(super) fn is_out(&self) -> bool {
        rows::out_for(self.state).is_some()
    }

    /// True where the figures of `line` are none of now: they are old, or the service does not answer.
    pub(super) fn is_faded(&self, line: &Line<'_>) -> bool {
        cells::is_old(line.state) || self.is_out()
    }

    /// The same of a median.
    pub(super) fn is_past(&self, median: &Median) -> bool {
        median.age.is_some() || self.is_out()
    }

    fn is_all_fresh(&self) -> bool {
        let mut known = Kind::ALL.into_iter().flat_map(|kind| self.all(kind)).filter(|l| !l.is_unknown_id()).peekable();
        known.peek().is_some() && known.all(|l| l.is_fresh())
    }

    /// How long it is until `stamp`; zero once it is over.
    pub(super) fn left(&self, stamp: &EventTime) -> Duration {
        if stamp.boot == self.now.boot {
            return stamp.mono.since(self.now.mono);
        }
        let ms = stamp.wall.as_millisecond().saturating_sub(self.now.wall.as_millisecond());
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}

/// What a problem of the link is called in the header.
fn label(problem: Problem) -> &'static str {
    problem.spec().link.map_or("", |words| words.label)
}

/// A state and how many rows are in it, as the counts and the small screen say it: `▲▲ HIGH 1`.
pub(super) fn counted(glyph: &str, state: RowState, n: usize) -> String {
    let glyph = glyph.trim_end();
    let gap = if glyph.is_empty() { "" } else { " " };
    format!("{glyph}{gap}{} {n}", state.word())
}
