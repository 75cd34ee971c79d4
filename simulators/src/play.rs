//! A scenario as it is played: all that devices send, in the order in which it is heard, with what must come of each
//! message and what was done to it.
//!
//! What a device says at a tick, and what is done to it, is a function of (seed, device, tick) alone. So the same scenario
//! gives the same bytes however it is asked for: in steps of any length, and in any number of [`Play::shard`]s whose
//! messages are put together again by [`Sent::key`].
//!
//! Deliberately absent: threads and sockets (who plays it has them).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use codec::{AHEAD, LATE, Reason};
use schemas::{Flaw, Kind, Quality, Quantity, Timestamp};

use crate::City;
use crate::chance::Chance;
use crate::fault::{FAULTS, Fault};
use crate::make::Logged;
use crate::physics::bay::Diary;
use crate::scenario::{Plan, Scenario};

mod deeds;
mod hostile;

/// What was done to a message: lines of the table of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels(u64);

impl Labels {
    fn add(&mut self, fault: &'static Fault) {
        if let Some(at) = FAULTS.iter().position(|f| std::ptr::eq(f, fault)) {
            self.0 |= 1 << at;
        }
    }

    /// Whether nothing was done to it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lines.
    pub fn faults(self) -> impl Iterator<Item = &'static Fault> {
        FAULTS.iter().enumerate().filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, fault)| fault)
    }
}

/// (quantity, channel, value in the canonical unit)
type Values = Vec<(Quantity, u8, f64)>;

/// What must be read out of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The time at which it must stand.
    pub observed_at: Timestamp,
    /// What the device says.
    pub values: Values,
    /// What was true, where the device says something else.
    pub real: Option<Values>,
    /// What the device itself holds against what it says.
    marks: Vec<(Quantity, Flaw)>,
    /// The flaws that its time must show; those of values come on top ([`Told::quality`]).
    time: Quality,
    /// What it says of the time before, each with the flaws that its time must show.
    log: Vec<(Logged, Quality)>,
}

impl Told {
    /// The flaws that a reading of what is so now must have, of those that can be known beforehand ([`Told::KNOWN`]).
    #[must_use]
    pub fn quality(&self, quantity: Quantity, value: f64) -> Quality {
        let marks = self.marks.iter().filter(|(of, _)| *of == quantity);
        marks.fold(within(quantity, value, self.time), |quality, (_, flaw)| quality.with(*flaw))
    }

    /// Every reading that must come of it: when it stands, what of, the channel, the value, and its known flaws.
    pub fn readings(&self) -> impl Iterator<Item = (Timestamp, Quantity, u8, f64, Quality)> {
        let now = self
            .values
            .iter()
            .map(|(quantity, channel, value)| (self.observed_at, *quantity, *channel, *value, self.quality(*quantity, *value)));
        let log = self.log.iter().map(|(logged, time)| {
            let Logged { at, quantity, value } = *logged;
            (at, quantity, 0, value, within(quantity, value, *time))
        });
        now.chain(log)
    }

    /// The flaws that time and value show by themselves, and those that devices mark.
    pub const KNOWN: [Flaw; 8] = [
        Flaw::OutOfRange,
        Flaw::ClockSuspect,
        Flaw::Late,
        Flaw::SensorFault,
        Flaw::Degraded,
        Flaw::AtLimit,
        Flaw::Stale,
        Flaw::Saturated,
    ];
}

fn within(quantity: Quantity, value: f64, time: Quality) -> Quality {
    let row = quantity.row();
    if (row.min..=row.max).contains(&value) { time } else { time.with(Flaw::OutOfRange) }
}

/// The copy of a message that a broker has kept.
const RETAINED: u8 = 2;

/// What must become of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Destiny {
    /// It is read.
    Read(Told),
    /// It is put aside, for this reason.
    Aside(Reason),
    /// It is never heard.
    Lost,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// When it is heard; when it was said where it is lost.
    pub heard: Timestamp,
    /// The number of its device in [`City::devices`].
    pub device: u32,
    /// MQTT topic.
    pub topic: String,
    /// MQTT payload.
    pub payload: Vec<u8>,
    /// What must become of it.
    pub destiny: Destiny,
    /// What was done to it.
    pub labels: Labels,
    tick: u64,
    copy: u8,
}

impl Sent {
    /// Whether a broker gives what it has kept, and says so.
    #[must_use]
    pub fn is_retained(&self) -> bool {
        self.copy == RETAINED
    }

    /// By this all that is heard stands in one order.
    #[must_use]
    pub fn key(&self) -> (Timestamp, u32, u64, u8) {
        (self.heard, self.device, self.tick, self.copy)
    }
}

/// A plan, and when it is in force, ms.
#[derive(Debug)]
struct Cast {
    plan: Plan,
    from: i64,
    to: i64,
}

/// What all shards share.
#[derive(Debug)]
struct Stage {
    city: City,
    casts: Vec<Cast>,
    end: Timestamp,
}

/// See the module.
#[derive(Debug)]
pub struct Play {
    stage: Arc<Stage>,
    /// The devices of this shard, what befalls each, and its next tick.
    actors: Vec<Actor>,
    pending: BTreeMap<(Timestamp, u32, u64, u8), Sent>,
    now: Timestamp,
}

#[derive(Debug)]
struct Actor {
    device: u32,
    befalls: Vec<u16>,
    next: u64,
    /// The tick at which it joined: its first.
    joined: u64,
    diary: Option<Diary>,
}

impl Play {
    /// A play from its beginning.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        Self::shard(scenario, 0, 1)
    }

    /// One of `of` parts of a play: each device is in one of them.
    #[must_use]
    pub fn shard(scenario: &Scenario, part: u32, of: u32) -> Self {
        Self::parts(scenario, of).into_iter().nth(part as usize).unwrap_or_else(|| Self::parts(scenario, 1).remove(0))
    }

    /// All parts of a play, over one city.
    #[must_use]
    pub fn parts(scenario: &Scenario, of: u32) -> Vec<Self> {
        let city = City::of(&scenario.world);
        let (start, end) = (scenario.world.start, scenario.end());
        let casts = scenario.plans().map(|plan| {
            let from = start.plus(plan.at).millis();
            Cast { plan: plan.clone(), from, to: plan.lasts.map_or(i64::MAX, |lasts| start.plus(plan.at + lasts).millis()) }
        });
        let stage = Arc::new(Stage { casts: casts.collect(), city, end });
        let of = of.max(1);
        let part = |part: u32| {
            let devices = (0_u32..).zip(stage.city.devices()).filter(|(n, _)| n % of == part);
            let actors = devices.map(|(device, sim)| Actor {
                device,
                befalls: (0_u16..).zip(&stage.casts).filter(|(n, cast)| cast.takes(*n, sim)).map(|(n, _)| n).collect(),
                next: sim.tick_from(start),
                joined: sim.tick_from(start),
                diary: None,
            });
            Self { actors: actors.collect(), stage: Arc::clone(&stage), pending: BTreeMap::new(), now: start }
        };
        (0..of).map(part).collect()
    }

    /// The devices of a kind in a city that goes on without an end. What befalls them is said by [`Play::befall`].
    #[must_use]
    pub fn endless(city: City, kind: Kind, from: Timestamp) -> Self {
        let stage = Stage { city, casts: Vec::new(), end: Timestamp::MAX };
        let devices = (0_u32..).zip(stage.city.devices()).filter(|(_, sim)| sim.kind() == kind);
        let actors = devices
            .map(|(device, sim)| {
                let joined = sim.tick_from(from);
                Actor { device, befalls: Vec::new(), next: joined, joined, diary: None }
            })
            .collect();
        Self { actors, stage: Arc::new(stage), pending: BTreeMap::new(), now: from }
    }

    /// Has something befall the devices from an instant on; in a play of several parts, nothing.
    pub fn befall(&mut self, plan: Plan, from: Timestamp) {
        let Some(stage) = Arc::get_mut(&mut self.stage) else { return };
        let Ok(number) = u16::try_from(stage.casts.len()) else { return };
        let to = plan.lasts.map_or(i64::MAX, |lasts| from.plus(lasts).millis());
        let cast = Cast { plan, from: from.millis(), to };
        for actor in &mut self.actors {
            if stage.city.devices().get(actor.device as usize).is_some_and(|sim| cast.takes(number, sim)) {
                actor.befalls.push(number);
            }
        }
        stage.casts.push(cast);
    }

    /// Its city.
    #[must_use]
    pub fn city(&self) -> &City {
        &self.stage.city
    }

    /// Up to where it was played.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the last is said.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.stage.end
    }

    /// Whether everything was said and heard.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.now >= self.stage.end && self.pending.is_empty()
    }

    /// When the first of what is still on its way will be heard.
    #[must_use]
    pub fn next_heard(&self) -> Option<Timestamp> {
        self.pending.keys().next().map(|key| key.0)
    }

    /// Plays up to before `to`: all that is heard until then, in order, and what is lost. Nothing is said after the end of
    /// the scenario, and what was said before may be heard long after it.
    #[must_use]
    pub fn until(&mut self, to: Timestamp) -> Vec<Sent> {
        let later = self.pending.split_off(&(to, 0, 0, 0));
        let mut heard: Vec<Sent> = std::mem::replace(&mut self.pending, later).into_values().collect();
        let said_until = to.min(self.stage.end);
        let mut said = Vec::new();
        for actor in &mut self.actors {
            let Some(device) = self.stage.city.devices().get(actor.device as usize) else { continue };
            while device.time_of(actor.next) < said_until {
                self.stage.say(actor, &mut said);
                actor.next = device.next_said(actor.next + 1, &mut actor.diary);
            }
            for sent in said.drain(..) {
                if sent.heard < to {
                    heard.push(sent);
                } else {
                    self.pending.insert(sent.key(), sent);
                }
            }
        }
        heard.sort_by_key(Sent::key);
        self.now = self.now.max(to);
        heard
    }
}

/// When what a device says of an instant stands, and what its time makes doubtful: the rule of `codec`, from its documentation.
/// The network server's time stands in for one that is not believed, else the time at which it is heard.
fn stands(said: Timestamp, heard: Timestamp, oldest: Option<Duration>, network: Option<Timestamp>) -> (Timestamp, Quality) {
    let believed = said <= heard.plus(AHEAD) && oldest.is_none_or(|oldest| said >= heard.minus(oldest));
    let (at, quality) = if believed { (said, Quality::GOOD) } else { (network.unwrap_or(heard), Flaw::ClockSuspect.into()) };
    (at, if heard.since(at) > LATE { quality.with(Flaw::Late) } else { quality })
}

/// The luck of a plan with a device: whether it befalls it at all, and message by message.
fn luck(device: Chance, cast: u16) -> Chance {
    device.branch(300).branch(i64::from(cast))
}
