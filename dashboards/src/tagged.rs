//! Answers that come with a tag of what they say, so that whoever has them already is told only that nothing changed.
//!
//! The tag is made from the answer itself, since readings can come late, be corrected and be erased at any age. For the
//! same reason, and because who may see them is asked each time, nobody may show a kept answer without asking.
//!
//! Deliberately absent: answers that are close to persons, which nobody is to keep, and those that say another thing each time.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// For the one who asked, who asks again before showing it again.
const KEPT: &str = "private, no-cache";

/// Bytes of an answer: each is made in memory, of rows that are bounded.
const ANSWER_LIMIT: usize = 64 << 20;

/// Gives an answer in JSON its tag.
pub(crate) async fn tag(request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let answer = next.run(request).await;
    let json = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if answer.status() != StatusCode::OK || !json {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    match to_bytes(body, ANSWER_LIMIT).await {
        Ok(bytes) => {
            let mut response = told(bytes, &asked);
            if let Some(next) = parts.headers.get(header::LINK) {
                response.headers_mut().insert(header::LINK, next.clone());
            }
            response
        }
        Err(error) => Problem::unsaid(&error).into_response(),
    }
}

/// An answer in JSON, or that it is what `asked` says the client has.
pub(crate) fn told(json: Bytes, asked: &HeaderMap) -> Response {
    // Weak: compression changes the bytes and not what they say.
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&json)));
    let same =
        asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| names(value, &tag));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether `If-None-Match` names a tag (RFC 9110, 13.1.2: by weak comparison).
fn names(value: &str, tag: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    value.trim() == "*" || value.split(',').any(|one| plain(one) == plain(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_a_star_means_any() {
        for (value, expected) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(names(value, "W/\"a\""), expected, "{value}");
        }
    }
}
