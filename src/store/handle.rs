//! The store for async code: every call runs on a blocking thread, because another process may hold the file.

use std::sync::Arc;

use super::{Store, StoreError};

/// A shared store whose calls do not block the caller's thread.
#[derive(Clone)]
pub struct Handle(Arc<dyn Store>);

impl Handle {
    /// Wraps a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Handle(store)
    }

    /// The store itself, for short synchronous use (start-up, tests, reports).
    pub fn direct(&self) -> &Arc<dyn Store> {
        &self.0
    }

    /// Runs `f` on the store off the async threads.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError::Other`] if the call died.
    pub async fn call<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.0.clone();
        match tokio::task::spawn_blocking(move || f(&*store)).await {
            Ok(result) => result,
            Err(e) => Err(StoreError::Other(format!("a store call did not finish: {e}"))),
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}
