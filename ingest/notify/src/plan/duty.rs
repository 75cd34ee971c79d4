//! Who stands in for a rota: looked up when a message goes, not before, so that what waits reaches whoever is on
//! duty then. The end of an alert goes to whom it was told, whoever is on duty by then.

use std::collections::BTreeMap;

use ports::{Form, Reason};
use schemas::{AlertId, ChannelName, Phase, Timestamp};

use super::pieces::Item;
use super::{Outcome, Planner};

/// A message to a rota, as it goes to people.
#[derive(Debug, Default)]
pub(super) struct Parted {
    /// Who is told what, in order.
    parts: Vec<(ChannelName, Vec<Item>)>,
    /// Who has been told of an alert in the name of the rota after it; nobody once it is over.
    told: BTreeMap<AlertId, Vec<ChannelName>>,
    /// Steps of which whoever is on duty hears by another way.
    known: Vec<u64>,
}

impl Parted {
    fn add(&mut self, receiver: &ChannelName, item: Item) {
        match self.parts.iter_mut().find(|(of, _)| of == receiver) {
            Some((_, items)) => items.push(item),
            None => self.parts.push((receiver.clone(), vec![item])),
        }
    }
}

impl Planner {
    /// What each would get of these steps now, in the name of a rota.
    fn part(&self, rota: &ChannelName, items: &[Item], now: Timestamp) -> Parted {
        let mut parted = Parted::default();
        let Some(duty) = self.policy.rota(rota).map(|rota| rota.on_duty(now).receiver) else { return parted };
        for item in items {
            let in_its_name = || self.told_by(&item.alert, rota);
            let mut told = parted.told.remove(&item.alert).unwrap_or_else(in_its_name);
            if item.phase == Phase::Resolved {
                for receiver in std::mem::take(&mut told) {
                    parted.add(&receiver, item.clone());
                }
            } else if told.contains(duty) {
                parted.add(duty, item.clone());
            } else if !self.hears_otherwise(&item.alert, duty, rota) {
                told.push(duty.clone());
                parted.add(duty, Item { again: false, ..item.clone() });
            } else if item.mark.is_some() {
                // Nobody had it in hand, not even the one who knows of it: he is told again.
                parted.add(duty, Item { again: true, ..item.clone() });
            } else {
                parted.known.push(item.step);
            }
            parted.told.insert(item.alert.clone(), told);
        }
        parted
    }

    /// Whom a message to a receiver would reach: itself, or who stands in for it, each with the steps that are his.
    pub(super) fn reaches(&self, receiver: &ChannelName, items: &[Item], now: Timestamp) -> Vec<(ChannelName, Vec<Item>)> {
        if self.policy.rota(receiver).is_none() {
            return vec![(receiver.clone(), items.to_vec())];
        }
        self.part(receiver, items, now).parts
    }

    /// Tells whoever stands in, and remembers it.
    pub(super) fn post_to_rota(&mut self, rota: &ChannelName, form: Form, items: &[Item], now: Timestamp, out: &mut Outcome) {
        let Some(duty) = self.policy.rota(rota).map(|rota| rota.on_duty(now)) else { return };
        let reason = Reason::OnDuty { person: duty.receiver.clone(), until: duty.until, fallback: duty.fallback };
        let parted = self.part(rota, items, now);
        for item in items.iter().filter(|item| item.phase != Phase::Resolved) {
            out.because(now, item.step, Some(rota), reason.clone());
            if parted.known.contains(&item.step) {
                out.because(now, item.step, Some(rota), Reason::HearsOtherwise);
            }
        }
        for (alert, told) in parted.told {
            self.state.note_stood_in(&alert, rota, told);
        }
        for (receiver, items) in parted.parts {
            let form = match (form, &items[..]) {
                (Form::Reminder, _) => Form::Reminder,
                (_, [one]) => one.form(),
                (Form::Single, _) => Form::Group,
                (form, _) => form,
            };
            self.post(&receiver, form, &items, now, out);
        }
    }

    /// The settings have lost a rota: whom it told of an alert hears its end by his own name.
    pub(super) fn end_of_lost_rota(&mut self, rota: &ChannelName, item: &Item, now: Timestamp, out: &mut Outcome) {
        let told = self.told_by(&item.alert, rota);
        if item.phase != Phase::Resolved || told.is_empty() {
            return;
        }
        self.state.note_stood_in(&item.alert, rota, Vec::new());
        for receiver in told {
            self.gate(&receiver, vec![item.clone()], now, out);
        }
    }

    /// Who was told of an alert in the name of a rota.
    pub(super) fn told_by(&self, alert: &AlertId, rota: &ChannelName) -> Vec<ChannelName> {
        let told = self.state.stood_in(alert).iter().filter(|one| one.rota == *rota);
        told.map(|one| one.receiver.clone()).collect()
    }

    /// Whether a receiver is told of an alert by its own name, or by that of another rota.
    pub(super) fn hears_otherwise(&self, alert: &AlertId, receiver: &ChannelName, rota: &ChannelName) -> bool {
        let by_name = self.state.opened(alert).is_some_and(|opened| opened.members.iter().any(|m| m.receiver == *receiver));
        by_name || self.state.stood_in(alert).iter().any(|one| one.rota != *rota && one.receiver == *receiver)
    }
}
