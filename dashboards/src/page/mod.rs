//! The pages: rendered by the server in three languages, alive with a little script, complete without.

pub(crate) mod account;
mod air;
mod alerts;
mod api;
pub(crate) mod audit;
mod board;
mod chart;
mod desk;
mod device;
pub(crate) mod entry;
mod explain;
mod front;
mod glance;
mod indicators;
mod kind;
mod map;
mod own;
mod parking;
mod parts;
mod platform;
mod privacy;
mod public;
mod report;
mod rotas;
mod rules;
mod sections;
mod shell;
mod silences;
mod theme;
mod visit;
mod waste;
mod water;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{FormRejection, RawPathParamsRejection};
use axum::extract::{DefaultBodyLimit, Form, RawPathParams, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use maud::html;

use crate::house::{Rooms, Shared};
use crate::lang::{Lang, cookie};
use crate::problem::Problem;

pub(crate) use glance::Glance;
pub use report::{Order, Pressroom};
use shell::Page;
use visit::{Sheet, Visit};

/// A year, for the cookies of language and theme.
const YEAR: u32 = 31_536_000;

/// What makes a page.
type Make = for<'v> fn(&'v Visit) -> BoxFuture<'v, Result<Sheet, Problem>>;

/// Every page: its address after the language, the part of the menu it belongs to, and what makes it.
const PAGES: [(&str, &str, Make); 30] = [
    ("", "", |visit| Box::pin(front::sheet(visit))),
    ("board", "", |visit| Box::pin(board::sheet(visit))),
    ("air", "air", |visit| Box::pin(air::city(visit))),
    ("air/exceedances", "air", |visit| Box::pin(air::exceeded(visit))),
    ("air/{station}", "air", |visit| Box::pin(air::station(visit))),
    ("waste", "waste", |visit| Box::pin(waste::sheet(visit))),
    ("waste/{bin}", "waste", |visit| Box::pin(waste::bin(visit))),
    ("indicators", "waste", |visit| Box::pin(indicators::sheet(visit))),
    ("devices", "devices", |visit| Box::pin(device::list(visit))),
    ("devices/{id}", "devices", |visit| Box::pin(device::single(visit))),
    ("engineers", "engineers", |visit| Box::pin(device::engineers(visit))),
    ("engineers/{offset}", "engineers", |visit| Box::pin(device::message(visit))),
    ("messages", "engineers", |visit| Box::pin(explain::messages(visit))),
    ("explain", "engineers", |visit| Box::pin(explain::sheet(visit))),
    ("alerts", "alerts", |visit| Box::pin(desk::sheet(visit))),
    ("alerts/{id}", "alerts", |visit| Box::pin(desk::single(visit))),
    ("silences", "alerts", |visit| Box::pin(silences::sheet(visit))),
    ("rotas", "alerts", |visit| Box::pin(rotas::sheet(visit))),
    ("rules", "alerts", |visit| Box::pin(rules::list(visit))),
    ("rules/{id}", "alerts", |visit| Box::pin(rules::single(visit))),
    ("public/alerts", "alerts", |visit| Box::pin(public::sheet(visit))),
    ("reports", "reports", |visit| Box::pin(report::list(visit))),
    ("reports/daily", "reports", |visit| Box::pin(report::daily(visit))),
    ("reports/monthly", "reports", |visit| Box::pin(report::monthly(visit))),
    ("reports/weekly", "reports", |visit| Box::pin(report::weekly(visit))),
    ("parking", "parking", |visit| Box::pin(parking::sheet(visit))),
    ("water", "water", |visit| Box::pin(water::sheet(visit))),
    ("kinds/{kind}", "kinds", |visit| Box::pin(kind::sheet(visit))),
    ("privacy", "", |visit| Box::pin(privacy::sheet(visit))),
    ("api", "", |visit| Box::pin(api::sheet(visit))),
];

/// What was sent with a form, in its order.
pub(crate) type Fields = Vec<(String, String)>;

/// A field of a form, trimmed; empty where it was not sent.
pub(crate) fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
}

/// What takes a form that was sent.
type Take = for<'v> fn(&'v Visit, &'v Fields) -> BoxFuture<'v, Result<Sheet, Problem>>;

/// Every form of a page that is answered with a page: what stands behind the address of the page, its part of the menu, and what
/// takes it. Other acts are put to the API by script.
const FORMS: [(&str, &str, &str, Take); 4] = [
    ("silences", "begin", "alerts", |visit, fields| Box::pin(silences::begin(visit, fields))),
    ("silences", "end", "alerts", |visit, fields| Box::pin(silences::end(visit, fields))),
    ("rules/{id}", "try", "alerts", |visit, fields| Box::pin(rules::tried(visit, fields))),
    ("rules/{id}", "save", "alerts", |visit, fields| Box::pin(rules::save(visit, fields))),
];

/// The addresses of pages behind that of a language.
#[cfg(test)]
pub(crate) fn addresses() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(path, ..)| *path)
}

/// All addresses that answer people.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    let mut router = Router::new().route("/", get(home)).route("/theme", post(theme::set)).route("/favicon.ico", get(icon));
    for lang in Lang::all() {
        let bare = format!("/{}", lang.code());
        for (path, section, make) in PAGES {
            let page = async move |State(rooms): Shared, names: Names, uri: Uri, headers: HeaderMap| {
                let visit = Visit { rooms, lang, name: first(&names), uri, headers };
                let made = make(&visit).await;
                answer(made, section, &visit)
            };
            router = router.route(&format!("{bare}/{path}"), get(page));
        }
        for (path, end, section, take) in FORMS {
            let form = async move |State(rooms): Shared, names: Names, uri: Uri, headers: HeaderMap, form: Sent| {
                // The page that it belongs to is the one to come back to.
                let page = uri.path().strip_suffix(end).and_then(|path| path.trim_end_matches('/').parse().ok());
                let visit = Visit { rooms, lang, name: first(&names), uri: page.unwrap_or(uri), headers };
                let taken = match form {
                    Ok(Form(fields)) => take(&visit, &fields).await,
                    Err(rejection) => Err(Problem::body(rejection.body_text())),
                };
                answer(taken, section, &visit)
            };
            let limit = DefaultBodyLimit::max(crate::api::rules::BODY);
            router = router.route(&format!("{bare}/{path}/{end}"), post(form).layer(limit));
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

/// A form, or why it is none.
type Sent = Result<Form<Fields>, FormRejection>;

/// What an address names, or why that is no text.
type Names = Result<RawPathParams, RawPathParamsRejection>;

/// The first name; an empty one where it is no text, which nothing is called.
fn first(names: &Names) -> Option<String> {
    names.as_ref().map_or(Some(String::new()), |names| names.iter().next().map(|(_, value)| value.to_owned()))
}

/// What was made, as a page; what went wrong is said on a page too.
fn answer(made: Result<Sheet, Problem>, section: &'static str, visit: &Visit) -> Response {
    let lang = visit.lang;
    let (status, sheet) = match made {
        Ok(sheet) => (StatusCode::OK, sheet),
        // Who asks for a file is a program as often as a person.
        Err(problem) if visit.uri.query().is_some_and(|query| query.contains("alone=true")) => return problem.into_response(),
        Err(problem) => (problem.status(), visit::lost(lang, &problem)),
    };
    if let Some(to) = &sheet.to {
        return redirect(StatusCode::SEE_OTHER, to);
    }
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
