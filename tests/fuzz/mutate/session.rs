//! The demo in a pseudo-terminal whose keys are any bytes.

use std::path::Path;

use rustix::process::Signal;

use crate::pty::{self, Pty};

/// The queue of a terminal takes about 4000 bytes; whoever writes more waits for a program that may have ended.
const MOST: usize = 2000;

/// Types `bytes`; gives the exit code, and whether it ended by itself.
pub(crate) fn session(home: &Path, bytes: &[u8]) -> (u32, bool) {
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
