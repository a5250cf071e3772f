//! What an event says, in pieces: who is meant and what others said stay apart from our own words, so that a screen can
//! name, shorten or hide them. No finished sentence has to be searched for names.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Link, Status, Traffic};
use crate::domain::{Target, clean, display_name, opening};

/// Most pieces of a stored event; none of ours has as many.
const MOST: usize = 32;

/// A part of what is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Words of our own, which name no agent.
    Own(Arc<str>),
    /// Whom it is about, by name.
    Name(Target, #[serde(default)] Option<Arc<str>>),
    /// Whom it is about, by id.
    Id(Target),
    /// What may name anybody (an excerpt of a reply, a note, words of another program), and what stands for it where
    /// names are not shown in full.
    Said(Arc<str>, #[serde(default)] Arc<str>),
    /// What the link is like from now on.
    Link(Box<Link>),
    /// What the poller published of itself.
    Status(Box<Status>),
}

/// Something said in pieces. `From` a text takes it as words of our own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(Vec<Piece>);

impl Words {
    /// The pieces in their order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// With words of our own behind.
    #[must_use]
    pub fn own(self, text: impl Into<Arc<str>>) -> Self {
        self.and(Piece::Own(text.into()))
    }

    /// With the name of `target` behind; `name`: what it is called, where that is known.
    #[must_use]
    pub fn name(self, target: &Target, name: Option<&str>) -> Self {
        self.and(Piece::Name(target.clone(), name.map(Into::into)))
    }

    /// With the id of `target` behind.
    #[must_use]
    pub fn id(self, target: &Target) -> Self {
        self.and(Piece::Id(target.clone()))
    }

    /// With what may name anybody behind; `instead` stands for it where names are not shown in full.
    #[must_use]
    pub fn said(self, text: impl Into<Arc<str>>, instead: impl Into<Arc<str>>) -> Self {
        self.and(Piece::Said(text.into(), instead.into()))
    }

    /// What the link is like from now on.
    pub fn of_link(link: &Link) -> Self {
        Words::default().and(Piece::Link(Box::new(link.clone())))
    }

    /// What the link was like from then on, where that is what is said.
    pub fn link(&self) -> Option<Link> {
        match self.0.as_slice() {
            [Piece::Link(link)] => Some((**link).clone()),
            _ => None,
        }
    }

    /// What the poller published, without what a replay does not show: counts of replies, what is asked next.
    pub fn of_status(status: &Status) -> Self {
        let status = Status { next: None, traffic: Traffic::default(), ..status.clone() };
        Words::default().and(Piece::Status(Box::new(status)))
    }

    /// What the poller published, where that is what is said.
    pub fn status(&self) -> Option<&Status> {
        match self.0.as_slice() {
            [Piece::Status(status)] => Some(status),
            _ => None,
        }
    }

    /// With `more` behind.
    #[must_use]
    pub fn then(mut self, more: Words) -> Self {
        self.0.extend(more.0);
        self
    }

    fn and(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }

    /// True where it is about `target`.
    pub fn is_about(&self, target: &Target) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Name(t, _) | Piece::Id(t) if t == target))
    }

    /// For the store: as JSON, cleaned, each text of at most `max` characters.
    pub(super) fn to_stored(&self, max: usize) -> String {
        let clean = |text: &Arc<str>| Arc::from(clean(text, max));
        let pieces = self.0.iter().take(MOST).map(|piece| match piece {
            Piece::Own(text) => Piece::Own(clean(text)),
            Piece::Name(target, name) => Piece::Name(target.clone(), name.as_ref().map(clean)),
            Piece::Id(target) => Piece::Id(target.clone()),
            Piece::Said(text, instead) => Piece::Said(clean(text), clean(instead)),
            Piece::Link(link) => Piece::Link(Box::new(link.quoting(clean))),
            Piece::Status(status) => {
                Piece::Status(Box::new(Status { link: status.link.quoting(clean), ..(**status).clone() }))
            }
        });
        serde_json::to_string(&Words(pieces.collect())).unwrap_or_default()
    }

    /// What the store holds. Earlier versions wrote finished sentences, in which anybody may be named.
    pub(super) fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Words::default().said(text, "[hidden]"))
    }
}

impl Link {
    /// The same link with what it quotes changed by `change`.
    fn quoting(&self, change: impl Fn(&Arc<str>) -> Arc<str>) -> Link {
        match self.clone() {
            Link::TokenWait { until, why } => Link::TokenWait { until, why: change(&why) },
            Link::Credentials { why, until } => Link::Credentials { why: change(&why), until },
            Link::Down { why, since, until } => Link::Down { why: change(&why), since, until },
            plain => plain,
        }
    }

    /// One sentence for the log; waits are told by the screen, which knows the time.
    pub fn sentence(&self) -> String {
        self.words().to_string()
    }

    /// The same in pieces: why it is so may quote the service or another program.
    pub fn words(&self) -> Words {
        let because = |what: &str, why: &Arc<str>| Words::from(what).said(why.clone(), opening(why));
        match self {
            Link::Starting => "starting".into(),
            Link::Closed { .. } => "closed: quiet hours".into(),
            Link::Live => "answers arrive".into(),
            Link::Throttled { .. } => "the service says: max limit exceeded".into(),
            Link::TokenWait { why, .. } => because("no token: ", why),
            Link::TokenCeiling { .. } => "no token: ahtop has generated the most tokens it may in an hour".into(),
            Link::Credentials { why, .. } => because("credentials refused: ", why),
            Link::Down { why, .. } => because("the service does not answer: ", why),
        }
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Words::default().own(text)
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Words::default().own(text)
    }
}

/// In full, for whoever may see names.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Own(text) | Piece::Said(text, _) => f.write_str(text),
            Piece::Name(target, name) => f.write_str(display_name(None, name.as_deref(), &target.id)),
            Piece::Id(target) => f.write_str(&target.id),
            Piece::Link(link) => link.words().fmt(f),
            Piece::Status(status) => status.link.words().fmt(f),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_the_store_as_they_were() {
        let (a, b) = (Target::agent("a1"), Target::campaign("C"));
        let words = Words::from("over: ").name(&a, Some("Asha")).id(&b).said("<html>", "an answer");
        let back = Words::from_stored(&words.to_stored(500));
        assert_eq!(back, words);
        assert_eq!(back.to_string(), "over: AshaC<html>");
        assert!(back.is_about(&a) && back.is_about(&b) && !back.is_about(&Target::agent("a11")));
        let long = Words::from_stored(&Words::from("x\u{1b}y".repeat(99)).to_stored(9)).to_string();
        assert_eq!(long, "x\u{fffd}yx\u{fffd}yx\u{fffd}…");
    }

    #[test]
    fn a_sentence_of_an_earlier_version_may_name_anybody() {
        for text in ["agent a1: agentId is Invalid", "", "[1, 2]", "5 tokens"] {
            let words = Words::from_stored(text);
            assert_eq!(words, Words::default().said(text, "[hidden]"), "{text}");
            assert_eq!(words.to_string(), text);
        }
    }
}
