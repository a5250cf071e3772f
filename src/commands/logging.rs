//! The log: a file a day in the state directory, the last seven kept; never the screen. A service has no file of its
//! own: it logs to standard error, which its manager keeps.

use std::{fmt, fs, io, os::unix::fs::MetadataExt};

use tracing::{Event, Level, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::config::{Env, paths};

/// Days of logs that are kept.
const DAYS: usize = 7;

/// Begins to log. Where no file can be had there is no log; the program runs all the same. Returns what the user
/// should do about it.
///
/// The directory must be this user's alone: anybody else who can write it could put a link there, and the log would be
/// added to the file where the link leads.
pub(crate) fn begin(env: &Env) -> Option<String> {
    let dir = paths::log_dir(env)?;
    let place = dir.display().to_string();
    if let Err(e) = paths::make_private_dir(&dir) {
        return Some(format!("no log is written: {place}: {e}"));
    }
    let user = rustix::process::geteuid().as_raw();
    let private = |m: fs::Metadata| m.is_dir() && m.uid() == user && m.mode() & 0o022 == 0;
    if !fs::symlink_metadata(&dir).is_ok_and(private) {
        return Some(format!(
            "no log is written: others can write {place}; make it a directory of your own with mode 0700"
        ));
    }
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("ahtop")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(dir);
    let appender = match appender {
        Ok(appender) => appender,
        Err(e) => return Some(format!("no log is written: {place}: {e}")),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(env))
        .with_ansi(false)
        .with_target(false)
        // Such an error would be painted over the screen.
        .log_internal_errors(false)
        .with_writer(appender);
    // A second one in the same process (tests) keeps the first.
    let _ = subscriber.try_init();
    None
}

/// Begins to log to standard error: with the priority in front where the journal reads it (which has a clock of its
/// own), else with the time.
pub(crate) fn begin_service(env: &Env) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(env))
        .with_ansi(false)
        .with_target(false)
        // Standard error may be full or closed: to complain there would be a panic.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let _ = match env.get("JOURNAL_STREAM") {
        Some(_) => subscriber.event_format(Journal).try_init(),
        None => subscriber.try_init(),
    };
}

/// Libraries speak up only when something is wrong with them.
fn filter(env: &Env) -> EnvFilter {
    let level = env.get("AHTOP_LOG").unwrap_or("info");
    EnvFilter::try_new(format!("warn,ahtop={level}")).unwrap_or_else(|_| EnvFilter::new("warn,ahtop=info"))
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
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_directory_that_others_can_write_or_a_link_gets_no_log() {
        let home = tempfile::TempDir::new().unwrap();
        let env = Env::of([("AHTOP_STATE_DIR", home.path().to_str().unwrap())]);
        let dir = home.path().join("log");
        let elsewhere = home.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, &dir).unwrap();
        assert!(begin(&env).unwrap().contains("no log is written"));
        fs::remove_file(&dir).unwrap();
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(begin(&env).unwrap().contains("mode 0700"));
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count() + fs::read_dir(&dir).unwrap().count(), 0);
    }
}
