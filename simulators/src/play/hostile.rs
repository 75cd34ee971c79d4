//! What strangers send beside a device: a LoRaWAN device that nobody knows, and what should break a reader.

use codec::{ChirpStackUp, Reason};
use schemas::{DeviceId, Timestamp};

use super::{Destiny, Labels, Sent};
use crate::device::SimDevice;
use crate::fault::{Deed, FAULTS};

/// A payload under a topic, and why it must be put aside. `{}` in a topic stands for the device's own id.
struct Attack {
    topic: &'static str,
    payload: fn() -> Vec<u8>,
    reason: Reason,
}

const fn attack(topic: &'static str, reason: Reason, payload: fn() -> Vec<u8>) -> Attack {
    Attack { topic, payload, reason }
}

const OWN: &str = "marsad/anfa/waste/{}/up";
const EVENT: &str = "application/x/device/{}/event/up";

static ATTACKS: [Attack; 14] = [
    attack(OWN, Reason::BadShape, || "[".repeat(100_000).into_bytes()),
    attack(OWN, Reason::NotJson, Vec::new),
    attack(OWN, Reason::NotJson, || vec![0xff, 0xfe, 0x00, 0x7b]),
    attack(OWN, Reason::NotFinite, || br#"{"v":1,"values":{"waste.fill":1e300}}"#.to_vec()),
    attack(OWN, Reason::NotJson, || br#"{"v":1,"values":{"waste.fill":NaN}}"#.to_vec()),
    attack(OWN, Reason::BadShape, || br#"{"v":1,"values":{"waste.fill":"'; DROP TABLE readings;--"}}"#.to_vec()),
    attack(OWN, Reason::UnknownQuantity, || br#"{"v":1,"values":{"waste.__proto__":1}}"#.to_vec()),
    attack(OWN, Reason::UnknownVersion, || br#"{"v":99,"values":{"waste.fill":1}}"#.to_vec()),
    attack(OWN, Reason::BadTime, || br#"{"v":1,"time":-9e18,"values":{"waste.fill":1}}"#.to_vec()),
    attack(OWN, Reason::ForbiddenField, || br#"{"v":1,"plate":"12345-A-6","values":{"waste.fill":1}}"#.to_vec()),
    attack("marsad/anfa/waste/..%2f..%2fetc/up", Reason::BadName, || br#"{"v":1,"values":{"waste.fill":1}}"#.to_vec()),
    attack("marsad/anfa/weapons/w-1/up", Reason::UnknownKind, || br#"{"v":1,"values":{"waste.fill":1}}"#.to_vec()),
    attack("cmd/{}/rm", Reason::NotATopic, || b"rm -rf /".to_vec()),
    attack(EVENT, Reason::BadShape, || br#"{"deviceInfo":[],"data":7}"#.to_vec()),
];

/// What a stranger sends at a tick of the device beside it.
pub(super) fn message(deed: Deed, beside: &SimDevice, number: u32, tick: u64, heard: Timestamp) -> Sent {
    let mut labels = Labels::default();
    if let Some(row) = FAULTS.iter().find(|f| f.deed == deed) {
        labels.add(row);
    }
    let (topic, payload, reason, copy) = if deed == Deed::Stranger {
        let (topic, payload) = stranger(u64::from(number), heard);
        (topic, payload, Reason::UnknownDevice, 2)
    } else {
        let chosen = beside.luck.branch(302).branch(tick.cast_signed()).bits() % ATTACKS.len() as u64;
        let attack = usize::try_from(chosen).ok().and_then(|at| ATTACKS.get(at)).unwrap_or(&ATTACKS[0]);
        (attack.topic.replace("{}", beside.device().id.as_str()), (attack.payload)(), attack.reason, 3)
    };
    Sent { heard, device: number, topic, payload, destiny: Destiny::Aside(reason), labels, tick, copy }
}

/// A frame of a device that no catalogue lists.
fn stranger(number: u64, time: Timestamp) -> (String, Vec<u8>) {
    let id = format!("02dead{:010x}", number & 0xff_ffff_ffff);
    let dev_eui = DeviceId::new(&id).expect("hexadecimal digits");
    let up = ChirpStackUp {
        application: "strangers",
        dev_eui: &dev_eui,
        f_port: 1,
        f_cnt: 1,
        data: &[0x95],
        time,
        gateway: "0016c001f153a14c",
        rssi: -90,
        snr: 5.0,
    };
    let mut payload = Vec::new();
    up.write(&mut payload);
    (up.topic(), payload)
}
