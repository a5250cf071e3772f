//! The log: a file a day in the state directory, the last seven kept; never the screen. A service has no file of its
//! own: it logs to standard error, which its manager keeps.
//!
//! A line that cannot be written (a full disk, a closed pipe) is lost, and nothing else happens where it was to go:
//! neither an end of the program nor a word on the screen. Why is told once, by whoever asks [`trouble`].

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::{civil::Date, tz::TimeZone};
use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags},
    io::Errno,
    process::geteuid,
};
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::{LookupSpan, Registry},
};

use crate::{
    config::{Env, paths},
    domain::{Clock, SystemClock, clean_line},
};

/// Days of logs that are kept.
const DAYS: usize = 7;

/// Why lines are lost.
static TROUBLE: Mutex<Trouble> = Mutex::new(Trouble::None);

/// What is to be told of lost lines.
#[derive(Debug)]
enum Trouble {
    None,
    /// For this reason, which nobody has told yet.
    New(String),
    Told,
}

/// Why the log cannot be written, when it is asked for the first time.
pub(crate) fn trouble() -> Option<String> {
    let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    let Trouble::New(why) = &mut *trouble else { return None };
    let why = std::mem::take(why);
    *trouble = Trouble::Told;
    Some(format!("the log cannot be written: {why}"))
}

/// Keeps why a line was lost; the first reason is the one that is told.
fn lose(why: &io::Error) {
    let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*trouble, Trouble::None) {
        *trouble = Trouble::New(why.to_string());
    }
}

/// A writer that never fails: whoever logs could do nothing about it, and the library would print to standard error,
/// which may be the very thing that cannot be written, or lies on the screen.
struct Sink<W>(W);

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(e) = self.0.write_all(line) {
            lose(&e);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Err(e) = self.0.flush() {
            lose(&e);
        }
        Ok(())
    }
}

/// The log file of the day, which is a new one after midnight (UTC).
struct Daily {
    path: PathBuf,
    clock: SystemClock,
    /// `None` until one could be opened.
    open: Option<(Date, File)>,
}

impl Daily {
    fn new(path: PathBuf) -> Self {
        Daily { path, clock: SystemClock::new(), open: None }
    }

    fn today(&self) -> Date {
        self.clock.now().wall.to_zoned(TimeZone::UTC).date()
    }

    fn file(&mut self, today: Date) -> io::Result<&mut File> {
        let open = match self.open.take() {
            Some((day, file)) if day == today => (day, file),
            _ => {
                let dir = directory(&self.path)?;
                let file = log_file(&dir, &self.path, &name(today))?;
                prune(&dir);
                (today, file)
            }
        };
        Ok(&mut self.open.insert(open).1)
    }
}

impl Write for Daily {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let today = self.today();
        self.file(today)?.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What somebody else put there may lead anywhere: a link in a directory that a group shares would have us write into
/// a file of our own that is no log.
fn refused(path: &Path, why: &str) -> io::Error {
    let path = clean_line(&path.display().to_string(), 200);
    io::Error::other(format!("{path} {why}: remove it, or set AHTOP_STATE_DIR to a directory of your own"))
}

/// The directory of the log, made where it is not there.
fn directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => {
            paths::make_private_dir(path)?;
            rustix::fs::open(path, flags, Mode::empty())
        }
        opened => opened,
    };
    let dir = opened.map_err(|e| match e {
        Errno::LOOP | Errno::NOTDIR => refused(path, "is a link, or no directory"),
        e => e.into(),
    })?;
    let found = rustix::fs::fstat(&dir)?;
    if found.st_uid != geteuid().as_raw() {
        return Err(refused(path, "belongs to another user"));
    }
    // Whoever writes in it could give the name of a log to another file of ours.
    if Mode::from_raw_mode(found.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        return Err(refused(path, "can be written by others (it must have mode 0700)"));
    }
    Ok(dir)
}

/// A file in it, for this user only where it is new. A pipe that nobody reads is not waited for.
fn log_file(dir: &OwnedFd, path: &Path, name: &str) -> io::Result<File> {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let path = path.join(name);
    let file = rustix::fs::openat(dir, name, flags, Mode::RUSR | Mode::WUSR).map_err(|e| match e {
        Errno::LOOP | Errno::NXIO | Errno::ISDIR => refused(&path, "is a link, or no file"),
        e => e.into(),
    })?;
    let found = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(refused(&path, "is no file"));
    }
    if found.st_uid != geteuid().as_raw() {
        return Err(refused(&path, "belongs to another user"));
    }
    if found.st_nlink != 1 {
        return Err(refused(&path, "has another name elsewhere"));
    }
    Ok(file.into())
}

/// The day is written so that the order of the names is that of the days.
fn name(day: Date) -> String {
    format!("ahtop.{day}.log")
}

/// Removes all but the newest files of the log. One that cannot be removed stays.
fn prune(dir: &OwnedFd) {
    let Ok(entries) = rustix::fs::Dir::read_from(dir) else { return };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str().ok()?.to_owned()));
    let is_ours = |name: &String| {
        let day = name.strip_prefix("ahtop.").and_then(|n| n.strip_suffix(".log"));
        day.is_some_and(|day| day.parse::<Date>().is_ok())
    };
    let mut ours: Vec<String> = names.filter(is_ours).collect();
    ours.sort_unstable();
    let old = ours.len().saturating_sub(DAYS);
    for name in ours.iter().take(old) {
        let _ = rustix::fs::unlinkat(dir, name, AtFlags::empty());
    }
}

/// Begins to log. Where no file can be had there is no log; the program runs all the same.
pub(crate) fn begin(env: &Env) {
    let Some(path) = paths::log_dir(env) else { return };
    let mut log = Daily::new(path);
    let today = log.today();
    if let Err(e) = log.file(today) {
        lose(&e);
    }
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(Sink(log)));
    install(lines, env);
}

/// Begins to log to standard error: with the priority in front where the journal reads it (which has a clock of its
/// own), else with the time.
pub(crate) fn begin_service(env: &Env) {
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .with_writer(|| Sink(io::stderr()));
    match env.get("JOURNAL_STREAM") {
        Some(_) => install(lines.event_format(Journal), env),
        None => install(lines, env),
    }
}

/// Sends what passes the filter to `lines`. A second one in the same process (tests) keeps the first.
fn install(lines: impl Layer<Registry> + Send + Sync, env: &Env) {
    let _ = tracing::subscriber::set_global_default(Registry::default().with(lines.with_filter(filter(env))));
}

/// Libraries speak up only when something is wrong with them.
fn filter(env: &Env) -> Targets {
    let level = env.get("AHTOP_LOG").and_then(|level| level.trim().parse().ok()).unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_target("ahtop", level)
}

/// Lines as the journal takes them: `<6>text`.
struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        write!(writer, "<{priority}>")?;
        ctx.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    #[test]
    fn libraries_are_heard_only_when_something_is_wrong() {
        let enabled = |env: &Env, target, level| filter(env).would_enable(target, &level);
        for (word, most) in [("", Level::INFO), ("debug", Level::DEBUG), ("WARN", Level::WARN), ("loud", Level::INFO)] {
            let env = Env::of([("AHTOP_LOG", word)]);
            for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                assert_eq!(enabled(&env, "ahtop::poll", level), level <= most, "{word} {level}");
                assert_eq!(enabled(&env, "hyper::client", level), level <= Level::WARN, "{word} {level}");
            }
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_no_error_and_is_told_once() {
        let full = || Sink(std::fs::File::options().write(true).open("/dev/full").unwrap());
        full().write_all(b"one\n").unwrap();
        assert_eq!(trouble().unwrap(), "the log cannot be written: No space left on device (os error 28)");
        full().write_all(b"two\n").unwrap();
        assert_eq!(trouble(), None);
    }

    #[test]
    fn a_day_has_a_file_and_the_last_seven_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Daily::new(dir.path().to_owned());
        for other in ["ahtop.2026-13-01.log", "ahtop.log", "notes"] {
            fs::write(dir.path().join(other), "").unwrap();
        }
        for day in 1..=9 {
            let today = jiff::civil::date(2026, 3, day);
            log.file(today).unwrap().write_all(b"one\n").unwrap();
            log.file(today).unwrap().write_all(b"two\n").unwrap();
        }
        let mut names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let days = (3..=9).map(|day| format!("ahtop.2026-03-0{day}.log"));
        let expected: Vec<String> =
            days.chain(["ahtop.2026-13-01.log", "ahtop.log", "notes"].map(str::to_owned)).collect();
        assert_eq!(names, expected);
        assert_eq!(fs::read_to_string(dir.path().join("ahtop.2026-03-09.log")).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn what_others_put_in_the_way_is_refused_with_the_remedy() {
        let home = tempfile::tempdir().unwrap();
        let today = jiff::civil::date(2026, 3, 1);
        let precious = home.path().join("precious");
        fs::write(&precious, "mine\n").unwrap();
        let refused = |dir: &str| {
            let e = Daily::new(home.path().join(dir)).file(today).unwrap_err().to_string();
            assert!(e.ends_with(": remove it, or set AHTOP_STATE_DIR to a directory of your own"), "{e}");
            e
        };
        let file = |dir: &str| {
            fs::create_dir_all(home.path().join(dir)).unwrap();
            home.path().join(dir).join(name(today))
        };
        symlink(home.path(), home.path().join("a")).unwrap();
        symlink(home.path().join("nowhere"), home.path().join("b")).unwrap();
        symlink(&precious, file("c")).unwrap();
        fs::hard_link(&precious, file("d")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(file("e")).status().unwrap().success());
        fs::create_dir(file("f")).unwrap();
        for dir in ["a", "b"] {
            assert!(refused(dir).contains("is a link"));
        }
        for dir in ["c", "d", "e", "f"] {
            assert!(refused(dir).contains("2026-03-01.log"));
        }
        assert_eq!(fs::read_to_string(&precious).unwrap(), "mine\n");
        assert!(!home.path().join("nowhere").exists());
        // As root everything can be given away.
        let other = home.path().join("g");
        fs::create_dir(&other).unwrap();
        if std::os::unix::fs::chown(&other, Some(12), None).is_ok() {
            assert!(refused("g").contains("belongs to another user"));
        }
        let shared = home.path().join("i");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(refused("i").contains("mode 0700"));
        let log = home.path().join("h");
        Daily::new(log.clone()).file(today).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&log), mode(&log.join(name(today)))], [0o700, 0o600]);
    }
}
