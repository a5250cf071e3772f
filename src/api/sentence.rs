//! One sentence for the user about each reply: what happened, and what to do.

use super::{Reply, TokenReply};
use crate::domain::{Kind, Target, clean_line};

impl Reply {
    /// What this reply to a request about `target` means for the user. One line, free of secrets and controls.
    pub fn sentence(&self, target: &Target) -> String {
        let id = clean_line(&target.id, 80);
        match self {
            Reply::Value { aht, .. } => format!("{aht} over the last two hours"),
            Reply::NoCalls { .. } => "no outbound call in the last two hours".into(),
            Reply::InvalidId => {
                let what = match target.kind {
                    Kind::Agent => "agentId",
                    Kind::Campaign => "campaignName",
                };
                format!("the service does not know {what} {id:?}: correct or remove it in [watch]")
            }
            Reply::Malformed { excerpt } if excerpt.is_empty() => "the answer is empty: wait, this often passes".into(),
            Reply::Malformed { excerpt } => {
                format!("the answer is not understood (the log has it): {}", clean_line(excerpt, 60))
            }
            other => other.account_sentence(),
        }
    }

    /// The sentence where it does not matter which target was asked about.
    pub fn account_sentence(&self) -> String {
        match self {
            Reply::Throttled { retry_after: Some(wait) } => {
                format!("the account's limit is exceeded; the service asks to wait {} s", wait.as_secs())
            }
            Reply::Throttled { retry_after: None } => {
                "the account's limit is exceeded: requests wait; raise [budget] reserve if other clients use the \
                 account".into()
            }
            Reply::TokenRejected { message } => {
                format!("the token is not valid any more ({message}): another client may have generated a new one")
            }
            Reply::CredentialsRejected { wants_basic: true, .. } => {
                "the account does not take tokens: its admin setting 'API Authentication' is BASIC_AUTH; set [auth] mode \
                 = \"basic\", or change that setting to TOKEN_AUTH"
                    .into()
            }
            Reply::CredentialsRejected { message, wants_basic: false } => {
                format!("the service refuses the credentials ({message}): check [account] user_name, the key and [auth] mode")
            }
            Reply::WrongMethod => "the service wants the other HTTP method: it is used from the next request on".into(),
            Reply::Service { status, what } => format!("the service fails (HTTP {status}): {what}"),
            Reply::Network(error) => error.to_string(),
            Reply::Malformed { excerpt } => {
                format!("the answer is not understood ({excerpt}): check [account] base_url")
            }
            Reply::Value { .. } | Reply::NoCalls { .. } | Reply::InvalidId => "the service answers".into(),
        }
    }
}

impl TokenReply {
    /// What this means for the user. One line, free of secrets and controls.
    pub fn sentence(&self) -> String {
        match self {
            TokenReply::Generated { life, .. } => format!("a new token for {} min", life.as_secs() / 60),
            TokenReply::Refused(Reply::Throttled { .. }) => {
                "no new token: the service limits them to 10 an hour; stop the other clients that generate tokens \
                 for this account"
                    .into()
            }
            TokenReply::Refused(reply) => format!("no new token: {}", reply.account_sentence()),
        }
    }
}
