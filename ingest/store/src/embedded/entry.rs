//! One reading without its name, as the embedded store moves it.

use schemas::{Grade, Quality, Reading, SeriesKey, Timestamp, Zone};

/// The width of a partition, milliseconds. Partition 0 begins on Thursday 1970-01-01.
pub(crate) const WEEK: i64 = 7 * 24 * schemas::HOUR;

/// The partition's number for an instant in milliseconds; never negative, since no instant is.
pub(crate) fn week_of(millis: i64) -> u32 {
    u32::try_from(millis / WEEK).expect("instants end with the year 9999")
}

/// What a stream holds at one instant. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    /// `observed_at`, milliseconds.
    pub(crate) observed: i64,
    /// `received_at`, milliseconds.
    pub(crate) received: i64,
    /// In the quantity's unit.
    pub(crate) value: f64,
    /// The bits of the quality, or [`Entry::GONE`].
    pub(crate) flaws: u32,
}

impl Entry {
    /// A mark instead of a reading: what older runs hold at this instant was corrected to another
    /// stream of the series (another zone or kind), or the like. No flaw has this bit.
    pub(crate) const GONE: u32 = 1 << 31;

    /// The mark at `observed`.
    pub(crate) fn gone(observed: i64) -> Self {
        Self { observed, received: observed, value: 0.0, flaws: Self::GONE }
    }

    /// Whether it is the mark.
    pub(crate) fn is_gone(&self) -> bool {
        self.flaws == Self::GONE
    }

    /// Whether partials leave it out.
    pub(crate) fn is_bad(&self) -> bool {
        self.flaws != 0 && Quality::from_bits(self.flaws).grade() == Grade::Bad
    }

    /// Without its name.
    pub(crate) fn of(reading: &Reading) -> Self {
        Self {
            observed: reading.observed_at.millis(),
            received: reading.received_at.millis(),
            value: reading.value,
            flaws: reading.quality.bits(),
        }
    }

    /// With its name.
    pub(crate) fn reading(&self, series: &SeriesKey, kind: schemas::Kind, zone: &Zone) -> Reading {
        Reading {
            series: series.clone(),
            kind,
            zone: zone.clone(),
            value: self.value,
            observed_at: Timestamp::clamped(self.observed),
            received_at: Timestamp::clamped(self.received),
            quality: Quality::from_bits(self.flaws),
        }
    }
}

/// Brings segments that were laid end to end, oldest first, into order of time; of entries of one
/// instant the last one laid stays. Marks stay too.
pub(crate) fn settle(entries: &mut Vec<Entry>) {
    if entries.is_sorted_by(|a, b| a.observed < b.observed) {
        return;
    }
    // Stable, and quick where sorted stretches follow one another.
    entries.sort_by_key(|e| e.observed);
    // `dedup_by` keeps the first of equals, so the later one is copied over it.
    entries.dedup_by(|later, kept| {
        let same = later.observed == kept.observed;
        if same {
            *kept = *later;
        }
        same
    });
}
