//! The token, and the ledger of generations.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{codec::oldest_kept, events};
use crate::{
    domain::{BootId, BootTime, EventTime, Now},
    store::{
        EventKind, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, HOUR, Instance,
        columns::{millis, wall_of},
        ids::fresh_id,
        token_file::{Stored, TokenFile},
    },
};

/// The token file's own trouble, as an error of a transaction.
fn denied(why: String) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(why.into())
}

/// One attempt. Its `end` is its real end, or until then the moment at which it is given up.
struct Attempt {
    end: EventTime,
    ended: bool,
}

/// The attempts whose rolling hour is not over, oldest first.
fn attempts(c: &Connection) -> Result<Vec<Attempt>> {
    let mut stmt = c.prepare_cached("SELECT boot, mono, wall, ended FROM mint ORDER BY n")?;
    let rows = stmt.query_map([], |r| {
        let boot: String = r.get(0)?;
        let end = EventTime { boot: BootId(boot.into()), mono: BootTime(r.get(1)?), wall: wall_of(r.get(2)?) };
        Ok(Attempt { end, ended: r.get(3)? })
    })?;
    rows.collect()
}

pub(super) fn begin_generation(
    c: &Connection,
    now: &Now,
    tokens: &TokenFile,
    who: &Instance,
    ask: &GenerationAsk,
) -> Result<GenerationAnswer> {
    let stored = tokens.load().map_err(denied)?;
    let generation = stored.as_ref().map_or(0, |stored| stored.generation);
    if let Some(unfit) = ask.unfit
        && generation < unfit
    {
        // A file that knows less than the asker was lost; the next token must be newer than the one found unfit.
        tokens.save(Stored { generation: unfit, ..nothing(now) });
    }
    if let Some(token) = stored.and_then(Stored::token)
        && ask.unfit.is_none_or(|unfit| token.generation > unfit)
        && token.remaining(now) > Duration::ZERO
    {
        return Ok(GenerationAnswer::Use(token));
    }
    forget(c, now)?;
    let attempts = attempts(c)?;
    if let Some(wait) = ask.too_soon(now, attempts.iter().map(|a| (&a.end, a.ended))) {
        return Ok(wait);
    }
    let id = GenerationTicket(fresh_id());
    let wall = now.wall.as_millisecond().saturating_add(millis(ask.lock));
    c.prepare_cached("INSERT INTO mint(id, who, boot, mono, wall, ended) VALUES(?1, ?2, ?3, ?4, ?5, 0)")?
        .execute(params![id.0, who.label(), &*now.boot.0, (now.mono + ask.lock).0, wall])?;
    Ok(GenerationAnswer::Go(id))
}

/// Drops attempts whose hour is over. An end far ahead of this boot's clock is taken for now.
fn forget(c: &Connection, now: &Now) -> Result<()> {
    let (mono, wall) = oldest_kept(now, HOUR);
    c.prepare_cached("DELETE FROM mint WHERE CASE boot WHEN ?1 THEN mono < ?2 ELSE wall < ?3 END")?
        .execute(params![&*now.boot.0, mono, wall])?;
    c.prepare_cached("UPDATE mint SET mono = ?2 WHERE boot = ?1 AND mono > ?3")?.execute(params![
        &*now.boot.0,
        now.mono.0,
        (now.mono + HOUR).0
    ])?;
    Ok(())
}

fn nothing(now: &Now) -> Stored {
    Stored { generation: 0, secret: None, generated_at: now.stamp(), life: Duration::ZERO, generated_by: String::new() }
}

pub(super) fn end_generation(
    c: &Connection,
    now: &Now,
    tokens: &TokenFile,
    ticket: GenerationTicket,
    end: &GenerationEnd,
) -> Result<()> {
    if matches!(end, GenerationEnd::NotSent) {
        c.prepare_cached("DELETE FROM mint WHERE id = ?1")?.execute([ticket.0])?;
        return Ok(());
    }
    let stamp = (&*now.boot.0, now.mono.0, now.wall.as_millisecond());
    let found: Option<(i64, bool, String, String, i64)> = c
        .prepare_cached("SELECT n, ended, who, boot, mono FROM mint WHERE id = ?1")?
        .query_row([ticket.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
        .optional()?;
    // Until when the attempt held the turn, where that is known.
    let (given_up, who) = match found {
        Some((_, true, ..)) => return Ok(()),
        Some((n, false, who, boot, until)) => {
            c.prepare_cached("UPDATE mint SET boot = ?2, mono = ?3, wall = ?4, ended = 1 WHERE n = ?1")?
                .execute(params![n, stamp.0, stamp.1, stamp.2])?;
            ((boot == stamp.0).then_some(BootTime(until)), who)
        }
        // From before the file was lost, or from more than an hour ago: it counts all the same.
        None => {
            c.prepare_cached("INSERT INTO mint(id, who, boot, mono, wall, ended) VALUES(?1, '', ?2, ?3, ?4, 1)")?
                .execute(params![ticket.0, stamp.0, stamp.1, stamp.2])?;
            (None, String::new())
        }
    };
    let GenerationEnd::Generated { secret, life } = end else { return Ok(()) };
    let stored = tokens.load().map_err(denied)?;
    if let (Some(given_up), Some(stored)) = (given_up, &stored)
        && stored.generated_at.boot == now.boot
        && stored.generated_at.mono >= given_up
    {
        // This one was given up long ago and another has come since: the service has forgotten this token.
        return Ok(());
    }
    tokens.save(Stored {
        generation: stored.map_or(0, |stored| stored.generation).saturating_add(1),
        secret: Some(secret.clone()),
        generated_at: now.stamp(),
        life: *life,
        generated_by: who,
    });
    Ok(())
}

pub(super) fn token_invalidated(
    c: &Connection,
    now: &Now,
    tokens: &TokenFile,
    generation: u64,
    who: &Instance,
) -> Result<bool> {
    let stored = tokens.load().map_err(denied)?;
    let known = stored.as_ref().map_or(0, |stored| stored.generation);
    let token = stored.and_then(Stored::token);
    match &token {
        Some(token) if token.generation != generation => return Ok(false),
        Some(_) => {}
        None if known >= generation => return Ok(true),
        None => {}
    }
    let text = match &token {
        Some(t) => format!(
            "token {generation} of {} was invalidated after {}, {} before its end",
            t.generated_by,
            words(t.generated_at.age(now)),
            words(t.remaining(now))
        ),
        None => format!("token {generation} was invalidated; when it was generated is not known"),
    };
    tokens.save(Stored { generation, ..nothing(now) });
    events::happened(c, now, EventKind::TokenInvalidated, who, text)?;
    Ok(true)
}

/// `42 s`, `12 min 3 s`.
fn words(d: Duration) -> String {
    let secs = d.as_secs();
    if secs < 60 { format!("{secs} s") } else { format!("{} min {} s", secs / 60, secs % 60) }
}

pub(super) fn generated(c: &Connection, now: &Now, span: Duration) -> Result<u32> {
    let (mono, wall) = oldest_kept(now, span);
    c.prepare_cached("SELECT count(*) FROM mint WHERE CASE boot WHEN ?1 THEN mono >= ?2 ELSE wall >= ?3 END")?
        .query_row(params![&*now.boot.0, mono, wall], |r| r.get(0))
}
