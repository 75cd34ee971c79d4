//! Which alerts something is about: a silence, a maintenance window, an inhibition.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Kind, Quantity, RuleId, SeriesKey, Severity, Transition, Zone};

/// Values in one list of a scope.
const LIST_LIMIT: usize = 100;

/// A name, or the beginning of names where it ends with `*`: `bin-0042`, `gw-*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Pattern(String);

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pattern: expected a name of letters, digits and . _ : -, which may end with *")]
pub struct PatternError(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Empty, longer than a name and its star, or with a character that no name has.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let beginning = text.strip_suffix('*').unwrap_or(text);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        if text.is_empty() || beginning.len() > 64 || !beginning.chars().all(fits) {
            return Err(PatternError(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it takes this name.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == self.0,
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(&text)
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a scope looks at: an alert, whoever speaks of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Subject<'a> {
    /// The rule that decided.
    pub rule: &'a RuleId,
    /// What it judged.
    pub series: &'a SeriesKey,
    /// The device's kind.
    pub kind: Kind,
    /// Where the device is.
    pub zone: &'a Zone,
    /// How much it matters.
    pub severity: Severity,
}

impl<'a> From<&'a Transition> for Subject<'a> {
    fn from(t: &'a Transition) -> Self {
        Self { rule: &t.rule, series: &t.series, kind: t.kind, zone: &t.zone, severity: t.severity }
    }
}

/// Which alerts. Each list takes what is in it, an empty one takes all; an alert must be taken by every list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// Rules, by name or beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Pattern>,
    /// Kinds of device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub kind: Vec<Kind>,
    /// Parts of the city.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub zone: Vec<Zone>,
    /// Devices, by name or beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device: Vec<Pattern>,
    /// What is measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub quantity: Vec<Quantity>,
    /// How much it matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<Severity>,
}

impl Scope {
    /// Whether it takes this alert.
    #[must_use]
    pub fn takes<'a>(&self, alert: impl Into<Subject<'a>>) -> bool {
        let t = alert.into();
        any(&self.rule, |p| p.takes(t.rule.as_str()))
            && any(&self.kind, |k| *k == t.kind)
            && any(&self.zone, |z| z == t.zone)
            && any(&self.device, |p| p.takes(t.series.device.as_str()))
            && any(&self.quantity, |q| *q == t.series.quantity)
            && any(&self.severity, |s| *s == t.severity)
    }

    /// Whether it takes every alert.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong with it, if anything: a list over its limit.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let lengths = [
            ("rule", self.rule.len()),
            ("kind", self.kind.len()),
            ("zone", self.zone.len()),
            ("device", self.device.len()),
            ("quantity", self.quantity.len()),
            ("severity", self.severity.len()),
        ];
        let (name, length) = lengths.into_iter().find(|(_, length)| *length > LIST_LIMIT)?;
        Some(format!("`{name}` lists {length} values, expected at most {LIST_LIMIT}"))
    }
}

fn any<T>(wanted: &[T], is: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T>(name: &str, values: &[T], text: impl Fn(&T) -> String) -> Option<String> {
            let values: Vec<String> = values.iter().map(text).collect();
            (!values.is_empty()).then(|| format!("{name}={}", values.join("|")))
        }
        let parts = [
            list("rule", &self.rule, ToString::to_string),
            list("kind", &self.kind, |k| k.name().to_owned()),
            list("zone", &self.zone, ToString::to_string),
            list("device", &self.device, ToString::to_string),
            list("quantity", &self.quantity, |q| q.name().to_owned()),
            list("severity", &self.severity, |s| s.code().to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.pad(&if parts.is_empty() { "everything".to_owned() } else { parts.join(" ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlertId, DeviceId, Phase, RuleId, SeriesKey, Texts, Timestamp, TransitionId};

    fn transition(rule: &str, device: &str, zone: &str, severity: Severity) -> Transition {
        let (rule, at) = (RuleId::new(rule).unwrap(), Timestamp::clamped(0));
        let series = SeriesKey { device: DeviceId::new(device).unwrap(), quantity: Quantity::WASTE_FILL, channel: 0 };
        let alert = AlertId::new(&rule, &series, at);
        Transition {
            id: TransitionId::new(&alert, Phase::Firing),
            alert,
            rule,
            series,
            kind: Kind::WASTE,
            zone: Zone::new(zone).unwrap(),
            severity,
            from: Phase::Inactive,
            to: Phase::Firing,
            at,
            since: at,
            value: None,
            texts: Texts::default(),
            notify: Vec::new(),
            note: None,
        }
    }

    fn scope(text: &str) -> Scope {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn every_list_must_take_it_and_an_empty_one_takes_all() {
        let full = transition("bin-full", "bin-1", "anfa", Severity::Warning);
        for (text, takes) in [
            ("", true),
            ("zone = ['anfa', 'maarif']", true),
            ("zone = ['maarif']", false),
            ("device = ['bin-*']\nseverity = ['warning']", true),
            ("device = ['bin-*']\nseverity = ['critical']", false),
            ("device = ['bin']", false),
            ("rule = ['bin-full']\nkind = ['waste']\nquantity = ['waste.fill']", true),
            ("kind = ['air']", false),
        ] {
            assert_eq!(scope(text).takes(&full), takes, "{text}");
        }
        assert!(scope("").takes_all() && !scope("zone = ['anfa']").takes_all());
    }

    #[test]
    fn what_no_name_has_is_refused() {
        for bad in ["", "a b", "*a", "a*b", "a/b", &"a".repeat(65)] {
            assert!(Pattern::new(bad).is_err(), "{bad:?}");
        }
        assert!(Pattern::new("*").unwrap().takes("anything"));
        assert!(toml::from_str::<Scope>("zones = ['anfa']").is_err(), "a key that nobody knows");
        assert!(Scope { rule: vec![Pattern::new("a").unwrap(); 101], ..Scope::default() }.objection().is_some());
    }

    #[test]
    fn it_says_what_it_takes() {
        let text = scope("zone = ['anfa', 'maarif']\nseverity = ['warning']").to_string();
        assert_eq!(text, "zone=anfa|maarif severity=warning");
        assert_eq!(Scope::default().to_string(), "everything");
    }
}
