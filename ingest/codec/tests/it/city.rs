//! A city with one device for each built-in profile.

use std::sync::LazyLock;

use codec::{ChirpStackUp, Decoder, Explained, Profile, Profiles, Route, Routes};
use schemas::{Catalogue, Device, DeviceId, Kind, Zone};

use crate::common::message;

/// One device for each profile, called as it and reached by ChirpStack under `eui(profile)`, or by a topic of its own.
pub(crate) static CITY: LazyLock<Decoder> = LazyLock::new(|| {
    let profiles = Profiles::built_in().unwrap();
    let device = |id: &str, profile: &Profile| Device {
        id: DeviceId::new(id).unwrap(),
        kind: profile.kind().unwrap_or(Kind::AIR),
        zone: Zone::new("maarif").unwrap(),
        profile: Some(profile.name().clone()),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    };
    let both = |p: &Profile| [device(&eui(p.name().as_str()), p), device(p.name().as_str(), p)];
    let catalogue: Catalogue = profiles.iter().flat_map(both).collect();
    let plain = Route::new("plain/{device}", "plain").unwrap();
    Decoder::new(catalogue.into(), profiles).unwrap().with_routes(Routes::new(vec![plain])).unwrap()
});

/// A DevEUI that is the profile's in these tests: FNV-1a of its name.
fn eui(profile: &str) -> String {
    let hash = profile.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// What the profile makes of a frame that ChirpStack heard.
pub(crate) fn frame(profile: &str, port: u8, data: &[u8]) -> Explained {
    let dev_eui = DeviceId::new(&eui(profile)).unwrap();
    let up = ChirpStackUp {
        application: "casa",
        dev_eui: &dev_eui,
        f_port: port,
        f_cnt: 1,
        data,
        time: "2026-11-21T20:00:01Z".parse().unwrap(),
        gateway: "0016c001f153a14c",
        rssi: -97,
        snr: -3.5,
    };
    let mut payload = Vec::new();
    up.write(&mut payload);
    CITY.explain(&message(&up.topic(), &payload))
}

/// What the profile makes of a payload that the device published itself.
pub(crate) fn plain(profile: &str, payload: &[u8]) -> Explained {
    CITY.explain(&message(&format!("plain/{profile}"), payload))
}
