//! What holds for any data: sums, monotony, the order of arrival, folding against counting, and that nothing panics.

use std::collections::BTreeMap;

use domains::Finding;
use domains::air::{
    AirSettings, Concentration, HourlySeries, Measure, Particles, Pollutant, Siting, check_hours, eaqi, mda8, nowcast,
    percentile_by_rank, us_sub_index,
};
use domains::time::{CityTime, fold_days};
use domains::waste::{BinGeometry, WasteSettings, emptyings, fill, hampel};
use domains::water::{ConsumptionCurve, MeterIndex, WaterSettings, leaks};
use jiff::civil::Date;
use proptest::prelude::*;
use schemas::{HOUR, Partial, Quality, Quantity, Reading, SeriesKey, Timestamp};

const MINUTE: i64 = 60_000;

fn casablanca() -> CityTime {
    CityTime::of("Africa/Casablanca").unwrap()
}

fn key() -> SeriesKey {
    SeriesKey { device: "a".parse().unwrap(), quantity: Quantity::AIR_NO2, channel: 0 }
}

fn reading(at: Timestamp, value: f64) -> Reading {
    Reading {
        series: key(),
        kind: "air".parse().unwrap(),
        zone: "anfa".parse().unwrap(),
        value,
        observed_at: at,
        received_at: at,
        quality: Quality::GOOD,
    }
}

/// Days round each change of Morocco's clock, and one without.
fn a_day() -> impl Strategy<Value = Date> {
    let dates = ["2025-02-23", "2025-04-06", "2026-02-15", "2026-03-22", "2026-09-20", "2026-11-21"];
    prop::sample::select(dates.map(|d| d.parse::<Date>().unwrap()).to_vec())
}

/// Sixteenths: sums of a few thousand of them are exact, in whatever order.
fn a_value() -> impl Strategy<Value = f64> {
    (-1_000_i32..20_000).prop_map(|v| f64::from(v) / 16.0)
}

fn bits(series: &HourlySeries) -> Vec<Option<u64>> {
    series.values().iter().map(|v| v.map(f64::to_bits)).collect()
}

proptest! {
    #[test]
    fn the_sum_of_deltas_is_last_less_first(
        first in 0_u64..1_000_000,
        steps in prop::collection::vec((1_i64..600, 0.0_f64..=1.0), 1..60),
    ) {
        let settings = WaterSettings::shipped();
        let mut now = MeterIndex { at: "2026-02-14T00:00:00Z".parse().unwrap(), litres: first, serial: None };
        let mut readings = vec![now];
        for (minutes, part) in steps {
            // Within what a meter can pass: 1.2 x 3,125 litres an hour.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few litres")]
            let litres = (part * 3_750.0 * minutes as f64 / 60.0).floor() as u64;
            now = MeterIndex { at: Timestamp::clamped(now.at.millis() + minutes * MINUTE), litres: now.litres + litres, ..now };
            readings.push(now);
        }
        let curve = ConsumptionCurve::new(&readings, &settings.meter, &settings.curve).unwrap();
        let sum: u64 = curve.deltas().iter().map(|(_, d)| d.consumption().unwrap()).sum();
        prop_assert_eq!(sum, now.litres - first);
        let whole = curve.between(readings[0].at, now.at).unwrap();
        prop_assert_eq!(whole.litres, (now.litres - first) as f64);
        let mut arrived = readings.clone();
        arrived.reverse();
        let late = ConsumptionCurve::new(&arrived, &settings.meter, &settings.curve).unwrap();
        prop_assert_eq!(late.deltas(), curve.deltas());
    }

    #[test]
    fn days_of_consumption_are_the_sum_of_their_hours(
        date in a_day(),
        litres in prop::collection::vec(0_u64..400, 120),
        offset in 0_i64..60,
    ) {
        let (settings, day) = (WaterSettings::shipped(), casablanca().day(date));
        let (mut total, mut readings) = (0, Vec::new());
        for (i, step) in (0_i64..).zip(litres) {
            total += step;
            let at = Timestamp::clamped(day.start.millis() + (i - 2) * 30 * MINUTE - offset * MINUTE);
            readings.push(MeterIndex { at, litres: total, serial: None });
        }
        let curve = ConsumptionCurve::new(&readings, &settings.meter, &settings.curve).unwrap();
        let hours: Vec<_> = curve.hours(day.start, day.end).map(Option::unwrap).collect();
        prop_assert_eq!(hours.len(), day.hours());
        let sum: f64 = hours.iter().map(|h| h.litres).sum();
        prop_assert!((sum - curve.day(day).unwrap().litres).abs() < 1e-6);
    }

    #[test]
    fn the_european_index_never_falls_when_a_pollutant_rises(
        values in prop::collection::vec(0.0_f64..500.0, 5),
        which in 0_usize..5,
        more in 0.0_f64..500.0,
    ) {
        let pollutants = [Pollutant::Pm25, Pollutant::Pm10, Pollutant::No2, Pollutant::O3, Pollutant::So2];
        let mut hour: BTreeMap<_, _> = pollutants.into_iter().zip(values).collect();
        let before = eaqi(&hour, Siting::Background).value().unwrap();
        *hour.get_mut(&pollutants[which]).unwrap() += more;
        prop_assert!(eaqi(&hour, Siting::Background).value().unwrap().level >= before.level);
    }

    #[test]
    fn no_sub_index_falls_when_its_pollutant_rises(value in -20.0_f64..3_000.0, more in 0.0_f64..500.0) {
        for measure in Measure::ALL {
            // Ozone over eight hours hands over to one hour above 0.200 ppm, and has no index there.
            let scale = if measure.code().starts_with("o3") { 1e-4 } else { 1.0 };
            let index = |v: f64| us_sub_index(Concentration::truncated(measure, v * scale).unwrap()).map(|i| i.raw);
            if let (Some(low), Some(high)) = (index(value), index(value + more)) {
                prop_assert!(high >= low, "{:?} {} {}", measure, value, more);
            }
        }
        let grid = AirSettings::shipped().iqa;
        for pollutant in [Pollutant::Pm10, Pollutant::No2, Pollutant::O3, Pollutant::So2] {
            prop_assert!(grid.sub_index(pollutant, value + more) >= grid.sub_index(pollutant, value));
        }
    }

    #[test]
    fn the_order_of_arrival_changes_no_average(
        values in prop::collection::vec((0_i64..1_500, any::<f32>()), 1..300),
        seed in any::<u64>(),
    ) {
        let start: Timestamp = "2026-09-19T00:00:00Z".parse().unwrap();
        let end = Timestamp::clamped(start.millis() + 26 * HOUR);
        // One value an instant: of two for one instant the one received last holds, and here they are received at once.
        let minutes: BTreeMap<i64, f64> = values.into_iter().map(|(m, v)| (m, f64::from(v))).collect();
        let punctual: Vec<Reading> =
            minutes.iter().map(|(m, v)| reading(Timestamp::clamped(start.millis() + m * MINUTE), *v)).collect();
        let mut arrived = punctual.clone();
        arrived.sort_by_key(|r| (r.observed_at.millis().unsigned_abs() ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let series = |readings: &[Reading]| HourlySeries::from_readings(start, end, readings, 4, 0.75).unwrap();
        let (first, second) = (series(&punctual), series(&arrived));
        prop_assert_eq!(bits(&first), bits(&second));
        let day = casablanca().day("2026-09-19".parse().unwrap());
        prop_assert_eq!(
            mda8(&first, day, domains::Capture::USUAL),
            mda8(&second, day, domains::Capture::USUAL)
        );
    }

    #[test]
    fn folded_hours_are_what_the_readings_of_a_local_day_come_to(
        date in a_day(),
        values in prop::collection::vec((-30_i64..80, 0_i64..60, a_value()), 1..400),
    ) {
        let city = casablanca();
        let noon = city.day(date).start.millis() + 12 * HOUR;
        let readings: BTreeMap<Timestamp, f64> =
            values.into_iter().map(|(h, m, v)| (Timestamp::clamped(noon + h * HOUR + m * MINUTE), v)).collect();
        let mut hours: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
        let mut days: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
        for (at, value) in &readings {
            hours.entry(at.hour()).or_default().push(*value);
            days.entry(city.date(*at)).or_default().push(*value);
        }
        let mut partials: Vec<Partial> = hours.into_iter().map(|(start, v)| partial(start, &v)).collect();
        partials.reverse();
        let folded = fold_days(&partials, &city);
        prop_assert_eq!(folded.len(), days.len());
        for (fold, (date, values)) in folded.iter().zip(days) {
            let direct = partial(fold.day.start, &values);
            prop_assert_eq!(fold.day, city.day(date));
            prop_assert_eq!((fold.count, fold.sum), (direct.count, direct.sum));
            prop_assert_eq!((fold.min, fold.max), (direct.min, direct.max));
            prop_assert_eq!((fold.first, fold.last), (direct.first, direct.last));
        }
    }

    #[test]
    fn a_percentile_by_rank_keeps_a_limit_exactly_if_few_enough_values_exceed_it(
        values in prop::collection::vec(0.0_f64..200.0, 1..400),
        q in 500_u32..1_000,
        limit in 0.0_f64..200.0,
    ) {
        let found = percentile_by_rank(&values, f64::from(q) / 10.0).value().unwrap();
        let above = values.iter().filter(|v| **v > limit).count();
        prop_assert_eq!(found.keeps(limit), above <= values.len() - found.rank);
    }

    #[test]
    fn no_number_however_strange_makes_anything_panic(values in prop::collection::vec(any::<f64>(), 0..40), t in any::<i64>()) {
        let (air, waste, water) = (AirSettings::shipped(), WasteSettings::shipped(), WaterSettings::shipped());
        let slots: Vec<Option<f64>> = values.iter().map(|v| Some(*v)).collect();
        let _ = nowcast(Particles::Pm25, &slots);
        let _ = check_hours(Pollutant::Pm10, &slots, &air.quality);
        let _ = percentile_by_rank(&values, values.first().copied().unwrap_or(f64::NAN));
        let _ = hampel(&values, &waste.emptying);
        let _ = emptyings(&values, |i| i % 3 == 0, &waste.emptying);
        let _ = leaks(&slots, values.first().copied().unwrap_or(1.0), &water.leak);
        let bin = BinGeometry::new(1200.0, 300.0).unwrap();
        for value in &values {
            if let Ok(found) = fill(*value, bin, &waste.fill) {
                prop_assert!((0.0..=100.0).contains(&found.percent));
            }
            for measure in Measure::ALL {
                let _ = Concentration::truncated(measure, *value).and_then(us_sub_index);
            }
            let _ = air.low_cost.apply(*value, *value, Some(*value));
        }
        let city = casablanca();
        let day = city.day_of(Timestamp::clamped(t));
        prop_assert!(day.start <= Timestamp::clamped(t) && Timestamp::clamped(t) <= day.end);
        if let Ok(series) = HourlySeries::new(day.start, slots) {
            prop_assert!(!matches!(mda8(&series, day, domains::Capture::USUAL), Finding::Value(m) if m.value.is_nan()));
        }
    }
}

/// The partial of values in order of time.
fn partial(start: Timestamp, values: &[f64]) -> Partial {
    Partial {
        series: key(),
        start,
        count: values.len() as u64,
        sum: values.iter().sum(),
        min: values.iter().copied().reduce(f64::min).unwrap(),
        max: values.iter().copied().reduce(f64::max).unwrap(),
        first: values[0],
        last: *values.last().unwrap(),
    }
}
