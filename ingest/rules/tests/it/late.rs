//! Readings that come late: what is said, live, and what it comes to in the end.

use schemas::{Flaw, Note, Phase, Quality, Quantity, Reading};

use crate::scene::{Desk, at, fill, reading, rule, settled};

const FILL: &str = r#"quantity = "waste.fill""#;

fn desk(hold: &str) -> Desk {
    Desk::new(&rule("r", FILL, hold, "threshold = { at_least = 90, clear = 80 }"))
}

#[test]
fn a_late_reading_undoes_an_alert_and_it_is_said_that_it_would_not_have_fired() {
    let mut desk = desk("30s");
    desk.hear(&fill(95.0, 0));
    desk.advance(100);
    assert_eq!(desk.story(), ["r inactive>pending @0 0 95", "r pending>firing @30 0 95"]);
    desk.hear(&Reading { received_at: at(120), ..fill(10.0, 20) });
    let told: Vec<_> = desk.said.iter().filter(|t| !t.notify.is_empty()).map(|t| t.texts.en.clone()).collect();
    assert_eq!(told, ["Correction, void: E bin"]);
    assert_eq!(desk.engine.late(), 1);
    assert_eq!(desk.story(), ["r firing>inactive @30 0 95 withdrawn", "r pending>inactive @20 0 10 added"]);
}

#[test]
fn a_late_reading_shows_an_alert_that_nobody_saw() {
    let mut desk = desk("");
    desk.hear(&fill(10.0, 0));
    desk.hear(&fill(10.0, 200));
    desk.hear(&fill(95.0, 100));
    assert!(desk.said.iter().all(|t| t.notify.len() == 1));
    assert_eq!(desk.story(), ["r inactive>firing @100 100 95 added", "r firing>resolved @200 100 10 added"]);
}

#[test]
fn a_late_reading_moves_the_end_of_an_alert_and_everything_after_it_is_said_again() {
    let mut desk = desk("");
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(70.0, 100));
    desk.said.clear();
    desk.hear(&fill(60.0, 50));
    assert_eq!(desk.story(), ["r firing>resolved @50 0 60 amended"]);
    // An earlier beginning is another episode.
    desk.hear(&fill(91.0, -10));
    assert_eq!(
        desk.story(),
        [
            "r resolved>inactive @50 0 60 withdrawn",
            "r firing>inactive @0 0 95 withdrawn",
            "r inactive>firing @-10 -10 91 added",
            "r firing>resolved @50 -10 60 added"
        ]
    );
}

#[test]
fn an_alert_whose_end_is_undone_fires_again_under_its_own_name() {
    let mut desk = desk("");
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(70.0, 100));
    let alert = desk.said[0].alert.clone();
    desk.said.clear();
    // The device measured again and corrects itself.
    desk.hear(&Reading { received_at: at(300), ..fill(99.0, 100) });
    assert_eq!((&desk.said[0].alert, desk.said[0].to, desk.said[0].notify.len()), (&alert, Phase::Firing, 1));
    assert_eq!(desk.story(), ["r resolved>firing @100 0 70 withdrawn"]);
}

#[test]
fn an_alert_that_fired_before_the_bound_fires_again_when_its_end_is_undone() {
    let rules = "lateness = \"1h\"\n".to_owned() + &rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(95.0, 4000));
    desk.hear(&fill(70.0, 4100));
    let alert = desk.said[0].alert.clone();
    desk.story();
    // That it began is final by now; that it ended is not.
    desk.hear(&Reading { received_at: at(4200), ..fill(99.0, 4100) });
    assert_eq!((&desk.said[0].alert, desk.said[0].to, desk.said[0].notify.len()), (&alert, Phase::Firing, 1));
    assert_eq!(desk.story(), ["r resolved>firing @4100 0 70 withdrawn"]);
}

#[test]
fn what_is_later_than_the_bound_changes_nothing_and_is_counted() {
    let mut desk =
        Desk::new(&("lateness = \"1h\"\n".to_owned() + &rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }")));
    for second in [0, 1000, 3600, 3601] {
        desk.hear(&fill(10.0, second));
    }
    // Readings of 0 and 1 are an hour behind: what is at or before them is final.
    desk.hear(&fill(95.0, -5));
    assert_eq!((desk.story().len(), desk.engine.too_late()), (0, 1));
    desk.hear(&fill(95.0, 2));
    assert_eq!(desk.story().len(), 2);
}

#[test]
fn a_correction_has_the_same_id_when_it_is_made_twice() {
    let ids = || {
        let mut desk = desk("");
        for (value, second) in [(10.0, 0), (10.0, 200), (95.0, 100)] {
            desk.hear(&fill(value, second));
        }
        desk.said.iter().map(|t| t.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids()[0], "r:bin:waste.fill:0:1767225700000:firing:added:cfc34ba18275a92b");
    assert_eq!(ids(), ids());
}

#[test]
fn a_past_survives_a_restart_and_can_still_be_corrected() {
    let rules = rule("r", FILL, "30s", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(95.0, 60));
    desk.story();
    desk.restart(&rules);
    desk.hear(&fill(10.0, 20));
    let said = desk.said.clone();
    assert!(matches!(said[0].note, Some(Note::Withdrawn { .. })));
    assert_eq!(
        desk.story(),
        ["r firing>inactive @30 0 95 withdrawn", "r pending>inactive @20 0 10 added", "r inactive>pending @60 60 95 added",]
    );
}

#[test]
fn silence_is_undone_by_a_backlog_and_a_copy_at_a_reconnect_is_no_sign_of_life() {
    let rules = rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#);
    let mut desk = Desk::new(&rules);
    desk.hear(&fill(1.0, 0));
    desk.advance(300);
    assert_eq!(desk.story(), ["r inactive>firing @60 60 -"]);
    // The broker hands out the retained copy when we reconnect: the device has said nothing.
    desk.hear(&Reading { quality: Quality::from(Flaw::Stale), ..fill(1.0, 310) });
    assert_eq!(desk.story(), [""; 0]);
    // What the device had buffered comes in one burst: it lived all along.
    for second in (50..=310).step_by(50) {
        desk.hear(&Reading { received_at: at(320), ..fill(1.0, second) });
    }
    assert!(settled(&desk.said).is_empty(), "{:?}", desk.story());
    assert_eq!(desk.engine.wake_at().map(|_| desk.advance(379)), Some(()));
    assert!(settled(&desk.said).is_empty());
    desk.advance(380);
    assert_eq!(settled(&desk.said).len(), 1);
}

#[test]
fn a_storm_of_absent_data_is_one_alert_a_device_and_each_ends_by_itself() {
    let rules = rule("r", r#"kind = "waste""#, "", r#"absence = { longer_than = "60s" }"#);
    let mut desk = Desk::new(&rules);
    let devices: Vec<String> = (0..50).map(|n| format!("bin-{n}")).collect();
    for device in &devices {
        for quantity in [Quantity::WASTE_FILL, Quantity::BATTERY_LEVEL, Quantity::WASTE_TEMPERATURE] {
            desk.hear(&reading(device, quantity, 1.0, 0));
        }
    }
    for second in 1..300 {
        desk.advance(second);
    }
    assert_eq!(desk.said.len(), 50, "one a device, not one a series, and not again each time somebody looks");
    for device in &devices {
        desk.hear(&reading(device, Quantity::BATTERY_LEVEL, 1.0, 300));
    }
    assert_eq!(desk.said.len(), 100);
    assert!(desk.said[50..].iter().all(|t| t.to == Phase::Resolved));
}

#[test]
fn the_usual_interval_is_learned_and_bursts_do_not_shorten_it() {
    let learned = r#"absence = { times = 3, at_least = "60s", at_most = "3000s" }"#;
    let mut desk = Desk::new(&rule("r", FILL, "", learned));
    // Every 400 seconds a burst of four, each observed 100 seconds after the other.
    for burst in 1..=8i64 {
        for part in 0..4 {
            desk.hear(&Reading { received_at: at(burst * 400), ..fill(1.0, burst * 400 - 300 + part * 100) });
        }
        desk.advance(burst * 400);
    }
    desk.advance(3200 + 1199);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(3200 + 1200);
    assert_eq!(desk.story(), ["r inactive>firing @4400 4400 -"]);
}
