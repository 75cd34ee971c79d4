//! What is written down and read back.

use rules::{Engine, StateError};
use schemas::DeviceId;

use crate::scene::{Desk, at, fill, rule, set};

const FILL: &str = r#"quantity = "waste.fill""#;

fn bin() -> DeviceId {
    "bin".parse().unwrap()
}

#[test]
fn a_restart_inside_a_hold_fires_at_the_same_virtual_instant() {
    let rules = rule("r", FILL, "1h", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(97.0, 1800));
    assert_eq!(desk.story(), ["r inactive>pending @0 0 95"]);
    desk.restart(&rules);
    assert_eq!(desk.engine.wake_at(), Some(at(3600)));
    desk.advance(100_000);
    assert_eq!(desk.story(), ["r pending>firing @3600 0 97"]);
    desk.restart(&rules);
    desk.hear(&fill(10.0, 3601));
    assert_eq!(desk.story(), ["r firing>resolved @3601 0 10"]);
}

#[test]
fn after_a_restart_the_backlog_is_heard_before_silence_is_judged() {
    let rules = rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#);
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(1.0, 0));
    desk.restart(&rules);
    // The program was down for an hour, the device was not: the backlog says so.
    for second in (30..3600).step_by(30) {
        desk.hear(&fill(1.0, second));
    }
    desk.advance(3600);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(3630);
    assert_eq!(desk.story(), ["r inactive>firing @3630 3630 -"]);
}

#[test]
fn a_rule_added_while_the_program_was_down_judges_known_series() {
    let first = rule("a", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&first);
    desk.hear(&fill(50.0, 0));
    desk.restart(&(rule("b", FILL, "", "threshold = { at_least = 70, clear = 60 }") + &first));
    desk.hear(&fill(95.0, 10));
    assert_eq!(desk.story(), ["b inactive>firing @10 10 95", "a inactive>firing @10 10 95"]);
}

#[test]
fn a_rule_taken_away_and_put_back_goes_on_where_it_was() {
    let rules = rule("a", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let other = rule("b", FILL, "", "threshold = { at_least = 99, clear = 98 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    desk.restart(&other);
    desk.hear(&fill(95.0, 10));
    desk.restart(&(rules + &other));
    desk.hear(&fill(10.0, 20));
    assert_eq!(desk.story(), ["a inactive>firing @0 0 95", "a firing>resolved @20 0 10"]);
}

#[test]
fn an_alert_ends_when_its_rule_no_longer_selects_the_device() {
    let with = |zone: &str| rule("r", &format!("{FILL}, zone = \"{zone}\""), "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&with("anfa"));
    desk.hear(&fill(95.0, 0));
    desk.restart(&with("maarif"));
    desk.hear(&fill(95.0, 10));
    assert_eq!(desk.story(), ["r inactive>firing @0 0 95", "r firing>resolved @10 0 95 moved"]);
    assert!(desk.engine.take_dirty()[0].1.is_empty(), "nothing is left to remember");
}

#[test]
fn only_what_changed_is_taken_and_each_device_once() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    desk.hear(&fill(50.0, 0));
    desk.hear(&fill(51.0, 1));
    let taken = desk.engine.take_dirty();
    assert_eq!(taken.len(), 1);
    assert!(desk.engine.take_dirty().is_empty());
    desk.hear(&fill(51.0, 1));
    assert!(desk.engine.take_dirty().is_empty(), "a repetition changes nothing");
    desk.hear(&crate::scene::reading("bin", schemas::Quantity::RADIO_SNR, 5.0, 2));
    assert!(desk.engine.take_dirty().is_empty(), "what no rule selects changes nothing");
}

#[test]
fn the_state_of_version_1_is_read() {
    // Written by the first version of this program: a bin in anfa that fires since second 0.
    let since = [0x80, 0xa0, 0xd5, 0xed, 0xee, 0x66];
    let state = [
        &[1u8][..],
        b"\x05waste\x04anfa",
        &since,
        b"\x01\x0awaste.fill\x00\x00\x01",
        &since,
        &[1],
        b"\x01r\x0awaste.fill",
        &[0, 0, 2],
        &since,
        &since,
        &[1],
        &since,
        &95f64.to_le_bytes(),
        &[1],
    ]
    .concat();
    let rules = rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.engine.restore(&bin(), &state).unwrap();
    desk.hear(&fill(10.0, 1));
    assert_eq!(desk.story(), ["r firing>resolved @1 0 10"]);
    // What was before it is final.
    desk.hear(&fill(10.0, -1));
    assert_eq!((desk.story().len(), desk.engine.too_late()), (0, 1));
}

/// What a state of version 4 packs: the body of version 3.
fn unpacked(state: &[u8]) -> Vec<u8> {
    assert_eq!(state[0], 4);
    lz4_flex::block::decompress_size_prepended(&state[1..]).unwrap()
}

#[test]
fn the_states_of_versions_2_to_4_are_read() {
    // A bin in anfa that fires since second 0: the past is one reading of 95, six bytes.
    let since = [0x80, 0xa0, 0xd5, 0xed, 0xee, 0x66];
    let state = [
        &[2u8][..],
        b"\x05waste\x04anfa",
        &since,
        &[0],
        b"\x01\x0awaste.fill\x00",
        &since,
        &[1, 6, 0, 0, 0, 0, 0xbe, 0x01],
        b"\x01\x01r\x00\x0awaste.fill",
        &[0, 2],
        &since,
        &since,
        &since,
        &since,
        &[0],
        &95f64.to_le_bytes(),
        &[0, 1, 0, 0],
        &since,
        &[0],
    ]
    .concat();
    let rules = rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let mut writer = Desk::new(&rules);
    writer.hear(&fill(95.0, 0));
    // Version 3 says besides what others may still be compared with, here nothing.
    let plain = [&state[1..], &[0, 0, 0, 0]].concat();
    let now = writer.engine.take_dirty().remove(0).1;
    assert_eq!(unpacked(&now), plain);
    // Packed by hand: literals alone, as any version of the packer may have written it.
    let (length, long) = (u8::try_from(plain.len()).unwrap(), u8::try_from(plain.len() - 15).unwrap());
    let by_hand = [&[4, length, 0, 0, 0, 0xf0, long][..], &plain].concat();
    for state in [state, [&[3u8][..], &plain].concat(), by_hand, now.to_vec()] {
        let mut desk = Desk::new(&rules);
        desk.engine.restore(&bin(), &state).unwrap();
        desk.hear(&fill(10.0, 1));
        assert_eq!(desk.story(), ["r firing>resolved @1 0 10"]);
    }
}

#[test]
fn what_a_group_decided_before_version_3_is_final() {
    let rules = rule("r", FILL, "", "compare = { group = true, above = 30, clear = 20 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(40.0, 0));
    let state = desk.engine.take_dirty().remove(0).1;
    let plain = unpacked(&state);
    let before = [&[2u8][..], &plain[..plain.len() - 4]].concat();
    for (state, too_late) in [(state.to_vec(), 0), (before, 1)] {
        let mut desk = Desk::new(&rules);
        desk.engine.restore(&bin(), &state).unwrap();
        desk.hear(&fill(50.0, -10));
        assert_eq!(desk.engine.too_late(), too_late);
    }
}

#[test]
fn damaged_or_newer_state_is_refused_and_changes_nothing() {
    let rules = rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    let state = desk.engine.take_dirty().remove(0).1;
    let mut fresh = Engine::new(set(&rules));
    assert_eq!(fresh.restore(&bin(), &[&[5], &state[1..]].concat()), Err(StateError::Version(5)));
    for length in 1..state.len() {
        assert!(fresh.restore(&bin(), &state[..length]).is_err(), "{length} of {} bytes", state.len());
    }
    assert!(fresh.restore(&bin(), &[&state[..], &[0xff]].concat()).is_err(), "a byte too many");
    assert!(fresh.restore(&bin(), &[4, 0xff, 0xff, 0xff, 0xff, 0]).is_err(), "longer than a state can be");
    assert_eq!(fresh.devices(), 0);
    fresh.restore(&bin(), &[]).unwrap();
    assert_eq!(fresh.devices(), 0);
}

#[test]
fn restoring_a_device_twice_keeps_the_last() {
    let rules = rule("r", FILL, "1h", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    let pending = desk.engine.take_dirty().remove(0).1;
    desk.hear(&fill(10.0, 10));
    let calm = desk.engine.take_dirty().remove(0).1;
    let mut fresh = Engine::new(set(&rules));
    fresh.restore(&bin(), &pending).unwrap();
    assert!(fresh.wake_at().is_some());
    fresh.restore(&bin(), &calm).unwrap();
    assert_eq!(fresh.wake_at(), None);
}

#[test]
fn a_series_of_which_only_bad_readings_came_leaves_nothing_to_remember() {
    let rules = rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let with_battery = rules + &rule("b", r#"quantity = "battery.level""#, "", "threshold = { below = 20, clear = 25 }");
    let states = [false, true].map(|bad_too| {
        let mut desk = Desk::new(&with_battery);
        if bad_too {
            desk.hear(&crate::scene::bad(crate::scene::reading("bin", schemas::Quantity::BATTERY_LEVEL, 5.0, 0)));
        }
        desk.hear(&fill(50.0, 0));
        desk.engine.take_dirty()
    });
    assert_eq!(states[0], states[1]);
}
