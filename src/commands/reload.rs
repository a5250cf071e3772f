//! A dashboard that reads its configuration again: on `:reload` and SIGHUP. What is bad is told and changes nothing.
//!
//! ```text
//!  loop asks ─► the files are read and checked, while the loop goes on ─► bad: told, and that is all
//!                                                                      └► good: the loop ends with its state kept,
//!               the loop begins anew with it ◄── a session as the files say, on the store that is open ◄──┘
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{
    Failure,
    session::{self, Base, Prepared, Session},
};
use crate::{
    app::{Notice, Topic},
    config::{Config, Env, Overrides},
    exit::Exit,
    poll::Keys,
    run::Reload,
    store::{Role, StorePlace, StoreThread},
};

/// What the files say, with the secret.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) config: Config,
    /// What the files warn of.
    pub(super) notices: Vec<Notice>,
    place: StorePlace,
    keys: Option<Keys>,
    /// Why a board has no key though one is named: it shows what others poll then.
    missing: Option<String>,
}

impl Read {
    /// Reads them; for a `board`, which needs no key.
    ///
    /// # Errors
    /// Configuration and credentials.
    pub(super) async fn new(flags: &Overrides, env: &Env, board: bool) -> Result<Read, Failure> {
        let loaded = super::load(flags, env)?;
        let notice =
            |(n, text)| Notice { topic: Topic::ConfigWarning(n), text: format!("Check the configuration: {text}") };
        let place = session::place(&loaded.config, env)?;
        let (keys, missing) = match session::keys(&loaded.config, env).await {
            Ok(keys) => (keys, None),
            Err(failure) if board && failure.exit == Exit::Credentials => (None, Some(failure.message)),
            Err(failure) => return Err(failure),
        };
        let mut notices: Vec<Notice> = loaded.warnings.into_iter().enumerate().map(notice).collect();
        notices.extend(missing.as_ref().map(|why| Notice {
            topic: Topic::ShowsOnly,
            text: format!("Correct [auth], or leave it out: this wallboard only shows what others check: {why}"),
        }));
        Ok(Read { config: loaded.config, notices, place, keys, missing })
    }

    fn prepared(&self) -> Result<Prepared, Failure> {
        let wants = self.config.watch.iter().map(|w| w.target.clone()).collect();
        Prepared::new(&self.config, Role::Dashboard, self.keys.clone(), wants)
    }

    /// Opens the store that they name, and begins.
    ///
    /// # Errors
    /// A store of a newer version, an unreadable `ca_file`; a key that is missing where nobody else polls.
    pub(super) fn open(&self) -> Result<Session, Failure> {
        let prepared = self.prepared()?;
        let base = Base::open(StoreThread::start()?, &self.config, self.place.clone())?;
        if let Some(why) = self.missing.as_ref().filter(|_| base.has_no_poller()) {
            return Err(Failure::new(Exit::Credentials, why));
        }
        base.want(&prepared)?;
        Ok(Session::on(base, &self.config, prepared))
    }

    /// Ends `session` and goes on as `new` says, on the same store where it is the same.
    ///
    /// # Errors
    /// Where neither the store of `new` nor our own can be opened any more.
    pub(super) async fn follow(self, session: Session, new: Read) -> Result<Followed, Failure> {
        let stays = |session, failure| Followed { read: self.clone(), session, same_store: true, failure };
        if let Some(base) = session.base()
            && base.is_of(&new.config, &new.place)
        {
            // Before the other one leaves: the store always knows what is wanted.
            let prepared = match new.prepared().and_then(|prepared| base.want(&prepared).map(|()| prepared)) {
                Ok(prepared) => prepared,
                Err(failure) => return Ok(stays(session, Some(failure))),
            };
            let session = match session.close().await {
                Some(base) => Session::on(base, &new.config, prepared),
                None => new.open()?,
            };
            return Ok(Followed { read: new, session, same_store: true, failure: None });
        }
        // Two paths may lead to one file: it is closed before another one is opened.
        drop(session.close().await);
        match new.open() {
            Ok(session) => Ok(Followed { read: new, session, same_store: false, failure: None }),
            Err(failure) => Ok(stays(self.open()?, Some(failure))),
        }
    }
}

/// What a dashboard goes on with.
pub(super) struct Followed {
    /// What holds now.
    pub(super) read: Read,
    pub(super) session: Session,
    /// False: what was known of the rows is another store's.
    pub(super) same_store: bool,
    /// Why the configuration is still that of before.
    pub(super) failure: Option<Failure>,
}

/// Where what was read and is good waits for the loop to end.
#[derive(Clone, Default)]
pub(super) struct Found(Arc<Mutex<Option<Read>>>);

impl Found {
    pub(super) fn take(&self) -> Option<Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Reads the files whenever it is asked to.
pub(super) fn reader(flags: &Overrides, env: &Env, board: bool) -> (Reload, Found) {
    let (reload, mut asked) = mpsc::channel::<tokio::sync::oneshot::Sender<_>>(1);
    let found = Found::default();
    let (flags, env, kept) = (flags.clone(), env.clone(), found.clone());
    tokio::spawn(async move {
        while let Some(answer) = asked.recv().await {
            let read = match Read::new(&flags, &env, board).await {
                Ok(read) => read.prepared().map(|_| read),
                Err(failure) => Err(failure),
            };
            let verdict = match read {
                Ok(read) => {
                    *kept.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
                    Ok(())
                }
                Err(failure) => Err(failure.message),
            };
            let _ = answer.send(verdict);
        }
    });
    (reload, found)
}
