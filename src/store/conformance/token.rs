//! Mintings: one at a time, spaced, bounded.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Make, World, process, secs};
use crate::store::{EventKind, MintAnswer, MintAsk, MintEnd, MintTicket, Role, Store};

fn ask(unfit: Option<u64>) -> MintAsk {
    MintAsk { unfit, gaps: [0, 60, 300, 900].map(secs).to_vec(), lock: secs(30) }
}

fn begin(store: &dyn Store, unfit: Option<u64>) -> MintAnswer {
    store.mint_begin(&process("one", Role::Serve), &ask(unfit)).unwrap()
}

fn go(store: &dyn Store, unfit: Option<u64>) -> MintTicket {
    match begin(store, unfit) {
        MintAnswer::Go(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn wait(store: &dyn Store, unfit: Option<u64>) -> (&'static str, Duration) {
    match begin(store, unfit) {
        MintAnswer::Busy(d) => ("busy", d),
        MintAnswer::BackOff(d) => ("back off", d),
        MintAnswer::Ceiling(d) => ("ceiling", d),
        other => panic!("{other:?}"),
    }
}

fn end(store: &dyn Store, ticket: MintTicket, secret: &str) {
    store.mint_end(ticket, &MintEnd::Minted { secret: secret.into(), life: secs(3600) }).unwrap();
}

fn mint(world: &World, store: &dyn Store, unfit: Option<u64>, secret: &str) {
    let ticket = go(store, unfit);
    world.advance(1);
    end(store, ticket, secret);
}

pub(crate) fn one_mints_and_the_others_use_it(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    assert!(a.token().unwrap().is_none());
    let ticket = go(&*a, None);
    world.advance(2);
    assert_eq!(wait(&*b, None), ("busy", secs(28)));
    end(&*a, ticket, "s1");
    let MintAnswer::Use(token) = begin(&*b, None) else { panic!("not used") };
    assert_eq!((token.secret.expose_secret(), token.generation, token.life), ("s1", 1, secs(3600)));
    world.advance(3300);
    assert_eq!(token.remaining(&b.now()), secs(300));
    // Near its end: the first asker may renew it, and whoever found the old one unfit then gets the new one.
    mint(&world, &*a, Some(1), "s2");
    assert!(matches!(begin(&*b, Some(1)), MintAnswer::Use(t) if t.generation == 2));
    assert!(matches!(begin(&*b, Some(2)), MintAnswer::BackOff(_)));
    assert_eq!(b.usage().unwrap().minted_1h, 2);
    world.advance(3600);
    let over = b.token().unwrap().unwrap();
    assert_eq!((over.generation, over.remaining(&b.now())), (2, Duration::ZERO));
    assert!(matches!(begin(&*b, None), MintAnswer::Go(_) | MintAnswer::BackOff(_)));
}

pub(crate) fn a_minting_that_never_ends_is_given_up(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    go(&*a, None);
    world.clock.step_wall(-3_600_000);
    world.advance(29);
    assert_eq!(wait(&*b, None), ("busy", secs(1)));
    world.advance(1);
    mint(&world, &*b, None, "s");
    assert_eq!(b.usage().unwrap().minted_1h, 2);
    assert_eq!(b.token().unwrap().unwrap().generation, 1);
}

pub(crate) fn mintings_that_are_given_up_count_and_are_spaced_a_step_less(make: Make<'_>) {
    let world = make();
    let store = world.view();
    for (n, gap) in [0, 0, 60, 300].into_iter().enumerate() {
        if gap > 0 {
            assert_eq!(wait(&*store, None), ("back off", secs(gap)));
            world.advance(gap);
        }
        go(&*store, None);
        assert_eq!(store.usage().unwrap().minted_1h as usize, n + 1);
        assert_eq!(wait(&*store, None), ("busy", secs(30)));
        world.advance(30);
    }
    assert_eq!(wait(&*store, None).0, "ceiling");
}

pub(crate) fn mintings_keep_their_gaps_and_their_ceiling(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let me = process("one", Role::Serve);
    for (n, gap) in [0, 60, 300, 900].into_iter().enumerate() {
        if gap > 0 {
            assert_eq!(wait(&*store, None), ("back off", secs(gap)));
            world.advance(gap - 1);
            assert_eq!(wait(&*store, None), ("back off", secs(1)));
            world.advance(1);
        }
        // Failures count like successes.
        let ticket = go(&*store, None);
        store.mint_end(ticket, &MintEnd::Failed).unwrap();
        assert_eq!(store.usage().unwrap().minted_1h as usize, n + 1);
    }
    let (why, d) = wait(&*store, None);
    assert_eq!(why, "ceiling");
    assert!(d > secs(3600 - 1260) && d <= secs(3600 - 1260 + 1), "{d:?}");
    world.clock.advance(d - Duration::from_millis(1));
    assert_eq!(wait(&*store, None), ("ceiling", Duration::from_millis(1)));
    world.clock.advance(Duration::from_millis(1));
    go(&*store, None);
    let none = MintAsk { unfit: None, gaps: vec![], lock: secs(30) };
    world.advance(31);
    assert!(matches!(store.mint_begin(&me, &none).unwrap(), MintAnswer::Ceiling(d) if d > Duration::ZERO));
}

pub(crate) fn a_late_end_does_not_replace_a_newer_token(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let slow = go(&*a, None);
    world.advance(90);
    mint(&world, &*b, None, "new");
    end(&*a, slow, "old");
    let token = a.token().unwrap().unwrap();
    assert_eq!((token.secret.expose_secret(), token.generation), ("new", 1));
    // A ticket that nobody knows brings a token all the same: it was minted.
    end(&*a, MintTicket(42), "unknown");
    assert_eq!(b.token().unwrap().unwrap().generation, 2);
    end(&*a, MintTicket(42), "again");
    assert_eq!(b.token().unwrap().unwrap().secret.expose_secret(), "unknown");
    assert_eq!(b.usage().unwrap().minted_1h, 3);
}

pub(crate) fn a_death_is_recorded_once(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (one, two) = (process("one", Role::Serve), process("two", Role::Dashboard));
    mint(&world, &*a, None, "s1");
    world.advance(723);
    assert!(a.token_died(1, &one).unwrap());
    assert!(b.token_died(1, &two).unwrap());
    assert!(b.token().unwrap().is_none());
    assert_eq!(b.usage().unwrap().token_deaths_1h, 1);
    let events = b.events(secs(60)).unwrap();
    let death = events.iter().find(|e| e.kind == EventKind::TokenDied).unwrap();
    let text = death.text.to_string();
    assert!(text.contains("12 min 3 s") && !text.contains("s1"), "{text}");
    assert_eq!(*death.who, *one.label());
    mint(&world, &*b, Some(1), "s2");
    assert!(!a.token_died(1, &one).unwrap());
    assert_eq!(a.token().unwrap().unwrap().generation, 2);
    assert_eq!(a.usage().unwrap().token_deaths_1h, 1);
    world.advance(3601);
    assert_eq!(a.usage().unwrap().token_deaths_1h, 0);
}

pub(crate) fn generations_rise_over_deaths(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let me = process("one", Role::Serve);
    for generation in 1..5 {
        mint(&world, &*store, None, "s");
        assert_eq!(store.token().unwrap().unwrap().generation, generation);
        assert!(store.token_died(generation, &me).unwrap());
        world.advance(3600);
    }
    // One that this store never saw; the next is newer still.
    assert!(store.token_died(17, &me).unwrap());
    assert!(store.token_died(17, &me).unwrap());
    assert_eq!(store.usage().unwrap().token_deaths_1h, 2);
    world.advance(3600);
    mint(&world, &*store, Some(17), "s");
    assert_eq!(store.token().unwrap().unwrap().generation, 18);
}

pub(crate) fn a_token_is_not_shown(make: Make<'_>) {
    let world = make();
    let store = world.view();
    mint(&world, &*store, None, "hunter2hunter2");
    let answer = begin(&*store, None);
    let shown = format!("{answer:?} {:?} {:?}", store.token().unwrap(), store.events(secs(99)).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

pub(crate) fn a_minting_that_never_left_does_not_count(make: Make<'_>) {
    let world = make();
    let store = world.view();
    for _ in 0..9 {
        let ticket = go(&*store, None);
        world.advance(5);
        store.mint_end(ticket, &MintEnd::NotSent).unwrap();
    }
    assert_eq!(store.usage().unwrap().minted_1h, 0);
    mint(&world, &*store, None, "s");
    assert_eq!(store.usage().unwrap().minted_1h, 1);
}
