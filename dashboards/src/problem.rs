//! Errors as `application/problem+json` (RFC 9457): what is wrong, with which parameter, and what was
//! expected.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ports::{AccessError, ActError, ConsoleError, OperationError, RecordError, RulebookError, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::scan::ScanError;

/// An error for people and programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    #[schemars(with = "u16")]
    status: StatusCode,
    detail: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// Where more than one thing is wrong: each.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: Box<[String]>,
    /// Seconds after which to ask again.
    #[serde(skip)]
    after: Option<NonZeroU32>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    fn new(kind: &'static str, title: &'static str, status: StatusCode, detail: impl Into<Box<str>>) -> Self {
        Self { kind, title, status, detail: detail.into(), parameter: None, expected: None, errors: Box::default(), after: None }
    }

    /// A parameter that does not fit.
    pub(crate) fn parameter(name: &str, detail: impl Into<Box<str>>, expected: impl Into<String>) -> Self {
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

    /// The address exists, and what it names does not.
    pub(crate) fn absent(detail: impl Into<Box<str>>) -> Self {
        Self::new("urn:marsad:problem:not-found", "nothing here", StatusCode::NOT_FOUND, detail)
    }

    /// The body of a request does not fit.
    pub(crate) fn body(detail: String) -> Self {
        Self::new("urn:marsad:problem:body", "the body does not fit", StatusCode::BAD_REQUEST, detail)
    }

    /// The body of a request is not said to be JSON.
    pub(crate) fn content_type() -> Self {
        let detail = "the content type is not application/json";
        let mut problem = Self::new("urn:marsad:problem:content-type", "not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        problem.expected = Some("application/json".to_owned());
        problem
    }

    /// The store searched for as long as one request may have it search.
    pub(crate) fn too_long() -> Self {
        let detail = "the store has searched for as long as one request may have it search ([http] query_budget)";
        let mut problem = Self::new("urn:marsad:problem:budget", "it takes too long", StatusCode::BAD_REQUEST, detail);
        problem.parameter = Some("from".to_owned());
        problem.expected = Some("a shorter period, or fewer devices, quantities or zones".to_owned());
        problem
    }

    /// As many clients as may be are served.
    pub(crate) fn busy(detail: impl Into<Box<str>>) -> Self {
        Self::new("urn:marsad:problem:busy", "too many at once", StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// One client has asked for its share.
    pub(crate) fn too_much(wait: Duration) -> Self {
        let detail = "this client has asked for as much as one may within a minute ([http] client_requests, client_search)";
        let problem = Self::new("urn:marsad:problem:share", "too much of late", StatusCode::TOO_MANY_REQUESTS, detail);
        // A whole second early would be refused again.
        let after = NonZeroU32::MIN.saturating_add(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX));
        Self { expected: Some(format!("the next request in {after} s")), after: Some(after), ..problem }
    }

    /// It would tell of people, and is not told so.
    pub(crate) fn withheld(detail: impl Into<Box<str>>, expected: impl Into<String>) -> Self {
        let problem = Self::new("urn:marsad:problem:withheld", "not told", StatusCode::FORBIDDEN, detail);
        Self { expected: Some(expected.into()), ..problem }
    }

    /// It came from another site.
    pub(crate) fn foreign() -> Self {
        Self::new("urn:marsad:problem:foreign", "not from here", StatusCode::FORBIDDEN, "this form is taken from this site only")
    }

    /// Nobody says who they are, and the address is not for everybody.
    pub(crate) fn unknown() -> Self {
        let detail = "say who asks: sign in at /login, or send `Authorization: Bearer` with a token";
        Self::new("urn:marsad:problem:unauthorized", "who asks?", StatusCode::UNAUTHORIZED, detail)
    }

    /// A token that may look wants to change something.
    pub(crate) fn read_only() -> Self {
        let detail = "this token may look, and change nothing";
        Self::new("urn:marsad:problem:read-only", "only to look", StatusCode::FORBIDDEN, detail)
    }

    /// The method does not exist at this address.
    pub(crate) fn method() -> Self {
        Self::new(
            "urn:marsad:problem:method",
            "no such method here",
            StatusCode::METHOD_NOT_ALLOWED,
            "docs/reference/api.md says which address is read with GET and which takes a POST",
        )
    }

    /// What an answer of our own API said that a page was made of.
    pub(crate) fn told(status: StatusCode, detail: impl Into<Box<str>>) -> Self {
        Self::new("urn:marsad:problem:page", "a part of the page could not be had", status, detail)
    }

    /// The same about a parameter.
    pub(crate) fn about(self, parameter: Option<String>) -> Self {
        Self { parameter, ..self }
    }

    /// Whether what a parameter says does not fit.
    pub(crate) fn is_about(&self, parameter: &str) -> bool {
        self.status == StatusCode::BAD_REQUEST && self.parameter.as_deref() == Some(parameter)
    }

    /// The same of what an address names: it is not there.
    pub(crate) fn absence(self) -> Self {
        Self::absent(self.detail)
    }

    /// An answer that could not be made to its end.
    pub(crate) fn unsaid(error: &dyn std::fmt::Display) -> Self {
        Self::new("urn:marsad:problem:answer", "no answer", StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// For a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds after which to come again, where that may help.
    fn retry(&self) -> Option<u32> {
        self.after.map(NonZeroU32::get).or((self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(2))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a request could not be answered from the store");
        match error {
            StoreError::Unavailable(_) | StoreError::Busy { .. } | StoreError::Denied(_) => {
                Self::new("urn:marsad:problem:store", "the store is away", StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            StoreError::Refused(_) | StoreError::Damaged(_) => {
                Self::new("urn:marsad:problem:store", "the store failed", StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

impl From<ScanError> for Problem {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Store(error) => error.into(),
            ScanError::TooLong => Self::too_long(),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        tracing::warn!(%error, "a request could not be answered from the register");
        let status = match &error {
            RecordError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            RecordError::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new("urn:marsad:problem:register", "the register could not be read", status, error.to_string())
    }
}

impl From<ConsoleError> for Problem {
    fn from(ConsoleError::Record(error): ConsoleError) -> Self {
        error.into()
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        let conflict =
            |detail: String| Self::new("urn:marsad:problem:conflict", "not as it stands", StatusCode::CONFLICT, detail);
        match error {
            ActError::Record(error) => error.into(),
            ActError::Illegal(error) => conflict(error.to_string()),
            ActError::Conflict(detail) => conflict(detail),
            ActError::Absent(detail) => Self::absent(detail),
            ActError::Refused(errors) => OperationError::Refused(errors).into(),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Record(error) => error.into(),
            AccessError::Wrong | AccessError::WrongCode | AccessError::Locked(_) => {
                Self::new("urn:marsad:problem:unauthorized", "not let in", StatusCode::UNAUTHORIZED, error.to_string())
            }
            AccessError::TooMany => {
                let problem =
                    Self::new("urn:marsad:problem:slower", "too often", StatusCode::TOO_MANY_REQUESTS, error.to_string());
                Self { after: NonZeroU32::new(30), ..problem }
            }
            AccessError::DirectoryAway => Self::busy(error.to_string()),
            AccessError::Unvouched | AccessError::NoStanding => {
                Self::new("urn:marsad:problem:unauthorized", "not let in", StatusCode::UNAUTHORIZED, error.to_string())
            }
            AccessError::NoClaim | AccessError::Plain => {
                Self::new("urn:marsad:problem:claim", "no credential", StatusCode::FORBIDDEN, error.to_string())
            }
            AccessError::Absent(detail) => Self::absent(detail),
            AccessError::Refused(errors) => OperationError::Refused(errors).into(),
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Record(error) => error.into(),
            OperationError::Unavailable(detail) => {
                Self::new("urn:marsad:problem:busy", "not now", StatusCode::SERVICE_UNAVAILABLE, detail)
            }
            OperationError::Refused(errors) => {
                let detail = errors.first().cloned().unwrap_or_default();
                let mut problem = Self::new(
                    "urn:marsad:problem:refused",
                    "it cannot be done, and nothing was",
                    StatusCode::UNPROCESSABLE_ENTITY,
                    detail,
                );
                problem.errors = errors.into();
                problem
            }
        }
    }
}

impl From<RulebookError> for Problem {
    fn from(error: RulebookError) -> Self {
        match error {
            RulebookError::Mistakes(_) => {
                OperationError::Refused(error.to_string().lines().map(ToOwned::to_owned).collect()).into()
            }
            RulebookError::Refused(errors) => OperationError::Refused(errors).into(),
            RulebookError::Busy(detail) => OperationError::Unavailable(detail).into(),
            RulebookError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry) = (self.status, self.retry());
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
