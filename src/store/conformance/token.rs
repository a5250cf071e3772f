//! Generations: one at a time, spaced, bounded.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Make, World, process, secs};
use crate::store::{EventKind, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, Role, Store};

fn ask(unfit: Option<u64>) -> GenerationAsk {
    GenerationAsk { unfit, gaps: [0, 60, 300, 900].map(secs).to_vec(), lock: secs(30) }
}

fn begin(store: &dyn Store, unfit: Option<u64>) -> GenerationAnswer {
    store.begin_generation(&process("one", Role::Serve), &ask(unfit)).unwrap()
}

fn go(store: &dyn Store, unfit: Option<u64>) -> GenerationTicket {
    match begin(store, unfit) {
        GenerationAnswer::Go(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn wait(store: &dyn Store, unfit: Option<u64>) -> (&'static str, Duration) {
    match begin(store, unfit) {
        GenerationAnswer::Busy(d) => ("busy", d),
        GenerationAnswer::BackOff(d) => ("back off", d),
        GenerationAnswer::Ceiling(d) => ("ceiling", d),
        other => panic!("{other:?}"),
    }
}

fn end(store: &dyn Store, ticket: GenerationTicket, secret: &str) {
    store.end_generation(ticket, &GenerationEnd::Generated { secret: secret.into(), life: secs(3600) }).unwrap();
}

fn generate(world: &World, store: &dyn Store, unfit: Option<u64>, secret: &str) {
    let ticket = go(store, unfit);
    world.advance(1);
    end(store, ticket, secret);
}

pub(crate) fn one_generates_and_the_others_use_it(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    assert!(a.token().unwrap().is_none());
    let ticket = go(&*a, None);
    world.advance(2);
    assert_eq!(wait(&*b, None), ("busy", secs(28)));
    end(&*a, ticket, "s1");
    let GenerationAnswer::Use(token) = begin(&*b, None) else { panic!("not used") };
    assert_eq!((token.secret.expose_secret(), token.generation, token.life), ("s1", 1, secs(3600)));
    world.advance(3300);
    assert_eq!(token.remaining(&b.now()), secs(300));
    // Near its end: the first asker may renew it, and whoever found the old one unfit then gets the new one.
    generate(&world, &*a, Some(1), "s2");
    assert!(matches!(begin(&*b, Some(1)), GenerationAnswer::Use(t) if t.generation == 2));
    assert!(matches!(begin(&*b, Some(2)), GenerationAnswer::BackOff(_)));
    assert_eq!(b.usage().unwrap().generated_1h, 2);
    world.advance(3600);
    let over = b.token().unwrap().unwrap();
    assert_eq!((over.generation, over.remaining(&b.now())), (2, Duration::ZERO));
    assert!(matches!(begin(&*b, None), GenerationAnswer::Go(_) | GenerationAnswer::BackOff(_)));
}

pub(crate) fn a_generation_that_never_ends_is_given_up(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    go(&*a, None);
    world.clock.step_wall(-3_600_000);
    world.advance(29);
    assert_eq!(wait(&*b, None), ("busy", secs(1)));
    world.advance(1);
    generate(&world, &*b, None, "s");
    assert_eq!(b.usage().unwrap().generated_1h, 2);
    assert_eq!(b.token().unwrap().unwrap().generation, 1);
}

pub(crate) fn generations_that_are_given_up_count_and_are_spaced_a_step_less(make: Make<'_>) {
    let world = make();
    let store = world.view();
    for (n, gap) in [0, 0, 60, 300].into_iter().enumerate() {
        if gap > 0 {
            assert_eq!(wait(&*store, None), ("back off", secs(gap)));
            world.advance(gap);
        }
        go(&*store, None);
        assert_eq!(store.usage().unwrap().generated_1h as usize, n + 1);
        assert_eq!(wait(&*store, None), ("busy", secs(30)));
        world.advance(30);
    }
    assert_eq!(wait(&*store, None).0, "ceiling");
}

pub(crate) fn generations_keep_their_gaps_and_their_ceiling(make: Make<'_>) {
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
        store.end_generation(ticket, &GenerationEnd::Failed).unwrap();
        assert_eq!(store.usage().unwrap().generated_1h as usize, n + 1);
    }
    let (why, d) = wait(&*store, None);
    assert_eq!(why, "ceiling");
    assert!(d > secs(3600 - 1260) && d <= secs(3600 - 1260 + 1), "{d:?}");
    world.clock.advance(d - Duration::from_millis(1));
    assert_eq!(wait(&*store, None), ("ceiling", Duration::from_millis(1)));
    world.clock.advance(Duration::from_millis(1));
    go(&*store, None);
    let none = GenerationAsk { unfit: None, gaps: vec![], lock: secs(30) };
    world.advance(31);
    assert!(matches!(store.begin_generation(&me, &none).unwrap(), GenerationAnswer::Ceiling(d) if d > Duration::ZERO));
}

pub(crate) fn who_waits_for_a_generation_waits_no_longer_than_until_the_oldest_have_left_the_hour(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let fail = || store.end_generation(go(&*store, None), &GenerationEnd::Failed).unwrap();
    fail();
    world.advance(3000);
    fail();
    world.advance(400);
    fail();
    // The first leaves in 200 s. With two left the next one follows after 300 s, with three it would be 900.
    let d = secs(300);
    assert_eq!(wait(&*store, None), ("back off", d));
    world.clock.advance(d - Duration::from_millis(1));
    assert_eq!(wait(&*store, None), ("back off", Duration::from_millis(1)));
    world.clock.advance(Duration::from_millis(1));
    fail();
    // The second leaves in 2,900 s: until then 900 s are the shorter wait.
    assert_eq!(wait(&*store, None), ("back off", secs(900)));
    world.advance(900);
    fail();
    // Four: the second leaves in 2,000 s.
    assert_eq!(wait(&*store, None), ("ceiling", secs(2000) + Duration::from_millis(1)));
    world.advance(1800);
    world.clock.advance(secs(200));
    assert_eq!(wait(&*store, None), ("ceiling", Duration::from_millis(1)));
}

pub(crate) fn a_late_end_does_not_replace_a_newer_token(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let slow = go(&*a, None);
    world.advance(90);
    generate(&world, &*b, None, "new");
    end(&*a, slow, "old");
    let token = a.token().unwrap().unwrap();
    assert_eq!((token.secret.expose_secret(), token.generation), ("new", 1));
    // A ticket that nobody knows brings a token all the same: it was generated.
    end(&*a, GenerationTicket(42), "unknown");
    assert_eq!(b.token().unwrap().unwrap().generation, 2);
    end(&*a, GenerationTicket(42), "again");
    assert_eq!(b.token().unwrap().unwrap().secret.expose_secret(), "unknown");
    assert_eq!(b.usage().unwrap().generated_1h, 3);
}

pub(crate) fn an_invalidation_is_recorded_once(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let (one, two) = (process("one", Role::Serve), process("two", Role::Dashboard));
    generate(&world, &*a, None, "s1");
    world.advance(723);
    assert!(a.token_invalidated(1, &one).unwrap());
    assert!(b.token_invalidated(1, &two).unwrap());
    assert!(b.token().unwrap().is_none());
    assert_eq!(b.usage().unwrap().invalidated_1h, 1);
    let events = b.events(secs(60)).unwrap();
    let invalidation = events.iter().find(|e| e.kind == EventKind::TokenInvalidated).unwrap();
    let text = invalidation.text.to_string();
    assert!(text.contains("12 min 3 s") && !text.contains("s1"), "{text}");
    // A store for several machines names that, too.
    assert!([one.label(), one.full_label()].contains(&invalidation.who.to_string()), "{}", invalidation.who);
    generate(&world, &*b, Some(1), "s2");
    assert!(!a.token_invalidated(1, &one).unwrap());
    assert_eq!(a.token().unwrap().unwrap().generation, 2);
    assert_eq!(a.usage().unwrap().invalidated_1h, 1);
    world.advance(3601);
    assert_eq!(a.usage().unwrap().invalidated_1h, 0);
}

pub(crate) fn generations_rise_over_invalidations(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let me = process("one", Role::Serve);
    for generation in 1..5 {
        generate(&world, &*store, None, "s");
        assert_eq!(store.token().unwrap().unwrap().generation, generation);
        assert!(store.token_invalidated(generation, &me).unwrap());
        world.advance(3600);
    }
    // One that this store never saw; the next is newer still.
    assert!(store.token_invalidated(17, &me).unwrap());
    assert!(store.token_invalidated(17, &me).unwrap());
    assert_eq!(store.usage().unwrap().invalidated_1h, 2);
    world.advance(3600);
    generate(&world, &*store, Some(17), "s");
    assert_eq!(store.token().unwrap().unwrap().generation, 18);
}

pub(crate) fn a_token_is_not_shown(make: Make<'_>) {
    let world = make();
    let store = world.view();
    generate(&world, &*store, None, "hunter2hunter2");
    let answer = begin(&*store, None);
    let shown = format!("{answer:?} {:?} {:?}", store.token().unwrap(), store.events(secs(99)).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

pub(crate) fn a_generation_that_never_left_does_not_count(make: Make<'_>) {
    let world = make();
    let store = world.view();
    for _ in 0..9 {
        let ticket = go(&*store, None);
        world.advance(5);
        store.end_generation(ticket, &GenerationEnd::NotSent).unwrap();
    }
    assert_eq!(store.usage().unwrap().generated_1h, 0);
    generate(&world, &*store, None, "s");
    assert_eq!(store.usage().unwrap().generated_1h, 1);
}
