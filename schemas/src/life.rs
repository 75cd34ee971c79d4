//! What operators do to an alert, and how it then stands: acknowledged, assigned, shelved, resolved by hand.
//!
//! One episode has one [`Life`]. An [`Act`] is taken in by [`Life::apply`] or refused with a reason, and nothing
//! else changes what operators did: what the life cycle does not have cannot be written down. The engine's own
//! steps are the [`Phase`]; they end what operators did as far as it is about an alert that is over.
//!
//! Deliberately absent: who may do what (there are no users yet), whom it is told, and where it is kept.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AlertId, Phase, Timestamp};

/// How long an acknowledgement may hold: a week. Who needs longer says so again, or shelves.
pub const ACKNOWLEDGED_AT_MOST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long an alert may be shelved: thirty days.
pub const SHELVED_AT_MOST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why a text is not what a person may write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordingError {
    /// Nothing there.
    #[error("a {0} must not be empty")]
    Empty(&'static str),
    /// Over the limit.
    #[error("a {what} has at most {limit} characters, this one has {length}")]
    TooLong {
        /// What was expected.
        what: &'static str,
        /// Its limit, characters.
        limit: usize,
        /// What came, characters.
        length: usize,
    },
    /// A character that could break a line of a log or a message.
    #[error("a {what} has no control characters, found {found:?}")]
    Control {
        /// What was expected.
        what: &'static str,
        /// The first one.
        found: char,
    },
}

fn worded(text: &str, what: &'static str, limit: usize) -> Result<String, WordingError> {
    let text = text.trim();
    let length = text.chars().count();
    if length > limit {
        return Err(WordingError::TooLong { what, limit, length });
    }
    // A line break is a control character too: a note is one line wherever it is shown.
    match text.chars().find(|c| c.is_control()) {
        Some(found) => Err(WordingError::Control { what, found }),
        None => Ok(text.to_owned()),
    }
}

/// Who did something, as they call themselves: 1 to 64 characters of any script. Nothing proves it yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Person(String);

impl Person {
    /// The longest, characters.
    pub const LIMIT: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// Empty, too long, or a control character.
    pub fn new(text: &str) -> Result<Self, WordingError> {
        let text = worded(text, "name of a person", Self::LIMIT)?;
        if text.is_empty() { Err(WordingError::Empty("name of a person")) } else { Ok(Self(text)) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody wrote about it: up to 500 characters of any script, on one line; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Remark(String);

impl Remark {
    /// The longest, characters.
    pub const LIMIT: usize = 500;

    /// Reads a remark.
    ///
    /// # Errors
    /// Too long, or a control character.
    pub fn new(text: &str) -> Result<Self, WordingError> {
        worded(text, "note", Self::LIMIT).map(Self)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Two words, one shape.
macro_rules! wordings {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = WordingError;
            fn try_from(text: String) -> Result<Self, WordingError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl FromStr for $name {
            type Err = WordingError;
            fn from_str(text: &str) -> Result<Self, WordingError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

wordings!(Person, Remark);

/// What is done to an episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Somebody has it in hand: no reminders, no escalation, until it expires or the alert is over.
    Acknowledge {
        /// Until when; none: as long as it fires.
        until: Option<Timestamp>,
    },
    /// Nobody has it in hand any more.
    Unacknowledge,
    /// It is somebody's to see to.
    Assign {
        /// Whose; none: nobody's.
        to: Option<Person>,
    },
    /// Put aside: whoever was not told is not, until it expires.
    Shelve {
        /// Until when.
        until: Timestamp,
    },
    /// Taken from the shelf.
    Unshelve,
    /// Over, because a person says so.
    Resolve,
}

impl Deed {
    /// The stable code: `acknowledge`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Deed::Acknowledge { .. } => "acknowledge",
            Deed::Unacknowledge => "unacknowledge",
            Deed::Assign { .. } => "assign",
            Deed::Shelve { .. } => "shelve",
            Deed::Unshelve => "unshelve",
            Deed::Resolve => "resolve",
        }
    }
}

/// Something that an operator did to an episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Act {
    /// Which episode.
    pub alert: AlertId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What they wrote about it.
    #[serde(default)]
    pub note: Remark,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// Why an act cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalAct {
    /// The alert does not stand where the act is possible.
    #[error("only an alert that is {expected} can be {done}; this one is {}", phase.code())]
    Phase {
        /// `acknowledged`, `resolved by hand`.
        done: &'static str,
        /// `firing`, `pending or firing`.
        expected: &'static str,
        /// Where it stands.
        phase: Phase,
    },
    /// There is nothing to take back.
    #[error("this alert is not {0}")]
    NotSo(&'static str),
    /// It would be over before it began.
    #[error("`until` is {until}, which is not after {now}")]
    Past {
        /// What was asked.
        until: Timestamp,
        /// The present.
        now: Timestamp,
    },
    /// It would hold for too long.
    #[error("an alert is {done} for {} days at most: `until` is {until}, expected no later than {latest}", most.as_secs() / 86_400)]
    TooLong {
        /// `acknowledged`, `shelved`.
        done: &'static str,
        /// The limit.
        most: Duration,
        /// What was asked.
        until: Timestamp,
        /// The latest that may be asked.
        latest: Timestamp,
    },
}

/// Who has it in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acknowledged {
    /// Who.
    pub by: Person,
    /// When they said so.
    pub at: Timestamp,
    /// Until when; none: as long as it fires.
    pub until: Option<Timestamp>,
    /// What they wrote.
    pub note: Remark,
}

/// Whose it is to see to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    /// Whose.
    pub to: Person,
    /// Who said so.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// Put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shelved {
    /// Who did it.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What they wrote.
    pub note: Remark,
}

/// A person's word that it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByHand {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// What they wrote.
    pub note: Remark,
}

/// What operators did to an episode, as it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Marks {
    /// Who has it in hand; it may have expired.
    #[serde(default)]
    pub acknowledged: Option<Acknowledged>,
    /// Whose it is.
    #[serde(default)]
    pub assigned: Option<Assigned>,
    /// Put aside; it may have expired.
    #[serde(default)]
    pub shelved: Option<Shelved>,
    /// Resolved by a person.
    #[serde(default)]
    pub resolved_by_hand: Option<ByHand>,
}

impl Marks {
    /// Those that have not expired at `now`.
    #[must_use]
    pub fn standing(mut self, now: Timestamp) -> Self {
        self.acknowledged = self.acknowledged.filter(|a| a.until.is_none_or(|until| until > now));
        self.shelved = self.shelved.filter(|s| s.until > now);
        self
    }
}

/// One episode: where the engine has it, and what operators did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    phase: Phase,
    marks: Marks,
}

impl Life {
    /// An episode as it stands.
    #[must_use]
    pub const fn new(phase: Phase, marks: Marks) -> Self {
        Self { phase, marks }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What operators did.
    #[must_use]
    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Whether somebody has it in hand at `now`.
    #[must_use]
    pub fn is_acknowledged(&self, now: Timestamp) -> bool {
        self.phase == Phase::Firing && self.marks.clone().standing(now).acknowledged.is_some()
    }

    /// Whether it is put aside at `now`.
    #[must_use]
    pub fn is_shelved(&self, now: Timestamp) -> bool {
        self.phase.is_open() && self.marks.clone().standing(now).shelved.is_some()
    }

    /// The engine moves it to `to`. Whether it did: what a person resolved stays resolved, whatever the engine
    /// says of that episode later. Where it moves back, because a late reading undid its end, what operators did
    /// and has not expired holds again.
    pub fn moved(&mut self, to: Phase) -> bool {
        if self.marks.resolved_by_hand.is_some() && to.is_open() {
            return false;
        }
        self.phase = to;
        true
    }

    /// Takes in what an operator does at `now`. The act's own instant is not looked at.
    ///
    /// # Errors
    /// [`IllegalAct`] where it cannot be; nothing changed.
    pub fn apply(&mut self, act: &Act, now: Timestamp) -> Result<(), IllegalAct> {
        let Act { by, note, .. } = act;
        let (by, note) = (by.clone(), note.clone());
        match &act.deed {
            Deed::Acknowledge { until } => {
                self.fires("acknowledged")?;
                if let Some(until) = until {
                    ahead(*until, now, "acknowledged", ACKNOWLEDGED_AT_MOST)?;
                }
                self.marks.acknowledged = Some(Acknowledged { by, at: now, until: *until, note });
            }
            Deed::Unacknowledge => {
                if !self.is_acknowledged(now) {
                    return Err(IllegalAct::NotSo("acknowledged"));
                }
                self.marks.acknowledged = None;
            }
            Deed::Assign { to: Some(to) } => {
                self.is_open("assigned")?;
                self.marks.assigned = Some(Assigned { to: to.clone(), by, at: now });
            }
            Deed::Assign { to: None } => {
                self.is_open("assigned")?;
                self.marks.assigned.take().ok_or(IllegalAct::NotSo("assigned"))?;
            }
            Deed::Shelve { until } => {
                self.is_open("shelved")?;
                ahead(*until, now, "shelved", SHELVED_AT_MOST)?;
                self.marks.shelved = Some(Shelved { by, at: now, until: *until, note });
            }
            Deed::Unshelve => {
                if !self.is_shelved(now) {
                    return Err(IllegalAct::NotSo("shelved"));
                }
                self.marks.shelved = None;
            }
            Deed::Resolve => {
                self.fires("resolved by hand")?;
                self.phase = Phase::Resolved;
                self.marks.resolved_by_hand = Some(ByHand { by, at: now, note });
            }
        }
        Ok(())
    }

    fn fires(&self, done: &'static str) -> Result<(), IllegalAct> {
        let phase = self.phase;
        if phase == Phase::Firing { Ok(()) } else { Err(IllegalAct::Phase { done, expected: "firing", phase }) }
    }

    fn is_open(&self, done: &'static str) -> Result<(), IllegalAct> {
        let phase = self.phase;
        if phase.is_open() { Ok(()) } else { Err(IllegalAct::Phase { done, expected: "pending or firing", phase }) }
    }
}

fn ahead(until: Timestamp, now: Timestamp, done: &'static str, most: Duration) -> Result<(), IllegalAct> {
    let latest = now.plus(most);
    if until <= now {
        return Err(IllegalAct::Past { until, now });
    }
    if until > latest { Err(IllegalAct::TooLong { done, most, until, latest }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
