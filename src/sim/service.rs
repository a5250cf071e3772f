//! The service without sockets: a request in, a response with its delay and its spoiling out.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    answer::Inner,
    fault::{Fault, FaultScope, Faults, Span},
    limit::{Limiter, Peak},
    log::{Counters, Log, LogEntry},
    model::{LoginState, Model, Roster, Truth},
    options::{ModelOptions, SimOptions},
    script::{Script, ScriptStep},
    tokens::Tokens,
    wire::{SimRequest, SimResponse},
};
use crate::domain::{BootTime, Clock, Target};

/// Options that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The call centre is already at work.
    #[error("`model` cannot change while the service runs")]
    Model,
    #[error("not options of the simulator: {0}")]
    Unknown(#[from] serde_json::Error),
}

/// The simulated service. All methods can be called from any thread.
pub struct SimService {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

impl fmt::Debug for SimService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimService").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl SimService {
    /// Opens the service: now, on `clock`, the call centre has worked for [`ModelOptions::lead_s`].
    pub fn new(options: SimOptions, clock: Arc<dyn Clock>) -> Self {
        let roster = options.model.roster();
        SimService::with_roster(options, roster, clock)
    }

    /// The same with a roster of one's own; that of the options is ignored.
    pub fn with_roster(options: SimOptions, roster: Roster, clock: Arc<dyn Clock>) -> Self {
        let ModelOptions { seed, workload, .. } = options.model;
        let folded: HashMap<Target, Target> = roster
            .targets()
            .into_iter()
            .map(|t| (Target { kind: t.kind, id: t.id.to_lowercase().into() }, t))
            .collect();
        let inner = Inner {
            started: clock.now().mono,
            model: Model::new(roster, workload, seed),
            folded,
            tokens: Tokens::new(seed),
            limiter: Limiter::default(),
            list_limiter: Limiter::default(),
            faults: Faults::default(),
            script: Script::default(),
            log: Log::default(),
            peak: Peak::default(),
            peak_all: Peak::default(),
            rng: Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x006c_6174_656e_6379),
            mint_answered: BootTime(i64::MIN),
            oddities: 0,
            options,
        };
        SimService { clock, inner: Mutex::new(inner) }
    }

    /// With faults and regimes that come by themselves, counted from now.
    #[must_use]
    pub fn with_script(self, steps: Vec<ScriptStep>) -> Self {
        self.lock().script = Script::new(steps);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With everything that was due until now lived through.
    fn caught_up(&self) -> (MutexGuard<'_, Inner>, crate::domain::Now) {
        let mut inner = self.lock();
        // The clock is read under the lock, so that arrivals are in order.
        let now = self.clock.now();
        inner.catch_up(&now);
        (inner, now)
    }

    /// Answers a request that arrives now.
    pub fn handle(&self, request: &SimRequest) -> SimResponse {
        let (mut inner, now) = self.caught_up();
        inner.handle(request, &now)
    }

    /// From now on this goes wrong, with all requests.
    pub fn inject(&self, fault: Fault, span: Span) {
        self.inject_into(FaultScope::All, fault, span);
    }

    /// From now on this goes wrong, with some requests.
    pub fn inject_into(&self, scope: FaultScope, fault: Fault, span: Span) {
        let (mut inner, now) = self.caught_up();
        inner.faults.inject(fault, scope, span, now.mono);
    }

    /// Ends all faults; a script goes on with its next step.
    pub fn clear_faults(&self) {
        self.caught_up().0.faults.clear();
    }

    /// Names of the faults in force, the oldest first.
    pub fn faults(&self) -> Vec<&'static str> {
        let (mut inner, now) = self.caught_up();
        inner.faults.names(now.mono)
    }

    /// Another client generates a token now. False where the account's ceiling or limit forbids it.
    pub fn foreign_mint(&self) -> bool {
        let (mut inner, now) = self.caught_up();
        inner.foreign_mint(&now)
    }

    /// The living token dies now, and none replaces it.
    pub fn revoke_token(&self) {
        self.caught_up().0.tokens.revoke();
    }

    /// From now on the handling times of `campaign` are `factor` times its usual mean. False where there is no such
    /// campaign or the factor is not a positive number.
    pub fn set_regime(&self, campaign: &str, factor: f64) -> bool {
        let (mut inner, now) = self.caught_up();
        let t = inner.model_time(now.mono);
        inner.model.command(campaign, factor, t).is_some()
    }

    /// The switches as they stand.
    pub fn options(&self) -> SimOptions {
        self.lock().options.clone()
    }

    /// Changes switches while the service runs.
    ///
    /// # Errors
    /// [`OptionsError::Model`] where the model's are not the same.
    pub fn set_options(&self, options: SimOptions) -> Result<(), OptionsError> {
        let mut inner = self.caught_up().0;
        if options.model != inner.options.model {
            return Err(OptionsError::Model);
        }
        inner.options = options;
        Ok(())
    }

    /// Changes those switches that `patch`, a JSON object, names.
    ///
    /// # Errors
    /// Unknown switches and values; [`OptionsError::Model`].
    pub fn patch_options(&self, patch: serde_json::Value) -> Result<(), OptionsError> {
        let patch: serde_json::Map<String, serde_json::Value> = serde_json::from_value(patch)?;
        let mut all = serde_json::to_value(self.options())?;
        for (key, value) in patch {
            all[key] = value;
        }
        self.set_options(serde_json::from_value(all)?)
    }

    pub fn roster(&self) -> Roster {
        self.lock().model.roster().clone()
    }

    /// What the service says of `target` to a request that arrives at `at`, now or earlier. Switches and regimes count
    /// as they stand now.
    pub fn truth(&self, target: &Target, at: BootTime) -> Truth {
        let (mut inner, now) = self.caught_up();
        inner.truth(target, at.min(now.mono))
    }

    /// The truth at `from` and each change until `to` (now at the latest), with its time.
    pub fn changes(&self, target: &Target, from: BootTime, to: BootTime) -> Vec<(BootTime, Truth)> {
        let (mut inner, now) = self.caught_up();
        inner.changes(target, from, to.min(now.mono))
    }

    /// Who the list names as logged in, in the order of the roster.
    pub fn logins(&self) -> Vec<(String, LoginState)> {
        let (mut inner, now) = self.caught_up();
        let logins = inner.logins(now.mono);
        let agents = &inner.model.roster().agents;
        logins.into_iter().filter_map(|(i, state)| Some((agents.get(i)?.id.clone(), state))).collect()
    }

    /// All requests that the log remembers, the oldest first.
    pub fn log(&self) -> Vec<LogEntry> {
        self.log_after(0, usize::MAX)
    }

    /// Those after number `seq`, at most `most`.
    pub fn log_after(&self, seq: u64, most: usize) -> Vec<LogEntry> {
        self.lock().log.after(seq, most)
    }

    /// How long the next answer takes.
    pub fn latency(&self) -> Duration {
        self.lock().latency()
    }

    pub fn counters(&self) -> Counters {
        let inner = self.caught_up().0;
        Counters { max_in_60s: inner.peak.most(), max_in_60s_with_foreign: inner.peak_all.most(), ..inner.log.counters }
    }

    /// When the service opened, on its clock.
    pub fn started(&self) -> BootTime {
        self.lock().started
    }

    /// The clock it lives by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

#[cfg(test)]
mod tests;
