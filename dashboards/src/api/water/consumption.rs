//! `GET /api/v1/water/consumption`: sums by zone and local day for everybody, or one connection under its pseudonym.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::time::LocalDay;
use domains::water::{Cell as Connections, Consumption, Publication, publish};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{HOUR, Timestamp, Zone};
use serde::Serialize;

use super::{connections, curve, metered, pseudonyms, volumes};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::Params;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Days of one question.
const DAYS_LIMIT: usize = 366;
/// Hours of one question.
const HOURS_LIMIT: usize = 31 * 24;

/// One zone on one day.
#[derive(Serialize, JsonSchema)]
struct ZoneDay {
    date: Date,
    zone: Zone,
    /// Whole litres; none where it is not published.
    litres: Option<f64>,
    /// Connections in the sum; none where it is not published.
    connections: Option<usize>,
    /// `published`, or why not.
    publication: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Zones {
    from: Timestamp,
    to: Timestamp,
    days: Vec<ZoneDay>,
}

/// One connection over an hour or a day.
#[derive(Serialize, JsonSchema)]
struct Step {
    start: Timestamp,
    end: Timestamp,
    /// None where nobody knows what flowed.
    litres: Option<f64>,
    /// Part of it was interpolated over a gap.
    estimated: bool,
}

/// Something the register did besides counting.
#[derive(Serialize, JsonSchema)]
struct Oddity {
    at: Timestamp,
    what: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Meter {
    /// A pseudonym.
    meter: String,
    from: Timestamp,
    to: Timestamp,
    steps: Vec<Step>,
    oddities: Vec<Oddity>,
}

/// Which of the two it is, the request says.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Consumed<'a> {
    Zones(Answered<'a, Zones>),
    Meter(Answered<'a, Meter>),
}

pub(super) const CONSUMPTION: Operation = Operation::get(
    "/api/v1/water/consumption",
    "Consumption by zone and local day, the last 8 days by default; or of one connection, under its pseudonym",
)
.takes(&[
    known::ZONE,
    Parameter::text("meter", "The pseudonym of one connection"),
    known::DAY_FROM,
    known::DAY_TO,
    Parameter::one_of("every", "Steps of one connection", &["1d", "1h"]),
    known::FORMAT,
])
.gives::<Consumed<'_>>()
.also(&["text/csv", "text/plain"]);

pub(super) async fn consumption(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = CONSUMPTION.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let city = house.city.time();
    let range = params.period(house.clock.now(), city, 8)?;
    let days: Vec<LocalDay> = city.days(city.date(range.start), city.date(range.end.minus(Duration::from_millis(1)))).collect();
    if days.len() > DAYS_LIMIT {
        return Err(Problem::parameter(
            "from",
            format!("{} days are asked for", days.len()),
            format!("at most {DAYS_LIMIT} days"),
        ));
    }
    match params.one("meter")? {
        Some(meter) => {
            pseudonyms(house)?;
            let _permit = gather::permit(&rooms)?;
            of_meter(house, &params, meter, &days).await?.told(format, house)
        }
        None if params.one("every")?.is_some() => {
            Err(Problem::parameter("every", "hours are told of single connections only", "nothing, or `meter` besides"))
        }
        None => {
            let _permit = gather::permit(&rooms)?;
            of_zones(house, &params, &days).await?.told(format, house)
        }
    }
}

/// Whole local days only: two sums that differ by an hour would tell of that hour.
async fn of_zones<'a>(house: &'a House, params: &Params, days: &[LocalDay]) -> Result<Answer<'a, Zones>, Problem> {
    let asked = params.zone()?;
    let (from, to) = ends(days);
    let mut values: BTreeMap<Date, BTreeMap<Zone, Vec<f64>>> = BTreeMap::new();
    // All zones are judged together, whichever is asked for, so that no two answers differ in what they withhold.
    let connections = connections(house, None).await?;
    let mut volumes = volumes(house, &connections, &(from..to));
    while let Some((device, said)) = volumes.next().await? {
        let curve = curve(house, said)?;
        for day in days {
            let cell = values.entry(day.date).or_default().entry(device.zone.clone()).or_default();
            cell.extend(curve.day(*day).map(|c| c.litres));
        }
    }
    let privacy = &house.parameters.water.numbers.privacy;
    let mut rows = Vec::new();
    for (date, zones) in values {
        let (names, cells): (Vec<Zone>, Vec<Connections>) =
            zones.into_iter().map(|(zone, values)| (zone, Connections { values })).unzip();
        for (zone, publication) in names.into_iter().zip(publish(&cells, privacy)) {
            let (litres, connections) = match publication {
                Publication::Published { sum, meters } => (Some(sum.round()), Some(meters)),
                _ => (None, None),
            };
            if asked.as_ref().is_none_or(|asked| *asked == zone) {
                rows.push(ZoneDay { date, zone, litres, connections, publication: publication.code() });
            }
        }
    }
    let mut notes = vec![format!(
        "Published: sums over at least {} connections of which none is more than {} of the sum; the rest is withheld.",
        privacy.least_meters.get(),
        privacy.dominance.get()
    )];
    if rows.is_empty() {
        notes.push("no data: no water meter is known here".to_owned());
    } else if rows.iter().all(|row| row.litres.is_none()) {
        notes.push(
            "nothing can be published for this period: too few connections, or days that are not over or not known".to_owned(),
        );
    }
    let columns = vec!["date", "zone", "litres", "connections", "publication"];
    let cells = |row: &ZoneDay| {
        let connections = row.connections.map_or(Cell::Empty, Cell::count);
        vec![Cell::Day(row.date), Cell::text(&row.zone), row.litres.into(), connections, Cell::text(row.publication)]
    };
    Ok(Answer {
        name: "water-consumption",
        title: "Water consumption by zone and day".to_owned(),
        table: Table { columns, rows: rows.iter().map(cells).collect() },
        body: Zones { from, to, days: rows },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "curve.", "privacy."]),
    })
}

fn ends(days: &[LocalDay]) -> (Timestamp, Timestamp) {
    (days.first().map_or(Timestamp::MIN, |d| d.start), days.last().map_or(Timestamp::MIN, |d| d.end))
}

/// The connection with this pseudonym.
async fn of_meter<'a>(house: &'a House, params: &Params, meter: &str, days: &[LocalDay]) -> Result<Answer<'a, Meter>, Problem> {
    const EXPECTED: &str = "the pseudonym of a meter under the present key, 20 letters and digits";
    let names = pseudonyms(house)?;
    let all = connections(house, params.zone()?.as_ref()).await?;
    let Some(device) = all.into_iter().find(|d| names.of(d.id.as_str()) == meter) else {
        return Err(Problem::parameter("meter", "no meter here has this pseudonym", EXPECTED));
    };
    let (from, to) = ends(days);
    let curve = metered(house, &device.id, from..to, &house.parameters.water.numbers.meter).await?;
    let step = |start: Timestamp, end: Timestamp, found: Option<Consumption>| Step {
        start,
        end,
        litres: found.map(|c| c.litres),
        estimated: found.is_some_and(|c| c.estimated),
    };
    let steps: Vec<Step> = match params.one("every")? {
        None | Some("1d") => days.iter().map(|day| step(day.start, day.end, curve.day(*day))).collect(),
        Some("1h") => {
            let hours = curve.hours(from, to).take(HOURS_LIMIT + 1).zip(0_i64..);
            let at = |hour: i64| Timestamp::clamped(from.millis() + hour * HOUR);
            hours.map(|(found, hour)| step(at(hour), at(hour + 1), found)).collect()
        }
        Some(_) => return Err(Problem::parameter("every", "consumption is not told so", "1d or 1h")),
    };
    if steps.len() > HOURS_LIMIT {
        return Err(Problem::parameter("from", "that many hours are not given", "at most 31 days"));
    }
    let odd: BTreeSet<&str> = ["suspect_spike", "rollover", "reverse", "replacement", "reset", "suspect_decrease"].into();
    let oddities = curve.deltas().iter().map(|(at, delta)| Oddity { at: *at, what: delta.code() });
    let oddities = oddities.filter(|o| odd.contains(o.what) && from <= o.at && o.at < to).collect();
    tracing::info!(meter, steps = steps.len(), "the consumption of a single connection was read, under its pseudonym");
    let mut notes = Vec::new();
    if steps.iter().all(|s| s.litres.is_none()) {
        notes.push("no data: nobody knows what flowed here in this period".to_owned());
    }
    let columns = vec!["from", "to", "litres", "estimated"];
    let cells = |s: &Step| vec![Cell::At(s.start), Cell::At(s.end), s.litres.into(), Cell::Is(s.estimated)];
    Ok(Answer {
        name: "water-consumption",
        title: format!("Water consumption of {meter}"),
        table: Table { columns, rows: steps.iter().map(cells).collect() },
        body: Meter { meter: meter.to_owned(), from, to, steps, oddities },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "curve."]),
    })
}
