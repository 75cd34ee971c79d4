//! `GET /api/v1/air/exceedances`: a calendar year of a station against the limits of each set, and the episodes above the
//! information and alert thresholds.

use std::ops::Range;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::air::{Captures, Exceedance, Judgement, LimitSet, Statistic, alarm_episodes, exceedances as judge};
use domains::parameters::Status;
use domains::time::LocalDay;
use domains::{Capture, Finding};
use schemars::JsonSchema;
use schemas::{DeviceId, HOUR, Texts, Timestamp, Zone};
use serde::Serialize;

use super::{Hours, KEYS, stations};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The parameters that a year is judged by.
pub(super) const KEYS_OF_YEARS: [&[&str]; 2] = [&KEYS, &["capture.", "ending."]];
/// The hours before a year that its first eight-hour means reach back into.
pub(super) const BEFORE: Duration = Duration::from_secs(7 * 3600);

/// One way of counting, as it is told.
#[derive(Serialize, JsonSchema)]
pub(super) struct Counted {
    valid: usize,
    above: usize,
    longest_run: usize,
    /// ug/m3.
    figure: Said<f64>,
    kept: Said<bool>,
}

impl Counted {
    fn of(judgement: Judgement) -> Self {
        let Judgement { valid, above, longest_run, figure, kept } = judgement;
        Self { valid, above, longest_run, figure: Said(figure), kept: Said(kept) }
    }
}

/// One limit and a year, as it is told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirExceedancesRow")]
pub(super) struct Row {
    #[serde(flatten)]
    limit: domains::air::Limit,
    expected: usize,
    /// Over all days.
    all: Counted,
    /// Without the days that a person has flagged as natural dust.
    without_dust: Counted,
    /// Complete enough for a legal report.
    legal_grade: bool,
}

/// A set of limits and a year.
#[derive(Serialize, JsonSchema)]
pub(super) struct Judged {
    pub(super) set: String,
    title: Texts,
    reference: String,
    status: Status,
    /// A legal claim may rest on it: verified, the law of the place, and not empty.
    is_law: bool,
    advisory: bool,
    year: i16,
    dust_days: usize,
    rows: Vec<Row>,
    episodes: Vec<Alarm>,
}

/// From the first value above a threshold to the one that ended it.
#[derive(Serialize, JsonSchema)]
struct Alarm {
    pollutant: &'static str,
    stage: domains::air::Stage,
    /// ug/m3.
    threshold: f64,
    status: Status,
    source: String,
    began: Timestamp,
    raised: Timestamp,
    ended: Option<Timestamp>,
    /// ug/m3.
    peak: f64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirExceedances")]
struct Body {
    station: DeviceId,
    zone: Zone,
    from: Timestamp,
    to: Timestamp,
    sets: Vec<Judged>,
}

pub(super) const EXCEEDANCES: Operation =
    Operation::get("/api/v1/air/exceedances", "The calendar years of a station against the limits of each set, and its episodes")
        .takes(&[
            known::STATION,
            Parameter::text("set", "Only these sets of limits").list(),
            known::DAY_FROM,
            known::DAY_TO,
            known::FORMAT,
        ])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn exceedances(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = EXCEEDANCES.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let range = asked(house, &params)?;
    let sets = sets(house, &params)?;
    let _permit = gather::permit(&rooms)?;
    let device = one_station(house, &params).await?;
    let hours = Hours::of(house, &device.id, range.start.minus(BEFORE)..range.end).await?;
    let judged = of_years(house, &hours, &sets, &range);
    let table = table(&judged);
    let mut notes = hours.notes;
    if hours.series.is_empty() {
        notes.push(format!("no data: nothing was heard of {} in this period", device.id));
    }
    notes.extend(warnings(&judged));
    let answer = Answer {
        name: "air-exceedances",
        title: format!("Exceedances at {} ({})", device.id, device.zone),
        body: Body { station: device.id, zone: device.zone, from: range.start, to: range.end, sets: judged },
        table,
        notes,
        rests_on: resting(&house.parameters.air.rows, &KEYS_OF_YEARS.concat()),
    };
    answer.told(format, house)
}

/// The period of a request: the present calendar year where it says none.
pub(super) fn asked(house: &House, params: &Params) -> Result<Range<Timestamp>, Problem> {
    let (city, now) = (house.city.time(), house.clock.now());
    let today = i32::from(city.date(now).day_of_year());
    Ok(whole_hours(&params.period(now, city, today)?))
}

/// The one station that a request names.
pub(super) async fn one_station(house: &House, params: &Params) -> Result<schemas::Device, Problem> {
    const EXPECTED: &str = "the id of one air station";
    if params.one("station")?.is_none() {
        return Err(Problem::parameter("station", "a station is needed", EXPECTED));
    }
    let mut found = stations(house, params).await?;
    match (found.pop(), found.is_empty()) {
        (Some(device), true) => Ok(device),
        _ => Err(Problem::parameter("station", "one station is judged at a time", EXPECTED)),
    }
}

/// The sets that a request names by `set`; all where it names none.
pub(super) fn sets<'a>(house: &'a House, params: &Params) -> Result<Vec<&'a LimitSet>, Problem> {
    let all = &house.parameters.limits;
    let names: Vec<&str> = all.iter().map(|set| set.id.as_str()).collect();
    let expected = format!("some of {}, joined by commas", names.join(", "));
    let named: Vec<String> = params.list("set", &expected)?;
    if let Some(odd) = named.iter().find(|id| !names.contains(&id.as_str())) {
        let odd: String = odd.chars().take(64).collect();
        return Err(Problem::parameter("set", format!("there is no set of limits `{odd}`"), expected));
    }
    Ok(all.iter().filter(|set| named.is_empty() || named.contains(&set.id)).collect())
}

/// The calendar years that a period touches, against each set.
pub(super) fn of_years(house: &House, hours: &Hours, sets: &[&LimitSet], range: &Range<Timestamp>) -> Vec<Judged> {
    let city = house.city.time();
    let last = city.date(range.end.minus(Duration::from_millis(1))).year();
    let years = (city.date(range.start).year()..=last).flat_map(|year| sets.iter().map(move |set| (year, *set)));
    years.map(|(year, set)| of_year(house, hours, set, year)).collect()
}

/// One set and one calendar year.
pub(super) fn of_year(house: &House, hours: &Hours, set: &LimitSet, year: i16) -> Judged {
    let settings = &house.parameters.air.numbers;
    let captures = Captures {
        day: settings.day_capture(),
        year: settings.year_capture(),
        legal: Capture { share: settings.capture.legal.get() },
    };
    let found = judge(set, &hours.series, house.city.time(), year, &house.parameters.dust, captures);
    let row = |row: Exceedance| {
        let Exceedance { limit, expected, all, without_dust, legal_grade } = row;
        Row { limit, expected, all: Counted::of(all), without_dust: Counted::of(without_dust), legal_grade }
    };
    Judged {
        set: set.id.clone(),
        title: set.title.clone(),
        reference: set.reference.clone(),
        status: set.status,
        is_law: set.is_law(),
        advisory: set.advisory,
        year,
        dust_days: found.dust_days,
        rows: found.rows.into_iter().map(row).collect(),
        episodes: episodes(house, hours, set, year),
    }
}

fn episodes(house: &House, hours: &Hours, set: &LimitSet, year: i16) -> Vec<Alarm> {
    let (settings, city) = (&house.parameters.air.numbers, house.city.time());
    let days: Vec<LocalDay> = city.year(year).collect();
    let mut found = Vec::new();
    for alarm in &set.alarm {
        let Some(series) = hours.series.get(&alarm.pollutant) else { continue };
        let starts: Vec<Timestamp> = match alarm.statistic {
            Statistic::Day => days.iter().map(|day| day.start).collect(),
            _ => days.iter().flat_map(of_day).collect(),
        };
        let values: Vec<Option<f64>> = match alarm.statistic {
            Statistic::Day => {
                days.iter().map(|day| settings.day_capture().mean(series.of_day(*day), day.hours()).value()).collect()
            }
            _ => starts.iter().map(|start| series.at(*start)).collect(),
        };
        let threshold = f64::from(alarm.value);
        for episode in alarm_episodes(&values, threshold, alarm.consecutive.get(), &settings.ending) {
            let at = |index: usize| starts.get(index).copied();
            let Some((began, raised)) = at(episode.began).zip(at(episode.raised)) else { continue };
            let (stage, status, source) = (alarm.stage, alarm.status, alarm.source.clone());
            let (ended, peak) = (episode.ended.and_then(at), episode.peak);
            found.push(Alarm { pollutant: alarm.pollutant.code(), stage, threshold, status, source, began, raised, ended, peak });
        }
    }
    found
}

fn of_day(day: &LocalDay) -> Vec<Timestamp> {
    (0..day.hours()).map(|hour| Timestamp::clamped(day.start.millis() + hour as i64 * HOUR)).collect()
}

/// What nobody may overlook.
pub(super) fn warnings(judged: &[Judged]) -> Vec<String> {
    let mut notes =
        vec!["No figure here declares an emergency: measures are ordered by the wali (décret 2-09-286, article 7).".to_owned()];
    for set in judged {
        if set.rows.is_empty() {
            let (id, status) = (&set.set, set.status.code());
            notes.push(format!("{id} is {status} and has no limits here: {}. Nothing is judged by it.", set.reference));
        }
        for alarm in &set.episodes {
            let (what, since) = (alarm.pollutant, alarm.raised);
            notes.push(format!("{}: {what} above {} (référence UE), {:?} since {since}", set.set, alarm.threshold, alarm.stage));
        }
    }
    notes.dedup();
    notes
}

/// A row a limit, year and set.
pub(super) fn table(judged: &[Judged]) -> Table {
    let columns = vec![
        "set",
        "year",
        "pollutant",
        "statistic",
        "limit",
        "permitted",
        "above",
        "above_without_dust",
        "figure",
        "kept",
        "valid",
        "expected",
        "legal_grade",
        "status",
        "reason",
    ];
    let mut rows = Vec::new();
    for set in judged {
        for row in &set.rows {
            let permitted = row.limit.permitted.map(|p| Cell::Count(u64::from(p)));
            let percentile = row.limit.percentile.map(|q| Cell::text(&format!("P{q}")));
            rows.push(vec![
                Cell::text(&set.set),
                Cell::Number(f64::from(set.year)),
                Cell::text(row.limit.pollutant.code()),
                Cell::text(&code(&row.limit.statistic)),
                Cell::Number(f64::from(row.limit.value)),
                permitted.or(percentile).unwrap_or(Cell::Empty),
                Cell::count(row.all.above),
                Cell::count(row.without_dust.above),
                row.all.figure.cell(|v| Cell::Number(*v)),
                row.all.kept.cell(|v| Cell::Is(*v)),
                Cell::count(row.all.valid),
                Cell::count(row.expected),
                Cell::Is(row.legal_grade),
                Cell::text(row.limit.status.code()),
                row.all.kept.reason(),
            ]);
        }
    }
    Table { columns, rows }
}

/// The stable code of a word of a closed list, as it stands in JSON.
fn code(word: &impl Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

impl Judged {
    /// Limits of which it is known that they were exceeded.
    pub(super) fn exceeded(&self) -> usize {
        self.rows.iter().filter(|row| row.all.kept.0 == Finding::Value(false)).count()
    }
}
