//! The engines of a back-test: two threads, each for half of the devices, unless a rule compares devices with one another.
//!
//! Of what was heard in a stretch of time a device is judged as a whole before the next one, so that all that is
//! remembered of it is at hand; what was said is put into the order of its decision afterwards. What a rule says of a
//! device depends on no other, so this says the same as judging reading by reading.

use std::hash::BuildHasher;
use std::sync::Arc;

use rules::{Engine, RuleSet, SETTLE};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Reading, Timestamp, Transition};
use settings::Checked;

/// Readings that are judged at a time: gives both threads enough to do and each of ten thousand devices a score, so that
/// all that is remembered of it is fetched once for them.
pub(crate) const CHUNK: usize = 200_000;
/// Parts of the devices.
const SHARDS: usize = 2;

/// When what decided was heard, what was said, and when it could be told: then, or where time alone decided, when it
/// was due.
pub(crate) type Decided = (Timestamp, Transition, Timestamp);

/// The engines, each of which judges its part of the devices.
pub(crate) struct Judges {
    engines: Vec<Engine>,
    /// Devices are compared with one another: every reading in its turn.
    in_turn: bool,
    heard: Timestamp,
}

impl Judges {
    pub(crate) fn new(rules: &Arc<RuleSet>, checked: &Checked) -> Self {
        let catalogue = Arc::new(checked.catalogue.clone());
        let in_turn = rules.compares_devices();
        let calendar = Arc::new(checked.parameters.calendar.clone());
        let engine = || {
            let mut engine = Engine::new(Arc::clone(rules));
            engine.set_catalogue(Arc::clone(&catalogue));
            engine.set_time_zone(checked.time.zone().clone());
            engine.set_calendar(Arc::clone(&calendar));
            engine.defer();
            engine
        };
        let shards = if in_turn { 1 } else { SHARDS };
        Self { engines: (0..shards).map(|_| engine()).collect(), in_turn, heard: Timestamp::MIN }
    }

    /// Texts are not wanted: see [`Engine::leave_out_texts`].
    pub(crate) fn leave_out_texts(&mut self) {
        self.engines.iter_mut().for_each(Engine::leave_out_texts);
    }

    /// Threads that judge.
    pub(crate) fn threads(&self) -> usize {
        self.engines.len()
    }

    /// When the last reading was heard.
    pub(crate) fn heard(&self) -> Timestamp {
        self.heard
    }

    /// Judges readings in the order in which they were heard, time going with them to the last one.
    pub(crate) fn judge(&mut self, readings: &[Reading]) -> Vec<Decided> {
        debug_assert!(readings.is_sorted_by_key(|r| r.received_at), "in the order in which they were heard");
        let Some(last) = readings.last() else { return Vec::new() };
        self.heard = self.heard.max(last.received_at);
        if let (true, Some(engine)) = (self.in_turn, self.engines.first_mut()) {
            return in_order(one_by_one(engine, &rules::in_order(readings)));
        }
        let shards = self.engines.len();
        let said = std::thread::scope(|scope| {
            let judges: Vec<_> = (0usize..)
                .zip(&mut self.engines)
                .map(|(shard, engine)| {
                    let mine = move |r: &Reading| shard_of(&r.series.device, shards) == shard;
                    scope.spawn(move || in_order(by_device(engine, readings, mine)))
                })
                .collect();
            judges.into_iter().map(|judge| judge.join().expect("judging is total")).collect::<Vec<_>>()
        });
        said.into_iter().reduce(merged).unwrap_or_default()
    }

    /// Time goes on, without a reading.
    pub(crate) fn finish(&mut self, to: Timestamp) -> Vec<Decided> {
        let mut out = Vec::new();
        self.engines.iter_mut().for_each(|engine| engine.advance(to, &mut out));
        in_order(out.into_iter().map(|t| by_time(to, t)).collect())
    }

    pub(crate) fn count(&self, of: impl Fn(&Engine) -> u64) -> u64 {
        self.engines.iter().map(of).sum()
    }
}

fn one_by_one(engine: &mut Engine, readings: &[&Reading]) -> Vec<Decided> {
    let (mut said, mut out) = (Vec::new(), Vec::new());
    for reading in readings {
        let heard = reading.received_at;
        let passed = engine.hear(reading, &mut out);
        said.extend(out.drain(..passed).map(|t| by_time(heard, t)));
        said.extend(out.drain(..).map(|t| (heard, t, heard)));
    }
    said
}

/// Judges the readings of one part, device by device, and lets time go on for all of its devices.
fn by_device(engine: &mut Engine, all: &[Reading], mine: impl Fn(&Reading) -> bool) -> Vec<Decided> {
    let until = all.last().map_or(Timestamp::MIN, |last| last.received_at);
    // Where time decided, the next reading of anybody before which it had gone so far showed it.
    let shown = |t: Transition| {
        let next = all.get(all.partition_point(|r| r.received_at.minus(SETTLE) < t.at));
        by_time(next.map_or(until, |r| r.received_at), t)
    };
    let (mut said, mut due) = (Vec::new(), Vec::new());
    engine.hear_each(all, mine, |by, t| {
        said.push(match by {
            Some(reading) => (reading.received_at, t, reading.received_at),
            None => shown(t),
        });
    });
    engine.advance(until.minus(SETTLE), &mut due);
    said.extend(due.drain(..).map(shown));
    said
}

/// By decision, of one instant by device.
fn in_order(mut said: Vec<Decided>) -> Vec<Decided> {
    said.sort_by_cached_key(|one| (decided(one), one.1.series.device.clone()));
    said
}

/// What two parts said, each in order: of both.
fn merged(a: Vec<Decided>, b: Vec<Decided>) -> Vec<Decided> {
    let before = |x: &Decided, y: &Decided| (decided(x), &x.1.series.device) < (decided(y), &y.1.series.device);
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let first = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if before(y, x) => &mut b,
            (Some(_), Some(_)) => &mut a,
            (Some(_), None) => &mut a,
            (None, Some(_)) => &mut b,
            (None, None) => return all,
        };
        all.extend(first.next());
    }
}

/// What time alone decided.
fn by_time(heard: Timestamp, t: Transition) -> Decided {
    let due = if t.note.is_some() { heard } else { heard.min(t.at) };
    (heard, t, due)
}

/// When it was decided, in event time where nothing was corrected.
fn decided((heard, t, _): &Decided) -> Timestamp {
    if t.note.is_some() { *heard } else { (*heard).min(t.at) }
}

/// By the end of its name, where devices of one city differ.
fn shard_of(device: &DeviceId, shards: usize) -> usize {
    let name = device.as_str().as_bytes();
    let end = name.last_chunk::<8>().map_or_else(|| FxBuildHasher.hash_one(name), |end| u64::from_le_bytes(*end));
    // Mixed, so that all of these bytes decide.
    let [.., middle, _, _] = end.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    usize::from(middle) % shards.max(1)
}
