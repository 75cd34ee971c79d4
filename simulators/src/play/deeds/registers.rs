//! What can be done to the register of a meter, which some say in litres, some in pulses, and some for the hours before too.

use schemas::{Quantity, Timestamp};

use super::{Draft, Here};
use crate::device::Truth;
use crate::make;

/// Where a register of eight digits of litres ends, m3.
const REGISTER: f64 = 100_000.0;

impl Draft {
    /// Changes the register of a meter, wherever it says it: now, in pulses, and in what it kept. `change` is told the register and
    /// when it stood there.
    pub(super) fn change_register(&mut self, here: &Here<'_>, change: impl Fn(f64, i64) -> f64) -> bool {
        let now = self.change(here, Quantity::WATER_VOLUME, |v| change(v, here.at))
            || self.change(here, Quantity::WATER_PULSE_COUNT, |count| make::pulses(change(make::register(count), here.at)));
        let mut kept = self.truth.log.iter_mut().filter(|logged| logged.quantity == Quantity::WATER_VOLUME).peekable();
        let logs = kept.peek().is_some();
        kept.for_each(|logged| logged.value = change(logged.value, logged.at.millis()));
        now || logs
    }

    /// The register counts from where it stood when the fault began.
    pub(super) fn begin_anew(&mut self, here: &Here<'_>) -> bool {
        let first = here.device.tick_from(Timestamp::clamped(here.cast.from));
        let stood = here.device.says(first, true).and_then(|then| register(&then)).unwrap_or(0.0);
        self.change_register(here, |v, _| (v - stood).max(0.0))
    }

    /// The register stood so little before its end when the fault began, m3.
    pub(super) fn fill_register(&mut self, here: &Here<'_>, left: f64) -> bool {
        let first = here.device.tick_from(Timestamp::clamped(here.cast.from));
        let stood = here.device.says(first, true).and_then(|then| register(&then)).unwrap_or(0.0);
        // In whole litres, as it counts: cubic metres with three digits are no exact numbers.
        let litres = |v: f64| (v * 1000.0).round();
        self.change_register(here, |v, _| (litres(REGISTER - left + (v - stood).max(0.0)) % litres(REGISTER)) / 1000.0)
    }
}

/// What the register of a meter shows, however it says it.
fn register(then: &Truth) -> Option<f64> {
    let said = |quantity: Quantity| then.values.iter().find(|(q, _, _)| *q == quantity).map(|(_, _, value)| *value);
    let kept = || then.log.iter().rfind(|logged| logged.quantity == Quantity::WATER_VOLUME).map(|logged| logged.value);
    said(Quantity::WATER_VOLUME).or_else(|| said(Quantity::WATER_PULSE_COUNT).map(make::register)).or_else(kept)
}
