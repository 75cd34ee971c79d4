//! What the oracle holds of what was told: see the parent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ports::{Form, Mark, Reason};
use schemas::{ChannelName, Phase, Severity, Transition};

use super::{SLOTS, World};
use crate::plan::Outcome;

impl World {
    /// Whether something withholds the alert, asked of each thing in turn.
    pub(super) fn withheld(&self, t: &Transition) -> bool {
        let now = self.now;
        let quiet = self.quiets.iter().any(|q| {
            let s = &q.scope;
            q.from <= now
                && now < q.until
                && q.ended_at.is_none()
                && (s.zone.is_empty() || s.zone.contains(&t.zone))
                && (s.severity.is_empty() || s.severity.contains(&t.severity))
                && (s.device.is_empty() || s.device.iter().any(|d| t.series.device.as_str().starts_with(&d.to_string()[..1])))
        });
        let shelf = self.lives[&t.alert].2.shelf.is_some_and(|until| until > now);
        let worse = self.lives.values().any(|(slot, _, plain)| {
            let (device, _, severity) = SLOTS[*slot];
            plain.phase == Some(Phase::Firing) && severity >= Severity::Critical && device == t.series.device.as_str()
        });
        quiet || shelf || (worse && t.severity <= Severity::Warning)
    }

    pub(super) fn judge(&mut self, out: &Outcome) {
        let in_hand = |world: &Self, step: u64| {
            let alert = &world.log[usize::try_from(step).unwrap() - 1].alert;
            let plain = &world.lives[alert].2;
            plain.in_hand.is_some_and(|until| until.is_none_or(|until| until > world.now))
        };
        for because in out.reasons.iter().filter(|because| matches!(because.reason, Reason::Escalated { .. })) {
            assert!(!in_hand(self, because.step), "step {} climbs while somebody has it in hand", because.step);
        }
        for posted in &out.posted {
            let key = (posted.receiver.clone(), posted.id.clone());
            assert!(self.keys.insert(key), "{} is sent {} twice", posted.receiver, posted.id);
            for step in &posted.steps {
                let t = self.log[usize::try_from(*step).unwrap() - 1].clone();
                if t.to == Phase::Firing {
                    assert!(!self.withheld(&t), "{} is told {} while it is withheld", posted.receiver, t.id);
                }
                let climbed = out.reasons.iter().any(|r| {
                    let mine = r.step == *step && r.receiver.as_ref() == Some(&posted.receiver);
                    let climbs = |mark: &Option<Mark>| matches!(mark, Some(Mark::Escalated { .. }));
                    mine && matches!(&r.reason, Reason::Posted { id, mark, .. } if *id == posted.id && climbs(mark))
                });
                if climbed || posted.form == Form::Reminder {
                    assert!(!in_hand(self, *step), "{} is told again of {}, which is in hand", posted.receiver, t.id);
                    self.told.insert((posted.receiver.clone(), *step));
                    continue;
                }
                let told = (posted.receiver.clone(), *step);
                assert!(self.told.insert(told), "{} is told {} twice", posted.receiver, t.id);
            }
        }
    }

    /// When everything that withholds is over, nothing is owed to anybody.
    pub(super) fn settle(&mut self) {
        self.pass(Duration::from_secs(2 * 86_400));
        let position: BTreeMap<&(ChannelName, u64), ()> = self.told.iter().map(|told| (told, ())).collect();
        for (place, t) in self.log.iter().enumerate() {
            let step = place as u64 + 1;
            let mine = |phase: Phase, number: u64| -> BTreeSet<&ChannelName> {
                let of = |told: &&&(ChannelName, u64)| {
                    let other = &self.log[usize::try_from(told.1).unwrap() - 1];
                    told.1 <= number && other.alert == t.alert && other.to == phase
                };
                position.keys().filter(of).map(|told| &told.0).collect()
            };
            match t.to {
                // Whoever was told since its last beginning that it fires is told that it is over, or should not have.
                Phase::Resolved | Phase::Inactive => {
                    let ends: BTreeSet<_> = position.keys().filter(|told| told.1 == step).map(|told| &told.0).collect();
                    let begun: Option<u64> = self.log[..place]
                        .iter()
                        .enumerate()
                        .rev()
                        .find(|(_, other)| other.alert == t.alert && other.to == Phase::Firing)
                        .map(|(place, _)| place as u64 + 1);
                    let began: BTreeSet<_> = position.keys().filter(|told| Some(told.1) == begun).map(|told| &told.0).collect();
                    assert!(began.is_subset(&ends), "{} is over, and {began:?} were told that it fires, {ends:?} its end", t.id);
                }
                Phase::Firing => {
                    let last = self.log.iter().rposition(|other| other.alert == t.alert) == Some(place);
                    let told = mine(Phase::Firing, step);
                    let owed = last && !self.withheld(t);
                    assert!(!owed || !told.is_empty(), "{} fires, nothing withholds it, and nobody was told", t.id);
                }
                Phase::Pending => {}
            }
        }
    }
}
