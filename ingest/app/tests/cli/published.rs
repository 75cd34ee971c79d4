//! What is published of meters, over real HTTP: sums over ten or more of which none is most of the sum, and nothing from which
//! another sum could be worked out.

use jiff::Timestamp as Instant;
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::Value;
use tests::{Device, until};

use crate::people::get;
use crate::privacy::{PATIENCE, Town};

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

/// Two days that are over; the city's time is UTC.
fn days() -> [Timestamp; 2] {
    let today = SystemClock.now().millis().div_euclid(DAY) * DAY;
    [3, 2].map(|ago| Timestamp::clamped(today - ago * DAY))
}

fn date(day: Timestamp) -> String {
    Instant::from_millisecond(day.millis()).expect("a time").to_string()[..10].to_owned()
}

/// A meter that says its register each hour around two days, on which it counts so many litres.
fn meter(device: &mut Device, zone: &str, number: usize, litres: [f64; 2]) {
    let [first, _] = days();
    let register = |hour: i32| {
        let on = |day: i32| f64::from((hour - 24 * day).clamp(0, 24)) / 24.0;
        5.0 + (on(0) * litres[0] + on(1) * litres[1]) / 1000.0
    };
    let samples: Vec<Value> = (-3..=51)
        .map(|hour| {
            let at = Timestamp::clamped(first.millis() + i64::from(hour) * HOUR);
            serde_json::json!({ "time": at.to_string(), "values": { "water.volume": register(hour) } })
        })
        .collect();
    let payload = serde_json::json!({ "v": 1, "samples": samples }).to_string();
    device.publish(&format!("marsad/{zone}/water/CASA-{zone}-{number}/up"), payload.as_bytes());
}

/// The cells of the domain's vectors that are withheld, each with its reason; those of this file where the vectors are not there.
fn vectors() -> Vec<(Vec<f64>, String)> {
    let dominated = [&[100.0; 11][..], &[1200.0]].concat();
    let own = || vec![(vec![100.0; 9], "suppressed_k".to_owned()), (dominated, "suppressed_dominance".to_owned())];
    let Some(file) = tests::shared("domain/vectors.json") else { return own() };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("text")).expect("JSON");
    let cell = |case: &Value| {
        let values = case["values"].as_array().expect("values").iter().filter_map(Value::as_f64).collect();
        (values, case["result"].as_str().expect("a result").to_owned())
    };
    all["k_anonymity"].as_array().expect("cases").iter().map(cell).collect()
}

#[test]
fn req_p_5_no_sum_is_told_of_fewer_than_ten_of_one_that_is_most_of_it_or_that_another_sum_gives_away() {
    let town = Town::of(0);
    let running = town.start();
    let mut device = Device::connect(running.mqtt, "gateway");
    let cells = vectors();
    assert_eq!(cells.len(), 2, "few, and dominated: {cells:?}");
    let zones = ["anfa", "sbata"];
    for (zone, (values, _)) in zones.iter().zip(&cells) {
        for (number, litres) in values.iter().enumerate() {
            // On the second day nobody is most of a sum.
            meter(&mut device, zone, number, [*litres, 100.0]);
        }
    }
    for number in 0..20 {
        meter(&mut device, "maarif", number, [100.0; 2]);
    }
    device.acknowledged();
    let _ = running.settled(PATIENCE);
    town.told(&["user", "add", "admin-1", "--role", "admin"]);
    let token = town.told(&["token", "make", "officer-1", "--role", "officer"])["secret"].as_str().expect("a secret").to_owned();
    let officer = format!("authorization: Bearer {token}\r\n");
    let asked = |more: &str, header: &str| {
        let period = format!("from={}&to={}", date(days()[0]), date(days()[1]));
        let (status, answer) = get(running.http, &format!("/api/v1/water/consumption?{period}{more}"), header);
        (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
    };
    let rows = |more: &str| {
        let (status, body) = asked(more, &officer);
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"));
        answer["days"].as_array().expect("days").clone()
    };
    let all = until("both days to be known", PATIENCE, || Some(rows("")).filter(|rows| rows.len() == 6));
    let of = |day: usize, zone: &str| {
        let found = all.iter().find(|row| row["date"] == date(days()[day]).as_str() && row["zone"] == zone);
        let row = found.unwrap_or_else(|| panic!("no {zone}: {all:?}"));
        (row["publication"].as_str().expect("a code").to_owned(), row["litres"].as_f64(), row["connections"].as_u64())
    };
    for (zone, (_, code)) in zones.iter().zip(&cells) {
        assert_eq!(of(0, zone), (code.clone(), None, None), "{zone}");
    }
    assert_eq!(of(0, "maarif"), ("published".to_owned(), Some(2000.0), Some(20)));
    // One is too few now: with a total of all, the other two would tell it.
    assert_eq!(of(1, "anfa"), ("suppressed_k".to_owned(), None, None));
    assert_eq!(of(1, "sbata"), ("suppressed_complement".to_owned(), None, None));
    assert_eq!(of(1, "maarif"), ("published".to_owned(), Some(2000.0), Some(20)));
    for zone in zones {
        for row in rows(&format!("&zone={zone}")) {
            assert!(row["litres"].is_null() && row["connections"].is_null(), "asked for alone: {row}");
        }
        let csv = asked(&format!("&zone={zone}&format=csv"), &officer).1;
        assert!(csv.lines().count() == 3 && csv.lines().skip(1).all(|line| line.contains(",,,suppressed_")), "{csv}");
    }
    for (path, header) in [("", ""), ("&zone=maarif", ""), ("&zone=anfa", "authorization: Bearer guessed\r\n")] {
        assert_eq!(asked(path, header), (401, asked("&zone=nowhere", header).1), "who has not signed in gets no sum");
    }
    let engineer =
        town.told(&["token", "make", "engineer-1", "--role", "engineer"])["secret"].as_str().expect("a secret").to_owned();
    let single = get(running.http, "/api/v1/water/leaks", &format!("authorization: Bearer {engineer}\r\n"));
    assert_eq!(single.0, 404, "single connections are not for everybody who sees sums");
}
