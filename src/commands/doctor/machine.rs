//! The machine and the terminal: clocks, zone, suspension, colours, characters.

use std::{io::IsTerminal, time::Duration};

use super::{finding::Finding, words};
use crate::{
    commands::session,
    config::{Config, Env, Symbols, Theme},
    domain::{Clock, SystemClock},
    term::Facts,
};

/// A suspension shorter than this is noise between two clocks.
const SUSPENDED: Duration = Duration::from_secs(2);
/// A wall clock before this was never set: 2024-01-01.
const NEVER_SET: i64 = 1_704_067_200;

/// Looks at clocks and terminal. Without a configuration the system's zone and the automatic looks are judged.
pub(super) fn look(config: Option<&Config>, env: &Env) -> Vec<Finding> {
    let facts = Facts::detect(|name| env.get(name).map(str::to_owned));
    let mut found = vec![clock(config), suspension()];
    found.extend(terminal(facts, env));
    found.push(colours(facts, config, env));
    found.push(characters(facts, config, env));
    found
}

fn clock(config: Option<&Config>) -> Finding {
    let now = SystemClock::new().now();
    let zone = config.map_or_else(jiff::tz::TimeZone::system, session::zone);
    let up = Duration::from_millis(u64::try_from(now.mono.0).unwrap_or(0));
    let text = words::clock(&now.wall.to_zoned(zone), up, &now.boot.0);
    if now.wall.as_second() < NEVER_SET {
        return Finding::look("clock", words::clock_never_set(&text));
    }
    Finding::ok("clock", text)
}

/// How long the machine slept since it was started.
fn suspension() -> Finding {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::time::{ClockId, clock_gettime};
        let (boot, running) = (clock_gettime(ClockId::Boottime), clock_gettime(ClockId::Monotonic));
        let slept = Duration::from_secs(u64::try_from(boot.tv_sec.saturating_sub(running.tv_sec)).unwrap_or(0));
        Finding::ok("suspend", words::suspension(Some(if slept < SUSPENDED { Duration::ZERO } else { slept })))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = SUSPENDED;
        Finding::ok("suspend", words::suspension(None))
    }
}

fn terminal(facts: Facts, env: &Env) -> Vec<Finding> {
    let term = env.get("TERM").unwrap_or(words::NOT_SET);
    let out = std::io::stdout();
    if !out.is_terminal() {
        return vec![Finding::ok("terminal", words::no_terminal(term))];
    }
    if facts.dumb {
        return vec![Finding::look("terminal", words::dumb_terminal(term))];
    }
    match rustix::termios::tcgetwinsize(&out) {
        Ok(size) => {
            let roomy = size.ws_col >= 80 && size.ws_row >= 24;
            let text = words::terminal(term, (size.ws_col, size.ws_row), roomy);
            vec![if roomy { Finding::ok("terminal", text) } else { Finding::look("terminal", text) }]
        }
        Err(_) => vec![Finding::ok("terminal", term)],
    }
}

fn colours(facts: Facts, config: Option<&Config>, env: &Env) -> Finding {
    let mono = config.is_some_and(|c| c.ui.theme == Theme::Mono);
    Finding::ok("colours", words::colours(facts.colors, mono, env.get("NO_COLOR").is_some()))
}

fn characters(facts: Facts, config: Option<&Config>, env: &Env) -> Finding {
    let symbols = config.map_or(Symbols::Auto, |c| c.ui.symbols);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name)).unwrap_or(words::NOT_SET);
    match (symbols, facts.unicode) {
        (Symbols::Ascii, _) => Finding::ok("characters", words::ASCII),
        (Symbols::Auto, false) => Finding::look("characters", words::ascii_by_locale(locale)),
        (_, false) => Finding::look("characters", words::unicode_by_force(locale)),
        (_, true) if facts.linux_console => Finding::ok("characters", words::NO_BRAILLE),
        (_, true) => Finding::ok("characters", words::unicode(locale)),
    }
}
