//! What can be made to go wrong, for how long, and where.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::BootTime;

/// Something that goes wrong. The first kinds spoil answers; the last two are other clients of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This status, 400 to 599, with a short JSON error, nothing processed.
    Status(u16),
    /// HTTP 504 with the HTML page of a gateway.
    GatewayTimeout,
    /// HTTP 200 with an HTML page.
    HtmlOk,
    /// Processed, then no answer, while the connection stays open.
    Hang,
    /// Processed; the answer comes byte by byte, with so many milliseconds before each.
    Drip { byte_ms: u32 },
    /// Processed, then the connection is reset.
    Reset,
    /// Processed; the connection closes after half of the body.
    Truncate,
    /// Bytes that are not HTTP, then the end.
    Garbage,
    /// A well-formed body of about so many bytes; at most 64 MiB are sent.
    HugeBody { bytes: usize },
    /// JSON of another shape, a different one each time.
    WrongShape,
    /// HTTP 302 to elsewhere.
    Redirect { to: String },
    /// Good AHT answers whose name is not UTF-8.
    InvalidUtf8,
    /// Good AHT answers with hostile names: escape sequences, overrides, line breaks, 300 characters, nothing.
    HostileNames,
    /// Other clients make so many requests a minute (at least one), evenly; they count against the account's limit.
    ForeignUse { per_minute: u32 },
    /// Another client generates a token every so many seconds (at least one), within the account's ceiling.
    ForeignMint { every_s: u32 },
}

impl Fault {
    /// Its name, as in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Status(_) => "status",
            Fault::GatewayTimeout => "gateway_timeout",
            Fault::HtmlOk => "html_ok",
            Fault::Hang => "hang",
            Fault::Drip { .. } => "drip",
            Fault::Reset => "reset",
            Fault::Truncate => "truncate",
            Fault::Garbage => "garbage",
            Fault::HugeBody { .. } => "huge_body",
            Fault::WrongShape => "wrong_shape",
            Fault::Redirect { .. } => "redirect",
            Fault::InvalidUtf8 => "invalid_utf8",
            Fault::HostileNames => "hostile_names",
            Fault::ForeignUse { .. } => "foreign_use",
            Fault::ForeignMint { .. } => "foreign_mint",
        }
    }

    /// Milliseconds between two acts of another client, `None` for what spoils answers.
    fn interval(&self) -> Option<i64> {
        match self {
            Fault::ForeignUse { per_minute } => Some((60_000 / i64::from((*per_minute).max(1))).max(1)),
            Fault::ForeignMint { every_s } => Some(i64::from((*every_s).max(1)) * 1000),
            _ => None,
        }
    }
}

/// How long a fault stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// For so many requests (acts, for other clients).
    Requests(u32),
    /// For so many milliseconds.
    Millis(u64),
    /// Until all faults are cleared.
    UntilCleared,
}

/// Which requests a fault spoils; other clients' doings have no scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultScope {
    #[default]
    All,
    Aht,
    Token,
    /// Who is logged in, and the campaigns.
    List,
}

/// How an answer is spoiled on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// No answer; the connection stays open until the client gives up.
    Hang,
    /// The whole response byte by byte, each after this time.
    Drip(Duration),
    /// A reset instead of the answer.
    Reset,
    /// Half of the body, then the end.
    Truncate,
    /// The body alone, without any HTTP around it, then the end.
    Garbage,
}

/// What another client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForeignAct {
    Request,
    Mint,
}

/// The faults that are in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    scope: FaultScope,
    until: Option<BootTime>,
    left: Option<u32>,
    /// The next act of another client.
    next: BootTime,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault, scope: FaultScope, span: Span, now: BootTime) {
        let (until, left) = match span {
            Span::Requests(n) => (None, Some(n)),
            Span::Millis(ms) => (Some(now + Duration::from_millis(ms)), None),
            Span::UntilCleared => (None, None),
        };
        self.active.push(Active { fault, scope, until, left, next: now });
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    /// Names of those in force at `now`, the oldest first.
    pub(super) fn names(&mut self, now: BootTime) -> Vec<&'static str> {
        self.expire(now);
        self.active.iter().map(|a| a.fault.name()).collect()
    }

    /// The oldest fault that spoils a request of this route, used up by one.
    pub(super) fn spoil(&mut self, scope: FaultScope, now: BootTime) -> Option<Fault> {
        self.expire(now);
        let names = |f: &Fault| matches!(f, Fault::InvalidUtf8 | Fault::HostileNames);
        let hit = |a: &&mut Active| {
            a.fault.interval().is_none()
                && (a.scope == FaultScope::All || a.scope == scope)
                && (scope == FaultScope::Aht || !names(&a.fault))
        };
        let active = self.active.iter_mut().find(hit)?;
        active.left = active.left.map(|n| n.saturating_sub(1));
        Some(active.fault.clone())
    }

    /// The next act of another client at or before `now`, in order of time. After a jump of the clock by more than two
    /// hours only the last two are lived through: nothing remembers more.
    pub(super) fn next_act(&mut self, now: BootTime) -> Option<(BootTime, ForeignAct)> {
        let mut first: Option<(BootTime, usize)> = None;
        for (i, a) in self.active.iter_mut().enumerate() {
            let Some(interval) = a.fault.interval() else { continue };
            let behind = now.0 - 7_200_000 - a.next.0;
            if behind > 0 && a.left.is_none() {
                a.next = BootTime(a.next.0 + (behind / interval + 1) * interval);
            }
            let due = a.next <= now && a.left != Some(0) && a.until.is_none_or(|u| a.next < u);
            if due && first.is_none_or(|f| a.next < f.0) {
                first = Some((a.next, i));
            }
        }
        let (at, i) = first?;
        let a = self.active.get_mut(i)?;
        a.next = BootTime(at.0 + a.fault.interval()?);
        a.left = a.left.map(|n| n.saturating_sub(1));
        let act = if matches!(a.fault, Fault::ForeignMint { .. }) { ForeignAct::Mint } else { ForeignAct::Request };
        Some((at, act))
    }

    /// Call after all acts up to `now` were taken.
    fn expire(&mut self, now: BootTime) {
        self.active.retain(|a| a.left != Some(0) && a.until.is_none_or(|u| now < u));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_ends_after_its_requests_or_its_time() {
        let mut f = Faults::default();
        f.inject(Fault::HtmlOk, FaultScope::All, Span::Requests(2), BootTime(0));
        f.inject(Fault::Hang, FaultScope::All, Span::Millis(100), BootTime(0));
        assert_eq!(f.names(BootTime(0)), ["html_ok", "hang"]);
        let mut at = |ms| f.spoil(FaultScope::Aht, BootTime(ms));
        assert_eq!(
            [at(0), at(1), at(99), at(100)],
            [Some(Fault::HtmlOk), Some(Fault::HtmlOk), Some(Fault::Hang), None]
        );
    }

    #[test]
    fn a_scope_spares_the_other_route() {
        let mut f = Faults::default();
        f.inject(Fault::Status(503), FaultScope::Token, Span::UntilCleared, BootTime(0));
        assert_eq!(f.spoil(FaultScope::Aht, BootTime(1)), None);
        assert_eq!(f.spoil(FaultScope::Token, BootTime(1)), Some(Fault::Status(503)));
        f.clear();
        assert_eq!(f.spoil(FaultScope::Token, BootTime(1)), None);
    }

    #[test]
    fn other_clients_act_evenly_and_in_order() {
        let mut f = Faults::default();
        f.inject(Fault::ForeignUse { per_minute: 6 }, FaultScope::All, Span::Millis(60_000), BootTime(0));
        f.inject(Fault::ForeignMint { every_s: 25 }, FaultScope::All, Span::Requests(2), BootTime(5_000));
        let acts: Vec<_> = std::iter::from_fn(|| f.next_act(BootTime(90_000))).collect();
        use ForeignAct::{Mint, Request};
        let expected = [
            (0, Request),
            (5_000, Mint),
            (10_000, Request),
            (20_000, Request),
            (30_000, Request),
            (30_000, Mint),
            (40_000, Request),
            (50_000, Request),
        ];
        assert_eq!(acts, expected.map(|(t, a)| (BootTime(t), a)));
    }

    #[test]
    fn a_jump_of_the_clock_is_not_lived_through_act_by_act() {
        let mut f = Faults::default();
        f.inject(Fault::ForeignUse { per_minute: 60 }, FaultScope::All, Span::UntilCleared, BootTime(0));
        let acts = std::iter::from_fn(|| f.next_act(BootTime(1_000_000_000_000))).count();
        assert!((7_199..=7_201).contains(&acts), "{acts}");
    }
}
