//! The built-in profiles: each by its own cases, all by what comes in by chance.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use codec::{Explained, NoScripts, Profiles, READINGS_LIMIT, Reason};
use proptest::prelude::*;
use schemas::{Kind, Reading};

use crate::city::{CITY, frame, plain};
use crate::common::unhex;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");

/// The TOML files of the folder, by name.
#[expect(clippy::disallowed_methods, reason = "a test reads the files that it checks")]
fn files() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_profile_passes_its_own_cases() {
    let fails = |(name, toml): &(String, String)| Profiles::default().with(toml, name, &NoScripts).err().map(|e| e.to_string());
    let wrong: Vec<_> = files().iter().filter_map(fails).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_profile_of_the_folder_is_built_in_under_the_name_of_its_file() {
    let built_in: BTreeSet<_> = CITY.profiles().iter().map(|p| p.name().to_string()).collect();
    assert_eq!(built_in, files().into_iter().map(|(name, _)| name).collect());
}

#[test]
fn every_profile_has_several_cases_a_kind_and_an_envelope() {
    for p in CITY.profiles().iter() {
        assert!(p.cases() >= 3 && p.kind().is_some() && !p.envelopes().is_empty(), "{}", p.name());
    }
    for kind in [Kind::WASTE, Kind::AIR] {
        assert!(CITY.profiles().iter().filter(|p| p.kind() == Some(kind)).count() >= 8, "{kind:?}");
    }
}

/// What a case of a profile hands in: bytes, or text.
struct Case {
    profile: String,
    port: Option<u8>,
    bytes: Vec<u8>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (profile, toml) in files() {
        let table: toml::Table = toml.parse().unwrap();
        for case in table["case"].as_array().unwrap() {
            let port = case.get("port").and_then(|p| u8::try_from(p.as_integer()?).ok());
            let text = |key: &str| case.get(key).and_then(toml::Value::as_str);
            let bytes = text("hex").map(unhex).or_else(|| text("json").map(|json| json.as_bytes().to_vec()));
            all.push(Case { profile: profile.clone(), port, bytes: bytes.unwrap() });
        }
    }
    all
});

fn bounded(explained: &Explained) -> Result<(), TestCaseError> {
    prop_assert!(explained.readings.len() <= READINGS_LIMIT + 2 && explained.missing.len() <= READINGS_LIMIT);
    for reading in &explained.readings {
        prop_assert!(reading.value.is_finite() && reading.value.abs() < Reading::VALUE_LIMIT);
    }
    match &explained.result {
        Ok(decoded) => prop_assert_eq!(decoded.readings, explained.readings.len()),
        Err(reject) => {
            prop_assert!(explained.readings.is_empty());
            prop_assert!(Reason::ALL.contains(&reject.reason()) && !reject.to_string().is_empty());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_on_any_port_are_read_or_refused_by_every_profile(port: u8, data in proptest::collection::vec(any::<u8>(), 0..256)) {
        for profile in CITY.profiles().iter() {
            bounded(&frame(profile.name().as_str(), port, &data))?;
            bounded(&plain(profile.name().as_str(), &data))?;
        }
    }

    #[test]
    fn a_frame_with_some_bytes_changed_is_read_or_refused(
        which in any::<prop::sample::Index>(), cut: Option<prop::sample::Index>, port: Option<u8>,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let case = &CASES[which.index(CASES.len())];
        let mut bytes = case.bytes.clone();
        for (place, byte) in edits.into_iter().filter(|_| !case.bytes.is_empty()) {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        bounded(&plain(&case.profile, &bytes))?;
        bounded(&frame(&case.profile, port.or(case.port).unwrap_or(1), &bytes))?;
    }
}
