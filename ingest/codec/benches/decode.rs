//! How long one message takes to decode: `cargo bench -p codec`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use codec::{Decoder, Profiles};
use schemas::{Catalogue, Device, DeviceId, Kind, Message, ProfileName, Provenance, Zone};

const MESSAGES: [(&str, &str, &str); 5] = [
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
];

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn main() {
    let bay = Device {
        id: DeviceId::new("0101010101010101").expect("a DevEUI"),
        kind: Kind::PARKING,
        zone: Zone::new("anfa").expect("a zone"),
        profile: ProfileName::new("nwave-nps405").ok(),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    };
    let profiles = Profiles::built_in().expect("tested");
    let decoder = Decoder::new(Arc::new(Catalogue::from_iter([bay])), profiles).expect("the profile is built in");
    for (what, topic, payload) in MESSAGES {
        let message = Message {
            topic: topic.into(),
            payload: payload.into(),
            received_at: "2026-11-21T20:00:01Z".parse().expect("a time"),
            provenance: Provenance::default(),
        };
        let mut out = Vec::with_capacity(64);
        let mut best = f64::INFINITY;
        // Short runs: on a busy machine some of them are not interrupted.
        for _ in 0..1000 {
            const ROUNDS: u32 = 200;
            let began = Instant::now();
            for _ in 0..ROUNDS {
                out.clear();
                decoder.decode(black_box(&message), &mut out).expect("a valid message");
                black_box(&out);
            }
            best = best.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
        }
        println!("{what}: {} B, {} readings, {best:.0} ns a message (best of 1,000 runs)", payload.len(), out.len());
    }
}
