//! The rules as people work with them: looked at, tried on the past, written. Judging itself is the engine's.

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{ChannelName, DeviceId, RuleId, Severity, Texts, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Bytes that a rule may be written in: an engine's largest file holds a thousand times as much.
pub const RULE_BYTES: usize = 32 << 10;

/// A rule, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleView {
    /// Its name; unique.
    pub id: RuleId,
    /// How much its alerts matter.
    pub severity: Severity,
    /// The name of its condition.
    pub condition: String,
    /// Whether it judges.
    pub enabled: bool,
    /// What it does, some sentences in each language.
    pub words: Texts,
    /// Whom it tells.
    pub notify: Vec<ChannelName>,
    /// Where its numbers come from.
    pub source: Option<String>,
    /// `file:line`.
    pub origin: String,
    /// Whether it comes with the program: then it is changed by one of the city's own that stands in its place.
    pub shipped: bool,
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleText {
    /// In words.
    #[serde(flatten)]
    pub view: RuleView,
    /// Its table, in TOML.
    pub toml: String,
}

/// What is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleMistake {
    /// The line of the draft, from 1.
    pub line: usize,
    /// What is there and what was expected.
    pub message: String,
}

/// A rule as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDraft {
    /// Its name, which the draft must say too.
    pub id: RuleId,
    /// One `[[rule]]` table.
    pub toml: String,
}

/// From when to when an alert of a back-test fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spell {
    /// Whose.
    pub device: DeviceId,
    /// Where it stood.
    pub zone: Zone,
    /// When it fires.
    pub from: Timestamp,
    /// When that is over; none: it still fires at the end.
    pub until: Option<Timestamp>,
    /// The value that decided, where one did.
    pub value: Option<f64>,
}

/// What one rule would have said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// How often it fires. What a correction takes back does not count.
    pub fired: u64,
    /// How often it was pending and came to nothing.
    pub calmed: u64,
    /// By the time at which they begin; of more than [`Outcome::SPELLS`] the first.
    pub spells: Vec<Spell>,
}

impl Outcome {
    /// Spells that are told at most.
    pub const SPELLS: usize = 5_000;
}

/// What a draft would have said of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackTest {
    /// From this instant on.
    pub from: Timestamp,
    /// Up to before this one.
    pub to: Timestamp,
    /// Readings that were judged.
    pub readings: u64,
    /// Their devices.
    pub devices: u64,
    /// By the draft.
    pub draft: Outcome,
    /// By the rule of this name that stands; none where there is none.
    pub present: Option<Outcome>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum RulebookError {
    /// The draft is not a rule: each mistake.
    #[error("{}", .0.iter().map(|m| format!("line {}: {}", m.line, m.message)).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<RuleMistake>),
    /// It cannot be: each line says what and why.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// Not now: another back-test runs.
    #[error("{0}")]
    Busy(String),
    /// The past could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The rules, for people.
pub trait Rulebook: Send + Sync + 'static {
    /// All rules, those that are switched off too, in the order of their files and lines.
    fn rules(&self) -> BoxFuture<'_, Result<Vec<RuleView>, RulebookError>>;

    /// One of them as it is written; none where there is none of this name.
    fn rule<'a>(&'a self, id: &'a RuleId) -> BoxFuture<'a, Result<Option<RuleText>, RulebookError>>;

    /// What the draft would have said of what was observed since `from`, by the engine that judges live. Nothing is kept
    /// and nobody is told.
    fn back_test(&self, draft: RuleDraft, from: Timestamp) -> BoxFuture<'_, Result<BackTest, RulebookError>>;

    /// Writes the draft into the city's own files, whole or not at all, and has everything judged by it from now on. Gives
    /// the file.
    fn save(&self, draft: RuleDraft) -> BoxFuture<'_, Result<String, RulebookError>>;
}
