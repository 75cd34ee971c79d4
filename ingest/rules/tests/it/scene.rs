//! What the tests speak in: rules, readings and transitions in a few letters.

use std::sync::Arc;

use rules::{Engine, RuleSet};
use schemas::{Flaw, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Transition, Zone};

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
}

impl Desk {
    pub(crate) fn new(rules: &str) -> Self {
        Self { engine: Engine::new(set(rules)), said: Vec::new() }
    }

    pub(crate) fn hear(&mut self, reading: &Reading) {
        self.engine.observe(reading, &mut self.said);
    }

    pub(crate) fn advance(&mut self, to: i64) {
        self.engine.advance(at(to), &mut self.said);
    }

    /// `rule from>to @at since value` of everything said since the last call.
    pub(crate) fn story(&mut self) -> Vec<String> {
        self.said
            .drain(..)
            .map(|t| {
                let value = t.value.map_or("-".to_owned(), |v| v.to_string());
                format!("{} {}>{} @{} {} {value}", t.rule, t.from.code(), t.to.code(), seconds(t.at), seconds(t.since))
            })
            .collect()
    }
}
