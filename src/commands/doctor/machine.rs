//! The machine and the terminal: clocks, zone, suspension, colours, characters.

use std::{io::IsTerminal, time::Duration};

use super::finding::Finding;
use crate::{
    app::text::brief,
    commands::session,
    config::{Config, Env, Symbols, Theme},
    domain::{Clock, SystemClock},
    term::{Colors, Facts},
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
    let name = zone.iana_name().unwrap_or("without a name").to_owned();
    let wall = now.wall.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    let up = Duration::from_millis(u64::try_from(now.mono.0).unwrap_or(0));
    let text = format!("{wall} (zone {name}), up for {}, boot {}", brief(up), now.boot.0);
    if now.wall.as_second() < NEVER_SET {
        return Finding::look("clock", format!("{text}: the wall clock was never set; see `timedatectl`"));
    }
    Finding::ok("clock", text)
}

/// How long the machine slept since it was started.
fn suspension() -> Finding {
    let ok = |text: &str| Finding::ok("suspend", text);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::time::{ClockId, clock_gettime};
        let (boot, running) = (clock_gettime(ClockId::Boottime), clock_gettime(ClockId::Monotonic));
        let slept = Duration::from_secs(u64::try_from(boot.tv_sec.saturating_sub(running.tv_sec)).unwrap_or(0));
        if slept >= SUSPENDED {
            let text = format!("the machine slept for {} since its start; ages count through it", brief(slept));
            return Finding::ok("suspend", text);
        }
        ok("the machine has not slept since its start")
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = SUSPENDED;
        ok("ages count through a sleep of the machine")
    }
}

fn terminal(facts: Facts, env: &Env) -> Vec<Finding> {
    let term = env.get("TERM").unwrap_or("not set");
    let out = std::io::stdout();
    if !out.is_terminal() {
        let text = format!("standard output is no terminal (TERM {term}): `ahtop` would do what `ahtop once` does");
        return vec![Finding::ok("terminal", text)];
    }
    if facts.dumb {
        let text = format!("TERM is {term}: no screen can be drawn; set it to what the terminal is, as xterm-256color");
        return vec![Finding::look("terminal", text)];
    }
    match rustix::termios::tcgetwinsize(&out) {
        Ok(size) if size.ws_col < 80 || size.ws_row < 24 => vec![Finding::look(
            "terminal",
            format!("{term}, {}x{}: from 80x24 on everything has room", size.ws_col, size.ws_row),
        )],
        Ok(size) => vec![Finding::ok("terminal", format!("{term}, {}x{}", size.ws_col, size.ws_row))],
        Err(_) => vec![Finding::ok("terminal", term)],
    }
}

fn colours(facts: Facts, config: Option<&Config>, env: &Env) -> Finding {
    let mono = config.is_some_and(|c| c.ui.theme == Theme::Mono);
    let text = match facts.colors {
        _ if mono => "none: the theme is mono; states differ by glyph and word",
        Colors::None if env.get("NO_COLOR").is_some() => "none: NO_COLOR is set; states differ by glyph and word",
        Colors::None => "none: the terminal has none; states differ by glyph and word",
        Colors::Ansi16 => "the 16 of the terminal; set COLORTERM=truecolor if it has more",
        Colors::Indexed256 => "256",
        Colors::True => "24 bits",
    };
    Finding::ok("colours", text)
}

fn characters(facts: Facts, config: Option<&Config>, env: &Env) -> Finding {
    let symbols = config.map_or(Symbols::Auto, |c| c.ui.symbols);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name)).unwrap_or("not set");
    match (symbols, facts.unicode) {
        (Symbols::Ascii, _) => Finding::ok("characters", "ASCII, as configured"),
        (Symbols::Auto, false) => Finding::look(
            "characters",
            format!("ASCII: the locale ({locale}) is not UTF-8; set LANG=C.UTF-8, or [ui] symbols = \"unicode\""),
        ),
        (_, false) => Finding::look(
            "characters",
            format!("Unicode is configured but the locale ({locale}) is not UTF-8; set LANG=C.UTF-8"),
        ),
        (_, true) if facts.linux_console => Finding::ok("characters", "Unicode without Braille: the Linux console"),
        (_, true) => Finding::ok("characters", format!("Unicode ({locale})")),
    }
}
