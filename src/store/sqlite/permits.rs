//! The request ledger.
//!
//! ```text
//!   taken ──────── void ─────────── until           never finished: the request can have arrived up to the time-out
//!     │ may be sent │ may be under way │ 60 s more │  after the last moment at which it might have been sent
//!   taken ──── ended ──────────── until             finished: it arrived at some moment in between
//! ```
//!
//! A permit counts while `now < until`. Clocks are read in whole milliseconds, rounded down, so an end is taken to be
//! at the end of its millisecond: a request finished at `t` leaves the ledger at `t + 60.001 s`. All times are of the
//! boot clock and are read inside the transaction, so that they rise in the order of the ledger over all processes.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{events, token};
use crate::{
    domain::{BootTime, Now},
    store::{
        EventKind, Governor, HOUR, Instance, LONGEST_BLOCK, Pace, PermitAnswer, PermitAsk, PermitId, PermitKind, Usage,
        WINDOW, columns::millis, ids::fresh_id,
    },
};

/// After another boot (perhaps a power failure, which can take the last entries with it) nothing is sent until the
/// machine is up for this long: a window, and the longest that a request of the last boot can have been under way.
const AFTER_BOOT: Duration = Duration::from_secs(70);

fn kind_word(kind: PermitKind) -> &'static str {
    match kind {
        PermitKind::Aht => "aht",
        PermitKind::Token => "token",
    }
}

/// Brings the ledger to `now`: what expired goes, and what was written by another boot, or by a clock that ran ahead
/// of this one, counts as if it had ended just now.
fn settle(c: &Connection, now: &Now) -> Result<()> {
    let (boot, mono, latest) = (&*now.boot.0, now.mono.0, (now.mono + LONGEST_BLOCK).0);
    c.prepare_cached("DELETE FROM permit WHERE boot = ?1 AND until <= ?2")?.execute(params![boot, mono])?;
    c.prepare_cached(
        "UPDATE permit SET boot = ?1, taken = ?2, until = ?3, ended = 1 WHERE boot <> ?1 OR taken > ?2 OR until > ?4",
    )?
    .execute(params![boot, mono, ended_now(now), latest])?;
    let before: Option<String> = c.prepare_cached("SELECT boot FROM gate")?.query_row([], |r| r.get(0)).optional()?;
    if before.as_deref() != Some(boot) {
        let hold = before.map_or(i64::MIN, |_| millis(AFTER_BOOT));
        c.prepare_cached("INSERT OR REPLACE INTO gate(one, boot, slot, hold) VALUES(1, ?1, NULL, ?2)")?
            .execute(params![boot, hold])?;
    } else {
        c.prepare_cached("UPDATE gate SET slot = min(slot, ?1), hold = min(hold, ?2) WHERE slot > ?1 OR hold > ?2")?
            .execute([mono, latest])?;
    }
    Ok(())
}

/// When a request that ends in this millisecond counts no more.
fn ended_now(now: &Now) -> i64 {
    (now.mono + WINDOW).0.saturating_add(1)
}

pub(super) fn permit(c: &Connection, now: &Now, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer> {
    settle(c, now)?;
    let (slot, hold): (Option<i64>, i64) =
        c.prepare_cached("SELECT slot, hold FROM gate")?.query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let slot = slot.map(BootTime);
    let mut wait = BootTime(hold).since(now.mono).max(governor(c)?.blocked_for(now)).max(cap_wait(c, now, ask.cap)?);
    let next = match (ask.pace, slot) {
        (Pace::Even(gap), Some(slot)) => Some(slot + gap),
        _ => None,
    };
    if let Some(next) = next {
        wait = wait.max(next.since(now.mono));
    }
    if wait > Duration::ZERO {
        return Ok(PermitAnswer::Wait(wait.max(Duration::from_millis(1))));
    }
    if let Pace::Even(gap) = ask.pace {
        // The slots march on by whole gaps, so that a late wake-up costs nothing; more than one gap is forgiven.
        let slot = next.map_or(now.mono, |next| next.max(now.mono - gap));
        c.prepare_cached("UPDATE gate SET slot = ?1")?.execute([slot.0])?;
    }
    let id = PermitId(fresh_id());
    let until = now.mono + ask.void_after + ask.timeout + WINDOW;
    c.prepare_cached("INSERT INTO permit(id, who, kind, boot, taken, until, ended) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)")?
        .execute(params![id.0, &*who.id, kind_word(ask.kind), &*now.boot.0, now.mono.0, until.0])?;
    Ok(PermitAnswer::Granted { id, void_at: now.mono + ask.void_after })
}

/// How long until fewer than `cap` permits count, by what is known now. A cap of zero is never met.
fn cap_wait(c: &Connection, now: &Now, cap: u32) -> Result<Duration> {
    if cap == 0 {
        return Ok(WINDOW);
    }
    // The permit that must go first: all but `cap - 1` have to.
    let until: Option<i64> = c
        .prepare_cached("SELECT until FROM permit ORDER BY until DESC LIMIT 1 OFFSET ?1")?
        .query_row([cap - 1], |r| r.get(0))
        .optional()?;
    Ok(until.map_or(Duration::ZERO, |u| BootTime(u).since(now.mono)))
}

pub(super) fn finish(c: &Connection, now: &Now, permit: PermitId, used: bool) -> Result<()> {
    if used {
        c.prepare_cached("UPDATE permit SET ended = 1, until = ?2 WHERE id = ?1 AND ended = 0 AND boot = ?3")?
            .execute(params![permit.0, ended_now(now), &*now.boot.0])?;
    } else {
        c.prepare_cached("DELETE FROM permit WHERE id = ?1 AND ended = 0")?.execute([permit.0])?;
    }
    Ok(())
}

/// True where the ledger was never used.
pub(super) fn never_asked(c: &Connection) -> Result<bool> {
    c.prepare_cached("SELECT NOT EXISTS(SELECT 1 FROM gate)")?.query_row([], |r| r.get(0))
}

/// Refuses every permit for `span` from now on: for a ledger that does not know what was sent before.
pub(super) fn hold(c: &Connection, now: &Now, span: Duration) -> Result<()> {
    settle(c, now)?;
    c.prepare_cached("UPDATE gate SET hold = max(hold, ?1)")?.execute([(now.mono + span).0])?;
    Ok(())
}

pub(super) fn usage(c: &Connection, now: &Now) -> Result<Usage> {
    let (boot, mono) = (&*now.boot.0, now.mono.0);
    let (used_60s, in_flight) = c
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE ended = 0 AND boot = ?1 AND until > ?3) FROM permit
             WHERE boot <> ?1 OR until > ?2",
        )?
        .query_row(params![boot, mono, (now.mono + WINDOW).0], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(Usage {
        used_60s,
        in_flight,
        throttled_1h: events::count(c, now, EventKind::Throttled, HOUR)?,
        generated_1h: token::generated(c, now, HOUR)?,
        invalidated_1h: events::count(c, now, EventKind::TokenInvalidated, HOUR)?,
    })
}

const GOVERNOR: &str = "governor";

/// What cannot be read counts as never throttled: the cap holds all the same.
pub(super) fn governor(c: &Connection) -> Result<Governor> {
    Ok(events::recall(c, GOVERNOR)?.unwrap_or_default())
}

pub(super) fn set_governor(c: &Connection, governor: &Governor) -> Result<()> {
    events::remember(c, GOVERNOR, governor)
}
