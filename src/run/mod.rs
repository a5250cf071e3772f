//! The dashboard's loop: keys, signals and the store's news in, frames out.
//!
//! ```text
//!            cancel, signals ─┐
//!            keys ────────────┤ select!, in this order      ┌─► frame (at most max_fps, only on change)
//! store ─► feed ─► events ────┤ ─► bounded drain ─► update ─┤
//!            next frame ──────┘                             └─► effects: wants, requested polls ─► feed ─► store
//! ```
//!
//! The loop waits for nothing else: store calls are the feed's, and the poller is not known here at all. When nothing
//! changes it sleeps until the next shown age does, and while the picture is frozen until somebody does something.

mod errands;
mod feed;
mod reader;
pub mod remember;
mod sample;
mod still;
#[cfg(test)]
mod tests;

use std::{error::Error, io, sync::Arc, time::Duration};

use crossterm::event::{Event as Input, MouseButton, MouseEventKind};
use futures::{FutureExt, Stream, StreamExt};
use ratatui::{Frame, Terminal, backend::Backend};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{errands::Errands, feed::Feed, remember::Saver};
pub use self::{
    errands::{Reload, Resume},
    reader::{EVENTS, Judge, More, Reader, read_shared},
    remember::Memory,
    sample::memory,
    still::{draw_still, still_look},
};
use crate::{
    alert::Policy,
    app::{
        DashboardConfig, Effect, Event, FrameLayout, Notice, Overlay, PlayStep, Pointer, REPLAY, State, Topic, View,
        begin_anew, history, needs, reconfigure, update,
    },
    config::{Alert, Ui},
    domain::{Clock, Now, clean_line},
    store::Handle,
    term::{self, Host, Signal},
    ui::{self, Look, TerminalFacts},
};

/// Most events taken in between two frames.
const DRAIN: usize = 1000;
/// What nobody waits for is drawn with the ages, which advance once a second; where they advance less often, it waits
/// no longer than this for the frame before it.
const CALM: Duration = Duration::from_secs(1);
/// Answers to keys may follow each other so many times as fast as other frames: who moves through a table with a key held
/// down, or types, sees each step at once, and no frame is drawn for it that nobody asked for.
const KEYS: u32 = 8;
/// How often our own memory and the log are looked at.
const SAMPLE: Duration = Duration::from_secs(10);

/// What the dashboard needs.
#[derive(Debug)]
pub struct DashboardOptions {
    /// What does not change while it runs.
    pub facts: DashboardConfig,
    pub store: Handle,
    /// Poked (`notify_one`) by a poller in this process when it has written; others are noticed within half a second.
    pub notify: Arc<Notify>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Ends the dashboard from elsewhere.
    pub cancel: CancellationToken,
    /// Colours and characters, see [`look`].
    pub look: Look,
    /// What is to be told from the start.
    pub notices: Vec<Notice>,
    /// When readings become alerts, for what the screen says of rows that cannot alert yet.
    pub policy: Policy,
    /// Bell and notification.
    pub alert: Alert,
    /// What was chosen the last time, and where it is remembered.
    pub memory: Memory,
    /// Why lines of the log were lost, when it is asked for the first time after that.
    pub log_trouble: fn() -> Option<String>,
    /// Who reads the configuration again; `None`: there is none to be read.
    pub reload: Option<Reload>,
    /// Who moves within the past that is shown; `None`: it is the present.
    pub player: Option<Player>,
    /// The state to go on with, and where it is left at [`Outcome::Reload`].
    pub resume: Resume,
    /// The rows of the view as CSV.
    pub csv: fn(&State) -> io::Result<Vec<u8>>,
}

/// The configured looks on the terminal that was found.
pub fn look(ui: &Ui, terminal: term::Facts) -> Look {
    let (utf8, braille, light) = (terminal.unicode, !terminal.linux_console, terminal.light);
    Look::resolve(ui, TerminalFacts { colors: terminal.colors, utf8, braille, light })
}

/// Why the dashboard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Quit,
    /// The token was cancelled.
    Cancelled,
    /// A signal with this number.
    Signal(i32),
    /// The terminal is gone.
    HangUp,
    /// The configuration was read again and is good: the dashboard wants to begin anew with it.
    Reload,
    /// The past is to be shown from an earlier moment on, which the player knows.
    Rewind,
}

/// Moves within the past that is shown.
#[derive(Clone)]
pub struct Player(pub Arc<dyn Fn(PlayStep) -> Played + Send + Sync>);

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Player")
    }
}

/// What came of a move.
#[derive(Clone, Debug)]
pub enum Played {
    /// It is done; this is told from now on.
    Done(Notice),
    /// What was shown has not happened yet then: it begins anew.
    Rewind,
}

/// What the dashboard cannot go on after.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The terminal does not take what is drawn.
    #[error("cannot draw on the terminal: {0}")]
    Terminal(#[source] Box<dyn Error + Send + Sync>),
}

/// Runs the dashboard until somebody ends it.
///
/// The store's instance is not signed off here: whoever polls in this process gives back the lease first.
///
/// # Errors
/// [`RunError::Terminal`], but a terminal that is gone is [`Outcome::HangUp`].
pub async fn dashboard<B>(
    options: DashboardOptions,
    terminal: &mut Terminal<B>,
    host: &mut impl Host,
    input: impl Stream<Item = io::Result<Input>> + Unpin,
    signals: impl Stream<Item = Signal> + Unpin,
) -> Result<Outcome, RunError>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    let look = options.look;
    let draw = move |frame: &mut Frame<'_>, state: &State| {
        // The user may have chosen other looks meanwhile.
        ui::draw(frame, state, &look.with(state.preferences.theme, state.preferences.symbols))
    };
    drive(options, terminal, host, input, signals, draw).await
}

/// The loop, whatever is drawn. A terminal that is gone may be noticed anywhere, and is an end like any other: with the
/// hang-up comes a SIGCONT, and then taking the terminal again is what fails first.
async fn drive<B>(
    options: DashboardOptions,
    terminal: &mut Terminal<B>,
    host: &mut impl Host,
    input: impl Stream<Item = io::Result<Input>> + Unpin,
    signals: impl Stream<Item = Signal> + Unpin,
    draw: impl FnMut(&mut Frame<'_>, &State) -> FrameLayout,
) -> Result<Outcome, RunError>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    let saver = Saver::start(options.memory.path.clone());
    let end = until_end(options, terminal, host, input, signals, draw, &saver).await;
    saver.finish().await;
    match &end {
        Err(RunError::Terminal(cause)) if is_gone(cause.as_ref()) => Ok(Outcome::HangUp),
        _ => end,
    }
}

fn is_gone(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|io| {
        io.kind() == io::ErrorKind::BrokenPipe || io.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
    })
}

async fn until_end<B>(
    options: DashboardOptions,
    terminal: &mut Terminal<B>,
    host: &mut impl Host,
    mut input: impl Stream<Item = io::Result<Input>> + Unpin,
    mut signals: impl Stream<Item = Signal> + Unpin,
    mut draw: impl FnMut(&mut Frame<'_>, &State) -> FrameLayout,
    saver: &Saver,
) -> Result<Outcome, RunError>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    let DashboardOptions { facts, store, notify, clock, cancel, policy, alert, .. } = options;
    let gap = Duration::from_secs(1) / facts.ui.max_fps.max(1);
    let judge = Judge { watched: facts.watched.clone(), floor: facts.floor.clone(), policy };
    let mut feed = Feed::start(store, notify, facts.me.clone(), judge);
    let (mut errands, mut answers) = Errands::new(options.reload);
    let mut state = match options.resume.take() {
        Some(old) => {
            if options.player.is_none() && options.notices.iter().all(|n| n.topic != Topic::ConfigRejected) {
                errands.tell("The configuration was read again".to_owned());
            }
            reconfigure(*old, facts, clock.now())
        }
        None => {
            let mut state = State::new(facts, clock.now());
            options.memory.choices.apply(&mut state);
            state
        }
    };
    state.notices.list = options.notices;
    let mut sampled: Option<Instant> = None;
    let begun = Instant::now();
    // As if the last frame were long ago: the first two, without and with what the store knows, may follow each other.
    let next = begun.checked_sub(gap * 3).unwrap_or(begun);
    let mut painter = Painter { drawn: None, next, calm: begun, urgent: false, keyed: false, page: None };
    if let Ok(size) = terminal.size() {
        state.size = (size.width, size.height);
    }

    let mut suspended = false;
    loop {
        if !suspended && painter.is_due(&state) {
            painter.paint(terminal, &mut state, clock.as_ref(), &mut draw)?;
            feed.attend(needs::attention(&state));
            feed.look_back(history::wanted(&state));
            painter.paced(gap, &state, &clock.now());
        }
        let wake = if suspended {
            None
        } else if painter.is_stale(&state) {
            Some(painter.at())
        } else {
            needs::next_change(&state, &clock.now()).map(|d| Instant::now() + d)
        };

        let mut events = Vec::new();
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Outcome::Cancelled),
            Some(signal) = signals.next() => match signal {
                Signal::Terminate(number) => return Ok(Outcome::Signal(number)),
                Signal::HangUp | Signal::Gone => return Ok(Outcome::HangUp),
                Signal::Reload if errands.reload() => {}
                // Without a configuration it is what it is to any program.
                Signal::Reload => return Ok(Outcome::HangUp),
                Signal::Suspend => suspended |= host.suspend().map_err(terminal_error)?,
                Signal::Continue => {
                    host.resume().map_err(terminal_error)?;
                    suspended = false;
                    painter.restart(terminal)?;
                }
            },
            key = input.next(), if !suspended => {
                let (mut next, mut taken) = (Some(key), 0);
                while let Some(key) = next {
                    taken += 1;
                    // Without its keys a dashboard cannot be left: the terminal is gone.
                    let Some(Ok(key)) = key else { return Ok(Outcome::HangUp) };
                    painter.keyed |= !matches!(key, Input::Resize(..));
                    events.extend(translate(key));
                    painter.urgent = true;
                    next = if taken < DRAIN { input.next().now_or_never() } else { None };
                }
            }
            Some(news) = feed.events.recv() => events.extend(news),
            Some(answer) = answers.recv() => events.push(answer),
            verdict = errands.verdict() => match verdict {
                Ok(()) => {
                    options.resume.put(state);
                    return Ok(Outcome::Reload);
                }
                Err(why) => events.push(Event::Notice(bad_configuration(&why))),
            },
            () = async { sleep_until(wake.unwrap_or_else(Instant::now)).await }, if wake.is_some() => {
                if !painter.is_stale(&state) {
                    events.push(Event::Tick);
                    if sampled.is_none_or(|at| at.elapsed() >= SAMPLE) {
                        sampled = Some(Instant::now());
                        events.extend(memory().map(Event::Memory));
                        events.extend((options.log_trouble)().map(log_notice));
                    }
                }
            }
        }
        while events.len() < DRAIN
            && let Ok(news) = feed.events.try_recv()
        {
            events.extend(news);
        }

        let now = clock.now();
        // A size that was left and taken again in between is the size that we know, but not the picture.
        if events.iter().any(|e| matches!(e, Event::Resize(..))) {
            painter.restart(terminal)?;
        }
        for event in events {
            painter.urgent |= is_awaited(&state, &event);
            for effect in update(&mut state, event, now.clone()) {
                match effect {
                    Effect::Quit => return Ok(Outcome::Quit),
                    Effect::Redraw => painter.restart(terminal)?,
                    Effect::Suspend => suspended |= host.suspend().map_err(terminal_error)?,
                    Effect::RequestPoll(target) => feed.request_poll(target),
                    Effect::Act(action) => feed.act(action),
                    Effect::Alarm(text) => {
                        let bytes = term::attention(alert.bell, alert.notify, &text);
                        if !bytes.is_empty() && !suspended {
                            host.attract(&bytes).map_err(terminal_error)?;
                        }
                    }
                    Effect::Export(path) => errands.export(path, (options.csv)(&state)),
                    Effect::Play(step) => match options.player.as_ref().map(|player| (player.0)(step)) {
                        Some(Played::Done(notice)) => {
                            update(&mut state, Event::Notice(notice), clock.now());
                        }
                        Some(Played::Rewind) => {
                            options.resume.put(begin_anew(state, clock.now()));
                            return Ok(Outcome::Rewind);
                        }
                        None => {}
                    },
                    Effect::Reload if errands.reload() => {}
                    Effect::Reload => errands.tell("There is no configuration to read again here".to_owned()),
                    Effect::Copy(text) => host.copy(&text).map_err(terminal_error)?,
                    Effect::Remember(choices) => saver.remember(*choices),
                }
            }
        }
    }
}

/// What concerns us of what the terminal says.
fn translate(input: Input) -> Option<Event> {
    match input {
        Input::Key(key) => Some(Event::Key(key)),
        Input::Paste(text) => Some(Event::Paste(text)),
        Input::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        Input::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Event::Mouse(Pointer::Click(mouse.column, mouse.row))),
            MouseEventKind::ScrollDown => Some(Event::Mouse(Pointer::Wheel { down: true })),
            MouseEventKind::ScrollUp => Some(Event::Mouse(Pointer::Wheel { down: false })),
            _ => None,
        },
        Input::FocusGained | Input::FocusLost => None,
    }
}

/// The screen is the one place left to tell it.
fn log_notice(why: String) -> Event {
    Event::Notice(Notice { topic: Topic::Log, text: format!("Check the disk of the log: {why}") })
}

/// What is told of a configuration that was read again; it stays until a good one was read.
pub fn bad_configuration(why: &str) -> Notice {
    let why = clean_line(&why.trim().replace('\n', "; "), 400);
    let text = format!("Correct the configuration (the old one stays in use): {why}");
    Notice { topic: Topic::ConfigRejected, text }
}

/// Somebody waits for it: the first picture, and answers about what is selected.
fn is_awaited(state: &State, event: &Event) -> bool {
    let selected = state.navigation.selected.get(&state.navigation.focus);
    match event {
        Event::Loaded(_) | Event::Past(_) => true,
        Event::Readings(readings) => readings.iter().any(|r| Some(&r.target) == selected),
        _ => false,
    }
}

fn terminal_error(e: impl Error + Send + Sync + 'static) -> RunError {
    RunError::Terminal(Box::new(e))
}

/// When to draw, and drawing.
struct Painter {
    /// The revision that is on the screen.
    drawn: Option<u64>,
    /// Not before this.
    next: Instant,
    /// What nobody waits for is not drawn before this: the frames that may follow each other at once are for keys.
    calm: Instant,
    /// Somebody did something since the last frame.
    urgent: bool,
    /// It was with a key, pasted, or with the mouse.
    keyed: bool,
    /// What filled the screen.
    page: Page,
}

/// View, overlay, detail, sections: with any of them other text stands in most places.
type Page = Option<(View, Option<std::mem::Discriminant<Overlay>>, bool, bool)>;

impl Painter {
    /// The screen does not show the state.
    fn is_stale(&self, state: &State) -> bool {
        self.drawn != Some(state.revision)
    }

    /// A frame was drawn. A few may follow each other at once, so that a key is answered at once; over a second there
    /// are no more of them than are configured. What comes by itself waits for the next frame that comes by itself.
    fn paced(&mut self, gap: Duration, state: &State, shown: &Now) {
        let now = Instant::now();
        let step = if self.keyed { gap / KEYS } else { gap };
        self.next = self.next.max(now.checked_sub(gap * 2).unwrap_or(now)) + step;
        let ages = needs::next_change(state, shown).unwrap_or(CALM).min(CALM);
        let hurried = needs::are_filling(state) || state.config.mode == Some(REPLAY);
        self.calm = now + if hurried { gap } else { gap.max(ages) };
        (self.urgent, self.keyed) = (false, false);
    }

    /// When the next frame may be drawn.
    fn at(&self) -> Instant {
        if self.urgent { self.next } else { self.next.max(self.calm) }
    }

    /// It does not, and a frame may be drawn.
    fn is_due(&self, state: &State) -> bool {
        self.is_stale(state) && Instant::now() >= self.at()
    }

    fn paint<B>(
        &mut self,
        terminal: &mut Terminal<B>,
        state: &mut State,
        clock: &dyn Clock,
        draw: &mut impl FnMut(&mut Frame<'_>, &State) -> FrameLayout,
    ) -> Result<(), RunError>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        let overlay = state.navigation.overlay.as_ref().map(std::mem::discriminant);
        let page = Some((state.navigation.view, overlay, state.navigation.detail_open, state.preferences.sections));
        // Of how many cells a name in some scripts takes terminals have their own ideas, and then parts of it would stay
        // where another page is blank.
        if self.page.is_some() && self.page != page && needs::has_wide_names(state) {
            terminal.clear().map_err(terminal_error)?;
        }
        self.page = page;
        // The second frame comes where the first one had other room than the last, and the selection would be outside.
        for _ in 0..2 {
            state.live.now = clock.now();
            let mut layout = FrameLayout::default();
            terminal.draw(|frame| layout = draw(frame, state)).map_err(terminal_error)?;
            self.drawn = Some(state.revision);
            let now = state.live.now.clone();
            update(state, Event::Drawn(layout), now);
            if !self.is_stale(state) {
                break;
            }
        }
        Ok(())
    }

    /// Nothing on the screen can be relied on.
    fn restart<B>(&mut self, terminal: &mut Terminal<B>) -> Result<(), RunError>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        self.drawn = None;
        terminal.clear().map_err(terminal_error)
    }
}
