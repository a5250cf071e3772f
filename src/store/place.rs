//! Where a store is: a file, or a server.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::config::PostgresUrl;

/// Where the shared state of an account lies, with all that is needed to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    File(PathBuf),
    Server(Box<ServerPlace>),
}

/// The store of an account on a server.
#[derive(Clone, Debug)]
pub struct ServerPlace {
    pub url: PostgresUrl,
    pub password: Option<SecretString>,
    /// PEM file with authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The account's schema.
    pub schema: String,
}

impl StorePlace {
    /// The file; `None` where it is a server.
    pub fn file(&self) -> Option<&Path> {
        match self {
            StorePlace::File(path) => Some(path),
            StorePlace::Server(_) => None,
        }
    }
}

impl PartialEq for ServerPlace {
    fn eq(&self, other: &Self) -> bool {
        let password = |place: &Self| place.password.as_ref().map(|p| p.expose_secret().to_owned());
        (&self.url, &self.ca_file, &self.schema) == (&other.url, &other.ca_file, &other.schema)
            && password(self) == password(other)
    }
}

impl Eq for ServerPlace {}
