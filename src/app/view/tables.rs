//! The tables as they are shown: which rows, in which order, under which headings.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    filter::Words,
    groups::{self, Item, in_sections, items_of},
    names,
    rows::{all_lines, line},
};
use crate::{
    app::model::{Line, RowOrder, Sort, State, View},
    config::Names,
    domain::Kind,
};

/// The rows of the table of `kind` that pass the filter, in the order of the sort.
pub fn lines(state: &State, kind: Kind) -> Vec<Line<'_>> {
    chosen(state, kind, all_lines(state, kind))
}

/// Of `all` rows of a table those that the filter lets through, in the order of the table.
pub fn chosen<'a>(state: &State, kind: Kind, all: impl Iterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let words = Words::of(state.navigation.filter.text.value());
    let mut lines: Vec<Line<'a>> = unfolded(state, kind, all).filter(|l| words.accept(l)).collect();
    let names = names::order(state);
    lines.sort_by(|a, b| order(a, b, state.preferences.sort, names));
    if in_sections(state, kind) {
        let groups = groups::order(&state.config.watched);
        // Those without a group come last; within a section the order holds.
        let place = |l: &Line<'_>| l.group().and_then(|g| groups.iter().position(|o| ***o == *g)).unwrap_or(usize::MAX);
        lines.sort_by_cached_key(place);
    }
    lines
}

/// Of `all` rows of a table those that are not folded away.
fn unfolded<'a>(state: &State, kind: Kind, all: impl Iterator<Item = Line<'a>>) -> impl Iterator<Item = Line<'a>> {
    let folds = state.preferences.fold_logged_out && kind == Kind::Agent;
    all.filter(move |l| !(folds && is_folded(l)))
}

/// How many lines the table of `kind` has with its headings, whatever the filter leaves of `all` its rows.
pub fn whole<'a>(state: &State, kind: Kind, all: impl Iterator<Item = Line<'a>>) -> usize {
    let lines = unfolded(state, kind, all);
    if !in_sections(state, kind) {
        return lines.count();
    }
    let mut groups = BTreeSet::new();
    lines.inspect(|line| _ = groups.insert(line.group())).count() + groups.len()
}

/// True for an agent who is known to be logged out. Who is outside the band stays: nobody would look for that elsewhere.
/// What is too old to go by folds nobody.
fn is_folded(line: &Line<'_>) -> bool {
    line.login.is_some_and(|login| !login.is_in() && !login.stale) && !line.is_outside()
}

/// The lines of the table of `kind` from above, with the headings of sections.
pub fn items(state: &State, kind: Kind) -> Vec<Item<'_>> {
    items_of(state, kind, &lines(state, kind))
}

/// The line that the detail is about: the selected one, also where the filter hides it, else of the `first` ones of the
/// tables the one that deserves a look most.
pub fn detailed<'a>(state: &'a State, first: impl Fn(Kind) -> Option<Line<'a>>) -> Option<Line<'a>> {
    match state.navigation.selected.get(&state.navigation.focus) {
        Some(target) => line(state, target),
        // The tables have their worst row first, unless they are sorted otherwise.
        None => tables(state)
            .into_iter()
            .filter_map(first)
            .reduce(|a, b| if b.state.rank() < a.state.rank() { b } else { a }),
    }
}

/// The rows of the view that the chart compares; none where fewer than two are marked, and in the list of alerts, where the
/// chart is about the alert.
pub fn compared(state: &State) -> Vec<Line<'_>> {
    let shown = if state.lists_alerts() { Vec::new() } else { tables(state) };
    let marked = state.navigation.marked.iter().filter(|target| shown.contains(&target.kind));
    let lines: Vec<Line<'_>> = marked.filter_map(|target| line(state, target)).collect();
    if lines.len() < 2 { Vec::new() } else { lines }
}

/// Rows without a value come last in both directions; equals are ordered by name, then id.
fn order(a: &Line<'_>, b: &Line<'_>, Sort { column, reverse }: Sort, names: Names) -> Ordering {
    let by_name = |a: &Line<'_>, b: &Line<'_>| match (names, a.target().kind) {
        // An order by names tells of them: those that are hidden keep the order of the configuration.
        (Names::Hidden, Kind::Agent) => Ordering::Equal,
        (Names::Id, Kind::Agent) => folded(&a.target().id, &b.target().id).then_with(|| a.target().cmp(b.target())),
        _ => folded(a.name(), b.name()).then_with(|| a.target().cmp(b.target())),
    };
    let first = match column.spec().order {
        RowOrder::Attention => by(
            a.aht.map(|_| (a.state.rank(), size(a.deviation))),
            b.aht.map(|_| (b.state.rank(), size(b.deviation))),
            reverse,
            |x, y| x.0.cmp(&y.0).then(y.1.total_cmp(&x.1)),
        ),
        RowOrder::Name => by(Some(a), Some(b), reverse, |x, y| by_name(x, y)),
        RowOrder::Text(text) => by(text(a), text(b), reverse, |x, y| folded(x, y)),
        RowOrder::Number(number) => by(number(a), number(b), reverse, |x, y| y.total_cmp(x)),
    };
    first.then_with(|| a.state.rank().cmp(&b.state.rank())).then_with(|| by_name(a, b))
}

fn by<T>(a: Option<T>, b: Option<T>, reverse: bool, cmp: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let ordering = cmp(&a, &b);
            if reverse { ordering.reverse() } else { ordering }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn size(deviation: Option<f64>) -> f64 {
    deviation.map_or(-1.0, f64::abs)
}

fn folded(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

/// The tables that the view shows, from above.
pub fn tables(state: &State) -> Vec<Kind> {
    let has = |kind| state.config.watched.iter().any(|w| w.target.kind == kind);
    match state.navigation.view {
        View::Overview | View::Alerts => Kind::ALL.into_iter().filter(|k| has(*k)).collect(),
        View::Agents => vec![Kind::Agent],
        View::Campaigns => vec![Kind::Campaign],
        View::Budget | View::Log => Vec::new(),
    }
}

/// The kinds that counts and ages are about: those of the view's tables, and where it has none all that are watched.
pub fn concerned(state: &State) -> Vec<Kind> {
    let tables = tables(state);
    if tables.is_empty() {
        let has = |kind: &Kind| state.config.watched.iter().any(|w| w.target.kind == *kind);
        return Kind::ALL.into_iter().filter(has).collect();
    }
    tables
}
