//! From what a sensor says to what a space is: a pedestrian is no car, and silence is no free space.
//!
//! A state is believed once it has stood unopposed for a while; its time is that of the *first* raw change.

use std::time::Duration;

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use super::SpaceSettings;

/// What a sensor or the operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Nothing stands there.
    Free,
    /// Something stands there.
    Occupied,
    /// As before.
    Heartbeat,
    /// The sensor doubts itself: fault, or low confidence.
    Fault,
    /// The operator has closed the space.
    Closed,
    /// And opened it again.
    Opened,
}

/// What a space is (NGSI-LD ParkingSpot `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceState {
    /// Free.
    Free,
    /// Occupied.
    Occupied,
    /// Nobody knows.
    Unknown,
    /// Closed by the operator.
    Closed,
}

/// A space becomes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub state: SpaceState,
}

/// Watches one space. Reports in order of time; one that is older than the last is not taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpaceWatch {
    state: Option<SpaceState>,
    /// The last word of the sensor.
    raw: Option<SpaceState>,
    /// What it may become, and since when it has been said.
    pending: Option<Transition>,
    heard: Option<Timestamp>,
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl SpaceWatch {
    /// What the space is; none before anything is believed.
    #[must_use]
    pub fn state(&self) -> Option<SpaceState> {
        self.state
    }

    /// Takes one report, and gives the transitions that are certain by then, at most three.
    pub fn observe(&mut self, at: Timestamp, report: Report, settings: &SpaceSettings) -> Vec<Transition> {
        if self.heard.is_some_and(|heard| at < heard) {
            return Vec::new();
        }
        let mut out = self.advance(at, settings);
        self.heard = Some(at);
        match report {
            Report::Free => self.said(at, SpaceState::Free),
            Report::Occupied => self.said(at, SpaceState::Occupied),
            Report::Heartbeat => {
                if let Some(raw) = self.raw {
                    self.said(at, raw);
                }
            }
            Report::Fault => {
                self.raw = None;
                self.becomes(at, SpaceState::Unknown, &mut out);
            }
            Report::Closed => self.becomes(at, SpaceState::Closed, &mut out),
            Report::Opened if self.state == Some(SpaceState::Closed) => self.becomes(at, SpaceState::Unknown, &mut out),
            Report::Opened => {}
        }
        out
    }

    /// Lets time pass, and gives the transitions that are certain by then.
    pub fn advance(&mut self, now: Timestamp, settings: &SpaceSettings) -> Vec<Transition> {
        let mut out = Vec::new();
        if let Some(pending) = self.pending {
            let stable = match pending.state {
                SpaceState::Occupied => seconds(settings.occupied_after_s.get()),
                _ => seconds(settings.free_after_s.get()),
            };
            if now >= pending.at.plus(stable) {
                self.becomes(pending.at, pending.state, &mut out);
            }
        }
        if let Some(heard) = self.heard {
            let silent_at = heard.plus(seconds(settings.unknown_after_s.get()));
            let speaks = matches!(self.state, Some(SpaceState::Free | SpaceState::Occupied));
            if now >= silent_at && speaks {
                self.becomes(silent_at, SpaceState::Unknown, &mut out);
            }
        }
        out
    }

    fn said(&mut self, at: Timestamp, raw: SpaceState) {
        self.raw = Some(raw);
        if self.state == Some(SpaceState::Closed) {
            return;
        }
        if self.state == Some(raw) {
            // Back before it was believed: a pedestrian, or the next car.
            self.pending = None;
        } else if self.pending.is_none_or(|pending| pending.state != raw) {
            self.pending = Some(Transition { at, state: raw });
        }
    }

    fn becomes(&mut self, at: Timestamp, state: SpaceState, out: &mut Vec<Transition>) {
        self.pending = None;
        if self.state != Some(state) {
            self.state = Some(state);
            out.push(Transition { at, state });
        }
    }
}

/// The transitions of one space up to `end`. The reports may come in any order; of two at one instant the later
/// one in the slice is the later one.
#[must_use]
pub fn transitions(reports: &[(Timestamp, Report)], end: Timestamp, settings: &SpaceSettings) -> Vec<Transition> {
    let mut reports = reports.to_vec();
    reports.sort_by_key(|(at, _)| *at);
    let mut watch = SpaceWatch::default();
    let mut out = Vec::new();
    for (at, report) in reports.into_iter().take_while(|(at, _)| *at <= end) {
        out.extend(watch.observe(at, report, settings));
    }
    out.extend(watch.advance(end, settings));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::ParkingSettings;

    fn told(reports: &[(i64, Report)], end: i64) -> Vec<(i64, SpaceState)> {
        let at = |s: i64| Timestamp::clamped(s * 1000);
        let reports: Vec<_> = reports.iter().map(|(s, r)| (at(*s), *r)).collect();
        let found = transitions(&reports, at(end), &ParkingSettings::shipped().space);
        found.into_iter().map(|t| (t.at.millis() / 1000, t.state)).collect()
    }

    #[test]
    fn silence_makes_a_space_unknown_and_a_heartbeat_gives_it_back() {
        let found = told(&[(0, Report::Occupied), (5000, Report::Heartbeat)], 6000);
        assert_eq!(found, [(0, SpaceState::Occupied), (1800, SpaceState::Unknown), (5000, SpaceState::Occupied)]);
    }

    #[test]
    fn a_fault_makes_it_unknown_at_once_and_a_closed_space_hears_no_sensor() {
        let found = told(&[(0, Report::Free), (100, Report::Fault), (200, Report::Occupied)], 300);
        assert_eq!(found, [(0, SpaceState::Free), (100, SpaceState::Unknown), (200, SpaceState::Occupied)]);
        let found = told(&[(0, Report::Closed), (50, Report::Occupied), (9000, Report::Opened), (9100, Report::Free)], 9200);
        assert_eq!(found, [(0, SpaceState::Closed), (9000, SpaceState::Unknown), (9100, SpaceState::Free)]);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let punctual = [(0, Report::Free), (100, Report::Occupied), (900, Report::Free), (1500, Report::Heartbeat)];
        let mut late = punctual;
        late.reverse();
        assert_eq!(told(&punctual, 2000), told(&late, 2000));
    }
}
