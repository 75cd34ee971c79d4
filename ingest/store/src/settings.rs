//! Section `[store]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use bytesize::ByteSize;
use ports::Selector;
use schemas::{Kind, Timestamp};
use serde::Deserialize;

use crate::embedded::WEEK;

/// Where readings are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// In the data directory, by the embedded store.
    #[default]
    Embedded,
    /// On the server of `[influx]`.
    Influx,
    /// On the servers of `[victoria]`.
    Victoria,
}

/// Section `[store]`; `config/default.toml` has the defaults and says what each key does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where readings are kept; the other keys but `retention` and `roll_up` are the embedded store's.
    #[serde(default)]
    pub kind: Engine,
    /// Memory of the embedded store: readings that are not on disk yet, blocks that were read, pages of its file, and what
    /// flushes and merges work with.
    pub memory: ByteSize,
    /// How often a server store is asked to put by what hours come to.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub roll_up: Duration,
    /// How long the readings of a kind are kept; a kind that is not named is kept for ever.
    #[serde(default)]
    pub retention: BTreeMap<Kind, Keep>,
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Keep(#[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")] pub Duration);

/// Bytes of a reading that is not on disk: 32, in lists that grow by doubling.
const READING: u64 = 64;

/// What a flush and a merge work with, whatever there is besides: some blocks as they are and as they are written.
const WORK: u64 = if cfg!(test) { 0 } else { 48 << 20 };

/// How the memory is shared out, but for [`WORK`]; what is left over is for what the allocator keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Readings that are not on disk at most: half of it.
    pub(crate) unflushed: usize,
    /// Bytes of blocks that were read, as far as they are unpacked: a quarter.
    pub(crate) cache: u64,
    /// Bytes of pages of the file, of all connections together: a sixteenth.
    pub(crate) pages: u64,
}

impl Settings {
    pub(crate) fn shares(&self) -> Shares {
        let memory = self.memory.as_u64().saturating_sub(WORK);
        Shares { unflushed: self.unflushed(), cache: memory / 4, pages: memory / 16 }
    }

    /// With so many readings unflushed the store takes no more until a flush succeeds, and begins one by itself. When to flush
    /// before that is the historian's to say.
    #[must_use]
    pub fn unflushed(&self) -> usize {
        usize::try_from(self.memory.as_u64().saturating_sub(WORK) / 2 / READING).unwrap_or(usize::MAX).max(1)
    }

    /// What retention lets go of at `now`, for [`ports::Store::forget`]: a selector and a range for
    /// each kind with a retention.
    ///
    /// The end of each range is the start of a week of the store's partitions (Thursday, UTC), so
    /// that whole partitions go and nothing is rewritten: a reading stays up to a week longer.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = (Selector, Range<Timestamp>)> {
        self.retention.iter().map(move |(&kind, keep)| {
            let end = now.minus(keep.0).millis();
            let end = Timestamp::clamped(end - end.rem_euclid(WEEK));
            (Selector { kind: Some(kind), ..Selector::default() }, Timestamp::MIN..end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_reads_and_retention_ends_at_a_week() {
        let toml = "memory = \"1 MiB\"\nroll_up = \"1m\"\nretention = { air = \"720h\" }";
        let settings: Settings = toml::from_str(toml).unwrap();
        assert_eq!(settings.shares(), Shares { unflushed: 8_192, cache: 256 << 10, pages: 64 << 10 });
        let now: Timestamp = "2026-11-21T20:00:00Z".parse().unwrap();
        let expired: Vec<_> = settings.expired(now).collect();
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].0.kind, Some(Kind::AIR));
        assert_eq!(expired[0].1.end.to_string(), "2026-10-22T00:00:00.000Z", "22 October 2026 is 30 days before, a Thursday");
        assert!(toml::from_str::<Settings>("memory = \"1 MiB\"").is_err());
    }
}
