//! What people and machines may ask of the running platform, besides its readings.

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{AlertId, Device, Firmware, Kind, Marks, Phase, RuleId, SeriesKey, Severity, Subject, Texts, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::{Holding, RecordError, Why};

/// `received = stored + duplicate + quarantined + refused + waiting`, in messages since the data
/// directory was made. `waiting` is 0 when the historian has caught up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Publishes that came to a door.
    pub received: u64,
    /// Gave at least one reading that was new or a correction.
    pub stored: u64,
    /// Gave only readings that were there already.
    pub duplicate: u64,
    /// Put aside with a reason.
    pub quarantined: u64,
    /// Turned away at the door, not acknowledged as kept: too large, not allowed.
    pub refused: u64,
    /// In the journal, not yet read by the historian.
    pub waiting: u64,
}

impl Identity {
    /// Whether the two sides are equal.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.received == self.stored + self.duplicate + self.quarantined + self.refused + self.waiting
    }
}

/// A loop of the pipeline: the keeper, or a reader of the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReaderStatus {
    /// `keeper`, `historian`, `evaluator`, `live`.
    pub name: String,
    /// Everything before this offset is done.
    pub cursor: u64,
    /// Messages from there to the end of the journal; of the keeper, those that wait for the disk.
    pub lag: u64,
    /// Why it does not advance, while it does not.
    pub trouble: Option<String>,
}

/// A door by which messages come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// As the settings name it.
    pub name: String,
    /// Where it listens or what it is connected to.
    pub address: String,
    /// Whether messages can come.
    pub up: bool,
    /// Open connections.
    pub connections: u64,
    /// Publishes taken since the program started.
    pub received: u64,
    /// Publishes turned away since the program started.
    pub refused: u64,
    /// The last trouble, while it lasts.
    pub trouble: Option<String>,
}

/// One condition of readiness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// `journal`, `store`, `historian`.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What is the matter, or how it stands.
    pub text: String,
}

/// How the platform stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// The city's name.
    pub city: String,
    /// Whether the devices are simulated.
    pub demo: bool,
    /// When the program started.
    pub started_at: Timestamp,
    /// When this was asked.
    pub now: Timestamp,
    /// The account of messages.
    pub identity: Identity,
    /// The doors.
    pub sources: Vec<SourceStatus>,
    /// The journal's readers.
    pub readers: Vec<ReaderStatus>,
    /// Offset of the oldest message in the journal.
    pub journal_first: u64,
    /// Offset that the next message will get.
    pub journal_next: u64,
    /// Bytes in the journal.
    pub journal_bytes: u64,
    /// Bytes at which it stops taking more.
    pub journal_limit: u64,
    /// Syncs since the program started.
    pub journal_syncs: u64,
    /// Which store.
    pub store: String,
    /// Series in the store.
    pub store_series: u64,
    /// Readings in the store, flushed or not.
    pub store_readings: u64,
    /// Readings that are not flushed yet.
    pub store_unflushed: u64,
    /// Bytes of the store on disk.
    pub store_bytes: u64,
    /// Devices ever heard or listed.
    pub devices: u64,
    /// Alerts that fire.
    pub alerts_firing: u64,
    /// Alerts that wait for their hold.
    pub alerts_pending: u64,
    /// Notifications that wait.
    pub outbox_waiting: u64,
    /// Notifications that will never arrive.
    pub outbox_dead: u64,
    /// The quarantine.
    pub quarantine: Holding,
    /// The conditions of readiness; ready where all are ok.
    pub checks: Vec<Check>,
}

impl Status {
    /// Whether the platform can take and show readings.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.checks.iter().all(|c| c.ok)
    }
}

/// Which devices. `None` means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceFilter {
    /// Only this one.
    pub id: Option<schemas::DeviceId>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only in this zone.
    pub zone: Option<Zone>,
    /// Only ids after this one: for paging.
    pub after: Option<schemas::DeviceId>,
    /// At most this many.
    pub limit: usize,
}

/// A device, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceView {
    /// What is known of it.
    #[serde(flatten)]
    pub device: Device,
    /// When it was heard first; none before.
    pub first_seen: Option<Timestamp>,
    /// When it was heard last; none before.
    pub last_seen: Option<Timestamp>,
    /// The version of the program inside, as it said it last; none where it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<FirmwareSeen>,
}

/// A version of a device's program, and since when it is that one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirmwareSeen {
    /// The version, in the maker's words.
    #[schemars(with = "String")]
    pub version: Firmware,
    /// When it was said first, without another one after it.
    pub since: Timestamp,
}

/// Which alerts. `None` means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFilter {
    /// Only in one of these phases; empty means pending and firing.
    pub phases: Vec<Phase>,
    /// Only of devices of this kind.
    pub kind: Option<Kind>,
    /// Only in this zone.
    pub zone: Option<Zone>,
    /// Only of this device.
    pub device: Option<schemas::DeviceId>,
    /// Only of this rule.
    pub rule: Option<RuleId>,
    /// Only of one of these severities; empty means all.
    pub severities: Vec<Severity>,
    /// Only those that somebody has in hand at that instant.
    pub acknowledged: Option<Timestamp>,
    /// Only those that come after this place in the order: for paging.
    pub after: Option<AlertPlace>,
    /// At most this many; gravest and newest first.
    pub limit: usize,
}

/// A place in the order of alerts: gravest first, of equal ones those that changed last, then by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertPlace {
    /// How much it matters.
    pub severity: Severity,
    /// When it went into its phase.
    pub at: Timestamp,
    /// Which one.
    pub id: AlertId,
}

impl std::fmt::Display for AlertPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.severity.code(), self.at.millis(), self.id)
    }
}

/// A text that is not a place in the order of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the `next` of an answer with alerts")]
pub struct NoPlace;

impl std::str::FromStr for AlertPlace {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NoPlace);
        let severity = part()?.parse().map_err(|_| NoPlace)?;
        let at = part()?.parse().ok().and_then(|ms| Timestamp::from_millis(ms).ok()).ok_or(NoPlace)?;
        Ok(Self { severity, at, id: AlertId(part()?.to_owned()) })
    }
}

/// An episode of an alert, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Alert")]
pub struct AlertView {
    /// The episode.
    pub id: AlertId,
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
    /// Where it stands.
    pub phase: Phase,
    /// When the condition first held.
    pub since: Timestamp,
    /// When it went into this phase.
    pub at: Timestamp,
    /// When it fired.
    pub fired_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// The value that decided last.
    pub value: Option<f64>,
    /// What to say.
    pub texts: Texts,
    /// What operators did to it.
    #[serde(flatten)]
    pub marks: Marks,
}

impl AlertView {
    /// Where it stands in the order of alerts.
    #[must_use]
    pub fn place(&self) -> AlertPlace {
        AlertPlace { severity: self.severity, at: self.at, id: self.id.clone() }
    }
}

impl<'a> From<&'a AlertView> for Subject<'a> {
    fn from(view: &'a AlertView) -> Self {
        Self { rule: &view.rule, series: &view.series, kind: view.kind, zone: &view.zone, severity: view.severity }
    }
}

/// Why an answer could not be given.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The register could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What people and machines may ask of the running platform.
pub trait Console: Send + Sync + 'static {
    /// How the platform stands.
    fn status(&self) -> BoxFuture<'_, Result<Status, ConsoleError>>;

    /// Devices in the order of their ids.
    fn devices<'a>(&'a self, filter: &'a DeviceFilter) -> BoxFuture<'a, Result<Vec<DeviceView>, ConsoleError>>;

    /// Alerts, gravest and newest first.
    fn alerts<'a>(&'a self, filter: &'a AlertFilter) -> BoxFuture<'a, Result<Vec<AlertView>, ConsoleError>>;

    /// Why each step of an alert was told, or not; none where there is no such alert.
    fn why<'a>(&'a self, alert: &'a AlertId) -> BoxFuture<'a, Result<Option<Why>, ConsoleError>>;
}
