//! Parameters by which nothing is doubtful in one way: the checks are made as always, and find nothing.

use dashboards::Parameters;
use domains::parameters::{Count, Positive, Real, Share, Sourced};
use simulators::SensorDoubt;

/// A bound that no value passes.
fn out_of_reach(bound: &mut Sourced<Positive>) {
    set(bound, f64::MAX);
}

fn never(times: &mut Sourced<Count>) {
    *times = times.clone().choosing(Count::MAX);
}

fn set<T: Copy + TryFrom<f64>>(number: &mut Sourced<T>, value: f64) {
    if let Ok(value) = T::try_from(value) {
        *number = number.clone().choosing(value);
    }
}

/// Takes out of these parameters what makes something doubtful in this way.
pub(super) fn loosen(parameters: &mut Parameters, doubt: SensorDoubt) {
    let (air, health) = (&mut parameters.air.numbers, &mut parameters.health.numbers);
    let (parking, water) = (&mut parameters.parking.numbers, &mut parameters.water.numbers);
    match doubt {
        SensorDoubt::Stuck => never(&mut air.quality.stuck_hours),
        SensorDoubt::Spike => out_of_reach(&mut air.quality.spike_least),
        SensorDoubt::BelowFloor => {
            let quality = &mut air.quality;
            let floors: [&mut Sourced<Real>; 5] = [
                &mut quality.floor_pm,
                &mut quality.floor_no2,
                &mut quality.floor_o3,
                &mut quality.floor_so2,
                &mut quality.floor_co,
            ];
            floors.into_iter().for_each(|floor| set(floor, f64::MIN));
        }
        SensorDoubt::AboveCeiling => {
            out_of_reach(&mut air.quality.ceiling);
            out_of_reach(&mut air.quality.ceiling_co);
        }
        SensorDoubt::FineAboveCoarse => set(&mut air.quality.fine_offset, f64::MAX),
        SensorDoubt::Thin => set::<Share>(&mut air.capture.hour, 0.0),
        SensorDoubt::Repeats => never(&mut health.stuck_values),
        SensorDoubt::Drift => out_of_reach(&mut health.drift.sigmas),
        SensorDoubt::Offline => out_of_reach(&mut health.offline_least_h),
        SensorDoubt::Unavailable => set::<Share>(&mut health.availability, 0.0),
        SensorDoubt::Clock => out_of_reach(&mut health.clock.tolerance_s),
        SensorDoubt::Still => out_of_reach(&mut health.level.neighbours_moved),
        SensorDoubt::Residue => out_of_reach(&mut health.level.least_shift),
        SensorDoubt::Outlier => {
            let emptying = &mut parameters.waste.numbers.emptying;
            out_of_reach(&mut emptying.hampel_floor);
            out_of_reach(&mut emptying.rise_suspect);
        }
        SensorDoubt::BaySilent => out_of_reach(&mut parking.space.unknown_after_s),
        SensorDoubt::BayStuck => never(&mut parking.sensor.neighbours_changed),
        SensorDoubt::BayDoubted => never(&mut parking.sensor.doubted_changes),
        SensorDoubt::LowConfidence => set::<Share>(&mut parking.occupancy.unknown_share, 1.0),
        SensorDoubt::SuspectSpike => out_of_reach(&mut water.meter.spike_factor),
        SensorDoubt::Rollover => set::<Share>(&mut water.meter.rollover_to, 0.0),
        SensorDoubt::Reverse => set(&mut water.meter.reverse_most, f64::MIN_POSITIVE),
        SensorDoubt::Reset => set(&mut water.meter.reset_most, f64::MIN_POSITIVE),
        // Whatever is lower is then a register that began anew.
        SensorDoubt::SuspectDecrease => out_of_reach(&mut water.meter.reset_most),
        SensorDoubt::Estimated => out_of_reach(&mut water.curve.estimated_after_h),
        SensorDoubt::MeterStill => out_of_reach(&mut water.balance.before_mean),
    }
}
