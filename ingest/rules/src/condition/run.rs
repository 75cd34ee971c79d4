//! Runs of windows: it holds after so many in a row beyond the limit, and is over after so many in a row beyond the
//! clear value. A window without a value is no evidence for anything: it breaks a run, and ends no episode
//! (`domains::air` says the same of a list; this says it one window at a time).

use std::ops::Range;

use schemas::{Quantity, Texts};
use toml::Spanned;

use super::limit::{Limit, RawLimit};
use super::{Fault, Memory, Verdict};

/// The longest run: a month of hours.
const LONGEST: u32 = 744;

/// How many windows decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs {
    pub(super) limit: Limit,
    consecutive: u32,
    clear_consecutive: u32,
}

impl Runs {
    /// Reads limit and runs; one window where no number is given.
    pub(super) fn read(
        limit: RawLimit,
        runs: [Option<&Spanned<u32>>; 2],
        name: &str,
        span: &Range<usize>,
        quantity: Option<Quantity>,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let [consecutive, clear_consecutive] = runs.map(|number| {
            let Some(number) = number else { return 1 };
            if !(1..=LONGEST).contains(number.as_ref()) {
                faults.push(Fault::at(number.span(), format!("a run of {} windows, expected 1 to {LONGEST}", number.as_ref())));
            }
            *number.as_ref()
        });
        Some(Self { limit: limit.read(name, span, quantity, faults)?, consecutive, clear_consecutive })
    }

    /// Judges the next window. The runs so far are the halves of the memory's bits; `holds` is the verdict so far.
    pub(super) fn judge(&self, memory: &mut Memory, value: Option<f64>, holds: bool) -> Option<Verdict> {
        let (mut run, mut quiet) = (memory.bits & 0xffff_ffff, memory.bits >> 32);
        let mut verdict = None;
        match value {
            None => (run, quiet) = (0, 0),
            Some(value) if holds => {
                quiet = if self.limit.is_over(value) { quiet + 1 } else { 0 };
                if quiet >= u64::from(self.clear_consecutive) {
                    (run, quiet, verdict) = (0, 0, Some(Verdict::Clear));
                }
            }
            Some(value) => {
                run = if self.limit.holds(value) { run + 1 } else { 0 };
                if run >= u64::from(self.consecutive) {
                    (run, quiet, verdict) = (0, 0, Some(Verdict::Holds));
                }
            }
        }
        memory.bits = quiet << 32 | run;
        verdict
    }

    /// How many windows are beyond the limit so far.
    pub(super) fn so_far(memory: &Memory) -> u64 {
        memory.bits & 0xffff_ffff
    }

    pub(super) fn words(&self, unit: &str) -> Texts {
        let limit = self.limit.words(unit);
        match self.consecutive {
            1 => limit,
            n => Texts {
                fr: format!("{}, {n} fois de suite", limit.fr),
                ar: format!("{}، {n} مرات متتالية", limit.ar),
                en: format!("{}, {n} times in a row", limit.en),
            },
        }
    }
}
