//! Who polls.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow, params};

use super::events;
use crate::{
    domain::{BootTime, Now},
    store::{EventKind, Instance, Lease, Role, columns::role_of},
};

/// The two rows of the table: who polls, and the `serve` that wants to.
#[derive(Clone, Copy)]
enum Slot {
    Lease,
    Claim,
}

impl Slot {
    fn word(self) -> &'static str {
        match self {
            Slot::Lease => "lease",
            Slot::Claim => "claim",
        }
    }
}

/// A row with whether it still holds: of this boot, not expired, and not from the future.
struct Held {
    by: Instance,
    valid: bool,
    until: BootTime,
    locked: bool,
}

/// Reads `id, pid, host, role` from the first columns.
pub(super) fn instance_of(r: &SqlRow<'_>) -> Result<Instance> {
    let (id, host, role): (String, String, String) = (r.get(0)?, r.get(2)?, r.get(3)?);
    Ok(Instance { id: id.into(), pid: r.get(1)?, host: host.into(), role: role_of(&role) })
}

fn held(c: &Connection, now: &Now, slot: Slot) -> Result<Option<Held>> {
    c.prepare_cached(
        "SELECT id, pid, host, role, boot = ?2 AND taken <= ?3 AND until > ?3, until, lit FROM lease WHERE what = ?1",
    )?
    .query_row(params![slot.word(), &*now.boot.0, now.mono.0], |r| {
        Ok(Held { by: instance_of(r)?, valid: r.get(4)?, until: BootTime(r.get(5)?), locked: r.get(6)? })
    })
    .optional()
}

fn put(c: &Connection, now: &Now, slot: Slot, who: &Instance, ttl: Duration) -> Result<()> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO lease(what, id, pid, host, role, boot, taken, until)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        slot.word(),
        &*who.id,
        who.pid,
        &*who.host,
        who.role.word(),
        &*now.boot.0,
        now.mono.0,
        (now.mono + ttl).0
    ])?;
    Ok(())
}

/// The lease of `who` where nothing has to be written for it: it holds for half of `ttl` or longer, shows that its
/// holder lives, and nobody claims it.
pub(super) fn lasting(c: &Connection, now: &Now, who: &Instance, ttl: Duration) -> Result<Option<Lease>> {
    let held = held(c, now, Slot::Lease)?.filter(|h| h.valid && h.locked && h.by.id == who.id);
    let lasts = held.is_some_and(|h| h.until.since(now.mono) >= ttl / 2);
    let claimed = lasts && self::held(c, now, Slot::Claim)?.is_some();
    Ok((lasts && !claimed).then(|| Lease { holder: who.clone(), mine: true, claimed: false }))
}

pub(super) fn lease(c: &Connection, now: &Now, who: &Instance, ttl: Duration) -> Result<Lease> {
    let before = held(c, now, Slot::Lease)?;
    let claim = held(c, now, Slot::Claim)?.filter(|claim| claim.valid && claim.by.id != who.id).map(|claim| claim.by);
    match (&before, claim) {
        (Some(Held { by, valid: true, .. }), claim) if by.id != who.id => {
            let wants = who.role == Role::Serve && by.role != Role::Serve;
            if wants && claim.is_none() {
                put(c, now, Slot::Claim, who, ttl)?;
            }
            Ok(Lease { holder: by.clone(), mine: false, claimed: wants || claim.is_some() })
        }
        // Free, but promised.
        (before, Some(by)) if who.role != Role::Serve && !before.as_ref().is_some_and(|b| b.valid) => {
            Ok(Lease { holder: by, mine: false, claimed: true })
        }
        (before, claim) => {
            put(c, now, Slot::Lease, who, ttl)?;
            c.prepare_cached("DELETE FROM lease WHERE what = 'claim' AND id = ?1")?.execute([&*who.id])?;
            if before.as_ref().is_none_or(|b| b.by.id != who.id) {
                let after = before.as_ref().map(|b| format!(", after {}", b.by.label())).unwrap_or_default();
                events::happened(
                    c,
                    now,
                    EventKind::Lease,
                    who,
                    format!("{} checks the service from now on{after}", who.label()),
                )?;
            }
            // Two that serve do not push each other out.
            let claimed = claim.is_some() && who.role != Role::Serve;
            Ok(Lease { holder: who.clone(), mine: true, claimed })
        }
    }
}

/// Who has the lease, and whether it could show that it lives.
pub(super) fn holder(c: &Connection, now: &Now) -> Result<Option<(Instance, bool)>> {
    Ok(held(c, now, Slot::Lease)?.filter(|h| h.valid).map(|h| (h.by, h.locked)))
}

/// Remembers whether the holder could show that it lives.
pub(super) fn mark_locked(c: &Connection, locked: bool) -> Result<()> {
    c.prepare_cached("UPDATE lease SET lit = ?1 WHERE what = 'lease' AND lit <> ?1")?.execute([locked])?;
    Ok(())
}

/// Ends the lease of anybody but `who` that showed that it lived and does not any more.
pub(super) fn bury(c: &Connection, now: &Now, who: &Instance) -> Result<()> {
    c.prepare_cached("UPDATE lease SET until = min(until, ?2) WHERE what = 'lease' AND lit AND id <> ?1")?
        .execute(params![&*who.id, now.mono.0])?;
    Ok(())
}

/// Ends the lease and the claim of `who`.
pub(super) fn leave(c: &Connection, now: &Now, who: &Instance) -> Result<()> {
    let had = holder(c, now)?.is_some_and(|(by, _)| by.id == who.id);
    c.prepare_cached("DELETE FROM lease WHERE id = ?1")?.execute([&*who.id])?;
    if had {
        events::happened(c, now, EventKind::Lease, who, format!("{} stopped checking the service", who.label()))?;
    }
    Ok(())
}
