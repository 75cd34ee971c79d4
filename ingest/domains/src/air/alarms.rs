//! Information and alert thresholds: when an episode begins, and when it is over.
//!
//! *Exceeded* is strictly above. An hour without a value is no evidence for anything: it breaks a run of
//! exceeding hours, and it does not help to end an episode.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parameters::{Count, Share, Sourced};

/// What a threshold is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sensitive people are told.
    Information,
    /// Everybody is told, measures are proposed.
    Alert,
}

/// When an episode is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// So many values in a row.
    pub consecutive: Sourced<Count>,
    /// Each below this part of the threshold.
    pub share: Sourced<Share>,
}

/// From the value that completes the run to the value that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// Index of the first value of the run that raised it.
    pub began: usize,
    /// Index of the value with which it was raised.
    pub raised: usize,
    /// Index of the value with which it ended; none while it lasts.
    pub ended: Option<usize>,
    /// The largest value from `began` on.
    pub peak: f64,
}

/// The index at which `consecutive` values in a row are above `threshold` for the first time.
#[must_use]
pub fn first_run(values: &[Option<f64>], threshold: f64, consecutive: u32) -> Option<usize> {
    let mut run = 0;
    values.iter().position(|value| {
        run = if value.is_some_and(|v| v > threshold) { run + 1 } else { 0 };
        run >= consecutive.max(1)
    })
}

/// Every episode of a threshold, in order.
#[must_use]
pub fn alarm_episodes(values: &[Option<f64>], threshold: f64, consecutive: u32, ending: &Ending) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    let clear_below = threshold * ending.share.get();
    let (needed, quiet_needed) = (consecutive.max(1) as usize, ending.consecutive.get() as usize);
    let (mut run, mut quiet, mut run_peak) = (0_usize, 0_usize, f64::NEG_INFINITY);
    for (i, value) in values.iter().enumerate() {
        let open = episodes.last_mut().filter(|e| e.ended.is_none());
        let above = value.filter(|v| *v > threshold);
        if let Some(episode) = open {
            quiet = if value.is_some_and(|v| v < clear_below) { quiet + 1 } else { 0 };
            episode.peak = episode.peak.max(value.unwrap_or(f64::NEG_INFINITY));
            if quiet == quiet_needed {
                episode.ended = Some(i);
                (run, quiet) = (0, 0);
            }
            continue;
        }
        run = if above.is_some() { run + 1 } else { 0 };
        run_peak = if run == 1 { f64::NEG_INFINITY } else { run_peak }.max(above.unwrap_or(f64::NEG_INFINITY));
        if run == needed {
            episodes.push(Episode { began: i + 1 - needed, raised: i, ended: None, peak: run_peak });
            quiet = 0;
        }
    }
    episodes
}
