//! `/api/v1/air`: the index, exceedances of limits, the report of a station, and how its air usually is.
//!
//! Everything is made from UTC hours of the store by `domains::air`. Deliberately absent: any declaration of an episode;
//! that is the wali's.

mod calendar;
mod citywide;
mod exceedances;
mod history;
mod index;
mod patterns;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use domains::air::{Doubt, HourlySeries, Pollutant, Siting, check_hours, check_particles};
use domains::median;
use schemas::{Device, DeviceId, HOUR, Kind, Partial, Quantity, Timestamp};

use super::gather;
use crate::house::{House, Rooms};
use crate::openapi::Paths;
use crate::params::Params;
use crate::problem::Problem;

pub(crate) use citywide::MOST_STATIONS;

/// The addresses about air.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new()
        .at(&index::INDEX, index::index)
        .at(&exceedances::EXCEEDANCES, exceedances::exceedances)
        .at(&citywide::CITYWIDE, citywide::citywide)
        .at(&report::REPORT, report::report)
        .at(&history::NOW, history::now)
        .at(&history::HISTORY, history::history)
        .at(&calendar::CALENDAR, calendar::calendar)
        .at(&patterns::PROFILE, patterns::profile)
        .at(&patterns::ROSE, patterns::rose)
}

/// The parameters by which every answer about air is made.
const KEYS: [&str; 3] = ["capture.hour", "quality.", "low_cost."];

/// The stations that a request names: `station`, a list, and `zone`; all where it names none.
async fn stations(house: &House, params: &Params) -> Result<Vec<Device>, Problem> {
    let named: Vec<DeviceId> = params.list("station", "ids of air stations joined by commas")?;
    let all = gather::devices(house, Kind::AIR, params.zone()?.as_ref()).await?;
    gather::only(all, &named, "station")
}

/// The pollutant that a request names.
fn pollutant(params: &Params) -> Result<Option<Pollutant>, Problem> {
    let Some(code) = params.one("pollutant")? else { return Ok(None) };
    let known: Vec<&str> = Pollutant::ALL.into_iter().map(Pollutant::code).collect();
    let unknown = || Problem::parameter("pollutant", "there is no such pollutant", format!("one of {}", known.join(", ")));
    Pollutant::from_code(code).map(Some).ok_or_else(unknown)
}

/// The pollutant that an answer is about.
fn one_pollutant(params: &Params) -> Result<Pollutant, Problem> {
    let missing = || Problem::parameter("pollutant", "a pollutant is needed", "the code of one, such as pm10");
    pollutant(params)?.ok_or_else(missing)
}

/// The valid hours of a station.
struct Hours {
    /// What the law and indices name, ug/m3; hours that are invalid or too thin are empty.
    series: BTreeMap<Pollutant, HourlySeries>,
    /// PM2.5 as the sensor said it, where it is corrected.
    raw_pm25: Option<HourlySeries>,
    /// What was doubted, in order of pollutant and time.
    doubts: Vec<(Pollutant, Timestamp, Doubt)>,
    siting: Siting,
    /// What was assumed of the station.
    notes: Vec<String>,
}

impl Hours {
    /// Of a station, over whole hours.
    async fn of(house: &House, device: &DeviceId, range: Range<Timestamp>) -> Result<Self, Problem> {
        let station = house.parameters.station(device);
        let measured: Vec<(Pollutant, Quantity)> = Pollutant::ALL.into_iter().filter_map(|p| Some((p, p.quantity()?))).collect();
        let mut quantities: Vec<Quantity> = measured.iter().map(|(_, q)| *q).collect();
        if station.low_cost {
            quantities.push(Quantity::AIR_HUMIDITY);
        }
        let partials = gather::hours(house, device, &quantities, range.clone()).await?;
        let mut notes = Vec::new();
        if station.siting.is_none() {
            notes.push(format!("{device}: nobody says where it stands; taken for a background station (domains.station)"));
        }
        let mut of =
            |quantity| hourly(house, device, &partials, quantity, &range, station.every.map(|e| e.as_secs_f64()), &mut notes);
        let mut series = BTreeMap::new();
        for (pollutant, quantity) in measured {
            if let Some(hours) = of(quantity)? {
                series.insert(pollutant, hours);
            }
        }
        let humidity = if station.low_cost { of(Quantity::AIR_HUMIDITY)? } else { None };
        let mut hours =
            Self { series, raw_pm25: None, doubts: Vec::new(), siting: station.siting.unwrap_or(Siting::Background), notes };
        if station.low_cost {
            hours.correct(house, device, humidity.as_ref())?;
        }
        hours.check(house);
        Ok(hours)
    }

    /// Corrects PM2.5 for humidity; an hour without humidity cannot be and is empty.
    fn correct(&mut self, house: &House, device: &DeviceId, humidity: Option<&HourlySeries>) -> Result<(), Problem> {
        let Some(raw) = self.series.remove(&Pollutant::Pm25) else { return Ok(()) };
        let (fit, pm10) = (&house.parameters.air.numbers.low_cost, self.series.get(&Pollutant::Pm10));
        let at = |slot: usize| Timestamp::clamped(raw.start().millis() + slot as i64 * HOUR);
        let mut uncertain = 0;
        let corrected = raw.values().iter().enumerate().map(|(slot, value)| {
            let now = at(slot);
            let found = fit.apply((*value)?, humidity.and_then(|h| h.at(now))?, pm10.and_then(|p| p.at(now)));
            uncertain += usize::from(found.uncertain);
            Some(found.corrected)
        });
        let corrected = HourlySeries::new(raw.start(), corrected.collect()).map_err(odd_series)?;
        self.notes.push(format!("{device}: PM2.5 is corrected for humidity; {uncertain} hours of dry, coarse air are uncertain"));
        self.series.insert(Pollutant::Pm25, corrected);
        self.raw_pm25 = Some(raw);
        Ok(())
    }

    /// Takes out what cannot be, and notes what can hardly be.
    fn check(&mut self, house: &House) {
        let settings = &house.parameters.air.numbers.quality;
        let at = |series: &HourlySeries, slot: usize| Timestamp::clamped(series.start().millis() + slot as i64 * HOUR);
        for (pollutant, series) in &mut self.series {
            let found = check_hours(*pollutant, series.values(), settings);
            self.doubts.extend(found.iter().map(|(slot, doubt)| (*pollutant, at(series, *slot), *doubt)));
            let invalid: BTreeSet<usize> =
                found.into_iter().filter(|(_, doubt)| doubt.is_invalid()).map(|(slot, _)| slot).collect();
            *series = series.filtered(|slot| !invalid.contains(&slot));
        }
        if let Some((fine, coarse)) = self.series.get(&Pollutant::Pm25).zip(self.series.get(&Pollutant::Pm10)) {
            let found = check_particles(fine.values(), coarse.values(), settings);
            let both = found
                .into_iter()
                .flat_map(|(slot, doubt)| [Pollutant::Pm25, Pollutant::Pm10].map(|pollutant| (pollutant, at(fine, slot), doubt)));
            self.doubts.extend(both);
        }
        self.doubts.sort_unstable();
    }

    /// What each pollutant was in the hour that holds an instant.
    fn at(&self, at: Timestamp) -> BTreeMap<Pollutant, f64> {
        self.series.iter().filter_map(|(pollutant, series)| Some((*pollutant, series.at(at)?))).collect()
    }
}

/// The hours of one quantity; none where it was never measured. `every` is how often the station reports, seconds.
fn hourly(
    house: &House,
    device: &DeviceId,
    partials: &[Partial],
    quantity: Quantity,
    range: &Range<Timestamp>,
    every: Option<f64>,
    notes: &mut Vec<String>,
) -> Result<Option<HourlySeries>, Problem> {
    let of_it = || partials.iter().filter(|p| p.series.quantity == quantity);
    let Some(channel) = of_it().map(|p| p.series.channel).min() else { return Ok(None) };
    let mine: Vec<Partial> = of_it().filter(|p| p.series.channel == channel).cloned().collect();
    // What a station usually sends in an hour is what it is held to where nobody says how often it reports.
    let counts: Vec<f64> = mine.iter().map(|p| p.count as f64).collect();
    let expected = match every {
        Some(seconds) if seconds > 0.0 => 3_600.0 / seconds,
        _ => {
            let usual = median(&counts).unwrap_or(1.0);
            notes.push(format!(
                "{device}: {} is held to {usual} readings an hour, as it usually sends (domains.station)",
                quantity.name()
            ));
            usual
        }
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates, and a count is small")]
    let expected = expected.floor().max(1.0) as u32;
    let share = house.parameters.air.numbers.capture.hour.get();
    HourlySeries::from_partials(range.start, range.end, &mine, expected, share).map(Some).map_err(odd_series)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function on Result::map_err")]
fn odd_series(cause: domains::air::SeriesError) -> Problem {
    Problem::parameter("from", cause.to_string(), "a shorter period")
}
