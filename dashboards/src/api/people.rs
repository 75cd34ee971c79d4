//! Users, tokens, credentials of devices and the codes that they are traded for, and the audit.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ports::{AuditRow, NewClaim, NewCredential, NewToken, NewUser, Provision, Viewer};
use serde::{Deserialize, Serialize};

use crate::access::{Asker, Guard};
use crate::api::body::Body;
use crate::api::operations::DEVICES_LIMIT;
use crate::params::Params;
use crate::problem::Problem;

type Kept = State<Arc<Guard>>;

/// Rows of the audit in one answer, at most.
const ROWS: usize = 10_000;

/// The addresses about people.
pub(crate) fn routes() -> Router<Arc<Guard>> {
    Router::new()
        .route("/api/v1/session", get(session))
        .route("/api/v1/users", get(users).post(add))
        .route("/api/v1/users/{name}/remove", post(remove))
        .route("/api/v1/users/{name}/password", post(password))
        .route("/api/v1/users/{name}/second-factor/reset", post(reset_second_factor))
        .route("/api/v1/tokens", get(tokens).post(make_token))
        .route("/api/v1/tokens/{id}/revoke", post(revoke_token))
        .route("/api/v1/credentials", get(credentials).post(make_credential))
        .route("/api/v1/credentials/provision", post(provision).layer(DefaultBodyLimit::max(DEVICES_LIMIT)))
        .route("/api/v1/credentials/{device}/revoke", post(revoke_credentials))
        .route("/api/v1/claims", get(claims).post(make_claim))
        .route("/api/v1/claim", post(claim))
        .route("/api/v1/audit", get(audit))
        .route("/api/v1/audit/verify", get(verify))
        .method_not_allowed_fallback(async || Problem::method())
}

#[derive(Serialize)]
struct Done {
    done: bool,
}

const DONE: Json<Done> = Json(Done { done: true });

/// `GET /api/v1/session`: who asks.
async fn session(Extension(viewer): Extension<Viewer>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(viewer).into_response())
}

/// `GET /api/v1/users`
async fn users(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(serde_json::json!({ "users": guard.gate.users().await? })).into_response())
}

/// `POST /api/v1/users`
async fn add(State(guard): Kept, Body(new): Body<NewUser>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.add_user(new).await?)).into_response())
}

/// `POST /api/v1/users/{name}/remove`
async fn remove(State(guard): Kept, Path(name): Path<String>) -> Result<Response, Problem> {
    guard.gate.remove_user(name).await?;
    Ok(DONE.into_response())
}

/// Another password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: String,
}

/// `POST /api/v1/users/{name}/password`
async fn password(
    State(guard): Kept,
    Path(name): Path<String>,
    Body(Password { password }): Body<Password>,
) -> Result<Response, Problem> {
    guard.gate.set_password(name, password).await?;
    Ok(DONE.into_response())
}

/// `POST /api/v1/users/{name}/second-factor/reset`: of somebody whose telephone and codes are gone.
async fn reset_second_factor(State(guard): Kept, Path(name): Path<String>) -> Result<Response, Problem> {
    guard.gate.reset_second_factor(name).await?;
    Ok(DONE.into_response())
}

/// `GET /api/v1/tokens`
async fn tokens(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(serde_json::json!({ "tokens": guard.gate.tokens().await? })).into_response())
}

/// `POST /api/v1/tokens`: the only answer that holds its secret.
async fn make_token(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Body(new): Body<NewToken>,
) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.make_token(new, viewer.name).await?)).into_response())
}

/// `POST /api/v1/tokens/{id}/revoke`
async fn revoke_token(State(guard): Kept, Path(id): Path<String>, uri: Uri) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found(uri.path()))?;
    guard.gate.revoke_token(id).await?;
    Ok(DONE.into_response())
}

/// `GET /api/v1/credentials`
async fn credentials(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(serde_json::json!({ "credentials": guard.gate.credentials().await? })).into_response())
}

/// `POST /api/v1/credentials`: the only answer that holds its secret.
async fn make_credential(State(guard): Kept, Body(new): Body<NewCredential>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.make_credential(new).await?)).into_response())
}

/// `POST /api/v1/credentials/provision`: the only answer that holds the secrets.
async fn provision(State(guard): Kept, Body(wanted): Body<Provision>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.provide(wanted).await?)).into_response())
}

/// `GET /api/v1/claims`: those that are open.
async fn claims(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(serde_json::json!({ "claims": guard.gate.claims().await? })).into_response())
}

/// `POST /api/v1/claims`: the only answer that holds the code.
async fn make_claim(State(guard): Kept, Body(new): Body<NewClaim>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.make_claim(new).await?)).into_response())
}

/// What a device shows that has no credential yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Traded {
    device: String,
    code: String,
}

/// `POST /api/v1/claim`: a device trades its code, once, for its credential.
async fn claim(
    State(guard): Kept,
    Extension(Asker(from)): Extension<Asker>,
    Body(Traded { device, code }): Body<Traded>,
) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.trade(device, code, from).await?)).into_response())
}

/// `POST /api/v1/credentials/{device}/revoke`
async fn revoke_credentials(State(guard): Kept, Path(device): Path<String>) -> Result<Response, Problem> {
    let revoked = guard.gate.revoke_credentials(device).await?;
    Ok(Json(serde_json::json!({ "revoked": revoked })).into_response())
}

/// `GET /api/v1/audit?after=&limit=&format=json|ndjson|syslog`
async fn audit(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["after", "limit", "format"])?;
    let after = params.parsed("after", "the number of a row")?.unwrap_or(0);
    let limit = params.limit(1000, ROWS)?;
    let rows = guard.gate.audit(after, limit).await?;
    match params.one("format")?.unwrap_or("json") {
        "json" => Ok(Json(serde_json::json!({ "rows": rows })).into_response()),
        "ndjson" => {
            Ok(lines(&rows, "application/x-ndjson", |row| serde_json::to_string(row).expect("a row is text and numbers")))
        }
        "syslog" => Ok(lines(&rows, "text/plain; charset=utf-8", syslog)),
        odd => Err(Problem::parameter("format", format!("`{}` is not a format", odd.escape_debug()), "json, ndjson or syslog")),
    }
}

fn lines(rows: &[AuditRow], kind: &'static str, line: fn(&AuditRow) -> String) -> Response {
    let text = rows.iter().fold(String::new(), |text, row| text + &line(row) + "\n");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// A row as RFC 5424 has it: facility 13 (log audit), notice where it went well, warning where not.
fn syslog(row: &AuditRow) -> String {
    let well = matches!(&*row.outcome, "ok" | "asked")
        || row.outcome.ends_with(" rows")
        || row.outcome.starts_with('2')
        || row.outcome.starts_with('3');
    let priority = 13 * 8 + if well { 5 } else { 4 };
    let mut text = format!("<{priority}>1 {} - marsad - {} [audit@32473", row.at, row.event);
    let fields = [("number", row.number.to_string()), ("who", row.who.clone()), ("outcome", row.outcome.clone())];
    let address = row.address.clone().map(|address| ("address", address));
    for (name, value) in fields.into_iter().chain(address).chain([("hash", row.hash.clone())]) {
        // The three signs that must be escaped in a value (section 6.3.3). Writing to a String cannot fail.
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        let _ = write!(text, " {name}=\"{value}\"");
    }
    text + "] " + &row.what
}

/// `GET /api/v1/audit/verify`
async fn verify(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(guard.gate.verify_audit().await?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_06_a_row_is_a_line_of_rfc_5424_whatever_stands_in_it() {
        let row = AuditRow {
            number: 7,
            at: "2026-11-21T20:05:00Z".parse().unwrap(),
            who: "a\"b]c\\d".into(),
            address: Some("127.0.0.1".into()),
            event: "denied".into(),
            what: "GET /x".into(),
            outcome: "404".into(),
            hash: "00ff".into(),
        };
        let expected = "<108>1 2026-11-21T20:05:00.000Z - marsad - denied [audit@32473 number=\"7\" who=\"a\\\"b\\]c\\\\d\" \
             outcome=\"404\" address=\"127.0.0.1\" hash=\"00ff\"] GET /x";
        assert_eq!(syslog(&row), expected);
    }
}
