//! What is reported, as it stands in the JSON. The schema stays: fields may come, none goes or changes its meaning.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    app::RowState,
    config::{Budget, Watched},
    domain::{Condition, EventTime, Kind, Now, Row, Target, clean, clean_line, display_name},
    store::Usage,
};

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// How rows are looked at: as of when, in which zone, and from which age on they are stale.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The moment of the report.
    pub now: &'a Now,
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// A good reading is stale from this age on.
    pub stale_after: Duration,
}

/// What is told besides the targets.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `[account] name`.
    pub account: &'a str,
    pub budget: Budget,
    /// What the request ledger holds.
    pub usage: Usage,
    /// What is left of the token, `None` without one.
    pub token_left: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `[account] name`.
    pub account: String,
    /// When the report was made, RFC 3339 in the zone of the account.
    pub taken_at: String,
    /// The watched targets in the order of the configuration.
    pub targets: Vec<Element>,
    /// The use of the account's limit.
    pub budget: BudgetPart,
    pub token: TokenPart,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Element {
    /// `campaign` or `agent`.
    pub kind: Kind,
    /// `agentId` or `campaignName`, exactly as configured.
    pub id: Arc<str>,
    /// The service's name, null before it gave one.
    pub name: Option<String>,
    /// The last good AHT in seconds in the conditions `value`, `stale` and `no_answer`, null otherwise.
    pub aht_s: Option<u32>,
    /// The state of the row.
    pub condition: Condition,
    /// When the good reading came that the row tells (of an `invalid` one: when the service last said so). RFC 3339;
    /// null if never.
    pub read_at: Option<String>,
    /// The age of that reading in whole seconds, by the monotonic clock; null if never.
    pub age_s: Option<u64>,
    /// Why the last request brought nothing, null if it did.
    pub error: Option<String>,
    /// The configured label, null without one.
    pub label: Option<Arc<str>>,
    /// Where a fresh AHT lies in its band: `very_high`, `high`, `ok`, `low` or `very_low`. Null without a fresh AHT or
    /// without a band.
    pub level: Option<&'static str>,
    /// How far the AHT of `aht_s` is from the target of the band, in percent. Null without either.
    pub vs_target_pct: Option<f64>,
    /// The state as tables show it.
    #[serde(skip)]
    pub state: RowState,
}

/// The use of the account's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetPart {
    /// Requests that the account has in any 60 seconds.
    pub limit: u32,
    /// Requests of the last 60 seconds, those under way included.
    pub used_60s: u32,
    /// How often the service said *max limit exceeded* in the last hour.
    pub throttled_1h: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TokenPart {
    /// Tokens asked for in the last rolling hour.
    pub generated_1h: u32,
    /// Whole seconds until it ends, null without one.
    pub expires_in_s: Option<u64>,
}

impl Document {
    /// The report on the targets of `watched`, in their order; one that `rows` does not have was never asked.
    pub fn new(facts: &Facts<'_>, watched: &[Watched], rows: &BTreeMap<Target, Row>, view: &View<'_>) -> Self {
        let element = |w: &Watched| match rows.get(&w.target) {
            Some(row) => Element::new(row, Some(w), view),
            None => Element::new(&Row::new(w.target.clone()), Some(w), view),
        };
        Document {
            schema: SCHEMA,
            account: facts.account.to_owned(),
            taken_at: rfc3339(view.now.wall, view.zone),
            targets: watched.iter().map(element).collect(),
            budget: BudgetPart {
                limit: facts.budget.requests_per_minute,
                used_60s: facts.usage.used_60s,
                throttled_1h: facts.usage.throttled_1h,
            },
            token: TokenPart {
                generated_1h: facts.usage.generated_1h,
                expires_in_s: facts.token_left.map(|left| left.as_secs()),
            },
        }
    }
}

impl Element {
    /// What `row` tells; `watched`: what the configuration says of it.
    pub fn new(row: &Row, watched: Option<&Watched>, view: &View<'_>) -> Self {
        let condition = row.condition(view.now, view.stale_after);
        let told: Option<&EventTime> = match condition {
            Condition::Invalid => row.last.as_ref().map(|(_, at)| at),
            _ => row.good.as_ref().map(|(_, at)| at),
        };
        let band = watched.map(|w| w.band).unwrap_or_default();
        let state = match row.aht() {
            Some(aht) if condition == Condition::Value => RowState::Fresh(band.level(aht)),
            _ => RowState::Other(condition),
        };
        let shows_aht = matches!(condition, Condition::Value | Condition::Stale | Condition::Failing);
        let aht = row.aht().filter(|_| shows_aht);
        Element {
            kind: row.target.kind,
            id: row.target.id.clone(),
            name: row.name.as_deref().map(|n| clean(n, 300).into_owned()),
            aht_s: aht.map(|aht| aht.secs()),
            condition,
            read_at: told.map(|at| rfc3339(at.wall, view.zone)),
            age_s: told.map(|at| at.age(view.now).as_secs()),
            error: row.error().map(|e| clean_line(e, 500)),
            label: watched.and_then(|w| w.label.clone()),
            level: match state {
                RowState::Fresh(level) if !band.is_empty() => Some(level.key()),
                _ => None,
            },
            vs_target_pct: aht.and_then(|aht| band.deviation_pct(aht)).map(|pct| (pct * 10.0).round() / 10.0),
            state,
        }
    }

    /// What a table calls it: the label, else the service's name, else the id. One harmless line.
    pub fn shown_name(&self) -> String {
        clean_line(display_name(self.label.as_deref(), self.name.as_deref(), &self.id), 300)
    }
}

/// `2026-01-31T14:32:07+05:30`
pub fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
