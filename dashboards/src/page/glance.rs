//! One look at the store and the console: what the front page shows, before any language. Pages asked
//! within `page_age` share it. A part that could not be read is none, and the others stand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ports::{AlertFilter, AlertView, DeviceFilter, DeviceView, Points, Query, Selector, Shape, Status};
use schemas::{DeviceId, Grade, HOUR, Kind, Partial, Phase, Quantity, Reading, Timestamp, Vocabulary, Zone};

use domains::air::{Index, Pollutant, Siting, eaqi};
use domains::median;
use domains::parking::{OccupancySettings, SpaceCounts, occupancy};
use domains::water::{Cell, PrivacySettings, Publication, judge_cell, publish};

use crate::atlas;
use crate::house::Rooms;
use crate::lang::Lang;
use crate::parameters::Parameters;

/// The quantities of a station's row, in the order of its columns.
pub(crate) const POLLUTANTS: [Quantity; 4] = [Quantity::AIR_PM10, Quantity::AIR_PM2_5, Quantity::AIR_NO2, Quantity::AIR_O3];
/// Hours of a sparkline.
pub(crate) const HOURS: usize = 24;
/// Hour partials asked for at most: 2,000 series of a day.
const PARTIALS: usize = 50_000;
/// Open alerts read at most.
const ALERTS: usize = 500;
/// An air station that said nothing for so long is shown as silent.
const AIR_SILENT: Duration = Duration::from_secs(3600);
/// Bins, bays and meters speak seldom: some once a day.
const SILENT: Duration = Duration::from_secs(26 * 3600);

/// What the front page shows.
pub(crate) struct Glance {
    pub(crate) at: Timestamp,
    pub(crate) status: Option<Status>,
    /// Messages a second since the last look.
    pub(crate) rate: Option<f64>,
    pub(crate) alerts: Option<Vec<AlertView>>,
    pub(crate) devices: BTreeMap<DeviceId, DeviceView>,
    pub(crate) bins: Option<Vec<Bin>>,
    pub(crate) stations: Option<Vec<Station>>,
    pub(crate) lots: Option<Vec<Lot>>,
    pub(crate) meters: Option<Vec<Meter>>,
    /// The last values of the city's own kinds, by device and quantity.
    pub(crate) own: Vec<(Kind, Option<Vec<Reading>>)>,
    /// What it is judged by.
    pub(crate) parameters: Arc<Parameters>,
}

/// A bin and its last word.
pub(crate) struct Bin {
    pub(crate) reading: Reading,
    /// Percent; none if it is silent or cannot be believed.
    pub(crate) fill: Option<f64>,
}

impl Bin {
    /// 0 under 50 %, 1 to 75, 2 to 90, 3 from 90 on.
    pub(crate) fn class(&self) -> Option<usize> {
        self.fill.map(fill_class)
    }
}

/// 0 under 50 %, 1 to 75, 2 to 90, 3 from 90 on.
pub(crate) fn fill_class(percent: f64) -> usize {
    [50.0, 75.0, 90.0].iter().filter(|edge| percent >= **edge).count()
}

/// An air station, its last values and its day.
pub(crate) struct Station {
    pub(crate) device: DeviceId,
    pub(crate) zone: Zone,
    pub(crate) last: [Option<Reading>; 4],
    pub(crate) heard: Timestamp,
    pub(crate) silent: bool,
    /// Mean PM10 of each of the last hours, the present one last.
    pub(crate) day: [Option<f64>; HOURS],
    /// The European index of the last whole hour.
    pub(crate) index: Option<Index>,
}

impl Station {
    /// The last PM10 that can be believed.
    pub(crate) fn pm10(&self) -> Option<f64> {
        self.last[0].as_ref().filter(|r| !self.silent && believed(r)).map(|r| r.value)
    }
}

/// The bays of a zone.
pub(crate) struct Lot {
    pub(crate) zone: Zone,
    pub(crate) free: u64,
    pub(crate) taken: u64,
    /// Silent or not to be believed.
    pub(crate) unknown: u64,
    /// Too much is unknown for the share to be relied on.
    pub(crate) doubtful: bool,
}

/// A connection and its day: never shown singly.
pub(crate) struct Meter {
    pub(crate) device: DeviceId,
    pub(crate) zone: Zone,
    /// Cubic metres used in each of the last hours, the present one last.
    pub(crate) day: [Option<f64>; HOURS],
}

impl Meter {
    /// Cubic metres of the hours that are known.
    pub(crate) fn used(&self) -> Option<f64> {
        let known: Vec<f64> = self.day.iter().flatten().copied().collect();
        (!known.is_empty()).then(|| known.iter().sum())
    }
}

/// Kinds that the program has no panel of their own for and a city looks at: those that it has added.
pub(crate) fn own_kinds() -> impl Iterator<Item = Kind> {
    const BUILT_IN: [Kind; 5] = [Kind::WASTE, Kind::AIR, Kind::PARKING, Kind::WATER, Kind::NETWORK];
    Vocabulary::current().kinds().filter(|kind| !BUILT_IN.contains(kind))
}

/// Whether a value may be shown as it is.
pub(crate) fn believed(reading: &Reading) -> bool {
    reading.quality.grade() != Grade::Bad
}

impl Glance {
    /// The present one, not older than `page_age`.
    pub(crate) async fn present(rooms: &Rooms) -> Arc<Glance> {
        let mut kept = rooms.glance.lock().await;
        let now = rooms.house.clock.now();
        if let Some(glance) = kept.as_ref().filter(|g| now.since(g.at) < rooms.house.settings.page_age && now >= g.at) {
            return glance.clone();
        }
        let glance = Arc::new(look(rooms, now, kept.as_deref()).await);
        *kept = Some(glance.clone());
        glance
    }

    /// Alerts that fire, and whether there may be more than were read.
    pub(crate) fn firing(&self) -> impl Iterator<Item = &AlertView> {
        self.alerts.iter().flatten().filter(|a| a.phase == Phase::Firing)
    }

    /// What people call a device: its label, else its id. A label that only says the zone is said in
    /// the reader's language. A meter keeps its id: a label could say whose it is.
    pub(crate) fn name(&self, lang: Lang, id: &DeviceId) -> String {
        let device = self.devices.get(id).map(|d| &d.device).filter(|d| d.kind != Kind::WATER);
        let Some((label, zone)) = device.and_then(|d| d.label.as_deref().map(|label| (label, &d.zone))) else {
            return id.to_string();
        };
        if atlas::same_name(label, zone) { atlas::zone_name(lang, zone) } else { label.to_owned() }
    }
}

/// The water of a zone over a day, or of all of them.
pub(crate) struct Used<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) connections: usize,
    /// Cubic metres; none where it is withheld.
    pub(crate) sum: Option<f64>,
}

fn cell(values: impl Iterator<Item = Option<f64>>) -> Cell {
    Cell { values: values.flatten().collect() }
}

fn published(publication: Publication) -> Option<f64> {
    if let Publication::Published { sum, .. } = publication { Some(sum) } else { None }
}

/// What of a day's water may be shown of each zone, by the rule of what is published.
pub(crate) fn by_zone<'a>(meters: &'a [Meter], privacy: &PrivacySettings) -> Vec<Used<'a>> {
    let mut zones: BTreeMap<&Zone, Vec<Option<f64>>> = BTreeMap::new();
    for meter in meters {
        zones.entry(&meter.zone).or_default().push(meter.used());
    }
    let cells: Vec<Cell> = zones.values().map(|of| cell(of.iter().copied())).collect();
    let told = zones.iter().zip(publish(&cells, privacy));
    told.map(|((zone, of), publication)| Used { zone, connections: of.len(), sum: published(publication) }).collect()
}

/// What of the city's water may be shown: the day, and each hour of it.
pub(crate) fn of_city(meters: &[Meter], privacy: &PrivacySettings) -> (Option<f64>, [Option<f64>; HOURS]) {
    let hour = |place: usize| cell(meters.iter().map(|m| m.day.get(place).copied().flatten()));
    let hours = std::array::from_fn(|place| published(judge_cell(&hour(place), privacy)));
    (published(judge_cell(&cell(meters.iter().map(Meter::used)), privacy)), hours)
}

fn read<T, E: std::fmt::Display>(what: &'static str, result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| tracing::warn!(part = what, %error, "a part of the page could not be read")).ok()
}

async fn look(rooms: &Rooms, now: Timestamp, before: Option<&Glance>) -> Glance {
    let (console, store) = (&rooms.house.console, &rooms.house.store);
    let status = read("status", console.status().await);
    let filter = AlertFilter { limit: ALERTS, ..AlertFilter::default() };
    let alerts = read("alerts", console.alerts(&filter).await);
    let filter = DeviceFilter { limit: rooms.house.settings.map_devices, ..DeviceFilter::default() };
    let devices = read("devices", console.devices(&filter).await).unwrap_or_default();
    let latest = async |kind: Kind, quantities: &[Quantity]| {
        let select = Selector { kind: Some(kind), quantities: quantities.to_vec(), ..Selector::default() };
        read(kind.name(), store.latest(&select).await)
    };
    let hourly = async |kind: Kind, quantities: &[Quantity]| {
        // One hour more than is shown: the first use of water is counted from the index before it.
        let hours = i64::try_from(HOURS).expect("a day's hours");
        let start = Timestamp::clamped(now.hour().millis() - hours * HOUR);
        let select = Selector { kind: Some(kind), quantities: quantities.to_vec(), ..Selector::default() };
        let range = start..Timestamp::clamped(now.hour().millis() + HOUR);
        let query = Query { select, range, shape: Shape::Hourly, limit: PARTIALS };
        match read(kind.name(), store.scan(&query).await) {
            Some(Points::Hourly { partials, .. }) => partials,
            // Without its day a station still has its last values.
            Some(Points::Raw { .. }) | None => Vec::new(),
        }
    };
    let bins = latest(Kind::WASTE, &[Quantity::WASTE_FILL]).await.map(|r| bins(r, now));
    let stations = match latest(Kind::AIR, &POLLUTANTS).await {
        None => None,
        Some(last) => Some(stations(last, &hourly(Kind::AIR, &POLLUTANTS).await, now, &rooms.house.parameters)),
    };
    let lots = latest(Kind::PARKING, &[Quantity::PARKING_OCCUPIED])
        .await
        .map(|r| lots(&r, now, &rooms.house.parameters.parking.numbers.occupancy));
    let meters = match latest(Kind::WATER, &[Quantity::WATER_VOLUME]).await {
        None => None,
        Some(last) => {
            let mut meters = meters(last, &hourly(Kind::WATER, &[Quantity::WATER_VOLUME]).await, now);
            meters.retain(|meter| !rooms.house.parameters.is_bulk(&meter.device));
            Some(meters)
        }
    };
    let mut own = Vec::new();
    for kind in own_kinds() {
        let last = latest(kind, &[]).await.map(|mut readings| {
            readings.sort_by(|a, b| a.series.cmp(&b.series));
            readings
        });
        own.push((kind, last));
    }
    let rate = status.as_ref().and_then(|s| rate(s, before));
    let devices = devices.into_iter().map(|d| (d.device.id.clone(), d)).collect();
    Glance {
        at: now,
        status,
        rate,
        alerts,
        devices,
        bins,
        stations,
        lots,
        meters,
        own,
        parameters: rooms.house.parameters.clone(),
    }
}

/// Messages a second since the last look, or since the program started.
#[expect(clippy::cast_precision_loss, reason = "a rate for people needs three digits")]
fn rate(status: &Status, before: Option<&Glance>) -> Option<f64> {
    let earlier = before.and_then(|g| g.status.as_ref()).filter(|s| status.now.since(s.now) >= Duration::from_millis(500));
    let (received, span) = match earlier {
        Some(earlier) => (status.identity.received.saturating_sub(earlier.identity.received), status.now.since(earlier.now)),
        None => (status.sources.iter().map(|s| s.received).sum(), status.now.since(status.started_at)),
    };
    (span >= Duration::from_millis(500)).then(|| received as f64 / span.as_secs_f64())
}

fn bins(readings: Vec<Reading>, now: Timestamp) -> Vec<Bin> {
    let bin = |reading: Reading| {
        let fill = (believed(&reading) && now.since(reading.observed_at) < SILENT).then_some(reading.value.clamp(0.0, 100.0));
        Bin { reading, fill }
    };
    let mut bins: Vec<_> = readings.into_iter().map(bin).collect();
    // Fullest first; those that say nothing come last.
    bins.sort_by(|a, b| b.fill.unwrap_or(-1.0).total_cmp(&a.fill.unwrap_or(-1.0)));
    bins
}

/// The place of an hour in a day that ends with the present one.
fn hour_place(start: Timestamp, now: Timestamp) -> Option<usize> {
    let ago = usize::try_from((now.hour().millis() - start.millis()).div_euclid(HOUR)).ok()?;
    (HOURS - 1).checked_sub(ago)
}

/// The index of the last whole hour, over those pollutants of which the hour has as much as a station usually sends.
fn index(partials: &[&Partial], siting: Siting, capture: f64, now: Timestamp) -> Option<Index> {
    let hour = Timestamp::clamped(now.hour().millis() - HOUR);
    let mut values = BTreeMap::new();
    for pollutant in Pollutant::ALL {
        let of = |p: &&&Partial| Some(p.series.quantity) == pollutant.quantity() && p.series.channel == 0;
        #[expect(clippy::cast_precision_loss, reason = "readings of an hour")]
        let counts: Vec<f64> = partials.iter().filter(of).filter(|p| p.start <= hour).map(|p| p.count as f64).collect();
        let usual = median(&counts).unwrap_or(0.0);
        let told = partials.iter().filter(of).find(|p| p.start == hour);
        #[expect(clippy::cast_precision_loss, reason = "readings of an hour")]
        let whole = told.filter(|p| p.count as f64 >= capture * usual);
        values.extend(whole.map(|p| (pollutant, p.mean())));
    }
    eaqi(&values, siting).value()
}

fn stations(readings: Vec<Reading>, partials: &[Partial], now: Timestamp, parameters: &Parameters) -> Vec<Station> {
    let mut stations: BTreeMap<DeviceId, Station> = BTreeMap::new();
    for reading in readings {
        let Some(place) = POLLUTANTS.iter().position(|q| *q == reading.series.quantity) else { continue };
        let device = reading.series.device.clone();
        let station = stations.entry(device.clone()).or_insert_with(|| Station {
            device,
            zone: reading.zone.clone(),
            last: [const { None }; 4],
            heard: Timestamp::MIN,
            silent: false,
            day: [None; HOURS],
            index: None,
        });
        station.heard = station.heard.max(reading.observed_at);
        if let Some(slot) = station.last.get_mut(place).filter(|slot| slot.is_none()) {
            *slot = Some(reading);
        }
    }
    let mut hours: BTreeMap<DeviceId, Vec<&Partial>> = BTreeMap::new();
    for partial in partials {
        hours.entry(partial.series.device.clone()).or_default().push(partial);
    }
    for partial in partials.iter().filter(|p| p.series.quantity == Quantity::AIR_PM10) {
        let day = stations.get_mut(&partial.series.device).map(|s| &mut s.day);
        if let Some(slot) = day.zip(hour_place(partial.start, now)).and_then(|(day, place)| day.get_mut(place)) {
            *slot = Some(partial.mean());
        }
    }
    let mut stations: Vec<_> = stations.into_values().collect();
    for station in &mut stations {
        station.silent = now.since(station.heard) >= AIR_SILENT;
        let siting = parameters.station(&station.device).siting.unwrap_or(Siting::Background);
        let of = hours.get(&station.device).map(Vec::as_slice).unwrap_or_default();
        station.index = index(of, siting, parameters.air.numbers.capture.hour.get(), now).filter(|_| !station.silent);
    }
    // The worst air first.
    let level = |s: &Station| s.index.as_ref().map_or(0, |index| index.level);
    stations.sort_by(|a, b| level(b).cmp(&level(a)).then(b.pm10().unwrap_or(-1.0).total_cmp(&a.pm10().unwrap_or(-1.0))));
    stations
}

fn lots(readings: &[Reading], now: Timestamp, settings: &OccupancySettings) -> Vec<Lot> {
    let mut lots: BTreeMap<&Zone, Lot> = BTreeMap::new();
    for reading in readings {
        let zone = &reading.zone;
        let lot = lots.entry(zone).or_insert_with(|| Lot { zone: zone.clone(), free: 0, taken: 0, unknown: 0, doubtful: false });
        if !believed(reading) || now.since(reading.observed_at) >= SILENT {
            lot.unknown += 1;
        } else if reading.value >= 0.5 {
            lot.taken += 1;
        } else {
            lot.free += 1;
        }
    }
    let mut lots: Vec<_> = lots.into_values().collect();
    for lot in &mut lots {
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = SpaceCounts::new(count(lot.free + lot.taken + lot.unknown), count(lot.taken), count(lot.unknown), 0);
        lot.doubtful = counts.is_ok_and(|counts| occupancy(counts, settings).low_confidence);
    }
    // Largest first, so that a page that shows some shows the most bays.
    lots.sort_by_key(|l| std::cmp::Reverse(l.free + l.taken + l.unknown));
    lots
}

fn meters(readings: Vec<Reading>, partials: &[Partial], now: Timestamp) -> Vec<Meter> {
    let mut meters: BTreeMap<DeviceId, Meter> = BTreeMap::new();
    for reading in readings {
        let device = reading.series.device.clone();
        let zone = reading.zone.clone();
        let fresh = || Meter { device: device.clone(), zone, day: [None; HOURS] };
        meters.entry(device.clone()).or_insert_with(fresh);
    }
    // In the order of time, so that the index before an hour is known when the hour comes.
    let mut index: BTreeMap<&DeviceId, f64> = BTreeMap::new();
    for partial in partials.iter().filter(|p| p.series.channel == 0) {
        let before = index.insert(&partial.series.device, partial.last).unwrap_or(partial.first);
        let day = meters.get_mut(&partial.series.device).map(|m| &mut m.day);
        if let Some(slot) = day.zip(hour_place(partial.start, now)).and_then(|(day, place)| day.get_mut(place)) {
            // A counter that went back was replaced or has wrapped: what it used is not known here.
            *slot = Some(partial.last - before).filter(|used| *used >= 0.0);
        }
    }
    let mut meters: Vec<_> = meters.into_values().collect();
    meters.sort_by(|a, b| b.used().unwrap_or(-1.0).total_cmp(&a.used().unwrap_or(-1.0)));
    meters
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Quality, SeriesKey};

    fn reading(device: &str, quantity: Quantity, kind: Kind, value: f64, at: Timestamp) -> Reading {
        let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
        let zone = "anfa".parse().unwrap();
        Reading { series, kind, zone, value, observed_at: at, received_at: at, quality: Quality::GOOD }
    }

    fn hour(device: &str, quantity: Quantity, start: Timestamp, first: f64, last: f64) -> Partial {
        let series = SeriesKey { device: device.parse().unwrap(), quantity, channel: 0 };
        Partial { series, start, count: 2, sum: first + last, min: first.min(last), max: first.max(last), first, last }
    }

    const NOW: Timestamp = Timestamp::clamped(1_795_291_500_000);

    fn ago(hours: u64) -> Timestamp {
        NOW.minus(Duration::from_secs(hours * 3600))
    }

    #[test]
    fn the_fullest_bin_comes_first_and_the_silent_one_last() {
        let fill = |id: &str, value: f64, at| reading(id, Quantity::WASTE_FILL, Kind::WASTE, value, at);
        let bins = bins(vec![fill("silent", 99.0, ago(30)), fill("half", 50.0, NOW), fill("full", 97.0, NOW)], NOW);
        let order: Vec<_> = bins.iter().map(|b| (b.reading.series.device.as_str(), b.class())).collect();
        assert_eq!(order, [("full", Some(3)), ("half", Some(1)), ("silent", None)]);
    }

    #[test]
    fn water_used_in_an_hour_is_counted_from_the_index_before_it() {
        let volume = reading("m", Quantity::WATER_VOLUME, Kind::WATER, 12.0, NOW);
        let at = |h| ago(h).hour();
        let day = [
            hour("m", Quantity::WATER_VOLUME, at(2), 10.0, 10.5),
            hour("m", Quantity::WATER_VOLUME, at(1), 10.75, 11.0),
            hour("m", Quantity::WATER_VOLUME, at(0), 3.0, 4.0),
        ];
        let meters = meters(vec![volume], &day, NOW);
        assert_eq!(meters[0].day[HOURS - 3..], [Some(0.5), Some(0.5), None], "a counter that went back used an unknown amount");
        assert_eq!(meters[0].used(), Some(1.0));
    }

    #[test]
    fn a_station_that_said_nothing_for_an_hour_has_no_value() {
        let pm = |id: &str, at| reading(id, Quantity::AIR_PM10, Kind::AIR, 40.0, at);
        let partials = [hour("b", Quantity::AIR_PM10, ago(1).hour(), 30.0, 50.0)];
        let stations = stations(vec![pm("a", ago(2)), pm("b", NOW)], &partials, NOW, &Parameters::shipped());
        assert_eq!(stations[0].device.as_str(), "b");
        assert_eq!(stations[0].day[HOURS - 2], Some(40.0));
        assert_eq!(stations[1].pm10(), None);
    }

    #[test]
    fn the_index_of_a_thin_hour_is_not_told() {
        let of = |quantity, value: f64, ago_h: u64, count: u64| Partial {
            count,
            #[expect(clippy::cast_precision_loss, reason = "a few readings")]
            sum: value * count as f64,
            ..hour("a", quantity, ago(ago_h).hour(), value, value)
        };
        let day = |count| {
            POLLUTANTS
                .iter()
                .flat_map(|q| [of(*q, 30.0, 5, 4), of(*q, 30.0, 4, 4), of(*q, 30.0, 1, count), of(*q, 30.0, 0, 90)])
                .collect::<Vec<Partial>>()
        };
        let level = |day: &[Partial]| index(&day.iter().collect::<Vec<_>>(), Siting::Background, 0.75, NOW).map(|i| i.level);
        // PM2.5 of 30 is moderate.
        assert_eq!((level(&day(3)), level(&day(2))), (Some(3), None));
    }

    #[test]
    fn the_water_of_few_connections_is_not_shown() {
        let meter = |n: usize, zone: &str| Meter {
            device: format!("m-{n}").parse().unwrap(),
            zone: zone.parse().unwrap(),
            day: [Some(0.01); HOURS],
        };
        let privacy = &Parameters::shipped().water.numbers.privacy;
        let meters: Vec<Meter> = (0..11).map(|n| meter(n, "anfa")).chain([meter(11, "sbata")]).collect();
        let shown: Vec<bool> = by_zone(&meters, privacy).iter().map(|used| used.sum.is_some()).collect();
        assert_eq!(shown, [false, false], "the one that could be told would tell of the other");
        let (day, hours) = of_city(&meters, privacy);
        assert!(day.is_some_and(|sum| (sum - 12.0 * 0.24).abs() < 1e-9) && hours.iter().all(Option::is_some));
        assert_eq!(of_city(&meters[..9], privacy), (None, [None; HOURS]));
    }
}
