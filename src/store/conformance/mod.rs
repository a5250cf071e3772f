//! What every store must do, whatever it is made of: an implementation runs [`conformance_tests!`] with a function
//! that makes a [`World`].

pub(crate) mod documents;
pub(crate) mod ledger;
pub(crate) mod people;
pub(crate) mod readings;
pub(crate) mod token;

use std::{any::Any, sync::Arc, time::Duration};

use proptest::test_runner::{Config, TestRunner};

use crate::{
    domain::{Aht, Clock, ManualClock, Outcome, Reading, Target},
    store::{Instance, Role, Store},
};

/// One account's shared state, and its time.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    /// Opens the store as another process would.
    pub(crate) open: Box<dyn Fn() -> Arc<dyn Store>>,
    /// Lives as long as the world: a temporary directory, a server.
    #[expect(dead_code, reason = "held, never read")]
    pub(crate) keep: Box<dyn Any>,
}

/// Makes a fresh world.
pub(crate) type Make<'a> = &'a dyn Fn() -> World;

/// So many cases of a property; a third of them where the store is a server, which takes long to make a world.
fn runner(make: Make<'_>, cases: u32) -> TestRunner {
    let cases = if make().view().is_local() { cases } else { cases / 3 };
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

impl World {
    fn view(&self) -> Arc<dyn Store> {
        (self.open)()
    }

    fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    fn reading(&self, target: &Target, outcome: Outcome) -> Reading {
        Reading { target: target.clone(), at: self.clock.now().stamp(), outcome, name: None }
    }

    fn value(&self, target: &Target, aht: u32) -> Reading {
        self.reading(target, Outcome::Value(Aht::from_secs(aht)))
    }
}

fn process(id: &str, role: Role) -> Instance {
    Instance { id: id.into(), pid: 7, host: "host".into(), role }
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A test for each thing that a store must do; `$make` is a `fn() -> World`.
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::store::conformance::conformance_tests!(@ $make, readings:
            what_is_appended_is_read_on_without_gap_or_repetition
            readings_come_back_as_they_went_in
            a_snapshot_is_what_all_readings_together_say
            a_snapshot_of_a_short_span_keeps_the_last_outcomes
            the_wall_clock_does_not_touch_ages
            a_range_is_by_wall_time_in_the_order_of_appending
            a_range_lets_the_store_be_used_and_stops_when_told
            pruning_takes_what_is_old_and_keeps_the_last_good
            the_version_tells_of_every_change
            the_history_is_counted
        );
        $crate::store::conformance::conformance_tests!(@ $make, people:
            wants_are_united_with_the_highest_attention
            wants_expire_and_are_replaced
            requested_polls_are_taken_once_in_order
            the_lease_has_one_holder_and_expires
            leaving_frees_the_lease_at_once
            a_lease_given_back_leaves_the_wants
            a_serve_claims_the_lease_of_a_dashboard
            a_claim_is_forgotten_unless_renewed
            the_status_is_the_last_one_set
            events_are_kept_in_order_and_counted
        );
        $crate::store::conformance::conformance_tests!(@ $make, documents:
            a_document_is_replaced_only_by_who_knows_it
            posts_stay_until_they_are_dropped
        );
        $crate::store::conformance::conformance_tests!(@ $make, ledger:
            a_permit_counts_until_a_minute_after_its_end
            a_permit_never_finished_counts_for_its_longest_life
            an_unused_permit_does_not_count
            a_landing_ends_its_permit_with_its_reading
            the_cap_is_one_for_all_processes
            an_even_pace_makes_up_for_one_late_gap
            a_changed_gap_takes_effect_at_once
            a_burst_skips_the_pace_but_not_the_cap
            nobody_sends_while_throttled
            the_wait_is_exact
            no_window_ever_holds_more_than_the_cap
        );
        $crate::store::conformance::conformance_tests!(@ $make, token:
            one_generates_and_the_others_use_it
            a_generation_that_never_ends_is_given_up
            generations_that_are_given_up_count_and_are_spaced_a_step_less
            generations_keep_their_gaps_and_their_ceiling
            who_waits_for_a_generation_waits_no_longer_than_until_the_oldest_have_left_the_hour
            a_late_end_does_not_replace_a_newer_token
            an_invalidation_is_recorded_once
            generations_rise_over_invalidations
            a_token_is_not_shown
            a_generation_that_never_left_does_not_count
        );
    };
    (@ $make:path, $module:ident: $($name:ident)*) => {
        mod $module {
            use super::*;
            $(
                #[test]
                fn $name() {
                    $crate::store::conformance::$module::$name(&$make);
                }
            )*
        }
    };
}
pub(crate) use conformance_tests;
