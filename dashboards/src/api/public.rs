//! `/api/v1/public`: what everybody may see of alerts. Those of the rules that the settings name, once they fire and while
//! nothing withholds them, as JSON, as an Atom feed, and each as a document of CAP 1.2.
//!
//! Deliberately absent: who has an alert in hand, and what was done to it.

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::HeaderName};
use cap::{Document, Entry, Feed, Scope, Sender, Sort};
use ports::{AlertFilter, AlertView, DeskFilter, DeviceFilter};
use schemars::JsonSchema;
use schemas::{AlertId, DeviceId, Kind, Phase, Quantity, RuleId, Severity, Texts, Timestamp, TransitionId, Zone};
use serde::{Deserialize, Serialize};

use std::sync::Arc;
use std::time::Duration;

use crate::api::named::Named;
use crate::house::{House, Rooms, Shared};
use crate::lang::Lang;
use crate::openapi::{Operation, Paths, known};
use crate::problem::Problem;

/// Alerts that are listed at most.
const LISTED: usize = 200;

/// The addresses for everybody.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new().at(&LIST, list).at(&ATOM, atom).at(&DOCUMENT, document)
}

/// An alert, as everybody may see it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Published {
    pub(crate) id: AlertId,
    pub(crate) rule: RuleId,
    pub(crate) device: DeviceId,
    pub(crate) quantity: Quantity,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
    pub(crate) severity: Severity,
    /// `firing` or `resolved`.
    pub(crate) phase: Phase,
    pub(crate) fired_at: Timestamp,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) value: Option<f64>,
    pub(crate) texts: Texts,
    /// Where its CAP document is.
    pub(crate) cap: String,
}

/// What `/api/v1/public/alerts` answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Bulletin {
    /// How far back ended alerts are listed, days.
    pub(crate) days: u16,
    /// How all of it is meant: `Actual`, `Exercise`, `System`, `Test` or `Draft`.
    pub(crate) status: String,
    /// Those that fire first, each newest first.
    pub(crate) alerts: Vec<Published>,
}

impl From<AlertView> for Published {
    fn from(alert: AlertView) -> Self {
        Self {
            cap: address(&alert.id),
            fired_at: alert.fired_at.unwrap_or(alert.since),
            id: alert.id,
            rule: alert.rule,
            device: alert.series.device,
            quantity: alert.series.quantity,
            kind: alert.kind,
            zone: alert.zone,
            severity: alert.severity,
            phase: alert.phase,
            resolved_at: alert.resolved_at,
            value: alert.value,
            texts: alert.texts,
        }
    }
}

fn address(id: &AlertId) -> String {
    format!("/api/v1/public/alerts/{}/cap", crate::params::encoded(&id.0))
}

/// Those that fire, and those that ended within the days that the settings say.
async fn published(house: &House) -> Result<Vec<AlertView>, Problem> {
    let public = &house.settings.public;
    let oldest = house.clock.now().minus(Duration::from_secs(u64::from(public.days) * 86_400));
    let mut found = Vec::new();
    for rule in &public.rules {
        let phases = vec![Phase::Firing, Phase::Resolved];
        let alerts = AlertFilter { phases, rule: Some(rule.clone()), limit: LISTED, ..AlertFilter::default() };
        let seen = house.desk.alerts(&DeskFilter { alerts, withheld: Some(false) }).await?;
        let recent = |a: &AlertView| a.phase == Phase::Firing || a.resolved_at.is_some_and(|at| at >= oldest);
        found.extend(seen.into_iter().map(|seen| seen.alert).filter(recent));
    }
    found.sort_by(|a, b| (b.phase == Phase::Firing, b.at, &b.id).cmp(&(a.phase == Phase::Firing, a.at, &a.id)));
    found.truncate(LISTED);
    Ok(found)
}

const LIST: Operation = Operation::get("/api/v1/public/alerts", "Alerts for everybody").gives::<Bulletin>().tagged();

async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    LIST.read(&uri)?;
    let alerts = published(&rooms.house).await?.into_iter().map(Published::from).collect();
    let public = &rooms.house.settings.public;
    let status = public.status.of(rooms.house.city.demo()).word().to_owned();
    Ok(Json(Bulletin { days: public.days, status, alerts }).into_response())
}

const ATOM: Operation = Operation::get("/api/v1/public/alerts.atom", "Alerts for everybody as a feed (RFC 4287)")
    .takes(&[known::LANG])
    .also(&["application/atom+xml"]);

async fn atom(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = ATOM.read(&uri)?;
    let lang = match params.one("lang")? {
        None => Lang::first(),
        Some(code) => Lang::from_code(code)
            .ok_or_else(|| Problem::parameter("lang", format!("`{code}` is not a language"), Lang::alternatives()))?,
    };
    let house = &rooms.house;
    let entry = |alert: AlertView| {
        let (_, step) = step(&alert);
        let words = lang.words();
        let text = lang.of(&alert.texts);
        let over = if alert.phase == Phase::Resolved { words.resolved } else { words.new_alert };
        Entry {
            id: format!("urn:marsad:cap:{}", cap::identifier(&step.0)),
            title: format!("{over} · {text} · {}", crate::atlas::zone_name(lang, &alert.zone)),
            updated: alert.at,
            href: address(&alert.id),
        }
    };
    let entries: Vec<Entry> = published(house).await?.into_iter().map(entry).collect();
    let sender = house.settings.public.sender.as_str();
    let id = format!("urn:marsad:public:{sender}:{}", lang.code());
    let title = format!("{} · {}", lang.words().pages.public.title, lang.of(house.city.name()));
    let own = format!("/api/v1/public/alerts.atom?lang={}", lang.code());
    let feed = Feed { id: &id, title: &title, author: sender, own: Some(&own), language: Some(lang.tag()), entries: &entries };
    Ok(written("application/atom+xml; charset=utf-8", cap::feed(&feed)))
}

/// The step at which an alert stands, as a document names it.
fn step(alert: &AlertView) -> (Sort, TransitionId) {
    let sort = if alert.phase == Phase::Resolved { Sort::Cancel } else { Sort::Alert };
    (sort, TransitionId::new(&alert.id, alert.phase))
}

const DOCUMENT: Operation = Operation::get("/api/v1/public/alerts/{id}/cap", "An alert for everybody as a document of CAP 1.2")
    .takes(&[known::ALERT])
    .also(&["application/cap+xml"]);

async fn document(State(rooms): Shared, Named(id): Named<String>, uri: Uri) -> Result<Response, Problem> {
    DOCUMENT.read(&uri)?;
    let house = &rooms.house;
    let public = &house.settings.public;
    let open = |record: &ports::DeskRecord| {
        let alert = &record.alert.alert;
        public.rules.contains(&alert.rule) && alert.fired_at.is_some() && record.alert.withheld.is_none()
    };
    let found = house.desk.alert(&AlertId(id)).await?.filter(open);
    let alert = found.ok_or_else(|| Problem::absent("there is no such alert for everybody"))?.alert.alert;
    let filter = DeviceFilter { id: Some(alert.series.device.clone()), limit: 1, ..DeviceFilter::default() };
    let place = house.console.devices(&filter).await?.first().and_then(|view| view.device.place);
    let (sort, of) = step(&alert);
    let sender = Sender {
        sender: public.sender.clone(),
        name: Some(Lang::first().of(house.city.name()).to_owned()),
        status: public.status.of(house.city.demo()),
        scope: Scope::Public,
        web: None,
    };
    let said = Document {
        sort,
        of: &of.0,
        sent: alert.at,
        alert: &alert.id,
        rule: &alert.rule,
        series: &alert.series,
        kind: alert.kind,
        zone: &alert.zone,
        severity: alert.severity,
        since: alert.since,
        fired_at: alert.fired_at.unwrap_or(alert.since),
        at: alert.at,
        value: alert.value,
        texts: &alert.texts,
        place,
        more: Vec::new(),
    };
    let (_, xml) = cap::document(&sender, &said);
    Ok(written("application/cap+xml; charset=utf-8", xml))
}

fn written(kind: &'static str, text: String) -> Response {
    const TYPE: HeaderName = header::CONTENT_TYPE;
    (StatusCode::OK, [(TYPE, kind)], text).into_response()
}
