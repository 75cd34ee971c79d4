//! Who tells people, and what is on its way to them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{ChannelName, Texts, Timestamp, Transition};
use serde::{Deserialize, Serialize};

use crate::{Fate, Fated};

/// The language in which a receiver reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// Arabic.
    Ar,
    /// English.
    En,
}

impl Language {
    /// In the order of the house.
    pub const ALL: [Language; 3] = [Language::Fr, Language::Ar, Language::En];

    /// Its code: `fr`, `ar` or `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::Ar => "ar",
            Language::En => "en",
        }
    }

    /// As an attribute of HTML and of CAP: `fr-MA`, `ar-MA` or `en`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::Fr => "fr-MA",
            Language::Ar => "ar-MA",
            Language::En => "en",
        }
    }

    /// The text in this language.
    #[must_use]
    pub fn of(self, texts: &Texts) -> &str {
        match self {
            Language::Fr => &texts.fr,
            Language::Ar => &texts.ar,
            Language::En => &texts.en,
        }
    }
}

/// What sort of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One step of one alert.
    Single,
    /// Steps of alerts that belong together.
    Group,
    /// What was held back, by quiet hours or because there was too much of it.
    Digest,
    /// What was told before and still fires.
    Reminder,
}

impl Form {
    /// `single`, `group`, `digest` or `reminder`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Form::Single => "single",
            Form::Group => "group",
            Form::Digest => "digest",
            Form::Reminder => "reminder",
        }
    }

    /// The form with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Form::Single, Form::Group, Form::Digest, Form::Reminder].into_iter().find(|f| f.code() == code)
    }
}

/// A line of the outbox: one receiver over one channel. What is in one line is told in order, and no
/// line waits for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// Who is told. Receivers and channels share their names: a channel that a rule names is a receiver
    /// that is reached over itself.
    pub receiver: ChannelName,
    /// The way it goes.
    pub channel: ChannelName,
}

/// Why a step is told beyond the ordinary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    /// Nobody had it in hand in time.
    Escalated {
        /// The escalation, as the settings name it.
        escalation: String,
        /// Which of its steps, from 1; a repetition counts on.
        rung: u32,
    },
    /// It comes and goes: what follows is held until it is calm.
    Flaps,
}

/// A step of an alert inside a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The step itself.
    pub transition: Transition,
    /// Why it is told beyond the ordinary; none for most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// When the episode fired; none where it never did. A message that ends another names it by this.
    pub fired_at: Option<Timestamp>,
}

/// A report: what is sent in place of steps. Only mail carries one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosed {
    /// Which report, of what, of when: a line.
    pub subject: String,
    /// What stands in the mail around it, for people.
    pub words: String,
    /// The name of the file.
    pub file: String,
    /// The report itself: one document that fetches nothing.
    pub html: String,
    /// It is the mail; else it is attached to one.
    pub inline: bool,
}

/// One message on its way to one receiver over one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// The outbox's number: rises in the order in which messages were planned.
    pub number: u64,
    /// Who is told.
    pub receiver: ChannelName,
    /// The way it goes.
    pub channel: ChannelName,
    /// Which message of this receiver it is: of one step, the step's id.
    pub id: String,
    /// What sort of message.
    pub form: Form,
    /// What is told, in the order in which it was decided; at least one, unless it is a report.
    pub steps: Vec<Step>,
    /// The report that it is; none for what tells of alerts.
    pub enclosed: Option<Enclosed>,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was put in the outbox: the age after which a channel gives up counts from here.
    pub made_at: Timestamp,
    /// Not before this instant.
    pub due: Timestamp,
    /// The language of the receiver, as the settings say at the time of telling.
    pub language: Language,
    /// The receiver's addresses on this channel, as the settings say at the time of telling: of mail, or
    /// telephone numbers. Empty where the channel knows whom it reaches.
    pub to: Vec<String>,
}

impl Notification {
    /// `{receiver}/{id}`: the same message to the same receiver has the same key however often and by
    /// whatever channel it is sent, so the receiver can drop repetitions.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.receiver, self.id)
    }

    /// The steps' transitions, in order.
    pub fn transitions(&self) -> impl Iterator<Item = &Transition> {
        self.steps.iter().map(|step| &step.transition)
    }
}

/// Why a notification did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The receiver cannot be reached, is busy or failed: later it may work.
    #[error("not delivered: {reason}")]
    Unavailable {
        /// What the receiver or the network said.
        reason: String,
        /// How long it asked us to wait.
        after: Option<Duration>,
    },
    /// The receiver will never take it.
    #[error("refused by the receiver: {0}")]
    Refused(String),
}

impl Fated for DeliveryError {
    fn fate(&self) -> Fate {
        match self {
            DeliveryError::Unavailable { after, .. } => Fate::Retry { after: *after },
            DeliveryError::Refused(_) => Fate::Quarantine,
        }
    }
}

/// A way to tell somebody.
pub trait Notifier: Send + Sync + 'static {
    /// Tells. `Ok` means that the receiver has it.
    ///
    /// # Errors
    /// As [`DeliveryError`] says; the same notification may then be told again.
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>>;
}
