//! Wants, requested polls, the lease, the status and events.

use std::sync::Arc;

use super::{Make, process, secs};
use crate::{
    domain::{Clock, Target},
    store::{Attention as A, Event, EventKind, Link, OtherClients, Role, Status, Store, Words},
};

pub(crate) fn wants_are_united_with_the_highest_attention(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (x, y, z) = (Target::agent("x"), Target::agent("y"), Target::campaign("x"));
    let (one, two) = (process("one", Role::Dashboard), process("two", Role::Serve));
    a.want(&one, &[(x.clone(), A::Listed), (y.clone(), A::Selected)], secs(10)).unwrap();
    b.want(&two, &[(x.clone(), A::OnScreen), (y.clone(), A::Listed), (z.clone(), A::Listed)], secs(10)).unwrap();
    let mut wanted = a.wanted().unwrap();
    wanted.sort();
    let mut expected = vec![(x, A::OnScreen), (y.clone(), A::Selected), (z, A::Listed)];
    expected.sort();
    assert_eq!(wanted, expected);
    let mut here = b.instances().unwrap();
    here.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(here, [one.clone(), two.clone()]);
    a.leave(&two).unwrap();
    assert_eq!(b.wanted().unwrap().len(), 2);
    assert_eq!(b.instances().unwrap(), [one]);
}

pub(crate) fn wants_expire_and_are_replaced(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let one = process("one", Role::Dashboard);
    let (x, y) = (Target::agent("x"), Target::agent("y"));
    store.want(&one, &[(x, A::Listed)], secs(10)).unwrap();
    world.advance(9);
    store.want(&one, &[(y.clone(), A::OnScreen)], secs(10)).unwrap();
    world.advance(9);
    world.clock.step_wall(-3_600_000);
    assert_eq!(store.wanted().unwrap(), [(y.clone(), A::OnScreen)]);
    store.want(&one, &[(y.clone(), A::OnScreen)], secs(10)).unwrap();
    world.advance(9);
    assert_eq!(store.wanted().unwrap(), [(y, A::OnScreen)]);
    world.advance(1);
    assert_eq!(store.wanted().unwrap(), []);
    assert_eq!(store.instances().unwrap(), []);
}

pub(crate) fn requested_polls_are_taken_once_in_order(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (x, y) = (Target::agent("x"), Target::agent("y"));
    assert_eq!(a.take_requested_polls().unwrap(), []);
    for t in [&y, &x, &y] {
        a.request_poll(t).unwrap();
    }
    assert_eq!(b.take_requested_polls().unwrap(), [y, x]);
    assert_eq!(a.take_requested_polls().unwrap(), []);
    for i in 0..1200 {
        a.request_poll(&Target::agent(i.to_string())).unwrap();
    }
    assert_eq!(b.take_requested_polls().unwrap().len(), 1000);
}

pub(crate) fn the_lease_has_one_holder_and_expires(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (one, two) = (process("one", Role::Dashboard), process("two", Role::Dashboard));
    assert_eq!(a.lease_holder().unwrap(), None);
    assert!(a.lease(&one, secs(10)).unwrap().mine);
    world.advance(9);
    let refused = b.lease(&two, secs(10)).unwrap();
    assert_eq!((refused.holder, refused.mine, refused.claimed), (one.clone(), false, false));
    assert!(a.lease(&one, secs(10)).unwrap().mine);
    world.advance(9);
    world.clock.step_wall(86_400_000);
    assert!(!b.lease(&two, secs(10)).unwrap().mine);
    assert_eq!(b.lease_holder().unwrap(), Some(one.clone()));
    assert!(b.instances().unwrap().contains(&one));
    world.advance(1);
    assert_eq!(b.lease_holder().unwrap(), None);
    assert!(b.lease(&two, secs(10)).unwrap().mine);
    // The first one was suspended, and wakes up in the belief that it polls.
    let woken = a.lease(&one, secs(10)).unwrap();
    assert_eq!((woken.holder, woken.mine), (two, false));
    let changes = a.events(secs(600)).unwrap();
    assert_eq!(changes.iter().filter(|e| e.kind == EventKind::Lease).count(), 2);
}

pub(crate) fn leaving_frees_the_lease_at_once(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let (one, two) = (process("one", Role::Dashboard), process("two", Role::Command));
    store.lease(&one, secs(10)).unwrap();
    store.leave(&two).unwrap();
    assert_eq!(store.lease_holder().unwrap(), Some(one.clone()));
    store.leave(&one).unwrap();
    assert_eq!(store.lease_holder().unwrap(), None);
    assert!(store.lease(&two, secs(10)).unwrap().mine);
}

pub(crate) fn a_serve_claims_the_lease_of_a_dashboard(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (dash, other) = (process("dash", Role::Dashboard), process("other", Role::Command));
    let (serve, second) = (process("serve", Role::Serve), process("second", Role::Serve));
    a.lease(&dash, secs(10)).unwrap();
    assert!(!a.lease(&dash, secs(10)).unwrap().claimed);
    let met = b.lease(&serve, secs(10)).unwrap();
    assert_eq!((met.mine, met.claimed), (false, true));
    let lease = a.lease(&dash, secs(10)).unwrap();
    assert_eq!((lease.mine, lease.claimed), (true, true));
    a.leave(&dash).unwrap();
    for who in [&other, &dash] {
        let lease = a.lease(who, secs(10)).unwrap();
        assert_eq!((lease.mine, lease.claimed), (false, true));
    }
    assert_eq!(a.lease_holder().unwrap(), None);
    let got = b.lease(&serve, secs(10)).unwrap();
    assert_eq!((got.mine, got.claimed), (true, false));
    // Between two that serve, who has it keeps it.
    let met = b.lease(&second, secs(10)).unwrap();
    assert_eq!((met.mine, met.claimed), (false, false));
    assert!(!b.lease(&serve, secs(10)).unwrap().claimed);
}

pub(crate) fn a_claim_is_forgotten_unless_renewed(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let (dash, serve) = (process("dash", Role::Dashboard), process("serve", Role::Serve));
    store.lease(&dash, secs(100)).unwrap();
    store.lease(&serve, secs(10)).unwrap();
    world.advance(6);
    store.lease(&serve, secs(10)).unwrap();
    world.advance(6);
    assert!(store.lease(&dash, secs(100)).unwrap().claimed);
    world.advance(5);
    assert!(!store.lease(&dash, secs(100)).unwrap().claimed);
    store.leave(&dash).unwrap();
    assert!(store.lease(&dash, secs(10)).unwrap().mine);
}

pub(crate) fn the_status_is_the_last_one_set(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    assert_eq!(a.status().unwrap(), None);
    let at = world.clock.now().stamp();
    let mut status = Status {
        rate: 44.5,
        targets: 48,
        sweep: secs(65),
        next: Some(Target::campaign("COLLECT-IN")),
        other_clients: Some(OtherClients {
            per_minute: Some(29.5),
            generated_every: Some(secs(300)),
            last_invalidated: None,
        }),
        ..Status::new(at.clone(), Link::Starting)
    };
    a.set_status(&status).unwrap();
    status.link = Link::Down { why: "no answer".into(), since: at.clone(), until: at };
    a.set_status(&status).unwrap();
    assert_eq!(b.status().unwrap(), Some(status));
}

pub(crate) fn events_are_kept_in_order_and_counted(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let note = |kind: EventKind, text: &str| {
        let event = Event { at: world.clock.now().stamp(), kind, who: "pid 7 (serve)".into(), text: text.into() };
        store.note(&event).unwrap();
        event
    };
    let early = note(EventKind::Throttled, "early");
    world.advance(1800);
    let late = note(EventKind::Throttled, "late");
    let link = note(EventKind::Link, "down");
    let reader: Arc<dyn Store> = world.view();
    assert_eq!(reader.events(secs(3600)).unwrap(), [early, late.clone(), link.clone()]);
    let published = Status::new(
        late.at.clone(),
        Link::Down { why: "x\u{7}".into(), since: late.at.clone(), until: late.at.clone() },
    );
    let at = world.clock.now().stamp();
    let text = Words::of_status(&published);
    store.note(&Event { at, kind: EventKind::Status, who: "pid 7 (serve)".into(), text }).unwrap();
    let past = reader.past_events(late.at.wall).unwrap();
    assert_eq!(past[..2], [late.clone(), link.clone()]);
    let told = past[2].text.status().unwrap();
    assert_eq!(told.since, published.since);
    assert_eq!((past.len(), told.link.sentence()), (3, "the service does not answer: x\u{fffd}".to_owned()));
    assert_eq!(reader.events(secs(1799)).unwrap(), [late, link]);
    assert_eq!(reader.usage().unwrap().throttled_1h, 2);
    world.advance(1801);
    assert_eq!(reader.usage().unwrap().throttled_1h, 1);
    note(EventKind::Store, "bell \u{7} rings");
    assert!(!reader.events(secs(5)).unwrap()[0].text.to_string().contains('\u{7}'));
    for i in 0..1100 {
        note(EventKind::Target, &i.to_string());
    }
    let newest = reader.events(secs(5)).unwrap();
    assert_eq!((newest.len(), &*newest[999].text.to_string()), (1000, "1099"));
}

pub(crate) fn a_lease_given_back_leaves_the_wants(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let (one, two) = (process("one", Role::Dashboard), process("two", Role::Serve));
    store.want(&one, &[(Target::agent("x"), A::Listed)], secs(30)).unwrap();
    store.lease(&one, secs(10)).unwrap();
    store.release(&two).unwrap();
    assert_eq!(store.lease_holder().unwrap(), Some(one.clone()));
    store.release(&one).unwrap();
    assert_eq!(store.lease_holder().unwrap(), None);
    assert_eq!(store.wanted().unwrap().len(), 1);
}
