//! What the store holds, read once for many requests: however many ask, the store is not asked more often.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    report::Gathered,
    store::{Handle, StoreError},
};

/// So long one reading serves.
const SERVES: Duration = Duration::from_millis(500);
/// A store that does not answer for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the store for requests.
#[derive(Debug)]
pub(super) struct Source {
    store: Handle,
    last: Mutex<Option<(Instant, Arc<Gathered>)>>,
}

impl Source {
    pub(super) fn new(store: Handle) -> Self {
        Source { store, last: Mutex::default() }
    }

    /// What the store holds, at most [`SERVES`] old.
    pub(super) async fn read(&self) -> Result<Arc<Gathered>, StoreError> {
        let reading = async {
            let mut last = self.last.lock().await;
            if let Some((at, found)) = &*last
                && at.elapsed() < SERVES
            {
                return Ok(found.clone());
            }
            let found = Arc::new(self.store.call(Gathered::read).await?);
            *last = Some((Instant::now(), found.clone()));
            Ok(found)
        };
        match timeout(PATIENCE, reading).await {
            Ok(read) => read,
            Err(_) => Err(StoreError::Busy("the store".into())),
        }
    }
}
