//! The page of whoever has signed in: who they are, and their second factor.
//!
//! Deliberately absent: another password, which an admin gives.

mod qr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use ports::{AccessError, Means, SecondFactor, Viewer};
use serde::Deserialize;

use super::entry::{code_field, minute, page, refusal, standing};
use super::redirect;
use crate::access::Guard;
use crate::lang::Lang;
use crate::problem::Problem;
use crate::words::Account;

type Kept = State<Arc<Guard>>;

const HERE: &str = "/account";

/// The addresses of one's own account.
pub(crate) fn routes() -> Router<Arc<Guard>> {
    Router::new()
        .route("/account", get(show))
        .route("/account/second-factor", post(begin))
        .route("/account/second-factor/confirm", post(confirm))
        .route("/account/second-factor/end", post(end))
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    code: String,
}

/// The user who has signed in. A token, or a command, is no user.
fn user(viewer: &Viewer) -> Result<String, Problem> {
    let signed_in = viewer.means == Means::Session;
    signed_in.then(|| viewer.name.clone()).ok_or_else(|| Problem::not_found(HERE))
}

/// `GET /account`
async fn show(State(guard): Kept, Extension(viewer): Extension<Viewer>, headers: HeaderMap) -> Result<Response, Problem> {
    Ok(account(&guard, &viewer, &headers, None).await?.into_response())
}

async fn account(guard: &Guard, viewer: &Viewer, headers: &HeaderMap, wrong: Option<&str>) -> Result<Markup, Problem> {
    let factor = guard.gate.second_factor(user(viewer)?).await?;
    let lang = Lang::wished(headers);
    let texts = &lang.words().pages.account;
    let main = html! {
        div.entry.account {
            h1 { (texts.title) }
            p { bdi { b { (viewer.name) } } " (" bdi { (standing(viewer)) } ")" }
            h2 { (texts.second_factor) }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            (second_factor(&factor, lang, texts))
        }
    };
    Ok(page(guard, lang, headers, texts.title, &main))
}

fn second_factor(factor: &SecondFactor, lang: Lang, texts: &Account) -> Markup {
    html! {
        @match factor {
            SecondFactor::None => {
                p { (texts.none) }
                form method="post" action="/account/second-factor" { button.btn { (texts.begin) } }
            }
            SecondFactor::Begun { secret, uri } => {
                p { (texts.begun) }
                (qr::picture(uri, texts.picture))
                p { (texts.secret) " " code dir="ltr" { (grouped(secret)) } }
                p { code dir="ltr" { (uri) } }
                form method="post" action="/account/second-factor/confirm" {
                    (code_field(lang))
                    button.btn { (texts.confirm) }
                }
            }
            SecondFactor::Asked { since, recovery_codes } => {
                p { (texts.asked) " " bdi { (minute(*since)) } }
                p { (texts.left) " " (recovery_codes) }
                form method="post" action="/account/second-factor/end" {
                    (code_field(lang))
                    button.btn { (texts.end) }
                }
            }
        }
    }
}

/// In fours, as one types it.
fn grouped(secret: &str) -> String {
    let signs: Vec<char> = secret.chars().collect();
    signs.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// `POST /account/second-factor`
async fn begin(State(guard): Kept, Extension(viewer): Extension<Viewer>) -> Result<Response, Problem> {
    guard.gate.begin_second_factor(user(&viewer)?).await?;
    Ok(redirect(StatusCode::SEE_OTHER, HERE))
}

/// `POST /account/second-factor/confirm`: the only page that shows the codes for the day on which the telephone is gone.
async fn confirm(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Form(Typed { code }): Form<Typed>,
) -> Result<Response, Problem> {
    let codes = match guard.gate.confirm_second_factor(user(&viewer)?, code).await {
        Ok(codes) => codes,
        Err(error) => return refused(&guard, &viewer, &headers, error).await,
    };
    let lang = Lang::wished(&headers);
    let texts = &lang.words().pages.account;
    let main = html! {
        div.entry.account {
            h1 { (texts.second_factor) }
            p role="status" { (texts.confirmed) }
            p { (texts.codes) }
            ul.codes { @for code in &codes { li { code dir="ltr" { (code) } } } }
            p { a href=(HERE) { (texts.title) } }
        }
    };
    Ok(page(&guard, lang, &headers, texts.second_factor, &main).into_response())
}

/// `POST /account/second-factor/end`
async fn end(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Form(Typed { code }): Form<Typed>,
) -> Result<Response, Problem> {
    match guard.gate.end_second_factor(user(&viewer)?, code).await {
        Ok(()) => Ok(redirect(StatusCode::SEE_OTHER, HERE)),
        Err(error) => refused(&guard, &viewer, &headers, error).await,
    }
}

async fn refused(guard: &Guard, viewer: &Viewer, headers: &HeaderMap, error: AccessError) -> Result<Response, Problem> {
    let (status, wrong) = match &error {
        AccessError::WrongCode | AccessError::Locked(_) => refusal(&error, Lang::wished(headers)),
        _ => return Err(error.into()),
    };
    Ok((status, account(guard, viewer, headers, Some(&wrong)).await?).into_response())
}
