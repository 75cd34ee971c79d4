//! Sensors that no longer see: silent ones, and ones that always say the same.

use std::time::Duration;

use schemas::Timestamp;
use serde::Serialize;

use super::{SensorSettings, SpaceSettings, Transition};

/// What is wrong with a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorFault {
    /// It has not been heard.
    Silent,
    /// It is heard and never changes, while its neighbours do.
    Stuck,
}

/// What is wrong with the sensor of a space at `now`; none if nothing is. `neighbours` holds how often each other
/// space of its zone has changed in the time after which a sensor counts as stuck: a quiet street is no fault.
#[must_use]
pub fn sensor_fault(
    transitions: &[Transition],
    heard: Option<Timestamp>,
    now: Timestamp,
    neighbours: &[usize],
    space: &SpaceSettings,
    settings: &SensorSettings,
) -> Option<SensorFault> {
    let within = |at: Timestamp, seconds: f64| now.since(at) < Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    if heard.is_none_or(|at| !within(at, space.unknown_after_s.get())) {
        return Some(SensorFault::Silent);
    }
    let changed = transitions.last().is_none_or(|last| within(last.at, settings.stuck_days.get() * 86_400.0));
    let changes: Vec<f64> = neighbours.iter().map(|n| *n as f64).collect();
    let busy = crate::median(&changes).is_some_and(|m| m >= f64::from(settings.neighbours_changed.get()));
    (!changed && busy).then_some(SensorFault::Stuck)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::{ParkingSettings, SpaceState};

    #[test]
    fn a_sensor_that_never_changes_is_stuck_only_where_others_do() {
        let settings = ParkingSettings::shipped();
        let now = Timestamp::clamped(40 * 86_400_000);
        let old = [Transition { at: Timestamp::clamped(86_400_000), state: SpaceState::Occupied }];
        let fault = |heard, neighbours: &[usize]| sensor_fault(&old, heard, now, neighbours, &settings.space, &settings.sensor);
        assert_eq!(fault(Some(now), &[40, 60, 55]), Some(SensorFault::Stuck));
        assert_eq!(fault(Some(now), &[0, 1, 0]), None);
        assert_eq!(fault(None, &[40]), Some(SensorFault::Silent));
    }
}
