//! Inputs that nobody thought of, on a stable Rust and with each run of the tests: [`targets`] says on what they are tried,
//! [`mutate`] how they are made. The directory `fuzz` tries them on the same with the coverage of the program as its guide.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what was tried is told")]

mod mutate;
#[path = "../it/pty.rs"]
mod pty;
mod session;
mod targets;

use mutate::fuzz;

#[test]
fn replies() {
    fuzz("replies", targets::replies());
}

#[test]
fn configurations() {
    fuzz("configurations", targets::configurations());
}

#[test]
fn rosters() {
    fuzz("rosters", targets::rosters());
}

#[test]
fn command_lines() {
    fuzz("command_lines", targets::command_lines());
}

#[test]
fn screens() {
    fuzz("screens", targets::screens());
}

#[test]
fn choices() {
    fuzz("choices", targets::choices());
}

#[test]
fn stores() {
    fuzz("stores", targets::stores());
}

#[test]
fn terminals() {
    fuzz("terminals", session::terminals());
}
