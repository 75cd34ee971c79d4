//! What the reports of air ask: a station over a period, and the European index of its hours.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ports::DeviceView;
use schemas::{DeviceId, HOUR, Timestamp};
use serde::Deserialize;

use crate::page::air::Judged;
use crate::page::parts::Told;
use crate::page::visit::Visit;
use crate::problem::Problem;

/// Stations of one report.
const STATIONS: usize = 40;

#[derive(Deserialize)]
struct Known {
    devices: Vec<DeviceView>,
}

/// The city's air stations, those that have said something in the period or not.
pub(super) async fn stations(visit: &Visit) -> Result<Vec<DeviceId>, Problem> {
    let known: Known = visit.ask(&format!("devices?kind=air&limit={STATIONS}")).await?;
    Ok(known.devices.into_iter().map(|view| view.device.id).collect())
}

/// A station over a period.
#[derive(Deserialize)]
pub(super) struct Report {
    pub(super) pollutants: Vec<Summary>,
    pub(super) days: Vec<Day>,
    pub(super) limits: Vec<Judged>,
    pub(super) notes: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Summary {
    pub(super) pollutant: String,
    pub(super) valid: u32,
    pub(super) expected: u32,
    pub(super) mean: Told<f64>,
    pub(super) max_hour: Option<Peak>,
}

#[derive(Deserialize)]
pub(super) struct Peak {
    pub(super) value: f64,
    pub(super) start: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Day {
    pub(super) pollutant: String,
    pub(super) mda8: Told<Mda8>,
}

#[derive(Deserialize)]
pub(super) struct Mda8 {
    pub(super) value: f64,
}

impl Report {
    pub(super) fn of(&self, pollutant: &str) -> Option<&Summary> {
        self.pollutants.iter().find(|summary| summary.pollutant == pollutant)
    }

    /// The largest eight-hour mean of ozone of the period.
    pub(super) fn ozone(&self) -> Option<f64> {
        let of = self.days.iter().filter(|day| day.pollutant == "o3").filter_map(|day| day.mda8.value.as_ref());
        of.map(|mda8| mda8.value).reduce(f64::max)
    }
}

#[derive(Deserialize)]
struct Index {
    hours: Vec<Hour>,
}

#[derive(Deserialize)]
struct Hour {
    station: DeviceId,
    start: Timestamp,
    index: Told<Level>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Level {
    pub(super) level: u8,
    pub(super) dominant: String,
}

/// The European index of each hour of a period, by station; none where it is not known.
pub(super) struct Hours {
    stations: BTreeMap<DeviceId, BTreeMap<Timestamp, Level>>,
    first: Timestamp,
    end: Timestamp,
}

impl Hours {
    pub(super) async fn of(visit: &Visit, first: Date, last: Date) -> Result<Self, Problem> {
        let told: Index = visit.ask(&format!("air/index?from={first}&to={last}")).await?;
        let mut stations: BTreeMap<DeviceId, BTreeMap<Timestamp, Level>> = BTreeMap::new();
        for hour in told.hours {
            let known = stations.entry(hour.station).or_default();
            known.extend(hour.index.value.map(|level| (hour.start, level)));
        }
        let city = visit.house().city.time();
        Ok(Self { stations, first: city.day(first).start, end: city.day(last).end })
    }

    /// Each hour of the period.
    pub(super) fn levels(&self, station: &DeviceId) -> Vec<Option<u8>> {
        let known = self.stations.get(station);
        self.starts().map(|start| known.and_then(|known| known.get(&start)).map(|level| level.level)).collect()
    }

    fn starts(&self) -> impl Iterator<Item = Timestamp> {
        let end = self.end;
        let next = |start: &Timestamp| Some(Timestamp::clamped(start.millis() + HOUR));
        std::iter::successors(Some(self.first.hour()), next).take_while(move |start| *start < end)
    }

    /// The worst hour of a station.
    pub(super) fn worst(&self, station: &DeviceId) -> Option<&Level> {
        self.stations.get(station)?.values().max_by_key(|level| level.level)
    }

    /// The worst hour of each local day, over all stations.
    pub(super) fn days(&self, visit: &Visit) -> BTreeMap<Date, u8> {
        let city = visit.house().city.time();
        let mut days = BTreeMap::new();
        for (start, level) in self.stations.values().flatten() {
            let worst: &mut u8 = days.entry(city.date(*start)).or_default();
            *worst = level.level.max(*worst);
        }
        days
    }
}
