//! Late readings: what would have been said, had they come in time, and what of it differs from what was said.
//!
//! The past inside the lateness bound is judged twice from where it begins, without the late reading and with it. The
//! first is what was said; the difference is told as corrections. So nothing that was said need be kept, and the log
//! with its corrections is a function of the set of readings.

use schemas::{AlertId, DeviceId, Phase, SeriesKey, Timestamp, TransitionId};

use crate::core::{Core, Step};
use crate::hours::Local;
use crate::rule::Rule;
use crate::sample::Sample;

/// What a step of the past has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Amended,
    Withdrawn,
}

/// A step with what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Corrected {
    pub(crate) step: Step,
    pub(crate) change: Change,
    /// Somebody is told: an alert appears, ends or disappears, and did not before.
    pub(crate) told: bool,
}

/// Judges samples in order from where a core stands, then time up to `to`.
pub(crate) fn replay(
    core: &mut Core,
    rule: &Rule,
    whole: bool,
    samples: &[Sample],
    to: Timestamp,
    local: Local<'_>,
    out: &mut Vec<Step>,
) {
    // A rule that came later did not judge what was before it.
    let from = core.at;
    for sample in samples.iter().filter(|s| s.observed >= from) {
        core.observe(rule, sample, whole, local, out);
    }
    core.advance(rule, to, local, out);
}

/// The names of a step: of its episode and of itself.
pub(crate) fn names(rule: &Rule, device: &DeviceId, step: &Step) -> (SeriesKey, AlertId, TransitionId) {
    let series = SeriesKey { device: device.clone(), quantity: step.quantity, channel: step.channel };
    let alert = AlertId::new(&rule.id, &series, step.since);
    let id = TransitionId::new(&alert, step.to);
    (series, alert, id)
}

/// Two steps have the same name.
fn same(a: &Step, b: &Step) -> bool {
    a.to == b.to && of_one_episode(a, b)
}

fn of_one_episode(a: &Step, b: &Step) -> bool {
    (a.since, a.quantity, a.channel) == (b.since, b.quantity, b.channel)
}

/// What to say so that a log that says `old` says `new`: first what is taken out, the last first; then what is new or
/// otherwise, in order. Of an episode of which something is said, all that follows is said again, so that whoever keeps
/// only where it stands is right in the end.
///
/// `base` is where both began: an episode may have begun before.
pub(crate) fn difference(base: &Core, old: &[Step], new: &[Step]) -> Vec<Corrected> {
    let begun = |step: &Step| {
        let open = base.phase != Phase::Inactive
            && (base.since, base.quantity, base.channel) == (step.since, step.quantity, step.channel);
        if open { base.phase } else { Phase::Inactive }
    };
    let mut out = Vec::new();
    for step in old.iter().rev().filter(|o| !new.iter().any(|n| same(o, n))) {
        // Where the episode stands without it.
        let stands = new.iter().rev().find(|n| of_one_episode(n, step)).map_or_else(|| begun(step), |n| n.to);
        let told = matches!(step.to, Phase::Firing) || (step.to == Phase::Resolved && stands == Phase::Firing);
        let step = Step { from: step.to, to: stands, ..*step };
        out.push(Corrected { step, change: Change::Withdrawn, told });
    }
    let mut touched: Vec<Step> = Vec::new();
    for step in new {
        let before = old.iter().find(|o| same(o, step));
        if before == Some(step) && !touched.iter().any(|t| of_one_episode(t, step)) {
            continue;
        }
        touched.push(*step);
        let change = if before.is_some() { Change::Amended } else { Change::Added };
        let told = change == Change::Added && matches!(step.to, Phase::Firing | Phase::Resolved);
        out.push(Corrected { step: *step, change, told });
    }
    out
}
