//! What no section can see alone: rules on unknown channels, packs that do not exist, a time zone that the program's own
//! table does not know, or a table that is too old.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dashboards::{Atlas, Parameters};
use domains::time::{CityTime, ZoneError};
use schemas::{Catalogue, ProfileName};

use crate::{DEMO_RULES, DeviceList, RULE_PACKS, RouteTable, Settings, SettingsError, devices, parameters, profiles};

/// Settings whose parts fit one another, and what they refer to.
#[derive(Debug)]
pub struct Checked {
    /// The devices of the city, as files list them.
    pub catalogue: Catalogue,
    /// Which envelope opens which topics.
    pub routes: codec::Routes,
    /// The rules that judge.
    pub rules: Arc<rules::RuleSet>,
    /// How devices are read.
    pub profiles: codec::Profiles,
    /// The city's local time. Its table of time zones knows that Morocco left UTC+1 in September 2026: one that does not
    /// is refused here, for every command.
    pub time: CityTime,
    /// What air, waste, parking and water are computed by.
    pub parameters: Parameters,
    /// What maps are drawn on.
    pub atlas: Atlas,
}

fn wrong(place: &str, message: impl Into<String>) -> SettingsError {
    SettingsError { place: place.to_owned(), message: message.into() }
}

/// Checks the settings as a whole and reads what they refer to.
///
/// # Errors
/// All that is wrong, not only the first.
pub fn check(settings: &Settings) -> Result<Checked, Vec<SettingsError>> {
    check_with(settings, &[])
}

/// As [`check`], with further rules: name and text.
///
/// # Errors
/// All that is wrong, not only the first.
pub fn check_with(settings: &Settings, more_rules: &[(&str, &str)]) -> Result<Checked, Vec<SettingsError>> {
    let mut errors = Vec::new();
    let mut all = |wrong: Vec<SettingsError>| errors.extend(wrong);
    let list = devices(&settings.devices.files).unwrap_or_else(|wrong| {
        all(wrong);
        DeviceList::default()
    });
    let profiles = profiles(&settings.profiles).map_err(all).ok();
    let rules = rule_set(settings, more_rules).unwrap_or_else(|wrong| {
        errors.extend(wrong);
        None
    });
    if let Some(rules) = &rules {
        errors.extend(rules.rules().iter().flat_map(|rule| strangers(settings, rule)));
        errors.extend(unknown_public_rules(settings, rules));
    }
    errors.extend(settings.access.objection().map(|objection| wrong("access", objection)));
    errors.extend(settings.endpoint.objection().map(|(key, why)| wrong(&settings.place(&format!("endpoint.{key}")), why)));
    errors.extend(directory(settings));
    errors.extend(
        dashboards::Tenant::objection(&settings.tenant)
            .map(|(at, why)| wrong(&settings.place(&format!("tenant[{at}].name")), why)),
    );
    errors.extend(notify::Inhibit::objection(&settings.inhibit).map(|objection| wrong("inhibit", objection)));
    if let Some(profiles) = &profiles {
        errors.extend(unknown_profiles(settings, &list, profiles));
    }
    errors.extend(server_of(settings));
    if let Some(bounds) = &settings.city.bounds {
        for device in list.catalogue.devices() {
            errors.extend(bounds.objection(device).map(|objection| wrong(list.place(&device.id), objection)));
        }
    }
    let routes = codec::Routes::new(settings.route.iter().map(|table| table.route.clone()));
    let time = time(settings).map_err(|cause| errors.push(cause)).ok();
    let parameters = parameters(settings).unwrap_or_else(|wrong| {
        errors.extend(wrong);
        Parameters::shipped()
    });
    let atlas = atlas(settings).map_err(|cause| errors.push(cause)).ok();
    match (rules, profiles, time, atlas) {
        (Some(rules), Some(profiles), Some(time), Some(atlas)) if errors.is_empty() => {
            Ok(Checked { catalogue: list.catalogue, routes, rules: Arc::new(rules), profiles, time, parameters, atlas })
        }
        _ => Err(errors),
    }
}

/// Whom a rule tells although the settings name nobody so.
#[must_use]
pub fn strangers(settings: &Settings, rule: &rules::Rule) -> Vec<SettingsError> {
    let names = settings.notify.names();
    let (file, line) = rule.origin();
    let unknown = rule.notify().iter().filter(|channel| !names.contains(channel));
    let told = unknown.map(|channel| {
        let message = format!(
            "rule `{}` tells `{channel}`, but there is no such [[notify.channel]], [[notify.receiver]] or [[notify.rota]]",
            rule.id()
        );
        wrong(&format!("{file}:{line}"), message)
    });
    told.collect()
}

/// After 20 s nothing was lost in any crash of VictoriaMetrics that was tried, after 8 s all: with room to spare.
const SHORTEST_TRAIL: Duration = Duration::from_secs(60);

/// What in `[oidc]` cannot be used, and what its grants cannot give.
fn directory(settings: &Settings) -> Vec<SettingsError> {
    let objection = settings.oidc.objection().map(|oidc::Objection { key, why }| (format!("oidc.{key}"), why));
    let grants = settings.oidc.grant.iter().enumerate().filter_map(|(at, grant)| {
        if let Some(why) = access::standing_objection(&grant.standing()) {
            return Some((format!("oidc.grant[{at}].role"), why));
        }
        let named = grant.tenant.as_ref()?;
        let known = settings.tenant.iter().any(|tenant| tenant.name == *named);
        (!known).then(|| (format!("oidc.grant[{at}].tenant"), format!("there is no [[tenant]] `{named}`")))
    });
    objection.into_iter().chain(grants).map(|(key, why)| wrong(&settings.place(&key), why)).collect()
}

/// What in the section of the server that keeps the readings cannot be used.
fn server_of(settings: &Settings) -> Option<SettingsError> {
    let (section, objection) = match settings.store.kind {
        store::Engine::Embedded => return None,
        store::Engine::Influx => ("influx", store_influx::Influx::new(&settings.influx).err()?),
        store::Engine::Victoria if settings.victoria.trail < SHORTEST_TRAIL => {
            let why = "expected 60s or more: for so long the servers may lose what they took";
            return Some(wrong(&settings.place("victoria.trail"), why));
        }
        store::Engine::Victoria if settings.pipeline.flush_every <= settings.victoria.trail => {
            let why = "expected more than victoria.trail: a flush takes as long, and a second one would hold up the readings";
            return Some(wrong(&settings.place("pipeline.flush_every"), why));
        }
        store::Engine::Victoria => ("victoria", store_victoria::Victoria::new(&settings.victoria).err()?),
    };
    Some(wrong(&settings.place(&format!("{section}.{}", objection.key)), objection.why))
}

/// Devices and routes that are read by a profile that nobody knows.
fn unknown_profiles(settings: &Settings, list: &DeviceList, known: &codec::Profiles) -> Vec<SettingsError> {
    let unknown = |profile: &&ProfileName| known.named(profile).is_none();
    let devices = list.catalogue.devices().filter_map(|device| {
        let profile = device.profile.as_ref().filter(unknown)?;
        let message = format!("device `{}` has the profile `{profile}`, which nobody knows", device.id);
        Some(wrong(list.place(&device.id), message))
    });
    let routes = settings.route.iter().enumerate().filter_map(|(at, RouteTable { topic, route })| {
        let profile = route.profile().filter(unknown)?;
        let message = format!("the route of `{topic}` has the profile `{profile}`, which nobody knows");
        Some(wrong(&settings.place(&format!("route[{at}].profile")), message))
    });
    devices.chain(routes).collect()
}

/// Rules that `[http.public]` names and nobody has. Those that are shipped are known whether they judge here or not: the defaults
/// name them for whoever takes the packs.
fn unknown_public_rules(settings: &Settings, rules: &rules::RuleSet) -> Vec<SettingsError> {
    let texts: Vec<(&str, &str)> = RULE_PACKS.into_iter().chain([("demo", DEMO_RULES)]).collect();
    let shipped = rules::RuleSet::parse(&texts).expect("the shipped rules are tested");
    let judging: BTreeSet<&str> = rules.rules().iter().map(|rule| rule.id().as_str()).collect();
    let is_known = |id: &str| judging.contains(id) || shipped.rules().iter().any(|rule| rule.id().as_str() == id);
    let unknown = settings.http.public.rules.iter().enumerate().filter(|(_, id)| !is_known(id.as_str()));
    let told = unknown.map(|(at, id)| {
        let names: Vec<&str> = judging.iter().copied().collect();
        let expected =
            if names.is_empty() { "there are no rules here".to_owned() } else { format!("expected one of {}", names.join(", ")) };
        wrong(
            &settings.place(&format!("http.public.rules[{at}]")),
            format!("there is no rule `{id}` for http.public.rules, {expected}"),
        )
    });
    told.collect()
}

fn rule_set(settings: &Settings, more: &[(&str, &str)]) -> Result<Option<rules::RuleSet>, Vec<SettingsError>> {
    let (texts, mut errors) = settings.rules.texts(more);
    match rules::RuleSet::parse(&texts) {
        Ok(rules) if errors.is_empty() => Ok(Some(rules)),
        Ok(_) => Err(errors),
        Err(found) => {
            errors.extend(found.into_iter().map(|e| wrong(&format!("{}:{}", e.file, e.line), e.message)));
            Err(errors)
        }
    }
}

fn time(settings: &Settings) -> Result<CityTime, SettingsError> {
    CityTime::of(&settings.city.time_zone).map_err(|cause| match cause {
        ZoneError::Stale { .. } => wrong("time zones", cause.to_string()),
        ZoneError::Unknown(_) | ZoneError::PartHours(_) => wrong("city.time_zone", cause.to_string()),
    })
}

/// What maps are drawn on, with the file of a city's own outlines.
fn atlas(settings: &Settings) -> Result<Atlas, SettingsError> {
    if let Some((key, why)) = settings.map.objection() {
        return Err(wrong(&settings.place(&format!("map.{key}")), why));
    }
    let read = |path| std::fs::read_to_string(path).map_err(|cause| SettingsError::unreadable(path, &cause));
    let text = settings.map.overlay.as_deref().map(read).transpose()?;
    let place = || settings.map.overlay.as_ref().map_or_else(|| "map".to_owned(), |path| path.display().to_string());
    Atlas::of(&settings.map, text.as_deref()).map_err(|why| wrong(&place(), why))
}

/// The directories below the data directory: journal, store, register.
impl Settings {
    /// Where the journal stands.
    #[must_use]
    pub fn journal_directory(&self) -> PathBuf {
        self.data.directory.join("journal")
    }

    /// Where the store stands.
    #[must_use]
    pub fn store_directory(&self) -> PathBuf {
        self.data.directory.join("store")
    }

    /// The register's database.
    #[must_use]
    pub fn register_file(&self) -> PathBuf {
        self.data.directory.join("register.db")
    }
}
