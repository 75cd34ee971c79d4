//! Users, tokens, credentials of devices and the codes that they are traded for, and the audit.

use std::fmt::{Display, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::handler::Handler;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ports::{
    AccessError, AuditRow, AuditVerdict, Claim, DeviceCredential, Made, NewClaim, NewCredential, NewToken, NewUser, Provided,
    Provision, Token, User, Viewer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Asker, Guard};
use crate::api::body::Body;
use crate::api::named::Named;
use crate::api::operations::DEVICES_LIMIT;
use crate::openapi::{Operation, Parameter, Paths, known};
use crate::params::Params;
use crate::problem::Problem;

type Kept = State<Arc<Guard>>;

/// Rows of the audit in one answer, at most.
const ROWS: usize = 10_000;

/// The addresses about people.
pub(crate) fn paths() -> Paths<Arc<Guard>> {
    Paths::new()
        .at(&SESSION, session)
        .at(&USERS, users)
        .at(&ADD_USER, add)
        .at(&REMOVE_USER, remove)
        .at(&PASSWORD, password)
        .at(&RESET_SECOND_FACTOR, reset_second_factor)
        .at(&TOKENS, tokens)
        .at(&MAKE_TOKEN, make_token)
        .at(&REVOKE_TOKEN, revoke_token)
        .at(&CREDENTIALS, credentials)
        .at(&MAKE_CREDENTIAL, make_credential)
        .at(&PROVISION, provision.layer(DefaultBodyLimit::max(DEVICES_LIMIT)))
        .at(&REVOKE_CREDENTIALS, revoke_credentials)
        .at(&CLAIMS, claims)
        .at(&MAKE_CLAIM, make_claim)
        .at(&TRADE, claim)
        .at(&AUDIT, audit)
        .at(&VERIFY, verify)
}

#[derive(Serialize, JsonSchema)]
struct Done {
    done: bool,
}

/// A page of rows, in the order of what names them, and where the next one begins.
fn page<T, K>(guard: &Guard, params: &Params, mut rows: Vec<T>, name: fn(&T) -> K) -> Result<(Vec<T>, Option<K>), Problem>
where
    K: Ord + FromStr,
    K::Err: Display,
{
    let settings = &guard.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    if let Some(after) = params.parsed::<K>("cursor", "the `next` of an earlier answer")? {
        rows.retain(|row| name(row) > after);
    }
    rows.sort_by_key(name);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(name);
    Ok((rows, next))
}

const DONE: Json<Done> = Json(Done { done: true });

const SESSION: Operation = Operation::get("/api/v1/session", "Who asks").gives::<Viewer>();

async fn session(Extension(viewer): Extension<Viewer>, uri: Uri) -> Result<Response, Problem> {
    SESSION.read(&uri)?;
    Ok(Json(viewer).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Users {
    users: Vec<User>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<String>,
}

const USERS: Operation = Operation::get("/api/v1/users", "Users").takes(&[known::LIMIT, known::CURSOR]).gives::<Users>();

async fn users(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = USERS.read(&uri)?;
    let (users, next) = page(&guard, &params, guard.gate.users().await?, |user| user.name.clone())?;
    Ok(Json(Users { users, next }).into_response())
}

const ADD_USER: Operation = Operation::post("/api/v1/users", "Enters a user").reads::<NewUser>().creates::<User>();

async fn add(State(guard): Kept, Body(new): Body<NewUser>) -> Result<Response, Problem> {
    is_known(&guard, new.tenant.as_deref())?;
    Ok((StatusCode::CREATED, Json(guard.gate.add_user(new).await?)).into_response())
}

/// Whoever is entered for a tenant that the settings do not name would see nothing.
fn is_known(guard: &Guard, tenant: Option<&str>) -> Result<(), AccessError> {
    let Some(name) = tenant else { return Ok(()) };
    if guard.house.parameters.tenants.iter().any(|tenant| tenant.name == name) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    Err(AccessError::Refused(vec![format!("the settings name no [[tenant]] `{shown}`")]))
}

const NAME: Parameter = Parameter::text("name", "The user").in_path();

const REMOVE_USER: Operation = Operation::post("/api/v1/users/{name}/remove", "Removes a user").takes(&[NAME]).gives::<Done>();

async fn remove(State(guard): Kept, Named(name): Named<String>) -> Result<Response, Problem> {
    guard.gate.remove_user(name).await?;
    Ok(DONE.into_response())
}

/// Another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    password: String,
}

const PASSWORD: Operation = Operation::post("/api/v1/users/{name}/password", "Gives a user another password")
    .takes(&[NAME])
    .reads::<Password>()
    .gives::<Done>();

async fn password(
    State(guard): Kept,
    Named(name): Named<String>,
    Body(Password { password }): Body<Password>,
) -> Result<Response, Problem> {
    guard.gate.set_password(name, password).await?;
    Ok(DONE.into_response())
}

const RESET_SECOND_FACTOR: Operation = Operation::post(
    "/api/v1/users/{name}/second-factor/reset",
    "Takes the second factor off somebody whose telephone and codes are gone",
)
.takes(&[Parameter::text("name", "The user").in_path()])
.gives::<Done>();

async fn reset_second_factor(State(guard): Kept, Named(name): Named<String>) -> Result<Response, Problem> {
    guard.gate.reset_second_factor(name).await?;
    Ok(DONE.into_response())
}

#[derive(Serialize, JsonSchema)]
struct Tokens {
    tokens: Vec<Token>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<u64>,
}

const TOKENS: Operation = Operation::get("/api/v1/tokens", "Tokens of programs, without their secrets")
    .takes(&[known::LIMIT, known::CURSOR])
    .gives::<Tokens>();

async fn tokens(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = TOKENS.read(&uri)?;
    let (tokens, next) = page(&guard, &params, guard.gate.tokens().await?, |token| token.id)?;
    Ok(Json(Tokens { tokens, next }).into_response())
}

const MAKE_TOKEN: Operation = Operation::post("/api/v1/tokens", "Makes a token; the only answer that holds its secret")
    .reads::<NewToken>()
    .creates::<Made<Token>>();

async fn make_token(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Body(new): Body<NewToken>,
) -> Result<Response, Problem> {
    is_known(&guard, new.tenant.as_deref())?;
    Ok((StatusCode::CREATED, Json(guard.gate.make_token(new, viewer.name).await?)).into_response())
}

const REVOKE_TOKEN: Operation = Operation::post("/api/v1/tokens/{id}/revoke", "Revokes a token")
    .takes(&[Parameter::whole("id", "Its number", 0, None).in_path()])
    .gives::<Done>();

async fn revoke_token(State(guard): Kept, Named(id): Named<String>, uri: Uri) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found(uri.path()))?;
    guard.gate.revoke_token(id).await?;
    Ok(DONE.into_response())
}

#[derive(Serialize, JsonSchema)]
struct Credentials {
    credentials: Vec<DeviceCredential>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<u64>,
}

const CREDENTIALS: Operation = Operation::get("/api/v1/credentials", "Credentials of devices, without their secrets")
    .takes(&[known::LIMIT, known::CURSOR])
    .gives::<Credentials>();

async fn credentials(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = CREDENTIALS.read(&uri)?;
    let (credentials, next) = page(&guard, &params, guard.gate.credentials().await?, |credential| credential.id)?;
    Ok(Json(Credentials { credentials, next }).into_response())
}

const MAKE_CREDENTIAL: Operation =
    Operation::post("/api/v1/credentials", "Makes a credential of a device; the only answer that holds its secret")
        .reads::<NewCredential>()
        .creates::<Made<DeviceCredential>>();

async fn make_credential(State(guard): Kept, Body(new): Body<NewCredential>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.make_credential(new).await?)).into_response())
}

const PROVISION: Operation = Operation::post(
    "/api/v1/credentials/provision",
    "Makes credentials or claim codes for many devices, all or none; the only answer that holds the secrets",
)
.reads::<Provision>()
.creates::<Provided>();

async fn provision(State(guard): Kept, Body(wanted): Body<Provision>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.provide(wanted).await?)).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Claims {
    claims: Vec<Claim>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<u64>,
}

const CLAIMS: Operation = Operation::get("/api/v1/claims", "Claim codes that are open, without the codes")
    .takes(&[known::LIMIT, known::CURSOR])
    .gives::<Claims>();

async fn claims(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = CLAIMS.read(&uri)?;
    let (claims, next) = page(&guard, &params, guard.gate.claims().await?, |claim| claim.id)?;
    Ok(Json(Claims { claims, next }).into_response())
}

const MAKE_CLAIM: Operation =
    Operation::post("/api/v1/claims", "Makes a claim code of a device; the only answer that holds the code")
        .reads::<NewClaim>()
        .creates::<Made<Claim>>();

async fn make_claim(State(guard): Kept, Body(new): Body<NewClaim>) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.make_claim(new).await?)).into_response())
}

/// What a device shows that has no credential yet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Traded {
    device: String,
    code: String,
}

const TRADE: Operation = Operation::post("/api/v1/claim", "A device trades its claim code, once, for its credential")
    .reads::<Traded>()
    .creates::<Made<DeviceCredential>>();

async fn claim(
    State(guard): Kept,
    Extension(Asker(from)): Extension<Asker>,
    Body(Traded { device, code }): Body<Traded>,
) -> Result<Response, Problem> {
    Ok((StatusCode::CREATED, Json(guard.gate.trade(device, code, from).await?)).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Revoked {
    /// How many.
    revoked: u64,
}

const REVOKE_CREDENTIALS: Operation =
    Operation::post("/api/v1/credentials/{device}/revoke", "Revokes the credentials of a device")
        .takes(&[Parameter::text("device", "The device").in_path()])
        .gives::<Revoked>();

async fn revoke_credentials(State(guard): Kept, Named(device): Named<String>) -> Result<Response, Problem> {
    let revoked = guard.gate.revoke_credentials(device).await?;
    Ok(Json(Revoked { revoked }).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Audit {
    rows: Vec<AuditRow>,
    /// What to give back as `after` for the next page; none where this is the last.
    next: Option<u64>,
}

const AUDIT: Operation = Operation::get("/api/v1/audit", "What was done, in the order in which it was written")
    .takes(&[
        Parameter::whole("after", "The number of the row after which the answer begins", 0, None),
        known::LIMIT,
        Parameter::one_of("format", "How it is written", &["json", "ndjson", "syslog"]),
    ])
    .gives::<Audit>()
    .also(&["application/x-ndjson", "text/plain"]);

async fn audit(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    let params = AUDIT.read(&uri)?;
    let after = params.parsed("after", "the number of a row")?.unwrap_or(0);
    let limit = params.limit(1000, ROWS)?;
    // One more than asked tells whether others follow.
    let mut rows = guard.gate.audit(after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    match params.one("format")?.unwrap_or("json") {
        "json" => Ok(Json(Audit { next: rows.last().filter(|_| more).map(|row| row.number), rows }).into_response()),
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

const VERIFY: Operation =
    Operation::get("/api/v1/audit/verify", "Whether the audit is as it was written").gives::<AuditVerdict>();

async fn verify(State(guard): Kept, uri: Uri) -> Result<Response, Problem> {
    VERIFY.read(&uri)?;
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
