//! The store's file: whether it is there, who may read it, and what it lies on.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::Access;

use super::{finding::Finding, words};
use crate::exit::Exit;

/// The files that hold what not everybody should read.
const TAILS: [&str; 4] = ["", "-wal", "-shm", ".token"];

fn beside(path: &Path, tail: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(tail);
    name.into()
}

fn may(path: &Path, access: Access) -> bool {
    rustix::fs::access(path, access).is_ok()
}

/// Looks at the place of the store, whether there is one or not.
pub(super) fn look(path: &Path) -> Vec<Finding> {
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => vec![missing(path, dir)],
        Err(e) => vec![Finding::bad("store", Exit::Unexpected, words::hidden_store(path, &e))],
        Ok(meta) => present(path, dir, &meta),
    };
    found.extend(remote(dir));
    found
}

fn missing(path: &Path, dir: &Path) -> Finding {
    let there = dir.ancestors().find(|d| d.is_dir()).unwrap_or(Path::new("/"));
    if may(there, Access::WRITE_OK | Access::EXEC_OK) {
        Finding::ok("store", words::no_store_yet(path))
    } else {
        Finding::bad("store", Exit::Unexpected, words::no_place_for_store(path, there))
    }
}

fn present(path: &Path, dir: &Path, meta: &fs::Metadata) -> Vec<Finding> {
    let mut found = Vec::new();
    let open: Vec<String> = TAILS
        .iter()
        .map(|tail| beside(path, tail))
        .filter(|p| fs::metadata(p).is_ok_and(|m| m.mode() & 0o007 != 0))
        .map(|p| p.display().to_string())
        .collect();
    if !open.is_empty() {
        found.push(Finding::bad("store", Exit::Unexpected, words::open_store(&open.join(" "))));
    }
    if !may(path, Access::READ_OK | Access::WRITE_OK) || !may(dir, Access::WRITE_OK | Access::EXEC_OK) {
        found.push(Finding::bad("store", Exit::Unexpected, words::read_only_store(path, dir, meta.gid())));
    }
    let group = meta.mode() & 0o060 == 0o060;
    let inherits = fs::metadata(dir).is_ok_and(|d| d.mode() & 0o2020 == 0o2020);
    match (group, inherits) {
        (true, false) => found.push(Finding::look("store", words::half_shared_directory(path, dir))),
        (false, true) => found.push(Finding::look("store", words::own_file_in_shared_directory(path))),
        _ if found.is_empty() => {
            found.push(Finding::ok("store", words::store(path, group.then_some(meta.gid()), meta.mode())));
        }
        _ => {}
    }
    found
}

/// Locks of a file system over the network are not to be relied on.
#[cfg(target_os = "linux")]
fn remote(dir: &Path) -> Option<Finding> {
    const NETWORKS: [(u64, &str); 5] =
        [(0x6969, "NFS"), (0x517b, "SMB"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB2"), (0x0102_1997, "9P")];
    let there = dir.ancestors().find(|d| d.is_dir())?;
    let kind = u64::try_from(rustix::fs::statfs(there).ok()?.f_type).ok()? & 0xffff_ffff;
    let (_, name) = NETWORKS.iter().find(|(number, _)| *number == kind)?;
    Some(Finding::look("store", words::remote_store(there, name)))
}

#[cfg(not(target_os = "linux"))]
fn remote(_: &Path) -> Option<Finding> {
    None
}
