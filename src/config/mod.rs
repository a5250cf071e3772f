//! Configuration: flag over `AHTOP_*` over file over default; strict, with every error at once and where it stands.

mod types;

pub use types::*;
