//! `GET /api/v1/waste/worklist`: the bins that a contractor should empty before the next pass, in rounds and in order.

use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::Finding;
use domains::health::offline;
use domains::waste::{Basis, BinHistory, BinType, Candidate, Forecast, Round, WeekProfile, plan_rounds};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Place, Timestamp, Zone};
use serde::Serialize;

use super::{Urgency, contractor, history, orphans_note, pasts, shapes, territory};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::Params;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// What a plan looks at: long enough to learn a week twice.
const LOOK_BACK: Duration = Duration::from_secs(14 * 86_400);
/// A bin with so long a past of its own is foreseen by it, a younger one by its district.
const OWN_PAST: Duration = Duration::from_secs(7 * 86_400);
/// The longest time to the next pass, hours.
const PASS_LIMIT: f64 = 336.0;

/// One stop, for people and programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Stop {
    /// Which round, from 1, and which stop of it, from 1.
    pub(super) round: usize,
    pub(super) order: usize,
    pub(super) bin: DeviceId,
    pub(super) label: Option<String>,
    pub(super) zone: Zone,
    pub(super) place: Place,
    /// Per cent, as it was last heard.
    pub(super) fill: f64,
    heard: Timestamp,
    /// Nothing was heard for three intervals: the level is old.
    offline: bool,
    /// When it will be at the level of the plan: as likely earlier as later, and the cautious time.
    pub(super) due_p50: Option<Timestamp>,
    due_p90: Option<Timestamp>,
    /// What that rests on.
    basis: Said<Basis>,
    /// How soon it has to be emptied.
    urgency: Urgency,
    pub(super) last_emptied: Option<Timestamp>,
    /// Expected, kg.
    load_kg: f64,
}

/// One round, for people and programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tour {
    pub(super) round: usize,
    /// As the crow flies, from the depot and back.
    km: f64,
    load_kg: f64,
    pub(super) stops: Vec<Stop>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WasteWorklist")]
pub(super) struct Body {
    pub(super) contractor: String,
    at: Timestamp,
    date: Date,
    next_pass_h: f64,
    pub(super) depot: Option<Place>,
    /// The middle of the bins was taken, since nobody says where the depot is.
    depot_assumed: bool,
    bins: usize,
    pub(super) rounds: Vec<Tour>,
    /// Due, but nobody says where they stand.
    without_place: Vec<DeviceId>,
    /// Never heard within two weeks: nothing can be said of them.
    unheard: Vec<DeviceId>,
    /// In zones that no contractor has on this day.
    orphans: Vec<DeviceId>,
}

/// A bin, and all that a plan needs of it.
pub(super) struct Bin {
    pub(super) device: Device,
    pub(super) level: (Timestamp, f64),
    pub(super) offline: bool,
    pub(super) forecast: Finding<Forecast>,
    last_emptied: Option<Timestamp>,
}

impl Bin {
    /// The instant so many hours after its last level.
    fn after(&self, hours: Option<f64>) -> Option<Timestamp> {
        Some(self.level.0.plus(Duration::try_from_secs_f64(hours? * 3600.0).ok()?))
    }

    pub(super) fn p50(&self) -> Option<Timestamp> {
        self.after(self.forecast.as_ref().value().and_then(|f| f.p50_h))
    }

    pub(super) fn p90(&self) -> Option<Timestamp> {
        self.after(self.forecast.as_ref().value().and_then(|f| f.p90_h))
    }

    pub(super) fn urgency(&self, threshold: f64, now: Timestamp) -> Urgency {
        Urgency::of(self.level.1, threshold, self.p50(), now)
    }
}

pub(super) const WORKLIST: Operation = Operation::get("/api/v1/waste/worklist", "Which bins a contractor should empty next")
    .takes(&[
        known::CONTRACTOR.needed(),
        known::ZONE,
        Parameter::positive("hours", "Hours until the next pass, 24 where it is not given"),
        Parameter::one_of("format", "How it is written", &["json", "csv", "excel", "text", "geojson", "gpx"]),
    ])
    .gives::<Answered<'_, Body>>()
    .also(&["text/csv", "text/plain", "application/geo+json", "application/gpx+xml"])
    .tagged();

pub(super) async fn worklist(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    const FORMATS: [Format; 6] = [Format::Json, Format::Csv, Format::Excel, Format::Text, Format::GeoJson, Format::Gpx];
    let params = WORKLIST.read(&uri)?;
    let (house, format) = (&rooms.house, Format::among(&params, &FORMATS)?);
    let now = house.clock.now();
    let date = house.city.time().date(now);
    let Some(contractor) = contractor(house, &params, date)? else {
        let known: Vec<&str> = house.parameters.territories.contractors(date).into_iter().collect();
        return Err(Problem::parameter("contractor", "whose worklist is meant?", format!("one of {}", known.join(", "))));
    };
    let next_pass_h = hours(&params)?;
    let _permit = gather::permit(&rooms)?;
    let territory = territory(house, &params, Some(contractor), date).await?;
    let (mut bins, mut unheard) = (Vec::new(), Vec::new());
    for devices in territory.zones.into_values() {
        district(house, devices, now, &mut bins, &mut unheard).await?;
    }
    let plan = plan(house, contractor, &bins, now, next_pass_h)?;
    let mut notes = vec![status_of(house, contractor, &bins, date)];
    notes.extend(orphans_note(&territory.orphans, date));
    if plan.depot.is_some() && plan.assumed {
        notes.push("the depot is not known: rounds begin at the middle of the bins (domains.depot)".to_owned());
    }
    if bins.is_empty() {
        notes.push(format!("no data: no bin of {contractor} was heard within two weeks"));
    } else if plan.tours.is_empty() {
        notes.push("no bin has to be emptied before the next pass".to_owned());
    }
    let body = Body {
        contractor: contractor.to_owned(),
        at: now,
        date,
        next_pass_h,
        depot: plan.depot,
        depot_assumed: plan.assumed,
        bins: bins.len(),
        rounds: plan.tours,
        without_place: plan.without_place,
        unheard,
        orphans: territory.orphans,
    };
    match format {
        Format::GeoJson => return Ok(shapes::geojson(&body)),
        Format::Gpx => return Ok(shapes::gpx(&body)),
        Format::Json | Format::Csv | Format::Excel | Format::Text => {}
    }
    let stops: usize = body.rounds.iter().map(|tour| tour.stops.len()).sum();
    let answer = Answer {
        name: "waste-worklist",
        title: format!("{stops} of {} bins of {contractor} to empty before the next pass in {next_pass_h} h", body.bins),
        table: table(&body.rounds),
        body,
        notes,
        rests_on: [
            resting(&house.parameters.waste.rows, &["emptying.", "forecast.", "round.", "bin_type."]),
            resting(&house.parameters.health.rows, &["offline_"]),
        ]
        .concat(),
    };
    answer.told(format, house)
}

/// `hours`: how long until the next pass; a day where nobody says.
fn hours(params: &Params) -> Result<f64, Problem> {
    let expected = format!("hours until the next pass, more than 0 and at most {PASS_LIMIT}");
    let hours = params.parsed::<f64>("hours", &expected)?.unwrap_or(24.0);
    if hours > 0.0 && hours <= PASS_LIMIT {
        return Ok(hours);
    }
    Err(Problem::parameter("hours", format!("{hours} is outside the range"), expected))
}

/// Reads the bins of one district, which learn from one another.
pub(super) async fn district(
    house: &House,
    devices: Vec<Device>,
    now: Timestamp,
    bins: &mut Vec<Bin>,
    unheard: &mut Vec<DeviceId>,
) -> Result<(), Problem> {
    let (settings, city) = (&house.parameters.waste.numbers, house.city.time());
    let mut histories: Vec<(Device, BinHistory)> = Vec::with_capacity(devices.len());
    let mut pasts = pasts(house, &devices, now.minus(LOOK_BACK)..now.plus(Duration::from_millis(1)));
    while let Some((device, said)) = pasts.next().await? {
        histories.push((device.clone(), history(house, said)));
    }
    let prior = WeekProfile::of_bins(histories.iter().map(|(_, h)| h), settings, city);
    for (device, history) in histories {
        let Some(level) = history.last() else {
            unheard.push(device.id);
            continue;
        };
        let past = history.samples().first().map_or(Duration::ZERO, |(first, _)| level.0.since(*first));
        let own = (past >= OWN_PAST).then(|| WeekProfile::of_bins([&history], settings, city)).flatten();
        let threshold = settings.round.forecast.get();
        let forecast = history.forecast(threshold, own.as_ref().or(prior.as_ref()), &settings.forecast, city);
        let interval = history.interval().unwrap_or(Duration::ZERO);
        let offline = offline(Some(level.0), now, interval, &house.parameters.health.numbers);
        let last_emptied = history.emptyings().last().map(|(at, _)| at);
        bins.push(Bin { device, level, offline, forecast, last_emptied });
    }
    Ok(())
}

struct Plan {
    depot: Option<Place>,
    assumed: bool,
    tours: Vec<Tour>,
    without_place: Vec<DeviceId>,
}

fn plan(house: &House, contractor: &str, bins: &[Bin], now: Timestamp, next_pass_h: f64) -> Result<Plan, Problem> {
    let settings = &house.parameters.waste.numbers;
    let ahead = |at: Timestamp| at.since(now).as_secs_f64() / 3600.0;
    let candidate = |bin: &Bin, place: Place| Candidate {
        device: bin.device.id.clone(),
        place,
        fill: bin.level.1,
        reaches_h: bin.p50().map(ahead),
        full_kg: full_kg(&bin.device, &settings.bin_type),
    };
    let placed: Vec<Candidate> = bins.iter().filter_map(|bin| Some(candidate(bin, bin.device.place?))).collect();
    let due = |bin: &Bin| bin.level.1 >= settings.round.fill.get() || bin.p50().map(ahead).is_some_and(|h| h < next_pass_h);
    let lost = bins.iter().filter(|bin| bin.device.place.is_none() && due(bin));
    let without_place = lost.map(|bin| bin.device.id.clone()).collect();
    let known = house.parameters.depots.get(contractor).copied();
    let Some(depot) = known.or_else(|| middle(&placed)) else {
        return Ok(Plan { depot: None, assumed: true, tours: Vec::new(), without_place });
    };
    let rounds = plan_rounds(&placed, depot, next_pass_h, &settings.round)
        .map_err(|e| Problem::parameter("zone", e.to_string(), "one zone of the contractor"))?;
    let urgency = |bin: &Bin| bin.urgency(settings.round.forecast.get(), now);
    let tours = rounds.into_iter().enumerate().map(|(i, round)| tour(i + 1, round, bins, urgency)).collect();
    Ok(Plan { depot: Some(depot), assumed: known.is_none(), tours, without_place })
}

/// What the contents of a full bin weigh, kg: of the type whose measures are nearest to the sensor's container; of a bin of
/// 1100 litres where nobody says.
fn full_kg(device: &Device, types: &[BinType]) -> f64 {
    let usual = types.iter().find(|t| t.litres == 1100).or(types.first()).map_or(0.0, |t| t.load_kg);
    let Some(container) = device.fitting.container else { return usual };
    let off = |t: &&BinType| (t.empty_mm / 1e3 - container.empty()).abs() + (t.full_mm / 1e3 - container.full()).abs();
    types.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map_or(usual, |t| t.load_kg)
}

fn middle(placed: &[Candidate]) -> Option<Place> {
    let count = placed.len() as f64;
    let sum = placed.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.place.lat(), sum.1 + c.place.lon()));
    if placed.is_empty() { None } else { Place::new(sum.0 / count, sum.1 / count).ok() }
}

fn tour(number: usize, round: Round, bins: &[Bin], urgency: impl Fn(&Bin) -> Urgency) -> Tour {
    let stop = |(order, stop): (usize, domains::waste::Stop)| {
        let bin = bins.iter().find(|bin| bin.device.id == stop.device)?;
        Some(Stop {
            round: number,
            order: order + 1,
            label: bin.device.label.clone(),
            zone: bin.device.zone.clone(),
            place: stop.place,
            fill: stop.fill,
            heard: bin.level.0,
            offline: bin.offline,
            due_p50: bin.p50(),
            due_p90: bin.p90(),
            basis: Said(bin.forecast.clone().map(|f| f.basis)),
            urgency: urgency(bin),
            last_emptied: bin.last_emptied,
            load_kg: stop.load_kg,
            bin: stop.device,
        })
    };
    Tour {
        round: number,
        km: round.km,
        load_kg: round.load_kg,
        stops: round.stops.into_iter().enumerate().filter_map(stop).collect(),
    }
}

/// How well it is known that these zones are the contractor's.
fn status_of(house: &House, contractor: &str, bins: &[Bin], date: Date) -> String {
    let territories = &house.parameters.territories;
    let of = |bin: &Bin| territories.contractor(bin.device.zone.as_str(), date).ok().map(|(_, status)| status);
    let worst = bins.iter().filter_map(of).max();
    worst.map_or_else(
        || format!("territory of {contractor}: no bin was heard"),
        |status| format!("territory of {contractor} on {date}: {} (domains.territories)", status.code()),
    )
}

fn table(rounds: &[Tour]) -> Table {
    let columns = vec![
        "round",
        "order",
        "bin",
        "label",
        "zone",
        "lat",
        "lon",
        "fill",
        "heard",
        "offline",
        "due_p50",
        "due_p90",
        "basis",
        "urgency",
        "last_emptied",
        "load_kg",
    ];
    let basis = |basis: &Basis| match basis {
        Basis::Trend => Cell::text("trend"),
        Basis::Prior => Cell::text("prior"),
    };
    let row = |stop: &Stop| {
        vec![
            Cell::count(stop.round),
            Cell::count(stop.order),
            Cell::text(&stop.bin),
            stop.label.clone().into(),
            Cell::text(&stop.zone),
            Cell::Number(stop.place.lat()),
            Cell::Number(stop.place.lon()),
            Cell::Number(stop.fill),
            Cell::At(stop.heard),
            Cell::Is(stop.offline),
            stop.due_p50.into(),
            stop.due_p90.into(),
            stop.basis.cell(basis),
            Cell::text(stop.urgency.code()),
            stop.last_emptied.into(),
            Cell::Number(stop.load_kg),
        ]
    };
    Table { columns, rows: rounds.iter().flat_map(|tour| &tour.stops).map(row).collect() }
}
