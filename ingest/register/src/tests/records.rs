//! Devices, quarantine, and who waits for whom.

use std::time::Duration;

use ports::{
    AlertBook, AlertFilter, DeviceBook, DeviceFilter, DeviceSeen, Page, Path, Quarantine, QuarantineFilter, Quarantined,
    RecordError,
};
use rusqlite::Connection;
use schemas::{Device, Kind, Message, Phase, Place, ProfileName, Provenance, Qos, Zone};

use super::{assert_tally, at, commit, device, fresh, restored, step, transition};
use crate::Register;

pub(super) fn bin(name: &str, zone: &str, first: i64, last: i64) -> DeviceSeen {
    DeviceSeen {
        device: Device {
            id: device(name),
            kind: Kind::WASTE,
            zone: Zone::new(zone).unwrap(),
            profile: None,
            place: None,
            label: None,
            fitting: schemas::Fitting::default(),
        },
        first_seen: at(first),
        last_seen: at(last),
        path: None,
        firmware: None,
    }
}

pub(super) fn garbage(offset: u64, reason: &'static str) -> Quarantined {
    Quarantined {
        offset,
        message: Message {
            topic: format!("marsad/maarif/waste/bin-{offset}/up").into(),
            payload: vec![0, 159, 146, 150, u8::try_from(offset % 256).unwrap()].into(),
            received_at: at(0),
            provenance: Provenance { qos: Qos::AtLeastOnce, retain: true, dup: false, will: true },
        },
        reason: reason.into(),
        text: format!("expected an object, found byte {offset}"),
        device: None,
        profile: None,
    }
}

/// Puts messages aside as the historian does: all that was read from the first to the last.
pub(super) fn put(register: &Register, messages: &[Quarantined]) {
    let first = messages.first().map_or(0, |m| m.offset);
    register.put_aside(first..messages.last().map_or(0, |m| m.offset + 1), messages).unwrap();
}

/// The whole quarantine.
pub(super) fn all(register: &Register) -> Vec<Quarantined> {
    register.page(&QuarantineFilter::default(), 0..u64::MAX, Page::WHOLE).unwrap()
}

#[test]
fn the_way_by_which_a_device_was_heard_last_is_kept_and_what_is_not_known_takes_nothing_away() {
    let (_directory, _path, register) = fresh();
    let hear = |last: i64, path: Option<Path>| {
        register.seen(&[DeviceSeen { path, ..bin("bin-1", "maarif", 1, last) }]).unwrap();
        register.paths().unwrap()
    };
    let path = |door: Option<&str>, gateways: &[&str]| Path {
        door: door.map(str::to_owned),
        gateways: gateways.iter().map(|name| device(name)).collect(),
    };
    let kept = |path: Path| vec![(device("bin-1"), path)];
    assert_eq!(hear(1, None), []);
    assert_eq!(hear(2, Some(path(Some("city"), &["gw-1", "gw-2"]))), kept(path(Some("city"), &["gw-1", "gw-2"])));
    assert_eq!(hear(3, None), kept(path(Some("city"), &["gw-1", "gw-2"])), "nobody said by which way");
    assert_eq!(hear(4, Some(path(None, &["gw-1"]))), kept(path(Some("city"), &["gw-1"])), "the door was not known");
    assert_eq!(hear(5, Some(path(Some("endpoint"), &[]))), kept(path(Some("endpoint"), &[])));
}

#[test]
fn the_version_of_a_devices_program_stands_since_it_was_said_first() {
    let (_directory, path, register) = fresh();
    let hear = |register: &Register, last: i64, said: Option<&str>| {
        let firmware = said.and_then(schemas::Firmware::read);
        register.seen(&[DeviceSeen { firmware, ..bin("bin-1", "maarif", 1, last) }]).unwrap();
    };
    let version = |register: &Register| {
        let all = register.devices_page(&ports::DeviceFilter { limit: 10, ..ports::DeviceFilter::default() }).unwrap();
        all.into_iter().next().unwrap().firmware.map(|seen| (seen.version.to_string(), seen.since))
    };
    hear(&register, 1, None);
    assert_eq!(version(&register), None);
    for last in [2, 3] {
        hear(&register, last, Some("2.0.0"));
        assert_eq!(version(&register), Some(("2.0.0".to_owned(), at(2))));
    }
    hear(&register, 4, None);
    hear(&register, 5, Some("2.1.0"));
    drop(register);
    let register = Register::open(&path).unwrap();
    assert_eq!(version(&register), Some(("2.1.0".to_owned(), at(5))));
    register.erase(&[device("bin-1")]).unwrap();
    hear(&register, 6, None);
    assert_eq!(version(&register), None, "forgotten with its device");
}

#[test]
fn a_device_heard_again_keeps_its_first_time_and_never_moves_back() {
    let (_directory, path, register) = fresh();
    register.seen(&[bin("b", "maarif", 10, 20), bin("a", "maarif", 11, 11)]).unwrap();
    register.seen(&[bin("b", "maarif", 15, 30)]).unwrap();
    register.seen(&[bin("b", "maarif", 0, 25)]).unwrap();
    assert_eq!(register.devices().unwrap(), [bin("a", "maarif", 11, 11), bin("b", "maarif", 10, 30)]);
    assert_eq!(register.device_count(), 2);

    let mut moved = bin("b", "anfa", 40, 40);
    moved.device.place = Some(Place::new(33.59, -7.61).unwrap());
    moved.device.profile = Some(ProfileName::new("acme-bin").unwrap());
    moved.device.label = Some("Place des Nations Unies".to_owned());
    register.seen(&[moved.clone()]).unwrap();
    moved.first_seen = at(10);
    drop(register);
    let register = Register::open(&path).unwrap();
    assert_eq!(register.devices().unwrap()[1], moved);
    assert_eq!(register.device_count(), 2);
}

#[test]
fn devices_are_paged_in_the_order_of_their_ids() {
    let (_directory, _path, register) = fresh();
    let mut sensor = bin("d", "anfa", 1, 1);
    sensor.device.kind = Kind::AIR;
    register.seen(&[bin("c", "anfa", 1, 1), bin("a", "maarif", 1, 2), bin("b", "anfa", 1, 1), sensor]).unwrap();
    let page = |filter: &DeviceFilter| -> Vec<String> {
        register.devices_page(filter).unwrap().iter().map(|v| v.device.id.to_string()).collect()
    };
    assert_eq!(page(&DeviceFilter { limit: 2, ..Default::default() }), ["a", "b"]);
    assert_eq!(page(&DeviceFilter { limit: 9, after: Some(device("b")), ..Default::default() }), ["c", "d"]);
    let anfa = Some(Zone::new("anfa").unwrap());
    assert_eq!(page(&DeviceFilter { limit: 9, zone: anfa.clone(), ..Default::default() }), ["b", "c", "d"]);
    assert_eq!(page(&DeviceFilter { limit: 9, zone: anfa, kind: Some(Kind::AIR), ..Default::default() }), ["d"]);
    let view = &register.devices_page(&DeviceFilter { limit: 1, ..Default::default() }).unwrap()[0];
    assert_eq!((view.first_seen, view.last_seen), (Some(at(1)), Some(at(2))));
}

#[test]
fn a_message_put_aside_twice_is_one_row_exactly_as_it_came() {
    let (_directory, path, register) = fresh();
    put(&register, &[garbage(4, "not_json"), garbage(9, "unknown_device")]);
    put(&register, &[garbage(9, "unknown_device"), garbage(10, "not_json")]);
    assert_eq!(register.quarantine_count(), 3);
    drop(register);

    let register = Register::open(&path).unwrap();
    assert_eq!(register.quarantine_count(), 3);
    let page = |first, reason: &str, rows| -> Vec<u64> {
        let reasons = if reason.is_empty() { Vec::new() } else { vec![reason.to_owned()] };
        let (filter, most) = (QuarantineFilter { reasons, ..Default::default() }, Page { rows, ..Page::WHOLE });
        register.page(&filter, first..u64::MAX, most).unwrap().iter().map(|q| q.offset).collect()
    };
    assert_eq!(page(0, "", 2), [4, 9]);
    assert_eq!(page(10, "", 9), [10]);
    assert_eq!(page(0, "not_json", 9), [4, 10]);
    assert_eq!(all(&register)[1], garbage(9, "unknown_device"));
}

#[test]
fn every_combination_of_flags_comes_back() {
    let (_directory, _path, register) = fresh();
    let mut messages = Vec::new();
    for (offset, bits) in (0..24u64).enumerate() {
        let mut message = garbage(offset as u64, "not_json");
        message.message.provenance = Provenance {
            qos: [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][usize::try_from(bits / 8).unwrap()],
            retain: bits & 1 != 0,
            dup: bits & 2 != 0,
            will: bits & 4 != 0,
        };
        messages.push(message);
    }
    put(&register, &messages);
    assert_eq!(all(&register), messages);
}

#[test]
fn pages_read_the_last_commit_while_another_is_being_written() {
    let (_directory, _path, register) = fresh();
    commit(&register, 1, vec![transition("bin-1", 0, Phase::Firing, 60, &[])]);
    register
        .write("a long transaction", |transaction, _| {
            transaction.execute("DELETE FROM transition", []).unwrap();
            transaction.execute("DELETE FROM alert", []).unwrap();
            let open = AlertFilter { limit: 10, ..Default::default() };
            assert_eq!(register.alerts(&open).unwrap().len(), 1);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_register_that_another_process_holds_is_busy_and_still_readable() {
    let (_directory, path, register) = fresh();
    commit(&register, 1, vec![transition("bin-1", 0, Phase::Firing, 60, &[])]);
    crate::lock(&register.writer).busy_timeout(Duration::from_millis(5)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = register.commit(&step(2, vec![])).unwrap_err();
    assert!(matches!(busy, RecordError::Unavailable(_)), "{busy}");
    assert_eq!(restored(&register).cursor, Some(1));
    other.execute_batch("ROLLBACK").unwrap();
    register.commit(&step(2, vec![])).unwrap();
    assert_eq!(restored(&register).cursor, Some(2));
    assert_tally(&register);
}

#[test]
fn a_panic_in_the_middle_of_a_write_leaves_nothing_of_it() {
    let (_directory, _path, register) = fresh();
    register.seen(&[bin("a", "anfa", 1, 1)]).unwrap();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        register.write::<()>("breaking", |transaction, tally| {
            transaction.execute("DELETE FROM device", []).unwrap();
            tally.devices = 0;
            panic!("as a test asks");
        })
    }));
    assert!(broken.is_err());
    assert_eq!(register.devices().unwrap().len(), 1);
    register.seen(&[bin("b", "anfa", 1, 1)]).unwrap();
    assert_eq!(register.device_count(), 2);
}
