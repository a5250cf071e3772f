//! Whether an agent is logged in, as the screen tells it.

use crate::{
    domain::EventTime,
    store::{AgentLogin, AgentPresence},
};

/// What an agent does, as far as the service's word tells it: each has its own glyph and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginState {
    Ready,
    /// On a break, or otherwise not ready.
    Break,
    /// In a call, or something that only the word tells.
    Busy,
    Out,
}

/// How an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login<'a> {
    pub state: LoginState,
    /// The service's own word; `in` where it gave none, `out` where the agent is logged out.
    pub word: &'a str,
    /// Since when; `None` where the change was not seen.
    pub since: Option<&'a EventTime>,
    /// What is known is so old that nobody should go by it.
    pub stale: bool,
}

impl<'a> Login<'a> {
    pub(crate) fn new(presence: AgentPresence<'a>) -> Self {
        let AgentPresence { login, since, stale } = presence;
        let (state, word) = match login {
            AgentLogin::Out => (LoginState::Out, "out"),
            AgentLogin::In { state: None } => (LoginState::Busy, "in"),
            AgentLogin::In { state: Some(word) } => (of_word(word), word),
        };
        Login { state, word, since, stale }
    }

    pub fn is_in(&self) -> bool {
        self.state != LoginState::Out
    }
}

/// The words vary and are not all known: what is in none of these lists is something to do.
fn of_word(word: &str) -> LoginState {
    const BREAK: [&str; 10] =
        ["break", "pause", "lunch", "tea", "meal", "notready", "notavailable", "unavailable", "aux", "away"];
    const READY: [&str; 4] = ["ready", "available", "idle", "waiting"];
    let folded: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    match () {
        () if has(&BREAK) => LoginState::Break,
        () if has(&READY) => LoginState::Ready,
        () => LoginState::Busy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_service_are_sorted_into_three_and_shown_as_they_come() {
        for (word, state) in [
            ("READY", LoginState::Ready),
            ("Available", LoginState::Ready),
            ("NOT READY", LoginState::Break),
            ("PAUSE", LoginState::Break),
            ("On Break - Tea", LoginState::Break),
            ("BUSY", LoginState::Busy),
            ("In Call", LoginState::Busy),
            ("चाय", LoginState::Busy),
        ] {
            let login = AgentLogin::In { state: Some(word) };
            let login = Login::new(AgentPresence { login, since: None, stale: false });
            assert_eq!((login.state, login.word), (state, word));
        }
        let of = |login| Login::new(AgentPresence { login, since: None, stale: false });
        assert_eq!((of(AgentLogin::Out).word, of(AgentLogin::In { state: None }).word), ("out", "in"));
        assert!(!of(AgentLogin::Out).is_in() && of(AgentLogin::In { state: None }).is_in());
    }
}
