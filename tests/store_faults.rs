//! The request ledger under faults of the file system, in real processes and on real mounts: a full disk, a directory
//! without rights, files that are damaged, removed or exchanged, two stores for one account. What arrives at the
//! service is counted.
#![expect(clippy::unwrap_used, reason = "a test crate")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use ahtop::{
    domain::ManualClock,
    store::{Instance, Pace, PermitAnswer, PermitAsk, PermitKind, ResilientStore, Role, Store},
};

/// A small file system in memory, which a test can fill. `None` where this user may not mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"]).arg(at);
        mount.output().ok()?.status.success().then(|| Disk(at.to_owned()))
    }

    /// Takes all that is left.
    fn fill(&self) {
        // Fails when it is full.
        let _ = fs::write(self.0.join("filler"), vec![0; 64 << 20]);
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn manual() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-02-02T02:40:00Z".parse().unwrap()))
}

fn me() -> Instance {
    Instance::here(Role::Serve)
}

fn asks(store: &ResilientStore) -> PermitAnswer {
    let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(9));
    store.permit(&me(), &PermitAsk { kind: PermitKind::Aht, cap: 3, pace: Pace::Burst, void_after, timeout }).unwrap()
}

#[test]
fn a_ledger_that_cannot_be_written_any_more_is_waited_for_once() {
    let dir = tempfile::tempdir().unwrap();
    let disk_path = dir.path().join("disk");
    let Some(disk) = Disk::mount(&disk_path, "2m") else { return };
    let clock = manual();
    let account = format!("https://example.invalid {}", dir.path().display());
    let path = disk_path.join("acme.db");
    let (store, _) = ResilientStore::open_for(path.clone(), clock.clone(), Some(&account)).unwrap();
    let PermitAnswer::Granted { id, .. } = asks(&store) else { panic!("not granted") };
    store.finish(id, true).unwrap();
    // Cut on a full disk: it can be read, and neither made good nor written.
    let ledger = disk_path.join("acme.db.requests");
    fs::File::options().write(true).open(&ledger).unwrap().set_len(0).unwrap();
    disk.fill();
    assert!(matches!(asks(&store), PermitAnswer::Wait(d) if d == Duration::from_secs(70)));
    clock.advance(Duration::from_secs(70));
    // The other file tells enough.
    for _ in 0..3 {
        assert!(matches!(asks(&store), PermitAnswer::Granted { .. }), "{:?}", store.notice());
    }
    assert!(matches!(asks(&store), PermitAnswer::Wait(_)));
    disk.free();
    clock.advance(Duration::from_secs(71));
    assert!(matches!(asks(&store), PermitAnswer::Granted { .. }), "{:?}", store.notice());
    assert!(fs::metadata(&ledger).unwrap().len() > 0);
}
