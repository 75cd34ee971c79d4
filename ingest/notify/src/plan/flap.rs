//! Flapping: an alert that comes and goes is told once to do so, then held until it is calm. Then one message ends
//! what was told, and says what fires by then.
//!
//! Counted by rule and series, in event time; it is calm when nothing was heard for as long. What risks lives (`notify.storm.exempt`) is never held. An episode that
//! began and ended while it was held is told nobody: its chain says so.

use std::time::Duration;

use ports::{Mark, Reason};
use schemas::{Phase, Timestamp, Transition};
use serde::Deserialize;

use super::pieces::{Flaps, Item, Member, Opened, Owed};
use super::{Outcome, Planner, Policy};

/// `[notify.flapping]`: when a rule on a series comes and goes too often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flapping {
    /// Steps into firing from which on it flaps: 3 to 100; 0: nothing ever does.
    pub limit: u32,
    /// The stretch of event time in which they count, and how long it must be calm: 1 minute to 24 hours.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub within: Duration,
}

/// What a step into firing means.
pub(super) enum Flap {
    /// Nothing.
    No,
    /// So often is too often: this one is told, the next are held.
    Begins { times: u32 },
    /// It is held.
    Held { until: Timestamp },
}

impl Policy {
    /// Whether steps of this one count.
    fn counts(&self, t: &Transition) -> Option<&Flapping> {
        self.flapping.as_ref().filter(|_| !self.storm.exempt.contains(&t.severity))
    }
}

/// Rule and series: an alert's id without its beginning.
fn series(t: &Transition) -> String {
    let of = &t.series;
    format!("{}:{}:{}:{}", t.rule, of.device, of.quantity.name(), of.channel)
}

impl Planner {
    /// Counts a step; time begins anew for what is held.
    pub(super) fn count(&mut self, t: &Transition, now: Timestamp) {
        let Some(Flapping { limit, within }) = self.policy.counts(t).cloned() else { return };
        let key = series(t);
        // An end counts only for the calm of what flaps.
        if t.to != Phase::Firing && !self.state.flaps(&key).is_some_and(|flaps| flaps.flapping) {
            return;
        }
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        self.state.change_flaps(&key, |flaps| {
            if t.to == Phase::Firing {
                // Late data may tell of an earlier one.
                let place = flaps.fired.partition_point(|at| *at <= t.at);
                flaps.fired.insert(place, t.at);
                let newest = flaps.fired.back().copied().unwrap_or(t.at);
                flaps.fired.retain(|at| newest.since(*at) < within);
                while flaps.fired.len() > kept {
                    flaps.fired.pop_front();
                }
            }
            // Data may come late: it is calm when nothing was heard for as long.
            let due = t.at.max(now).plus(within);
            flaps.due = Some(flaps.due.map_or(due, |before| before.max(due)));
        });
    }

    /// What a step into firing that is to be told means.
    pub(super) fn flap(&self, t: &Transition) -> Flap {
        let flaps = self.policy.counts(t).zip(self.state.flaps(&series(t)));
        match flaps {
            Some((_, Flaps { flapping: true, due: Some(until), .. })) => Flap::Held { until: *until },
            Some((flapping, flaps)) => {
                let times = u32::try_from(flaps.fired.len()).unwrap_or(u32::MAX);
                if times >= flapping.limit { Flap::Begins { times } } else { Flap::No }
            }
            None => Flap::No,
        }
    }

    /// From now on further steps are held; the mark of the one that says so.
    pub(super) fn flap_begins(&mut self, step: u64, t: &Transition, times: u32, now: Timestamp, out: &mut Outcome) -> Mark {
        let within = self.policy.flapping.as_ref().map_or(Duration::ZERO, |flapping| flapping.within);
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        out.because(now, step, None, Reason::Flaps { times, within_ms });
        self.state.change_flaps(&series(t), |flaps| flaps.flapping = true);
        Mark::Flaps
    }

    /// Keeps a step into firing until it is calm.
    pub(super) fn keep(
        &mut self,
        step: u64,
        t: &Transition,
        members: Vec<Member>,
        until: Timestamp,
        now: Timestamp,
        out: &mut Outcome,
    ) {
        out.because(now, step, None, Reason::Flapping { until });
        self.state.change_opened(&t.alert, |opened| opened.held = Some(members));
        self.state.change_flaps(&series(t), |flaps| flaps.present = Some(t.alert.clone()));
    }

    /// Keeps the end of an alert until it is calm; whether it does: only what flaps is kept.
    pub(super) fn owe(&mut self, item: &Item, t: &Transition, opened: &Opened, now: Timestamp, out: &mut Outcome) -> bool {
        let key = series(t);
        let Some(until) = self.state.flaps(&key).filter(|flaps| flaps.flapping).and_then(|flaps| flaps.due) else {
            return false;
        };
        out.because(now, item.step, None, Reason::Flapping { until });
        let owed = Owed { item: item.clone(), members: opened.members.clone() };
        self.state.change_flaps(&key, |flaps| flaps.owed.push(owed));
        true
    }

    /// What began and ended while it was held is over.
    pub(super) fn never_was(&mut self, t: &Transition) {
        let key = series(t);
        if self.state.flaps(&key).is_some_and(|flaps| flaps.present.as_ref() == Some(&t.alert)) {
            self.state.change_flaps(&key, |flaps| flaps.present = None);
        }
    }

    /// It is calm, or what was counted is of no account any more.
    pub(super) fn flaps_are_due(&mut self, key: &str, now: Timestamp, out: &mut Outcome) {
        let Some(flaps) = self.state.take_flaps(key) else { return };
        let mut telling: Vec<(Member, Vec<Item>)> = Vec::new();
        for Owed { item, members } in flaps.owed {
            out.because(now, item.step, None, Reason::Calm);
            for member in members {
                add(&mut telling, member, item.clone());
            }
        }
        if let Some(alert) = &flaps.present {
            let policy = std::sync::Arc::clone(&self.policy);
            let held = self.state.change_opened(alert, |opened| {
                if let Some(ladder) = &mut opened.ladder {
                    policy.rest(ladder, now);
                }
                opened.held.take().zip(opened.item.clone())
            });
            if let Some((members, item)) = held.flatten() {
                out.because(now, item.step, None, Reason::Calm);
                // One message ends what was told and says what fires: they share a group.
                let joined = members.into_iter().map(|member| add(&mut telling, member, item.clone())).collect();
                self.state.change_opened(alert, |opened| opened.members = joined);
            }
        }
        for (member, items) in telling {
            self.join_all(&member, items, now, out);
        }
    }
}

/// Adds a step to what its receiver is told; by which group.
fn add(telling: &mut Vec<(Member, Vec<Item>)>, member: Member, item: Item) -> Member {
    match telling.iter_mut().find(|(of, _)| of.receiver == member.receiver) {
        Some((of, items)) => {
            items.push(item);
            of.clone()
        }
        None => {
            telling.push((member.clone(), vec![item]));
            member
        }
    }
}
