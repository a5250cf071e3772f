//! The contract, rule by rule, on a clock that the tests own.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{Kind, ManualClock},
    sim::{
        Verdict, WireFault,
        options::{
            AuthSetting, DeadToken, Eleventh, ErrorStatus, Latency, LimitScope, LimitWindow, Methods, NoCallsForm,
            Parallel, Shape, StatusWords, TokenForm, Wording,
        },
    },
};

/// A service, its clock, and a client that keeps the last token.
struct Sim {
    service: SimService,
    clock: Arc<ManualClock>,
    token: String,
}

impl Sim {
    fn with(change: impl FnOnce(&mut SimOptions)) -> Sim {
        let mut options = SimOptions { latency: Latency::Fixed(20), ..SimOptions::default() };
        change(&mut options);
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
        Sim { service: SimService::new(options, clock.clone()), clock, token: String::new() }
    }

    fn minted(change: impl FnOnce(&mut SimOptions)) -> Sim {
        let mut sim = Sim::with(change);
        assert!(sim.mint());
        sim.pass(61);
        sim
    }

    fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    fn mint_response(&self) -> SimResponse {
        let request = SimRequest::new("POST", "/ca_apis/CAToken/generateToken").header("apikey", "sim-key");
        self.service.handle(&request.body(r#"{"userName":"acme"}"#))
    }

    fn mint(&mut self) -> bool {
        let token = json_of(&self.mint_response())["token"].as_str().unwrap_or_default().to_owned();
        let got = !token.is_empty();
        if got {
            self.token = token;
        }
        got
    }

    fn request(&self, body: &Value) -> SimRequest {
        SimRequest::new("POST", "/ca_apis/aht")
            .header("Authorization", &format!("Bearer {}", self.token))
            .body(body.to_string())
    }

    fn ask(&self, body: &Value) -> SimResponse {
        self.service.handle(&self.request(body))
    }

    fn campaign(&self) -> SimResponse {
        self.ask(&json!({"userName": "acme", "campaignName": "COLLECT-IN"}))
    }

    fn verdict(&self) -> Verdict {
        self.service.log().last().unwrap().verdict
    }
}

fn json_of(r: &SimResponse) -> Value {
    serde_json::from_slice(&r.body).unwrap_or(Value::Null)
}

fn message(r: &SimResponse) -> String {
    json_of(r)["message"].as_str().unwrap_or_default().to_owned()
}

fn nothing(_: &mut SimOptions) {}

mod contract;
mod lists;
mod trouble;
