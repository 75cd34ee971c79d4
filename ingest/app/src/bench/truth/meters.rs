//! Meters: leaks found by the second morning, and households that are not accused.

use std::time::Duration;

use domains::water::{ConsumptionCurve, MeterIndex, WaterSettings, leaks};
use schemas::{HOUR, Timestamp};
use simulators::{MeterSeason, Season, TroubleKind};

use super::{Figure, ratio};

/// Leaks from this flow on must be found, litres an hour.
const FLOW: f64 = 10.0;
/// A day.
const DAY: Duration = Duration::from_secs(86_400);
/// The hour of the morning by which a leak must be known.
const MORNING: Duration = Duration::from_secs(8 * 3600);
/// What was certain within a day after a leak was mended, was that leak.
const AFTER: Duration = DAY;
/// Leaks of the first days are left out: nothing is known before.
const FIRST: Duration = Duration::from_secs(2 * 86_400);

/// The figures of so many meters.
///
/// # Errors
/// More readings than a curve takes.
pub(super) fn figures(season: &Season, meters: u32) -> Result<Vec<Figure>, String> {
    let settings = WaterSettings::shipped();
    let (mut there, mut hit, mut told, mut right) = (0, 0, 0, 0);
    for n in 0..meters {
        let meter = season.meter(n);
        for certain in found(&meter, season.start(), season.end(), season.end(), &settings)? {
            told += 1;
            right += usize::from(meter.troubles.iter().any(|t| t.from <= certain && certain <= t.to.plus(AFTER)));
        }
        for leak in meter.troubles.iter().filter(|t| t.kind == TroubleKind::Leak && t.flow >= FLOW) {
            let morning = second_morning(leak.from);
            if leak.from < season.start().plus(FIRST) || morning >= season.end() {
                continue;
            }
            there += 1;
            // Only what was heard by that morning.
            let known = found(&meter, leak.from.minus(DAY).hour(), morning, morning, &settings)?;
            hit += usize::from(known.iter().any(|certain| leak.from <= *certain));
        }
    }
    Ok(vec![
        Figure::at_least("leaks >= 10 L/h, recall by 2nd morning", ratio(hit, there), 0.90, format!("{hit} of {there}")),
        Figure::at_least("leaks, precision", ratio(right, told), 0.95, format!("{right} of {told} told")),
    ])
}

/// Eight in the morning of the second day after a leak began.
fn second_morning(from: Timestamp) -> Timestamp {
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    Timestamp::clamped(from.millis().div_euclid(day) * day).plus(2 * DAY).plus(MORNING)
}

/// When leaks were certain, by what was heard until `now`: the start of the hour with which each was.
fn found(
    meter: &MeterSeason,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    settings: &WaterSettings,
) -> Result<Vec<Timestamp>, String> {
    let known = meter.said.iter().filter(|said| from <= said.at && said.at <= to && said.heard <= now);
    let readings: Vec<MeterIndex<'_>> = known.map(|said| MeterIndex { at: said.at, litres: said.value, serial: None }).collect();
    let curve = ConsumptionCurve::new(&readings, &settings.meter, &settings.curve).map_err(|e| e.to_string())?;
    let hours: Vec<Option<f64>> = curve.hours(from, to).map(|h| h.filter(|h| !h.estimated).map(|h| h.litres)).collect();
    let at = |index: usize| Timestamp::clamped(from.millis() + i64::try_from(index).unwrap_or(i64::MAX / HOUR) * HOUR);
    Ok(leaks(&hours, 1.0, &settings.leak).into_iter().map(|leak| at(leak.index)).collect())
}
