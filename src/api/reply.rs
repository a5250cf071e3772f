//! What a reply means for us.

use std::{net::IpAddr, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::domain::Aht;

/// The meaning of an answer to an AHT request. Texts are cleaned, cut, and free of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An AHT, with the `AgentName` or `CampaignName` that the service gave.
    Value { aht: Aht, name: Option<Arc<str>> },
    /// No outbound call in the last two hours; the name, where one came along.
    NoCalls { name: Option<Arc<str>> },
    /// `agentId is Invalid`, `campaignName is Invalid`.
    InvalidId,
    /// `max limit exceeded`, or HTTP 429; `Retry-After`, where given.
    Throttled { retry_after: Option<Duration> },
    /// The token is expired or unknown; what the service said.
    TokenRejected { message: Arc<str> },
    /// Key, user name or authentication mode are wrong; what the service said. `wants_basic`: it said `Missing userName or
    /// apiKey` to a bearer token, so that the account's setting 'API Authentication' is BASIC_AUTH.
    CredentialsRejected { message: Arc<str>, wants_basic: bool },
    /// The service takes the other HTTP method; the client has remembered it. Ask again with a new permit.
    WrongMethod,
    /// Neither a value nor an error that is known: the first 200 bytes, cleaned.
    Malformed { excerpt: Arc<str> },
    /// The service is ill: a 5xx, a redirect, an HTML page; what it looked like, in a few words.
    Service { status: u16, what: Arc<str> },
    /// No answer came.
    Network(NetworkError),
}

/// The meaning of an answer to a token request.
#[derive(Clone, Debug)]
pub enum TokenReply {
    /// A token and how long it lives.
    Generated {
        secret: SecretString,
        /// 60 minutes, or less where the token itself says so.
        life: Duration,
    },
    /// Anything else, as for an AHT request.
    Refused(Reply),
}

/// Why no reply came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The name was not found.
    #[error("cannot find the host {0}: check [account] base_url and the name service")]
    Dns(Arc<str>),
    /// Plain `http`, and the name leads away from this machine.
    #[error("not sent: {0} leads to {1}, and plain http is for this machine alone: correct /etc/hosts, or use https")]
    Elsewhere(Arc<str>, IpAddr),
    #[error("cannot connect: {0}: check the network, the proxy and [account] base_url")]
    Connect(Arc<str>),
    /// The TLS handshake failed.
    #[error("no trusted connection: {0}: check the clock, or set [account] ca_file for a private authority")]
    Tls(Arc<str>),
    /// No complete answer in time.
    #[error("no answer within {0:?}: the service or the way to it is slow; [poll] timeout sets how long to wait")]
    Timeout(Duration),
    /// The connection broke before the answer was complete.
    #[error("the connection broke: {0}")]
    Broken(Arc<str>),
}
