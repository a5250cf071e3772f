//! `serve` of the program itself on an address of its own, and a client of it.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::Arc,
};

use ahtop::{domain::SystemClock, store::SqliteStore};
use rustix::process::Signal;

use crate::live::{Home, Service, signal};

/// An address that is free.
pub(super) fn address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The program as it serves; killed when this is dropped.
pub(super) struct Serving(Child);

impl Serving {
    /// With these flags beside the address.
    pub(super) fn start(home: &Home, service: &Service, address: &str, flags: &[&str]) -> Serving {
        let args = [&["serve", "--listen", address], flags].concat();
        let mut command = home.on(service, &args);
        Serving(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(super) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    pub(super) fn signal(&self, number: Signal) {
        signal(self.0.id(), number);
    }

    /// Its resident memory in bytes.
    pub(super) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The store that it has in `home`.
pub(super) fn store(home: &Home) -> SqliteStore {
    let files = fs::read_dir(home.path("state")).unwrap().map(|entry| entry.unwrap().path());
    let file = files.filter(|path| path.extension().is_some_and(|e| e == "db")).last().unwrap();
    SqliteStore::open(&file, Arc::new(SystemClock::new())).unwrap()
}

/// The answer with its head; nothing where nobody answers.
pub(super) fn get(address: &str, path: &str) -> String {
    ask(address, path, "")
}

/// The same with these header lines.
pub(super) fn ask(address: &str, path: &str, lines: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}
