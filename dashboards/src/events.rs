//! `/api/v1/events`: readings and alerts as they happen, by server-sent events.
//!
//! All clients share one listener and its frames: whoever comes first after a tick takes what the
//! broadcast holds, keeps the last reading of each series, and writes the frame that the others then
//! only copy. There is no task of its own: with no client there is no listener and no work. All look at the same instants,
//! so that a thousand of them cost one awakening and not a thousand, and what one of them writes the others have at once.
//!
//! Lossy by design. Whoever loses something is told `event: gap` and asks for the present state. Whoever names devices, as a page
//! does that shows a few, is told of these alone, never loses one to the others, and hears by an empty list that others spoke.
//!
//! Each event has an id. Whoever comes back and says the last one it had (`Last-Event-ID`) is told what came after it, as long as
//! that is still kept: for the last frames, and while somebody listens. Else it is told `event: resync`, which asks for the same
//! as a gap.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use ports::{Live, LiveFrame};
use schemas::{DeviceId, Kind, Reading, SeriesKey, Timestamp, Transition, Zone};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::Settings;
use crate::access::Territory;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::rows::ReadingRow;

/// Frames kept for clients that are not looking just now. A client further behind is told a gap.
const RING: usize = 32;
/// Frames of the broadcast taken at once, so that no client works for the others without end.
const DRAIN: usize = 4096;

/// Of what a client is told.
enum Only {
    Everything,
    Of(Kind),
    /// Readings of these, and every alert.
    These(BTreeSet<DeviceId>),
}

/// One event, ready to be sent.
enum Frame {
    Readings {
        all: Bytes,
        by_kind: Vec<(Kind, Bytes)>,
        /// Where the row of each device's reading stands in `all`, by device.
        rows: Vec<(DeviceId, Range<usize>)>,
    },
    Alert {
        kind: Kind,
        text: Bytes,
    },
    /// What the broadcast dropped: it may be anybody's.
    Gap {
        text: Bytes,
    },
    /// Readings beyond the rows of a tick: nobody's who names devices.
    Beyond {
        text: Bytes,
    },
}

impl Frame {
    /// What this client is told; what all are told is one text that all share.
    fn tell(&self, id: impl Fn() -> String, only: &Only) -> Option<Bytes> {
        match (self, only) {
            (Frame::Readings { all, .. }, Only::Everything) => Some(all.clone()),
            (Frame::Readings { by_kind, .. }, Only::Of(kind)) => {
                by_kind.iter().find(|(k, _)| k == kind).map(|(_, text)| text.clone())
            }
            (Frame::Readings { all, rows, .. }, Only::These(these)) => Some(picked(&id(), all, rows, these)),
            (Frame::Alert { kind, text }, Only::Of(asked)) => (kind == asked).then(|| text.clone()),
            (Frame::Alert { text, .. }, Only::Everything | Only::These(_)) | (Frame::Gap { text }, _) => Some(text.clone()),
            (Frame::Beyond { text }, Only::Everything | Only::Of(_)) => Some(text.clone()),
            (Frame::Beyond { .. }, Only::These(_)) => None,
        }
    }
}

/// The rows of these devices as an event: empty where only others spoke.
fn picked(id: &str, all: &Bytes, rows: &[(DeviceId, Range<usize>)], these: &BTreeSet<DeviceId>) -> Bytes {
    let mut out = format!("id: {id}\nevent: readings\ndata: [").into_bytes();
    let mut first = true;
    for device in these {
        let begin = rows.partition_point(|(known, _)| known < device);
        for (_, place) in rows.iter().skip(begin).take_while(|(known, _)| known == device) {
            out.extend_from_slice(if first { b"" } else { b"," });
            out.extend_from_slice(all.get(place.clone()).unwrap_or_default());
            first = false;
        }
    }
    out.extend_from_slice(b"]\n\n");
    Bytes::from(out)
}

fn gap(missed: u64) -> Bytes {
    Bytes::from(format!("event: gap\ndata: {{\"missed\":{missed}}}\n\n"))
}

/// What all clients share.
pub(crate) struct Hub {
    live: Live,
    /// Only what happens within it is told; all where there is none.
    territory: Option<Territory>,
    /// Begins every id: frames of another run of the program, or for others, have other ids.
    epoch: i64,
    /// All clients look at whole ticks since then.
    began: Instant,
    tick: Duration,
    rows: usize,
    most: usize,
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    clients: usize,
    /// How many clients name each device.
    watched: BTreeMap<DeviceId, usize>,
    receiver: Option<Receiver<LiveFrame>>,
    /// The last reading of each series since the last frame; at most `rows`, besides those that somebody names.
    fresh: BTreeMap<SeriesKey, Reading>,
    /// Readings of further series.
    missed: u64,
    ring: VecDeque<Frame>,
    /// The number of the first frame in the ring.
    first: u64,
    /// The tick in which the last frame of readings was written.
    written: Option<u128>,
}

impl Hub {
    /// Begins at `now`.
    pub(crate) fn new(live: Live, settings: &Settings, territory: Option<Territory>, now: Timestamp) -> Arc<Self> {
        let (tick, rows, most) = (settings.event_tick.max(Duration::from_millis(1)), settings.event_rows, settings.event_clients);
        // So that something stands before the first frame.
        let desk = Mutex::new(Desk { first: 1, ..Desk::default() });
        Arc::new(Self { live, territory, epoch: now.millis(), began: Instant::now(), tick, rows, most, desk })
    }

    /// The tick that it is.
    fn now(&self) -> u128 {
        self.began.elapsed().as_nanos() / self.tick.as_nanos()
    }

    /// When clients look: with the next tick, and with each after it.
    fn looks(&self) -> Interval {
        let since = self.began.elapsed();
        let into = Duration::from_nanos(u64::try_from(since.as_nanos() % self.tick.as_nanos()).unwrap_or(0));
        let mut looks = tokio::time::interval_at(Instant::now() + (self.tick - into), self.tick);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        looks
    }

    /// How many clients listen.
    pub(crate) fn clients(&self) -> usize {
        self.desk().clients
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // A desk left by a panic is at worst one frame short, and clients know about gaps.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more client, which sees what happens from now on, or after the event that it had last; none if as many as may be are
    /// there.
    fn enter(self: &Arc<Self>, only: Only, last: Option<&str>) -> Option<Seat> {
        let mut desk = self.desk();
        if desk.clients >= self.most {
            return None;
        }
        desk.clients += 1;
        if let Only::These(these) = &only {
            these.iter().for_each(|device| *desk.watched.entry(device.clone()).or_default() += 1);
        }
        if desk.receiver.is_none() {
            desk.receiver = Some(self.live.listen());
        }
        desk.work(self);
        let kept = last.and_then(|last| desk.after(self.number(last)?));
        let (next, lost) = (kept.unwrap_or(desk.next()), last.is_some() && kept.is_none());
        Some(Seat { hub: self.clone(), only, next, lost })
    }

    /// The id of a frame.
    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// The frame that has this id; none of another run.
    fn number(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.split_once('-')?;
        (epoch == self.epoch.to_string()).then(|| number.parse().ok())?
    }
}

impl Desk {
    /// The number that the next frame will get.
    fn next(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// The frame to begin with for whoever had this one last; none if it is not kept any more.
    fn after(&self, last: u64) -> Option<u64> {
        let next = last.checked_add(1)?;
        (self.first..=self.next()).contains(&next).then_some(next)
    }

    fn push(&mut self, frame: Frame) {
        if self.ring.len() == RING {
            self.ring.pop_front();
            self.first += 1;
        }
        self.ring.push_back(frame);
    }

    /// Takes what the broadcast holds; writes a frame of readings if a tick has passed.
    fn work(&mut self, hub: &Hub) {
        // Looked up once a look: contracts change by the day.
        let sight = hub.territory.as_ref().map(Territory::today);
        let sees = |kind: Kind, zone: &Zone| sight.as_ref().is_none_or(|sight| sight.sees(kind, zone));
        for _ in 0..DRAIN {
            match self.receiver.as_mut().map(Receiver::try_recv) {
                Some(Ok(LiveFrame::Readings(readings))) => {
                    readings.iter().filter(|r| sees(r.kind, &r.zone)).for_each(|r| self.take(r, hub.rows));
                }
                Some(Ok(LiveFrame::Transitions(transitions))) => {
                    for transition in transitions.iter().filter(|t| sees(t.kind, &t.zone)) {
                        let text = alert(&hub.id(self.next()), transition);
                        self.push(Frame::Alert { kind: transition.kind, text });
                    }
                }
                Some(Err(TryRecvError::Lagged(frames))) => self.push(Frame::Gap { text: gap(frames) }),
                Some(Err(TryRecvError::Empty | TryRecvError::Closed)) | None => break,
            }
        }
        let now = hub.now();
        if self.written == Some(now) || self.fresh.is_empty() {
            return;
        }
        self.written = Some(now);
        let frame = readings(&hub.id(self.next()), &std::mem::take(&mut self.fresh));
        self.push(frame);
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            self.push(Frame::Beyond { text: gap(missed) });
        }
    }

    fn take(&mut self, reading: &Reading, rows: usize) {
        if let Some(known) = self.fresh.get_mut(&reading.series) {
            // A late reading does not hide the present one.
            if known.observed_at <= reading.observed_at {
                known.clone_from(reading);
            }
        } else if self.fresh.len() < rows || self.watched.contains_key(&reading.series.device) {
            self.fresh.insert(reading.series.clone(), reading.clone());
        } else {
            self.missed += 1;
        }
    }
}

fn readings(id: &str, fresh: &BTreeMap<SeriesKey, Reading>) -> Frame {
    let mut by_kind: BTreeMap<Kind, String> = BTreeMap::new();
    let (mut all, mut rows) = (format!("id: {id}\nevent: readings\ndata: ["), Vec::with_capacity(fresh.len()));
    for reading in fresh.values() {
        let row = serde_json::to_string(&ReadingRow::from(reading)).expect("a row is text and finite numbers");
        let of_kind = by_kind.entry(reading.kind).or_default();
        // Writing to a String cannot fail.
        let _ = write!(of_kind, "{}{row}", if of_kind.is_empty() { "" } else { "," });
        all.push_str(if rows.is_empty() { "" } else { "," });
        rows.push((reading.series.device.clone(), all.len()..all.len() + row.len()));
        all.push_str(&row);
    }
    all.push_str("]\n\n");
    let event = |rows: &str| Bytes::from(format!("id: {id}\nevent: readings\ndata: [{rows}]\n\n"));
    let by_kind = by_kind.iter().map(|(kind, rows)| (*kind, event(rows))).collect();
    Frame::Readings { all: Bytes::from(all), by_kind, rows }
}

fn alert(id: &str, transition: &Transition) -> Bytes {
    let data = serde_json::to_string(transition).expect("a transition is text and finite numbers");
    Bytes::from(format!("id: {id}\nevent: alert\ndata: {data}\n\n"))
}

/// A client's place. Leaving it frees it, and the last one to leave stops the listening.
struct Seat {
    hub: Arc<Hub>,
    only: Only,
    next: u64,
    /// What it had last is not kept any more.
    lost: bool,
}

impl Seat {
    /// What a client is told first. The browser asks again after two seconds if the stream breaks, with the id that it had last,
    /// which is this one until something happens.
    fn greeting(&self) -> String {
        let resync = if self.lost { "event: resync\ndata: {}\n\n" } else { "" };
        format!("retry: 2000\nid: {}\n\n{resync}", self.mark())
    }

    /// How far the client has been told.
    fn mark(&self) -> String {
        self.hub.id(self.next - 1)
    }

    /// What happened since the last look, mostly nothing or one frame.
    fn look(&mut self) -> Bytes {
        let hub = self.hub.clone();
        let mut desk = hub.desk();
        desk.work(&hub);
        let mut told = Vec::new();
        if self.next < desk.first {
            told.push(gap(desk.first - self.next));
            self.next = desk.first;
        }
        let skip = usize::try_from(self.next - desk.first).unwrap_or(usize::MAX);
        let frames = desk.ring.iter().zip(desk.first..).skip(skip);
        told.extend(frames.filter_map(|(frame, number)| frame.tell(|| hub.id(number), &self.only)));
        self.next = desk.next();
        match told.as_mut_slice() {
            [one] => std::mem::take(one),
            some => Bytes::from(some.concat()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut desk = self.hub.desk();
        desk.clients -= 1;
        if let Only::These(these) = &self.only {
            for device in these {
                if let Some(count) = desk.watched.get_mut(device) {
                    *count -= 1;
                    if *count == 0 {
                        desk.watched.remove(device);
                    }
                }
            }
        }
        if desk.clients == 0 {
            // One further: what happens while nobody listens is missed by whoever comes back.
            *desk = Desk { first: desk.next() + 1, ..Desk::default() };
        }
    }
}

struct Client {
    seat: Seat,
    looks: Interval,
    heartbeat: Duration,
    spoke: Instant,
    greeted: bool,
}

impl Client {
    /// Waits until there is something to say. Dropped at any await it loses nothing: the frames are
    /// in the ring.
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let text = loop {
            if !self.greeted {
                self.greeted = true;
                // With what came since the event that it had last.
                let greeting = self.seat.greeting();
                break Bytes::from([greeting.as_bytes(), &self.seat.look()].concat());
            }
            self.looks.tick().await;
            let text = self.seat.look();
            if !text.is_empty() {
                break text;
            }
            if self.spoke.elapsed() >= self.heartbeat {
                break format!("id: {}\nevent: beat\ndata: {{}}\n\n", self.seat.mark()).into();
            }
        };
        self.spoke = Instant::now();
        Some((Ok(text), self))
    }
}

const LAST_EVENT: Parameter =
    Parameter::text("Last-Event-ID", "The id of the event that was heard last: begins with what came after it").in_header();

const WATCHED: Parameter =
    Parameter::of::<DeviceId>("device", "Readings of these devices alone, however much others say, and every alert").list();

pub(crate) const EVENTS: Operation = Operation::get(
    "/api/v1/events",
    "Readings and alerts as they happen: server-sent events `readings`, `alert`, `gap`, `resync`, `beat`",
)
.takes(&[known::KIND, WATCHED, LAST_EVENT])
.also(&["text/event-stream"]);

pub(crate) async fn events(State(rooms): Shared, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let params = EVENTS.read(&uri)?;
    let these: BTreeSet<DeviceId> = params.list("device", "device ids joined by commas")?.into_iter().collect();
    let only = match (params.kind()?, these.is_empty()) {
        (None, true) => Only::Everything,
        (Some(kind), true) => Only::Of(kind),
        (None, false) => Only::These(these),
        (Some(_), false) => {
            return Err(Problem::parameter("kind", "devices are named already", "either a kind or devices"));
        }
    };
    let settings = &rooms.house.settings;
    let seat = rooms
        .hub
        .enter(only, headers.get(LAST_EVENT.name).and_then(|id| id.to_str().ok()))
        .ok_or_else(|| Problem::busy(format!("{} clients listen already, which is as many as may", settings.event_clients)))?;
    let looks = rooms.hub.looks();
    let client = Client { seat, looks, heartbeat: settings.heartbeat, spoke: Instant::now(), greeted: false };
    let body = Body::from_stream(futures_util::stream::unfold(client, Client::step));
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        (header::CACHE_CONTROL.as_str(), "no-store"),
        // Tells a reverse proxy not to hold the stream back.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, body).into_response())
}
