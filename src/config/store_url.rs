//! `[store] url`: where the shared state lies.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::error::quote;

/// Where the shared state lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `auto`: a file for each account in the state directory.
    Auto,
    /// `sqlite:///path/to/file.db`. The path is absolute, and taken as it is written: nothing in it is escaped.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The file: the one that is named, else `auto`.
    pub fn file<'a>(&'a self, auto: &'a Path) -> &'a Path {
        match self {
            StoreUrl::Auto => auto,
            StoreUrl::Sqlite(path) => path,
        }
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreUrl, String> {
        if text == "auto" {
            return Ok(StoreUrl::Auto);
        }
        match text.strip_prefix("sqlite://") {
            Some(path) if path.len() > 1 && path.starts_with('/') && !path.ends_with('/') && !path.contains('\0') => {
                Ok(StoreUrl::Sqlite(path.into()))
            }
            Some(_) => Err(format!("{} needs an absolute path of a file: sqlite:///path/to/file.db", quote(text))),
            None => Err(format!("{} is not \"auto\" or \"sqlite:///path/to/file.db\"", quote(text))),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Auto => f.write_str("auto"),
            StoreUrl::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_absolute_file_or_nothing() {
        let auto = Path::new("/state/acme.db");
        for (text, file) in [("auto", auto), ("sqlite:///srv/a b.db", Path::new("/srv/a b.db"))] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.file(auto)), (text, file));
        }
        for url in ["", "sqlite:", "sqlite://", "sqlite:///", "sqlite://rel.db", "sqlite:///dir/", "redis://h", "/a.db"]
        {
            assert!(url.parse::<StoreUrl>().is_err(), "{url}");
        }
    }
}
