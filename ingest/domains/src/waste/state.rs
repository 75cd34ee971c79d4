//! What a bin suffers: fire, a fall, an open lid; in the words of the NGSI data model.

use std::collections::VecDeque;

use schemas::Timestamp;
use serde::Serialize;

use super::StateSettings;

/// Temperatures that are remembered; a sensor that sends more often than this in the time of a rise is judged
/// by the newest.
const REMEMBERED: usize = 256;

/// The state of a bin (NGSI-LD WasteContainer `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum BinState {
    /// Nothing is known against it.
    #[serde(rename = "ok")]
    Ok,
    /// Its lid has stood open for too long.
    #[serde(rename = "lidOpen")]
    LidOpen,
    /// It lies on its side.
    #[serde(rename = "dropped")]
    Dropped,
    /// It stands elsewhere than it should.
    #[serde(rename = "moved")]
    Moved,
    /// Its sensor was taken or broken.
    #[serde(rename = "vandalized")]
    Vandalized,
    /// It burns, probably.
    #[serde(rename = "burning")]
    Burning,
    /// Nothing has been heard of it.
    #[serde(rename = "unknown")]
    Unknown,
}

impl BinState {
    /// The worst of what is known. Durations in seconds, since when it has been so; `moved_m` in metres.
    #[must_use]
    pub fn of(
        silent: bool,
        burning: bool,
        tilted: Option<(f64, f64)>,
        moved_m: Option<f64>,
        lid_open_s: Option<f64>,
        settings: &StateSettings,
    ) -> Self {
        let fallen =
            |(degrees, seconds): (f64, f64)| degrees >= settings.tilt_degrees.get() && seconds >= settings.tilt_seconds.get();
        if burning {
            BinState::Burning
        } else if silent {
            BinState::Unknown
        } else if tilted.is_some_and(fallen) {
            BinState::Dropped
        } else if moved_m.is_some_and(|m| m > settings.moved_metres.get()) {
            BinState::Moved
        } else if lid_open_s.is_some_and(|s| s > settings.lid_minutes.get() * 60.0) {
            BinState::LidOpen
        } else {
            BinState::Ok
        }
    }
}

/// Watches the temperature in one bin. In order of time; no debounce: a fire does not wait.
#[derive(Clone, Debug, Default)]
pub struct FireWatch {
    recent: VecDeque<(Timestamp, f64)>,
    burning: bool,
    cool_since: Option<Timestamp>,
}

impl FireWatch {
    /// Takes one temperature, Cel, and says whether the bin burns. One that is not a number is not taken.
    pub fn observe(&mut self, at: Timestamp, celsius: f64, settings: &StateSettings) -> bool {
        if celsius.is_nan() {
            return self.burning;
        }
        let minutes = |from: Timestamp| at.since(from).as_secs_f64() / 60.0;
        self.recent.retain(|(then, _)| minutes(*then) <= settings.rise_minutes.get());
        let coolest = self.recent.iter().map(|(_, c)| *c).fold(celsius, f64::min);
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((at, celsius));
        let hot = celsius >= settings.fire_celsius.get();
        let rising = celsius >= settings.heat_celsius.get() && celsius - coolest >= settings.rise_celsius.get();
        if hot || rising {
            self.burning = true;
        }
        self.cool_since = (celsius < settings.heat_celsius.get()).then(|| self.cool_since.unwrap_or(at));
        if self.cool_since.is_some_and(|since| minutes(since) >= settings.cool_minutes.get()) {
            self.burning = false;
        }
        self.burning
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::WasteSettings;

    #[test]
    fn a_fire_needs_one_hot_sample_or_a_quick_rise_and_ends_after_half_an_hour() {
        let settings = WasteSettings::shipped().state;
        let at = |minutes: i64| Timestamp::clamped(minutes * 60_000);
        let mut watch = FireWatch::default();
        // A lid in the sun.
        assert!(!watch.observe(at(0), 44.0, &settings));
        assert!(!watch.observe(at(8), 48.0, &settings));
        assert!(watch.observe(at(9), 54.5, &settings));
        assert!(watch.observe(at(40), 30.0, &settings));
        assert!(!watch.observe(at(70), 30.0, &settings));
        assert!(watch.observe(at(80), 61.0, &settings));
    }
}
