//! Which path gives what.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper::{
    HeaderMap, Request, StatusCode,
    header::{self, HeaderValue},
};
use tokio::sync::Semaphore;

use super::{
    Options,
    api::{API_SCHEMA, Api},
    checks::{COOKIE, Door},
    events::events,
    page::{self, title},
    pictures::{Picture, Pictures},
    process::process,
    ready::Readiness,
    reply::{JSON, Reply, TEXT, refusal, reply, with_body},
    source::Source,
    view::View,
};
use crate::{
    report::{Exposition, MetricsOptions, Naming, metrics},
    store::StoreError,
};

/// Connections at the same time. A browser that follows the wallboard has one for that and one or two more.
const MOST_CONNECTIONS: usize = 128;
/// Clients that follow the wallboard at the same time.
const MOST_SEATS: usize = 64;
/// Columns and rows of the wallboard where nobody says how many: for a large screen, and for a terminal.
const SCREEN: (u16, u16) = (160, 45);
const TERMINAL: (u16, u16) = (120, 36);
/// A browser keeps the cookie with the token for a year.
const COOKIE_AGE: u32 = 365 * 24 * 3600;

/// True once a connection has an answer that does not end: it may last.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(pub(super) Arc<AtomicBool>);

/// All that requests are answered from.
pub(super) struct Routes {
    door: Door,
    options: Options,
    source: Source,
    pictures: Pictures,
    title: Arc<str>,
    /// One for each client that follows the wallboard.
    seats: Arc<Semaphore>,
    /// One for each connection.
    pub(super) places: Arc<Semaphore>,
}

impl Routes {
    pub(super) fn new(options: Options) -> Self {
        let door = Door::new(options.token.clone(), options.hosts.clone());
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        Routes {
            door,
            source: Source::new(options.store.clone()),
            pictures: Pictures::new(&options),
            title: title(&options),
            seats: Arc::new(Semaphore::new(MOST_SEATS)),
            options,
            places,
        }
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
        match request.uri().path() {
            "/" => self.picture(query, SCREEN, |picture| page::page(&picture.sheet, &self.title)),
            "/board.svg" => self.picture(query, SCREEN, |picture| page::svg(&picture.sheet, &self.title)),
            "/board.txt" => self.picture(query, TERMINAL, |picture| page::text(&picture.sheet)),
            "/board.js" => page::script(),
            "/board.css" => page::style(),
            "/events" => self.events(query, request.extensions().get::<Streams>()),
            "/metrics" => self.metrics(request.headers()).await,
            "/api/v1/targets" => self.api(|api| api.targets()).await,
            "/api/v1/alerts" => self.api(|api| api.alerts()).await,
            "/api/v1/status" => self.api(|api| api.status()).await,
            "/api/v1/schema.json" => reply(StatusCode::OK, JSON, API_SCHEMA),
            _ => reply(StatusCode::NOT_FOUND, TEXT, "There is nothing at this path.\n"),
        }
    }

    async fn metrics(&self, headers: &HeaderMap) -> Reply {
        let found = match self.source.read().await {
            Ok(found) => found,
            Err(e) => return no_store(&e),
        };
        let options = MetricsOptions {
            watched: &self.options.watched(&found),
            budget: self.options.dashboard.budget,
            min_interval: self.options.dashboard.min_interval,
            naming: Naming::new(self.options.dashboard.wall.names),
            names: self.options.metrics_names,
            process: Some(process(self.connections())),
        };
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let form = match accept.contains("application/openmetrics-text") {
            true => Exposition::OpenMetrics,
            false => Exposition::Prometheus,
        };
        reply(StatusCode::OK, form.media_type(), metrics(&found, &options, form))
    }

    async fn api(&self, made: impl FnOnce(Api<'_>) -> String) -> Reply {
        match self.source.read().await {
            Ok(found) => {
                let watched = self.options.watched(&found);
                reply(StatusCode::OK, JSON, made(Api { found: &found, options: &self.options, watched: &watched }))
            }
            Err(e) => no_store(&e),
        }
    }

    /// How `query` wants the wallboard, of this size where it says nothing of that.
    fn view(&self, query: &str, size: (u16, u16)) -> Result<View, &'static str> {
        let dashboard = &self.options.dashboard;
        View { size, theme: dashboard.ui.theme, names: dashboard.wall.names, page: None }.asked(query)
    }

    fn picture(&self, query: &str, size: (u16, u16), made: impl FnOnce(&Picture) -> Reply) -> Reply {
        match self.view(query, size) {
            Ok(view) => made(&self.pictures.watch(view).picture().0),
            Err(why) => refusal(StatusCode::BAD_REQUEST, why),
        }
    }

    /// The wallboard for as long as the client looks. `streams` learns of it.
    fn events(&self, query: &str, streams: Option<&Streams>) -> Reply {
        let view = match self.view(query, SCREEN) {
            Ok(view) => view,
            Err(why) => return refusal(StatusCode::BAD_REQUEST, why),
        };
        let Ok(place) = self.seats.clone().try_acquire_owned() else {
            let mut reply = refusal(StatusCode::SERVICE_UNAVAILABLE, "Too many look at the wallboard already.");
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            return reply;
        };
        if let Some(Streams(streams)) = streams {
            streams.store(true, Ordering::Relaxed);
        }
        let body = events(self.pictures.watch(view), self.title.clone(), place);
        with_body(StatusCode::OK, "text/event-stream", body)
    }

    fn connections(&self) -> u64 {
        let free = self.places.available_permits();
        u64::try_from(MOST_CONNECTIONS.saturating_sub(free)).unwrap_or(0)
    }

    async fn ready(&self) -> Reply {
        let (status, json) = match self.source.read().await {
            Ok(found) => {
                let readiness = Readiness::new(&found, &self.options.watched(&found), &self.options.dashboard);
                let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, serde_json::to_string(&readiness).unwrap_or_default())
            }
            Err(e) => {
                tracing::warn!("{e}");
                (StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false,"problems":["store_read"]}"#.to_owned())
            }
        };
        reply(status, JSON, json + "\n")
    }

    /// Gives a browser that comes with the token in its address a cookie with it, and sends it to the wallboard, whose
    /// address has no token in it.
    fn enter(&self, query: &str, headers: &HeaderMap) -> Reply {
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

fn no_store(e: &StoreError) -> Reply {
    tracing::warn!("{e}");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "The store cannot be read; the log says why.")
}
