//! `[serve] listen`: an address with a port, or a Unix socket.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use super::error::quote;

/// What stands before the path of a Unix socket.
const UNIX: &str = "unix:";
/// Longest path that every system takes for a socket.
const LONGEST: usize = 100;

/// Where `serve` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On an address with a port; port 0 is any free one.
    Tcp(SocketAddr),
    /// On a socket in the file system.
    Unix(PathBuf),
}

impl Listen {
    /// Reads `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` or `unix:/path/to/socket`.
    ///
    /// # Errors
    /// One sentence about the text.
    pub fn parse(text: &str) -> Result<Listen, String> {
        let expected = "an address and a port, such as 127.0.0.1:9464, or unix:/path/to/socket";
        if let Some(path) = text.strip_prefix(UNIX) {
            let good = path.starts_with('/') && !path.ends_with('/') && !path.contains('\0') && path.len() <= LONGEST;
            return match good {
                true => Ok(Listen::Unix(path.into())),
                false => Err(format!("{} needs an absolute path of at most {LONGEST} bytes", quote(text))),
            };
        }
        if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
            return Ok(Listen::Tcp((Ipv4Addr::LOCALHOST, port).into()));
        }
        text.parse().map(Listen::Tcp).map_err(|_| format!("{} is not {expected}", quote(text)))
    }

    /// True where only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Listen::Tcp(address) => match address.ip() {
                IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
                ip => ip.is_loopback(),
            },
            Listen::Unix(_) => true,
        }
    }

    /// The path of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Listen::Unix(path) => Some(path),
            Listen::Tcp(_) => None,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// A host's name as it stands in a `Host` header, in small letters and without a port.
///
/// # Errors
/// One sentence about the text.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if text.is_empty() || text.len() > 253 || !text.chars().all(good) {
        return Err(format!("{} is not the name of a host, such as board.example", quote(text)));
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_listened_on_is_read_and_written_alike() {
        for (text, local) in [
            ("127.0.0.1:9464", true),
            ("127.8.9.1:0", true),
            ("[::1]:9464", true),
            ("[::ffff:127.0.0.1]:9464", true),
            ("0.0.0.0:9464", false),
            ("[::]:9464", false),
            ("192.168.7.1:80", false),
            ("unix:/run/ahtop/web.sock", true),
        ] {
            let listen = Listen::parse(text).unwrap();
            assert_eq!((listen.to_string().as_str(), listen.is_local()), (text, local));
        }
        assert_eq!(Listen::parse("localhost:80").unwrap().to_string(), "127.0.0.1:80");
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("unix:/{}", "x".repeat(LONGEST));
        for text in ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:x", "host:80", "localhost:99999", "unix:", "unix:x"] {
            assert!(Listen::parse(text).is_err(), "{text}");
        }
        for text in ["unix:/dir/", &long, "http://127.0.0.1:80"] {
            assert!(Listen::parse(text).is_err(), "{text}");
        }
        for text in ["", "a b", "a:80", "http://a", "ä.example"] {
            assert!(host_name(text).is_err(), "{text}");
        }
        assert_eq!(host_name("Board.Example").unwrap(), "board.example");
    }
}
