//! What a request must be before anything is answered: its method, its length, its host, its token.

use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri, Version,
    header::{self, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use super::reply::{Reply, refusal};

/// The cookie with the token.
pub(super) const COOKIE: &str = "ahtop_token";
/// Longest path with its query.
const LONGEST: usize = 2048;

/// Whom the listener answers.
#[derive(Clone, Debug)]
pub(super) struct Door {
    token: Option<SecretString>,
    hosts: Vec<String>,
}

impl Door {
    pub(super) fn new(token: Option<SecretString>, hosts: Vec<String>) -> Self {
        Door { token, hosts }
    }

    /// Why `request` gets no answer, whatever it asks for.
    pub(super) fn refuses<B>(&self, request: &Request<B>) -> Option<Reply> {
        let (headers, uri) = (request.headers(), request.uri());
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut reply = refusal(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.");
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(reply);
        }
        if uri.path_and_query().is_some_and(|p| p.as_str().len() > LONGEST) {
            return Some(refusal(StatusCode::URI_TOO_LONG, "The path is too long."));
        }
        if headers.contains_key(header::TRANSFER_ENCODING)
            || headers.get_all(header::CONTENT_LENGTH).iter().any(|n| n.as_bytes() != b"0")
        {
            return Some(refusal(StatusCode::PAYLOAD_TOO_LARGE, "A request has no body here."));
        }
        match self.host(headers, uri, request.version()) {
            Host::Ours => None,
            Host::Missing => Some(refusal(StatusCode::BAD_REQUEST, "The request names no host, or several.")),
            Host::Other => Some(refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "The request is for another host. Names of this machine stand in [serve] hosts.",
            )),
        }
    }

    /// Whose host the request names. A page of another site can make a browser ask us under a name of its own
    /// that leads here, and would then read the answer; under an address it cannot.
    fn host(&self, headers: &HeaderMap, uri: &Uri, version: Version) -> Host {
        let mut named: Vec<&str> = Vec::new();
        for value in headers.get_all(header::HOST) {
            let Ok(text) = value.to_str() else { return Host::Other };
            named.push(text);
        }
        if named.len() > 1 || named.is_empty() && version >= Version::HTTP_11 {
            return Host::Missing;
        }
        named.extend(uri.authority().map(|a| a.as_str()));
        if named.into_iter().all(|host| self.is_ours(host)) { Host::Ours } else { Host::Other }
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        if let Some(v6) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
            return v6.parse::<std::net::Ipv6Addr>().is_ok();
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<std::net::Ipv4Addr>().is_ok()
            || self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(name))
    }

    /// True where the request has the token, or none is needed.
    pub(super) fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| {
            let (scheme, token) = v.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let cookies = cookies.flat_map(|all| all.split(';')).filter_map(|one| {
            let (name, value) = one.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
        // All of them are looked at: a cookie of the same name may be left over from another port.
        bearer.into_iter().chain(cookies).any(|given| same(given, token))
    }

    /// True where `given` is the token that is needed.
    pub(super) fn is_token(&self, given: &str) -> bool {
        self.token.as_ref().is_some_and(|token| same(given, token))
    }
}

/// Whose host a request names.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    Ours,
    Missing,
    Other,
}

/// Compares in a time that does not tell where they differ.
fn same(given: &str, token: &SecretString) -> bool {
    let (given, token) = (given.as_bytes(), token.expose_secret().as_bytes());
    given.len() == token.len() && given.iter().zip(token).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(door: &Door, change: impl FnOnce(hyper::http::request::Builder) -> hyper::http::request::Builder) -> u16 {
        let request = change(Request::builder().uri("/")).body(()).unwrap();
        door.refuses(&request).map_or(200, |reply| reply.status().as_u16())
    }

    fn door(token: Option<&str>) -> Door {
        Door::new(token.map(SecretString::from), vec!["board.example".into()])
    }

    #[test]
    fn only_reading_requests_without_a_body_are_taken() {
        let door = door(None);
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "NONSENSE"] {
            assert_eq!(status(&door, |r| r.method(method).header("host", "localhost")), 405, "{method}");
        }
        assert_eq!(status(&door, |r| r.method("HEAD").header("host", "localhost")), 200);
        assert_eq!(status(&door, |r| r.header("host", "localhost").header("content-length", "0")), 200);
        assert_eq!(status(&door, |r| r.header("host", "localhost").header("content-length", "5")), 413);
        assert_eq!(status(&door, |r| r.header("host", "localhost").header("transfer-encoding", "chunked")), 413);
        let long = format!("/?{}", "x".repeat(LONGEST));
        assert_eq!(status(&door, |r| r.uri(long).header("host", "localhost")), 414);
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let door = door(None);
        for host in ["localhost", "LOCALHOST:9464", "localhost.", "127.0.0.1:80", "10.1.2.3", "[::1]:80", "[fe80::1]"] {
            assert_eq!(status(&door, |r| r.header("host", host)), 200, "{host}");
        }
        assert_eq!(status(&door, |r| r.header("host", "Board.Example:443")), 200);
        for host in ["evil.example", "board.example.evil", "localhost.evil", "", "127.0.0.1.evil", "[::1", "[x]", "é"]
        {
            assert_eq!(status(&door, |r| r.header("host", host)), 421, "{host}");
        }
        assert_eq!(status(&door, |r| r), 400);
        assert_eq!(status(&door, |r| r.version(Version::HTTP_10)), 200);
        assert_eq!(status(&door, |r| r.header("host", "localhost").header("host", "localhost")), 400);
        assert_eq!(status(&door, |r| r.uri("http://evil.example/").header("host", "localhost")), 421);
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_a_cookie() {
        let (open, closed) = (door(None), door(Some("0123456789abcdef")));
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            headers
        };
        assert!(open.lets_in(&HeaderMap::new()) && !closed.lets_in(&HeaderMap::new()));
        assert!(closed.lets_in(&with("authorization", "Bearer 0123456789abcdef")));
        assert!(closed.lets_in(&with("authorization", "bearer 0123456789abcdef")));
        assert!(closed.lets_in(&with("cookie", "a=b; ahtop_token=x; ahtop_token=0123456789abcdef")));
        for (name, value) in [
            ("authorization", "Bearer 0123456789abcdeF"),
            ("authorization", "Bearer 0123456789abcdef0"),
            ("authorization", "Basic 0123456789abcdef"),
            ("authorization", "Bearer"),
            ("cookie", "token=0123456789abcdef"),
            ("cookie", "ahtop_token="),
        ] {
            assert!(!closed.lets_in(&with(name, value)), "{value}");
        }
        assert!(closed.is_token("0123456789abcdef") && !closed.is_token("") && !open.is_token(""));
    }
}
