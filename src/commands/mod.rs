//! One file for each command, which wires the rooms below.

pub mod check;
pub mod completions;
pub mod config;
pub mod dashboard;
pub mod discover;
pub mod doctor;
mod failure;
mod floor;
pub mod history;
pub mod hook;
mod listener;
pub mod live;
mod logging;
pub mod man;
pub mod once;
pub mod plan;
mod progress;
mod reload;
pub mod replay;
mod schema;
pub mod serve;
mod session;
pub mod simulate;
pub mod snapshot;
mod stop;
pub mod store;
pub mod stream;
mod sweep;
mod time_arg;
pub mod token;
pub mod wall;

pub use failure::Failure;

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    app::Keymap,
    config::{self as settings, ConfigErrors, Env, Loaded, Overrides, Purpose},
    domain::clean,
    exit::Exit,
    report::json_line,
};

/// Begins to log into the state directory.
pub fn start_log(env: &Env) {
    logging::begin(env);
}

/// Begins to log to standard error, for a service manager.
pub fn start_service_log(env: &Env) {
    logging::begin_service(env);
}

/// Why lines of the log were lost, to be told once, elsewhere. `None` where none were, or where it was told.
pub fn log_trouble() -> Option<String> {
    logging::trouble()
}

/// Reads and checks the configuration, with the keys of `[ui.keys]`, whose actions the configuration itself does not know.
///
/// # Errors
/// All that is wrong with the configuration; where nothing is, all that is wrong with the keys.
pub fn load(flags: &Overrides, env: &Env) -> Result<Loaded, ConfigErrors> {
    load_for(Purpose::Watch, flags, env)
}

/// The same for another purpose than to watch.
fn load_for(purpose: Purpose, flags: &Overrides, env: &Env) -> Result<Loaded, ConfigErrors> {
    let loaded = settings::load(purpose, flags, env)?;
    Keymap::of(&loaded.config.ui.keys)?;
    Ok(loaded)
}

/// What a command that only says something came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub out: String,
    pub err: String,
    pub exit: Exit,
}

impl Done {
    /// All went well, and this is to be printed.
    pub fn ok(out: impl Into<String>) -> Self {
        Done { out: out.into(), err: String::new(), exit: Exit::Ok }
    }

    /// All went well, and this is to be printed as one JSON object.
    pub fn json(value: &impl Serialize) -> Self {
        Done::ok(json_line(value))
    }

    /// It failed, for these reasons.
    pub fn failed(exit: Exit, err: impl Into<String>) -> Self {
        Done { out: String::new(), err: err.into(), exit }
    }

    /// Prints both and gives the exit code.
    pub fn print(self) -> Exit {
        print_error(&self.err);
        match print(&self.out) {
            Exit::Ok => self.exit,
            failed => failed,
        }
    }
}

/// Prints to standard output. A reader that went away (`ahtop … | head`) is no error.
pub fn print(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            print_error(&format!("ahtop: cannot write to standard output: {e}"));
            Exit::Unexpected
        }
        _ => Exit::Ok,
    }
}

/// Prints lines to standard error, where anything can be said at all. A path or an id in them may hold anything.
pub fn print_error(text: &str) {
    if !text.is_empty() {
        let lines: String =
            text.trim_end_matches('\n').split('\n').map(|l| format!("{}\n", clean(l, usize::MAX))).collect();
        // Nothing is left to tell where standard error is closed.
        let _ = io::stderr().lock().write_all(lines.as_bytes());
    }
}
