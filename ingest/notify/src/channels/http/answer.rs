//! What the receiver's answer, or its silence, means.

use std::error::Error;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use ports::DeliveryError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use schemas::Timestamp;

/// Bytes of an answer that are read for people.
const EXCERPT: usize = 256;

/// An error and its causes, without the address.
pub(in crate::channels) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Nothing came back.
pub(in crate::channels) fn unsent(error: &reqwest::Error) -> DeliveryError {
    if error.is_builder() {
        return DeliveryError::Refused(format!("not sent: {}", causes(error)));
    }
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { causes(error) };
    DeliveryError::Unavailable { reason, after: None }
}

/// The causes of an error of the client; its own text repeats the address.
fn causes(error: &reqwest::Error) -> String {
    error.source().map_or_else(|| "the request failed".to_owned(), chain)
}

/// The receiver answered.
pub(in crate::channels) async fn judge(answer: Response, now: Timestamp) -> Result<(), DeliveryError> {
    let status = answer.status();
    if status.is_success() {
        // It has it; what else it says, or fails to say, changes nothing.
        return Ok(());
    }
    let after = retry_after(answer.headers(), now);
    let reason = match excerpt(answer).await {
        text if text.is_empty() => format!("it answered {status}"),
        text => format!("it answered {status}: {text}"),
    };
    if is_passing(status) {
        Err(DeliveryError::Unavailable { reason, after })
    } else if status.is_redirection() {
        Err(DeliveryError::Refused(format!("{reason} (redirects are not followed: the settings must name the new address)")))
    } else {
        Err(DeliveryError::Refused(reason))
    }
}

/// Whether the same request may be taken later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS)
}

/// `Retry-After`: seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::clamped(date.as_millisecond()).since(now))
}

/// The beginning of the answer, on one line.
async fn excerpt(mut answer: Response) -> String {
    let mut read = Vec::new();
    while read.len() < EXCERPT {
        match answer.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    read.truncate(EXCERPT);
    String::from_utf8_lossy(&read).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, "2026-11-21T20:00:00Z".parse().unwrap())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Sat, 21 Nov 2026 20:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(asked("Sat, 21 Nov 2026 19:00:00 GMT"), Some(Duration::ZERO), "it is over");
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::MIN), None);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (code, passing) in [
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (503, true),
            (301, false),
            (400, false),
            (401, false),
            (410, false),
            (413, false),
        ] {
            assert_eq!(is_passing(StatusCode::from_u16(code).unwrap()), passing, "{code}");
        }
    }
}
