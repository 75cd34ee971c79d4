//! Recordings: journals of messages as they were heard. `marsad record` makes one from any broker, `marsad replay` plays it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytesize::ByteSize;
use clap::Args;
use journal::{Journal, JournalError, RealDisk};
use ports::{Clock, SystemClock};
use rumqttc::{AsyncClient, Event, Packet, Publish};
use schemas::{Message, Provenance, Qos, Timestamp};
use tokio::signal::unix::{SignalKind, signal};

use crate::broker::{Broker, Pace, Publisher, Speed};
use crate::failure::{Code, Failure, unwritable};
use crate::progress::Progress;
use crate::simulate::span;

/// A file of a recording.
const SEGMENT: ByteSize = ByteSize::mib(64);
/// Bytes that are written at once.
const BLOCK: usize = 1 << 20;
/// Messages that are read at once.
const CHUNK: usize = 1024;

/// Bounds nothing: a recording is as long as whoever makes it wants.
fn boundless() -> journal::Settings {
    journal::Settings { segment: SEGMENT, limit: ByteSize::b(u64::MAX), keep: ByteSize::b(0) }
}

fn failure(path: &Path, error: &JournalError) -> Failure {
    let code = match error.kind() {
        journal::Kind::Full | journal::Kind::World => Code::Disk,
        journal::Kind::Damaged | journal::Kind::Broken => Code::Stopped,
        journal::Kind::Held | journal::Kind::Refused => Code::Failed,
    };
    Failure::new(code, format!("the recording {}: {error}", path.display()))
}

/// A recording that is being made.
pub(crate) struct Recording {
    path: PathBuf,
    journal: Journal,
}

impl Recording {
    /// Begins one, or goes on with the one that is there.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let disk = RealDisk::open(path).map_err(|e| failure(path, &e))?;
        let (journal, _) = Journal::open(Arc::new(disk), &boundless()).map_err(|e| failure(path, &e))?;
        Ok(Self { path: path.to_owned(), journal })
    }

    pub(crate) fn add(&mut self, topic: &str, payload: &[u8], at: Timestamp) -> Result<(), Failure> {
        let provenance = Provenance { qos: Qos::AtLeastOnce, ..Provenance::default() };
        self.push(&Message { topic: topic.into(), payload: Bytes::copy_from_slice(payload), received_at: at, provenance })
    }

    fn push(&mut self, message: &Message) -> Result<(), Failure> {
        self.journal.append_with(message.encoded_len(), |record| message.encode(record));
        if self.journal.pending_bytes() >= BLOCK {
            self.commit()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.journal.commit().map(drop).map_err(|e| failure(&self.path, &e))
    }

    /// Everything is on the disk.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.commit()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    #[command(flatten)]
    broker: Broker,
    /// Messages under these topics; may be given several times
    #[arg(long, value_name = "FILTER", required = true)]
    topic: Vec<String>,
    /// The recording: a directory, made where it is not there
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Stop after so long [default: with Ctrl-C]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    lasts: Option<Duration>,
    /// Stop after so many messages
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
}

fn heard(publish: &Publish) -> Message {
    let qos = match publish.qos {
        rumqttc::QoS::AtMostOnce => Qos::AtMostOnce,
        rumqttc::QoS::AtLeastOnce => Qos::AtLeastOnce,
        rumqttc::QoS::ExactlyOnce => Qos::ExactlyOnce,
    };
    let provenance = Provenance { qos, retain: publish.retain, dup: publish.dup, will: false };
    Message { topic: publish.topic.as_str().into(), payload: publish.payload.clone(), received_at: SystemClock.now(), provenance }
}

/// Records until it is told to stop. A message is acknowledged once it is on the disk.
pub(crate) async fn record(options: &Record, json: bool) -> Result<(), Failure> {
    let mut mqtt = options.broker.client("recorder")?;
    mqtt.set_manual_acks(true);
    let mut recording = Recording::create(&options.output)?;
    let (client, mut events) = AsyncClient::new(mqtt, CHUNK);
    let stopped = |cause: std::io::Error| Failure::new(Code::Stopped, format!("signals cannot be heard: {cause}"));
    let (mut term, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(stopped)?, signal(SignalKind::interrupt()).map_err(stopped)?);
    let over = tokio::time::sleep(options.lasts.unwrap_or(Duration::MAX.min(Duration::from_secs(365 * 86_400))));
    tokio::pin!(over);
    let mut count = 0_u64;
    let mut unacknowledged: Vec<Publish> = Vec::new();
    let gone = |cause: &dyn std::fmt::Display| options.broker.gone(cause);
    while options.messages.is_none_or(|most| count < most) {
        // Polling is not cancel-safe only where the loop is dropped; the other arms end it. The short wait commits what
        // came when nothing comes any more.
        let event = tokio::select! {
            event = tokio::time::timeout(Duration::from_millis(50), events.poll()) => event,
            _ = term.recv() => break,
            _ = interrupt.recv() => break,
            () = &mut over => break,
        };
        match event {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                for filter in &options.topic {
                    client.subscribe(filter, options.broker.qos()).await.map_err(|e| gone(&e))?;
                }
            }
            Ok(Ok(Event::Incoming(Packet::SubAck(_)))) => eprintln!("recording; stop with Ctrl-C"),
            Ok(Ok(Event::Incoming(Packet::Publish(publish)))) => {
                recording.push(&heard(&publish))?;
                unacknowledged.push(publish);
                count += 1;
            }
            Ok(Ok(_)) => {}
            Ok(Err(cause)) => return Err(gone(&cause)),
            Err(_) => acknowledge(&mut recording, &client, &mut unacknowledged)?,
        }
        if unacknowledged.len() >= CHUNK / 2 {
            acknowledge(&mut recording, &client, &mut unacknowledged)?;
        }
    }
    acknowledge(&mut recording, &client, &mut unacknowledged)?;
    // What was acknowledged leaves with the next polls.
    let _ = client.disconnect().await;
    while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(1), events.poll()).await {}
    recording.finish()?;
    let text = if json { serde_json::json!({ "messages": count }).to_string() } else { format!("{count} messages recorded") };
    writeln!(std::io::stdout(), "{text}").map_err(unwritable)
}

fn acknowledge(recording: &mut Recording, client: &AsyncClient, waiting: &mut Vec<Publish>) -> Result<(), Failure> {
    recording.commit()?;
    for publish in waiting.drain(..) {
        // The queue takes as many as are gathered; one that does not fit is sent again by the broker.
        let _ = client.try_ack(&publish);
    }
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The recording, or the `journal` of a stopped data directory
    #[arg(value_name = "DIR")]
    recording: PathBuf,
    #[command(flatten)]
    broker: Option<Broker>,
    #[command(flatten)]
    pace: Pace,
    /// Move times that payloads name so that the first message is of now. Only those in Marsad's own JSON are moved
    #[arg(long, value_name = "now", value_parser = ["now"])]
    shift: Option<String>,
}

/// Plays a recording: to a broker, or as lines to standard output.
pub(crate) async fn replay(options: &Replay) -> Result<(), Failure> {
    let path = &options.recording;
    if !path.is_dir() {
        return Err(Failure::new(Code::Failed, format!("there is no recording {}", path.display())));
    }
    let disk = RealDisk::open(path).map_err(|e| failure(path, &e))?;
    let (journal, _) = Journal::open(Arc::new(disk), &boundless()).map_err(|e| failure(path, &e))?;
    let view = journal.view();
    let mut reader = view.reader(view.first()).map_err(|e| failure(path, &e))?;
    let (mut publisher, mut shift, mut count) = (None, None, 0_u64);
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let progress = Progress::of("messages");
    while let Some(batch) = reader.next(CHUNK, BLOCK).map_err(|e| failure(path, &e))? {
        for record in &batch.records {
            let message = Message::decode(record).map_err(|e| Failure::new(Code::Stopped, e.to_string()))?;
            let move_by = *shift.get_or_insert_with(|| match options.shift {
                Some(_) => SystemClock.now().millis() - message.received_at.millis(),
                None => 0,
            });
            let at = Timestamp::clamped(message.received_at.millis() + move_by);
            let payload = if move_by == 0 { message.payload.to_vec() } else { shifted(&message.payload, move_by) };
            match &options.broker {
                Some(broker) => {
                    if publisher.is_none() {
                        publisher = Some(Publisher::connect(broker, &options.pace, at, Speed::REAL).await?);
                    }
                    if let Some(publisher) = &mut publisher {
                        publisher.publish(device_of(&message.topic), message.topic.to_string(), payload, at).await?;
                    }
                }
                None => {
                    let line = serde_json::json!({ "received_at": at, "topic": message.topic.as_ref() as &str,
                        "payload": String::from_utf8_lossy(&payload) });
                    writeln!(out, "{line}").map_err(unwritable)?;
                }
            }
            count += 1;
        }
        progress.at(count, view.next() - view.first());
    }
    drop(progress);
    out.flush().map_err(unwritable)?;
    if let Some(publisher) = publisher {
        publisher.finish().await?;
    }
    eprintln!("{count} messages replayed");
    Ok(())
}

/// What comes under one topic goes over one connection, in its order.
fn device_of(topic: &str) -> u64 {
    topic.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 16
}

/// The payload with its own time moved; one that names none is as it was.
fn shifted(payload: &[u8], by: i64) -> Vec<u8> {
    let moved = || {
        let mut read: serde_json::Value = serde_json::from_slice(payload).ok()?;
        let object = read.as_object_mut().filter(|o| o.contains_key("v") && o.contains_key("values"))?;
        let time = object.get_mut("time")?;
        let then = match &*time {
            serde_json::Value::String(text) => text.parse::<Timestamp>().ok()?.millis(),
            number => number.as_i64()?,
        };
        *time = serde_json::json!(Timestamp::clamped(then + by));
        serde_json::to_vec(&read).ok()
    };
    moved().unwrap_or_else(|| payload.to_vec())
}
