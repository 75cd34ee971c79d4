//! What it means for telling that somebody has an alert in hand: it is not said again, and does not climb. Its
//! end is told all the same.

use std::sync::Arc;

use ports::Reason;
use schemas::{AlertId, Timestamp};

use super::pieces::Hand;
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
        let (hand, reason) = (Hand { by: by.to_owned(), until }, Reason::Acknowledged { by: by.to_owned(), until });
        let fires = self.hand(alert, Some(hand), reason.clone(), now, out);
        if fires {
            self.climb_down(alert, &reason, now, out);
        }
        fires
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

    /// A timer of an alert has run: what somebody had in hand lapses, or nobody had it in hand in time.
    pub(super) fn alert_is_due(&mut self, alert: &AlertId, now: Timestamp, out: &mut Outcome) {
        let Some(opened) = self.state.opened(alert) else { return };
        match &opened.hand {
            Some(hand) if hand.until.is_some_and(|until| until <= now) => {
                self.hand(alert, None, Reason::Unacknowledged { lapsed: true }, now, out);
            }
            Some(_) => {}
            None => self.climb(alert, now, out),
        }
    }

    fn hand(&mut self, alert: &AlertId, hand: Option<Hand>, reason: Reason, now: Timestamp, out: &mut Outcome) -> bool {
        let policy = Arc::clone(&self.policy);
        let step = self.state.change_opened(alert, |opened| {
            // Whoever was told last has as long again as he had before.
            if let (None, Some(ladder)) = (&hand, &mut opened.ladder) {
                policy.rest(ladder, now);
            }
            opened.hand = hand;
            opened.item.as_ref().map(|item| item.step)
        });
        if let Some(step) = step.flatten() {
            out.because(now, step, None, reason);
        }
        step.is_some()
    }
}
