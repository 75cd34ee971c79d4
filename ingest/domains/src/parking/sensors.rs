//! Sensors that no longer see: silent ones, and ones that always say the same.

use std::time::Duration;

use schemas::Timestamp;
use serde::Serialize;

use super::{SensorSettings, SpaceSettings, SpaceState, Transition};

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
    let changed = changes(transitions).last().is_none_or(|at| within(at, settings.stuck_days.get() * 86_400.0));
    let neighbours: Vec<f64> = neighbours.iter().map(|n| *n as f64).collect();
    let busy = crate::median(&neighbours).is_some_and(|m| m >= f64::from(settings.neighbours_changed.get()));
    (!changed && busy).then_some(SensorFault::Stuck)
}

/// When a space was seen to become free or occupied. That it was lost sight of for a while and is as before is no change: else
/// a stuck sensor of which a heartbeat is lost now and then would never be found.
fn changes(transitions: &[Transition]) -> impl Iterator<Item = Timestamp> + '_ {
    let mut before = None;
    transitions.iter().filter_map(move |transition| {
        let seen = matches!(transition.state, SpaceState::Free | SpaceState::Occupied);
        let changed = seen && before != Some(transition.state);
        if seen {
            before = Some(transition.state);
        }
        changed.then_some(transition.at)
    })
}

/// What is wrong with each sensor of a zone at `now`: its transitions until then, and when it was heard last. What a stuck
/// sensor says is not believed, and its space is unknown to whoever counts.
#[must_use]
pub fn sensor_faults(
    spaces: &[(&[Transition], Option<Timestamp>)],
    now: Timestamp,
    space: &SpaceSettings,
    settings: &SensorSettings,
) -> Vec<Option<SensorFault>> {
    let recent = Duration::try_from_secs_f64(settings.stuck_days.get() * 86_400.0).unwrap_or(Duration::MAX);
    let of_all: Vec<usize> = spaces.iter().map(|(all, _)| changes(all).filter(|at| now.since(*at) < recent).count()).collect();
    let fault = |(index, (transitions, heard)): (usize, &(&[Transition], Option<Timestamp>))| {
        let others: Vec<usize> = of_all.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, n)| *n).collect();
        sensor_fault(transitions, *heard, now, &others, space, settings)
    };
    spaces.iter().enumerate().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::ParkingSettings;

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

    #[test]
    fn a_stuck_sensor_that_is_lost_sight_of_now_and_then_is_still_stuck() {
        let settings = ParkingSettings::shipped();
        let at = |days: i64| Timestamp::clamped(days * 86_400_000);
        let lost = |day| [SpaceState::Unknown, SpaceState::Free].map(|state| Transition { at: at(day), state });
        let stuck = [&[Transition { at: at(1), state: SpaceState::Free }][..], &lost(12), &lost(17)].concat();
        let state = |half: i64| if half % 2 == 0 { SpaceState::Occupied } else { SpaceState::Free };
        let busy: Vec<Transition> =
            (0..60).map(|half| Transition { at: Timestamp::clamped(half * 28_800_000), state: state(half) }).collect();
        let heard = Some(at(20));
        let spaces = [(stuck.as_slice(), heard), (busy.as_slice(), heard), (busy.as_slice(), heard)];
        let found = sensor_faults(&spaces, at(20), &settings.space, &settings.sensor);
        assert_eq!(found, [Some(SensorFault::Stuck), None, None]);
    }
}
