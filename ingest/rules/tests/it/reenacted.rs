//! Failures that others' alerting had, played again: the whole list of what is said, no more and no less.

use schemas::{Flaw, Quality, Quantity, Reading};

use crate::scene::{Desk, fill, reading, rule};

const FILL: &str = r#"quantity = "waste.fill""#;
const FULL: &str = "threshold = { at_least = 90, clear = 80 }";

/// A level that trembles around one limit is an alert a minute where that limit is also the end of the alert.
#[test]
fn a_level_that_trembles_around_its_limit_is_one_alert_until_it_has_left_the_band() {
    let mut desk = Desk::new(&rule("full", FILL, "", FULL));
    let levels = [89.0, 90.0, 89.9, 90.1, 88.0, 90.0, 80.1, 90.0, 80.0, 79.9, 89.9, 80.1, 90.0, 79.0];
    for (minute, level) in (0..).zip(levels) {
        desk.hear(&fill(level, minute * 60));
        desk.advance(minute * 60 + 30);
    }
    assert_eq!(
        desk.story(),
        [
            "full inactive>firing @60 60 90",
            "full firing>resolved @540 60 79.9",
            "full resolved>firing @720 720 90",
            "full firing>resolved @780 720 79"
        ]
    );
}

/// A query without data made every rule of others fire at once ("NoData"): here silence is judged by its own rule alone.
#[test]
fn when_a_gateway_dies_each_device_is_silent_once_and_no_other_rule_says_anything() {
    let rules = rule("full", FILL, "", FULL)
        + &rule(
            "mean",
            FILL,
            "",
            r#"window = { aggregate = "mean", every = "1h", capture = 0.75, interval = "15m", at_least = 90, clear = 80 }"#,
        )
        + &rule("silent", r#"kind = "waste""#, "", r#"absence = { longer_than = "2h" }"#);
    let mut desk = Desk::new(&rules);
    for second in (0..=3600).step_by(900) {
        for device in ["bin-1", "bin-2", "bin-3"] {
            desk.hear(&reading(device, Quantity::WASTE_FILL, 50.0, second));
            desk.hear(&reading(device, Quantity::BATTERY_LEVEL, 90.0, second));
        }
    }
    // Somebody looks every minute for a day.
    for minute in 0..1440 {
        desk.advance(3600 + minute * 60);
    }
    let devices: Vec<String> = desk.said.iter().map(|t| t.series.device.to_string()).collect();
    assert_eq!(devices, ["bin-1", "bin-2", "bin-3"]);
    assert_eq!(desk.story(), ["silent inactive>firing @10800 10800 -"; 3]);
    // The gateway comes back: each ends when its own device speaks.
    for (place, device) in (0..).zip(["bin-2", "bin-1", "bin-3"]) {
        desk.hear(&reading(device, Quantity::WASTE_FILL, 50.0, 90_000 + place));
    }
    assert_eq!(
        desk.story(),
        [
            "silent firing>resolved @90000 10800 -",
            "silent firing>resolved @90001 10800 -",
            "silent firing>resolved @90002 10800 -"
        ]
    );
}

/// A broker hands out its retained copy at each reconnect; taken for a reading it would hide a dead device for ever.
#[test]
fn a_reconnect_is_no_sign_of_life_and_a_dead_device_is_silent_whatever_its_broker_repeats() {
    let mut desk = Desk::new(&rule("silent", FILL, "", r#"absence = { longer_than = "1h" }"#));
    desk.hear(&fill(50.0, 0));
    for second in (600..=7200).step_by(600) {
        desk.hear(&Reading { quality: Quality::from(Flaw::Stale), ..fill(50.0, second) });
        desk.advance(second);
    }
    assert_eq!(desk.story(), ["silent inactive>firing @3600 3600 -"]);
    desk.hear(&fill(50.0, 7300));
    assert_eq!(desk.story(), ["silent firing>resolved @7300 3600 -"]);
}

/// Others begin a hold anew after each restart: a program that restarts every half hour never fires.
#[test]
fn a_hold_of_an_hour_fires_at_the_same_instant_however_often_the_program_restarts_within_it() {
    let rules = rule("full", FILL, "1h", FULL);
    let story = |restarts: &[i64], awake: i64| {
        let mut desk = Desk::new(&rules);
        desk.hear(&fill(95.0, 0));
        for &second in restarts {
            desk.advance(second);
            desk.restart_whole(&rules);
        }
        desk.advance(awake);
        desk.story()
    };
    let expected = ["full inactive>pending @0 0 95", "full pending>firing @3600 0 95"];
    assert_eq!(story(&[], 3600), expected);
    assert_eq!(story(&[600, 1200, 1800, 3599], 3600), expected);
    // It was away when the hour was over: the alert is of then, not of when it came back.
    assert_eq!(story(&[1800], 9000), expected);
    // Once it has fired a restart does not fire it again.
    assert_eq!(story(&[1800, 3600, 3700], 9000), expected);
}

/// A gateway buffered what would have ended the hold.
#[test]
fn what_comes_late_undoes_an_alert_and_what_still_holds_fires_anew_at_its_own_instant() {
    let mut desk = Desk::new(&rule("full", FILL, "30m", FULL));
    for second in [0, 900, 1800, 2700] {
        desk.hear(&fill(95.0, second));
    }
    desk.advance(2700);
    assert_eq!(desk.story(), ["full inactive>pending @0 0 95", "full pending>firing @1800 0 95"]);
    desk.hear(&fill(40.0, 1000));
    assert_eq!(
        desk.story(),
        [
            "full firing>inactive @1800 0 95 withdrawn",
            "full pending>inactive @1000 0 40 added",
            "full inactive>pending @1800 1800 95 added"
        ]
    );
    desk.advance(3600);
    assert_eq!(desk.story(), ["full pending>firing @3600 1800 95"]);
}

/// A contact that chatters: `hold` keeps it from firing, `keep_firing` from ending.
#[test]
fn a_condition_that_flaps_fires_once_and_ends_once_it_has_been_quiet_for_as_long_as_is_asked() {
    let lid = r#"quantity = "waste.lid_open""#;
    let mut desk = Desk::new(&rule("lid", lid, "2m", "keep_firing = \"5m\"\nstate = { is = \"on\" }"));
    let chatter = [
        (0, 1.0),
        (60, 0.0),
        (90, 1.0),
        (150, 0.0),
        (200, 1.0),
        (320, 1.0),
        (330, 0.0),
        (400, 1.0),
        (500, 0.0),
        (700, 1.0),
        (710, 0.0),
    ];
    for (second, value) in chatter {
        desk.hear(&reading("bin", Quantity::WASTE_LID_OPEN, value, second));
    }
    desk.advance(2000);
    assert_eq!(
        desk.story(),
        [
            "lid inactive>pending @0 0 1",
            "lid pending>inactive @60 0 0",
            "lid inactive>pending @90 90 1",
            "lid pending>inactive @150 90 0",
            "lid inactive>pending @200 200 1",
            "lid pending>firing @320 200 1",
            "lid firing>resolved @1010 200 0"
        ]
    );
}
