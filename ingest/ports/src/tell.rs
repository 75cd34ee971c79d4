//! Records of telling: what the planner commits, what a line of the outbox holds, and why.
//!
//! These calls block for a disk write. Call them from a thread that may block.

use bytes::Bytes;
use schemars::JsonSchema;
use schemas::{Act, AlertId, ChannelName, Phase, RuleId, Severity, Timestamp, Transition, TransitionId};
use serde::{Deserialize, Serialize};

use crate::{Booked, Enclosed, Form, Line, Mark, Notification, RecordError};

/// One link in the chain that leads from a decision to a message, or to none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Reason {
    /// A rule decided.
    Decided {
        /// Which one.
        rule: RuleId,
        /// How much it matters.
        severity: Severity,
        /// Where the alert stands now.
        phase: Phase,
        /// The value that decided, in the quantity's unit; none where silence decided.
        value: Option<f64>,
        /// When the condition first held.
        since: Timestamp,
        /// When the step was made, in event time. Named apart from the link's own `at`, beside which it stands.
        decided_at: Timestamp,
        /// How long it had held by then, ms: at least the rule's `hold` for a step into firing.
        held_ms: u64,
    },
    /// The rule wants nobody told.
    ToNobody,
    /// Somebody's doing keeps it back: a silence, an inhibition, a maintenance window, a shelf.
    Withheld {
        /// Which sort: `silence`, `inhibition`, `maintenance`, `shelf`, `collector`.
        by: String,
        /// Which one.
        id: String,
        /// What a person should know: author and note, or what inhibits.
        note: String,
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
    /// What withheld it has ended, and it still fires.
    Released,
    /// Somebody has it in hand: it is not said again, and does not climb.
    Acknowledged {
        /// Who.
        by: String,
        /// When that lapses by itself; none: when the alert ends.
        until: Option<Timestamp>,
    },
    /// Nobody has it in hand any more.
    Unacknowledged {
        /// Whether the acknowledgement's time was over; otherwise it was taken back.
        lapsed: bool,
    },
    /// The alert is over, and this receiver was never told that it began.
    NeverTold,
    /// Whose territory it is on that day.
    Territory {
        /// None: nobody has it, and somebody must know.
        contractor: Option<String>,
        /// How well that is known, or why it is not.
        note: String,
    },
    /// A route of the settings takes it.
    Routed {
        /// Its name, with those above it: `waste > fires`.
        route: String,
    },
    /// No route takes it: it goes where the rule says.
    AsTheRuleSays,
    /// It follows the step that began the alert.
    FollowsFiring,
    /// Somebody stands in for the rota that it goes to.
    OnDuty {
        /// The receiver that is told. Named apart from the link's own `receiver`, the rota.
        person: ChannelName,
        /// Until when the shift lasts, or the hole between shifts; none: for good.
        until: Option<Timestamp>,
        /// Whether no shift covers the instant.
        fallback: bool,
    },
    /// Whoever is on duty is told of it by his own name, or by that of another rota.
    HearsOtherwise,
    /// Nobody had it in hand in time.
    Escalated {
        /// The escalation, as the settings name it.
        escalation: String,
        /// Which of its steps, from 1; a repetition counts on.
        rung: u32,
    },
    /// It comes and goes: this is the last step that is told before it is calm.
    Flaps {
        /// Steps into firing within the time, this one included.
        times: u32,
        /// The time that counts, ms, in event time.
        within_ms: u64,
    },
    /// It is held, since it comes and goes.
    Flapping {
        /// When it is calm, if nothing more happens.
        until: Timestamp,
    },
    /// It is calm again: what was held is told as it stands now.
    Calm,
    /// It waits for others of its group.
    Grouped {
        /// Which group.
        group: String,
        /// Until when.
        until: Timestamp,
    },
    /// It is held over the quiet hours.
    QuietHours {
        /// Until when.
        until: Timestamp,
    },
    /// So much was told that the rest is gathered.
    Storm {
        /// Messages that may go in a period.
        limit: u32,
        /// Until when.
        until: Timestamp,
    },
    /// It waits behind a step of the same alert that is held.
    Behind {
        /// Until when.
        until: Timestamp,
    },
    /// It is in a message that was put in the outbox.
    Posted {
        /// The message's id.
        id: String,
        /// Which sort of message.
        form: Form,
        /// Over which channels.
        channels: Vec<ChannelName>,
        /// Steps in the message.
        steps: u32,
        /// Why this one is told beyond the ordinary.
        #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
        mark: Option<Mark>,
    },
    /// The settings have no such receiver any more.
    ReceiverGone,
}

/// A reason, and for what.
#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    /// When.
    pub at: Timestamp,
    /// The number of the transition.
    pub step: u64,
    /// The receiver that it concerns; none: all of them.
    pub receiver: Option<ChannelName>,
    /// The link.
    pub reason: Reason,
}

/// A message that is to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// Who is told.
    pub receiver: ChannelName,
    /// Over which channels: a line each.
    pub channels: Vec<ChannelName>,
    /// Which message of this receiver: `{receiver}/{id}` is its key.
    pub id: String,
    /// Which sort of message.
    pub form: Form,
    /// The numbers of its transitions, in order.
    pub steps: Vec<u64>,
}

/// What the planner commits at once, or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanStep {
    /// The number of the last transition that is planned.
    pub cursor: u64,
    /// The number of the last act of an operator that is taken in.
    pub acted: u64,
    /// Pieces of the planner's state that changed; an empty one removes the row.
    pub pieces: Vec<(String, Bytes)>,
    /// Messages, in the order in which they are to go. One that is there already, by receiver, channel
    /// and id, is skipped.
    pub posted: Vec<Posted>,
    /// The links of the chains.
    pub reasons: Vec<Because>,
    /// When this happened, for the outbox.
    pub now: Timestamp,
}

/// What the planner starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestoredPlan {
    /// The number of the last transition that is planned; 0 before the first.
    pub cursor: u64,
    /// The number of the last act that is taken in; 0 before the first.
    pub acted: u64,
    /// Its state, by piece.
    pub pieces: Vec<(String, Bytes)>,
}

/// Where the planner reads transitions and keeps what it made of them.
pub trait PlanBook: Send + Sync + 'static {
    /// The last committed step.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn restore_plan(&self) -> Result<RestoredPlan, RecordError>;

    /// Transitions after the number `after`, in the order in which they were decided, at most `rows`.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn decided(&self, after: u64, rows: usize) -> Result<Vec<(u64, Transition)>, RecordError>;

    /// What operators did after the act with the number `after`, in order, at most `rows`.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn acts(&self, after: u64, rows: usize) -> Result<Vec<(u64, Act)>, RecordError>;

    /// Cursors, state, messages and reasons in one transaction.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was kept.
    fn commit_plan(&self, step: &PlanStep) -> Result<(), RecordError>;
}

/// What is still to be told.
pub trait Outbox: Send + Sync + 'static {
    /// The oldest notification of a line that waits, whether or not it is due: a line is told in order,
    /// so its head holds the rest. Language and addresses are left to whoever knows the settings.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn head(&self, line: &Line) -> Result<Option<Notification>, RecordError>;

    /// The receiver has it, by the channel `via`: its own, or the one that stepped in.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn delivered(&self, number: u64, at: Timestamp, via: &ChannelName) -> Result<(), RecordError>;

    /// It failed; try again at `due`.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn postponed(&self, number: u64, due: Timestamp, reason: &str) -> Result<(), RecordError>;

    /// It will never arrive: kept as a dead letter with the reason.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn buried(&self, number: u64, at: Timestamp, reason: &str) -> Result<(), RecordError>;
}

/// Reports that are still to be sent, and which ones were.
pub trait ReportBook: Outbox {
    /// Whether a line has had this edition, sent or on its way.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn has(&self, line: &Line, id: &str) -> Result<bool, RecordError>;

    /// Puts an edition into a line; where it is or was there already, nothing.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing was kept.
    fn post(&self, line: &Line, id: &str, enclosed: &Enclosed, now: Timestamp) -> Result<(), RecordError>;

    /// The edition that was posted last to a line among those whose id begins so, of those in a state where one is given.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn last(&self, line: &Line, title: &str, state: Option<&str>) -> Result<Option<Booked>, RecordError>;
}

/// How a message fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// Who is told.
    pub receiver: ChannelName,
    /// The line's channel.
    pub channel: ChannelName,
    /// The receiver's idempotency key.
    pub key: String,
    /// `waiting`, `delivered` or `dead`.
    pub state: String,
    /// The channel that carried it; none before.
    pub via: Option<ChannelName>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was put in the outbox.
    pub made_at: Timestamp,
    /// When it was delivered or given up; none before.
    pub settled_at: Option<Timestamp>,
    /// What went wrong last, if anything did.
    pub trouble: Option<String>,
}

/// A link of a chain, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// When.
    pub at: Timestamp,
    /// The receiver that it concerns; none: all of them.
    pub receiver: Option<ChannelName>,
    /// The link.
    #[serde(flatten)]
    pub reason: Reason,
}

/// What became of one step of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhyStep {
    /// Which step.
    pub id: TransitionId,
    /// Where the alert went.
    pub phase: Phase,
    /// When, in event time.
    pub at: Timestamp,
    /// Why it was told, held or kept back, in the order in which that was found.
    pub chain: Vec<Link>,
    /// The messages that carry it.
    pub deliveries: Vec<Delivery>,
}

/// Why each step of an alert was told, or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The episode.
    pub alert: AlertId,
    /// Its steps, in the order in which they were decided.
    pub steps: Vec<WhyStep>,
}
