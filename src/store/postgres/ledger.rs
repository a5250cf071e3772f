//! The request ledger, and the token: what the limit rests on.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{
    PostgresStore,
    clock::{STEP, Sample},
    codec::{self, P},
    link::{self, Late},
    number, span,
};
use crate::{
    domain::{BootId, BootTime, EventTime, Reading},
    store::{
        GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, Governor, Instance, LedgerStore, Pace,
        PermitAnswer, PermitAsk, PermitId, PermitKind, StoreError, StoreState, Token, TokenStore, Usage, WINDOW,
        columns::{millis, wall_of},
        ids::fresh_id,
    },
};

/// Nothing is sent for this long where the ledger may not know all that was: a window, and the longest that a request can
/// have been under way.
const HOLD: Duration = Duration::from_secs(70);
/// No request is sent within this while the ledger is in doubt; it must cover the window.
const _: () = assert!(HOLD.as_secs() > WINDOW.as_secs());

impl PostgresStore {
    /// The server's clock was set forward: nothing is sent until all that was before has left the window.
    fn clock_stepped(&self, skip: i64, base: i64) -> Result<(), StoreError> {
        tracing::warn!("the clock of {} was set forward by {skip} ms: nothing is sent for 70 s", self.link.place);
        self.write("SELECT hold($1, $2, $3, $4)", vec![self.at(), millis(HOLD).into(), skip.into(), base.into()])
    }
}

impl LedgerStore for PostgresStore {
    fn permit(&self, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer, StoreError> {
        let id = fresh_id();
        let kind = match ask.kind {
            PermitKind::Aht => "aht",
            PermitKind::Token => "token",
        };
        let gap = match ask.pace {
            Pace::Even(gap) => Some(millis(gap)),
            Pace::Burst => None,
        };
        let now = self.now();
        let expect = self.link.clock.as_ref().map(|_| now.mono.0 + STEP);
        let params = vec![
            self.at(),
            id.into(),
            (&*who.id).into(),
            kind.into(),
            P::Int(i32::try_from(ask.cap).unwrap_or(i32::MAX)),
            P::Big(gap),
            millis(ask.void_after).into(),
            millis(ask.timeout).into(),
            P::Big(expect),
        ];
        let sql = "SELECT granted, wait, doubt, mono, wall, base FROM permit($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let sent = self.link.here();
        let answer = self.read_one(sql, params, |r| {
            let (granted, wait, doubt): (bool, i64, bool) = (r.try_get(0)?, r.try_get(1)?, r.try_get(2)?);
            let (mono, wall, base): (i64, i64, i64) = (r.try_get(3)?, r.try_get(4)?, r.try_get(5)?);
            Ok((granted, wait, doubt, mono, wall, base))
        });
        let (granted, wait, doubt, mono, wall, base) = match answer {
            Ok(answer) => answer,
            Err(e) => {
                if link::is_away(&e) {
                    // It may have been given, to nobody: it need not count until it expires.
                    let params = vec![self.at(), id.into(), P::Bool(false)];
                    self.link.later(Late { sql: "SELECT finish($1, $2, $3)", params });
                }
                return Err(e);
            }
        };
        if let Some(clock) = &self.link.clock {
            let sample = Sample { sent, received: self.link.here(), mono, wall };
            match clock.stepped(&sample) {
                Some(skip) if doubt => self.clock_stepped(skip, base)?,
                _ => clock.measured(&now.boot, &sample),
            }
        }
        if granted {
            // Counted from before the call: the ledger counts from a later moment, so none is sent too late.
            return Ok(PermitAnswer::Granted { id: PermitId(id), void_at: now.mono + ask.void_after });
        }
        Ok(PermitAnswer::Wait(span(wait).max(Duration::from_millis(1))))
    }

    fn finish(&self, permit: PermitId, used: bool) -> Result<(), StoreError> {
        self.write_sometime("SELECT finish($1, $2, $3)", vec![self.at(), permit.0.into(), P::Bool(used)])
    }

    fn finish_with_reading(&self, permit: PermitId, reading: &Reading) -> Result<(), StoreError> {
        let json = codec::readings_json(std::slice::from_ref(reading));
        let params = vec![self.at(), fresh_id().into(), permit.0.into(), json.as_str().into()];
        self.write_sometime("SELECT land($1, $2, $3, $4)", params)
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        let sql = "SELECT used, in_flight, throttled, generated, invalidated FROM usage($1)";
        self.read_one(sql, vec![self.at()], |r| {
            Ok(Usage {
                used_60s: number(r.try_get(0)?),
                in_flight: number(r.try_get(1)?),
                throttled_1h: number(r.try_get(2)?),
                generated_1h: number(r.try_get(3)?),
                invalidated_1h: number(r.try_get(4)?),
            })
        })
    }

    fn governor(&self) -> Result<Governor, StoreError> {
        Ok(self.recall("governor")?.unwrap_or_default())
    }

    fn set_governor(&self, governor: &Governor) -> Result<(), StoreError> {
        self.remember("governor", governor)
    }
}

impl TokenStore for PostgresStore {
    fn token(&self) -> Result<Option<Token>, StoreError> {
        let sql = "SELECT generation, secret, boot, mono, wall, life, who FROM stored_token() WHERE secret IS NOT NULL";
        let tokens = self.read(sql, vec![], |r| {
            let boot: &str = r.try_get(2)?;
            let (mono, wall) = (BootTime(r.try_get(3)?), wall_of(r.try_get(4)?));
            Ok(Token {
                secret: r.try_get::<_, String>(1)?.into(),
                generation: u64::try_from(r.try_get::<_, i64>(0)?).unwrap_or(0),
                generated_at: EventTime { boot: BootId(boot.into()), mono, wall },
                life: span(r.try_get(5)?),
                generated_by: r.try_get::<_, &str>(6)?.into(),
            })
        })?;
        Ok(tokens.into_iter().next())
    }

    fn begin_generation(&self, who: &Instance, ask: &GenerationAsk) -> Result<GenerationAnswer, StoreError> {
        let id = fresh_id();
        let params = vec![
            self.at(),
            id.into(),
            who.full_label().as_str().into(),
            P::Big(ask.unfit.map(|n| i64::try_from(n).unwrap_or(i64::MAX))),
            P::Bigs(ask.gaps.iter().map(|gap| millis(*gap)).collect()),
            millis(ask.lock).into(),
        ];
        let sql = "SELECT answer, wait FROM begin_generation($1, $2, $3, $4, $5, $6)";
        let (answer, wait) = self.read_one(sql, params, |r| Ok((r.try_get::<_, String>(0)?, span(r.try_get(1)?))))?;
        Ok(match answer.as_str() {
            "go" => GenerationAnswer::Go(GenerationTicket(id)),
            "busy" => GenerationAnswer::Busy(wait),
            "back_off" => GenerationAnswer::BackOff(wait),
            "ceiling" => GenerationAnswer::Ceiling(wait),
            // Discarded in this moment: asked again, it will be known.
            _ => self.token()?.map_or(GenerationAnswer::Busy(Duration::from_millis(1)), GenerationAnswer::Use),
        })
    }

    fn end_generation(&self, ticket: GenerationTicket, end: &GenerationEnd) -> Result<(), StoreError> {
        let (sent, secret, life) = match end {
            GenerationEnd::Generated { secret, life } => (true, Some(secret.expose_secret()), millis(*life)),
            GenerationEnd::Failed => (true, None, 0),
            GenerationEnd::NotSent => (false, None, 0),
        };
        let secret = P::Text(secret.map(str::to_owned));
        let params = vec![self.at(), ticket.0.into(), P::Bool(sent), secret, life.into()];
        self.write_sometime("SELECT end_generation($1, $2, $3, $4, $5)", params)
    }

    fn token_invalidated(&self, generation: u64, who: &Instance) -> Result<bool, StoreError> {
        let generation = i64::try_from(generation).unwrap_or(i64::MAX);
        let params = vec![self.at(), generation.into(), who.full_label().as_str().into()];
        let answer = self.read_one("SELECT token_invalidated($1, $2, $3)", params, |r| r.try_get(0))?;
        self.link.changed();
        Ok(answer)
    }
}
