//! What it means for telling that something withholds an alert that fires already: who was not told yet is not
//! told, nobody is told again, and nothing climbs. Its end is told to whom its beginning was told.

use std::collections::BTreeSet;

use ports::Reason;
use schemas::{AlertId, ChannelName, Phase, Timestamp};

use super::pieces::{Item, Member, Owed};
use super::route::Timing;
use super::{Outcome, Planner};

impl Planner {
    /// Something withholds this alert from `now` on, although it fires already. False where no such alert fires
    /// or it is withheld already; then nothing is changed.
    pub fn keep_back(&mut self, alert: &AlertId, reason: Reason, now: Timestamp, out: &mut Outcome) -> bool {
        let Some(opened) = self.state.opened(alert).filter(|opened| !opened.hushed) else { return false };
        let (members, item) = (opened.members.clone(), opened.item.clone());
        let (mut told, mut owed) = (Vec::new(), Vec::new());
        for member in members {
            match self.take_back(alert, &member, now, out) {
                Some(item) => owed.push(Owed { member, item }),
                None => told.push(member),
            }
        }
        self.state.change_opened(alert, |opened| {
            opened.members = told;
            opened.owed.extend(owed);
            opened.hushed = true;
        });
        // An end that was undone has left a beginning that waits for whom it is not told any more.
        self.keep_back_ended(alert, &reason, now, out);
        if let Some(item) = item {
            out.because(now, item.step, None, reason);
        }
        true
    }

    /// Whether this alert fires, as far as the planner has read.
    #[must_use]
    pub fn is_firing(&self, alert: &AlertId) -> bool {
        self.state.opened(alert).is_some()
    }

    /// Whether something withholds this alert.
    #[must_use]
    pub fn is_hushed(&self, alert: &AlertId) -> bool {
        self.state.opened(alert).is_some_and(|opened| opened.hushed)
    }

    /// Something withholds an alert that is over, and whose beginning still waits to be told: neither is told.
    pub fn keep_back_ended(&mut self, alert: &AlertId, reason: &Reason, now: Timestamp, out: &mut Outcome) {
        let waits = self.state.waiting().filter(|(_, _, item)| item.alert == *alert);
        let places: BTreeSet<(ChannelName, Option<String>)> =
            waits.map(|(receiver, group, _)| (receiver.clone(), group.map(ToOwned::to_owned))).collect();
        for (receiver, group) in places {
            // Of what stands in a digest the group is not known, and need not be.
            let group = group.unwrap_or_else(|| alert.0.clone());
            let member = Member { receiver, group, timing: Timing::default(), climbed: false };
            if let Some(item) = self.take_back(alert, &member, now, out) {
                out.because(now, item.step, Some(&member.receiver), reason.clone());
                self.owe_no_more(alert, &member.receiver);
            }
        }
    }

    /// The end of a beginning that a receiver was not told, and that waits until it is calm, is not told it either.
    fn owe_no_more(&mut self, alert: &AlertId, receiver: &ChannelName) {
        // Rule and series: an alert's id without its beginning.
        let Some((series, _)) = alert.0.rsplit_once(':') else { return };
        if !self.state.flaps(series).is_some_and(|flaps| flaps.owed.iter().any(|owed| owed.item.alert == *alert)) {
            return;
        }
        self.state.change_flaps(series, |flaps| {
            if let Some(owed) = flaps.owed.iter_mut().rfind(|owed| owed.item.alert == *alert) {
                owed.members.retain(|member| member.receiver != *receiver);
            }
        });
    }

    /// The alerts that fire, each with the number of its step into firing.
    pub fn firing(&self) -> impl Iterator<Item = (&AlertId, u64)> {
        self.state.all_opened().filter_map(|(alert, opened)| Some((alert, opened.item.as_ref()?.step)))
    }

    /// The alerts that are over and whose beginning still waits to be told, each with the number of that step.
    pub fn ended_untold(&self) -> impl Iterator<Item = (&AlertId, u64)> {
        let begins = |item: &Item| item.phase == Phase::Firing && !item.again && self.state.opened(&item.alert).is_none();
        self.state.waiting().filter(move |(_, _, item)| begins(item)).map(|(_, _, item)| (&item.alert, item.step))
    }

    /// Whoever was to be told when it was kept back is told now. Whether there was anybody, told or to be told.
    pub(super) fn pay(&mut self, alert: &AlertId, now: Timestamp, out: &mut Outcome) -> bool {
        let policy = std::sync::Arc::clone(&self.policy);
        let owed = self.state.change_opened(alert, |opened| {
            let owed = std::mem::take(&mut opened.owed);
            opened.members.extend(owed.iter().map(|owed| owed.member.clone()));
            opened.hushed = false;
            if let Some(ladder) = &mut opened.ladder {
                policy.rest(ladder, now);
            }
            (owed, !opened.members.is_empty())
        });
        let Some((owed, anybody)) = owed else { return false };
        for Owed { member, item } in owed {
            self.join(&member, item, now, out);
        }
        anybody
    }

    /// Takes the beginning of an alert, and what follows it, out of what waits for a receiver in its digest and in
    /// its group. The beginning, where the receiver was not told it before; an end that came between is told to
    /// nobody, since nobody was told what it ends.
    fn take_back(&mut self, alert: &AlertId, member: &Member, now: Timestamp, out: &mut Outcome) -> Option<Item> {
        let key = (member.receiver.clone(), member.group.clone());
        let mut begun = false;
        let mut mine = |item: &Item| {
            let first = item.phase == Phase::Firing;
            begun |= first && !item.again && item.alert == *alert;
            item.alert == *alert && (begun || first)
        };
        // The digest holds what is older.
        let mut taken: Vec<Item> = Vec::new();
        if self.state.digest(&member.receiver).is_some() {
            self.state.change_digest(&member.receiver, |digest| taken.extend(digest.held.extract_if(.., |item| mine(item))));
        }
        self.state.change_group(&key, member.timing, |group| {
            taken.extend(group.waiting.extract_if(.., |item| mine(item)));
            group.due = group.due.filter(|_| !group.waiting.is_empty());
        });
        // It goes back into its group, if it goes: until then there is nothing to be said again, whichever group it was of.
        let taken_back = |told: &Item| taken.iter().any(|item| !item.again && item.step == told.step);
        for key in self.state.groups_to_remind(&member.receiver, taken_back) {
            self.state.change_group(&key, Timing::default(), |group| {
                group.firing.retain(|told| !taken_back(told));
                group.remind = group.remind.filter(|_| !group.firing.is_empty());
            });
        }
        // Whoever knows that it fires was to be told that it has climbed: he is when it may climb again.
        for item in taken.iter().filter(|item| item.again) {
            self.step_down(&member.receiver, item);
        }
        let beginning = taken.iter().rfind(|item| item.phase == Phase::Firing && !item.again).cloned();
        for item in taken.iter().filter(|item| !item.again && Some(item.step) != beginning.as_ref().map(|b| b.step)) {
            out.because(now, item.step, Some(&member.receiver), Reason::NeverTold);
        }
        beginning
    }
}
