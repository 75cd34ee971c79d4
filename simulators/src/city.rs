//! The city: which devices there are, where, and what they publish between two instants.

use std::sync::Arc;
use std::time::Duration;

use schemas::{Catalogue, Device, DeviceId, Kind, ProfileName, Timestamp, Zone};

use crate::chance::Chance;
use crate::clock::Clock;
use crate::device::{Model, Publish, SimDevice};
use crate::make::Make;
use crate::pace::Pace;
use crate::physics::SECOND;
use crate::physics::air::Site;
use crate::places::{PLACES, by_the_sea, place_of, stands};
use crate::scenario::{Mix, World};
use crate::story::Role;

/// How far back a demonstration's history goes.
pub const HISTORY: Duration = Duration::from_secs(14 * 24 * 3600);
/// Its last hours are told as closely as they are looked at.
const RECENT: Duration = Duration::from_secs(24 * 3600);
/// How far apart the points of the recent history are, and all those of stations, whose silence is told sooner than that of others.
const CLOSELY: Duration = Duration::from_secs(600);
/// How far apart those before are, of bays, and of bins and meters.
const BAYS: Duration = Duration::from_secs(1800);
const OTHERS: Duration = Duration::from_secs(3600);
/// So many devices have so long a history; more have one that is as much shorter.
const DEVICES: u32 = 100;

/// Connections and the meter that feeds them: one more than must be known for a sum to be published (REQ-P-5).
const DISTRICT: usize = 12;

/// A district of the water network: where its connections are, and the meter that feeds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct District {
    /// All connections of this zone are its own.
    pub zone: Zone,
    /// Its only inlet.
    pub inflow: DeviceId,
}

/// A city of simulated devices. The same seed and size give the same bytes, always. A clone is the same city and costs nothing.
#[derive(Clone, Debug)]
pub struct City {
    devices: Arc<[SimDevice]>,
}

impl City {
    /// `size` devices of all four kinds over Casablanca's arrondissements, as talkative as real ones.
    #[must_use]
    pub fn new(seed: u64, size: usize) -> Self {
        Self::build(seed, size, Pace::REAL, None, Mix::default())
    }

    /// The city of a scenario.
    #[must_use]
    pub fn of(world: &World) -> Self {
        Self::build(world.seed, world.devices as usize, Pace::of(world), world.only, world.mix)
    }

    /// The same city before an audience: every device that is not silent speaks within 10 s, bins
    /// and bays live 60 times faster from `start` on, and a story makes alerts fire and resolve:
    /// two bins that brim over, a dust plume at the first air station, a burst water pipe, and the last
    /// air station silent since 20 minutes before the start. About 80 devices suit it: of so many,
    /// enough are meters for sums to be published.
    ///
    /// Its connections to the water network lie in a few districts, each of them an arrondissement and fed through one meter.
    #[must_use]
    pub fn demo(seed: u64, size: usize, start: Timestamp) -> Self {
        let (luck, pace) = (Chance::new(seed), Pace::demo(start));
        let mut devices: Vec<SimDevice> = Vec::with_capacity(size);
        for (kind, count) in Mix::DEMO.of(size) {
            if kind == Kind::WATER {
                let districts = (count / DISTRICT).min(PLACES.len());
                let spread = |i| one(luck, seed, kind, i, i % districts.max(1), pace);
                devices.extend((0..count - districts).map(spread));
            } else {
                devices.extend((0..count).map(|i| settled(luck, seed, kind, i, pace)));
            }
        }
        cast(&mut devices);
        let inlets = inlets(&devices, size, luck, pace);
        devices.extend(inlets);
        Self { devices: devices.into() }
    }

    /// The districts of the water network that meters feed.
    #[must_use]
    pub fn districts(&self) -> Vec<District> {
        let inlets = self.devices.iter().filter(|device| device.model == Model::Inlet);
        inlets.map(|inlet| District { zone: inlet.device.zone.clone(), inflow: inlet.device.id.clone() }).collect()
    }

    fn build(seed: u64, size: usize, pace: Pace, only: Option<Kind>, mix: Mix) -> Self {
        let luck = Chance::new(seed);
        let mut devices: Vec<SimDevice> = Vec::with_capacity(size);
        if let Some(kind) = only {
            devices.extend((0..size).map(|i| settled(luck, seed, kind, i, pace)));
            return Self { devices: devices.into() };
        }
        for (kind, count) in mix.of(size) {
            devices.extend((0..count).map(|i| settled(luck, seed, kind, i, pace)));
        }
        cast(&mut devices);
        Self { devices: devices.into() }
    }

    /// All devices, by kind.
    #[must_use]
    pub fn devices(&self) -> &[SimDevice] {
        &self.devices
    }

    /// The devices as the platform must know them: labels, places, and the profiles of those that
    /// send bytes.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.devices.iter().map(|d| d.device.clone()).collect()
    }

    /// The routes that the platform must know besides its own, for makes whose topics say not what they hold.
    #[must_use]
    pub fn routes() -> Vec<codec::Route> {
        Make::routes().collect()
    }

    /// What all devices publish in `[from, to)`, in order of time. Ask for short spans: everything
    /// is in memory.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Vec<Publish> {
        let ticks = |d: &SimDevice| d.tick_from(from)..d.tick_from(to);
        let mut all: Vec<_> = self.devices.iter().flat_map(|d| ticks(d).filter_map(|tick| d.publish(tick))).collect();
        all.sort_by_key(|p| p.at);
        all
    }

    /// What one device would have published in `[from, to)`, with the times of then, in order: a message every ten minutes in the
    /// last day, and of other things than air more seldom before. In a city of more than a hundred devices it begins as much later.
    #[must_use]
    pub fn history(&self, device: &SimDevice, from: Timestamp, to: Timestamp) -> Vec<Publish> {
        let many = u32::try_from(self.devices.len()).unwrap_or(u32::MAX).div_ceil(DEVICES).max(1);
        let from = to.minus(to.since(from) / many);
        let seldom = match device.kind() {
            Kind::AIR => CLOSELY,
            Kind::PARKING => BAYS,
            _ => OTHERS,
        };
        let recent = to.minus(RECENT / many);
        let (mut at, mut told) = (from, Vec::new());
        while at < to {
            let tick = device.tick_from(at);
            if device.time_of(tick) < to
                && let Some(truth) = device.says(tick, true)
            {
                told.push(device.encode(&truth, tick, tick));
            }
            at = at.plus(if at < recent { seldom } else { CLOSELY });
        }
        // Where ticks are further apart than the steps, two steps end at one tick.
        told.dedup_by_key(|p| p.at);
        told
    }
}

/// The luck of the `i`th device of a kind.
fn luck_of(city: Chance, kind: Kind, i: usize) -> Chance {
    let branch = match kind {
        Kind::WASTE => 0,
        Kind::AIR => 1,
        Kind::PARKING => 2,
        _ => 3,
    };
    city.branch(branch).branch(i64::try_from(i).unwrap_or(i64::MAX))
}

/// The `i`th device of a kind, where people live.
fn settled(city: Chance, seed: u64, kind: Kind, i: usize, pace: Pace) -> SimDevice {
    one(city, seed, kind, i, place_of(luck_of(city, kind, i), i), pace)
}

/// The `i`th device of a kind, in the place of this number.
fn one(city: Chance, seed: u64, kind: Kind, i: usize, number: usize, pace: Pace) -> SimDevice {
    let luck = luck_of(city, kind, i);
    let (place, stood) = (PLACES.get(number).unwrap_or(&PLACES[0]), stands(number, luck));
    // Only stations feel the sea in what they say.
    let site = Site { traffic: place.traffic, by_the_sea: kind == Kind::AIR && by_the_sea(stood) };
    let n = i + 1;
    let make = Make::of(kind, i, pace.makes);
    let (model, plain, label) = match kind {
        Kind::AIR => (Model::Station, "air", "Station"),
        Kind::WASTE if make.is_lora() => (Model::LoraBin, "bin", "Bac"),
        Kind::WASTE => (Model::Bin, "bin", "Bac"),
        Kind::PARKING if make.counts_cars() => (Model::Gate, "gate", "Entrée"),
        Kind::PARKING => (Model::Bay, "bay", "Place"),
        _ => (Model::Meter { leaks: i % 8 == 1 }, "meter", "Compteur"),
    };
    let code = match kind {
        Kind::WASTE => 1,
        Kind::PARKING => 2,
        Kind::AIR => 3,
        _ => 4,
    };
    let id = match make {
        make if make.is_lora() => eui(seed, code, i),
        // Eight digits, as they are printed on a meter.
        make if make.has_serial() => format!("{:08}", 10_000_000 + (seed % 80) * 1_000_000 + i as u64 % 1_000_000),
        _ => format!("{plain}-{n:03}"),
    };
    let device = Device {
        id: DeviceId::new(&id).expect("letters, digits and a hyphen"),
        kind,
        zone: Zone::new(place.zone).expect("tested"),
        profile: make.profile().map(|p| ProfileName::new(p).expect("tested")),
        place: stood,
        label: Some(format!("{label} {n}")),
        fitting: schemas::Fitting {
            key: make.key(luck.branch(104).bits()),
            container: make.container(),
            ..schemas::Fitting::default()
        },
    };
    let clock = Clock::of(luck, pace.clocks, make.counts_seconds());
    SimDevice { device, model, make, place, site, pace, clock, city: city.branch(-1), luck, role: None, feeds: Arc::default() }
}

/// A meter for each place where connections are, up to as many devices as there may be.
fn inlets(devices: &[SimDevice], size: usize, city: Chance, pace: Pace) -> Vec<SimDevice> {
    let connections = || devices.iter().filter(|device| device.kind() == Kind::WATER);
    let inlet = |n: usize| {
        let place = PLACES.get(n)?;
        let feeds: Arc<[SimDevice]> = connections().filter(|device| device.place.zone == place.zone).cloned().collect();
        let mut inlet = feeds.first()?.clone();
        inlet.luck = city.branch(4).branch(i64::try_from(n).unwrap_or(i64::MAX));
        inlet.clock = Clock::of(inlet.luck, pace.clocks, inlet.make.counts_seconds());
        let stood = stands(n, inlet.luck);
        let device = &inlet.device;
        inlet.device = Device {
            id: DeviceId::new(&format!("dma-{:03}", n + 1)).expect("letters, digits and a hyphen"),
            place: stood,
            label: Some(format!("Secteur {}", n + 1)),
            ..device.clone()
        };
        Some(SimDevice { model: Model::Inlet, role: None, feeds, ..inlet })
    };
    (0..size.saturating_sub(devices.len())).filter_map(inlet).collect()
}

/// A locally administered EUI-64: unit bit set, then the number above 65,535, kind, seed and number.
fn eui(seed: u64, code: u8, i: usize) -> String {
    format!("02ca5a{:01x}{code:01x}{:04x}{:04x}", (i >> 16) & 0xf, seed & 0xffff, i & 0xffff)
}

/// Gives the story its actors. Without a story the roles mean nothing.
fn cast(devices: &mut [SimDevice]) {
    let mut play = |kind: Kind, nth: usize, role: Role| {
        if let Some(device) = devices.iter_mut().filter(|d| d.device.kind == kind).nth(nth) {
            device.role = Some(role);
        }
    };
    play(Kind::WASTE, 0, Role::FullBin(60 * SECOND));
    play(Kind::WASTE, 1, Role::FullBin(150 * SECOND));
    play(Kind::WATER, 0, Role::Burst);
    play(Kind::AIR, 0, Role::Plume);
    let last = devices.iter_mut().rfind(|d| d.device.kind == Kind::AIR && d.role.is_none());
    if let Some(device) = last {
        device.role = Some(Role::Silent);
    }
}
