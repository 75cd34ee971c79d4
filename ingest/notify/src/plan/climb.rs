//! Escalation: what fires and nobody has in hand in time is told to further people, step by step.
//!
//! The time counts from when the alert was told, and anew from when an acknowledgement ends. Quiet hours, storms
//! and groups hold for what climbs as for everything else.

use std::collections::BTreeSet;
use std::time::Duration;

use ports::{Mark, Reason};
use schemas::{AlertId, ChannelName, Kind, Phase, Severity, Timestamp, Zone};
use serde::Deserialize;

use super::pieces::{Item, Ladder, Member, Opened};
use super::policy::{Policy, PolicyError};
use super::route::{Facts, Timing, matches};
use super::{Outcome, Planner};

/// Escalations in the settings, and steps in one, at most.
const ESCALATIONS: usize = 100;
const STEPS: usize = 20;
/// The shortest time between two steps: nobody reads faster.
const LEAST: Duration = Duration::from_secs(60);

/// One `[[notify.escalation]]`. What is empty matches everything; the first that matches an alert holds for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationSettings {
    /// For people: it stands in messages and in every chain of reasons.
    pub name: String,
    /// Only these severities.
    #[serde(default)]
    pub severity: Vec<Severity>,
    /// Only devices of these kinds.
    #[serde(default)]
    pub kind: Vec<Kind>,
    /// Only in these zones.
    #[serde(default)]
    pub zone: Vec<Zone>,
    /// Only these rules; a star at the end stands for anything.
    #[serde(default)]
    pub rule: Vec<String>,
    /// Only in the territory of these contractors.
    #[serde(default)]
    pub contractor: Vec<String>,
    /// How often the last step is said again; none, or 0s: never.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub repeat: Option<Duration>,
    /// Whom, and when; the times rise.
    pub step: Vec<EscalationStep>,
}

/// One step of an escalation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationStep {
    /// How long after the alert was told, 1 minute or more.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub after: Duration,
    /// Receivers, channels and rotas.
    pub to: Vec<ChannelName>,
}

impl EscalationSettings {
    pub(super) fn takes(&self, facts: &Facts<'_>) -> bool {
        matches(&self.severity, &self.kind, &self.zone, &self.rule, &self.contractor, facts)
    }

    /// Where an alert stands in it that is told now.
    pub(super) fn ladder(&self, now: Timestamp) -> Ladder {
        let after = self.step.first().map_or(Duration::ZERO, |first| first.after);
        Ladder { escalation: self.name.clone(), climbed: 0, due: now.plus(after) }
    }

    /// How long after the step before it the step with this place from 0 is; none where nothing is left.
    fn gap(&self, place: u32) -> Option<Duration> {
        let place = usize::try_from(place).ok()?;
        let before = place.checked_sub(1).and_then(|before| self.step.get(before)).map_or(Duration::ZERO, |step| step.after);
        match self.step.get(place) {
            Some(step) => Some(step.after.saturating_sub(before)),
            None => self.repeat.filter(|repeat| !repeat.is_zero()),
        }
    }

    /// The step with this place from 0: the last one over and over.
    fn rung(&self, place: u32) -> Option<&EscalationStep> {
        self.step.get(usize::try_from(place).ok()?).or_else(|| self.step.last())
    }

    fn check(&self, known: impl Fn(&ChannelName) -> bool) -> Result<(), PolicyError> {
        let wrong = |reason: String| Err(PolicyError::Escalation { name: self.name.clone(), reason });
        if self.step.is_empty() || self.step.len() > STEPS {
            return wrong(format!("expected 1 to {STEPS} steps"));
        }
        let mut before = Duration::ZERO;
        for step in &self.step {
            if step.after < before.saturating_add(LEAST) {
                return wrong("after: expected 1m or more, and at least 1m more than the step before".to_owned());
            }
            before = step.after;
            if step.to.is_empty() {
                return wrong("to: expected at least one receiver".to_owned());
            }
            if let Some(found) = step.to.iter().find(|name| !known(name)) {
                return wrong(format!("no receiver, no channel and no rota `{found}`"));
            }
        }
        match self.repeat {
            Some(repeat) if !repeat.is_zero() && repeat < LEAST => wrong("repeat: expected 1m or more, or 0s".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The first thing that is wrong with them.
pub(super) fn check(all: &[EscalationSettings], known: impl Fn(&ChannelName) -> bool) -> Result<(), PolicyError> {
    let wrong = |name: &str, reason: String| Err(PolicyError::Escalation { name: name.to_owned(), reason });
    if let Some(over) = all.get(ESCALATIONS) {
        return wrong(&over.name, format!("expected at most {ESCALATIONS}"));
    }
    for (place, one) in all.iter().enumerate() {
        if all.iter().take(place).any(|before| before.name == one.name) {
            return wrong(&one.name, "is there twice".to_owned());
        }
        one.check(&known)?;
    }
    Ok(())
}

impl Policy {
    /// What holds for an alert that nobody has in hand.
    pub(super) fn escalation(&self, facts: &Facts<'_>) -> Option<&EscalationSettings> {
        self.escalations.iter().find(|one| one.takes(facts))
    }

    fn escalation_of(&self, ladder: &Ladder) -> Option<&EscalationSettings> {
        self.escalations.iter().find(|one| one.name == ladder.escalation)
    }

    /// The next step is as far off from now on as it was from the one before.
    pub(super) fn rest(&self, ladder: &mut Ladder, now: Timestamp) {
        if let Some(gap) = self.escalation_of(ladder).and_then(|escalation| escalation.gap(ladder.climbed)) {
            ladder.due = now.plus(gap);
        }
    }
}

impl Planner {
    /// Nobody had the alert in hand in time: the next step of its escalation is told.
    pub(super) fn climb(&mut self, alert: &AlertId, now: Timestamp, out: &mut Outcome) {
        let Some((item, ladder)) = self.state.opened(alert).and_then(|o| Some((o.item.clone()?, o.ladder.clone()?))) else {
            return;
        };
        // The settings may have lost it since.
        let escalation = self.policy.escalation_of(&ladder).cloned();
        let to = escalation.as_ref().and_then(|e| e.rung(ladder.climbed)).map(|step| step.to.clone()).unwrap_or_default();
        let climbed = ladder.climbed.saturating_add(1);
        let next = escalation.and_then(|escalation| {
            let (gap, left) = (escalation.gap(climbed)?, usize::try_from(climbed).is_ok_and(|n| n < escalation.step.len()));
            // After a long stop the steps that are due are told at once, a repetition not as often as it was missed.
            let due = if left { ladder.due.plus(gap) } else { now.plus(gap) };
            Some(Ladder { escalation: escalation.name, climbed, due })
        });
        self.state.change_opened(alert, |opened| opened.ladder = next);
        for receiver in to {
            let reason = Reason::Escalated { escalation: ladder.escalation.clone(), rung: climbed };
            out.because(now, item.step, Some(&receiver), reason);
            let mark = Mark::Escalated { escalation: ladder.escalation.clone(), rung: climbed };
            self.climb_to(receiver, Item { mark: Some(mark), ..item.clone() }, now, out);
        }
    }

    /// Somebody has the alert in hand before a step of its escalation went, which waits for the morning, for a storm to pass,
    /// for its group or for what withholds the alert to end: it does not go. Should the alert be in nobody's hand again,
    /// that step comes again.
    pub(super) fn climb_down(&mut self, alert: &AlertId, reason: &Reason, now: Timestamp, out: &mut Outcome) {
        let mut taken = self.take_owed(alert);
        let places = self.state.waiting().filter(|(_, _, item)| item.alert == *alert && item.has_climbed());
        let places: BTreeSet<(ChannelName, Option<String>)> =
            places.map(|(receiver, group, _)| (receiver.clone(), group.map(ToOwned::to_owned))).collect();
        for (receiver, group) in places {
            let members = self.state.opened(alert).map(|opened| &opened.members[..]).unwrap_or_default();
            let by_route = members.iter().any(|member| member.receiver == receiver && !member.climbed);
            let mut take = |items: &mut Vec<Item>| {
                let items = take_climbed(items, alert, by_route);
                taken.extend(items.into_iter().map(|item| (receiver.clone(), item)));
            };
            match group {
                Some(group) => {
                    self.state.change_group(&(receiver.clone(), group), Timing::default(), |group| take(&mut group.waiting));
                }
                None => self.state.change_digest(&receiver, |digest| take(&mut digest.held)),
            }
        }
        for (receiver, item) in taken {
            self.step_down(&receiver, &item);
            out.because(now, item.step, Some(&receiver), reason.clone());
        }
    }

    /// What has climbed and is owed once nothing withholds the alert any more.
    fn take_owed(&mut self, alert: &AlertId) -> Vec<(ChannelName, Item)> {
        let owed = |opened: &Opened| opened.owed.iter().any(|owed| owed.item.has_climbed());
        if !self.state.opened(alert).is_some_and(owed) {
            return Vec::new();
        }
        let taken = self.state.change_opened(alert, |opened| {
            for owed in opened.owed.iter_mut().filter(|owed| !owed.member.climbed && owed.item.has_climbed()) {
                owed.item.mark = None;
            }
            opened.owed.extract_if(.., |owed| owed.item.has_climbed()).collect::<Vec<_>>()
        });
        taken.unwrap_or_default().into_iter().map(|owed| (owed.member.receiver, owed.item)).collect()
    }

    /// A step of its escalation does not go: it comes again.
    pub(super) fn step_down(&mut self, receiver: &ChannelName, item: &Item) {
        let Some(Mark::Escalated { escalation, rung }) = &item.mark else { return };
        let below = rung.saturating_sub(1);
        self.state.change_opened(&item.alert, |opened| {
            if !item.again {
                opened.members.retain(|member| member.receiver != *receiver);
            }
            // Its time comes when nobody has the alert in hand any more, and nothing withholds it.
            let ladder = Ladder { escalation: escalation.clone(), climbed: below, due: Timestamp::MAX };
            let ladder = opened.ladder.get_or_insert(ladder);
            ladder.climbed = ladder.climbed.min(below);
        });
    }

    /// Whether the end of an alert will come to a receiver by the rota in whose name he was told. Not where an end waits there
    /// that was undone since: with that one the rota is quits with him.
    fn hears_end_by_rota(&self, alert: &AlertId, receiver: &ChannelName) -> bool {
        let ends = |rota: &ChannelName| {
            let mut waiting = self.state.waiting();
            waiting.any(|(of, _, item)| of == rota && item.alert == *alert && item.phase == Phase::Resolved)
        };
        self.state.stood_in(alert).iter().any(|one| one.receiver == *receiver && !ends(&one.rota))
    }

    /// Tells a receiver of the alert: one that was not told of it hears its end too from now on, one that waits for
    /// it in a group is told now, and one that knows is told again.
    fn climb_to(&mut self, receiver: ChannelName, item: Item, now: Timestamp, out: &mut Outcome) {
        let known = self.state.opened(&item.alert).and_then(|o| o.members.iter().find(|m| m.receiver == receiver).cloned());
        if known.is_none() && self.hears_end_by_rota(&item.alert, &receiver) {
            return self.gate(&receiver, vec![Item { again: true, ..item }], now, out);
        }
        let Some(member) = known else {
            let member = Member { receiver, group: item.alert.0.clone(), timing: Timing::default(), climbed: true };
            self.state.change_opened(&item.alert, |opened| opened.members.push(member.clone()));
            return self.join(&member, item, now, out);
        };
        let key = (member.receiver, member.group);
        let waits = self.state.change_group(&key, member.timing, |group| {
            let waiting = group.waiting.iter_mut().find(|waiting| waiting.step == item.step);
            waiting.map(|waiting| waiting.mark.clone_from(&item.mark)).is_some()
        });
        if waits {
            self.flush(&key, now, out);
        } else {
            self.gate(&key.0, vec![Item { again: true, ..item }], now, out);
        }
    }
}

/// Takes the steps by which an alert has climbed out of what waits for a receiver. To a member by a route that it fires is
/// told all the same, as to the others.
fn take_climbed(waiting: &mut Vec<Item>, alert: &AlertId, by_route: bool) -> Vec<Item> {
    let climbed = |item: &Item| item.alert == *alert && item.has_climbed();
    for item in waiting.iter_mut().filter(|item| by_route && climbed(item) && !item.again) {
        item.mark = None;
    }
    waiting.extract_if(.., |item| climbed(item)).collect()
}
