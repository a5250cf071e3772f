//! The log: a file a day in the state directory, the last seven kept; never the screen.

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

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
    // Libraries speak up only when something is wrong with them.
    let level = env.get("AHTOP_LOG").unwrap_or("info");
    let filter =
        EnvFilter::try_new(format!("warn,ahtop={level}")).unwrap_or_else(|_| EnvFilter::new("warn,ahtop=info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(false).with_writer(appender);
    // A second one in the same process (tests) keeps the first.
    let _ = subscriber.try_init();
}
