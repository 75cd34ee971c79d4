//! What the tests speak in: rules, readings and transitions in a few letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use rules::{Engine, RuleSet};
use schemas::{
    DeviceId, Flaw, Kind, Note, Phase, Quality, Quantity, Reading, SeriesKey, Timestamp, Transition, TransitionId, Zone,
};

/// The day on which every test plays; the tests count seconds from here.
pub(crate) const START: i64 = 1_767_225_600_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000).unwrap()
}

pub(crate) fn seconds(instant: Timestamp) -> i64 {
    (instant.millis() - START) / 1000
}

/// A rule on waste bins with this `when`, `hold` and condition.
pub(crate) fn rule(id: &str, when: &str, hold: &str, condition: &str) -> String {
    let texts = r#"{ fr = "F {device}", ar = "A {device}", en = "E {device}" }"#;
    let hold = if hold.is_empty() { String::new() } else { format!("hold = \"{hold}\"\n") };
    format!(
        "[[rule]]\nid = \"{id}\"\nseverity = \"critical\"\n{hold}notify = [\"log\"]\ntexts = {texts}\nwhen = {{ {when} }}\n{condition}\n"
    )
}

pub(crate) fn set(text: &str) -> Arc<RuleSet> {
    match RuleSet::parse(&[("test.toml", text)]) {
        Ok(rules) => Arc::new(rules),
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

pub(crate) fn reading(device: &str, quantity: Quantity, value: f64, observed: i64) -> Reading {
    Reading {
        series: SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 },
        kind: Kind::WASTE,
        zone: Zone::new("anfa").unwrap(),
        value,
        observed_at: at(observed),
        received_at: at(observed),
        quality: Quality::GOOD,
    }
}

pub(crate) fn fill(value: f64, observed: i64) -> Reading {
    reading("bin", Quantity::WASTE_FILL, value, observed)
}

pub(crate) fn bad(reading: Reading) -> Reading {
    Reading { quality: Flaw::SensorFault.into(), ..reading }
}

/// An engine with what it said so far.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) said: Vec<Transition>,
    /// What a register would hold.
    pub(crate) kept: BTreeMap<DeviceId, Bytes>,
}

impl Desk {
    pub(crate) fn new(rules: &str) -> Self {
        Self { engine: Engine::new(set(rules)), said: Vec::new(), kept: BTreeMap::new() }
    }

    pub(crate) fn hear(&mut self, reading: &Reading) {
        self.engine.observe(reading, &mut self.said);
    }

    pub(crate) fn advance(&mut self, to: i64) {
        self.engine.advance(at(to), &mut self.said);
    }

    /// The program stops and starts again with these rules.
    pub(crate) fn restart(&mut self, rules: &str) {
        let states = self.engine.take_dirty();
        self.engine = Engine::new(set(rules));
        for (device, state) in states {
            self.engine.restore(&device, &state).unwrap();
        }
    }

    /// As [`Desk::restart`], of a program that has kept the states of before too.
    pub(crate) fn restart_whole(&mut self, rules: &str) {
        for (device, state) in self.engine.take_dirty() {
            self.kept.insert(device, state);
        }
        self.engine = Engine::new(set(rules));
        for (device, state) in &self.kept {
            self.engine.restore(device, state).unwrap();
        }
    }

    /// `rule from>to @at since value note` of everything said since the last call.
    pub(crate) fn story(&mut self) -> Vec<String> {
        self.said
            .drain(..)
            .map(|t| {
                let value = t.value.map_or("-".to_owned(), |v| v.to_string());
                let note = t.note.as_ref().map_or(String::new(), |n| format!(" {}", n.code()));
                format!("{} {}>{} @{} {} {value}{note}", t.rule, t.from.code(), t.to.code(), seconds(t.at), seconds(t.since))
            })
            .collect()
    }
}

/// A transition without what only says how it was found: rule, device, series, from, to, at, since, value.
pub(crate) type Said = (String, String, (Quantity, u8), Phase, Phase, i64, i64, Option<f64>);

/// What a log comes to when its corrections are applied: as if each reading had come in time.
pub(crate) fn settled(log: &[Transition]) -> Vec<Said> {
    let mut kept: BTreeMap<&TransitionId, Said> = BTreeMap::new();
    for t in log {
        let series = (t.series.quantity, t.series.channel);
        let said =
            (t.rule.to_string(), t.series.device.to_string(), series, t.from, t.to, seconds(t.at), seconds(t.since), t.value);
        match &t.note {
            Some(Note::Withdrawn { of }) => drop(kept.remove(of)),
            Some(Note::Added { of } | Note::Amended { of }) => drop(kept.insert(of, said)),
            _ => drop(kept.insert(&t.id, said)),
        }
    }
    let mut all: Vec<Said> = kept.into_values().collect();
    // By rule and device in the order of time; of one instant in the order of the life cycle.
    let step = |s: &Said| (s.5, s.6, matches!(s.4, Phase::Pending), matches!(s.4, Phase::Firing));
    all.sort_by(|a, b| (&a.0, &a.1, a.2).cmp(&(&b.0, &b.1, b.2)).then(step(a).cmp(&step(b))).then(a.4.cmp(&b.4)));
    all
}
