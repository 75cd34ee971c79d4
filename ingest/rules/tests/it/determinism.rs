//! The engine against an independent oracle that sees all readings at once, however they are cut into
//! calls, wherever time is advanced between them, and however often the program is restarted.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use rules::{Engine, RuleSet};
use schemas::{DeviceId, Grade, Phase, Quantity, Reading, Transition};

use crate::scene::{at, bad, reading, rule, seconds, set};

const END: i64 = 10_000;

/// The numbers of a threshold, once for the engine and once for the oracle.
struct Limit {
    id: &'static str,
    quantity: Quantity,
    hold: i64,
    text: &'static str,
    holds: fn(f64) -> bool,
    clears: fn(f64) -> bool,
}

const LIMITS: [Limit; 4] = [
    Limit {
        id: "now",
        quantity: Quantity::WASTE_FILL,
        hold: 0,
        text: "{ above = 90, clear = 90 }",
        holds: |v| v > 90.0,
        clears: |v| v < 90.0,
    },
    Limit {
        id: "soon",
        quantity: Quantity::WASTE_FILL,
        hold: 10,
        text: "{ at_least = 90, clear = 80 }",
        holds: |v| v >= 90.0,
        clears: |v| v < 80.0,
    },
    Limit {
        id: "low",
        quantity: Quantity::BATTERY_LEVEL,
        hold: 25,
        text: "{ below = 20, clear = 25 }",
        holds: |v| v < 20.0,
        clears: |v| v > 25.0,
    },
    Limit {
        id: "lower",
        quantity: Quantity::BATTERY_LEVEL,
        hold: 0,
        text: "{ at_most = 10, clear = 10 }",
        holds: |v| v <= 10.0,
        clears: |v| v > 10.0,
    },
];

/// (rule, quantity or the whole device, seconds of silence).
const SILENCES: [(&str, Option<Quantity>, i64); 2] = [("mute", Some(Quantity::WASTE_FILL), 15), ("dead", None, 20)];

fn rules() -> Arc<RuleSet> {
    let limits = LIMITS.iter().map(|l| {
        let hold = if l.hold == 0 { String::new() } else { format!("{}s", l.hold) };
        rule(l.id, &format!("quantity = \"{}\"", l.quantity), &hold, &format!("threshold = {}", l.text))
    });
    let silences = SILENCES.iter().map(|(id, quantity, longer_than)| {
        let when = quantity.map_or("kind = \"waste\"".to_owned(), |q| format!("quantity = \"{q}\""));
        rule(id, &when, "", &format!("absence = {{ longer_than = \"{longer_than}s\" }}"))
    });
    set(&limits.chain(silences).collect::<String>())
}

/// What a transition comes to, for comparison: rule, device, series, from, to, at, since, value.
type Said = (String, String, (Quantity, u8), Phase, Phase, i64, i64, Option<f64>);

/// Per rule and series (per device where the device is judged as a whole) in the order in which it
/// was said; between series no order is promised.
fn by_series(mut said: Vec<Said>) -> Vec<Said> {
    said.sort_by_key(|s| (s.0.clone(), s.1.clone(), (s.0 != "dead").then_some(s.2)));
    said
}

fn told(transitions: &[Transition]) -> Vec<Said> {
    let said = transitions.iter().map(|t| {
        let series = (t.series.quantity, t.series.channel);
        (t.rule.to_string(), t.series.device.to_string(), series, t.from, t.to, seconds(t.at), seconds(t.since), t.value)
    });
    by_series(said.collect())
}

fn in_order(readings: impl Iterator<Item = Reading>) -> Vec<Reading> {
    let mut kept: Vec<Reading> = Vec::new();
    for reading in readings {
        if kept.last().is_none_or(|last| reading.observed_at > last.observed_at) {
            kept.push(reading);
        }
    }
    kept
}

fn oracle(readings: &[Reading]) -> Vec<Said> {
    let mut said = Vec::new();
    let mut series: BTreeMap<_, Vec<Reading>> = BTreeMap::new();
    let mut devices: BTreeMap<_, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        series.entry(reading.series.clone()).or_default().push(reading.clone());
        devices.entry(reading.series.device.clone()).or_default().push(reading.clone());
    }
    for (key, all) in &series {
        let place = (key.device.to_string(), (key.quantity, key.channel));
        for limit in LIMITS.iter().filter(|l| l.quantity == key.quantity) {
            judge(limit, &place, &in_order(all.iter().filter(|r| r.quality.grade() != Grade::Bad).cloned()), &mut said);
        }
        for (id, _, longer_than) in SILENCES.iter().filter(|(_, q, _)| *q == Some(key.quantity)) {
            silence(id, *longer_than, &in_order(all.iter().cloned()), |_| place.1, &mut said);
        }
    }
    for all in devices.values() {
        for (id, _, longer_than) in SILENCES.iter().filter(|(_, q, _)| q.is_none()) {
            // The least series of those of one instant that came before anything newer.
            let named = |last: &Reading| {
                let newer = all.iter().position(|r| r.observed_at > last.observed_at).unwrap_or(all.len());
                let same = all[..newer].iter().filter(|r| r.observed_at == last.observed_at);
                same.map(|r| (r.series.quantity, r.series.channel)).min().unwrap()
            };
            silence(id, *longer_than, &in_order(all.iter().cloned()), named, &mut said);
        }
    }
    by_series(said)
}

/// Runs of readings during which the condition holds, each told as a whole.
fn judge(limit: &Limit, (device, series): &(String, (Quantity, u8)), readings: &[Reading], said: &mut Vec<Said>) {
    let mut before = Phase::Inactive;
    let mut rest = readings;
    while let Some(start) = rest.iter().position(|r| (limit.holds)(r.value)) {
        let run = &rest[start..];
        let length = run.iter().position(|r| (limit.clears)(r.value)).unwrap_or(run.len());
        let (run, after) = run.split_at(length);
        rest = after;
        let since = seconds(run[0].observed_at);
        let end = after.first().map(|r| (seconds(r.observed_at), r.value));
        let mut step = |from, to, at, value| {
            said.push((limit.id.to_owned(), device.clone(), *series, from, to, at, since, Some(value)));
            to
        };
        let due = since + limit.hold;
        if limit.hold > 0 {
            before = step(before, Phase::Pending, since, run[0].value);
        }
        if end.is_none_or(|(at, _)| at >= due) {
            let known =
                run.iter().take_while(|r| limit.hold == 0 && seconds(r.observed_at) == due || seconds(r.observed_at) < due);
            before = step(before, Phase::Firing, due, known.last().unwrap().value);
        }
        if let Some((at, value)) = end {
            let to = if before == Phase::Firing { Phase::Resolved } else { Phase::Inactive };
            before = step(before, to, at, value);
        }
    }
}

fn silence(id: &str, longer_than: i64, readings: &[Reading], named: impl Fn(&Reading) -> (Quantity, u8), said: &mut Vec<Said>) {
    let mut before = Phase::Inactive;
    for (i, last) in readings.iter().enumerate() {
        let due = seconds(last.observed_at) + longer_than;
        let next = readings.get(i + 1).map(|r| seconds(r.observed_at));
        if next.unwrap_or(END) < due {
            continue;
        }
        let mut step = |from, to, at| {
            said.push((id.to_owned(), last.series.device.to_string(), named(last), from, to, at, due, None));
            to
        };
        before = step(before, Phase::Firing, due);
        if let Some(next) = next {
            before = step(before, Phase::Resolved, next);
        }
    }
}

/// What happens between two readings.
#[derive(Clone, Debug)]
enum Between {
    Nothing,
    /// Time is advanced to this share of what the data allow.
    Advance(f64),
    Restart,
}

fn arb_readings() -> impl Strategy<Value = Vec<(Reading, Between)>> {
    let value = prop::sample::select(vec![5.0, 10.0, 19.0, 20.0, 22.0, 25.0, 26.0, 79.0, 80.0, 85.0, 90.0, 90.5, 95.0]);
    let quantity = prop::sample::select(vec![Quantity::WASTE_FILL, Quantity::BATTERY_LEVEL, Quantity::RADIO_RSSI]);
    let device = prop::sample::select(vec!["a", "b"]);
    let back = prop_oneof![8 => Just(0i64), 1 => Just(5), 1 => Just(30)];
    let between =
        prop_oneof![4 => Just(Between::Nothing), 3 => (0.0..=1.0f64).prop_map(Between::Advance), 1 => Just(Between::Restart)];
    let one = (
        device,
        quantity,
        0..2u8,
        value,
        prop::sample::select(vec![0i64, 0, 5, 5, 10, 40]),
        back,
        prop::bool::weighted(0.1),
        between,
    );
    prop::collection::vec(one, 0..80).prop_map(|all| {
        let mut now = 100;
        let readings = all.into_iter().map(|(device, quantity, channel, value, step, back, is_bad, between)| {
            now += step;
            let mut r = reading(device, quantity, value, now - back);
            r.series.channel = channel;
            (if is_bad { bad(r) } else { r }, between)
        });
        readings.collect()
    })
}

/// Runs the engine; `disturbed` with everything that may come between the readings.
fn run(script: &[(Reading, Between)], disturbed: bool) -> (Vec<Transition>, BTreeMap<DeviceId, Bytes>) {
    let rules = rules();
    let mut engine = Engine::new(Arc::clone(&rules));
    let mut kept = BTreeMap::new();
    let mut out = Vec::new();
    let mut advanced = 0;
    for (i, (reading, between)) in script.iter().enumerate() {
        match between {
            _ if !disturbed => {}
            Between::Nothing => {}
            Between::Advance(share) => {
                // Not ahead of the data: nothing older is still to come.
                let allowed = script[i..].iter().map(|(r, _)| seconds(r.observed_at)).min().unwrap();
                #[expect(clippy::cast_possible_truncation, reason = "a share of a few thousand seconds")]
                let to = advanced + ((allowed - advanced) as f64 * share) as i64;
                advanced = advanced.max(to);
                engine.advance(at(to), &mut out);
            }
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
        let before = out.len();
        engine.advance(wake, &mut out);
        assert!(out[before..].iter().all(|t| t.at == wake), "wake_at is no later than what is due");
        assert!(engine.wake_at().is_none_or(|next| next > wake), "after advance the next wake is later");
    }
    kept.extend(engine.take_dirty());
    (out, kept)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_engine_says_what_an_oracle_says_that_sees_all_readings_at_once(script in arb_readings()) {
        let readings: Vec<Reading> = script.iter().map(|(r, _)| r.clone()).collect();
        prop_assert_eq!(told(&run(&script, false).0), oracle(&readings));
    }

    #[test]
    fn splits_advances_and_restarts_change_neither_transitions_nor_states(script in arb_readings()) {
        let (plain, plain_states) = run(&script, false);
        let (disturbed, disturbed_states) = run(&script, true);
        prop_assert_eq!(told(&disturbed), told(&plain));
        prop_assert_eq!(disturbed_states, plain_states);
        let sorted = |mut all: Vec<Transition>| { all.sort_by(|a, b| (&a.id, a.at).cmp(&(&b.id, b.at))); all };
        prop_assert_eq!(sorted(disturbed), sorted(plain));
    }

    #[test]
    fn every_step_is_legal_and_every_id_is_said_once(script in arb_readings()) {
        let (said, _) = run(&script, true);
        let mut phases = BTreeMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for t in &said {
            let whole = t.rule.as_str() == "dead";
            let series = if whole { (Quantity::WASTE_FILL, 0) } else { (t.series.quantity, t.series.channel) };
            let key = (t.rule.to_string(), t.series.device.to_string(), series);
            let (phase, last) = phases.get(&key).copied().unwrap_or((Phase::Inactive, 0));
            prop_assert_eq!(phase, t.from);
            prop_assert_eq!(t.from.step(t.to), Ok(t.to));
            prop_assert!(seconds(t.at) >= last && t.at >= t.since);
            prop_assert!(ids.insert(t.id.clone()), "{} twice", t.id);
            prop_assert_eq!(t.notify.is_empty(), !matches!(t.to, Phase::Firing | Phase::Resolved));
            phases.insert(key, (t.to, seconds(t.at)));
        }
    }

    #[test]
    fn restoring_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), versioned: bool) {
        let mut state = bytes;
        if versioned && let Some(first) = state.first_mut() {
            *first = 1;
        }
        let _ = Engine::new(rules()).restore(&"bin".parse().unwrap(), &state);
    }
}
