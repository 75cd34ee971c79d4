//! Compares what a platform made of a scenario with what must have come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ports::{Identity, Page, Quarantine, QuarantineFilter};
use schemas::{AlertId, Phase, Timestamp, Transition};
use simulators::{City, Comparison, Expected, Scenario};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::doubted;
use super::report::{self, Finding, equal, none_of, times};
use super::stage::Stage;
use crate::failure::{Code, Failure};

/// Readings are compared so much of their time at once.
const SLICE: Duration = Duration::from_secs(3600);
/// Transitions that are read at once.
const ROWS: usize = 10_000;

/// What was found, and how many readings and alerts there are.
pub(super) struct Judgement {
    pub(super) findings: Vec<Finding>,
    pub(super) readings: u64,
    pub(super) alerts: usize,
}

/// Judges a stage that was stopped, and the account that it had then.
pub(super) async fn judge(
    scenario: &Scenario,
    city: &City,
    mut expected: Expected,
    stage: &Stage,
    identity: &Identity,
) -> Result<Judgement, Failure> {
    let mut findings = account(identity, &expected, stage.repeated);
    findings.push(quarantine(&expected, stage)?);
    let (flaws, readings) = compare(&mut findings, city, &mut expected, stage).await?;
    for code in &scenario.expect.flaws {
        let found = flaws.get(code.as_str()).copied().unwrap_or(0);
        findings.push(Finding { name: format!("flaw.{code}"), ok: found > 0, text: format!("{found} readings have it") });
    }
    // Whoever reads single meters leaves a note of it, which is of no interest here.
    let doubted = doubted::judged(scenario, city, &expected, stage).with_subscriber(NoSubscriber::default());
    findings.extend(doubted.await?);
    for code in &scenario.expect.quarantined {
        let found = expected.aside.get(code.as_str()).copied().unwrap_or(0);
        let text = format!("{found} messages must wait for this reason");
        findings.push(Finding { name: format!("quarantined.{code}"), ok: found > 0, text });
    }
    let alerts = alerts(scenario, &mut findings, stage)?;
    Ok(Judgement { findings, readings, alerts })
}

/// The account: exactly, or where messages had to be sent again, within what that can change.
fn account(identity: &Identity, expected: &Expected, repeated: u64) -> Vec<Finding> {
    let Identity { received, stored, duplicate, quarantined, .. } = *identity;
    let balances = report::account(identity);
    if repeated > 0 {
        let most = expected.sent + repeated;
        let ok = (expected.sent..=most).contains(&received);
        let text = format!("{received} received, expected {} to {most}, as {repeated} were sent again", expected.sent);
        return vec![balances, Finding { name: "received".to_owned(), ok, text }];
    }
    vec![
        balances,
        equal("received", "messages received", received, expected.sent),
        equal("stored", "messages gave something new", stored, expected.stored),
        equal("duplicates", "messages gave nothing new", duplicate, expected.duplicate),
        equal("quarantined", "messages wait in the quarantine", quarantined, expected.quarantined()),
    ]
}

/// Whether each waits for the reason for which it must.
fn quarantine(expected: &Expected, stage: &Stage) -> Result<Finding, Failure> {
    let rows = stage.register.page(&QuarantineFilter::default(), 0..u64::MAX, Page::WHOLE);
    let rows = rows.map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    rows.iter().for_each(|row| *found.entry(row.reason.as_ref()).or_default() += 1);
    let codes: BTreeSet<&str> = found.keys().copied().chain(expected.aside.keys().copied()).collect();
    let count = |of: &BTreeMap<&str, u64>, code: &str| of.get(code).copied().unwrap_or(0);
    let wrong = |code: &&str| {
        let (is, must) = (count(&found, code), count(&expected.aside, code));
        // What was sent again may wait twice.
        is < must || is > must + stage.repeated
    };
    let wrong: Vec<String> = codes
        .into_iter()
        .filter(wrong)
        .map(|code| format!("{code} {} times, expected {}", count(&found, code), count(&expected.aside, code)))
        .collect();
    let known: Vec<String> = found.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let text = if known.is_empty() { "nothing waits".to_owned() } else { known.join(", ") };
    Ok(none_of("reasons", "reasons are not as they must be", &wrong, text))
}

/// Every reading: none missing, none invented, none with another value or other doubts. How often each flaw was found, and
/// how many readings there are.
async fn compare(
    findings: &mut Vec<Finding>,
    city: &City,
    expected: &mut Expected,
    stage: &Stage,
) -> Result<(BTreeMap<&'static str, u64>, u64), Failure> {
    let span = expected.span();
    let mut comparison = Comparison::new(expected, city);
    let mut slices = Vec::new();
    if let Some((first, end)) = span {
        slices.push(Timestamp::MIN..first);
        let mut from = first;
        while from < end {
            let to = from.plus(SLICE).min(end);
            slices.push(from..to);
            from = to;
        }
        slices.push(end..Timestamp::MAX);
    } else {
        slices.push(Timestamp::MIN..Timestamp::MAX);
    }
    for slice in slices {
        for reading in stage.stored(slice).await? {
            comparison.see(&reading);
        }
    }
    let right = format!("{} readings are as they were said", comparison.equal);
    findings.push(none_of("no_loss", "readings are missing", &comparison.missing(), right.clone()));
    findings.push(none_of("nothing_invented", "readings were never said", &comparison.invented, right.clone()));
    findings.push(none_of("values_and_doubts", "readings are not as they must be", &comparison.different, right));
    Ok((comparison.flaws, comparison.equal))
}

/// An alert that fired.
struct Fired {
    transition: Transition,
    resolved: Option<Timestamp>,
}

fn fired(stage: &Stage) -> Result<Vec<Fired>, Failure> {
    let mut episodes: BTreeMap<AlertId, Fired> = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = stage.register.transitions(after, ROWS).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
        let Some((last, _)) = rows.last() else { return Ok(episodes.into_values().collect()) };
        after = *last;
        for (_, transition) in rows {
            match transition.to {
                Phase::Firing => {
                    let id = transition.alert.clone();
                    episodes.entry(id).or_insert(Fired { transition, resolved: None });
                }
                Phase::Resolved => {
                    if let Some(fired) = episodes.get_mut(&transition.alert) {
                        fired.resolved = Some(transition.at);
                    }
                }
                Phase::Pending | Phase::Inactive => {}
            }
        }
    }
}

/// Whether alerts fired that must, when they must, and no more than may. How many fired.
fn alerts(scenario: &Scenario, findings: &mut Vec<Finding>, stage: &Stage) -> Result<usize, Failure> {
    let all = fired(stage)?;
    let start = scenario.world.start;
    for must in &scenario.expect.alerts {
        let (due, by) = (start.plus(must.at), start.plus(must.at + must.within));
        let of = |f: &&Fired| f.transition.rule == must.rule && f.transition.series.device == must.device;
        let found = all.iter().filter(of).find(|f| (due..=by).contains(&f.transition.at));
        let name = format!("alert.{}.{}", must.rule, must.device);
        let (ok, text) = match (found, must.over_by) {
            (None, _) => {
                let others: Vec<_> = all.iter().filter(of).map(|f| f.transition.at.to_string()).collect();
                let others = if others.is_empty() { "never".to_owned() } else { others.join(", ") };
                (false, format!("expected from {due} to {by}, it fired {others}"))
            }
            (Some(f), None) => (true, format!("fired at {}", f.transition.at)),
            (Some(f), Some(over)) => {
                let over = start.plus(over);
                let ok = f.resolved.is_some_and(|at| at <= over);
                let resolved = f.resolved.map_or_else(|| "is not over".to_owned(), |at| format!("was over at {at}"));
                (ok, format!("fired at {} and {resolved}, expected by {over}", f.transition.at))
            }
        };
        findings.push(Finding { name, ok, text });
    }
    for must in &scenario.expect.fires {
        let count = all.iter().filter(|f| must.takes(&f.transition.rule)).count();
        let ok = count >= must.at_least && must.at_most.is_none_or(|most| count <= most);
        let text = format!("fired {count} times, expected {}", times(must.at_least, must.at_most));
        findings.push(Finding { name: format!("fires.{}", must.rule), ok, text });
    }
    Ok(all.len())
}
