//! A town in memory: a store and a console that answer as the traits promise, and can be broken.

mod desk;
mod rulebook;
mod scene;
mod works;

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dashboards::{City, House, Names, Parameters, Settings};
use domains::water::Pseudonyms;
use ports::{
    AlertFilter, AlertView, Appended, BoxFuture, Caps, Check, Clock, Console, ConsoleError, DeviceFilter, DeviceView, Identity,
    Live, Points, Quarantined, Query, ReaderStatus, RecordError, Selector, Shape, SourceStatus, Status, Store, StoreError,
    StoreGauges, Why, WhyStep,
};
use schemas::{AlertId, Device, Grade, Partial, Phase, Reading, SeriesKey, Texts, Timestamp, TransitionId};

pub(crate) use works::Done;

/// (time, device, quantity name, channel): the order of a store's answers.
type Place = (Timestamp, String, &'static str, u8);

/// Everything there is in the town.
pub(crate) struct Town {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Live,
    pub(crate) readings: Mutex<BTreeMap<Place, Reading>>,
    pub(crate) devices: Mutex<BTreeMap<schemas::DeviceId, DeviceView>>,
    pub(crate) alerts: Mutex<Vec<AlertView>>,
    pub(crate) status: Mutex<Status>,
    /// The quarantine.
    pub(crate) waiting: Mutex<Vec<Quarantined>>,
    /// Silences and windows.
    pub(crate) quiets: Mutex<Vec<ports::Quiet>>,
    /// What operators did.
    pub(crate) acts: Mutex<Vec<schemas::Act>>,
    /// What was asked to be done.
    pub(crate) done: Mutex<Vec<Done>>,
    /// How often the store was searched.
    pub(crate) scans: AtomicUsize,
    /// The store is away.
    pub(crate) store_away: AtomicBool,
    /// The register is away.
    pub(crate) register_away: AtomicBool,
}

impl Town {
    /// With nothing in it.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let now = clock.now();
        Arc::new(Self {
            status: Mutex::new(standing(now)),
            clock,
            live: Live::new(64),
            readings: Mutex::default(),
            devices: Mutex::default(),
            alerts: Mutex::default(),
            waiting: Mutex::default(),
            quiets: Mutex::default(),
            acts: Mutex::default(),
            done: Mutex::default(),
            scans: AtomicUsize::new(0),
            store_away: AtomicBool::new(false),
            register_away: AtomicBool::new(false),
        })
    }

    /// Keeps readings, and their devices if they are not known.
    pub(crate) fn put(&self, readings: impl IntoIterator<Item = Reading>) {
        let (mut kept, mut devices) = (self.readings.lock().unwrap(), self.devices.lock().unwrap());
        for reading in readings {
            let series = &reading.series;
            let heard = Some(reading.received_at);
            let device = Device {
                id: series.device.clone(),
                kind: reading.kind,
                zone: reading.zone.clone(),
                profile: None,
                place: None,
                label: None,
                fitting: schemas::Fitting::default(),
            };
            devices.entry(series.device.clone()).or_insert(DeviceView {
                device,
                first_seen: heard,
                last_seen: heard,
                firmware: None,
            });
            kept.insert(place(&reading.series, reading.observed_at), reading);
        }
    }

    /// The pages of this town, with the settings of `config/default.toml`.
    pub(crate) fn house(self: &Arc<Self>) -> House {
        let settings: toml::Table = toml::from_str(include_str!("../../../config/default.toml")).unwrap();
        let settings: Settings = settings["http"].clone().try_into().unwrap();
        let name = Texts { fr: "Casablanca".into(), ar: "الدار البيضاء".into(), en: "Casablanca".into() };
        House {
            store: self.clone(),
            console: self.clone(),
            operations: self.clone(),
            rules: self.clone(),
            desk: self.clone(),
            stage: None,
            vault: None,
            live: self.live.clone(),
            clock: self.clock.clone(),
            city: City::new(name, "Africa/Casablanca", true).unwrap(),
            parameters: Arc::new(Parameters {
                pseudonyms: Pseudonyms::new(b"a key of these tests").ok().map(Names::Made),
                ..Parameters::shipped()
            }),
            settings,
        }
    }

    fn store_answers(&self) -> Result<(), StoreError> {
        if self.store_away.load(Ordering::Relaxed) { Err(StoreError::Unavailable("it is away".into())) } else { Ok(()) }
    }

    fn register_answers(&self) -> Result<(), ConsoleError> {
        if self.register_away.load(Ordering::Relaxed) {
            Err(RecordError::Unavailable("it is away".into()).into())
        } else {
            Ok(())
        }
    }
}

fn place(series: &SeriesKey, at: Timestamp) -> Place {
    (at, series.device.to_string(), series.quantity.name(), series.channel)
}

fn standing(now: Timestamp) -> Status {
    let reader = |name: &str, lag| ReaderStatus { name: name.into(), cursor: 84_215 - lag, lag, trouble: None };
    let check = |name: &str, text: &str| Check { name: name.into(), ok: true, text: text.into() };
    Status {
        version: "0.1.0".into(),
        city: "Casablanca".into(),
        demo: true,
        started_at: now.minus(std::time::Duration::from_secs(900)),
        now,
        identity: Identity { received: 84_218, stored: 84_102, duplicate: 96, quarantined: 9, refused: 3, waiting: 8 },
        sources: vec![SourceStatus {
            name: "endpoint".into(),
            address: "127.0.0.1:1883".into(),
            up: true,
            connections: 240,
            received: 84_218,
            refused: 3,
            trouble: None,
        }],
        readers: vec![reader("historian", 8), reader("evaluator", 2)],
        journal_first: 0,
        journal_next: 84_215,
        journal_bytes: 21 << 20,
        journal_limit: 8 << 30,
        journal_syncs: 4_100,
        store: "embedded".into(),
        store_series: 1_204,
        store_readings: 251_377,
        store_unflushed: 812,
        store_bytes: 3 << 20,
        devices: 240,
        alerts_firing: 5,
        alerts_pending: 1,
        outbox_waiting: 1,
        outbox_dead: 0,
        quarantine: ports::Holding { messages: 9, bytes: 2_610, limit: 1 << 30, ..ports::Holding::default() },
        checks: vec![check("journal", "0.3 % full"), check("store", "answers"), check("historian", "8 messages behind")],
    }
}

impl Store for Town {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move {
            self.put(batch.iter().cloned());
            Ok(Appended { new: vec![true; batch.len()] })
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        Box::pin(async move {
            self.store_answers()?;
            self.scans.fetch_add(1, Ordering::Relaxed);
            let kept = self.readings.lock().unwrap();
            let first = |at: Timestamp| (at, String::new(), "", 0);
            let within = kept.range(first(query.range.start)..first(query.range.end.max(query.range.start)));
            let taken = within.map(|(_, r)| r).filter(|r| query.select.takes(r));
            Ok(match query.shape {
                Shape::Raw => {
                    let mut readings: Vec<_> = taken.take(query.limit + 1).cloned().collect();
                    let more = readings.len() > query.limit;
                    readings.truncate(query.limit);
                    Points::Raw { readings, more }
                }
                Shape::Hourly => {
                    let mut hours: BTreeMap<Place, Partial> = BTreeMap::new();
                    for r in taken.filter(|r| r.quality.grade() != Grade::Bad) {
                        let (start, v) = (r.observed_at.hour(), r.value);
                        let fresh =
                            || Partial { series: r.series.clone(), start, count: 0, sum: 0.0, min: v, max: v, first: v, last: v };
                        let hour = hours.entry(place(&r.series, start)).or_insert_with(fresh);
                        hour.count += 1;
                        hour.sum += v;
                        (hour.min, hour.max, hour.last) = (hour.min.min(v), hour.max.max(v), v);
                    }
                    let more = hours.len() > query.limit;
                    Points::Hourly { partials: hours.into_values().take(query.limit).collect(), more }
                }
            })
        })
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(async move {
            self.store_answers()?;
            let kept = self.readings.lock().unwrap();
            let mut last: BTreeMap<(String, &str, u8), Reading> = BTreeMap::new();
            for r in kept.values().filter(|r| select.takes(r)) {
                last.insert((r.series.device.to_string(), r.series.quantity.name(), r.series.channel), r.clone());
            }
            Ok(last.into_values().collect())
        })
    }

    fn forget<'a>(&'a self, _: &'a Selector, _: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn caps(&self) -> Caps {
        Caps { exact_duplicates: true, visible_at_once: true, forget_range: false, outlives_program: false, rounds: false }
    }

    fn gauges(&self) -> StoreGauges {
        StoreGauges::default()
    }
}

impl Console for Town {
    fn status(&self) -> BoxFuture<'_, Result<Status, ConsoleError>> {
        Box::pin(async {
            self.register_answers()?;
            let mut status = self.status.lock().unwrap().clone();
            status.now = self.clock.now();
            Ok(status)
        })
    }

    fn devices<'a>(&'a self, filter: &'a DeviceFilter) -> BoxFuture<'a, Result<Vec<DeviceView>, ConsoleError>> {
        Box::pin(async move {
            self.register_answers()?;
            let devices = self.devices.lock().unwrap();
            let fits = |d: &&DeviceView| {
                filter.id.as_ref().is_none_or(|id| *id == d.device.id)
                    && filter.kind.is_none_or(|k| k == d.device.kind)
                    && filter.zone.as_ref().is_none_or(|z| *z == d.device.zone)
            };
            let from = filter.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let behind = devices.range::<schemas::DeviceId, _>((from, Bound::Unbounded)).map(|(_, view)| view);
            Ok(behind.filter(fits).take(filter.limit).cloned().collect())
        })
    }

    fn alerts<'a>(&'a self, filter: &'a AlertFilter) -> BoxFuture<'a, Result<Vec<AlertView>, ConsoleError>> {
        Box::pin(async move {
            self.register_answers()?;
            let fits = |a: &&AlertView| {
                (if filter.phases.is_empty() { a.phase.is_open() } else { filter.phases.contains(&a.phase) })
                    && filter.kind.is_none_or(|k| k == a.kind)
                    && filter.zone.as_ref().is_none_or(|z| *z == a.zone)
                    && filter.device.as_ref().is_none_or(|d| *d == a.series.device)
                    && filter.rule.as_ref().is_none_or(|rule| *rule == a.rule)
            };
            Ok(self.alerts.lock().unwrap().iter().filter(fits).take(filter.limit).cloned().collect())
        })
    }

    fn why<'a>(&'a self, alert: &'a AlertId) -> BoxFuture<'a, Result<Option<Why>, ConsoleError>> {
        Box::pin(async move {
            self.register_answers()?;
            let alerts = self.alerts.lock().unwrap();
            let known = alerts.iter().find(|known| known.id == *alert);
            // Of what is pending nobody is told.
            let pending = |known: &&AlertView| known.phase == Phase::Pending;
            let step = |known: &AlertView| WhyStep {
                id: TransitionId(format!("{}/pending", known.id)),
                phase: known.phase,
                at: known.at,
                chain: Vec::new(),
                deliveries: Vec::new(),
            };
            let steps = known.filter(pending).map(step).into_iter().collect();
            Ok(known.map(|known| Why { alert: known.id.clone(), steps }))
        })
    }
}
