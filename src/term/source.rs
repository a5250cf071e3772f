//! What comes from the terminal and about it: keys, signals and the end of the line, each as a stream.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    thread,
    time::Duration,
};

use crossterm::event::Event;
use futures::stream::{self, Stream};
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    process::Signal as Number,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::decode::Decoder;

/// Something that the system tells us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A signal that asks to leave, or that would end the program with the terminal still taken; with its number.
    Terminate(i32),
    /// SIGHUP, and the terminal is gone.
    HangUp,
    /// SIGHUP on a terminal that is still there: what a service is told to read its configuration again with.
    Reload,
    /// The terminal has hung up, with or without a signal.
    Gone,
    /// SIGTSTP: give the terminal back and stop.
    Suspend,
    /// SIGCONT: somebody else may have used the terminal.
    Continue,
}

/// Most keys that wait; the terminal's own buffer waits behind them.
const KEYS: usize = 1024;

/// The keys, and the sizes of the terminal. Keys are read on a thread of their own, so that the program does not hang
/// where reading does. Sizes are heard of from the signal. `before`: what was read of the keyboard already.
///
/// # Errors
/// Where the handler of the signal cannot be installed, or the terminal cannot be opened.
pub fn input(before: Vec<u8>) -> io::Result<impl Stream<Item = io::Result<Event>> + Send + Unpin> {
    let (sender, receiver) = mpsc::channel(KEYS);
    let (mut resized, sizes) = (signal(SignalKind::window_change())?, sender.clone());
    tokio::spawn(async move {
        while resized.recv().await.is_some() {
            let Ok(size) = rustix::termios::tcgetwinsize(io::stdout()) else { continue };
            if sizes.send(Ok(Event::Resize(size.ws_col, size.ws_row))).await.is_err() {
                return;
            }
        }
    });
    let keyboard = keyboard()?;
    thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&keyboard, &before, &sender))?;
    Ok(from_channel(receiver))
}

/// Where keys come from: standard input, or the terminal itself where that is something else.
pub(super) fn keyboard() -> io::Result<File> {
    let stdin = io::stdin();
    if rustix::termios::isatty(&stdin) {
        Ok(stdin.as_fd().try_clone_to_owned()?.into())
    } else {
        File::open("/dev/tty")
    }
}

/// Reads until nobody wants keys any more, or the terminal is gone.
fn read_keys(mut keyboard: &File, before: &[u8], sender: &mpsc::Sender<io::Result<Event>>) {
    let (mut decoder, mut bytes, mut failures) = (Decoder::default(), [0; 1024], 0);
    let mut out = Vec::new();
    decoder.read(before, &mut out);
    while failures < 10 {
        for event in out.drain(..) {
            if sender.blocking_send(Ok(event)).is_err() {
                return;
            }
        }
        let patience = decoder.patience().and_then(|patience| Timespec::try_from(patience).ok());
        match rustix::event::poll(&mut [PollFd::new(keyboard, PollFlags::IN)], patience.as_ref()) {
            Ok(0) => decoder.pause(&mut out),
            Ok(_) => match keyboard.read(&mut bytes) {
                Ok(length @ 1..) => {
                    failures = 0;
                    decoder.read(&bytes[..length], &mut out);
                }
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                // A shell that had the terminal meanwhile may have left an end of file in it: that passes.
                Ok(_) | Err(_) => {
                    failures += 1;
                    thread::sleep(Duration::from_millis(50));
                }
            },
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                failures += 1;
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
    let _ = sender.blocking_send(Err(io::Error::other("the terminal cannot be read")));
}

/// The signals, and the hang-up of the terminal, which not every system turns into one.
///
/// # Errors
/// Where a handler cannot be installed.
pub fn signals() -> io::Result<impl Stream<Item = Signal> + Send + Unpin> {
    let (sender, receiver) = mpsc::channel(16);
    // All that end a program and can be caught.
    let ends = [
        Number::TERM,
        Number::INT,
        Number::QUIT,
        Number::ABORT,
        Number::USR1,
        Number::USR2,
        Number::ALARM,
        Number::VTALARM,
        Number::PROF,
        Number::XCPU,
    ];
    let others = [(Number::HUP, Signal::HangUp), (Number::TSTP, Signal::Suspend), (Number::CONT, Signal::Continue)];
    for (number, what) in ends.map(|number| (number, Signal::Terminate(number.as_raw()))).into_iter().chain(others) {
        let (mut stream, sender) = (signal(SignalKind::from_raw(number.as_raw()))?, sender.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                // A terminal that hangs up is out of reach before the signal is sent.
                let is_there = what == Signal::HangUp && rustix::termios::tcgetwinsize(io::stdout()).is_ok();
                if sender.send(if is_there { Signal::Reload } else { what }).await.is_err() {
                    return;
                }
            }
        });
    }
    watch_hang_up(sender)?;
    Ok(from_channel(receiver))
}

/// Waits on a thread until the terminal hangs up: with no events asked for, `poll` reports nothing else and costs
/// nothing meanwhile.
fn watch_hang_up(sender: mpsc::Sender<Signal>) -> io::Result<()> {
    let tty = io::stdout().as_fd().try_clone_to_owned()?;
    let watch = move || {
        loop {
            let mut fds = [PollFd::new(&tty, PollFlags::empty())];
            match rustix::event::poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                _ => break,
            }
        }
        let _ = sender.blocking_send(Signal::Gone);
    };
    thread::Builder::new().name("hang-up".to_owned()).spawn(watch).map(drop)
}

fn from_channel<T: Send + 'static>(mut receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send + Unpin {
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}
