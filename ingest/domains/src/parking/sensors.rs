//! Sensors that no longer see: silent ones, ones that always say the same, and ones that may be about to.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::{SensorSettings, SpaceSettings, SpaceState, Transition};

/// What is wrong with a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorFault {
    /// It has not been heard.
    Silent,
    /// It is heard and has not changed for days, while its neighbours have.
    Stuck,
    /// It is heard and has not changed while its neighbours have, for not long enough to call it stuck: perhaps a car that
    /// stays. Whoever counts leaves its space out until it moves.
    Doubted,
}

impl SensorFault {
    /// Whether the sensor is heard and what it says is not counted.
    #[must_use]
    pub fn disbelieved(self) -> bool {
        matches!(self, Self::Stuck | Self::Doubted)
    }
}

/// What is wrong with each sensor of a zone at `now`, from its transitions until then and when it was heard last. How often the
/// middle one of its neighbours has changed since it changed last is the evidence: a quiet street is no fault.
#[must_use]
pub fn sensor_faults(
    spaces: &[(&[Transition], Option<Timestamp>)],
    now: Timestamp,
    space: &SpaceSettings,
    settings: &SensorSettings,
) -> Vec<Option<SensorFault>> {
    let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
    let (silence, days) = (seconds(space.unknown_after_s.get()), seconds(settings.stuck_days.get() * 86_400.0));
    let changes: Vec<Vec<Timestamp>> = spaces.iter().map(|(all, _)| changes(all).collect()).collect();
    let fault = |(index, (_, heard)): (usize, &(&[Transition], Option<Timestamp>))| {
        if heard.is_none_or(|at| now.since(at) >= silence) {
            return Some(SensorFault::Silent);
        }
        let unmoved = *changes.get(index)?.last()?;
        let long = now.since(unmoved) >= days;
        let since = if long { now.minus(days) } else { unmoved };
        let others = changes.iter().enumerate().filter(|(other, _)| *other != index);
        let moved: Vec<f64> = others.map(|(_, at)| (at.len() - at.partition_point(|at| *at <= since)) as f64).collect();
        let moved = crate::median(&moved)?;
        if long && moved >= f64::from(settings.neighbours_changed.get()) {
            Some(SensorFault::Stuck)
        } else {
            (moved >= f64::from(settings.doubted_changes.get())).then_some(SensorFault::Doubted)
        }
    };
    spaces.iter().enumerate().map(fault).collect()
}

/// What of a space's transitions is believed: of a sensor that is stuck or doubted, nothing since it changed last. Until then it
/// was right.
#[must_use]
pub fn believed(transitions: &[Transition], fault: Option<SensorFault>) -> Cow<'_, [Transition]> {
    let Some(unmoved) = fault.filter(|fault| fault.disbelieved()).and_then(|_| changes(transitions).last()) else {
        return Cow::Borrowed(transitions);
    };
    let before = transitions.get(..transitions.partition_point(|t| t.at < unmoved)).unwrap_or_default();
    let lost = Transition { at: unmoved, state: SpaceState::Unknown };
    Cow::Owned(before.iter().copied().chain([lost]).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::ParkingSettings;

    fn hours(n: i64) -> Timestamp {
        Timestamp::clamped(n * 3_600_000)
    }

    /// A space that changes every so many hours, until the given one.
    fn moving(every: i64, until: i64) -> Vec<Transition> {
        let state = |n: i64| if n % 2 == 0 { SpaceState::Occupied } else { SpaceState::Free };
        (0..=until / every).map(|n| Transition { at: hours(n * every), state: state(n) }).collect()
    }

    fn faults(spaces: &[Vec<Transition>], now: Timestamp) -> Vec<Option<SensorFault>> {
        let settings = ParkingSettings::shipped();
        let heard: Vec<_> = spaces.iter().map(|all| (all.as_slice(), Some(now))).collect();
        sensor_faults(&heard, now, &settings.space, &settings.sensor)
    }

    #[test]
    fn a_sensor_that_never_changes_is_stuck_only_where_others_do() {
        let stuck = vec![Transition { at: hours(24), state: SpaceState::Occupied }];
        let now = 20 * 24;
        let street = |every| [stuck.clone(), moving(every, now), moving(every, now), moving(every, now)];
        assert_eq!(faults(&street(8), hours(now)), [Some(SensorFault::Stuck), None, None, None]);
        assert_eq!(faults(&street(72), hours(now)), [None; 4]);
        let settings = ParkingSettings::shipped();
        let silent = [(stuck.as_slice(), Some(hours(now - 1))), (stuck.as_slice(), None)];
        let found = sensor_faults(&silent, hours(now), &settings.space, &settings.sensor);
        assert_eq!(found, [Some(SensorFault::Silent); 2]);
    }

    #[test]
    fn a_sensor_that_has_not_moved_while_others_did_is_doubted_at_once_and_until_it_moves() {
        let street = |until| [moving(1, 24), moving(1, until), moving(1, until)];
        assert_eq!(faults(&street(40), hours(40)), [None; 3], "sixteen changes elsewhere are a car that stays");
        let mut street = street(60);
        assert_eq!(faults(&street, hours(60)), [Some(SensorFault::Doubted), None, None]);
        let left = believed(&street[0], Some(SensorFault::Doubted));
        assert_eq!(left.last(), Some(&Transition { at: hours(24), state: SpaceState::Unknown }), "nothing since it moved last");
        assert_eq!(left.len(), street[0].len(), "what it said before is believed");
        street[0].push(Transition { at: hours(60), state: SpaceState::Free });
        assert_eq!(faults(&street, hours(60)), [None; 3]);
        assert_eq!(believed(&street[0], None), street[0]);
    }

    #[test]
    fn a_stuck_sensor_that_is_lost_sight_of_now_and_then_is_still_stuck() {
        let lost = |day: i64| [SpaceState::Unknown, SpaceState::Free].map(|state| Transition { at: hours(day * 24), state });
        let stuck = [&[Transition { at: hours(24), state: SpaceState::Free }][..], &lost(12), &lost(17)].concat();
        let found = faults(&[stuck, moving(8, 480), moving(8, 480)], hours(480));
        assert_eq!(found, [Some(SensorFault::Stuck), None, None]);
    }
}
