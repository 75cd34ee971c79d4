//! Sessions: a space and two instants.

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::{SpaceState, Transition};
use crate::{Finding, Lack, median, nearest_rank};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The space was seen to become free.
    Left(Timestamp),
    /// It was lost sight of.
    Lost(Timestamp),
    /// It goes on.
    Open,
}

/// Something stood in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Since when.
    pub start: Timestamp,
    /// Whether it was seen to come: the space was free before.
    pub seen_coming: bool,
    /// Until when.
    pub end: SessionEnd,
}

impl Session {
    /// Hours from coming to leaving; none unless both were seen.
    #[must_use]
    pub fn stay_h(&self) -> Option<f64> {
        match self.end {
            SessionEnd::Left(end) if self.seen_coming => Some(end.since(self.start).as_secs_f64() / 3600.0),
            _ => None,
        }
    }
}

/// The sessions in the transitions of one space, in order of time.
#[must_use]
pub fn sessions(transitions: &[Transition]) -> Vec<Session> {
    let mut found: Vec<Session> = Vec::new();
    let mut before = None;
    for transition in transitions {
        if let Some(open) = found.last_mut().filter(|s| s.end == SessionEnd::Open) {
            open.end = match transition.state {
                SpaceState::Free => SessionEnd::Left(transition.at),
                SpaceState::Unknown | SpaceState::Closed => SessionEnd::Lost(transition.at),
                SpaceState::Occupied => SessionEnd::Open,
            };
        } else if transition.state == SpaceState::Occupied {
            let seen_coming = before == Some(SpaceState::Free);
            found.push(Session { start: transition.at, seen_coming, end: SessionEnd::Open });
        }
        before = Some(transition.state);
    }
    found
}

/// How long people stay, hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Stays {
    /// How many sessions were seen from coming to leaving.
    pub sessions: usize,
    /// Mean.
    pub mean_h: f64,
    /// The middle one.
    pub median_h: f64,
    /// 85 in a hundred stay no longer.
    pub p85_h: f64,
}

/// How long people stay. Sessions that were not seen whole are left out: their length is not known.
#[must_use]
pub fn stays(sessions: &[Session]) -> Finding<Stays> {
    let hours: Vec<f64> = sessions.iter().filter_map(Session::stay_h).collect();
    let whole = hours.len();
    match (median(&hours), nearest_rank(&hours, 85.0)) {
        (Some(median_h), Some(p85_h)) => {
            Finding::Value(Stays { sessions: whole, mean_h: hours.iter().sum::<f64>() / whole as f64, median_h, p85_h })
        }
        _ => Finding::Insufficient(Lack::Capture { valid: 0, needed: 1, expected: sessions.len().max(1) }),
    }
}

/// Sessions that ended within the window, for each usable space and hour. `space_hours` is the time for which
/// spaces were known to be free or occupied, summed over spaces.
#[must_use]
pub fn turnover(sessions: &[Session], (start, end): (Timestamp, Timestamp), space_hours: f64) -> Finding<f64> {
    let ended = sessions.iter().filter(|s| matches!(s.end, SessionEnd::Left(at) if start <= at && at < end)).count();
    if space_hours > 0.0 {
        Finding::Value(ended as f64 / space_hours)
    } else {
        Finding::Insufficient(Lack::OneOf(vec!["hours of usable spaces"]))
    }
}
