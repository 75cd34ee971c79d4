//! `GET /api/v1/waste/kpi`: how a contractor did in a period, by zone, or by zone and day.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::time::LocalDay;
use domains::waste::{BinDay, BinHistory, Change, Kpi, Level, Service, kpi as indicators, levels, overflow_hours};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{DeviceId, Kind, Timestamp, Zone};
use serde::Serialize;

use super::{contractor, history, orphans_note, pasts};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// What a level needs of the day before.
const BEFORE: Duration = Duration::from_secs(86_400);
/// A level at or above overflow counts as an overflow once it has lasted so long (design).
const OVERFLOW_LASTS: Duration = Duration::from_secs(1800);
/// Days of one question.
const DAYS_LIMIT: usize = 92;

/// The indicators of a set of bins and days, as they are told. Rates are parts of 1, times hours.
#[derive(Serialize, JsonSchema)]
struct Told {
    overflow_h: f64,
    overflow_rate: Said<f64>,
    response_median_h: Said<f64>,
    response_p90_h: Said<f64>,
    critical_in_time: Said<f64>,
    overflow_in_time: Said<f64>,
    collections: usize,
    unnecessary: usize,
    missed: usize,
    availability: Said<f64>,
}

impl From<Kpi> for Told {
    fn from(kpi: Kpi) -> Self {
        Self {
            overflow_h: kpi.overflow_h,
            overflow_rate: Said(kpi.overflow_rate),
            response_median_h: Said(kpi.response_median_h),
            response_p90_h: Said(kpi.response_p90_h),
            critical_in_time: Said(kpi.critical_in_time),
            overflow_in_time: Said(kpi.overflow_in_time),
            collections: kpi.collections,
            unnecessary: kpi.unnecessary,
            missed: kpi.missed,
            availability: Said(kpi.availability),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WasteKpiRow")]
struct Row {
    contractor: String,
    zone: Zone,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    bins: usize,
    #[serde(flatten)]
    told: Told,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WasteKpi")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    rows: Vec<Row>,
    orphans: Vec<DeviceId>,
}

/// What a row is about: contractor, zone, and the day where they are told apart.
type Key = (String, Zone, Option<Date>);

/// The bin days of a row, and its bins.
#[derive(Default)]
struct Pile {
    days: Vec<BinDay>,
    bins: BTreeSet<DeviceId>,
}

pub(super) const KPI: Operation =
    Operation::get("/api/v1/waste/kpi", "How a contractor did; the last 7 days by default, at most 92")
        .takes(&[
            known::CONTRACTOR,
            known::ZONE,
            known::DAY_FROM,
            known::DAY_TO,
            Parameter::one_of("by", "Day by day", &["day"]),
            known::FORMAT,
        ])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn kpi(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = KPI.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let (city, now) = (house.city.time(), house.clock.now());
    let range = params.period(now, city, 7)?;
    let last = city.date(range.end.minus(Duration::from_millis(1)));
    let days: Vec<LocalDay> = city.days(city.date(range.start), last).collect();
    if days.len() > DAYS_LIMIT {
        let detail = format!("{} days are asked for", days.len());
        return Err(Problem::parameter("from", detail, format!("at most {DAYS_LIMIT} days")));
    }
    let by_day = match params.one("by")? {
        None => false,
        Some("day") => true,
        Some(_) => return Err(Problem::parameter("by", "indicators are not told so", "day, or nothing for the whole period")),
    };
    let asked = contractor(house, &params, last)?;
    let _permit = gather::permit(&rooms)?;
    let (mut piles, mut orphans) = (BTreeMap::<Key, Pile>::new(), BTreeSet::new());
    let devices = gather::devices(house, Kind::WASTE, params.zone()?.as_ref()).await?;
    // What was raised on the last day may be emptied on the next.
    let (begin, end) = (days.first().map_or(range.start, |d| d.start), days.last().map_or(range.end, |d| d.end));
    let mut pasts = pasts(house, &devices, begin.minus(BEFORE)..end.plus(BEFORE));
    while let Some((device, said)) = pasts.next().await? {
        for (day, bin_day) in days_of(house, &history(house, said), &days, now) {
            // Whose it was on that day: contracts end.
            let Ok((holder, _)) = house.parameters.territories.contractor(device.zone.as_str(), day.date) else {
                orphans.insert(device.id.clone());
                continue;
            };
            if asked.is_none_or(|asked| asked == holder) {
                let key = (holder.to_owned(), device.zone.clone(), by_day.then_some(day.date));
                let pile = piles.entry(key).or_default();
                pile.days.push(bin_day);
                pile.bins.insert(device.id.clone());
            }
        }
    }
    let row = |((contractor, zone, date), pile): (Key, Pile)| {
        let told = indicators(&pile.days, now, &house.parameters.waste.numbers.round).into();
        Row { contractor, zone, date, bins: pile.bins.len(), told }
    };
    let rows: Vec<Row> = piles.into_iter().map(row).collect();
    let orphans: Vec<DeviceId> = orphans.into_iter().collect();
    let mut notes = vec![
        "missed: at the level of a round at midnight and not emptied by the next; rounds themselves are not kept (design)"
            .to_owned(),
    ];
    notes.extend(orphans_note(&orphans, last));
    if rows.is_empty() {
        notes.push("no data: no bin was heard in this period".to_owned());
    }
    let answer = Answer {
        name: "waste-kpi",
        title: format!("Waste collection from {} to {last}", city.date(range.start)),
        table: table(&rows, by_day),
        body: Body { from: range.start, to: range.end, rows, orphans },
        notes,
        rests_on: resting(&house.parameters.waste.rows, &["emptying.", "levels.", "round."]),
    };
    answer.told(format, house)
}

/// What became of a bin on each day of which something is known.
fn days_of(house: &House, history: &BinHistory, days: &[LocalDay], now: Timestamp) -> Vec<(LocalDay, BinDay)> {
    if history.samples().is_empty() {
        return Vec::new();
    }
    let (critical, overflow) = services(history, house);
    let day = |day: &LocalDay| (*day, bin_day(house, history, *day, (&critical, &overflow), now));
    days.iter().filter(|day| day.start < now).map(day).collect()
}

/// Each time that the critical level was raised, and each time that the bin overflowed for long enough.
fn services(history: &BinHistory, house: &House) -> (Vec<Service>, Vec<Service>) {
    let settings = &house.parameters.waste.numbers.levels;
    let kept: Vec<(Timestamp, f64)> = history.kept().collect();
    let fill: Vec<f64> = kept.iter().map(|(_, level)| *level).collect();
    let emptied: BTreeSet<Timestamp> = history.emptyings().map(|(at, _)| at).collect();
    let at = |index: usize| kept.get(index).map(|(at, _)| *at);
    let told = levels(&fill, |index| at(index).is_some_and(|at| emptied.contains(&at)), settings);
    let (mut critical, mut overflow) = (Vec::new(), Vec::new());
    for (level, events) in told {
        for (i, event) in events.iter().enumerate().filter(|(_, e)| e.change == Change::Raise) {
            let Some(raised) = at(event.index) else { continue };
            let cleared = events.get(i + 1).and_then(|clear| at(clear.index));
            // What sank by itself waits for nobody any more.
            let ended = emptied.range(raised..).next().copied().into_iter().chain(cleared).min();
            let service = Service { raised, emptied: ended };
            let began = at((event.index + 1).saturating_sub(settings.consecutive.get() as usize)).unwrap_or(raised);
            let lasted = ended.or(kept.last().map(|(at, _)| *at)).is_some_and(|end| end.since(began) >= OVERFLOW_LASTS);
            match level {
                Level::Critical => critical.push(service),
                Level::Overflow if lasted => overflow.push(service),
                Level::Info | Level::Warning | Level::Overflow => {}
            }
        }
    }
    (critical, overflow)
}

fn bin_day(
    house: &House,
    history: &BinHistory,
    day: LocalDay,
    (critical, overflow): (&[Service], &[Service]),
    now: Timestamp,
) -> BinDay {
    let settings = &house.parameters.waste.numbers;
    let end = day.end.min(now);
    let within = |at: Timestamp| day.start <= at && at < end;
    let interval = history.interval().unwrap_or(OVERFLOW_LASTS);
    let kept: Vec<(Timestamp, f64)> = history.kept().filter(|(at, _)| day.start.minus(BEFORE) <= *at && *at < end).collect();
    let level = settings.levels.overflow.get();
    let (overflow_h, monitored_h) = overflow_hours(&kept, interval, (day.start, end), level, &settings.round);
    let collections: Vec<f64> = history.emptyings().filter(|(at, _)| within(*at)).map(|(_, e)| e.before).collect();
    let at_midnight = kept.iter().rev().find(|(at, _)| *at < day.start).map(|(_, level)| *level);
    let due = at_midnight.is_some_and(|level| level >= settings.round.fill.get());
    let raised_within = |services: &[Service]| services.iter().copied().filter(|s| within(s.raised)).collect();
    let expected = end.since(day.start).as_millis().checked_div(interval.as_millis()).unwrap_or(0);
    BinDay {
        overflow_h,
        monitored_h,
        critical: raised_within(critical),
        overflow: raised_within(overflow),
        missed: due && collections.is_empty() && day.end <= now,
        collections,
        received: history.samples().iter().filter(|(at, _)| within(*at)).count() as u64,
        expected: u64::try_from(expected).unwrap_or(u64::MAX),
    }
}

fn table(rows: &[Row], by_day: bool) -> Table {
    let mut columns = vec!["contractor", "zone"];
    if by_day {
        columns.push("date");
    }
    columns.extend([
        "bins",
        "overflow_h",
        "overflow_rate",
        "response_median_h",
        "response_p90_h",
        "critical_in_time",
        "overflow_in_time",
        "collections",
        "unnecessary",
        "missed",
        "availability",
    ]);
    let number = |said: &Said<f64>| said.cell(|v| Cell::Number(*v));
    let row = |row: &Row| {
        let mut cells = vec![Cell::text(&row.contractor), Cell::text(&row.zone)];
        cells.extend(row.date.map(Cell::Day));
        let told = &row.told;
        cells.extend([
            Cell::count(row.bins),
            Cell::Number(told.overflow_h),
            number(&told.overflow_rate),
            number(&told.response_median_h),
            number(&told.response_p90_h),
            number(&told.critical_in_time),
            number(&told.overflow_in_time),
            Cell::count(told.collections),
            Cell::count(told.unnecessary),
            Cell::count(told.missed),
            number(&told.availability),
        ]);
        cells
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}
