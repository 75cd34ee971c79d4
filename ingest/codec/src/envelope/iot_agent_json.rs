//! FIWARE IoT Agent for JSON: an object of measures, or a list of such; `TimeInstant` in it is their time.

use serde_json::{Map, Value};

use super::fiware::{Measures, TIME, addressed, time};
use super::parts::{Bounded, is_list, not_json};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Open, Tree, Uplink};

pub(super) struct IotAgentJson;

impl Envelope for IotAgentJson {
    fn name(&self) -> &'static str {
        "iot-agent-json"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["iota-json", "fiware-json", "fiware-iot-agent-json"]
    }

    fn about(&self) -> &'static str {
        "FIWARE IoT Agent for JSON: an object of measures or a list of such, `TimeInstant` is their time; `/attrs/{name}` \
         carries one value. Measures are named as in the vocabulary, or mapped by the profile."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["/json/+/{device}/#", "json/+/{device}/#"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let (device, measures) = addressed(arrival, "json")?;
        let trees = match measures {
            Measures::One(name) => vec![one(name, arrival.payload())?],
            Measures::Named => groups(arrival.payload())?,
        };
        out(Uplink::new(device, Body::Trees(trees)))
    }
}

/// A single value is JSON, or bare text.
fn one(name: &str, payload: &[u8]) -> Result<Tree, Reject> {
    let value = match serde_json::from_slice(payload) {
        Ok(value) => value,
        Err(_) => Value::from(
            std::str::from_utf8(payload)
                .map_err(|e| Reject::new(Reason::NotJson, format!("the value is neither JSON nor UTF-8 text: {e}")))?
                .trim(),
        ),
    };
    Ok(Tree { time: None, fields: Value::Object(Map::from_iter([(name.to_owned(), value)])) })
}

fn groups(payload: &[u8]) -> Result<Vec<Tree>, Reject> {
    let strange = |e: serde_json::Error| not_json(&e, "measures");
    if !is_list(payload) {
        return Ok(vec![group(serde_json::from_slice(payload).map_err(strange)?)?]);
    }
    let groups = serde_json::from_slice::<Bounded<Value>>(payload).map_err(strange)?.all("groups")?;
    groups.into_iter().map(group).collect()
}

fn group(group: Value) -> Result<Tree, Reject> {
    let Value::Object(mut fields) = group else {
        let text = format!("a group is {}, expected an object of measures", excerpt(&group.to_string()));
        return Err(Reject::new(Reason::BadShape, text));
    };
    let at = match fields.remove(TIME) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(time(&text, TIME)?),
        Some(other) => {
            let text = format!("`{TIME}` is {}, expected RFC 3339 with an offset", excerpt(&other.to_string()));
            return Err(Reject::new(Reason::BadTime, text));
        }
    };
    Ok(Tree { time: at, fields: Value::Object(fields) })
}
