//! A small city to decode for.

use std::io::Write;
use std::sync::{Arc, LazyLock};

use codec::{Decoded, Decoder, Profiles, Reject};
use schemas::{Catalogue, Device, DeviceId, Kind, Message, ProfileName, Provenance, Reading, Timestamp, Zone};

/// When every message of these tests is heard.
pub(crate) const RECEIVED: &str = "2026-11-21T20:00:10Z";

/// A ChirpStack bin, a ChirpStack bay, one device without its profile, and one that the catalogue has moved.
pub(crate) fn catalogue() -> Arc<Catalogue> {
    let device = |id: &str, kind, profile: Option<&str>| Device {
        id: DeviceId::new(id).unwrap(),
        kind,
        zone: Zone::new("maarif").unwrap(),
        profile: profile.map(|p| ProfileName::new(p).unwrap()),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    };
    Arc::new(
        [
            device("00137a1000000001", Kind::WASTE, Some("netvox-r718x")),
            device("0101010101010101", Kind::PARKING, Some("nwave-nps405")),
            device("0101010101010102", Kind::PARKING, None),
            device("moved-1", Kind::AIR, None),
        ]
        .into_iter()
        .collect(),
    )
}

/// Loaded once: the profiles prove themselves each time that they are loaded.
pub(crate) static BUILT_IN: LazyLock<Profiles> = LazyLock::new(|| Profiles::built_in().unwrap());

pub(crate) fn decoder() -> &'static Decoder {
    static DECODER: LazyLock<Decoder> = LazyLock::new(|| Decoder::new(catalogue(), BUILT_IN.clone()).unwrap());
    &DECODER
}

/// Third-party examples beside the project, one JSON value a line; none (said loudly) if they are not there.
#[expect(clippy::disallowed_methods, reason = "a test reads its examples")]
pub(crate) fn third_party(file: &str) -> Vec<serde_json::Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/devices/vectors").join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED: third-party examples {} cannot be read: {e}", path.display());
            Vec::new()
        }
    }
}

/// Pairs of digits.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|b| *b != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

pub(crate) fn message(topic: &str, payload: impl AsRef<[u8]>) -> Message {
    Message {
        topic: topic.into(),
        payload: payload.as_ref().to_vec().into(),
        received_at: RECEIVED.parse().unwrap(),
        provenance: Provenance::default(),
    }
}

pub(crate) fn decode(topic: &str, payload: impl AsRef<[u8]>) -> Result<(Decoded, Vec<Reading>), Reject> {
    let mut out = Vec::new();
    let decoded = decoder().decode(&message(topic, payload), &mut out);
    decoded.map(|decoded| (decoded, out))
}

/// `quantity#channel = value @ observed_at [flaws]`, one a line.
pub(crate) fn show(readings: &[Reading]) -> Vec<String> {
    let line = |r: &Reading| {
        let flaws: Vec<_> = r.quality.flaws().map(schemas::Flaw::code).collect();
        let at: Timestamp = r.observed_at;
        format!("{}#{} = {} @ {at} [{}]", r.series.quantity, r.series.channel, r.value, flaws.join(" "))
    };
    readings.iter().map(line).collect()
}
