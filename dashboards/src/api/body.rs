//! The body of a request that changes something: JSON that says so.
//!
//! A page of another site can send a form, but no `application/json` without asking first, which is
//! never answered: that is what the content type is demanded for.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A body of JSON, or a problem that says what is wrong with it.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::content_type()),
            Err(rejection) => Err(Problem::body(rejection.body_text())),
        }
    }
}
