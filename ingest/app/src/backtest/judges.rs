//! The engines of a back-test: two threads, each for half of the devices, unless a rule compares devices with one another.
//!
//! Of what was heard in a stretch of time a device is judged as a whole before the next one, so that all that is
//! remembered of it is at hand; what was said is put into the order of its decision afterwards. What a rule says of a
//! device depends on no other, so this says the same as judging reading by reading.

use std::collections::HashMap;
use std::sync::Arc;

use rules::{Engine, RuleSet, SETTLE};
use schemas::{DeviceId, Reading, Timestamp, Transition};
use settings::Checked;

/// Readings that are judged at a time: bounds the memory, gives both threads enough to do and each device several.
pub(crate) const CHUNK: usize = 400_000;
/// Parts of the devices.
const SHARDS: usize = 2;

/// When what decided was heard, what was said, and when it could be told: then, or where time alone decided, when it
/// was due.
pub(super) type Decided = (Timestamp, Transition, Timestamp);

/// The engines, each of which judges its part of the devices.
pub(crate) struct Judges {
    engines: Vec<Engine>,
    /// Devices are compared with one another: every reading in its turn.
    in_turn: bool,
    pub(super) heard: Timestamp,
}

impl Judges {
    pub(crate) fn new(rules: &Arc<RuleSet>, checked: Checked) -> Self {
        let catalogue = Arc::new(checked.catalogue);
        let in_turn = rules.compares_devices();
        let calendar = Arc::new(checked.parameters.calendar);
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

    /// Threads that judge.
    pub(crate) fn threads(&self) -> usize {
        self.engines.len()
    }

    /// Judges readings in the order in which they were heard, time going with them to the last one.
    pub(crate) fn judge(&mut self, readings: &[Reading]) -> Vec<Decided> {
        self.heard = readings.iter().map(|r| r.received_at).max().unwrap_or(self.heard).max(self.heard);
        let (shards, until) = (self.engines.len(), self.heard);
        let readings = &rules::in_order(readings);
        if let (true, Some(engine)) = (self.in_turn, self.engines.first_mut()) {
            return in_order(one_by_one(engine, readings));
        }
        let said = std::thread::scope(|scope| {
            let judges: Vec<_> = (0usize..)
                .zip(&mut self.engines)
                .map(|(shard, engine)| scope.spawn(move || by_device(engine, readings, shard, shards, until)))
                .collect();
            judges.into_iter().map(|judge| judge.join().expect("judging is total")).collect::<Vec<_>>()
        });
        in_order(said.into_iter().flatten().collect())
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

/// Judges the devices of one part, one after the other, and lets time go on for all of them.
fn by_device(engine: &mut Engine, readings: &[&Reading], shard: usize, shards: usize, until: Timestamp) -> Vec<Decided> {
    let (mut said, mut due, mut out) = (Vec::new(), Vec::new(), Vec::new());
    // Where time decided, the next reading of anybody before which it had gone so far showed it.
    let shown = |t: Transition| {
        let next = readings.get(readings.partition_point(|r| r.received_at.minus(SETTLE) < t.at));
        by_time(next.map_or(until, |r| r.received_at), t)
    };
    for mine in of_each_device(readings, shard, shards) {
        for reading in mine {
            let heard = reading.received_at;
            engine.hear_alone(reading, &mut due, &mut out);
            said.extend(due.drain(..).map(shown));
            said.extend(out.drain(..).map(|t| (heard, t, heard)));
        }
    }
    engine.advance(until.minus(SETTLE), &mut due);
    said.extend(due.drain(..).map(shown));
    said
}

/// The readings of each device of a part, in their order.
fn of_each_device<'a>(readings: &[&'a Reading], shard: usize, shards: usize) -> Vec<Vec<&'a Reading>> {
    let mut places: HashMap<&DeviceId, usize> = HashMap::new();
    let mut all: Vec<Vec<&'a Reading>> = Vec::new();
    for &reading in readings {
        let device = &reading.series.device;
        if shard_of(device, shards) != shard {
            continue;
        }
        let place = *places.entry(device).or_insert(all.len());
        match all.get_mut(place) {
            Some(its) => its.push(reading),
            None => all.push(vec![reading]),
        }
    }
    all
}

/// By decision.
fn in_order(mut said: Vec<Decided>) -> Vec<Decided> {
    said.sort_by(|a, b| (decided(a), &a.1.series.device).cmp(&(decided(b), &b.1.series.device)));
    said
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

/// FNV-1a: the same half for a device on any machine.
fn shard_of(device: &DeviceId, shards: usize) -> usize {
    let hash = device.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from(hash >> 33).unwrap_or(0) % shards.max(1)
}
