//! The life of an alert: its phases, the steps between them, and how each is named so that telling
//! it twice is telling it once.

use std::fmt::{self, Write as _};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChannelName, Kind, Person, Remark, RuleId, SeriesKey, Timestamp, Zone};

/// How much it matters (CAP 1.2: Minor, Moderate, Severe, Extreme).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look today.
    Warning,
    /// Act now.
    Critical,
    /// Lives or property are at risk.
    Emergency,
}

/// A word that is not a severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity: info, warning, critical or emergency")]
pub struct UnknownSeverity(String);

impl Severity {
    /// From the mildest to the gravest.
    pub const ALL: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Critical, Severity::Emergency];

    /// `info`, `warning`, `critical` or `emergency`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
            Severity::Emergency => "emergency",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = UnknownSeverity;
    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        Severity::ALL.into_iter().find(|s| s.code() == text).ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The condition does not hold.
    Inactive,
    /// The condition holds, not yet for as long as the rule's `hold`.
    Pending,
    /// People are told.
    Firing,
    /// It fired, and the condition holds no more. The next episode starts from here as from
    /// `Inactive`.
    Resolved,
}

/// A step that the life cycle does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an alert cannot go from {} to {}", from.code(), to.code())]
pub struct IllegalStep {
    /// Where it stands.
    pub from: Phase,
    /// Where it was to go.
    pub to: Phase,
}

impl Phase {
    /// `inactive`, `pending`, `firing` or `resolved`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Phase::Inactive => "inactive",
            Phase::Pending => "pending",
            Phase::Firing => "firing",
            Phase::Resolved => "resolved",
        }
    }

    /// The phase with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Phase> {
        [Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved].into_iter().find(|p| p.code() == code)
    }

    /// Goes to `to`.
    ///
    /// # Errors
    /// [`IllegalStep`] where the life cycle has no such step: what is firing can only be resolved,
    /// and only what fired can be.
    pub const fn step(self, to: Phase) -> Result<Phase, IllegalStep> {
        match (self, to) {
            (Phase::Inactive | Phase::Resolved, Phase::Pending | Phase::Firing)
            | (Phase::Pending, Phase::Firing | Phase::Inactive)
            | (Phase::Firing, Phase::Resolved) => Ok(to),
            (from, to) => Err(IllegalStep { from, to }),
        }
    }

    /// Pending or firing.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Phase::Pending | Phase::Firing)
    }
}

/// A text in the three languages of the house, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// French.
    pub fr: String,
    /// Arabic.
    pub ar: String,
    /// English.
    pub en: String,
}

/// One episode of one rule on one series: `{rule}:{device}:{quantity}:{channel}:{since ms}`.
///
/// The same data give the same id, live, after a crash and in a back-test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AlertId(pub String);

/// What the numbers and signs of an [`AlertId`] take at most: five colons, three digits, a sign and fifteen digits.
const NUMBERS: usize = 24;

impl AlertId {
    /// The episode that began at `since`.
    #[must_use]
    pub fn new(rule: &RuleId, series: &SeriesKey, since: Timestamp) -> Self {
        let (device, quantity) = (series.device.as_str(), series.quantity.name());
        let mut id = String::with_capacity(rule.as_str().len() + device.len() + quantity.len() + NUMBERS);
        for name in [rule.as_str(), device, quantity] {
            id.push_str(name);
            id.push(':');
        }
        // Writing to a String cannot fail.
        let _ = write!(id, "{}:{}", series.channel, since.millis());
        Self(id)
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One step of one episode: `{alert id}:{phase}`. With the channel's name before it, this is the
/// receiver's idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TransitionId(pub String);

impl TransitionId {
    /// The step of `alert` into `to`.
    #[must_use]
    pub fn new(alert: &AlertId, to: Phase) -> Self {
        Self([alert.0.as_str(), ":", to.code()].concat())
    }
}

impl fmt::Display for TransitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a transition is not simply the next step of an alert.
///
/// The first three correct what was said before, because of a reading that was heard late: whoever keeps a log
/// replaces or takes out the entry `of`. They are told, never silently done: an alert that fired is not unsaid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Note {
    /// It happened, and only a late reading shows it. The entry `of` is new.
    Added {
        /// The id that it would have had in time.
        of: TransitionId,
    },
    /// It happened at another instant or with another value than was said, or belongs to an episode that is
    /// corrected and is said again. This replaces the entry `of`.
    Amended {
        /// What is replaced.
        of: TransitionId,
    },
    /// It would not have happened. `from` is where the alert stood, `to` where it stands without the entry `of`.
    Withdrawn {
        /// What is taken out.
        of: TransitionId,
    },
    /// The rule was taken away.
    RuleRemoved,
    /// The rule's logic was changed: it begins anew.
    RuleChanged,
    /// The device is of another kind or in another zone, which the rule does not take.
    Moved,
    /// A person says that it is over; the engine had not.
    ByHand {
        /// Who.
        by: Person,
        /// What they wrote.
        note: Remark,
    },
}

impl Note {
    /// The entry that is corrected; none where nothing is.
    #[must_use]
    pub const fn corrects(&self) -> Option<&TransitionId> {
        match self {
            Note::Added { of } | Note::Amended { of } | Note::Withdrawn { of } => Some(of),
            Note::RuleRemoved | Note::RuleChanged | Note::Moved | Note::ByHand { .. } => None,
        }
    }

    /// The stable code: `withdrawn`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Note::Added { .. } => "added",
            Note::Amended { .. } => "amended",
            Note::Withdrawn { .. } => "withdrawn",
            Note::RuleRemoved => "rule_removed",
            Note::RuleChanged => "rule_changed",
            Note::Moved => "moved",
            Note::ByHand { .. } => "by_hand",
        }
    }
}

/// A change of phase: what the engine says, the register keeps, and notifications tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transition {
    /// The same data give the same id.
    pub id: TransitionId,
    /// The episode.
    pub alert: AlertId,
    /// The rule that decided.
    pub rule: RuleId,
    /// What it judged.
    #[serde(flatten)]
    pub series: SeriesKey,
    /// The device's kind.
    pub kind: Kind,
    /// Where the device is.
    pub zone: Zone,
    /// How much it matters.
    pub severity: Severity,
    /// Where the alert stood.
    pub from: Phase,
    /// Where it stands now.
    pub to: Phase,
    /// When, in event time.
    pub at: Timestamp,
    /// When the episode began: when the condition first held.
    pub since: Timestamp,
    /// The value that decided, in the quantity's unit; none where silence decided.
    pub value: Option<f64>,
    /// What to say, placeholders filled.
    pub texts: Texts,
    /// Whom the rule wants told. Empty for a step that is not told (pending, back to inactive).
    pub notify: Vec<ChannelName>,
    /// Why it is not simply the next step; none where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fired_can_be_resolved() {
        use Phase::{Firing, Inactive, Pending, Resolved};
        let legal = [
            (Inactive, Pending),
            (Inactive, Firing),
            (Pending, Firing),
            (Pending, Inactive),
            (Firing, Resolved),
            (Resolved, Pending),
            (Resolved, Firing),
        ];
        for from in [Inactive, Pending, Firing, Resolved] {
            for to in [Inactive, Pending, Firing, Resolved] {
                assert_eq!(from.step(to).is_ok(), legal.contains(&(from, to)), "{from:?} -> {to:?}");
            }
        }
    }
}
