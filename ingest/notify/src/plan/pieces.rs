//! What the pieces of the planner's state hold. They stand on disk as JSON: a field that is added has a default, so
//! that what an earlier program kept is read.

use std::collections::VecDeque;

use ports::{Form, Mark};
use schemas::{AlertId, ChannelName, Phase, Severity, Timestamp, Transition, TransitionId};
use serde::{Deserialize, Serialize};

use super::route::Timing;

/// A step that waits to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) step: u64,
    pub(super) alert: AlertId,
    /// That it fires, or that it does no more: resolved.
    pub(super) phase: Phase,
    /// Its name, where it is not that of alert and phase: what a late reading changed, and what follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<TransitionId>,
    pub(super) severity: Severity,
    /// Why it is told beyond the ordinary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<Mark>,
    /// Its receiver was told before.
    #[serde(default)]
    pub(super) again: bool,
}

impl Item {
    /// Of the transition with the number `step`.
    pub(super) fn of(step: u64, t: &Transition) -> Self {
        let phase = if t.to == Phase::Firing { Phase::Firing } else { Phase::Resolved };
        let name = (t.id != TransitionId::new(&t.alert, phase)).then(|| t.id.clone());
        Self { step, alert: t.alert.clone(), phase, name, severity: t.severity, mark: None, again: false }
    }

    /// The name of its step: no other has it.
    pub(super) fn name(&self) -> TransitionId {
        self.name.clone().unwrap_or_else(|| TransitionId::new(&self.alert, self.phase))
    }

    /// Whether it is told since nobody had its alert in hand in time.
    pub(super) const fn has_climbed(&self) -> bool {
        matches!(self.mark, Some(Mark::Escalated { .. }))
    }

    /// The form of a message of it alone.
    pub(super) const fn form(&self) -> Form {
        if self.again { Form::Reminder } else { Form::Single }
    }
}

/// A receiver of an alert, and the group in which it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) receiver: ChannelName,
    pub(super) group: String,
    pub(super) timing: Timing,
    /// No route made it one, but an escalation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) climbed: bool,
}

/// An alert that fires, and whom that was told; nobody where it was withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) members: Vec<Member>,
    /// The step by which it fires; none in what an earlier program wrote.
    #[serde(default)]
    pub(super) item: Option<Item>,
    /// Somebody who has it in hand.
    #[serde(default)]
    pub(super) hand: Option<Hand>,
    /// How far it has climbed; none where nothing climbs, or nothing is left to climb.
    #[serde(default)]
    pub(super) ladder: Option<Ladder>,
    /// Whom it is to be told when its series is calm; none where it does not flap.
    #[serde(default)]
    pub(super) held: Option<Vec<Member>>,
    /// Something withholds it.
    #[serde(default)]
    pub(super) hushed: bool,
    /// Who was still to be told when it was kept back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) owed: Vec<Owed>,
}

/// A step that waited for a receiver when its alert was kept back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    pub(super) member: Member,
    pub(super) item: Item,
}

/// Where an alert stands in its escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ladder {
    pub(super) escalation: String,
    /// Steps that are behind it, repetitions included.
    pub(super) climbed: u32,
    /// When the next one is.
    pub(super) due: Timestamp,
}

impl Opened {
    /// Who was not told may be when what withholds it ends.
    pub(super) fn is_withheld(&self) -> bool {
        self.hushed
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        match &self.hand {
            Some(hand) => hand.until,
            // What is withheld, or held since it flaps, does not climb.
            None if self.hushed || self.held.is_some() => None,
            None => self.ladder.as_ref().map(|ladder| ladder.due),
        }
    }
}

/// An acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hand {
    pub(super) by: String,
    /// When it lapses by itself; none: when the alert ends.
    pub(super) until: Option<Timestamp>,
}

/// One group at one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// What is to be told, in order.
    pub(super) waiting: Vec<Item>,
    /// What was told and still fires; kept only for reminders.
    pub(super) firing: Vec<Item>,
    /// When `waiting` goes.
    pub(super) due: Option<Timestamp>,
    /// Before then no further message of the group goes.
    pub(super) rest: Option<Timestamp>,
    /// When it is said again.
    pub(super) remind: Option<Timestamp>,
    pub(super) timing: Timing,
}

impl Group {
    pub(super) fn next(&self) -> Option<Timestamp> {
        // The rest is waited out too, so that a group with nothing left is let go.
        [self.due, self.remind, self.rest.filter(|_| self.waiting.is_empty())].into_iter().flatten().min()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.firing.is_empty() && self.rest.is_none()
    }
}

/// How often a rule fired lately on a series, and what is held since it does so too often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flaps {
    /// The last steps into firing, in event time, in order; not more than count.
    pub(super) fired: VecDeque<Timestamp>,
    /// When it is calm, or of no account any more.
    pub(super) due: Option<Timestamp>,
    /// Whether it was told that it flaps: then further steps are held.
    pub(super) flapping: bool,
    /// Ends that are owed to whom the beginnings were told.
    pub(super) owed: Vec<OwedEnd>,
    /// What fires now, and is told when it is calm.
    pub(super) present: Option<AlertId>,
}

/// The end of an alert, and whom it is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwedEnd {
    pub(super) item: Item,
    pub(super) members: Vec<Member>,
}

/// Somebody who was told in the name of a rota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoodIn {
    pub(super) rota: ChannelName,
    pub(super) receiver: ChannelName,
}

/// What is held for one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digest {
    pub(super) held: Vec<Item>,
    pub(super) due: Option<Timestamp>,
}
