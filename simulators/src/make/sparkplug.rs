//! Sparkplug B (Eclipse Sparkplug 3.0.0), written field by field: a birth names the metrics and their aliases, data name only the
//! aliases, and a session ends with a death.
//!
//! An edge node sends its birth until its host has it, so no fault of the way befalls one.

use schemas::{Quantity, ValueClass};

use super::{Saying, Values};

/// Messages of one session, the birth among them.
pub(super) const SESSION: u64 = 48;
/// Data types of the standard.
const DOUBLE: u64 = 10;
const BOOLEAN: u64 = 11;
const UINT64: u64 = 8;
/// The edge node behind which the devices stand.
const EDGE: &str = "roof-1";

pub(super) fn message(saying: &Saying<'_>, values: &Values) -> (String, Vec<u8>) {
    let birth = saying.joined.is_multiple_of(SESSION);
    let time = saying.time.millis().cast_unsigned();
    let mut payload = Vec::with_capacity(256);
    number(&mut payload, 1, time);
    for (alias, (quantity, _, value)) in (1..).zip(values) {
        let boolean = is_boolean(*quantity);
        let mut metric = Vec::with_capacity(48);
        if birth {
            bytes(&mut metric, 1, quantity.name().replace('.', "/").as_bytes());
        }
        number(&mut metric, 2, alias);
        number(&mut metric, 3, time);
        if birth {
            number(&mut metric, 4, if boolean { BOOLEAN } else { DOUBLE });
        }
        if boolean {
            number(&mut metric, 14, u64::from(*value >= 0.5));
        } else {
            key(&mut metric, 13, 1);
            metric.extend_from_slice(&value.to_le_bytes());
        }
        bytes(&mut payload, 2, &metric);
    }
    number(&mut payload, 3, saying.joined % 256);
    (topic(saying, if birth { "DBIRTH" } else { "DDATA" }), payload)
}

/// Where a message is cut of which half is missing: never between two fields, where the rest would be a whole message.
pub(super) fn half(payload: &[u8]) -> usize {
    let begins_a_field = |at: &usize| matches!(payload.get(*at), Some(0x12 | 0x18));
    (1..=payload.len() / 2).rev().find(|at| !begins_a_field(at)).unwrap_or(1)
}

/// The death that ends the session before this message.
pub(super) fn death(saying: &Saying<'_>) -> (String, Vec<u8>) {
    let mut payload = Vec::new();
    number(&mut payload, 1, saying.time.millis().cast_unsigned());
    let mut metric = Vec::new();
    bytes(&mut metric, 1, b"bdSeq");
    number(&mut metric, 4, UINT64);
    number(&mut metric, 11, saying.joined / SESSION - 1);
    bytes(&mut payload, 2, &metric);
    (topic(saying, "DDEATH"), payload)
}

fn topic(saying: &Saying<'_>, kind: &str) -> String {
    format!("spBv1.0/{}/{kind}/{EDGE}/{}", saying.device.zone, saying.device.id)
}

fn is_boolean(quantity: Quantity) -> bool {
    let row = quantity.row();
    row.class == ValueClass::State && (row.min, row.max) == (0.0, 1.0)
}

/// A field's number and how it is written: 0 a varint, 1 eight bytes, 2 with its length.
fn key(out: &mut Vec<u8>, field: u64, form: u64) {
    varint(out, field << 3 | form);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    key(out, field, 0);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}
