//! An answer names every parameter on which it rests: change any other, and it stays the same.
//!
//! Deliberately absent: what is no single number, such as bounds of a scale, days and choices.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dashboards::{Names, Parameters, Sheet, SpaceUse};
use domains::parameters::Row;
use domains::water::Pseudonyms;
use schemas::{Device, DeviceId, Place};

use super::*;

const AIR: &str = include_str!("../../../config/domains/air.toml");
const WASTE: &str = include_str!("../../../config/domains/waste.toml");
const PARKING: &str = include_str!("../../../config/domains/parking.toml");
const WATER: &str = include_str!("../../../config/domains/water.toml");
const HEALTH: &str = include_str!("../../../config/domains/health.toml");

const HOUR: Duration = Duration::from_secs(3_600);

/// What is asked.
const QUESTIONS: [&str; 14] = [
    "/api/v1/air/index?from=2026-11-21T05:00:00Z&to=2026-11-21T09:00:00Z",
    "/api/v1/air/index?index=us-aqi&from=2026-11-21T05:00:00Z&to=2026-11-21T09:00:00Z",
    "/api/v1/air/index?index=iqa&from=2026-11-18&to=2026-11-20",
    "/api/v1/air/exceedances?station=air-1",
    "/api/v1/air/report?station=air-1&from=2026-11-18&to=2026-11-20",
    "/api/v1/waste/worklist?contractor=ARMA&hours=12",
    "/api/v1/waste/kpi?from=2026-11-18&to=2026-11-21",
    "/api/v1/parking/occupancy?from=2026-11-20T05:00:00Z&every=1h",
    "/api/v1/parking/overstays?from=2026-11-20&to=2026-11-20",
    "/api/v1/parking/sensors",
    "/api/v1/water/consumption?from=2026-11-18&to=2026-11-20",
    "/api/v1/water/leaks",
    "/api/v1/water/stuck",
    "/api/v1/devices/health",
];

/// The numbers, a little wild but always the same.
fn chance(n: u32, of: u32) -> f64 {
    let mixed = n.wrapping_mul(2_654_435_761).wrapping_add(of.wrapping_mul(40_503)) >> 8;
    f64::from(mixed % 1_000) / 1_000.0
}

fn settle(town: &Town, id: &str, kind: Kind, n: u32) {
    let id: DeviceId = id.parse().unwrap();
    let place = Place::new(33.59 + f64::from(n) * 0.002, -7.63 + f64::from(n % 3) * 0.003).unwrap();
    let device = Device { place: Some(place), ..Device::new(id.clone(), kind, "anfa".parse().unwrap()) };
    town.devices.lock().unwrap().insert(id, ports::DeviceView { device, first_seen: None, last_seen: None, firmware: None });
}

/// Nine days of some devices of each kind, among them bins that overflow and are emptied, bays in which cars stay too long, a sensor
/// that is stuck, a leak, and a station with a low-cost sensor, spikes and gaps.
fn city() -> (Arc<Town>, Parameters) {
    let (town, end) = (town(), at(NOW).hour());
    let say = |device: &str, kind: Kind, quantity, value, when| {
        let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
        let zone = "anfa".parse().unwrap();
        town.put([Reading { series, kind, zone, value, observed_at: when, received_at: when, quality: Quality::GOOD }]);
    };
    let ids = |kind: &str, n: u32| (1..=n).map(|n| format!("{kind}-{n}")).collect::<Vec<_>>();
    let (stations, bins, bays, meters) = (ids("air", 3), ids("bin", 4), ids("bay", 6), ids("meter", 12));
    for (all, kind) in [(&stations, Kind::AIR), (&bins, Kind::WASTE), (&bays, Kind::PARKING), (&meters, Kind::WATER)] {
        all.iter().zip(0..).for_each(|(id, n)| settle(&town, id, kind, n));
    }
    for half in 0..9 * 48_u32 {
        let (when, hour) = (end.minus(HOUR / 2 * half), f64::from(half) / 2.0);
        for (station, n) in stations.iter().zip(0..) {
            let luck = chance(half, n);
            if luck < 0.05 {
                continue;
            }
            let dust = if (60..70).contains(&half) { 180.0 } else { 0.0 };
            let pm10 = 30.0 + 20.0 * (hour / 12.0).sin() + 10.0 * luck + dust;
            let spike = if half % 97 == 5 { 400.0 } else { 0.0 };
            for (quantity, value) in [
                (Quantity::AIR_PM10, pm10),
                (Quantity::AIR_PM2_5, pm10 * if half % 31 == 7 { 1.3 } else { 0.45 } + spike),
                (Quantity::AIR_NO2, 20.0 + 150.0 * luck * luck),
                (Quantity::AIR_O3, if half < 9 { 71.0 } else { 60.0 + 70.0 * (hour / 24.0).cos() }),
                (Quantity::AIR_SO2, 8.0 + luck),
                (Quantity::AIR_HUMIDITY, 40.0 + 30.0 * luck),
            ] {
                say(station, Kind::AIR, quantity, (value * 10.0).round() / 10.0, when);
            }
        }
        for (bin, n) in bins.iter().zip(0..) {
            let age = (hour + 11.0 * f64::from(n)) % (40.0 + 6.0 * f64::from(n));
            let echo = if chance(half, n) > 0.98 { 45.0 } else { 0.0 };
            let fill: f64 = 104.0 - age * 2.4 + 2.0 * chance(half, 7 + n) + echo;
            say(bin, Kind::WASTE, Quantity::WASTE_FILL, fill.clamp(0.0, 100.0).round(), when);
            say(bin, Kind::WASTE, Quantity::BATTERY_LEVEL, 22.0 + hour / 24.0, when);
        }
        for (bay, n) in bays.iter().zip(0..) {
            let taken = n == 0 || chance(half / (3 + n), n) > 0.45;
            say(bay, Kind::PARKING, Quantity::PARKING_OCCUPIED, f64::from(u8::from(taken)), when);
        }
        for (meter, n) in meters.iter().zip(0..) {
            let leak = if n == 3 { 25.0 * (216.0 - hour) } else { 0.0 };
            let used = 12.0 * (216.0 - hour) + 20.0 * (216.0 - hour).floor();
            let litres = if n == 5 && half < 300 { 2_000.0 } else { 9_000.0 + used + leak };
            if half % 2 == 0 {
                say(meter, Kind::WATER, Quantity::WATER_VOLUME, (litres + f64::from(n)).round() / 1_000.0, when);
            }
        }
    }
    let mut parameters = Parameters::shipped();
    parameters.pseudonyms = Pseudonyms::new(b"sixteen bytes and more").ok().map(Names::Made);
    parameters.single_spaces = true;
    parameters.stations.entry("air-2".parse().unwrap()).or_default().low_cost = true;
    parameters.spaces.insert("bay-2".parse().unwrap(), SpaceUse::Loading);
    (town, parameters)
}

/// Each answer without what it says that it rests on, and the keys of that.
async fn answers(town: &Arc<Town>, parameters: Parameters, questions: &[&str]) -> Vec<(serde_json::Value, BTreeSet<String>)> {
    let mut house = town.house();
    house.parameters = Arc::new(parameters);
    let router = dashboards::router(house);
    let mut all = Vec::new();
    for question in questions {
        let reply = get(&router, question).await;
        assert_eq!(reply.status, StatusCode::OK, "{question}");
        let mut told = reply.json();
        let rests = told.as_object_mut().unwrap().remove("rests_on").unwrap();
        let keys = rests.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect();
        all.push((told, keys));
    }
    all
}

/// The file with another value of a key.
fn changed(text: &str, key: &str, by: f64) -> Option<String> {
    let mut table: toml::Table = toml::from_str(text).unwrap();
    let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut place = &mut table;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        place = place.get_mut(step)?.as_table_mut()?;
    }
    let mut value = place.get_mut(last)?;
    if value.get("value").is_some() {
        value = value.get_mut("value")?;
    }
    *value = match value {
        toml::Value::Float(number) => toml::Value::Float(*number * by),
        toml::Value::Integer(number) => toml::Value::Integer((*number as f64 * by).round() as i64),
        _ => return None,
    };
    toml::to_string(&table).ok()
}

#[tokio::test]
async fn an_answer_names_every_parameter_that_changes_it() {
    let (town, shipped) = city();
    let files: [(&str, &str, &[Row]); 5] = [
        ("air", AIR, &shipped.air.rows),
        ("waste", WASTE, &shipped.waste.rows),
        ("parking", PARKING, &shipped.parking.rows),
        ("water", WATER, &shipped.water.rows),
        ("health", HEALTH, &shipped.health.rows),
    ];
    let (mut unnamed, mut moved) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for (file, text, rows) in files {
        // Health is of devices of every kind; the other files are of one domain each.
        let asked = |question: &&str| file == "health" || question.contains(&format!("/{file}/")) || question.contains("/health");
        let questions: Vec<&str> = QUESTIONS.into_iter().filter(asked).collect();
        let before = answers(&town, shipped.clone(), &questions).await;
        for row in rows {
            // Much more, or much less where more is out of range: a share of 2.5 is none.
            for by in [2.5, 0.4] {
                let Some(text) = changed(text, &row.key, by) else { continue };
                let mut parameters = shipped.clone();
                let read = match file {
                    "air" => domains::air::AirSettings::parse(file, &text).map(|n| parameters.air = sheet(n, &shipped.air)),
                    "waste" => {
                        domains::waste::WasteSettings::parse(file, &text).map(|n| parameters.waste = sheet(n, &shipped.waste))
                    }
                    "parking" => domains::parking::ParkingSettings::parse(file, &text)
                        .map(|n| parameters.parking = sheet(n, &shipped.parking)),
                    "water" => {
                        domains::water::WaterSettings::parse(file, &text).map(|n| parameters.water = sheet(n, &shipped.water))
                    }
                    _ => {
                        domains::health::HealthSettings::parse(file, &text).map(|n| parameters.health = sheet(n, &shipped.health))
                    }
                };
                if read.is_err() {
                    continue;
                }
                let after = answers(&town, parameters, &questions).await;
                for ((question, (was, named)), (is, _)) in questions.iter().zip(&before).zip(&after) {
                    if was != is {
                        *moved.entry(question).or_default() += 1;
                        if !named.contains(&row.key) {
                            unnamed.push(format!("{question} rests on {file} {} and does not say so", row.key));
                        }
                    }
                }
                break;
            }
        }
    }
    unnamed.dedup();
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    let dull: Vec<&str> = QUESTIONS.into_iter().filter(|question| !moved.contains_key(question)).collect();
    assert!(dull.is_empty(), "nothing changes these: the city is too dull to tell: {dull:#?}");
}

fn sheet<T>(numbers: T, shipped: &Sheet<T>) -> Sheet<T> {
    Sheet { numbers, rows: shipped.rows.clone() }
}
