//! A scenario: a city, what happens in it and what goes wrong, for how long, and what must come of it. Data, in TOML.
//!
//! Deliberately absent: what is made of it (`play` sends it, whoever runs a platform compares), and files: a scenario is
//! parsed from its text.

use std::time::Duration;

use schemas::{DeviceId, Kind, Timestamp, Zone};
use serde::Deserialize;

use crate::expect::{Expect, SensorDoubt};
use crate::fault::{Class, Fault, FaultName};

/// Devices of the largest city.
pub const MOST_DEVICES: u32 = 1_000_000;
/// Seconds a day by which a clock may run fast or slow.
const MOST_CLOCKS: f64 = 3600.0;

/// Why a text is no scenario. One sentence that names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub about: String,
    /// It takes minutes and gigabytes: whoever wants that names it.
    #[serde(default)]
    pub heavy: bool,
    /// So much of its time is played at once; a minute where it is not given. For scenarios of weeks of which no alert must be told
    /// at its minute.
    #[serde(default = "minute", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub step: Duration,
    /// The city.
    pub world: World,
    /// What truly happens.
    #[serde(default, rename = "event")]
    pub events: Vec<Plan>,
    /// What goes wrong in sensors and on the way.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Plan>,
    /// Rules that judge beside those of the platform, as a file of rules has them.
    #[serde(default)]
    pub rules: String,
    /// What is done to the platform.
    #[serde(default, rename = "act")]
    pub acts: Vec<Act>,
    /// What must come of it, besides what always must.
    #[serde(default)]
    pub expect: Expect,
}

/// The city of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The same seed gives the same city.
    #[serde(default = "seed")]
    pub seed: u64,
    /// How many devices.
    pub devices: u32,
    /// Only devices of this kind.
    pub only: Option<Kind>,
    /// How many of each kind there are for one another.
    #[serde(default)]
    pub mix: Mix,
    /// Its first instant.
    pub start: Timestamp,
    /// How long it lasts.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lasts: Duration,
    /// How often stations, bins, bays and meters speak, where not as often as real ones do.
    #[serde(default)]
    pub every: Every,
    /// Waste against an ordinary day.
    #[serde(default = "one")]
    pub waste: f64,
    /// Seconds a day by which the clocks of devices run fast or slow (standard deviation) until they are set right, once a day;
    /// where not as those of real ones do.
    pub clocks: Option<f64>,
    /// All devices of a kind speak at the full interval and not one after another.
    #[serde(default)]
    pub in_step: bool,
    /// Devices of all makes that can be simulated, through several network servers.
    #[serde(default)]
    pub makes: bool,
    /// Bins say where they stand.
    #[serde(default)]
    pub positions: bool,
}

/// Shares of the kinds in all devices, in any whole numbers. Each kind that has a share has a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Air stations.
    pub air: u32,
    /// Bins.
    pub waste: u32,
    /// Parking bays.
    pub parking: u32,
    /// Water meters.
    pub water: u32,
}

impl Default for Mix {
    /// Such that sixty devices show something of everything.
    fn default() -> Self {
        Self { air: 8, waste: 20, parking: 22, water: 10 }
    }
}

impl Mix {
    /// Such that eighty devices have two districts of the water network of which sums may be published.
    pub(crate) const DEMO: Mix = Mix { air: 8, waste: 19, parking: 17, water: 20 };

    /// Each kind and how many of `size` devices are of it, the last taking what is left.
    pub(crate) fn of(self, size: usize) -> [(Kind, usize); 4] {
        let shares = [(Kind::AIR, self.air), (Kind::WASTE, self.waste), (Kind::PARKING, self.parking), (Kind::WATER, self.water)];
        let all: usize = shares.iter().map(|(_, share)| *share as usize).sum();
        let last = shares.iter().rposition(|(_, share)| *share > 0).unwrap_or(0);
        let (mut left, mut number) = (size, 0);
        shares.map(|(kind, share)| {
            let count = if number == last { left } else { (size * share as usize).div_ceil(all.max(1)).min(left) };
            left -= count;
            number += 1;
            (kind, count)
        })
    }
}

/// Reporting intervals.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Every {
    /// Of air stations.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub air: Option<Duration>,
    /// Of bins.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub waste: Option<Duration>,
    /// How often a bay looks whether it has changed; it says at least every thirtieth time how it is.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub parking: Option<Duration>,
    /// Of meters.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub water: Option<Duration>,
}

/// An event or a fault: what, whose, when, how much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// A line of the table of faults.
    pub what: FaultName,
    /// Only devices of this kind.
    pub kind: Option<Kind>,
    /// Only this device.
    pub device: Option<DeviceId>,
    /// Only devices of this zone.
    pub zone: Option<Zone>,
    /// Of those, this part of the devices.
    #[serde(default = "one")]
    pub devices: f64,
    /// Of their messages, this part.
    #[serde(default = "one")]
    pub part: f64,
    /// From so long after the start on.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub at: Duration,
    /// For so long; to the end where it is not given.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub lasts: Option<Duration>,
    /// How much, in the unit of the table; its default where it is not given.
    pub amount: Option<f64>,
}

/// Something that is done to the platform under test.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What.
    pub what: ActKind,
    /// How long after the start.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub at: Duration,
    /// For how long; at once over where it is not given.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub lasts: Option<Duration>,
}

/// What can be done to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Its store cannot be reached.
    StoreAway,
    /// It is stopped and started again.
    Restart,
    /// Its power fails: what no sync has brought to the disk is gone. Then it is started again.
    PowerLoss,
}

fn seed() -> u64 {
    2026
}

fn minute() -> Duration {
    Duration::from_secs(60)
}

fn one() -> f64 {
    1.0
}

impl Scenario {
    /// Parses a scenario.
    ///
    /// # Errors
    /// What is wrong, with its line where the text itself is.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|e| ScenarioError(e.to_string().trim_end().to_owned()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// A quiet city: nothing happens, nothing goes wrong.
    #[must_use]
    pub fn quiet(seed: u64, devices: u32, start: Timestamp, lasts: Duration) -> Self {
        let every = Every::default();
        let world = World {
            seed,
            devices,
            only: None,
            mix: Mix::default(),
            start,
            lasts,
            every,
            waste: 1.0,
            clocks: None,
            in_step: false,
            makes: false,
            positions: false,
        };
        let about = "A quiet city".to_owned();
        Self {
            about,
            heavy: false,
            step: minute(),
            world,
            events: Vec::new(),
            faults: Vec::new(),
            rules: String::new(),
            acts: Vec::new(),
            expect: Expect::default(),
        }
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |text: String| Err(ScenarioError(text));
        let World { devices, lasts, .. } = self.world;
        if devices == 0 || devices > MOST_DEVICES {
            return wrong(format!("world.devices is {devices}, expected 1 to {MOST_DEVICES}"));
        }
        if let Some(clocks) = self.world.clocks.filter(|clocks| !(0.0..=MOST_CLOCKS).contains(clocks)) {
            return wrong(format!("world.clocks is {clocks} s a day, expected 0 to {MOST_CLOCKS}"));
        }
        let Mix { air, waste, parking, water } = self.world.mix;
        if [air, waste, parking, water] == [0; 4] {
            return wrong("world.mix has no share, expected at least one above 0".to_owned());
        }
        for (name, time) in [("world.lasts", lasts), ("step", self.step)] {
            if time.is_zero() {
                return wrong(format!("{name} is no time"));
            }
        }
        let classes = [("event", &self.events, true), ("fault", &self.faults, false)];
        for (table, plans, happens) in classes {
            for plan in plans {
                let row = plan.fault();
                if (row.class == Class::Event) != happens {
                    let other = if happens { "fault" } else { "event" };
                    return wrong(format!("`{}` stands among [[{table}]], and is a line of [[{other}]]", row.name));
                }
                for (name, part) in [("devices", plan.devices), ("part", plan.part)] {
                    if !(0.0..=1.0).contains(&part) {
                        return wrong(format!("{table}.{name} of `{}` is {part}, expected 0 to 1", row.name));
                    }
                }
            }
        }
        for doubt in &self.expect.doubted {
            let name = doubt.doubt.name();
            if doubt.at.is_some_and(|at| at > lasts) {
                return wrong(format!("expect.doubted asks for `{name}` after the end"));
            }
            if doubt.at.is_some() && doubt.doubt == SensorDoubt::Outlier {
                return wrong(format!(
                    "expect.doubted asks for `{name}` at an instant, and a bin is told only as it is at the end"
                ));
            }
        }
        let known = |code: &String| schemas::Flaw::from_code(code).is_none();
        if let Some(code) = self.expect.flaws.iter().find(|code| known(code)) {
            return wrong(format!("expect.flaws names `{code}`, which is no flaw"));
        }
        let unknown = |code: &&String| !codec::Reason::ALL.iter().any(|reason| reason.code() == code.as_str());
        if let Some(code) = self.expect.quarantined.iter().find(unknown) {
            return wrong(format!("expect.quarantined names `{code}`, which is no reason"));
        }
        Ok(())
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.world.start.plus(self.world.lasts)
    }

    /// Events and faults, in the order in which they are applied.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.events.iter().chain(&self.faults)
    }
}

impl Plan {
    /// It befalls everybody from the start on, for so long.
    #[must_use]
    pub fn of(what: FaultName, lasts: Duration) -> Self {
        let (at, lasts) = (Duration::ZERO, Some(lasts));
        Self { what, kind: None, device: None, zone: None, devices: 1.0, part: 1.0, at, lasts, amount: None }
    }

    /// Its line of the table.
    #[must_use]
    pub fn fault(&self) -> &'static Fault {
        self.what.row()
    }

    /// How much.
    pub(crate) fn amount(&self) -> f64 {
        self.amount.unwrap_or(self.fault().amount)
    }
}
