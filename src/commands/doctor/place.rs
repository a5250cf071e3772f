//! The store's file: whether it is there, who may read it, and what it lies on.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::Access;

use super::finding::Finding;
use crate::exit::Exit;

/// The files in which the token can be.
const TAILS: [&str; 3] = ["", "-wal", "-shm"];

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
        Err(e) => vec![Finding::bad(
            "store",
            Exit::Unexpected,
            format!("{}: {e}: join the group of its directory, or point [store] url elsewhere", path.display()),
        )],
        Ok(meta) => present(path, dir, &meta),
    };
    found.extend(remote(dir));
    found
}

fn missing(path: &Path, dir: &Path) -> Finding {
    let there = dir.ancestors().find(|d| d.is_dir()).unwrap_or(Path::new("/"));
    if may(there, Access::WRITE_OK | Access::EXEC_OK) {
        Finding::ok("store", format!("{} is not there yet: the first dashboard makes it", path.display()))
    } else {
        let text = format!(
            "{} cannot be made: make {} writable, or point [store] url or AHTOP_STATE_DIR elsewhere",
            path.display(),
            there.display()
        );
        Finding::bad("store", Exit::Unexpected, text)
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
        let open = open.join(" ");
        let text = format!("everybody can read {open}, and the token is in it: chmod o= {open}");
        found.push(Finding::bad("store", Exit::Unexpected, text));
    }
    if !may(path, Access::READ_OK | Access::WRITE_OK) || !may(dir, Access::WRITE_OK | Access::EXEC_OK) {
        let text = format!(
            "{} cannot be written by this user: join the group of {} (gid {}), or point [store] url elsewhere",
            path.display(),
            dir.display(),
            meta.gid()
        );
        found.push(Finding::bad("store", Exit::Unexpected, text));
    }
    let group = meta.mode() & 0o060 == 0o060;
    let inherits = fs::metadata(dir).is_ok_and(|d| d.mode() & 0o2020 == 0o2020);
    let who = match (group, inherits) {
        (true, true) => format!("shared with the group {}", meta.gid()),
        (false, false) => "for this user alone".to_owned(),
        (true, false) => {
            let text = format!(
                "the group can write {}, but files made beside it will not be shared: chmod 2770 {}",
                path.display(),
                dir.display()
            );
            found.push(Finding::look("store", text));
            return found;
        }
        (false, true) => {
            let text = format!("{0} is for its owner alone in a shared directory: chmod 660 {0}*", path.display());
            found.push(Finding::look("store", text));
            return found;
        }
    };
    if found.is_empty() {
        let text = format!("{}, {who} (mode {:o})", path.display(), meta.mode() & 0o7777);
        found.push(Finding::ok("store", text));
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
    let text = format!(
        "{} lies on {name}, where locks fail: point [store] url to a local disk, or the limit cannot be kept",
        there.display()
    );
    Some(Finding::look("store", text))
}

#[cfg(not(target_os = "linux"))]
fn remote(_: &Path) -> Option<Finding> {
    None
}
