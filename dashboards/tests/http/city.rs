//! What the API says of air, waste, parking and water.

use std::time::Duration;

use schemas::{Device, DeviceId, Fitting, Place};

use super::*;

pub(crate) const HOUR: u64 = 3_600;

pub(crate) fn said(device: &str, kind: Kind, zone: &str, quantity: Quantity, value: f64, at: Timestamp) -> Reading {
    let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
    Reading { series, kind, zone: zone.parse().unwrap(), value, observed_at: at, received_at: at, quality: Quality::GOOD }
}

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A device with a place, a label and a zone.
pub(crate) fn settle(town: &Town, id: &str, kind: Kind, zone: &str, place: Option<(f64, f64)>) {
    let place = place.map(|(lat, lon)| Place::new(lat, lon).unwrap());
    let label = Some(format!("Rue <{id}>"));
    let id: DeviceId = id.parse().unwrap();
    let device = Device { place, label, fitting: Fitting::default(), ..Device::new(id.clone(), kind, zone.parse().unwrap()) };
    let now = Some(at(NOW));
    town.devices.lock().unwrap().insert(id, ports::DeviceView { device, first_seen: now, last_seen: now, firmware: None });
}

/// Two days of a station, four readings an hour; one hour of the second day has two only.
fn station(town: &Town) {
    let start = at("2026-11-20T00:00:00Z");
    settle(town, "air-1", Kind::AIR, "anfa", None);
    for quarter in 0..4 * 44 {
        let when = start.plus(seconds(quarter * HOUR / 4));
        if quarter / 4 == 30 && quarter % 4 > 1 {
            continue;
        }
        let daily = 1.0 + (quarter / 4 % 24) as f64 / 24.0;
        let air = |quantity, value| said("air-1", Kind::AIR, "anfa", quantity, value, when);
        town.put([
            air(Quantity::AIR_PM2_5, 10.0 * daily),
            air(Quantity::AIR_PM10, 40.0 * daily),
            air(Quantity::AIR_NO2, 30.0 * daily),
            air(Quantity::AIR_O3, 70.0 / daily),
        ]);
    }
}

#[tokio::test]
async fn the_index_of_an_hour_says_what_made_it_and_a_thin_hour_has_none() {
    let town = town();
    station(&town);
    let address = "/api/v1/air/index?station=air-1&from=2026-11-21T05:00:00Z&to=2026-11-21T07:00:00Z";
    let answer = get(&router(&town), address).await.json();
    insta::assert_json_snapshot!(answer["hours"], @r##"
    [
      {
        "index": {
          "value": {
            "band": "moderate",
            "colour": "#F0E641",
            "dominant": "pm10",
            "level": 3,
            "partial": true,
            "parts": {
              "no2": 3,
              "o3": 1,
              "pm10": 3,
              "pm25": 2
            }
          }
        },
        "start": "2026-11-21T05:00:00.000Z",
        "station": "air-1",
        "zone": "anfa"
      },
      {
        "index": {
          "lack": {
            "one_of": [
              "no2"
            ]
          },
          "reason": "insufficient data: one of no2 is needed",
          "value": null
        },
        "start": "2026-11-21T06:00:00.000Z",
        "station": "air-1",
        "zone": "anfa"
      }
    ]
    "##);
    assert_eq!(answer["status"], "verified");
    let rests = answer["rests_on"].as_array().unwrap();
    assert!(rests.iter().any(|r| r["key"] == "quality.stuck_hours" && r["status"] == "design"), "{answer}");
    let note = answer["notes"][0].as_str().unwrap();
    assert!(note.contains("background"), "{note}");
}

#[tokio::test]
async fn the_moroccan_index_says_that_its_grid_is_from_memory() {
    let town = town();
    station(&town);
    let answer = get(&router(&town), "/api/v1/air/index?index=iqa&from=2026-11-20&to=2026-11-21").await.json();
    assert_eq!(answer["status"], "memory", "{answer}");
    let days = answer["days"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["provisional"], &days[1]["provisional"]), (2, &false.into(), &true.into()));
    assert_eq!(days[0]["index"]["value"]["dominant"], "pm10");
    let states =
        get(&router(&town), "/api/v1/air/index?index=us-aqi&from=2026-11-21T05:00:00Z&to=2026-11-21T06:00:00Z").await.json();
    assert!(states["hours"][0]["index"]["value"]["level"].as_i64().is_some_and(|l| l > 50), "{states}");
}

#[tokio::test]
async fn exceedances_judge_each_set_and_the_empty_law_judges_nothing() {
    let town = town();
    station(&town);
    let answer = get(&router(&town), "/api/v1/air/exceedances?station=air-1&set=ma-2024,who-2021,eu-2030").await.json();
    let sets = answer["sets"].as_array().unwrap();
    let named: Vec<&str> = sets.iter().map(|s| s["set"].as_str().unwrap()).collect();
    assert_eq!(named, ["ma-2024", "who-2021", "eu-2030"]);
    assert_eq!((&sets[0]["status"], sets[0]["rows"].as_array().unwrap().len()), (&"unverified".into(), 0));
    let pm10 = |r: &&serde_json::Value| r["pollutant"] == "pm10" && r["statistic"] == "day" && r["interim"].is_null();
    let day = sets[1]["rows"].as_array().unwrap().iter().find(pm10).unwrap();
    assert_eq!((&day["all"]["above"], &day["all"]["kept"]["value"]), (&2.into(), &serde_json::Value::Null), "{day}");
    assert!(day["all"]["kept"]["reason"].as_str().unwrap().contains("of 365 values are valid"), "{day}");
    let notes = answer["notes"].to_string();
    assert!(notes.contains("wali") && notes.contains("ma-2024"), "{notes}");
    let csv = get(&router(&town), "/api/v1/air/exceedances?station=air-1&format=csv").await;
    assert!(csv.text.starts_with("set,year,pollutant,statistic,limit,permitted,above,"), "{}", csv.text);
    assert!(csv.header("content-disposition").contains("air-exceedances.csv"));
}

#[tokio::test]
async fn the_exceedances_of_all_stations_are_one_table() {
    let town = town();
    station(&town);
    let router = router(&town);
    let alone = get(&router, "/api/v1/air/exceedances?station=air-1&set=who-2021").await.json();
    let city = get(&router, "/api/v1/air/exceedances/city?set=who-2021").await.json();
    let stations = city["stations"].as_array().unwrap();
    let of_it = stations.iter().find(|s| s["station"] == "air-1").unwrap();
    assert_eq!(of_it["sets"], alone["sets"], "the same as of one station");
    let csv = get(&router, "/api/v1/air/exceedances/city?set=who-2021&format=csv").await;
    let mut lines = csv.text.lines();
    assert!(lines.next().unwrap().starts_with("station,zone,set,year,pollutant,"), "{}", csv.text);
    let (limits, mine) = (alone["sets"][0]["rows"].as_array().unwrap().len(), lines.filter(|l| l.starts_with("air-1,")).count());
    assert!(limits > 5 && mine == limits, "a row a limit: {mine} of {limits}");
    let none = get(&router, "/api/v1/air/exceedances/city?zone=nowhere&set=who-2021").await.json();
    assert_eq!(none["stations"], serde_json::json!([]));
    let page = get(&router, "/fr/air/exceedances?set=who-2021").await;
    assert!(page.text.contains("/api/v1/air/exceedances/city?set=who-2021&amp;station=air-1&amp;format=csv"), "{}", page.text);
}

#[tokio::test]
async fn a_station_is_told_beside_each_limit_by_the_limits_own_time() {
    let town = town();
    station(&town);
    let router = router(&town);
    let now = get(&router, "/api/v1/air/now?station=air-1&set=eu-2030").await.json();
    let row = |pollutant: &str, statistic: &str| {
        let rows = now["rows"].as_array().unwrap();
        rows.iter().find(|r| r["pollutant"] == pollutant && r["statistic"] == statistic).cloned().unwrap()
    };
    let (hour, day) = (row("no2", "hour"), row("no2", "day"));
    assert_eq!((&hour["hours"], &hour["limit"]), (&1.into(), &200.0.into()));
    assert_eq!((&day["hours"], &day["limit"]), (&24.into(), &50.0.into()));
    // The last whole hour is 19 h: 30 (1 + 19/24); a day of it, less one thin hour, is lower.
    assert!((hour["mean"].as_f64().unwrap() - 53.75).abs() < 1e-9, "{hour}");
    assert!(day["mean"].as_f64().unwrap() < 50.0, "{day}");
    assert_eq!(now["without"], serde_json::json!([]));
    // A guideline of a year is no limit of hours: nothing of it stands there.
    assert!(now["rows"].as_array().unwrap().iter().all(|r| r["statistic"] != "year"));

    let address = "/api/v1/air/history?station=air-1&pollutant=pm10&set=eu-2030&from=2026-11-21T00:00:00Z";
    let past = get(&router, address).await.json();
    assert_eq!((&past["mean_hours"], &past["limit"], &past["step_s"]), (&24.into(), &45.0.into(), &3600.into()));
    let (hours, means) = (past["hour"].as_array().unwrap(), past["mean"].as_array().unwrap());
    assert_eq!((hours.len(), means.len()), (21, 21));
    assert_eq!((&hours[0], &hours[6]), (&40.0.into(), &serde_json::Value::Null), "an hour of two readings is not valid");
    assert!(means.iter().all(serde_json::Value::is_number), "23 of 24 hours are enough");
    for odd in ["station=none&pollutant=pm10", "station=air-1", "station=air-1&pollutant=pm10&set=none", "pollutant=pm10"] {
        assert_eq!(get(&router, &format!("/api/v1/air/history?{odd}")).await.status, StatusCode::BAD_REQUEST, "{odd}");
    }
}

#[tokio::test]
async fn a_report_has_averages_with_their_capture_and_excel_gets_commas() {
    let town = town();
    station(&town);
    let report = get(&router(&town), "/api/v1/air/report?station=air-1&from=2026-11-20&to=2026-11-20").await.json();
    let pm10 = report["pollutants"].as_array().unwrap().iter().find(|p| p["pollutant"] == "pm10").unwrap();
    assert_eq!((&pm10["valid"], &pm10["expected"]), (&24.into(), &24.into()));
    assert!((pm10["mean"]["value"].as_f64().unwrap() - 59.167).abs() < 0.01, "{pm10}");
    let excel = get(&router(&town), "/api/v1/air/report?station=air-1&from=2026-11-20&to=2026-11-20&format=excel").await;
    assert!(excel.text.starts_with('\u{feff}') && excel.text.contains("20/11/2026;pm10;59,16"), "{}", excel.text);
    assert!(excel.header("content-disposition").contains("air-report_fr.csv"));
    let text = get(&router(&town), "/api/v1/air/report?station=air-1&format=text").await;
    assert!(text.text.contains("Rests on, besides what is verified:"), "{}", text.text);
}

#[tokio::test]
async fn what_cannot_be_asked_of_air_is_refused_in_words() {
    let town = town();
    station(&town);
    for (query, parameter) in [
        ("air/report", "station"),
        ("air/report?station=air-9", "station"),
        ("air/exceedances?station=air-1&set=ma-1999", "set"),
        ("air/index?index=best", "index"),
        ("air/index?from=yesterday", "from"),
        ("air/index?format=gpx", "format"),
        ("air/index?from=2000-01-01&to=2026-01-01", "from"),
    ] {
        let answer = get(&router(&town), &format!("/api/v1/{query}")).await;
        assert_eq!(
            (answer.status, &answer.json()["parameter"]),
            (StatusCode::BAD_REQUEST, &parameter.into()),
            "{query}: {}",
            answer.text
        );
    }
    let none = get(&router(&super::town()), "/api/v1/air/index?format=text").await;
    assert!(none.text.contains("no data"), "{}", none.text);
}

/// Bins of one zone: each rises by so many points an hour to its level now, a sample each half hour since its emptying.
fn bins(town: &Town) {
    for (id, zone, rate, now, place) in [
        ("bin-full", "anfa", 3.0, 88.0, Some((33.59, -7.65))),
        ("bin-soon", "anfa", 4.0, 60.0, Some((33.60, -7.64))),
        ("bin-slow", "anfa", 0.5, 12.0, Some((33.58, -7.66))),
        ("bin-lost", "anfa", 3.0, 90.0, None),
        ("bin-else", "nowhere", 3.0, 90.0, None),
    ] {
        settle(town, id, Kind::WASTE, zone, place);
        let hours = now / rate;
        for half in 0..60_u64 {
            let before = half as f64 / 2.0;
            // Emptied when the level would be 0; before that it stood high.
            let level = if before <= hours { now - rate * before } else { 80.0 };
            let when = at(NOW).minus(seconds(half * HOUR / 2));
            town.put([said(id, Kind::WASTE, zone, Quantity::WASTE_FILL, level, when)]);
        }
    }
}

#[tokio::test]
async fn a_worklist_has_the_bins_that_are_due_in_order_with_their_forecast() {
    let town = town();
    bins(&town);
    let list = get(&router(&town), "/api/v1/waste/worklist?contractor=ARMA&hours=12").await.json();
    let stops = list["rounds"][0]["stops"].as_array().unwrap_or_else(|| panic!("{list}"));
    let mut names: Vec<&str> = stops.iter().map(|s| s["bin"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bin-full", "bin-soon"]);
    let soon = stops.iter().find(|s| s["bin"] == "bin-soon").unwrap();
    // Four points an hour from 58, the middle of the last three, to 90.
    assert!(soon["due_p50"].as_str().unwrap().starts_with("2026-11-22T04:05"), "{soon}");
    assert!(soon["last_emptied"].as_str().unwrap().starts_with("2026-11-21T05:"), "{soon}");
    assert_eq!(list["without_place"], serde_json::json!(["bin-lost"]));
    assert_eq!(list["orphans"], serde_json::json!(["bin-else"]));
    assert!(list["notes"].to_string().contains("unverified"), "who collects there today is not known: {}", list["notes"]);

    let map = get(&router(&town), "/api/v1/waste/worklist?contractor=ARMA&hours=12&format=geojson").await;
    assert_eq!((map.header("content-type"), map.json()["features"].as_array().unwrap().len()), ("application/geo+json", 3));
    let way = get(&router(&town), "/api/v1/waste/worklist?contractor=ARMA&hours=12&format=gpx").await.text;
    assert_eq!(way.matches("<rtept ").count(), 4, "depot, two stops, depot: {way}");
    assert!(way.contains("Rue &lt;bin-full&gt;"), "{way}");
}

#[tokio::test]
async fn a_bin_is_foreseen_as_in_the_worklist() {
    let town = town();
    bins(&town);
    let router = router(&town);
    let list = get(&router, "/api/v1/waste/worklist?contractor=ARMA&hours=12").await.json();
    let stop = list["rounds"][0]["stops"].as_array().unwrap().iter().find(|s| s["bin"] == "bin-soon").unwrap().clone();
    let bin = get(&router, "/api/v1/waste/bin?bin=bin-soon").await.json();
    for field in ["fill", "heard", "due_p50", "due_p90", "basis", "urgency"] {
        assert_eq!(bin[field], stop[field], "{field}");
    }
    assert_eq!((&bin["contractor"], &bin["threshold"]), (&"ARMA".into(), &90.0.into()));
    let emptied = &bin["emptyings"].as_array().unwrap().last().unwrap()["at"];
    assert_eq!(*emptied, stop["last_emptied"]);
    assert_eq!(get(&router, "/api/v1/waste/bin?bin=none").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/api/v1/waste/bin").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_map_colours_bins_by_the_urgency_of_the_worklist() {
    let town = town();
    bins(&town);
    settle(&town, "bin-over", Kind::WASTE, "anfa", Some((33.59, -7.65)));
    for ago in 0..3 {
        let when = at(NOW).minus(seconds(ago * HOUR / 2));
        town.put([said("bin-over", Kind::WASTE, "anfa", Quantity::WASTE_FILL, 96.0, when)]);
    }
    let router = router(&town);
    let told = get(&router, "/api/v1/waste/urgency").await.json();
    let ids: Vec<&str> = told["devices"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let of = |id: &str| &told["urgency"][ids.iter().position(|known| *known == id).unwrap_or_else(|| panic!("{id}: {told}"))];
    assert!(ids.is_sorted() && told["urgency"].as_array().unwrap().len() == ids.len(), "{told}");
    let list = get(&router, "/api/v1/waste/worklist?contractor=ARMA&hours=48").await.json();
    for stop in list["rounds"][0]["stops"].as_array().unwrap() {
        assert_eq!(of(stop["bin"].as_str().unwrap()), &stop["urgency"], "{stop}");
    }
    let expected = [("bin-over", "now"), ("bin-full", "urgent"), ("bin-soon", "urgent"), ("bin-slow", "later")];
    assert!(expected.iter().all(|(id, urgency)| of(id) == urgency), "{told}");
    // Bins that are in nobody's round have their colour too.
    assert!(ids.contains(&"bin-else"), "{told}");
    let page = get(&router, "/en/waste").await.text;
    for text in ["/api/v1/waste/urgency", "Can wait", "Within 36 h", "Within 12 h", "Empty now"] {
        assert!(page.contains(text), "{text}");
    }
    let page = get(&router, "/en/waste/bin-over").await.text;
    assert!(page.contains("Empty now"), "the page of a bin says the same");
}

#[tokio::test]
async fn a_worklist_is_somebodys() {
    let town = town();
    bins(&town);
    for query in ["", "?contractor=Nobody"] {
        let answer = get(&router(&town), &format!("/api/v1/waste/worklist{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.json()["expected"].as_str().unwrap().contains("ARMA"), "{}", answer.text);
    }
}

#[tokio::test]
async fn indicators_count_collections_and_say_what_they_cannot() {
    let town = town();
    bins(&town);
    let kpi = get(&router(&town), "/api/v1/waste/kpi?zone=anfa&from=2026-11-21&to=2026-11-21").await.json();
    let row = &kpi["rows"][0];
    assert_eq!((&row["contractor"], &row["zone"], &row["bins"]), (&"ARMA".into(), &"anfa".into(), &4.into()), "{kpi}");
    assert!(row["collections"].as_u64().unwrap() >= 1, "{row}");
    assert!(row["availability"]["value"].as_f64().unwrap() > 0.9, "{row}");
    assert!(row["response_median_h"]["reason"].as_str().unwrap().contains("insufficient"), "{row}");
    let days = get(&router(&town), "/api/v1/waste/kpi?zone=anfa&from=2026-11-20&to=2026-11-21&by=day&format=csv").await.text;
    assert!(days.starts_with("contractor,zone,date,bins,") && days.lines().count() == 3, "{days}");
}

/// A street of six bays of which one is silent, and one of two.
fn bays(town: &Town) {
    for (zone, count) in [("anfa", 6), ("sbata", 2)] {
        for bay in 0..count {
            let id = format!("bay-{zone}-{bay}");
            settle(town, &id, Kind::PARKING, zone, None);
            for quarter in 0..16_u64 {
                if bay == 5 && quarter < 8 {
                    continue;
                }
                // Three stand full for the last two hours, and empty before.
                let taken = bay < 3 && quarter < 8;
                let when = at(NOW).minus(seconds(quarter * HOUR / 4 + 60));
                town.put([said(&id, Kind::PARKING, zone, Quantity::PARKING_OCCUPIED, f64::from(u8::from(taken)), when)]);
            }
        }
    }
}

#[tokio::test]
async fn a_zone_says_how_full_it_is_and_how_much_of_that_is_known_and_a_small_one_is_withheld() {
    let town = town();
    bays(&town);
    let answer = get(&router(&town), "/api/v1/parking/occupancy?from=2026-11-21T18:05:00Z&every=1h").await.json();
    let [anfa, sbata] = answer["zones"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&anfa["now"]["occupied"], &anfa["now"]["unknown"], &anfa["now"]["total"]), (&3.into(), &1.into(), &6.into()));
    assert!((anfa["now"]["occupancy"]["value"].as_f64().unwrap() - 60.0).abs() < 1e-9, "{anfa}");
    assert_eq!(anfa["windows"].as_array().unwrap().len(), 3, "two hours and the instant of now: {anfa}");
    assert_eq!(anfa["faults"], serde_json::json!([{ "device": "bay-anfa-5", "fault": "silent" }]));
    assert_eq!((&sbata["withheld"], sbata.get("now")), (&true.into(), None));
    assert!(answer["notes"].to_string().contains("withheld"), "{answer}");
}

/// Twelve meters in one zone, eleven and three in others; one of the twelve never rests.
fn meters(town: &Town) {
    for (zone, count) in [("anfa", 12), ("ben-msick", 11), ("sbata", 3)] {
        for meter in 0..count {
            let id = format!("meter-{zone}-{meter}");
            settle(town, &id, Kind::WATER, zone, None);
            let mut litres = 1000.0;
            for hour in (0..5 * 24_u64).rev() {
                let when = at(NOW).hour().minus(seconds(hour * HOUR));
                let leaks = zone == "anfa" && meter == 3;
                litres += if leaks {
                    25.0
                } else if hour % 24 < 12 {
                    20.0
                } else {
                    0.0
                };
                town.put([said(&id, Kind::WATER, zone, Quantity::WATER_VOLUME, litres / 1000.0, when)]);
            }
        }
    }
}

#[tokio::test]
async fn only_sums_over_enough_connections_are_published() {
    let town = town();
    meters(&town);
    let answer = get(&router(&town), "/api/v1/water/consumption?from=2026-11-19&to=2026-11-19").await;
    insta::assert_json_snapshot!(answer.json()["days"], @r#"
    [
      {
        "connections": 12,
        "date": "2026-11-19",
        "litres": 3240.0,
        "publication": "published",
        "zone": "anfa"
      },
      {
        "connections": null,
        "date": "2026-11-19",
        "litres": null,
        "publication": "suppressed_complement",
        "zone": "ben-msick"
      },
      {
        "connections": null,
        "date": "2026-11-19",
        "litres": null,
        "publication": "suppressed_k",
        "zone": "sbata"
      }
    ]
    "#);
    assert!(!answer.text.contains("meter-"), "no number of a meter leaves the house: {}", answer.text);
    // Asked for alone a zone is judged as among all: what is withheld in one answer is withheld in every other.
    let alone = get(&router(&town), "/api/v1/water/consumption?from=2026-11-19&to=2026-11-19&zone=anfa").await.json();
    assert_eq!(alone["days"][0], answer.json()["days"][0]);
}

#[tokio::test]
async fn a_leak_is_told_under_a_pseudonym_and_its_meter_can_be_looked_at_by_it() {
    let town = town();
    meters(&town);
    let answer = get(&router(&town), "/api/v1/water/leaks?zone=anfa").await;
    let leaks = answer.json()["leaks"].clone();
    assert_eq!(
        (leaks.as_array().unwrap().len(), &leaks[0]["class"], &leaks[0]["cleared_at"]),
        (1, &"moderate".into(), &serde_json::Value::Null)
    );
    assert!(!answer.text.contains("meter-"), "{}", answer.text);
    let name = leaks[0]["meter"].as_str().unwrap();
    let hours =
        get(&router(&town), &format!("/api/v1/water/consumption?meter={name}&every=1h&from=2026-11-19&to=2026-11-19")).await;
    let steps = hours.json()["steps"].clone();
    assert_eq!((steps.as_array().unwrap().len(), steps[4]["litres"].as_f64().map(f64::round)), (24, Some(25.0)));
    let unknown = get(&router(&town), "/api/v1/water/consumption?meter=meter-anfa-3").await;
    assert_eq!((unknown.status, &unknown.json()["parameter"]), (StatusCode::BAD_REQUEST, &"meter".into()));
}

#[tokio::test]
async fn without_a_key_no_single_connection_is_told() {
    let town = town();
    meters(&town);
    let mut house = town.house();
    house.parameters = Arc::new(dashboards::Parameters::shipped());
    let router = dashboards::router(house);
    for address in ["/api/v1/water/leaks", "/api/v1/water/consumption?meter=abcdefghij2345678901"] {
        let answer = get(&router, address).await;
        assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::FORBIDDEN, &"urn:marsad:problem:withheld".into()));
        assert!(answer.json()["expected"].as_str().unwrap().contains("privacy.keys"), "{}", answer.text);
    }
    assert_eq!(get(&router, "/api/v1/water/consumption").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_store_that_is_away_is_a_problem_and_not_an_empty_answer() {
    let town = town();
    station(&town);
    town.store_away.store(true, std::sync::atomic::Ordering::Relaxed);
    let answer = get(&router(&town), "/api/v1/air/index").await;
    assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::SERVICE_UNAVAILABLE, &"urn:marsad:problem:store".into()));
}
