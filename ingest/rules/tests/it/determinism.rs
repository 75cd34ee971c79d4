//! The same readings give the same log, however they are cut into calls, in whatever order they come, and however often
//! the program is restarted: of every form of condition.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use rules::{Engine, RuleSet};
use schemas::{AlertId, DeviceId, Flaw, Note, Phase, Quality, Quantity, Reading, Texts, Transition, TransitionId};

use crate::scene::{Said, at, bad, reading, rule, set, settled};

const HOUR: i64 = 3600;
const END: i64 = 80 * HOUR;

fn rules() -> Arc<RuleSet> {
    set(&texts())
}

fn texts() -> String {
    let group = |id, by| rule(id, r#"quantity = "waste.fill""#, "20m", &format!("compare = {{ group = true, {by} }}"));
    alone() + &group("group", "above = 30, clear = 20") + &group("ratio", "by = \"ratio\", below = 0.5, clear = 0.7")
}

/// Those that look at one device.
fn alone() -> String {
    let fill = r#"quantity = "waste.fill""#;
    let limit = "at_least = 60, clear = 50";
    let all = [
        rule("threshold", fill, "", &format!("threshold = {{ {limit} }}")),
        rule("held", fill, "40m", &format!("keep_firing = \"30m\"\nthreshold = {{ {limit} }}")),
        rule("samples", fill, "", &format!("samples = {{ n = 2, of = 3, {limit} }}")),
        rule("rate", fill, "", "rate = { rise = 20, within = \"45m\" }"),
        rule(
            "hour",
            fill,
            "",
            &format!("window = {{ aggregate = \"mean\", every = \"1h\", capture = 0.5, consecutive = 2, {limit} }}"),
        ),
        rule("day", fill, "", "window = { aggregate = \"max\", every = \"day\", capture = 0.2, at_least = 90, clear = 90 }"),
        rule("running", fill, "", &format!("running = {{ hours = 4, capture = 0.5, {limit} }}")),
        rule("forecast", fill, "", "forecast = { reaches = 90, within = \"6h\" }"),
        rule("pair", fill, "", "compare = { quantity = \"battery.level\", above = 10, clear = 5 }"),
        rule("week", fill, "", "compare = { weeks = 2, above = 10, clear = 5 }"),
        rule("mute", fill, "", "absence = { longer_than = \"2h\" }"),
        rule("dead", "kind = \"waste\"", "", "absence = { times = 3, at_least = \"30m\", at_most = \"9h\" }"),
        rule("flow", r#"quantity = "water.volume""#, "", "counter = { per = \"1h\", consecutive = 2, at_least = 5, clear = 1 }"),
        rule("lasting", fill, "", &format!("samples = {{ n = 2, of = 2, lasting = \"40m\", {limit} }}")),
        rule(
            "coarse",
            r#"quantity = "water.volume""#,
            "",
            "counter = { per = \"1h\", pulse = \"coarse\", at_least = 5, clear = 1 }",
        ),
        rule("fine", r#"quantity = "water.volume""#, "", "counter = { per = \"1h\", pulse = \"fine\", at_least = 5, clear = 1 }"),
        rule("unusual", r#"quantity = "water.volume""#, "", "counter = { per = \"1h\", usual = 1, at_least = 5, clear = 1 }"),
        rule("still", r#"quantity = "water.volume""#, "", "standstill = { days = 1, before = 1, at_least = 1 }"),
        rule("back", r#"quantity = "water.volume""#, "", "backflow = { litres = 2, times = 2 }"),
        rule("place", r#"quantity = "device.latitude""#, "", "moved = { metres = 50, settled = \"2h\" }"),
        rule(
            "state",
            r#"quantity = "waste.lid_open""#,
            "15m",
            "calendar = { from = \"08:00\", to = \"20:00\" }\nstate = { is = \"on\" }",
        ),
    ];
    all.concat()
}

fn arb_readings() -> impl Strategy<Value = Vec<Reading>> {
    let quantity = prop::sample::select(vec![
        Quantity::WASTE_FILL,
        Quantity::WASTE_FILL,
        Quantity::WASTE_FILL,
        Quantity::BATTERY_LEVEL,
        Quantity::WATER_VOLUME,
        Quantity::WASTE_LID_OPEN,
        Quantity::DEVICE_LATITUDE,
        Quantity::DEVICE_LONGITUDE,
    ]);
    let step = prop::sample::select(vec![0i64, 600, 900, 900, 900, 1800, 3600, 7200]);
    let quality = prop::sample::select(vec![0u8, 0, 0, 0, 0, 0, 1, 2]);
    let delay = prop::sample::select(vec![0i64, 2, 2, 3000]);
    let device = prop::sample::select(vec!["bin", "bin", "bin", "bin", "bin", "bin-2", "bin-3", "bin-4"]);
    prop::collection::vec((device, quantity, 0..100u32, step, quality, delay), 1..60).prop_map(|all| {
        let mut now = 6 * HOUR;
        let mut litres = 1000.0;
        let readings = all.into_iter().map(|(device, quantity, n, step, quality, delay)| {
            now = (now + step).min(30 * HOUR);
            litres += f64::from(n) / 8.0;
            let value = match quantity {
                // Now and then a little flows back.
                Quantity::WATER_VOLUME => f64::round(litres - f64::from(n % 5)) / 1000.0,
                Quantity::DEVICE_LATITUDE | Quantity::DEVICE_LONGITUDE => f64::from(n % 3) / 1000.0,
                Quantity::WASTE_LID_OPEN => f64::from(n % 2),
                _ => f64::from(n),
            };
            let r = Reading { received_at: at(now + delay), ..reading(device, quantity, value, now) };
            match quality {
                1 => bad(r),
                2 => Reading { quality: Quality::from(Flaw::Stale), ..r },
                _ => r,
            }
        });
        readings.collect()
    })
}

/// The readings, in any order and some of them twice.
fn arb_mixed() -> impl Strategy<Value = (Vec<Reading>, Vec<Reading>)> {
    arb_readings().prop_flat_map(|all| {
        let twice = prop::collection::vec(0..all.len(), 0..5);
        let mixed = twice.prop_flat_map({
            let all = all.clone();
            move |twice| {
                let again: Vec<Reading> = all.iter().cloned().chain(twice.iter().map(|i| all[*i].clone())).collect();
                Just(again).prop_shuffle()
            }
        });
        (Just(all), mixed)
    })
}

/// What happens between two readings.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    /// Time is advanced to this hour, whatever the data say.
    Advance(i64),
    Restart,
}

fn arb_between() -> impl Strategy<Value = Vec<Between>> {
    let one = prop_oneof![
        6 => Just(Between::Nothing),
        2 => (0..32i64).prop_map(Between::Advance),
        1 => Just(Between::Restart)
    ];
    prop::collection::vec(one, 64)
}

fn run(all: &[Reading], between: &[Between]) -> (Vec<Transition>, BTreeMap<DeviceId, Bytes>) {
    let rules = rules();
    let mut engine = Engine::new(Arc::clone(&rules));
    let mut kept = BTreeMap::new();
    let mut out = Vec::new();
    for (i, reading) in all.iter().enumerate() {
        match between.get(i).unwrap_or(&Between::Nothing) {
            Between::Nothing => {}
            Between::Advance(hour) => engine.advance(at(hour * HOUR), &mut out),
            Between::Restart => {
                kept.extend(engine.take_dirty());
                engine = Engine::new(Arc::clone(&rules));
                for (device, state) in &kept {
                    engine.restore(device, state).unwrap();
                }
            }
        }
        engine.observe(reading, &mut out);
    }
    while let Some(wake) = engine.wake_at().filter(|wake| *wake <= at(END)) {
        engine.advance(wake, &mut out);
        assert!(engine.wake_at().is_none_or(|next| next > wake), "after advance the next wake is later");
    }
    kept.extend(engine.take_dirty());
    assert_eq!(engine.too_late(), 0);
    (out, kept)
}

/// Judges the readings of one device when they are heard, by rules of so many hours of lateness: the log, and how many came
/// too late.
fn heard_by(all: &[Reading], lateness: u32, deferring: bool) -> (Vec<Transition>, u64) {
    let mut engine = Engine::new(set(&format!("lateness = \"{lateness}h\"\n{}", alone())));
    if deferring {
        engine.defer();
    }
    let mut said = Vec::new();
    for reading in all {
        if deferring {
            engine.hear_each(std::slice::from_ref(reading), |_| true, |_, t| said.push(t));
        } else {
            engine.hear(reading, &mut said);
        }
    }
    engine.advance(at(END), &mut said);
    (said, engine.too_late())
}

/// Corrections are in it: those have texts of their own.
#[test]
fn without_texts_the_same_is_said() {
    let all = busy(1, 20);
    let said = |wordless: bool| {
        let mut engine = Engine::new(set(&format!("lateness = \"2h\"\n{}", alone())));
        if wordless {
            engine.leave_out_texts();
        }
        let mut said = Vec::new();
        all.iter().for_each(|reading| {
            engine.hear(reading, &mut said);
        });
        said
    };
    let (with, without) = (said(false), said(true));
    assert!(with.iter().any(|t| matches!(t.note, Some(Note::Withdrawn { .. }))) && with.iter().all(|t| !t.texts.en.is_empty()));
    let bare: Vec<Transition> = with.into_iter().map(|t| Transition { texts: Texts::default(), ..t }).collect();
    assert_eq!(without, bare);
}

/// More than is kept of a device, three quantities an instant in any order, some of them late: one in `late`.
fn busy(seed: u64, late: u64) -> Vec<Reading> {
    let mut state = seed;
    let mut dice = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut all = Vec::new();
    for n in 0..1400i64 {
        let mut quantities = [Quantity::WASTE_FILL, Quantity::BATTERY_LEVEL, Quantity::WASTE_LID_OPEN];
        quantities.swap(0, usize::try_from(dice(3)).unwrap());
        for quantity in quantities {
            let value = if quantity == Quantity::WASTE_LID_OPEN {
                dice(2) as f64
            } else {
                ((n.cast_unsigned() / 7 + dice(9)) % 100) as f64
            };
            let heard = n * 60 + if dice(late) == 0 { i64::try_from(dice(7200)).unwrap() } else { 2 };
            all.push(Reading { received_at: at(heard), ..reading("bin", quantity, value, n * 60) });
        }
    }
    all.sort_by_key(|r| r.received_at);
    all
}

#[test]
fn a_past_longer_than_is_kept_becomes_final_in_large_steps_and_says_the_same() {
    for (seed, late, lateness) in [(1, 40, 48), (2, 4_000, 48), (3, 400, 1), (4, 4_000, 3)] {
        let all = busy(seed, late);
        let (a, b) = (heard_by(&all, lateness, true), heard_by(&all, lateness, false));
        assert!(a == b, "seed {seed}, one in {late} late, {lateness} h");
        assert!(a.0.len() > 100);
    }
}

/// Where each alert stands by the last word of a log, and by its last step when corrections are applied.
fn standing(log: &[Transition]) -> (BTreeMap<&AlertId, Phase>, BTreeMap<&AlertId, Phase>) {
    let mut kept: BTreeMap<&TransitionId, &Transition> = BTreeMap::new();
    for t in log {
        match &t.note {
            Some(Note::Withdrawn { of }) => drop(kept.remove(of)),
            Some(Note::Added { of } | Note::Amended { of }) => drop(kept.insert(of, t)),
            _ => drop(kept.insert(&t.id, t)),
        }
    }
    let mut steps: Vec<&Transition> = kept.into_values().collect();
    // Of one instant in the order of the life cycle.
    steps.sort_by_key(|t| (t.at, !matches!(t.to, Phase::Pending), !matches!(t.to, Phase::Pending | Phase::Firing)));
    let told = log.iter().map(|t| (&t.alert, t.to)).collect();
    let mut stands: BTreeMap<&AlertId, Phase> = log.iter().map(|t| (&t.alert, Phase::Inactive)).collect();
    stands.extend(steps.into_iter().map(|t| (&t.alert, t.to)));
    (told, stands)
}

/// What one log has and the other has not.
fn only_in(a: &[Said], b: &[Said]) -> Vec<Said> {
    a.iter().filter(|s| !b.contains(s)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 600, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn any_permutation_and_duplication_of_a_days_readings_gives_the_same_log((all, mixed) in arb_mixed()) {
        let (a, b) = (settled(&run(&mixed, &[]).0), settled(&run(&all, &[]).0));
        prop_assert_eq!(only_in(&a, &b), only_in(&b, &a));
    }

    #[test]
    fn splits_advances_and_restarts_do_not_change_the_log((all, mixed) in arb_mixed(), between in arb_between()) {
        let (a, b) = (settled(&run(&mixed, &between).0), settled(&run(&all, &[]).0));
        prop_assert_eq!(only_in(&a, &b), only_in(&b, &a));
    }

    #[test]
    fn restarts_change_neither_what_is_said_nor_the_states((_, mixed) in arb_mixed(), between in arb_between()) {
        let only = |restart: bool| -> Vec<Between> {
            between.iter().map(|b| if restart && matches!(b, Between::Restart) { *b } else { Between::Nothing }).collect()
        };
        prop_assert_eq!(run(&mixed, &only(true)), run(&mixed, &only(false)));
    }

    #[test]
    fn a_past_that_becomes_final_in_large_steps_says_the_same((all, mixed) in arb_mixed(), lateness in 1..6u32) {
        let one = |mut all: Vec<Reading>| { all.iter_mut().for_each(|r| r.series.device = "bin".parse().unwrap()); all };
        let heard = |mut all: Vec<Reading>| { all.sort_by_key(|r| r.received_at); all };
        for all in [heard(one(all)), heard(one(mixed.clone())), one(mixed)] {
            let (a, b) = (heard_by(&all, lateness, true), heard_by(&all, lateness, false));
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn whoever_keeps_only_the_last_word_of_each_alert_is_right_in_the_end((all, mixed) in arb_mixed(), lateness in 1..6u32) {
        for all in [all, mixed] {
            let mut engine = Engine::new(set(&format!("lateness = \"{lateness}h\"\n{}", texts())));
            let mut said = Vec::new();
            for reading in &all {
                engine.hear(reading, &mut said);
                let (told, stands) = standing(&said);
                prop_assert_eq!(told, stands);
            }
        }
    }

    #[test]
    fn no_id_is_said_twice((_, mixed) in arb_mixed(), between in arb_between()) {
        let (said, _) = run(&mixed, &between);
        let mut ids = std::collections::BTreeSet::new();
        for t in &said {
            prop_assert!(ids.insert(t.id.clone()), "{} twice", t.id);
            prop_assert!(t.note.is_some() || t.from.step(t.to).is_ok());
        }
    }

    #[test]
    fn restoring_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), version in 0..4u8) {
        let mut state = bytes;
        if version > 0 && let Some(first) = state.first_mut() {
            *first = version;
        }
        let _ = Engine::new(rules()).restore(&"bin".parse().unwrap(), &state);
    }
}

/// Found by the property above.
#[test]
fn a_reading_that_nobody_judges_but_others_are_compared_with_survives_a_restart() {
    let stale = |r: Reading| Reading { quality: Quality::from(Flaw::Stale), ..r };
    let all = [
        stale(reading("bin", Quantity::BATTERY_LEVEL, 30.0, 10 * HOUR)),
        reading("bin", Quantity::WASTE_FILL, 42.0, 10 * HOUR + 60),
    ];
    let said = settled(&run(&all, &[]).0);
    assert!(said.iter().any(|s| s.0 == "pair"), "{said:?}");
    assert_eq!(settled(&run(&all, &[Between::Nothing, Between::Restart]).0), said);
}

/// Found by the property above: what is heard late of an instant is one gap, whichever series comes first.
#[test]
fn readings_of_one_instant_that_are_heard_apart_are_one_gap_in_any_order() {
    let heard = |quantity, now: i64, after: i64| Reading { received_at: at(now + after), ..reading("bin", quantity, 1.0, now) };
    let before: Vec<Reading> = (0..5).map(|n| heard(Quantity::WASTE_FILL, 6 * HOUR + n * 900, 0)).collect();
    let instant = [
        heard(Quantity::WATER_VOLUME, 8 * HOUR, 2),
        heard(Quantity::BATTERY_LEVEL, 8 * HOUR, 3000),
        heard(Quantity::WASTE_LID_OPEN, 8 * HOUR, 3000),
    ];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let logs = orders.map(|order| {
        let all: Vec<Reading> = before.iter().cloned().chain(order.map(|i| instant[i].clone())).collect();
        settled(&run(&all, &[]).0).into_iter().filter(|s| s.0 == "dead").map(|s| (s.4, s.5)).collect::<Vec<_>>()
    });
    assert!(!logs[0].is_empty() && logs.iter().all(|log| *log == logs[0]), "{logs:?}");
}
