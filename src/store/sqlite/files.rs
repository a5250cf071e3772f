//! The file and its surroundings: private from the first moment, locked while it is opened, moved aside when damaged.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::store::own_file;

/// `path` with `tail` added to its last component.
pub(super) fn beside(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    PathBuf::from(name)
}

/// What a database and its log are, by device and inode, whatever they are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) database: Option<(u64, u64)>,
    log: Option<(u64, u64)>,
    index: Option<(u64, u64)>,
}

impl Identity {
    pub(super) fn from_path(path: &Path) -> Self {
        let [database, log, index] =
            ["", "-wal", "-shm"].map(|tail| fs::metadata(beside(path, tail)).ok().map(|m| (m.dev(), m.ino())));
        Identity { database, log, index }
    }
}

/// Bytes in the file and its log.
pub(super) fn bytes(path: &Path) -> u64 {
    [path.to_owned(), beside(path, "-wal")].iter().filter_map(|p| fs::metadata(p).ok()).map(|m| m.len()).sum()
}

/// Makes the directory (0700) and the file if they are missing. The file is for the user alone (0600), except in a
/// directory that is there already with the setgid bit and group write: then the group shares it (0660). SQLite
/// gives its `-wal` and `-shm` the mode of the file, past the umask.
///
/// A file that is there is only looked at: to open and close it here would drop the locks that this process may have
/// on it through SQLite.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for what somebody else may have put there, with the remedy.
pub(super) fn make(path: &Path) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    for tail in ["-wal", "-shm"] {
        let log = beside(path, tail);
        if let Ok(meta) = fs::symlink_metadata(&log) {
            own_file::check(&log, &meta)?;
        }
    }
    let meta = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => own_file::open(path)?.1,
        other => other?,
    };
    own_file::check(path, &meta)?;
    let mode = own_file::mode_for(path)?;
    if meta.mode() & 0o777 != mode {
        // Ours, and open to more people than it should be, or to fewer. What another member of the group made stays as
        // it is: SQLite will say if it cannot write.
        let _ = own_file::set_mode(path, mode);
    }
    Ok(())
}

/// Held while a store is opened, so that one process alone judges, moves or migrates the file. Freed by dropping it
/// and by the death of the process.
pub(super) struct OpenLock(#[expect(dead_code, reason = "holds the lock")] File);

impl OpenLock {
    /// Waits at most `patience`. `None`: somebody else holds it for longer (a stopped process, say).
    pub(super) fn take(path: &Path, patience: Duration) -> io::Result<Option<OpenLock>> {
        let lock = beside(path, ".lock");
        let (file, _) = own_file::open(&lock)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(OpenLock(file))),
                Err(fs::TryLockError::Error(e)) => return Err(e),
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() >= patience => return Ok(None),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// Moves a damaged file out of the way under a name that tells when; the caller holds the [`OpenLock`]. The log goes
/// first: left behind, it would be replayed into the new file.
pub(super) fn quarantine(path: &Path, wall: Timestamp) -> io::Result<PathBuf> {
    let stamp = wall.strftime("%Y%m%dT%H%M%S").to_string();
    let free = |n: u32| {
        let tail = if n == 0 { String::new() } else { format!("-{n}") };
        beside(path, &format!(".corrupt-{stamp}{tail}"))
    };
    let quarantined = (0..1000).map(free).find(|p| !p.exists()).unwrap_or_else(|| free(1000));
    for tail in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, tail), beside(&quarantined, tail)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(quarantined)
}
