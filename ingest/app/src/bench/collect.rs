//! `marsad bench collect`: from publish to durable, decoded, stored and judged, beside a bare subscriber.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use ports::{Clock, SystemClock};
use serde::Serialize;
use simulators::Load;

use super::child::{Marsad, Process, free_address};
use super::hose::{self, Door, Reel};
use super::scratch;
use crate::bench::args::{Collect, Route};
use crate::failure::{Code, Failure};

/// Connections of the generator.
const CONNECTIONS: u64 = 4;
/// Unacknowledged messages on each.
const WINDOW: u64 = 4096;
/// The first observation lies so far behind the start of a run.
pub(super) const BEHIND: Duration = Duration::from_secs(60);
/// How long a run may take before it counts as stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
pub(super) const SEED: u64 = 2026;

/// What one subscriber did with one load.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) messages_per_second: f64,
    pub(super) cpu_seconds_per_million: f64,
}

#[derive(Debug, Serialize)]
struct Row {
    route: &'static str,
    payload_bytes: usize,
    qos: u8,
    marsad: Figure,
    bare: Option<Figure>,
    /// Messages acknowledged per second, which is when they are on disk; stored and judged they are at
    /// Marsad's rate. Through the endpoint with QoS 1 only.
    acknowledged_per_second: Option<f64>,
    /// Marsad's rate over the bare subscriber's, same broker, same load.
    ratio: Option<f64>,
}

pub(crate) async fn collect(options: &Collect, json: bool) -> Result<(), Failure> {
    let broker = Command::new("mosquitto").arg("-h").output().is_ok();
    if !broker {
        eprintln!("mosquitto is not installed: only the endpoint is measured (Debian: apt-get install mosquitto)");
    }
    if !json {
        println!(
            "{} messages a run from {} devices; Marsad keeps, decodes, stores and judges each",
            options.messages, options.devices
        );
        println!("route      bytes  QoS   acked/s   marsad msg/s  cpu s/1M    bare msg/s  cpu s/1M   ratio");
    }
    let mut rows = Vec::new();
    let routes = options.route.map_or_else(|| vec![Route::Endpoint, Route::Mosquitto], |only| vec![only]);
    let sizes = options.payload.map_or_else(|| vec![100, 500], |only| vec![usize::from(only)]);
    let levels = options.qos.map_or_else(|| vec![1, 0], |only| vec![only]);
    let cases = levels.iter().flat_map(|qos| sizes.iter().map(move |bytes| (*bytes, *qos)));
    for (bytes, qos) in cases {
        for route in routes.iter().copied().filter(|route| broker || *route == Route::Endpoint) {
            let spinner = ProgressBar::new_spinner().with_message(format!("{}, {bytes} B, QoS {qos}", route.name()));
            spinner.enable_steady_tick(Duration::from_millis(200));
            // A little in the past, and anew for each run: what is heard long after it was observed is judged as late.
            let load = Load::new(SEED, options.devices, bytes).starting(SystemClock.now().minus(BEHIND));
            let row = measure(route, &load, options.messages, bytes, qos).await;
            spinner.finish_and_clear();
            let row = row?;
            if !json {
                tell(&row);
            }
            rows.push(row);
        }
    }
    if json {
        println!("{}", serde_json::json!({ "messages": options.messages, "devices": options.devices, "rows": rows }));
    }
    Ok(())
}

fn tell(row: &Row) {
    let Row { marsad, .. } = row;
    let bare = row.bare.map_or_else(
        || format!("{:>12}  {:>8}", "-", "-"),
        |b| format!("{:>12.0}  {:>8.2}", b.messages_per_second, b.cpu_seconds_per_million),
    );
    let ratio = row.ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}"));
    let acknowledged = row.acknowledged_per_second.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
    println!(
        "{:<9}  {:>5}  {:>3}  {acknowledged:>8}   {:>12.0}  {:>8.2}  {bare}   {ratio:>5}",
        row.route, row.payload_bytes, row.qos, marsad.messages_per_second, marsad.cpu_seconds_per_million
    );
}

async fn measure(route: Route, load: &Load, messages: u64, payload_bytes: usize, qos: u8) -> Result<Row, Failure> {
    let scratch = scratch()?;
    let mut acknowledged_per_second = None;
    let (marsad, bare) = if route == Route::Endpoint {
        let (marsad, acknowledged) = through_endpoint(scratch.path(), load, messages, qos).await?;
        acknowledged_per_second = (qos > 0).then_some(acknowledged.messages_per_second);
        (marsad, None)
    } else {
        let marsad = through_broker(scratch.path(), load, messages, qos, Subscriber::Marsad).await?;
        (marsad, Some(through_broker(scratch.path(), load, messages, qos, Subscriber::Bare).await?))
    };
    let ratio = bare.map(|b| marsad.messages_per_second / b.messages_per_second);
    Ok(Row { route: route.name(), payload_bytes, qos, marsad, bare, acknowledged_per_second, ratio })
}

pub(super) fn reels(load: &Load, messages: u64, qos: u8) -> Vec<Reel> {
    let each = messages / CONNECTIONS;
    (0..CONNECTIONS)
        .map(|number| {
            let rest = u64::from(number < messages % CONNECTIONS);
            Reel::new(load, number, CONNECTIONS, each + rest, qos)
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
pub(super) fn figure(messages: u64, took: Duration, cpu: f64) -> Figure {
    Figure { messages_per_second: messages as f64 / took.as_secs_f64(), cpu_seconds_per_million: cpu * 1e6 / messages as f64 }
}

pub(super) async fn pour(door: &Door, reels: Vec<Reel>) -> Result<(), Failure> {
    hose::run(door, reels, WINDOW).await.map_err(|cause| Failure::new(Code::Failed, format!("the generator broke off: {cause}")))
}

async fn through_endpoint(directory: &Path, load: &Load, messages: u64, qos: u8) -> Result<(Figure, Figure), Failure> {
    let marsad = Marsad::start(directory, "").await?;
    let reels = reels(load, messages, qos);
    let (began, cpu) = (Instant::now(), marsad.process.cpu());
    pour(&Door::open_to_all(marsad.mqtt), reels).await?;
    let acknowledged = figure(messages, began.elapsed(), marsad.process.cpu() - cpu);
    marsad.settled(messages, PATIENCE).await?;
    Ok((figure(messages, began.elapsed(), marsad.process.cpu() - cpu), acknowledged))
}

#[derive(Clone, Copy)]
enum Subscriber {
    Marsad,
    Bare,
}

async fn through_broker(
    directory: &Path,
    load: &Load,
    messages: u64,
    qos: u8,
    subscriber: Subscriber,
) -> Result<Figure, Failure> {
    let address = free_address()?;
    let _broker = broker(directory, address).await?;
    let reels = reels(load, messages, qos);
    match subscriber {
        Subscriber::Marsad => {
            let settings = format!(
                "[[collector]]\nname = \"bench\"\nurl = \"mqtt://{address}\"\nclient_id = \"marsad-bench\"\nfilters = [\"marsad/#\"]\nqos = {qos}\n"
            );
            let place = directory.join("marsad");
            std::fs::create_dir(&place).map_err(|cause| Failure::new(Code::Disk, cause.to_string()))?;
            let marsad = Marsad::start(&place, &settings).await?;
            subscribed(&marsad).await?;
            let (began, cpu) = (Instant::now(), marsad.process.cpu());
            pour(&Door::open_to_all(address), reels).await?;
            marsad.settled(messages, PATIENCE).await?;
            Ok(figure(messages, began.elapsed(), marsad.process.cpu() - cpu))
        }
        Subscriber::Bare => {
            let mut command = Command::new(std::env::current_exe().map_err(|e| Failure::new(Code::Failed, e.to_string()))?);
            command.args([
                "bench",
                "bare",
                "--broker",
                &address.to_string(),
                "--qos",
                &qos.to_string(),
                "--messages",
                &messages.to_string(),
            ]);
            let mut peer = Process::start_to_hear(&mut command)?;
            peer.hear("subscribed")?;
            let (began, before) = (Instant::now(), peer.cpu());
            // The child is heard from a thread of its own while this one publishes.
            let counted = tokio::task::spawn_blocking(move || peer.hear("counted").map(|()| (peer.cpu(), Instant::now())));
            pour(&Door::open_to_all(address), reels).await?;
            let counted = tokio::time::timeout(PATIENCE, counted).await;
            let counted = counted.map_err(|_| Failure::new(Code::Failed, "the bare subscriber did not get all messages"))?;
            let (after, ended) = counted.map_err(|cause| Failure::new(Code::Failed, cause.to_string()))??;
            Ok(figure(messages, ended - began, after - before))
        }
    }
}

/// A broker that loses nothing: windows and queues are wide.
async fn broker(directory: &Path, address: SocketAddr) -> Result<Process, Failure> {
    let file = directory.join("mosquitto.conf");
    let text = format!(
        "listener {} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 20000\nmax_queued_messages 0\npersistence false\nset_tcp_nodelay true\n",
        address.port()
    );
    std::fs::write(&file, text).map_err(|cause| Failure::new(Code::Disk, cause.to_string()))?;
    let process = Process::start(Command::new("mosquitto").arg("-c").arg(&file))?;
    let began = Instant::now();
    while hose::open(address, "marsad-bench-knock").await.is_err() {
        if began.elapsed() > Duration::from_secs(10) {
            return Err(Failure::new(Code::Unavailable, "mosquitto does not answer within 10 s"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(process)
}

async fn subscribed(marsad: &Marsad) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let status = marsad.status().await;
        if status.is_some_and(|s| s.sources.iter().any(|source| source.name == "bench" && source.up)) {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(10) {
            return Err(Failure::new(Code::Unavailable, "the collector has not subscribed within 10 s"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
