//! The way to the service, as a seam: reqwest in the program, the simulator without sockets in tests with their own time.

use std::{future::Future, pin::Pin, time::Duration};

use secrecy::SecretString;

use super::NetworkError;

/// The routes that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `/ca_apis/CAToken/generateToken`
    GenerateToken,
    /// `/ca_apis/aht`
    Aht,
    /// `/ca_apis/getAgentLogins`
    AgentLogins,
    /// `/ca_apis/campaignStatus`
    CampaignStatus,
    /// `/ca_apis/getAvailableCampaigns`
    AvailableCampaigns,
}

impl Route {
    pub const fn path(self) -> &'static str {
        match self {
            Route::GenerateToken => "/ca_apis/CAToken/generateToken",
            Route::Aht => "/ca_apis/aht",
            Route::AgentLogins => "/ca_apis/getAgentLogins",
            Route::CampaignStatus => "/ca_apis/campaignStatus",
            Route::AvailableCampaigns => "/ca_apis/getAvailableCampaigns",
        }
    }

    /// Bodies are read to here and no further, in bytes.
    pub const fn max_body(self) -> usize {
        match self {
            Route::GenerateToken | Route::Aht => Response::MAX_BODY,
            Route::AgentLogins | Route::CampaignStatus | Route::AvailableCampaigns => Response::MAX_LIST,
        }
    }
}

/// The two methods that the vendor documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// POST with a JSON body.
    Post,
    /// GET with a JSON body.
    Get,
}

/// The header that authorizes. Never in `Debug`.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer(SecretString),
    /// `apiKey: …`
    ApiKey(SecretString),
}

#[derive(Clone, Debug)]
pub struct Request {
    pub route: Route,
    pub method: Method,
    pub auth: Auth,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// `Retry-After`, given in seconds or as a date; at most an hour.
    pub retry_after: Option<Duration>,
    /// The body, at most [`Route::max_body`].
    pub body: Vec<u8>,
}

impl Response {
    /// Bodies about one target are read to here and no further.
    pub const MAX_BODY: usize = 64 * 1024;
    /// Those with a list: some thousands of agents with their skills.
    pub const MAX_LIST: usize = 2 * 1024 * 1024;
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    Network(NetworkError),
    /// The body was larger than [`Route::max_body`].
    TooLarge {
        status: u16,
    },
}

/// Sends one request and waits for its whole response, within its own time-outs.
pub trait Transport: Send + Sync {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;
}
