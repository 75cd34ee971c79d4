//! `marsad bench memory`: what idle connections and known devices cost.

use std::time::{Duration, Instant};

use ports::{Clock, SystemClock};
use simulators::Load;

use super::child::Marsad;
use super::hose::{self, Door, Reel};
use super::{raise_files, scratch};
use crate::bench::args::Memory;
use crate::failure::{Code, Failure};

/// How long working off everything may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn memory(options: &Memory, json: bool) -> Result<(), Failure> {
    raise_files(u64::from(options.connections) + 256);
    let scratch = scratch()?;
    let settings = format!("[endpoint]\nmax_connections = {0}\nmax_connections_per_address = {0}\n", options.connections + 16);
    let marsad = Marsad::start(scratch.path(), &settings).await?;
    let empty = marsad.process.resident();
    let failed = |cause: std::io::Error| Failure::new(Code::Failed, format!("the idle connections broke: {cause}"));
    let mut idle = Vec::with_capacity(options.connections as usize);
    for number in 0..options.connections {
        idle.push(hose::open(marsad.mqtt, &format!("idle-{number}")).await.map_err(failed)?);
    }
    let connected = marsad.process.resident();
    let load = Load::new(1, options.devices, 100).starting(SystemClock.now());
    let messages = u64::from(options.devices);
    hose::run(&Door::open_to_all(marsad.mqtt), vec![Reel::new(&load, 0, 1, messages, 1)], 4096).await.map_err(failed)?;
    // Devices are entered with the flush that makes their readings durable.
    let mut status = marsad.settled(messages, PATIENCE).await?;
    let began = Instant::now();
    while status.devices < u64::from(options.devices) && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        status = marsad.settled(messages, PATIENCE).await?;
    }
    let known = marsad.process.resident();
    drop(idle);
    let per = |bytes: u64, count: u32| bytes / u64::from(count.max(1));
    let (a, b) =
        (per(connected.saturating_sub(empty), options.connections), per(known.saturating_sub(connected), options.devices));
    if json {
        println!(
            "{}",
            serde_json::json!({ "empty_bytes": empty, "connected_bytes": connected, "known_bytes": known,
                "connections": options.connections, "devices": status.devices, "bytes_per_connection": a, "bytes_per_device": b })
        );
    } else {
        println!("resident, nothing connected        {:>8.1} MiB", mib(empty));
        println!("with {:>7} idle connections      {:>8.1} MiB, {a} bytes each", options.connections, mib(connected));
        println!("with {:>7} known devices besides {:>8.1} MiB, {b} bytes each, 3 series a device", status.devices, mib(known));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
