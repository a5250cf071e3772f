//! Takes the terminal and gives it back, whatever ends the program.
//!
//! ```text
//! enter ──► drawing ──► drop: restored, then what panicked in the background is printed
//!              │  ▲
//!      suspend ▼  │ resume, on SIGCONT
//!            stopped (restored meanwhile)
//! ```
//!
//! A panic on the thread that draws restores the terminal before the message is printed. A panic on any other thread is
//! recorded and asks the drawing thread to leave: restoring the screen under its feet would only garble both.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    panic::{self, PanicHookInfo},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use crossterm::{
    cursor::{Hide, Show},
    event::{DisableBracketedPaste, EnableBracketedPaste},
    queue,
    style::ResetColor,
    terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use rustix::{
    event::{PollFd, PollFlags},
    process::{Signal, getpgrp, getsid, kill_current_process_group},
};
use tokio_util::sync::CancellationToken;

use super::screen::Tty;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// True while the terminal is ours; whoever makes it false restores it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// True where the mouse was asked for: taken and given back with the terminal.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses of buttons and the wheel, in the form that has no limit of columns. Movements are not asked for: each would
/// wake the program.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Standard output as a terminal, written without a buffer of its own.
#[derive(Debug)]
pub struct Stdout(File);

impl Stdout {
    /// A handle of its own on standard output.
    ///
    /// # Errors
    /// Where standard output is closed.
    pub fn new() -> io::Result<Stdout> {
        Ok(Stdout(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
}

impl Write for Stdout {
    /// Waits where the terminal was set to non-blocking by whoever else has it open.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(buf) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    rustix::event::poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None)?;
                }
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Tty for Stdout {
    /// By the file descriptor alone. A terminal without a size (a serial line) counts as 80x24.
    fn size(&self) -> io::Result<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(&self.0)?;
        Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) })
    }
}

/// The terminal, taken. Restores it when dropped.
pub struct Guard {
    panics: Arc<Mutex<Vec<String>>>,
    previous: Arc<Hook>,
}

/// What the dashboard's loop asks of whoever took the terminal.
pub trait Host {
    /// Gives the terminal back and stops the job. Whoever continues it sends SIGCONT, which is the time to
    /// [`resume`](Self::resume); this thread may return from here before the stop has reached it. False, and nothing
    /// happened, where no shell with job control is above us: nobody could continue us then.
    ///
    /// # Errors
    /// Where the job cannot be stopped; the terminal is taken again then.
    fn suspend(&mut self) -> io::Result<bool>;

    /// Takes the terminal again after somebody else had it: the job was stopped, by us or from outside, and continued.
    ///
    /// # Errors
    /// Where the terminal cannot be taken.
    fn resume(&mut self) -> io::Result<()>;

    /// Sends `bytes`, which show nothing, between two frames.
    ///
    /// # Errors
    /// Where the terminal does not take them.
    fn attract(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Puts `text` into the clipboard by OSC 52, which terminals may ignore.
    ///
    /// # Errors
    /// Where the terminal does not take the bytes.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

impl Guard {
    /// Raw mode, alternate screen, no cursor, bracketed paste. To be called on the thread that draws; `stop` is
    /// cancelled when another thread panics.
    ///
    /// # Errors
    /// Where standard output is no terminal, or does not take the modes; it is then left as it was.
    pub fn enter(stop: CancellationToken) -> io::Result<Guard> {
        take()?;
        let panics = Arc::new(Mutex::new(Vec::new()));
        let previous: Arc<Hook> = Arc::new(panic::take_hook());
        let (ui, log, chained) = (thread::current().id(), Arc::clone(&panics), Arc::clone(&previous));
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == ui {
                restore();
                chained(info);
            } else {
                tracing::error!("{info}");
                log.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
                stop.cancel();
            }
        }));
        Ok(Guard { panics, previous })
    }

    /// Takes the mouse too, or gives it back.
    ///
    /// # Errors
    /// Where the terminal does not take the bytes.
    pub fn use_mouse(&mut self, on: bool) -> io::Result<()> {
        match (MOUSE.swap(on, Ordering::SeqCst), on) {
            (false, true) => Stdout::new()?.write_all(MOUSE_ON),
            (true, false) => Stdout::new()?.write_all(MOUSE_OFF),
            _ => Ok(()),
        }
    }

    /// True after a panic on a thread that does not draw: the program ends with an error then.
    pub fn panicked(&self) -> bool {
        !self.panics.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Host for Guard {
    fn suspend(&mut self) -> io::Result<bool> {
        // The session leader's own group has no shell above it: a command given to ssh, tmux or a service manager.
        if getsid(None).map_or(true, |session| session == getpgrp()) {
            return Ok(false);
        }
        restore();
        // SIGTSTP is ours to handle while we run, so the stop itself needs the signal that cannot be handled.
        if let Err(e) = kill_current_process_group(Signal::STOP) {
            take()?;
            return Err(e.into());
        }
        Ok(true)
    }

    fn resume(&mut self) -> io::Result<()> {
        // Raw mode that a shell has undone is set anew only if it is undone here first.
        let _ = disable_raw_mode();
        TAKEN.store(false, Ordering::SeqCst);
        take()
    }

    fn attract(&mut self, bytes: &[u8]) -> io::Result<()> {
        Stdout::new()?.write_all(bytes)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = b"\x1b]52;c;".to_vec();
        bytes.extend(STANDARD.encode(text).into_bytes());
        bytes.push(0x07);
        Stdout::new()?.write_all(&bytes)
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
        if !thread::panicking() {
            let previous = Arc::clone(&self.previous);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
        for panic in self.panics.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = writeln!(io::stderr(), "ahtop: {panic}");
        }
    }
}

fn take() -> io::Result<()> {
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let modes = || -> io::Result<()> {
        // First of all: in the background this stops us until we are in front again, and nothing is written before.
        enable_raw_mode()?;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, Hide, EnableBracketedPaste)?;
        if MOUSE.load(Ordering::SeqCst) {
            bytes.extend_from_slice(MOUSE_ON);
        }
        Stdout::new()?.write_all(&bytes)
    };
    modes().inspect_err(|_| restore())
}

/// Gives the terminal back as it was, once. Errors are of no use here: the terminal may be gone.
pub(super) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::new();
    if MOUSE.load(Ordering::SeqCst) {
        bytes.extend_from_slice(MOUSE_OFF);
    }
    let _ = queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, ResetColor, LeaveAlternateScreen, Show);
    if let Ok(mut out) = Stdout::new() {
        let _ = out.write_all(&bytes);
    }
    let _ = disable_raw_mode();
}
