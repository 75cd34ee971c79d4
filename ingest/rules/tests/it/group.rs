//! A device beside the others of its kind and zone: what late readings of any of them change, and what a restart leaves.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schemas::{Grade, Note, Phase, Quantity, Reading, Timestamp};

use crate::scene::{Desk, at, bad, reading, rule, seconds, settled};

const HOUR: i64 = 3600;
const DEVICES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn rules() -> String {
    rule("r", r#"quantity = "air.pm10""#, "", "compare = { group = true, above = 30, clear = 20 }")
}

fn pm10(device: &str, value: f64, observed: i64) -> Reading {
    reading(device, Quantity::AIR_PM10, value, observed)
}

/// Four devices that say 40, and one of them 90 a minute later.
fn desk() -> Desk {
    let mut desk = Desk::new(&rules());
    for (second, device) in (0..).zip(["a", "b", "c", "d"]) {
        desk.hear(&pm10(device, 40.0, second));
    }
    desk
}

#[test]
fn late_readings_of_the_others_undo_an_alert_of_the_one_that_was_compared_with_them() {
    let mut desk = desk();
    desk.hear(&pm10("d", 90.0, 60));
    desk.hear(&pm10("a", 65.0, 30));
    assert_eq!(desk.story(), ["r inactive>firing @60 60 90"], "the median of 65, 40 and 40 is 40");
    desk.hear(&pm10("b", 65.0, 50));
    assert!(matches!(desk.said[0].note, Some(Note::Withdrawn { .. })) && desk.said[0].series.device.as_str() == "d");
    assert_eq!(desk.story(), ["r firing>inactive @60 60 90 withdrawn"]);
    assert_eq!(desk.engine.late(), 1);
    // One of them measured again and takes it back.
    desk.hear(&Reading { received_at: at(100), ..pm10("b", 41.0, 50) });
    assert_eq!(desk.story(), ["r inactive>firing @60 60 90 added"]);
}

#[test]
fn a_late_reading_is_itself_compared_with_what_the_others_had_said_before_it() {
    let mut desk = desk();
    for device in ["a", "b", "c"] {
        desk.hear(&pm10(device, 65.0, 100));
    }
    desk.hear(&pm10("d", 84.0, 110));
    desk.hear(&pm10("d", 90.0, 60));
    assert_eq!(desk.story(), ["r inactive>firing @60 60 90 added", "r firing>resolved @110 60 84 added"]);
}

#[test]
fn who_measures_at_the_same_instant_is_compared_with_what_was_said_before_in_any_order() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let mut desk = desk();
        for place in order {
            desk.hear(&pm10(DEVICES[place], if place == 3 { 90.0 } else { 85.0 }, 60));
        }
        let fired: Vec<_> = desk.said.iter().map(|t| (t.to, t.at, t.note.is_none())).collect();
        assert_eq!(fired, [(Phase::Firing, at(60), true); 4]);
    }
}

#[test]
fn a_group_is_known_after_a_restart_and_still_corrected() {
    let mut desk = desk();
    desk.restart(&rules());
    desk.hear(&pm10("d", 90.0, 60));
    assert_eq!(desk.story(), ["r inactive>firing @60 60 90"]);
    desk.restart_whole(&rules());
    desk.hear(&pm10("a", 65.0, 30));
    desk.restart_whole(&rules());
    desk.hear(&pm10("b", 65.0, 50));
    assert_eq!(desk.story(), ["r firing>inactive @60 60 90 withdrawn"]);
}

#[test]
fn what_is_final_is_still_compared_with_after_a_restart() {
    let rules = format!("lateness = \"1h\"\n{}", rules());
    let mut desk = Desk::new(&rules);
    for (second, device) in (0..).zip(["a", "b", "c"]) {
        desk.hear(&pm10(device, 40.0, second));
        // What it said before is further back than the lateness bound by now.
        desk.hear(&pm10(device, 95.0, HOUR + 600 + second));
    }
    desk.restart(&rules);
    desk.hear(&pm10("d", 90.0, HOUR + 300));
    // And so is one of them with what came late.
    assert_eq!(desk.story(), ["r inactive>firing @3900 3900 90", "r inactive>firing @4200 4200 95 added"]);
}

#[test]
fn of_a_large_group_the_first_that_speak_stand_for_all_whoever_was_heard_first() {
    let mut desk = Desk::new(&rules());
    // The first 64 say 40, those behind them 10; the last ones are heard first.
    for n in (0..80i64).rev() {
        desk.hear(&pm10(&format!("n{n:02}"), if n < 64 { 40.0 } else { 10.0 }, n));
    }
    desk.hear(&pm10("z", 69.0, 200));
    assert_eq!(desk.story(), [""; 0], "69 is 29 more than 40");
    desk.hear(&pm10("z", 71.0, 210));
    assert_eq!(desk.story(), ["r inactive>firing @210 210 71"]);
    // Late, and behind the 64: nobody is compared with it.
    let late = desk.engine.late();
    desk.hear(&pm10("n70", 500.0, 100));
    assert_eq!(desk.story(), ["r inactive>firing @100 100 500"]);
    assert_eq!(desk.engine.late(), late);
}

#[test]
fn who_moves_leaves_the_group_and_takes_its_past_with_it() {
    let mut desk = desk();
    desk.hear(&Reading { zone: schemas::Zone::new("maarif").unwrap(), ..pm10("c", 40.0, 30) });
    desk.hear(&pm10("d", 90.0, 60));
    assert_eq!(desk.story(), [""; 0], "two others are no group");
}

/// Who fires when, by looking at all readings at once: device, second, whether it begins.
fn oracle(readings: &[Reading]) -> Vec<(String, i64, bool)> {
    let mut all: BTreeMap<&str, BTreeMap<Timestamp, &Reading>> = BTreeMap::new();
    for r in readings {
        let rank = |r: &Reading| (r.received_at, r.quality.grade() == Grade::Bad);
        let there = all.entry(r.series.device.as_str()).or_default().entry(r.observed_at).or_insert(r);
        if rank(r).cmp(&rank(there)).then(r.value.total_cmp(&there.value)).is_gt() {
            *there = r;
        }
    }
    for series in all.values_mut() {
        series.retain(|_, r| r.quality.grade() != Grade::Bad);
    }
    let mut out = Vec::new();
    for (device, series) in &all {
        let mut fires = false;
        for (instant, r) in series {
            let others = all.iter().filter(|(other, _)| other != &device);
            let mut said: Vec<f64> = others
                .filter_map(|(_, series)| series.range(..instant).next_back())
                .filter(|(when, _)| seconds(*instant) - seconds(**when) <= 2 * HOUR)
                .map(|(_, r)| r.value)
                .collect();
            said.sort_by(f64::total_cmp);
            if said.len() < 3 {
                continue;
            }
            let beyond = r.value - f64::midpoint(said[(said.len() - 1) / 2], said[said.len() / 2]);
            if (!fires && beyond > 30.0) || (fires && beyond < 20.0) {
                fires = !fires;
                out.push(((*device).to_owned(), seconds(*instant), fires));
            }
        }
    }
    out
}

fn arb_readings() -> impl Strategy<Value = Vec<Reading>> {
    let one = (
        prop::sample::select(DEVICES.to_vec()),
        prop::sample::select(vec![5.0, 20.0, 30.0, 45.0, 55.0, 60.0]),
        prop::sample::select(vec![0i64, 0, 60, 60, 300, 900, 3 * HOUR]),
        prop::sample::select(vec![0i64, 2, 4000]),
        0..10u8,
    );
    prop::collection::vec(one, 1..80).prop_map(|all| {
        let mut now = 0;
        let readings = all.into_iter().map(|(device, value, step, delay, dice)| {
            now = (now + step).min(40 * HOUR);
            let r = Reading { received_at: at(now + delay), ..pm10(device, value, now) };
            if dice == 0 { bad(r) } else { r }
        });
        readings.collect()
    })
}

fn arb_mixed() -> impl Strategy<Value = (Vec<Reading>, Vec<Reading>)> {
    arb_readings().prop_flat_map(|all| {
        let twice = prop::collection::vec(0..all.len(), 0..5);
        let again = all.clone();
        let mixed = twice.prop_flat_map(move |twice| {
            let all: Vec<Reading> = again.iter().cloned().chain(twice.iter().map(|i| again[*i].clone())).collect();
            Just(all).prop_shuffle()
        });
        (Just(all), mixed)
    })
}

fn told(desk: &Desk) -> Vec<(String, i64, bool)> {
    settled(&desk.said).into_iter().map(|s| (s.1, s.5, s.4 == Phase::Firing)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn in_any_order_with_repetitions_and_restarts_the_group_is_judged_as_by_an_oracle_that_sees_all_readings(
        (all, mixed) in arb_mixed(),
        restarts in prop::collection::vec(0..8u8, 90),
    ) {
        let mut desk = Desk::new(&rules());
        for (reading, dice) in mixed.iter().zip(&restarts) {
            if *dice == 0 {
                desk.restart_whole(&rules());
            }
            desk.hear(reading);
        }
        prop_assert_eq!(told(&desk), oracle(&all));
        let mut ids = std::collections::BTreeSet::new();
        for t in &desk.said {
            prop_assert!(ids.insert(t.id.clone()), "{} twice", t.id);
        }
    }

    #[test]
    fn in_whatever_steps_the_past_of_a_group_becomes_final_the_same_is_said(
        (_, mixed) in arb_mixed(),
        lateness in 1..6u32,
        restarts in prop::collection::vec(0..12u8, 90),
    ) {
        let rules = format!("lateness = \"{lateness}h\"\n{}", rules());
        let mut by_hearing = mixed.clone();
        by_hearing.sort_by_key(|r| r.received_at);
        for all in [by_hearing, mixed] {
            let mut desks = [Desk::new(&rules), Desk::new(&rules), Desk::new(&rules)];
            desks[1].engine.defer();
            for (reading, dice) in all.iter().zip(&restarts) {
                if *dice == 0 {
                    desks[2].restart_whole(&rules);
                }
                for desk in &mut desks {
                    desk.hear(reading);
                }
            }
            let [live, deferred, restarted] = desks;
            prop_assert_eq!(&live.said, &deferred.said);
            prop_assert_eq!(&live.said, &restarted.said);
        }
    }
}
