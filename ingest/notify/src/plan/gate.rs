//! The last gate before the outbox: quiet hours, and the limit on messages to one contractor. What may not
//! pass is gathered into the receiver's digest.

use std::time::Duration;

use ports::{Form, Mark, Posted, Reason};
use schemas::{AlertId, ChannelName, Timestamp};

use super::pieces::Item;
use super::{FULL, Outcome, Planner};

impl Planner {
    /// Lets a message pass, or holds it.
    pub(super) fn gate(&mut self, receiver: &ChannelName, items: Vec<Item>, now: Timestamp, out: &mut Outcome) {
        // What follows a held step of its alert waits behind it, whatever the hour.
        let (held, until) = match self.state.digest(receiver) {
            Some(digest) => (digest.held.iter().map(|i| i.alert.clone()).collect(), digest.due.unwrap_or(now)),
            None => (Vec::<AlertId>::new(), now),
        };
        let (behind, free): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| held.contains(&item.alert));
        if !behind.is_empty() {
            self.put_aside(receiver, behind, until, &Reason::Behind { until }, now, out);
        }
        if free.is_empty() {
            return;
        }
        match self.hold(receiver, &free, now) {
            Some((until, reason)) => self.put_aside(receiver, free, until, &reason, now, out),
            None => {
                let form = match &free[..] {
                    [one] => one.form(),
                    _ => Form::Group,
                };
                self.post(receiver, form, &free, now, out);
            }
        }
    }

    /// Until when a message of these steps must wait, and why; none where it may go. One that reaches several waits
    /// for the last of them, so that it stays in order.
    pub(super) fn hold(&self, receiver: &ChannelName, items: &[Item], now: Timestamp) -> Option<(Timestamp, Reason)> {
        let reached = self.reaches(receiver, items, now);
        reached.iter().filter_map(|(receiver, items)| self.hold_for(receiver, items, now)).max_by_key(|(until, _)| *until)
    }

    fn hold_for(&self, receiver: &ChannelName, items: &[Item], now: Timestamp) -> Option<(Timestamp, Reason)> {
        if !self.policy.receiver(receiver)?.sheltered {
            return None;
        }
        let quiet = |item: &Item| self.policy.quiet.as_ref().is_some_and(|quiet| quiet.covers(item.severity));
        if items.iter().all(quiet)
            && let Some(until) = self.policy.quiet.as_ref().and_then(|quiet| quiet.until(now, &self.policy.zone))
        {
            return Some((until, Reason::QuietHours { until }));
        }
        let storm = &self.policy.storm;
        if items.iter().any(|item| storm.exempt.contains(&item.severity)) {
            return None;
        }
        // The message that went `limit` messages ago: the next may go once it is a whole period old.
        let limit = usize::try_from(storm.limit).unwrap_or(usize::MAX);
        let nth = self.state.sent(self.policy.protected(receiver)).rev().nth(limit.saturating_sub(1))?;
        let until = nth.plus(storm.per);
        (until > now).then_some((until, Reason::Storm { limit: storm.limit, until }))
    }

    fn put_aside(
        &mut self,
        receiver: &ChannelName,
        items: Vec<Item>,
        until: Timestamp,
        reason: &Reason,
        now: Timestamp,
        out: &mut Outcome,
    ) {
        for item in &items {
            out.because(now, item.step, Some(receiver), reason.clone());
        }
        let full = self.state.change_digest(receiver, |digest| {
            for item in items {
                // What is held already is said once, with the mark of its last escalation.
                match digest.held.iter_mut().find(|held| held.step == item.step) {
                    Some(held) => held.mark = item.mark.or(held.mark.take()),
                    None => digest.held.push(item),
                }
            }
            digest.due = Some(digest.due.map_or(until, |due| due.min(until)));
            digest.held.len() >= FULL
        });
        // Memory is bounded: a digest that is full goes, whatever the hour.
        if full {
            self.send_digest(receiver, now, out);
        }
    }

    /// The digest's time has come; it may have to wait once more, for the next of the two limits.
    pub(super) fn digest_is_due(&mut self, receiver: &ChannelName, now: Timestamp, out: &mut Outcome) {
        let held = self.state.digest(receiver).map(|digest| digest.held.clone()).unwrap_or_default();
        match self.hold(receiver, &held, now) {
            // At least a moment, so that a clock that stands still is not asked for ever.
            Some((until, _)) => {
                let until = until.max(now.plus(Duration::from_millis(1)));
                self.state.change_digest(receiver, |digest| digest.due = Some(until));
            }
            None => self.send_digest(receiver, now, out),
        }
    }

    fn send_digest(&mut self, receiver: &ChannelName, now: Timestamp, out: &mut Outcome) {
        let items = self.state.change_digest(receiver, |digest| {
            let many = digest.held.len().min(FULL);
            // What is left over is due at once, and asks the gate again.
            digest.due = Some(now);
            digest.held.drain(..many).collect::<Vec<_>>()
        });
        let form = match &items[..] {
            [one] => one.form(),
            _ => Form::Digest,
        };
        if !items.is_empty() {
            self.post(receiver, form, &items, now, out);
        }
    }

    /// Puts a message in the outbox, and counts it.
    pub(super) fn post(&mut self, receiver: &ChannelName, form: Form, items: &[Item], now: Timestamp, out: &mut Outcome) {
        if self.policy.rota(receiver).is_some() {
            return self.post_to_rota(receiver, form, items, now, out);
        }
        let (Some(first), Some(known)) = (items.first(), self.policy.receiver(receiver)) else {
            return items.iter().for_each(|item| out.because(now, item.step, Some(receiver), Reason::ReceiverGone));
        };
        let channels = known.via.clone();
        let id = id(first, form, items.len(), now);
        let exempt = !known.sheltered || items.iter().any(|item| self.policy.storm.exempt.contains(&item.severity));
        for item in items {
            let steps = u32::try_from(items.len()).unwrap_or(u32::MAX);
            let reason = Reason::Posted { id: id.clone(), form, channels: channels.clone(), steps, mark: item.mark.clone() };
            out.because(now, item.step, Some(receiver), reason);
        }
        out.posted.push(Posted {
            receiver: receiver.clone(),
            channels,
            id,
            form,
            steps: items.iter().map(|item| item.step).collect(),
        });
        if !exempt {
            let kept = usize::try_from(self.policy.storm.limit).unwrap_or(usize::MAX);
            let protected = self.policy.protected(receiver).to_owned();
            self.state.note_sent(&protected, now, kept);
        }
    }
}

/// Of one step its own id, so that a receiver that knows it from before knows it again.
fn id(first: &Item, form: Form, steps: usize, now: Timestamp) -> String {
    let step = first.name();
    match form {
        Form::Single => step.0,
        // Of what was told before there may be such a message already.
        Form::Group | Form::Digest if first.again => format!("{step}+{}:{}", steps.saturating_sub(1), now.millis()),
        Form::Group | Form::Digest => format!("{step}+{}", steps.saturating_sub(1)),
        Form::Reminder => match &first.mark {
            // In that moment it may be said again for another reason too.
            Some(Mark::Escalated { rung, .. }) => format!("{step}:reminder:{}:{rung}", now.millis()),
            Some(Mark::Flaps) | None => format!("{step}:reminder:{}", now.millis()),
        },
    }
}
