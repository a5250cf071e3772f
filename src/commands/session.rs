//! One process on an account: the store opened, the poller running, and both given back at the end.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Client, HttpOptions, HttpTransport},
    config::Config,
    domain::Clock,
    exit::Failure,
    poll::{Keys, Poller, Rules, Setup, Wakes},
    store::{Handle, Instance, Role, open},
};

/// How long a clean exit may take; a minting under way is worth waiting for, but not forever.
const STOP: Duration = Duration::from_secs(3);

/// The rooms that every command on an account needs, wired.
pub(crate) struct Session {
    /// The shared state.
    pub(crate) store: Handle,
    /// Wake-ups between the poller and the rest.
    pub(crate) wakes: Wakes,
    /// This process.
    pub(crate) me: Instance,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// What opening the store has to say.
    pub(crate) notices: Vec<String>,
    /// Whether this process may poll.
    pub(crate) may_poll: bool,
    cancel: CancellationToken,
    poller: Option<JoinHandle<()>>,
}

impl Session {
    /// Opens the store at `config.store_url` (`auto` is `auto_path`) and starts a poller where there are `keys`.
    ///
    /// # Errors
    /// A store of a newer version, a bad URL, an unreadable `ca_file`.
    pub(crate) fn open(
        config: &Config,
        auto_path: &Path,
        role: Role,
        keys: Option<Keys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Session, Failure> {
        let opened = open(&config.store_url, auto_path, clock.clone())?;
        let store = Handle::new(opened.store);
        let (me, wakes, cancel) = (Instance::here(role), Wakes::default(), CancellationToken::new());
        let may_poll = keys.is_some();
        let poller = match keys {
            Some(keys) => {
                let transport = HttpTransport::new(&HttpOptions {
                    base_url: config.account.base_url.clone(),
                    connect_timeout: config.poll.connect_timeout,
                    timeout: config.poll.timeout,
                    ca_file: config.account.ca_file.clone(),
                })?;
                let poller = Poller::new(Setup {
                    store: store.clone(),
                    client: Arc::new(Client::new(Arc::new(transport), config.account.user_name.as_str())),
                    keys,
                    me: me.clone(),
                    rules: Rules {
                        budget: config.budget,
                        min_interval: config.poll.min_interval,
                        timeout: config.poll.timeout,
                        keep: config.history_keep,
                    },
                    wakes: wakes.clone(),
                    seed: rand::random(),
                });
                Some(tokio::spawn(poller.run(cancel.clone())))
            }
            None => None,
        };
        Ok(Session { store, wakes, me, clock, notices: opened.notices, may_poll, cancel, poller })
    }

    /// Stops the poller and gives back the lease and what was wanted.
    pub(crate) async fn close(self) {
        self.cancel.cancel();
        if let Some(poller) = self.poller {
            if tokio::time::timeout(STOP, poller).await.is_err() {
                tracing::warn!("the poller did not stop in time; its lease runs out by itself");
            }
        } else {
            let me = self.me;
            if let Err(e) = self.store.call(move |s| s.leave(&me)).await {
                tracing::warn!("leaving: {e}");
            }
        }
    }
}
