//! From a step of the life cycle to the transition that is told: names, texts, whom to tell.

use jiff::tz::TimeZone;
use schemas::{Catalogue, DeviceId, Kind, Note, Phase, Texts, Timestamp, Transition, TransitionId, Zone};

use crate::core::Step;
use crate::correction::{Change, Corrected, names};
use crate::hours::Local;
use crate::rule::{Rule, RuleSet};
use crate::text::{Facts, withdrawn};

/// What the engine lends a device while it is judged.
pub(crate) struct Stage<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) local: Local<'a>,
    pub(crate) device: &'a DeviceId,
    /// Up to where time was advanced.
    pub(crate) clock: Timestamp,
    pub(crate) out: &'a mut Vec<Transition>,
    /// Steps on their way to `out`.
    pub(crate) steps: &'a mut Vec<Step>,
}

impl Stage<'_> {
    /// Tells the steps that were taken.
    pub(crate) fn say(&mut self, rule: &Rule, kind: Kind, zone: &Zone, note: Option<&Note>) {
        let mut steps = std::mem::take(self.steps);
        for step in &steps {
            let told = matches!(step.to, Phase::Firing | Phase::Resolved);
            let transition = self.transition(rule, step, kind, zone, told);
            self.out.push(Transition { note: note.cloned(), ..transition });
        }
        steps.clear();
        *self.steps = steps;
    }

    /// Tells what became of steps of the past, because of a reading that was heard at `heard`.
    pub(crate) fn correct(&mut self, rule: &Rule, kind: Kind, zone: &Zone, all: &[Corrected], heard: (Timestamp, Timestamp)) {
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
            transition.id = TransitionId(format!("{of}:{}:{}:{}", note.code(), heard.0.millis(), heard.1.millis()));
            if *change == Change::Withdrawn {
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
        let zone_of_time: &TimeZone = self.local.zone;
        let facts = Facts {
            device: self.device,
            label: self.catalogue.device(self.device).and_then(|d| d.label.as_deref()).unwrap_or(self.device.as_str()),
            zone,
            quantity: step.quantity,
            value: rule.by_value.then_some(step.value),
            // Of a silence people ask when the device was heard last.
            since: if rule.by_value || step.alive == Timestamp::MIN { step.since } else { step.alive },
            zone_of_time,
        };
        let saying = if matches!(step.to, Phase::Resolved | Phase::Inactive) { &rule.resolved } else { &rule.firing };
        saying.filled(&facts)
    }
}
