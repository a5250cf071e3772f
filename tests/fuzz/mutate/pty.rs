//! The demo in a pseudo-terminal whose keys are any bytes.

use std::{
    fs::File,
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Only a failing test waits for so long.
const LIMIT: Duration = Duration::from_secs(90);
/// The queue of a terminal takes about 4000 bytes; whoever writes more waits for a program that may have ended.
const MOST: usize = 2000;

/// Types `bytes`; gives the exit code, and whether it ended by itself.
pub(crate) fn session(home: &std::path::Path, bytes: &[u8]) -> (u32, bool) {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ahtop"));
    command.args(["demo", "--mouse"]);
    command.env_clear();
    for (name, value) in [("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")] {
        command.env(name, value);
    }
    command.env("HOME", home);
    command.env("AHTOP_STATE_DIR", home);
    let pair = native_pty_system().openpty(PtySize { rows: 30, cols: 110, ..PtySize::default() }).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (said, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (mut reader, heard, ended) = (pair.master.try_clone_reader().unwrap(), said.clone(), over.clone());
    let reading = thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            heard.lock().unwrap().extend_from_slice(&buffer[..n]);
        }
        ended.store(true, Ordering::SeqCst);
    });
    let deadline = Instant::now() + LIMIT;
    let until = |what: &str, holds: &mut dyn FnMut() -> bool| {
        while !holds() {
            let text = String::from_utf8_lossy(&said.lock().unwrap()).into_owned();
            assert!(Instant::now() < deadline, "{what} did not come: {text:?}");
            thread::sleep(Duration::from_millis(5));
        }
    };
    let text = || String::from_utf8_lossy(&said.lock().unwrap()).into_owned();
    until("a picture", &mut || text().contains("COLLECT-IN"));
    let tty = File::options().read(true).write(true).open(pair.master.tty_name().unwrap()).unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    writer.write_all(&bytes[..bytes.len().min(MOST)]).unwrap();
    let mut status = None;
    until("a reader of the keys", &mut || {
        status = child.try_wait().unwrap();
        status.is_some() || rustix::io::ioctl_fionread(&tty).unwrap() == 0
    });
    let by_itself = status.is_some();
    if !by_itself {
        // It may end at this moment by a key.
        let _ = kill_process(Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap(), Signal::TERM);
    }
    until("its end", &mut || {
        status = status.take().or_else(|| child.try_wait().unwrap());
        status.is_some()
    });
    let modes = pair.master.get_termios().unwrap();
    assert!(format!("{:?}", modes.local_flags).contains("ICANON"), "the terminal is still raw");
    drop((tty, writer, pair.master));
    until("the end of what it said", &mut || over.load(Ordering::SeqCst));
    reading.join().unwrap();
    assert!(!text().contains("panicked"), "{}", text());
    (status.unwrap().exit_code(), by_itself)
}
