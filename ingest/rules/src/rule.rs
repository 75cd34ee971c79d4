//! A rule, and the set of them that an engine judges by.
//!
//! Deliberately absent: reading them from text (`parse`).

use std::time::Duration;

use schemas::{ChannelName, DeviceId, Kind, Quantity, RuleId, Severity, Zone};

use crate::condition::Condition;
use crate::text::Saying;

/// Whom a rule judges. `None` means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// Only devices of this kind.
    pub kind: Option<Kind>,
    /// Only this quantity; where it is `None`, the device is judged as a whole.
    pub quantity: Option<Quantity>,
    /// Only while the device is in this zone.
    pub zone: Option<Zone>,
    /// Only this device.
    pub device: Option<DeviceId>,
}

impl Select {
    /// Whether this device is judged, whatever it measures.
    pub(crate) fn takes_device(&self, device: &DeviceId, kind: Kind, zone: &Zone) -> bool {
        self.kind.is_none_or(|k| k == kind)
            && self.zone.as_ref().is_none_or(|z| z == zone)
            && self.device.as_ref().is_none_or(|d| d == device)
    }
}

/// A rule: whom it judges, by what, and what is said to whom.
#[derive(Debug)]
pub struct Rule {
    pub(crate) id: RuleId,
    pub(crate) severity: Severity,
    pub(crate) hold: Duration,
    pub(crate) notify: Vec<ChannelName>,
    pub(crate) select: Select,
    pub(crate) condition: Box<dyn Condition>,
    pub(crate) form: &'static str,
    pub(crate) by_value: bool,
    pub(crate) firing: Saying,
    pub(crate) resolved: Saying,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl Rule {
    /// Its name; unique in its set.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// How much its alerts matter.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// How long, in event time, the condition must hold before the alert fires; zero: at once.
    #[must_use]
    pub fn hold(&self) -> Duration {
        self.hold
    }

    /// The channels that are told when it fires and when it is resolved.
    #[must_use]
    pub fn notify(&self) -> &[ChannelName] {
        &self.notify
    }

    /// Whom it judges.
    #[must_use]
    pub fn select(&self) -> &Select {
        &self.select
    }

    /// The name of its condition: `threshold`, `absence`.
    #[must_use]
    pub fn condition(&self) -> &'static str {
        self.form
    }

    /// File and line (from 1) where it was read.
    #[must_use]
    pub fn origin(&self) -> (&str, usize) {
        (&self.file, self.line)
    }
}

/// The rules that an engine judges by, in the order of their files and lines.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Quantities that a rule names, each once: a handful, so a scan is faster than a hash.
    quantities: Vec<Quantity>,
    /// Whether a rule judges devices as a whole.
    whole: bool,
}

impl RuleSet {
    /// The most rules in a set.
    pub const LIMIT: usize = 1000;

    /// `rules` are at most [`RuleSet::LIMIT`] with different ids.
    pub(crate) fn of(rules: Vec<Rule>) -> Self {
        let mut quantities: Vec<Quantity> = rules.iter().filter_map(|r| r.select.quantity).collect();
        quantities.sort_unstable();
        quantities.dedup();
        let whole = rules.iter().any(|r| r.select.quantity.is_none());
        Self { rules, quantities, whole }
    }

    /// All rules, in the order of their files and lines.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id.as_str() == id)
    }

    pub(crate) fn position(&self, id: &str) -> Option<u16> {
        self.rules.iter().position(|r| r.id.as_str() == id).and_then(|i| u16::try_from(i).ok())
    }

    /// False only where no rule can judge a reading of this quantity.
    pub(crate) fn may_judge(&self, quantity: Quantity) -> bool {
        self.whole || self.quantities.contains(&quantity)
    }
}
