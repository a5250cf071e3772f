//! Pictures of the wallboard, drawn once for all clients that want the same one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::tz::TimeZone;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    Options,
    live::{Board, Live, follow},
    view::View,
};
use crate::{
    domain::{BootTime, Clock},
    report::Sheet,
    run::Judge,
};

/// Views that are remembered: with each of them which page it shows.
const MOST_VIEWS: usize = 64;

/// A picture at one moment.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) sheet: Sheet,
    /// When it was drawn, as clocks show it.
    pub(super) time: String,
}

/// Draws pictures of what the store has.
#[derive(Debug)]
pub(super) struct Pictures {
    live: watch::Receiver<Live>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    /// Those that were wanted last, the newest at the end.
    views: Mutex<Vec<Arc<Wanted>>>,
    follower: JoinHandle<()>,
}

impl Pictures {
    pub(super) fn new(options: &Options) -> Self {
        let config = options.dashboard.clone();
        let (zone, clock) = (config.zone.clone(), options.clock.clone());
        let judge = Judge { watched: config.watched.clone(), floor: config.floor.clone(), policy: options.policy };
        let (sender, live) = watch::channel(Live::new(config, clock.now()));
        let store = options.store.clone();
        let follower = follow(store.clone(), judge, options.notify.clone(), clock.clone(), sender);
        Pictures { live, clock, zone, views: Mutex::default(), follower: store.spawn(follower) }
    }

    /// One who looks at `view`.
    pub(super) fn watch(&self, view: View) -> Watcher {
        // Nothing panics while it holds the lock; if it did, what it holds would still be whole.
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = match views.iter().position(|wanted| wanted.view == view) {
            Some(at) => views.remove(at),
            None => Arc::new(Wanted { view, drawing: Mutex::default() }),
        };
        views.push(wanted.clone());
        if views.len() > MOST_VIEWS {
            views.remove(0);
        }
        Watcher { wanted, live: self.live.clone(), clock: self.clock.clone(), zone: self.zone.clone() }
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// A view that somebody wanted.
#[derive(Debug)]
struct Wanted {
    view: View,
    drawing: Mutex<Drawing>,
}

#[derive(Debug, Default)]
struct Drawing {
    board: Board,
    last: Option<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    picture: Arc<Picture>,
    /// Of what it was drawn.
    revision: u64,
    /// From when on it is another one by the passing of time.
    until: Option<BootTime>,
}

/// One who looks at a view.
#[derive(Debug)]
pub(super) struct Watcher {
    wanted: Arc<Wanted>,
    live: watch::Receiver<Live>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
}

impl Watcher {
    /// The picture as it is now, and after how long it is another one even if nothing arrives.
    pub(super) fn picture(&mut self) -> (Arc<Picture>, Option<Duration>) {
        let now = self.clock.now();
        let mut drawing = self.wanted.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.borrow_and_update();
        let left = |until: Option<BootTime>| until.map(|until| until.since(now.mono));
        if let Some(drawn) = &drawing.last
            && drawn.revision == live.revision()
            && drawn.until.is_none_or(|until| now.mono < until)
        {
            return (drawn.picture.clone(), left(drawn.until));
        }
        let (sheet, next) = drawing.board.draw(&live, &self.wanted.view, &now);
        let time = now.wall.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
        let picture = Arc::new(Picture { sheet, time });
        let until = next.map(|next| now.mono + next);
        drawing.last = Some(Drawn { picture: picture.clone(), revision: live.revision(), until });
        (picture, left(until))
    }

    /// Waits until something has arrived; for ever where nothing can any more.
    pub(super) async fn news(&mut self) {
        if self.live.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
