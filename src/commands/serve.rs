//! `ahtop serve`: the headless poller for a service manager. Dashboards leave the polling to it and watch.
//!
//! ```text
//!   start ─► READY ─► beat every few seconds: wants said again, STATUS, WATCHDOG while the poller lives ─┐
//!                       ▲  SIGHUP: RELOADING ─► configuration and secret read again ─► READY ────────────┤
//!                       │                       (what is wrong with them is told, and the old ones stay)  │
//!                       └─────────────────────────────────────────────────────────────────────────────────┤
//!   STOPPING ◄── SIGTERM (exit 0: that is how a service is stopped), SIGINT (130: somebody at a terminal) ┘
//! ```

use std::{io, time::Duration};

use sd_notify::NotifyState;
use secrecy::SecretString;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{sleep, timeout},
};

use super::{
    Failure, listener, log_trouble,
    session::{self, Base, Prepared, Session},
};
use crate::{
    config::{Config, Env, Overrides},
    domain::{Now, Problem, SILENT_AFTER, Severity, clean_line, opening},
    exit::Exit,
    poll::Keys,
    store::{Event, EventKind, Instance, Link, Role, Status, StorePlace, StoreThread, Words},
    web::{self, Bound},
};

/// How often the wants are said again and the service manager is told how it goes, unless its watchdog wants it sooner.
const BEAT: Duration = Duration::from_secs(10);
/// How often in the first minute, until the service has answered: a secret that is refused ends it soon.
const FIRST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long the wants hold.
const WANT_TTL: Duration = Duration::from_secs(30);
/// A store that does not answer for so long does not live.
const PATIENCE: Duration = Duration::from_secs(5);

/// Polls until it is told to stop.
///
/// # Errors
/// Configuration, credentials, store; later ones only end it where the poller itself dies.
pub async fn run(flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let (mut ends, mut reload) = (Ends::new()?, signal(SignalKind::hangup())?);
    let mut service = tokio::select! {
        started = Service::start(flags, env) => started?,
        exit = ends.come() => return Ok(exit),
    };
    let beat = sd_notify::watchdog_enabled().map_or(BEAT, |limit| (limit / 2).min(BEAT));
    tell(&[NotifyState::Ready]);
    loop {
        if let Some(status) = service.beat().await
            && let Some(failure) = service.heard(status)
        {
            tell(&[NotifyState::Stopping]);
            service.close().await;
            return Err(failure);
        }
        let next = service.rhythm(beat);
        tokio::select! {
            biased;
            exit = ends.come() => {
                tracing::info!("stopping");
                tell(&[NotifyState::Stopping]);
                service.close().await;
                return Ok(exit);
            }
            () = service.session.poller_ended() => {
                return Err(Failure::new(Exit::Unexpected, "ahtop: the task that checks the service ended \
                 unexpectedly; the log says where"));
            }
            _ = reload.recv() => {
                let mut reloading = vec![NotifyState::Reloading];
                reloading.extend(NotifyState::monotonic_usec_now());
                tell(&reloading);
                service = match service.reload(flags, env).await {
                    Ok(service) => service,
                    Err(failure) => {
                        tell(&[NotifyState::Stopping]);
                        return Err(failure);
                    }
                };
                tell(&[NotifyState::Ready]);
            }
            () = sleep(next) => {}
        }
    }
}

/// Tells the service manager, where there is one.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(state) {
        tracing::warn!("the service manager cannot be told: {e}");
    }
}

/// The signals that end it.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> io::Result<Self> {
        Ok(Ends { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one, and says how the program ends.
    async fn come(&mut self) -> Exit {
        tokio::select! {
            _ = self.terminate.recv() => Exit::Ok,
            _ = self.interrupt.recv() => Exit::Signal(2),
        }
    }
}

/// What the files say, checked.
struct Read {
    config: Config,
    place: StorePlace,
    keys: Keys,
    prepared: Prepared,
    token: Option<SecretString>,
}

impl Read {
    async fn new(flags: &Overrides, env: &Env) -> Result<Read, Failure> {
        let loaded = super::load(flags, env)?;
        loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let Some(keys) = session::keys(&loaded.config, env).await? else {
            let message = "serve needs an [auth] section: without credentials it cannot check the service";
            return Err(Failure::new(Exit::Credentials, message));
        };
        let place = session::place(&loaded.config, env)?;
        let token = listener::token(&loaded.config, env)?;
        Read::again(loaded.config, place, keys, token)
    }

    /// What was read before.
    fn again(config: Config, place: StorePlace, keys: Keys, token: Option<SecretString>) -> Result<Read, Failure> {
        let wants = config.watch.iter().map(|w| w.target.clone()).collect();
        let prepared = Prepared::new(&config, Role::Serve, Some(keys.clone()), wants)?;
        Ok(Read { config, place, keys, prepared, token })
    }
}

/// The account that is served.
struct Service {
    config: Config,
    place: StorePlace,
    keys: Keys,
    token: Option<SecretString>,
    session: Session,
    /// Answers over HTTP, where that is wanted.
    listener: Option<web::Server>,
    started: Now,
    /// What the log was told last, and whether the service ever answered us.
    told: Option<Link>,
    proven: bool,
}

impl Service {
    async fn start(flags: &Overrides, env: &Env) -> Result<Service, Failure> {
        let read = Read::new(flags, env).await?;
        let bound = listener::bind(&read.config)?;
        let mut service = Service::open(read)?;
        service.listen(bound);
        Ok(service)
    }

    fn open(read: Read) -> Result<Service, Failure> {
        let base = Base::open(StoreThread::start()?, &read.config, read.place.clone())?;
        base.want(&read.prepared)?;
        let service = Service::on(base, read);
        service.session.notices.iter().for_each(|notice| tracing::warn!("{}", notice.text));
        Ok(service)
    }

    /// On a store that is open and knows what is wanted.
    fn on(base: Base, read: Read) -> Service {
        let Read { config, place, keys, prepared, token } = read;
        let session = Session::on(base, &config, prepared);
        let from = config.file.as_ref().map_or_else(|| "no file".into(), |p| p.display().to_string());
        tracing::info!(
            "serving account {}: {} watched ({}), as {}",
            config.account.name,
            config.most_watched(),
            clean_line(&from, 400),
            session.me.label()
        );
        let started = session.clock.now();
        Service { config, place, keys, token, session, listener: None, started, told: None, proven: false }
    }

    /// Begins to answer over HTTP.
    fn listen(&mut self, bound: Option<Bound>) {
        self.listener = bound.map(|bound| {
            tracing::info!("listening on {}", bound.address());
            listener::start(bound, &self.config, &self.session, self.token.clone())
        });
    }

    /// Begins anew with what the files say now, on the store that is open unless another one is named. Where that cannot
    /// be, everything stays as it was, and says so.
    ///
    /// # Errors
    /// Where neither the new store nor the one of before can be opened.
    async fn reload(self, flags: &Overrides, env: &Env) -> Result<Service, Failure> {
        let (service, text) = match Read::new(flags, env).await {
            Ok(read) => self.follow_listening(read).await?,
            Err(failure) => (self, Err(failure)),
        };
        let text = match text {
            Ok(()) => "the configuration was read again".to_owned(),
            Err(failure) => {
                let text = format!("correct the configuration (the old one stays in use): {}", failure.message);
                tracing::error!("{text}");
                text
            }
        };
        service.note(&text).await;
        Ok(service)
    }

    /// Tells every dashboard's log panel.
    async fn note(&self, text: &str) {
        let (at, me) = (self.session.clock.now().stamp(), self.session.me.label());
        let text = clean_line(&text.replace('\n', "; "), 400);
        // What is bad about a configuration may be an id in it.
        let text = Words::default().said(&*text, opening(&text));
        let event = Event { at, kind: EventKind::Config, who: me.into(), text };
        if let Err(e) = self.session.store.call(move |s| s.note(&event)).await {
            tracing::warn!("{e}");
        }
    }

    /// The same with the listener: it goes on with the same socket where the address is the same, and a new address must
    /// be free before anything is given up.
    async fn follow_listening(mut self, read: Read) -> Result<(Service, Result<(), Failure>), Failure> {
        let stays = self.config.serve.listen == read.config.serve.listen;
        let new = match stays {
            true => None,
            false => match listener::bind(&read.config) {
                Ok(new) => new,
                Err(failure) => return Ok((self, Err(failure))),
            },
        };
        let old = match self.listener.take() {
            Some(listener) => listener.stop().await,
            None => None,
        };
        let (mut service, followed) = self.follow(read).await?;
        service.listen(if stays || followed.is_err() { old } else { new });
        Ok((service, followed))
    }

    /// Goes on as `read` says, or as before, and why.
    async fn follow(self, read: Read) -> Result<(Service, Result<(), Failure>), Failure> {
        if let Some(base) = self.session.base()
            && base.is_of(&read.config, &read.place)
        {
            // Before the other one leaves: the store always knows what is wanted.
            if let Err(failure) = base.want(&read.prepared) {
                return Ok((self, Err(failure)));
            }
            return match self.session.close().await {
                Some(base) => Ok((Service::on(base, read), Ok(()))),
                None => Service::open(read).map(|service| (service, Ok(()))),
            };
        }
        let Service { config, place, keys, token, session, .. } = self;
        // Two paths may lead to one file: it is closed before another one is opened.
        drop(session.close().await);
        Service::open(read).map(|service| (service, Ok(()))).or_else(|failure| {
            let service = Service::open(Read::again(config, place, keys, token)?)?;
            Ok((service, Err(failure)))
        })
    }

    /// Ends everything, the clients first.
    async fn close(mut self) {
        if let Some(listener) = self.listener.take() {
            drop(listener.stop().await);
        }
        self.session.close().await;
    }

    fn rhythm(&self, beat: Duration) -> Duration {
        let young = self.session.clock.now().mono.since(self.started.mono) < FIRST.1;
        if young && !self.proven { FIRST.0.min(beat) } else { beat }
    }

    /// Takes in how our own polling goes: a change goes into the log, and a secret that is refused from the start ends it.
    fn heard(&mut self, status: Status) -> Option<Failure> {
        // The link may be what an earlier poller knew of it, with another secret.
        self.proven |= status.traffic.totals.is_accepted();
        let link = status.link;
        let refused = matches!(link, Link::Credentials { .. }) && !self.proven;
        let sentence = clean_line(&link.sentence(), 400);
        if self.told.as_ref().map(std::mem::discriminant) != Some(std::mem::discriminant(&link)) {
            match link.problem().map(Problem::severity) {
                None | Some(Severity::Info) => tracing::info!("{sentence}"),
                Some(Severity::Warning | Severity::Error) => tracing::warn!("{sentence}"),
            }
            self.told = Some(link);
        }
        refused.then(|| Failure::new(Exit::Credentials, sentence))
    }

    /// Says again what is wanted, and how it goes; gives the status where we poll. Without a sign of life from the poller
    /// the watchdog is not fed.
    async fn beat(&self) -> Option<Status> {
        // A store that hangs does not keep the rest of the beat from being said.
        if let Some(why) = log_trouble()
            && timeout(PATIENCE, self.note(&why)).await.is_err()
        {
            tracing::warn!("cannot tell the dashboards: {why}");
        }
        let (watch, floor) = (self.config.watch.clone(), self.config.floor.clone());
        let me = self.session.me.clone();
        let asked = self.session.store.call(move |s| {
            let known = (s.lease_holder()?, s.status()?);
            let wants = session::wanted(s, &watch, floor.as_deref())?;
            s.want(&me, &wants, WANT_TTL)?;
            Ok(known)
        });
        match timeout(PATIENCE, asked).await {
            Ok(Ok((holder, status))) => {
                let now = self.session.clock.now();
                let line = line(holder.as_ref(), status.as_ref(), &self.session.me);
                tell(&[NotifyState::Status(&line)]);
                if is_silent(holder.as_ref(), status.as_ref(), &self.session.me, &self.started, &now) {
                    tracing::error!("this process has not reported a check for {} s", SILENT_AFTER.as_secs());
                } else {
                    tell(&[NotifyState::Watchdog]);
                }
                let ours = holder.is_some_and(|holder| holder.id == self.session.me.id);
                // What somebody said before us is not ours.
                return status.filter(|s| ours && now.mono_of(&s.at) >= self.started.mono);
            }
            // A store that fails is no reason to be killed: it is tried again, and there is a substitute in memory.
            Ok(Err(e)) => {
                tracing::warn!("{e}");
                tell(&[NotifyState::Status(&clean_line(&e.to_string(), 200)), NotifyState::Watchdog]);
            }
            Err(_) => tracing::error!("the store has not answered for {} s", PATIENCE.as_secs()),
        }
        None
    }
}

/// One line for `systemctl status`.
fn line(holder: Option<&Instance>, status: Option<&Status>, me: &Instance) -> String {
    match holder {
        Some(holder) if holder.id == me.id => match status {
            None => "checking the service".into(),
            Some(Status { link: Link::Live, targets, rate, .. }) => {
                format!("checking {targets} watched at {rate:.0} requests a minute")
            }
            Some(status) => clean_line(&format!("checking the service: {}", status.link.sentence()), 200),
        },
        Some(holder) => format!("waiting: {} checks the service", holder.label_for(me)),
        None => "about to check the service".into(),
    }
}

/// True where we poll and the poller has said nothing for too long.
fn is_silent(holder: Option<&Instance>, status: Option<&Status>, me: &Instance, started: &Now, now: &Now) -> bool {
    let running = now.mono.since(started.mono);
    let said = status.map_or(running, |s| s.at.age(now)).min(running);
    holder.is_some_and(|h| h.id == me.id) && said >= SILENT_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock};

    fn instance(id: &str) -> Instance {
        Instance { id: id.into(), pid: 7, host: "h".into(), role: Role::Dashboard }
    }

    fn status(now: &Now, link: Link) -> Status {
        Status { rate: 45.0, targets: 44, sweep: BEAT, ..Status::new(now.stamp(), link) }
    }

    #[test]
    fn the_service_manager_is_told_who_polls_and_how_it_goes() {
        let now = ManualClock::at(jiff::Timestamp::UNIX_EPOCH).now();
        let (me, other) = (instance("me"), instance("other"));
        let live = status(&now, Link::Live);
        assert_eq!(line(Some(&me), Some(&live), &me), "checking 44 watched at 45 requests a minute");
        assert_eq!(line(Some(&other), Some(&live), &me), "waiting: pid 7 (dashboard) checks the service");
        assert_eq!(line(None, None, &me), "about to check the service");
        let down = status(&now, Link::Credentials { why: "wrong\nkey".into(), until: now.stamp() });
        assert_eq!(line(Some(&me), Some(&down), &me), "checking the service: credentials refused: wrong key");
    }

    #[test]
    fn only_a_poller_that_should_speak_and_does_not_is_silent() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (me, other) = (instance("me"), instance("other"));
        let old = status(&clock.now(), Link::Live);
        clock.advance(SILENT_AFTER * 10);
        let started = clock.now();
        let silent = |holder: &Instance, now: &Now| is_silent(Some(holder), Some(&old), &me, &started, now);
        assert!(!silent(&me, &clock.now()), "it has only begun");
        clock.advance(SILENT_AFTER);
        assert!(silent(&me, &clock.now()) && !silent(&other, &clock.now()));
        assert!(!is_silent(None, None, &me, &started, &clock.now()));
    }
}
