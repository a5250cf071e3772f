//! The siblings of the AHT route: who is logged in, and which campaigns there are.

use serde_json::{Value, json};

use super::{
    answer::{Decision, Inner},
    log::Verdict,
    model::LoginState,
    options::{ListAccess, LoginWords, NobodyForm, Shape, SimOptions},
    wire::{self, Refusal, Sibling, SimRequest},
};
use crate::domain::{BootTime, Now};

impl Inner {
    /// Whether one more request of this sibling is above its own limit; counts it where it is not.
    pub(super) fn above_own_limit(&mut self, path: &str, now: BootTime) -> bool {
        let most = self.options.lists_per_minute;
        if self.list_limiter.used(path, now, self.started, self.options.limit_window) >= most {
            return true;
        }
        self.list_limiter.count(path, now);
        false
    }

    pub(super) fn list(&mut self, sibling: Sibling, request: &SimRequest, body: Option<&Value>, now: &Now) -> Decision {
        let access = if sibling == Sibling::Logins { self.options.logins } else { self.options.campaigns };
        let refused = |answer, verdict| Decision::new(answer, verdict);
        match access {
            ListAccess::Given => {}
            ListAccess::MissingKey => {
                return Decision::refuse(Refusal::WantsBasic, Verdict::CredentialsRejected, &self.options);
            }
            ListAccess::TokenExpired => {
                return Decision::refuse(Refusal::DeadToken, Verdict::TokenRejected, &self.options);
            }
            ListAccess::Bare401 => return refused((401, Vec::new()), Verdict::TokenRejected),
            ListAccess::Forbidden => return refused((403, wire::html("403 Forbidden")), Verdict::CredentialsRejected),
            ListAccess::NotFound => return refused((404, wire::html("404 Not Found")), Verdict::NotFound),
            ListAccess::WrongMethod => return refused((405, Vec::new()), Verdict::WrongMethod),
            ListAccess::NotUnderstood => {
                self.oddities += 1;
                return refused((200, wire::wrong_shape(self.oddities - 1)), Verdict::Spoiled);
            }
            ListAccess::ServerError => {
                return refused((500, wire::html("500 Internal Server Error")), Verdict::Spoiled);
            }
        }
        if request.method != sibling.method() {
            return refused((self.options.wrong_method_status, Vec::new()), Verdict::WrongMethod);
        }
        let (generation, decision) = self.token_refused(request, now);
        let decision = decision.or_else(|| self.user_refused(request, body));
        let decision = decision.unwrap_or_else(|| match sibling {
            Sibling::Logins => self.logins_listed(now),
            Sibling::Status | Sibling::Available => self.campaigns_listed(sibling, body),
        });
        decision.by(generation)
    }

    /// Who is logged in at `at`, by their places in the roster, as the list tells it.
    pub(super) fn logins(&mut self, at: BootTime) -> Vec<(usize, LoginState)> {
        let late = i64::from(self.options.logins_late_s) * 1000;
        let t = self.model_time(at).saturating_sub(late);
        let mut all = self.model.logins(t);
        let wrong = u64::from(self.options.logins_wrong_percent);
        for (i, state) in all.iter_mut().enumerate() {
            // Always the same ones, spread over the roster.
            if (i as u64).wrapping_mul(61) % 100 < wrong {
                *state = if state.is_some() { None } else { Some(LoginState::Ready) };
            }
        }
        let exists: Vec<bool> = self.model.roster().agents.iter().map(|agent| agent.exists).collect();
        all.into_iter()
            .zip(exists)
            .enumerate()
            .filter_map(|(i, (state, exists))| Some((i, state.filter(|_| exists)?)))
            .collect()
    }

    fn logins_listed(&mut self, now: &Now) -> Decision {
        let logins = self.logins(now.mono);
        let (o, roster) = (&self.options, self.model.roster());
        if logins.is_empty() {
            return match o.nobody {
                NobodyForm::EmptyList => Decision::new(wire::list(&[], Shape::MessageArray, o), Verdict::Listed),
                NobodyForm::NoRecord => Decision::refuse(Refusal::NoRecord, Verdict::Listed, o),
                NobodyForm::NoRecord404 => Decision::new((404, wire::refuse(Refusal::NoRecord, o).1), Verdict::Listed),
            };
        }
        let rows: Vec<Value> = logins
            .iter()
            .filter_map(|&(i, state)| {
                let agent = roster.agents.get(i)?;
                let skill = roster.campaigns.get(agent.campaign).map_or("", |campaign| &campaign.name);
                let mut row = json!({
                    "AgentId": agent.id, "AgentName": agent.name, "PhoneNumber": Value::Null,
                    "SkillName": format!("{skill}, {}", agent.group),
                });
                row["AgentState"] = word(state, i, o);
                Some(row)
            })
            .collect();
        Decision::new(wire::list(&rows, o.shape, o), Verdict::Listed)
    }

    fn campaigns_listed(&self, sibling: Sibling, body: Option<&Value>) -> Decision {
        let (o, roster) = (&self.options, self.model.roster());
        if sibling == Sibling::Status {
            match body.and_then(|b| b.get("campaignName")).and_then(Value::as_str) {
                None | Some("") => return Decision::refuse(Refusal::AllMandatory, Verdict::BadRequest, o),
                Some(name) if !roster.campaigns.iter().any(|c| c.name == name) => {
                    return Decision::refuse(Refusal::NoRecord, Verdict::InvalidId, o);
                }
                Some(_) => {}
            }
        }
        let rows: Vec<Value> = roster
            .campaigns
            .iter()
            .map(|c| match sibling {
                Sibling::Available => {
                    json!({"Campaign": c.name, "CampaignID": c.campaign_id, "CampaignType": "Preview", "Status": "READY"})
                }
                _ => {
                    json!({"CampaignID": c.campaign_id, "CampaignName": c.name, "UserName": o.user_name, "Position": "READY"})
                }
            })
            .collect();
        Decision::new(wire::list(&rows, o.shape, o), Verdict::Listed)
    }
}

/// The word of a state.
fn word(state: LoginState, i: usize, o: &SimOptions) -> Value {
    match (o.login_words, state) {
        (LoginWords::Upper, LoginState::Ready) => json!("READY"),
        (LoginWords::Upper, LoginState::Busy) => json!("BUSY"),
        (LoginWords::Upper, LoginState::Break) => json!("PAUSE"),
        (LoginWords::NotReady, LoginState::Ready) => json!("READY"),
        (LoginWords::NotReady, _) => json!("NOT READY"),
        (LoginWords::Spoken, LoginState::Ready) => json!("Ready"),
        (LoginWords::Spoken, LoginState::Busy) => json!("In Call"),
        (LoginWords::Spoken, LoginState::Break) => json!("On Break - Tea"),
        (LoginWords::Odd, _) => match i % 5 {
            0 => Value::Null,
            1 => json!(""),
            2 => json!(7),
            3 => json!("\u{1b}[31mचाय\u{202e}"),
            _ => json!({"state": "READY"}),
        },
    }
}
