//! What is true in the city at an instant: pure functions of time and luck.
//!
//! Shapes and means are those of the domain notes: air after the Hay Hassani station in 2014, waste,
//! parking and water after the city's published totals. Local time is UTC: Morocco has been on UTC
//! all year since 20 September 2026.
//!
//! Deliberately absent: how devices round, encode and send it (`device`), and what is staged for a
//! demonstration (`story`).

pub(crate) mod air;
pub(crate) mod bay;
pub(crate) mod bin;
pub(crate) mod meter;

#[cfg(test)]
mod vectors;

use jiff::tz::TimeZone;
use schemas::Timestamp;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The value of a 24-hour profile at a time of day, straight between full hours, as a multiple of
/// the profile's own mean.
pub(crate) fn at_hour(profile: &[f64; 24], at: i64) -> f64 {
    between_hours(profile, at) / mean(profile)
}

/// The value of a 24-hour profile at a time of day, straight between full hours.
pub(crate) fn between_hours(profile: &[f64; 24], at: i64) -> f64 {
    let (hour, part) = hour_of(at);
    let here = profile.get(hour).copied().unwrap_or(1.0);
    let next = profile.get((hour + 1) % 24).copied().unwrap_or(1.0);
    here + (next - here) * part
}

/// The share of a day's total that a stepwise profile has given by this time of day: 0 to 1.
pub(crate) fn share_by(profile: &[f64; 24], at: i64) -> f64 {
    let (hour, part) = hour_of(at);
    let before: f64 = profile.iter().take(hour).sum();
    (before + profile.get(hour).copied().unwrap_or(0.0) * part) / (24.0 * mean(profile))
}

#[expect(clippy::cast_precision_loss, reason = "within a day")]
fn hour_of(at: i64) -> (usize, f64) {
    let within = at.rem_euclid(DAY);
    (usize::try_from(within / HOUR).unwrap_or(0), (within % HOUR) as f64 / HOUR as f64)
}

pub(crate) const fn mean<const N: usize>(values: &[f64; N]) -> f64 {
    let (mut sum, mut at) = (0.0, 0);
    while at < N {
        sum += values[at];
        at += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a day has 24 hours, a year twelve months")]
    let count = N as f64;
    sum / count
}

/// Month and day of the week, both from 0; Monday is 0.
pub(crate) fn calendar(at: i64) -> (usize, usize) {
    let instant = jiff::Timestamp::from_millisecond(Timestamp::clamped(at).millis()).unwrap_or_default();
    let date = instant.to_zoned(TimeZone::UTC).date();
    let from_0 = |n: i8| usize::try_from(n).unwrap_or(0);
    (from_0(date.month() - 1), from_0(date.weekday().to_monday_zero_offset()))
}

/// Rounded to `decimals` places, as a device prints it.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}
