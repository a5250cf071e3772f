//! The store for async code: calls never hold up the thread that answers keys, because another process may hold the
//! file.

use std::{
    cell::Cell,
    convert::Infallible,
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{runtime, sync::oneshot, task::JoinHandle, time::sleep};

use super::{Bundles, Heard, Store, StoreError};

thread_local! {
    /// True on the thread of a [`StoreThread`].
    static ON_STORE_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// A thread for all that mostly talks to the store. There a call is an ordinary one; from elsewhere each takes two
/// hand-overs between threads, which cost more than the call itself.
#[derive(Debug)]
pub struct StoreThread {
    runtime: runtime::Handle,
    /// The thread ends when this is dropped. It is not waited for: a call that hangs must not keep the program from
    /// ending.
    _until: oneshot::Sender<Infallible>,
}

impl StoreThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn start() -> io::Result<StoreThread> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (until, dropped) = oneshot::channel();
        thread::Builder::new().name("store".into()).spawn(move || {
            ON_STORE_THREAD.set(true);
            // Ends with the sender; nothing is ever sent.
            let _ = runtime.block_on(dropped);
            runtime.shutdown_background();
        })?;
        Ok(StoreThread { runtime: handle, _until: until })
    }

    /// Starts a task on the thread.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.runtime.spawn(task)
    }
}

/// A shared store whose calls do not block the caller's thread, unless that is the store's own.
#[derive(Clone)]
pub struct Handle {
    store: Arc<dyn Store>,
    calls: Calls,
}

/// Where the calls of a [`Handle`] are made.
#[derive(Clone)]
enum Calls {
    /// On a blocking thread.
    Blocking,
    /// On the thread of a [`StoreThread`].
    StoreThread(runtime::Handle),
    /// On a blocking thread, though the tasks are on that of a [`StoreThread`]: a server may be waited for.
    Away(runtime::Handle),
    /// On the caller's thread, where each takes so many milliseconds.
    Here(Arc<AtomicU64>),
}

impl Handle {
    /// Wraps a store. Each call runs on a blocking thread.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Handle { store, calls: Calls::Blocking }
    }

    /// Wraps a store whose calls are made on the caller's thread, each at once: for simulations, which must go the same way
    /// each time. `slowness`: how many milliseconds a call takes in the simulated time, as on a slow disk.
    pub fn here(store: Arc<dyn Store>, slowness: Arc<AtomicU64>) -> Self {
        Handle { store, calls: Calls::Here(slowness) }
    }

    /// Wraps a store that has a thread of its own.
    pub fn on(thread: &StoreThread, store: Arc<dyn Store>) -> Self {
        let there = thread.runtime.clone();
        Handle { calls: if store.is_local() { Calls::StoreThread(there) } else { Calls::Away(there) }, store }
    }

    /// The store itself, for short synchronous use (start-up, tests, reports).
    pub fn direct(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What was heard of changes until now; `None` where nothing is heard, so that one has to look.
    pub fn heard(&self) -> Option<Heard> {
        self.store.bundles().and_then(Bundles::heard)
    }

    /// Starts a task that mostly talks to the store: on its thread where it has one.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.calls {
            Calls::StoreThread(thread) | Calls::Away(thread) => thread.spawn(task),
            Calls::Blocking | Calls::Here(_) => tokio::spawn(task),
        }
    }

    /// Runs `f` on the store: here where this is the store's thread, else off the async threads.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError::Other`] if the call died.
    pub async fn call<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let direct = match &self.calls {
            Calls::Here(slowness) => {
                let half = Duration::from_millis(slowness.load(Ordering::Relaxed) / 2);
                if half.is_zero() {
                    return f(&*self.store);
                }
                sleep(half).await;
                let result = f(&*self.store);
                sleep(half).await;
                return result;
            }
            Calls::StoreThread(_) => ON_STORE_THREAD.get(),
            Calls::Blocking | Calls::Away(_) => false,
        };
        if direct {
            return f(&*self.store);
        }
        let store = self.store.clone();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::SystemClock, store::SqliteStore};

    #[tokio::test]
    async fn a_call_is_made_on_the_stores_thread_or_off_the_callers_but_never_on_it() {
        let store = Arc::new(SqliteStore::memory(Arc::new(SystemClock::new())).unwrap());
        let where_from = |handle: Handle| async move { handle.call(|_| Ok(thread::current().id())).await.unwrap() };
        let thread = StoreThread::start().unwrap();
        let handle = Handle::on(&thread, store.clone());
        let inside = handle.clone();
        let task = handle.spawn(async move { (thread::current().id(), where_from(inside).await) });
        let (here, there) = task.await.unwrap();
        assert_eq!(here, there, "no hand-over on its own thread");
        assert_ne!(where_from(handle).await, thread::current().id());
        assert_ne!(where_from(Handle::new(store.clone())).await, thread::current().id());
        assert_eq!(where_from(Handle::here(store, Arc::default())).await, thread::current().id());
    }
}
