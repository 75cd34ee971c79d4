//! `GET /api/v1/water/night`: what a metered district loses while everybody sleeps; and what its [balance](super::balance) needs too.
//!
//! A district is a sum too: where it, or what it leaves of a zone, is too few connections, nothing of it is told, since its
//! inflow is nearly their consumption.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::Finding;
use domains::time::LocalDay;
use domains::water::{Cell as Part, ConsumptionCurve, NightFlow, Publication, judge_parts, night_alarm, night_flow, quiet_hours};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Timestamp, Zone};
use serde::Serialize;

use super::{connections, curve, metered, volumes};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::parameters::District;
use crate::params::Params;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Days of one question.
const DAYS_LIMIT: usize = 366;

/// A night of a district.
#[derive(Serialize, JsonSchema)]
struct Night {
    district: String,
    date: Date,
    /// The quiet hours.
    from: Timestamp,
    to: Timestamp,
    /// They are those of Ramadan.
    ramadan: bool,
    publication: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<Said<NightFlow>>,
    /// This night and those before it are far above the usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<Said<bool>>,
}

#[derive(Serialize, JsonSchema)]
struct Nights {
    from: Timestamp,
    to: Timestamp,
    nights: Vec<Night>,
}

pub(super) const NIGHT: Operation =
    Operation::get("/api/v1/water/night", "The minimum night flow of districts; the last 7 days by default")
        .takes(&[known::DISTRICT, known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Nights>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn night(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = NIGHT.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let asked_days = days(&params, house, 8)?;
    let (from, to) = ends(&asked_days);
    let asked = asked(house, &params)?;
    let _permit = gather::permit(&rooms)?;
    let mut nights = Vec::new();
    let all = consumptions(house, &[(from, to)]).await?;
    for district in asked {
        nights.extend(of_nights(house, district, &all, &asked_days).await?);
    }
    let mut notes = notes(house, nights.iter().all(|n| n.flow.is_none()));
    if nights.iter().any(|night| night.ramadan) {
        notes.push("in Ramadan the quiet hours are those of the morning; when it is, the calendar says".to_owned());
    }
    let answer = Answer {
        name: "water-night",
        title: format!("Minimum night flow of districts, {} nights", asked_days.len()),
        table: nights_table(&nights),
        body: Nights { from, to, nights },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "bulk.", "curve.", "night.", "privacy."]),
    };
    answer.told(format, house)
}

/// The nights of a district, the alarm of each judged by those before it.
async fn of_nights(house: &House, district: &District, all: &[Used], asked: &[LocalDay]) -> Result<Vec<Night>, Problem> {
    let settings = &house.parameters.water.numbers;
    let (city, calendar) = (house.city.time(), &house.parameters.calendar);
    let Some((first, last)) = asked.first().zip(asked.last()) else { return Ok(Vec::new()) };
    let back = settings.night.look_back_days.get().saturating_add(settings.night.nights.get());
    let start = domains::time::Calendar::shifted(first.date, -i32::try_from(back).unwrap_or(i32::MAX));
    let looked: Vec<LocalDay> = city.days(start, last.date).collect();
    let publication = judge_parts(&parts(all, 0, district), &settings.privacy);
    let told = matches!(publication, Publication::Published { .. });
    let fed = if told { inflow(house, district, ends(&looked).0, last.end).await? } else { Vec::new() };
    let flow_of = |start: Timestamp| {
        let hour = |(curve, sign): &(ConsumptionCurve, f64)| {
            let passed = curve.between(start, start.plus(Duration::from_secs(3600)))?;
            // What is read off a straight line over hours is no least flow.
            (!passed.estimated).then_some(passed.litres * sign)
        };
        fed.iter().map(hour).sum::<Option<f64>>()
    };
    let held = u32::try_from(all.iter().filter(|used| holds(district, &used.device)).count()).unwrap_or(u32::MAX);
    let flows: Vec<Finding<NightFlow>> =
        looked.iter().map(|day| night_flow(day.date, flow_of, held, &settings.night, city, calendar)).collect();
    let least: Vec<Option<f64>> = flows.iter().map(|flow| flow.as_ref().value().map(|f| f.flow)).collect();
    let mut found = Vec::new();
    for (index, (day, flow)) in looked.iter().zip(flows).enumerate().filter(|(_, (day, _))| day.date >= first.date) {
        let until = least.get(..=index).unwrap_or_default();
        let (from, to) = quiet_hours(day.date, &settings.night, city, calendar);
        found.push(Night {
            district: district.name.clone(),
            date: day.date,
            from,
            to,
            ramadan: calendar.ramadan(day.date).is_some(),
            publication: publication.code(),
            flow: told.then_some(Said(flow)),
            alarm: told.then(|| Said(night_alarm(until, &settings.night))),
        });
    }
    Ok(found)
}

/// Whole local days that are over: two sums that differ by an hour would tell of that hour.
pub(super) fn days(params: &Params, house: &House, otherwise: i32) -> Result<Vec<LocalDay>, Problem> {
    let (city, now) = (house.city.time(), house.clock.now());
    let range = params.period(now, city, otherwise)?;
    let last = city.date(range.end.minus(Duration::from_millis(1)));
    let days: Vec<LocalDay> = city.days(city.date(range.start), last).filter(|day| day.end <= now).collect();
    if days.len() > DAYS_LIMIT {
        let detail = format!("{} days are asked for", days.len());
        return Err(Problem::parameter("from", detail, format!("at most {DAYS_LIMIT} days")));
    }
    if days.is_empty() {
        return Err(Problem::parameter("to", "no day of the period is over", "a day that is over, such as yesterday"));
    }
    Ok(days)
}

pub(super) fn ends(days: &[LocalDay]) -> (Timestamp, Timestamp) {
    (days.first().map_or(Timestamp::MIN, |d| d.start), days.last().map_or(Timestamp::MIN, |d| d.end))
}

/// The districts that are asked for.
pub(super) fn asked<'a>(house: &'a House, params: &Params) -> Result<Vec<&'a District>, Problem> {
    let all = &house.parameters.districts;
    let Some(name) = params.one("district")? else { return Ok(all.iter().collect()) };
    match all.iter().find(|district| district.name == name) {
        Some(district) => Ok(vec![district]),
        None => {
            let known: Vec<&str> = all.iter().map(|d| d.name.as_str()).collect();
            let name: String = name.chars().take(64).collect();
            let expected = if known.is_empty() { "[[domains.district]] in the settings".to_owned() } else { known.join(", ") };
            Err(Problem::parameter("district", format!("`{name}` is no district"), expected))
        }
    }
}

pub(super) fn holds(district: &District, meter: &Device) -> bool {
    district.zones.contains(&meter.zone) || district.meters.contains(&meter.id)
}

/// A connection and its consumption over each of the spans that are asked for, litres; none where it is not known.
pub(super) struct Used {
    pub(super) device: Device,
    pub(super) litres: Vec<Option<f64>>,
}

/// Every connection with its consumption over each of these spans, which lie within the first of them.
pub(super) async fn consumptions(house: &House, spans: &[(Timestamp, Timestamp)]) -> Result<Vec<Used>, Problem> {
    let Some((from, to)) = spans.first().copied() else { return Ok(Vec::new()) };
    let connections = connections(house, None).await?;
    let mut volumes = volumes(house, &connections, &(from..to));
    let mut all = Vec::with_capacity(connections.len());
    while let Some((device, said)) = volumes.next().await? {
        let curve = curve(house, said)?;
        let litres = spans.iter().map(|(from, to)| curve.between(*from, *to).map(|passed| passed.litres)).collect();
        all.push(Used { device: device.clone(), litres });
    }
    Ok(all)
}

/// What a district holds of each zone that it touches over a span, and what it leaves of it.
pub(super) fn parts(all: &[Used], span: usize, district: &District) -> Vec<(Part, Part)> {
    let mut zones: BTreeMap<&Zone, (Part, Part)> = BTreeMap::new();
    for used in all {
        let empty = || (Part { values: Vec::new() }, Part { values: Vec::new() });
        let (part, rest) = zones.entry(&used.device.zone).or_insert_with(empty);
        let cell = if holds(district, &used.device) { part } else { rest };
        cell.values.extend(used.litres.get(span).copied().flatten());
    }
    zones.into_values().filter(|(part, _)| !part.values.is_empty()).collect()
}

/// What passes the meters of a district: in counts as it is, out against it.
pub(super) async fn inflow(
    house: &House,
    district: &District,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(ConsumptionCurve, f64)>, Problem> {
    let meter = house.parameters.water.numbers.bulk_meter();
    let signed = |ids: &[DeviceId], sign: f64| ids.iter().map(|id| (id.clone(), sign)).collect::<Vec<_>>();
    let mut curves = Vec::new();
    for (id, sign) in [signed(&district.inflow, 1.0), signed(&district.outflow, -1.0)].concat() {
        curves.push((metered(house, &id, from..to, &meter).await?, sign));
    }
    Ok(curves)
}

pub(super) fn notes(house: &House, nothing: bool) -> Vec<String> {
    let privacy = &house.parameters.water.numbers.privacy;
    if house.parameters.districts.is_empty() {
        return vec!["no data: no district is named; [[domains.district]] in the settings says which meters feed one".to_owned()];
    }
    let rule = format!(
        "Told: districts of at least {} connections whose consumption is known, of which none is more than {} of the sum, and that \
         leave as many of each zone; the rest is withheld.",
        privacy.least_meters.get(),
        privacy.dominance.get()
    );
    let none = nothing.then(|| "nothing can be told for this period: too few connections, or not known".to_owned());
    std::iter::once(rule).chain(none).collect()
}

fn nights_table(rows: &[Night]) -> Table {
    let columns = vec![
        "district",
        "date",
        "hours_from",
        "hours_to",
        "ramadan",
        "flow_l_per_h",
        "unexplained_l_per_h",
        "alarm",
        "publication",
        "reason",
    ];
    let row = |night: &Night| {
        let number = |of: fn(&NightFlow) -> f64| night.flow.as_ref().map_or(Cell::Empty, |f| f.cell(|f| Cell::Number(of(f))));
        vec![
            Cell::text(&night.district),
            Cell::Day(night.date),
            Cell::At(night.from),
            Cell::At(night.to),
            Cell::Is(night.ramadan),
            number(|f| f.flow),
            number(|f| f.unexplained),
            night.alarm.as_ref().map_or(Cell::Empty, |a| a.cell(|is| Cell::Is(*is))),
            Cell::text(night.publication),
            night.flow.as_ref().map_or(Cell::Empty, Said::reason),
        ]
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}
