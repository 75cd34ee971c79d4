//! What the answers about air, waste, parking and water are computed by: the numbers of each domain with their status and
//! source, the calendar, the limits of the law, who collects where, and what a city says of its own stations and depots.
//!
//! Deliberately absent: reading files (`settings`).

use std::collections::BTreeMap;
use std::time::Duration;

use domains::air::{AirSettings, DustDays, LimitSet, Siting};
use domains::health::HealthSettings;
use domains::parameters::Row;
use domains::parking::ParkingSettings;
use domains::time::Calendar;
use domains::waste::{Territories, WasteSettings};
use domains::water::{Pseudonyms, WaterSettings};
use domains::{Assets, Locations, Purposes};
use schemas::{DeviceId, Kind, Place, Zone};
use serde::Deserialize;

use crate::Tenant;

/// The numbers of a domain, and the list of them that is shown with each answer.
#[derive(Clone, Debug)]
pub struct Sheet<T> {
    /// What formulas take.
    pub numbers: T,
    /// The same with status and source.
    pub rows: Vec<Row>,
}

/// What a city says of one of its air stations. What it does not say is assumed, and the answer says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Station {
    /// Where it stands; background where nobody says.
    pub siting: Option<Siting>,
    /// How often it reports; as it was seen to where nobody says.
    pub every: Option<Duration>,
    /// Its PM2.5 sensor is of low cost and is corrected for humidity.
    pub low_cost: bool,
}

/// A metered district of the water network: which meters feed it, and whose connections it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct District {
    /// What people call it.
    pub name: String,
    /// The meters through which water comes in.
    pub inflow: Vec<DeviceId>,
    /// Those through which it goes on to others.
    pub outflow: Vec<DeviceId>,
    /// All connections of these zones belong to it.
    pub zones: Vec<Zone>,
    /// And these.
    pub meters: Vec<DeviceId>,
}

/// What a parking space is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceUse {
    /// Paid by the hour.
    #[default]
    Metered,
    /// A loading bay.
    Loading,
    /// For the disabled or residents: no longest stay, and never told singly.
    Reserved,
}

/// What everything is computed by.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Air.
    pub air: Sheet<AirSettings>,
    /// Waste.
    pub waste: Sheet<WasteSettings>,
    /// Parking.
    pub parking: Sheet<ParkingSettings>,
    /// Water.
    pub water: Sheet<WaterSettings>,
    /// Devices of every kind.
    pub health: Sheet<HealthSettings>,
    /// Ramadan, feasts, holidays.
    pub calendar: Calendar,
    /// Laws and guidelines, in the order in which they are told.
    pub limits: Vec<LimitSet>,
    /// Days that a person has flagged as natural dust, with evidence.
    pub dust: DustDays,
    /// Who collects where, and when.
    pub territories: Territories,
    /// Who answers for which part of the city.
    pub tenants: Vec<Tenant>,
    /// Where a contractor's vehicles start; the middle of the bins where nobody says.
    pub depots: BTreeMap<String, Place>,
    /// Air stations of which something is known.
    pub stations: BTreeMap<DeviceId, Station>,
    /// Metered districts of the water network.
    pub districts: Vec<District>,
    /// Parking spaces that are not metered ones.
    pub spaces: BTreeMap<DeviceId, SpaceUse>,
    /// Answers tell parking officers of single spaces.
    pub single_spaces: bool,
    /// How often devices of a kind report; as each was seen to where nobody says.
    pub intervals: BTreeMap<Kind, Duration>,
    /// Under which names answers tell of single meters; none: they tell of none.
    pub pseudonyms: Option<Names>,
    /// What personal data are kept for.
    pub purposes: Purposes,
    /// What data there are, and how they are classed.
    pub assets: Assets,
    /// Where the stores are.
    pub locations: Locations,
}

/// How a meter is named in an answer.
#[derive(Clone, Debug)]
pub enum Names {
    /// As it is kept: under a pseudonym from its first message on.
    Kept,
    /// It is kept by its own id, as in a simulated city, and gets its name with the answer.
    Made(Pseudonyms),
}

impl Names {
    /// The name of a meter that is kept under this id.
    #[must_use]
    pub fn of(&self, meter: &str) -> String {
        match self {
            Names::Kept => meter.to_owned(),
            Names::Made(pseudonyms) => pseudonyms.of(meter),
        }
    }
}

impl Parameters {
    /// Those that come with the program: Casablanca's, without depots, stations, days of dust and a key.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            air: Sheet { numbers: AirSettings::shipped(), rows: AirSettings::rows() },
            waste: Sheet { numbers: WasteSettings::shipped(), rows: WasteSettings::rows() },
            parking: Sheet { numbers: ParkingSettings::shipped(), rows: ParkingSettings::rows() },
            water: Sheet { numbers: WaterSettings::shipped(), rows: WaterSettings::rows() },
            health: Sheet { numbers: HealthSettings::shipped(), rows: HealthSettings::rows() },
            calendar: Calendar::casablanca(),
            limits: LimitSet::shipped(),
            dust: DustDays::new(),
            territories: Territories::casablanca(),
            tenants: Vec::new(),
            depots: BTreeMap::new(),
            stations: BTreeMap::new(),
            districts: Vec::new(),
            spaces: BTreeMap::new(),
            single_spaces: false,
            intervals: BTreeMap::new(),
            pseudonyms: None,
            purposes: Purposes::shipped(),
            assets: Assets::shipped(),
            locations: Locations::at_home(),
        }
    }

    /// Whether a meter feeds a district, and is no connection.
    pub(crate) fn is_bulk(&self, meter: &DeviceId) -> bool {
        self.districts.iter().any(|d| d.inflow.contains(meter) || d.outflow.contains(meter))
    }

    /// What is known of an air station.
    pub(crate) fn station(&self, device: &DeviceId) -> Station {
        self.stations.get(device).copied().unwrap_or_default()
    }
}
