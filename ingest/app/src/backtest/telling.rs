//! What would have been told: the planner of the running program, over what a back-test decides, in the time of the
//! readings. Nothing is kept and nothing leaves.
//!
//! Deliberately absent: what people did (silences, acknowledgements, maintenance): a back-test shows what rules and
//! settings do by themselves.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use notify::plan::{Outcome, Planner};
use notify::render;
use ports::{Because, Language, Mark, Notification, Posted, Reason, Step};
use schemas::{ChannelName, Phase, Timestamp, Transition};
use serde_json::{Value, json};
use settings::Settings;

use crate::failure::{Code, Failure};

/// How long an alert that is over is remembered: longer than anything waits for the morning, a storm or calm.
const REMEMBERED: Duration = Duration::from_secs(4 * 86_400);

/// A step, and what was found on the way to telling it.
struct Told {
    transition: Transition,
    chain: Vec<Because>,
}

/// The planner, in the time of the readings.
pub(super) struct Telling {
    planner: Planner,
    language: BTreeMap<ChannelName, Language>,
    otherwise: Language,
    now: Timestamp,
    steps: BTreeMap<u64, Told>,
    /// The steps of alerts that fire, and of those that are over, by when they ended.
    firing: BTreeMap<String, u64>,
    over: VecDeque<(Timestamp, u64)>,
    last: u64,
    ready: Vec<Message>,
}

impl Telling {
    pub(super) fn new(settings: &Settings, zone: &TimeZone) -> Result<Self, Failure> {
        let policy = notify::policy(&settings.notify, zone).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
        let otherwise = settings.notify.language;
        let language = settings.notify.receiver.iter().map(|r| (r.name.clone(), r.language.unwrap_or(otherwise)));
        Ok(Self {
            planner: Planner::new(Arc::new(policy)),
            language: language.collect(),
            otherwise,
            now: Timestamp::MIN,
            steps: BTreeMap::new(),
            firing: BTreeMap::new(),
            over: VecDeque::new(),
            last: 0,
            ready: Vec::new(),
        })
    }

    /// Takes in what was decided at an instant.
    pub(super) fn take(&mut self, at: Timestamp, t: &Transition) {
        self.pass(at);
        self.last += 1;
        if matches!(t.to, Phase::Firing | Phase::Resolved) {
            self.steps.insert(self.last, Told { transition: t.clone(), chain: Vec::new() });
            if t.to == Phase::Firing {
                self.firing.insert(t.alert.0.clone(), self.last);
            } else {
                let began = self.firing.remove(&t.alert.0);
                self.over.extend(began.into_iter().chain([self.last]).map(|step| (self.now, step)));
            }
        }
        let mut out = Outcome::default();
        self.planner.observe(self.last, t, None, self.now, &mut out);
        self.keep(out);
        while self.over.front().is_some_and(|(ended, _)| self.now.since(*ended) > REMEMBERED) {
            if let Some((_, step)) = self.over.pop_front() {
                self.steps.remove(&step);
            }
        }
    }

    /// Lets time go on: what is due on the way is told when it is due.
    pub(super) fn pass(&mut self, to: Timestamp) {
        while let Some(due) = self.planner.wake_at().filter(|due| *due <= to) {
            self.now = self.now.max(due);
            let mut out = Outcome::default();
            self.planner.advance(self.now, &mut out);
            self.keep(out);
        }
        self.now = self.now.max(to);
    }

    /// When the next thing would be told; none where nothing is left.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.planner.wake_at()
    }

    /// What was told since the last call, in order.
    pub(super) fn messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.ready)
    }

    fn keep(&mut self, out: Outcome) {
        for because in out.reasons {
            if let Some(told) = self.steps.get_mut(&because.step) {
                told.chain.push(because);
            }
        }
        for posted in out.posted {
            let message = self.message(posted);
            self.ready.push(message);
        }
    }

    fn message(&self, posted: Posted) -> Message {
        let told: Vec<&Told> = posted.steps.iter().filter_map(|step| self.steps.get(step)).collect();
        let steps: Vec<Step> = told.iter().map(|told| step(told, &posted)).collect();
        let chains: Vec<Vec<Because>> = told.iter().map(|told| why(&told.chain, &posted.receiver)).collect();
        let language = self.language.get(&posted.receiver).copied().unwrap_or(self.otherwise);
        let notification = Notification {
            number: 0,
            channel: posted.channels.first().unwrap_or(&posted.receiver).clone(),
            receiver: posted.receiver,
            id: posted.id,
            form: posted.form,
            steps,
            enclosed: None,
            attempts: 0,
            made_at: self.now,
            due: self.now,
            language,
            to: Vec::new(),
        };
        Message { at: self.now, channels: posted.channels, chains, notification }
    }
}

/// The links that concern everybody, a receiver, and the rotas in whose name it stands in.
fn why(chain: &[Because], receiver: &ChannelName) -> Vec<Because> {
    let stands_in = |of: &ChannelName| {
        let on_duty = |reason: &Reason| matches!(reason, Reason::OnDuty { person, .. } if person == receiver);
        chain.iter().any(|because| because.receiver.as_ref() == Some(of) && on_duty(&because.reason))
    };
    let concerns = |of: &ChannelName| of == receiver || stands_in(of);
    chain.iter().filter(|because| because.receiver.as_ref().is_none_or(concerns)).cloned().collect()
}

fn step(told: &Told, posted: &Posted) -> Step {
    let mark: Option<Mark> = told.chain.iter().rev().find_map(|because| match &because.reason {
        Reason::Posted { id, mark, .. } if *id == posted.id && because.receiver.as_ref() == Some(&posted.receiver) => {
            mark.clone()
        }
        _ => None,
    });
    Step { transition: told.transition.clone(), fired_at: None, mark }
}

/// A message that would have gone.
pub(super) struct Message {
    at: Timestamp,
    channels: Vec<ChannelName>,
    /// Why, of each step.
    chains: Vec<Vec<Because>>,
    notification: Notification,
}

impl Message {
    /// One line: when, to whom, over what, which steps, and why.
    pub(super) fn json(&self) -> Value {
        let n = &self.notification;
        let steps = n.steps.iter().zip(&self.chains).map(|(step, chain)| {
            let t = &step.transition;
            let links =
                chain.iter().map(|b| json!(ports::Link { at: b.at, receiver: b.receiver.clone(), reason: b.reason.clone() }));
            let mut row = json!({
                "id": t.id, "alert": t.alert, "rule": t.rule, "device": t.series.device, "to": t.to, "severity": t.severity,
                "at": t.at, "value": t.value, "chain": links.collect::<Vec<_>>(),
            });
            if let Some(mark) = &step.mark {
                row["mark"] = json!(mark);
            }
            row
        });
        json!({
            "at": self.at, "receiver": n.receiver, "channels": self.channels, "form": n.form, "key": n.key(),
            "text": render::headline(n, n.language), "steps": steps.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, channels) = (&self.notification, self.channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        let (at, receiver, form) = (self.at.to_string(), n.receiver.as_str(), n.form.code());
        write!(f, "{at:<24}  {receiver:<16}  {channels:<16}  {form:<8}  {}", render::headline(n, n.language))
    }
}
