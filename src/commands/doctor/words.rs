//! What the page says, in the order of its lines: what is so, and behind a colon what to do about it.

use std::{fmt::Display, io, path::Path, time::Duration};

use crate::{
    app::text::brief,
    commands::check::whoever,
    config::{Budget, Colors, Config, ConfigErrors, Listen},
    domain::{Kind, clean_line, plural, sentences, times},
    store::{HistoryInfo, Instance, Usage},
};

fn ms(span: Duration) -> String {
    format!("{} ms", span.as_millis())
}

// The configuration, and what it allows.

pub(super) const NO_CREDENTIALS: &str =
    "none: a read-only dashboard shows what other ahtops check, and needs no secret";

sentences! {
    fn open_configuration(path: &Path) =
        "everybody can write {0} and so run programs as you: chmod o-w {0}", path.display();
    fn credentials(from: impl Display) = "from {from}";
}

pub(super) fn bad_configuration(errors: &ConfigErrors) -> String {
    let text = errors.to_string();
    let first = text.lines().next().unwrap_or("it cannot be read");
    let more = match errors.0.len() {
        0 | 1 => String::new(),
        n => format!(" (and {})", plural(n - 1, "more error")),
    };
    format!("{first}{more}: `ahtop check` shows all, `ahtop config init` writes a file to start from")
}

/// `place`: where a file would be looked for.
pub(super) fn configuration(config: &Config, place: Option<&Path>) -> String {
    let count = |kind: Kind| config.watch.iter().filter(|w| w.target.kind == kind).count();
    let from = match (&config.file, place) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(place)) => format!("no file (it would be {})", place.display()),
        (None, None) => "no file".into(),
    };
    let watches = match (count(Kind::Campaign), count(Kind::Agent), &config.floor) {
        (campaigns, _, Some(floor)) => format!("{}, {}", plural(campaigns, Kind::Campaign), whoever(floor.max_agents)),
        (0, 0, None) => "shows all that the store has".into(),
        (campaigns, agents, None) => format!("{}, {}", plural(campaigns, Kind::Campaign), plural(agents, Kind::Agent)),
    };
    format!("account {}, {watches}; {from}", config.account.name)
}

pub(super) fn listener(listen: &Listen, token_file: Option<&Path>) -> String {
    match token_file {
        Some(path) => format!("{listen}; clients need the token in {}", path.display()),
        None if listen.is_local() => format!("{listen}; everybody on this machine can read it, nobody else"),
        None => format!("{listen}; everybody who reaches this address can read everything: set [serve] token_file"),
    }
}

// The store.

sentences! {
    fn hidden_store(path: &Path, e: &io::Error) =
        "{}: {e}: join the group of its directory, or point [store] url elsewhere", path.display();
    fn no_store_yet(path: &Path) = "{} is not there yet: the first dashboard makes it", path.display();
    /// `there`: the directory in which it would have to be made.
    fn no_place_for_store(path: &Path, there: &Path) =
        "{} cannot be made: make {} writable, or point [store] url or AHTOP_STATE_DIR elsewhere",
        path.display(), there.display();
    fn open_store(files: &str) = "everybody can read {files}: chmod o= {files}";
    fn read_only_store(path: &Path, dir: &Path, gid: u32) =
        "{} cannot be written by this user: join the group of {} (gid {gid}), or point [store] url elsewhere",
        path.display(), dir.display();
    fn own_file_in_shared_directory(path: &Path) =
        "{0} is for its owner alone in a shared directory: chmod 660 {0}*", path.display();
    fn server_store(place: impl Display, schema: impl Display) = "{place}, schema {schema}";
    fn corrupt_store(e: impl Display) = "{e}: the next start moves it aside and keeps what can be read";
}

/// `group`: with whom it is shared.
pub(super) fn store(path: &Path, group: Option<u32>, mode: u32) -> String {
    let who = group.map_or_else(|| "for this user alone".into(), |gid| format!("shared with the group {gid}"));
    format!("{}, {who} (mode {:o})", path.display(), mode & 0o7777)
}

pub(super) fn half_shared_directory(path: &Path, dir: &Path) -> String {
    let (path, dir) = (path.display(), dir.display());
    format!("the group can write {path}, but files made beside it will not be shared: chmod 2770 {dir}")
}

#[cfg(target_os = "linux")]
pub(super) fn remote_store(there: &Path, system: &str) -> String {
    format!(
        "{} lies on {system}, where locks fail: point [store] url to a local disk, or the limit cannot be kept",
        there.display()
    )
}

pub(super) fn other_store(pid: u32, store: &Path) -> String {
    let store = clean_line(&store.display().to_string(), 400);
    format!("pid {pid} checks this account through another store, {store}: point [store] url of both at one file")
}

// What the store tells.

pub(super) const NEVER_CHECKED: &str = "nobody has checked the service here yet";
pub(super) const TOKEN_FOR_OTHERS: &str = "not for this user, who needs none";
pub(super) const LOGINS_NOT_ASKED: &str = "not asked: [presence] mode is off";

sentences! {
    fn history(history: &HistoryInfo) =
        "{} in {:.1} MB", plural(history.readings, "reading"), history.bytes as f64 / 1e6;
    fn checked_by(p: &Instance, said: Duration) =
        "{} checks the service; last report {} ago", p.full_label(), brief(said);
    fn token(life: &str, generations: &str) = "{life}; generated: {generations}";
    fn invalidated(token: &str, invalidations: &str) = "{token}; invalidated: {invalidations}";
    fn no_token_generated(token: &str) =
        "{token}: generating fails; the log of the ahtop that checks the service says why";
    fn logins_refused(logins: &str) = "{logins}: name the agents in [watch] agents";
    fn stepped(forward: bool, step: Duration) =
        "the wall clock was set {} by {} since the last report: the times shown are wrong, ages and the budget are \
         right; see `timedatectl`",
        if forward { "forward" } else { "back" }, brief(step);
}

/// `said`: how long ago there was a report.
pub(super) fn no_report(p: &Instance, said: Option<Duration>) -> String {
    let said = said.map_or_else(|| "no report yet".into(), |d| format!("no report for {}", brief(d)));
    format!("{} should check the service: {said}. See its log, or restart it", p.full_label())
}

pub(super) const fn nobody(has_credentials: bool) -> &'static str {
    match has_credentials {
        true => "nobody checks the service now: start `ahtop serve`, or a dashboard",
        false => "nobody checks the service: start `ahtop serve`, or a dashboard that has credentials",
    }
}

/// `text`: what the link is like.
pub(super) fn link(text: String, remedy: &str) -> String {
    if remedy.is_empty() { text } else { format!("{text}: {remedy}") }
}

/// `others`: what other clients use in a minute.
pub(super) fn budget(budget: &Budget, usage: &Usage, others: Option<f64>) -> String {
    let text = format!(
        "{} in the last minute; ahtop uses up to {} of {}, {} are reserved",
        plural(usage.used_60s, "request"),
        budget.usable(),
        budget.requests_per_minute,
        budget.reserve
    );
    let throttled = match usage.throttled_1h {
        0 => String::new(),
        n => format!("; throttled {} in the last hour", times(n)),
    };
    match (others, usage.throttled_1h) {
        (Some(others), _) => format!(
            "{text}{throttled}; other clients use about {others:.0} a minute: stop them, or set [budget] reserve to {:.0}",
            others.ceil()
        ),
        (None, 1..) => format!("{text}{throttled}: raise [budget] reserve if it goes on"),
        (None, 0) => text,
    }
}

// The machine and the terminal.

pub(super) const NOT_SET: &str = "not set";
pub(super) const ASCII: &str = "ASCII, as configured";
pub(super) const NO_BRAILLE: &str = "Unicode without Braille: the Linux console";

sentences! {
    fn clock(wall: &jiff::Zoned, up: Duration, boot: &str) =
        "{} (zone {}), up for {}, boot {boot}",
        wall.strftime("%Y-%m-%d %H:%M:%S %:z"), wall.time_zone().iana_name().unwrap_or("without a name"), brief(up);
    fn clock_never_set(clock: &str) = "{clock}: the wall clock was never set; see `timedatectl`";
    fn no_terminal(term: &str) =
        "standard output is not a terminal (TERM {term}): `ahtop` would do what `ahtop once` does";
    fn dumb_terminal(term: &str) =
        "TERM is {term}: no screen can be drawn; set it to the name of the terminal, for example xterm-256color";
    fn unicode(locale: &str) = "Unicode ({locale})";
    fn ascii_by_locale(locale: &str) =
        "ASCII: the locale ({locale}) is not UTF-8; set LANG=C.UTF-8, or [ui] symbols = \"unicode\"";
    fn unicode_by_force(locale: &str) =
        "Unicode is configured but the locale ({locale}) is not UTF-8; set LANG=C.UTF-8";
}

/// `None`: nobody can say.
pub(super) fn suspension(slept: Option<Duration>) -> String {
    match slept {
        None => "ages count through a sleep of the machine".into(),
        Some(Duration::ZERO) => "the machine has not slept since its start".into(),
        Some(slept) => format!("the machine slept for {} since its start; ages count through it", brief(slept)),
    }
}

pub(super) fn terminal(term: &str, (columns, rows): (u16, u16), roomy: bool) -> String {
    let advice = if roomy { "" } else { ": from 80x24 on everything has room" };
    format!("{term}, {columns}x{rows}{advice}")
}

pub(super) const fn colours(colors: Colors, mono: bool, no_color: bool) -> &'static str {
    match colors {
        _ if mono => "none: the theme is mono; states differ by glyph and word",
        Colors::None if no_color => "none: NO_COLOR is set; states differ by glyph and word",
        Colors::None => "none: the terminal has none; states differ by glyph and word",
        Colors::Ansi16 => "the 16 of the terminal; set COLORTERM=truecolor if it has more",
        Colors::Indexed256 => "256",
        Colors::True => "24 bits",
    }
}

// The service.

pub(super) const NOT_ASKED: &str = "not asked; `ahtop doctor --live` sends one request";
pub(super) const NOTHING_WATCHED: &str = "nothing is watched";
pub(super) const NOBODY_KNOWN: &str = "nobody is known to be logged in";
pub(super) const READ_ONLY: &str = "a read-only dashboard sends no requests";
pub(super) const NO_STORE: &str = "without a store it would not count in the budget: start ahtop first";
pub(super) const NO_TOKEN: &str =
    "no valid token is stored, and this command generates none: start `ahtop` or `ahtop serve` once";
pub(super) const OTHER_METHOD: &str = "the service wants the other HTTP method; ahtop will use it";
pub(super) const TOO_LATE: &str = "the store is slow, or this process was stopped: try again";
pub(super) const THROTTLED: &str = "throttled: other clients use the account; see budget";

sentences! {
    fn proxy(variable: &str) = "{variable} is set: requests go through a proxy";
    fn name_not_answered(host: &str, limit: Duration) = "no answer about {host} within {}: check DNS", brief(limit);
    fn name_not_found(host: &str, e: &io::Error) = "{host} is not found ({e}): check [account] base_url and DNS";
    fn no_address(host: &str) = "{host} has no address: check [account] base_url and DNS";
    fn port(port: u16, took: Duration) = "port {port} answers, in {}", ms(took);
    fn port_closed(port: u16, e: &io::Error) = "port {port} does not answer ({e}): check the firewall";
    fn port_silent(port: u16, limit: Duration) =
        "port {port} does not answer within {}: check the firewall", brief(limit);
    fn not_sent(why: impl Display) = "not sent: {why}";
    fn must_wait(why: &str, left: Duration) = "{why}: try again in {}", brief(left);
    fn answer(took: Duration, tls: bool) =
        "{} service answers in {}", if tls { "TLS is valid, the" } else { "the" }, ms(took);
    fn unknown_id(answer: &str) = "{answer}, but the first ID is unknown: run `ahtop check --live`";
    fn token_rejected(message: &str) =
        "the stored token was invalidated ({message}): another client generated one; ahtop generates a new one";
    fn tls(why: &str) = "TLS fails: {why}: check the clock, and [account] ca_file if a proxy opens TLS";
}

pub(super) fn name(host: &str, first: impl Display, addresses: usize, took: Duration) -> String {
    match addresses {
        1 => format!("{host}: {first}, in {}", ms(took)),
        n => format!("{host}: {n} addresses, {first} first, in {}", ms(took)),
    }
}
