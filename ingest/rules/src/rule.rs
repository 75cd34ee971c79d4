//! A rule, and the set of them that an engine judges by.
//!
//! Deliberately absent: reading them from text (`parse`).

use std::hash::{Hash, Hasher};
use std::time::Duration;

use rustc_hash::FxHasher;
use schemas::{ChannelName, Quantity, RuleId, Severity};

use crate::condition::Condition;
use crate::hours::Hours;
use crate::sample::Sample;
use crate::select::Select;
use crate::text::Saying;

/// A rule: whom it judges, by what, and what is said to whom.
#[derive(Debug)]
pub struct Rule {
    pub(crate) id: RuleId,
    pub(crate) severity: Severity,
    pub(crate) enabled: bool,
    pub(crate) replaces: bool,
    pub(crate) hold: Duration,
    pub(crate) keep_firing: Duration,
    pub(crate) hours: Option<Hours>,
    pub(crate) notify: Vec<ChannelName>,
    pub(crate) select: Select,
    pub(crate) condition: Box<dyn Condition>,
    pub(crate) glance: Glance,
    pub(crate) form: &'static str,
    pub(crate) by_value: bool,
    pub(crate) firing: Saying,
    pub(crate) resolved: Saying,
    pub(crate) source: Option<String>,
    pub(crate) runbook: Option<String>,
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// What is asked of a condition with every reading and is always the same: it stands here, so that nobody calls for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance {
    /// [`Condition::other`]
    pub(crate) other: Option<Quantity>,
    /// [`Condition::waits`]
    pub(crate) waits: bool,
    /// [`Condition::hears_life`]
    pub(crate) hears_life: bool,
}

impl Glance {
    pub(crate) fn of(condition: &dyn Condition) -> Self {
        Self { other: condition.other(), waits: condition.waits(), hears_life: condition.hears_life() }
    }

    /// Whether this reading is judged at all.
    pub(crate) fn hears(self, sample: &Sample) -> bool {
        if self.hears_life { !sample.stale } else { !sample.bad }
    }
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

    /// Whether it judges.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Whether it stands in the place of one of its id in another file.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// How long, in event time, the condition must hold before the alert fires; zero: at once.
    #[must_use]
    pub fn hold(&self) -> Duration {
        self.hold
    }

    /// How long, in event time, the condition must be over before the alert is resolved; zero: at once.
    #[must_use]
    pub fn keep_firing(&self) -> Duration {
        self.keep_firing
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

    /// Where its numbers come from: a law, a standard, a decision. None where the file does not say.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Where it is written what to do.
    #[must_use]
    pub fn runbook(&self) -> Option<&str> {
        self.runbook.as_deref()
    }

    /// File and line (from 1) where it was read.
    #[must_use]
    pub fn origin(&self) -> (&str, usize) {
        (&self.file, self.line)
    }

    /// The same for two rules that judge alike, whatever they say and to whom. Not for disk: it may change with the
    /// program.
    #[must_use]
    pub fn logic(&self) -> u64 {
        let mut hasher = FxHasher::default();
        let Self { hold, keep_firing, hours, select, condition, .. } = self;
        format!("{hold:?} {keep_firing:?} {hours:?} {select:?} {condition:?}").hash(&mut hasher);
        hasher.finish()
    }
}

/// The rules that an engine judges by, in the order of their files and lines.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Those that are switched off.
    idle: Vec<Rule>,
    lateness: Duration,
    /// Quantities that a rule names, each once: a handful, so a scan is faster than a hash.
    quantities: Vec<Quantity>,
    /// Quantities that are compared with those of other devices.
    grouped: Vec<Quantity>,
    /// Quantities that others of the same device, or other devices, are compared with.
    compared: Vec<Quantity>,
    /// Whether a rule judges devices as a whole.
    whole: bool,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::of(Vec::new(), Self::LATENESS)
    }
}

impl RuleSet {
    /// The most rules in a set.
    pub const LIMIT: usize = 1000;
    /// How late a reading may come and still correct the outcome, where the files do not say.
    pub const LATENESS: Duration = Duration::from_secs(48 * 3600);

    /// `rules` are at most [`RuleSet::LIMIT`] with different ids.
    pub(crate) fn of(rules: Vec<Rule>, lateness: Duration) -> Self {
        let named = rules.iter().flat_map(|r| r.select.quantity.into_iter().chain(r.condition.other()));
        let mut quantities: Vec<Quantity> = named.collect();
        let mut grouped: Vec<Quantity> =
            rules.iter().filter(|r| r.condition.of_group()).filter_map(|r| r.select.quantity).collect();
        let mut compared: Vec<Quantity> =
            rules.iter().filter_map(|r| r.condition.other()).chain(grouped.iter().copied()).collect();
        for list in [&mut quantities, &mut grouped, &mut compared] {
            list.sort_unstable();
            list.dedup();
        }
        let whole = rules.iter().any(|r| r.select.quantity.is_none());
        Self { rules, idle: Vec::new(), lateness, quantities, grouped, compared, whole }
    }

    /// The same, knowing of those that are switched off.
    pub(crate) fn beside(self, idle: Vec<Rule>) -> Self {
        Self { idle, ..self }
    }

    /// All rules that are enabled, in the order of their files and lines.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Those that are switched off, in the same order: nothing is judged by them.
    #[must_use]
    pub fn idle(&self) -> &[Rule] {
        &self.idle
    }

    /// How far behind the newest reading of its device a reading may be and still correct the outcome.
    #[must_use]
    pub fn lateness(&self) -> Duration {
        self.lateness
    }

    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id.as_str() == id)
    }

    /// Whether a rule asks the catalogue whom it judges.
    pub(crate) fn selects_by_tags(&self) -> bool {
        self.rules.iter().any(|rule| rule.select.asks_for_tags())
    }

    /// The quantities that a rule judges or looks at, each once; none where a device is judged as a whole, by all it says.
    #[must_use]
    pub fn judged(&self) -> Option<&[Quantity]> {
        (!self.whole).then_some(self.quantities.as_slice())
    }

    /// Whether a rule compares devices with one another, so that they must be judged by one engine.
    #[must_use]
    pub fn compares_devices(&self) -> bool {
        !self.grouped.is_empty()
    }

    pub(crate) fn position(&self, id: &str) -> Option<u16> {
        self.rules.iter().position(|r| r.id.as_str() == id).and_then(|i| u16::try_from(i).ok())
    }

    /// False only where no rule can judge a reading of this quantity.
    pub(crate) fn may_judge(&self, quantity: Quantity) -> bool {
        self.whole || self.quantities.contains(&quantity)
    }

    pub(crate) fn compares_with(&self, quantity: Quantity) -> bool {
        self.compared.contains(&quantity)
    }

    pub(crate) fn compares_group(&self, quantity: Quantity) -> bool {
        self.grouped.contains(&quantity)
    }
}
