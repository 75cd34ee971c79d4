//! A planner in virtual time, by settings as a city writes them, and all that it said.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domains::waste::Territories;
use jiff::tz::TimeZone;
use ports::{Form, Reason};
use schemas::{Phase, Timestamp, Transition};

use super::{bare, channel, transition};
use crate::plan::{EscalationSettings, Outcome, Parts, Planner, Policy, Receiver, RouteSettings};

pub(super) fn receiver(name: &str, contractor: Option<&str>, sheltered: bool) -> Receiver {
    let via = vec![channel(&format!("{name}-way"))];
    Receiver { name: channel(name), via, contractor: contractor.map(str::to_owned), sheltered }
}

/// What a scene's settings may hold.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    route: Vec<RouteSettings>,
    #[serde(default)]
    escalation: Vec<EscalationSettings>,
    flapping: Option<crate::plan::Flapping>,
}

pub(super) fn policy(toml: &str) -> Arc<Policy> {
    policy_with(toml, Vec::new())
}

pub(super) fn policy_with(toml: &str, rotas: Vec<crate::rota::Rota>) -> Arc<Policy> {
    let receivers = vec![
        receiver("arma", Some("ARMA"), true),
        receiver("city", None, true),
        receiver("hook", None, false),
        receiver("desk", None, true),
    ];
    let File { route, escalation, flapping } = toml::from_str(toml).unwrap();
    Arc::new(Policy::new(Parts { rotas, flapping, quiet: Some(bare().quiet), ..parts(receivers, &route, &escalation) }).unwrap())
}

/// Without quiet hours.
pub(super) fn parts<'a>(
    receivers: Vec<Receiver>,
    routes: &'a [RouteSettings],
    escalations: &'a [EscalationSettings],
) -> Parts<'a> {
    let (storm, territories, zone) = (bare().storm, Territories::casablanca(), TimeZone::UTC);
    Parts { receivers, routes, escalations, rotas: Vec::new(), quiet: None, storm, flapping: None, territories, zone }
}

/// A planner, and all that it said.
pub(super) struct Scene {
    pub(super) planner: Planner,
    pub(super) out: Outcome,
    pub(super) steps: u64,
    pub(super) now: Timestamp,
    kept: BTreeMap<String, bytes::Bytes>,
}

impl Scene {
    pub(super) fn new(toml: &str, at: &str) -> Self {
        let (planner, out) = (Planner::new(policy(toml)), Outcome::default());
        Self { planner, out, steps: 0, now: at.parse().unwrap(), kept: BTreeMap::new() }
    }

    /// The program is killed and started again, perhaps with other routes.
    pub(super) fn restart(&mut self, policy: Arc<Policy>) {
        self.kept.extend(self.planner.take_dirty().unwrap());
        self.kept.retain(|_, bytes| !bytes.is_empty());
        let pieces: Vec<_> = self.kept.clone().into_iter().collect();
        self.planner = Planner::restore(policy, &pieces, self.now, &mut self.out).unwrap();
    }

    pub(super) fn tell(&mut self, change: impl FnOnce(&mut Transition), n: u32, to: Phase) -> u64 {
        let mut t = transition(n, to);
        t.notify = vec![channel("hook")];
        change(&mut t);
        self.steps += 1;
        self.planner.observe(self.steps, &t, None, self.now, &mut self.out);
        self.steps
    }

    pub(super) fn pass(&mut self, by: Duration) {
        let end = self.now.plus(by);
        while let Some(due) = self.planner.wake_at().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.planner.advance(self.now, &mut self.out);
        }
        self.now = end;
    }

    /// Receiver, form and steps of each message.
    pub(super) fn messages(&self) -> Vec<(&str, Form, &[u64])> {
        self.out.posted.iter().map(|p| (p.receiver.as_str(), p.form, p.steps.as_slice())).collect()
    }

    pub(super) fn reasons(&self, step: u64) -> Vec<&Reason> {
        self.out.reasons.iter().filter(|b| b.step == step).map(|b| &b.reason).collect()
    }
}

pub(super) const NOON: &str = "2026-11-21T12:00:00Z";
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A route for everything.
pub(super) const CITY: &str = "[[route]]\nname = \"all\"\nto = [\"city\"]\n";
