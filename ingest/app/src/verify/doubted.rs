//! Whether what the platform doubts of its devices is what the ground truth labels: sensors that stick, values that jump, registers
//! that begin anew, devices that fall silent.
//!
//! Asked is the API, as whoever works with the platform asks it. No reading carries such a doubt: it needs neighbours in time or in
//! place, and changes when what was late has come.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use dashboards::Names;
use schemas::{DeviceId, Kind, Timestamp, Zone};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use simulators::{City, Expected, ExpectedDoubt, Scenario, SensorDoubt};

use super::report::Finding;
use super::stage::Stage;
use crate::ask::range;
use crate::city;
use crate::failure::Failure;

/// The devices that are doubted, by the doubt.
type Doubted = BTreeMap<SensorDoubt, BTreeSet<DeviceId>>;

/// Which answer of the API tells of a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    AirReport,
    Health,
    Bins,
    ParkingSensors,
    ParkingZones,
    Consumption,
    StuckMeters,
}

impl Answer {
    const fn telling(doubt: SensorDoubt) -> Self {
        match doubt {
            SensorDoubt::Stuck
            | SensorDoubt::Spike
            | SensorDoubt::BelowFloor
            | SensorDoubt::AboveCeiling
            | SensorDoubt::FineAboveCoarse
            | SensorDoubt::Thin => Answer::AirReport,
            SensorDoubt::Repeats
            | SensorDoubt::Drift
            | SensorDoubt::Offline
            | SensorDoubt::Unavailable
            | SensorDoubt::Clock
            | SensorDoubt::Still
            | SensorDoubt::Residue => Answer::Health,
            SensorDoubt::Outlier => Answer::Bins,
            SensorDoubt::BaySilent | SensorDoubt::BayStuck | SensorDoubt::BayDoubted => Answer::ParkingSensors,
            SensorDoubt::LowConfidence => Answer::ParkingZones,
            SensorDoubt::SuspectSpike
            | SensorDoubt::Rollover
            | SensorDoubt::Reverse
            | SensorDoubt::Reset
            | SensorDoubt::SuspectDecrease
            | SensorDoubt::Estimated => Answer::Consumption,
            SensorDoubt::MeterStill => Answer::StuckMeters,
        }
    }
}

/// A number, or why there is none.
#[derive(Deserialize)]
struct Said<T> {
    value: Option<T>,
}

/// Who asks.
struct Asker<'a> {
    api: city::City,
    names: Names,
    city: &'a City,
    start: Timestamp,
}

/// Compares all that a scenario expects to be doubted with what the platform doubts.
pub(super) async fn judged(
    scenario: &Scenario,
    city: &City,
    expected: &Expected,
    stage: &Stage,
) -> Result<Vec<Finding>, Failure> {
    if scenario.expect.doubted.is_empty() {
        return Ok(Vec::new());
    }
    let (house, names) = stage.house()?;
    let asker = Asker { api: city::City::over(dashboards::router(house)), names, city, start: scenario.world.start };
    let (mut answers, mut findings) = (BTreeMap::new(), Vec::new());
    for must in &scenario.expect.doubted {
        let at = must.at.map_or_else(|| scenario.end(), |at| scenario.world.start.plus(at));
        let (answer, nobody) = (Answer::telling(must.doubt), BTreeSet::new());
        let doubted: &Doubted = match answers.entry((answer, at)) {
            Entry::Occupied(asked) => asked.into_mut(),
            Entry::Vacant(unasked) => unasked.insert(asker.ask(answer, at).await?),
        };
        let found = doubted.get(&must.doubt).unwrap_or(&nobody);
        findings.push(judge(must, found, expected, city));
    }
    Ok(findings)
}

impl Asker<'_> {
    async fn ask(&self, answer: Answer, to: Timestamp) -> Result<Doubted, Failure> {
        let mut all = Doubted::new();
        match answer {
            Answer::AirReport => self.air(to, &mut all).await?,
            Answer::Health => self.health(to, &mut all).await?,
            Answer::Bins => self.bins(to, &mut all).await?,
            Answer::ParkingSensors => self.bays(to, &mut all).await?,
            Answer::ParkingZones => self.zones(to, &mut all).await?,
            Answer::Consumption => self.registers(to, &mut all).await?,
            Answer::StuckMeters => self.standing(to, &mut all).await?,
        }
        Ok(all)
    }

    async fn object<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.api.object(path).await
    }

    fn devices(&self, kind: Kind) -> impl Iterator<Item = &DeviceId> {
        self.city.devices().iter().map(|sim| sim.device()).filter(move |device| device.kind == kind).map(|device| &device.id)
    }

    async fn air(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Report {
            pollutants: Vec<Summary>,
        }
        #[derive(Deserialize)]
        struct Summary {
            valid: usize,
            expected: usize,
            doubts: BTreeMap<SensorDoubt, usize>,
        }
        for id in self.devices(Kind::AIR) {
            let path = format!("/api/v1/air/report?station={id}{}", range(Some(self.start), Some(to)));
            for Summary { valid, expected, doubts } in self.object::<Report>(&path).await?.pollutants {
                // An hour that cannot be is no valid one either, however much was heard of it.
                let invalid = [SensorDoubt::BelowFloor, SensorDoubt::AboveCeiling];
                let invalid: usize = invalid.iter().filter_map(|doubt| doubts.get(doubt)).sum();
                let thin = (valid + invalid < expected).then_some(SensorDoubt::Thin);
                for doubt in doubts.into_keys().chain(thin) {
                    all.entry(doubt).or_default().insert(id.clone());
                }
            }
        }
        Ok(())
    }

    async fn health(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        for Health { device, kind, offline, availability, clock, stuck, drift, .. } in self.each_health(to).await? {
            let of_bin = kind == Kind::WASTE;
            let drifts = drift.values().filter_map(|said| said.value.as_ref()).any(|drift| drift.drifting);
            let (still, drifting) =
                if of_bin { (SensorDoubt::Still, SensorDoubt::Residue) } else { (SensorDoubt::Repeats, SensorDoubt::Drift) };
            let found = [
                (SensorDoubt::Offline, offline),
                (SensorDoubt::Unavailable, availability.value.is_some_and(|share| !share.met)),
                (SensorDoubt::Clock, clock.value.is_some_and(|clock| clock.wrong)),
                (still, !stuck.is_empty()),
                (drifting, drifts),
            ];
            for (doubt, _) in found.into_iter().filter(|(_, is)| *is) {
                all.entry(doubt).or_default().insert(device.clone());
            }
        }
        Ok(())
    }

    async fn each_health(&self, to: Timestamp) -> Result<Vec<Health>, Failure> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/devices/health?limit=1000{}{cursor}", range(Some(self.start), Some(to)));
            let page: Page = self.object(&path).await?;
            all.extend(page.devices);
            let Some(next) = page.next else { return Ok(all) };
            cursor = format!("&cursor={next}");
        }
    }

    /// Of a bin only its level is told: an outlier is a level that was heard after it.
    async fn bins(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Bin {
            heard: Option<Timestamp>,
        }
        for Health { device, heard, .. } in self.each_health(to).await?.into_iter().filter(|of| of.kind == Kind::WASTE) {
            let bin: Bin = self.object(&format!("/api/v1/waste/bin?bin={device}")).await?;
            if bin.heard < heard {
                all.entry(SensorDoubt::Outlier).or_default().insert(device);
            }
        }
        Ok(())
    }

    async fn bays(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Sensors {
            doubted: Vec<Sensor>,
        }
        #[derive(Deserialize)]
        struct Sensor {
            device: DeviceId,
            fault: Fault,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Fault {
            Silent,
            Stuck,
            Doubted,
        }
        let path = format!("/api/v1/parking/sensors?to={to}");
        for Sensor { device, fault } in self.object::<Sensors>(&path).await?.doubted {
            let doubt = match fault {
                Fault::Silent => SensorDoubt::BaySilent,
                Fault::Stuck => SensorDoubt::BayStuck,
                Fault::Doubted => SensorDoubt::BayDoubted,
            };
            all.entry(doubt).or_default().insert(device);
        }
        Ok(())
    }

    /// What is said of a zone is said of each of its bays.
    async fn zones(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Zones {
            zones: Vec<OfZone>,
        }
        #[derive(Deserialize)]
        struct OfZone {
            zone: Zone,
            now: Option<Now>,
        }
        #[derive(Deserialize)]
        struct Now {
            low_confidence: bool,
        }
        let path = format!("/api/v1/parking/occupancy?format=json{}", range(Some(self.start), Some(to)));
        let low = |of: &OfZone| of.now.as_ref().is_some_and(|now| now.low_confidence);
        for OfZone { zone, .. } in self.object::<Zones>(&path).await?.zones.into_iter().filter(low) {
            let bays = self.city.devices().iter().map(|sim| sim.device()).filter(|d| d.kind == Kind::PARKING && d.zone == zone);
            all.entry(SensorDoubt::LowConfidence).or_default().extend(bays.map(|bay| bay.id.clone()));
        }
        Ok(())
    }

    async fn registers(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Meter {
            steps: Vec<Step>,
            oddities: Vec<Oddity>,
        }
        #[derive(Deserialize)]
        struct Step {
            estimated: bool,
        }
        #[derive(Deserialize)]
        struct Oddity {
            what: SensorDoubt,
        }
        for id in self.devices(Kind::WATER) {
            let meter = self.names.of(id.as_str());
            let path = format!("/api/v1/water/consumption?meter={meter}&every=1h{}", range(Some(self.start), Some(to)));
            let Meter { steps, oddities } = self.object(&path).await?;
            let estimated = steps.iter().any(|step| step.estimated).then_some(SensorDoubt::Estimated);
            for doubt in oddities.into_iter().map(|oddity| oddity.what).chain(estimated) {
                all.entry(doubt).or_default().insert(id.clone());
            }
        }
        Ok(())
    }

    async fn standing(&self, to: Timestamp, all: &mut Doubted) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Stuck {
            stuck: Vec<Still>,
        }
        #[derive(Deserialize)]
        struct Still {
            meter: String,
        }
        let told: Stuck = self.object(&format!("/api/v1/water/stuck?to={to}")).await?;
        let stands = |id: &&DeviceId| told.stuck.iter().any(|still| still.meter == self.names.of(id.as_str()));
        all.entry(SensorDoubt::MeterStill).or_default().extend(self.devices(Kind::WATER).filter(stands).cloned());
        Ok(())
    }
}

#[derive(Deserialize)]
struct Page {
    devices: Vec<Health>,
    next: Option<DeviceId>,
}

#[derive(Deserialize)]
struct Health {
    device: DeviceId,
    kind: Kind,
    heard: Option<Timestamp>,
    offline: bool,
    availability: Said<Availability>,
    clock: Said<Clock>,
    stuck: Vec<String>,
    #[serde(default)]
    drift: BTreeMap<String, Said<Drift>>,
}

#[derive(Deserialize)]
struct Availability {
    met: bool,
}

#[derive(Deserialize)]
struct Clock {
    wrong: bool,
}

#[derive(Deserialize)]
struct Drift {
    drifting: bool,
}

/// Compares who is doubted with to whom it was done.
fn judge(must: &ExpectedDoubt, found: &BTreeSet<DeviceId>, expected: &Expected, city: &City) -> Finding {
    let labelled = expected.befallen(must.fault.row().name);
    let (mut right, mut faulty, mut wrong, mut sound) = (0, 0, 0, 0);
    let of_kind = |kind: Kind| must.doubt.kind().is_none_or(|only| only == kind);
    for (number, device) in (0..).zip(city.devices()).filter(|(_, device)| of_kind(device.kind())) {
        let is_found = u32::from(found.contains(&device.device().id));
        if labelled.contains(&number) {
            (right, faulty) = (right + is_found, faulty + 1);
        } else {
            (wrong, sound) = (wrong + is_found, sound + 1);
        }
    }
    let part = |count: u32, of: u32| if of == 0 { 0.0 } else { f64::from(count) / f64::from(of) };
    Finding {
        name: format!("doubted.{}", must.doubt.name()),
        ok: faulty > 0 && part(right, faulty) >= must.found && part(wrong, sound) <= must.falsely,
        text: format!(
            "{right} of {faulty} devices with the fault {} and {wrong} of {sound} others, expected {:.0} % at least and {:.0} % at most",
            must.fault.row().name,
            100.0 * must.found,
            100.0 * must.falsely
        ),
    }
}
