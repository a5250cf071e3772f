//! Configuration: flag over `AHTOP_*` over file over default; strict, with every error at once and where it stands.
//!
//! [`load`] goes by one table of keys ([`KEYS`]), which also makes `config show` and is held against the template and
//! the help text by tests.

mod bands;
mod document;
mod duration;
mod env;
mod error;
mod floor;
mod listen;
mod load;
mod origin;
pub mod paths;
mod pgpass;
mod postgres_url;
mod process_group;
mod roster;
mod schema;
pub mod secret;
mod show;
mod small_file;
mod store_url;
#[cfg(test)]
mod tests;
mod themes;
mod types;
mod value_type;
mod watch;

pub use duration::{DurationError, format_duration, parse_duration};
pub use env::{Env, Overrides};
pub use error::{ConfigError, ConfigErrors, Place, suggest};
pub use floor::{Floor, Watched};
pub use listen::Listen;
pub use load::{Loaded, Purpose, load, resolve};
pub use origin::Origin;
pub use postgres_url::PostgresUrl;
pub use process_group::ProcessGroup;
pub use schema::{BANDS, Id, KEYS, Key, LIMITS, LISTS, SECTIONS, TRIGGERS, VARIABLES};
pub use show::show;
pub use small_file::read_file;
pub use store_url::StoreUrl;
#[cfg(test)]
pub(crate) use tests::{floor_of, themes_of};
pub use themes::{Paint, TONES, Tones};
pub use types::*;
pub use value_type::{LOGGED_IN, Value, ValueType};

/// The template that `config init` writes: every key with its default and what it means.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");
