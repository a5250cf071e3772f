//! The dashboard's state as it follows the store, and the wallboard drawn from it: the one place where the listener meets
//! what a terminal shows.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use super::view::View;
use crate::{
    app::{DashboardConfig, Event, FrameLayout, Notice, State, Topic, Wall, needs, update},
    config::{Theme, Ui},
    domain::{Clock, Now, Problem},
    report::{Paper, Sheet},
    run::{Judge, More, Reader, draw_still, still_look},
    store::Handle,
};

/// How often the store is looked at where nobody pokes us.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// How long a failing store is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// What the message about a failing store is about.
const STORE: Topic = Topic::Problem(Problem::StoreRead);

/// The state, renewed by [`follow`].
#[derive(Debug)]
pub(super) struct Live {
    state: State,
}

impl Live {
    /// Before anything was read.
    pub(super) fn new(config: DashboardConfig, now: Now) -> Self {
        Live { state: State::new(config, now) }
    }

    /// Counts up whenever something visible changed.
    pub(super) fn revision(&self) -> u64 {
        self.state.revision
    }

    fn apply(&mut self, events: Vec<Event>, now: &Now) {
        for event in events {
            // What a dashboard would do about it beside drawing (ring a bell, say what it wants) is not ours to do.
            drop(update(&mut self.state, event, now.clone()));
        }
    }
}

/// Follows the store until nobody has the other end of `live` any more.
pub(super) async fn follow(
    store: Handle,
    judge: Judge,
    notify: Arc<Notify>,
    clock: Arc<dyn Clock>,
    live: watch::Sender<Live>,
) {
    let mut reader = Reader::new(store, judge);
    let mut failing = false;
    loop {
        let mut news = Vec::new();
        let wait = match reader.look(&mut news).await {
            Ok(more) => {
                if std::mem::take(&mut failing) {
                    news.push(Event::Resolved(STORE));
                }
                if more == More(true) { Duration::ZERO } else { LOOK }
            }
            Err(e) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!("{e}");
                    news.push(Event::Notice(Notice { topic: STORE, text: e.advice() }));
                }
                RETRY
            }
        };
        if !news.is_empty() {
            let now = clock.now();
            live.send_modify(|live| live.apply(news, &now));
        }
        tokio::select! {
            () = live.closed() => return,
            _ = timeout(wait, notify.notified()), if !failing => {}
            () = sleep(wait), if failing => {}
        }
    }
}

/// The wallboard as one view has it: which pages it shows, and how much room they had.
#[derive(Debug, Default)]
pub(super) struct Board {
    wall: Option<Wall>,
    layout: FrameLayout,
}

impl Board {
    /// Draws it as of `now`; and after how long it changes by itself.
    pub(super) fn draw(&mut self, live: &Live, view: &View, now: &Now) -> (Sheet, Option<Duration>) {
        let mut state = live.state.clone();
        state.size = view.size;
        state.config.wall.names = view.names;
        state.layout = std::mem::take(&mut self.layout);
        state.navigation.wall = Some(match (view.page, self.wall.take()) {
            (Some(page), _) => Wall::on_page(page, now.mono),
            (None, Some(wall)) => wall,
            (None, None) => Wall::new(now.mono),
        });
        drop(update(&mut state, Event::Tick, now.clone()));
        let ui = Ui { theme: view.theme, symbols: state.config.ui.symbols, ..Ui::default() };
        let light = view.theme == Theme::Light;
        let buffer = draw_still(&mut state, view.size, &still_look(&ui, light));
        let next = needs::next_change(&state, now);
        (self.wall, self.layout) = (state.navigation.wall.take(), std::mem::take(&mut state.layout));
        let paper = if light { Paper::Light } else { Paper::Dark };
        (Sheet::new(&buffer, paper), next)
    }
}
