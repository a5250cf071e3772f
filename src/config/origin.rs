//! `[account] base_url`: the only place that ever receives the key, so its form is strict. It is parsed once, by the
//! library that also connects: what was checked is what is connected to.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::error::quote;

/// Where the API is served: `https`, or `http` to a loopback address or `localhost`. No user, path, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Url);

impl Origin {
    /// The same for a library that takes URLs; the path is `/`.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The name or address, in lower case, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, also where it goes without saying.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// True where what is sent cannot be read on the way.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// True where the address is one of this machine, or the name should lead to one.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        // Before anything is quoted: there may be a password in it.
        if text.contains('@') {
            return Err("must not contain a user name or password".into());
        }
        let wrong = |what: &str| Err(format!("{} {what}", quote(text)));
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("https://") && !lower.starts_with("http://") {
            return wrong("must begin with https://");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(url::ParseError::InvalidPort) => return wrong("has no valid port"),
            Err(_) => return wrong("has no valid host"),
        };
        for (is, what) in [
            (url.query().is_some(), "a query"),
            (url.fragment().is_some(), "a fragment"),
            (url.path() != "/", "a path"),
            (text.contains('\\'), "a backslash"),
        ] {
            if is {
                return wrong(&format!("must not contain {what}"));
            }
        }
        if url.port() == Some(0) {
            return wrong("has no valid port");
        }
        // Labels that no name service knows.
        if let Some(Host::Domain(name)) = url.host()
            && name.split('.').any(|label| label.is_empty() || label.starts_with('-'))
        {
            return wrong("has no valid host");
        }
        let origin = Origin(url);
        // What looks like one host and is another, such as a number that is an address, is not guessed at.
        let (written, read, port) = (lower.trim_end_matches('/'), origin.to_string(), origin.port());
        if written != read && written != format!("{read}:{port}") {
            return wrong(&format!("is read as {read}: write that"));
        }
        if !origin.is_https() && !origin.is_loopback() {
            return wrong("must use https: plain http is for loopback addresses only");
        }
        Ok(origin)
    }
}

/// Without a slash at the end.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, String> {
        text.parse().map(|origin: Origin| origin.to_string())
    }

    #[test]
    fn https_anywhere_and_http_only_here() {
        for (text, origin) in [
            ("https://in1-ccaas-api.ozonetel.com", "https://in1-ccaas-api.ozonetel.com"),
            ("HTTPS://API.Example.com/", "https://api.example.com"),
            ("https://10.0.0.8:8443", "https://10.0.0.8:8443"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://api.example.com:443/", "https://api.example.com"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(origin));
        }
    }

    #[test]
    fn what_could_send_the_key_elsewhere_is_refused() {
        for text in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "https://",
            "https:///x",
            "http://api.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://[::1",
            "http://[::2]",
            "http://[::1]x",
            "http://localhost@example.com",
            "https://a.example.com/path",
            "https://a.example.com?x",
            "https://a.example.com#x",
            "https://a.example.com\\@b",
            "https://a..example.com",
            "https://-a.example.com",
            "https://a b",
            "https://a\tb",
            "https://bücher.example",
            "https://a.example.com:",
            "https://a.example.com:0",
            "https://a.example.com:+1",
            "https://a.example.com:65536",
            "https://a:1:2",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("http://127.1"), Err("'http://127.1' is read as http://127.0.0.1: write that".into()));
        assert!(!parse("https://me:hunter2@example.com").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn host_and_port_of_every_form_of_an_origin() {
        for (url, expected) in [
            ("https://in1.example", ("in1.example", 443, false)),
            ("https://in1.example:8443/", ("in1.example", 8443, false)),
            ("http://127.0.0.1:7878", ("127.0.0.1", 7878, true)),
            ("http://[::1]:7878", ("::1", 7878, true)),
            ("http://[::1]", ("::1", 80, true)),
            ("http://localhost", ("localhost", 80, true)),
        ] {
            let origin: Origin = url.parse().unwrap();
            assert_eq!((origin.host(), origin.port(), origin.is_loopback()), expected, "{url}");
            assert_eq!(origin.is_https(), url.starts_with("https"));
        }
    }

    proptest! {
        #[test]
        fn an_origin_is_its_own_origin(text in "(https?://)?[a-z0-9.:\\[\\]/@?#-]{0,30}") {
            if let Ok(origin) = parse(&text) {
                prop_assert_eq!(parse(&origin), Ok(origin));
            }
        }
    }
}
