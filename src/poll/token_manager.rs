//! Keeps the token: takes the stored one, renews it before its end, and never generates one in a loop.
//!
//! A new token invalidates every earlier one, and an account has ten generations an hour for all its programs. So the
//! store is read again before anybody generates one, one process generates at a time, generations are spaced wider and
//! wider, and four in an hour are the ceiling; while it is reached the last values stay on the screen and say how old
//! they are.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::{
    api::{Auth, Client, NetworkError, Reply, TokenReply},
    config::Budget,
    domain::{BootTime, EventTime, Now, clean_line, opening},
    store::{
        Event, EventKind, GenerationAnswer, GenerationAsk, GenerationEnd, Handle, Hit, Instance, Link, Pace,
        PermitAnswer, PermitAsk, PermitKind, StoreError, Token, Words,
    },
};

/// A token is renewed this long before its end.
const RENEW: Duration = Duration::from_secs(5 * 60);
/// Distance to the last generation, by how many lie in the last hour; as many as there are is the ceiling.
const GENERATION_GAPS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(5 * 60), Duration::from_secs(15 * 60)];
/// Most tokens that ahtop generates in an hour, fewer than the service would.
pub const MOST_GENERATIONS: usize = GENERATION_GAPS.len();
/// Rejected credentials are tried again this rarely.
const CREDENTIALS_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// A request for a token must have left this long after its permit was given. The lock of a generation is longer than a
/// request by as much, so that no two are ever under way.
const VOID_AFTER: Duration = Duration::from_secs(5);
/// First and last distance between tries that failed without spending a generation.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// Gives a bearer token that somebody else generated.
pub trait TokenSource: Send + Sync {
    /// Asks for the present token.
    ///
    /// # Errors
    /// One sentence for the user, without secrets.
    fn token(&self) -> Pin<Box<dyn Future<Output = Result<SecretString, String>> + Send + '_>>;
}

/// What the account is authenticated with.
#[derive(Clone)]
pub enum Keys {
    /// An API key that generates tokens.
    Token(SecretString),
    /// An API key that goes with each request (account setting BASIC_AUTH).
    Basic(SecretString),
    /// Tokens come from elsewhere; nothing is ever generated.
    Source(Arc<dyn TokenSource>),
}

/// The answer to "may I send, and as whom".
#[derive(Debug)]
pub enum Ready {
    /// Send with this; the generation tells which token it was when it is rejected.
    Send(Auth, Option<u64>),
    /// A token is due, but requests are in flight that it would invalidate: let them end first.
    Drain,
    /// Not before this time, for this reason.
    Wait(Link, BootTime),
}

/// Keeps the token of one process in step with the store's.
pub struct TokenManager {
    keys: Keys,
    store: Handle,
    client: Arc<Client>,
    me: Instance,
    budget: Budget,
    timeout: Duration,
    held: Option<Token>,
    /// The generation that was rejected.
    unfit: Option<u64>,
    /// The last token that is no good any more: a probe that costs no generation.
    dead: Option<Token>,
    /// A generation got no answer: the rejected token probes whether the service is back before another is spent.
    unanswered: bool,
    /// What the last generation failed of: the reason for waiting with the next one.
    failed: Option<Link>,
    /// A token from elsewhere, and the last one that was rejected.
    given: Option<SecretString>,
    /// Nothing is tried before this, and why.
    wait: Option<(Link, BootTime)>,
    tries: u32,
    /// Tokens that it has generated.
    generations: u64,
}

impl TokenManager {
    /// Starts without a token; the store may have one. `timeout` is that of one request.
    pub fn new(
        keys: Keys,
        store: Handle,
        client: Arc<Client>,
        me: Instance,
        budget: Budget,
        timeout: Duration,
    ) -> Self {
        TokenManager {
            keys,
            store,
            client,
            me,
            budget,
            timeout,
            held: None,
            unfit: None,
            dead: None,
            unanswered: false,
            failed: None,
            given: None,
            wait: None,
            tries: 0,
            generations: 0,
        }
    }

    /// How many tokens it has generated.
    pub fn generations(&self) -> u64 {
        self.generations
    }

    /// When the token in use ends; `None` without one.
    pub fn until(&self, now: &Now) -> Option<EventTime> {
        self.held.as_ref().map(|t| now.after(t.remaining(now)))
    }

    /// What to send with at `now`. `idle`: nothing is in flight.
    pub async fn ready(&mut self, now: &Now, idle: bool) -> Result<Ready, StoreError> {
        if let Some((link @ Link::Credentials { .. }, until)) = &self.wait
            && *until > now.mono
        {
            return Ok(Ready::Wait(link.clone(), *until));
        }
        match &self.keys {
            Keys::Basic(key) => Ok(Ready::Send(Auth::ApiKey(key.clone()), None)),
            Keys::Source(source) => {
                let source = source.clone();
                self.take_given(&*source, now).await
            }
            Keys::Token(key) => {
                let key = key.clone();
                self.take_stored(&key, now, idle).await
            }
        }
    }

    fn waiting(&self, now: &Now) -> Option<Ready> {
        let (link, until) = self.wait.as_ref()?;
        (*until > now.mono).then(|| Ready::Wait(link.clone(), *until))
    }

    async fn take_given(&mut self, source: &dyn TokenSource, now: &Now) -> Result<Ready, StoreError> {
        if let Some(token) = &self.given {
            return Ok(Ready::Send(Auth::Bearer(token.clone()), None));
        }
        if let Some(wait) = self.waiting(now) {
            return Ok(wait);
        }
        match source.token().await {
            Ok(token) => {
                self.given = Some(token.clone());
                Ok(Ready::Send(Auth::Bearer(token), None))
            }
            Err(why) => Ok(self.retry(now, |until| Link::TokenWait { until, why: clean_line(&why, 300).into() })),
        }
    }

    async fn take_stored(&mut self, key: &SecretString, now: &Now, idle: bool) -> Result<Ready, StoreError> {
        if let Some(token) = self.held.as_ref().filter(|t| t.remaining(now) > RENEW) {
            return Ok(send(token));
        }
        let stored = self.store.call(|s| s.token()).await?;
        let fit = |t: &Token| Some(t.generation) != self.unfit && t.remaining(now) > Duration::ZERO;
        let (alive, dead) = match stored {
            Some(token) if fit(&token) => (Some(token), None),
            other => (None, other),
        };
        self.dead = dead.or(self.dead.take());
        self.held = alive.clone();
        if let Some(token) = alive.as_ref().filter(|t| t.remaining(now) > RENEW) {
            (self.wait, self.unanswered, self.failed) = (None, false, None);
            return Ok(send(token));
        }
        // From here on a new token is due. What is still alive serves until it is there.
        let stopgap = alive.as_ref().map(send);
        if let Some(wait) = self.waiting(now) {
            return Ok(stopgap.unwrap_or(wait));
        }
        if self.unanswered
            && let Some(dead) = &self.dead
        {
            return Ok(send(dead));
        }
        if !idle {
            return Ok(Ready::Drain);
        }
        let unfit = alive.map(|t| t.generation).or(self.unfit);
        let outcome = self.generate(key, unfit, now).await?;
        Ok(match outcome {
            Ready::Wait(..) => stopgap.unwrap_or(outcome),
            other => other,
        })
    }

    async fn generate(&mut self, key: &SecretString, unfit: Option<u64>, now: &Now) -> Result<Ready, StoreError> {
        let ask = PermitAsk {
            kind: PermitKind::Token,
            // The reserve is there for this too: a token is worth more than a reading.
            cap: self.budget.requests_per_minute,
            pace: Pace::Burst,
            void_after: VOID_AFTER,
            timeout: self.timeout,
        };
        let me = self.me.clone();
        let (permit, void_at) = match self.store.call(move |s| s.permit(&me, &ask)).await? {
            PermitAnswer::Granted { id, void_at } => (id, void_at),
            PermitAnswer::Wait(d) => {
                let until = now.after(d);
                let told_to_wait = self.store.call(|s| s.governor()).await?.is_blocked(now);
                let link = if told_to_wait {
                    Link::Throttled { until }
                } else {
                    let usage = self.store.call(|s| s.usage()).await?;
                    Link::TokenWait { until, why: usage.why_wait(ask.cap).into() }
                };
                return Ok(Ready::Wait(link, now.mono + d));
            }
        };
        let ask = GenerationAsk { unfit, gaps: GENERATION_GAPS.to_vec(), lock: self.timeout + VOID_AFTER };
        let me = self.me.clone();
        let answer = self.store.call(move |s| s.begin_generation(&me, &ask)).await?;
        let GenerationAnswer::Go(ticket) = answer else {
            let usage = self.store.call(move |s| s.finish(permit, false).and_then(|()| s.usage())).await?;
            return Ok(self.cannot_generate(answer, usage.invalidated_1h, now));
        };
        if self.store.direct().now().mono >= void_at {
            // Others may have taken meanwhile what is no longer ours.
            let unused = GenerationEnd::NotSent;
            self.store.call(move |s| s.finish(permit, false).and_then(|()| s.end_generation(ticket, &unused))).await?;
            let why = "the store is slow, or this process was stopped: it was too late for the request";
            return Ok(self.retry(now, |until| Link::TokenWait { until, why: why.into() }));
        }
        let reply = self.client.generate_token(key, now.wall).await;
        let text = match &reply {
            TokenReply::Generated { .. } => reply.sentence().into(),
            TokenReply::Refused(refusal) => {
                let why = refusal.account_sentence();
                Words::default().said(reply.sentence(), format!("no new token: {}", opening(&why)))
            }
        };
        let (end, ready) = self.generated(&reply, now);
        if let Ready::Wait(link, _) = &ready {
            self.failed = Some(link.clone());
        }
        let event = Event { at: now.stamp(), who: self.me.label().into(), kind: EventKind::TokenGenerated, text };
        let (event, governor) = match &reply {
            TokenReply::Generated { .. } => {
                self.generations += 1;
                (event, None)
            }
            TokenReply::Refused(reply) => {
                let asked = match reply {
                    Reply::Throttled { retry_after } => Some(*retry_after),
                    _ => None,
                };
                (Event { kind: EventKind::GenerationFailed, ..event }, asked)
            }
        };
        let (budget, at) = (self.budget, now.clone());
        let stored = self
            .store
            .call(move |s| {
                s.finish(permit, true)?;
                s.end_generation(ticket, &end)?;
                if let Some(asked) = governor {
                    let full = f64::from(budget.usable());
                    let hit =
                        Hit { full, limit: budget.requests_per_minute, own: s.usage()?.used_60s, asked, shaken: false };
                    s.set_governor(&s.governor()?.throttled(&hit, &at))?;
                }
                s.note(&event)?;
                s.token()
            })
            .await?;
        if let (TokenReply::Generated { .. }, Some(token)) = (&reply, stored) {
            self.held = Some(token.clone());
            (self.wait, self.tries, self.unanswered, self.failed) = (None, 0, false, None);
            return Ok(send(&token));
        }
        Ok(ready)
    }

    /// `invalidations`: tokens that were invalidated within the hour.
    fn cannot_generate(&mut self, answer: GenerationAnswer, invalidations: u32, now: &Now) -> Ready {
        let (link, d) = match answer {
            GenerationAnswer::Use(token) => {
                self.held = Some(token.clone());
                (self.wait, self.failed) = (None, None);
                return send(&token);
            }
            GenerationAnswer::Go(_) => return Ready::Drain,
            GenerationAnswer::Busy(d) => {
                // Short looks: the other one is done within a request's time, unless it was killed.
                let until = now.after(d);
                let why = "another ahtop generates a token, or was stopped while it did".into();
                (Link::TokenWait { until, why }, d.min(Duration::from_millis(500)))
            }
            GenerationAnswer::BackOff(d) if self.failed.is_some() => {
                let until = now.after(d);
                let link = match self.failed.clone() {
                    Some(Link::Throttled { .. }) => Link::Throttled { until },
                    Some(Link::Down { why, since, .. }) => Link::Down { why, since, until },
                    Some(Link::Credentials { why, .. }) => Link::Credentials { why, until },
                    Some(Link::TokenWait { why, .. }) => Link::TokenWait { until, why },
                    other => other.unwrap_or(Link::TokenCeiling { until }),
                };
                (link, d)
            }
            GenerationAnswer::BackOff(d) if invalidations == 0 => {
                let why = "the last try failed, and the account has few tokens in an hour: the next try waits";
                (Link::TokenWait { until: now.after(d), why: why.into() }, d)
            }
            GenerationAnswer::BackOff(d) => {
                let why = "another client generates tokens and invalidates ours: stop it, set [auth] token_command, \
                 or use mode = \"basic\"";
                (Link::TokenWait { until: now.after(d), why: why.into() }, d)
            }
            GenerationAnswer::Ceiling(d) => (Link::TokenCeiling { until: now.after(d) }, d),
        };
        self.wait = Some((link.clone(), now.mono + d));
        Ready::Wait(link, now.mono + d)
    }

    /// How a generation ends for the ledger, and what follows for us unless it brought a token.
    fn generated(&mut self, reply: &TokenReply, now: &Now) -> (GenerationEnd, Ready) {
        let sentence: Arc<str> = reply.sentence().into();
        let reply = match reply {
            TokenReply::Generated { secret, life } => {
                return (GenerationEnd::Generated { secret: secret.clone(), life: *life }, Ready::Drain);
            }
            TokenReply::Refused(reply) => reply,
        };
        let why: Arc<str> = reply.account_sentence().into();
        let down = |until| Link::Down { why: why.clone(), since: now.stamp(), until };
        match reply {
            Reply::CredentialsRejected { .. } => {
                let (until, d) = (now.after(CREDENTIALS_INTERVAL), CREDENTIALS_INTERVAL);
                let link = Link::Credentials { why: why.clone(), until };
                self.wait = Some((link.clone(), now.mono + d));
                // No token came of it: who corrects the key need not wait for the spacing of generations.
                (GenerationEnd::NotSent, Ready::Wait(link, now.mono + d))
            }
            // Nothing reached the service: no generation was spent.
            Reply::Network(
                NetworkError::Dns(_) | NetworkError::Elsewhere(..) | NetworkError::Connect(_) | NetworkError::Tls(_),
            ) => (GenerationEnd::NotSent, self.retry(now, down)),
            // After an invalidation it is the other program's doing, which uses up the account's generations.
            Reply::Throttled { .. } if self.unfit.is_some() => {
                self.unanswered = true;
                let why = sentence.clone();
                (GenerationEnd::Failed, self.retry(now, |until| Link::TokenWait { until, why }))
            }
            Reply::Throttled { retry_after } => {
                self.unanswered = true;
                let ready = self.retry(now, |until| Link::Throttled { until });
                match *retry_after {
                    Some(d) => {
                        let d = d.min(RETRY.1);
                        let link = Link::Throttled { until: now.after(d) };
                        self.wait = Some((link.clone(), now.mono + d));
                        (GenerationEnd::Failed, Ready::Wait(link, now.mono + d))
                    }
                    None => (GenerationEnd::Failed, ready),
                }
            }
            _ => {
                self.unanswered = true;
                (GenerationEnd::Failed, self.retry(now, down))
            }
        }
    }

    fn retry(&mut self, now: &Now, link: impl FnOnce(EventTime) -> Link) -> Ready {
        let d = RETRY.0.saturating_mul(2u32.saturating_pow(self.tries.min(8))).min(RETRY.1);
        self.tries = self.tries.saturating_add(1);
        let link = link(now.after(d));
        self.wait = Some((link.clone(), now.mono + d));
        Ready::Wait(link, now.mono + d)
    }

    /// The service rejected the token of `generation`. True if it died before its end.
    pub async fn rejected(&mut self, generation: Option<u64>, message: &str, now: &Now) -> Result<bool, StoreError> {
        let Some(generation) = generation else {
            self.given = None;
            let why = format!("the token from [auth] token_command was rejected: {message}");
            self.retry(now, |until| Link::TokenWait { until, why: why.into() });
            return Ok(false);
        };
        // The service answers: whatever was unanswered may be tried again.
        (self.unanswered, self.wait) = (false, self.wait.take().filter(|_| !self.unanswered));
        if self.unfit == Some(generation) {
            return Ok(false);
        }
        let natural =
            self.held.as_ref().is_some_and(|t| t.generation == generation && t.remaining(now) == Duration::ZERO);
        self.dead = self.held.take().or(self.dead.take());
        let me = self.me.clone();
        if natural || self.store.call(move |s| s.token_invalidated(generation, &me)).await? {
            self.unfit = Some(generation);
            return Ok(!natural);
        }
        Ok(false)
    }

    /// The service rejected who we are; nothing is tried for a while.
    pub fn refused(&mut self, why: &str, now: &Now) {
        let link = Link::Credentials { why: why.into(), until: now.after(CREDENTIALS_INTERVAL) };
        self.wait = Some((link, now.mono + CREDENTIALS_INTERVAL));
        self.held = None;
    }

    /// A good answer came with what we send.
    pub fn accepted(&mut self) {
        (self.tries, self.unanswered) = (0, false);
    }
}

fn send(token: &Token) -> Ready {
    Ready::Send(Auth::Bearer(token.secret.clone()), Some(token.generation))
}
