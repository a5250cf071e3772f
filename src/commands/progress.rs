//! How far a command is: one line on standard error, which goes away. Only where that is a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use crate::{
    app::text::age,
    config::Env,
    domain::{BootTime, Clock, SystemClock},
    term::Facts,
};

/// What is over sooner needs no line.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The line changes this often at most.
const STEP: Duration = Duration::from_millis(250);
/// So many must be done before they say how long the others take.
const FEW: usize = 3;

/// The line.
pub(crate) struct Progress {
    on: bool,
    clock: SystemClock,
    began: BootTime,
    drawn: Option<BootTime>,
    shown: bool,
}

impl Progress {
    /// Begins to wait. `quiet`: nothing is ever shown.
    pub(crate) fn new(quiet: bool, env: &Env) -> Self {
        let dumb = Facts::detect(|name| env.get(name).map(str::to_owned)).dumb;
        let clock = SystemClock::new();
        let began = clock.now().mono;
        Progress { on: !quiet && !dumb && io::stderr().is_terminal(), clock, began, drawn: None, shown: false }
    }

    /// The same beside a listing: where that goes to a terminal, it shows by itself how far it is.
    pub(crate) fn beside_output(quiet: bool, env: &Env) -> Self {
        Progress::new(quiet || io::stdout().is_terminal(), env)
    }

    /// `done` of `total`.
    pub(crate) fn counted(&mut self, done: usize, total: usize) {
        let began = self.began;
        self.tick(|now| of_total(done, total, now.since(began)));
    }

    /// So many readings, of nobody knows how many.
    pub(crate) fn readings(&mut self, count: u64, what: &str) {
        self.tick(|_| format!("{count} readings {what}"));
    }

    fn tick(&mut self, text: impl FnOnce(BootTime) -> String) {
        if !self.on {
            return;
        }
        let now = self.clock.now().mono;
        if now.since(self.began) < PATIENCE || self.drawn.is_some_and(|at| now.since(at) < STEP) {
            return;
        }
        (self.drawn, self.shown) = (Some(now), true);
        write(&format!("\r{}\x1b[K", text(now)));
    }

    /// Takes the line away, for what is printed next.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            write("\r\x1b[K");
            self.drawn = None;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    let mut err = io::stderr().lock();
    // Who cannot be told how far it is waits without.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// `41 of 97, about 1:15 left`
fn of_total(done: usize, total: usize, took: Duration) -> String {
    let left = total.saturating_sub(done);
    if done < FEW || left == 0 {
        return format!("{done} of {total}");
    }
    let rest = took.mul_f64(left as f64 / done as f64);
    format!("{done} of {total}, about {} left", age(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_reckoned_from_what_is_done() {
        let after = |done, secs| of_total(done, 97, Duration::from_secs(secs));
        assert_eq!((after(0, 9), after(2, 9)), ("0 of 97".into(), "2 of 97".into()));
        assert_eq!(after(41, 55), "41 of 97, about 1:15 left");
        assert_eq!(after(97, 130), "97 of 97");
    }

    #[test]
    fn where_nobody_looks_nothing_is_shown() {
        let env = Env::of([("TERM", "xterm")]);
        for mut progress in [Progress::new(true, &env), Progress::new(false, &Env::of([("TERM", "dumb")]))] {
            progress.began = BootTime(i64::MIN / 2);
            progress.counted(1, 2);
            assert!(!progress.shown);
        }
    }
}
