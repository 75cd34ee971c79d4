//! What happens: the engine's word, the loop around the planner, time, restarts, and the next thing by a throw of dice.

use std::sync::Arc;
use std::time::Duration;

use ports::{AlertView, Curbs, Quiet, QuietSort};
use schemas::{
    AlertId, Deed, DeviceId, Kind, Life, Marks, Note, Pattern, Person, Phase, Quantity, Remark, RuleId, Scope, SeriesKey, Texts,
    Timestamp, Transition, TransitionId, Zone,
};

use super::{Dice, MINUTE, Plain, SLOTS, World};
use crate::curb::{Sight, Topology};
use crate::curbed::Curbed;
use crate::plan::{Outcome, Planner};
use crate::tests::channel;

impl World {
    pub(super) fn step(&self, slot: usize, since: Timestamp, from: Phase, to: Phase) -> Transition {
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
    fn sight(&self) -> Sight {
        let fires = |alert: &&AlertId| self.lives[*alert].1.phase() == Phase::Firing;
        let view = |alert: &AlertId| {
            let t = self.log.iter().find(|t| t.alert == *alert).expect("what lives is in the log");
            AlertView { marks: self.lives[alert].1.marks().clone(), ..crate::tests::away::view(t) }
        };
        let shelved = self.lives.iter().filter_map(|(id, (_, life, _))| Some((id.clone(), life.marks().shelved.clone()?)));
        let curbs = Curbs {
            quiets: self.quiets.iter().filter(|q| !q.is_over(self.now)).cloned().collect(),
            shelved: shelved.collect(),
            firing: self.lives.keys().filter(fires).map(view).collect(),
        };
        Sight::new(curbs, Arc::clone(&self.inhibit), Topology::default())
    }

    /// One turn of the loop around the planner.
    fn turn(&mut self) {
        let mut out = Outcome::default();
        self.curbed.see(Arc::new(self.sight()));
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
            // A late reading undoes an end.
            4 => {
                if let (Some(Phase::Resolved), Some(alert)) = (phase, present) {
                    let since = self.log.iter().find(|t| t.alert == alert).expect("it is in the log").since;
                    let t = self.step(slot, since, Phase::Resolved, Phase::Firing);
                    let of = TransitionId::new(&alert, Phase::Resolved);
                    let id = TransitionId(format!("{of}:withdrawn:{}", self.log.len()));
                    self.engine(slot, Transition { id, note: Some(Note::Withdrawn { of }), ..t });
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
                let (by, created_at) = (Person::new("aya").unwrap(), self.now);
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
