//! What is answered, and why: the rules of the contract, applied in the order in which a gateway would.

use std::{collections::HashMap, time::Duration};

use rand::{RngExt, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, LogNormal};
use serde_json::Value;

use super::{
    fault::{Fault, FaultScope, Faults, ForeignAct, WireFault},
    limit::{Limiter, Peak},
    log::{Log, LogEntry, Verdict},
    model::{Model, Truth},
    options::{AuthSetting, Eleventh, Latency, LimitScope, Methods, Parallel, SimOptions},
    script::{Action, Script},
    tokens::{Presented, Tokens},
    wire::{self, Answer, Refusal, Sibling, SimRequest, SimResponse},
};
use crate::domain::{BootTime, Kind, Now, Target};

const AHT_PATH: &str = "/ca_apis/aht";
const TOKEN_PATH: &str = "/ca_apis/CAToken/generateToken";
/// Header fields of JSON and HTML.
const JSON: &str = "application/json;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";
const MOST_BYTES: usize = 64 << 20;

/// All that the service knows.
pub(super) struct Inner {
    pub(super) options: SimOptions,
    pub(super) started: BootTime,
    pub(super) model: Model,
    /// Targets by their ids in lower case.
    pub(super) folded: HashMap<Target, Target>,
    pub(super) tokens: Tokens,
    pub(super) limiter: Limiter,
    /// Of the lists, by path.
    pub(super) list_limiter: Limiter,
    pub(super) faults: Faults,
    pub(super) script: Script,
    pub(super) log: Log,
    pub(super) peak: Peak,
    pub(super) peak_all: Peak,
    pub(super) rng: Xoshiro256PlusPlus,
    /// Until when the last generation is under way.
    pub(super) mint_answered: BootTime,
    /// How many odd names and shapes were sent.
    pub(super) oddities: u64,
}

/// An answer with what the log wants to know.
pub(super) struct Decision {
    answer: Answer,
    verdict: Verdict,
    generation: Option<u32>,
    told: Option<Truth>,
}

impl Decision {
    pub(super) fn new(answer: Answer, verdict: Verdict) -> Self {
        Decision { answer, verdict, generation: None, told: None }
    }

    pub(super) fn refuse(refusal: Refusal, verdict: Verdict, o: &SimOptions) -> Self {
        Decision::new(wire::refuse(refusal, o), verdict)
    }

    /// With the token that came along.
    pub(super) fn by(self, generation: Option<u32>) -> Self {
        Decision { generation, ..self }
    }
}

impl Inner {
    /// Milliseconds since the model's start.
    pub(super) fn model_time(&self, at: BootTime) -> i64 {
        at.0.saturating_sub(self.started.0).saturating_add(i64::from(self.options.model.lead_s) * 1000)
    }

    /// Lives through the script's steps and other clients' doings until now.
    pub(super) fn catch_up(&mut self, now: &Now) {
        let due = self.script.due(now.mono.0.saturating_sub(self.started.0));
        for (ms, action) in due {
            let at = BootTime(self.started.0.saturating_add(ms));
            match action {
                Action::Fault { fault, scope, span } => self.faults.inject(fault, scope, span, at),
                Action::Regime { campaign, factor } => {
                    let t = self.model_time(at);
                    self.model.command(&campaign, factor, t);
                }
            }
        }
        while let Some((at, act)) = self.faults.next_act(now.mono) {
            match act {
                ForeignAct::Request => {
                    self.foreign_request(at, false);
                }
                ForeignAct::Mint => {
                    let ago = now.mono.since(at);
                    let wall = now.wall.checked_sub(ago).unwrap_or(now.wall);
                    self.foreign_mint(&Now { boot: now.boot.clone(), mono: at, wall });
                }
            }
        }
    }

    /// Counts a request of another client; false where it is above the limit.
    fn foreign_request(&mut self, at: BootTime, token: bool) -> bool {
        self.log.counters.foreign_requests += 1;
        self.peak_all.arrived(at);
        if self.options.limit_scope != LimitScope::Account || (token && !self.options.count_tokens) {
            return true;
        }
        let used = self.limiter.used("", at, self.started, self.options.limit_window);
        let fits = used < self.options.limit_per_minute;
        if fits || self.options.count_failures {
            self.limiter.count("", at);
        }
        fits
    }

    pub(super) fn foreign_mint(&mut self, now: &Now) -> bool {
        let fits =
            self.foreign_request(now.mono, true) && !self.tokens.exhausted(now.mono, self.options.generations_per_hour);
        if fits {
            self.tokens.generate(now, &self.options);
            self.log.counters.foreign_minted += 1;
        }
        fits
    }

    pub(super) fn truth(&mut self, target: &Target, at: BootTime) -> Truth {
        self.model.set_window(Duration::from_secs(self.options.window_s.into()));
        let target = self.resolve(target);
        let t = self.computed_at(self.model_time(at));
        self.model.value_at(&target, t)
    }

    pub(super) fn changes(&mut self, target: &Target, from: BootTime, to: BootTime) -> Vec<(BootTime, Truth)> {
        let mut out: Vec<(BootTime, Truth)> = vec![(from, self.truth(target, from))];
        let (start, end) = (self.model_time(from), self.model_time(to));
        let target = self.resolve(target);
        let step = i64::from(self.options.recompute_s) * 1000;
        let changes = if step == 0 {
            self.model.changes(&target, start, end)
        } else {
            let first = (start.div_euclid(step) + 1) * step;
            let mut at = first;
            std::iter::from_fn(|| {
                let t = (at <= end).then_some(at)?;
                at += step;
                Some((t, self.model.value_at(&target, t)))
            })
            .collect()
        };
        for (t, value) in changes {
            if out.last().is_none_or(|last| last.1 != value) {
                out.push((BootTime(from.0 + (t - start)), value));
            }
        }
        out
    }

    /// When the value that is told at `t` was computed.
    fn computed_at(&self, t: i64) -> i64 {
        match i64::from(self.options.recompute_s) * 1000 {
            0 => t,
            step => t.div_euclid(step) * step,
        }
    }

    /// The target that is meant.
    fn resolve(&self, target: &Target) -> Target {
        if self.options.case_sensitive_ids {
            return target.clone();
        }
        let folded = Target { kind: target.kind, id: target.id.to_lowercase().into() };
        self.folded.get(&folded).unwrap_or(target).clone()
    }

    pub(super) fn handle(&mut self, request: &SimRequest, now: &Now) -> SimResponse {
        let path = request.path.split('?').next().unwrap_or_default().to_owned();
        let sibling = Sibling::of_path(&path);
        let scope = match path.as_str() {
            AHT_PATH => FaultScope::Aht,
            TOKEN_PATH => FaultScope::Token,
            _ if sibling.is_some() => FaultScope::List,
            _ => FaultScope::All,
        };
        let delay = self.latency();
        self.peak.arrived(now.mono);
        self.peak_all.arrived(now.mono);
        match scope {
            FaultScope::Aht => self.log.counters.aht_requests += 1,
            FaultScope::Token => self.log.counters.token_requests += 1,
            FaultScope::List => self.log.counters.list_requests += 1,
            FaultScope::All => {}
        }
        let body: Option<Value> = serde_json::from_slice(&request.body).ok();
        let limited = match scope {
            FaultScope::Aht => true,
            FaultScope::Token => self.options.count_tokens,
            FaultScope::List => self.options.count_lists,
            FaultScope::All => false,
        };
        let key = match self.options.limit_scope {
            LimitScope::Account => "",
            LimitScope::User => body.as_ref().and_then(|b| b.get("userName")?.as_str()).unwrap_or_default(),
            LimitScope::Address => &request.peer,
        };
        let fault = self.faults.spoil(scope, now.mono);
        let mut headers = vec![("Content-Type".to_owned(), JSON.to_owned())];
        let mut wire = None;
        let instead = fault.as_ref().and_then(|f| self.instead(f, &mut headers, &mut wire));
        let used = self.limiter.used(key, now.mono, self.started, self.options.limit_window);
        let decision = match instead {
            Some(answer) => Decision::new(answer, Verdict::Spoiled),
            None if limited && used >= self.options.limit_per_minute => {
                if self.options.retry_after {
                    let s = self.limiter.retry_after(key, now.mono, self.started, self.options.limit_window);
                    headers.push(("Retry-After".into(), s.to_string()));
                }
                Decision::refuse(Refusal::Limit, Verdict::Throttled, &self.options)
            }
            None => match scope {
                FaultScope::Aht => self.aht(request, body.as_ref(), now, fault.as_ref()),
                FaultScope::Token => self.generate(request, body.as_ref(), now, delay),
                FaultScope::List if self.above_own_limit(&path, now.mono) => {
                    Decision::refuse(Refusal::Limit, Verdict::Throttled, &self.options)
                }
                FaultScope::List | FaultScope::All => sibling.map_or_else(
                    || Decision::new((404, wire::html("404 Not Found")), Verdict::NotFound),
                    |sibling| self.list(sibling, request, body.as_ref(), now),
                ),
            },
        };
        let failed = !matches!(decision.verdict, Verdict::Value | Verdict::NoCalls | Verdict::Listed | Verdict::Minted);
        if limited && (!failed || self.options.count_failures) {
            self.limiter.count(key, now.mono);
        }
        let (status, bytes) = decision.answer;
        if bytes.starts_with(b"<") {
            headers[0].1 = HTML.into();
        }
        let entry = LogEntry {
            seq: 0,
            at: now.mono,
            method: request.method.clone(),
            path,
            target: body.as_ref().and_then(asked),
            verdict: decision.verdict,
            status,
            generation: decision.generation,
            told: decision.told,
            fault: fault.map(|f| f.name().to_owned()),
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        };
        self.log.push(entry, self.options.log_capacity);
        SimResponse { status, headers, body: bytes, delay, wire }
    }

    /// What a fault answers instead of the service. Faults of the wire leave the answer to the service.
    fn instead(
        &mut self,
        fault: &Fault,
        headers: &mut Vec<(String, String)>,
        wire: &mut Option<WireFault>,
    ) -> Option<Answer> {
        let spoiled = match fault {
            Fault::Hang => WireFault::Hang,
            Fault::Drip { byte_ms } => WireFault::Drip(Duration::from_millis(u64::from(*byte_ms))),
            Fault::Reset => WireFault::Reset,
            Fault::Truncate => WireFault::Truncate,
            Fault::Garbage => {
                *wire = Some(WireFault::Garbage);
                let mut noise = vec![0u8; 512];
                self.rng.fill(&mut noise[..]);
                return Some((200, noise));
            }
            Fault::Status(status) => {
                let status = (*status).clamp(400, 599);
                return Some((status, br#"{"status":"error","message":"Internal error, try again later"}"#.to_vec()));
            }
            Fault::GatewayTimeout => return Some((504, wire::html("504 Gateway Time-out"))),
            Fault::HtmlOk => return Some((200, wire::html("Sign in"))),
            Fault::HugeBody { bytes } => {
                let mut body = br#"{"status":"success","message":""#.to_vec();
                body.resize((*bytes).min(MOST_BYTES).max(body.len()), b'A');
                body.extend(br#""}"#);
                return Some((200, body));
            }
            Fault::WrongShape => {
                self.oddities += 1;
                return Some((200, wire::wrong_shape(self.oddities - 1)));
            }
            Fault::Redirect { to } => {
                headers.push(("Location".into(), to.replace(char::is_control, "")));
                return Some((302, Vec::new()));
            }
            Fault::InvalidUtf8 | Fault::HostileNames | Fault::ForeignUse { .. } | Fault::ForeignMint { .. } => {
                return None;
            }
        };
        *wire = Some(spoiled);
        None
    }

    fn generate(&mut self, request: &SimRequest, body: Option<&Value>, now: &Now, delay: Duration) -> Decision {
        let o = &self.options;
        if request.method != "POST" {
            return Decision::new((o.wrong_method_status, Vec::new()), Verdict::WrongMethod);
        }
        if let Some(refused) = self.key_refused(request, body, true) {
            return refused;
        }
        let under_way = now.mono < self.mint_answered;
        let living = self.tokens.living(now.mono);
        let again = |(generation, token): (u32, String), o: &SimOptions| Decision {
            generation: Some(generation),
            ..Decision::new(wire::token(&token, &o.token_message), Verdict::Minted)
        };
        match (under_way, o.parallel) {
            (true, Parallel::Refused) => {
                return Decision::refuse(Refusal::MintUnderWay, Verdict::MintRefused, o);
            }
            (true, Parallel::SameToken) => {
                if let Some(living) = living {
                    return again(living, o);
                }
            }
            _ => {}
        }
        if self.tokens.exhausted(now.mono, o.generations_per_hour) {
            let refused = |answer| Decision::new(answer, Verdict::MintRefused);
            return match o.eleventh {
                Eleventh::SameToken if living.is_some() => {
                    living.map_or_else(|| refused(wire::refuse(Refusal::Limit, o)), |living| again(living, o))
                }
                Eleventh::Limit | Eleventh::SameToken => refused(wire::refuse(Refusal::Limit, o)),
                Eleventh::EmptyToken => refused(wire::token("", "Token generation limit exceeded")),
                Eleventh::ServerError => refused((500, wire::html("500 Internal Server Error"))),
            };
        }
        self.mint_answered = now.mono + delay;
        self.log.counters.minted += 1;
        let minted = self.tokens.generate(now, o);
        again(minted, o)
    }

    /// User name and key.
    fn key_refused(&self, request: &SimRequest, body: Option<&Value>, token_route: bool) -> Option<Decision> {
        let o = &self.options;
        let refuse = |refusal, verdict| Some(Decision::refuse(refusal, verdict, o));
        let user = body.and_then(|b| b.get("userName")).and_then(Value::as_str);
        match (request.get("apiKey").unwrap_or_default(), user) {
            (_, None) if token_route => refuse(Refusal::UserNameNull, Verdict::CredentialsRejected),
            (_, None | Some("")) => refuse(Refusal::UserNameEmpty, Verdict::CredentialsRejected),
            ("", _) => refuse(Refusal::ApiKeyEmpty, Verdict::CredentialsRejected),
            (key, Some(user)) if key != o.api_key || user != o.user_name => {
                refuse(Refusal::Credentials, Verdict::CredentialsRejected)
            }
            _ => None,
        }
    }

    fn aht(&mut self, request: &SimRequest, body: Option<&Value>, now: &Now, fault: Option<&Fault>) -> Decision {
        let o = &self.options;
        let taken = match o.methods {
            Methods::Post => request.method == "POST",
            Methods::Get => request.method == "GET",
            Methods::Both => request.method == "POST" || request.method == "GET",
        };
        if !taken {
            return Decision::new((o.wrong_method_status, Vec::new()), Verdict::WrongMethod);
        }
        let (generation, decision) = self.token_refused(request, now);
        let decision = decision.unwrap_or_else(|| self.look_up(request, body, now, fault));
        Decision { generation, ..decision }
    }

    /// By the kind of authentication and by the token; which token it was.
    pub(super) fn token_refused(&self, request: &SimRequest, now: &Now) -> (Option<u32>, Option<Decision>) {
        let o = &self.options;
        let bearer = request.get("Authorization").and_then(|h| h.strip_prefix("Bearer ")).map(str::trim);
        let looked = bearer.map(|t| self.tokens.look(t, now.mono));
        let generation = match looked {
            Some(Presented::Alive(g) | Presented::Dead(g)) => Some(g),
            _ => None,
        };
        let decision = match o.auth {
            AuthSetting::Basic if request.get("apiKey").is_none() => {
                Some(Decision::refuse(Refusal::WantsBasic, Verdict::CredentialsRejected, o))
            }
            AuthSetting::Token if !matches!(looked, Some(Presented::Alive(_))) => {
                Some(Decision::refuse(Refusal::DeadToken, Verdict::TokenRejected, o))
            }
            _ => None,
        };
        (generation, decision)
    }

    /// By the body and who it names.
    pub(super) fn user_refused(&self, request: &SimRequest, body: Option<&Value>) -> Option<Decision> {
        let o = &self.options;
        let Some(body) = body.filter(|b| b.is_object()) else {
            return Some(Decision::refuse(Refusal::InvalidJson, Verdict::BadRequest, o));
        };
        if o.auth == AuthSetting::Basic {
            return self.key_refused(request, Some(body), false);
        }
        match body.get("userName").and_then(Value::as_str) {
            None | Some("") => Some(Decision::refuse(Refusal::UserNameEmpty, Verdict::CredentialsRejected, o)),
            Some(user) if user != o.user_name => {
                Some(Decision::refuse(Refusal::Credentials, Verdict::CredentialsRejected, o))
            }
            Some(_) => None,
        }
    }

    fn look_up(&mut self, request: &SimRequest, body: Option<&Value>, now: &Now, fault: Option<&Fault>) -> Decision {
        if let Some(refused) = self.user_refused(request, body) {
            return refused;
        }
        let o = &self.options;
        let Some(body) = body else {
            return Decision::refuse(Refusal::InvalidJson, Verdict::BadRequest, o);
        };
        let Some(asked) = asked(body) else {
            // The page has it this way round: nothing at all is "both", and empty fields are "empty".
            let fields = [body.get("agentId"), body.get("campaignName")];
            let empty = fields.iter().any(|f| f.is_some_and(|v| v.as_str() == Some("")));
            let refusal = if empty { Refusal::Neither } else { Refusal::Both };
            return Decision::refuse(refusal, Verdict::BadRequest, o);
        };
        let target = self.resolve(&asked);
        let truth = self.truth(&target, now.mono);
        let o = &self.options;
        let verdict = match truth {
            Truth::Invalid => return Decision::refuse(Refusal::InvalidId(target.kind), Verdict::InvalidId, o),
            Truth::NoCalls => Verdict::NoCalls,
            Truth::Secs(_) => Verdict::Value,
        };
        let roster = self.model.roster();
        let id = match target.kind {
            Kind::Agent => &*target.id,
            Kind::Campaign => roster.campaign(&target).map_or("", |c| &c.campaign_id),
        };
        let mut name = roster.name(&target).unwrap_or_default().to_owned();
        if fault == Some(&Fault::HostileNames) {
            name = wire::hostile_name(self.oddities);
            self.oddities += 1;
        }
        let mut answer = wire::success(target.kind, id, &name, truth, o);
        if fault == Some(&Fault::InvalidUtf8) {
            let place = answer.1.windows(name.len().max(1)).position(|w| w == name.as_bytes());
            answer.1.splice(place.map_or(0..0, |p| p..p), [0xc3, 0x28, 0xff]);
        }
        Decision { told: Some(truth), ..Decision::new(answer, verdict) }
    }

    pub(super) fn latency(&mut self) -> Duration {
        let ms = match self.options.latency {
            Latency::Fixed(ms) => f64::from(ms),
            Latency::Uniform { min_ms, max_ms } => {
                self.rng.random_range(f64::from(min_ms)..=f64::from(max_ms.max(min_ms)))
            }
            Latency::LongTail { median_ms } => {
                // P(X > 3 medians) = 0.02
                let tail = LogNormal::<f64>::new(0.0, 0.535).map_or(1.0, |d| d.sample(&mut self.rng));
                (f64::from(median_ms) * tail).min(60_000.0)
            }
        };
        Duration::from_millis(ms.round() as u64)
    }
}

/// The one target that a body names.
fn asked(body: &Value) -> Option<Target> {
    let field = |key: &str| body.get(key).filter(|v| !v.is_null() && v.as_str() != Some(""));
    // Ids are strings: a number is an id that nobody has.
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    match (field("agentId"), field("campaignName")) {
        (Some(id), None) => Some(Target::agent(text(id))),
        (None, Some(id)) => Some(Target::campaign(text(id))),
        _ => None,
    }
}
