//! `marsad bench decode`: messages a second that one core decodes, beside what it takes to parse the same bytes into a
//! tree with `serde_json` and do nothing with it.

use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::codec::{Decoder, Profiles, Route, Routes, Script, Workshop};
use base64::Engine;
use schemas::{Catalogue, DeviceId, Kind, Message, ProfileName, Provenance, Zone};
use serde_json::{Value, json};

use crate::failure::{Code, Failure, unwritable};

/// How long each is measured, in runs of which the fastest counts: on a busy machine some are not interrupted.
const TIME: Duration = Duration::from_millis(500);
const ROUND: u32 = 200;

const NATIVE: &str = r#"{"v":1,"time":"2026-11-21T20:00:00Z","values":{"air.pm10":31.2,"air.pm2_5":14.1,"battery.level":91}}"#;

/// Battery, temperature, distance and position, as tagged items.
const FRAME: [u8; 14] = [0x01, 0x75, 0x5c, 0x03, 0x67, 0x01, 0x01, 0x04, 0x82, 0x44, 0x08, 0x05, 0x00, 0x01];

/// The same frame, read by a script as vendors write them.
const SCRIPT: &str = "function decodeUplink(input) {
    var bytes = input.bytes, data = {};
    for (var i = 0; i < bytes.length; ) {
        var channel = bytes[i++], type = bytes[i++];
        if (channel === 0x01 && type === 0x75) { data.battery = bytes[i]; i += 1; }
        else if (channel === 0x03 && type === 0x67) { data.temperature = ((bytes[i + 1] << 24 >> 16) | bytes[i]) / 10; i += 2; }
        else if (channel === 0x04 && type === 0x82) { data.distance = bytes[i + 1] << 8 | bytes[i]; i += 2; }
        else if (channel === 0x05 && type === 0x00) { data.position = bytes[i] === 0 ? 'normal' : 'tilt'; i += 1; }
        else { break; }
    }
    return { data: data };
}";

const SCRIPTED: &str = r#"
name = "bench-script"
make = "bench"
kind = "waste"
source = "the benchmark of the program"
codec = "script"
script = "bench.js"
[[field]]
quantity = "battery.level"
at = "/battery"
[[field]]
quantity = "device.temperature"
at = "/temperature"
[[field]]
quantity = "waste.distance"
at = "/distance"
unit = "mm"
[[field]]
quantity = "device.tilt_alarm"
at = "/position"
values = { normal = 0, tilt = 1 }
[[case]]
port = 85
hex = "01755c0367010104824408050001"
expect = [
    { quantity = "battery.level", value = 92.0 },
    { quantity = "device.temperature", value = 25.7 },
    { quantity = "waste.distance", value = 2.116 },
    { quantity = "device.tilt_alarm", value = 1.0 },
]
"#;

/// A water meter of 12.345 m3, in the open.
const TELEGRAM: [u8; 21] = [
    0x14, 0x44, 0x24, 0x48, 0x78, 0x56, 0x34, 0x12, 0x16, 0x07, 0x7a, 0x01, 0x00, 0x00, 0x00, 0x0c, 0x13, 0x45, 0x23, 0x01, 0x00,
];

struct Bench;

impl Workshop for Bench {
    fn script(&self, path: &str) -> Result<Arc<dyn Script>, String> {
        codec_js::decoder(path, SCRIPT)
    }
}

fn chirpstack(frame: &[u8]) -> Vec<u8> {
    let data = base64::engine::general_purpose::STANDARD.encode(frame);
    format!(
        r#"{{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2026-11-21T19:59:59.775023242+00:00","deviceInfo":{{"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242","tenantName":"city","applicationId":"17c82e96-be03-4f38-aef3-f83d48582d97","applicationName":"bins","deviceProfileId":"14855bf7-d10d-4aee-b618-ebfcb64dc7ad","deviceProfileName":"bin","deviceName":"bin 1","devEui":"0101010101010101","tags":{{"zone":"anfa"}}}},"devAddr":"00189440","dr":1,"fCnt":7,"fPort":85,"data":"{data}","rxInfo":[{{"gatewayId":"0016c001f153a14c","uplinkId":4217106255,"rssi":-36,"snr":10.5,"context":"E3OWOQ=="}}],"txInfo":{{"frequency":867100000,"modulation":{{"lora":{{"bandwidth":125000,"spreadingFactor":11,"codeRate":"CR_4_5"}}}}}}}}"#
    )
    .into_bytes()
}

struct Case {
    what: &'static str,
    envelope: &'static str,
    profile: Option<&'static str>,
    kind: Kind,
    payload: Vec<u8>,
    /// What `serde_json` parses beside it: the payload itself, or the fields it comes to where it is no JSON.
    json: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let lora = chirpstack(&FRAME);
    let fields = br#"{"water.volume":12.345}"#.to_vec();
    vec![
        Case {
            what: "native JSON, 3 values",
            envelope: "marsad",
            profile: None,
            kind: Kind::AIR,
            payload: NATIVE.into(),
            json: NATIVE.into(),
        },
        Case {
            what: "ChirpStack + layout",
            envelope: "chirpstack",
            profile: Some("milesight-em400-tld"),
            kind: Kind::WASTE,
            payload: lora.clone(),
            json: lora.clone(),
        },
        Case {
            what: "ChirpStack + script",
            envelope: "chirpstack",
            profile: Some("bench-script"),
            kind: Kind::WASTE,
            payload: lora.clone(),
            json: lora,
        },
        Case {
            what: "wireless M-Bus (JSON: its value)",
            envelope: "wireless-m-bus",
            profile: Some("wireless-m-bus-water"),
            kind: Kind::WATER,
            payload: TELEGRAM.to_vec(),
            json: fields,
        },
    ]
}

/// Seconds that one call takes, the fastest of many rounds.
fn fastest(mut call: impl FnMut()) -> f64 {
    let (until, mut best) = (Instant::now() + TIME, f64::INFINITY);
    while Instant::now() < until {
        let began = Instant::now();
        (0..ROUND).for_each(|_| call());
        best = best.min(began.elapsed().as_secs_f64() / f64::from(ROUND));
    }
    best
}

pub(crate) fn decode(as_json: bool) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Code::Failed, error.to_string());
    let profiles = Profiles::built_in().and_then(|all| all.with(SCRIPTED, "bench.toml", &Bench)).map_err(|e| failed(&e))?;
    let mut out = std::io::stdout().lock();
    if !as_json {
        writeln!(out, "one core; the fastest of many rounds; beside it serde_json::Value of the same bytes in the same run")
            .and_then(|()| {
                writeln!(out, "{:<34}  {:>6}  {:>9}  {:>12}  {:>6}", "MESSAGE", "BYTES", "READINGS", "MESSAGES/S", "RATIO")
            })
            .map_err(unwritable)?;
    }
    for case in cases() {
        let name = case.profile.map(ProfileName::new).transpose().map_err(|e| failed(&e))?;
        let route = Route::new("#", case.envelope).map_err(|e| failed(&e))?;
        let route = route.enrolling(Some(case.kind), Zone::new("anfa").ok()).read_by(name).of(DeviceId::new("bench").ok());
        let decoder = Decoder::new(Arc::new(Catalogue::default()), profiles.clone());
        let decoder = decoder.and_then(|d| d.with_routes(Routes::only([route]))).map_err(|e| failed(&e))?;
        let message = Message {
            topic: "bench".into(),
            payload: case.payload.clone().into(),
            received_at: "2026-11-21T20:00:01Z".parse().map_err(|e| failed(&e))?,
            provenance: Provenance::default(),
        };
        let mut readings = Vec::with_capacity(16);
        decoder.decode(&message, &mut readings).map_err(|e| failed(&format!("{}: {e}", case.what)))?;
        let count = readings.len();
        let ours = fastest(|| {
            readings.clear();
            let _ = black_box(decoder.decode(black_box(&message), &mut readings));
        });
        let theirs = fastest(|| {
            let _ = black_box(serde_json::from_slice::<Value>(black_box(&case.json)));
        });
        let written = if as_json {
            let row = json!({
                "message": case.what, "bytes": case.payload.len(), "readings": count,
                "messages_per_s": (1.0 / ours).round(), "ratio_to_serde_json_value": ours / theirs,
            });
            writeln!(out, "{row}")
        } else {
            let (what, bytes, rate) = (case.what, case.payload.len(), (1.0 / ours).round());
            writeln!(out, "{what:<34}  {bytes:>6}  {count:>9}  {rate:>12}  {:>6.2}", ours / theirs)
        };
        written.map_err(unwritable)?;
    }
    Ok(())
}
