//! What the API says of districts, stuck meters, overstays, doubted sensors and the health of devices.

use std::sync::Arc;
use std::time::Duration;

use dashboards::{District, Names, Parameters, SpaceUse};
use domains::water::Pseudonyms;
use schemas::{Device, DeviceId};
use serde_json::Value;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn say(town: &Town, device: &str, (kind, zone): (Kind, &str), quantity: Quantity, value: f64, when: Timestamp) {
    let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
    let zone = zone.parse().unwrap();
    town.put([Reading { series, kind, zone, value, observed_at: when, received_at: when, quality: Quality::GOOD }]);
}

fn settle(town: &Town, id: &str, kind: Kind, zone: &str) {
    let id: DeviceId = id.parse().unwrap();
    let device = Device::new(id.clone(), kind, zone.parse().unwrap());
    town.devices.lock().unwrap().insert(id, ports::DeviceView { device, first_seen: None, last_seen: None, firmware: None });
}

fn with(town: &Arc<Town>, change: impl FnOnce(&mut Parameters)) -> axum::Router {
    let mut house = town.house();
    let mut parameters = Parameters::shipped();
    parameters.pseudonyms = Pseudonyms::new(b"sixteen bytes and more").ok().map(Names::Made);
    change(&mut parameters);
    house.parameters = Arc::new(parameters);
    dashboards::router(house)
}

fn district(name: &str, zones: &[&str]) -> District {
    let zones = zones.iter().map(|z| z.parse().unwrap()).collect();
    District { name: name.into(), inflow: vec!["dma-1".parse().unwrap()], outflow: Vec::new(), zones, meters: Vec::new() }
}

/// Fifty days of a meter in whole hours, so many litres each.
fn metered(town: &Town, id: &str, zone: &str, litres: impl Fn(Timestamp) -> f64) {
    settle(town, id, Kind::WATER, zone);
    let end = at(NOW).hour();
    let (mut when, mut index) = (end.minus(HOUR * 50 * 24), 5_000.0);
    while when <= end {
        say(town, id, (Kind::WATER, zone), Quantity::WATER_VOLUME, index / 1000.0, when);
        index += litres(when);
        when = when.plus(HOUR);
    }
}

#[tokio::test]
async fn the_loss_of_a_district_is_what_came_in_and_was_not_metered_and_a_small_one_is_withheld() {
    let town = town();
    for n in 0..12 {
        metered(&town, &format!("m-{n}"), "anfa", |_| 20.0);
    }
    // Far more than a household's meter may tell: it is read as one that feeds a district, and is nobody's consumption.
    metered(&town, "dma-1", "anfa", |_| 12_000.0);
    let few = District { meters: vec!["m-0".parse().unwrap()], ..district("Bas", &[]) };
    let router = with(&town, |p| p.districts = vec![district("Anfa haut", &["anfa"]), few]);
    let answer = get(&router, "/api/v1/water/balance?from=2026-11-14&to=2026-11-20").await;
    let told = answer.json();
    let (anfa, few) = (&told["districts"][0], &told["districts"][1]);
    let hours = 7.0 * 24.0;
    assert_eq!((&anfa["connections"], &anfa["known"]), (&12.into(), &12.into()), "{told}");
    let value = |name: &str| anfa["balance"]["value"][name].as_f64().unwrap();
    assert!((value("inflow") - 12_000.0 * hours).abs() < 1.0 && (value("consumption") - 240.0 * hours).abs() < 1.0, "{anfa}");
    assert!((value("loss") - 11_760.0 * hours).abs() < 1.0, "{anfa}");
    assert_eq!((&few["publication"], few.get("balance")), (&"suppressed_k".into(), None));
    assert!(!answer.text.contains("\"m-"), "{}", answer.text);
    // Day by day it is the same in parts, and what is withheld is so on each day.
    let days = get(&router, "/api/v1/water/balance?from=2026-11-14&to=2026-11-20&by=day").await.json();
    let of = |district: usize| days["districts"][district]["days"].as_array().unwrap().clone();
    let losses: Vec<f64> = of(0).iter().map(|day| day["balance"]["value"]["loss"].as_f64().unwrap()).collect();
    assert!(losses.len() == 7 && losses.iter().all(|loss| (loss - 11_760.0 * 24.0).abs() < 1.0), "{losses:?}");
    assert!(of(1).len() == 7 && of(1).iter().all(|day| day.get("balance").is_none()), "{days}");
    let csv = get(&router, "/api/v1/water/balance?from=2026-11-14&to=2026-11-20&by=day&format=csv").await.text;
    assert_eq!(csv.lines().filter(|line| line.starts_with("Anfa haut,2026-11-")).count(), 7, "{csv}");
    let long = get(&router, "/api/v1/water/balance?from=2026-01-01&to=2026-11-20&by=day").await;
    assert_eq!((long.status, &long.json()["parameter"]), (StatusCode::BAD_REQUEST, &"by".into()));
    let page = get(&router, "/fr/water").await.text;
    assert!(page.contains("Anfa haut") && page.contains("class=\"lost\""), "the page draws what is lost");
    let status = |key: &str| told["rests_on"].as_array().unwrap().iter().find(|r| r["key"] == key).map(|r| r["status"].clone());
    assert_eq!(status("bulk.q4_l_per_h"), Some("memory".into()));
    assert_eq!(status("balance.coverage"), Some("design".into()));
    let zones = get(&router, "/api/v1/water/consumption?from=2026-11-20&to=2026-11-20").await.json();
    assert_eq!(zones["days"][0]["connections"], 12, "the meter that feeds the district is no connection: {zones}");
    let wrong = get(&router, "/api/v1/water/balance?district=Nord").await;
    assert_eq!((wrong.status, &wrong.json()["parameter"]), (StatusCode::BAD_REQUEST, &"district".into()));
}

#[tokio::test]
async fn a_night_flow_says_its_hours_and_three_high_nights_alarm() {
    let town = town();
    for n in 0..12 {
        metered(&town, &format!("m-{n}"), "anfa", |_| 20.0);
    }
    // A little is different each night; from the 18th on a main leaks.
    let broke = at("2026-11-18T00:00:00Z");
    let night = move |when: Timestamp| {
        let day = (when.millis() / 86_400_000 % 5) as f64;
        1_000.0 + 3.0 * day + if when >= broke { 900.0 } else { 0.0 }
    };
    metered(&town, "dma-1", "anfa", night);
    let router = with(&town, |p| p.districts = vec![district("Anfa haut", &["anfa"])]);
    let told = get(&router, "/api/v1/water/night?from=2026-11-17&to=2026-11-20").await.json();
    let nights = told["nights"].as_array().unwrap();
    let of = |i: usize| (nights[i]["alarm"]["value"].clone(), nights[i]["flow"]["value"]["flow"].as_f64().unwrap() > 1_500.0);
    assert_eq!(
        [of(0), of(1), of(2), of(3)],
        [(false, false), (false, true), (false, true), (true, true)].map(|(a, h)| (a.into(), h))
    );
    assert_eq!((&nights[0]["from"], &nights[0]["ramadan"]), (&"2026-11-17T02:00:00.000Z".into(), &false.into()));
    assert!(told["rests_on"].to_string().contains("night.legitimate"), "{told}");
}

#[tokio::test]
async fn a_meter_that_stands_still_is_told_under_its_pseudonym() {
    let town = town();
    settle(&town, "m-still", Kind::WATER, "anfa");
    settle(&town, "m-well", Kind::WATER, "anfa");
    for day in 0..=121_u32 {
        let when = at(NOW).hour().minus(HOUR * 24 * (121 - day));
        let cubic_metres = |until: u32| f64::from(day.min(until)) * 0.2;
        say(&town, "m-still", (Kind::WATER, "anfa"), Quantity::WATER_VOLUME, cubic_metres(85), when);
        say(&town, "m-well", (Kind::WATER, "anfa"), Quantity::WATER_VOLUME, cubic_metres(400), when);
    }
    let answer = get(&with(&town, |_| ()), "/api/v1/water/stuck?to=2026-11-20").await;
    let told = answer.json();
    assert_eq!((told["stuck"].as_array().unwrap().len(), &told["meters"]), (1, &2.into()), "{told}");
    assert!(!answer.text.contains("m-still"), "{}", answer.text);
    let without = get(&with(&town, |p| p.pseudonyms = None), "/api/v1/water/stuck").await;
    assert_eq!(without.status, StatusCode::FORBIDDEN);
}

/// Six spaces of one zone since the morning of Friday, 20 November 2026; the first is taken for three hours from nine on, the
/// second a reserved one, the third a loading bay taken for one hour, the rest free, and the last silent.
fn street(town: &Town) {
    let friday = at("2026-11-20T06:00:00Z");
    for bay in 0..6_u32 {
        let id = format!("bay-{bay}");
        settle(town, &id, Kind::PARKING, "anfa");
        for quarter in 0..if bay == 5 { 8 } else { 40_u32 } {
            let taken = match bay {
                0 | 1 => (12..24).contains(&quarter),
                2 => (12..16).contains(&quarter),
                _ => false,
            };
            let when = friday.plus(HOUR / 4 * quarter);
            say(town, &id, (Kind::PARKING, "anfa"), Quantity::PARKING_OCCUPIED, f64::from(u8::from(taken)), when);
        }
    }
}

fn uses(p: &mut Parameters) {
    p.spaces.insert("bay-1".parse().unwrap(), SpaceUse::Reserved);
    p.spaces.insert("bay-2".parse().unwrap(), SpaceUse::Loading);
}

#[tokio::test]
async fn overstays_are_counted_by_zone_and_told_singly_only_where_the_settings_say_so() {
    let town = town();
    street(&town);
    let address = "/api/v1/parking/overstays?from=2026-11-20T06:00:00Z&to=2026-11-20T15:40:00Z";
    let answer = get(&with(&town, uses), address).await;
    let told = answer.json();
    assert_eq!((&told["zones"][0]["spaces"], &told["zones"][0]["overstays"]), (&5.into(), &2.into()), "{told}");
    assert!(told.get("single").is_none() && !answer.text.contains("bay-"), "{}", answer.text);
    let officer = |p: &mut Parameters| {
        uses(p);
        p.single_spaces = true;
    };
    let told = get(&with(&town, officer), address).await.json();
    let single: Vec<(&Value, &Value)> =
        told["single"].as_array().unwrap().iter().map(|o| (&o["device"], &o["too_long_at"])).collect();
    assert_eq!(
        single,
        [(&"bay-0".into(), &"2026-11-20T11:10:00.000Z".into()), (&"bay-2".into(), &"2026-11-20T09:40:00.000Z".into()),]
    );
    let statuses = told["rests_on"].to_string();
    assert!(["stay.metered_min", "enforcement"].iter().all(|key| statuses.contains(key)), "{statuses}");
}

#[tokio::test]
async fn a_zone_whose_unreserved_spaces_are_few_tells_of_no_overstay() {
    let town = town();
    street(&town);
    let reserve = |p: &mut Parameters| {
        uses(p);
        p.spaces.insert("bay-3".parse().unwrap(), SpaceUse::Reserved);
    };
    let told = get(&with(&town, reserve), "/api/v1/parking/overstays?from=2026-11-20&to=2026-11-20").await.json();
    assert_eq!((&told["zones"][0]["withheld"], told["zones"][0].get("overstays")), (&true.into(), None), "{told}");
}

#[tokio::test]
async fn a_silent_sensor_is_named() {
    let town = town();
    street(&town);
    let told = get(&router(&town), "/api/v1/parking/sensors?to=2026-11-20T15:40:00Z").await.json();
    assert_eq!(told["sensors"], 6);
    assert_eq!(told["doubted"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&told["doubted"][0]["device"], &told["doubted"][0]["fault"]), (&"bay-5".into(), &"silent".into()));
}

#[tokio::test]
async fn a_space_whose_sensor_does_not_move_while_others_do_is_left_out_of_the_count() {
    let town = town();
    for bay in 0..6_u32 {
        let id = format!("bay-{bay}");
        settle(&town, &id, Kind::PARKING, "anfa");
        for third in 0..144_u32 {
            // The first one has been occupied for two days; of the others every second one is at any time.
            let taken = bay == 0 || (third + bay).is_multiple_of(2);
            let when = at(NOW).minus(HOUR / 3 * (143 - third) + HOUR / 60);
            say(&town, &id, (Kind::PARKING, "anfa"), Quantity::PARKING_OCCUPIED, f64::from(u8::from(taken)), when);
        }
    }
    let zone = get(&router(&town), "/api/v1/parking/occupancy").await.json()["zones"][0].clone();
    assert_eq!(zone["faults"], serde_json::json!([{ "device": "bay-0", "fault": "doubted" }]), "{zone}");
    let now = &zone["now"];
    assert_eq!((&now["unknown"], &now["total"], &now["occupancy"]["value"]), (&1.into(), &6.into(), &60.0.into()), "{zone}");
}

#[tokio::test]
async fn the_health_of_a_device_holds_it_to_its_interval_and_forecasts_its_battery() {
    let town = town();
    settle(&town, "bin-1", Kind::WASTE, "anfa");
    let end = at(NOW);
    for quarter in 0..20 * 96_u32 {
        // Of every four messages of the last week one is missing.
        if quarter < 7 * 96 && quarter % 4 == 3 {
            continue;
        }
        let when = end.minus(HOUR / 4 * quarter);
        say(&town, "bin-1", (Kind::WASTE, "anfa"), Quantity::WASTE_FILL, 40.0, when);
        let level = 30.0 + f64::from(quarter) / 96.0;
        say(&town, "bin-1", (Kind::WASTE, "anfa"), Quantity::BATTERY_LEVEL, level, when);
    }
    let every = |p: &mut Parameters| {
        p.intervals.insert(Kind::WASTE, HOUR / 4);
    };
    let told = get(&with(&town, every), "/api/v1/devices/health?device=bin-1").await.json();
    let bin = &told["devices"][0];
    let share = bin["availability"]["value"]["share"].as_f64().unwrap();
    assert!((share - 0.75).abs() < 0.01, "{bin}");
    assert_eq!((&bin["interval_assumed"], &bin["offline"], &bin["interval_s"]), (&false.into(), &false.into(), &900.0.into()));
    let battery = &bin["battery"]["value"];
    assert!((battery["per_day"].as_f64().unwrap() - 1.0).abs() < 0.05, "{battery}");
    assert!((battery["warning_in"].as_f64().unwrap() - 11.0).abs() < 1.5, "{battery}");
    assert_eq!(bin["clock"]["value"]["wrong"], false);
    assert!(told["rests_on"].to_string().contains("clock.tolerance_s"), "{told}");
    let assumed = get(&with(&town, |_| ()), "/api/v1/devices/health?device=bin-1").await.json();
    assert!(assumed["notes"].to_string().contains("interval_assumed"), "{assumed}");
}

#[tokio::test]
async fn a_station_that_leaves_its_neighbours_drifts_and_one_that_repeats_itself_is_stuck() {
    let town = town();
    let end = at(NOW).hour();
    for hour in 0..40 * 24_u32 {
        let when = end.minus(HOUR * hour);
        let weather = 40.0 + f64::from(hour * 7 % 24) + f64::from(hour / 24 % 3);
        for (station, value) in [
            ("air-1", weather),
            ("air-2", weather + 1.0 + f64::from(hour / 24 % 2)),
            ("air-3", weather + if hour < 7 * 24 { 30.0 } else { 0.0 }),
            ("air-4", if hour < 12 { 33.0 } else { weather }),
        ] {
            say(&town, station, (Kind::AIR, "anfa"), Quantity::AIR_PM10, value, when);
        }
    }
    let told = get(&router(&town), "/api/v1/devices/health?kind=air").await.json();
    let of =
        |i: usize| (told["devices"][i]["drift"]["air.pm10"]["value"]["drifting"].clone(), told["devices"][i]["stuck"].clone());
    assert_eq!(of(1).0, false, "{told}");
    assert_eq!(of(2), (true.into(), serde_json::json!([])), "{told}");
    assert_eq!(of(3).1, serde_json::json!(["air.pm10"]), "{told}");
}

#[tokio::test]
async fn a_bin_that_stands_still_among_others_is_stuck_and_one_whose_empty_level_creeps_up_drifts() {
    let town = town();
    let end = at(NOW).hour();
    for bin in ["bin-1", "bin-2", "bin-3", "bin-4"] {
        settle(&town, bin, Kind::WASTE, "anfa");
    }
    for hour in 0..60 * 24_u32 {
        let when = end.minus(HOUR * hour);
        // Emptied once a day, from 75 to 3 per cent.
        let fill = 75.0 - f64::from(hour % 24) * 3.0 - 3.0;
        let dirt = if hour < 6 * 24 { 20.0 } else { 0.0 };
        for (bin, level) in
            [("bin-1", fill), ("bin-2", fill + 2.0), ("bin-3", if hour < 96 { 41.0 } else { fill }), ("bin-4", fill + dirt)]
        {
            say(&town, bin, (Kind::WASTE, "anfa"), Quantity::WASTE_FILL, level, when);
        }
    }
    let told = get(&router(&town), "/api/v1/devices/health?kind=waste").await.json();
    let of = |i: usize| {
        let bin = &told["devices"][i];
        (bin["drift"]["waste.fill"]["value"]["drifting"].clone(), bin["stuck"].clone())
    };
    assert_eq!(of(0), (false.into(), serde_json::json!([])), "{told}");
    assert_eq!(of(2).1, serde_json::json!(["waste.fill"]), "{told}");
    assert_eq!(of(3), (true.into(), serde_json::json!([])), "{told}");
    assert!(told["rests_on"].to_string().contains("level.neighbours_moved"), "{told}");
}
