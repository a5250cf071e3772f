//! One process on an account: the store opened, the poller running, and both given back at the end.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use secrecy::SecretString;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    alerting,
    api::{Client, HttpOptions, HttpTransport},
    commands::{Failure, stop},
    config::{
        Config, Env, Floor, SecretSource, StoreUrl, Watched, paths,
        secret::{self, Credentials},
    },
    domain::{Clock, Quiet, SystemClock, Target},
    exit::Exit,
    poll::{Keys, Notifiers, Poller, Rules, Setup, TokenSource},
    store::{
        self, Attention, Handle, Instance, Opened, Pace, PermitAsk, PermitKind, Role, ServerPlace, Store, StoreError,
        StoreNotice, StorePlace, StoreThread, open_for,
    },
};

/// How long a clean exit may take; a generation under way is worth waiting for, but not forever.
const STOP: Duration = Duration::from_secs(3);

/// The first wants hold until the dashboard or the sweep says its own.
const FIRST_WANT: Duration = Duration::from_secs(30);
/// Named to the service with each request.
const USER_AGENT: &str = concat!("ahtop/", env!("CARGO_PKG_VERSION"));

/// What a session is opened with.
pub(crate) struct Open<'a> {
    pub(crate) config: &'a Config,
    /// Where its store is.
    pub(crate) place: StorePlace,
    /// What this process does.
    pub(crate) role: Role,
    /// As whom it polls; `None`: it only watches.
    pub(crate) keys: Option<Keys>,
    /// What it wants from the first moment on.
    pub(crate) wants: Vec<Target>,
}

/// The open store of an account and the thread that it is used on. Sessions on it may follow each other: a process that
/// opened its store a second time would have two connections that nothing keeps apart, and the system takes away the
/// locks of a process on a file when it closes any descriptor of it.
pub(crate) struct Base {
    store: Handle,
    clock: Arc<dyn Clock>,
    notices: Vec<StoreNotice>,
    /// Which store is open, and for which account, whose limit is kept over all stores.
    place: (StorePlace, String),
    /// Ends last, with its tasks.
    _thread: StoreThread,
}

impl Base {
    /// Opens the store that `config` names.
    ///
    /// # Errors
    /// A store of a newer version.
    pub(crate) fn open(thread: StoreThread, config: &Config, place: StorePlace) -> Result<Base, Failure> {
        let account = account(config);
        let Opened { store, clock, notices } = open_for(&place, Arc::new(SystemClock::new()), Some(&account))?;
        Ok(Base { store: Handle::on(&thread, store), clock, notices, place: (place, account), _thread: thread })
    }

    /// True where this is the store at `place` for the account of `config`.
    pub(crate) fn is_of(&self, config: &Config, place: &StorePlace) -> bool {
        self.place.0 == *place && self.place.1 == account(config)
    }

    /// True where it is known that nobody polls.
    pub(crate) fn has_no_poller(&self) -> bool {
        matches!(self.store.direct().lease_holder(), Ok(None))
    }

    /// Says what `next` wants before it begins: it polls at once then. A server that cannot be reached is told later.
    ///
    /// # Errors
    /// Where the store does not take it.
    pub(crate) fn want(&self, next: &Prepared) -> Result<(), Failure> {
        let store = self.store.direct();
        let listed = |target| (target, Attention::Listed);
        let said = wanted(&**store, &[], next.floor.as_deref()).and_then(|mut wants| {
            wants.extend(next.wants.iter().cloned().map(listed));
            store.want(&next.me, &wants, FIRST_WANT)
        });
        match said {
            Err(StoreError::Unreachable { .. }) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// The rooms that every command on an account needs, wired.
pub(crate) struct Session {
    pub(crate) store: Handle,
    /// Wake-ups between the poller and the rest.
    pub(crate) notifiers: Notifiers,
    pub(crate) me: Instance,
    pub(crate) clock: Arc<dyn Clock>,
    /// What opening the store has to say.
    pub(crate) notices: Vec<StoreNotice>,
    /// Whether this process may poll.
    pub(crate) may_poll: bool,
    cancel: CancellationToken,
    poller: Option<JoinHandle<()>>,
    /// Looks after the alerts while this process polls.
    alerting: Option<JoinHandle<()>>,
    /// `None`: what is shown is the past.
    base: Option<Base>,
}

/// What a session needs beside its store, checked.
pub(crate) struct Prepared {
    me: Instance,
    wants: Vec<Target>,
    /// Who is logged in is wanted, too.
    floor: Option<Arc<Floor>>,
    poller: Option<(Arc<Client>, Keys)>,
}

impl Prepared {
    /// Checks what can be wrong before anything begins.
    ///
    /// # Errors
    /// An unreadable `ca_file`.
    pub(crate) fn new(config: &Config, role: Role, keys: Option<Keys>, wants: Vec<Target>) -> Result<Self, Failure> {
        let poller = match keys {
            Some(keys) => Some((Arc::new(client(config, &keys)?), keys)),
            None => None,
        };
        Ok(Prepared { me: Instance::here(role), wants, floor: config.floor.clone(), poller })
    }
}

impl Session {
    /// Opens the store and starts a poller where there are keys.
    ///
    /// # Errors
    /// A store of a newer version, an unreadable `ca_file`.
    pub(crate) fn open(open_with: Open<'_>) -> Result<Session, Failure> {
        Session::open_at(StoreThread::start()?, open_with)
    }

    /// The same for what is configured, with the store and the secret that `config` and `env` name.
    ///
    /// # Errors
    /// Those of the secret too.
    pub(crate) async fn configured(
        config: &Config,
        env: &Env,
        role: Role,
        wants: Vec<Target>,
    ) -> Result<Session, Failure> {
        Session::open(Open { config, place: place(config, env)?, role, keys: keys(config, env).await?, wants })
    }

    /// The same on a thread that is there already, which ends with the session.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub(crate) fn open_at(thread: StoreThread, open_with: Open<'_>) -> Result<Session, Failure> {
        let Open { config, place, role, keys, wants } = open_with;
        let prepared = Prepared::new(config, role, keys, wants)?;
        let base = Base::open(thread, config, place)?;
        base.want(&prepared)?;
        Ok(Session::on(base, config, prepared))
    }

    /// The same on a store that is open.
    pub(crate) fn on(base: Base, config: &Config, prepared: Prepared) -> Session {
        let Prepared { me, wants: _, floor: _, poller } = prepared;
        let (notifiers, cancel, store) = (Notifiers::default(), CancellationToken::new(), base.store.clone());
        let may_poll = poller.is_some();
        let poller = poller.map(|(client, keys)| {
            let keys = match keys {
                Keys::Source(source) => Keys::Source(Arc::new(Until { source, cancel: cancel.clone() })),
                keys => keys,
            };
            let rules = rules(config, me.role);
            let setup = Setup {
                store: store.clone(),
                client,
                keys,
                me: me.clone(),
                rules,
                notifiers: notifiers.clone(),
                seed: rand::random(),
            };
            store.spawn(Poller::new(setup).run(cancel.clone()))
        });
        let alerting = may_poll.then(|| {
            let setup = alerting::Setup {
                store: store.clone(),
                me: me.clone(),
                account: config.account.name.as_str().into(),
                watched: config.watch.clone().into(),
                floor: config.floor.clone(),
                policy: alerting::policy(config),
                quiet: quiet(config),
                hooks: config.hooks.clone(),
                feed: notifiers.feed.clone(),
            };
            store.spawn(alerting::run(setup, cancel.clone()))
        });
        let (clock, notices) = (base.clock.clone(), base.notices.clone());
        Session { store, notifiers, me, clock, notices, may_poll, cancel, poller, alerting, base: Some(base) }
    }

    /// The store that it is on, unless that is the past.
    pub(crate) fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// Waits until the poller ends by itself, which it never should. Without one it waits forever.
    pub(crate) async fn poller_ended(&mut self) {
        match &mut self.poller {
            Some(poller) => {
                if let Err(e) = poller.await {
                    tracing::error!("the task that checks the service ended unexpectedly: {e}");
                }
                self.poller = None;
            }
            None => std::future::pending().await,
        }
    }

    /// A session on what a store held once: nobody polls.
    pub(crate) fn of_the_past(
        store: Handle,
        notifiers: Notifiers,
        me: Instance,
        clock: Arc<dyn Clock>,
        cancel: CancellationToken,
        alerting: JoinHandle<()>,
    ) -> Session {
        let alerting = Some(alerting);
        Session {
            store,
            notifiers,
            me,
            clock,
            notices: Vec::new(),
            may_poll: true,
            cancel,
            poller: None,
            alerting,
            base: None,
        }
    }

    /// Stops the poller and gives back the lease and what was wanted. The store is closed with what is returned.
    pub(crate) async fn close(self) -> Option<Base> {
        self.cancel.cancel();
        if let Some(alerting) = self.alerting
            && tokio::time::timeout(STOP, alerting).await.is_err()
        {
            tracing::warn!("the alerts were not saved in time");
        }
        if let Some(poller) = self.poller {
            if tokio::time::timeout(STOP, poller).await.is_err() {
                tracing::warn!("the last request did not end in time; the lease expires by itself");
            }
            return self.base;
        }
        let me = self.me;
        if let Err(e) = self.store.call(move |s| s.leave(&me)).await {
            tracing::warn!("leaving: {e}");
        }
        self.base
    }
}

/// The way to the service, as configured.
///
/// # Errors
/// An unreadable `ca_file`, a system without authorities.
fn transport(config: &Config) -> Result<HttpTransport, Failure> {
    Ok(HttpTransport::new(&HttpOptions {
        base_url: config.account.base_url.clone(),
        connect_timeout: config.poll.connect_timeout,
        timeout: config.poll.timeout,
        ca_file: config.account.ca_file.clone(),
        user_agent: USER_AGENT.into(),
    })?)
}

/// The client of the account; what the service repeats of the key is not shown.
pub(crate) fn client(config: &Config, keys: &Keys) -> Result<Client, Failure> {
    let client = Client::new(Arc::new(transport(config)?), config.account.user_name.as_str());
    Ok(match keys {
        Keys::Token(key) | Keys::Basic(key) => client.hiding(key.clone()),
        Keys::Source(_) => client,
    })
}

/// What `watch` and those who are logged in by the store come to, as wants.
pub(crate) fn wanted(
    store: &dyn Store,
    watch: &[Watched],
    floor: Option<&Floor>,
) -> Result<Vec<(Target, Attention)>, StoreError> {
    let watched = store::watched_now(store, watch, floor)?;
    Ok(watched.into_iter().map(|watched| (watched.target, Attention::Listed)).collect())
}

fn rules(config: &Config, role: Role) -> Rules {
    // What ends with its answer shows nobody's presence: that request is saved.
    let asks_for_presence = config.presence.auto && (role != Role::Command || config.floor.is_some());
    Rules {
        budget: config.budget,
        min_interval: config.poll.min_interval,
        timeout: config.poll.timeout,
        keep: config.history_keep,
        bands: config.watch.iter().map(|w| (w.target.clone(), w.band)).collect(),
        floor: config.floor.clone(),
        presence: asks_for_presence.then_some(config.presence.interval),
        quiet: quiet(config),
    }
}

/// What the limit and the token belong to, over all stores: the service and the user name.
pub(crate) fn account(config: &Config) -> String {
    format!("{} {}", config.account.base_url, config.account.user_name)
}

/// What the permit of a command's own request is asked with.
pub(crate) fn permit_ask(config: &Config) -> PermitAsk {
    PermitAsk {
        kind: PermitKind::Aht,
        cap: config.budget.requests_per_minute,
        pace: Pace::Burst,
        void_after: Duration::from_secs(1),
        timeout: config.poll.timeout,
    }
}

/// Where the store is. A program that gives the password of its server is run for that.
///
/// # Errors
/// Where the system names no directory for a file; those of the password's source, with [`Exit::Credentials`].
pub(crate) fn place(config: &Config, env: &Env) -> Result<StorePlace, Failure> {
    let StoreUrl::Postgres(url) = &config.store_url else {
        return paths::store_file(config, env).map(StorePlace::File).ok_or_else(|| {
            let message = "there is no home directory to keep the store in: set AHTOP_STATE_DIR, or [store] url";
            Failure::new(Exit::Config, message)
        });
    };
    let password = std::thread::scope(|scope| {
        // On a thread of its own: the caller's may have a runtime already.
        let ask = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok::<_, std::io::Error>(runtime.block_on(secret::store_password(&config.store_server, url, env)))
        });
        ask.join().unwrap_or_else(|_| Err(std::io::Error::other("the password could not be asked for")))
    });
    let password = password?.map_err(|e| Failure::new(Exit::Credentials, e.to_string()))?;
    Ok(StorePlace::Server(Box::new(ServerPlace {
        schema: url.schema_for(&config.account.name),
        url: url.clone(),
        password,
        ca_file: config.store_server.ca_file.clone(),
    })))
}

/// Loads what the configuration names as the secret.
///
/// # Errors
/// Those of the source, with [`Exit::Credentials`].
pub(crate) async fn keys(config: &Config, env: &Env) -> Result<Option<Keys>, Failure> {
    let Some(auth) = &config.auth else { return Ok(None) };
    // A command has a process group of its own, where the terminal's Ctrl-C does not reach it.
    let credentials = if matches!(auth.source, SecretSource::KeyCommand(_)) {
        let stop = stop::signal();
        tokio::select! {
            credentials = secret::credentials(auth, env) => credentials,
            number = stop => return Err(Failure::new(Exit::Signal(number), "")),
        }
    } else {
        secret::credentials(auth, env).await
    };
    let credentials = credentials.map_err(|e| Failure::new(Exit::Credentials, e.to_string()))?;
    Ok(Some(match credentials {
        Credentials::TokenFromKey(key) => Keys::Token(key),
        Credentials::Basic(key) => Keys::Basic(key),
        Credentials::TokenFromCommand(argv) => Keys::Source(Arc::new(Command(argv))),
    }))
}

/// The zone of what is shown.
pub(crate) fn zone(config: &Config) -> TimeZone {
    let named = config.account.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    named.unwrap_or_else(TimeZone::system)
}

/// When nothing is polled.
pub(crate) fn quiet(config: &Config) -> Quiet {
    Quiet::new(config.quiet.clone(), zone(config))
}

/// `[auth] token_command`.
struct Command(Vec<String>);

impl TokenSource for Command {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<SecretString, String>> + Send + '_>> {
        Box::pin(async { secret::token_from(&self.0).await.map_err(|e| e.to_string()) })
    }
}

/// A source that is asked no longer than the session lasts: its program ends with it.
struct Until {
    source: Arc<dyn TokenSource>,
    cancel: CancellationToken,
}

impl TokenSource for Until {
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<SecretString, String>> + Send + '_>> {
        Box::pin(async {
            let token = self.cancel.run_until_cancelled(self.source.token()).await;
            token.unwrap_or_else(|| Err("the process that asked for a token has ended".into()))
        })
    }
}
