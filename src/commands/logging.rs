//! The log: a file a day in the state directory, the last seven kept; never the screen. A service has no file of its
//! own: it logs to standard error, which its manager keeps.

use std::{fmt, io};

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

/// Begins to log. Where no file can be had there is no log; the program runs all the same.
pub(crate) fn begin(env: &Env) {
    let Some(dir) = paths::log_dir(env) else { return };
    if paths::make_private_dir(&dir).is_err() {
        return;
    }
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("ahtop")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(dir);
    let Ok(appender) = appender else { return };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(env))
        .with_ansi(false)
        .with_target(false)
        .with_writer(appender);
    // A second one in the same process (tests) keeps the first.
    let _ = subscriber.try_init();
}

/// Begins to log to standard error: with the priority in front where the journal reads it (which has a clock of its
/// own), else with the time.
pub(crate) fn begin_service(env: &Env) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(env))
        .with_ansi(false)
        .with_target(false)
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
