//! What a device keeps of the hours before and says with what is so now: the times and places of a log in a frame.
//!
//! Deliberately absent: what was true then (`device`).

use std::time::Duration;

use schemas::{Quantity, Timestamp};

use super::layout::{set, whole};
use crate::physics::HOUR;

/// A value of an instant before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// When it was so, by the device's clock.
    pub at: Timestamp,
    /// What of.
    pub quantity: Quantity,
    /// How much, in the canonical unit.
    pub value: f64,
}

/// The register of a meter at full hours.
#[derive(Debug)]
pub(crate) struct Log {
    /// How many hours, the last full one among them.
    hours: i64,
    form: Form,
    /// How far back its times are believed.
    pub(super) believed: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// Seconds since 1970, litres, then what each hour after took, so many bits each, the lowest first.
    Packed { clock: usize, litres: usize, deltas: usize, bits: u32 },
    /// A date of M-Bus (type F) and litres.
    Dated { date: usize, litres: usize },
}

impl Log {
    /// Times of the log at an instant, the oldest first, ms.
    pub(crate) fn times(&self, now: i64) -> impl Iterator<Item = i64> {
        let last = now.div_euclid(HOUR) * HOUR;
        (1 - self.hours..=0).map(move |hour| last + hour * HOUR)
    }

    /// Makes of a register what its places can say: it never goes back, and no hour takes more than they hold.
    pub(super) fn settle(&self, log: &mut [Logged]) {
        let most = match self.form {
            Form::Packed { bits, .. } => (1_i64 << bits) - 1,
            Form::Dated { .. } => i64::MAX,
        };
        let mut before = None;
        for logged in log {
            let litres = litres(logged.value).clamp(0, 2_147_483_647);
            let settled = before.map_or(litres, |before: i64| litres.clamp(before, before.saturating_add(most)));
            logged.value = cubic_metres(settled);
            before = Some(settled);
        }
    }

    pub(super) fn put(&self, log: &[Logged], frame: &mut [u8]) {
        let Some(first) = log.first() else { return };
        let mut long = |at: usize, number: i64| {
            (at..).zip(number.to_le_bytes()).take(4).for_each(|(at, byte)| set(frame, at, byte));
        };
        match self.form {
            Form::Dated { date, litres: register } => {
                long(date, date_of(first.at));
                long(register, litres(first.value));
            }
            Form::Packed { clock, litres: register, deltas, bits } => {
                long(clock, first.at.millis() / 1000);
                long(register, litres(first.value));
                let bits = bits as usize;
                for (n, hour) in log.windows(2).enumerate() {
                    let [before, after] = hour else { continue };
                    let took = litres(after.value) - litres(before.value);
                    for bit in (0..bits).filter(|bit| took >> bit & 1 == 1) {
                        let (byte, within) = ((n * bits + bit) / 8, (n * bits + bit) % 8);
                        let stands = frame.get(deltas + byte).copied().unwrap_or(0);
                        set(frame, deltas + byte, stands | 1 << within);
                    }
                }
            }
        }
    }
}

/// The log time, then 23 hours of 14 bits.
pub(super) static AXIOMA: Log =
    Log { hours: 24, form: Form::Packed { clock: 1, litres: 6, deltas: 10, bits: 14 }, believed: codec::OLDEST };

/// The register at the last full hour. Its meters keep more than a year.
pub(super) static KAMSTRUP: Log =
    Log { hours: 1, form: Form::Dated { date: 3, litres: 9 }, believed: Duration::from_secs(9600 * 3600) };

fn litres(value: f64) -> i64 {
    whole(value * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "litres of a register of four bytes")]
fn cubic_metres(litres: i64) -> f64 {
    litres as f64 / 1000.0
}

/// Minute, hour with the century, day with the low bits of the year, month with its high bits (EN 13757-3, type F).
fn date_of(at: Timestamp) -> i64 {
    let civil = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let year = i64::from(civil.year()) - 2000;
    let (minute, hour) = (i64::from(civil.minute()), i64::from(civil.hour()) | 0x20);
    let (day, month) = (i64::from(civil.day()) | (year & 7) << 5, i64::from(civil.month()) | (year >> 3) << 4);
    minute | hour << 8 | day << 16 | month << 24
}
