//! A zone of bays in which two sensors in a hundred fail: how far what is heard lies from what is true, hour by hour; and air
//! stations, of which only is shown how often the index of an hour is the true one.

use std::collections::BTreeMap;
use std::time::Duration;

use domains::air::{HourlySeries, Pollutant, Siting, eaqi};
use domains::parking::{ParkingSettings, Report, SensorFault, Transition, occupancy_over, sensor_faults, transitions};
use domains::{median, nearest_rank};
use schemas::{HOUR, Timestamp};
use simulators::{BaySeason, Season};

use super::{Figure, in_f64, ratio};

/// Of a hundred sensors, those that fail.
const FAULTY: u32 = 2;
/// Hours between two looks at the sensors.
const LOOK: i64 = 6;
/// Air stations that are looked at.
const STATIONS: u32 = 2;
/// In the first days nothing is settled.
const FIRST_DAYS: i64 = 1;

/// One bay, as its sensor told it.
struct Space {
    transitions: Vec<Transition>,
    heard: Vec<Timestamp>,
}

impl Space {
    /// Its transitions within a time, with the state in which that begins, and when it was heard last before the end.
    fn known(&self, (from, to): (Timestamp, Timestamp)) -> (&[Transition], Option<Timestamp>) {
        let begins = self.transitions.partition_point(|t| t.at < from).saturating_sub(1);
        let known = begins..self.transitions.partition_point(|t| t.at < to);
        let heard = self.heard.partition_point(|at| *at < to).checked_sub(1).and_then(|last| self.heard.get(last));
        (self.transitions.get(known).unwrap_or_default(), heard.copied())
    }
}

/// The figures of a zone of so many bays.
pub(super) fn figures(season: &Season, bays: u32) -> Vec<Figure> {
    let settings = ParkingSettings::shipped();
    let made: Vec<BaySeason> = (0..bays).map(|n| season.bay(n, FAULTY)).collect();
    let spaces: Vec<Space> = made.iter().map(|bay| space(bay, season.end(), &settings)).collect();
    let mut errors = Vec::new();
    let mut look = season.start().millis() + FIRST_DAYS * 24 * HOUR;
    while look < season.end().millis() {
        let trusted = trusted(&spaces, Timestamp::clamped(look), &settings);
        for hour in 0..LOOK {
            let window = (Timestamp::clamped(look + hour * HOUR), Timestamp::clamped(look + (hour + 1) * HOUR));
            let told = occupancy_over(&trusted, window, &settings.occupancy).percent.value();
            errors.extend(told.map(|told| (told - true_percent(&made, window)).abs()));
        }
        look += LOOK * HOUR;
    }
    let worst = errors.iter().copied().reduce(f64::max);
    let hours = format!("{} hours, {FAULTY} % faulty sensors, points", errors.len());
    let mut figures = vec![
        Figure::at_most("zone occupancy, error in the worst hour", worst, 1.0, hours),
        Figure::shown("zone occupancy, error in 95 of 100", nearest_rank(&errors, 95.0), "points".to_owned()),
        Figure::shown("zone occupancy, median error", median(&errors), "points".to_owned()),
    ];
    figures.push(stations(season));
    figures
}

fn space(bay: &BaySeason, end: Timestamp, settings: &ParkingSettings) -> Space {
    let report = |occupied: bool| if occupied { Report::Occupied } else { Report::Free };
    let reports: Vec<(Timestamp, Report)> = bay.said.iter().map(|said| (said.at, report(said.value))).collect();
    Space { transitions: transitions(&reports, end, &settings.space), heard: reports.iter().map(|(at, _)| *at).collect() }
}

/// What of each space is believed at a look, and until the next: what a sensor says that has not moved while its neighbours have
/// is not.
fn trusted<'a>(spaces: &'a [Space], now: Timestamp, settings: &ParkingSettings) -> Vec<&'a [Transition]> {
    let past = Duration::try_from_secs_f64((settings.sensor.stuck_days.get() + 1.0) * 86_400.0).unwrap_or(Duration::MAX);
    let known: Vec<_> = spaces.iter().map(|space| space.known((now.minus(past), now))).collect();
    let faults = sensor_faults(&known, now, &settings.space, &settings.sensor);
    let of = |(space, fault): (&'a Space, Option<SensorFault>)| {
        if fault.is_some_and(SensorFault::disbelieved) { &[][..] } else { space.transitions.as_slice() }
    };
    spaces.iter().zip(faults).map(of).collect()
}

/// Per cent of the zone that was occupied, weighted by time.
fn true_percent(bays: &[BaySeason], (from, to): (Timestamp, Timestamp)) -> f64 {
    let of_bay = |bay: &BaySeason| {
        let first = bay.truth.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let truth = bay.truth.get(first..).unwrap_or_default();
        let nexts = truth.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
        let steps = truth.iter().zip(nexts).take_while(|((at, _), _)| *at < to);
        let occupied = steps.filter(|((_, occupied), _)| *occupied).map(|((at, _), next)| next.min(to).since((*at).max(from)));
        occupied.sum::<Duration>().as_secs_f64()
    };
    let whole = to.since(from).as_secs_f64() * in_f64(bays.len());
    100.0 * bays.iter().map(of_bay).sum::<f64>() / whole
}

/// How often the European index of an hour is the one of the true means.
fn stations(season: &Season) -> Figure {
    const ORDER: [Pollutant; 4] = [Pollutant::Pm10, Pollutant::Pm25, Pollutant::No2, Pollutant::O3];
    let (mut same, mut all) = (0, 0);
    for n in 0..STATIONS {
        let station = season.station(n);
        let mut sums: BTreeMap<Timestamp, (usize, [f64; 4])> = BTreeMap::new();
        for said in &station.said {
            let hour = sums.entry(said.at.hour()).or_default();
            hour.0 += 1;
            hour.1.iter_mut().zip(said.value).for_each(|(sum, value)| *sum += value);
        }
        let series = |index: usize| {
            // Six a hour, and five of six are enough; four are not.
            let mean =
                |start: Timestamp| sums.get(&start).filter(|(n, _)| *n >= 5).and_then(|(n, s)| Some(s.get(index)? / in_f64(*n)));
            HourlySeries::new(season.start(), station.hours.iter().map(|hour| mean(hour.start)).collect()).ok()
        };
        let heard: Vec<(Pollutant, HourlySeries)> =
            ORDER.iter().enumerate().filter_map(|(i, p)| Some((*p, series(i)?))).collect();
        for hour in &station.hours {
            let told = heard.iter().filter_map(|(p, s)| Some((*p, s.at(hour.start)?))).collect();
            let truth = ORDER.into_iter().zip(hour.truth).collect();
            let level = |values: &BTreeMap<Pollutant, f64>| eaqi(values, Siting::Background).value().map(|i| i.level);
            if let Some(told) = level(&told) {
                all += 1;
                same += usize::from(level(&truth) == Some(told));
            }
        }
    }
    Figure::shown("hourly index as the true one", ratio(same, all), format!("{same} of {all} hours"))
}
