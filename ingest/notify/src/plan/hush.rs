//! What it means for telling that something withholds an alert that fires already: who was not told yet is not
//! told, nobody is told again, and nothing climbs. Its end is told to whom its beginning was told.

use ports::Reason;
use schemas::{AlertId, Phase, Timestamp};

use super::pieces::{Item, Member, Owed};
use super::{Outcome, Planner};

impl Planner {
    /// Something withholds this alert from `now` on, although it fires already. False where no such alert fires
    /// or it is withheld already; then nothing is changed.
    pub fn keep_back(&mut self, alert: &AlertId, reason: Reason, now: Timestamp, out: &mut Outcome) -> bool {
        let Some(opened) = self.state.opened(alert).filter(|opened| !opened.hushed) else { return false };
        let (members, item) = (opened.members.clone(), opened.item.clone());
        let (mut told, mut owed) = (Vec::new(), Vec::new());
        for member in members {
            match self.take_back(alert, &member) {
                Some(item) if !item.again => owed.push(Owed { member, item }),
                _ => told.push(member),
            }
        }
        self.state.change_opened(alert, |opened| {
            opened.members = told;
            opened.owed.extend(owed);
            opened.hushed = true;
        });
        if let Some(item) = item {
            out.because(now, item.step, None, reason);
        }
        true
    }

    /// Whether something withholds this alert.
    #[must_use]
    pub fn is_hushed(&self, alert: &AlertId) -> bool {
        self.state.opened(alert).is_some_and(|opened| opened.hushed)
    }

    /// The alerts that fire, each with the number of its step into firing.
    pub fn firing(&self) -> impl Iterator<Item = (&AlertId, u64)> {
        self.state.all_opened().filter_map(|(alert, opened)| Some((alert, opened.item.as_ref()?.step)))
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

    /// Takes the beginning of an alert out of what waits for a receiver, in its group or in its digest.
    fn take_back(&mut self, alert: &AlertId, member: &Member) -> Option<Item> {
        let mine = |item: &Item| item.alert == *alert && item.phase == Phase::Firing;
        let key = (member.receiver.clone(), member.group.clone());
        let waited = self.state.change_group(&key, member.timing, |group| {
            let place = group.waiting.iter().position(mine)?;
            let item = group.waiting.remove(place);
            group.due = group.due.filter(|_| !group.waiting.is_empty());
            // It goes back into the group, if it goes: the group must not remember it as told.
            group.firing.retain(|told| told.step != item.step);
            Some(item)
        });
        if waited.is_some() {
            return waited;
        }
        if !self.state.digest(&member.receiver).is_some_and(|digest| digest.held.iter().any(mine)) {
            return None;
        }
        let held = self.state.change_digest(&member.receiver, |digest| {
            let place = digest.held.iter().position(mine)?;
            Some(digest.held.remove(place))
        })?;
        // A group that held it remembers it as told, though it only went into the digest.
        self.state.change_group(&key, member.timing, |group| {
            if !held.again {
                group.firing.retain(|told| told.step != held.step);
                group.remind = group.remind.filter(|_| !group.firing.is_empty());
            }
        });
        Some(held)
    }
}
