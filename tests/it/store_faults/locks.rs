//! Locks that the system refuses: a library in front of the system's own fails them while a file says so.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use super::{Account, FIRST};
use crate::{
    live::{Home, KEY, Service},
    pty::{self, Pty},
};

const REFUSALS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refused(const char *what) {
    const char *dir = getenv("REFUSED_IN");
    char path[4096];
    return dir && snprintf(path, sizeof path, "%s/%s", dir, what) < (int)sizeof path && access(path, F_OK) == 0;
}

int flock(int fd, int operation) {
    if (operation != LOCK_UN && refused("flock")) {
        errno = ENOLCK;
        return -1;
    }
    return syscall(SYS_flock, fd, operation);
}

static int control(int fd, int command, void *argument) {
    int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
    if (locks && refused("fcntl")) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_fcntl, fd, command, argument);
}

#define CONTROL(name) \
    int name(int fd, int command, ...) { \
        va_list rest; \
        va_start(rest, command); \
        void *argument = va_arg(rest, void *); \
        va_end(rest); \
        return control(fd, command, argument); \
    }
CONTROL(fcntl)
CONTROL(fcntl64)
"#;

/// Loads the library into what is started with these variables.
pub(super) fn variables(dir: &Path) -> [(&'static str, String); 2] {
    let made = dir.join("refusals.so");
    [("LD_PRELOAD", made.display().to_string()), ("REFUSED_IN", dir.display().to_string())]
}

fn make_library(dir: &Path) {
    let (source, made) = (dir.join("refusals.c"), dir.join("refusals.so"));
    fs::write(&source, REFUSALS).unwrap();
    let cc = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&made).arg(&source).output().unwrap();
    assert!(cc.status.success(), "{}", String::from_utf8_lossy(&cc.stderr));
}

#[test]
fn locks_that_the_system_refuses_cost_no_second_window() {
    let costs = |what: &str, from_the_start: bool| {
        let account = Account { refusals: true, ..Account::new() };
        make_library(account.home.path());
        let (store, refusal) = (account.path("acme.db"), account.path(what));
        let refuse = || fs::write(&refusal, "").unwrap();
        if from_the_start {
            refuse();
        }
        let (one, two) = (account.serve(&store), account.serve(&store));
        if !from_the_start {
            account.service.until(FIRST);
            refuse();
        }
        thread::sleep(Duration::from_secs(2));
        drop(one);
        let _running = (account.serve(&store), account.once(&store), two);
        account.service.holds(what);
        fs::remove_file(&refusal).unwrap();
        account.service.holds(what);
    };
    thread::scope(|scope| {
        for (what, from_the_start) in [("flock", false), ("flock", true), ("fcntl", false), ("fcntl", true)] {
            scope.spawn(move || costs(what, from_the_start));
        }
    });
}

#[test]
fn a_dashboard_says_that_the_system_refuses_locks() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    make_library(home.root());
    let agent = service.agent(0);
    let args = ["--base-url", &service.base_url, "--user", "acme", "-a", &agent];
    let variables = || {
        let more: Vec<(&str, String)> = variables(home.root()).into_iter().collect();
        home.variables().into_iter().chain(more).chain([("AHTOP_API_KEY", KEY.to_owned())])
    };
    for (what, said) in [("flock", "No locks available"), ("fcntl", "cannot read or write")] {
        let refusal: PathBuf = home.write(what, "");
        let pty = Pty::start(pty::command(super::BINARY, args, variables()), 200, 40);
        pty.shows("Check the disk, or point [store] url elsewhere");
        pty.until(said, |pty| pty.folded().contains(said));
        assert!(!pty.folded().contains("budget is used up"), "{}", pty.folded());
        drop(pty);
        fs::remove_file(refusal).unwrap();
    }
}
