//! Checks, dust, daily ozone, and what is handed on to others.

use domains::air::{
    AirSettings, Concentration, Doubt, EeaValidity, HourState, HourlySeries, LimitSet, Measure, Particles, Pm10Grid, Pollutant,
    check_hours, check_particles, dust_suspected, nowcast, running_24h, us_daily_ozone, us_sub_index,
};
use domains::time::CityTime;
use domains::{Finding, Lack, Status};
use schemas::{HOUR, Timestamp};

fn slots(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|v| Some(*v)).collect()
}

#[test]
fn a_small_negative_value_is_noise_and_a_large_one_is_invalid() {
    let settings = AirSettings::shipped().quality;
    let of = |pollutant, values: &[f64]| check_hours(pollutant, &slots(values), &settings);
    assert_eq!(of(Pollutant::Pm10, &[-9.9, -10.1, 2000.1]), [(1, Doubt::BelowFloor), (2, Doubt::AboveCeiling)]);
    assert_eq!(of(Pollutant::Co, &[-400.0, 5000.0, 5100.0]), []);
    assert_eq!(of(Pollutant::No2, &[-9.0, -9.6]), [(1, Doubt::BelowFloor)]);
    assert!(Doubt::BelowFloor.is_invalid() && !Doubt::Spike.is_invalid());
}

#[test]
fn six_identical_hours_are_stuck_and_a_night_of_zeros_is_not() {
    let settings = AirSettings::shipped().quality;
    let stuck = |values: &[f64]| check_hours(Pollutant::So2, &slots(values), &settings).len();
    assert_eq!(stuck(&[4.0, 7.5, 7.5, 7.5, 7.5, 7.5, 7.5]), 6);
    assert_eq!(stuck(&[7.5, 7.5, 7.5, 7.5, 7.5, 8.0]), 0);
    assert_eq!(stuck(&[0.0; 12]), 0);
    let mut gap = slots(&[7.5; 10]);
    gap[5] = None;
    assert_eq!(check_hours(Pollutant::So2, &gap, &settings).len(), 0);
}

#[test]
fn a_spike_stands_out_from_its_neighbours_and_a_rise_does_not() {
    let settings = AirSettings::shipped().quality;
    let of = |values: &[f64]| check_hours(Pollutant::Pm25, &slots(values), &settings);
    assert_eq!(of(&[20.0, 21.0, 19.0, 400.0, 22.0, 20.0, 18.0]), [(3, Doubt::Spike)]);
    assert_eq!(of(&[20.0, 60.0, 100.0, 140.0, 180.0, 220.0, 260.0]), []);
}

#[test]
fn fine_particles_cannot_outweigh_the_coarse_ones_that_contain_them() {
    let settings = AirSettings::shipped().quality;
    let found = check_particles(&[Some(30.0), Some(60.1), None], &[Some(50.0), Some(50.0), Some(1.0)], &settings);
    assert_eq!(found, [(1, Doubt::FineAboveCoarse)]);
}

#[test]
fn low_cost_channels_that_disagree_give_nothing_and_dust_is_marked() {
    let correction = AirSettings::shipped().low_cost;
    assert_eq!(correction.channels(10.0, 14.0), Some(12.0));
    assert_eq!(correction.channels(10.0, 40.0), None);
    assert!(correction.apply(20.0, 20.0, Some(100.0)).uncertain);
    assert!(!correction.apply(20.0, 60.0, Some(100.0)).uncertain && !correction.apply(20.0, 20.0, None).uncertain);
    assert!(dust_suspected(150.0, 30.0, 20.0, &correction) && !dust_suspected(150.0, 30.0, 60.0, &correction));
}

#[test]
fn filtering_on_code_1_would_lose_the_ozone() {
    let codes = |state| EeaValidity::of(state, true).0;
    assert_eq!((codes(HourState::Valid), codes(HourState::Missing), codes(HourState::Calibration)), (4, -1, -99));
    assert_eq!((codes(HourState::BelowLod), codes(HourState::BelowLodHalved)), (2, 3));
    assert!(EeaValidity(4).is_valid() && !EeaValidity(-1).is_valid() && !EeaValidity(0).is_valid());
}

#[test]
fn the_daily_ozone_of_the_united_states_starts_its_windows_at_seven() {
    let city = CityTime::of("Africa/Casablanca").unwrap();
    let day = city.day("2026-11-21".parse().unwrap());
    // Before seven there is much ozone, which does not count; from 23 to 7 of the next day there is some.
    let value = |hour: i64| {
        Some(if hour < 7 {
            200.0
        } else if hour >= 23 {
            80.0
        } else {
            40.0
        })
    };
    let series = |hours: i64| HourlySeries::new(day.start, (0..hours).map(value).collect()).unwrap();
    assert_eq!(us_daily_ozone(&series(31), day), Finding::Value(80.0));
    let short = us_daily_ozone(&series(20), day);
    assert_eq!(short, Finding::Insufficient(Lack::Capture { valid: 8, needed: 13, expected: 17 }));
}

#[test]
fn the_running_day_needs_eighteen_hours() {
    let start: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    let last = Timestamp::clamped(start.millis() + 23 * HOUR);
    let with = |hours: usize| HourlySeries::new(start, (0..24).map(|h| (h < hours).then_some(60.0)).collect()).unwrap();
    assert_eq!((running_24h(&with(18), last), running_24h(&with(17), last)), (Some(60.0), None));
    let newest: Vec<_> = with(24).newest_first(last, 12).collect();
    let now = nowcast(Particles::Pm25, &newest).unwrap();
    assert_eq!(us_sub_index(now.concentration), us_sub_index(Concentration::truncated(Measure::Pm25, 60.0).unwrap()));
    assert!(HourlySeries::new(Timestamp::clamped(1), vec![]).is_err());
    assert!(HourlySeries::new(start, vec![None; 100_000]).is_err());
}

#[test]
fn the_moroccan_grid_says_that_it_is_from_memory() {
    let grid = AirSettings::shipped().iqa;
    assert_eq!(grid.status(), Status::Memory);
    let strict = grid.sub_index(Pollutant::Pm10, 50.0);
    assert!(strict > grid.clone().with_pm10(Pm10Grid::V2004).sub_index(Pollutant::Pm10, 50.0));
    assert_eq!(grid.sub_index(Pollutant::Co, 50.0), None);
}

#[test]
fn a_law_holds_from_its_first_day_to_its_last() {
    let sets = LimitSet::shipped();
    let holds = |id: &str, date: &str| sets.iter().find(|s| s.id == id).unwrap().holds_on(date.parse().unwrap());
    assert!(holds("ma-2009", "2024-03-24") && !holds("ma-2009", "2024-03-25") && holds("ma-2024", "2024-03-25"));
    assert!(holds("eu-2008", "2026-12-11") && !holds("eu-2008", "2026-12-12") && !holds("eu-2030", "2026-12-12"));
    assert!(!holds("who-2021", "2026-12-12"), "a guideline binds nobody");
}

#[test]
fn a_lack_says_how_much_is_there_and_how_much_is_needed() {
    let lack = Finding::mean([Some(1.0), None, None], 2, 3);
    let Finding::Insufficient(lack) = lack else { panic!("one of three is not enough") };
    assert_eq!(lack.to_string(), "insufficient data: 1 of 3 values are valid, 2 are needed");
    let json = serde_json::to_value(Finding::<f64>::Insufficient(lack)).unwrap();
    assert_eq!(json, serde_json::json!({ "insufficient": { "capture": { "valid": 1, "needed": 2, "expected": 3 } } }));
}
