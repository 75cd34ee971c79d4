//! What it means for telling that somebody has an alert in hand: it is not said again, and does not climb. Its
//! end is told all the same.

use ports::Reason;
use schemas::{AlertId, Timestamp};

use super::state::Hand;
use super::{Outcome, Planner};

impl Planner {
    /// `by` has this alert in hand from `now` on, until `until`, or until it ends. What was acknowledged before
    /// is acknowledged anew: the last word counts. False where no such alert fires, as far as the planner has
    /// read; then nothing is changed.
    pub fn acknowledge(
        &mut self,
        alert: &AlertId,
        by: &str,
        until: Option<Timestamp>,
        now: Timestamp,
        out: &mut Outcome,
    ) -> bool {
        let hand = Hand { by: by.to_owned(), until };
        self.hand(alert, Some(hand), Reason::Acknowledged { by: by.to_owned(), until }, now, out)
    }

    /// Nobody has this alert in hand any more: from now on it is said again, and climbs. False where nobody had.
    pub fn unacknowledge(&mut self, alert: &AlertId, now: Timestamp, out: &mut Outcome) -> bool {
        let held = self.is_in_hand(alert);
        held && self.hand(alert, None, Reason::Unacknowledged { lapsed: false }, now, out)
    }

    /// Whether somebody has this alert in hand.
    #[must_use]
    pub fn is_in_hand(&self, alert: &AlertId) -> bool {
        self.state.opened(alert).is_some_and(|opened| opened.hand.is_some())
    }

    /// A timer of an alert has run.
    pub(super) fn alert_is_due(&mut self, alert: &AlertId, now: Timestamp, out: &mut Outcome) {
        let hand = self.state.opened(alert).and_then(|opened| opened.hand.as_ref());
        if hand.is_some_and(|hand| hand.until.is_some_and(|until| until <= now)) {
            self.hand(alert, None, Reason::Unacknowledged { lapsed: true }, now, out);
        }
    }

    fn hand(&mut self, alert: &AlertId, hand: Option<Hand>, reason: Reason, now: Timestamp, out: &mut Outcome) -> bool {
        let step = self.state.change_opened(alert, |opened| {
            opened.hand = hand;
            opened.item.as_ref().map(|item| item.step)
        });
        if let Some(step) = step.flatten() {
            out.because(now, step, None, reason);
        }
        step.is_some()
    }
}
