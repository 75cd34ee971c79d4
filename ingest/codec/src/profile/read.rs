//! What a profile does to an uplink: its codec reads, then what the make and the fitting of the device add.
//!
//! Derived here: fill level from distance and container, index from pulses, percent from volts, calibration, and doubts
//! that one value casts on others. Counters are not unwrapped: the index is kept as the meter shows it.

use schemas::{Fill, Fitting, Flaw, Quality, Quantity};

use super::Profile;
use crate::normalise::Sink;
use crate::reject::Reject;
use crate::uplink::Uplink;

impl Profile {
    /// Pushes what the uplink says, of a device that is fitted like this.
    pub(crate) fn read(&self, uplink: &Uplink<'_>, fitting: &Fitting, out: &mut Sink<'_>) -> Result<(), Reject> {
        if let Some(logs) = self.logs {
            out.believe(logs);
        }
        out.at(None);
        self.codec.decode(uplink, out)?;
        calibrate(fitting, out);
        // Before anything is made of it: what is made of a doubtful value is as doubtful.
        self.doubt(out);
        let said = out.len();
        complete(fitting, out)?;
        self.derive_level(out)?;
        if out.len() > said {
            // A mark may name what was made.
            self.doubt(out);
        }
        Ok(())
    }

    /// Marks what other values make doubtful.
    fn doubt(&self, out: &mut Sink<'_>) {
        for mark in &self.marks {
            let cast =
                |r: &schemas::Reading| r.series.quantity == mark.quantity && (mark.range.0..=mark.range.1).contains(&r.value);
            if out.readings().iter().any(cast) {
                for reading in out.readings().iter_mut().filter(|r| mark.on.contains(&r.series.quantity)) {
                    reading.quality = reading.quality.with(mark.flaw);
                }
            }
        }
    }

    /// Percent of the battery from its volts, where the device says volts only and the curve is known.
    fn derive_level(&self, out: &mut Sink<'_>) -> Result<(), Reject> {
        let said = out.readings().iter().any(|r| r.series.quantity == Quantity::BATTERY_LEVEL);
        let volts = out.readings().iter().rev().find(|r| r.series.quantity == Quantity::BATTERY_VOLTAGE).map(|r| r.value);
        match volts {
            Some(volts) if !said && !self.battery.is_empty() => {
                out.push(Quantity::BATTERY_LEVEL, 0, along(&self.battery, volts), Quality::GOOD)
            }
            _ => Ok(()),
        }
    }
}

/// The curve at `x`, straight between its points and level beyond its ends.
fn along(curve: &[(f64, f64)], x: f64) -> f64 {
    let between = curve.windows(2).find_map(|pair| match pair {
        [(x0, y0), (x1, y1)] if x >= *x0 && x <= *x1 => Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0)),
        _ => None,
    });
    let end = |point: Option<&(f64, f64)>| point.map_or(0.0, |(_, y)| *y);
    match (between, curve.first()) {
        (Some(y), _) => y,
        (None, Some((lowest, _))) if x < *lowest => end(curve.first()),
        (None, _) => end(curve.last()),
    }
}

/// What the fitting of one device makes of its readings.
pub(crate) fn fit(fitting: &Fitting, out: &mut Sink<'_>) -> Result<(), Reject> {
    calibrate(fitting, out);
    complete(fitting, out)
}

fn calibrate(fitting: &Fitting, out: &mut Sink<'_>) {
    for correction in &fitting.calibration {
        for reading in out.readings().iter_mut().filter(|r| r.series.quantity == correction.quantity) {
            reading.value = reading.value * correction.multiply + correction.add;
        }
    }
}

/// What the asset makes of what a device says of it.
fn complete(fitting: &Fitting, out: &mut Sink<'_>) -> Result<(), Reject> {
    if let Some(container) = &fitting.container {
        derive(out, Quantity::WASTE_DISTANCE, Quantity::WASTE_FILL, |distance| match container.fill(distance) {
            Fill::Level(level) => Ok((level, Quality::GOOD)),
            Fill::Saturated => Ok((100.0, Flaw::Saturated.into())),
            Fill::NoEcho => Err(Flaw::SensorFault),
            Fill::OutOfRange => Err(Flaw::OutOfRange),
        })?;
    }
    if let Some(meter) = &fitting.meter {
        derive(out, Quantity::WATER_PULSE_COUNT, Quantity::WATER_VOLUME, |pulses| Ok((meter.index(pulses), Quality::GOOD)))?;
    }
    Ok(())
}

/// For each reading of `from` one of `to`, at the same time and with the same doubts. The device's own value of `to`, if
/// it says one, moves to channel 1: what is computed from the asset's geometry is better founded, and nothing is lost.
fn derive(
    out: &mut Sink<'_>,
    from: Quantity,
    to: Quantity,
    value: impl Fn(f64) -> Result<(f64, Quality), Flaw>,
) -> Result<(), Reject> {
    let before = out.len();
    for at in 0..before {
        let Some(source) = out.readings().get(at).filter(|r| r.series.quantity == from).cloned() else { continue };
        match value(source.value) {
            Err(flaw) => out.miss(to, source.series.channel, flaw),
            Ok((derived, quality)) => {
                out.push(to, source.series.channel, derived, quality)?;
                if let Some(new) = out.readings().last_mut() {
                    new.observed_at = source.observed_at;
                    new.quality = new.quality.and(source.quality);
                }
            }
        }
    }
    if out.len() > before {
        for own in out.readings().iter_mut().take(before).filter(|r| r.series.quantity == to && r.series.channel == 0) {
            own.series.channel = 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_beyond() {
        let curve = [(2.0, 0.0), (3.0, 50.0), (3.6, 100.0)];
        for (volts, percent) in [(1.0, 0.0), (2.0, 0.0), (2.5, 25.0), (3.0, 50.0), (3.3, 75.0), (3.6, 100.0), (4.0, 100.0)] {
            assert!((along(&curve, volts) - percent).abs() < 1e-9, "{volts}");
        }
    }
}
