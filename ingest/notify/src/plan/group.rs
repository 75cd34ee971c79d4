//! Steps that belong together wait for one another, and what still fires is said again.

use ports::{Form, Reason};
use schemas::{ChannelName, Phase, Timestamp};

use super::pieces::{Group, Item, Member};
use super::route::Timing;
use super::state::GroupKey;
use super::{FULL, Outcome, Planner};

impl Planner {
    /// A step joins its group; the group goes at once where it need not wait.
    pub(super) fn join(&mut self, member: &Member, item: Item, now: Timestamp, out: &mut Outcome) {
        self.join_all(member, vec![item], now, out);
    }

    /// Steps that are told together join a group.
    pub(super) fn join_all(&mut self, member: &Member, items: Vec<Item>, now: Timestamp, out: &mut Outcome) {
        let receiver = &member.receiver;
        if !self.policy.knows(receiver) {
            for item in &items {
                out.because(now, item.step, Some(receiver), Reason::ReceiverGone);
                self.end_of_lost_rota(receiver, item, now, out);
            }
            return;
        }
        let key = (receiver.clone(), member.group.clone());
        let steps: Vec<u64> = items.iter().map(|item| item.step).collect();
        let (due, full) = self.state.change_group(&key, member.timing, |group| {
            group.waiting.extend(items);
            let first = now.plus(group.timing.wait());
            let due = *group.due.get_or_insert(group.rest.map_or(first, |rest| rest.max(now)));
            (due, group.waiting.len() >= FULL)
        });
        if due <= now || full {
            return self.flush(&key, now, out);
        }
        for step in steps {
            let group = member.group.clone();
            out.because(now, step, Some(receiver), Reason::Grouped { group, until: due });
        }
    }

    /// A group's timer has run: a message, a reminder, or the end of its rest.
    pub(super) fn group_is_due(&mut self, key: &GroupKey, now: Timestamp, out: &mut Outcome) {
        let (flush, remind) = self.state.change_group(key, Timing::default(), |group| {
            let past = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
            if past(group.rest) {
                group.rest = None;
            }
            (past(group.due), past(group.remind))
        });
        if flush {
            self.flush(key, now, out);
        } else if remind {
            self.remind(key, now, out);
        }
    }

    pub(super) fn flush(&mut self, key: &GroupKey, now: Timestamp, out: &mut Outcome) {
        let items = self.state.change_group(key, Timing::default(), |group| {
            group.due = None;
            let interval = group.timing.interval();
            group.rest = (!interval.is_zero()).then(|| now.plus(interval));
            let items = std::mem::take(&mut group.waiting);
            remember(group, &items, now);
            items
        });
        self.gate(&key.0, items, now, out);
    }

    fn remind(&mut self, key: &GroupKey, now: Timestamp, out: &mut Outcome) {
        let receiver: &ChannelName = &key.0;
        let behind: Vec<_> =
            self.state.digest(receiver).map(|d| d.held.iter().map(|i| i.alert.clone()).collect()).unwrap_or_default();
        let (firing, again) = self.state.change_group(key, Timing::default(), |group| {
            group.remind = None;
            (group.firing.clone(), group.timing.repeat())
        });
        let mut items = firing;
        // What is over fires no more, though its end may wait to be told.
        let fires = |item: &Item| self.state.opened(&item.alert).is_some_and(|opened| opened.hand.is_none());
        items.retain(|item| !behind.contains(&item.alert) && fires(item));
        items.truncate(FULL);
        // A reminder that may not go now is not gathered: it is said once, when it may.
        let held = if items.is_empty() { None } else { self.hold(receiver, &items, now).map(|(until, _)| until) };
        if held.is_none() && !items.is_empty() {
            self.post(receiver, Form::Reminder, &items, now, out);
        }
        let next = held.or_else(|| again.map(|repeat| now.plus(repeat)));
        self.state.change_group(key, Timing::default(), |group| {
            group.remind = next.filter(|_| !group.firing.is_empty());
        });
    }
}

/// What was told and fires is remembered where it is to be said again.
fn remember(group: &mut Group, items: &[Item], now: Timestamp) {
    let Some(repeat) = group.timing.repeat() else { return };
    for item in items {
        match item.phase {
            Phase::Firing => group.firing.push(item.clone()),
            Phase::Inactive | Phase::Pending | Phase::Resolved => group.firing.retain(|f| f.alert != item.alert),
        }
    }
    group.remind = (!group.firing.is_empty()).then(|| now.plus(repeat));
}
