//! From a step of the life cycle to the transition that is told: names, texts, whom to tell.

use schemas::{Catalogue, DeviceId, Kind, Note, Phase, Texts, Timestamp, Transition, TransitionId, Zone};

use crate::core::Step;
use crate::correction::{Change, Corrected, names};
use crate::hours::Local;
use crate::rule::{Rule, RuleSet};
use crate::sample::Sample;
use crate::text::{Facts, withdrawn};

/// What the engine lends a device while it is judged.
pub(crate) struct Stage<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) local: Local<'a>,
    /// The past is made final in large steps: [`crate::Engine::defer`].
    pub(crate) deferring: bool,
    /// Texts are left out: [`crate::Engine::leave_out_texts`].
    pub(crate) wordless: bool,
    pub(crate) device: &'a DeviceId,
    pub(crate) out: &'a mut Vec<Transition>,
    /// Steps on their way to `out`.
    pub(crate) steps: &'a mut Vec<Step>,
}

impl Stage<'_> {
    /// Tells the steps that were taken. Of an episode that began at or before `voided` the same may have been said and
    /// withdrawn: there it is said as added.
    pub(crate) fn say(&mut self, rule: &Rule, kind: Kind, zone: &Zone, note: Option<&Note>, voided: Timestamp) {
        let mut steps = std::mem::take(self.steps);
        for step in &steps {
            let told = matches!(step.to, Phase::Firing | Phase::Resolved);
            let transition = self.transition(rule, step, kind, zone, told);
            self.out.push(if note.is_none() && voided > Timestamp::MIN && step.since <= voided {
                let of = transition.id;
                let id = TransitionId(format!("{of}:added:{:016x}", step.at.millis()));
                Transition { id, note: Some(Note::Added { of }), ..transition }
            } else {
                Transition { note: note.cloned(), ..transition }
            });
        }
        steps.clear();
        *self.steps = steps;
    }

    /// Tells what became of steps of the past, because of a reading.
    pub(crate) fn correct(&mut self, rule: &Rule, kind: Kind, zone: &Zone, all: &[Corrected], by: Cause<'_>) {
        for Corrected { step, change, told } in all {
            let was = Step { to: if *change == Change::Withdrawn { step.from } else { step.to }, ..*step };
            let (_, _, of) = names(rule, self.device, &was);
            let note = match change {
                Change::Added => Note::Added { of: of.clone() },
                Change::Amended => Note::Amended { of: of.clone() },
                Change::Withdrawn => Note::Withdrawn { of: of.clone() },
            };
            let mut transition = self.transition(rule, step, kind, zone, *told);
            // The same reading corrects the same step once: told twice it is the same.
            transition.id = TransitionId(format!("{of}:{}:{:016x}", note.code(), by.fingerprint()));
            if *change == Change::Withdrawn && !self.wordless {
                transition.texts = withdrawn(&self.texts(rule, &was, zone));
            }
            self.out.push(Transition { note: Some(note), ..transition });
        }
    }

    fn transition(&self, rule: &Rule, step: &Step, kind: Kind, zone: &Zone, told: bool) -> Transition {
        let (series, alert, id) = names(rule, self.device, step);
        Transition {
            id,
            alert,
            rule: rule.id.clone(),
            kind,
            zone: zone.clone(),
            severity: rule.severity,
            from: step.from,
            to: step.to,
            at: step.at,
            since: step.since,
            value: rule.by_value.then_some(step.value),
            texts: self.texts(rule, step, zone),
            notify: if told { rule.notify.clone() } else { Vec::new() },
            note: None,
            series,
        }
    }

    fn texts(&self, rule: &Rule, step: &Step, zone: &Zone) -> Texts {
        if self.wordless {
            return Texts::default();
        }
        let facts = Facts {
            device: self.device,
            label: self.catalogue.device(self.device).and_then(|d| d.label.as_deref()).unwrap_or(self.device.as_str()),
            zone,
            quantity: step.quantity,
            value: rule.by_value.then_some(step.value),
            // Of a silence people ask when the device was heard last; of a run of samples, when it began.
            since: self.local.civil(if step.alive == Timestamp::MIN { step.since } else { step.alive }),
        };
        let saying = if matches!(step.to, Phase::Resolved | Phase::Inactive) { &rule.resolved } else { &rule.firing };
        saying.filled(&facts)
    }
}

/// A reading that corrects something.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    pub(crate) sample: &'a Sample,
    /// Its device, where that is another one.
    pub(crate) peer: Option<&'a DeviceId>,
}

impl<'a> Cause<'a> {
    /// A reading of the device itself.
    pub(crate) fn own(sample: &'a Sample) -> Self {
        Self { sample, peer: None }
    }

    /// Tells the readings that can correct a device apart (FNV-1a, 64 bits): part of an id, so it never changes.
    fn fingerprint(self) -> u64 {
        let peer = self.peer.map_or("", DeviceId::as_str).bytes();
        bytes_of(self.sample)
            .chain(peer)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

fn bytes_of(sample: &Sample) -> impl Iterator<Item = u8> {
    let numbers = [sample.observed.millis().cast_unsigned(), sample.received.millis().cast_unsigned(), sample.value.to_bits()];
    let numbers = numbers.into_iter().flat_map(u64::to_le_bytes);
    sample.quantity.name().bytes().chain([sample.channel, u8::from(sample.bad), u8::from(sample.stale)]).chain(numbers)
}
