//! Sections `parking_state`, `parking_occupancy`, `timezone`, `hijri_umm_al_qura`, `geo`.

use domains::Districts;
use domains::parking::{ParkingSettings, Report, SpaceCounts, SpaceState, occupancy, transitions};
use domains::time::{Calendar, CityTime, Feast};
use jiff::civil::Date;
use schemas::{Place, Timestamp};
use serde_json::Value;

use super::{beside, close, close_or_none, list, number, section, text};

fn report(word: &str) -> Report {
    match word {
        "occ" | "occupied" => Report::Occupied,
        "free" => Report::Free,
        "hb" | "heartbeat" => Report::Heartbeat,
        "closed" => Report::Closed,
        "opened" => Report::Opened,
        "fault" | "low_confidence" => Report::Fault,
        other => panic!("{other} is no report"),
    }
}

fn state(state: SpaceState) -> &'static str {
    match state {
        SpaceState::Free => "free",
        SpaceState::Occupied => "occupied",
        SpaceState::Unknown => "unknown",
        SpaceState::Closed => "closed",
    }
}

fn seconds(value: &Value) -> Timestamp {
    Timestamp::clamped(value.as_i64().unwrap() * 1000)
}

#[test]
fn parking_state_vectors_pass() {
    let Some(vectors) = section("parking_state") else { return };
    let settings = ParkingSettings::shipped().space;
    let params = &vectors["params"];
    close(settings.occupied_after_s.get(), &params["t_on_s"], 0.0, params);
    close(settings.free_after_s.get(), &params["t_off_s"], 0.0, params);
    close(settings.unknown_after_s.get(), &params["unknown_after_s"], 0.0, params);
    for case in list(&vectors["cases"]) {
        let reports: Vec<_> = list(&case["events"]).iter().map(|e| (seconds(&e[0]), report(text(&e[1])))).collect();
        let found: Vec<_> = transitions(&reports, seconds(&case["end"]), &settings)
            .into_iter()
            .map(|t| (t.at.millis() / 1000, state(t.state)))
            .collect();
        let expected: Vec<_> = list(&case["transitions"]).iter().map(|t| (t[0].as_i64().unwrap(), text(&t[1]))).collect();
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn parking_occupancy_vectors_pass() {
    let Some(vectors) = section("parking_occupancy") else { return };
    let settings = ParkingSettings::shipped().occupancy;
    for case in list(&vectors) {
        let count = |key: &str| u32::try_from(case[key].as_u64().unwrap()).unwrap();
        let counts = SpaceCounts::new(count("total"), count("occupied"), count("unknown"), count("closed")).unwrap();
        let found = occupancy(counts, &settings);
        close_or_none(found.percent.value(), &case["pct"], 6e-3, case);
        assert_eq!(Some(found.low_confidence), case["low_confidence"].as_bool(), "{case}");
    }
}

#[test]
fn timezone_vectors_pass() {
    let Some(vectors) = section("timezone") else { return };
    let city = CityTime::of(text(&vectors["zone"])).unwrap();
    for case in list(&vectors["utc_to_local"]) {
        let utc: Timestamp = text(&case["utc"]).parse().unwrap();
        let (local, offset) = text(&case["local"]).split_at("2026-11-21T12:00:00".len());
        assert_eq!(city.civil(utc), local.parse().unwrap(), "{case}");
        let theirs: Timestamp = format!("{local}{offset}").parse().unwrap();
        assert_eq!(theirs, utc, "{case}");
    }
    for case in list(&vectors["day_bounds"]) {
        let day = city.day(text(&case["date"]).parse().unwrap());
        assert_eq!(day.start, text(&case["start"]).parse().unwrap(), "{case}");
        assert_eq!(day.end, text(&case["end"]).parse().unwrap(), "{case}");
        assert_eq!(u64::try_from(day.hours()).ok(), case["hours"].as_u64(), "{case}");
    }
}

#[test]
fn hijri_umm_al_qura_vectors_pass() {
    let Some(vectors) = section("hijri_umm_al_qura") else { return };
    let calendar = Calendar::casablanca();
    let feasts = [("ramadan_1", Feast::Ramadan), ("eid_al_fitr", Feast::EidAlFitr), ("eid_al_adha", Feast::EidAlAdha)];
    for (key, feast) in feasts {
        for (year, expected) in vectors[key].as_object().unwrap() {
            let expected: Date = text(expected).parse().unwrap();
            let year = year.parse().unwrap();
            assert_eq!(calendar.computed(year, feast), Some(expected), "{key} {year}");
            // What was announced may be a day later, never earlier.
            let kept = calendar.feast(year, feast).unwrap().date;
            assert!(kept == expected || kept == expected.tomorrow().unwrap(), "{key} {year}: {kept}");
        }
    }
}

/// The outlines stand beside the vectors in the shared folder.
#[test]
fn geo_vectors_pass() {
    let (Some(vectors), Some(outlines)) = (section("geo"), beside("casablanca_arrondissements.geojson")) else { return };
    let districts = Districts::parse(&outlines).unwrap();
    for point in list(&vectors["points"]) {
        let place = Place::new(number(&point["lat"]), number(&point["lon"])).unwrap();
        assert_eq!(districts.of(place).map(|d| d.fr.as_str()), point["arrondissement"].as_str(), "{point}");
    }
}
