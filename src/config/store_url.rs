//! `[store] url`: where the shared state lies.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{error::quote, postgres_url::PostgresUrl};

/// Where the shared state lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `auto`: a file for each account in the state directory.
    Auto,
    /// `sqlite:///path/to/file.db`. The path is absolute, and taken as it is written: nothing in it is escaped.
    Sqlite(PathBuf),
    /// `postgres://USER@HOST/DATABASE`: a server, for several machines.
    Postgres(PostgresUrl),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreUrl, String> {
        if text == "auto" {
            return Ok(StoreUrl::Auto);
        }
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            return PostgresUrl::parse(rest).map(StoreUrl::Postgres);
        }
        match text.strip_prefix("sqlite://") {
            Some(path) if path.len() > 1 && path.starts_with('/') && !path.ends_with('/') && !path.contains('\0') => {
                Ok(StoreUrl::Sqlite(path.into()))
            }
            Some(_) => Err(format!("{} needs an absolute path of a file: sqlite:///path/to/file.db", quote(text))),
            None => Err(format!(
                "{} is not \"auto\", \"sqlite:///path/to/file.db\" or \"postgres://USER@HOST/DATABASE\"",
                quote(text)
            )),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Auto => f.write_str("auto"),
            StoreUrl::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            StoreUrl::Postgres(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_absolute_file_a_server_or_nothing() {
        for (text, file) in [("auto", None), ("sqlite:///srv/a b.db", Some("/srv/a b.db")), ("postgres://u@h/d", None)]
        {
            let url: StoreUrl = text.parse().unwrap();
            let path = match &url {
                StoreUrl::Sqlite(path) => path.to_str(),
                _ => None,
            };
            assert_eq!((url.to_string().as_str(), path), (text, file));
        }
        for url in [
            "",
            "sqlite:",
            "sqlite://",
            "sqlite:///",
            "sqlite://rel.db",
            "sqlite:///dir/",
            "redis://h",
            "/a.db",
            "postgres://",
        ] {
            assert!(url.parse::<StoreUrl>().is_err(), "{url}");
        }
    }
}
