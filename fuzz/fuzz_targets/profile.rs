//! A device's own bytes on any port, read by every built-in profile: the first byte chooses the profile, the second the
//! port.

#![no_main]

use std::sync::{Arc, LazyLock};

use codec::{Decoder, Profiles, Route, Routes};
use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use schemas::{Catalogue, DeviceId, Kind, Message, Provenance, Zone};

static PROFILES: LazyLock<Profiles> = LazyLock::new(|| Profiles::built_in().expect("the built-in profiles prove themselves"));

fuzz_target!(|input: &[u8]| {
    let [profile, port, payload @ ..] = input else { return };
    let all: Vec<_> = PROFILES.iter().map(|p| p.name().clone()).collect();
    let route = Route::new("#", "plain").expect("plain is an envelope");
    let route = route
        .enrolling(Some(Kind::AIR), Zone::new("anfa").ok())
        .read_by(all.get(usize::from(*profile) % all.len()).cloned())
        .of(DeviceId::new("device").ok())
        .on(Some(*port));
    let decoder = Decoder::new(Arc::new(Catalogue::default()), PROFILES.clone()).and_then(|d| d.with_routes(Routes::only([route])));
    let decoder = decoder.expect("the profile is loaded");
    let message = Message {
        topic: "x".into(),
        payload: payload.to_vec().into(),
        received_at: "2026-11-21T20:00:00Z".parse().expect("an instant"),
        provenance: Provenance::default(),
    };
    bounded(|| {
        let explained = decoder.explain(&message);
        assert!(explained.readings.iter().all(|r| r.value.is_finite()));
    });
});
