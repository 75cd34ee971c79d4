//! Where simulated messages go besides a broker: their hash, and files of messages, readings and truth.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::{Quantity, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use simulators::{City, Destiny, Scenario, Sent, Told};

use crate::failure::{Code, Failure, unwritable};

/// A file, or standard output for `-`.
pub(crate) type Sink = BufWriter<Box<dyn Write>>;

pub(crate) fn open(path: &Path) -> Result<Sink, Failure> {
    if path.as_os_str() == "-" {
        return Ok(BufWriter::new(Box::new(io::stdout())));
    }
    let file = File::create(path)
        .map_err(|cause| Failure::new(Code::Failed, format!("{} cannot be written: {cause}", path.display())))?;
    Ok(BufWriter::new(Box::new(file)))
}

/// SHA-256 over what is heard: instant (ms, 8 bytes), lengths (4 bytes each) of topic and payload, topic, payload; numbers
/// little endian.
#[derive(Default)]
pub(crate) struct Hash(Sha256);

impl Hash {
    pub(crate) fn add(&mut self, sent: &Sent) {
        self.0.update(sent.heard.millis().to_le_bytes());
        for part in [sent.topic.as_bytes(), &sent.payload] {
            self.0.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        self.0.update(sent.topic.as_bytes());
        self.0.update(&sent.payload);
    }

    pub(crate) fn text(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn line(out: &mut Sink, value: &Value) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(|e| unwritable(e.into()))?;
    out.write_all(b"\n").map_err(unwritable)
}

/// A message as it is heard: a payload that is no text stands in base64.
pub(crate) fn message(out: &mut Sink, sent: &Sent) -> Result<(), Failure> {
    let payload = match std::str::from_utf8(&sent.payload) {
        Ok(text) => ("payload", text.to_owned()),
        Err(_) => ("payload_base64", STANDARD.encode(&sent.payload)),
    };
    line(out, &json!({ "received_at": sent.heard, "topic": sent.topic, payload.0: payload.1 }))
}

/// The readings that must come of a message, as `marsad backtest --readings` reads them.
pub(crate) fn readings(out: &mut Sink, city: &City, sent: &Sent, told: &Told) -> Result<(), Failure> {
    let Some(device) = city.devices().get(sent.device as usize).map(simulators::SimDevice::device) else { return Ok(()) };
    for (quantity, channel, value) in &told.values {
        let reading = json!({
            "device": device.id, "quantity": quantity, "channel": channel, "value": value,
            "observed_at": told.observed_at, "received_at": sent.heard,
            "quality": told.quality(*quantity, *value), "kind": device.kind, "zone": device.zone,
        });
        line(out, &reading)?;
    }
    Ok(())
}

/// The ground truth: first what is planned, then of each message what must become of it and what was done to it, with
/// what the device says and, where that is another thing, what is so.
pub(crate) fn plans(out: &mut Sink, scenario: &Scenario) -> Result<(), Failure> {
    for plan in scenario.events.iter().chain(&scenario.faults) {
        let row = plan.fault();
        let from = scenario.world.start.plus(plan.at);
        let to = plan.lasts.map_or(scenario.end(), |lasts| from.plus(lasts));
        let planned = json!({
            "plan": row.name, "class": row.class.name(), "device": plan.device, "kind": plan.kind, "zone": plan.zone,
            "devices": plan.devices, "part": plan.part, "from": from, "to": to, "amount": plan.amount.unwrap_or(row.amount),
            "unit": row.unit,
        });
        line(out, &planned)?;
    }
    for alert in &scenario.expect.alerts {
        let due = scenario.world.start.plus(alert.at);
        line(out, &json!({ "alert": alert.rule, "device": alert.device, "due": due, "by": due.plus(alert.within) }))?;
    }
    Ok(())
}

pub(crate) fn truth(out: &mut Sink, city: &City, sent: &Sent) -> Result<(), Failure> {
    let labels: Vec<_> = sent.labels.faults().map(|f| f.name).collect();
    let device = city.devices().get(sent.device as usize).map(|d| &d.device().id);
    let mut said = Map::new();
    said.insert("device".to_owned(), json!(device));
    said.insert("received_at".to_owned(), json!(sent.heard));
    said.insert("labels".to_owned(), json!(labels));
    match &sent.destiny {
        Destiny::Lost => {
            said.insert("destiny".to_owned(), json!("lost"));
        }
        Destiny::Aside(reason) => {
            said.insert("destiny".to_owned(), json!("quarantined"));
            said.insert("reason".to_owned(), json!(reason.code()));
        }
        Destiny::Read(told) => {
            said.insert("destiny".to_owned(), json!("read"));
            said.insert("observed_at".to_owned(), json!(told.observed_at));
            said.insert("said".to_owned(), values(&told.values));
            if let Some(real) = &told.real {
                said.insert("true".to_owned(), values(real));
            }
        }
    }
    line(out, &Value::Object(said))
}

fn values(values: &[(Quantity, u8, f64)]) -> Value {
    let name = |quantity: &Quantity, channel: u8| match channel {
        0 => quantity.name().to_owned(),
        _ => format!("{}#{channel}", quantity.name()),
    };
    Value::Object(values.iter().map(|(quantity, channel, value)| (name(quantity, *channel), json!(value))).collect())
}

/// The devices, as `devices.files` lists them.
pub(crate) fn catalogue(path: &Path, city: &City) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct List<'a> {
        device: Vec<&'a schemas::Device>,
    }
    let list = List { device: city.devices().iter().map(simulators::SimDevice::device).collect() };
    let text = toml::to_string(&list).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    let mut out = open(path)?;
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(unwritable)
}

/// When the container of a bin was emptied is truth too, which no message tells.
pub(crate) fn emptyings(out: &mut Sink, city: &City, from: Timestamp, to: Timestamp) -> Result<(), Failure> {
    for device in city.devices() {
        for at in device.emptied(from, to) {
            line(out, &json!({ "emptied": device.device().id, "at": at }))?;
        }
    }
    Ok(())
}
