//! Each condition, its hysteresis, holds and silences, as tables of what is said when.

use schemas::{Phase, Quality, Quantity, Reading, Zone};

use crate::scene::{Desk, bad, fill, reading, rule};

const FILL: &str = r#"quantity = "waste.fill""#;

/// What a threshold says of values one second apart: `^` where it fires, `v` where it is resolved.
fn trace(threshold: &str, values: &[f64]) -> String {
    let mut desk = Desk::new(&rule("r", FILL, "", &format!("threshold = {{ {threshold} }}")));
    (0i64..)
        .zip(values)
        .map(|(second, value)| {
            desk.hear(&fill(*value, second));
            match desk.said.drain(..).map(|t| t.to).collect::<Vec<_>>().as_slice() {
                [] => '.',
                [Phase::Firing] => '^',
                [Phase::Resolved] => 'v',
                other => panic!("{other:?}"),
            }
        })
        .collect()
}

#[test]
fn a_threshold_fires_at_its_limit_and_is_resolved_beyond_its_clear_value() {
    for (threshold, values, expected) in [
        ("above = 90, clear = 80", vec![89.0, 90.0, 90.5, 85.0, 95.0, 80.0, 79.9, 85.0, 91.0], "..^...v.^"),
        ("at_least = 90, clear = 80", vec![89.9, 90.0, 80.0, 79.9, 79.0], ".^.v."),
        ("below = 20, clear = 25", vec![20.0, 19.9, 24.0, 25.0, 25.1, 22.0], ".^..v."),
        ("at_most = 20, clear = 25", vec![21.0, 20.0, 25.0, 26.0], ".^.v"),
        ("at_least = 1, clear = 1", vec![0.0, 1.0, 1.0, 0.0, 1.0], ".^.v^"),
        ("above = 50, clear = 50", vec![50.0, 51.0, 50.0, 49.0], ".^.v"),
    ] {
        assert_eq!(trace(threshold, &values), expected, "{threshold} {values:?}");
    }
}

#[test]
fn a_value_that_trembles_round_its_limit_makes_one_alert() {
    let values: Vec<f64> = (0..200).map(|i| if i % 2 == 0 { 89.0 } else { 91.0 }).collect();
    assert_eq!(trace("at_least = 90, clear = 80", &values).matches('^').count(), 1);
}

#[test]
fn a_hold_fires_at_its_own_instant_whoever_finds_it_over() {
    let rules = rule("r", FILL, "30s", "threshold = { at_least = 95, clear = 90 }");
    let pending = "r inactive>pending @10 10 96";

    let mut by_reading = Desk::new(&rules);
    by_reading.hear(&fill(96.0, 10));
    by_reading.hear(&fill(98.0, 30));
    by_reading.hear(&fill(99.0, 70));
    assert_eq!(by_reading.story(), [pending, "r pending>firing @40 10 98"]);

    let mut by_time = Desk::new(&rules);
    by_time.hear(&fill(96.0, 10));
    assert_eq!(by_time.engine.wake_at(), Some(crate::scene::at(40)));
    by_time.advance(39);
    assert_eq!(by_time.story(), [pending]);
    by_time.advance(500);
    assert_eq!(by_time.story(), ["r pending>firing @40 10 96"]);
    assert_eq!(by_time.engine.wake_at(), None);
}

#[test]
fn what_is_due_at_an_instant_comes_before_a_reading_of_that_instant() {
    let rules = rule("r", FILL, "30s", "threshold = { at_least = 95, clear = 90 }");
    let expected = ["r inactive>pending @0 0 96", "r pending>firing @30 0 96", "r firing>resolved @30 0 10"];
    for advance_first in [false, true] {
        let mut desk = Desk::new(&rules);
        desk.hear(&fill(96.0, 0));
        if advance_first {
            desk.advance(30);
        }
        desk.hear(&fill(10.0, 30));
        assert_eq!(desk.story(), expected, "advance first: {advance_first}");
    }
}

#[test]
fn a_condition_that_ends_within_its_hold_never_fires_and_tells_nobody() {
    let mut desk = Desk::new(&rule("r", FILL, "30s", "threshold = { at_least = 95, clear = 90 }"));
    for (value, second) in [(96.0, 0), (92.0, 10), (89.0, 29), (96.0, 40), (96.0, 60)] {
        desk.hear(&fill(value, second));
    }
    desk.advance(69);
    assert!(desk.said.iter().all(|t| t.notify.is_empty()));
    assert_eq!(desk.story(), ["r inactive>pending @0 0 96", "r pending>inactive @29 0 89", "r inactive>pending @40 40 96"]);
    desk.advance(70);
    assert_eq!(desk.said[0].notify[0].as_str(), "log");
    assert_eq!(desk.story(), ["r pending>firing @70 40 96"]);
}

#[test]
fn the_next_episode_begins_where_the_last_was_resolved() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    for (value, second) in [(95.0, 0), (10.0, 5), (91.0, 9)] {
        desk.hear(&fill(value, second));
    }
    let ids: Vec<_> = desk.said.iter().map(|t| t.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "r:bin:waste.fill:0:1767225600000:firing",
            "r:bin:waste.fill:0:1767225600000:resolved",
            "r:bin:waste.fill:0:1767225609000:firing"
        ]
    );
    assert_eq!(desk.story(), ["r inactive>firing @0 0 95", "r firing>resolved @5 0 10", "r resolved>firing @9 9 91"]);
}

#[test]
fn repeated_and_bad_readings_leave_a_verdict_alone() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    desk.hear(&fill(95.0, 100));
    assert_eq!(desk.story().len(), 1);
    desk.hear(&fill(95.0, 100));
    desk.hear(&bad(fill(10.0, 200)));
    assert_eq!(desk.story(), [""; 0]);
    // The bad one did not count as judged: a good one before it still does.
    desk.hear(&fill(10.0, 150));
    assert_eq!(desk.story(), ["r firing>resolved @150 100 10"]);
}

#[test]
fn a_doubtful_reading_is_judged() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    desk.hear(&Reading { quality: Quality::from(schemas::Flaw::Saturated), ..fill(100.0, 0) });
    assert_eq!(desk.story(), ["r inactive>firing @0 0 100"]);
}

#[test]
fn silence_fires_when_it_has_lasted_long_enough_and_ends_with_the_next_reading() {
    let mut desk = Desk::new(&rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#));
    desk.hear(&fill(1.0, 0));
    desk.hear(&fill(1.0, 50));
    desk.advance(109);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(1000);
    assert_eq!(desk.story(), ["r inactive>firing @110 110 -"]);
    desk.hear(&fill(1.0, 1010));
    desk.hear(&fill(1.0, 1100));
    assert_eq!(
        desk.story(),
        ["r firing>resolved @1010 110 -", "r resolved>firing @1070 1070 -", "r firing>resolved @1100 1070 -"]
    );
}

#[test]
fn the_text_of_a_silence_says_when_the_device_was_heard_last() {
    let text = rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#).replace("E {device}", "{device} since {since}");
    let mut desk = Desk::new(&text);
    desk.hear(&fill(1.0, 0));
    desk.advance(600);
    assert_eq!(desk.said[0].texts.en, "bin since 2026-01-01 00:00");
    assert_eq!(desk.story(), ["r inactive>firing @60 60 -"]);
}

#[test]
fn a_bad_reading_is_a_sign_of_life() {
    let mut desk = Desk::new(&rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#));
    desk.hear(&fill(1.0, 0));
    desk.hear(&bad(fill(1.0, 59)));
    desk.advance(118);
    assert_eq!(desk.story(), [""; 0]);
}

#[test]
fn a_device_never_heard_is_not_silent() {
    let mut desk = Desk::new(&rule("r", FILL, "", r#"absence = { longer_than = "60s" }"#));
    desk.advance(10_000_000);
    assert_eq!(desk.story(), [""; 0]);
    assert_eq!(desk.engine.wake_at(), None);
}

#[test]
fn a_device_is_silent_as_a_whole_when_none_of_its_quantities_is_heard() {
    let mut desk = Desk::new(&rule("r", r#"kind = "waste""#, "", r#"absence = { longer_than = "60s" }"#));
    desk.hear(&fill(1.0, 0));
    desk.hear(&reading("bin", Quantity::BATTERY_LEVEL, 80.0, 40));
    desk.hear(&reading("bin", Quantity::WASTE_TEMPERATURE, 20.0, 40));
    desk.advance(99);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(100);
    // Of the series heard last, the first of the vocabulary names the alert, in whatever order they came.
    assert_eq!(desk.said[0].series.quantity, Quantity::WASTE_TEMPERATURE);
    desk.hear(&reading("bin", Quantity::BATTERY_LEVEL, 80.0, 130));
    assert_eq!(desk.said[0].alert, desk.said[1].alert);
    assert_eq!(desk.story(), ["r inactive>firing @100 100 -", "r firing>resolved @130 100 -"]);
}

#[test]
fn a_rule_judges_only_what_it_selects() {
    let when = r#"kind = "waste", quantity = "waste.fill", zone = "anfa", device = "bin""#;
    let mut desk = Desk::new(&rule("r", when, "", "threshold = { at_least = 90, clear = 80 }"));
    desk.hear(&reading("other", Quantity::WASTE_FILL, 99.0, 0));
    desk.hear(&Reading { kind: schemas::Kind::AIR, ..fill(99.0, 0) });
    desk.hear(&Reading { zone: Zone::new("maarif").unwrap(), ..fill(99.0, 1) });
    desk.hear(&reading("bin", Quantity::BATTERY_LEVEL, 99.0, 2));
    assert_eq!(desk.story(), [""; 0]);
    desk.hear(&fill(99.0, 3));
    assert_eq!(desk.story(), ["r inactive>firing @3 3 99"]);
}

#[test]
fn an_alert_ends_when_the_device_leaves_the_zone_of_its_rule() {
    let rules = rule("anfa", r#"quantity = "waste.fill", zone = "anfa""#, "", "threshold = { at_least = 90, clear = 80 }")
        + &rule("maarif", r#"quantity = "waste.fill", zone = "maarif""#, "", "threshold = { at_least = 90, clear = 80 }");
    let mut desk = Desk::new(&rules);
    let moved = |value, second| Reading { zone: Zone::new("maarif").unwrap(), ..fill(value, second) };
    desk.hear(&fill(95.0, 0));
    desk.hear(&fill(95.0, 10));
    desk.hear(&moved(96.0, 20));
    assert_eq!(desk.said[1].zone.as_str(), "anfa");
    assert_eq!(
        desk.story(),
        ["anfa inactive>firing @0 0 95", "anfa firing>resolved @20 0 95 moved", "maarif inactive>firing @20 20 96"]
    );
    // A late reading from the old place does not move it back, and what was there is final.
    desk.hear(&fill(10.0, 15));
    desk.hear(&moved(10.0, 30));
    assert_eq!(desk.story(), ["maarif firing>resolved @30 20 10"]);
}

#[test]
fn channels_of_one_quantity_are_judged_apart() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    let mut second = fill(50.0, 0);
    second.series.channel = 1;
    desk.hear(&fill(95.0, 0));
    desk.hear(&second);
    second.value = 91.0;
    second.observed_at = crate::scene::at(1);
    desk.hear(&second);
    assert_eq!(desk.story(), ["r inactive>firing @0 0 95", "r inactive>firing @1 1 91"]);
}

#[test]
fn a_device_with_too_many_series_is_counted_not_judged_further() {
    let mut desk = Desk::new(&rule("r", FILL, "", "threshold = { at_least = 90, clear = 80 }"));
    let quantities = [Quantity::WASTE_FILL, Quantity::AIR_CO, Quantity::AIR_NO2];
    let rules =
        quantities.map(|q| rule(q.name(), &format!("quantity = \"{q}\""), "", "threshold = { at_least = 90, clear = 80 }"));
    desk.engine = rules::Engine::new(crate::scene::set(&rules.concat()));
    let mut count = 0u64;
    for quantity in quantities {
        for channel in 0..=255 {
            let mut r = reading("bin", quantity, 95.0, 0);
            r.series.channel = channel;
            desk.hear(&r);
            count += 1;
        }
    }
    assert_eq!(desk.said.len() as u64 + desk.engine.unjudged(), count);
    assert_eq!(desk.said.len(), rules::Engine::WATCHES_LIMIT);
}
