//! Builds the requests, sends them by a [`Transport`], and remembers which HTTP method the service takes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{
    Auth, ListReply, ListedCampaign, Login, Method, Reply, Request, Response, Route, TokenReply, Transport,
    TransportError, classify, echo,
    listing::{self, Named},
};
use crate::{
    config::AuthMode,
    domain::{Kind, Target},
};

/// The client. One call is one request: it never repeats one by itself, because each needs its own permit.
pub struct Client {
    transport: Arc<dyn Transport>,
    user_name: String,
    methods: Mutex<Methods>,
    /// Never shown, whatever the service repeats; besides the one that a request goes with.
    secrets: Mutex<Vec<SecretString>>,
}

/// What is known of the methods of the AHT route.
#[derive(Clone, Copy, Debug, Default)]
struct Methods {
    /// GET is to be used.
    get: bool,
    /// Refused since the last answer that showed that a method is taken.
    post_refused: bool,
    get_refused: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    user_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_name: Option<&'a str>,
}

impl Client {
    /// A client for the account `user_name`.
    pub fn new(transport: Arc<dyn Transport>, user_name: impl Into<String>) -> Self {
        Client { transport, user_name: user_name.into(), methods: Mutex::default(), secrets: Mutex::default() }
    }

    /// Takes `secret` out of every text of the service, also in replies to requests that go without it: the service
    /// knows the key also where a token is sent.
    #[must_use]
    pub fn hiding(self, secret: SecretString) -> Self {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secret);
        self
    }

    fn secrets(&self) -> Vec<SecretString> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for the AHT of `target`: one request. A 405 makes the next one go by the other method.
    pub async fn aht(&self, target: &Target, auth: &Auth) -> Reply {
        let (mode, secret) = match auth {
            Auth::Bearer(secret) => (AuthMode::Token, secret),
            Auth::ApiKey(secret) => (AuthMode::Basic, secret),
        };
        if !classify::sendable(secret.expose_secret()) {
            let message = "it is empty or holds characters that no header can carry".into();
            return match mode {
                AuthMode::Token => Reply::TokenRejected { message },
                AuthMode::Basic => Reply::CredentialsRejected { message, wants_basic: false },
            };
        }
        let method = self.method();
        let id = Some(&*target.id);
        let body = json(&Body {
            user_name: &self.user_name,
            agent_id: id.filter(|_| target.kind == Kind::Agent),
            campaign_name: id.filter(|_| target.kind == Kind::Campaign),
        });
        let response = match self.send(Request { route: Route::Aht, method, auth: auth.clone(), body }).await {
            Ok(response) => response,
            Err(reply) => return reply,
        };
        let reply = classify::aht(response.status, response.retry_after, &response.body, mode, target);
        let mut secrets = self.secrets();
        secrets.push(secret.clone());
        without_secrets(self.learn(method, reply), &response.body, &secrets)
    }

    /// Asks for a new token, which makes every earlier one of the account invalid: one request. `wall_now` is the wall
    /// clock, for the judgement of the token's own end.
    pub async fn generate_token(&self, api_key: &SecretString, wall_now: Timestamp) -> TokenReply {
        if !classify::sendable(api_key.expose_secret()) {
            let message = "the API key is empty or holds characters that no header can carry".into();
            return TokenReply::Refused(Reply::CredentialsRejected { message, wants_basic: false });
        }
        let body = json(&Body { user_name: &self.user_name, agent_id: None, campaign_name: None });
        let auth = Auth::ApiKey(api_key.clone());
        let request = Request { route: Route::GenerateToken, method: Method::Post, auth, body };
        let response = match self.send(request).await {
            Ok(response) => response,
            Err(reply) => return TokenReply::Refused(reply),
        };
        match classify::token(response.status, response.retry_after, &response.body, wall_now) {
            TokenReply::Refused(reply) => {
                let mut secrets = self.secrets();
                secrets.push(api_key.clone());
                TokenReply::Refused(without_secrets(reply, &response.body, &secrets))
            }
            generated => generated,
        }
    }

    /// Asks who is logged in: one request. The service has a limit of its own for it, five a minute.
    pub async fn logins(&self, auth: &Auth) -> ListReply<Login> {
        let reply = self.list(Route::AgentLogins, Method::Post, auth, None, listing::logins).await;
        self.without_secrets_in(reply, auth, |login, repeats| Login {
            name: login.name.filter(|name| !repeats(name)),
            state: login.state.filter(|state| !repeats(state)),
            skills: login.skills.into_iter().filter(|skill| !repeats(skill)).collect(),
            id: login.id,
        })
    }

    /// Asks which campaigns the account has: one request.
    pub async fn available_campaigns(&self, auth: &Auth) -> ListReply<ListedCampaign> {
        let reply = self.list(Route::AvailableCampaigns, Method::Get, auth, None, listing::campaigns).await;
        self.without_secrets_in(reply, auth, without_secrets_of_campaign)
    }

    /// Asks how a campaign is, which may list others too: one request.
    pub async fn campaign_status(&self, campaign: &str, auth: &Auth) -> ListReply<ListedCampaign> {
        let reply = self.list(Route::CampaignStatus, Method::Get, auth, Some(campaign), listing::campaigns).await;
        self.without_secrets_in(reply, auth, without_secrets_of_campaign)
    }

    async fn list<T>(
        &self,
        route: Route,
        method: Method,
        auth: &Auth,
        campaign_name: Option<&str>,
        judge: fn(u16, Option<Duration>, &[u8]) -> ListReply<T>,
    ) -> ListReply<T> {
        let (Auth::Bearer(secret) | Auth::ApiKey(secret)) = auth;
        if !classify::sendable(secret.expose_secret()) {
            return ListReply::Refused {
                why: "the secret is empty or holds characters that no header can carry".into(),
            };
        }
        let body = json(&Body { user_name: &self.user_name, agent_id: None, campaign_name });
        match self.send(Request { route, method, auth: auth.clone(), body }).await {
            Ok(response) => judge(response.status, response.retry_after, &response.body),
            Err(Reply::Network(error)) => ListReply::Failed { why: error.to_string().into() },
            Err(_) => ListReply::Refused { why: "the list is larger than 2 MiB".into() },
        }
    }

    /// `reply` without what repeats a secret: a row that has one in its id is left out and counts as unread.
    fn without_secrets_in<T: Named>(
        &self,
        reply: ListReply<T>,
        auth: &Auth,
        clean: impl Fn(T, &dyn Fn(&str) -> bool) -> T,
    ) -> ListReply<T> {
        let mut secrets = self.secrets();
        let (Auth::Bearer(secret) | Auth::ApiKey(secret)) = auth;
        secrets.push(secret.clone());
        let repeats = |text: &str| secrets.iter().any(|secret| echo::repeats(text, secret.expose_secret()));
        match reply {
            ListReply::Rows { rows, unread } => {
                let before = rows.len();
                let rows: Vec<T> =
                    rows.into_iter().filter(|row| !repeats(row.id())).map(|row| clean(row, &repeats)).collect();
                ListReply::Rows { unread: unread + (before - rows.len()), rows }
            }
            ListReply::Refused { why } if repeats(&why) => {
                ListReply::Refused { why: "a text that repeats the secret and is not shown".into() }
            }
            other => other,
        }
    }

    /// The method that the next AHT request uses.
    pub fn method(&self) -> Method {
        if self.methods.lock().unwrap_or_else(PoisonError::into_inner).get { Method::Get } else { Method::Post }
    }

    async fn send(&self, request: Request) -> Result<Response, Reply> {
        self.transport.send(request).await.or_else(|error| match error {
            TransportError::Network(error) => Err(Reply::Network(error)),
            TransportError::TooLarge { status: status @ 200..=299 } => {
                Err(Reply::Service { status, what: "an answer of more than 64 KiB".into() })
            }
            // Under an error the status says enough.
            TransportError::TooLarge { status } => Ok(Response { status, retry_after: None, body: Vec::new() }),
        })
    }

    /// Takes in what `reply` to a request by `method` tells of the methods.
    fn learn(&self, method: Method, reply: Reply) -> Reply {
        let mut known = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            Reply::WrongMethod => {
                match method {
                    Method::Post => known.post_refused = true,
                    Method::Get => known.get_refused = true,
                }
                // Several requests can be under way; a late refusal must not turn back what an earlier one turned.
                known.get = method == Method::Post;
                if known.post_refused && known.get_refused {
                    let what = "it takes neither POST nor GET for the AHT: check [account] base_url".into();
                    return Reply::Service { status: 405, what };
                }
            }
            Reply::Value { .. } | Reply::NoCalls { .. } | Reply::InvalidId => {
                known.post_refused = false;
                known.get_refused = false;
            }
            _ => {}
        }
        reply
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("user_name", &self.user_name).finish_non_exhaustive()
    }
}

fn without_secrets_of_campaign(campaign: ListedCampaign, repeats: &dyn Fn(&str) -> bool) -> ListedCampaign {
    ListedCampaign {
        kind: campaign.kind.filter(|kind| !repeats(kind)),
        state: campaign.state.filter(|state| !repeats(state)),
        name: campaign.name,
    }
}

fn json(body: &impl Serialize) -> String {
    // A struct of strings always serializes.
    serde_json::to_string(body).unwrap_or_default()
}

/// `reply`, its texts taken out where the service repeated one of the secrets.
fn without_secrets(reply: Reply, body: &[u8], secrets: &[SecretString]) -> Reply {
    let text = String::from_utf8_lossy(body);
    let repeats = |text: &str| secrets.iter().any(|secret| echo::repeats(text, secret.expose_secret()));
    if !repeats(&text) {
        return reply;
    }
    let hidden = || "a text that repeats the secret and is not shown".into();
    match reply {
        Reply::Malformed { .. } => Reply::Malformed { excerpt: hidden() },
        Reply::TokenRejected { .. } => Reply::TokenRejected { message: hidden() },
        Reply::CredentialsRejected { wants_basic, .. } => Reply::CredentialsRejected { message: hidden(), wants_basic },
        Reply::Value { aht, name } => Reply::Value { aht, name: name.filter(|name| !repeats(name)) },
        Reply::NoCalls { name } => Reply::NoCalls { name: name.filter(|name| !repeats(name)) },
        other => other,
    }
}
