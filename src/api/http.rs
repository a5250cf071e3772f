//! The [`Transport`] over the network: reqwest with rustls. The only file that knows either.

use std::{
    error::Error,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret;

use super::{
    Auth, Method, NetworkError, Request, Response, Transport, TransportError,
    loopback::{self, Elsewhere, LookUp, LoopbackOnly},
    retry_after,
};
use crate::{
    config::{Origin, read_file},
    domain::clean_line,
};

/// Certificates are read to here; those of a whole system have a tenth of it.
const LARGEST_CA_FILE: u64 = 4 * 1024 * 1024;

/// How [`HttpTransport`] connects.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where the API is served.
    pub base_url: Origin,
    /// Longest time for name, connection and TLS handshake.
    pub connect_timeout: Duration,
    /// Longest time for the whole request, the body of its response included.
    pub timeout: Duration,
    /// PEM file with authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The `User-Agent` header.
    pub user_agent: String,
}

/// Why there is no transport.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Certificates that cannot be used.
    #[error("cannot use [account] ca_file {}: {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    /// Anything else, such as a system without any trusted authority.
    #[error("cannot set up connections: {0}")]
    Setup(String),
}

/// One pool of connections to one origin. Follows no redirect and repeats no request: each has its own permit.
pub struct HttpTransport {
    client: reqwest::Client,
    origin: Origin,
    /// For messages: the name that must be found, and that a proxy's may be meant.
    host: Arc<str>,
    timeout: Duration,
    connect_timeout: Duration,
}

impl HttpTransport {
    /// A transport to `options.base_url`.
    ///
    /// # Errors
    /// The certificates or the system's TLS set-up cannot be used.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpError> {
        Self::looking_up(options, loopback::system)
    }

    /// The same; `look_up` finds the names of plain `http`.
    pub(super) fn looking_up(options: &HttpOptions, look_up: LookUp) -> Result<Self, HttpError> {
        let (origin, host) = (&options.base_url, options.base_url.host());
        // Fails where the process has one already, and that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // On HTTP/2 all requests share one connection: where it died silently, each of them waited for its time-out.
            .http1_only()
            .connect_timeout(options.connect_timeout)
            // Shorter than the idle time-out of common gateways, which cut a connection just as it is used again.
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(
                HeaderValue::from_str(&options.user_agent)
                    .map_err(|_| HttpError::Setup("the user agent holds characters that no header can carry".into()))?,
            );
        let proxied = !origin.is_loopback()
            && ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().any(|v| std::env::var_os(v).is_some());
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        if !origin.is_https() {
            // No handshake will happen, so a machine without any authority must not stop us.
            builder = builder.tls_certs_only([]).dns_resolver(LoopbackOnly(look_up));
        } else if let Some(path) = &options.ca_file {
            builder = builder.tls_certs_merge(authorities(path)?);
        }
        let client = builder.build().map_err(|e| HttpError::Setup(deepest(&e)))?;
        Ok(HttpTransport {
            client,
            origin: origin.clone(),
            host: if proxied { format!("{host} or that of the proxy").into() } else { host.into() },
            timeout: options.timeout,
            connect_timeout: options.connect_timeout,
        })
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Post => reqwest::Method::POST,
            Method::Get => reqwest::Method::GET,
        };
        let (mut url, most) = (self.origin.url().clone(), request.route.max_body());
        url.set_path(request.route.path());
        let mut response = self
            .client
            .request(method, url)
            .headers(headers(&request.auth)?)
            .body(request.body)
            .send()
            .await
            .map_err(|e| self.failure(&e))?;
        let status = response.status().as_u16();
        let retry_after = retry_after_of(response.headers());
        if response.content_length().is_some_and(|n| n > most as u64) {
            return Err(TransportError::TooLarge { status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failure(&e))? {
            if body.len() + chunk.len() > most {
                return Err(TransportError::TooLarge { status });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, retry_after, body })
    }

    /// What went wrong, by the chain of causes.
    fn failure(&self, error: &reqwest::Error) -> TransportError {
        let error = if let Some(there) = causes(error).iter().find_map(|e| e.downcast_ref::<Elsewhere>()) {
            NetworkError::Elsewhere(self.host.clone(), there.0)
        } else if error.is_dns() {
            NetworkError::Dns(self.host.clone())
        } else if let Some(tls) = causes(error).iter().find_map(|e| e.downcast_ref::<rustls::Error>()) {
            NetworkError::Tls(clean_line(&tls.to_string(), 160).into())
        } else if error.is_connect() && error.is_timeout() {
            NetworkError::Connect(format!("no connection within {:?}", self.connect_timeout).into())
        } else if error.is_connect() {
            NetworkError::Connect(deepest(error).into())
        } else if error.is_timeout() {
            NetworkError::Timeout(self.timeout)
        } else {
            NetworkError::Broken(deepest(error).into())
        };
        TransportError::Network(error)
    }
}

impl Transport for HttpTransport {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        Box::pin(async move {
            // Around everything, so that no phase of a request can escape it.
            match tokio::time::timeout(self.timeout, self.exchange(request)).await {
                Ok(result) => result,
                Err(_) => Err(TransportError::Network(NetworkError::Timeout(self.timeout))),
            }
        })
    }
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn headers(auth: &Auth) -> Result<HeaderMap, TransportError> {
    let (name, value) = match auth {
        Auth::Bearer(token) => (AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))),
        Auth::ApiKey(key) => (HeaderName::from_static("apikey"), HeaderValue::try_from(key.expose_secret())),
    };
    let mut value = value.map_err(|_| {
        TransportError::Network(NetworkError::Broken("the secret holds characters that no header can carry".into()))
    })?;
    value.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    Ok(HeaderMap::from_iter([(name, value), (CONTENT_TYPE, json.clone()), (ACCEPT, json)]))
}

fn retry_after_of(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    retry_after::parse(text(RETRY_AFTER)?, text(DATE), Timestamp::now())
}

fn authorities(path: &Path) -> Result<Vec<reqwest::Certificate>, HttpError> {
    let fail = |why: String| HttpError::CaFile { path: path.to_owned(), why };
    let pem = read_file(path, LARGEST_CA_FILE).map_err(|e| fail(e.to_string()))?;
    let list = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| fail(deepest(&e)))?;
    if list.is_empty() {
        return Err(fail("it holds no certificate in PEM form".into()));
    }
    Ok(list)
}

/// `error` and all that caused it. An [`io::Error`] hides the error that it wraps from its own `source`.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    /// More than any chain; guards against one that bites its tail.
    const MOST: usize = 32;
    let mut list = vec![error];
    while let Some(last) = list.last().copied().filter(|_| list.len() < MOST) {
        let wrapped = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped.map(|e| e as &(dyn Error + 'static)).or_else(|| last.source()) {
            Some(next) => list.push(next),
            None => break,
        }
    }
    list
}

/// The cause at the bottom, in a few words. Never the outer errors, which name the URL.
fn deepest(error: &(dyn Error + 'static)) -> String {
    match causes(error).pop() {
        Some(e) => match e.downcast_ref::<io::Error>() {
            Some(io) => io.kind().to_string(),
            None => clean_line(&e.to_string(), 160),
        },
        None => "no reason given".into(),
    }
}
