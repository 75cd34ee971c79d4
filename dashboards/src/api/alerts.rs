//! Alerts as an operator sees them, and what is done to them.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{AlertFilter, AlertPlace, DeskAlert, DeskFilter, DeskRecord};
use schemars::JsonSchema;
use schemas::{Act, AlertId, Deed, Person, Phase, Remark, RuleId, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::api::named::Named;
use crate::house::{Rooms, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::Params;
use crate::problem::Problem;

#[derive(Serialize, JsonSchema)]
struct Alerts {
    alerts: Vec<DeskAlert>,
    /// The limit cut the answer.
    more: bool,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<String>,
}

pub(crate) const LIST: Operation = Operation::get("/api/v1/alerts", "Alerts, gravest and newest first")
    .takes(&[
        Parameter::one_of(
            "view",
            "Which of them; not beside `phase`",
            &["open", "pending", "acknowledged", "silenced", "history"],
        ),
        Parameter::one_of("phase", "Only in these phases", &["pending", "firing", "resolved", "inactive"]).list(),
        known::KIND,
        known::ZONE,
        known::DEVICE,
        Parameter::of::<RuleId>("rule", "Only of this rule"),
        Parameter::of::<Severity>("severity", "Only of these severities").list(),
        known::LIMIT,
        known::CURSOR,
    ])
    .gives::<Alerts>()
    .tagged();

pub(crate) async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = LIST.read(&uri)?;
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let (mut alerts, withheld) = view(&params, rooms.house.clock.now())?;
    alerts.kind = params.kind()?;
    alerts.zone = params.zone()?;
    alerts.device = params.parsed("device", "one device id")?;
    alerts.rule = params.parsed("rule", "one rule id")?;
    alerts.severities = params.list::<Severity>("severity", "severities joined by commas, such as critical,emergency")?;
    alerts.after = params.parsed::<AlertPlace>("cursor", "the `next` of an earlier answer")?;
    // One more than asked tells whether others follow.
    alerts.limit = limit + 1;
    let mut found = rooms.house.desk.alerts(&DeskFilter { alerts, withheld }).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.alert.place().to_string());
    Ok(Json(Alerts { alerts: found, more, next }).into_response())
}

/// `view` and `phase`: which alerts are meant, and whether something must withhold them.
fn view(params: &Params, now: Timestamp) -> Result<(AlertFilter, Option<bool>), Problem> {
    const PHASES: &str = "pending, firing, resolved or inactive, joined by commas";
    const VIEWS: &str = "open, pending, acknowledged, silenced or history";
    let codes: Vec<String> = params.list("phase", PHASES)?;
    let phases = codes
        .iter()
        .map(|code| Phase::from_code(code).ok_or_else(|| Problem::parameter("phase", format!("`{code}` is not a phase"), PHASES)))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(view) = params.one("view")? else { return Ok((AlertFilter { phases, ..AlertFilter::default() }, None)) };
    if !phases.is_empty() {
        return Err(Problem::parameter("phase", "a view says which phases it shows", "either `view` or `phase`"));
    }
    let of = |phases: &[Phase]| AlertFilter { phases: phases.to_vec(), ..AlertFilter::default() };
    Ok(match view {
        "open" => (of(&[]), None),
        "pending" => (of(&[Phase::Pending]), None),
        "acknowledged" => (AlertFilter { acknowledged: Some(now), ..of(&[Phase::Firing]) }, None),
        "silenced" => (of(&[]), Some(true)),
        "history" => (of(&[Phase::Resolved, Phase::Inactive]), None),
        odd => {
            let odd: String = odd.chars().take(64).collect();
            return Err(Problem::parameter("view", format!("`{odd}` is not a view"), VIEWS));
        }
    })
}

pub(crate) const SHOW: Operation = Operation::get("/api/v1/alerts/{id}", "An alert, and what was done to it")
    .takes(&[known::ALERT])
    .gives::<DeskRecord>()
    .tagged();

pub(crate) async fn show(State(rooms): Shared, Named(id): Named<String>, uri: Uri) -> Result<Response, Problem> {
    SHOW.read(&uri)?;
    shown(&rooms, &AlertId(id)).await
}

async fn shown(rooms: &Rooms, id: &AlertId) -> Result<Response, Problem> {
    let found = rooms.house.desk.alert(id).await?.ok_or_else(|| Problem::absent("there is no such alert"))?;
    Ok(Json(found).into_response())
}

/// What somebody wants done. Which fields have a meaning depends on the deed.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AlertAsked")]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    by: Person,
    #[serde(default)]
    note: Remark,
    until: Option<Timestamp>,
    to: Option<Person>,
}

pub(crate) const ACT: Operation =
    Operation::post("/api/v1/alerts/{id}/{deed}", "Does something to an alert; the answer is the alert afterwards")
        .takes(&[
            known::ALERT,
            Parameter::one_of(
                "deed",
                "What is done",
                &["acknowledge", "unacknowledge", "assign", "shelve", "unshelve", "resolve"],
            )
            .in_path(),
        ])
        .reads::<Asked>()
        .gives::<DeskRecord>();

pub(crate) async fn act(
    State(rooms): Shared,
    Named((id, deed)): Named<(String, String)>,
    uri: Uri,
    Body(asked): Body<Asked>,
) -> Result<Response, Problem> {
    let Asked { by, note, until, to } = asked;
    let odd = |field: &str| Err(Problem::body(format!("`{field}` has no meaning where an alert is to be: {deed}")));
    let deed = match (deed.as_str(), until, to) {
        ("acknowledge", until, None) => Deed::Acknowledge { until },
        ("unacknowledge", None, None) => Deed::Unacknowledge,
        ("assign", None, to) => Deed::Assign { to },
        ("shelve", Some(until), None) => Deed::Shelve { until },
        ("shelve", None, None) => {
            return Err(Problem::body("an alert is shelved until an instant, expected `until`, RFC 3339".to_owned()));
        }
        ("unshelve", None, None) => Deed::Unshelve,
        ("resolve", None, None) => Deed::Resolve,
        ("acknowledge" | "unacknowledge" | "shelve" | "unshelve" | "resolve", _, Some(_)) => return odd("to"),
        ("unacknowledge" | "assign" | "unshelve" | "resolve", Some(_), _) => return odd("until"),
        _ => return Err(Problem::not_found(uri.path())),
    };
    let alert = AlertId(id);
    rooms.house.desk.act(Act { alert: alert.clone(), at: rooms.house.clock.now(), by, note, deed }).await?;
    shown(&rooms, &alert).await
}
