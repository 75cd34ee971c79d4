//! A scenario against a platform that runs elsewhere: published to its broker or endpoint as a backlog that ends now, and
//! compared by its API.
//!
//! What such a run cannot see is not judged: when a message was heard is the platform's affair, so a time that cannot be
//! believed stands where nobody can foretell, and lateness is not compared; and others may publish too.

use std::time::{Duration, Instant};

use ports::{AlertView, Clock, Status, SystemClock};
use schemas::{Flaw, Timestamp};
use serde::Deserialize;
use simulators::{Comparison, Destiny, Expected, Scenario};

use super::Traffic;
use super::report::{self, Finding, Outcome, none_of};
use crate::ask::{Lines, range};
use crate::broker::{Broker, Pace, Publisher, Speed};
use crate::city::{City, encoded};
use crate::cpu;
use crate::failure::{Code, Failure};
use crate::memory::Resident;
use crate::moving::passing_defaults;

/// How long a platform may take to work off what it was given.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is asked how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// The platform.
pub(super) struct Remote<'a> {
    pub(super) broker: &'a Broker,
    pub(super) pace: &'a Pace,
    pub(super) api: &'a str,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<AlertView>,
}

pub(super) async fn run(remote: &Remote<'_>, name: &str, scenario: &Scenario) -> Result<Outcome, Failure> {
    if !scenario.acts.is_empty() {
        return Err(Failure::new(Code::Settings, format!("the scenario {name} does something to the platform"))
            .hint("against a platform that runs elsewhere only scenarios without [[act]] can be played"));
    }
    if !scenario.rules.is_empty() {
        return Err(Failure::new(Code::Settings, format!("the scenario {name} has rules of its own"))
            .hint("a platform that runs elsewhere judges by the rules that it has: give them to it, and leave them out here"));
    }
    let (began, cpu) = (Instant::now(), cpu::seconds());
    let mut scenario = scenario.clone();
    scenario.world.start = SystemClock.now().minus(scenario.world.lasts);
    let api = City::at(remote.api.trim_end_matches('/').to_owned());
    let before: Status = api.object("/api/v1/status").await?;
    let mut traffic = Traffic::new(&scenario, 1, scenario.step);
    let mut publisher = Publisher::connect(remote.broker, remote.pace, scenario.world.start, Speed::MAX).await?;
    let mut expected = Expected::default();
    while let Some(step) = tokio::task::block_in_place(|| traffic.next()) {
        for sent in step.sent {
            if !is_unforeseeable(&sent.destiny) {
                expected.hear(&sent);
            } else {
                expected.sent += 1;
            }
            if sent.destiny != Destiny::Lost {
                publisher.publish(u64::from(sent.device), sent.topic, sent.payload, sent.heard).await?;
            }
        }
    }
    publisher.finish().await?;
    let after = settled(&api, before.identity.received + expected.sent).await?;
    let (messages, quarantined) = (expected.sent, expected.quarantined());
    let mut findings = account(&before, &after, messages, quarantined);
    let readings = compare(&mut findings, &api, traffic.city(), &mut expected).await?;
    let alerts = alerts(&mut findings, &api, &scenario).await?;
    Ok(Outcome {
        scenario: name.to_owned(),
        ok: findings.iter().all(|finding| finding.ok),
        about: scenario.about,
        messages,
        readings,
        alerts,
        seconds: began.elapsed().as_secs_f64(),
        cpu_seconds: cpu::seconds() - cpu,
        memory_bytes: Resident::own().most,
        findings,
    })
}

/// Whether it stands at an instant that only the platform knows.
fn is_unforeseeable(destiny: &Destiny) -> bool {
    let Destiny::Read(told) = destiny else { return false };
    told.values.first().is_some_and(|(quantity, _, value)| told.quality(*quantity, *value).has(Flaw::ClockSuspect))
}

/// Waits until so many messages have come and every reader has passed them.
async fn settled(api: &City, received: u64) -> Result<Status, Failure> {
    let began = Instant::now();
    loop {
        let status: Status = api.object("/api/v1/status").await?;
        if status.identity.received >= received && status.readers.iter().all(|r| r.lag == 0 || r.name == "live") {
            return Ok(status);
        }
        if began.elapsed() > PATIENCE {
            let text = format!("the platform has {} of {received} messages after five minutes", status.identity.received);
            return Err(Failure::new(Code::Failed, text));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn account(before: &Status, after: &Status, sent: u64, quarantined: u64) -> Vec<Finding> {
    let received = after.identity.received - before.identity.received;
    let aside = |s: &Status| s.identity.quarantined + s.identity.refused;
    let put_aside = aside(after).saturating_sub(aside(before));
    let finding = |name: &str, ok: bool, text: String| Finding { name: name.to_owned(), ok, text };
    vec![
        report::account(&after.identity),
        finding("received", received >= sent, format!("{received} messages received, expected {sent} or more")),
        finding(
            "quarantined",
            put_aside >= quarantined,
            format!("{put_aside} messages put aside or refused, expected {quarantined} or more"),
        ),
    ]
}

async fn compare(
    findings: &mut Vec<Finding>,
    api: &City,
    city: &simulators::City,
    expected: &mut Expected,
) -> Result<u64, Failure> {
    let Some((from, to)) = expected.span() else { return Ok(0) };
    let mut comparison = Comparison::new(expected, city).only(&[Flaw::OutOfRange]);
    let path = format!("/api/v1/readings?format=ndjson{}", range(Some(from), Some(to)));
    let (mut lines, defaults) = (Lines::new(api.ask(&path).await?), passing_defaults()?);
    while let Some(line) = lines.next().await? {
        let reading = exchange::line(&line, &defaults).map_err(|why| Failure::new(Code::Failed, why))?;
        comparison.see(&reading);
    }
    let right = format!("{} readings are as they were said", comparison.equal);
    let missing = comparison.missing();
    let mut lost = none_of("no_loss", "readings are missing", &missing, right.clone());
    if !lost.ok {
        lost.text += "; are the devices known there? `marsad simulate --catalogue` writes their list";
    }
    findings.push(lost);
    findings.push(none_of("values", "readings are not as they must be", &comparison.different, right));
    Ok(comparison.equal)
}

/// The alerts that must have fired. How many did.
async fn alerts(findings: &mut Vec<Finding>, api: &City, scenario: &Scenario) -> Result<usize, Failure> {
    let mut fired = 0;
    for must in &scenario.expect.alerts {
        let due = scenario.world.start.plus(must.at);
        let by = due.plus(must.within);
        let (rule, device) = (encoded(must.rule.as_str()), encoded(must.device.as_str()));
        let path = format!("/api/v1/alerts?phase=firing,resolved&rule={rule}&device={device}&limit=1000");
        let found: Alerts = api.object(&path).await?;
        let times: Vec<Timestamp> = found.alerts.iter().filter_map(|alert| alert.fired_at).collect();
        let ok = times.iter().any(|at| (due..=by).contains(at));
        fired += usize::from(ok);
        let told: Vec<String> = times.iter().map(ToString::to_string).collect();
        let told = if told.is_empty() { "never".to_owned() } else { told.join(", ") };
        let text = format!("expected from {due} to {by}, it fired {told}");
        findings.push(Finding { name: format!("alert.{}.{}", must.rule, must.device), ok, text });
    }
    Ok(fired)
}
