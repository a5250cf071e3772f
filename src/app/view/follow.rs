//! A viewer without targets of its own shows all that the store has, and what appears there later.

use crate::{
    config::Watched,
    domain::{Band, Now, Row, Target},
};

/// What nobody has read for so long is of the past: it is shown again when somebody reads it.
const FORGOTTEN: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Most targets that are shown.
pub(crate) const MOST: usize = 10_000;

/// The list of what `rows` hold: campaigns first, each by id.
pub fn watch_list<'a>(rows: impl IntoIterator<Item = &'a Row>, now: &Now) -> Vec<Watched> {
    let mut list: Vec<Watched> = rows.into_iter().filter(|row| is_present(row, now)).map(watched).collect();
    list.sort_by(|a, b| order(a).cmp(&order(b)));
    list.truncate(MOST);
    list
}

pub(crate) fn is_present(row: &Row, now: &Now) -> bool {
    row.last.as_ref().is_some_and(|(_, at)| at.age(now) < FORGOTTEN)
}

/// [`Watched::origin`] of what no configuration of ours names.
pub(super) const ORIGIN: &str = "the store";

pub(crate) fn watched(row: &Row) -> Watched {
    let origin = ORIGIN.into();
    Watched { target: row.target.clone(), label: None, groups: Vec::new(), band: Band::default(), origin }
}

pub(crate) fn order(watched: &Watched) -> (bool, &Target) {
    (watched.target.kind == crate::domain::Kind::Agent, &watched.target)
}
