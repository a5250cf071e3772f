//! What happens to the files of a store: each function is a fault that a disk, a person or a program has caused.

use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const PAGE: u64 = 4096;

/// What the disk refuses.
#[derive(Clone, Default)]
pub(crate) struct Refusal {
    /// Writes at or beyond this place of any file: a disk that is full for all but what is there already.
    pub(crate) beyond: Option<u64>,
    /// In this directory nothing can be made or taken away, and no file opened for writing. Who has one open goes on, as
    /// long as `beyond` lets him.
    pub(crate) read_only: Option<PathBuf>,
}

thread_local! {
    /// What is refused at present. The limit of a file's size is the whole process's.
    static REFUSED: RefCell<Refusal> = RefCell::default();
}

/// From now on the disk refuses this, and nothing else.
pub(crate) fn refuse(what: &Refusal) -> Refusal {
    let before = REFUSED.replace(what.clone());
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: what.beyond.or(maximum), maximum }).unwrap();
    if let Some(dir) = &before.read_only {
        rights(dir, 0o700, 0o600);
    }
    if let Some(dir) = &what.read_only {
        rights(dir, 0o500, 0o400);
    }
    before
}

/// What the world itself does to files, it does whatever the disk refuses.
pub(crate) fn with_room<T>(act: impl FnOnce() -> T) -> T {
    let before = refuse(&Refusal::default());
    let done = act();
    refuse(&before);
    done
}

/// Gives `dir` and the files in it these rights.
fn rights(dir: &Path, own: u32, files: u32) {
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    // Without the right to enter it nothing in it can be changed.
    set(dir, 0o700);
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            set(&entry.path(), files);
        }
    }
    set(dir, own);
}

/// From now on this thread is held to the rights of files, also where it is root's.
pub(crate) fn obey_rights() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
        let mut sets = capabilities(None).unwrap();
        sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        set_capabilities(None, sets).unwrap();
    }
}

/// The file beside `path` with this ending.
pub(crate) fn beside(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    name.into()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.len())
}

fn open(path: &Path) -> Option<File> {
    OpenOptions::new().read(true).write(true).open(path).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file()))
}

/// Cuts the file somewhere.
pub(crate) fn cut(path: &Path, rng: &mut StdRng) -> String {
    let length = length(path);
    cut_to(path, *[0, length / 2 / PAGE * PAGE, rng.random_range(0..=length)].choose(rng).unwrap())
}

pub(crate) fn cut_to(path: &Path, to: u64) -> String {
    let length = length(path);
    if let Some(file) = open(path) {
        file.set_len(to).unwrap();
    }
    format!("{} cut from {length} to {to}", name(path))
}

/// Writes rubbish, zeros or another place's content over some of it; true where it was another place's.
pub(crate) fn overwrite(path: &Path, unit: u64, rng: &mut StdRng) -> (String, bool) {
    let units = length(path) / unit;
    let Some(file) = open(path).filter(|_| units > 0) else {
        return (format!("{}: nothing to overwrite", name(path)), false);
    };
    let mut astray = false;
    let times = rng.random_range(1..=4u64);
    let mut at = vec![];
    for _ in 0..times {
        let mut bytes = vec![0; usize::try_from(unit).unwrap()];
        match rng.random_range(0..3) {
            0 => rng.fill(&mut bytes[..]),
            1 => {}
            // A write that went to the wrong place.
            _ => {
                astray = true;
                file.read_exact_at(&mut bytes, rng.random_range(0..units) * unit).unwrap();
            }
        }
        let unit_no = rng.random_range(0..units);
        // A torn write: only the first part of it.
        let part = if rng.random() { bytes.len() } else { bytes.len() / 8 };
        file.write_all_at(&bytes[..part], unit_no * unit).unwrap();
        at.push(unit_no);
    }
    (format!("{} overwritten at {at:?} of {units}", name(path)), astray)
}

pub(crate) fn remove(path: &Path) -> String {
    let gone = fs::remove_file(path).is_ok();
    format!("{} removed{}", name(path), if gone { "" } else { " (was not there)" })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// A database and its log, as `cp` would take them.
#[derive(Clone)]
pub(crate) struct Copy {
    database: Vec<u8>,
    log: Option<Vec<u8>>,
    index: Option<Vec<u8>>,
}

/// `None` where there is no file.
pub(crate) fn copy(path: &Path) -> Option<Copy> {
    let [log, index] = ["-wal", "-shm"].map(|tail| fs::read(beside(path, tail)).ok());
    Some(Copy { database: fs::read(path).ok()?, log, index })
}

/// Puts the copy back under the name: the way of `mv`, so that who has the old file open keeps it.
pub(crate) fn put_back(path: &Path, copy: &Copy, with_log: bool) {
    replace(path, Some(&copy.database));
    replace(&beside(path, "-wal"), copy.log.as_deref().filter(|_| with_log));
    replace(&beside(path, "-shm"), None);
}

/// Puts everything back as it was: what a process leaves that could not close its files.
pub(crate) fn leave(path: &Path, copy: &Copy) {
    with_room(|| {
        replace(path, Some(&copy.database));
        replace(&beside(path, "-wal"), copy.log.as_deref());
        replace(&beside(path, "-shm"), copy.index.as_deref());
    });
}

pub(crate) fn replace(path: &Path, bytes: Option<&[u8]>) {
    if path.is_dir() {
        return;
    }
    let Some(bytes) = bytes else {
        let _ = fs::remove_file(path);
        return;
    };
    let new = beside(path, ".new");
    fs::write(&new, bytes).unwrap();
    fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, path).unwrap();
}

/// Puts the copy into the file that is there: the way of `cp`.
pub(crate) fn copy_over(path: &Path, copy: &Copy) {
    if let Some(file) = open(path) {
        file.set_len(0).unwrap();
        file.write_all_at(&copy.database, 0).unwrap();
    }
}

/// A directory under the file's name, and the file elsewhere.
pub(crate) fn block(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return None;
    }
    let away = beside(path, ".away");
    let _ = fs::rename(path, &away);
    fs::create_dir(path).unwrap();
    Some(away)
}

/// Takes the directory away; the file comes back if it is not lost.
pub(crate) fn unblock(path: &Path, away: &Path, lost: bool) {
    if path.is_dir() {
        fs::remove_dir(path).unwrap();
    }
    if lost {
        let _ = fs::remove_file(away);
    } else if !path.exists() {
        let _ = fs::rename(away, path);
    }
}

/// Holds the lock of a file as a process does that does not run any more.
pub(crate) fn hold(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).ok()?;
    file.try_lock().ok().map(|()| file)
}
