//! What takes a while and is not the store's: the loop goes on meanwhile, and tells what came of it.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    app::{Event, State},
    domain::clean_line,
};

/// Where the dashboard asks that the configuration be read again. The answer is what is wrong with it: then everything
/// stays as it is.
pub type Reload = mpsc::Sender<oneshot::Sender<Result<(), String>>>;

/// Where the state waits while what lies below it is replaced: the dashboard goes on with it.
#[derive(Clone, Debug, Default)]
pub struct Resume(Arc<Mutex<Option<Box<State>>>>);

impl Resume {
    pub(super) fn put(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(state));
    }

    /// Takes it out.
    pub fn take(&self) -> Option<Box<State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Errands under way.
pub(super) struct Errands {
    reload: Option<Reload>,
    verdict: Option<oneshot::Receiver<Result<(), String>>>,
    told: mpsc::Sender<Event>,
}

impl Errands {
    /// With what comes of them.
    pub(super) fn new(reload: Option<Reload>) -> (Errands, mpsc::Receiver<Event>) {
        let (told, answers) = mpsc::channel(16);
        (Errands { reload, verdict: None, told }, answers)
    }

    /// Asks that the configuration be read again, once at a time. False: there is none to be read.
    pub(super) fn reload(&mut self) -> bool {
        let Some(reload) = &self.reload else { return false };
        if self.verdict.is_none() {
            let (answer, verdict) = oneshot::channel();
            self.verdict = reload.try_send(answer).ok().map(|()| verdict);
        }
        true
    }

    /// What is wrong with the configuration that was asked for.
    pub(super) async fn verdict(&mut self) -> Result<(), String> {
        let Some(verdict) = &mut self.verdict else { return std::future::pending().await };
        let verdict = verdict.await;
        self.verdict = None;
        verdict.unwrap_or_else(|_| Err("it could not be read".to_owned()))
    }

    /// Tells what came of something.
    pub(super) fn tell(&self, text: String) {
        // With as many answers waiting, nobody reads one more.
        let _ = self.told.try_send(Event::Answer(text));
    }

    /// Writes `bytes` into a new file, off the loop: the disk may be slow.
    pub(super) fn export(&self, path: PathBuf, bytes: io::Result<Vec<u8>>) {
        let told = self.told.clone();
        tokio::task::spawn_blocking(move || {
            let shown = clean_line(&path.to_string_lossy(), 200);
            let text = match bytes.and_then(|bytes| write_new(&path, &bytes)) {
                Ok(()) => format!("exported to {shown}"),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => format!("{shown} exists: give another name"),
                Err(e) => format!("not exported: {shown}: {e}"),
            };
            let _ = told.blocking_send(Event::Answer(text));
        });
    }
}

/// It holds names and ids of people at work: only this user can read it, and nothing is overwritten.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
