//! What is asked in one round trip is what would be asked one by one.

use super::*;
use crate::store::{Heard, Link};

#[test]
fn what_is_asked_together_is_what_is_asked_one_by_one() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let open = || opened(options.clone()).unwrap();
    let (poller, other) = (open(), open());
    let (one, two, long) = (me("one"), me("two"), Duration::from_secs(600));
    let (x, y) = (Target::agent("x"), Target::campaign("y"));
    other.want(&two, &[(x.clone(), Attention::Listed)], long).unwrap();
    other.request_poll(&y).unwrap();
    let first = turn(&poller, &one, long).unwrap();
    assert!(first.lease.mine && !first.lease.claimed);
    assert_eq!(first.requested_polls, *std::slice::from_ref(&y));
    assert_eq!((&first.wanted, &first.governor), (&other.wanted().unwrap(), &other.governor().unwrap()));
    // Nothing new: the same wants, from here. Then others, of somebody who leaves again.
    let again = turn(&poller, &one, long).unwrap();
    assert_eq!((again.wanted, again.requested_polls), (first.wanted.clone(), vec![]));
    other.want(&me("three"), &[(x, Attention::Selected), (y, Attention::OnScreen)], long).unwrap();
    assert_eq!(turn(&poller, &one, long).unwrap().wanted, other.wanted().unwrap());
    other.leave(&me("three")).unwrap();
    assert_eq!(turn(&poller, &one, long).unwrap().wanted, first.wanted);
    assert!(!turn(&other, &two, long).unwrap().lease.mine);

    let status = Status::new(poller.now().stamp(), Link::Starting);
    poller.set_status(&status).unwrap();
    let seen = overview(&other).unwrap();
    assert_eq!(seen.status, Some(status));
    assert_eq!((&seen.poller, seen.usage), (&Some(one), other.usage().unwrap()));
    assert_eq!(seen.instances, other.instances().unwrap());
}

#[test]
fn a_notification_says_what_it_is_about() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let open = || opened(options.clone()).unwrap();
    let (writer, reader) = (open(), open());
    let heard = |reader: &PostgresStore| {
        // Whatever was written is heard before this is answered.
        reader.link.query("SELECT 1", vec![]).unwrap();
        reader.bundles().and_then(Bundles::heard).unwrap()
    };
    let before = heard(&reader);
    let at = writer.now().stamp();
    let target = Target::agent("a");
    writer
        .append(&[Reading { target: target.clone(), at, outcome: crate::domain::Outcome::NoCalls, name: None }])
        .unwrap();
    let after = heard(&reader);
    assert_eq!(after, Heard { readings: before.readings + 1, ..before });
    writer.want(&me("w"), &[(target, Attention::Listed)], Duration::from_secs(9)).unwrap();
    assert_eq!(heard(&reader), after, "nobody else has to look for that");
    writer.set_status(&Status::new(writer.now().stamp(), Link::Starting)).unwrap();
    let status = heard(&reader);
    assert_eq!(status, Heard { overview: after.overview + 1, ..after }, "nobody looks who polls for that");
    writer.post("alerts", "x").unwrap();
    writer.lease(&me("w"), Duration::from_secs(9)).unwrap();
    let then = heard(&reader);
    // Who takes the lease is noted in the log.
    assert_eq!(
        then,
        Heard {
            documents: status.documents + 1,
            overview: status.overview + 1,
            lease: status.lease + 1,
            events: status.events + 1,
            ..status
        }
    );
}

#[test]
fn a_list_that_is_wanted_again_need_not_come_again_and_is_not_lost() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let open = || opened(options.clone()).unwrap();
    let (here, other) = (open(), open());
    let (one, long) = (me("one"), Duration::from_secs(600));
    let list = vec![(Target::agent("x"), Attention::Listed)];
    let revision = || -> Option<i64> {
        let rows = other.link.query("SELECT revision FROM want WHERE instance = 'one'", vec![]).unwrap();
        rows.first().map(|row| row.get(0))
    };
    let until = || -> i64 {
        let rows = other.link.query("SELECT until - said FROM instance WHERE id = 'one'", vec![]).unwrap();
        rows[0].get(0)
    };
    here.want(&one, &list, long).unwrap();
    let first = revision();
    here.want(&one, &list, Duration::from_secs(60)).unwrap();
    assert_eq!((revision(), until()), (first, 60_000), "said again, and for another span");
    assert_eq!(other.wanted().unwrap(), list);
    // Forgotten by the server (it was away for longer than that): the whole list comes.
    other.link.query("DELETE FROM want", vec![]).unwrap();
    here.want(&one, &list, long).unwrap();
    assert_eq!(other.wanted().unwrap(), list);
    assert_ne!(revision(), first);
    // Another list is told, and so is the first one after leaving.
    let longer = vec![(Target::agent("x"), Attention::Selected), (Target::agent("y"), Attention::Listed)];
    here.want(&one, &longer, long).unwrap();
    assert_eq!(other.wanted().unwrap(), longer);
    here.leave(&one).unwrap();
    assert_eq!(other.wanted().unwrap(), []);
    here.want(&one, &longer, long).unwrap();
    assert_eq!(other.wanted().unwrap(), longer);
}
