//! A program in a pseudo-terminal, what it shows and what it is told.
#![allow(dead_code, reason = "several programs use it, each a part")]

use std::{
    fs::File,
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// The longest that anything is waited for; only a failing test waits so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// A program in a terminal. It is killed when this is dropped, so that a test that fails leaves nothing running.
pub(crate) struct Pty {
    child: Running,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    output: Arc<Mutex<Output>>,
    reading: JoinHandle<()>,
    /// Tells the reader, which has the terminal open too, to close it.
    closing: Arc<AtomicBool>,
}

struct Running(Mutex<Box<dyn Child + Send + Sync>>);

impl Running {
    /// Its exit code, once it has ended.
    fn ended(&self) -> Option<u32> {
        self.0.lock().unwrap().try_wait().unwrap().map(|status| status.exit_code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(child) = self.0.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

struct Output {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// A piece of what the program said.
pub(crate) struct Piece<'a> {
    /// When it was read.
    pub(crate) at: Instant,
    pub(crate) bytes: &'a [u8],
    /// The screen with it.
    pub(crate) screen: &'a vt100::Screen,
}

/// `program` with nothing around it but `variables`.
pub(crate) fn command<'a, V: AsRef<str>>(
    program: &str,
    args: impl IntoIterator<Item = &'a str>,
    variables: impl IntoIterator<Item = (&'a str, V)>,
) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(args);
    command.env_clear();
    variables.into_iter().for_each(|(name, value)| command.env(name, value.as_ref()));
    command
}

/// The terminal of the tests drops U+FFFD where others show it: a question mark stands in. What may be the first part
/// of one is given back, to be completed.
fn with_a_visible_replacement(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let whole = [0xef, 0xbf, 0xbd];
    let held = [2, 1].into_iter().find(|&n| bytes.ends_with(&whole[..n])).unwrap_or(0);
    let (now, rest) = bytes.split_at(bytes.len() - held);
    let (mut out, mut at) = (Vec::with_capacity(now.len()), 0);
    while at < now.len() {
        let found = now[at..].starts_with(&whole);
        out.push(if found { b'?' } else { now[at] });
        at += if found { whole.len() } else { 1 };
    }
    (out, rest.to_vec())
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, ..PtySize::default() }
}

impl Pty {
    pub(crate) fn start(command: CommandBuilder, cols: u16, rows: u16) -> Pty {
        Pty::watched(command, cols, rows, |_| {})
    }

    /// The same; `each` gets whatever the program says, as soon as it is read.
    pub(crate) fn watched(
        command: CommandBuilder,
        cols: u16,
        rows: u16,
        mut each: impl FnMut(Piece<'_>) + Send + 'static,
    ) -> Pty {
        let pair = native_pty_system().openpty(size(cols, rows)).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let screen = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        let output = Arc::new(Mutex::new(Output { screen, bytes: Vec::new() }));
        let child = Running(Mutex::new(pair.slave.spawn_command(command).unwrap()));
        drop(pair.slave);
        let (heard, closing) = (output.clone(), Arc::<AtomicBool>::default());
        let closed = closing.clone();
        let reading = thread::spawn(move || {
            let (mut buffer, mut held) = ([0; 65_536], vec![]);
            while let Ok(n @ 1..) = reader.read(&mut buffer)
                && !closed.load(Ordering::SeqCst)
            {
                let (at, bytes) = (Instant::now(), &buffer[..n]);
                held.extend_from_slice(bytes);
                let (now, rest) = with_a_visible_replacement(&held);
                held = rest;
                let mut output = heard.lock().unwrap();
                output.screen.process(&now);
                output.bytes.extend_from_slice(bytes);
                each(Piece { at, bytes, screen: output.screen.screen() });
            }
        });
        Pty { child, writer: pair.master.take_writer().unwrap(), master: pair.master, output, reading, closing }
    }

    /// What `look` finds on the screen.
    pub(crate) fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.output.lock().unwrap().screen.screen())
    }

    pub(crate) fn text(&self) -> String {
        self.screen(vt100::Screen::contents)
    }

    /// The text with its lines joined, so that a sentence that is wrapped is found.
    pub(crate) fn folded(&self) -> String {
        self.text().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// All that came since the start, as it came.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap().bytes).into_owned()
    }

    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        let mut output = self.output.lock().unwrap();
        output.screen.screen_mut().set_size(rows.try_into().unwrap(), cols.try_into().unwrap());
        self.master.resize(size(cols, rows)).unwrap();
    }

    pub(crate) fn press(&mut self, keys: impl AsRef<[u8]>) {
        self.writer.write_all(keys.as_ref()).unwrap();
        self.writer.flush().unwrap();
    }

    pub(crate) fn shows(&self, words: &str) {
        self.until(words, |pty| pty.folded().contains(words));
    }

    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Pty) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !holds(self) {
            assert!(Instant::now() < deadline, "{what:?} did not come; the screen is\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The program's side of the terminal.
    pub(crate) fn tty(&self) -> File {
        File::options().read(true).write(true).open(self.master.tty_name().unwrap()).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.lock().unwrap().process_id().unwrap()
    }

    pub(crate) fn signal(&self, number: Signal) {
        // Its number may be that of another process once it has ended.
        if self.ended().is_none() {
            kill_process(Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap(), number).unwrap();
        }
    }

    /// Its exit code, once it has ended.
    pub(crate) fn ended(&self) -> Option<u32> {
        self.child.ended()
    }

    /// Takes the terminal away from a program that goes on, and waits for its end.
    pub(crate) fn end_without_terminal(self) -> u32 {
        let Pty { child, writer, master, closing, .. } = self;
        closing.store(true, Ordering::SeqCst);
        drop((writer, master));
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(code) = child.ended() {
                return code;
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end.
    pub(crate) fn end(&self) -> u32 {
        let mut code = None;
        self.until("the end", |pty| {
            code = pty.ended();
            code.is_some()
        });
        code.unwrap()
    }

    /// True where the terminal edits lines, as it did before.
    pub(crate) fn is_cooked(&self) -> bool {
        format!("{:?}", self.master.get_termios().unwrap().local_flags).contains("ICANON")
    }

    /// Waits for the end; the terminal must be as it was.
    pub(crate) fn ends_with(self, code: u32) {
        assert_eq!(self.end(), code);
        self.until("the screen of before", |pty| pty.screen(|s| !s.alternate_screen() && !s.hide_cursor()));
        assert!(self.is_cooked());
    }

    /// Takes the terminal away and gives all that came, to the last byte. The program must have ended.
    pub(crate) fn hang_up(self) -> String {
        let Pty { child, writer, master, output, reading, .. } = self;
        drop((writer, master, child));
        reading.join().unwrap();
        String::from_utf8_lossy(&output.lock().unwrap().bytes).into_owned()
    }
}
