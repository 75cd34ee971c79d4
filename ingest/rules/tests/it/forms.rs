//! The forms of condition that judge more than one reading at a time, as exact lists of what is said.

use schemas::{Kind, Quantity, Reading};

use crate::scene::{Desk, bad, fill, reading, rule};

const FILL: &str = r#"quantity = "waste.fill""#;
const NO2: &str = r#"quantity = "air.no2""#;
const VOLUME: &str = r#"quantity = "water.volume""#;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

fn hear_all(desk: &mut Desk, quantity: Quantity, step: i64, values: &[f64]) {
    for (n, value) in (0i64..).zip(values) {
        desk.hear(&reading("bin", quantity, *value, n * step));
    }
}

#[test]
fn two_of_three_samples_raise_and_two_of_three_clear() {
    let mut desk = Desk::new(&rule("r", FILL, "", "samples = { n = 2, of = 3, at_least = 90, clear = 80 }"));
    hear_all(&mut desk, Quantity::WASTE_FILL, 1, &[95.0, 10.0, 92.0, 10.0, 85.0, 91.0, 70.0, 85.0, 79.0]);
    assert_eq!(
        desk.story(),
        // 92 with 95 of three; then 10 and, three later, 70 are too far apart; 70 and 79 are not.
        ["r inactive>firing @2 2 92", "r firing>resolved @8 2 79"]
    );
}

#[test]
fn a_state_is_on_until_the_device_says_otherwise_and_heartbeats_change_nothing() {
    let mut desk = Desk::new(&rule("r", r#"quantity = "waste.fire""#, "", "keep_firing = \"60s\"\nstate = { is = \"on\" }"));
    hear_all(&mut desk, Quantity::WASTE_FIRE, 20, &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    desk.advance(159);
    assert_eq!(desk.story(), ["r inactive>firing @20 20 1"], "off for less than a minute is not over");
    desk.advance(160);
    assert_eq!(desk.story(), ["r firing>resolved @160 20 0"]);
}

#[test]
fn a_fire_is_a_fast_rise_to_heat_and_is_over_when_it_is_cool() {
    let condition = "rate = { rise = 10, within = \"10m\", gap = \"30m\", reaching = 45 }";
    let mut desk = Desk::new(&rule("r", r#"quantity = "waste.temperature""#, "", condition));
    let values = [30.0, 38.0, 47.0, 47.0, 46.0, 44.9, 60.0];
    hear_all(&mut desk, Quantity::WASTE_TEMPERATURE, 5 * MINUTE, &values);
    assert_eq!(
        desk.story(),
        ["r inactive>firing @600 600 47", "r firing>resolved @1500 600 44.9", "r resolved>firing @1800 1800 60"]
    );
    // A lid that the sun warms all morning burns not, nor what nobody measured for an hour.
    let mut slow = Desk::new(&rule("r", r#"quantity = "waste.temperature""#, "", condition));
    hear_all(&mut slow, Quantity::WASTE_TEMPERATURE, 10 * MINUTE, &[30.0, 38.0, 46.0, 48.0]);
    slow.hear(&reading("bin", Quantity::WASTE_TEMPERATURE, 59.0, 90 * MINUTE));
    assert_eq!(slow.story(), [""; 0]);
}

#[test]
fn an_hour_counts_with_three_of_its_four_quarters() {
    let condition = "window = { aggregate = \"mean\", every = \"1h\", above = 100, clear = 90 }";
    let mut desk = Desk::new(&rule("r", NO2, "", condition));
    // Quarters 0, 1 and 3 of the first hour; 0 and 1 of the second; all of the third.
    for (quarter, value) in
        [(0, 150.0), (1, 150.0), (3, 30.0), (4, 500.0), (5, 500.0), (8, 80.0), (9, 80.0), (10, 80.0), (11, 80.0)]
    {
        desk.hear(&reading("bin", Quantity::AIR_NO2, value, quarter * 15 * MINUTE));
    }
    desk.hear(&bad(reading("bin", Quantity::AIR_NO2, 2000.0, 11 * 15 * MINUTE + 1)));
    desk.advance(3 * HOUR);
    assert_eq!(desk.story(), ["r inactive>firing @3600 3600 110", "r firing>resolved @10800 3600 80"]);
}

#[test]
fn a_running_mean_is_of_the_last_hours_and_says_nothing_while_too_few_are_known() {
    let condition = "running = { hours = 4, capture = 0.75, above = 100, clear = 90 }";
    let mut desk = Desk::new(&rule("r", NO2, "", condition));
    // Hours 0 and 1 are not enough; 2 is not known; 3 makes three; 0 is forgotten with the end of 4.
    for (hour, value) in [(0, 200.0), (1, 110.0), (3, 110.0), (4, 95.0), (5, 40.0), (6, 40.0)] {
        desk.hear(&reading("bin", Quantity::AIR_NO2, value, hour * HOUR + 60));
        desk.hear(&reading("bin", Quantity::AIR_NO2, value, hour * HOUR + 1800));
    }
    desk.advance(9 * HOUR);
    // At 4 h: (200 + 110 + 110) / 3; at 5 h: (110 + 110 + 95) / 3; at 6 h: (110 + 95 + 40) / 3.
    assert_eq!(desk.story(), ["r inactive>firing @14400 14400 140", "r firing>resolved @21600 14400 81.66666666666667"]);
}

#[test]
fn an_hour_without_data_breaks_a_run_and_ends_no_episode() {
    let condition = "window = { aggregate = \"mean\", every = \"1h\", interval = \"1h\", consecutive = 2, clear_consecutive = 2, above = 100, clear = 90 }";
    let mut desk = Desk::new(&rule("r", NO2, "", condition));
    for (hour, value) in [(0, 120.0), (2, 120.0), (3, 120.0), (4, 50.0), (6, 50.0), (7, 50.0)] {
        desk.hear(&reading("bin", Quantity::AIR_NO2, value, hour * HOUR));
    }
    desk.advance(8 * HOUR);
    assert_eq!(desk.story(), ["r inactive>firing @14400 14400 120", "r firing>resolved @28800 14400 50"]);
}

#[test]
fn a_local_day_has_its_own_hours_and_is_judged_at_midnight() {
    let condition = "window = { aggregate = \"mean\", every = \"day\", interval = \"1h\", above = 90, clear = 90 }";
    let mut desk = Desk::new(&rule("r", NO2, "", condition));
    desk.engine.set_time_zone(jiff::tz::TimeZone::get("Africa/Casablanca").unwrap());
    // On the first of January 2026 the clocks of Casablanca were an hour ahead: its second day begins at 23:00 UTC.
    for hour in -1..23 {
        desk.hear(&reading("bin", Quantity::AIR_NO2, if hour < 6 { 200.0 } else { 60.0 }, hour * HOUR));
    }
    desk.advance(23 * HOUR - 1);
    assert_eq!(desk.story(), [""; 0]);
    desk.advance(23 * HOUR);
    let story = desk.story();
    assert!(story[0].starts_with("r inactive>firing @82800 82800 100.8"), "{story:?}");
}

fn meter(litres: f64, second: i64) -> Reading {
    Reading { kind: Kind::WATER, ..reading("meter", Quantity::WATER_VOLUME, litres / 1000.0, second) }
}

#[test]
fn a_burst_is_two_quarters_of_much_water_and_a_catch_up_of_many_readings_is_none() {
    let condition = "counter = { per = \"15m\", consecutive = 2, at_least = 250, clear = 250 }";
    let mut desk = Desk::new(&rule("r", VOLUME, "", condition));
    let mut index = 1000.0;
    for (quarter, litres) in [(0, 0.0), (1, 10.0), (2, 300.0), (3, 400.0), (4, 5.0)] {
        index += litres;
        desk.hear(&meter(index, quarter * 15 * MINUTE));
    }
    // The least of the run, in cubic metres a quarter.
    assert_eq!(desk.story(), ["r inactive>firing @2700 2700 0.3", "r firing>resolved @3600 2700 0.005"]);
    // 900 litres since the last reading, hours ago: nobody knows when.
    desk.hear(&meter(index + 900.0, 20 * HOUR));
    assert_eq!(desk.story(), [""; 0]);
}

#[test]
fn a_new_meter_and_a_step_that_cannot_be_are_no_consumption() {
    let condition = "counter = { per = \"1h\", at_least = 50, clear = 10 }";
    let mut desk = Desk::new(&rule("r", VOLUME, "", condition));
    for (hour, litres) in [(0, 123_456.0), (1, 12.0), (2, 20.0), (3, 90_000.0), (4, 90_060.0), (5, 90_061.0)] {
        desk.hear(&meter(litres, hour * HOUR));
    }
    assert_eq!(desk.story(), ["r inactive>firing @14400 14400 0.06", "r firing>resolved @18000 14400 0.001"]);
}

#[test]
fn a_day_of_much_water_is_the_difference_of_two_midnights() {
    let mut desk = Desk::new(&rule("r", VOLUME, "", "counter = { per = \"day\", above = 1000, clear = 1000 }"));
    for day in 0..4 {
        desk.hear(&meter([0.0, 800.0, 2000.0, 2100.0][day], i64::try_from(day).unwrap() * 24 * HOUR));
    }
    assert_eq!(desk.story(), ["r inactive>firing @172800 172800 1.2", "r firing>resolved @259200 172800 0.1"]);
}

#[test]
fn a_bin_that_fills_is_announced_hours_before_and_an_emptying_ends_it() {
    let mut desk = Desk::new(&rule("r", FILL, "", "forecast = { reaches = 90, within = \"6h\" }"));
    // Five points an hour: 90 is 6 hours from 60, and the trend's level is the median of the last three.
    for hour in 0..13i64 {
        desk.hear(&fill(10.0 + 5.0 * f64::from(i32::try_from(hour).unwrap()), hour * HOUR));
    }
    desk.hear(&fill(5.0, 13 * HOUR));
    assert_eq!(desk.story(), ["r inactive>firing @39600 39600 65", "r firing>resolved @46800 39600 5"]);
}

#[test]
fn a_value_is_compared_with_another_quantity_of_the_same_device() {
    let condition = "compare = { quantity = \"air.pm10\", by = \"ratio\", above = 1.1, clear = 1.0, fresh = \"1h\" }";
    let mut desk = Desk::new(&rule("r", r#"quantity = "air.pm2_5""#, "", condition));
    desk.hear(&reading("bin", Quantity::AIR_PM2_5, 50.0, 0));
    desk.hear(&reading("bin", Quantity::AIR_PM10, 40.0, 60));
    desk.hear(&reading("bin", Quantity::AIR_PM2_5, 30.0, 120));
    // What was said an hour ago is not compared with.
    desk.hear(&reading("bin", Quantity::AIR_PM2_5, 80.0, 2 * HOUR));
    assert_eq!(desk.story(), ["r inactive>firing @60 60 50", "r firing>resolved @120 60 30"]);
}

#[test]
fn a_value_is_compared_with_what_is_usual_in_this_hour_of_the_week() {
    let condition = "compare = { weeks = 3, by = \"ratio\", at_least = 3, clear = 2 }";
    let mut desk = Desk::new(&rule("r", r#"quantity = "water.flow""#, "", condition));
    for (week, flow) in [(0, 0.1), (1, 0.2), (2, 0.1), (3, 0.6)] {
        desk.hear(&reading("bin", Quantity::WATER_FLOW, flow, week * 7 * 24 * HOUR));
        desk.hear(&reading("bin", Quantity::WATER_FLOW, 0.4, week * 7 * 24 * HOUR + HOUR));
    }
    assert_eq!(desk.story(), ["r inactive>firing @1814400 1814400 0.6", "r firing>resolved @1818000 1814400 0.4"]);
}

#[test]
fn a_device_is_compared_with_the_others_of_its_kind_and_zone() {
    let condition = "compare = { group = true, above = 30, clear = 20 }";
    let mut desk = Desk::new(&rule("r", r#"quantity = "air.pm10""#, "", condition));
    for (n, device) in ["a", "b", "c", "d"].into_iter().enumerate() {
        desk.hear(&reading(device, Quantity::AIR_PM10, 40.0, i64::try_from(n).unwrap()));
    }
    desk.hear(&reading("d", Quantity::AIR_PM10, 90.0, 60));
    desk.hear(&reading("d", Quantity::AIR_PM10, 45.0, 120));
    assert_eq!(desk.story(), ["r inactive>firing @60 60 90", "r firing>resolved @120 60 45"]);
}
