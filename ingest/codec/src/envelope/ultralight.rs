//! FIWARE Ultralight 2.0: `t|15|k|abc`, groups separated by `#`, each with an ISO 8601 time before it perhaps.
//!
//! Everything is text without a type: numbers are read out of it where a measure is mapped or named as in the vocabulary.
//! A channel (`air.pm10#1`) cannot be named here, since `#` ends the group: a profile gives it.

use serde_json::{Map, Value};

use super::fiware::{Measures, TIME, addressed, time};
use crate::normalise::READINGS_LIMIT;
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Open, Tree, Uplink};

pub(super) struct Ultralight;

impl Envelope for Ultralight {
    fn name(&self) -> &'static str {
        "ultralight"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["ul", "ul20", "ul2.0", "ultralight-2.0", "fiware-ul", "fiware-ultralight", "iot-agent-ul"]
    }

    fn about(&self) -> &'static str {
        "FIWARE Ultralight 2.0: `t|15|k|abc`, groups with `#`, each with an ISO time before it perhaps; `/attrs/{name}` \
         carries one value. Measures are named as in the vocabulary, or mapped by the profile as text."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["/ul/+/{device}/#", "ul/+/{device}/#"]
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let (device, measures) = addressed(arrival, "ul")?;
        let text = std::str::from_utf8(arrival.payload())
            .map_err(|e| Reject::new(Reason::BadBytes, format!("the payload is not UTF-8 text: {e}")))?
            .trim();
        let trees = match measures {
            Measures::One(name) => vec![one(name, text)],
            Measures::Named => groups(text)?,
        };
        out(Uplink::new(device, Body::Trees(trees)))
    }
}

fn one(name: &str, text: &str) -> Tree {
    Tree { time: None, fields: Value::Object(Map::from_iter([(name.to_owned(), Value::from(text))])) }
}

fn groups(text: &str) -> Result<Vec<Tree>, Reject> {
    let mut trees = Vec::new();
    for text in text.split('#').map(str::trim).filter(|text| !text.is_empty()) {
        if trees.len() >= READINGS_LIMIT {
            return Err(Reject::new(Reason::TooMany, format!("the message holds more than {READINGS_LIMIT} groups")));
        }
        trees.push(group(text)?);
    }
    Ok(trees)
}

/// Names and values in turn; an odd part at the beginning is the time.
fn group(text: &str) -> Result<Tree, Reject> {
    let count = text.split('|').count();
    let mut parts = text.split('|').map(str::trim);
    let mut at = None;
    if count % 2 == 1 {
        at = parts.next().map(|text| time(text, "the time of a group")).transpose()?;
    }
    let mut fields = Map::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if name == TIME {
            at = Some(time(value, TIME)?);
        } else if name.is_empty() || fields.insert(name.to_owned(), Value::from(value)).is_some() {
            let text = format!("`{}` is a measure without a name or twice in a group", excerpt(name));
            return Err(Reject::new(Reason::BadShape, text));
        }
    }
    Ok(Tree { time: at, fields: Value::Object(fields) })
}
