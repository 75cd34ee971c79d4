//! Sparkplug B (Eclipse Sparkplug 3.0.0): `spBv1.0/{group}/{type}/{edge node}[/{device}]`, protocol buffers.
//!
//! NBIRTH, DBIRTH, NDATA and DDATA carry metrics; deaths, commands and STATE hold nothing to store. A metric has the time
//! that it says, else that of its payload, historical ones (`is_historical`) too; one that is null says nothing, and one
//! that is `is_transient` is not for keeping. What an alias means was said by the birth before ([`Births`]); without it
//! the message waits as `unknown_alias`. A metric is named as in the vocabulary (also with `/`: `air/pm10`) or mapped by
//! the profile; its `engUnit` is the unit.
//!
//! Deliberately absent: data sets, templates, bytes, files and arrays; asking an edge node for its birth, since a reader
//! commands nobody; sequence numbers, since what is lost cannot be asked for.

mod births;
mod payload;

use schemas::{DeviceId, Message, Quantity, Timestamp};

pub use self::births::Births;
use self::births::{Known, Source};
use self::payload::{Metric, Payload};
use super::instants::{Instants, stated};
use crate::normalise::READINGS_LIMIT;
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Open, Uplink};

/// The level with which its topics begin, unless a bridge has put others before it.
pub(crate) const NAMESPACE: &str = "spBv1.0";
/// Metrics that the protocol itself needs, and no device measures.
const OWN: [&str; 4] = ["bdSeq", "Node Control/", "Device Control/", "Properties/"];

pub(super) struct SparkplugB;

impl Envelope for SparkplugB {
    fn name(&self) -> &'static str {
        "sparkplug-b"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["sparkplug", "spb", "spbv1.0"]
    }

    fn about(&self) -> &'static str {
        "Sparkplug B: metrics of births and data messages, aliases as the birth said, each at its own time; the device is \
         the last level of the topic. Metrics are named as in the vocabulary (`air/pm10`), or mapped by the profile."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["spBv1.0/#"]
    }

    fn is_birth(&self, message: &Message) -> bool {
        Address::read(&message.topic).is_ok_and(|address| address.birth)
    }

    fn learn(&self, arrival: &Arrival<'_>) -> bool {
        let address = Address::read(&arrival.message.topic).ok().filter(|address| address.birth);
        let Some((address, payload)) = address.zip(Payload::read(arrival.payload()).ok()) else { return false };
        arrival.births.learn(address.source(), arrival.message.received_at, &payload.metrics);
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let address = Address::read(&arrival.message.topic)?;
        let device = match arrival.named()? {
            Some(device) => device,
            None => DeviceId::new(address.device.unwrap_or(address.edge))
                .map_err(|e| Reject::new(Reason::BadName, format!("the topic's device: {e}")))?,
        };
        let payload = Payload::read(arrival.payload())?;
        let heard = arrival.message.received_at;
        if address.birth {
            arrival.births.learn(address.source(), heard, &payload.metrics);
        }
        if payload.metrics.len() > READINGS_LIMIT {
            return Err(Reject::new(Reason::TooMany, format!("the message holds more than {READINGS_LIMIT} metrics")));
        }
        let known = arrival.births.of(&address.source(), heard).unwrap_or_default();
        let (mut instants, mut unread) = (Instants::default(), None);
        for metric in &payload.metrics {
            let said = said(metric, |alias| known.get(&alias))?;
            if metric.is_transient == Some(true) || OWN.iter().any(|own| said.name.starts_with(own)) {
                continue;
            }
            let time = metric.timestamp.or(payload.timestamp).filter(|t| *t != 0).map(instant).transpose()?;
            match metric.value(said.datatype)? {
                None => unread = unread.or(Some(said)),
                Some(value) => instants.set(time, key(said.name), stated(value, said.unit)),
            }
        }
        if instants.is_empty() {
            return Err(Reject::new(Reason::NoReading, nothing(unread)));
        }
        out(Uplink::new(device, Body::Trees(instants.into_trees())))
    }
}

/// What a metric is, by itself or by the birth.
#[derive(Clone, Copy)]
struct Said<'p> {
    name: &'p str,
    datatype: u32,
    unit: Option<&'p str>,
}

fn said<'p>(metric: &'p Metric, known: impl Fn(u64) -> Option<&'p Known>) -> Result<Said<'p>, Reject> {
    let born = metric.alias.and_then(known);
    let name = metric.name.as_deref().filter(|name| !name.is_empty()).or(born.map(|known| &*known.name));
    let name = name.ok_or_else(|| match metric.alias {
        Some(alias) => Reject::new(Reason::UnknownAlias, format!("alias {alias} is of no birth that was heard")),
        None => Reject::new(Reason::BadShape, "a metric has neither name nor alias"),
    })?;
    let datatype = metric.datatype.filter(|d| *d != 0).or(born.map(|known| known.datatype)).filter(|d| *d != 0);
    let missing = || {
        let text = format!("metric `{}` has no data type, and no birth of it was heard", excerpt(name));
        Reject::new(Reason::UnknownAlias, text)
    };
    let unit = metric.unit().or(born.and_then(|known| known.unit.as_deref()));
    Ok(Said { name, datatype: datatype.ok_or_else(missing)?, unit })
}

/// A name of the vocabulary where it is one with `/` for `.`, else as it is.
fn key(name: &str) -> String {
    let dotted = name.replace('/', ".");
    let quantity = dotted.split_once('#').map_or(&*dotted, |(quantity, _)| quantity);
    if Quantity::named(quantity).is_some() { dotted } else { name.to_owned() }
}

fn instant(millis: u64) -> Result<Timestamp, Reject> {
    let time = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    time.map_err(|e| Reject::new(Reason::BadTime, format!("`timestamp`: {e}")))
}

fn nothing(unread: Option<Said<'_>>) -> String {
    match unread {
        Some(Said { name, datatype, .. }) => {
            format!("metric `{}` is of data type {datatype}, which is not read, and there is no other", excerpt(name))
        }
        None => "the message holds no metric to store".to_owned(),
    }
}

/// Whose message it is.
struct Address<'m> {
    group: &'m str,
    edge: &'m str,
    device: Option<&'m str>,
    birth: bool,
}

impl<'m> Address<'m> {
    /// The levels behind `spBv1.0`, which a bridge may have put behind its own.
    ///
    /// # Errors
    /// Not a topic of Sparkplug B, or one whose messages hold nothing to store.
    fn read(topic: &'m str) -> Result<Self, Reject> {
        let not_a_topic = || {
            let text =
                format!("`{}` is not {NAMESPACE}/{{group}}/{{type}}/{{edge node}} with /{{device}} perhaps", excerpt(topic));
            Reject::new(Reason::NotATopic, text)
        };
        let mut levels = topic.split('/').skip_while(|level| *level != NAMESPACE).skip(1);
        let group = levels.next().ok_or_else(not_a_topic)?;
        let (kind, edge, device) = (levels.next(), levels.next(), levels.next());
        let silent = |kind: &str| Reject::new(Reason::NoReading, format!("a `{}` message holds nothing to store", excerpt(kind)));
        if group == "STATE" {
            return Err(silent(group));
        }
        let ("", (Some(kind), Some(edge))) = (levels.next().unwrap_or_default(), (kind, edge)) else { return Err(not_a_topic()) };
        match (kind, device) {
            ("NBIRTH" | "NDATA", None) | ("DBIRTH" | "DDATA", Some(_)) => {
                Ok(Self { group, edge, device, birth: kind.ends_with("BIRTH") })
            }
            ("NDEATH" | "NCMD", None) | ("DDEATH" | "DCMD", Some(_)) => Err(silent(kind)),
            _ => Err(not_a_topic()),
        }
    }

    fn source(&self) -> Source {
        (self.group.into(), self.edge.into(), self.device.map(Into::into))
    }
}
