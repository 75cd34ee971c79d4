//! Whole messages through every envelope, Marsad's own JSON and every built-in profile: the first byte chooses the
//! envelope, the second the profile, the third the port; the rest is the payload.

#![no_main]

use std::sync::{Arc, LazyLock};

use codec::{Births, Decoder, Profiles, Route, Routes};
use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use schemas::{Catalogue, DeviceId, DeviceKey, Kind, Message, ProfileName, Provenance, Zone};

/// A decoder for each envelope and profile. Births are not shared: an input must not depend on those before it.
static DECODERS: LazyLock<Vec<Vec<Decoder>>> = LazyLock::new(|| {
    let profiles = Profiles::built_in().expect("the built-in profiles prove themselves");
    let names: Vec<Option<ProfileName>> =
        std::iter::once(None).chain(profiles.iter().map(|p| Some(p.name().clone()))).collect();
    let decoder = |envelope: &str, profile: &Option<ProfileName>| {
        let route = Route::new("{zone}/{kind}/{device}/#", envelope).expect("an envelope that is listed");
        let route = route
            .enrolling(Some(Kind::AIR), Zone::new("anfa").ok())
            .read_by(profile.clone())
            .of(DeviceId::new("device").ok())
            .unlocked_by(DeviceKey::from_hex(&"00".repeat(16)).ok());
        Decoder::new(Arc::new(Catalogue::default()), profiles.clone())
            .and_then(|d| d.with_routes(Routes::only([route])))
            .expect("the profile is loaded")
    };
    Decoder::envelopes().map(|(name, ..)| names.iter().map(|profile| decoder(name, profile)).collect()).collect()
});

const TOPICS: [&str; 4] = [
    "anfa/air/st-1/up",
    "application/casa/device/0101010101010101/event/up",
    "spBv1.0/casa/DDATA/edge-1/moved-1",
    "v3/bays@casa/devices/bay-1/up",
];

fuzz_target!(|input: &[u8]| {
    let [envelope, profile, topic, payload @ ..] = input else { return };
    let decoders = &DECODERS[usize::from(*envelope) % DECODERS.len()];
    let decoder = decoders[usize::from(*profile) % decoders.len()].clone().with_births(Births::default());
    let message = Message {
        topic: TOPICS[usize::from(*topic) % TOPICS.len()].into(),
        payload: payload.to_vec().into(),
        received_at: "2026-11-21T20:00:00Z".parse().expect("an instant"),
        provenance: Provenance::default(),
    };
    bounded(|| {
        let explained = decoder.explain(&message);
        assert_eq!(explained.result.is_ok(), !explained.readings.is_empty());
        assert!(explained.readings.iter().all(|r| r.value.is_finite()));
    });
});
