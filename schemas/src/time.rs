//! Instants: milliseconds since the Unix epoch, UTC. Local days belong to `domains`; reading the
//! clock belongs to whoever holds a `ports::Clock`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One hour in milliseconds: the step of UTC-hour partials.
pub const HOUR: i64 = 3_600_000;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Range: years 1970 to 9999, so that every instant prints as RFC 3339. Serialised as an RFC 3339
/// string in UTC with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a number or a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Outside 1970..=9999.
    #[error("{0} ms is outside the years 1970 to 9999")]
    OutOfRange(i64),
    /// Not RFC 3339 with an offset.
    #[error("`{0}` is not an RFC 3339 instant with an offset, such as 2026-11-21T20:00:00Z")]
    NotRfc3339(String),
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(0);
    /// 9999-12-30T00:00:00Z.
    pub const MAX: Timestamp = Timestamp(253_402_128_000_000);

    /// From milliseconds since the epoch.
    ///
    /// # Errors
    /// Outside [`Timestamp::MIN`]..=[`Timestamp::MAX`].
    pub fn from_millis(millis: i64) -> Result<Self, TimeError> {
        if (Self::MIN.0..=Self::MAX.0).contains(&millis) { Ok(Self(millis)) } else { Err(TimeError::OutOfRange(millis)) }
    }

    /// From milliseconds since the epoch, brought into range.
    #[must_use]
    pub const fn clamped(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The start of the UTC hour that holds this instant.
    #[must_use]
    pub const fn hour(self) -> Self {
        Self(self.0 - self.0.rem_euclid(HOUR))
    }

    /// Later by `by`; stops at [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::clamped(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `by`; stops at [`Timestamp::MIN`].
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::clamped(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, UTC, milliseconds: `2026-11-21T20:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).expect("the range of Timestamp is inside that of jiff");
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// RFC 3339 with any offset; what is finer than a millisecond is cut.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimeError::NotRfc3339(text.chars().take(64).collect()))?;
        Self::from_millis(instant.as_millisecond())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_prints_and_reads_back_in_utc() {
        let t: Timestamp = "2022-07-18T11:34:15.775023242+02:00".parse().unwrap();
        assert_eq!(t.to_string(), "2022-07-18T09:34:15.775Z");
        assert_eq!(t.to_string().parse::<Timestamp>().unwrap(), t);
    }

    #[test]
    fn a_local_time_without_offset_is_refused() {
        assert!("2022-07-18T11:34:15".parse::<Timestamp>().is_err());
    }

    #[test]
    fn the_ends_of_the_range_print() {
        assert_eq!(Timestamp::MIN.to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T00:00:00.000Z");
        assert!(Timestamp::from_millis(-1).is_err());
    }

    #[test]
    fn an_hour_starts_on_the_hour() {
        let t: Timestamp = "2026-11-21T20:59:59.999Z".parse().unwrap();
        assert_eq!(t.hour().to_string(), "2026-11-21T20:00:00.000Z");
    }
}
