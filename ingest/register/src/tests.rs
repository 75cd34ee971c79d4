//! What the register promises, tried on real files.

mod acts;
mod alerts;
mod crash;
mod format;
mod model;
mod plan;
mod quarantine;
mod records;

use std::path::PathBuf;

use bytes::Bytes;
use ports::{AlertBook, EvaluatorStep, Form, Line, PlanBook, PlanStep, Posted};
use schemas::{
    AlertId, ChannelName, DeviceId, Kind, Phase, Quantity, RuleId, SeriesKey, Severity, Texts, Timestamp, Transition,
    TransitionId, Zone,
};
use tempfile::TempDir;

use crate::Register;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + seconds * 1000).unwrap()
}

pub(super) fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

pub(super) fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

/// A register in a directory of its own.
pub(super) fn fresh() -> (TempDir, PathBuf, Register) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("register.sqlite");
    let register = Register::open(&path).unwrap();
    (directory, path, register)
}

/// What the evaluator would start from.
pub(super) struct Restored {
    pub(super) cursor: Option<u64>,
    pub(super) states: Vec<(DeviceId, Bytes)>,
}

pub(super) fn restored(register: &Register) -> Restored {
    let mut states = Vec::new();
    let cursor = register.restore(&mut |device, state| states.push((device, Bytes::copy_from_slice(state)))).unwrap();
    Restored { cursor, states }
}

/// A step of the episode of `name` that began at `since`, told over `notify`.
pub(super) fn transition(name: &str, since: i64, to: Phase, when: i64, notify: &[&str]) -> Transition {
    let rule = RuleId::new("bin-full").unwrap();
    let series = SeriesKey { device: device(name), quantity: Quantity::WASTE_FILL, channel: 0 };
    let alert = AlertId::new(&rule, &series, at(since));
    let from = match to {
        Phase::Pending | Phase::Resolved => Phase::Firing,
        Phase::Firing | Phase::Inactive => Phase::Pending,
    };
    Transition {
        id: TransitionId::new(&alert, to),
        alert,
        rule,
        series,
        kind: Kind::WASTE,
        zone: Zone::new("maarif").unwrap(),
        severity: Severity::Warning,
        from,
        to,
        at: at(when),
        since: at(since),
        value: Some(91.25),
        texts: Texts {
            fr: format!("Bac {name} plein"), ar: "الحاوية ممتلئة".to_owned(), en: format!("Bin {name} full")
        },
        notify: notify.iter().map(|n| channel(n)).collect(),
        note: None,
    }
}

pub(super) fn step(cursor: u64, transitions: Vec<Transition>) -> EvaluatorStep {
    EvaluatorStep { cursor, states: Vec::new(), transitions, now: at(1000) }
}

/// The numbers in memory are those of the rows.
pub(super) fn assert_tally(register: &Register) {
    let counted = crate::Tally::count(&crate::lock(&register.writer)).unwrap();
    assert_eq!(register.tally(), counted);
}

pub(super) fn commit(register: &Register, cursor: u64, transitions: Vec<Transition>) {
    register.commit(&step(cursor, transitions)).unwrap();
    plan(register, at(1000));
}

/// Whoever is behind a channel.
pub(super) fn line(name: &str) -> Line {
    Line { receiver: channel(name), channel: channel(name) }
}

/// The simplest planner: what was decided goes to the channels that its rule names.
pub(super) fn plan(register: &Register, now: Timestamp) {
    let cursor = register.restore_plan().unwrap().cursor;
    let decided = register.decided(cursor, 10_000).unwrap();
    let Some((last, _)) = decided.last() else { return };
    let mut plan = PlanStep { cursor: *last, now, ..PlanStep::default() };
    for (number, t) in &decided {
        // A rule that names a channel twice tells it once.
        for (_, name) in t.notify.iter().enumerate().filter(|(place, name)| !t.notify[..*place].contains(name)) {
            let (receiver, channels) = (name.clone(), vec![name.clone()]);
            plan.posted.push(Posted { receiver, channels, id: t.id.0.clone(), form: Form::Single, steps: vec![*number] });
        }
    }
    register.commit_plan(&plan).unwrap();
}
