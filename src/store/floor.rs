//! Who is watched where that is whoever is logged in. Pure but for the reading of the store.
//!
//! Nobody vanishes with one list: who is not logged in any more stays for two hours, and for as long as there is a value.
//! So an empty list, or one that is late, changes nothing at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Presence, Store, StoreError, presence::rows_and_presence};
use crate::{
    config::{Floor, Watched},
    domain::{AHT_WINDOW, Kind, Now, Row, Target},
};

/// Who is watched now, and how many that leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnFloor {
    /// Their ids, in order.
    pub agents: Vec<Arc<str>>,
    /// How many are logged in.
    pub logged_in: usize,
    /// Of these, how many are not watched: there are too many.
    pub left_out: usize,
}

/// Who is watched by the last list and what is known of `rows`: at most `most`. Where there are too many, who is logged in
/// has precedence, and of these who is watched already.
pub fn on_floor(presence: Option<&Presence>, rows: &BTreeMap<Target, Row>, most: usize, now: &Now) -> OnFloor {
    let Some(presence) = presence else { return OnFloor::default() };
    let mut ranked: Vec<(u8, &Arc<str>)> = Vec::new();
    for (id, out_for) in presence.agents(now) {
        let row = rows.get(&Target::agent(id.clone()));
        // No call can be in the window of a value that is older than the window.
        let read = row.filter(|row| row.age(now).is_some_and(|age| age < AHT_WINDOW));
        let value = read.is_some_and(|row| row.aht().is_some());
        match out_for {
            None => ranked.push((u8::from(read.is_none()), id)),
            Some(_) if value => ranked.push((2, id)),
            Some(out_for) if out_for < AHT_WINDOW => ranked.push((3, id)),
            Some(_) => {}
        }
    }
    ranked.sort_unstable();
    let logged_in = ranked.partition_point(|(rank, _)| *rank < 2);
    ranked.truncate(most);
    let mut agents: Vec<Arc<str>> = ranked.into_iter().map(|(_, id)| id.clone()).collect();
    agents.sort_unstable();
    OnFloor { agents, logged_in, left_out: logged_in.saturating_sub(most) }
}

/// `watched` with the agents of `on` instead of its own; `None`: they are the same.
pub fn with_agents(watched: &[Watched], floor: &Floor, on: &OnFloor) -> Option<Vec<Watched>> {
    let (agents, others): (Vec<&Watched>, Vec<&Watched>) = watched.iter().partition(|w| w.target.kind == Kind::Agent);
    if agents.iter().map(|w| &w.target.id).eq(&on.agents) {
        return None;
    }
    Some(others.into_iter().cloned().chain(on.agents.iter().map(|id| floor.watched(id))).collect())
}

/// Both in one: `watched` as it is by the last list and what is known of `rows`; `None`: as before.
pub fn settled(
    watched: &[Watched],
    floor: &Floor,
    presence: Option<&Presence>,
    rows: &BTreeMap<Target, Row>,
    now: &Now,
) -> Option<Vec<Watched>> {
    with_agents(watched, floor, &on_floor(presence, rows, floor.max_agents, now))
}

/// All that is watched now on `store`, with the agents of the floor, where there is one.
pub fn watched_now(store: &dyn Store, watch: &[Watched], floor: Option<&Floor>) -> Result<Vec<Watched>, StoreError> {
    let Some(floor) = floor else { return Ok(watch.to_vec()) };
    let (rows, presence) = rows_and_presence(store, Duration::ZERO)?;
    let settled = settled(watch, floor, presence.as_ref(), &rows, &store.now());
    Ok(settled.unwrap_or_else(|| watch.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::floor_of,
        domain::{Aht, Clock, LoggedIn, ManualClock, Outcome, Reading, record},
        store::{SqliteStore, write_presence},
    };

    const MINUTE: Duration = Duration::from_secs(60);
    const VALUE: Outcome = Outcome::Value(Aht::from_secs(200));

    /// Lists and readings at their times.
    struct Told {
        clock: ManualClock,
        presence: Presence,
        rows: BTreeMap<Target, Row>,
    }

    impl Told {
        fn new() -> Self {
            let clock = ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
            Told { clock, presence: Presence::default(), rows: BTreeMap::new() }
        }

        fn minutes(&self, n: u32) -> &Self {
            self.clock.advance(MINUTE * n);
            self
        }

        fn listed(&mut self, ids: &[&str]) -> &mut Self {
            let agents = ids.iter().map(|id| LoggedIn { id: (*id).into(), name: None, state: None }).collect();
            self.presence = std::mem::take(&mut self.presence).listed(agents, true, MINUTE, &self.clock.now());
            self
        }

        fn read(&mut self, id: &str, outcome: Outcome) -> &mut Self {
            let reading = Reading { target: Target::agent(id), at: self.clock.now().stamp(), outcome, name: None };
            record(&mut self.rows, &reading, &self.clock.now());
            self
        }

        fn on(&self, most: usize) -> OnFloor {
            on_floor(Some(&self.presence), &self.rows, most, &self.clock.now())
        }

        fn ids(&self, most: usize) -> String {
            self.on(most).agents.join(" ")
        }
    }

    #[test]
    fn without_a_list_nobody_is_watched() {
        assert_eq!(on_floor(None, &BTreeMap::new(), 9, &Told::new().clock.now()), OnFloor::default());
        assert_eq!(Told::new().ids(9), "");
        // What is stored of somebody who was never listed makes nobody watched.
        assert_eq!(Told::new().read("a", VALUE).ids(9), "");
    }

    #[test]
    fn who_logs_in_comes_and_who_is_out_for_two_hours_without_a_value_goes() {
        let mut told = Told::new();
        told.listed(&["a", "b", "c"]).read("b", VALUE).read("c", Outcome::NoCalls);
        assert_eq!(told.ids(9), "a b c");
        told.minutes(1);
        told.listed(&["a", "d"]);
        assert_eq!(told.ids(9), "a b c d");
        told.minutes(119);
        // The value was read again meanwhile.
        told.listed(&["a", "d"]).read("b", VALUE);
        assert_eq!(told.ids(9), "a b c d");
        told.minutes(1);
        assert_eq!(told.ids(9), "a b d");
        told.read("b", Outcome::NoCalls);
        assert_eq!(told.ids(9), "a d");
        // Whoever comes back is there at once.
        assert_eq!(told.listed(&["a", "c"]).ids(9), "a c d");
    }

    #[test]
    fn a_value_that_nobody_has_read_for_two_hours_keeps_nobody() {
        let mut told = Told::new();
        told.listed(&["a"]).read("a", VALUE).listed(&[]);
        told.minutes(119);
        assert_eq!(told.ids(9), "a");
        told.minutes(1);
        assert_eq!(told.ids(9), "");
    }

    #[test]
    fn a_list_that_is_empty_late_or_does_not_come_takes_nobody_away_at_once() {
        let mut told = Told::new();
        told.listed(&["a", "b"]).minutes(1);
        assert_eq!(told.listed(&[]).ids(9), "a b");
        told.minutes(1);
        assert_eq!(told.listed(&["a", "b"]).ids(9), "a b");
        // While no list comes at all, the last one holds for a day.
        told.minutes(23 * 60);
        assert_eq!(told.ids(9), "a b");
        told.minutes(60);
        assert_eq!(told.ids(9), "");
    }

    #[test]
    fn the_first_list_of_the_morning_takes_the_evenings_agents_away() {
        let mut told = Told::new();
        told.listed(&["a", "b"]).read("b", VALUE).minutes(14 * 60);
        assert_eq!(told.listed(&["b", "c"]).ids(9), "b c");
    }

    #[test]
    fn where_there_are_too_many_those_who_are_watched_stay_and_who_is_out_gives_way() {
        let mut told = Told::new();
        told.listed(&["a", "c", "d"]).read("c", VALUE).read("d", Outcome::NoCalls);
        assert_eq!(told.on(9).left_out, 0);
        assert_eq!((told.ids(2), told.on(2).logged_in, told.on(2).left_out), ("c d".into(), 3, 1));
        // Of those who are out, who has a value.
        told.listed(&[]);
        assert_eq!((told.ids(1), told.on(1).left_out), ("c".into(), 0));
        told.listed(&["d", "e"]);
        assert_eq!((told.ids(2), told.ids(3), told.on(2).left_out), ("d e".into(), "c d e".into(), 0));
    }

    #[test]
    fn the_store_tells_what_is_watched_with_the_labels_of_the_configuration() {
        let text = "[bands]\ntarget = \"4:00\"\n[[agent]]\nid = \"Asha\"\nlabel = \"A.\"\n[[agent]]\nid = \"gone\"\n";
        let (floor, target) = (floor_of(text), Some(Aht::from_secs(240)));
        let campaign = Watched { target: Target::campaign("X"), ..floor.watched(&"x".into()) };
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        let store = SqliteStore::memory(clock.clone()).unwrap();
        let now = || {
            let watched = watched_now(&store, std::slice::from_ref(&campaign), Some(&floor)).unwrap();
            watched.iter().map(|w| (w.target.id.to_string(), w.label.clone(), w.band.target)).collect::<Vec<_>>()
        };
        assert_eq!(now(), [("X".into(), None, target)]);
        let agents = ["asha", "b"].map(|id| LoggedIn { id: id.into(), name: None, state: None });
        let presence = Presence::default().listed(agents.to_vec(), true, MINUTE, &clock.now());
        write_presence(&store, &presence, &mut 0).unwrap();
        let row = |id: &str, label: Option<&str>| (id.to_owned(), label.map(Arc::from), target);
        assert_eq!(now(), [row("X", None), row("asha", Some("A.")), row("b", None)]);
    }
}
