//! The version of the program inside a device: made when it was made, and renewed from time to time, not everywhere on
//! the same day.

use schemas::{DeviceId, Firmware, Timestamp};

/// Days from a version to the next one.
const TERM: i64 = 120;
/// Days within which a new version has come to all.
const SPREAD: i64 = 30;
/// What came with the beginning of 2026.
const FIRST: i64 = 170;
const DAY: i64 = 86_400_000;
/// A device says it when it starts and with each so many-th message.
const EVERY: u64 = 24;

/// The version that a device has at a time.
pub(super) fn version(device: &DeviceId, time: Timestamp) -> Option<Firmware> {
    let luck: i64 = device.as_str().bytes().map(i64::from).sum();
    let term = (time.millis().div_euclid(DAY) - luck % SPREAD).div_euclid(TERM);
    Firmware::read(&format!("2.{}.{}", (term - FIRST).max(0), luck % 3))
}

/// Whether it says it with the message of this number.
pub(super) fn says(count: u64) -> bool {
    count.is_multiple_of(EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_renewed_once_a_term_and_not_everywhere_on_one_day() {
        let day = |n: i64| Timestamp::clamped((20_454 + n) * DAY);
        let versions = |device: &str| -> Vec<String> {
            let device = DeviceId::new(device).unwrap();
            (0..360).filter_map(|n| version(&device, day(n))).map(|v| v.to_string()).collect()
        };
        let renewed = |all: &[String]| -> Vec<usize> { (1..all.len()).filter(|n| all[*n] != all[n - 1]).collect() };
        let (one, other) = (versions("bin-0001"), versions("bin-0007"));
        assert_eq!(renewed(&one).len(), 3, "{one:?}");
        assert_ne!(renewed(&one), renewed(&other));
        assert!(one[0].starts_with("2.0.") && one[359].starts_with("2.3."), "{one:?}");
    }
}
