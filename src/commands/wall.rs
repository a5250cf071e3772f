//! `ahtop wall`: nothing but the board, for a screen that everybody can see.

use super::{Failure, dashboard};
use crate::{
    config::{Env, Overrides},
    exit::Exit,
};

/// Opens the board on the configured account.
///
/// # Errors
/// Without a terminal; and those of the dashboard.
pub async fn run(flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    if !dashboard::has_screen(env) {
        let message = "the wallboard needs a terminal; `ahtop snapshot --view wall FILE.svg` draws it into a file";
        return Err(Failure::new(Exit::Usage, message));
    }
    dashboard::open(flags, env, true).await
}
