//! Counters at their edges.

use domains::water::{ConsumptionCurve, Delta, MeterIndex, WaterSettings, backflow_alarm, delta};
use schemas::{HOUR, Timestamp};

fn index(hours: i64, litres: u64) -> MeterIndex<'static> {
    MeterIndex { at: Timestamp::clamped(1_790_000_000_000 / HOUR * HOUR + hours * HOUR), litres, serial: None }
}

#[test]
fn a_register_that_passes_its_end_goes_on_and_one_that_falls_does_not() {
    let settings = WaterSettings::shipped().meter;
    let step = |before, now| delta(index(0, before), index(1, now), &settings);
    assert_eq!(step(99_999_950, 100), Delta::Rollover(150));
    assert_eq!(step(1_000, 960), Delta::Reverse(40));
    assert_eq!(step(1_000, 960).volume(), Some(-40));
    assert_eq!(step(1_000, 960).consumption(), Some(0));
    assert_eq!(step(500_000, 400_000), Delta::SuspectDecrease);
    // No time has passed: nothing can have flowed.
    assert_eq!(delta(index(0, 5), index(0, 5), &settings), Delta::Ok(0));
    assert_eq!(delta(index(0, 5), index(0, 6), &settings), Delta::SuspectSpike(1));
    assert_eq!(step(u64::MAX, u64::MAX - 1), Delta::Reverse(1));
}

#[test]
fn water_that_flows_back_is_told_when_it_is_much_or_often() {
    let settings = WaterSettings::shipped().meter;
    let small = Delta::Reverse(4);
    assert!(!backflow_alarm(&[small, Delta::Ok(3), small], &settings));
    assert!(backflow_alarm(&[small, small, Delta::Ok(3), small], &settings));
    assert!(backflow_alarm(&[Delta::Reverse(10)], &settings));
}

#[test]
fn of_two_readings_for_one_instant_the_later_one_holds() {
    let settings = WaterSettings::shipped();
    let readings = [index(0, 100), index(1, 999), index(2, 160), index(1, 130)];
    let curve = ConsumptionCurve::new(&readings, &settings.meter, &settings.curve).unwrap();
    assert_eq!(curve.deltas().iter().map(|(_, d)| *d).collect::<Vec<_>>(), [Delta::Ok(30), Delta::Ok(30)]);
    let nothing = ConsumptionCurve::new(&[], &settings.meter, &settings.curve).unwrap();
    assert!(nothing.between(index(0, 0).at, index(1, 0).at).is_none());
    assert!(curve.between(index(2, 0).at, index(0, 0).at).is_none());
}
