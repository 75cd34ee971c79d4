//! The model check: random sequences of steps, corrections by late readings, flapping, acts, silences, windows, inhibitions, time and restarts through
//! the real planner, with groups, escalations and rotas, curb and life cycle, against an oracle that knows nothing of how they work.
//!
//! The oracle holds: an act is done exactly where its table says so; no beginning, reminder or escalation goes
//! while something withholds its alert, no reminder or escalation while somebody has it in hand, however long it waited; each receiver is told a
//! beginning once and before its end, and no two messages by one key; whoever was told a beginning is told its end, or that
//! it should not have been; what fires when nothing
//! withholds it any more was told.
//!
//! `MARSAD_SEQUENCES` says how many (a million: `MARSAD_SEQUENCES=1000000 cargo test --release -p notify million`),
//! `MARSAD_SEED` which.

mod oracle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::tz::TimeZone;
use ports::{AlertView, Curbs, Quiet, QuietSort};
use schemas::{
    Act, AlertId, ChannelName, Deed, DeviceId, Kind, Life, Marks, Note, Pattern, Person, Phase, Quantity, Remark, RuleId, Scope,
    SeriesKey, Severity, Texts, Timestamp, Transition, TransitionId, Zone,
};

use super::scene::{policy, policy_with};
use super::{channel, start};
use crate::curb::{Common, Inhibit, Sight, Topology};
use crate::curbed::Curbed;
use crate::plan::{Outcome, Planner, Policy};
use crate::rota::Rota;

/// Sequences in an ordinary run of the suite.
const SEQUENCES: u64 = 1_000;
/// Things that happen in a sequence.
const EVENTS: u64 = 18;
const MINUTE: Duration = Duration::from_secs(60);

/// Device, zone and severity of what can fire: the first two watch one device.
const SLOTS: [(&str, &str, Severity); 4] = [
    ("d-1", "anfa", Severity::Warning),
    ("d-1", "anfa", Severity::Critical),
    ("d-2", "anfa", Severity::Critical),
    ("e-3", "maarif", Severity::Info),
];

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, many: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % many
    }

    fn index(&mut self, many: usize) -> usize {
        usize::try_from(self.below(many as u64)).expect("below a usize")
    }
}

/// What the oracle remembers of an episode, in the plainest words.
#[derive(Clone, Default)]
struct Plain {
    phase: Option<Phase>,
    in_hand: Option<Option<Timestamp>>,
    assigned: bool,
    shelf: Option<Timestamp>,
    by_hand: bool,
}

struct World {
    policy: Arc<Policy>,
    inhibit: Arc<[Inhibit]>,
    curbed: Curbed,
    kept: BTreeMap<String, Bytes>,
    now: Timestamp,
    /// The log; a number is a place in it, from 1.
    log: Vec<Transition>,
    planned: usize,
    acts: Vec<Act>,
    acted: usize,
    quiets: Vec<Quiet>,
    /// What was seen last, and of which revision: steps, acts, and quiets begun and ended.
    sight: ([usize; 4], Arc<Sight>),
    lives: BTreeMap<AlertId, (usize, Life, Plain)>,
    /// The present episode of each slot.
    present: [Option<AlertId>; SLOTS.len()],
    /// Receiver and step of each beginning and end that was told.
    told: BTreeSet<(ChannelName, u64)>,
    /// Receiver and key of each message: what has a key that is known is dropped.
    keys: BTreeSet<(ChannelName, String)>,
}

fn inhibitions() -> Arc<[Inhibit]> {
    let severe = Scope { severity: vec![Severity::Critical, Severity::Emergency], ..Scope::default() };
    let mild = Scope { severity: vec![Severity::Info, Severity::Warning], ..Scope::default() };
    vec![Inhibit { name: "worse".to_owned(), source: severe, target: mild, equal: vec![Common::Device] }].into()
}

fn policies() -> Vec<Arc<Policy>> {
    let waits = "[[route]]\nname = \"all\"\nto = [\"hook\", \"desk\"]\ngroup = [\"zone\"]\nwait = \"2m\"\ninterval = \"10m\"\nrepeat = \"30m\"\n";
    let climbs = "[[escalation]]\nname = \"up\"\nrepeat = \"20m\"\n[[escalation.step]]\nafter = \"15m\"\nto = [\"city\"]\n[[escalation.step]]\nafter = \"40m\"\nto = [\"desk\", \"hook\"]\n";
    let flaps = "[flapping]\nlimit = 3\nwithin = \"30m\"\n";
    let plain = ["".to_owned(), waits.to_owned(), climbs.to_owned(), format!("{waits}{climbs}")];
    let flapping = plain.clone().map(|text| format!("{text}{flaps}"));
    // Who is on duty stands in for the desk.
    let rotas = [format!("{waits}{climbs}"), format!("{waits}{climbs}{flaps}")].map(|text| text.replace("desk", "rota:day"));
    let known = |name: &ChannelName| ["city", "arma", "hook", "desk"].contains(&name.as_str());
    let day = Rota::parse((channel("rota:day"), channel("desk")), "day.toml", DAY, &TimeZone::UTC, known).unwrap();
    let shifts = rotas.iter().map(|text| policy_with(text, vec![day.clone()]));
    plain.iter().chain(&flapping).map(|text| policy(text)).chain(shifts).collect()
}

/// Shifts of which some change while alerts fire, with a hole between them.
const DAY: &str = r#"
[[shift]]
from = "2026-11-21T19:00"
to = "2026-11-21T21:00"
receiver = "city"

[[shift]]
from = "2026-11-21T22:00"
to = "2026-11-22T02:00"
receiver = "arma"
"#;

impl World {
    fn new(policy: &Arc<Policy>, inhibit: &Arc<[Inhibit]>) -> Self {
        Self {
            policy: Arc::clone(policy),
            inhibit: Arc::clone(inhibit),
            curbed: Curbed::new(Planner::new(Arc::clone(policy)), Vec::new()),
            kept: BTreeMap::new(),
            now: start(),
            log: Vec::new(),
            planned: 0,
            acts: Vec::new(),
            acted: 0,
            quiets: Vec::new(),
            sight: ([0; 4], Arc::default()),
            lives: BTreeMap::new(),
            present: [None, None, None, None],
            told: BTreeSet::new(),
            keys: BTreeSet::new(),
        }
    }

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

    fn sight(&self) -> Sight {
        let fires = |alert: &&AlertId| self.lives[*alert].1.phase() == Phase::Firing;
        let view = |alert: &AlertId| {
            let t = self.log.iter().find(|t| t.alert == *alert).expect("what lives is in the log");
            AlertView { marks: self.lives[alert].1.marks().clone(), ..super::away::view(t) }
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

    fn pass(&mut self, by: Duration) {
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
    fn event(&mut self, dice: &mut Dice) {
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

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a whole number"))
}

#[test]
fn a_million_sequences_of_events_tell_what_an_oracle_allows_and_lose_no_end() {
    let (many, seed) = (number("MARSAD_SEQUENCES", SEQUENCES), number("MARSAD_SEED", 20_261_126));
    let (policies, inhibit, began) = (policies(), inhibitions(), Instant::now());
    let mut told = 0;
    for n in 0..many {
        let sequence = seed.wrapping_add(n).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let done = std::panic::catch_unwind(|| {
            let mut dice = Dice(sequence);
            let mut world = World::new(&policies[dice.index(policies.len())], &inhibit);
            for _ in 0..EVENTS {
                world.event(&mut dice);
            }
            world.settle();
            world.told.len()
        });
        match done {
            Ok(count) => told += count,
            Err(cause) => {
                eprintln!("MARSAD_SEED={} MARSAD_SEQUENCES=1 shows it again", seed.wrapping_add(n));
                std::panic::resume_unwind(cause);
            }
        }
    }
    println!("MARSAD_SEED={seed}: {many} sequences, {told} steps told, in {:.1?}", began.elapsed());
    assert!(told as u64 >= many, "a sequence tells something, on the average");
}
