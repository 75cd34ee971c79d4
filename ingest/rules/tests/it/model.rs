//! The engine against an oracle that sees all readings at once and counts seconds: whatever the order in which readings
//! come, however often each, wherever time is advanced, and however often the program is restarted.
//!
//! `MARSAD_CASES` says how many sequences are tried, `MARSAD_SEED` with which one it begins; a failure prints its seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rules::{Engine, RuleSet};
use schemas::{Grade, Phase, Quantity, Reading, Transition};

use crate::scene::{Said, at, bad, reading, rule, seconds, set, settled};

const END: i64 = 220;

/// The numbers of a rule on values, once for the engine and once for the oracle.
struct Limit {
    id: &'static str,
    quantity: Quantity,
    hold: i64,
    keep: i64,
    /// n of m.
    samples: (usize, usize),
    text: &'static str,
    holds: fn(f64) -> bool,
    clears: fn(f64) -> bool,
}

const LIMITS: [Limit; 5] = [
    Limit {
        id: "now",
        quantity: Quantity::WASTE_FILL,
        hold: 0,
        keep: 0,
        samples: (1, 1),
        text: "threshold = { above = 90, clear = 90 }",
        holds: |v| v > 90.0,
        clears: |v| v < 90.0,
    },
    Limit {
        id: "soon",
        quantity: Quantity::WASTE_FILL,
        hold: 10,
        keep: 0,
        samples: (1, 1),
        text: "threshold = { at_least = 90, clear = 80 }",
        holds: |v| v >= 90.0,
        clears: |v| v < 80.0,
    },
    Limit {
        id: "kept",
        quantity: Quantity::WASTE_FILL,
        hold: 5,
        keep: 12,
        samples: (1, 1),
        text: "keep_firing = \"12s\"\nthreshold = { at_least = 90, clear = 80 }",
        holds: |v| v >= 90.0,
        clears: |v| v < 80.0,
    },
    Limit {
        id: "two",
        quantity: Quantity::WASTE_FILL,
        hold: 0,
        keep: 0,
        samples: (2, 3),
        text: "samples = { n = 2, of = 3, at_least = 90, clear = 80 }",
        holds: |v| v >= 90.0,
        clears: |v| v < 80.0,
    },
    Limit {
        id: "low",
        quantity: Quantity::BATTERY_LEVEL,
        hold: 25,
        keep: 0,
        samples: (1, 1),
        text: "threshold = { below = 20, clear = 25 }",
        holds: |v| v < 20.0,
        clears: |v| v > 25.0,
    },
];

/// (rule, quantity or the whole device, seconds of silence).
const SILENCES: [(&str, Option<Quantity>, i64); 2] = [("mute", Some(Quantity::WASTE_FILL), 15), ("dead", None, 20)];

fn rules() -> Arc<RuleSet> {
    let limits = LIMITS.iter().map(|l| {
        let hold = if l.hold == 0 { String::new() } else { format!("{}s", l.hold) };
        rule(l.id, &format!("quantity = \"{}\"", l.quantity), &hold, l.text)
    });
    let silences = SILENCES.iter().map(|(id, quantity, longer_than)| {
        let when = quantity.map_or("kind = \"waste\"".to_owned(), |q| format!("quantity = \"{q}\""));
        rule(id, &when, "", &format!("absence = {{ longer_than = \"{longer_than}s\" }}"))
    });
    set(&limits.chain(silences).collect::<String>())
}

/// An episode as the oracle tells it, second by second.
struct Teller<'a> {
    id: &'a str,
    phase: Phase,
    since: i64,
    series: (Quantity, u8),
    out: &'a mut Vec<Said>,
}

impl Teller<'_> {
    fn go(&mut self, to: Phase, second: i64, value: Option<f64>) {
        if !self.phase.is_open() {
            self.since = second;
        }
        let said = (self.id.to_owned(), "bin".to_owned(), self.series, self.phase, to, second, self.since, value);
        self.out.push(said);
        self.phase = to;
    }
}

fn judge(limit: &Limit, series: (Quantity, u8), readings: &BTreeMap<i64, Reading>, out: &mut Vec<Said>) {
    let mut teller = Teller { id: limit.id, phase: Phase::Inactive, since: 0, series, out };
    let (mut holds, mut turned, mut value) = (false, 0, 0.0);
    let (mut held, mut over): (Vec<bool>, Vec<bool>) = (Vec::new(), Vec::new());
    for second in -100..=END {
        if teller.phase == Phase::Pending && second == teller.since + limit.hold {
            teller.go(Phase::Firing, second, Some(value));
        }
        if teller.phase == Phase::Firing && !holds && second == turned + limit.keep {
            teller.go(Phase::Resolved, second, Some(value));
        }
        let Some(reading) = readings.get(&second).filter(|r| r.quality.grade() != Grade::Bad) else { continue };
        value = reading.value;
        held.push((limit.holds)(value));
        over.push((limit.clears)(value));
        let (n, of) = limit.samples;
        let count = |all: &[bool]| all.iter().rev().take(of).filter(|b| **b).count();
        let before = holds;
        if count(&held) >= n {
            holds = true;
            over.clear();
        } else if count(&over) >= n {
            holds = false;
        }
        if before != holds {
            turned = second;
        }
        match (holds, teller.phase) {
            (true, Phase::Inactive | Phase::Resolved) => {
                teller.go(if limit.hold == 0 { Phase::Firing } else { Phase::Pending }, second, Some(value));
            }
            (false, Phase::Pending) => teller.go(Phase::Inactive, second, Some(value)),
            (false, Phase::Firing) if limit.keep == 0 => teller.go(Phase::Resolved, second, Some(value)),
            _ => {}
        }
    }
}

/// `readings` by second; of one second the series in order.
fn silence(id: &str, longer_than: i64, readings: &BTreeMap<i64, Vec<Reading>>, out: &mut Vec<Said>) {
    let mut teller = Teller { id, phase: Phase::Inactive, since: 0, series: (Quantity::WASTE_FILL, 0), out };
    let mut alive: Option<i64> = None;
    for second in -100..=END {
        if alive.is_some_and(|alive| second == alive + longer_than) && teller.phase != Phase::Firing {
            teller.go(Phase::Firing, second, None);
        }
        for reading in readings.get(&second).into_iter().flatten() {
            if teller.phase == Phase::Firing {
                teller.go(Phase::Resolved, second, None);
            }
            let heard = seconds(reading.received_at).max(second);
            alive = Some(alive.map_or(heard, |alive| alive.max(heard)));
        }
        if let Some(first) = readings.get(&second).and_then(|all| all.first()) {
            teller.series = (first.series.quantity, first.series.channel);
        }
    }
}

fn oracle(readings: &[Reading]) -> Vec<Said> {
    let mut all: BTreeMap<(Quantity, u8), BTreeMap<i64, Reading>> = BTreeMap::new();
    for r in readings {
        let rank = |r: &Reading| (r.received_at, r.quality.grade() == Grade::Bad);
        let series = all.entry((r.series.quantity, r.series.channel)).or_default();
        let there = series.entry(seconds(r.observed_at)).or_insert_with(|| r.clone());
        if rank(r).cmp(&rank(there)).then(r.value.total_cmp(&there.value)).is_gt() {
            *there = r.clone();
        }
    }
    let mut out = Vec::new();
    for (series, readings) in &all {
        for limit in LIMITS.iter().filter(|l| l.quantity == series.0) {
            judge(limit, *series, readings, &mut out);
        }
    }
    for (id, quantity, longer_than) in SILENCES {
        let mut by_second: BTreeMap<i64, Vec<Reading>> = BTreeMap::new();
        for (series, readings) in &all {
            if quantity.is_none_or(|q| q == series.0) {
                for (second, reading) in readings {
                    by_second.entry(*second).or_default().push(reading.clone());
                }
            }
        }
        silence(id, longer_than, &by_second, &mut out);
    }
    out
}

/// Chance that is the same for the same seed (Knuth, MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

fn readings(chance: &mut Chance) -> Vec<Reading> {
    let mut now = 20;
    let mut all = Vec::new();
    for _ in 0..=chance.below(12) {
        now += chance.of(&[0i64, 1, 5, 5, 10, 16, 30]);
        let quantity = chance.of(&[Quantity::WASTE_FILL, Quantity::WASTE_FILL, Quantity::BATTERY_LEVEL]);
        let value = chance.of(&[5.0, 19.0, 22.0, 26.0, 79.0, 80.0, 85.0, 90.0, 90.5, 95.0]);
        let observed = now.min(END - 60);
        let mut r = reading("bin", quantity, value, observed);
        r.received_at = at(observed + chance.of(&[0i64, 0, 0, 2, 40]));
        all.push(if chance.below(10) == 0 { bad(r) } else { r });
    }
    // Some come twice, and all in any order, or nearly in order.
    for _ in 0..chance.below(3) {
        all.push(all[chance.below(all.len())].clone());
    }
    let mix = chance.of(&[0usize, 2, all.len() * 3]);
    for _ in 0..mix {
        let (a, b) = (chance.below(all.len()), chance.below(all.len()));
        all.swap(a, b);
    }
    all
}

fn play(all: &[Reading], rules: &Arc<RuleSet>, chance: &mut Chance) -> Vec<Transition> {
    let mut engine = Engine::new(Arc::clone(rules));
    let (mut out, mut kept) = (Vec::new(), BTreeMap::new());
    for reading in all {
        match chance.below(8) {
            0 => engine.advance(at(i64::try_from(chance.below(160)).unwrap()), &mut out),
            1 => engine.advance(reading.received_at, &mut out),
            2 if chance.below(4) == 0 => {
                kept.extend(engine.take_dirty());
                engine = Engine::new(Arc::clone(rules));
                for (device, state) in &kept {
                    engine.restore(device, state).unwrap();
                }
            }
            _ => {}
        }
        engine.observe(reading, &mut out);
    }
    engine.advance(at(END), &mut out);
    out
}

/// No step that the life cycle does not have, of what was said in time; no id twice; none resolved that did not fire, and
/// none that fired without its end.
fn check_steps(log: &[Transition]) {
    let mut ids = std::collections::BTreeSet::new();
    for t in log {
        assert!(ids.insert(&t.id), "{} twice", t.id);
        assert!(t.at >= t.since);
        match &t.note {
            None => assert_eq!(t.from.step(t.to), Ok(t.to)),
            Some(note) => assert!(note.corrects().is_some()),
        }
        assert!(t.notify.is_empty() || t.note.is_some() || matches!(t.to, Phase::Firing | Phase::Resolved));
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is set from outside")]
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn any_order_and_repetition_of_readings_gives_the_log_of_an_oracle_that_sees_them_all() {
    let (cases, first) = (setting("MARSAD_CASES", 4_000), setting("MARSAD_SEED", 2026));
    let rules = rules();
    for seed in first..first + cases {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let all = readings(&mut chance);
        let log = play(&all, &rules, &mut chance);
        let shown = || {
            all.iter().map(|r| format!("{} {} {} {}", r.series.quantity, seconds(r.observed_at), seconds(r.received_at), r.value))
        };
        let told = settled(&log);
        let expected = in_order(oracle(&all));
        assert!(
            told == expected,
            "MARSAD_SEED={seed} MARSAD_CASES=1\n{:#?}\ntold not expected {:#?}\nexpected not told {:#?}",
            shown()
                .chain(log.iter().map(|t| format!("{} {:?} at {} note {:?}", t.id, t.from, seconds(t.at), t.note)))
                .collect::<Vec<_>>(),
            told.iter().filter(|s| !expected.contains(s)).collect::<Vec<_>>(),
            expected.iter().filter(|s| !told.contains(s)).collect::<Vec<_>>()
        );
        check_steps(&log);
    }
}

/// As [`settled`] has it.
fn in_order(mut all: Vec<Said>) -> Vec<Said> {
    let step = |s: &Said| (s.5, s.6, matches!(s.4, Phase::Pending), matches!(s.4, Phase::Firing));
    all.sort_by(|a, b| (&a.0, &a.1, a.2).cmp(&(&b.0, &b.1, b.2)).then(step(a).cmp(&step(b))).then(a.4.cmp(&b.4)));
    all
}
