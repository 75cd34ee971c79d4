//! A watch: one rule on one series, or on one device as a whole. Where it stands now, and where it stood when the past
//! that late readings can still change began.

use schemas::{Kind, Note, Quantity, Timestamp, Zone};

use crate::condition::Own;
use crate::core::{Core, Step};
use crate::correction::{Change, Corrected, difference, replay};
use crate::hours::Local;
use crate::rule::Rule;
use crate::sample::Sample;
use crate::stage::Stage;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    /// The rule's position in the set.
    pub(crate) rule: u16,
    /// It watches the device as a whole.
    pub(crate) whole: bool,
    /// Its series was heard since its rule was read.
    pub(crate) settled: bool,
    pub(crate) live: Core,
    /// None: nothing had happened.
    pub(crate) base: Option<Box<Core>>,
    /// The latest instant of which something was said, even if it was withdrawn.
    pub(crate) said: Timestamp,
    /// The beginning of the latest episode of which something was withdrawn. What is said of it again needs another id.
    pub(crate) voided: Timestamp,
}

impl Watch {
    pub(crate) fn new(rule: u16, quantity: Quantity, channel: u8, whole: bool) -> Self {
        Self {
            rule,
            whole,
            settled: true,
            live: Core::new(quantity, channel),
            base: None,
            said: Timestamp::MIN,
            voided: Timestamp::MIN,
        }
    }

    /// A watch of a rule that came when readings had been judged up to `since`: of those it knows nothing.
    pub(crate) fn born(self, since: Timestamp) -> Self {
        let live = Core { at: since, ..self.live };
        Self { base: Some(Box::new(live.clone())), live, ..self }
    }

    /// The order of a device's watches: the same whatever was heard first.
    pub(crate) fn rank(&self) -> (bool, Option<(Quantity, u8)>, u16) {
        (!self.whole, (!self.whole).then_some((self.live.quantity, self.live.channel)), self.rule)
    }

    pub(crate) fn is_of(&self, quantity: Quantity, channel: u8) -> bool {
        !self.whole && self.live.quantity == quantity && self.live.channel == channel
    }

    /// Whether it looks at readings of this series.
    pub(crate) fn concerns(&self, rule: &Rule, sample: &Sample) -> bool {
        self.whole
            || self.is_of(sample.quantity, sample.channel)
            || (rule.glance.other == Some(sample.quantity) && self.live.channel == sample.channel)
    }

    /// Readings before this instant would change what was judged or said.
    fn judged_to(&self, rule: &Rule) -> Timestamp {
        self.live.judged_to(rule).max(self.said)
    }

    /// Whether judging this sample now is judging it in order. What is not must be corrected.
    pub(crate) fn is_next(&self, rule: &Rule, sample: &Sample) -> bool {
        sample.observed > self.live.memory.heard && sample.observed >= self.judged_to(rule)
    }

    /// A reading of the same instant as the last one, from another quantity of a device that is watched as a whole, and
    /// no later sign of life than that one was: nothing changes but, perhaps, the series by which the device is named.
    pub(crate) fn adds_nothing(&self, rule: &Rule, sample: &Sample) -> bool {
        let memory = &self.live.memory;
        // Where gaps are learned, a later hearing is a longer gap.
        let no_later = match memory.own.as_deref() {
            Some(Own::Gaps(gaps)) => gaps.knows(sample),
            _ => sample.received <= memory.alive,
        };
        let as_heard = sample.observed == memory.heard && no_later;
        self.whole && !rule.by_value && as_heard && sample.observed >= self.judged_to(rule)
    }

    /// Of readings of one instant the least names a device that is watched as a whole, in whatever order they come.
    pub(crate) fn name_by(&mut self, sample: &Sample) {
        let least = (sample.quantity, sample.channel) < (self.live.quantity, self.live.channel);
        if least && !self.live.phase.is_open() {
            (self.live.quantity, self.live.channel) = (sample.quantity, sample.channel);
        }
    }

    /// The past begins after this sample, from now on.
    pub(crate) fn absorb(&mut self, rule: &Rule, sample: &Sample, local: Local<'_>, scratch: &mut Vec<Step>) {
        if let Some(base) = self.base.as_deref_mut() {
            if sample.observed >= base.at {
                base.observe(rule, sample, self.whole, local, scratch);
            }
        } else {
            // Most have nothing to remember: no allocation for them.
            let mut base = Core::new(self.live.quantity, self.live.channel);
            base.observe(rule, sample, self.whole, local, scratch);
            if !(base.is_calm() && rule.condition.is_brief()) {
                self.base = Some(Box::new(base));
            }
        }
        scratch.clear();
    }

    /// No reading of before now can change anything any more.
    pub(crate) fn seal(&mut self) {
        self.base = Some(Box::new(self.live.clone()));
    }

    /// Tells the steps that were taken in order.
    pub(crate) fn tell(&mut self, rule: &Rule, kind: Kind, zone: &Zone, note: Option<&Note>, stage: &mut Stage<'_>) {
        self.said = stage.steps.iter().fold(self.said, |said, step| said.max(step.at));
        stage.say(rule, kind, zone, note, self.voided);
    }

    /// Judges the past anew up to where it was judged, and says what differs. What is due after that is for time to find.
    pub(crate) fn correct(&mut self, rule: &Rule, old: &[Sample], new: &[Sample], local: Local<'_>) -> Vec<Corrected> {
        let base = self.base.as_deref().cloned().unwrap_or_else(|| Core::new(self.live.quantity, self.live.channel));
        let to = self.judged_to(rule).max(self.live.memory.heard);
        let mine = |all: &[Sample]| -> Vec<Sample> { all.iter().filter(|s| self.concerns(rule, s)).copied().collect() };
        let (old, new) = (mine(old), mine(new));
        let (mut said, mut right) = (Vec::new(), Vec::new());
        replay(&mut base.clone(), rule, self.whole, &old, to, local, &mut said);
        self.live = base.clone();
        replay(&mut self.live, rule, self.whole, &new, to, local, &mut right);
        let corrected = difference(&base, &said, &right);
        self.said = right.iter().fold(self.said, |said, step| said.max(step.at));
        let void = corrected.iter().filter(|c| c.change == Change::Withdrawn);
        self.voided = void.fold(self.voided, |voided, c| voided.max(c.step.since));
        corrected
    }
}
