//! A profile is loaded only if its own cases pass.

use std::borrow::Cow;

use schemas::{DeviceId, Firmware, Fitting, Kind, Quality, Quantity, Reading, Timestamp, Zone};
use serde::de::Error;

use super::build::build;
use super::raw::{RawCase, RawProfile};
use super::{Profile, ProfileError, Workshop};
use crate::normalise::{Heard, Missing, Owner, Sink};
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::{Body, Frame, Uplink};

/// When the frames of cases are heard that do not say.
const HEARD: &str = "2026-11-21T12:00:00Z";

/// Reads a profile and runs its cases.
pub(super) fn proved(toml: &str, file: &str, workshop: &dyn Workshop) -> Result<Profile, ProfileError> {
    let raw: RawProfile =
        toml::from_str(toml).map_err(|e| ProfileError::Syntax { file: file.to_owned(), error: e.to_string() })?;
    let cases = raw.case.clone();
    let mut profile = build(raw, workshop).map_err(|wrong| ProfileError::Layout { file: file.to_owned(), wrong })?;
    profile.toml = toml.into();
    if cases.is_empty() {
        return Err(ProfileError::NoCase { file: file.to_owned() });
    }
    for (number, case) in cases.iter().enumerate() {
        let outcome =
            outcome(&profile, case).map_err(|e| ProfileError::Syntax { file: file.to_owned(), error: e.to_string() })?;
        let (got, expected) = (outcome, expected(case));
        if got != expected {
            let (case_number, input) = (number + 1, input(case));
            return Err(ProfileError::Case { file: file.to_owned(), case: case_number, input, got, expected });
        }
    }
    Ok(profile)
}

fn input(case: &RawCase) -> String {
    let what = case.hex.as_deref().or(case.json.as_deref()).unwrap_or("no input");
    case.port.map_or_else(|| excerpt(what), |port| format!("port {port}, {}", excerpt(what)))
}

/// What the case gives, in words.
fn outcome(profile: &Profile, case: &RawCase) -> Result<String, toml::de::Error> {
    let bytes = match (&case.hex, &case.json) {
        (Some(hex), None) => unhex(hex).ok_or_else(|| toml::de::Error::custom(format!("hex `{hex}` is not pairs of digits")))?,
        (None, Some(json)) => json.as_bytes().to_vec(),
        _ => return Err(toml::de::Error::custom("a case has either `hex` or `json`")),
    };
    let object = serde_json::from_slice::<&serde_json::value::RawValue>(&bytes).ok();
    let owner = Owner {
        device: DeviceId::new("case").map_err(toml::de::Error::custom)?,
        kind: profile.kind.unwrap_or(Kind::WASTE),
        zone: Zone::new("case").map_err(toml::de::Error::custom)?,
    };
    let heard_at = case.time.map_or_else(|| HEARD.parse(), Ok).map_err(toml::de::Error::custom)?;
    let uplink = Uplink {
        port: case.port,
        key: case.key,
        object: object.map(Cow::Borrowed),
        network_time: Some(heard_at),
        ..Uplink::new(owner.device.clone(), Body::Frame(Frame::Plain(&bytes)))
    };
    let mut out: Vec<Reading> = Vec::new();
    let heard = Heard { received_at: heard_at, network_time: Some(heard_at), retained: false };
    let mut sink = Sink::new(&mut out, owner, heard);
    let result = profile.read(&uplink, &Fitting::default(), &mut sink);
    let (missing, firmware) = sink.into_rest();
    Ok(match result {
        // A case names the code; the text is for people.
        Err(reject) if case.reject.as_deref() == Some(reject.code()) => reject.code().to_owned(),
        Err(reject) if reject.reason() == Reason::NoReading => told(&[], &missing, firmware.as_ref(), case, heard_at),
        Err(reject) => rejected(&reject),
        Ok(()) => told(&out, &missing, firmware.as_ref(), case, heard_at),
    })
}

fn rejected(reject: &Reject) -> String {
    format!("{} ({reject})", reject.code())
}

/// (quantity, channel, value, flaws, time where it matters)
fn one(quantity: Quantity, channel: u8, value: f64, quality: Quality, at: Option<Timestamp>) -> String {
    let flaws: String = quality.flaws().map(|f| format!(" {}", f.code())).collect();
    let channel = if channel == 0 { String::new() } else { format!("#{channel}") };
    let at = at.map_or_else(String::new, |at| format!(" at {at}"));
    format!("{quantity}{channel} = {}{flaws}{at}", decimal(value))
}

/// To nine decimals: what stands behind them is binary arithmetic and not the device's.
fn decimal(value: f64) -> String {
    let text = format!("{value:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn told(readings: &[Reading], missing: &[Missing], firmware: Option<&Firmware>, case: &RawCase, heard_at: Timestamp) -> String {
    let readings = readings.iter().enumerate().map(|(i, r)| {
        // A time is compared where the case names one, and where it is not simply when the frame was heard.
        let named = case.expect.get(i).is_some_and(|e| e.at.is_some());
        let at = (named || r.observed_at != heard_at).then_some(r.observed_at);
        one(r.series.quantity, r.series.channel, r.value, r.quality, at)
    });
    let missing = missing.iter().map(|m| format!("no {}#{}: {}", m.series.quantity, m.series.channel, m.flaw.code()));
    list(readings.chain(missing).chain(firmware.map(|version| format!("firmware {version}"))))
}

fn expected(case: &RawCase) -> String {
    if let Some(code) = &case.reject {
        return code.clone();
    }
    let readings = case.expect.iter().map(|e| one(e.quantity, e.channel, e.value, e.flaws, e.at));
    let missing = case.missing.iter().map(|m| format!("no {}#{}: {}", m.quantity, m.channel, m.flaw.code()));
    list(readings.chain(missing).chain(case.firmware.iter().map(|version| format!("firmware {version}"))))
}

fn list(parts: impl Iterator<Item = String>) -> String {
    let all = parts.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "nothing to store".to_owned() } else { all }
}

/// Pairs of digits; spaces between them are for the reader.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(crate::uplink::hex_digit(*high)? << 4 | crate::uplink::hex_digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
