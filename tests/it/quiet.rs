//! Quiet hours: nothing is asked, everybody is told, and it goes on by itself.

use std::time::Duration;

use crate::support::World;
use ahtop::{
    domain::{Clock, Quiet},
    store::Link,
};
use jiff::tz::TimeZone;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn in_quiet_hours_nothing_is_asked_and_the_link_is_closed() {
    let mut world = World::new(1, 5, |_| ());
    // The world begins at 04:30 UTC: closed from 04:40 to 05:10.
    world.rules.quiet = Quiet::new(vec!["04:40-05:10".parse().unwrap()], TimeZone::UTC);
    let process = world.start(&world.targets, 3);
    let asked = |from: u64, to: u64| {
        let (a, b) = (world.sim.started() + Duration::from_secs(from), world.sim.started() + Duration::from_secs(to));
        world.sim.log().iter().filter(|e| e.at >= a && e.at < b).count()
    };
    let link = || process.store.direct().status().unwrap().unwrap().link;
    sleep(Duration::from_secs(590)).await;
    assert_eq!(link(), Link::Live);
    sleep(Duration::from_secs(30)).await;
    let Link::Closed { until: Some(until) } = link() else {
        return assert_eq!(link(), Link::Live, "it must be closed");
    };
    assert_eq!(until.wall, "2026-01-12T05:10:00Z".parse().unwrap());
    // By hand neither.
    let target = world.targets[0].clone();
    process.store.direct().request_poll(&target).unwrap();
    sleep(Duration::from_secs(1740)).await;
    assert!(matches!(link(), Link::Closed { .. }));
    sleep(Duration::from_secs(90)).await;
    assert_eq!(link(), Link::Live);
    assert!(asked(0, 595) > 30);
    assert_eq!(asked(603, 2399), 0);
    assert!(asked(2400, 2450) > 0, "it goes on by itself");
    assert!(world.clock.now().mono > world.sim.started());
    process.quit().await;
}
