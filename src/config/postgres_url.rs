//! `postgres://USER@HOST/DATABASE`: a server as the place of the shared state. Read by ourselves, because the usual
//! readers take what is not safe: a password in the URL, and plain text where TLS fails.

use std::{fmt, net::IpAddr};

const DEFAULT_PORT: u16 = 5432;
/// The longest name that the server keeps whole.
const LONGEST_NAME: usize = 63;
/// What is added to a schema's name at most (`_poller`).
const TAIL: usize = 7;

/// A server, a database and a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresUrl {
    /// Tried in this order: names, addresses, or directories of sockets (which begin with `/`), with their ports.
    pub hosts: Vec<(String, u16)>,
    pub user: String,
    pub database: String,
    /// The schema; by default one for each account.
    pub schema: Option<String>,
    /// Whether the connection is encrypted and the server's certificate verified. Without it only within this machine.
    pub tls: bool,
    text: String,
}

/// `%41` is `A`.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

fn is_within_machine(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `host`, `host:5433`, `[::1]:5433`.
fn host_of(text: &str) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None | Some("") => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| format!("'{port}' is not a port"))?,
    };
    let host = decoded(host).filter(|h| !h.is_empty()).ok_or("the host is missing: postgres://USER@HOST/DATABASE")?;
    Ok((host, port))
}

impl PostgresUrl {
    /// Reads what stands behind `postgres://`.
    ///
    /// # Errors
    /// What is wrong and what to write instead; never the URL itself, in which somebody may have put a password.
    pub fn parse(rest: &str) -> Result<PostgresUrl, String> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.rsplit_once('@').ok_or("the user is missing: postgres://USER@HOST/DATABASE")?;
        if user.contains(':') {
            return Err("a password does not belong into the URL, which others can read: put it into a file and name \
                        that in [store] password_file"
                .into());
        }
        let user =
            decoded(user).filter(|u| !u.is_empty()).ok_or("the user is missing: postgres://USER@HOST/DATABASE")?;
        let mut hosts =
            if hosts.is_empty() { vec![] } else { hosts.split(',').map(host_of).collect::<Result<_, _>>()? };
        let database = decoded(database).ok_or("the database's name is not readable")?;
        let (mut schema, mut mode) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value).ok_or_else(|| format!("the value of '{key}' is not readable"))?;
            match key {
                "host" => hosts.extend(value.split(',').map(host_of).collect::<Result<Vec<_>, _>>()?),
                "schema" => schema = Some(value),
                "sslmode" => mode = Some(value),
                "target_session_attrs" if value == "read-write" => {}
                "target_session_attrs" => {
                    return Err("target_session_attrs can only be read-write: a standby cannot keep the limit".into());
                }
                "password" => return PostgresUrl::parse(&format!("{user}:@{rest}")),
                _ => {
                    return Err(format!(
                        "'{key}' is not known in the URL of a store: there are host, schema, sslmode and \
                         target_session_attrs"
                    ));
                }
            }
        }
        if hosts.is_empty() {
            return Err("the host is missing: postgres://USER@HOST/DATABASE".into());
        }
        let within = hosts.iter().all(|(host, _)| is_within_machine(host));
        let tls = match mode.as_deref() {
            None => !within,
            Some("verify-full") => true,
            Some("disable") if within => false,
            Some("disable") => {
                return Err(
                    "without TLS only a server on this machine is used: write sslmode=verify-full, and name the \
                            server's authority in [store] ca_file"
                        .into(),
                );
            }
            Some(_) => {
                return Err("sslmode can be verify-full, or disable on this machine: others do not verify whom they \
                            speak to"
                    .into());
            }
        };
        if tls && hosts.iter().any(|(host, _)| host.starts_with('/')) {
            return Err("a Unix socket has no TLS: leave out sslmode".into());
        }
        if schema.as_ref().is_some_and(|s| s.is_empty() || s.len() > LONGEST_NAME - TAIL || s.starts_with("pg_")) {
            return Err(format!("the schema needs a name of at most {} bytes", LONGEST_NAME - TAIL));
        }
        let database = if database.is_empty() { user.clone() } else { database };
        let text = format!("postgres://{rest}{}{query}", if query.is_empty() { "" } else { "?" });
        Ok(PostgresUrl { hosts, user, database, schema, tls, text })
    }

    /// The schema for an account of this name.
    pub fn schema_for(&self, account: &str) -> String {
        let own = || {
            let whole = format!("ahtop_{account}");
            let end = (0..=LONGEST_NAME - TAIL).rev().find(|i| whole.is_char_boundary(*i)).unwrap_or(0);
            whole.get(..end).unwrap_or(&whole).to_owned()
        };
        self.schema.clone().unwrap_or_else(own)
    }

    /// The server and the database, for messages.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self
            .hosts
            .iter()
            .map(|(host, port)| if *port == DEFAULT_PORT { host.clone() } else { format!("{host}:{port}") })
            .collect();
        format!("PostgreSQL at {}, database {}", hosts.join(","), self.database)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_user_hosts_database_and_whether_to_encrypt() {
        let url = PostgresUrl::parse("ahtop@db.example/ops?sslmode=verify-full").unwrap();
        assert_eq!((&*url.user, &*url.database, url.tls), ("ahtop", "ops", true));
        assert_eq!(url.hosts, [("db.example".to_owned(), 5432)]);
        assert_eq!(url.to_string(), "postgres://ahtop@db.example/ops?sslmode=verify-full");
        assert_eq!(url.schema_for("acme"), "ahtop_acme");
        assert_eq!(url.schema_for(&"x".repeat(99)).len(), 56);
        let url = PostgresUrl::parse("p%40c@a:5433,[::2]:1/?target_session_attrs=read-write&schema=s").unwrap();
        assert_eq!((&*url.user, &*url.database, &*url.schema_for("acme"), url.tls), ("p@c", "p@c", "s", true));
        assert_eq!(url.hosts, [("a".to_owned(), 5433), ("::2".to_owned(), 1)]);
        for text in ["u@localhost/d", "u@127.0.0.1:1/d", "u@[::1]/d?sslmode=disable", "u@/d?host=/run/pg", "u@%2Frun/d"]
        {
            assert!(!PostgresUrl::parse(text).unwrap().tls, "{text}");
        }
        assert!(PostgresUrl::parse("u@localhost/d?sslmode=verify-full").unwrap().tls);
    }

    #[test]
    fn what_is_not_safe_is_refused_and_no_password_repeated() {
        for (text, word) in [
            ("u:hunter2@h/d", "password_file"),
            ("u@h/d?password=hunter2", "password_file"),
            ("u@h/d?sslmode=disable", "verify-full"),
            ("u@h/d?sslmode=prefer", "verify-full"),
            ("u@h/d?sslmode=require", "verify-full"),
            ("u@/run/d?sslmode=verify-full", "host"),
            ("u@%2Frun/d?sslmode=verify-full", "socket"),
            ("h/d", "user"),
            ("@h/d", "user"),
            ("u@/d", "host"),
            ("u@h:x/d", "port"),
            ("u@h/d?target_session_attrs=any", "read-write"),
            ("u@h/d?pool=3", "'pool'"),
            ("u@h/d?schema=", "schema"),
            ("u@h/%zz", "readable"),
        ] {
            let why = PostgresUrl::parse(text).unwrap_err();
            assert!(why.contains(word) && !why.contains("hunter2"), "{text}: {why}");
        }
    }
}
