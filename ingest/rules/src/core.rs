//! The life of an alert of one rule on one series, driven by readings and time: hold, keep firing, hours of
//! enforcement, phases.
//!
//! What is due at an instant comes before a reading of that instant: so it makes no difference whether time was
//! advanced to it first.
//!
//! Deliberately absent: late readings (`correction`) and texts (`stage`).

use schemas::{Phase, Quantity, Timestamp};

use crate::condition::{Memory, Verdict};
use crate::device::earlier;
use crate::hours::Local;
use crate::rule::Rule;
use crate::sample::Sample;

/// Things that can be due at one instant: a hold, a window, an hour. Beyond, a condition is at fault.
const AT_ONCE: u32 = 4;

/// Where a rule stands with a series. Small: there are millions of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Core {
    /// The series. Of a whole device: the one heard last, and during an episode the one that the
    /// episode began with.
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    pub(crate) phase: Phase,
    /// When the episode began.
    pub(crate) since: Timestamp,
    /// When it went into this phase.
    pub(crate) at: Timestamp,
    /// When the verdict changed last.
    pub(crate) turned: Timestamp,
    pub(crate) memory: Memory,
}

/// A step of the life cycle, before it is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    pub(crate) from: Phase,
    pub(crate) to: Phase,
    pub(crate) at: Timestamp,
    pub(crate) since: Timestamp,
    pub(crate) value: f64,
    /// Of a silence: when there was a sign of life last.
    pub(crate) alive: Timestamp,
}

impl Core {
    pub(crate) fn new(quantity: Quantity, channel: u8) -> Self {
        let (phase, at) = (Phase::Inactive, Timestamp::MIN);
        Self { quantity, channel, phase, since: at, at, turned: at, memory: Memory::default() }
    }

    /// Nothing ever happened: what its last readings were is all there is to know.
    pub(crate) fn is_calm(&self) -> bool {
        self.phase == Phase::Inactive && !self.memory.holds && self.at == Timestamp::MIN && self.since == Timestamp::MIN
    }

    /// Time has changed nothing since its last reading.
    pub(crate) fn is_as_heard(&self, rule: &Rule) -> bool {
        self.judged_to(rule).max(self.turned) <= self.memory.heard
    }

    /// Readings before this instant would change what was already judged.
    pub(crate) fn judged_to(&self, rule: &Rule) -> Timestamp {
        if rule.glance.waits { self.at.max(rule.condition.passed(&self.memory)) } else { self.at }
    }

    /// Judges a reading that is not older than any before; false where the condition does not look at such.
    pub(crate) fn observe(&mut self, rule: &Rule, sample: &Sample, whole: bool, local: Local<'_>, out: &mut Vec<Step>) -> bool {
        if !rule.glance.hears(sample) {
            return false;
        }
        self.advance(rule, sample.observed, local, out);
        let verdict = rule.condition.observe(&mut self.memory, sample, local);
        let newer = sample.observed > self.memory.heard;
        self.memory.heard = sample.observed;
        if let Some(verdict) = verdict {
            self.turn(rule, verdict, sample.observed, local, out);
        }
        if whole && newer && !self.phase.is_open() {
            (self.quantity, self.channel) = (sample.quantity, sample.channel);
        }
        true
    }

    /// When time alone will change what the condition says.
    fn own(&self, rule: &Rule, local: Local<'_>) -> Option<Timestamp> {
        rule.glance.waits.then(|| rule.condition.wake_at(&self.memory, local)).flatten()
    }

    /// When time alone will change something.
    pub(crate) fn due(&self, rule: &Rule, local: Local<'_>) -> Option<Timestamp> {
        let own = self.own(rule, local);
        let held = match self.phase {
            Phase::Pending => Some(self.since.plus(rule.hold)),
            Phase::Firing if !self.memory.holds => Some(self.turned.plus(rule.keep_firing)),
            Phase::Inactive | Phase::Firing | Phase::Resolved => None,
        };
        let edge = rule.hours.as_ref().and_then(|hours| match (self.phase.is_open(), self.memory.holds) {
            (true, _) => hours.next_close(self.since, local),
            (false, true) => hours.next_open(self.turned.max(self.at), local),
            (false, false) => None,
        });
        earlier(earlier(own, held), edge)
    }

    /// Does what is due at or before `now`, each at its own instant.
    pub(crate) fn advance(&mut self, rule: &Rule, now: Timestamp, local: Local<'_>, out: &mut Vec<Step>) {
        let (mut last, mut times) = (Timestamp::MIN, 0);
        while let Some(due) = self.due(rule, local).filter(|due| *due <= now) {
            times = if due == last { times + 1 } else { 0 };
            last = due;
            if times > AT_ONCE {
                break;
            }
            if self.phase == Phase::Pending && self.since.plus(rule.hold) == due {
                self.go(Phase::Firing, due, out);
            } else if self.phase == Phase::Firing && !self.memory.holds && self.turned.plus(rule.keep_firing) == due {
                self.go(Phase::Resolved, due, out);
            } else if self.own(rule, local).is_some_and(|own| own <= due) {
                if let Some(verdict) = rule.condition.advance(&mut self.memory, due, local) {
                    self.turn(rule, verdict, due, local, out);
                }
            } else {
                self.settle(rule, due, local, out);
            }
        }
    }

    /// The rule does not judge this series any more: what is open ends.
    pub(crate) fn end(&mut self, rule: &Rule, at: Timestamp, local: Local<'_>, out: &mut Vec<Step>) {
        self.advance(rule, at, local, out);
        self.memory.holds = false;
        match self.phase {
            Phase::Pending => self.go(Phase::Inactive, at, out),
            Phase::Firing => self.go(Phase::Resolved, at, out),
            Phase::Inactive | Phase::Resolved => {}
        }
    }

    fn turn(&mut self, rule: &Rule, verdict: Verdict, at: Timestamp, local: Local<'_>, out: &mut Vec<Step>) {
        let holds = verdict == Verdict::Holds;
        if holds != self.memory.holds {
            self.memory.holds = holds;
            self.turned = at;
        }
        self.settle(rule, at, local, out);
    }

    /// Brings the phase to where verdict and hours want it.
    fn settle(&mut self, rule: &Rule, at: Timestamp, local: Local<'_>, out: &mut Vec<Step>) {
        let wanted = self.memory.holds || (self.phase == Phase::Firing && !rule.keep_firing.is_zero());
        if !wanted && !self.phase.is_open() {
            return;
        }
        let enforced = rule.hours.as_ref().is_none_or(|hours| hours.hold(at, local));
        match (self.memory.holds && enforced, self.phase) {
            (true, Phase::Inactive | Phase::Resolved) => {
                self.since = at;
                self.go(if rule.hold.is_zero() { Phase::Firing } else { Phase::Pending }, at, out);
            }
            (false, Phase::Pending) => self.go(Phase::Inactive, at, out),
            (false, Phase::Firing) if !enforced || rule.keep_firing.is_zero() => self.go(Phase::Resolved, at, out),
            (true, Phase::Pending | Phase::Firing) | (false, _) => {}
        }
    }

    fn go(&mut self, to: Phase, at: Timestamp, out: &mut Vec<Step>) {
        let from = self.phase;
        self.phase = from.step(to).expect("settle, advance and end take only steps that the life cycle has");
        // History does not run backwards, whatever condition says so.
        self.at = self.at.max(at);
        let (value, alive) = (self.memory.value, self.memory.alive);
        let Self { quantity, channel, at, since, .. } = *self;
        out.push(Step { quantity, channel, from, to, at, since, value, alive });
    }
}
