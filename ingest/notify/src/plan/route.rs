//! The routing tree: which receivers a step goes to, and with what it is grouped.

use std::fmt::Write;
use std::time::Duration;

use schemas::{ChannelName, Kind, Severity, Transition, Zone};
use serde::{Deserialize, Serialize};

/// One `[[notify.route]]`. What is empty matches everything; what is not said is taken from the route above.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// For people: it stands in every chain of reasons.
    pub name: String,
    /// Only these severities.
    #[serde(default)]
    pub severity: Vec<Severity>,
    /// Only devices of these kinds.
    #[serde(default)]
    pub kind: Vec<Kind>,
    /// Only in these zones.
    #[serde(default)]
    pub zone: Vec<Zone>,
    /// Only these rules; a star at the end stands for anything.
    #[serde(default)]
    pub rule: Vec<String>,
    /// Only in the territory of these contractors.
    #[serde(default)]
    pub contractor: Vec<String>,
    /// Who is told: receivers or channels.
    pub to: Option<Vec<ChannelName>>,
    /// The receivers of the contractor whose territory it is are told too.
    pub to_contractor: Option<bool>,
    /// Whether the routes after this one are asked too, where it took the step.
    #[serde(default, rename = "continue")]
    pub further: bool,
    /// What must be the same for steps to be told together; nothing: each alert is told alone.
    pub group: Option<Vec<By>>,
    /// How long the first step of a group waits for others.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub wait: Option<Duration>,
    /// How long after a message of a group the next one may go.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub interval: Option<Duration>,
    /// How often it is said again while it fires; 0s: never.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub repeat: Option<Duration>,
    /// Routes below: the first that matches takes the step from this one.
    #[serde(default)]
    pub route: Vec<RouteSettings>,
}

/// What may be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Whose territory it is.
    Contractor,
    /// Where.
    Zone,
    /// Which rule.
    Rule,
    /// Which kind of device.
    Kind,
    /// How much it matters.
    Severity,
    /// Which device.
    Device,
}

/// The times of a group, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timing {
    wait: u64,
    interval: u64,
    repeat: u64,
}

impl Timing {
    pub(super) fn wait(self) -> Duration {
        Duration::from_millis(self.wait)
    }

    pub(super) fn interval(self) -> Duration {
        Duration::from_millis(self.interval)
    }

    pub(super) fn repeat(self) -> Option<Duration> {
        (self.repeat > 0).then(|| Duration::from_millis(self.repeat))
    }
}

/// How steps are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouping {
    by: Vec<By>,
    pub(super) timing: Timing,
}

impl Grouping {
    /// Each alert by itself, at once, once.
    pub(super) const ALONE: Grouping = Grouping { by: Vec::new(), timing: Timing { wait: 0, interval: 0, repeat: 0 } };

    /// The name of the group: the values that are the same.
    pub(super) fn key(&self, facts: &Facts<'_>) -> String {
        let t = facts.transition;
        if self.by.is_empty() {
            return t.alert.0.clone();
        }
        let mut key = String::new();
        for by in &self.by {
            let (name, value) = match by {
                By::Contractor => ("contractor", facts.contractor.unwrap_or("nobody")),
                By::Zone => ("zone", t.zone.as_str()),
                By::Rule => ("rule", t.rule.as_str()),
                By::Kind => ("kind", t.kind.name()),
                By::Severity => ("severity", t.severity.code()),
                By::Device => ("device", t.series.device.as_str()),
            };
            let comma = if key.is_empty() { "" } else { "," };
            let _ = write!(key, "{comma}{name}={value}");
        }
        key
    }
}

/// What a route may look at.
pub(super) struct Facts<'a> {
    pub(super) transition: &'a Transition,
    pub(super) contractor: Option<&'a str>,
}

/// Where a step goes by one route.
pub(super) struct Hop<'r> {
    pub(super) path: String,
    pub(super) receivers: Vec<ChannelName>,
    pub(super) grouping: &'r Grouping,
}

/// A route, with what it takes from those above it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    settings: RouteSettings,
    pub(super) path: String,
    pub(super) to: Vec<ChannelName>,
    pub(super) to_contractor: bool,
    grouping: Grouping,
    pub(super) below: Vec<Route>,
}

impl Route {
    pub(super) fn of(settings: &RouteSettings, above: Option<&Route>) -> Self {
        let ms =
            |own: Option<Duration>, inherited: u64| own.map_or(inherited, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        let upper = above.map_or(Timing::default(), |a| a.grouping.timing);
        let timing = Timing {
            wait: ms(settings.wait, upper.wait),
            interval: ms(settings.interval, upper.interval),
            repeat: ms(settings.repeat, upper.repeat),
        };
        let by = settings.group.clone().or_else(|| above.map(|a| a.grouping.by.clone())).unwrap_or_default();
        let mut route = Self {
            path: above.map_or_else(|| settings.name.clone(), |a| format!("{} > {}", a.path, settings.name)),
            to: settings.to.clone().or_else(|| above.map(|a| a.to.clone())).unwrap_or_default(),
            to_contractor: settings.to_contractor.unwrap_or_else(|| above.is_some_and(|a| a.to_contractor)),
            grouping: Grouping { by, timing },
            below: Vec::new(),
            settings: RouteSettings { route: Vec::new(), ..settings.clone() },
        };
        route.below = settings.route.iter().map(|below| Route::of(below, Some(&route))).collect();
        route
    }

    fn takes(&self, facts: &Facts<'_>) -> bool {
        let s = &self.settings;
        matches(&s.severity, &s.kind, &s.zone, &s.rule, &s.contractor, facts)
    }
}

/// Whether a step is among what is wanted; what is empty takes everything.
pub(super) fn matches(
    severity: &[Severity],
    kind: &[Kind],
    zone: &[Zone],
    rule: &[String],
    contractor: &[String],
    facts: &Facts<'_>,
) -> bool {
    let t = facts.transition;
    let is_rule = |pattern: &String| match pattern.strip_suffix('*') {
        Some(beginning) => t.rule.as_str().starts_with(beginning),
        None => t.rule.as_str() == pattern,
    };
    any(severity, |x| *x == t.severity)
        && any(kind, |x| *x == t.kind)
        && any(zone, |x| *x == t.zone)
        && any(rule, is_rule)
        && any(contractor, |x| facts.contractor == Some(x))
}

fn any<T>(wanted: &[T], is: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is)
}

/// Walks the routes in order; `contractors` gives the receivers of a contractor. Whether one took the step.
pub(super) fn walk<'r>(
    routes: &'r [Route],
    facts: &Facts<'_>,
    contractors: &dyn Fn(&str) -> Vec<ChannelName>,
    hops: &mut Vec<Hop<'r>>,
) -> bool {
    let mut taken = false;
    for route in routes.iter().filter(|route| route.takes(facts)) {
        taken = true;
        if !walk(&route.below, facts, contractors, hops) {
            let mut receivers = route.to.clone();
            if route.to_contractor {
                receivers.extend(facts.contractor.map(contractors).unwrap_or_default());
            }
            hops.push(Hop { path: route.path.clone(), receivers, grouping: &route.grouping });
        }
        if !route.settings.further {
            break;
        }
    }
    taken
}
