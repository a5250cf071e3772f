//! Tokens: what they look like, which one lives, and how many may be generated.

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{RngExt, SeedableRng, distr::Alphanumeric, rngs::Xoshiro256PlusPlus};

use super::options::{SimOptions, TokenForm};
use crate::domain::{BootTime, Now};

const HOUR: i64 = 3_600_000;
/// Dead tokens that are still recognized, for the log.
const REMEMBERED: usize = 64;

/// All tokens of the account.
#[derive(Debug)]
pub(super) struct Tokens {
    rng: Xoshiro256PlusPlus,
    /// Generations so far, of all clients.
    generations: u32,
    /// The last ones: generation and text. Only the newest can live.
    known: VecDeque<(u32, String)>,
    /// When the newest one was generated and, if it lives, until when.
    newest: Option<(BootTime, BootTime)>,
    /// Generations of the last hour.
    ledger: VecDeque<i64>,
}

/// What a presented token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    Alive(u32),
    /// One that was generated here and lives no more.
    Dead(u32),
    /// Not from here, or forgotten.
    Unknown,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Tokens {
            rng: Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x0074_6f6b_656e),
            generations: 0,
            known: VecDeque::new(),
            newest: None,
            ledger: VecDeque::new(),
        }
    }

    /// Whether the ceiling of the rolling hour is reached.
    pub(super) fn exhausted(&mut self, now: BootTime, ceiling: u32) -> bool {
        while self.ledger.front().is_some_and(|&at| at <= now.0 - HOUR) {
            self.ledger.pop_front();
        }
        self.ledger.len() >= ceiling as usize
    }

    /// Generates a token; every earlier one is dead from now on. The caller has looked at the ceiling.
    pub(super) fn generate(&mut self, now: &Now, options: &SimOptions) -> (u32, String) {
        self.generations = self.generations.saturating_add(1);
        let life = i64::from(options.token_life_s);
        let token = match options.token_form {
            TokenForm::Opaque => (0..48).map(|_| char::from(self.rng.sample(Alphanumeric))).collect(),
            TokenForm::JwtExp | TokenForm::JwtNoExp => {
                let issued = now.wall.as_second();
                let mut claims =
                    serde_json::json!({"sub": options.user_name, "iat": issued, "jti": self.generations.to_string()});
                if options.token_form == TokenForm::JwtExp {
                    claims["exp"] = issued.saturating_add(life).into();
                }
                let signature: [u8; 64] = self.rng.random();
                let [head, claims, signature] =
                    [br#"{"alg":"HS512"}"#.as_slice(), claims.to_string().as_bytes(), &signature]
                        .map(|part| URL_SAFE_NO_PAD.encode(part));
                format!("{head}.{claims}.{signature}")
            }
        };
        self.newest = Some((now.mono, BootTime(now.mono.0.saturating_add(life * 1000))));
        self.ledger.push_back(now.mono.0);
        self.known.push_back((self.generations, token.clone()));
        if self.known.len() > REMEMBERED {
            self.known.pop_front();
        }
        (self.generations, token)
    }

    pub(super) fn living(&self, now: BootTime) -> Option<(u32, String)> {
        self.newest.filter(|n| now < n.1)?;
        self.known.back().cloned()
    }

    /// Kills the living token without generating one.
    pub(super) fn revoke(&mut self) {
        self.newest = None;
    }

    /// What `token` is at `now`.
    pub(super) fn look(&self, token: &str, now: BootTime) -> Presented {
        match self.known.iter().rev().find(|k| k.1 == token) {
            None => Presented::Unknown,
            Some(&(g, _)) if g == self.generations && self.newest.is_some_and(|n| now < n.1) => Presented::Alive(g),
            Some(&(g, _)) => Presented::Dead(g),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Clock, ManualClock};

    #[test]
    fn a_new_token_kills_the_old_one_and_each_dies_after_its_hour() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (mut tokens, options) = (Tokens::new(1), SimOptions::default());
        let (_, first) = tokens.generate(&clock.now(), &options);
        assert_eq!(tokens.look(&first, clock.now().mono), Presented::Alive(1));
        let (_, second) = tokens.generate(&clock.now(), &options);
        assert_eq!(tokens.look(&first, clock.now().mono), Presented::Dead(1));
        clock.advance(Duration::from_millis(3_599_999));
        assert_eq!(tokens.look(&second, clock.now().mono), Presented::Alive(2));
        assert_eq!(tokens.living(clock.now().mono), Some((2, second.clone())));
        clock.advance(Duration::from_millis(1));
        assert_eq!(tokens.look(&second, clock.now().mono), Presented::Dead(2));
        assert_eq!(tokens.living(clock.now().mono), None);
        assert_eq!(tokens.look("other", clock.now().mono), Presented::Unknown);
        let (_, third) = tokens.generate(&clock.now(), &options);
        tokens.revoke();
        assert_eq!(tokens.look(&third, clock.now().mono), Presented::Dead(3));
    }

    #[test]
    fn the_ceiling_is_that_of_a_rolling_hour() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (mut tokens, options) = (Tokens::new(1), SimOptions::default());
        for _ in 0..10 {
            assert!(!tokens.exhausted(clock.now().mono, 10));
            tokens.generate(&clock.now(), &options);
            clock.advance(Duration::from_secs(60));
        }
        assert!(tokens.exhausted(clock.now().mono, 10));
        clock.advance(Duration::from_millis(50 * 60_000 - 1));
        assert!(tokens.exhausted(clock.now().mono, 10));
        clock.advance(Duration::from_millis(1));
        assert!(!tokens.exhausted(clock.now().mono, 10));
    }

    #[test]
    fn forms_of_a_token() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let with =
            |token_form| Tokens::new(1).generate(&clock.now(), &SimOptions { token_form, ..SimOptions::default() }).1;
        let (exp, plain, opaque) = (with(TokenForm::JwtExp), with(TokenForm::JwtNoExp), with(TokenForm::Opaque));
        assert!(exp.starts_with("eyJhbGciOiJIUzUxMiJ9.") && plain.starts_with("eyJhbGciOiJIUzUxMiJ9."));
        assert!(exp.split('.').count() == 3 && exp.len() > plain.len());
        assert!(opaque.len() == 48 && !opaque.contains('.'));
    }
}
