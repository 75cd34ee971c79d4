//! Signing in and out, the one-time set-up, and what each page says of whoever looks at it.

mod directory;
use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, body::Body};
use maud::{Markup, html};
use ports::{AccessError, Entry, Viewer};
use schemas::Timestamp;
use serde::Deserialize;

use super::redirect;
use super::shell::Page;
use crate::access::{CookieOf, Guard, present};
use crate::house::City;
use crate::lang::Lang;
use crate::problem::Problem;

type Kept = State<Arc<Guard>>;

/// The addresses by which somebody comes in.
pub(crate) fn routes() -> Router<Arc<Guard>> {
    Router::new()
        .route("/login", get(show_login).post(login))
        .route("/login/code", post(login_with_code))
        .route("/login/directory", get(directory::depart))
        .route("/login/directory/back", get(directory::arrive))
        .route("/logout", post(logout))
        .route("/set-up", get(show_set_up).post(set_up))
        .route("/.well-known/security.txt", get(security_txt))
}

/// Where somebody wants to go once they are in.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    code: String,
}

/// Name and password, or a ticket and a code, with where from.
#[derive(Deserialize)]
struct Entered {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    ticket: String,
}

/// An address of ours, or the beginning.
fn safe(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if ours { next } else { "/" }
}

/// To the page to sign in, and back afterwards.
pub(crate) fn to_login(uri: &Uri) -> Response {
    let next: String = uri.to_string().bytes().take(500).map(|byte| format!("%{byte:02X}")).collect();
    redirect(StatusCode::SEE_OTHER, &format!("/login?next={next}"))
}

/// What is not there, as its own address answers.
pub(crate) fn nothing(guard: &Guard, uri: &Uri, headers: &HeaderMap) -> Response {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    let Some(lang) = Lang::from_code(first) else { return Problem::not_found(uri.path()).into_response() };
    let words = lang.words();
    let main = html! { div.lost-page { h1 { (words.not_found) } p { a href=(format!("/{}/", lang.code())) { (words.home) } } } };
    (StatusCode::NOT_FOUND, page(guard, lang, headers, words.not_found, &main)).into_response()
}

pub(super) fn page(guard: &Guard, lang: Lang, headers: &HeaderMap, title: &str, main: &Markup) -> Markup {
    Page::still(lang, headers, &guard.house.city).render(title, main)
}

/// Said at the top of every page: that what it shows is simulated, that no password is asked for, or who has signed in.
pub(crate) fn note(lang: Lang, city: &City) -> Markup {
    let (texts, words) = (&lang.words().pages.entry, lang.words());
    let signed = present().filter(|viewer| viewer.means == ports::Means::Session);
    html! {
        @if city.demo() || city.is_open() {
            aside.banner aria-label=(if city.demo() { words.demo } else { texts.sign_in }) {
                p {
                    @if city.demo() { b { (words.demo) } ": " (words.demo_note) " " }
                    @if city.is_open() { (texts.open) }
                }
            }
        }
        @if let Some(viewer) = signed {
            form.signed method="post" action="/logout" {
                span { (texts.signed_in) " " bdi { a href="/account" { b { (viewer.name) } } } " (" bdi { (standing(&viewer)) } ") " }
                button.btn { (texts.sign_out) }
            }
        }
    }
}

/// What somebody is, in a word or two: the contractor or the role, and the tenant.
pub(super) fn standing(viewer: &Viewer) -> String {
    let role = viewer.contractor.as_deref().unwrap_or(viewer.role.code());
    viewer.tenant.as_ref().map_or_else(|| role.to_owned(), |tenant| format!("{role}, {tenant}"))
}

async fn show_login(State(guard): Kept, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    if guard.gate.is_open() {
        return redirect(StatusCode::SEE_OTHER, safe(&asked.next));
    }
    login_page(&guard, &headers, &asked.next, None).into_response()
}

fn login_page(guard: &Guard, headers: &HeaderMap, next: &str, wrong: Option<&str>) -> Markup {
    let (lang, next) = (Lang::wished(headers), safe(next));
    let texts = &lang.words().pages.entry;
    let main = html! {
        form.entry method="post" action="/login" {
            h1 { (texts.sign_in) }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            input type="hidden" name="next" value=(next);
            label { (texts.name) " " input name="name" autocomplete="username" autocapitalize="none" required maxlength="64"; }
            label { (texts.password) " " input name="password" type="password" autocomplete="current-password" required maxlength="256"; }
            button.btn { (texts.sign_in) }
            (directory::button(guard, lang, next))
        }
    };
    page(guard, lang, headers, texts.sign_in, &main)
}

/// `POST /login`
async fn login(State(guard): Kept, request: Request<Body>) -> Response {
    let from = crate::access::address_of(&request, &*guard.gate);
    let headers = request.headers().clone();
    let Ok(Form(Entered { name, password, next, .. })) = form(request).await else { return not_a_form() };
    match guard.gate.sign_in(name, password, from).await {
        Ok(Entry::In(secret)) => let_in(&guard, &secret, safe(&next)),
        Ok(Entry::Halfway(ticket)) => code_page(&guard, &headers, (&next, &ticket), None).into_response(),
        Err(error) => {
            let (status, wrong) = refusal(&error, Lang::wished(&headers));
            (status, login_page(&guard, &headers, &next, Some(&wrong))).into_response()
        }
    }
}

/// Why somebody is not let in, for a person.
pub(super) fn refusal(error: &AccessError, lang: Lang) -> (StatusCode, String) {
    let texts = &lang.words().pages.entry;
    match error {
        AccessError::Locked(until) => (StatusCode::TOO_MANY_REQUESTS, format!("{} {}", texts.locked, minute(*until))),
        AccessError::TooMany => (StatusCode::TOO_MANY_REQUESTS, texts.slower.to_owned()),
        AccessError::Record(_) => (StatusCode::SERVICE_UNAVAILABLE, texts.not_now.to_owned()),
        AccessError::DirectoryAway => (StatusCode::SERVICE_UNAVAILABLE, texts.directory_away.to_owned()),
        AccessError::Unvouched => (StatusCode::UNAUTHORIZED, texts.unvouched.to_owned()),
        AccessError::NoStanding => (StatusCode::FORBIDDEN, texts.no_standing.to_owned()),
        AccessError::WrongCode => (StatusCode::UNAUTHORIZED, texts.wrong_code.to_owned()),
        _ => (StatusCode::UNAUTHORIZED, texts.wrong.to_owned()),
    }
}

fn code_page(guard: &Guard, headers: &HeaderMap, (next, ticket): (&str, &str), wrong: Option<&str>) -> Markup {
    let lang = Lang::wished(headers);
    let texts = &lang.words().pages.entry;
    let main = html! {
        form.entry method="post" action="/login/code" {
            h1 { (texts.code_title) }
            p { (texts.code_note) }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) " " a href="/login" { (texts.again) } } }
            input type="hidden" name="next" value=(safe(next));
            input type="hidden" name="ticket" value=(ticket);
            (code_field(lang))
            button.btn { (texts.sign_in) }
        }
    };
    page(guard, lang, headers, texts.code_title, &main)
}

/// Where a code is typed: six digits, or one of those for the day on which the telephone is gone.
pub(super) fn code_field(lang: Lang) -> Markup {
    html! {
        label { (lang.words().pages.entry.code) " " input name="code" dir="ltr" inputmode="text" autocomplete="one-time-code" autocapitalize="none" required maxlength="24"; }
    }
}

/// `POST /login/code`
async fn login_with_code(State(guard): Kept, request: Request<Body>) -> Response {
    let from = crate::access::address_of(&request, &*guard.gate);
    let headers = request.headers().clone();
    let Ok(Form(Entered { ticket, code, next, .. })) = form(request).await else { return not_a_form() };
    match guard.gate.sign_in_with_code(ticket.clone(), code, from).await {
        Ok(secret) => let_in(&guard, &secret, safe(&next)),
        Err(error) => {
            let (status, wrong) = refusal(&error, Lang::wished(&headers));
            (status, code_page(&guard, &headers, (&next, &ticket), Some(&wrong))).into_response()
        }
    }
}

/// `2026-11-21 20:05 UTC`
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

async fn form(request: Request<Body>) -> Result<Form<Entered>, axum::extract::rejection::FormRejection> {
    <Form<Entered> as axum::extract::FromRequest<()>>::from_request(request, &()).await
}

fn not_a_form() -> Response {
    Problem::body("expected the fields of the form".to_owned()).into_response()
}

fn let_in(guard: &Guard, secret: &str, next: &str) -> Response {
    with_cookie(redirect(StatusCode::SEE_OTHER, next), &CookieOf::gate(&*guard.gate).set(secret))
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
    answer
}

/// `POST /logout`
async fn logout(State(guard): Kept, headers: HeaderMap) -> Result<Response, Problem> {
    let cookie = CookieOf::gate(&*guard.gate);
    if let Some(secret) = cookie.read(&headers) {
        guard.gate.sign_out(secret).await?;
    }
    Ok(with_cookie(redirect(StatusCode::SEE_OTHER, "/login"), &cookie.unset()))
}

async fn show_set_up(State(guard): Kept, uri: Uri, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    if guard.gate.is_set_up_code(&asked.code) {
        return set_up_page(&guard, &headers, &asked.code, &[]).into_response();
    }
    Problem::not_found(uri.path()).into_response()
}

fn set_up_page(guard: &Guard, headers: &HeaderMap, code: &str, wrong: &[String]) -> Markup {
    let lang = Lang::wished(headers);
    let texts = &lang.words().pages.entry;
    let main = html! {
        form.entry method="post" action="/set-up" {
            h1 { (texts.set_up) }
            p { (texts.set_up_note) }
            @for line in wrong { p.wrong role="alert" { bdi { (line) } } }
            input type="hidden" name="code" value=(code);
            label { (texts.name) " " input name="name" autocomplete="username" autocapitalize="none" required maxlength="64"; }
            label { (texts.password) " " input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256"; }
            button.btn { (texts.set_up) }
        }
    };
    page(guard, lang, headers, texts.set_up, &main)
}

/// `POST /set-up`
async fn set_up(State(guard): Kept, uri: Uri, request: Request<Body>) -> Response {
    let headers = request.headers().clone();
    let Ok(Form(Entered { name, password, code, .. })) = form(request).await else { return not_a_form() };
    match guard.gate.set_up(code.clone(), name, password).await {
        Ok(secret) => let_in(&guard, &secret, "/"),
        Err(AccessError::Refused(wrong)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, set_up_page(&guard, &headers, &code, &wrong)).into_response()
        }
        Err(AccessError::Wrong) => Problem::not_found(uri.path()).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// `GET /.well-known/security.txt` (RFC 9116): whom to tell of a weakness, and until when that holds.
async fn security_txt(State(guard): Kept, uri: Uri) -> Response {
    /// Days for which it holds: it is written anew with each request, so as long as the program runs.
    const HOLDS: u64 = 90;
    let Some(contact) = &guard.house.settings.security_contact else { return Problem::not_found(uri.path()).into_response() };
    let until = guard.house.clock.now().plus(std::time::Duration::from_secs(HOLDS * 86_400));
    let text = format!("Contact: {contact}\nExpires: {until}\nPreferred-Languages: {}\n", Lang::CODES.join(", "));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_11_nobody_is_sent_to_another_site_after_signing_in() {
        for evil in ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/fr\r\nset-cookie: a=b", "/\t/evil"] {
            assert_eq!(safe(evil), "/", "{evil:?}");
        }
        assert_eq!(safe("/fr/?zone=anfa"), "/fr/?zone=anfa");
    }
}
