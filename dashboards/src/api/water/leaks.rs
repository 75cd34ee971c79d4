//! `GET /api/v1/water/leaks`: connections behind which water never stops, and pipes that burst; under pseudonyms.

use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::water::{ConsumptionCurve, LeakClass, burst_by_quarters, leaks as found_leaks};
use schemars::JsonSchema;
use schemas::{Device, HOUR, Timestamp, Zone};
use serde::Serialize;

use super::{connections, curve, pseudonyms, volumes};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::params::whole_hours;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// A leak that is certain at the start of the period began before it.
const BEFORE: Duration = Duration::from_secs(3 * 86_400);
/// The longest period of one question.
const LONGEST: Duration = Duration::from_secs(92 * 86_400);
/// A quarter of an hour.
const QUARTER: i64 = HOUR / 4;

/// A leak, for the utility.
#[derive(Serialize, JsonSchema)]
struct Leak {
    /// A pseudonym.
    meter: String,
    zone: Zone,
    /// The hour with which it was certain began then.
    certain_at: Timestamp,
    /// The least that flowed in an hour until then, litres an hour.
    min_flow: f64,
    class: LeakClass,
    /// The hour that ended it; none while it lasts.
    cleared_at: Option<Timestamp>,
}

/// A burst, for the utility: the first one of the period.
#[derive(Serialize, JsonSchema)]
struct Burst {
    meter: String,
    zone: Zone,
    /// The quarter of an hour with which it was certain began then.
    certain_at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WaterLeaks")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    /// Connections that were looked at.
    meters: usize,
    leaks: Vec<Leak>,
    bursts: Vec<Burst>,
}

pub(super) const LEAKS: Operation =
    Operation::get("/api/v1/water/leaks", "Leaks and bursts, under pseudonyms; the last 7 days by default")
        .takes(&[known::ZONE, known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"]);

pub(super) async fn leaks(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = LEAKS.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let range = whole_hours(&params.period(house.clock.now(), house.city.time(), 7)?);
    if range.end.since(range.start) > LONGEST {
        return Err(Problem::parameter("from", "leaks of so long a time are not looked for", "at most 92 days"));
    }
    let names = pseudonyms(house)?;
    let _permit = gather::permit(&rooms)?;
    let (mut leaks, mut bursts) = (Vec::new(), Vec::new());
    let connections = connections(house, params.zone()?.as_ref()).await?;
    let meters = connections.len();
    let start = range.start.minus(BEFORE).hour();
    let mut volumes = volumes(house, &connections, &(start..range.end));
    while let Some((device, said)) = volumes.next().await? {
        let curve = curve(house, said)?;
        let meter = names.of(device.id.as_str());
        leaks.extend(of_meter(house, device, &curve, &meter, (start, range.start, range.end)));
        let burst = first_burst(house, &curve, range.start, range.end);
        bursts.extend(burst.map(|certain_at| Burst { meter, zone: device.zone.clone(), certain_at }));
    }
    leaks.sort_by(|a, b| b.min_flow.total_cmp(&a.min_flow));
    tracing::info!(meters, leaks = leaks.len(), "leaks of single connections were read, under pseudonyms");
    let mut notes = Vec::new();
    if meters == 0 {
        notes.push("no data: no water meter is known here".to_owned());
    } else if leaks.is_empty() && bursts.is_empty() {
        notes.push(format!("no leak and no burst was found behind {meters} meters"));
    }
    let answer = Answer {
        name: "water-leaks",
        title: format!("{} leaks and {} bursts behind {meters} meters", leaks.len(), bursts.len()),
        table: table(&leaks, &bursts),
        body: Body { from: range.start, to: range.end, meters, leaks, bursts },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "curve.", "leak.", "burst."]),
    };
    answer.told(format, house)
}

/// The leaks that were open at some time of the period.
fn of_meter(
    house: &House,
    device: &Device,
    curve: &ConsumptionCurve,
    meter: &str,
    (start, from, to): (Timestamp, Timestamp, Timestamp),
) -> Vec<Leak> {
    let settings = &house.parameters.water.numbers.leak;
    // What was only estimated says nothing of leaks.
    let hours: Vec<Option<f64>> = curve.hours(start, to).map(|h| h.filter(|h| !h.estimated).map(|h| h.litres)).collect();
    let pulse = device.fitting.meter.map_or(1.0, |meter| meter.litres_per_pulse());
    let at = |index: usize| Timestamp::clamped(start.millis() + index as i64 * HOUR);
    let told = found_leaks(&hours, pulse, settings).into_iter().map(|leak| Leak {
        meter: meter.to_owned(),
        zone: device.zone.clone(),
        certain_at: at(leak.index),
        min_flow: leak.min_flow,
        class: leak.class,
        cleared_at: leak.cleared.map(at),
    });
    told.filter(|leak| leak.certain_at < to && leak.cleared_at.is_none_or(|at| at >= from)).collect()
}

fn first_burst(house: &House, curve: &ConsumptionCurve, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
    let quarters = usize::try_from((to.millis() - from.millis()) / QUARTER).unwrap_or(0);
    let at = |quarter: usize| Timestamp::clamped(from.millis() + quarter as i64 * QUARTER);
    let flow = |quarter: usize| {
        let passed = curve.between(at(quarter), at(quarter + 1))?;
        (!passed.estimated).then_some(passed.litres * 4.0)
    };
    let flows: Vec<Option<f64>> = (0..quarters).map(flow).collect();
    burst_by_quarters(&flows, &house.parameters.water.numbers.burst).map(at)
}

fn table(leaks: &[Leak], bursts: &[Burst]) -> Table {
    let columns = vec!["meter", "zone", "what", "certain_at", "min_flow_l_per_h", "cleared_at"];
    let class = |class: LeakClass| match class {
        LeakClass::Minor => "minor leak",
        LeakClass::Moderate => "moderate leak",
        LeakClass::Major => "major leak",
    };
    let leak = |l: &Leak| {
        let (meter, zone, what) = (Cell::text(&l.meter), Cell::text(&l.zone), Cell::text(class(l.class)));
        vec![meter, zone, what, Cell::At(l.certain_at), Cell::Number(l.min_flow), l.cleared_at.into()]
    };
    let burst = |b: &Burst| {
        vec![Cell::text(&b.meter), Cell::text(&b.zone), Cell::text("burst"), Cell::At(b.certain_at), Cell::Empty, Cell::Empty]
    };
    Table { columns, rows: bursts.iter().map(burst).chain(leaks.iter().map(leak)).collect() }
}
