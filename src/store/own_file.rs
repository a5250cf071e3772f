//! Opens files in places where others may have put something in our way: links, pipes, files of theirs.
//!
//! A member of the group that shares a directory could otherwise lead us by a link to a private file of our own, whose
//! mode we would change; or leave a file that all may read, into which we would write the token.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// Set-group-ID and group write: a group shares the directory.
const SHARED: u32 = 0o2020;

/// The directory of `path`.
fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// For the user alone, except in a directory that a group shares.
pub(super) fn mode_for(path: &Path) -> io::Result<u32> {
    let bits = fs::metadata(dir_of(path))?.mode();
    Ok(if bits & SHARED == SHARED { 0o660 } else { 0o600 })
}

/// One file, one path: links in it are followed, so that two paths to one file lead to the same locks. A link as the
/// last part is followed only in a directory that nobody else can write.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for a link that must not be followed.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    if fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink()) {
        let dir = fs::metadata(dir_of(&path))?;
        let private = dir.mode() & 0o022 == 0 && dir.uid() == rustix::process::geteuid().as_raw();
        if !private {
            return Err(refused(&path, "is a symbolic link in a directory that others can write: remove the link"));
        }
        return path.canonicalize();
    }
    match (dir_of(&path).canonicalize(), path.file_name()) {
        (Ok(dir), Some(name)) => Ok(dir.join(name)),
        // Not there yet, or not to be reached: what follows says so.
        _ => Ok(path),
    }
}

/// Opens the file for reading and writing, or makes it; never waits for a pipe and never follows a link.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for what must not be used, with the remedy.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let mode = mode_for(path)?;
    let mut options = careful();
    options.write(true);
    match options.clone().create_new(true).mode(mode).open(path) {
        Ok(file) => {
            // The umask may have taken the group's part.
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            let meta = file.metadata()?;
            return Ok((file, meta));
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
    }
    open_checked(path, &options)
}

/// Opens the file for reading alone; makes nothing.
///
/// # Errors
/// As for [`open`].
pub(super) fn open_to_read(path: &Path) -> io::Result<(File, Metadata)> {
    open_checked(path, &careful())
}

/// Opens the file as [`open`] does, or for reading alone where it may not be written: that is enough for a lock.
///
/// # Errors
/// As for [`open`].
pub(super) fn open_as_allowed(path: &Path) -> io::Result<(File, Metadata)> {
    open(path).or_else(|e| to_read_if_denied(e, || open_to_read(path)))
}

/// What to do instead where it may not be written, by its rights or since the whole disk is read-only.
pub(super) fn to_read_if_denied<T>(e: io::Error, to_read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let denied = matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
    if denied { to_read() } else { Err(e) }
}

/// For reading; never waits for a pipe and never follows a link.
fn careful() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    options.read(true).custom_flags(flags);
    options
}

fn open_checked(path: &Path, options: &OpenOptions) -> io::Result<(File, Metadata)> {
    // Before it is opened, for a clear word on what it is; and after, for what it really was.
    check(path, &fs::symlink_metadata(path)?)?;
    let file = options.open(path)?;
    let meta = file.metadata()?;
    check(path, &meta)?;
    Ok((file, meta))
}

/// From now on this thread of the tests is held to the rights of files, also where it is root's.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn obey_rights() -> rustix::io::Result<()> {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut sets = capabilities(None)?;
    sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, sets)
}

/// Gives a file that is there already, and ours, this mode. Whatever is put under its name meanwhile keeps its own: the
/// file is held first, looked at then, and changed through what is held. It is not opened for reading, since the end of
/// that would drop the locks that this process may have on a database.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::PATH).bits()).unwrap_or(0);
    let held = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = held.metadata()?;
    check(path, &meta)?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    fs::set_permissions(format!("/proc/self/fd/{}", held.as_raw_fd()), fs::Permissions::from_mode(mode))
}

/// Here nothing can be held without opening it: the mode stays, and `doctor` says what to do about it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Says whether a file that is there already may be used.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`], with the remedy.
pub(super) fn check(path: &Path, meta: &Metadata) -> io::Result<()> {
    let user = rustix::process::geteuid().as_raw();
    let shared = mode_for(path)? == 0o660;
    if !meta.is_file() {
        let what = if meta.is_symlink() { "is a symbolic link: remove it" } else { "is not a regular file: remove it" };
        return Err(refused(path, what));
    }
    if meta.nlink() > 1 {
        return Err(refused(path, "has a second name (a hard link): remove one of the two"));
    }
    if meta.uid() != user && !shared {
        return Err(refused(path, "belongs to another user: run ahtop as its owner, or point [store] url elsewhere"));
    }
    if meta.mode() & 0o007 != 0 && meta.uid() != user {
        return Err(refused(path, "can be read or written by everybody: its owner must run chmod o-rwx on it"));
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} {why}", path.display()))
}
