//! `marsad store copy`: all readings of one store into another, device by device, and then both compared.
//!
//! A file remembers after which device everything was durable. Who is killed begins again there; what is poured twice
//! changes nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use dashboards::{ScanError, Walk};
use ports::{Points, Query, Selector, Shape, Store, StoreError};
use schemas::{DeviceId, Timestamp};
use serde::{Deserialize, Serialize};
use settings::Settings;

use super::check::{Outcome, check};
use super::place::Place;
use super::pour::{BATCH, Pour};
use crate::durable;
use crate::failure::{Code, Failure, unwritable};
use crate::progress::Meter;

#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The store that is read: `embedded[:PATH]`, `influx[:SETTINGS]` or `victoria[:SETTINGS]`
    #[arg(long, value_name = "STORE")]
    from: Place,
    /// The store that is written
    #[arg(long, value_name = "STORE")]
    to: Place,
    /// Where it is remembered how far it has come
    #[arg(long, value_name = "FILE", default_value = "marsad-copy.json")]
    state: PathBuf,
    /// Copy nothing, only compare
    #[arg(long)]
    check: bool,
}

/// How far a copy has come.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    from: String,
    to: String,
    /// All devices up to this one are copied and durable.
    through: Option<DeviceId>,
    readings: u64,
}

pub(crate) async fn copy(settings: &Settings, options: &Copy, json: bool) -> Result<(), Failure> {
    if options.from == options.to {
        return Err(Failure::new(Code::Usage, format!("{} is both ends", options.from)));
    }
    let from = options.from.open(settings, true)?;
    let to = options.to.open(settings, false)?;
    if !options.check {
        pour_all(options, &from.store, &to.store, json).await?;
    }
    let devices = devices(&*from.store).await?;
    let outcome = check(&from.store, &to.store, &devices).await?;
    if !options.check && outcome.is_whole() {
        remove(&options.state)?;
    }
    told(options, &outcome, json)
}

pub(super) fn broken(error: &ScanError) -> Failure {
    let code = if matches!(error, ScanError::Store(StoreError::Damaged(_))) { Code::Stopped } else { Code::Unavailable };
    Failure::new(code, error.to_string())
}

/// Everything that was ever measured by one device.
pub(super) fn of(device: &DeviceId) -> Query {
    let select = Selector { devices: vec![device.clone()], ..Selector::default() };
    Query { select, range: Timestamp::MIN..Timestamp::MAX, shape: Shape::Raw, limit: 0 }
}

async fn devices(store: &dyn Store) -> Result<Vec<DeviceId>, Failure> {
    let latest = store.latest(&Selector::default()).await.map_err(|e| broken(&e.into()))?;
    let mut devices: Vec<DeviceId> = latest.into_iter().map(|reading| reading.series.device).collect();
    devices.sort_unstable();
    devices.dedup();
    Ok(devices)
}

async fn pour_all(options: &Copy, from: &Arc<dyn Store>, to: &Arc<dyn Store>, json: bool) -> Result<(), Failure> {
    let mut state = begin(options)?;
    let devices = devices(&**from).await?;
    let done = state.through.as_ref().map_or(0, |through| devices.partition_point(|device| device <= through));
    if done > 0 && !json {
        eprintln!("going on after {done} devices, {} readings", state.readings);
    }
    let mut pour = Pour::into(Arc::clone(to));
    let meter = Meter::new("devices", done as u64, devices.len() as u64);
    let mut readings = state.readings;
    for (at, device) in devices.iter().enumerate().skip(done) {
        let mut walk = Walk::begin(Arc::clone(from), of(device)).await.map_err(|e| broken(&e))?;
        while let Some(points) = walk.page(BATCH).await.map_err(|e| broken(&e))? {
            let Points::Raw { readings: page, .. } = points else { continue };
            let refused = |_: usize, why: String| Err(Failure::new(Code::Failed, format!("{}: {why}", options.to)));
            pour.put(&page, refused).await?;
            readings += page.len() as u64;
            meter.with(at as u64, readings);
        }
        if pour.is_due() {
            pour.flush().await?;
            (state.through, state.readings) = (Some(device.clone()), readings);
            keep(&options.state, &state)?;
        }
    }
    pour.flush().await?;
    (state.through, state.readings) = (devices.last().cloned(), readings);
    keep(&options.state, &state)
}

/// Where an earlier copy of the same ends broke off, or the beginning.
fn begin(options: &Copy) -> Result<State, Failure> {
    let (from, to, path) = (options.from.to_string(), options.to.to_string(), &options.state);
    let text = match fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(State { from, to, through: None, readings: 0 }),
        text => text.map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))?,
    };
    let state: State =
        serde_json::from_slice(&text).map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))?;
    if (&state.from, &state.to) != (&from, &to) {
        let what = format!("{} remembers a copy from {} to {}", path.display(), state.from, state.to);
        return Err(Failure::new(Code::Failed, what).hint("name another file with --state, or remove it"));
    }
    Ok(state)
}

/// Replaces the file in one step.
fn keep(path: &Path, state: &State) -> Result<(), Failure> {
    let written = serde_json::to_vec(state).map_err(io::Error::from).and_then(|text| durable::write(path, &text));
    written.map_err(|e| Failure::new(Code::Disk, format!("{} cannot be written: {e}", path.display())))
}

fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|e| Failure::new(Code::Disk, format!("{} cannot be removed: {e}", path.display())))
}

fn told(options: &Copy, outcome: &Outcome, json: bool) -> Result<(), Failure> {
    let Outcome { from, to, missing, different, more, named } = outcome;
    let text = if json {
        serde_json::json!({
            "from": { "store": options.from.to_string(), "readings": from.readings, "sha256": from.sha256 },
            "to": { "store": options.to.to_string(), "readings": to.readings, "sha256": to.sha256 },
            "missing": missing, "different": different, "more": more, "differences": named
        })
        .to_string()
    } else {
        let ends = [(&options.from, from), (&options.to, to)];
        let ends = ends.map(|(place, end)| format!("{place}: {} readings, sha256 {}", end.readings, end.sha256));
        let sum = if missing + different + more == 0 {
            "both are equal".to_owned()
        } else {
            format!("{missing} are missing there, {different} differ, {more} are only there")
        };
        named.iter().cloned().chain(ends).chain([sum]).collect::<Vec<_>>().join("\n")
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)?;
    if outcome.is_whole() {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("{} does not hold all that {} does", options.to, options.from)))
}
