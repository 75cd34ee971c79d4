//! A request for a page, and what a page is made of before its frame.
//!
//! A page puts the same questions to the same API as everybody else, inside the process and in the name of whoever asks for the
//! page: there is one meaning of a question, and one place where it is refused.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use axum::middleware::from_fn;
use maud::{Markup, html};
use schemas::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::parts::Desk;
use super::shell::Scripts;
use crate::house::{House, Rooms};
use crate::lang::Lang;
use crate::params::Params;
use crate::problem::Problem;

/// Bytes of an answer that a page is made of.
const ANSWER_LIMIT: usize = 32 << 20;

/// The part of a problem that a page shows.
#[derive(Deserialize)]
struct Refused {
    detail: String,
    parameter: Option<String>,
}

/// How often a page looks again, ms: one that shares the look of all pages; one that computes from days of readings.
pub(crate) const OFTEN: u32 = 6_000;
pub(crate) const SELDOM: u32 = 60_000;

/// How soon after an alert, ms: later than the look that all pages share grows old.
pub(crate) const SOON: u32 = 2_200;

/// Who asks for what.
pub(crate) struct Visit {
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) lang: Lang,
    /// What the address names: a device, an alert.
    pub(crate) name: Option<String>,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl Visit {
    pub(crate) fn house(&self) -> &House {
        &self.rooms.house
    }

    /// The language, the city's clock, and now.
    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk::new(self.lang, self.house().city.zone(), self.now())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.house().clock.now()
    }

    /// What the API answers to `GET` of this address under `/api/v1/`.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, question: &str) -> Result<T, Problem> {
        let mut request = Request::get(format!("/api/v1/{question}"));
        for name in [header::COOKIE, header::AUTHORIZATION] {
            if let Some(value) = self.headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let odd = |error: &dyn std::fmt::Display| Problem::told(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        let request = request.body(Body::empty()).map_err(|e| odd(&e))?;
        let api = crate::api::routes().with_state(self.rooms.clone()).layer(from_fn(crate::access::of_whoever_looks));
        let response = api.oneshot(request).await.map_err(|e| odd(&e))?;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER_LIMIT).await.map_err(|e| odd(&e))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|e| odd(&e));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Refused { detail, parameter }) => Err(Problem::told(status, detail).about(parameter)),
            Err(_) => Err(Problem::told(status, status.to_string())),
        }
    }

    /// The same about what the address names by this parameter: where that is not known, there is no such page.
    pub(crate) async fn ask_about<T: DeserializeOwned>(&self, parameter: &str, question: &str) -> Result<T, Problem> {
        self.ask(question).await.map_err(|problem| if problem.is_about(parameter) { problem.absence() } else { problem })
    }

    /// The same for a part of a page, which says so where it could not be had while the other parts stand.
    pub(crate) async fn part<T: DeserializeOwned>(&self, question: &str) -> Option<T> {
        let told = self.ask(question).await;
        told.inspect_err(|problem| {
            tracing::warn!(question, problem = problem.detail(), "a part of the page could not be read");
        })
        .ok()
    }

    /// The parameters of the address.
    pub(crate) fn params(&self, known: &[&str]) -> Result<Params, Problem> {
        Params::read(&self.uri, known)
    }

    /// What the address names.
    pub(crate) fn named<T: std::str::FromStr>(&self) -> Result<T, Problem> {
        let name = self.name.as_deref().unwrap_or_default();
        name.parse().map_err(|_| Problem::absent(format!("`{}` is not a name", name.chars().take(64).collect::<String>())))
    }

    /// The address after the language, with its parameters: the same page in another language.
    pub(crate) fn place(&self) -> String {
        let path = self.uri.path().trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest);
        self.uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }
}

/// A page without its frame.
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) main: Markup,
    pub(crate) scripts: Scripts,
    /// Milliseconds between two looks at what changed, while something comes in.
    pub(crate) often: u32,
    /// Milliseconds from an alert to the next look.
    pub(crate) soon: u32,
    /// The name of the file that it is, without a frame; none for a page.
    pub(crate) file: Option<String>,
    /// Another address of ours to which whoever asks is sent; none for a page.
    pub(crate) to: Option<String>,
}

impl Sheet {
    /// A page that needs no script of its own.
    pub(crate) fn plain(title: impl Into<String>, main: Markup) -> Self {
        Self { title: title.into(), main, scripts: Scripts::NONE, often: OFTEN, soon: SOON, file: None, to: None }
    }
}

/// The page that says why there is none.
pub(crate) fn lost(lang: Lang, problem: &Problem) -> Sheet {
    let words = lang.words();
    let missing = problem.status() == axum::http::StatusCode::NOT_FOUND;
    let title = if missing { words.not_found } else { words.unreadable };
    let main = html! {
        div.lost-page {
            h1 { (title) }
            @if !missing { p.empty.err role="alert" { bdi lang="en" dir="ltr" { (problem.detail()) } } }
            p { @if !missing { a href="" { (words.retry) } " · " } a href=(format!("/{}/", lang.code())) { (words.home) } }
        }
    };
    Sheet::plain(title, main)
}
