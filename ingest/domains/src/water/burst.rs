//! A pipe that breaks: so much water that it needs no day to be certain.

use super::BurstSettings;
use crate::nearest_rank;

/// The index of the reading with which a burst is certain: so many quarters of an hour in a row at or above the flow
/// of the settings. Flows in litres an hour; an unknown one breaks the run.
#[must_use]
pub fn burst_by_quarters(flows: &[Option<f64>], settings: &BurstSettings) -> Option<usize> {
    let mut run = 0;
    flows.iter().position(|flow| {
        run = if flow.is_some_and(|f| f >= settings.flow.get()) { run + 1 } else { 0 };
        run >= settings.quarters.get()
    })
}

/// Whether one hour's litres are a burst: at or above the flow of the settings, and far above what the connection
/// used in the same hour of earlier weeks. Without earlier weeks nothing is usual, and nothing is said.
#[must_use]
pub fn burst_by_hour(litres: f64, same_hour_before: &[f64], settings: &BurstSettings) -> bool {
    let usual = nearest_rank(same_hour_before, settings.usual_percentile.get());
    usual.is_some_and(|usual| litres >= settings.flow.get() && litres >= settings.factor.get() * usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::WaterSettings;

    #[test]
    fn a_burst_needs_two_quarters_or_an_hour_far_above_the_usual() {
        let settings = WaterSettings::shipped().burst;
        let flows = [Some(1500.0), None, Some(1500.0), Some(900.0), Some(1000.0), Some(2000.0)];
        assert_eq!(burst_by_quarters(&flows, &settings), Some(5));
        assert!(burst_by_hour(1200.0, &[300.0, 400.0], &settings));
        // A garden that is watered with a thousand litres each week at this hour.
        assert!(!burst_by_hour(1200.0, &[1000.0, 1100.0], &settings));
        assert!(!burst_by_hour(5000.0, &[], &settings));
    }
}
