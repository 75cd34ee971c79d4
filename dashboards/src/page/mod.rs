//! The pages: rendered by the server in three languages, alive with a little script, complete without.

pub(crate) mod account;
mod air;
mod alerts;
mod chart;
mod desk;
mod device;
pub(crate) mod entry;
mod front;
mod glance;
mod map;
mod own;
mod parking;
mod parts;
mod platform;
mod privacy;
mod public;
mod report;
mod sections;
mod shell;
mod theme;
mod visit;
mod waste;
mod water;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use maud::html;

use crate::house::{Rooms, Shared};
use crate::lang::{Lang, cookie};
use crate::problem::Problem;

pub(crate) use glance::Glance;
use shell::Page;
use visit::{Sheet, Visit};

/// A year, for the cookies of language and theme.
const YEAR: u32 = 31_536_000;

/// What makes a page.
type Make = for<'v> fn(&'v Visit) -> BoxFuture<'v, Result<Sheet, Problem>>;

/// Every page: its address after the language, the part of the menu it belongs to, and what makes it.
const PAGES: [(&str, &str, Make); 20] = [
    ("", "", |visit| Box::pin(front::sheet(visit))),
    ("air", "air", |visit| Box::pin(air::city(visit))),
    ("air/exceedances", "air", |visit| Box::pin(air::exceeded(visit))),
    ("air/{station}", "air", |visit| Box::pin(air::station(visit))),
    ("waste", "waste", |visit| Box::pin(waste::sheet(visit))),
    ("waste/{bin}", "waste", |visit| Box::pin(waste::bin(visit))),
    ("devices", "devices", |visit| Box::pin(device::list(visit))),
    ("devices/{id}", "devices", |visit| Box::pin(device::single(visit))),
    ("engineers", "engineers", |visit| Box::pin(device::engineers(visit))),
    ("engineers/{offset}", "engineers", |visit| Box::pin(device::message(visit))),
    ("alerts", "alerts", |visit| Box::pin(desk::sheet(visit))),
    ("alerts/{id}", "alerts", |visit| Box::pin(desk::single(visit))),
    ("public/alerts", "alerts", |visit| Box::pin(public::sheet(visit))),
    ("reports", "reports", |visit| Box::pin(report::list(visit))),
    ("reports/daily", "reports", |visit| Box::pin(report::daily(visit))),
    ("reports/monthly", "reports", |visit| Box::pin(report::monthly(visit))),
    ("reports/weekly", "reports", |visit| Box::pin(report::weekly(visit))),
    ("parking", "parking", |visit| Box::pin(parking::sheet(visit))),
    ("water", "water", |visit| Box::pin(water::sheet(visit))),
    ("privacy", "", |visit| Box::pin(privacy::sheet(visit))),
];

/// The addresses of pages behind that of a language.
#[cfg(test)]
pub(crate) fn addresses() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(path, ..)| *path)
}

/// All addresses that answer people.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    let mut router = Router::new().route("/", get(home)).route("/theme", post(theme::set)).route("/favicon.ico", get(icon));
    for lang in Lang::ALL {
        let bare = format!("/{}", lang.code());
        for (path, section, make) in PAGES {
            let page = async move |State(rooms): Shared, names: RawPathParams, uri: Uri, headers: HeaderMap| {
                let name = names.iter().next().map(|(_, value)| value.to_owned());
                answer(make, section, Visit { rooms, lang, name, uri, headers }).await
            };
            router = router.route(&format!("{bare}/{path}"), get(page));
        }
        let to = format!("{bare}/");
        router = router.route(&bare, get(async move || redirect(StatusCode::PERMANENT_REDIRECT, &to)));
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

/// Makes a page; what went wrong is said on a page too.
async fn answer(make: Make, section: &'static str, visit: Visit) -> Response {
    let lang = visit.lang;
    let (status, sheet) = match make(&visit).await {
        Ok(sheet) => (StatusCode::OK, sheet),
        // Who asks for a file is a program as often as a person.
        Err(problem) if visit.uri.query().is_some_and(|query| query.contains("alone=true")) => return problem.into_response(),
        Err(problem) => (problem.status(), visit::lost(lang, &problem)),
    };
    if let Some(name) = &sheet.file {
        return report::alone(lang, &visit.rooms.house.city, name, &sheet);
    }
    let place = visit.place();
    let page = Page {
        lang,
        theme: theme::of(&visit.headers),
        city: &visit.rooms.house.city,
        path: &place,
        section,
        scripts: sheet.scripts,
        often: sheet.often,
        soon: sheet.soon,
    };
    let mut response = (status, page.render(&sheet.title, &sheet.main)).into_response();
    if cookie(&visit.headers, "lang") != Some(lang.code()) {
        let text = format!("lang={}; Path=/; Max-Age={YEAR}; SameSite=Lax", lang.code());
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    response
}

/// Whatever has no page: said in the language of the address, or the one wished.
pub(crate) async fn nothing(State(rooms): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    let lang = Lang::from_code(first).unwrap_or_else(|| Lang::wished(&headers));
    let words = lang.words();
    let page = Page::still(lang, &headers, &rooms.house.city);
    let main = html! { div.lost-page { h1 { (words.not_found) } p { a href=(format!("/{}/", lang.code())) { (words.home) } } } };
    (StatusCode::NOT_FOUND, page.render(words.not_found, &main)).into_response()
}
