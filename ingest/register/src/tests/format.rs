//! The format on disk: what an earlier program wrote, this one reads.

use std::path::Path;

use bytes::Bytes;
use ports::{
    ActBook, AlertBook, DeviceBook, DeviceSeen, EvaluatorStep, Outbox, Page, PlanBook, Quarantine, QuarantineFilter, Quarantined,
};
use schemas::{Container, Device, DeviceKey, Fitting, Kind, Phase, Place, ProfileName, Zone};
use tempfile::TempDir;

use super::acts::{act, silence};
use super::{assert_tally, at, channel, device, line, plan, restored, step, transition};
use crate::Register;
use crate::schema::VERSION;
use crate::tests::records::{all, bin, garbage, put};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

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
    let path = Path::new(FIXTURES).join(format!("register-v{VERSION}.sqlite"));
    assert!(!path.exists(), "a fixture is never written over: {}", path.display());
    let register = Register::open(&path).unwrap();
    register.commit(&history()).unwrap();
    plan(&register, at(1000));
    register.delivered(1, at(61), &channel("log")).unwrap();
    register.postponed(2, at(90), "503").unwrap();
    register.seen(&[of_format_5()]).unwrap();
    register.seen(&[of_format_6()]).unwrap();
    put(&register, &[of_format_2()]);
    register.adopt(&[adopted()], at(3)).unwrap();
    register.act(&of_format_4()).unwrap();
    register.begin_quiet(&silence("anfa", 0, 1000), at(0)).unwrap();
}

/// Format 5 also keeps by which way a device was heard.
fn of_format_5() -> DeviceSeen {
    let path = ports::Path { door: Some("city".to_owned()), gateways: vec![device("gw-1"), device("gw-2")] };
    DeviceSeen { path: Some(path), ..bin("bin-1", "maarif", 1, 2) }
}

/// Format 6 also keeps the version of a device's program.
fn of_format_6() -> DeviceSeen {
    DeviceSeen { firmware: schemas::Firmware::read("2.0.0"), ..bin("bin-1", "maarif", 1, 2) }
}

/// Format 4 also keeps what operators did.
fn of_format_4() -> schemas::Act {
    act(&history().transitions[1].alert, 70, schemas::Deed::Acknowledge { until: None })
}

/// Format 2 also keeps whose a message was.
fn of_format_2() -> Quarantined {
    let profile = ProfileName::new("acme-bin").unwrap();
    Quarantined { device: Some(device("bin-7")), profile: Some(profile), ..garbage(7, "not_json") }
}

fn adopted() -> Device {
    let fitting = Fitting {
        container: Some(Container::new(1.2, 0.3, 0.0).unwrap()),
        key: Some(DeviceKey::new([7; 16])),
        ..Fitting::default()
    };
    let place = Some(Place::new(33.59, -7.6).unwrap());
    Device { place, fitting, ..Device::new(device("bin-7"), Kind::WASTE, Zone::new("anfa").unwrap()) }
}

fn opened(version: usize) -> (TempDir, Register) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("register.sqlite");
    std::fs::copy(Path::new(FIXTURES).join(format!("register-v{version}.sqlite")), &path).unwrap();
    let register = Register::open(&path).unwrap();
    (directory, register)
}

#[test]
fn format_1_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(1);
    let restored = restored(&register);
    assert_eq!((restored.cursor, restored.states), (Some(42), history().states));
    let transitions: Vec<_> = register.transitions(0, 10).unwrap().into_iter().map(|(_, t)| t).collect();
    assert_eq!(transitions, history().transitions);
    assert_eq!((register.alert_counts(), register.outbox_counts()), ((1, 1), (1, 0)));
    let head = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!(head.key(), format!("hook/{}", history().transitions[1].id), "its key is as the receiver knows it");
    assert_eq!(head.steps[0].transition, history().transitions[1]);
    assert_eq!((head.number, head.attempts, head.due, head.made_at), (2, 1, at(90), at(1000)));
    assert_eq!(register.devices().unwrap(), [bin("bin-1", "maarif", 1, 2)]);
    assert_eq!(all(&register), [garbage(7, "not_json")]);
    let bytes = |m: &Quarantined| (m.message.payload.len() + m.message.topic.len() + m.text.len() + 128) as u64;
    assert_eq!(register.holding(at(0)).unwrap().bytes, bytes(&garbage(7, "not_json")), "counted when the format was raised");
    assert_eq!(register.adopted().unwrap(), []);
    assert_tally(&register);

    plan(&register, at(1000));
    assert_eq!(register.outbox_counts(), (1, 0), "what was posted is not planned again");
    register.commit(&step(43, vec![transition("bin-1", 0, Phase::Resolved, 99, &["hook"])])).unwrap();
    plan(&register, at(1000));
    assert_eq!((register.alert_counts(), register.outbox_counts()), ((0, 1), (2, 0)));
}

#[test]
fn format_2_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(2);
    assert_eq!(restored(&register).cursor, Some(42));
    assert_eq!(all(&register), [of_format_2()]);
    assert_eq!(register.adopted().unwrap(), [adopted()]);
    put(&register, &[garbage(8, "not_json")]);
    assert_eq!(register.holding(at(0)).unwrap().messages, 2);
    assert_tally(&register);
}

#[test]
fn format_3_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(3);
    let firing = &history().transitions[1];
    let head = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!((head.key(), head.attempts, head.due), (format!("hook/{}", firing.id), 1, at(90)));
    assert_eq!(register.restore_plan().unwrap().cursor, 3);
    let why = register.why(&firing.alert).unwrap().unwrap();
    let states: Vec<_> = why.steps[1].deliveries.iter().map(|d| (d.channel.as_str(), d.state.as_str())).collect();
    assert_eq!(states, [("log", "delivered"), ("hook", "waiting")]);
    plan(&register, at(1000));
    assert_eq!(register.outbox_counts(), (1, 0), "what was posted is not planned again");
    assert_tally(&register);
}

#[test]
fn format_3_knows_of_no_acts_and_takes_them() {
    let (_directory, register) = opened(3);
    let act = of_format_4();
    assert_eq!((register.acts(0, 10).unwrap(), register.restore_plan().unwrap().acted), (vec![], 0));
    register.act(&act).unwrap();
    assert_eq!(register.acts_of(&act.alert, 10).unwrap(), [act]);
    assert_eq!(register.begin_quiet(&silence("anfa", 0, 1000), at(0)).unwrap().id, 1);
}

#[test]
fn format_4_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(4);
    let act = of_format_4();
    assert_eq!(register.acts_of(&act.alert, 10).unwrap(), std::slice::from_ref(&act));
    assert_eq!(register.alert(&act.alert).unwrap().unwrap().marks.acknowledged.unwrap().by, act.by);
    let curbs = register.curbs(at(1)).unwrap();
    assert_eq!((curbs.quiets.len(), curbs.firing.len()), (1, 1));
    register.act(&schemas::Act { deed: schemas::Deed::Resolve, ..act }).unwrap();
    assert_tally(&register);
}

#[test]
fn the_messages_of_a_device_are_found_in_a_quarantine_of_format_1_by_their_topic() {
    let (_directory, register) = opened(1);
    let of = |name: &str| QuarantineFilter { device: Some(device(name)), ..QuarantineFilter::default() };
    let found = |name: &str| register.page(&of(name), 0..u64::MAX, Page::WHOLE).unwrap().len();
    assert_eq!((found("bin-7"), found("bin-8")), (1, 0));
}

#[test]
fn format_5_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(5);
    assert_eq!(register.devices().unwrap(), [bin("bin-1", "maarif", 1, 2)]);
    assert_eq!(register.paths().unwrap(), [(device("bin-1"), of_format_5().path.unwrap())]);
    let moved = ports::Path { door: Some("endpoint".to_owned()), gateways: Vec::new() };
    register.seen(&[DeviceSeen { path: Some(moved.clone()), ..bin("bin-1", "maarif", 1, 3) }]).unwrap();
    assert_eq!(register.paths().unwrap(), [(device("bin-1"), moved)]);
    assert_tally(&register);
}

#[test]
fn format_7_stays_readable_and_can_be_written_on() {
    let (_directory, register) = opened(7);
    let version = || {
        let all = register.devices_page(&ports::DeviceFilter { limit: 10, ..ports::DeviceFilter::default() }).unwrap();
        all.into_iter().next().unwrap().firmware.map(|seen| (seen.version, seen.since))
    };
    assert_eq!(version(), of_format_6().firmware.map(|version| (version, at(2))));
    let newer = schemas::Firmware::read("2.1.0");
    register.seen(&[DeviceSeen { firmware: newer.clone(), ..bin("bin-1", "maarif", 1, 3) }]).unwrap();
    assert_eq!(version(), newer.map(|version| (version, at(3))));
    assert_tally(&register);
}
