//! Reads the files that the configuration names, and those of its kind: regular files only, up to a size. Opening
//! anything else could wait for ever (a pipe that nobody writes) or never come to an end (`/dev/zero`).

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

/// Opens the regular file at `path`, links followed, and never waits for it.
///
/// # Errors
/// As the system says; of the kind [`io::ErrorKind::InvalidInput`] for anything but a regular file.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // Before it is opened, since some devices act on that alone; and after, for what was really opened.
    regular(&fs::metadata(path)?)?;
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    regular(&meta)?;
    Ok((file, meta))
}

fn regular(meta: &Metadata) -> io::Result<()> {
    if meta.is_file() {
        return Ok(());
    }
    let what = if meta.is_dir() { "it is a directory" } else { "it is not a regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Adds all of `file` to `bytes`, at most `largest` bytes.
///
/// # Errors
/// As the system says; of the kind [`io::ErrorKind::FileTooLarge`] for a larger file.
pub(super) fn read_to(file: File, largest: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    let n = file.take(largest + 1).read_to_end(bytes)?;
    if n as u64 > largest {
        let (size, unit) = if largest >= 1 << 20 { (largest >> 20, "MiB") } else { (largest >> 10, "KiB") };
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {size} {unit}")));
    }
    Ok(())
}

/// What the regular file at `path` holds: at most `largest` bytes, links followed.
///
/// # Errors
/// As the system says, or in our own words (they follow a colon well) for what is no regular file or is larger.
pub fn read_file(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    read_to(file, largest, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be used, each with what is said of it.
    #[test]
    fn only_a_regular_file_is_read_and_nothing_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let fifo = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
        assert!(fifo.success());
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        std::os::unix::fs::symlink(path("fifo"), path("to-fifo")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        fs::create_dir(path("dir")).unwrap();
        fs::write(path("large"), [b'x'; 2049]).unwrap();
        fs::write(path("good"), [b'x'; 2048]).unwrap();
        std::os::unix::fs::symlink("good", path("to-good")).unwrap();
        let read = |name| read_file(&path(name), 2048);
        for name in ["fifo", "zero", "to-fifo", "socket"] {
            assert_eq!(read(name).unwrap_err().to_string(), "it is not a regular file", "{name}");
        }
        assert_eq!(read("dir").unwrap_err().to_string(), "it is a directory");
        assert_eq!(read("large").unwrap_err().to_string(), "it is larger than 2 KiB");
        assert_eq!(read("none").unwrap_err().kind(), io::ErrorKind::NotFound);
        for name in ["good", "to-good"] {
            assert_eq!(read(name).unwrap().len(), 2048, "{name}");
        }
    }
}
