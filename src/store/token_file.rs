//! The token in a file of its own beside the store.
//!
//! It outlives the database: a token that is lost with a damaged one costs a generation, and the account has few. And
//! who only reads the store (a wallboard of the group) need not be able to read the token.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use serde::{Deserialize, Serialize};

use super::{
    Token,
    slot_file::{self, Found, Held, Numbered},
};
use crate::domain::EventTime;

/// What is in the file. Without a secret the token was discarded; its generation still counts. Stored under the names
/// that the first versions gave.
#[derive(Serialize, Deserialize)]
struct Line {
    number: u64,
    generation: u64,
    secret: Option<String>,
    #[serde(rename = "minted_at")]
    generated_at: EventTime,
    life_ms: u64,
    #[serde(rename = "minted_by")]
    generated_by: String,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Numbered for Line {
    fn number(&self) -> u64 {
        self.number
    }
}

/// The token and the highest generation so far.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// Counts up with every token, also when one was discarded.
    pub(super) generation: u64,
    /// `None`: it was discarded.
    pub(super) secret: Option<SecretString>,
    /// When its generation ended.
    pub(super) generated_at: EventTime,
    /// How long it lives from then.
    pub(super) life: Duration,
    /// Label of the instance that has it from the service.
    pub(super) generated_by: String,
}

impl Stored {
    /// The token, unless it was discarded.
    pub(super) fn token(self) -> Option<Token> {
        let Stored { generation, secret, generated_at, life, generated_by } = self;
        Some(Token { secret: secret?, generation, generated_at, life, generated_by: generated_by.into() })
    }

    fn from_line(line: &Line) -> Stored {
        Stored {
            generation: line.generation,
            secret: line.secret.as_deref().map(SecretString::from),
            generated_at: line.generated_at.clone(),
            life: Duration::from_millis(line.life_ms),
            generated_by: line.generated_by.clone(),
        }
    }

    fn line(&self, number: u64) -> Line {
        Line {
            number,
            generation: self.generation,
            secret: self.secret.as_ref().map(|s| s.expose_secret().to_owned()),
            generated_at: self.generated_at.clone(),
            life_ms: u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX),
            generated_by: self.generated_by.clone(),
        }
    }
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The newest that this process has seen, with its number.
    known: Option<(u64, Stored)>,
}

/// The file, or memory alone.
pub(super) struct TokenFile {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

impl TokenFile {
    /// Beside the store at `store`; `None`: in memory. Nothing is opened yet.
    pub(super) fn new(store: Option<&Path>) -> TokenFile {
        TokenFile { path: store.map(|store| slot_file::beside(store, ".token")), state: Mutex::default() }
    }

    /// What is known of the token. Where the file is damaged, gone, or older than it was, what this process knows.
    ///
    /// # Errors
    /// One sentence, where the file is there and may not be read.
    pub(super) fn read(&self) -> Result<Option<Stored>, String> {
        self.look(slot_file::look_only)
    }

    /// The same for who may replace it.
    ///
    /// # Errors
    /// One sentence, where the file is there and may not be written: to generate another token would invalidate this one,
    /// and nobody else would learn the new one.
    pub(super) fn load(&self) -> Result<Option<Stored>, String> {
        self.look(|_| Err(io::ErrorKind::PermissionDenied.into()))
    }

    /// `denied`: what is done where the file may not be written.
    fn look(&self, denied: impl FnOnce(&Path) -> io::Result<Held>) -> Result<Option<Stored>, String> {
        let is_denied = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut only = None;
        if let Some(path) = &self.path
            && let Err(e) = slot_file::look(path, &mut state.held)
        {
            state.held = None;
            match if is_denied(&e) { denied(path) } else { Err(e) } {
                Ok(held) => only = Some(held),
                Err(e) if is_denied(&e) => {
                    let path = path.display();
                    return Err(format!("the token in {path} is for others: {e}; let this user read and write it"));
                }
                Err(_) => {}
            }
        }
        state.refresh(only.as_ref());
        Ok(state.known.as_ref().map(|(_, stored)| stored.clone()))
    }

    /// Replaces it. Where the file cannot be written, this process alone knows.
    pub(super) fn save(&self, stored: Stored) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let locked = self.path.as_ref().is_some_and(|path| slot_file::hold(path, &mut state.held).is_ok());
        if locked {
            state.refresh(None);
        }
        let number = state.known.as_ref().map_or(0, |(number, _)| *number) + 1;
        if let Some(held) = state.held.as_ref().filter(|_| locked) {
            // Both slots: the old token goes, and a damaged slot is made good.
            let written = held.write(&stored.line(number)).and_then(|()| held.write(&stored.line(number + 1)));
            if let Err(e) = written.and_then(|()| held.unlock()) {
                tracing::warn!("the token cannot be written to its file: {e}");
                state.held = None;
            }
        }
        state.known = Some((number + 1, stored));
    }

    /// Writes what this process knows, where the file does not say it: it could not be written before.
    pub(super) fn catch_up(&self) {
        let known = |state: &State| state.known.as_ref().map(|(number, _)| *number);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = known(&state);
        let Some(path) = &self.path else { return };
        let there = slot_file::look(path, &mut state.held).ok().and(state.held.as_ref()).map(Held::read::<Line>);
        let written = matches!(there, Some(Found::Value { value, .. }) if Some(value.number) >= ours);
        let stored = state.known.as_ref().map(|(_, stored)| stored.clone()).filter(|_| !written);
        drop(state);
        if let Some(stored) = stored {
            self.save(stored);
        }
    }
}

impl State {
    /// Takes in what the file says, if it is newer; `only`: the file, where it is open for reading alone.
    fn refresh(&mut self, only: Option<&Held>) {
        let Some(Found::Value { value, .. }) = only.or(self.held.as_ref()).map(Held::read::<Line>) else { return };
        if self.known.as_ref().is_none_or(|(number, _)| value.number > *number) {
            self.known = Some((value.number, Stored::from_line(&value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, os::unix::fs::PermissionsExt};

    use tempfile::TempDir;

    use super::*;
    use crate::domain::{Clock, ManualClock};

    fn stored(generation: u64, secret: &str) -> Stored {
        let clock = ManualClock::at(jiff::Timestamp::from_second(1_770_000_000).unwrap());
        Stored {
            generation,
            secret: Some(secret.into()),
            generated_at: clock.now().stamp(),
            life: Duration::from_secs(3600),
            generated_by: "pid 7 (serve)".into(),
        }
    }

    fn secret(file: &TokenFile) -> Option<String> {
        Some(file.load().unwrap()?.token()?.secret.expose_secret().to_owned())
    }

    #[test]
    fn what_one_saves_the_others_load() {
        let dir = TempDir::new().unwrap();
        let store = dir.path().join("acme.db");
        let (one, two) = (TokenFile::new(Some(&store)), TokenFile::new(Some(&store)));
        assert_eq!(secret(&one), None);
        assert!(!dir.path().join("acme.db.token").exists(), "a look makes nothing");
        one.save(stored(1, "first"));
        assert_eq!((secret(&two).as_deref(), secret(&one).as_deref()), (Some("first"), Some("first")));
        two.save(stored(2, "second"));
        assert_eq!(secret(&one).as_deref(), Some("second"));
        let text = fs::read_to_string(dir.path().join("acme.db.token")).unwrap();
        assert!(!text.contains("first"), "an old token does not stay");
        assert_eq!(fs::metadata(dir.path().join("acme.db.token")).unwrap().permissions().mode() & 0o777, 0o600);
        one.save(Stored { secret: None, ..stored(2, "") });
        assert_eq!((secret(&two), two.load().unwrap().unwrap().generation), (None, 2));
    }

    /// A token of its own, made without a copy.
    #[cfg(target_os = "linux")]
    fn used() -> String {
        let mut secret = String::with_capacity(400);
        (0..400u16).for_each(|n| secret.push(char::from(b'a' + u8::try_from(n % 23).unwrap())));
        secret
    }

    /// Not a test by itself: a process that has used a token, and waits.
    #[cfg(target_os = "linux")]
    #[test]
    fn child_that_has_used_a_token() {
        let Some(store) = std::env::var_os("AHTOP_TEST_PATH").map(PathBuf::from) else { return };
        let saves = TokenFile::new(Some(&store));
        saves.save(Stored { secret: Some(used().into()), ..stored(1, "") });
        let loads = TokenFile::new(Some(&store));
        assert!(loads.read().unwrap().is_some() && saves.load().unwrap().is_some());
        drop((saves, loads));
        writeln!(io::stdout(), "\nused").unwrap();
        io::stdin().read_line(&mut String::new()).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_copy_of_a_token_stays_in_the_memory() {
        use std::{
            io::{BufRead, BufReader, Read, Seek, SeekFrom},
            process::{Command, Stdio},
        };
        let dir = TempDir::new().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::token_file::tests::child_that_has_used_a_token", "--nocapture"])
            .env("AHTOP_TEST_PATH", dir.path().join("acme.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "used"));
        let process = PathBuf::from(format!("/proc/{}", child.id()));
        let maps = fs::read_to_string(process.join("maps")).unwrap();
        let places = maps.lines().filter(|line| line.contains(" rw"));
        let places = places.filter_map(|line| line.split(' ').next()?.split_once('-'));
        // What is freed may be written over where it begins.
        let token = &used()[200..300];
        let mut copies = 0;
        let mut looked = 0;
        match fs::File::open(process.join("mem")) {
            Ok(mut memory) => {
                for (from, to) in places {
                    let at = |text| u64::from_str_radix(text, 16).unwrap();
                    let mut bytes = vec![];
                    memory.seek(SeekFrom::Start(at(from))).unwrap();
                    // Some of it is the kernel's own.
                    let _ = (&mut memory).take(at(to) - at(from)).read_to_end(&mut bytes);
                    looked += bytes.len();
                    copies += bytes.windows(token.len()).filter(|bytes| *bytes == token.as_bytes()).count();
                }
                assert!(looked > 100_000, "{looked}");
            }
            Err(e) => drop(writeln!(io::stderr(), "skipped: the memory of another process ({e})")),
        }
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        assert_eq!(copies, 0);
    }

    /// Who may only read the file learns the token, and nobody without rights takes it for one that is missing.
    #[test]
    fn a_token_that_is_for_others_is_no_token_that_is_missing() {
        let dir = TempDir::new().unwrap();
        let store = dir.path().join("acme.db");
        TokenFile::new(Some(&store)).save(stored(1, "first"));
        let path = dir.path().join("acme.db.token");
        if rustix::process::geteuid().is_root() {
            // Root may do everything.
            let _ = writeln!(io::stderr(), "skipped: a token file without rights, which root can read");
            return;
        }
        let rights = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let file = || TokenFile::new(Some(&store));
        rights(0o400);
        assert!(file().read().unwrap().is_some() && file().load().is_err());
        rights(0);
        assert!(file().read().is_err() && file().load().is_err());
        fs::remove_file(&path).unwrap();
        assert!(file().read().unwrap().is_none() && file().load().unwrap().is_none());
    }

    #[test]
    fn damage_costs_only_what_nobody_knows() {
        let dir = TempDir::new().unwrap();
        let store = dir.path().join("acme.db");
        let path = dir.path().join("acme.db.token");
        let one = TokenFile::new(Some(&store));
        one.save(stored(1, "first"));
        let old = fs::read(&path).unwrap();
        one.save(stored(2, "second"));
        for harm in [&b""[..], &[0x55; 40_000], &old] {
            fs::write(&path, harm).unwrap();
            assert_eq!(secret(&one).as_deref(), Some("second"));
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(secret(&one).as_deref(), Some("second"));
        one.save(stored(3, "third"));
        assert_eq!(secret(&TokenFile::new(Some(&store))).as_deref(), Some("third"));
        // Nowhere to write: the process itself goes on.
        let nowhere = TokenFile::new(Some(&dir.path().join("no/acme.db")));
        nowhere.save(stored(1, "mine"));
        assert_eq!(secret(&nowhere).as_deref(), Some("mine"));
    }
}
