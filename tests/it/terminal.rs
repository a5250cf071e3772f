//! The dashboard in a pseudo-terminal: that the terminal is taken, drawn on, and given back whatever ends the program.
//!
//! The program under test is this very file: it runs itself again with `the_dashboard_itself`, inside a terminal.

use std::{
    panic,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::pty::Pty;
use ahtop::{
    alert::Policy,
    app::DashboardConfig,
    config::{Alert, Colors, Notify, Ui, Watched},
    domain::{Aht, Band, Clock, Outcome as Answer, Reading, SystemClock, Target},
    run::{DashboardOptions, Memory, Outcome, Resume, dashboard, look},
    store::{Handle, Instance, ReadingStore, Role, SqliteStore},
    term::{Facts as TermFacts, Guard, Screen, Signal, Stdout, input, signals},
};
use futures::StreamExt;
use portable_pty::CommandBuilder;
use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

/// How the child is told to panic: `ui` or `background`, once it has drawn.
const PANIC: &str = "AHTOP_TEST_PANIC";

/// Lets the child take the mouse.
const MOUSE: &str = "AHTOP_TEST_MOUSE";

/// Lets the child miss its SIGHUP.
const DEAF: &str = "AHTOP_TEST_DEAF";

fn options(cancel: CancellationToken) -> DashboardOptions {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
    let outcome = Answer::Value(Aht::from_secs(287));
    let target = Target::agent("a1");
    store.append(&[Reading { target: target.clone(), at: clock.now().stamp(), outcome, name: None }]).unwrap();
    let ui = Ui::default();
    let colors = Colors::Ansi16;
    let look =
        look(&ui, TermFacts { colors, unicode: true, dumb: false, linux_console: false, light: false, answers: false });
    let origin = "config.toml line 1".into();
    let watched = [Watched { target, label: None, groups: vec![], band: Band::default(), origin }];
    let facts = DashboardConfig::new("acme", watched, Instance::here(Role::Dashboard));
    DashboardOptions {
        facts,
        store: Handle::new(store),
        notify: Arc::default(),
        clock,
        cancel,
        look,
        notices: Vec::new(),
        policy: Policy::default(),
        alert: Alert {
            dwell: Duration::from_secs(300),
            clear_band_pct: 5,
            warm_up: 5,
            bell: false,
            notify: Notify::Off,
        },
        memory: Memory::default(),
        log_trouble: || None,
        reload: None,
        player: None,
        resume: Resume::default(),
        csv: |_| Ok(Vec::new()),
    }
}

async fn child() -> i32 {
    let cancel = CancellationToken::new();
    let mut guard = Guard::enter(cancel.clone()).unwrap();
    if std::env::var_os(MOUSE).is_some() {
        guard.use_mouse(true).unwrap();
    }
    let mut terminal = Terminal::new(Screen::new(Stdout::new().unwrap())).unwrap();
    if let Ok(who) = std::env::var(PANIC) {
        let later = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            panic!("the roof is on fire");
        };
        match who.as_str() {
            "ui" => later.await,
            _ => drop(tokio::spawn(later)),
        }
    }
    let deaf = std::env::var_os(DEAF).is_some();
    let heard = signals().unwrap().filter(move |s| std::future::ready(!(deaf && *s == Signal::HangUp)));
    let end = dashboard(options(cancel), &mut terminal, &mut guard, input(Vec::new()).unwrap(), heard).await.unwrap();
    match end {
        Outcome::Quit => 0,
        Outcome::Cancelled if guard.panicked() => 70,
        Outcome::Cancelled => 71,
        Outcome::Signal(number) => 128 + number,
        Outcome::HangUp => 129,
        Outcome::Reload | Outcome::Rewind => 72,
    }
}

#[test]
#[ignore = "run by the other tests, inside a terminal"]
fn the_dashboard_itself() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let code = panic::catch_unwind(panic::AssertUnwindSafe(|| runtime.block_on(child()))).unwrap_or(101);
    std::process::exit(code);
}

fn child_args() -> [&'static str; 5] {
    ["--ignored", "--exact", "terminal::the_dashboard_itself", "--nocapture", "--test-threads=1"]
}

fn start(mut command: CommandBuilder) -> Pty {
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    Pty::start(command, 80, 24)
}

fn start_dashboard(variables: &[(&str, &str)]) -> Pty {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(child_args());
    for (name, value) in variables {
        command.env(name, value);
    }
    start(command)
}

/// The dashboard, once it is drawn.
fn dashboard_on_screen() -> Pty {
    let pty = start_dashboard(&[]);
    drawn(&pty);
    pty
}

fn until(pty: &Pty, what: &str, mut holds: impl FnMut(&vt100::Screen) -> bool) {
    pty.until(what, |pty| pty.screen(&mut holds));
}

fn drawn(pty: &Pty) {
    until(pty, "the dashboard", |s| s.alternate_screen() && s.hide_cursor() && s.contents().contains("a1"));
}

fn is_restored(pty: &Pty) {
    until(pty, "the screen of before", |s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
    assert!(pty.is_cooked());
}

#[test]
fn the_terminal_is_taken_and_given_back_on_quit() {
    let mut pty = dashboard_on_screen();
    assert!(!pty.is_cooked());
    pty.press("?");
    until(&pty, "the help", |s| s.contents().contains("─ Help ─"));
    pty.press("qq");
    assert_eq!(pty.end(), 0);
    is_restored(&pty);
}

#[test]
fn signals_restore_the_terminal_and_are_told_by_the_exit_code() {
    use rustix::process::Signal as Number;
    for (signal, code) in [
        (Number::TERM, 143),
        (Number::INT, 130),
        (Number::HUP, 129),
        (Number::QUIT, 131),
        (Number::ABORT, 134),
        (Number::USR1, 138),
        (Number::USR2, 140),
        (Number::ALARM, 142),
        (Number::VTALARM, 154),
        (Number::PROF, 155),
        (Number::XCPU, 152),
    ] {
        let pty = dashboard_on_screen();
        pty.signal(signal);
        assert_eq!(pty.end(), code);
        is_restored(&pty);
    }
}

#[test]
fn a_hang_up_ends_the_program_with_or_without_its_signal() {
    for variables in [&[][..], &[(DEAF, "1")]] {
        let pty = start_dashboard(variables);
        drawn(&pty);
        assert_eq!(pty.end_without_terminal(), 129);
    }
}

#[test]
fn a_panic_of_the_drawing_thread_is_printed_on_the_restored_screen() {
    let pty = start_dashboard(&[(PANIC, "ui")]);
    assert_eq!(pty.end(), 101);
    until(&pty, "the message", |s| !s.alternate_screen() && s.contents().contains("the roof is on fire"));
    is_restored(&pty);
}

#[test]
fn a_panic_in_the_background_ends_the_dashboard_and_is_printed_afterwards() {
    let pty = start_dashboard(&[(PANIC, "background")]);
    assert_eq!(pty.end(), 70);
    until(&pty, "the message", |s| !s.alternate_screen() && s.contents().contains("the roof is on fire"));
    is_restored(&pty);
    let raw = pty.said();
    let (left, said) = (raw.rfind("\x1b[?1049l").unwrap(), raw.find("the roof").unwrap());
    assert!(left < said && raw.matches("the roof").count() == 1, "{raw:?}");
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let mut command = CommandBuilder::new("sh");
    command.args(["-i"]);
    command.env("PS1", "prompt> ");
    command.env("ENV", "");
    let mut pty = start(command);
    until(&pty, "a shell", |s| s.contents().contains("prompt>"));
    let exe = std::env::current_exe().unwrap();
    pty.press(format!("'{}' {}\n", exe.display(), child_args().join(" ")));
    drawn(&pty);
    pty.press("\x1a");
    let prompts = |s: &vt100::Screen| s.contents().matches("prompt>").count();
    until(&pty, "the prompt", |s| !s.alternate_screen() && !s.hide_cursor() && prompts(s) == 2);
    pty.press("echo back-$((40 + 2))\n");
    until(&pty, "the shell's answer", |s| s.contents().contains("back-42"));
    pty.press("fg\n");
    drawn(&pty);
    pty.press("q");
    until(&pty, "the prompt", |s| !s.alternate_screen());
    pty.press("exit\n");
    pty.end();
}

#[test]
fn without_a_shell_above_control_z_does_nothing() {
    let mut pty = dashboard_on_screen();
    pty.press("\x1a?");
    until(&pty, "the help", |s| s.alternate_screen() && s.contents().contains("─ Help ─"));
    pty.press("\x03");
    assert_eq!(pty.end(), 0);
}

#[test]
fn a_burst_of_keys_is_taken_in_order_and_a_q_behind_it_quits() {
    let mut pty = dashboard_on_screen();
    // Longer than a filter is, so that also what is refused is refused in order.
    let burst: String = (0..500u32).map(|i| char::from_u32(u32::from('a') + (i * 7) % 26).unwrap()).collect();
    pty.press(format!("/{burst}"));
    let end = burst[180..200].to_owned();
    until(&pty, "the end of the filter", |s| s.contents().contains(&end));
    pty.press(format!("\x1b[D{}\r", "\x7f".repeat(199)));
    until(&pty, "what is left of it", |s| s.contents().contains(&format!("filter: {}", &burst[199..200])));
    pty.press(format!("{}q", "jk".repeat(250)));
    assert_eq!(pty.end(), 0);
    is_restored(&pty);
}

#[test]
fn the_mouse_is_taken_where_it_is_asked_for_and_given_back() {
    let mut pty = start_dashboard(&[(MOUSE, "1")]);
    until(&pty, "the mouse", |s| {
        s.mouse_protocol_mode() != vt100::MouseProtocolMode::None && s.contents().contains("a1")
    });
    // The line of the titles: a press and a release on the column of the names sort by it.
    let row = |s: &vt100::Screen| s.contents().lines().position(|l| l.contains("AGENT "));
    let at = pty.screen(row).unwrap() + 1;
    pty.press(format!("\x1b[<0;4;{at}M\x1b[<0;4;{at}m"));
    until(&pty, "the order", |s| s.contents().contains("sort: name"));
    pty.press("q");
    assert_eq!(pty.end(), 0);
    until(&pty, "the mouse back", |s| s.mouse_protocol_mode() == vt100::MouseProtocolMode::None);
    is_restored(&pty);
    let mut pty = dashboard_on_screen();
    assert_eq!(pty.screen(vt100::Screen::mouse_protocol_mode), vt100::MouseProtocolMode::None);
    pty.press("y");
    until(&pty, "the copied id", |s| s.contents().contains("copied a1"));
    pty.press("q");
    assert_eq!(pty.end(), 0);
    assert!(pty.said().contains("\x1b]52;c;YTE=\x07"), "the id of a1");
}

/// Replies of terminals to questions that somebody else asked.
const REPLIES: [&str; 16] = [
    "\x1bP1$r0 q\x1b\\",
    "\x1bP1$r0;38;5;231m\x1b\\",
    "\x1bP!|7E565445\x1b\\",
    "\x1bP>|XTerm(398)\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1b[?64;1;2;6;22c",
    "\x1b[>0;276;0c",
    "\x1b[?2026;2$y",
    "\x1b[24;80R",
    "\x1b[8;24;80t",
    "\x1b[?1u",
    "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]52;c;cXFxcQ==\x1b\\",
    "\x1b]lquit: q?\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^q\x1b\\\x1bXq\x1b\\",
];

#[test]
fn late_replies_of_a_terminal_are_no_keys_whole_or_in_pieces() {
    let mut pty = dashboard_on_screen();
    // What is written to a terminal that nobody has open is an error: one may have quit in the middle.
    let mut tty = pty.tty();
    for reply in REPLIES {
        pty.press(reply);
    }
    // Where this thread had to stand aside for longer than an Esc may, the pieces prove nothing.
    let mut in_time = false;
    for _ in 0..20 {
        let mut slowest = Duration::ZERO;
        for byte in REPLIES.concat().as_bytes() {
            let written = Instant::now();
            pty.press(str::from_utf8(&[*byte]).unwrap());
            thread::sleep(Duration::from_millis(2));
            slowest = slowest.max(written.elapsed());
        }
        in_time = slowest < Duration::from_millis(60);
        if in_time {
            break;
        }
        thread::sleep(Duration::from_secs(2));
        pty = dashboard_on_screen();
        tty = pty.tty();
    }
    drop(tty);
    assert!(in_time, "this machine is too busy to write a few bytes");
    // The view is the one of before, and the next keys are keys: a filter takes the letters as they are.
    until(&pty, "the dashboard", |s| s.contents().contains("AGENT ") && s.contents().contains("a1"));
    pty.press("/k");
    until(&pty, "the filter with what was typed alone", |s| {
        s.contents().lines().any(|line| line.trim_end().ends_with("/k") || line.contains("filter: k"))
    });
    let text = pty.text();
    for word in ["sort:", "Sort the other way round", "copied"] {
        assert!(!text.contains(word), "{word:?} on\n{text}");
    }
    pty.press("\rq");
    assert_eq!(pty.end(), 0);
}

#[test]
fn a_lone_escape_is_a_key() {
    let mut pty = dashboard_on_screen();
    pty.press("?");
    until(&pty, "the help", |s| s.contents().contains("─ Help ─"));
    pty.press("\x1b");
    until(&pty, "the table", |s| !s.contents().contains("─ Help ─"));
    pty.press("q");
    assert_eq!(pty.end(), 0);
}
