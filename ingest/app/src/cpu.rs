//! CPU time of this process: on a busy machine the clock on the wall says little.

use rustix::time::{ClockId, clock_gettime};

/// Seconds of all threads, in user and kernel, since the start.
#[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
pub(crate) fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
