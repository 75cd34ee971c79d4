//! Who speaks, how it is meant, and for whose eyes.

use serde::Deserialize;

/// How a document is meant (CAP 1.2, `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Status {
    /// To be acted on by all.
    Actual,
    /// To be acted on by those who take part in an exercise.
    Exercise,
    /// For the network itself.
    System,
    /// To be thrown away.
    Test,
    /// Not to be acted on.
    Draft,
}

impl Status {
    /// As a document says it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Status::Actual => "Actual",
            Status::Exercise => "Exercise",
            Status::System => "System",
            Status::Test => "Test",
            Status::Draft => "Draft",
        }
    }

    /// What is simulated must not send anybody anywhere: nothing of it is `Actual`.
    #[must_use]
    pub fn of(self, simulated: bool) -> Self {
        if simulated && self == Status::Actual { Status::Exercise } else { self }
    }
}

/// The name under which somebody publishes, such as `alerts@city.example`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SenderName(String);

/// A text that CAP does not take as the name of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a sender such as alerts@city.example, without space, comma, < or &")]
pub struct NotASender;

impl TryFrom<String> for SenderName {
    type Error = NotASender;
    fn try_from(name: String) -> Result<Self, NotASender> {
        let odd = name.is_empty() || name.contains([' ', ',', '<', '&']) || name.contains(char::is_control);
        if odd { Err(NotASender) } else { Ok(Self(name)) }
    }
}

impl SenderName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whose eyes it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Public,
    /// `contractor:<code>`, `role:<name>`.
    Restricted(String),
}

/// Who speaks.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Under which name.
    pub sender: SenderName,
    /// The name for people.
    pub name: Option<String>,
    /// How it is meant.
    pub status: Status,
    /// For whom.
    pub scope: Scope,
    /// Where more can be read.
    pub web: Option<String>,
}
