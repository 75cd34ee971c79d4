//! Numbers that are instants, as devices write them.

use schemas::Timestamp;

/// A number that is an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Seconds since 1970-01-01T00:00:00Z.
    Unix,
    /// Milliseconds since then.
    UnixMillis,
    /// Seconds since 2000-01-01T00:00:00Z.
    Since2000,
    /// Seconds before the frame was heard.
    Ago,
    /// Minutes before the frame was heard.
    AgoMinutes,
}

impl TimeFormat {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is no instant is no time")]
    pub(crate) fn instant(self, raw: f64, heard: Timestamp) -> Option<Timestamp> {
        let millis = |seconds: f64| (seconds * 1000.0) as i64;
        let millis = match self {
            TimeFormat::Unix => millis(raw),
            TimeFormat::UnixMillis => raw as i64,
            TimeFormat::Since2000 => millis(raw + 946_684_800.0),
            TimeFormat::Ago => heard.millis().saturating_sub(millis(raw)),
            TimeFormat::AgoMinutes => heard.millis().saturating_sub(millis(raw * 60.0)),
        };
        Timestamp::from_millis(millis).ok()
    }
}
