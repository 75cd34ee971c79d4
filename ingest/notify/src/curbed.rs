//! The planner, with what keeps it from telling: takes in transitions and operators' acts, and looks again at all
//! that fires whenever a silence, a window, a shelf or an inhibition begins or ends. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::{Act, AlertId, Deed, Phase, Texts, Timestamp, Transition};

use crate::curb::{Sight, reason};
use crate::plan::{Outcome, Planner};

/// A planner that is kept from telling what is withheld.
#[derive(Debug)]
pub struct Curbed {
    /// Plans.
    pub planner: Planner,
    /// The steps by which alerts fire or fired, without their texts.
    open: BTreeMap<AlertId, (u64, Transition)>,
    sight: Arc<Sight>,
    /// Until then all that fires was looked at with this sight.
    looked: Option<Timestamp>,
}

impl Curbed {
    /// Goes on with a planner, which has alerts that fire by the steps `open`.
    #[must_use]
    pub fn new(planner: Planner, open: Vec<(u64, Transition)>) -> Self {
        let open = open.into_iter().map(|(step, t)| (t.alert.clone(), (step, slim(t)))).collect();
        Self { planner, open, sight: Arc::default(), looked: None }
    }

    /// Sees what holds from now on.
    pub fn see(&mut self, sight: Arc<Sight>) {
        if !Arc::ptr_eq(&self.sight, &sight) {
            (self.sight, self.looked) = (sight, None);
        }
    }

    /// Takes in the transition with the number `step`.
    pub fn observe(&mut self, step: u64, t: &Transition, now: Timestamp, out: &mut Outcome) {
        let fires = t.to == Phase::Firing;
        let withheld = if fires { self.sight.withheld(&t.alert, t, now).map(reason) } else { None };
        self.planner.observe(step, t, withheld, now, out);
        // An end that a late reading undid: whoever had the alert in hand before has it still.
        if fires
            && t.note.is_some()
            && let Some((by, until)) = self.sight.hand(&t.alert, now)
        {
            self.planner.acknowledge(&t.alert, by, until, now, out);
        }
        if fires {
            self.open.insert(t.alert.clone(), (step, slim(t.clone())));
        }
    }

    /// Takes in what an operator did. What is put aside or resolved comes by the sight and by a transition.
    pub fn act(&mut self, act: &Act, now: Timestamp, out: &mut Outcome) {
        match &act.deed {
            Deed::Acknowledge { until } if until.is_none_or(|until| until > now) => {
                self.planner.acknowledge(&act.alert, act.by.as_str(), *until, now, out);
            }
            Deed::Unacknowledge => drop(self.planner.unacknowledge(&act.alert, now, out)),
            Deed::Acknowledge { .. } | Deed::Assign { .. } | Deed::Shelve { .. } | Deed::Unshelve | Deed::Resolve => {}
        }
    }

    /// Keeps back what is withheld now, hands again what is no longer, and does what is due. In this order: what
    /// comes due in the moment in which a silence begins is not told.
    pub fn advance(&mut self, now: Timestamp, out: &mut Outcome) {
        if self.looked.is_none_or(|until| until <= now) {
            let ended: BTreeSet<AlertId> = self.planner.ended_untold().map(|(alert, _)| alert.clone()).collect();
            let planner = &self.planner;
            self.open.retain(|alert, _| planner.is_firing(alert) || ended.contains(alert));
            for (alert, (step, t)) in &self.open {
                let withheld = self.sight.withheld(alert, t, now).map(reason);
                if ended.contains(alert) {
                    if let Some(reason) = withheld {
                        self.planner.keep_back_ended(alert, &reason, now, out);
                    }
                    continue;
                }
                match (withheld, self.planner.is_hushed(alert)) {
                    (Some(reason), false) => drop(self.planner.keep_back(alert, reason, now, out)),
                    (None, true) => drop(self.planner.hand_again(*step, t, None, now, out)),
                    (Some(_), true) | (None, false) => {}
                }
            }
            self.looked = Some(self.sight.next_change(now).unwrap_or(Timestamp::MAX));
        }
        self.planner.advance(now, out);
    }

    /// When [`Curbed::advance`] has something to do; none where nothing waits.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let look = self.looked.filter(|until| *until < Timestamp::MAX);
        [look, self.planner.wake_at()].into_iter().flatten().min()
    }
}

/// Nobody reads the texts here, and there may be many.
fn slim(t: Transition) -> Transition {
    Transition { texts: Texts::default(), ..t }
}
