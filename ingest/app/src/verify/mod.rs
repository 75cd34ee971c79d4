//! `marsad verify`: scenarios against the platform, and every reading, reason and alert against the ground truth.

mod books;
mod door;
mod doubted;
mod hands;
mod judge;
mod lenient;
mod mutant;
mod reached;
mod remote;
mod report;
mod stage;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use schemas::{Message, Provenance, Qos, Timestamp};
use settings::Settings;
use simulators::{Act, ActKind, Destiny, Expected, SHIPPED, Scenario, Sent};
use tokio::sync::mpsc;

use crate::broker::{Broker, Pace};
use crate::cpu;
use crate::failure::{Code, Failure, unwritable};
use crate::fit;
use crate::memory::Resident;
use crate::progress::Progress;
use crate::simulate::{Step, Traffic, scenario};
use mutant::{MUTANTS, Mutant};
use remote::Remote;
use report::Outcome;
use stage::Stage;

/// Steps that are played ahead of the platform: while so many wait, the scenario waits.
const AHEAD: usize = 8;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Scenarios of the program, or files of one
    #[arg(value_name = "SCENARIO", required_unless_present_any = ["all", "list", "mutants"])]
    scenarios: Vec<String>,
    /// All scenarios of the program but heavy ones, which take minutes and gigabytes and are played where they are named
    #[arg(long, conflicts_with = "scenarios")]
    all: bool,
    /// Name the scenarios of the program and what each shows
    #[arg(long, exclusive = true)]
    list: bool,
    /// Another seed than the scenario's: another city, to which the same must happen
    #[arg(long)]
    seed: Option<u64>,
    /// So many devices in place of the scenario's, 1 to 1,000,000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: Option<u32>,
    /// Write the report as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Say of everything that was checked what was found, and not only of what failed
    #[arg(long, short)]
    verbose: bool,
    /// Verify the platform at this address by its API, such as http://localhost:8080; its scenarios go to --broker
    #[arg(long, value_name = "URL", requires = "url", conflicts_with = "mutant")]
    api: Option<String>,
    #[command(flatten)]
    broker: Option<Broker>,
    #[command(flatten)]
    pace: Pace,
    /// Switch one thing of the platform off: the scenario must fail then
    #[arg(long, hide = true, value_name = "NAME")]
    mutant: Option<String>,
    /// Name the mutants, what each lacks, and which scenario notices
    #[arg(long, hide = true, exclusive = true)]
    mutants: bool,
}

pub(crate) async fn verify(settings: &Settings, options: &Verify, json: bool) -> Result<(), Failure> {
    if options.list {
        return list(json);
    }
    if options.mutants {
        return mutants();
    }
    let mutant = options.mutant.as_deref().map(named).transpose()?;
    let names: Vec<&str> = match options.all {
        true => SHIPPED.iter().map(|(name, _)| *name).collect(),
        false => options.scenarios.iter().map(String::as_str).collect(),
    };
    let mut outcomes = Vec::new();
    for name in names {
        let mut played = scenario(name)?;
        if options.all && played.heavy {
            continue;
        }
        played.world.seed = options.seed.unwrap_or(played.world.seed);
        played.world.devices = options.devices.unwrap_or(played.world.devices);
        let (began, cpu) = (Instant::now(), cpu::seconds());
        let ran = match (&options.api, &options.broker) {
            (Some(api), Some(broker)) => remote::run(&Remote { broker, pace: &options.pace, api }, name, &played).await,
            (None, None) => run(settings, name, &played, mutant).await,
            _ => return Err(Failure::new(Code::Usage, "--broker needs --api: what came of it is asked there")),
        };
        let outcome = match ran {
            Ok(outcome) => outcome,
            // Settings that are wrong are no finding about the platform.
            Err(failure) if matches!(failure.code, Code::Settings | Code::Usage | Code::Unavailable) => return Err(failure),
            Err(failure) => Outcome::broken(name, &played.about, failure.sentence, began.elapsed(), cpu::seconds() - cpu),
        };
        let text = if json {
            serde_json::to_string(&outcome).map_err(|e| Failure::new(Code::Failed, e.to_string()))? + "\n"
        } else {
            outcome.text(options.verbose)
        };
        write!(std::io::stdout(), "{text}").map_err(unwritable)?;
        outcomes.push(outcome);
    }
    if let Some(path) = &options.junit {
        std::fs::write(path, report::junit(&outcomes))
            .map_err(|cause| Failure::new(Code::Failed, format!("{} cannot be written: {cause}", path.display())))?;
    }
    let failed: Vec<&str> = outcomes.iter().filter(|o| !o.ok).map(|o| o.scenario.as_str()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("{} of {} scenarios failed: {}", failed.len(), outcomes.len(), failed.join(", "))))
}

fn list(json: bool) -> Result<(), Failure> {
    for (name, _) in &SHIPPED {
        let Scenario { about, heavy, .. } = scenario(name)?;
        let line = if json {
            serde_json::json!({ "scenario": name, "about": about, "heavy": heavy }).to_string()
        } else {
            format!("{name:<24} {about}{}", if heavy { " (heavy: not among --all)" } else { "" })
        };
        writeln!(std::io::stdout(), "{line}").map_err(unwritable)?;
    }
    Ok(())
}

fn mutants() -> Result<(), Failure> {
    for Mutant { name, about, caught_by, .. } in &MUTANTS {
        writeln!(std::io::stdout(), "{name}\t{caught_by}\t{about}").map_err(unwritable)?;
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Mutant, Failure> {
    let found = MUTANTS.iter().find(|mutant| mutant.name == name);
    found.ok_or_else(|| Failure::new(Code::Usage, format!("there is no mutant {name}")))
}

/// Something that is done to the platform at an instant.
#[derive(Clone, Copy)]
enum Cue {
    Away(bool),
    Restart,
    PowerLoss,
}

/// What is done to the platform, in order.
fn cues(scenario: &Scenario) -> Vec<(Timestamp, Cue)> {
    let at = |after: Duration| scenario.world.start.plus(after);
    let mut cues: Vec<_> = scenario
        .acts
        .iter()
        .flat_map(|Act { what, at: begins, lasts }| match what {
            ActKind::StoreAway => {
                vec![(at(*begins), Cue::Away(true)), (at(*begins + lasts.unwrap_or_default()), Cue::Away(false))]
            }
            ActKind::Restart => vec![(at(*begins), Cue::Restart)],
            ActKind::PowerLoss => vec![(at(*begins), Cue::PowerLoss)],
        })
        .collect();
    cues.sort_by_key(|(at, _)| *at);
    cues
}

fn message(sent: Sent) -> Message {
    let provenance = Provenance { qos: Qos::AtLeastOnce, retain: sent.is_retained(), ..Provenance::default() };
    Message { topic: sent.topic.into(), payload: sent.payload.into(), received_at: sent.heard, provenance }
}

/// Plays a scenario ahead of the platform, and keeps what must come of it.
fn play(mut traffic: Traffic, way: &mpsc::Sender<Step>) -> Expected {
    let mut expected = Expected::default();
    while let Some(step) = traffic.next() {
        step.sent.iter().for_each(|sent| expected.hear(sent));
        // Whoever hears no more has failed, and says why himself.
        if way.blocking_send(step).is_err() {
            break;
        }
    }
    expected
}

async fn run(settings: &Settings, name: &str, scenario: &Scenario, mutant: Option<&Mutant>) -> Result<Outcome, Failure> {
    let (began, cpu) = (Instant::now(), cpu::seconds());
    let own = [(name, scenario.rules.as_str())];
    let checked = fit::check(settings, if scenario.rules.is_empty() { &[] } else { &own })?;
    let traffic = Traffic::new(scenario, 1, scenario.step);
    let city = traffic.city().clone();
    let mut stage = Stage::open(settings, checked, city.catalogue(), scenario, mutant)?;
    let (way, mut steps) = mpsc::channel(AHEAD);
    let player = tokio::task::spawn_blocking(move || play(traffic, &way));
    let mut cues = cues(scenario).into_iter().peekable();
    let progress = Progress::of("s of the city's time");
    while let Some(Step { to, sent }) = steps.recv().await {
        let mut messages: Vec<Message> = sent.into_iter().filter(|sent| sent.destiny != Destiny::Lost).map(message).collect();
        let quiet_until = messages.first().map_or(to, |first| first.received_at);
        while let Some((at, cue)) = cues.next_if(|(at, _)| *at < to) {
            // A step may begin with a long silence.
            stage.hear(Vec::new(), at.min(quiet_until)).await?;
            match cue {
                Cue::Away(away) => stage.set_store_away(away)?,
                Cue::Restart => stage.restart().await?,
                Cue::PowerLoss => stage.lose_power(std::mem::take(&mut messages), scenario.world.seed).await?,
            }
        }
        stage.hear(messages, to).await?;
        progress.at(to.since(scenario.world.start).as_secs(), scenario.world.lasts.as_secs());
    }
    drop(progress);
    let expected = player.await.map_err(|cause| Failure::new(Code::Failed, format!("the scenario cannot be played: {cause}")))?;
    // Whatever was to come: the store is back, and time alone has decided what it could.
    stage.set_store_away(false)?;
    stage.restart().await?;
    stage.rest().await?;
    let messages = expected.sent;
    // What rules remember is no more needed, and of a million devices it is half of the memory.
    let identity = stage.identity()?;
    stage.stop().await?;
    let judgement = judge::judge(scenario, &city, expected, &stage, &identity).await?;
    Ok(Outcome {
        scenario: name.to_owned(),
        ok: judgement.findings.iter().all(|finding| finding.ok),
        about: scenario.about.clone(),
        messages,
        readings: judgement.readings,
        alerts: judgement.alerts,
        seconds: began.elapsed().as_secs_f64(),
        cpu_seconds: cpu::seconds() - cpu,
        memory_bytes: Resident::own().most,
        findings: judgement.findings,
    })
}
