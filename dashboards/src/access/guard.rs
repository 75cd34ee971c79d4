//! Asks who sends a request, whether they may, and writes down what was done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Query, State};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use ports::{AuditNote, Gate, Means, Role, Shown, Viewer};
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::set_header::SetResponseHeaderLayer;

use super::allowance::{Allowance, Client};
use super::lasting::while_let_in;
use super::who::{address, is_from_here, shown, within};
use super::{Asker, CookieOf, Part, Right, Territory, is_safe, present, right};
use crate::api;
use crate::house::{House, Rooms};
use crate::lang::Lang;
use crate::page::{account, audit, entry};
use crate::problem::Problem;
use crate::security::{addresses, dressed};

/// Contractors and tenants whose rooms are kept: there are fewer in a city, and more are made as they are asked for.
const PARTS: usize = 64;
/// Two years, as browsers ask for it.
const HSTS: &str = "max-age=63072000";

/// The gate, and the rooms behind it.
pub(crate) struct Guard {
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) house: House,
}

struct Halls {
    guard: Arc<Guard>,
    /// Of those who are let in without a password.
    open: Router,
    /// Of those who see the whole city.
    whole: Router,
    /// Of those who see a part of it.
    parts: Mutex<HashMap<Part, Router>>,
    allowance: Allowance,
}

/// All addresses, each for those who may.
pub fn guarded(house: House, gate: Arc<dyn Gate>) -> Router {
    let (settings, secure) = (house.settings.clone(), gate.is_secure());
    let named = House { desk: Arc::new(super::territory::Named(Arc::clone(&house.desk))), ..house };
    let guard = Arc::new(Guard { gate, house: named });
    let halls = Halls {
        open: hall(&guard, Rooms::new(House { city: guard.house.city.clone().opened(), ..guard.house.clone() }, None)),
        whole: hall(&guard, Rooms::new(guard.house.clone(), None)),
        parts: Mutex::default(),
        allowance: Allowance::new(&settings),
        guard,
    };
    let router = Router::new().fallback(enter).with_state(Arc::new(halls));
    let router = dressed(router, &settings);
    if secure {
        let hsts = HeaderName::from_static("strict-transport-security");
        return router.layer(SetResponseHeaderLayer::if_not_present(hsts, HeaderValue::from_static(HSTS)));
    }
    router
}

fn hall(guard: &Arc<Guard>, rooms: Arc<Rooms>) -> Router {
    addresses(rooms)
        .merge(api::gated().with_state(Arc::clone(guard)))
        .merge(entry::routes().with_state(Arc::clone(guard)))
        .merge(audit::routes().with_state(Arc::clone(guard)))
        .merge(account::routes().with_state(Arc::clone(guard)))
        .layer(from_fn_with_state(Arc::clone(guard), decide))
}

impl Halls {
    fn of(&self, viewer: &Viewer) -> Router {
        if viewer.means == Means::Open {
            return self.open.clone();
        }
        let Some(part) = Part::of(viewer) else { return self.whole.clone() };
        let mut kept = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(router) = kept.get(&part) {
            return router.clone();
        }
        let territory = Territory::new(part.clone(), &self.guard.house);
        let router = hall(&self.guard, Rooms::new(territory.of(&self.guard.house), Some(territory)));
        if kept.len() < PARTS {
            kept.insert(part, router.clone());
        }
        router
    }
}

/// Who sends this request, which shows this.
async fn viewer(guard: &Guard, shown: Option<Shown>) -> Result<Viewer, Problem> {
    if let Some(shown) = shown
        && let Some(viewer) = guard.gate.recognise(shown).await?
    {
        return Ok(viewer);
    }
    Ok(if guard.gate.is_open() { Viewer::open() } else { Viewer::nobody() })
}

async fn enter(State(halls): State<Arc<Halls>>, mut request: Request<Body>) -> Response {
    // Only somebody inside this process can have put one there.
    let known = request.extensions().get::<Viewer>().cloned();
    let (shown, inside) = (shown(request.headers(), CookieOf::gate(&*halls.guard.gate)), known.is_some());
    let viewer = match known {
        Some(known) => known,
        None => match viewer(&halls.guard, shown.clone()).await {
            Ok(viewer) => viewer,
            Err(problem) => return problem.into_response(),
        },
    };
    if viewer.role == Role::Contractor {
        match own(request.uri(), viewer.contractor.as_deref().unwrap_or_default()) {
            Ok(Some(uri)) => *request.uri_mut() = uri,
            Ok(None) => {}
            Err(problem) => return problem.into_response(),
        }
    }
    let client = limited(&halls, &viewer, &request);
    let _bill = match client.map(|client| halls.allowance.open(client, Instant::now())).transpose() {
        Ok(bill) => bill,
        Err(wait) => return Problem::too_much(wait).into_response(),
    };
    let router = halls.of(&viewer);
    request.extensions_mut().insert(viewer.clone());
    let by = shown.filter(|_| viewer.means != Means::Open);
    let Ok(answer) = within(viewer, router.oneshot(request)).await;
    if inside { answer } else { while_let_in(answer, Arc::clone(&halls.guard.gate), by) }
}

/// Whose allowance a request is taken from; none where it is not the API that is asked, or nothing limits the client.
fn limited(halls: &Halls, viewer: &Viewer, request: &Request<Body>) -> Option<Client> {
    let of_api = request.uri().path().starts_with("/api/");
    if of_api { Client::of(viewer, address(request, &*halls.guard.gate)) } else { None }
}

/// A contractor asks of itself: another's name is not there, and its own need not be said.
fn own(uri: &Uri, contractor: &str) -> Result<Option<Uri>, Problem> {
    let nothing = || Problem::not_found(uri.path());
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| nothing())?;
    let mut asked = pairs.iter().filter(|(name, _)| name == "contractor").peekable();
    if asked.peek().is_none() {
        let page = uri.path().strip_prefix('/').and_then(|path| path.split_once('/'));
        let page = page.filter(|(lang, _)| Lang::from_code(lang).is_some()).map(|(_, page)| page);
        let (round, week) = (page == Some("waste"), page == Some("reports/weekly"));
        if !round && !week && !matches!(uri.path(), "/api/v1/waste/worklist" | "/api/v1/waste/kpi") {
            return Ok(None);
        }
        let joined = if uri.query().is_some_and(|query| !query.is_empty()) { "&" } else { "" };
        let encoded: String = contractor.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = format!("{}{joined}contractor={encoded}", uri.query().unwrap_or_default());
        return format!("{}?{query}", uri.path()).parse().map(Some).map_err(|_| nothing());
    }
    if asked.all(|(_, value)| value == contractor) { Ok(None) } else { Err(nothing()) }
}

async fn decide(State(guard): State<Arc<Guard>>, mut request: Request<Body>, next: Next) -> Response {
    // `enter` has put it there.
    let viewer = request.extensions().get::<Viewer>().cloned().unwrap_or_else(Viewer::nobody);
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let address = address(&request, &*guard.gate);
    request.extensions_mut().insert(Asker(address));
    let right = right(&method, matched.as_deref());
    let note = |event, outcome: String| AuditNote {
        who: viewer.name.clone(),
        address,
        event,
        what: format!("{method} {}", uri.path()),
        outcome,
    };
    if !right.is_had_by(&viewer) {
        if viewer.role == Role::Public {
            return ask_who(&method, &uri);
        }
        _ = write_down(&guard, note("denied", "404".to_owned())).await;
        return entry::nothing(&guard, &uri, &headers);
    }
    if !is_from_here(&method, &headers, viewer.means) {
        _ = write_down(&guard, note("denied", "from another site".to_owned())).await;
        return Problem::foreign().into_response();
    }
    if viewer.read_only && viewer.means == Means::Token && !is_safe(&method) {
        return Problem::read_only().into_response();
    }
    let Some(event) = noteworthy(&method, &uri, right) else { return next.run(request).await };
    // What cannot be written down does not happen: an act is announced before it, and what was only looked at is not told.
    let acts = !is_safe(&method);
    if acts && let Err(problem) = write_down(&guard, note(event, "asked".to_owned())).await {
        return problem.into_response();
    }
    let answer = next.run(request).await;
    match write_down(&guard, note(event, answer.status().as_str().to_owned())).await {
        Err(problem) if !acts => problem.into_response(),
        _ => answer,
    }
}

/// What a page asks of the API for one of its parts: no more than whoever looks at the page may ask.
pub(crate) async fn of_whoever_looks(request: Request<Body>, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let right = right(request.method(), matched.as_deref());
    if present().is_some_and(|viewer| !right.is_had_by(&viewer)) {
        return Problem::not_found(request.uri().path()).into_response();
    }
    next.run(request).await
}

/// What of an allowed request is written down: everything that changes something, and what is carried away or close to
/// persons. Signing in, and looking behind a pseudonym, are written down where they are decided.
fn noteworthy(method: &Method, uri: &Uri, right: Right) -> Option<&'static str> {
    if !is_safe(method) {
        return match right {
            Right::Public | Right::Vault => None,
            Right::Acts | Right::Quieten => Some("act"),
            Right::People | Right::Credentials => Some("access"),
            Right::Own if uri.path() == "/logout" => Some("logout"),
            Right::Own => Some("access"),
            _ => Some("config"),
        };
    }
    let carried = |query: &str| {
        query
            .split('&')
            .any(|pair| matches!(pair, "format=csv" | "format=excel" | "format=ndjson" | "format=parquet" | "format=gpx"))
    };
    match right {
        Right::Personal => Some("personal"),
        Right::Audit => Some("audit"),
        _ if uri.query().is_some_and(carried) => Some("export"),
        _ => None,
    }
}

async fn write_down(guard: &Guard, note: AuditNote) -> Result<(), Problem> {
    let (who, event, what) = (note.who.clone(), note.event, note.what.clone());
    guard.gate.note(note).await.map_err(|error| {
        tracing::error!(%error, who, event, what, "the audit cannot be written");
        Problem::from(error)
    })
}

/// A person is sent to where they can sign in, a program is told how.
fn ask_who(method: &Method, uri: &Uri) -> Response {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    if is_safe(method) && Lang::from_code(first).is_some() {
        return entry::to_login(uri);
    }
    let mut answer = Problem::unknown().into_response();
    debug_assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "as its name says");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"marsad\""));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contractor_asks_of_itself_or_finds_nothing() {
        let of = |text: &str| own(&text.parse().unwrap(), "A & B").map(|uri| uri.map(|uri| uri.to_string()));
        assert_eq!(of("/api/v1/latest").unwrap(), None);
        assert_eq!(of("/api/v1/waste/kpi").unwrap().unwrap(), "/api/v1/waste/kpi?contractor=%41%20%26%20%42");
        assert!(of("/api/v1/waste/kpi?zone=anfa").unwrap().unwrap().starts_with("/api/v1/waste/kpi?zone=anfa&contractor="));
        assert_eq!(of("/api/v1/waste/kpi?contractor=A+%26+B").unwrap(), None);
        for other in ["?contractor=C", "?contractor=A+%26+B&contractor=C", "?contractor="] {
            assert!(of(&format!("/api/v1/waste/kpi{other}")).is_err(), "{other}");
        }
    }
}
