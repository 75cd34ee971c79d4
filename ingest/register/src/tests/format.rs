//! The format on disk: what an earlier program wrote, this one reads.

use std::path::Path;

use bytes::Bytes;
use ports::{AlertBook, DeviceBook, EvaluatorStep, Outbox, Quarantine};
use schemas::Phase;

use super::{assert_tally, at, channel, device, line, plan, step, transition};
use crate::Register;
use crate::tests::records::{bin, garbage};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/register-v1.sqlite");

fn history() -> EvaluatorStep {
    EvaluatorStep {
        states: vec![(device("bin-1"), Bytes::from_static(b"\x01state"))],
        ..step(
            42,
            vec![
                transition("bin-1", 0, Phase::Pending, 0, &[]),
                transition("bin-1", 0, Phase::Firing, 60, &["log", "hook"]),
                transition("bin-2", 0, Phase::Pending, 5, &[]),
            ],
        )
    }
}

#[test]
#[ignore = "writes the fixture of the present format; only when the format has a new version"]
fn write_the_fixture_of_this_format() {
    let path = Path::new(FIXTURE);
    assert!(!path.exists(), "a fixture is never written over: {FIXTURE}");
    let register = Register::open(path).unwrap();
    register.commit(&history()).unwrap();
    plan(&register, at(1000));
    register.delivered(1, at(61), &channel("log")).unwrap();
    register.postponed(2, at(90), "503").unwrap();
    register.seen(&[bin("bin-1", "maarif", 1, 2)]).unwrap();
    register.put_aside(&[garbage(7, "not_json")]).unwrap();
}

#[test]
fn format_1_stays_readable_and_can_be_written_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("register.sqlite");
    std::fs::copy(FIXTURE, &path).unwrap();
    let register = Register::open(&path).unwrap();

    let restored = register.restore().unwrap();
    assert_eq!((restored.cursor, restored.states), (Some(42), history().states));
    let transitions: Vec<_> = register.transitions(0, 10).unwrap().into_iter().map(|(_, t)| t).collect();
    assert_eq!(transitions, history().transitions);
    assert_eq!((register.alert_counts(), register.outbox_counts()), ((1, 1), (1, 0)));
    let head = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!(head.key(), format!("hook/{}", history().transitions[1].id), "its key is as the receiver knows it");
    assert_eq!(head.steps[0].transition, history().transitions[1]);
    assert_eq!((head.number, head.attempts, head.due, head.made_at), (2, 1, at(90), at(1000)));
    assert_eq!(register.devices().unwrap(), [bin("bin-1", "maarif", 1, 2)]);
    assert_eq!(register.quarantine_page(None, None, 10).unwrap()[0].message, garbage(7, "not_json").message);
    assert_tally(&register);

    plan(&register, at(1000));
    assert_eq!(register.outbox_counts(), (1, 0), "what was posted is not planned again");
    register.commit(&step(43, vec![transition("bin-1", 0, Phase::Resolved, 99, &["hook"])])).unwrap();
    plan(&register, at(1000));
    assert_eq!((register.alert_counts(), register.outbox_counts()), ((0, 1), (2, 0)));
}
