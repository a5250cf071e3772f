//! Integration tests: the program, its processes and its rooms together, against the simulated service.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod architecture;
mod chaos;
mod cli;
mod command_line;
mod completions;
mod dashboard;
mod discover;
mod docs;
mod floor;
mod frame_bytes;
mod history;
mod hooks;
mod live;
mod machine;
#[cfg(feature = "postgres")]
mod machines;
mod man;
mod many;
mod output_schemas;
mod pictures;
mod poll;
mod presence;
mod processes;
mod pty;
mod quiet;
mod regime;
mod replay;
mod schedule;
mod schema;
mod store_faults;
mod support;
mod switches;
mod terminal;
mod web;
mod words;
