//! Water that never stops flowing: a leak behind the meter.

use schemars::JsonSchema;
use serde::Serialize;

use super::LeakSettings;

/// How much is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakClass {
    /// A tap.
    Minor,
    /// A cistern.
    Moderate,
    /// A pipe.
    Major,
}

/// A leak in a series of hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Leak {
    /// Index of the hour with which it was certain.
    pub index: usize,
    /// The least that flowed in an hour until then, litres an hour: what runs even when nobody draws water.
    pub min_flow: f64,
    /// How much that is.
    pub class: LeakClass,
    /// Index of the hour that ended it; none while it lasts.
    pub cleared: Option<usize>,
}

/// The leaks in the hourly volumes of one connection, litres. An hour that is not known, or only estimated, is given
/// as none: it breaks a run, and neither begins nor ends a leak. `pulse` is the least step of the meter, litres.
#[must_use]
pub fn leaks(hourly: &[Option<f64>], pulse: f64, settings: &LeakSettings) -> Vec<Leak> {
    let window = if pulse <= settings.fine_pulse.get() { 1 } else { settings.window_h.get() as usize };
    let least = if window == 1 { settings.hour_least.get() } else { settings.window_least.get() };
    let needed = (settings.hours.get() as usize).saturating_sub(window).saturating_add(1);
    let mut found: Vec<Leak> = Vec::new();
    let (mut run, mut min_flow) = (0_usize, f64::INFINITY);
    for index in 0..hourly.len() {
        // Coarse meters are looked at through windows that end here: a pulse of ten litres comes when it comes.
        let volume = index.checked_add(1).and_then(|end| whole(hourly.get(end.checked_sub(window)?..end)?));
        if let Some(open) = found.last_mut().filter(|leak| leak.cleared.is_none()) {
            if volume.is_some_and(|v| v < settings.clear_below.get()) {
                open.cleared = Some(index);
                (run, min_flow) = (0, f64::INFINITY);
            }
            continue;
        }
        match volume.filter(|v| *v >= least) {
            Some(volume) => {
                run += 1;
                min_flow = min_flow.min(volume / window as f64);
            }
            None => (run, min_flow) = (0, f64::INFINITY),
        }
        if run >= needed.max(1) {
            found.push(Leak { index, min_flow, class: class(min_flow, settings), cleared: None });
        }
    }
    found
}

fn whole(window: &[Option<f64>]) -> Option<f64> {
    window.iter().copied().sum()
}

fn class(flow: f64, settings: &LeakSettings) -> LeakClass {
    if flow >= settings.major.get() {
        LeakClass::Major
    } else if flow >= settings.moderate.get() {
        LeakClass::Moderate
    } else {
        LeakClass::Minor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::WaterSettings;

    #[test]
    fn a_coarse_meter_leaks_by_windows_of_six_hours() {
        let settings = WaterSettings::shipped().leak;
        // Ten litres every second hour: five litres an hour.
        let pulses: Vec<_> = (0..30).map(|h| Some(if h % 2 == 0 { 10.0 } else { 0.0 })).collect();
        let found = leaks(&pulses, 10.0, &settings);
        assert_eq!(found.first().map(|l| (l.index, l.class)), Some((23, LeakClass::Minor)));
        assert!(leaks(&pulses, 1.0, &settings).is_empty());
    }

    #[test]
    fn a_dry_hour_ends_a_leak_and_an_unknown_one_does_not() {
        let settings = WaterSettings::shipped().leak;
        let mut hours = vec![Some(120.0); 30];
        hours.extend([None, Some(0.0)]);
        hours.extend(vec![Some(25.0); 24]);
        let found = leaks(&hours, 1.0, &settings);
        assert_eq!(
            found.iter().map(|l| (l.index, l.class, l.cleared)).collect::<Vec<_>>(),
            [(23, LeakClass::Major, Some(31)), (55, LeakClass::Moderate, None)]
        );
    }
}
