//! The bodies: successes and errors in all the shapes and wordings that the contract knows.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    fault::WireFault,
    model::Truth,
    options::{DeadToken, ErrorStatus, NoCallsForm, Shape, SimOptions, StatusWords, Wording},
};
use crate::domain::Kind;

/// A request, as far as the contract cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimRequest {
    pub method: String,
    /// Path, with or without a query.
    pub path: String,
    /// Header fields; names in any case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The client's address, for a limit by address; may be empty.
    pub peer: String,
}

impl SimRequest {
    /// A request without header fields and body.
    pub fn new(method: &str, path: &str) -> Self {
        SimRequest { method: method.into(), path: path.into(), ..SimRequest::default() }
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The first value of a header field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.trim())
    }
}

/// A sibling of the AHT route, which gives a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sibling {
    Logins,
    Status,
    Available,
}

impl Sibling {
    pub(super) fn of_path(path: &str) -> Option<Sibling> {
        match path {
            "/ca_apis/getAgentLogins" => Some(Sibling::Logins),
            "/ca_apis/campaignStatus" => Some(Sibling::Status),
            "/ca_apis/getAvailableCampaigns" => Some(Sibling::Available),
            _ => None,
        }
    }

    pub(super) const fn method(self) -> &'static str {
        match self {
            Sibling::Logins => "POST",
            Sibling::Status | Sibling::Available => "GET",
        }
    }
}

/// A response, and what is to happen to it on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimResponse {
    pub status: u16,
    /// Header fields, without `Content-Length`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// To be waited before the first byte.
    pub delay: Duration,
    /// How the answer is spoiled on its way.
    pub wire: Option<WireFault>,
}

/// Status and body.
pub(super) type Answer = (u16, Vec<u8>);

/// Every error of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UserNameEmpty,
    UserNameNull,
    ApiKeyEmpty,
    InvalidJson,
    Both,
    Neither,
    Credentials,
    InvalidId(Kind),
    Limit,
    DeadToken,
    WantsBasic,
    NoData,
    MintUnderWay,
    /// A list without entries, or a campaign that is not known.
    NoRecord,
    AllMandatory,
}

impl Refusal {
    fn message(self, o: &SimOptions) -> String {
        let sibling = o.wording == Wording::Sibling;
        let odd = o.wording == Wording::Odd;
        let text = match self {
            Refusal::UserNameEmpty => "userName should not be empty",
            Refusal::UserNameNull => "UserName is null",
            Refusal::ApiKeyEmpty => "apiKey should not be empty",
            Refusal::InvalidJson => "Invalid Json Pass Valid Json",
            Refusal::Both => "Both agentId and campaignName cannot be passed at a time",
            Refusal::Neither => "Both agentId and campaignName cannot be empty",
            Refusal::Credentials if sibling => "Invalid userName or apiKey",
            Refusal::Credentials => "userName or apiKey is Invalid",
            Refusal::InvalidId(Kind::Agent) if sibling => "Invalid agentId",
            Refusal::InvalidId(Kind::Agent) => "agentId is Invalid",
            Refusal::InvalidId(Kind::Campaign) if sibling => "Invalid campaignName",
            Refusal::InvalidId(Kind::Campaign) => "campaignName is Invalid",
            Refusal::Limit if sibling => "Max limit exceeded",
            Refusal::Limit if odd => "only 1 hit will be allowed within a time frame of 5mins",
            Refusal::Limit => "max limit exceeded",
            Refusal::DeadToken => match o.dead_token {
                DeadToken::Expired | DeadToken::Bare401 => "Token Expired",
                DeadToken::Invalid => "Invalid Token",
                DeadToken::Wordy => "token is invalid or expired",
            },
            Refusal::WantsBasic => "Missing userName or apiKey",
            Refusal::NoData => "No Data Found",
            Refusal::MintUnderWay => "Token generation is in progress",
            Refusal::NoRecord => "no record found",
            Refusal::AllMandatory => "All parameters are mandatory",
        };
        if odd { format!("  {} ", text.to_uppercase().replacen(' ', "\n  ", 1)) } else { text.to_owned() }
    }

    fn status(self, o: &SimOptions) -> u16 {
        let real = match self {
            Refusal::NoData | Refusal::NoRecord => return 200,
            Refusal::DeadToken | Refusal::WantsBasic | Refusal::Credentials => 401,
            Refusal::Limit => 429,
            _ => 400,
        };
        match o.error_status {
            // Seen with a real status, whatever the others have.
            _ if self == Refusal::WantsBasic => 401,
            ErrorStatus::Ok => 200,
            ErrorStatus::Mixed if real == 401 => 401,
            ErrorStatus::Mixed => 200,
            ErrorStatus::Real => real,
        }
    }
}

pub(super) fn refuse(refusal: Refusal, o: &SimOptions) -> Answer {
    if refusal == Refusal::DeadToken && o.dead_token == DeadToken::Bare401 {
        return (401, Vec::new());
    }
    let mut body = json!({"status": words(o).1, "message": refusal.message(o)});
    if matches!(refusal, Refusal::DeadToken | Refusal::Credentials) {
        body["data"] = Value::Null;
    }
    (refusal.status(o), body.to_string().into_bytes())
}

fn words(o: &SimOptions) -> (Value, Value) {
    match o.status_words {
        StatusWords::Success => (json!("success"), json!("error")),
        StatusWords::Upper => (json!("SUCCESS"), json!("FAIL")),
        StatusWords::Bool => (json!(true), json!(false)),
        StatusWords::Text => (json!("true"), json!("false")),
        StatusWords::Failure => (json!("success"), json!("failure")),
        StatusWords::Fail => (json!("success"), json!("fail")),
    }
}

pub(super) fn token(token: &str, message: &str) -> Answer {
    (200, json!({"token": token, "message": message}).to_string().into_bytes())
}

/// A good answer about a target: `id` is `AgentID` or `CampaignID`.
pub(super) fn success(kind: Kind, id: &str, name: &str, truth: Truth, o: &SimOptions) -> Answer {
    let aht = match truth {
        Truth::Secs(s) => Some(json!(format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60))),
        Truth::NoCalls | Truth::Invalid => match o.no_calls {
            NoCallsForm::ZeroTime => Some(json!("00:00:00")),
            NoCallsForm::Null => Some(Value::Null),
            NoCallsForm::Empty => Some(json!("")),
            NoCallsForm::Missing => None,
            NoCallsForm::NoDataFound => return refuse(Refusal::NoData, o),
            NoCallsForm::EmptyDetails => {
                let body = json!({"status": words(o).0, "message": "", "details": []});
                return (200, body.to_string().into_bytes());
            }
        },
    };
    let mut payload = match kind {
        Kind::Agent => json!({"AgentID": id, "AgentName": name}),
        Kind::Campaign => json!({"CampaignID": id, "CampaignName": name}),
    };
    if let Some(aht) = aht {
        payload["AHT"] = aht;
    }
    let good = words(o).0;
    let body = match o.shape {
        Shape::MessageObject => json!({"status": good, "message": payload}),
        Shape::MessageArray => json!({"status": good, "message": [payload]}),
        Shape::DetailsObject => json!({"status": good, "message": "", "details": payload}),
        Shape::DetailsArray => json!({"status": good, "message": "", "details": [payload]}),
        Shape::Data => json!({"status": good, "message": "", "data": payload}),
        Shape::TopLevel => {
            payload["status"] = good;
            payload
        }
    };
    (200, body.to_string().into_bytes())
}

/// A good answer with a list. There is no list as an object: it is the documented one then.
pub(super) fn list(rows: &[Value], shape: Shape, o: &SimOptions) -> Answer {
    let good = words(o).0;
    let body = match shape {
        Shape::MessageObject | Shape::MessageArray => json!({"status": good, "message": rows}),
        Shape::DetailsObject | Shape::DetailsArray => json!({"status": good, "message": "", "details": rows}),
        Shape::Data => json!({"status": good, "message": "", "data": rows}),
        Shape::TopLevel => json!({"status": good, "Campaigns": [], "list": rows}),
    };
    (200, body.to_string().into_bytes())
}

/// The `n`-th of some replies whose JSON is not what the contract says.
pub(super) fn wrong_shape(n: u64) -> Vec<u8> {
    const SHAPES: [&str; 9] = [
        "[]",
        "null",
        "42",
        r#""success""#,
        r#"{"status":"success","message":{"AHT":{"h":0,"m":4}}}"#,
        r#"{"status":"success","message":{"AgentID":"x","AHT":"4 minutes"}}"#,
        r#"{"status":"success","message":[[{"AHT":"00:04:47"}]]}"#,
        r#"{"status":"success","message":{"AHT":"00:75:99"}}"#,
        r#"{"state":7,"payload":{"aht":287}}"#,
    ];
    SHAPES[(n % SHAPES.len() as u64) as usize].into()
}

/// The `n`-th of some names that nobody should print as they are.
pub(super) fn hostile_name(n: u64) -> String {
    match n % 9 {
        0 => "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[31mPriya".into(),
        1 => "\u{202e}ayirP\u{2066}".into(),
        2 => "x".repeat(300),
        3 => "👩\u{200d}💻👨\u{200d}👩\u{200d}👧\u{fe0f} K".into(),
        4 => format!("Z{}", "\u{301}\u{489}\u{20dd}".repeat(20)),
        5 => "two\r\nlines\u{2028}three".into(),
        6 => String::new(),
        7 => "\u{9b}31m\u{0}\u{7f}\u{feff}\u{ad}".into(),
        _ => "=HYPERLINK(\"x\",\"y\"),\"\t'".into(),
    }
}

/// The page of a gateway or a login form.
pub(super) fn html(title: &str) -> Vec<u8> {
    format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1><hr></body></html>\n")
        .into_bytes()
}
