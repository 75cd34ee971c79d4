//! From publish to webhook: the program as a child process, devices that publish over MQTT at a steady rate, and amid them
//! now and then one that makes an alert fire. Measured from the write into the socket to the request that tells of it.
//!
//! The rule names its channel, so that nothing waits for others on purpose: what is measured is the way itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use ports::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use simulators::Load;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::super::child::Marsad;
use super::super::{hose, scratch};
use super::{Figures, in_f64};
use crate::failure::{Code, Failure};
use crate::progress::Progress;

/// Devices of the load; messages of 100 bytes and 3 readings, one minute in the past.
const DEVICES: u32 = 10_000;
const PAYLOAD: usize = 100;
const PAST: Duration = Duration::from_secs(60);
const SEED: u64 = 2026;
/// An alert so often: prime to the beat, so that they fall anywhere between two.
const EVERY: Duration = Duration::from_millis(47);
/// How long the last one may take.
const PATIENCE: Duration = Duration::from_secs(60);

const RULES: &str = r#"
[[rule]]
id = "bench.alarm"
severity = "emergency"
notify = ["hook"]
texts = { fr = "{device}", ar = "{device}", en = "{device}" }
when = { kind = "waste", quantity = "waste.fill" }
threshold = { at_least = 99, clear = 50 }
"#;

#[derive(Debug, Serialize)]
pub(super) struct Delivered {
    messages_per_second_wanted: u32,
    messages_per_second: f64,
    seconds: f64,
    alerts: usize,
    arrived: usize,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Of the child, over the time of the load.
    cpu_share_of_a_core: f64,
}

impl Figures for Delivered {
    const NAME: &'static str = "webhook";

    fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "publish to webhook at {:.0} messages/s ({} wanted) for {:.0} s: {} of {} alerts arrived",
                self.messages_per_second, self.messages_per_second_wanted, self.seconds, self.arrived, self.alerts
            ),
            format!("  p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", self.p50_ms, self.p99_ms, self.max_ms),
            format!("  the program took          {:>10.0} % of a core", self.cpu_share_of_a_core * 100.0),
        ]
    }
}

type Arrival = (Instant, String);

/// What is looked at in the body.
#[derive(Deserialize)]
struct Body {
    device: String,
}

async fn hear(State(heard): State<UnboundedSender<Arrival>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    match serde_json::from_slice::<Body>(&body) {
        // Nobody listens any more: the benchmark is over.
        Ok(body) => heard.send((at, body.device)).map_or(StatusCode::GONE, |()| StatusCode::NO_CONTENT),
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

fn broke(cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("the load broke off: {cause}"))
}

/// The receiver of the alerts: where it is, and what it hears. As many as there are alerts, so the queue has its bound.
async fn receiver() -> Result<(SocketAddr, UnboundedReceiver<Arrival>), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(broke)?;
    let address = listener.local_addr().map_err(broke)?;
    let (send, heard) = unbounded_channel();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/alerts", post(hear)).with_state(send)).await });
    Ok((address, heard))
}

fn settings(hook: SocketAddr) -> String {
    format!(
        "[rules]\nfiles = [\"alarm.toml\"]\n[[notify.channel]]\nname = \"log\"\ntype = \"log\"\n[[notify.channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://{hook}/alerts\"\n"
    )
}

/// Publishes the load at its rate until `until`; how many messages were written.
async fn pour(mqtt: SocketAddr, rate: u32, until: Instant) -> Result<u64, Failure> {
    let mut socket = hose::deaf(mqtt, "marsad-bench-load").await.map_err(broke)?;
    let load = Load::new(SEED, DEVICES, PAYLOAD).starting(SystemClock.now().minus(PAST));
    hose::steady(&mut socket, rate, until, &mut |n, topic, payload| load.publish(n, topic, payload)).await.map_err(broke)
}

/// Makes alerts fire, each of a device of its own, until `until`; when each was written.
async fn ring(mqtt: SocketAddr, until: Instant) -> Result<BTreeMap<String, Instant>, Failure> {
    let mut socket = hose::deaf(mqtt, "marsad-bench-alarm").await.map_err(broke)?;
    let (mut rung, mut every, mut bytes) = (BTreeMap::new(), tokio::time::interval(EVERY), Vec::new());
    while Instant::now() < until {
        every.tick().await;
        let device = format!("alarm-{:06}", rung.len());
        let (topic, now) = (format!("marsad/anfa/waste/{device}/up"), SystemClock.now().millis());
        bytes.clear();
        let payload = format!(r#"{{"v":1,"time":{now},"values":{{"waste.fill":99.5}}}}"#);
        let id = u16::try_from(rung.len() % 65_535 + 1).unwrap_or(1);
        hose::publish(&mut bytes, &topic, payload.as_bytes(), 1, id);
        rung.insert(device, Instant::now());
        socket.write_all(&bytes).await.map_err(broke)?;
    }
    Ok(rung)
}

/// How long each took, milliseconds, in order. A second arrival of the same is not looked at.
async fn times(mut rung: BTreeMap<String, Instant>, heard: &mut UnboundedReceiver<Arrival>) -> Vec<f64> {
    let (mut times, until) = (Vec::with_capacity(rung.len()), tokio::time::Instant::now() + PATIENCE);
    while !rung.is_empty() {
        let Ok(Some((at, device))) = tokio::time::timeout_at(until, heard.recv()).await else { break };
        if let Some(written) = rung.remove(&device) {
            times.push((at - written).as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

pub(super) async fn measure(rate: u32, seconds: u32) -> Result<Delivered, Failure> {
    let place = scratch()?;
    let (hook, mut heard) = receiver().await?;
    std::fs::write(place.path().join("alarm.toml"), RULES).map_err(broke)?;
    let marsad = Marsad::start(place.path(), &settings(hook)).await?;
    let progress = Progress::of("seconds");
    let (began, cpu) = (Instant::now(), marsad.process.cpu());
    let until = began + Duration::from_secs(u64::from(seconds));
    let watched = async {
        while Instant::now() < until {
            progress.at(began.elapsed().as_secs(), u64::from(seconds));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        (began.elapsed(), marsad.process.cpu() - cpu)
    };
    let (mqtt, whole) = (marsad.mqtt, tokio::spawn(pour(marsad.mqtt, rate, until)));
    let (rung, (took, cpu)) = tokio::join!(tokio::spawn(ring(mqtt, until)), watched);
    let (rung, sent) = (rung.map_err(broke)??, whole.await.map_err(broke)??);
    let alerts = rung.len();
    let times = times(rung, &mut heard).await;
    // Nearest rank.
    let rank = |per_cent: usize| times.get((times.len() * per_cent).div_ceil(100).max(1) - 1).copied().unwrap_or(f64::NAN);
    Ok(Delivered {
        messages_per_second_wanted: rate,
        messages_per_second: in_f64(sent) / took.as_secs_f64(),
        seconds: took.as_secs_f64(),
        alerts,
        arrived: times.len(),
        p50_ms: rank(50),
        p99_ms: rank(99),
        max_ms: rank(100),
        cpu_share_of_a_core: cpu / took.as_secs_f64(),
    })
}
