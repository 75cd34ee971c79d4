//! What personal data are kept for; and, for whoever protects them, the way back from a pseudonym, an open look at a sealed
//! message, and all that is kept of a subject.
//!
//! Each look is written into the audit before it is had, with its purpose. Where that cannot be written, nothing is shown.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domains::{Asset, Class, Country, Keeping, Purpose};
use ports::{AlertFilter, AlertView, AuditNote, Erased, Points, QuarantineFilter, Query, Selector, Shape, Vault, Viewer};
use schemars::JsonSchema;
use schemas::{DeviceId, Message, Phase, Reading, Texts, Timestamp};
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::access::{Asker, Guard};
use crate::house::Shared;
use crate::openapi::{Operation, Paths};
use crate::problem::Problem;
use crate::scan::Pager;

type Kept = State<Arc<Guard>>;

/// Readings asked of the store at once.
const PAGE: usize = 20_000;
/// Names in one row of the audit.
const NAMES: usize = 500;
/// Every phase in which an alert can be told.
const PHASES: [Phase; 3] = [Phase::Pending, Phase::Firing, Phase::Resolved];
/// Alerts and messages of a subject that one answer holds.
const MOST: usize = 10_000;

/// For everybody.
pub(crate) fn public() -> Paths<Arc<crate::house::Rooms>> {
    Paths::new().at(&PURPOSES, purposes).at(&ASSETS, assets)
}

/// For whoever protects personal data.
pub(crate) fn paths() -> Paths<Arc<Guard>> {
    Paths::new().at(&REVEAL, reveal).at(&MESSAGE, message).at(&EXPORT, export).at(&ERASE, erase)
}

#[derive(Serialize, JsonSchema)]
struct Register<'a> {
    /// Whether messages of the kinds behind which people stand are sealed and kept under pseudonyms.
    sealed: bool,
    purposes: Vec<&'a Purpose>,
}

const PURPOSES: Operation =
    Operation::get("/api/v1/privacy/purposes", "What personal data are kept for").gives::<Register<'_>>().tagged();

async fn purposes(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    PURPOSES.read(&uri)?;
    let purposes = rooms.house.parameters.purposes.iter().collect();
    Ok(Json(Register { sealed: rooms.house.vault.is_some(), purposes }).into_response())
}

/// A data set, and where it lies.
#[derive(Serialize, JsonSchema)]
struct DataSet<'a> {
    code: &'a str,
    class: Class,
    /// Kinds of devices whose readings it is.
    kinds: Vec<&'a str>,
    name: &'a Texts,
    holds: &'a Texts,
    kept: Vec<KeptIn<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct KeptIn<'a> {
    store: Keeping,
    /// The country in which that store is (ISO 3166-1).
    location: &'a Country,
}

#[derive(Serialize, JsonSchema)]
struct DataSets<'a> {
    /// The country in which sensitive data stay.
    home: &'a Country,
    assets: Vec<DataSet<'a>>,
}

const ASSETS: Operation =
    Operation::get("/api/v1/privacy/assets", "What data there are, how they are classed and in which country they lie")
        .gives::<DataSets<'_>>()
        .tagged();

async fn assets(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    ASSETS.read(&uri)?;
    let parameters = &rooms.house.parameters;
    let sets = parameters.assets.iter().map(|Asset { code, class, kinds, kept, name, holds }| DataSet {
        code,
        class: *class,
        kinds: kinds.iter().map(|kind| kind.name()).collect(),
        name,
        holds,
        kept: kept.iter().map(|store| KeptIn { store: *store, location: parameters.locations.of(*store) }).collect(),
    });
    Ok(Json(DataSets { home: &parameters.locations.home, assets: sets.collect() }).into_response())
}

/// Who looks behind a pseudonym, and what for.
struct Look<'a> {
    guard: &'a Guard,
    vault: &'a dyn Vault,
    viewer: &'a Viewer,
    address: Option<IpAddr>,
    purpose: &'a str,
}

impl<'a> Look<'a> {
    /// # Errors
    /// There is no vault here, or the purpose is none for which somebody may look: 403.
    fn new(guard: &'a Guard, (viewer, Asker(address)): (&'a Viewer, Asker), purpose: &'a str) -> Result<Self, Problem> {
        let vault = guard.house.vault.as_deref().ok_or_else(|| {
            Problem::absent("nothing is sealed here: the settings name no keys (privacy.keys), so that there is no vault")
        })?;
        let known = &guard.house.parameters.purposes;
        if known.that_reveals(purpose).is_none() {
            let codes: Vec<&str> = known.iter().filter(|p| p.reveals).map(|p| p.code.as_str()).collect();
            return Err(Problem::withheld("a purpose of the register is needed to look behind a pseudonym", codes.join(", ")));
        }
        Ok(Self { guard, vault, viewer, address, purpose })
    }

    /// # Errors
    /// It cannot be written: then nothing may be shown.
    async fn write_down(&self, event: &'static str, what: &str, outcome: String) -> Result<(), Problem> {
        let note = AuditNote {
            who: self.viewer.name.clone(),
            address: self.address,
            event,
            what: format!("{what} for {}", self.purpose),
            outcome,
        };
        Ok(self.guard.gate.note(note).await?)
    }
}

/// Which name, and what for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reveal {
    name: DeviceId,
    #[serde(default)]
    purpose: String,
}

#[derive(Serialize, JsonSchema)]
struct Revealed {
    name: DeviceId,
    meter: DeviceId,
    purpose: String,
}

const REVEAL: Operation =
    Operation::post("/api/v1/vault/reveal", "Which meter is behind a pseudonym; written into the audit first")
        .reads::<Reveal>()
        .gives::<Revealed>();

async fn reveal(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Extension(asker): Extension<Asker>,
    Body(Reveal { name, purpose }): Body<Reveal>,
) -> Result<Response, Problem> {
    let look = Look::new(&guard, (&viewer, asker), &purpose)?;
    look.write_down("reveal", name.as_str(), "asked".to_owned()).await?;
    let meter = look.vault.reveal(name.clone()).await?;
    look.write_down("reveal", name.as_str(), format!("{} rows", u8::from(meter.is_some()))).await?;
    let meter = meter.ok_or_else(|| Problem::absent(format!("nobody is behind `{name}`, or nobody any more")))?;
    Ok(Json(Revealed { name, meter, purpose }).into_response())
}

/// Which message of the quarantine, and what for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Open {
    offset: u64,
    #[serde(default)]
    purpose: String,
}

#[derive(Serialize, JsonSchema)]
struct Opened {
    offset: u64,
    topic: String,
    /// As text, where it is text.
    payload: Option<String>,
    payload_base64: String,
    received_at: Timestamp,
}

impl Opened {
    fn new(offset: u64, message: &Message) -> Self {
        Self {
            offset,
            topic: message.topic.to_string(),
            payload: std::str::from_utf8(&message.payload).ok().map(ToOwned::to_owned),
            payload_base64: STANDARD.encode(&message.payload),
            received_at: message.received_at,
        }
    }
}

const MESSAGE: Operation =
    Operation::post("/api/v1/vault/message", "A sealed message of the quarantine as it came; written into the audit first")
        .reads::<Open>()
        .gives::<Opened>();

async fn message(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Extension(asker): Extension<Asker>,
    Body(Open { offset, purpose }): Body<Open>,
) -> Result<Response, Problem> {
    let look = Look::new(&guard, (&viewer, asker), &purpose)?;
    let what = format!("message {offset}");
    look.write_down("reveal", &what, "asked".to_owned()).await?;
    let found = guard.house.operations.explain(offset).await?;
    let open = found.and_then(|found| look.vault.unseal(&found.quarantined.message));
    look.write_down("reveal", &what, format!("{} rows", u8::from(open.is_some()))).await?;
    let open = open.ok_or_else(|| Problem::absent(format!("no sealed message that can be opened waits at {offset}")))?;
    Ok(Json(Opened::new(offset, &open)).into_response())
}

/// Whose data, what for, and as what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Export {
    meter: DeviceId,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    format: ExportFormat,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ExportFormat {
    /// Everything.
    #[default]
    Json,
    /// The readings alone.
    Csv,
}

/// All that is kept of a subject.
#[derive(Serialize, JsonSchema)]
struct Subject {
    meter: DeviceId,
    /// Under which it is or was kept.
    names: Vec<DeviceId>,
    made_at: Timestamp,
    purpose: String,
    readings: Vec<Reading>,
    alerts: Vec<AlertView>,
    /// Messages that gave no reading, as they came.
    messages: Vec<Opened>,
}

const EXPORT: Operation = Operation::post(
    "/api/v1/subjects/export",
    "All that is kept of a meter, for whoever stands behind it (law 09-08, article 7)",
)
.reads::<Export>()
.gives::<Subject>()
.also(&["text/csv"]);

async fn export(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Extension(asker): Extension<Asker>,
    Body(Export { meter, purpose, format }): Body<Export>,
) -> Result<Response, Problem> {
    let look = Look::new(&guard, (&viewer, asker), &purpose)?;
    let names = look.vault.names(&meter);
    let what = names.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(" ");
    look.write_down("subject-export", &what, "asked".to_owned()).await?;
    let subject = gathered(&look, meter, names).await?;
    look.write_down("subject-export", &what, format!("{} rows", subject.readings.len())).await?;
    match format {
        ExportFormat::Json => Ok(Json(subject).into_response()),
        ExportFormat::Csv => Ok(csv(&subject)),
    }
}

/// Whom to forget, and what for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Erase {
    /// By their own ids.
    meters: Vec<DeviceId>,
    #[serde(default)]
    purpose: String,
}

const ERASE: Operation = Operation::post(
    "/api/v1/subjects/erase",
    "Forgets whoever stands behind meters: their readings, alerts, waiting messages and keys (law 09-08, article 8)",
)
.reads::<Erase>()
.gives::<Erased>();

async fn erase(
    State(guard): Kept,
    Extension(viewer): Extension<Viewer>,
    Extension(asker): Extension<Asker>,
    Body(Erase { meters, purpose }): Body<Erase>,
) -> Result<Response, Problem> {
    // Goes to its end whether or not somebody still waits for the answer.
    let work = tokio::spawn(async move {
        let look = Look::new(&guard, (&viewer, asker), &purpose)?;
        let names: Vec<DeviceId> = meters.iter().flat_map(|meter| look.vault.names(meter)).collect();
        let said = |some: &[DeviceId]| some.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(" ");
        for some in names.chunks(NAMES) {
            look.write_down("subject-erase", &said(some), "asked".to_owned()).await?;
        }
        let erased = guard.house.operations.erase(meters).await?;
        let what = if names.len() <= NAMES { said(&names) } else { format!("{} names", names.len()) };
        look.write_down("subject-erase", &what, format!("{} readings, {} messages", erased.readings, erased.messages)).await?;
        Ok(Json(erased).into_response())
    });
    work.await.unwrap_or_else(|panic| Err(Problem::unsaid(&panic)))
}

async fn gathered(look: &Look<'_>, meter: DeviceId, names: Vec<DeviceId>) -> Result<Subject, Problem> {
    let house = &look.guard.house;
    let (mut alerts, mut messages) = (Vec::new(), Vec::new());
    for name in &names {
        let filter = AlertFilter { device: Some(name.clone()), phases: PHASES.to_vec(), limit: MOST, ..AlertFilter::default() };
        alerts.extend(house.console.alerts(&filter).await?);
        let filter = QuarantineFilter { device: Some(name.clone()), ..QuarantineFilter::default() };
        let (waiting, _) = house.operations.quarantined(&filter, None, MOST).await?;
        messages.extend(
            waiting
                .into_iter()
                .filter_map(|put_aside| Some(Opened::new(put_aside.offset, &look.vault.unseal(&put_aside.message)?))),
        );
    }
    let readings = readings(look, &names).await?;
    Ok(Subject { meter, names, made_at: house.clock.now(), purpose: look.purpose.to_owned(), readings, alerts, messages })
}

async fn readings(look: &Look<'_>, names: &[DeviceId]) -> Result<Vec<Reading>, Problem> {
    let select = Selector { devices: names.to_vec(), ..Selector::default() };
    let query = Query { select, range: Timestamp::MIN..Timestamp::MAX, shape: Shape::Raw, limit: 0 };
    let mut pager = Pager::new(Arc::clone(&look.guard.house.store), query, None);
    let mut all = Vec::new();
    loop {
        let Points::Raw { readings, more } = pager.page(PAGE).await? else { return Ok(all) };
        all.extend(readings);
        if !more {
            return Ok(all);
        }
    }
}

fn csv(subject: &Subject) -> Response {
    let mut text = String::from("name,quantity,unit,channel,value,observed_at,received_at\r\n");
    for Reading { series, value, observed_at, received_at, .. } in &subject.readings {
        let (device, quantity, channel) = (&series.device, series.quantity, series.channel);
        let unit = &quantity.row().unit;
        text += &format!("{device},{quantity},{unit},{channel},{value},{observed_at},{received_at}\r\n");
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/csv; charset=utf-8"));
    (StatusCode::OK, headers, text).into_response()
}
