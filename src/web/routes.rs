//! Which path gives what.

use std::convert::Infallible;

use hyper::{
    Request, StatusCode,
    header::{self, HeaderValue},
};

use super::{
    Options,
    checks::{COOKIE, Door},
    ready::Readiness,
    reply::{JSON, Reply, TEXT, refusal, reply},
    source::Source,
};

/// A browser keeps the cookie with the token for a year.
const COOKIE_AGE: u32 = 365 * 24 * 3600;

/// All that requests are answered from.
pub(super) struct Routes {
    door: Door,
    options: Options,
    source: Source,
}

impl Routes {
    pub(super) fn new(options: Options) -> Self {
        let door = Door::new(options.token.clone(), options.hosts.clone());
        Routes { door, source: Source::new(options.store.clone()), options }
    }

    pub(super) async fn answer<B>(&self, request: Request<B>) -> Result<Reply, Infallible> {
        Ok(match self.door.refuses(&request) {
            Some(refused) => refused,
            None => self.route(&request).await,
        })
    }

    async fn route<B>(&self, request: &Request<B>) -> Reply {
        let query = request.uri().query().unwrap_or_default();
        // Those that watch over the service have no token; they are told nothing that needs one.
        match request.uri().path() {
            "/healthz" => return reply(StatusCode::OK, TEXT, "ok\n"),
            "/readyz" => return self.ready().await,
            "/enter" => return self.enter(query, request.headers()),
            _ => {}
        }
        if !self.door.lets_in(request.headers()) {
            let mut reply = refusal(StatusCode::UNAUTHORIZED, "A token is needed: open /enter?token=TOKEN once.");
            reply.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return reply;
        }
        reply(StatusCode::NOT_FOUND, TEXT, "There is nothing at this path.\n")
    }

    async fn ready(&self) -> Reply {
        let (status, json) = match self.source.read().await {
            Ok(found) => {
                let readiness = Readiness::new(&found, &self.options.watched, self.options.min_interval);
                let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, serde_json::to_string(&readiness).unwrap_or_default())
            }
            Err(e) => {
                tracing::warn!("{e}");
                (StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false,"problems":["store"]}"#.to_owned())
            }
        };
        reply(status, JSON, json + "\n")
    }

    /// Gives a browser that comes with the token in its address a cookie with it, and sends it to the wallboard, whose
    /// address has no token in it.
    fn enter(&self, query: &str, headers: &hyper::HeaderMap) -> Reply {
        let given = query.split('&').find_map(|part| part.strip_prefix("token="));
        let Some(token) = given.filter(|token| self.door.is_token(token)) else {
            return refusal(StatusCode::UNAUTHORIZED, "This is not the token.");
        };
        let secure = if headers.get("x-forwarded-proto").is_some_and(|p| p == "https") { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE}{secure}");
        let mut reply = reply(StatusCode::SEE_OTHER, TEXT, "");
        if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
            cookie.set_sensitive(true);
            reply.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        reply.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
        reply
    }
}
