//! The pages: rendered by the server in three languages, alive with a little script, complete without.

mod alerts;
pub(crate) mod entry;
mod front;
mod glance;
mod own;
mod parts;
mod platform;
mod sections;
mod shell;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;

use crate::house::{Rooms, Shared};
use crate::lang::{Lang, cookie};
use crate::problem::Problem;

pub(crate) use glance::Glance;
use shell::Page;

/// A year, for the cookies of language and theme.
const YEAR: u32 = 31_536_000;

/// All addresses that answer people.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    let mut router = Router::new().route("/", get(home)).route("/theme", post(theme)).route("/favicon.ico", get(icon));
    for lang in Lang::ALL {
        let page = async move |State(rooms): Shared, headers: HeaderMap| front_page(&rooms, lang, &headers).await;
        let bare = format!("/{}", lang.code());
        let whole = format!("{bare}/");
        let to = whole.clone();
        router = router.route(&whole, get(page)).route(&bare, get(async move || redirect(StatusCode::PERMANENT_REDIRECT, &to)));
    }
    router
}

fn redirect(status: StatusCode, to: &str) -> Response {
    // Every address we send people to is one of ours, and those are plain ASCII.
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (status, [(header::LOCATION, to)]).into_response()
}

async fn home(headers: HeaderMap) -> Response {
    let mut response = redirect(StatusCode::SEE_OTHER, &format!("/{}/", Lang::wished(&headers).code()));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    response
}

async fn icon() -> Response {
    redirect(StatusCode::FOUND, &crate::assets::address("icon.svg"))
}

/// `light`, `dark` or `auto`.
pub(crate) fn theme_of(headers: &HeaderMap) -> &'static str {
    match cookie(headers, "theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    }
}

async fn front_page(rooms: &Rooms, lang: Lang, headers: &HeaderMap) -> Response {
    let glance = Glance::present(rooms).await;
    let page = Page { lang, theme: theme_of(headers), city: &rooms.house.city, path: "" };
    let mut response = page.render(&front::title(lang, &glance), &front::page(lang, &rooms.house.city, &glance)).into_response();
    if cookie(headers, "lang") != Some(lang.code()) {
        let text = format!("lang={}; Path=/; Max-Age={YEAR}; SameSite=Lax", lang.code());
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    response
}

/// `POST /theme`: `theme=dark&back=fr`. Without script; with it the page sets the cookie itself.
async fn theme(headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    // Browsers say where a form comes from; a form on another site must not change ours.
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    if site.is_some_and(|s| s != "same-origin" && s != "none") {
        return Err(Problem::foreign());
    }
    let text = String::from_utf8_lossy(&body);
    let field = |name: &str| text.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v);
    let theme = match field("theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        Some("auto") => "auto",
        _ => return Err(Problem::parameter("theme", "the theme is not one of ours", "light, dark or auto")),
    };
    let back = field("back").and_then(Lang::from_code).unwrap_or(Lang::Fr);
    let mut response = redirect(StatusCode::SEE_OTHER, &format!("/{}/", back.code()));
    let text = format!("theme={theme}; Path=/; Max-Age={YEAR}; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// Whatever has no page: said in the language of the address, or the one wished.
pub(crate) async fn nothing(State(rooms): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    let lang = Lang::from_code(first).unwrap_or_else(|| Lang::wished(&headers));
    let words = lang.words();
    let page = Page { lang, theme: theme_of(&headers), city: &rooms.house.city, path: "" };
    let main = html! { div.lost-page { h1 { (words.not_found) } p { a href=(format!("/{}/", lang.code())) { (words.home) } } } };
    (StatusCode::NOT_FOUND, page.render(words.not_found, &main)).into_response()
}
