//! What is told to whom and when: routing, grouping, quiet hours, the limit on storms, reminders.
//!
//! Transitions and time in, messages and reasons out; no clock, no disk, no socket. The same transitions
//! at the same instants give the same messages, live, after a restart and in a back-test. The state is a
//! set of small pieces, of which the changed ones are kept with each step.
//!
//! What is promised, and held by `tests/plan.rs`: every step that is to be told to a receiver is in exactly
//! one of its messages (reminders aside); "resolved" never stands before "firing" of the same alert at the
//! same receiver; no more messages than the limit go to a contractor in any hour, but for what is exempt and
//! for full digests.
//!
//! Deliberately absent: how a message looks (`render`), how it travels (`channels`), and whether an alert is
//! silenced, inhibited or in a maintenance window: who knows that hands it in as a [`Reason`].

mod climb;
mod duty;
mod flap;
mod gate;
mod group;
mod hand;
mod hours;
mod hush;
mod pieces;
mod policy;
mod route;
mod state;

use std::sync::Arc;

use bytes::Bytes;
use ports::{Because, Posted, Reason};
use schemas::{AlertId, ChannelName, Kind, Phase, Timestamp, Transition};

pub use climb::{EscalationSettings, EscalationStep};
pub use flap::Flapping;
pub use hours::QuietHours;
pub use policy::{Parts, Policy, PolicyError, Receiver, Storm};
pub use route::{By, RouteSettings};
pub use state::PieceError;

use flap::Flap;
use pieces::{Item, Member, Opened};
use route::{Facts, Grouping};
use state::State;

/// Steps in one message at most; what is more goes in a further one.
pub const FULL: usize = 1000;

/// What the planner decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Messages, in the order in which they are to go.
    pub posted: Vec<Posted>,
    /// Why, link by link.
    pub reasons: Vec<Because>,
}

impl Outcome {
    fn because(&mut self, at: Timestamp, step: u64, receiver: Option<&ChannelName>, reason: Reason) {
        self.reasons.push(Because { at, step, receiver: receiver.cloned(), reason });
    }
}

/// Decides what is told.
#[derive(Debug)]
pub struct Planner {
    policy: Arc<Policy>,
    state: State,
}

impl Planner {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self { policy, state: State::default() }
    }

    /// One that goes on from the pieces that [`Planner::take_dirty`] gave. Steps that wait for a receiver
    /// that the policy no longer has are let go, each with its reason in `out`.
    ///
    /// # Errors
    /// A piece that is not one of ours.
    pub fn restore(
        policy: Arc<Policy>,
        pieces: &[(String, Bytes)],
        now: Timestamp,
        out: &mut Outcome,
    ) -> Result<Self, PieceError> {
        let mut state = State::read(pieces)?;
        for (step, receiver) in state.forget_receivers(|name| !policy.knows(name)) {
            out.because(now, step, Some(&receiver), Reason::ReceiverGone);
        }
        Ok(Self { policy, state })
    }

    /// When [`Planner::advance`] has something to do; none where nothing waits.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.state.first_due()
    }

    /// Pieces of the state that changed since the last call, as they are now; an empty one is gone.
    ///
    /// # Errors
    /// Never in practice: a piece holds names, numbers and instants.
    pub fn take_dirty(&mut self) -> Result<Vec<(String, Bytes)>, PieceError> {
        self.state.take_dirty()
    }

    /// Takes in the transition with the number `step`. `withheld` is why the step must not be told now (a
    /// silence, an inhibition, a maintenance window), where somebody knows of such; a step that ends an
    /// alert that was told is told all the same.
    pub fn observe(&mut self, step: u64, t: &Transition, withheld: Option<Reason>, now: Timestamp, out: &mut Outcome) {
        // Where a late reading shows that it should not have fired, it is over as well.
        let over = t.to == Phase::Resolved || (t.from == Phase::Firing && t.to != Phase::Firing);
        if !over && t.to != Phase::Firing {
            return;
        }
        out.because(now, step, None, decided(t));
        self.count(t, now);
        match (t.to, self.state.take_opened(&t.alert)) {
            (_, Some(opened)) if over => self.ends(step, t, &opened, now, out),
            (Phase::Inactive | Phase::Pending, _) => out.because(now, step, None, Reason::NeverTold),
            (_, _) if t.notify.is_empty() => out.because(now, step, None, Reason::ToNobody),
            (Phase::Firing, before) => {
                let opened = Opened { item: Some(Item::of(step, t)), hushed: withheld.is_some(), ..before.unwrap_or_default() };
                self.state.put_opened(&t.alert, opened);
                match withheld {
                    Some(reason) => out.because(now, step, None, reason),
                    None => self.begins(step, t, now, out),
                }
            }
            // Its beginning is not known to us: as if it were one.
            (_, _) => self.begins(step, t, now, out),
        }
    }

    /// Takes in once more a step into firing that was withheld, since what withheld it has ended; `withheld`
    /// is what withholds it instead. Whether it is told now: once, and only while the alert fires.
    pub fn hand_again(&mut self, step: u64, t: &Transition, withheld: Option<Reason>, now: Timestamp, out: &mut Outcome) -> bool {
        if t.to != Phase::Firing || !self.state.opened(&t.alert).is_some_and(Opened::is_withheld) {
            return false;
        }
        if let Some(reason) = withheld {
            out.because(now, step, None, reason);
            return false;
        }
        out.because(now, step, None, Reason::Released);
        if !self.pay(&t.alert, now, out) {
            self.begins(step, t, now, out);
        }
        true
    }

    /// The alerts that fire and that something withholds, each with the number of its
    /// step into firing: what [`Planner::hand_again`] may be called for.
    pub fn withheld(&self) -> impl Iterator<Item = (&AlertId, u64)> {
        let withheld = self.state.all_opened().filter(|(_, opened)| opened.is_withheld());
        withheld.filter_map(|(alert, opened)| Some((alert, opened.item.as_ref()?.step)))
    }

    /// Does what is due by `now`.
    pub fn advance(&mut self, now: Timestamp, out: &mut Outcome) {
        while let Some(due) = self.state.take_due(now) {
            match due {
                state::Due::Alert(alert) => self.alert_is_due(&alert, now, out),
                state::Due::Group(key) => self.group_is_due(&key, now, out),
                state::Due::Digest(receiver) => self.digest_is_due(&receiver, now, out),
                state::Due::Flaps(series) => self.flaps_are_due(&series, now, out),
            }
        }
    }

    /// Tells that an alert fires, and remembers whom.
    fn begins(&mut self, step: u64, t: &Transition, now: Timestamp, out: &mut Outcome) {
        let contractor = self.contractor(step, t, now, out);
        let facts = Facts { transition: t, contractor: contractor.as_deref() };
        let members = self.members(step, &facts, now, out);
        let ladder = self.policy.escalation(&facts).map(|escalation| escalation.ladder(now));
        self.state.change_opened(&t.alert, |opened| opened.ladder = ladder);
        let flap = if t.to == Phase::Firing { self.flap(t) } else { Flap::No };
        let mark = match flap {
            Flap::Held { until } => return self.keep(step, t, members, until, now, out),
            Flap::Begins { times } => Some(self.flap_begins(step, t, times, now, out)),
            Flap::No => None,
        };
        self.state.change_opened(&t.alert, |opened| opened.members.clone_from(&members));
        for member in &members {
            self.join(member, Item { mark: mark.clone(), ..Item::of(step, t) }, now, out);
        }
    }

    /// Tells that an alert is over to whom it was told that it fires.
    fn ends(&mut self, step: u64, t: &Transition, opened: &Opened, now: Timestamp, out: &mut Outcome) {
        if opened.members.is_empty() {
            self.never_was(t);
            return out.because(now, step, None, Reason::NeverTold);
        }
        if self.owe(&Item::of(step, t), t, opened, now, out) {
            return;
        }
        for member in &opened.members {
            out.because(now, step, Some(&member.receiver), Reason::FollowsFiring);
        }
        for member in &opened.members {
            self.join(member, Item::of(step, t), now, out);
        }
    }

    /// Who is to be told, each receiver once: the first route that names it counts.
    fn members(&self, step: u64, facts: &Facts<'_>, now: Timestamp, out: &mut Outcome) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        let mut add = |receiver: &ChannelName, grouping: &Grouping, reason: Reason, out: &mut Outcome| {
            if members.iter().any(|m| m.receiver == *receiver) {
                return;
            }
            out.because(now, step, Some(receiver), reason);
            let group = grouping.key(facts);
            members.push(Member { receiver: receiver.clone(), group, timing: grouping.timing, climbed: false });
        };
        let hops = self.policy.route(facts);
        for hop in &hops {
            for receiver in &hop.receivers {
                add(receiver, hop.grouping, Reason::Routed { route: hop.path.clone() }, out);
            }
        }
        if hops.is_empty() {
            for receiver in &facts.transition.notify {
                add(receiver, &Grouping::ALONE, Reason::AsTheRuleSays, out);
            }
        }
        members
    }

    /// Whose the bin is on the day of the step; containers alone have contractors.
    fn contractor(&self, step: u64, t: &Transition, now: Timestamp, out: &mut Outcome) -> Option<String> {
        if t.kind != Kind::WASTE {
            return None;
        }
        let (contractor, note) = self.policy.contractor(&t.zone, t.at);
        out.because(now, step, None, Reason::Territory { contractor: contractor.clone(), note });
        contractor
    }
}

fn decided(t: &Transition) -> Reason {
    Reason::Decided {
        rule: t.rule.clone(),
        severity: t.severity,
        phase: t.to,
        value: t.value,
        since: t.since,
        decided_at: t.at,
        held_ms: u64::try_from(t.at.since(t.since).as_millis()).unwrap_or(u64::MAX),
    }
}
