//! The JSON for other programs: that of `once`, the alerts, and how it goes. Its schema is published; fields may come, none
//! goes or changes its meaning.

use serde::Serialize;

use super::{Options, ready::Readiness};
use crate::{
    alert::{Alert, AlertKind, Subject, words::Claims},
    config::{Names, Watched},
    domain::{Condition, Kind, Row, Target, clean_line, opening},
    report::{BudgetPart, Document, Facts, Gathered, Naming, SCHEMA, TokenPart, View, json_line, rfc3339},
    store::Role,
};

/// The schema of all of it.
pub(super) const API_SCHEMA: &str = include_str!("../../assets/api.schema.json");
/// Longest text in characters.
const LONGEST: usize = 500;

/// What the answers are made from.
pub(super) struct Api<'a> {
    pub(super) found: &'a Gathered,
    pub(super) options: &'a Options,
    /// What is watched, as of what was found.
    pub(super) watched: &'a [Watched],
}

#[derive(Serialize)]
struct Alerts<'a> {
    schema: u32,
    account: &'a str,
    taken_at: String,
    alerts: Vec<AlertPart>,
}

#[derive(Serialize)]
struct AlertPart {
    /// `agent`, `campaign`, or `account` for a problem.
    kind: &'static str,
    /// The id of the target, or the word of the problem.
    id: String,
    name: Option<String>,
    /// Null for a problem.
    level: Option<&'static str>,
    aht_s: Option<u32>,
    started_at: String,
    /// Since when it was so: before that it was too short to be an alert.
    since: String,
    state: &'static str,
    acknowledged_by: Option<String>,
    note: Option<String>,
    text: String,
}

#[derive(Serialize)]
struct StatusPart<'a> {
    schema: u32,
    account: &'a str,
    taken_at: String,
    health: Readiness,
    link_since: Option<String>,
    poller: Option<PollerPart>,
    requests_per_minute: Option<f64>,
    cycle_s: Option<f64>,
    budget: BudgetPart,
    token: TokenPart,
    alerts: usize,
    instances: InstancesPart,
    history: HistoryPart,
}

#[derive(Serialize)]
struct PollerPart {
    host: String,
    role: &'static str,
    /// When it last said how it is.
    said_at: Option<String>,
}

#[derive(Serialize)]
struct InstancesPart {
    dashboards: usize,
    services: usize,
    commands: usize,
}

#[derive(Serialize)]
struct HistoryPart {
    readings: u64,
    bytes: u64,
    oldest: Option<String>,
}

impl Api<'_> {
    /// What `once --format json` prints, with names and ids as `[wall] names` wants them.
    pub(super) fn targets(&self) -> String {
        let watched = self.watched;
        let mut document = self.document(watched);
        for (element, watched) in document.targets.iter_mut().zip(watched) {
            let target = &watched.target;
            let row = self.found.rows.get(target).cloned().unwrap_or_else(|| Row::new(target.clone()));
            element.id = self.id(target).into();
            let is_open = target.kind == Kind::Campaign || self.names() == Names::Full;
            if !is_open {
                element.name = self.naming().name(watched, &row).map(|name| name.into_owned());
                element.label = None;
                // What may quote a reply.
                element.error = element.error.as_deref().map(|why| opening(why).to_owned());
            }
        }
        json_line(&document)
    }

    pub(super) fn alerts(&self) -> String {
        let active = self.found.active_alerts(self.watched);
        json_line(&Alerts {
            schema: SCHEMA,
            account: &self.options.dashboard.account,
            taken_at: self.time(self.found.now.wall),
            alerts: active.into_iter().map(|alert| self.alert(alert)).collect(),
        })
    }

    fn alert(&self, alert: &Alert) -> AlertPart {
        let is_open = self.names() == Names::Full;
        let (kind, id, name) = match &alert.id.subject {
            Subject::Problem(problem) => ("account", problem.word().to_owned(), None),
            Subject::Target(target) => (target.kind.word(), self.id(target), self.name(target)),
        };
        let (level, aht_s) = match &alert.kind {
            AlertKind::Band { level, last, .. } => (Some(level.key()), Some(last.secs())),
            AlertKind::Problem { .. } => (None, None),
        };
        let text = match (&alert.kind, &alert.id.subject) {
            // Its own sentence may name ids, or quote a reply.
            (AlertKind::Problem { count, .. }, Subject::Problem(problem)) if !is_open => problem.summary(*count),
            (AlertKind::Problem { text, .. }, _) => text.to_string(),
            (AlertKind::Band { level, .. }, _) => {
                let claims = Claims::new(alert).map(|claims| Claims { old: self.is_old(alert), ..claims }.proven(None));
                let claims = claims.and_then(|claims| claims.texts().into_iter().next()).unwrap_or_default();
                format!("{}: {claims}", level.word())
            }
        };
        let ack = alert.ack.as_ref().filter(|_| alert.is_acked() && is_open);
        AlertPart {
            kind,
            id,
            name,
            level,
            aht_s,
            started_at: self.time(alert.started.wall),
            since: self.time(alert.since.wall),
            state: self.found.alert_state(alert),
            acknowledged_by: ack.map(|ack| clean_line(&ack.by, LONGEST)),
            note: ack.map(|ack| clean_line(&ack.note, LONGEST)).filter(|note| !note.is_empty()),
            text: clean_line(&text, LONGEST),
        }
    }

    /// True where the value that `alert` knows is not one of now.
    fn is_old(&self, alert: &Alert) -> bool {
        let Subject::Target(target) = &alert.id.subject else { return false };
        let stale_after = self.found.stale_after(self.options.dashboard.min_interval);
        let row = self.found.rows.get(target);
        row.is_none_or(|row| row.condition(&self.found.now, stale_after) != Condition::Value)
    }

    pub(super) fn status(&self) -> String {
        let (found, dashboard) = (self.found, &self.options.dashboard);
        let Document { account, taken_at, budget, token, .. } = self.document(&[]);
        let here = |role: Role| found.instances.iter().filter(|i| i.role == role).count();
        let status = found.status.as_ref();
        json_line(&StatusPart {
            schema: SCHEMA,
            account: &account,
            taken_at,
            health: Readiness::new(found, self.watched, dashboard),
            link_since: status.filter(|_| found.link().is_some()).map(|s| self.time(s.since.wall)),
            poller: found.poller.as_ref().map(|poller| PollerPart {
                host: clean_line(&poller.host, LONGEST),
                role: poller.role.word(),
                said_at: status.map(|s| self.time(s.at.wall)),
            }),
            requests_per_minute: status.map(|s| s.rate),
            cycle_s: status.map(|s| s.sweep.as_secs_f64()),
            budget,
            token,
            alerts: found.active_alerts(self.watched).len(),
            instances: InstancesPart {
                dashboards: here(Role::Dashboard),
                services: here(Role::Serve),
                commands: here(Role::Command),
            },
            history: HistoryPart {
                readings: found.history.readings,
                bytes: found.history.bytes,
                oldest: found.history.oldest.map(|at| self.time(at)),
            },
        })
    }

    fn document(&self, watched: &[Watched]) -> Document {
        let (found, dashboard) = (self.found, &self.options.dashboard);
        let facts = Facts {
            account: &dashboard.account,
            budget: dashboard.budget,
            usage: found.usage,
            token_left: found.token_left,
        };
        let stale_after = found.stale_after(dashboard.min_interval);
        Document::new(&facts, watched, &found.rows, &View { now: &found.now, zone: &dashboard.zone, stale_after })
    }

    fn names(&self) -> Names {
        self.options.dashboard.wall.names
    }

    fn naming(&self) -> Naming {
        Naming::new(self.names())
    }

    fn id(&self, target: &Target) -> String {
        self.naming().id(self.watched, target).into_owned()
    }

    fn name(&self, target: &Target) -> Option<String> {
        let watched = self.watched.iter().find(|w| w.target == *target)?;
        let row = self.found.rows.get(target)?;
        self.naming().name(watched, row).map(|name| clean_line(&name, LONGEST))
    }

    fn time(&self, at: jiff::Timestamp) -> String {
        rfc3339(at, &self.options.dashboard.zone)
    }
}
