//! The sections `[domains]` and `[privacy]`: which files replace the shipped parameters, and what a city says of its own
//! stations, depots, days of dust and key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dashboards::{Names, Parameters, Sheet, SpaceUse};
use domains::air::{AirSettings, LimitSet, Siting};
use domains::health::HealthSettings;
use domains::parameters::{self, ParameterError};
use domains::parking::ParkingSettings;
use domains::time::Calendar;
use domains::waste::{Territories, WasteSettings};
use domains::water::WaterSettings;
use domains::{Assets, Purposes};
use jiff::civil::Date;
use schemas::{DeviceId, Kind, Place, UnknownWord, Zone};
use serde::Deserialize;

use crate::location::locations;
use crate::{Settings, SettingsError};

/// The section `[domains]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domains {
    /// Replaces `config/domains/air.toml`.
    pub air: Option<PathBuf>,
    /// Replaces `config/domains/waste.toml`.
    pub waste: Option<PathBuf>,
    /// Replaces `config/domains/parking.toml`.
    pub parking: Option<PathBuf>,
    /// Replaces `config/domains/water.toml`.
    pub water: Option<PathBuf>,
    /// Replaces `config/domains/health.toml`.
    pub health: Option<PathBuf>,
    /// Replaces the shipped calendar.
    pub calendar: Option<PathBuf>,
    /// Replaces the shipped territories.
    pub territories: Option<PathBuf>,
    /// Further sets of limits; one with the id of a shipped set replaces it.
    pub limits: Vec<PathBuf>,
    /// Days of natural dust.
    #[serde(default)]
    pub dust: Vec<Dust>,
    /// What is known of air stations.
    #[serde(default)]
    pub station: Vec<Station>,
    /// Where vehicles start.
    #[serde(default)]
    pub depot: Vec<Depot>,
    /// Metered districts of the water network.
    #[serde(default)]
    pub district: Vec<District>,
    /// Parking spaces that are not metered ones.
    #[serde(default)]
    pub space: Vec<Space>,
    /// How often devices report.
    #[serde(default)]
    pub interval: Vec<Interval>,
}

impl Domains {
    /// Every path, to be read beside the settings.
    pub(crate) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { air, waste, parking, water, health, calendar, territories, limits, .. } = self;
        [air, waste, parking, water, health, calendar, territories].into_iter().flatten().chain(limits)
    }
}

/// A day that a person has flagged as natural dust.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dust {
    /// The local day, such as 2026-03-14.
    pub date: Date,
    /// What shows it: without evidence no day is discounted (Directive (EU) 2024/2881, article 16).
    pub evidence: String,
}

/// What is known of an air station besides what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Which.
    pub device: DeviceId,
    /// Where it stands.
    pub siting: Option<Siting>,
    /// How often it reports.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub every: Option<Duration>,
    /// Its PM2.5 sensor is of low cost.
    #[serde(default)]
    pub low_cost: bool,
}

/// Where a contractor's vehicles start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depot {
    /// As the territories name it.
    pub contractor: String,
    /// Where.
    pub place: Place,
}

/// A metered district of the water network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// What people call it.
    pub name: String,
    /// The meters through which water comes in.
    pub inflow: Vec<DeviceId>,
    /// Those through which it goes on to others.
    #[serde(default)]
    pub outflow: Vec<DeviceId>,
    /// All connections of these zones belong to it.
    #[serde(default)]
    pub zones: Vec<Zone>,
    /// And these.
    #[serde(default)]
    pub meters: Vec<DeviceId>,
}

/// A parking space that is not a metered one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Its sensor.
    pub device: DeviceId,
    /// What it is for.
    #[serde(rename = "use")]
    pub purpose: SpaceUse,
}

/// How often devices of a kind report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Which kind, such as waste.
    pub kind: String,
    /// How often.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub every: Duration,
}

/// The section `[privacy]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Holds the keys of pseudonyms and of what is sealed.
    pub keys: Option<PathBuf>,
    /// Behind devices of which kinds people stand.
    pub kinds: Vec<Kind>,
    /// What personal data are kept for, in place of what is shipped.
    pub purposes: Option<PathBuf>,
    /// What data there are and how they are classed, in place of what is shipped.
    pub assets: Option<PathBuf>,
    /// Answers tell parking officers of single spaces.
    pub single_spaces: bool,
}

/// Reads what the sections name, over what is shipped.
///
/// # Errors
/// All that is wrong: a file that cannot be read or does not fit, with file and line, a day of dust without evidence, an interval
/// of no time, or a key that is too short.
pub fn parameters(settings: &Settings) -> Result<Parameters, Vec<SettingsError>> {
    let (mut found, mut errors) = (Parameters::shipped(), Vec::new());
    found.tenants.clone_from(&settings.tenant);
    let section = &settings.domains;
    sheet(section.air.as_deref(), AirSettings::parse, &mut found.air, &mut errors);
    sheet(section.waste.as_deref(), WasteSettings::parse, &mut found.waste, &mut errors);
    sheet(section.parking.as_deref(), ParkingSettings::parse, &mut found.parking, &mut errors);
    sheet(section.water.as_deref(), WaterSettings::parse, &mut found.water, &mut errors);
    sheet(section.health.as_deref(), HealthSettings::parse, &mut found.health, &mut errors);
    if let Some(calendar) = taken(section.calendar.as_deref(), Calendar::parse, &mut errors) {
        found.calendar = calendar;
    }
    if let Some(territories) = taken(section.territories.as_deref(), Territories::parse, &mut errors) {
        found.territories = territories;
    }
    for path in &section.limits {
        if let Some(set) = taken(Some(path), LimitSet::parse, &mut errors) {
            match found.limits.iter_mut().find(|shipped| shipped.id == set.id) {
                Some(shipped) => *shipped = set,
                None => found.limits.push(set),
            }
        }
    }
    for dust in &section.dust {
        if dust.evidence.trim().is_empty() {
            errors.push(wrong("domains.dust", format!("{} has no evidence, expected what shows it", dust.date)));
        }
    }
    found.dust = section.dust.iter().map(|dust| dust.date).collect();
    for station in &section.station {
        if station.every.is_some_and(|every| every.is_zero()) {
            errors.push(wrong("domains.station", format!("`{}` reports every 0 s, expected more", station.device)));
        }
        let Station { siting, every, low_cost, .. } = *station;
        found.stations.insert(station.device.clone(), dashboards::Station { siting, every, low_cost });
    }
    found.depots = section.depot.iter().map(|d| (d.contractor.clone(), d.place)).collect::<BTreeMap<_, _>>();
    found.spaces = section.space.iter().map(|s| (s.device.clone(), s.purpose)).collect();
    found.single_spaces = settings.privacy.single_spaces;
    found.intervals = section.interval.iter().filter_map(|i| interval(i, &mut errors)).collect();
    found.districts = districts(&section.district, &mut errors);
    if let Some(purposes) = taken(settings.privacy.purposes.as_deref(), Purposes::parse, &mut errors) {
        found.purposes = purposes;
    }
    if let Some(assets) = taken(settings.privacy.assets.as_deref(), Assets::parse, &mut errors) {
        found.assets = assets;
    }
    match locations(settings, &found.assets) {
        Ok(locations) => found.locations = locations,
        Err(wrong) => errors.extend(wrong),
    }
    if let Some(path) = &settings.privacy.keys {
        errors.extend(keys(path, settings));
        found.pseudonyms = Some(Names::Kept);
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

fn wrong(place: &str, message: String) -> SettingsError {
    SettingsError { place: place.to_owned(), message }
}

fn interval(Interval { kind, every }: &Interval, errors: &mut Vec<SettingsError>) -> Option<(Kind, Duration)> {
    if every.is_zero() {
        errors.push(wrong("domains.interval", format!("`{kind}` reports every 0 s, expected more")));
    }
    let kind = kind.parse().map_err(|cause: UnknownWord| errors.push(wrong("domains.interval", cause.to_string())));
    kind.ok().map(|kind| (kind, *every))
}

/// The districts; each is fed, holds somebody, and is named once. A meter that feeds one is no connection of any.
fn districts(told: &[District], errors: &mut Vec<SettingsError>) -> Vec<dashboards::District> {
    let mut names = BTreeSet::new();
    let bulk: BTreeSet<&DeviceId> = told.iter().flat_map(|d| d.inflow.iter().chain(&d.outflow)).collect();
    for district in told {
        let mut odd = |what: &str| errors.push(wrong("domains.district", format!("`{}` {what}", district.name)));
        if !names.insert(district.name.as_str()) {
            odd("is there twice, expected once");
        }
        if district.inflow.is_empty() {
            odd("has no meter that feeds it, expected one or more in `inflow`");
        }
        if district.zones.is_empty() && district.meters.is_empty() {
            odd("holds no connections, expected `zones` or `meters`");
        }
        if district.meters.iter().any(|meter| bulk.contains(meter)) {
            odd("has a meter that feeds a district among its connections, expected only connections in `meters`");
        }
    }
    let district = |d: &District| {
        let District { name, inflow, outflow, zones, meters } = d.clone();
        dashboards::District { name, inflow, outflow, zones, meters }
    };
    told.iter().map(district).collect()
}

/// What is wrong with the file of keys: it cannot be used, or lies where a copy of the data would have it too.
fn keys(path: &Path, settings: &Settings) -> Option<SettingsError> {
    let place = settings.place("privacy.keys");
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if whole(path).starts_with(whole(&settings.data.directory)) {
        return Some(wrong(
            &place,
            "the keys lie in the data directory, expected elsewhere: with the data they undo themselves".to_owned(),
        ));
    }
    vault::Keys::read(path).err().map(|cause| wrong(&place, cause.to_string()))
}

type Parse<T> = fn(&str, &str) -> Result<T, ParameterError>;

/// What a file holds, if one is named and right.
fn taken<T>(path: Option<&Path>, parse: Parse<T>, errors: &mut Vec<SettingsError>) -> Option<T> {
    let path = path?;
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| errors.push(SettingsError::unreadable(path, &cause))).ok()?;
    parse(&name, &text).map_err(|e| errors.push(wrong(&format!("{}:{}", e.file, e.line), e.message))).ok()
}

/// As [`taken`], with the list of parameters that answers show.
fn sheet<T>(path: Option<&Path>, parse: Parse<T>, sheet: &mut Sheet<T>, errors: &mut Vec<SettingsError>) {
    if let Some(numbers) = taken(path, parse, errors)
        && let Some(rows) = taken(path, parameters::rows, errors)
    {
        *sheet = Sheet { numbers, rows };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Layers;

    fn with(text: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Parameters, Vec<SettingsError>>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files.iter().chain(&[("city.toml", text)]) {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let layers = Layers { files: vec![folder.path().join("city.toml")], ..Layers::default() };
        let found = parameters(&Settings::load(&layers).unwrap());
        (folder, found)
    }

    #[test]
    fn a_city_replaces_limits_and_says_what_it_knows_of_stations_and_depots() {
        let law = include_str!("../limits/ma-2009.toml").replace("id = \"ma-2009\"", "id = \"ma-2024\"");
        let text = r#"
[domains]
limits = ["ours.toml"]
[[domains.dust]]
date = "2026-03-14"
evidence = "satellite image"
[[domains.station]]
device = "air-1"
siting = "traffic"
every = "1m"
[[domains.depot]]
contractor = "ARMA"
place = { lat = 33.57, lon = -7.59 }
[[domains.district]]
name = "Anfa haut"
inflow = ["dma-1"]
zones = ["anfa"]
[[domains.space]]
device = "bay-7"
use = "loading"
[[domains.interval]]
kind = "waste"
every = "15m"
[privacy]
purposes = "why.toml"
"#;
        let why = include_str!("../purposes.toml").replacen("keep = 396", "keep = 400", 1);
        let (_folder, found) = with(text, &[("ours.toml", &law), ("why.toml", &why)]);
        let found = found.unwrap();
        assert!(found.limits.iter().any(|set| set.id == "ma-2024" && !set.limit.is_empty()));
        assert_eq!((found.limits.len(), found.dust.len(), found.depots.len()), (5, 1, 1));
        assert_eq!(found.districts[0].inflow, ["dma-1".parse::<DeviceId>().unwrap()]);
        assert_eq!(found.spaces.values().copied().collect::<Vec<_>>(), [SpaceUse::Loading]);
        assert_eq!(found.intervals[&Kind::WASTE], Duration::from_secs(900));
        let station = found.stations.values().next().unwrap();
        assert_eq!((station.siting, station.every), (Some(Siting::Traffic), Some(Duration::from_secs(60))));
        assert_eq!(found.purposes.keep()[&Kind::WATER], Duration::from_secs(400 * 86_400));
        assert!(found.pseudonyms.is_none(), "without keys no single connection is told of");
    }

    #[test]
    fn a_district_is_fed_and_its_feeding_meter_is_no_connection() {
        let district = |name: &str, rest: &str| format!("[[domains.district]]\nname = \"{name}\"\n{rest}\n");
        let text = district("a", "inflow = []\nzones = [\"anfa\"]")
            + &district("b", "inflow = [\"dma-1\"]")
            + &district("b", "inflow = [\"dma-2\"]\nmeters = [\"dma-1\"]")
            + "[[domains.interval]]\nkind = \"submarine\"\nevery = \"0s\"\n";
        let told: Vec<String> = with(&text, &[]).1.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 6, "{told:?}");
        let of = ["0 s", "submarine", "`a` has no meter", "`b` holds no", "`b` is there twice", "only connections"];
        assert!(of.iter().all(|part| told.iter().any(|line| line.contains(part))), "{told:?}");
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place_all_at_once() {
        let text = "[domains]\nwater = \"water.toml\"\n[[domains.dust]]\ndate = \"2026-03-14\"\nevidence = \" \"\n\
                    [privacy]\nkeys = \"meters.key\"\n";
        let water = include_str!("../domains/water.toml").replacen("value = 8,", "value = 0,", 1);
        let (_folder, found) = with(text, &[("water.toml", &water), ("meters.key", "short")]);
        let told: Vec<String> = found.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("water.toml:") && told[1].contains("evidence"), "{told:?}");
        assert!(told[2].contains("city.toml:") && told[2].contains("meters.key"), "{told:?}");
        assert!(!told[2].contains("short"), "{told:?}");
    }
}
