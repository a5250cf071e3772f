//! Who is logged in, and the campaigns: each open point both ways.

use super::*;
use crate::sim::{
    LoginState, Roster, Shift,
    options::{ListAccess, LoginWords, NobodyForm},
};

impl Sim {
    fn sibling(&self, method: &str, name: &str, body: &Value) -> SimResponse {
        let request = SimRequest::new(method, &format!("/ca_apis/{name}"));
        let request = request.header("Authorization", &format!("Bearer {}", self.token)).header("apiKey", "sim-key");
        self.service.handle(&request.body(body.to_string()))
    }

    fn logins(&self) -> SimResponse {
        self.sibling("POST", "getAgentLogins", &json!({"userName": "acme"}))
    }

    /// With people in shifts.
    fn in_shifts(change: impl FnOnce(&mut SimOptions)) -> Sim {
        let mut options = SimOptions { latency: Latency::Fixed(20), ..SimOptions::default() };
        change(&mut options);
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
        let service = SimService::with_roster(options, Roster::generate(2, 40, 3), clock.clone());
        let mut sim = Sim { service, clock, token: String::new() };
        assert!(sim.mint());
        sim
    }
}

fn rows(r: &SimResponse) -> Vec<Value> {
    json_of(r)["message"].as_array().cloned().unwrap_or_default()
}

#[test]
fn who_is_in_a_shift_is_listed_with_what_they_do() {
    let s = Sim::in_shifts(|o| o.token_life_s = 86_400);
    let (mut seen, mut most) = (std::collections::HashSet::new(), 0);
    for _ in 0..12 {
        let listed = rows(&s.logins());
        let told: Vec<&str> = listed.iter().filter_map(|row| row["AgentId"].as_str()).collect();
        let truth = s.service.logins();
        assert_eq!(told, truth.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
        seen.extend(truth.iter().map(|(_, state)| *state));
        most = most.max(told.len());
        s.pass(1800);
    }
    assert_eq!((seen.len(), most), (3, 40), "{seen:?}");
    // Nine hours after the first two of the day everybody has gone home.
    assert!(s.service.logins().is_empty());
}

#[test]
fn who_goes_home_in_a_call_leaves_its_end_behind() {
    let s = Sim::in_shifts(nothing);
    let agents = s.service.roster().agents;
    let out_with_calls = (0..720).any(|_| {
        s.pass(60);
        let now = s.clock.now().mono;
        let logged_in = s.service.logins();
        agents.iter().filter(|a| !logged_in.iter().any(|(id, _)| *id == a.id)).any(|a| {
            let target = Target::agent(a.id.as_str());
            s.service.changes(&target, BootTime(now.0 - 59_000), now).len() > 1
        })
    });
    assert!(out_with_calls);
}

#[test]
fn each_way_of_refusing_is_played_and_the_token_stays_alive() {
    let good = Sim::minted(nothing);
    assert!(!rows(&good.logins()).is_empty() && good.verdict() == Verdict::Listed);
    for &access in ListAccess::ALL.iter().filter(|access| **access != ListAccess::Given) {
        let s = Sim::minted(|o| (o.logins, o.campaigns) = (access, access));
        let status = match access {
            ListAccess::Given => unreachable!(),
            ListAccess::MissingKey | ListAccess::TokenExpired | ListAccess::Bare401 => 401,
            ListAccess::Forbidden => 403,
            ListAccess::NotFound => 404,
            ListAccess::WrongMethod => 405,
            ListAccess::NotUnderstood => 200,
            ListAccess::ServerError => 500,
        };
        assert_eq!(s.logins().status, status, "{access:?}");
        let campaigns = s.sibling("GET", "getAvailableCampaigns", &json!({"userName": "acme"}));
        assert_eq!(campaigns.status, status, "{access:?}");
        assert!(json_of(&s.campaign())["message"]["AHT"].is_string(), "{access:?}");
    }
}

#[test]
fn a_list_wants_what_the_aht_wants() {
    let mut s = Sim::minted(nothing);
    for body in [json!({}), json!({"userName": "other"}), json!(3)] {
        assert!(rows(&s.sibling("POST", "getAgentLogins", &body)).is_empty(), "{body}");
    }
    s.pass(61);
    assert_eq!(s.sibling("GET", "getAgentLogins", &json!({"userName": "acme"})).status, 405);
    assert_eq!(s.sibling("POST", "campaignStatus", &json!({"userName": "acme"})).status, 405);
    s.token = "dead".into();
    assert_eq!(message(&s.logins()), "Token Expired");
    assert_eq!(s.verdict(), Verdict::TokenRejected);
    let basic = Sim::with(|o| o.auth = AuthSetting::Basic);
    assert!(!rows(&basic.logins()).is_empty());
}

#[test]
fn nobody_is_said_in_each_way() {
    for (&form, (status, word)) in
        NobodyForm::ALL.iter().zip([(200, ""), (200, "no record found"), (404, "no record found")])
    {
        let mut s = Sim::with(|o| {
            o.nobody = form;
            o.model.lead_s = 0;
        });
        assert!(s.mint());
        let mut roster = s.service.roster();
        roster.agents.iter_mut().for_each(|a| a.shift = Shift { lasts_ms: 0, ..a.shift });
        s.service = SimService::with_roster(s.service.options(), roster, s.clock.clone());
        assert!(s.mint());
        let r = s.logins();
        assert_eq!((r.status, message(&r).as_str(), rows(&r).len()), (status, word, 0), "{form:?}");
        assert_eq!(s.verdict(), Verdict::Listed);
    }
}

#[test]
fn a_list_has_a_limit_of_its_own_and_counts_in_the_accounts_or_not() {
    for count in [true, false] {
        let s = Sim::minted(|o| {
            o.count_lists = count;
            o.limit_per_minute = 7;
        });
        let listed = (0..9).filter(|_| !rows(&s.logins()).is_empty()).count();
        assert_eq!(listed, 5);
        let values = (0..9).filter(|_| json_of(&s.campaign())["message"]["AHT"].is_string()).count();
        // Refused ones count too.
        assert_eq!(values, if count { 0 } else { 7 });
        assert_eq!(s.service.counters().list_requests, 9);
        s.pass(61);
        assert!(!rows(&s.logins()).is_empty());
    }
}

#[test]
fn a_list_can_be_late_or_wrong() {
    let s = Sim::in_shifts(nothing);
    let (late, wrong) = (Sim::in_shifts(|o| o.logins_late_s = 3600), Sim::in_shifts(|o| o.logins_wrong_percent = 10));
    for sim in [&s, &late, &wrong] {
        sim.pass(3 * 3600);
    }
    let now = s.service.logins();
    let differs = |other: &[(String, LoginState)]| {
        let has = |list: &[(String, LoginState)], id: &str| list.iter().any(|(other, _)| other == id);
        s.service.roster().agents.iter().filter(|a| has(&now, &a.id) != has(other, &a.id)).count()
    };
    assert_eq!(differs(&wrong.service.logins()), 4);
    for sim in [&s, &late] {
        sim.pass(3600);
    }
    assert_eq!(late.service.logins(), now);
    assert!(differs(&s.service.logins()) > 0);
}

#[test]
fn states_have_the_words_that_are_set() {
    for &words in LoginWords::ALL {
        let s = Sim::minted(|o| o.login_words = words);
        let told: std::collections::HashSet<String> =
            rows(&s.logins()).iter().map(|row| row["AgentState"].to_string()).collect();
        let expected: &[&str] = match words {
            LoginWords::Upper => &[r#""READY""#, r#""BUSY""#],
            LoginWords::NotReady => &[r#""READY""#, r#""NOT READY""#],
            LoginWords::Spoken => &[r#""Ready""#, r#""In Call""#],
            LoginWords::Odd => &["null", "7", r#""""#],
        };
        assert!(expected.iter().all(|word| told.contains(*word)), "{words:?}: {told:?}");
    }
}

#[test]
fn campaigns_are_listed_by_both_routes() {
    let s = Sim::minted(nothing);
    let available = rows(&s.sibling("GET", "getAvailableCampaigns", &json!({"userName": "acme"})));
    assert_eq!((available.len(), &available[0]["Campaign"]), (4, &json!("COLLECT-IN")));
    let status = |name: &str| s.sibling("GET", "campaignStatus", &json!({"userName": "acme", "campaignName": name}));
    assert_eq!(rows(&status("RENEWALS")).len(), 4);
    assert_eq!(message(&status("NONE")), "no record found");
    assert_eq!(message(&status("")), "All parameters are mandatory");
}
