//! What an answer other than success means.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use ports::StoreError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use schemas::Timestamp;

/// However long a server asks to wait, it is asked again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Why the server did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Fewer lines may be taken.
    TooLarge,
    /// These lines, or some of them, will never be taken.
    Refused(String),
    /// Token, organisation, bucket or address are wrong.
    Denied(String),
    /// Later it may work.
    Busy {
        /// Its words.
        why: String,
        /// Not sooner than after this, if it said so.
        after: Option<Duration>,
    },
}

impl Refusal {
    /// There was no answer.
    #[must_use]
    pub fn away(why: String) -> Self {
        Self::Busy { why, after: None }
    }

    /// What a status other than success means (InfluxDB 2.9 and VictoriaMetrics 1.150, of their sources).
    #[must_use]
    pub fn of(status: u16, text: &str, after: Option<Duration>) -> Self {
        let why =
            if text.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {}", text.trim()) };
        match status {
            413 => Self::TooLarge,
            // 422: the rest of the batch is stored. What was not is found by halving; nothing is sent again as it was.
            400 | 422 => Self::Refused(why),
            408 | 425 | 429 | 500..=599 => Self::Busy { why, after: after.map(|pause| pause.min(LONGEST_PAUSE)) },
            _ => Self::Denied(why),
        }
    }

    /// As the error of a store.
    #[must_use]
    pub fn into_error(self) -> StoreError {
        match self {
            Self::TooLarge => StoreError::Refused("a single line is too large for it".to_owned()),
            Self::Refused(why) => StoreError::Refused(why),
            Self::Denied(why) => StoreError::Denied(why),
            Self::Busy { why, after: None } => StoreError::Unavailable(why),
            Self::Busy { why, after: Some(after) } => StoreError::Busy { why, after },
        }
    }
}

/// `Retry-After`: seconds, or an HTTP date (RFC 9110, section 10.2.3).
pub fn retry_after(headers: &HeaderMap, now: impl FnOnce() -> Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::clamped(date.as_millisecond()).since(now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_an_end() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, || "2026-11-21T20:00:00Z".parse().unwrap())
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sat, 21 Nov 2026 20:00:05 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(read("Sat, 21 Nov 2026 19:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        let Refusal::Busy { after, .. } = Refusal::of(503, "", Some(Duration::from_secs(86_400))) else {
            panic!("503 is busy");
        };
        assert_eq!(after, Some(Duration::from_secs(300)));
    }

    #[test]
    fn only_what_is_wrong_with_the_lines_puts_readings_aside() {
        for (status, aside) in [(400, true), (422, true), (401, false), (403, false), (404, false), (301, false), (405, false)] {
            let error = Refusal::of(status, "", None).into_error();
            assert_eq!(matches!(error, StoreError::Refused(_)), aside, "{status} gave {error}");
            assert_eq!(matches!(error, StoreError::Denied(_)), !aside, "{status} gave {error}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let error = Refusal::of(status, "later", None).into_error();
            assert!(matches!(error, StoreError::Unavailable(_)), "{status} gave {error}");
        }
    }
}
