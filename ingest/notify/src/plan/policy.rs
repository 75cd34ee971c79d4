//! What the planner goes by: receivers, routes, quiet hours, the limit, whose territory is whose.

use std::collections::BTreeSet;
use std::time::Duration;

use domains::waste::Territories;
use jiff::tz::TimeZone;
use schemas::{ChannelName, Severity, Timestamp, Zone};
use serde::Deserialize;

use super::climb::{self, EscalationSettings};
use super::flap::Flapping;
use super::hours::QuietHours;
use super::route::{Facts, Hop, Route, RouteSettings, walk};
use crate::rota::Rota;

/// Routes in a tree at most, and how deep it may be.
const ROUTES: usize = 1000;
const DEPTH: usize = 8;

/// Who can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// By which routes and rules name it.
    pub name: ChannelName,
    /// The channels over which it is told: each message goes over all of them.
    pub via: Vec<ChannelName>,
    /// The contractor whose receiver it is, as the table of territories names it.
    pub contractor: Option<String>,
    /// Whether quiet hours and the limit on storms hold for it: people sleep and tire, machines do not.
    pub sheltered: bool,
}

/// `[notify.storm]`: how much is told before the rest is gathered into a digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storm {
    /// Messages that may go to one contractor, or to one receiver that is nobody's, in a period: 1 to 10,000.
    pub limit: u32,
    /// The period: any stretch of time as long as this.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub per: Duration,
    /// What is told however much there is, and not counted.
    pub exempt: BTreeSet<Severity>,
}

/// Why a policy cannot be made of its parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A route names somebody whom nobody knows.
    #[error("notify.route `{route}`: no receiver, no channel and no rota `{found}`")]
    Receiver {
        /// Which route.
        route: String,
        /// What stood there.
        found: ChannelName,
    },
    /// A route, and those below it, tell nobody.
    #[error("notify.route `{0}`: tells nobody, expected `to`, `to_contractor` or routes below it that have one")]
    Nobody(String),
    /// A number out of its range.
    #[error("notify.storm.{key}: {reason}")]
    Storm {
        /// Which key.
        key: &'static str,
        /// What was expected.
        reason: &'static str,
    },
    /// A number out of its range.
    #[error("notify.flapping.{key}: {reason}")]
    Flapping {
        /// Which key.
        key: &'static str,
        /// What was expected.
        reason: &'static str,
    },
    /// An escalation that cannot be climbed.
    #[error("notify.escalation `{name}`: {reason}")]
    Escalation {
        /// Which one.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Too many routes, or too deep.
    #[error("notify.route: expected at most {ROUTES} routes, at most {DEPTH} deep")]
    Tree,
}

/// What a policy is made of.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// What goes to whom.
    pub routes: &'a [RouteSettings],
    /// What is told further where nobody has an alert in hand in time.
    pub escalations: &'a [EscalationSettings],
    /// Who stands in for whom, and when.
    pub rotas: Vec<Rota>,
    /// The hours in which mild things are held; none: no hours.
    pub quiet: Option<QuietHours>,
    /// How much is told before the rest is gathered.
    pub storm: Storm,
    /// When something comes and goes too often; none: never.
    pub flapping: Option<Flapping>,
    /// Whose territory is whose.
    pub territories: Territories,
    /// The city's time zone: quiet hours and the days of contracts are local.
    pub zone: TimeZone,
}

/// What the planner goes by.
#[derive(Clone, Debug)]
pub struct Policy {
    receivers: Vec<Receiver>,
    routes: Vec<Route>,
    pub(super) escalations: Vec<EscalationSettings>,
    rotas: Vec<Rota>,
    pub(super) quiet: Option<QuietHours>,
    pub(super) storm: Storm,
    pub(super) flapping: Option<Flapping>,
    territories: Territories,
    pub(super) zone: TimeZone,
}

impl Policy {
    /// A policy of its parts.
    ///
    /// # Errors
    /// The first part that does not fit the others.
    pub fn new(parts: Parts<'_>) -> Result<Self, PolicyError> {
        let Parts { receivers, routes, escalations, rotas, quiet, storm, flapping, territories, zone } = parts;
        if !(1..=10_000).contains(&storm.limit) {
            return Err(PolicyError::Storm { key: "limit", reason: "expected 1 to 10000" });
        }
        if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(&storm.per) {
            return Err(PolicyError::Storm { key: "per", reason: "expected 1m to 24h" });
        }
        if let Some(Flapping { limit, within }) = &flapping {
            if !(3..=100).contains(limit) {
                return Err(PolicyError::Flapping { key: "limit", reason: "expected 3 to 100, or 0" });
            }
            if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(within) {
                return Err(PolicyError::Flapping { key: "within", reason: "expected 1m to 24h" });
            }
        }
        if count(routes, DEPTH).is_none_or(|routes| routes > ROUTES) {
            return Err(PolicyError::Tree);
        }
        let routes: Vec<Route> = routes.iter().map(|route| Route::of(route, None)).collect();
        let policy =
            Self { receivers, routes, escalations: escalations.to_vec(), rotas, quiet, storm, flapping, territories, zone };
        policy.routes.iter().try_for_each(|route| policy.check(route))?;
        climb::check(&policy.escalations, |name| policy.knows(name))?;
        Ok(policy)
    }

    /// The receiver of this name.
    #[must_use]
    pub fn receiver(&self, name: &ChannelName) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == *name)
    }

    /// The rota of this name, `rota:NAME`.
    #[must_use]
    pub fn rota(&self, name: &ChannelName) -> Option<&Rota> {
        self.rotas.iter().find(|rota| rota.name() == name)
    }

    /// All rotas.
    #[must_use]
    pub fn rotas(&self) -> &[Rota] {
        &self.rotas
    }

    /// Whether there is a receiver, a channel or a rota of this name.
    pub(super) fn knows(&self, name: &ChannelName) -> bool {
        self.receiver(name).is_some() || self.rota(name).is_some()
    }

    fn check(&self, route: &Route) -> Result<(), PolicyError> {
        if let Some(found) = route.to.iter().find(|name| !self.knows(name)) {
            return Err(PolicyError::Receiver { route: route.path.clone(), found: found.clone() });
        }
        if route.to.is_empty() && !route.to_contractor && route.below.is_empty() {
            return Err(PolicyError::Nobody(route.path.clone()));
        }
        route.below.iter().try_for_each(|below| self.check(below))
    }

    /// Whom the limit on storms protects: the contractor, else the receiver itself.
    pub(super) fn protected<'a>(&'a self, receiver: &'a ChannelName) -> &'a str {
        self.receiver(receiver).and_then(|r| r.contractor.as_deref()).unwrap_or(receiver.as_str())
    }

    /// Whose a zone is, and how well that is known or why it is not.
    pub(super) fn contractor(&self, zone: &Zone, at: Timestamp) -> (Option<String>, String) {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at.millis()) else {
            return (None, "the instant has no date".to_owned());
        };
        match self.territories.contractor(zone.as_str(), instant.to_zoned(self.zone.clone()).date()) {
            Ok((name, status)) => (Some(name.to_owned()), format!("{status:?}").to_lowercase()),
            Err(error) => (None, error.to_string()),
        }
    }

    /// Where a step goes. A route whose receivers are not to be found (a contractor without any) is passed
    /// over, so that nothing is told to nobody.
    pub(super) fn route(&self, facts: &Facts<'_>) -> Vec<Hop<'_>> {
        let of = |contractor: &str| {
            let theirs = |r: &&Receiver| r.contractor.as_deref() == Some(contractor);
            self.receivers.iter().filter(theirs).map(|r| r.name.clone()).collect()
        };
        let mut hops = Vec::new();
        walk(&self.routes, facts, &of, &mut hops);
        hops.retain(|hop| !hop.receivers.is_empty());
        hops
    }
}

/// Routes in a tree; none where it is deeper than `depth`.
fn count(routes: &[RouteSettings], depth: usize) -> Option<usize> {
    if routes.is_empty() {
        return Some(0);
    }
    let depth = depth.checked_sub(1)?;
    routes.iter().try_fold(routes.len(), |sum, route| Some(sum.saturating_add(count(&route.route, depth)?)))
}
