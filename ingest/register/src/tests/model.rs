//! The register against the same thing in memory: any sequence of writes and restarts leaves both
//! with the same answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use ports::{AlertBook, AlertFilter, AlertView, EvaluatorStep, Outbox};
use proptest::prelude::*;
use schemas::{ChannelName, DeviceId, Phase, Severity, Timestamp, Transition};

use super::{assert_tally, at, channel, device, fresh, line, plan, restored, transition};
use crate::Register;

const CHANNELS: [&str; 2] = ["hook", "log"];
const PHASES: [Phase; 4] = [Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved];

#[derive(Clone, Debug)]
enum Act {
    Commit { states: Vec<(u8, u8)>, transitions: Vec<(u8, u8, usize, usize, u8, i64)> },
    Deliver(usize),
    Postpone(usize),
    Bury(usize),
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let states = proptest::collection::vec((0..4u8, 0..4u8), 0..5);
    let transitions = proptest::collection::vec((0..3u8, 0..2u8, 0..4usize, 0..4usize, 0..4u8, 0..50i64), 0..5);
    let act = prop_oneof![
        4 => (states, transitions).prop_map(|(states, transitions)| Act::Commit { states, transitions }),
        2 => (0..2usize).prop_map(Act::Deliver),
        1 => (0..2usize).prop_map(Act::Postpone),
        1 => (0..2usize).prop_map(Act::Bury),
        1 => Just(Act::Restart),
    ];
    proptest::collection::vec(act, 1..20)
}

struct Row {
    number: u64,
    channel: ChannelName,
    transition: Transition,
    due: Timestamp,
    attempts: u32,
}

#[derive(Default)]
struct Model {
    cursor: Option<u64>,
    states: BTreeMap<DeviceId, Bytes>,
    transitions: Vec<Transition>,
    alerts: BTreeMap<String, AlertView>,
    waiting: Vec<Row>,
    posted: u64,
    dead: u64,
}

impl Model {
    fn commit(&mut self, step: &EvaluatorStep) {
        self.cursor = Some(step.cursor);
        for (device, state) in &step.states {
            if state.is_empty() {
                self.states.remove(device);
            } else {
                self.states.insert(device.clone(), state.clone());
            }
        }
        for t in &step.transitions {
            if self.transitions.iter().any(|known| known.id == t.id) {
                continue;
            }
            self.transitions.push(t.clone());
            let before = self.alerts.get(&t.alert.0);
            let view = AlertView {
                id: t.alert.clone(),
                rule: t.rule.clone(),
                series: t.series.clone(),
                kind: t.kind,
                zone: t.zone.clone(),
                severity: t.severity,
                phase: t.to,
                since: t.since,
                at: t.at,
                fired_at: if t.to == Phase::Firing { Some(t.at) } else { before.and_then(|b| b.fired_at) },
                resolved_at: (t.to == Phase::Resolved).then_some(t.at),
                value: t.value,
                texts: t.texts.clone(),
                marks: schemas::Marks::default(),
            };
            self.alerts.insert(t.alert.0.clone(), view);
            let mut told: Vec<&ChannelName> = Vec::new();
            for channel in &t.notify {
                if !told.contains(&channel) {
                    told.push(channel);
                    self.posted += 1;
                    self.waiting.push(Row {
                        number: self.posted,
                        channel: channel.clone(),
                        transition: t.clone(),
                        due: step.now,
                        attempts: 0,
                    });
                }
            }
        }
    }

    fn head(&mut self, channel: &ChannelName) -> Option<&mut Row> {
        self.waiting.iter_mut().find(|row| row.channel == *channel)
    }

    fn settle(&mut self, channel: &ChannelName) -> Option<u64> {
        let place = self.waiting.iter().position(|row| row.channel == *channel)?;
        Some(self.waiting.remove(place).number)
    }

    fn in_order(&self, phases: &[Phase]) -> Vec<AlertView> {
        let mut alerts: Vec<_> = self.alerts.values().filter(|a| phases.contains(&a.phase)).cloned().collect();
        alerts.sort_by(|a, b| (b.severity, b.at, &a.id).cmp(&(a.severity, a.at, &b.id)));
        alerts
    }

    fn assert_equals(&mut self, register: &Register) {
        let restored = restored(register);
        assert_eq!(restored.cursor, self.cursor);
        assert_eq!(restored.states, self.states.clone().into_iter().collect::<Vec<_>>());
        let transitions: Vec<_> = register.transitions(0, 1000).unwrap().into_iter().map(|(_, t)| t).collect();
        assert_eq!(transitions, self.transitions);
        for phases in [&[][..], &PHASES, &[Phase::Firing], &[Phase::Resolved, Phase::Pending]] {
            let filter = AlertFilter { phases: phases.to_vec(), limit: 1000, ..Default::default() };
            let meant = if phases.is_empty() { &[Phase::Pending, Phase::Firing][..] } else { phases };
            assert_eq!(register.alerts(&filter).unwrap(), self.in_order(meant));
        }
        assert_eq!(register.outbox_counts(), (self.waiting.len() as u64, self.dead));
        for name in CHANNELS {
            let head = register.head(&line(name)).unwrap();
            let expected = self.head(&channel(name));
            assert_eq!(
                head.as_ref().map(|n| (n.number, &n.steps[0].transition, n.due, n.attempts)),
                expected.as_ref().map(|r| (r.number, &r.transition, r.due, r.attempts))
            );
        }
        assert_tally(register);
    }
}

fn decided((name, since, to, severity, notify, when): (u8, u8, usize, usize, u8, i64)) -> Transition {
    let told: &[&str] = [&[][..], &["log"], &["hook", "log"], &["log", "hook", "log"]][usize::from(notify)];
    let mut t = transition(&format!("bin-{name}"), i64::from(since), PHASES[to], when, told);
    t.severity = Severity::ALL[severity];
    t.value = (when % 3 != 0).then_some(0.1 * f64::from(u8::try_from(when).unwrap()));
    t
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_writes_and_restarts_answers_as_the_same_thing_in_memory(acts in acts()) {
        let (_directory, path, register) = fresh();
        let mut register = Some(register);
        let mut model = Model::default();
        for (n, act) in acts.into_iter().enumerate() {
            let now = at(100 + i64::try_from(n).unwrap());
            let open = register.as_ref().unwrap();
            match act {
                Act::Commit { states, transitions } => {
                    let step = EvaluatorStep {
                        cursor: n as u64,
                        states: states
                            .into_iter()
                            .map(|(d, length)| (device(&format!("bin-{d}")), Bytes::from(vec![d; usize::from(length)])))
                            .collect(),
                        transitions: transitions.into_iter().map(decided).collect(),
                        now,
                    };
                    open.commit(&step).unwrap();
                    plan(open, now);
                    model.commit(&step);
                }
                Act::Deliver(c) => {
                    if let Some(number) = model.settle(&channel(CHANNELS[c])) {
                        open.delivered(number, now, &channel(CHANNELS[c])).unwrap();
                    }
                }
                Act::Bury(c) => {
                    if let Some(number) = model.settle(&channel(CHANNELS[c])) {
                        open.buried(number, now, "refused").unwrap();
                        model.dead += 1;
                    }
                }
                Act::Postpone(c) => {
                    if let Some(row) = model.head(&channel(CHANNELS[c])) {
                        row.due = now;
                        row.attempts += 1;
                        open.postponed(row.number, now, "busy").unwrap();
                    }
                }
                Act::Restart => {
                    drop(register.take());
                    register = Some(Register::open(&path).unwrap());
                }
            }
            model.assert_equals(register.as_ref().unwrap());
        }
    }
}
