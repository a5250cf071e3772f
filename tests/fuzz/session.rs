//! The demo in a pseudo-terminal whose keys are any bytes.

use std::path::Path;

use rustix::process::Signal;

use crate::{
    pty::{self, Pty},
    targets::{Fuzzed, shape},
};

/// The queue of a terminal takes about 4000 bytes; whoever writes more waits for a program that may have ended.
const MOST: usize = 2000;

/// What a terminal may send, whole or in pieces: keys, the mouse, pastes, and answers to questions that somebody asked.
pub(crate) fn terminals() -> Fuzzed {
    let words = [
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x1b\\",
        "\x07",
        "\x1bO",
        "\x1b[<",
        "\x1b[?",
        "\x1b[>",
        "\x1b[M",
        "\x1b[200~",
        "\x1b[201~",
        ";",
        ":",
        "u",
        "~",
        "R",
        "c",
        "m",
        "65535",
        "4294967296",
        "\u{9b}",
        "\u{90}",
        "j",
        "\r",
        "/",
        "2",
        "w",
        "?",
    ];
    let home = tempfile::tempdir().unwrap();
    Fuzzed::new(&words, move |input| {
        let (code, by_itself) = session(home.path(), input);
        // A key that quits, an interrupt, or the signal that ends the session.
        assert!(matches!(code, 0 | 130 | 143), "exit code {code}");
        shape((code, by_itself))
    })
}

/// Types `bytes`; gives the exit code, and whether it ended by itself.
fn session(home: &Path, bytes: &[u8]) -> (u32, bool) {
    let own = home.to_str().unwrap();
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("LANG", "C.UTF-8"),
        ("TERM", "xterm-256color"),
        ("HOME", own),
        ("AHTOP_STATE_DIR", own),
    ];
    let mut pty = Pty::start(pty::command(env!("CARGO_BIN_EXE_ahtop"), ["demo", "--mouse"], variables), 110, 30);
    pty.until("a picture", |pty| pty.said().contains("COLLECT-IN"));
    let tty = pty.tty();
    pty.press(&bytes[..bytes.len().min(MOST)]);
    // It may end by one of them.
    pty.until("a reader of the keys", |pty| pty.ended().is_some() || rustix::io::ioctl_fionread(&tty).unwrap() == 0);
    let by_itself = pty.ended().is_some();
    if !by_itself {
        pty.signal(Signal::TERM);
    }
    let code = pty.end();
    assert!(pty.is_cooked(), "the terminal is still raw");
    drop(tty);
    let said = pty.hang_up();
    assert!(!said.contains("panicked"), "{said}");
    (code, by_itself)
}
