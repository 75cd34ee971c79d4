//! `marsad simulate`: a simulated city for others. The same scenario gives the same bytes on any number of threads.

mod outputs;
mod traffic;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::HumanCount;
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use simulators::{Destiny, Scenario};

pub(crate) use traffic::{Step, Traffic};

use crate::broker::{Broker, Pace, Publisher, Speed};
use crate::failure::{Code, Failure, unwritable};
use crate::progress::Progress;
use crate::recording::Recording;
use outputs::Sink;

/// Where nothing else is said: a Saturday in November, so that the same command gives the same bytes every day.
const START: &str = "2026-11-21T06:00:00Z";
/// How much virtual time is played at once.
const STEP: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// A scenario of the program (`marsad verify --list`) or a file of one; a quiet city where none is given
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// So many devices, 1 to 1,000,000 [default: the scenario's, else 60]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: Option<u32>,
    /// Another seed: another city [default: the scenario's, else 2026]
    #[arg(long)]
    seed: Option<u64>,
    /// Begin at this instant, RFC 3339, or `now` [default: the scenario's, else 2026-11-21T06:00:00Z; with --broker
    /// so that it begins now or, faster than time goes, ends now]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// For so long, such as 90m or 2d [default: the scenario's, else 1h]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    lasts: Option<Duration>,
    /// Threads that play it; the messages are the same for any number
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// Print the SHA-256 of all that is heard: instant, topic and payload of each message, in order
    #[arg(long)]
    hash: bool,
    /// Write messages as they are heard, one JSON object a line; `-` for standard output
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// Write the readings that must come of them, for `marsad backtest --readings`; `-` for standard output
    #[arg(long, value_name = "FILE")]
    readings: Option<PathBuf>,
    /// Write the ground truth: what was done to each message and what must become of it; `-` for standard output
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write a recording, for `marsad replay`
    #[arg(long, value_name = "DIR")]
    recording: Option<PathBuf>,
    /// Write the list of its devices, for `devices.files` of a platform that is to know them
    #[arg(long, value_name = "FILE.toml")]
    catalogue: Option<PathBuf>,
    #[command(flatten)]
    broker: Option<Broker>,
    #[command(flatten)]
    pace: Pace,
}

/// A span of time, such as `90m`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a span such as 90s, 15m, 6h or 2d".to_owned();
    let read: jiff::SignedDuration = match text.strip_suffix('d') {
        Some(days) => jiff::SignedDuration::from_hours(24 * days.trim().parse::<i64>().map_err(|_| wrong())?),
        None => text.parse().map_err(|_| wrong())?,
    };
    Duration::try_from(read).ok().filter(|span| !span.is_zero()).ok_or_else(wrong)
}

/// A scenario by its name among those of the program, else a file.
pub(crate) fn scenario(name: &str) -> Result<Scenario, Failure> {
    let wrong = |cause: String| Failure::new(Code::Settings, format!("the scenario {name}: {cause}"));
    if let Some((_, text)) = simulators::SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return Scenario::parse(text).map_err(|e| wrong(e.to_string()));
    }
    let text = std::fs::read_to_string(Path::new(name)).map_err(|cause| {
        Failure::new(Code::Usage, format!("there is no scenario {name}: {cause}"))
            .hint("`marsad verify --list` names those of the program; else it is a file")
    })?;
    Scenario::parse(&text).map_err(|e| wrong(e.to_string()))
}

impl Simulate {
    fn scenario(&self) -> Result<Scenario, Failure> {
        let start = START.parse().unwrap_or(Timestamp::MIN);
        let mut scenario = match &self.scenario {
            Some(name) => scenario(name)?,
            None => Scenario::quiet(2026, 60, start, Duration::from_secs(3600)),
        };
        let world = &mut scenario.world;
        world.devices = self.devices.unwrap_or(world.devices);
        world.seed = self.seed.unwrap_or(world.seed);
        world.lasts = self.lasts.unwrap_or(world.lasts);
        world.start = match self.start.as_deref() {
            Some("now") => SystemClock.now(),
            Some(text) => text.parse().map_err(|_| {
                Failure::new(Code::Usage, format!("--start {text}: expected RFC 3339 such as 2026-11-21T06:00:00Z, or now"))
            })?,
            // Faster than time goes, it ends now: no device is ahead of its clock.
            None if self.broker.is_some() && self.pace.speed.is_some_and(|speed| speed != Speed::REAL) => {
                SystemClock.now().minus(world.lasts)
            }
            None if self.broker.is_some() => SystemClock.now(),
            None => world.start,
        };
        Ok(scenario)
    }
}

/// All places to which a message may go.
struct Outlets {
    hash: Option<outputs::Hash>,
    messages: Option<Sink>,
    readings: Option<Sink>,
    truth: Option<Sink>,
    recording: Option<Recording>,
    publisher: Option<Publisher>,
}

pub(crate) async fn simulate(options: &Simulate, json: bool) -> Result<(), Failure> {
    let scenario = options.scenario()?;
    let mut traffic = Traffic::new(&scenario, options.threads, STEP);
    let quiet = !(options.hash || options.messages.is_some() || options.truth.is_some());
    let quiet = quiet && options.recording.is_none() && options.catalogue.is_none();
    // Where nothing is asked for, readings are.
    let readings = options.readings.clone().or_else(|| (quiet && options.broker.is_none()).then(|| PathBuf::from("-")));
    let file = |path: &Option<PathBuf>| path.as_deref().map(outputs::open).transpose();
    let mut outlets = Outlets {
        hash: options.hash.then(outputs::Hash::default),
        messages: file(&options.messages)?,
        readings: file(&readings)?,
        truth: file(&options.truth)?,
        recording: options.recording.as_deref().map(Recording::create).transpose()?,
        publisher: match &options.broker {
            Some(broker) => Some(Publisher::connect(broker, &options.pace, scenario.world.start, Speed::REAL).await?),
            None => None,
        },
    };
    if let Some(truth) = &mut outlets.truth {
        outputs::plans(truth, &scenario)?;
        outputs::emptyings(truth, traffic.city(), scenario.world.start, scenario.end())?;
    }
    if let Some(path) = &options.catalogue {
        outputs::catalogue(path, traffic.city())?;
    }
    let began = std::time::Instant::now();
    let progress = Progress::of("s of the city's time");
    let (mut messages, mut values) = (0_u64, 0_u64);
    while let Some(step) = tokio::task::block_in_place(|| traffic.next()) {
        let (told, said) = outlets.take(&traffic, step).await?;
        messages += told;
        values += said;
        let done = traffic.passed(scenario.world.start);
        progress.at(done.as_secs(), scenario.world.lasts.as_secs().max(done.as_secs()));
    }
    drop(progress);
    let hash = outlets.finish().await?;
    if let Some(hash) = &hash {
        let text = if json {
            serde_json::json!({ "sha256": hash, "messages": messages, "readings": values }).to_string()
        } else {
            hash.clone()
        };
        writeln!(std::io::stdout(), "{text}").map_err(unwritable)?;
    }
    let took = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = values as f64 / took.max(1e-9);
    eprintln!(
        "{} messages with {} readings of {} devices in {took:.1} s, {rate:.0} readings/s",
        HumanCount(messages),
        HumanCount(values),
        HumanCount(traffic.city().devices().len() as u64),
    );
    Ok(())
}

impl Outlets {
    /// Messages and readings that went out.
    async fn take(&mut self, traffic: &Traffic, step: Step) -> Result<(u64, u64), Failure> {
        let (mut messages, mut values) = (0, 0);
        for sent in step.sent {
            if let Some(truth) = &mut self.truth {
                outputs::truth(truth, traffic.city(), &sent)?;
            }
            if sent.destiny == Destiny::Lost {
                continue;
            }
            messages += 1;
            if let Some(hash) = &mut self.hash {
                hash.add(&sent);
            }
            if let Some(out) = &mut self.messages {
                outputs::message(out, &sent)?;
            }
            if let Destiny::Read(told) = &sent.destiny {
                values += told.values.len() as u64;
                if let Some(out) = &mut self.readings {
                    outputs::readings(out, traffic.city(), &sent, told)?;
                }
            }
            if let Some(recording) = &mut self.recording {
                recording.add(&sent.topic, &sent.payload, sent.heard)?;
            }
            if let Some(publisher) = &mut self.publisher {
                publisher.publish(u64::from(sent.device), sent.topic, sent.payload, sent.heard).await?;
            }
        }
        Ok((messages, values))
    }

    async fn finish(self) -> Result<Option<String>, Failure> {
        for mut out in [self.messages, self.readings, self.truth].into_iter().flatten() {
            out.flush().map_err(unwritable)?;
        }
        if let Some(recording) = self.recording {
            recording.finish()?;
        }
        if let Some(publisher) = self.publisher {
            publisher.finish().await?;
        }
        Ok(self.hash.map(outputs::Hash::text))
    }
}
