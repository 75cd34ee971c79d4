//! A year against the limits: counts, ranks, both counts of dust, and silence where there are too few data.

use std::collections::BTreeMap;

use domains::air::{
    AirSettings, Captures, DustDays, Exceedances, HourlySeries, LimitSet, Pollutant, Siting, Statistic, alarm_episodes, eaqi,
    exceedances,
};
use domains::time::CityTime;
use domains::{Capture, Finding, Lack};
use jiff::civil::Date;
use schemas::{HOUR, Timestamp};

const YEAR: i16 = 2026;

fn captures() -> Captures {
    Captures { day: Capture::USUAL, year: Capture::USUAL, legal: Capture { share: 0.85 } }
}

fn city() -> CityTime {
    CityTime::of("Africa/Casablanca").unwrap()
}

/// The year's hourly values by local date and hour of the day, from eight hours before it.
fn series(value: impl Fn(Date, i64) -> Option<f64>) -> HourlySeries {
    let mut values = vec![Some(10.0); 8];
    let days: Vec<_> = city().year(YEAR).collect();
    for day in &days {
        values.extend((0..i64::try_from(day.hours()).unwrap()).map(|hour| value(day.date, hour)));
    }
    HourlySeries::new(Timestamp::clamped(days[0].start.millis() - 8 * HOUR), values).unwrap()
}

fn set(id: &str) -> LimitSet {
    LimitSet::shipped().into_iter().find(|s| s.id == id).unwrap()
}

fn table(id: &str, pollutant: Pollutant, series: HourlySeries, dust: &DustDays) -> Exceedances {
    exceedances(&set(id), &BTreeMap::from([(pollutant, series)]), &city(), YEAR, dust, captures())
}

/// The first `n` days of a month that have a certain day number or less.
fn among_first(date: Date, days: i16) -> bool {
    date.day_of_year() <= days
}

#[test]
fn thirty_five_days_of_particles_keep_the_old_limit_and_thirty_six_do_not() {
    for (days, kept) in [(35, true), (36, false)] {
        let year = series(|date, _| Some(if among_first(date, days) { 60.0 } else { 20.0 }));
        for id in ["ma-2009", "eu-2008"] {
            let table = table(id, Pollutant::Pm10, year.clone(), &DustDays::new());
            let row = table.rows.iter().find(|r| r.limit.pollutant == Pollutant::Pm10 && r.limit.statistic == Statistic::Day);
            let row = row.unwrap();
            assert_eq!(row.all.above, usize::try_from(days).unwrap(), "{id}");
            assert_eq!(row.all.kept, Finding::Value(kept), "{id}");
            assert!(row.legal_grade);
        }
    }
}

#[test]
fn a_year_of_8761_hours_is_compared_by_its_176th_highest_hour() {
    // 175 exceedances of 8,761 hours: the rank is 8,586, and the limit is kept.
    let year = series(|date, hour| Some(if among_first(date, 25) && hour < 7 { 210.0 } else { 30.0 }));
    let table = table("ma-2009", Pollutant::No2, year, &DustDays::new());
    let row = table.rows.iter().find(|r| r.limit.statistic == Statistic::Hour).unwrap();
    assert_eq!((row.expected, row.all.above), (8761, 175));
    assert_eq!((row.all.figure.clone(), row.all.kept.clone()), (Finding::Value(30.0), Finding::Value(true)));
}

#[test]
fn natural_dust_is_discounted_beside_the_full_count_and_never_deleted() {
    let year = series(|date, _| Some(if among_first(date, 40) { 200.0 } else { 20.0 }));
    let dust: DustDays = city().year(YEAR).map(|d| d.date).filter(|d| among_first(*d, 10)).collect();
    let table = table("eu-2008", Pollutant::Pm10, year, &dust);
    assert_eq!(table.dust_days, 10);
    let row = table.rows.iter().find(|r| r.limit.statistic == Statistic::Day && r.limit.pollutant == Pollutant::Pm10).unwrap();
    assert_eq!((row.all.above, row.without_dust.above), (40, 30));
    assert_eq!((row.all.kept.clone(), row.without_dust.kept.clone()), (Finding::Value(false), Finding::Value(true)));
    assert_eq!(row.all.valid, row.without_dust.valid);
}

#[test]
fn half_a_year_is_no_year_but_enough_exceedances_are() {
    let half = |low: f64| series(move |date, _| (date.month() <= 6).then_some(if among_first(date, 50) { 60.0 } else { low }));
    let table = table("eu-2008", Pollutant::Pm10, half(20.0), &DustDays::new());
    let row =
        |statistic| table.rows.iter().find(|r| r.limit.statistic == statistic && r.limit.pollutant == Pollutant::Pm10).unwrap();
    // More days are above already than are permitted: the other half cannot mend that.
    assert_eq!(row(Statistic::Day).all.kept, Finding::Value(false));
    assert!(matches!(row(Statistic::Year).all.figure, Finding::Insufficient(Lack::Capture { .. })));
    assert!(matches!(row(Statistic::Year).all.kept, Finding::Insufficient(Lack::Capture { .. })));
    assert!(!row(Statistic::Day).legal_grade);
}

#[test]
fn what_needs_minutes_or_was_not_measured_says_so() {
    let table = table("who-2021", Pollutant::So2, series(|_, _| Some(5.0)), &DustDays::new());
    let row = |pollutant, statistic| {
        table
            .rows
            .iter()
            .find(|r| r.limit.pollutant == pollutant && r.limit.statistic == statistic && r.limit.interim.is_none())
            .unwrap()
    };
    assert!(matches!(row(Pollutant::So2, Statistic::TenMinutes).all.kept, Finding::Insufficient(Lack::Resolution { .. })));
    assert_eq!(row(Pollutant::So2, Statistic::Day).all.kept, Finding::Value(true));
    assert!(matches!(row(Pollutant::O3, Statistic::PeakSeason).all.kept, Finding::Insufficient(_)));
}

#[test]
fn the_peak_season_is_the_highest_half_year() {
    let year = series(|date, _| Some(if (4..=9).contains(&date.month()) { 90.0 } else { 40.0 }));
    let table = table("who-2021", Pollutant::O3, year, &DustDays::new());
    let row = table.rows.iter().find(|r| r.limit.statistic == Statistic::PeakSeason).unwrap();
    let figure = row.all.figure.clone().value().unwrap();
    assert!((figure - 90.0).abs() < 0.5, "{figure}");
}

#[test]
fn plants_bear_three_days_in_a_row_and_not_four() {
    for (days, kept) in [(3, true), (4, false)] {
        let year = series(|date, _| Some(if among_first(date, days) || date.day_of_year() == 100 { 70.0 } else { 30.0 }));
        let table = table("ma-2009", Pollutant::O3, year, &DustDays::new());
        let row = table.rows.iter().find(|r| r.limit.consecutive.is_some()).unwrap();
        assert_eq!((row.expected, row.all.longest_run), (365, usize::try_from(days).unwrap()));
        assert_eq!(row.all.kept, Finding::Value(kept));
    }
}

#[test]
fn a_mean_of_the_year_is_exceeded_once() {
    let table = table("eu-2008", Pollutant::No2, series(|_, _| Some(41.0)), &DustDays::new());
    let row = table.rows.iter().find(|r| r.limit.statistic == Statistic::Year && r.limit.pollutant == Pollutant::No2).unwrap();
    assert_eq!((row.all.above, row.all.kept.clone()), (1, Finding::Value(false)));
    assert!((row.all.figure.clone().value().unwrap() - 41.0).abs() < 1e-6);
}

#[test]
fn an_index_without_its_pollutants_is_no_index() {
    let hour = BTreeMap::from([(Pollutant::No2, 30.0), (Pollutant::Pm10, 20.0)]);
    assert!(eaqi(&hour, Siting::Traffic).value().is_some_and(|i| i.partial));
    assert_eq!(eaqi(&hour, Siting::Background), Finding::Insufficient(Lack::OneOf(vec!["o3"])));
    let grid = AirSettings::shipped().iqa;
    let station = BTreeMap::from([(Pollutant::Pm10, vec![Some(60.0); 24])]);
    assert!(grid.day(&[station], Capture::USUAL).value().is_none());
}

#[test]
fn an_episode_ends_after_three_quiet_hours_that_are_known() {
    let ending = AirSettings::shipped().ending;
    let hours = [190.0, 210.0, 220.0, 230.0, 250.0, 150.0, 150.0];
    let mut values: Vec<Option<f64>> = hours.into_iter().map(Some).collect();
    values.extend([None, Some(150.0), Some(150.0), Some(179.0), Some(210.0)]);
    let found = alarm_episodes(&values, 200.0, 3, &ending);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].began, found[0].raised, found[0].ended), (1, 3, Some(10)));
    assert!((found[0].peak - 250.0).abs() < 1e-9);
}
