//! What happens in a sequence: steps of the engine, acts, time and restarts; see the parent.

use std::sync::Arc;
use std::time::Duration;

use ports::{Quiet, QuietSort};
use schemas::{
    Act, AlertId, Deed, DeviceId, Kind, Life, Marks, Note, Pattern, Person, Phase, Quantity, Remark, RuleId, Scope, SeriesKey,
    Texts, Timestamp, Transition, TransitionId, Zone,
};

use super::super::channel;
use super::{Dice, MINUTE, Plain, SLOTS, World};
use crate::curbed::Curbed;
use crate::plan::{Outcome, Planner};

impl World {
    fn step(&self, slot: usize, since: Timestamp, from: Phase, to: Phase) -> Transition {
        let (device, zone, severity) = SLOTS[slot];
        let rule = RuleId::new(&format!("rule-{slot}")).unwrap();
        let series = SeriesKey { device: DeviceId::new(device).unwrap(), quantity: Quantity::AIR_PM10, channel: 0 };
        let alert = AlertId::new(&rule, &series, since);
        Transition {
            id: TransitionId::new(&alert, to),
            alert,
            rule,
            series,
            kind: Kind::AIR,
            zone: Zone::new(zone).unwrap(),
            severity,
            from,
            to,
            at: self.now,
            since,
            value: None,
            texts: Texts::default(),
            notify: vec![channel("hook")],
            note: None,
        }
    }

    /// The engine's word, as the register takes it.
    fn engine(&mut self, slot: usize, t: Transition) {
        let Some((_, life, plain)) = self.lives.get_mut(&t.alert) else {
            let life = Life::new(t.to, Marks::default());
            let plain = Plain { phase: Some(t.to), ..Plain::default() };
            self.lives.insert(t.alert.clone(), (slot, life, plain));
            self.present[slot] = Some(t.alert.clone());
            return self.log.push(t);
        };
        let moved = life.moved(t.to);
        assert_eq!(moved, !plain.by_hand || !t.to.is_open(), "the engine opens what a person closed");
        // The end that a person gave has the engine's own id, or is not corrected any more.
        if moved && !plain.by_hand {
            plain.phase = Some(t.to);
            self.log.push(t);
        }
    }

    fn act(&mut self, alert: &AlertId, deed: Deed) {
        let Some((slot, life, plain)) = self.lives.get_mut(alert) else { return };
        let (by, note) = (Person::new("officer-1").unwrap(), Remark::default());
        let act = Act { alert: alert.clone(), at: self.now, by: by.clone(), note: note.clone(), deed };
        let (slot, now) = (*slot, self.now);
        let (fires, open) = (plain.phase == Some(Phase::Firing), plain.phase.is_some_and(Phase::is_open));
        let legal = match &act.deed {
            Deed::Acknowledge { until } => fires && until.is_none_or(|until| until > now),
            Deed::Unacknowledge => fires && plain.in_hand.is_some_and(|until| until.is_none_or(|until| until > now)),
            Deed::Assign { to } => open && (to.is_some() || plain.assigned),
            Deed::Shelve { until } => open && *until > now,
            Deed::Unshelve => open && plain.shelf.is_some_and(|until| until > now),
            Deed::Resolve => fires,
        };
        assert_eq!(life.apply(&act, now).is_ok(), legal, "{act:?}");
        if !legal {
            return;
        }
        match &act.deed {
            Deed::Acknowledge { until } => plain.in_hand = Some(*until),
            Deed::Unacknowledge => plain.in_hand = None,
            Deed::Assign { to } => plain.assigned = to.is_some(),
            Deed::Shelve { until } => plain.shelf = Some(*until),
            Deed::Unshelve => plain.shelf = None,
            Deed::Resolve => (plain.phase, plain.by_hand) = (Some(Phase::Resolved), true),
        }
        if act.deed == Deed::Resolve {
            let since = self.log.iter().find(|t| t.alert == *alert).map_or(now, |t| t.since);
            let mut t = self.step(slot, since, Phase::Firing, Phase::Resolved);
            if self.log.iter().any(|known| known.id == t.id) {
                t.id = TransitionId(format!("{}:by_hand:{}", t.id, now.millis()));
            }
            self.log.push(Transition { note: Some(Note::ByHand { by, note }), ..t });
        }
        self.acts.push(act);
    }

    /// One turn of the loop around the planner.
    fn turn(&mut self) {
        let mut out = Outcome::default();
        // As the loop does: looked at anew only where something changed.
        let ended = self.quiets.iter().filter(|quiet| quiet.ended_at.is_some()).count();
        let revision = [self.log.len(), self.acts.len(), self.quiets.len(), ended];
        if self.sight.0 != revision {
            self.sight = (revision, Arc::new(self.sight()));
        }
        self.curbed.see(Arc::clone(&self.sight.1));
        for (place, t) in self.log.iter().enumerate().skip(self.planned) {
            self.curbed.observe(place as u64 + 1, t, self.now, &mut out);
        }
        for act in self.acts.iter().skip(self.acted) {
            self.curbed.act(act, self.now, &mut out);
        }
        (self.planned, self.acted) = (self.log.len(), self.acts.len());
        self.curbed.advance(self.now, &mut out);
        self.judge(&out);
    }

    pub(super) fn pass(&mut self, by: Duration) {
        let end = self.now.plus(by);
        while let Some(due) = self.curbed.wake_at().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.turn();
        }
        self.now = end;
        self.turn();
    }

    fn restart(&mut self) {
        self.kept.extend(self.curbed.planner.take_dirty().unwrap());
        self.kept.retain(|_, bytes| !bytes.is_empty());
        let pieces: Vec<_> = self.kept.clone().into_iter().collect();
        let mut out = Outcome::default();
        let planner = Planner::restore(Arc::clone(&self.policy), &pieces, self.now, &mut out).unwrap();
        let open = planner
            .firing()
            .chain(planner.ended_untold())
            .map(|(_, step)| (step, self.log[usize::try_from(step).unwrap() - 1].clone()))
            .collect();
        self.curbed = Curbed::new(planner, open);
        self.judge(&out);
    }

    /// What fires ends, and what does not fires.
    fn toggle(&mut self, slot: usize) {
        let present = self.present[slot].clone();
        match (present.as_ref().and_then(|alert| self.lives[alert].2.phase), present) {
            (Some(Phase::Firing), Some(alert)) => {
                let since = self.log.iter().find(|t| t.alert == alert).expect("it is in the log").since;
                let t = self.step(slot, since, Phase::Firing, Phase::Resolved);
                let (id, many) = (t.id.clone(), self.log.len());
                let known = self.log.iter().any(|known| known.id == id);
                let id = if known { TransitionId(format!("{id}:added:{many}")) } else { id };
                self.engine(slot, Transition { id, ..t });
            }
            _ => {
                // An episode has an id of its own: no two begin in one instant.
                self.now = self.now.plus(Duration::from_millis(1));
                let t = self.step(slot, self.now, Phase::Inactive, Phase::Firing);
                self.engine(slot, t);
            }
        }
    }

    /// A late reading undoes the last step of an episode, or a step that undid its beginning.
    fn correct(&mut self, slot: usize, phase: Phase, alert: &AlertId) {
        let (of, to) = match phase {
            Phase::Resolved => (Phase::Resolved, Phase::Firing),
            Phase::Firing => (Phase::Firing, Phase::Inactive),
            Phase::Inactive | Phase::Pending => (Phase::Firing, Phase::Firing),
        };
        let since = self.log.iter().find(|t| t.alert == *alert).expect("it is in the log").since;
        let t = self.step(slot, since, phase, to);
        let of = TransitionId::new(alert, of);
        let note = if phase == Phase::Inactive { Note::Added { of: of.clone() } } else { Note::Withdrawn { of: of.clone() } };
        let id = TransitionId(format!("{of}:{}:{}", note.code(), self.log.len()));
        self.engine(slot, Transition { id, note: Some(note), ..t });
    }

    /// It comes and goes, more often than people want to hear.
    fn flutter(&mut self, slot: usize) {
        for _ in 0..7 {
            self.toggle(slot);
            self.pass(MINUTE);
        }
    }

    /// Something happens.
    pub(super) fn event(&mut self, dice: &mut Dice) {
        let slot = dice.index(SLOTS.len());
        let present = self.present[slot].clone();
        let phase = present.as_ref().and_then(|alert| self.lives[alert].2.phase);
        let until = self.now.plus(MINUTE * u32::try_from(1 + dice.below(90)).unwrap());
        match dice.below(16) {
            0..=3 => self.toggle(slot),
            4 => {
                if let Some((phase, alert)) = phase.zip(present) {
                    self.correct(slot, phase, &alert);
                }
            }
            5..=8 => {
                let deed = match dice.below(8) {
                    0 => Deed::Acknowledge { until: None },
                    1 | 2 => Deed::Acknowledge { until: Some(until) },
                    3 => Deed::Unacknowledge,
                    4 => Deed::Assign { to: (dice.below(2) == 0).then(|| Person::new("driss").unwrap()) },
                    5 => Deed::Shelve { until },
                    6 => Deed::Unshelve,
                    _ => Deed::Resolve,
                };
                if let Some(alert) = present {
                    self.act(&alert, deed);
                }
            }
            9 | 10 => {
                let (device, zone, severity) = SLOTS[slot];
                let scope = match dice.below(3) {
                    0 => Scope { zone: vec![Zone::new(zone).unwrap()], ..Scope::default() },
                    1 => Scope { device: vec![Pattern::new(&format!("{}*", &device[..1])).unwrap()], ..Scope::default() },
                    _ => Scope { severity: vec![severity], zone: vec![Zone::new(zone).unwrap()], ..Scope::default() },
                };
                let later = MINUTE * u32::try_from(dice.below(20)).unwrap();
                let (sort, from) = if dice.below(2) == 0 {
                    (QuietSort::Silence, self.now)
                } else {
                    (QuietSort::Maintenance, self.now.plus(later))
                };
                let id = self.quiets.len() as u64 + 1;
                let (by, created_at) = (Person::new("officer-1").unwrap(), self.now);
                let until = from.plus(until.since(self.now));
                let note = Remark::default();
                self.quiets.push(Quiet { id, sort, scope, from, until, by, note, created_at, ended_at: None, ended_by: None });
            }
            11 => {
                let (many, now) = (self.quiets.len(), self.now);
                if many > 0 {
                    let quiet = &mut self.quiets[dice.index(many)];
                    quiet.ended_at.get_or_insert(now);
                }
            }
            12 => self.restart(),
            13 => self.flutter(slot),
            _ => self.pass(Duration::from_secs(1 + dice.below(3_600))),
        }
        self.turn();
    }
}
