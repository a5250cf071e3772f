//! The wallboard as a stream of server-sent events: everything once, then the rows that have changed.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures::{Stream, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use serde::Serialize;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    pictures::{Picture, Watcher},
    reply::Body,
};

/// A sign of life, so that a page knows soon where the way to us is cut.
const BEAT: Duration = Duration::from_secs(2);
/// Pictures follow each other no faster than this.
const GAP: Duration = Duration::from_millis(250);
/// What a client is told first: to come back soon where the connection ends.
const RETRY: &str = "retry: 1000\n\n";
const SIGN_OF_LIFE: &str = "event: beat\ndata:\n\n";

/// What a page is told.
#[derive(Serialize)]
struct Message<'a> {
    /// A page of another version loads itself anew.
    version: &'static str,
    time: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    svg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<String>,
    rows: Vec<(String, &'a str)>,
}

struct Sending {
    watcher: Watcher,
    label: Arc<str>,
    sent: Option<Arc<Picture>>,
    /// When it may draw again, and when it has to say something.
    next: Instant,
    beat: Instant,
    /// When the picture changes by itself.
    change: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

/// The stream for one who looks; it holds `place` as long as it lasts.
pub(super) fn events(watcher: Watcher, label: Arc<str>, place: OwnedSemaphorePermit) -> Body {
    let now = Instant::now();
    let sending = Sending { watcher, label, sent: None, next: now, beat: now + BEAT, change: Some(now), _place: place };
    let stream: std::pin::Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(stream::unfold(sending, step));
    StreamBody::new(stream).boxed_unsync()
}

/// Waits for what is to be told next.
async fn step(mut sending: Sending) -> Option<(Result<Frame<Bytes>, Infallible>, Sending)> {
    loop {
        if let Some(at) = sending.change.filter(|at| *at <= Instant::now()) {
            sleep_until(sending.next.max(at)).await;
            let text = sending.tell();
            sending.next = Instant::now() + GAP;
            if let Some(text) = text {
                sending.beat = Instant::now() + BEAT;
                return Some((Ok(Frame::data(text.into())), sending));
            }
        }
        let change = sending.change;
        tokio::select! {
            () = sending.watcher.news() => sending.change = Some(Instant::now()),
            () = async { sleep_until(change.unwrap_or_else(Instant::now)).await }, if change.is_some() => {}
            () = sleep_until(sending.beat) => {
                sending.beat = Instant::now() + BEAT;
                return Some((Ok(Frame::data(SIGN_OF_LIFE.into())), sending));
            }
        }
    }
}

impl Sending {
    /// What is new of the picture, if anything.
    fn tell(&mut self) -> Option<String> {
        let (picture, next) = self.watcher.picture();
        self.change = next.map(|next| Instant::now() + next.max(GAP));
        let before = self.sent.as_ref().map(|sent| &sent.sheet);
        let rows = before.and_then(|before| picture.sheet.changed(before));
        if rows.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        let whole = rows.is_none();
        let message = Message {
            version: env!("CARGO_PKG_VERSION"),
            time: &picture.time,
            svg: whole.then(|| picture.sheet.svg(&self.label)),
            paper: whole.then(|| picture.sheet.paper()),
            rows: rows.unwrap_or_default(),
        };
        let json = serde_json::to_string(&message).unwrap_or_default();
        let first = if self.sent.is_none() { RETRY } else { "" };
        self.sent = Some(picture.clone());
        Some(format!("{first}event: board\ndata: {json}\n\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{live::LOOK, page::SCRIPT};

    /// The number in ms that follows `words` in the script of the page.
    fn in_script(words: &str) -> Duration {
        let (_, rest) = SCRIPT.split_once(words).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Duration::from_millis(digits.parse().unwrap())
    }

    /// docs/src/web.md says a second, and five.
    #[test]
    fn a_change_is_there_within_a_second_and_a_loss_is_told_within_five() {
        assert!(LOOK + GAP < Duration::from_secs(1));
        let (lost, looks) = (in_script("LOST_AFTER = "), in_script("setInterval(watch, "));
        assert!(lost + looks < Duration::from_secs(5));
        // One sign of life may come late.
        assert!(BEAT + Duration::from_secs(1) < lost);
    }
}
