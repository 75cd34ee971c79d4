//! `GET /api/v1/water/balance`: what goes into a metered district and what is metered at its connections, over a period and by day.
//!
//! A district is a sum too: where it, or what it leaves of a zone, is too few connections, nothing of it is told, since its
//! inflow is nearly their consumption. Each day is judged as a sum of its own.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::water::{Balance, ConsumptionCurve, Publication, balance as of_district, judge_parts};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::districts::{Used, asked, consumptions, days, ends, holds, inflow, notes, parts};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::parameters::District;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Days of one question that are told one by one: of each connection each is kept until all are known.
const SINGLE_DAYS: usize = 92;

/// A district over a period.
#[derive(Serialize, JsonSchema)]
struct Losses {
    district: String,
    /// `published`, or why nothing is told.
    publication: &'static str,
    /// Connections that it holds, and of them those whose consumption is known; none where it is not told.
    connections: Option<usize>,
    known: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Said<Balance>>,
    /// Where they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<DayLosses>,
}

/// A district on a local day.
#[derive(Serialize, JsonSchema)]
struct DayLosses {
    date: Date,
    publication: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Said<Balance>>,
}

#[derive(Serialize, JsonSchema)]
struct Balances {
    from: Timestamp,
    to: Timestamp,
    districts: Vec<Losses>,
}

pub(super) const BALANCE: Operation =
    Operation::get("/api/v1/water/balance", "Inflow, consumption and losses of districts; the last 7 days by default")
        .takes(&[
            known::DISTRICT,
            known::DAY_FROM,
            known::DAY_TO,
            Parameter::one_of("by", "Each day besides", &["day"]),
            known::FORMAT,
        ])
        .gives::<Answered<'_, Balances>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn balance(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = BALANCE.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let days = days(&params, house, 8)?;
    let (from, to) = ends(&days);
    let single = match params.one("by")? {
        None => &[][..],
        Some("day") if days.len() <= SINGLE_DAYS => &days[..],
        Some("day") => {
            let detail = format!("{} days are asked for one by one", days.len());
            return Err(Problem::parameter("by", detail, format!("at most {SINGLE_DAYS} days")));
        }
        Some(_) => return Err(Problem::parameter("by", "balances are not told so", "day, or nothing for the whole period")),
    };
    let asked = asked(house, &params)?;
    let _permit = gather::permit(&rooms)?;
    let spans: Vec<(Timestamp, Timestamp)> =
        std::iter::once((from, to)).chain(single.iter().map(|day| (day.start, day.end))).collect();
    let all = consumptions(house, &spans).await?;
    let mut districts = Vec::new();
    for district in asked {
        let fed = inflow(house, district, from, to).await?;
        let (publication, balance) = over(house, district, &all, &fed, (0, (from, to)));
        let day = |(place, day): (usize, &domains::time::LocalDay)| {
            let (publication, balance) = over(house, district, &all, &fed, (place + 1, (day.start, day.end)));
            DayLosses { date: day.date, publication, balance }
        };
        let held = || all.iter().filter(|used| holds(district, &used.device));
        let told = balance.is_some();
        districts.push(Losses {
            district: district.name.clone(),
            publication,
            connections: told.then(|| held().count()),
            known: told.then(|| held().filter(|used| used.litres.first().copied().flatten().is_some()).count()),
            balance,
            days: single.iter().enumerate().map(day).collect(),
        });
    }
    let mut notes = notes(house, districts.iter().all(|d| d.balance.is_none()));
    notes.push("loss: what came in and was not metered at a connection whose consumption is known".to_owned());
    let answer = Answer {
        name: "water-balance",
        title: format!("Balance of districts, {} days to {}", days.len(), days.last().map_or(Date::ZERO, |d| d.date)),
        table: if single.is_empty() { table(&districts) } else { table_of_days(&districts) },
        body: Balances { from, to, districts },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "bulk.", "curve.", "balance.coverage", "privacy."]),
    };
    answer.told(format, house)
}

/// The balance of a district over one of the spans, and whether it may be told.
fn over(
    house: &House,
    district: &District,
    all: &[Used],
    fed: &[(ConsumptionCurve, f64)],
    (place, (from, to)): (usize, (Timestamp, Timestamp)),
) -> (&'static str, Option<Said<Balance>>) {
    let settings = &house.parameters.water.numbers;
    let publication = judge_parts(&parts(all, place, district), &settings.privacy);
    if !matches!(publication, Publication::Published { .. }) {
        return (publication.code(), None);
    }
    let held = all.iter().filter(|used| holds(district, &used.device));
    let consumption: Vec<Option<f64>> = held.map(|used| used.litres.get(place).copied().flatten()).collect();
    let through: Option<f64> = fed.iter().map(|(curve, sign)| Some(curve.between(from, to)?.litres * sign)).sum();
    let balance = of_district(through.unwrap_or(f64::NAN), &consumption, &settings.balance);
    (publication.code(), Some(Said(balance)))
}

/// The cells of a balance: inflow, consumption, loss, yield.
fn cells(balance: Option<&Said<Balance>>) -> [Cell; 4] {
    let number = |of: fn(&Balance) -> f64| balance.map_or(Cell::Empty, |b| b.cell(|b| Cell::Number(of(b))));
    [number(|b| b.inflow), number(|b| b.consumption), number(|b| b.loss), number(|b| b.network_yield)]
}

fn table(rows: &[Losses]) -> Table {
    let columns =
        vec!["district", "connections", "known", "inflow_l", "consumption_l", "loss_l", "network_yield", "publication", "reason"];
    let row = |row: &Losses| {
        let count = |count: Option<usize>| count.map_or(Cell::Empty, Cell::count);
        let mut all = vec![Cell::text(&row.district), count(row.connections), count(row.known)];
        all.extend(cells(row.balance.as_ref()));
        all.extend([Cell::text(row.publication), row.balance.as_ref().map_or(Cell::Empty, Said::reason)]);
        all
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}

fn table_of_days(rows: &[Losses]) -> Table {
    let columns = vec!["district", "date", "inflow_l", "consumption_l", "loss_l", "network_yield", "publication", "reason"];
    let row = |district: &str, day: &DayLosses| {
        let mut all = vec![Cell::text(district), Cell::Day(day.date)];
        all.extend(cells(day.balance.as_ref()));
        all.extend([Cell::text(day.publication), day.balance.as_ref().map_or(Cell::Empty, Said::reason)]);
        all
    };
    Table { columns, rows: rows.iter().flat_map(|of| of.days.iter().map(|day| row(&of.district, day))).collect() }
}
