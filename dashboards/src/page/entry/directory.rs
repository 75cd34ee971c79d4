//! Signing in by the city's directory: the way there, and the way back.
//!
//! Whoever comes back comes from another site, so that a browser sends no `Strict` cookie along, and follows no redirection with one.
//! What was carried there stands in a `Lax` cookie of its own, and the answer is a page of ours that goes on by itself.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use ports::{AccessError, Entry, Return};
use serde::Deserialize;

use super::{Asked, Kept, code_page, login_page, page, refusal, safe, with_cookie};
use crate::access::{CookieOf, Guard};
use crate::lang::Lang;
use crate::page::redirect;
use crate::problem::Problem;

/// Bytes of where somebody wants to go, kept while they are away.
const LONGEST: usize = 2000;

/// What the directory adds to our address.
#[derive(Default, Deserialize)]
pub(super) struct Brought {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// The button on the page to sign in; nothing where there is no directory.
pub(super) fn button(guard: &Guard, lang: Lang, next: &str) -> Markup {
    html! {
        @if let Some(label) = guard.gate.directory() {
            p { a.btn href=(format!("/login/directory?next={}", encoded(next))) { (lang.of(label)) } }
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// `GET /login/directory`
pub(super) async fn depart(State(guard): Kept, uri: Uri, Query(asked): Query<Asked>, request: Request<Body>) -> Response {
    let from = crate::access::address_of(&request, &*guard.gate);
    let next = Some(safe(&asked.next)).filter(|next| next.len() <= LONGEST).unwrap_or("/");
    match guard.gate.depart(next.to_owned(), from).await {
        Ok(departure) => {
            let cookie = CookieOf::gate(&*guard.gate).set_away(&departure.ticket);
            with_cookie(redirect(StatusCode::SEE_OTHER, &departure.to), &cookie)
        }
        Err(error) => refused(&guard, &uri, request.headers(), next, &error),
    }
}

/// `GET /login/directory/back`
pub(super) async fn arrive(State(guard): Kept, uri: Uri, Query(brought): Query<Brought>, request: Request<Body>) -> Response {
    let (from, headers) = (crate::access::address_of(&request, &*guard.gate), request.headers());
    let cookies = CookieOf::gate(&*guard.gate);
    let Brought { state, code, error, iss } = brought;
    let back = Return { ticket: cookies.read_away(headers), state, code, error, issuer: iss };
    let answer = match guard.gate.arrive(back, from).await {
        Ok((Entry::In(secret), next)) => with_cookie(on_to(&guard, headers, safe(&next)), &cookies.set(&secret)),
        Ok((Entry::Halfway(ticket), next)) => code_page(&guard, headers, (&next, &ticket), None).into_response(),
        Err(error) => refused(&guard, &uri, headers, "/", &error),
    };
    with_cookie(answer, &cookies.unset_away())
}

/// A page that goes on: from here the browser comes from our own site.
fn on_to(guard: &Guard, headers: &HeaderMap, next: &str) -> Response {
    let lang = Lang::wished(headers);
    let texts = &lang.words().pages.entry;
    let main = html! { div.entry { h1 { (texts.entered) } p { a.btn href=(next) { (texts.go_on) } } } };
    let mut answer = page(guard, lang, headers, texts.entered, &main).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={next}")) {
        answer.headers_mut().insert(header::REFRESH, value);
    }
    answer
}

fn refused(guard: &Guard, uri: &Uri, headers: &HeaderMap, next: &str, error: &AccessError) -> Response {
    if let AccessError::Absent(_) = error {
        return Problem::not_found(uri.path()).into_response();
    }
    let (status, wrong) = refusal(error, Lang::wished(headers));
    (status, login_page(guard, headers, next, Some(&wrong))).into_response()
}
