//! `[account] base_url`: the only place that ever receives the key, so its form is strict.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::quote;

/// The origin of `text`, host in lower case and without a trailing slash.
pub(super) fn parse(text: &str) -> Result<String, String> {
    // User names are looked for first, and not quoted: there may be a password in it.
    if text.contains('@') {
        return Err("must not contain a user name or password".into());
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
        _ => return Err(format!("{} must begin with https://", quote(text))),
    };
    let rest = rest.trim_end_matches('/');
    for (mark, what) in [('?', "a query"), ('#', "a fragment"), ('/', "a path"), ('\\', "a backslash")] {
        if rest.contains(mark) {
            return Err(format!("{} must not contain {what}", quote(text)));
        }
    }
    let (host, port) = split(rest).ok_or_else(|| format!("{} has no valid host", quote(text)))?;
    let host = host.to_ascii_lowercase();
    let loopback = host_is_loopback(&host).ok_or_else(|| format!("{} has no valid host", quote(text)))?;
    if scheme == "http" && !loopback {
        return Err(format!("{} must use https: plain http is for loopback addresses only", quote(text)));
    }
    match port {
        None => Ok(format!("{scheme}://{host}")),
        Some(port) => match port.parse::<u16>() {
            Ok(n) if n > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok(format!("{scheme}://{host}:{n}")),
            _ => Err(format!("{} has no valid port", quote(text))),
        },
    }
}

fn split(rest: &str) -> Option<(&str, Option<&str>)> {
    if rest.starts_with('[') {
        let (host, tail) = rest.split_at(rest.find(']')? + 1);
        return match tail.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => tail.is_empty().then_some((host, None)),
        };
    }
    match rest.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((rest, None)),
    }
}

/// Whether a host is this machine; `None` if it is no host.
fn host_is_loopback(host: &str) -> Option<bool> {
    if let Some(v6) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return v6.parse::<Ipv6Addr>().ok().map(|ip| ip.is_loopback());
    }
    if let Ok(v4) = host.parse::<Ipv4Addr>() {
        return Some(v4.is_loopback());
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && l.chars().all(good);
    // A last label that begins with a digit would be read as an IPv4 address by others.
    let numeric = host.rsplit('.').next().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    (host.len() <= 253 && host.split('.').all(label) && !numeric).then(|| host == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn https_anywhere_and_http_only_here() {
        for (text, origin) in [
            ("https://in1-ccaas-api.ozonetel.com", "https://in1-ccaas-api.ozonetel.com"),
            ("HTTPS://API.Example.com/", "https://api.example.com"),
            ("https://10.0.0.8:8443", "https://10.0.0.8:8443"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:80", "http://[::1]:80"),
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
            "https://bücher.example",
            "https://a.example.com:",
            "https://a.example.com:0",
            "https://a.example.com:+1",
            "https://a.example.com:65536",
            "https://a:1:2",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(!parse("https://me:hunter2@example.com").unwrap_err().contains("hunter2"));
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
