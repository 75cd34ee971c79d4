//! Errors as `application/problem+json` (RFC 9457): what is wrong, with which parameter, and what was
//! expected.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ports::{ConsoleError, StoreError};
use serde::Serialize;

/// An error for people and programs.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: impl Into<String>) -> Self {
        Self { kind, title, status, detail: detail.into(), parameter: None, expected: None }
    }

    /// A parameter that does not fit.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>, expected: impl Into<String>) -> Self {
        let mut problem = Self::new("urn:marsad:problem:parameter", "a parameter does not fit", StatusCode::BAD_REQUEST, detail);
        // What came from outside is shown, but not at any length.
        problem.parameter = Some(name.chars().take(64).collect());
        problem.expected = Some(expected.into());
        problem
    }

    /// No such address.
    pub(crate) fn not_found(path: &str) -> Self {
        let path: String = path.chars().take(200).collect();
        Self::new(
            "urn:marsad:problem:not-found",
            "nothing here",
            StatusCode::NOT_FOUND,
            format!("`{path}` is not an address of this API"),
        )
    }

    /// The address is one, what it asks for is not there.
    pub(crate) fn absent(detail: impl Into<String>) -> Self {
        Self::new("urn:marsad:problem:not-found", "nothing here", StatusCode::NOT_FOUND, detail)
    }

    /// As many clients as may be are served.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new("urn:marsad:problem:busy", "too many at once", StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// It came from another site.
    pub(crate) fn foreign() -> Self {
        Self::new("urn:marsad:problem:foreign", "not from here", StatusCode::FORBIDDEN, "this form is taken from this site only")
    }

    /// The method does not exist at this address.
    pub(crate) fn method() -> Self {
        Self::new(
            "urn:marsad:problem:method",
            "no such method here",
            StatusCode::METHOD_NOT_ALLOWED,
            "this address is read with GET",
        )
    }

    /// Whether it asks to come again.
    fn retry(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a request could not be answered from the store");
        match error {
            StoreError::Unavailable(_) => {
                Self::new("urn:marsad:problem:store", "the store is away", StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            StoreError::Refused(_) | StoreError::Damaged(_) => {
                Self::new("urn:marsad:problem:store", "the store failed", StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        tracing::warn!(%error, "a request could not be answered from the register");
        let ConsoleError::Record(record) = &error;
        let status = match record {
            ports::RecordError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            ports::RecordError::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new("urn:marsad:problem:register", "the register could not be read", status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry) = (self.status, self.retry());
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
