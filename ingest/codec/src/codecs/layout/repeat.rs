//! Groups that come again and again: logs, profiles, several sensors in one frame.

use std::time::Duration;

use super::number::packed;
use super::{Group, Place, Reader};
use crate::codecs::scale::Meaning;
use crate::normalise::Sink;
use crate::reject::Reject;

/// A group that comes again and again.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub(crate) at: Option<Place>,
    /// At most so many times; none: to the end.
    pub(crate) count: Option<usize>,
    pub(crate) each: Each,
    /// From one to the next: later, or earlier.
    pub(crate) step: Option<(bool, Duration)>,
    /// The first one is already a step away from the time before.
    pub(crate) step_first: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Each {
    /// So many bytes, read as a group of their own.
    Bytes(usize, Group),
    /// So many bits, packed from the lowest bit of the first byte on: one number.
    Packed {
        bits: u32,
        meaning: Box<Meaning>,
        /// The number is added to the value of the same series before it.
        delta: bool,
    },
}

impl Repeat {
    pub(super) fn read(&self, reader: &mut Reader<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let Some(start) = self.at.map_or(Some(reader.cursor), |place| place.offset(reader.bytes.len())) else {
            return Ok(());
        };
        let rest = reader.bytes.get(start..).unwrap_or_default();
        let mut time = reader.time;
        if self.step.is_some() && time.is_none() {
            time = Some(out.heard_at());
        }
        let fit = match &self.each {
            Each::Bytes(size, _) => rest.len() / (*size).max(1),
            Each::Packed { bits, .. } => usize::try_from(rest.len() as u64 * 8 / u64::from(*bits).max(1)).unwrap_or(0),
        };
        let count = self.count.map_or(fit, |most| most.min(fit));
        let mut sum = None;
        for turn in 0..count {
            if let (Some((later, step)), Some(before)) = (self.step, time)
                && (turn > 0 || self.step_first)
            {
                time = Some(if later { before.plus(step) } else { before.minus(step) });
            }
            if self.step.is_some() {
                reader.stamp(time, out);
            }
            match &self.each {
                Each::Bytes(size, group) => {
                    let bytes = rest.get(turn * size..(turn + 1) * size).unwrap_or_default();
                    group.read(&mut Reader { bytes, cursor: 0, time, past: reader.past }, out)?;
                }
                Each::Packed { bits, meaning, delta } => {
                    let raw = packed(rest, turn, *bits);
                    if *delta {
                        let before = sum.or_else(|| out.said(meaning.quantity, meaning.channel).map(|r| r.value));
                        let Some(before) = before else { continue };
                        let next = before + meaning.scale.conversion.apply(raw * meaning.scale.multiply / meaning.scale.divide);
                        let next = meaning.round(next);
                        out.push(meaning.quantity, meaning.channel, next, schemas::Quality::GOOD)?;
                        sum = Some(next);
                    } else {
                        meaning.push(raw, None, out)?;
                    }
                }
            }
        }
        let taken = match &self.each {
            Each::Bytes(size, _) => count * size,
            Each::Packed { bits, .. } => (count * usize::try_from(*bits).unwrap_or(0)).div_ceil(8),
        };
        reader.cursor = start + taken;
        reader.stamp(reader.time, out);
        Ok(())
    }
}
