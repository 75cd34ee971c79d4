//! How long one message takes to decode, and how that compares with reading the same JSON into a tree of values, which does
//! not know what it means: `cargo bench -p codec`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use codec::{Decoder, Profiles};
use schemas::{Catalogue, Device, DeviceId, Kind, Message, ProfileName, Provenance, Zone};

const MESSAGES: [(&str, &str, &str); 7] = [
    (
        "marsad json, 3 values",
        "marsad/sidi-belyout/air/air-0042/up",
        r#"{"v":1,"time":"2026-11-21T20:00:00Z","values":{"air.pm10":31.2,"air.pm2_5":14.1,"battery.level":91}}"#,
    ),
    (
        "marsad json, 1 value, ms",
        "marsad/sidi-belyout/waste/bin-0042/up",
        r#"{"v":1,"time":1795291200000,"values":{"waste.fill":82.5}}"#,
    ),
    (
        "marsad json, 16 values",
        "marsad/sidi-belyout/air/air-0042/up",
        r#"{"v":1,"time":"2026-11-21T20:00:00Z","seq":123456,"values":{"air.pm1":10.1,"air.pm2_5":14.1,"air.pm4":20.4,"air.pm10":31.2,"air.no2":18.9,"air.o3":50.6,"air.so2":4.1,"air.co":312,"air.temperature":17.2,"air.humidity":77.1,"air.pressure":1013.2,"air.noise":61.2,"air.pm2_5#1":14.3,"air.pm10#1":30.8,"battery.level":91,"battery.voltage":3.61}}"#,
    ),
    (
        "marsad json, 3 in other units",
        "marsad/sidi-belyout/air/air-0042/up",
        r#"{"v":1,"time":"2026-11-21T20:00:00Z","values":{"air.no2":{"value":12.3,"unit":"[ppb]"},"air.pressure":{"value":101325,"unit":"Pa"},"battery.voltage":{"value":3608,"unit":"mV"}}}"#,
    ),
    (
        "chirpstack, parking layout",
        "application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101/event/up",
        r#"{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2026-11-21T19:59:59.775023242+00:00","deviceInfo":{"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242","tenantName":"Casa","applicationId":"17c82e96-be03-4f38-aef3-f83d48582d97","applicationName":"Parking","deviceProfileId":"14855bf7-d10d-4aee-b618-ebfcb64dc7ad","deviceProfileName":"nps405","deviceName":"Place 1","devEui":"0101010101010101","tags":{"zone":"anfa"}},"devAddr":"00189440","dr":1,"fPort":1,"data":"lQ==","rxInfo":[{"gatewayId":"0016c001f153a14c","uplinkId":4217106255,"rssi":-36,"snr":10.5,"context":"E3OWOQ=="}],"txInfo":{"frequency":867100000,"modulation":{"lora":{"bandwidth":125000,"spreadingFactor":11,"codeRate":"CR_4_5"}}}}"#,
    ),
    (
        "the things stack, parking layout",
        "v3/bays@casa/devices/bay-1/up",
        r#"{"end_device_ids":{"device_id":"bay-1","application_ids":{"application_id":"bays"},"dev_eui":"0101010101010101","join_eui":"2000000000000001","dev_addr":"20000001"},"correlation_ids":["as:up:01H0S7ZJQ9MQPMVY49FT3SE07M","gs:conn:01H03BQZ9342X3Y86DJ2P704E5","gs:uplink:01H0S7ZJGS6D9TJSKJN8XNTMAV","ns:uplink:01H0S7ZJGS9KKD4HTTPKFEMWCV"],"received_at":"2026-11-21T19:59:59.848446463Z","uplink_message":{"session_key_id":"AYfqmb0pc/1uRZv9xUydgQ==","f_port":1,"f_cnt":10335,"frm_payload":"lQ==","rx_metadata":[{"gateway_ids":{"gateway_id":"eui-6a7e111a10000000","eui":"6A7E111A10000000"},"time":"2026-11-21T19:59:59.608982Z","timestamp":3893546133,"rssi":-35,"channel_rssi":-35,"snr":13.2,"frequency_offset":"69","channel_index":3,"received_at":"2026-11-21T19:59:59.607383681Z"}],"settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":7,"coding_rate":"4/5"}},"frequency":"867100000","timestamp":3893546133,"time":"2026-11-21T19:59:59.608982Z"},"received_at":"2026-11-21T19:59:59.641841782Z","consumed_airtime":"0.056576s","network_ids":{"net_id":"000013","tenant_id":"ttn","cluster_id":"eu1","cluster_address":"eu1.cloud.thethings.network"}}}"#,
    ),
    (
        "senml json, 4 values at 2 instants",
        "senml",
        r#"[{"bn":"air-0042:","bt":1795291200,"n":"air.pm10","u":"ug/m3","v":31.2},{"n":"air.temperature","u":"Cel","v":17.2},{"n":"air.humidity","u":"%RH","v":77.1},{"n":"air.pm10","u":"ug/m3","t":-60,"v":30.8}]"#,
    ),
];

fn device(id: &str, kind: Kind, profile: &str) -> Device {
    let zone = Zone::new("anfa").expect("a zone");
    Device { profile: ProfileName::new(profile).ok(), ..Device::new(DeviceId::new(id).expect("an id"), kind, zone) }
}

/// Nanoseconds that `work` takes, the best of many short runs: on a busy machine some of them are not interrupted.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn best(mut work: impl FnMut()) -> f64 {
    const ROUNDS: u32 = 200;
    let run = |_| {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..1000).map(run).fold(f64::INFINITY, f64::min)
}

fn main() {
    let bay = device("0101010101010101", Kind::PARKING, "nwave-nps405");
    let station = device("air-0042", Kind::AIR, "");
    let profiles = Profiles::built_in().expect("tested");
    let decoder = Decoder::new(Arc::new(Catalogue::from_iter([bay, station])), profiles).expect("the profile is built in");
    for (what, topic, payload) in MESSAGES {
        let message = Message {
            topic: topic.into(),
            payload: payload.into(),
            received_at: "2026-11-21T20:00:01Z".parse().expect("a time"),
            provenance: Provenance::default(),
        };
        let mut out = Vec::with_capacity(64);
        let decode = best(|| {
            out.clear();
            decoder.decode(black_box(&message), &mut out).expect("a valid message");
            black_box(&out);
        });
        let parse = best(|| {
            black_box(serde_json::from_slice::<serde_json::Value>(black_box(payload.as_bytes())).expect("JSON"));
        });
        println!(
            "{what}: {} B, {} readings, {decode:.0} ns a message, {:.2} times what serde_json::Value takes ({parse:.0} ns); best of 1,000 runs",
            payload.len(),
            out.len(),
            decode / parse
        );
    }
}
