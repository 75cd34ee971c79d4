//! The clock of a device: it runs fast or slow, and is set right once a day.

use crate::chance::Chance;
use crate::physics::{DAY, SECOND};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// ms that it gains in a day; loses where negative.
    gains: f64,
    /// When in the day it is set right, ms.
    set: i64,
    /// It knows whole seconds only.
    coarse: bool,
}

impl Clock {
    /// Of a device of this luck, where clocks gain or lose so many seconds a day (standard deviation).
    pub(crate) fn of(luck: Chance, seconds: f64, coarse: bool) -> Self {
        let gains = seconds * luck.branch(9).normal() * in_ms(SECOND);
        Self { gains, set: (luck.branch(10).bits() % DAY.cast_unsigned()).cast_signed(), coarse }
    }

    /// How far it is ahead, ms.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds within hours")]
    pub(crate) fn ahead(self, at: i64) -> i64 {
        let ahead = (self.gains * in_ms((at - self.set).rem_euclid(DAY)) / in_ms(DAY)) as i64;
        if self.coarse { ahead - ahead % SECOND } else { ahead }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
fn in_ms(span: i64) -> f64 {
    span as f64
}
