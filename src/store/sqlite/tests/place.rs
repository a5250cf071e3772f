//! The file: its mode, its version, several that open it at once.

use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
    thread,
    time::Instant,
};

use super::*;
use crate::store::own_file;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Opens the store in a child of this test binary, under another umask; the test named is the child's body.
fn under_umask(umask: &str, test: &str, path: &Path) {
    let child = Command::new("sh")
        .args(["-c", &format!("umask {umask} && exec \"$0\" --exact \"$1\" --include-ignored")])
        .arg(std::env::current_exe().unwrap())
        .arg(format!("store::sqlite::tests::place::{test}"))
        .env("AHTOP_TEST_PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed") && path.exists(), "{said}");
}

/// Not a test by itself: the body of the children above.
#[test]
fn child_that_looks_at_modes() {
    let Some(path) = std::env::var_os("AHTOP_TEST_PATH").map(PathBuf::from) else { return };
    let store = SqliteStore::open(&path, clock()).unwrap();
    store.append(&[value(&store, 1)]).unwrap();
    let dir = path.parent().unwrap();
    let shared = mode(dir) & 0o2020 == 0o2020;
    for tail in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&files::beside(&path, tail)), if shared { 0o660 } else { 0o600 }, "{tail}");
    }
    if !shared {
        assert_eq!(mode(dir), 0o700);
    }
}

#[test]
fn the_file_is_private_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let dir = TempDir::new().unwrap();
        under_umask(umask, "child_that_looks_at_modes", &dir.path().join("a/b/acme.db"));
    }
}

#[test]
fn a_group_shares_the_file_of_a_setgid_directory_whatever_the_umask() {
    for umask in ["000", "077"] {
        let dir = TempDir::new().unwrap();
        let shared = dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
        under_umask(umask, "child_that_looks_at_modes", &shared.join("acme.db"));
    }
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    let (_dir, path) = db();
    drop(SqliteStore::open(&path, clock()).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = SqliteStore::open(&path, clock()).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_newer_file_is_left_alone() {
    let (dir, path) = db();
    drop(SqliteStore::open(&path, clock()).unwrap());
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let e = SqliteStore::open_or_replace(&path, clock(), false).err().unwrap();
    assert!(matches!(e, StoreError::Newer { found: 99, known: schema::VERSION, .. }), "{e}");
    assert!(matches!(ResilientStore::open(path.clone(), clock()), Err(StoreError::Newer { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!files::beside(&path, "-wal").exists());
    // Also where the newer version is in the log only.
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA user_version = 1; PRAGMA wal_checkpoint; PRAGMA user_version = 98").unwrap();
    let e = SqliteStore::open(&path, clock()).err().unwrap();
    assert!(matches!(e, StoreError::Newer { found: 98, .. }), "{e}");
    drop((writer, dir));
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let (_dir, path) = db();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)").unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    assert!(matches!(ResilientStore::open(path.clone(), clock()), Err(StoreError::Other(_))));
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// What `act` comes to once the file is free.
fn not_busy<T>(mut act: impl FnMut() -> Result<T, StoreError>) -> T {
    for _ in 0..30 {
        match act() {
            Err(StoreError::Busy(_)) => {}
            other => return other.unwrap(),
        }
    }
    panic!("the file stays busy");
}

#[test]
fn many_open_one_new_file_at_the_same_moment() {
    for _ in 0..3 {
        let (_dir, path) = db();
        let gate = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    gate.wait();
                    // Busy is no fault: on a slow machine the others take long.
                    let store = not_busy(|| SqliteStore::open(&path, clock()));
                    not_busy(|| store.append(&[value(&store, 1)]));
                });
            }
        });
        let store = SqliteStore::open(&path, clock()).unwrap();
        assert_eq!(store.history().unwrap().readings, 8);
    }
}

#[test]
fn migrations_agree_without_the_lock_file_too() {
    let (_dir, path) = db();
    files::make(&path).unwrap();
    let gate = std::sync::Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut conn = Connection::open(&path).unwrap();
                gate.wait();
                not_busy(|| schema::prepare(&mut conn).map_err(|why| schema::unfit(why, &path)));
            });
        }
    });
    SqliteStore::open(&path, clock()).unwrap();
}

#[test]
fn somebody_who_holds_the_file_makes_it_busy_not_broken() {
    let (_dir, path) = db();
    let store = SqliteStore::open(&path, clock()).unwrap();
    let mut other = Connection::open(&path).unwrap();
    let held = Transaction::new(&mut other, TransactionBehavior::Immediate).unwrap();
    assert!(matches!(store.append(&[value(&store, 1)]), Err(StoreError::Busy(_))));
    drop(held);
    store.append(&[value(&store, 1)]).unwrap();
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file:a?mode=ro#b.db");
    let store = SqliteStore::open(&path, clock()).unwrap();
    store.append(&[value(&store, 1)]).unwrap();
    assert!(store.history().unwrap().bytes > 0 && path.exists());
}

/// What a member of the group could put into the shared directory.
#[test]
fn what_others_put_in_the_way_is_refused_and_left_as_it_is() {
    use std::os::unix::fs::symlink;
    let dir = TempDir::new().unwrap();
    let shared = dir.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
    let victim = dir.path().join("private");
    fs::write(&victim, b"mine").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = |path: &Path| match ResilientStore::open(path.to_owned(), clock()) {
        Err(StoreError::Refused(why)) => why,
        other => panic!("{:?}", other.map(|_| ())),
    };
    for (name, tail) in [("a", ""), ("b", "-wal"), ("c", "-shm"), ("d", ".lock")] {
        let path = shared.join(format!("{name}.db"));
        symlink(&victim, files::beside(&path, tail)).unwrap();
        assert!(refused(&path).contains("symbolic link"), "{tail}");
    }
    // A link to nothing would make a file where it leads.
    let path = shared.join("e.db");
    symlink(dir.path().join("home.db"), &path).unwrap();
    refused(&path);
    assert!(!dir.path().join("home.db").exists());
    // The lock of who polls and the ledger are not used, but their links do no harm.
    for tail in [".poller", ".requests"] {
        let path = shared.join(format!("f{tail}.db"));
        symlink(&victim, files::beside(&path, tail)).unwrap();
        let (store, _) = ResilientStore::open(path, clock()).unwrap();
        store.lease(&me(), Duration::from_secs(4)).unwrap();
        assert!(matches!(store.permit(&me(), &ask(9)), Ok(PermitAnswer::Granted { .. } | PermitAnswer::Wait(_))));
    }
    fs::hard_link(&victim, shared.join("g.db")).unwrap();
    assert!(refused(&shared.join("g.db")).contains("hard link"));
    assert_eq!((fs::read(&victim).unwrap(), mode(&victim)), (b"mine".to_vec(), 0o600));
}

/// What is put under the name after it was looked at.
#[test]
fn a_file_that_is_exchanged_keeps_its_mode_and_is_not_opened() {
    use std::os::unix::fs::symlink;
    let dir = TempDir::new().unwrap();
    let victim = dir.path().join("private.db");
    drop(SqliteStore::open(&victim, clock()).unwrap());
    let link = dir.path().join("link.db");
    symlink(&victim, &link).unwrap();
    own_file::set_mode(&link, 0o660).unwrap_err();
    assert!(matches!(SqliteStore::open_locked(link, clock(), false), Err(StoreError::Io(_))));
    let second = dir.path().join("second.db");
    fs::hard_link(&victim, &second).unwrap();
    own_file::set_mode(&second, 0o660).unwrap_err();
    assert_eq!(mode(&victim), 0o600);
    fs::remove_file(&second).unwrap();
    if cfg!(target_os = "linux") {
        own_file::set_mode(&victim, 0o660).unwrap();
        assert_eq!(mode(&victim), 0o660);
    }
}

#[test]
fn a_file_of_somebody_else_is_taken_from_a_group_alone_and_keeps_its_mode() {
    const SOMEBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "skipped: a file of somebody else, which root alone can make");
        return;
    }
    let everybody = "can be read or written by everybody";
    for (directory, file, why) in [
        (0o700, 0o666, Some("belongs to another user")),
        (0o700, 0o600, Some("belongs to another user")),
        (0o1777, 0o666, Some("belongs to another user")),
        (0o2770, 0o666, Some(everybody)),
        (0o2770, 0o664, Some(everybody)),
        (0o2770, 0o640, None),
    ] {
        let dir = TempDir::new().unwrap();
        let shared = dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(directory)).unwrap();
        let path = shared.join("acme.db");
        fs::write(&path, b"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
        std::os::unix::fs::chown(&path, Some(SOMEBODY), None).unwrap();
        match (ResilientStore::open(path.clone(), clock()), why) {
            (Ok(_), None) => {}
            (Err(StoreError::Refused(said)), Some(why)) => assert!(said.contains(why), "{said}"),
            (opened, _) => panic!("{directory:o} {file:o}: {:?}", opened.map(|_| ())),
        }
        assert_eq!((mode(&path), fs::metadata(&path).unwrap().uid()), (file, SOMEBODY), "{directory:o} {file:o}");
    }
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let (_dir, path) = db();
    let rw = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rw).unwrap();
    assert!(matches!(ResilientStore::open(path.clone(), clock()), Err(StoreError::Refused(_))));
    assert!(matches!(SqliteStore::peek(&path, clock()), Err(StoreError::Refused(_))));
}

#[test]
fn two_paths_to_one_file_lead_to_one_lock() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("acme.db");
    let one = SqliteStore::open(&path, clock()).unwrap();
    std::os::unix::fs::symlink(&path, dir.path().join("link.db")).unwrap();
    let two = SqliteStore::open(&dir.path().join("link.db"), clock()).unwrap();
    let ttl = Duration::from_secs(4);
    assert!(one.lease(&me(), ttl).unwrap().mine);
    let other = Instance { id: "two".into(), ..me() };
    assert!(!two.lease(&other, ttl).unwrap().mine);
    assert!(two.lease_holder().unwrap().is_some());
    assert!(!files::beside(&dir.path().join("link.db"), ".poller").exists());
}

/// POSIX drops all locks of a process on a file when the process closes any descriptor of it. Another program that reads the
/// database then takes itself for the last one and deletes the log.
#[test]
fn a_second_look_at_an_open_file_keeps_its_locks() {
    let (_dir, path) = db();
    let store = SqliteStore::open(&path, clock()).unwrap();
    store.append(&[value(&store, 1)]).unwrap();
    // Its mode is put right by the way.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    drop(SqliteStore::open(&path, clock()).unwrap());
    drop(SqliteStore::peek(&path, clock()).unwrap());
    // One look may miss a lock that is there all the time: the list is read in pieces, and others come and go meanwhile.
    let pid = format!(" {} ", std::process::id());
    for file in [path.clone(), files::beside(&path, "-shm")] {
        let inode = format!(":{} ", fs::metadata(file).unwrap().ino());
        let begun = Instant::now();
        while let Ok(locks) = fs::read_to_string("/proc/locks")
            && !locks.lines().any(|l| l.contains(&inode) && l.contains(&pid) && l.contains("POSIX"))
        {
            assert!(begun.elapsed() < Duration::from_secs(60), "{locks}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Another user of the machine has another runtime directory: the two have nothing but the store in common.
#[cfg(target_os = "linux")]
#[test]
fn who_cannot_write_the_file_waits_for_who_polls_on_it() {
    let (dir, path) = db();
    let ttl = Duration::from_secs(4);
    let (on_the_file, _) = ResilientStore::open(path.clone(), clock()).unwrap();
    assert!(on_the_file.lease(&me(), ttl).unwrap().mine);
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for file in fs::read_dir(dir.path()).unwrap() {
        set(&file.unwrap().path(), 0o400);
    }
    set(dir.path(), 0o500);
    own_file::obey_rights().unwrap();
    let (in_memory, notices) = ResilientStore::open(path, clock()).unwrap();
    assert_eq!(notices.iter().map(|n| n.problem).collect::<Vec<_>>(), [crate::domain::Problem::StoreDegraded]);
    let other = Instance { id: "other".into(), ..me() };
    assert!(!in_memory.lease(&other, ttl).unwrap().mine);
    assert!(in_memory.notice().unwrap().text.contains("checks meanwhile, this one waits"));
    drop(on_the_file);
    assert!(in_memory.lease(&other, ttl).unwrap().mine);
    set(dir.path(), 0o700);
}
