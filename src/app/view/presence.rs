//! Who is logged in, in words.

use jiff::tz::TimeZone;

use super::text::{brief, moment};
use crate::{
    domain::{Now, plural},
    store::{Presence, Standing},
};

/// How the account answers who asks who is logged in, in a sentence; true where that is worth a look.
pub fn sentence(presence: Option<&Presence>, now: &Now, zone: &TimeZone) -> (String, bool) {
    let Some(presence) = presence else { return ("not asked yet".into(), false) };
    let list = presence.picture.as_ref().map(|picture| {
        let old = if picture.is_stale(now) { ", too old to go by" } else { "" };
        format!("{} logged in, told {} ago{old}", plural(picture.agents.len(), "agent"), brief(picture.age(now)))
    });
    match &presence.standing {
        Standing::Unknown => ("not asked yet".into(), false),
        Standing::Listed => {
            let stale = presence.picture.as_ref().is_none_or(|picture| picture.is_stale(now));
            (list.unwrap_or_else(|| "not asked yet".into()), stale)
        }
        Standing::Refused { why, until } => {
            let at = moment(until.wall, until.wall, zone);
            (format!("the account does not list who is logged in ({why}); next check at {at}"), false)
        }
        Standing::Failing { why, .. } => {
            let last = list.map(|list| format!("; last: {list}")).unwrap_or_default();
            (format!("no list of who is logged in ({why}){last}"), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, LoggedIn, ManualClock};
    use std::time::Duration;

    #[test]
    fn each_standing_has_its_sentence() {
        let clock = ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
        let say = |presence: &Presence, clock: &ManualClock| sentence(Some(presence), &clock.now(), &TimeZone::UTC);
        assert_eq!(sentence(None, &clock.now(), &TimeZone::UTC), ("not asked yet".into(), false));
        let agent = LoggedIn { id: "a".into(), name: None, state: None };
        let minute = Duration::from_secs(60);
        let listed = Presence::default().listed(vec![agent], true, minute, &clock.now());
        clock.advance(minute);
        assert_eq!(say(&listed, &clock), ("1 agent logged in, told 1m ago".into(), false));
        let failing = Standing::Failing { why: "HTTP 500".into(), since: clock.now().stamp() };
        let failing = listed.clone().with(failing);
        clock.advance(minute * 2);
        let (text, look) = say(&failing, &clock);
        assert_eq!(
            (text.as_str(), look),
            ("no list of who is logged in (HTTP 500); last: 1 agent logged in, told 3m ago, too old to go by", true)
        );
        assert!(say(&listed, &clock).1);
        let until = clock.now().after(Duration::from_secs(86_400));
        let refused = Presence::default().with(Standing::Refused { why: "HTTP 401".into(), until });
        let (text, look) = say(&refused, &clock);
        assert!(text.contains("(HTTP 401); next check at 09:03") && !look, "{text}");
    }
}
