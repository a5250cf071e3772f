//! The service's own endpoints under `/sim/`: what was asked, what is so, and what shall go wrong.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fault::{Fault, FaultScope, Span},
    service::SimService,
    wire::SimRequest,
};
use crate::domain::{BootTime, Kind, Target};

/// Most log entries in one answer.
const MOST_ENTRIES: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    fault: Fault,
    #[serde(default)]
    scope: FaultScope,
    #[serde(default = "until_cleared")]
    span: Span,
}

fn until_cleared() -> Span {
    Span::UntilCleared
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegimeBody {
    campaign: String,
    factor: f64,
}

/// True where the path belongs to the control endpoints.
pub(super) fn is_control(path: &str) -> bool {
    path == "/sim" || path.starts_with("/sim/") || path.starts_with("/sim?")
}

/// Answers a control request: status and JSON.
///
/// A page in a browser could reach loopback by a name that it had pointed there: the host must be written as loopback.
pub(super) fn control(service: &SimService, request: &SimRequest) -> (u16, Value) {
    let host = request.get("Host").unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |h| h.0);
    if !matches!(name, "" | "localhost" | "127.0.0.1" | "[::1]") {
        return (403, json!({"error": "control is for loopback only"}));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let done = |result: Result<(), String>| match result {
        Ok(()) => (200, json!({"ok": true})),
        Err(error) => (400, json!({"error": error})),
    };
    match (request.method.as_str(), path) {
        ("GET", "/sim" | "/sim/") => (200, json!({"get": GET, "post": POST})),
        ("GET", "/sim/log") => {
            let number = |key| param(query, key).and_then(|v| v.parse::<u64>().ok());
            let most = number("most").map_or(MOST_ENTRIES, |n| usize::try_from(n).unwrap_or(MOST_ENTRIES));
            ok(&service.log_after(number("after").unwrap_or(0), most.min(MOST_ENTRIES)))
        }
        ("GET", "/sim/counters") => ok(&service.counters()),
        ("GET", "/sim/options") => ok(&service.options()),
        ("GET", "/sim/faults") => ok(&service.faults()),
        ("GET", "/sim/targets") => ok(&service.roster().targets()),
        ("GET", "/sim/logins") => ok(&service.logins()),
        ("GET", "/sim/truth") => truth(service, query),
        ("POST", "/sim/fault") => done(parse::<FaultBody>(request).map(|b| {
            service.inject_into(b.scope, b.fault, b.span);
        })),
        ("POST", "/sim/clear") => {
            service.clear_faults();
            done(Ok(()))
        }
        ("POST", "/sim/mint") => (200, json!({"ok": service.foreign_mint()})),
        ("POST", "/sim/revoke") => {
            service.revoke_token();
            done(Ok(()))
        }
        ("POST", "/sim/regime") => done(parse::<RegimeBody>(request).and_then(|b| {
            let known = service.set_regime(&b.campaign, b.factor);
            if known { Ok(()) } else { Err("no such campaign, or a factor that is not above zero".into()) }
        })),
        ("POST", "/sim/options") => {
            done(parse::<Value>(request).and_then(|p| service.patch_options(p).map_err(|e| e.to_string())))
        }
        (_, path) if GET.contains(&path) || POST.contains(&path) => (405, json!({"error": "the other method"})),
        _ => (404, json!({"error": "no such endpoint", "get": GET, "post": POST})),
    }
}

const GET: [&str; 7] =
    ["/sim/log", "/sim/counters", "/sim/options", "/sim/faults", "/sim/targets", "/sim/logins", "/sim/truth"];
const POST: [&str; 6] = ["/sim/fault", "/sim/clear", "/sim/mint", "/sim/revoke", "/sim/regime", "/sim/options"];

/// `?agent=ID` or `?campaign=NAME`, and `&at=` milliseconds of the boot clock; now where it is not given.
fn truth(service: &SimService, query: &str) -> (u16, Value) {
    let target = Kind::ALL.into_iter().find_map(|kind| Some(Target { kind, id: param(query, kind.word())?.into() }));
    let Some(target) = target else { return (400, json!({"error": "say agent=ID or campaign=NAME"})) };
    let now = service.clock().now().mono;
    let at = match param(query, "at").map(|v| v.parse::<i64>()) {
        None => now,
        Some(Ok(at)) => BootTime(at),
        Some(Err(_)) => return (400, json!({"error": "at is in milliseconds of the boot clock"})),
    };
    ok(&json!({"target": target, "at": at.min(now), "truth": service.truth(&target, at)}))
}

fn ok(value: &impl serde::Serialize) -> (u16, Value) {
    match serde_json::to_value(value) {
        Ok(value) => (200, value),
        Err(e) => (500, json!({"error": e.to_string()})),
    }
}

fn parse<T: for<'a> Deserialize<'a>>(request: &SimRequest) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|e| e.to_string())
}

/// The decoded value of `key` in a query.
fn param(query: &str, key: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))?;
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            b => b,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{domain::ManualClock, sim::SimOptions};

    fn service() -> SimService {
        SimService::new(SimOptions::default(), Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH)))
    }

    fn post(path: &str, body: &str) -> SimRequest {
        SimRequest::new("POST", path).body(body)
    }

    #[test]
    fn a_query_is_decoded() {
        assert_eq!(param("a=1&agent=priya%40acme.example&b", "agent").as_deref(), Some("priya@acme.example"));
        assert_eq!(param("campaign=A+B%e0%a4%95", "campaign").as_deref(), Some("A Bक"));
        assert_eq!(param("agent=%zz", "agent"), None);
        assert_eq!(param("agents=1", "agent"), None);
    }

    #[test]
    fn faults_and_options_can_be_set_and_read() {
        let s = service();
        let fault = r#"{"fault":{"status":503},"scope":"aht","span":{"requests":3}}"#;
        assert_eq!(control(&s, &post("/sim/fault", fault)).0, 200);
        assert_eq!(control(&s, &post("/sim/fault", r#"{"fault":"hang"}"#)).0, 200);
        assert_eq!(control(&s, &SimRequest::new("GET", "/sim/faults")).1, json!(["status", "hang"]));
        assert_eq!(control(&s, &post("/sim/clear", "")).0, 200);
        assert_eq!(control(&s, &SimRequest::new("GET", "/sim/faults")).1, json!([]));
        assert_eq!(control(&s, &post("/sim/options", r#"{"limit_per_minute":7}"#)).0, 200);
        assert_eq!(control(&s, &SimRequest::new("GET", "/sim/options")).1["limit_per_minute"], 7);
        for bad in [r#"{"limit":7}"#, r#"{"model":{"seed":2}}"#, "7", ""] {
            assert_eq!(control(&s, &post("/sim/options", bad)).0, 400, "{bad}");
        }
        assert_eq!(control(&s, &post("/sim/mint", "")).1, json!({"ok": true}));
        assert_eq!(control(&s, &SimRequest::new("GET", "/sim/counters")).1["foreign_minted"], 1);
        assert_eq!(control(&s, &post("/sim/regime", r#"{"campaign":"WINBACK","factor":2}"#)).0, 200);
        assert_eq!(control(&s, &post("/sim/regime", r#"{"campaign":"NONE","factor":2}"#)).0, 400);
    }

    #[test]
    fn truth_is_told_by_kind_and_id() {
        let s = service();
        let get = |path: &str| control(&s, &SimRequest::new("GET", path));
        assert!(get("/sim/truth?campaign=COLLECT-IN").1["truth"]["secs"].as_u64().unwrap() > 60);
        assert_eq!(get("/sim/truth?agent=nobody&at=5").1["truth"], "invalid");
        assert_eq!(get("/sim/truth").0, 400);
        assert_eq!(get("/sim/truth?agent=x&at=noon").0, 400);
        assert_eq!((get("/sim/fault").0, get("/sim/nothing").0, get("/sim").0), (405, 404, 200));
    }

    #[test]
    fn a_foreign_host_is_refused() {
        let s = service();
        for (host, status) in
            [("127.0.0.1:80", 200), ("localhost", 200), ("[::1]:9", 200), ("evil.example:80", 403), ("[::1", 403)]
        {
            let request = SimRequest::new("GET", "/sim/counters").header("Host", host);
            assert_eq!(control(&s, &request).0, status, "{host}");
        }
    }
}
