//! What is asked in one round trip is what would be asked one by one.

use super::*;
use crate::{
    domain::SystemClock,
    store::{Heard, Link},
};

#[test]
fn what_is_asked_together_is_what_is_asked_one_by_one() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let open = || PostgresStore::open(options.clone(), Arc::new(SystemClock::new())).unwrap();
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
    let open = || PostgresStore::open(options.clone(), Arc::new(SystemClock::new())).unwrap();
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
    writer.post("alerts", "x").unwrap();
    writer.lease(&me("w"), Duration::from_secs(9)).unwrap();
    assert_eq!(heard(&reader), Heard { documents: after.documents + 1, overview: after.overview + 1, ..after });
}
