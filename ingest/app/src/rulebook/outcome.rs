//! From the transitions of one rule to what people want to know of it: when it would have fired, for how long, and how often it
//! nearly did.

use std::collections::BTreeMap;

use ports::{Outcome, Spell};
use schemas::{AlertId, Note, Phase, Transition, TransitionId};

/// What was said so far, corrections applied.
#[derive(Default)]
pub(super) struct Log(BTreeMap<TransitionId, Transition>);

impl Log {
    pub(super) fn take(&mut self, said: impl IntoIterator<Item = Transition>) {
        for transition in said {
            match &transition.note {
                Some(Note::Withdrawn { of }) => drop(self.0.remove(of)),
                Some(Note::Added { of } | Note::Amended { of }) => drop(self.0.insert(of.clone(), transition)),
                _ => drop(self.0.insert(transition.id.clone(), transition)),
            }
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let mut episodes: BTreeMap<AlertId, Vec<Transition>> = BTreeMap::new();
        for transition in self.0.into_values() {
            episodes.entry(transition.alert.clone()).or_default().push(transition);
        }
        let calmed = |steps: &Vec<Transition>| steps.iter().any(|t| t.to == Phase::Inactive);
        let calmed = episodes.values().filter(|steps| calmed(steps)).count() as u64;
        let mut spells: Vec<Spell> = episodes.into_values().filter_map(spell).collect();
        spells.sort_by(|a, b| (a.from, &a.device).cmp(&(b.from, &b.device)));
        let fired = spells.len() as u64;
        spells.truncate(Outcome::SPELLS);
        Outcome { fired, calmed, spells }
    }
}

/// None where it never fired.
fn spell(steps: Vec<Transition>) -> Option<Spell> {
    let until = steps.iter().find(|t| t.to == Phase::Resolved).map(|t| t.at);
    let fired = steps.into_iter().find(|t| t.to == Phase::Firing)?;
    Some(Spell { device: fired.series.device, zone: fired.zone, from: fired.at, until, value: fired.value })
}
