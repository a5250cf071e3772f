//! A small file that is never lost half-written: two slots of fixed size that are written in turn, each one line of JSON
//! behind its checksum. All its space is taken when it is made, so that a full disk does not matter later.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use secrecy::zeroize::Zeroizing;
use serde::{Serialize, de::DeserializeOwned};

use super::{own_file, patience::patience};

/// Bytes of one slot: room for the most requests that may be configured for a minute, or for the longest token.
pub(super) const SLOT: u64 = 64 * 1024;
/// In front of a slot's line: its checksum in hexadecimal, and a blank.
pub(super) const HEAD: usize = 17;
/// What is read of a slot at once: as much as the requests of a minute and the tokens of an hour take.
const PIECE: u64 = 8 * 1024;
/// What a file is filled with at first.
const EMPTY: u8 = b' ';
/// How long another process may hold a file.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is kept in such a file. Its number grows with each write, from 1 on.
pub(super) trait Numbered: Serialize + DeserializeOwned {
    /// Says which slot it goes to, and which of two is the newer.
    fn number(&self) -> u64;
}

/// What is in a file.
pub(super) enum Found<T> {
    /// Just made, or never written.
    Nothing,
    /// The newest that can be read; `spoilt`: one of the slots cannot.
    Value { value: T, spoilt: bool },
    /// Not what we wrote.
    Damaged,
}

/// A file that is open.
pub(super) struct Held {
    file: File,
    identity: (u64, u64),
    writable: bool,
}

/// The path beside `path` with this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Opens and locks a file, and makes it where it is missing. True where it is the one that was open before.
pub(super) fn hold(path: &Path, held: &mut Option<Held>) -> io::Result<bool> {
    hold_opened(path, held, open)
}

/// The same, also where it may only be read.
pub(super) fn hold_as_allowed(path: &Path, held: &mut Option<Held>) -> io::Result<bool> {
    let open = |path: &Path| open(path).or_else(|e| own_file::to_read_if_denied(e, || look_only(path)));
    hold_opened(path, held, open)
}

fn hold_opened(path: &Path, held: &mut Option<Held>, open: impl Fn(&Path) -> io::Result<Held>) -> io::Result<bool> {
    let begun = Instant::now();
    let mut same = true;
    loop {
        // After the last moment is tried once more: whoever was not run meanwhile has not tried at all.
        let late = begun.elapsed() > patience(PATIENCE);
        if !is_current(path, held.as_ref()) {
            same = false;
            *held = Some(open(path)?);
        }
        let Some(open) = held else { return Err(io::ErrorKind::NotFound.into()) };
        match open.file.try_lock() {
            // Somebody may have removed it while we waited.
            Ok(()) if is_current(path, Some(open)) => return Ok(same),
            Ok(()) => *held = None,
            Err(fs::TryLockError::Error(e)) => return Err(e),
            Err(fs::TryLockError::WouldBlock) if late => return Err(io::ErrorKind::TimedOut.into()),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Opens a file that must be there, without a lock: one that is being written still has its other slot. Nothing is done
/// where it is open already.
pub(super) fn look(path: &Path, held: &mut Option<Held>) -> io::Result<()> {
    if !is_current(path, held.as_ref()) {
        // What is not there is not made.
        fs::symlink_metadata(path)?;
        *held = Some(open(path)?);
    }
    Ok(())
}

/// The same for who may only read it.
pub(super) fn look_only(path: &Path) -> io::Result<Held> {
    own_file::open_to_read(path).map(|opened| Held { writable: false, ..Held::of(opened) })
}

fn is_current(path: &Path, held: Option<&Held>) -> bool {
    let there = fs::symlink_metadata(path).ok().map(|m| (m.dev(), m.ino()));
    held.is_some_and(|held| Some(held.identity) == there)
}

fn open(path: &Path) -> io::Result<Held> {
    if fs::symlink_metadata(path).is_err() {
        make(path)?;
    }
    own_file::open(path).map(Held::of)
}

/// Makes the file whole at once: one that is too short under its name was cut, and does not tell what it told.
fn make(path: &Path) -> io::Result<()> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let new = beside(path, &format!(".new-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
    let placed = own_file::open(&new).and_then(|(file, _)| {
        fill(&file)?;
        match renameat_with(CWD, &new, CWD, path, RenameFlags::NOREPLACE) {
            // Not every file system can: then it is made in place, where a second process may take it for cut.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => own_file::open(path).and_then(|(file, _)| fill(&file)),
            // Another process was first.
            Err(Errno::EXIST) => Ok(()),
            other => Ok(other?),
        }
    });
    // Gone already where it was renamed.
    let _ = fs::remove_file(&new);
    placed
}

/// Takes all the file's space now.
fn fill(file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let missing = usize::try_from((2 * SLOT).saturating_sub(length)).unwrap_or(0);
    if missing > 0 { file.write_all_at(&vec![EMPTY; missing], length) } else { Ok(()) }
}

impl Held {
    fn of((file, meta): (File, Metadata)) -> Held {
        Held { file, identity: (meta.dev(), meta.ino()), writable: true }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// What the file says.
    pub(super) fn read<T: Numbered>(&self) -> Found<T> {
        let Ok(slots) = self.slots() else {
            // Somebody cut it while it was open. Where its space cannot be taken again, the write that follows fails too.
            let _ = fill(&self.file);
            return Found::Damaged;
        };
        let (mut best, mut spoilt, mut empty) = (None::<T>, false, 0);
        for slot in slots {
            match parse::<T>(&slot) {
                Ok(Some(value)) if best.as_ref().is_none_or(|b| value.number() > b.number()) => best = Some(value),
                Ok(Some(_)) => {}
                Ok(None) => empty += 1,
                Err(()) => spoilt = true,
            }
        }
        match best {
            // Both slots are in use from the second write on.
            Some(value) => Found::Value { spoilt: spoilt || (empty > 0 && value.number() > 1), value },
            None if spoilt => Found::Damaged,
            None => Found::Nothing,
        }
    }

    /// What stands in the two slots, as far as their lines reach. An error where the file is not as long as it was made.
    fn slots(&self) -> io::Result<[Zeroizing<Vec<u8>>; 2]> {
        if self.file.metadata()?.len() < 2 * SLOT {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = |slot: u64, length: u64| {
            let mut bytes = Zeroizing::new(vec![0; usize::try_from(length).unwrap_or(0)]);
            self.file.read_exact_at(&mut bytes, slot * SLOT).map(|()| bytes)
        };
        let slot = |slot: u64| match read(slot, PIECE)? {
            piece if piece.contains(&b'\n') => Ok(piece),
            _ => read(slot, SLOT),
        };
        Ok([slot(0)?, slot(1)?])
    }

    /// Writes `value` into its slot.
    pub(super) fn write<T: Numbered>(&self, value: &T) -> io::Result<()> {
        let mut line = Zeroizing::new(Vec::with_capacity(usize::try_from(PIECE).unwrap_or(0)));
        line.extend_from_slice(&[EMPTY; HEAD]);
        serde_json::to_writer(&mut *line, value)?;
        if let Some((head, text)) = line.split_at_mut_checked(HEAD) {
            head.copy_from_slice(format!("{:016x} ", checksum(text)).as_bytes());
        }
        line.push(b'\n');
        if line.len() as u64 > SLOT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all_at(&line, (value.number() % 2) * SLOT)
    }

    /// Gives the lock back.
    pub(super) fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }
}

/// `None`: never written.
fn parse<T: Numbered>(slot: &[u8]) -> Result<Option<T>, ()> {
    if slot.iter().all(|b| *b == EMPTY) {
        return Ok(None);
    }
    let line = slot.split(|b| *b == b'\n').next().ok_or(())?;
    let (head, text) = line.split_at_checked(HEAD).ok_or(())?;
    if head != format!("{:016x} ", checksum(text)).as_bytes() {
        return Err(());
    }
    serde_json::from_slice(text).map(Some).map_err(drop)
}

/// FNV-1a: finds what a torn write or a stray byte does. It is no protection against people.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, b| (sum ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}
