//! The section `[notify]`, and how it becomes lines to tell and a policy to plan by.

mod wrong;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domains::waste::Territories;
use jiff::tz::TimeZone;
use ports::{Clock, Language, Notifier, SystemClock};
use schemas::{Catalogue, ChannelName, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::channels::dry::DryRun;
use crate::channels::{Address, Context, TYPES, sms};
use crate::dispatcher::{Fallback, LineSetup, Route};
use crate::plan::{EscalationSettings, Flapping, Parts, Policy, QuietHours, Receiver, RouteSettings, Storm};
use crate::rota::{self, Rota, RotaSettings};

pub use wrong::SettingsError;

/// The section `[notify]`; `config/default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long one delivery may take, over any channel.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// The longest wait after a first failure.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub retry_first: Duration,
    /// The longest wait after many failures, unless the receiver asks for a longer one.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub retry_limit: Duration,
    /// The age at which a notification that cannot be delivered is given up.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub give_up: Duration,
    /// Nothing leaves; a line of the log says what would have.
    pub dry_run: bool,
    /// Of receivers that do not say another.
    pub language: Language,
    /// Files of `[[contract]]` tables: whose territory is whose. None: the shipped table of Casablanca.
    pub territories: Vec<PathBuf>,
    /// The hours in which mild things are held.
    pub quiet: QuietHours,
    /// How much is told before the rest is gathered.
    pub storm: Storm,
    /// When something comes and goes too often.
    pub flapping: Flapping,
    /// The ways to tell somebody; rules and routes may name them.
    pub channel: Vec<ChannelSettings>,
    /// Who is told; rules and routes may name them.
    #[serde(default)]
    pub receiver: Vec<ReceiverSettings>,
    /// What goes to whom, before the rules' own word.
    #[serde(default)]
    pub route: Vec<RouteSettings>,
    /// What is told further where nobody has an alert in hand in time.
    #[serde(default)]
    pub escalation: Vec<EscalationSettings>,
    /// Who stands in for whom, and when.
    #[serde(default)]
    pub rota: Vec<RotaSettings>,
}

/// One `[[notify.receiver]]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverSettings {
    /// By which rules and routes name it; no channel has the same name.
    pub name: ChannelName,
    /// The channels over which it is told: each message goes over all of them.
    pub via: Vec<ChannelName>,
    /// Its language.
    pub language: Option<Language>,
    /// Its addresses on channels of type `email`.
    #[serde(default)]
    pub mail: Vec<String>,
    /// Its numbers on channels of type `sms`.
    #[serde(default)]
    pub phone: Vec<String>,
    /// The contractor whose receiver it is, as the table of territories names it.
    pub contractor: Option<String>,
    /// Whether quiet hours and the limit on storms hold for it.
    #[serde(default = "yes")]
    pub sheltered: bool,
    /// The channel that steps in where one of `via` fails.
    pub fallback: Option<ChannelName>,
    /// The age of a notification from which on it does.
    #[serde(default = "ten_minutes", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub fallback_after: Duration,
    /// The failures in a row from which on it does.
    #[serde(default = "three")]
    pub fallback_failures: u32,
}

const fn yes() -> bool {
    true
}

const fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

const fn three() -> u32 {
    3
}

impl fmt::Debug for ReceiverSettings {
    /// Without addresses: they are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverSettings").field("name", &self.name).field("via", &self.via).finish_non_exhaustive()
    }
}

/// One `[[notify.channel]]`: a name, a type, and the keys of that type.
#[derive(Clone, Deserialize)]
pub struct ChannelSettings {
    /// By which rules name it.
    pub name: ChannelName,
    /// One of the types of [`TYPES`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Read by the type; an unknown one is refused there.
    #[serde(flatten)]
    pub keys: Map<String, Value>,
}

impl fmt::Debug for ChannelSettings {
    /// Without the keys: a secret or an address with a token in it may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSettings").field("name", &self.name).field("type", &self.kind).finish_non_exhaustive()
    }
}

impl Settings {
    /// The names that rules may use, in the order of the settings: channels, then receivers, then rotas.
    #[must_use]
    pub fn names(&self) -> Vec<ChannelName> {
        let rotas = self.rota.iter().filter_map(|rota| rota.receiver().ok());
        self.reachable().cloned().chain(rotas).collect()
    }

    /// The names of channels, then of receivers.
    fn reachable(&self) -> impl Iterator<Item = &ChannelName> {
        self.channel.iter().map(|c| &c.name).chain(self.receiver.iter().map(|r| &r.name))
    }

    /// Reads the files of shifts. Times in them are local to `zone`.
    ///
    /// # Errors
    /// A rota that cannot be, or all that is wrong in the first file that has mistakes.
    pub fn rotas(&self, zone: &TimeZone) -> Result<Vec<Rota>, SettingsError> {
        let known = |name: &ChannelName| self.reachable().any(|one| one == name);
        let mut rotas: Vec<Rota> = Vec::with_capacity(self.rota.len());
        for rota in &self.rota {
            let wrong = |reason: String| SettingsError::Rota { rota: rota.name.clone(), reason };
            let name = rota.receiver().map_err(|error| wrong(error.to_string()))?;
            if rotas.iter().any(|before| *before.name() == name) {
                return Err(wrong("is there twice".to_owned()));
            }
            if !known(&rota.fallback) {
                return Err(wrong(format!("fallback: there is no receiver and no channel `{}`", rota.fallback)));
            }
            let file = rota.file.display().to_string();
            let text = std::fs::read_to_string(&rota.file).map_err(|error| wrong(format!("{file}: {error}")))?;
            let read = Rota::parse((name, rota.fallback.clone()), &file, &text, zone, known);
            rotas.push(read.map_err(SettingsError::Shifts)?);
        }
        Ok(rotas)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let value = |key, reason: &str| Err(SettingsError::Value { key, reason: reason.to_owned() });
        if !(Duration::from_millis(10)..=Duration::from_secs(300)).contains(&self.timeout) {
            return value("timeout", "expected 10ms to 5m");
        }
        if self.retry_first.is_zero() || self.retry_first > self.retry_limit {
            return value("retry_first", "expected more than 0s and not more than retry_limit");
        }
        if self.retry_limit > self.give_up {
            return value("retry_limit", "expected not more than give_up");
        }
        let names: Vec<ChannelName> = self.reachable().cloned().collect();
        for (place, name) in names.iter().enumerate() {
            if names.iter().take(place).any(|before| before == name) {
                let section = if place < self.channel.len() { "channel" } else { "receiver" };
                return Err(SettingsError::Twice { section, name: name.clone() });
            }
        }
        if let Some(name) = names.iter().find(|name| name.as_str().starts_with(rota::PREFIX)) {
            return Err(SettingsError::Prefix(name.clone()));
        }
        self.receiver.iter().try_for_each(|receiver| self.check_receiver(receiver))
    }

    fn check_receiver(&self, receiver: &ReceiverSettings) -> Result<(), SettingsError> {
        let wrong = |reason: String| Err(SettingsError::Receiver { receiver: receiver.name.clone(), reason });
        if receiver.via.is_empty() {
            return wrong("via: expected at least one channel".to_owned());
        }
        if let Some(unknown) = receiver.via.iter().chain(&receiver.fallback).find(|c| self.of(c).is_none()) {
            return wrong(format!("there is no channel `{unknown}`"));
        }
        if receiver.fallback.as_ref().is_some_and(|fallback| receiver.via.contains(fallback)) {
            return wrong("fallback: expected another channel than those of via".to_owned());
        }
        if receiver.fallback_failures == 0 {
            return wrong("fallback_failures: expected 1 or more".to_owned());
        }
        receiver.phone.iter().try_for_each(|phone| sms::number("phone", phone)).or_else(wrong)?;
        match receiver.mail.iter().find(|mail| mail.parse::<lettre::message::Mailbox>().is_err()) {
            Some(_) => wrong("mail: expected addresses such as name@domain".to_owned()),
            None => Ok(()),
        }
    }

    fn of(&self, channel: &ChannelName) -> Option<&ChannelSettings> {
        self.channel.iter().find(|c| c.name == *channel)
    }

    fn territories(&self) -> Result<Territories, SettingsError> {
        let mut text = String::new();
        for path in &self.territories {
            let read = std::fs::read_to_string(path);
            text += &read.map_err(|error| SettingsError::Territories(format!("{}: {error}", path.display())))?;
            text.push('\n');
        }
        if self.territories.is_empty() {
            return Ok(Territories::casablanca());
        }
        let name = self.territories.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        Territories::parse(&name, &text).map_err(|error| SettingsError::Territories(error.to_string()))
    }
}

/// What telling needs to know of the city.
#[derive(Clone, Debug)]
pub struct City {
    /// Where devices are.
    pub catalogue: Arc<Catalogue>,
    /// Its time zone.
    pub zone: TimeZone,
    /// Since when it lives, where it is simulated: then nothing that leaves may look like the real one, and what was before has only
    /// been written.
    pub simulated: Option<Timestamp>,
}

/// Everything that tells.
#[derive(Debug)]
pub struct Desk {
    /// The lines of the outbox: a dispatcher each.
    pub lines: Vec<LineSetup>,
    /// What is planned by.
    pub policy: Policy,
}

/// Makes channels, lines and policy, in the order of the settings. Reads the files that they name; connects to
/// nothing.
///
/// # Errors
/// The first thing that is wrong.
pub fn build(settings: &Settings, city: &City) -> Result<Desk, SettingsError> {
    settings.check()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut channels = Vec::with_capacity(settings.channel.len());
    for channel in &settings.channel {
        let kind = TYPES
            .iter()
            .find(|t| t.name == channel.kind)
            .ok_or_else(|| SettingsError::Type { channel: channel.name.clone(), found: channel.kind.clone() })?;
        let context = Context { timeout: settings.timeout, clock: &clock, catalogue: &city.catalogue, simulated: city.simulated };
        let made = (kind.make)(&context, channel.keys.clone()).map_err(|reason| SettingsError::Keys {
            channel: channel.name.clone(),
            kind: kind.name,
            reason,
        })?;
        // The keys are read all the same: a dry run finds what is wrong with them.
        let notifier: Arc<dyn Notifier> = if settings.dry_run { Arc::new(DryRun) } else { made };
        channels.push(Made { name: channel.name.clone(), address: kind.address, notifier });
    }
    settings.receiver.iter().try_for_each(|receiver| reachable(settings, receiver, &channels))?;
    let mut lines = Vec::new();
    for channel in &channels {
        let (receiver, language, route) = (channel.name.clone(), settings.language, channel.route(None));
        lines.push(LineSetup { receiver, language, route, fallback: None });
    }
    for receiver in &settings.receiver {
        let made = |name: &ChannelName| channels.iter().find(|c| c.name == *name).map(|c| c.route(Some(receiver)));
        let fallback = receiver.fallback.as_ref().and_then(made).map(|route| Fallback {
            route,
            after: receiver.fallback_after,
            failures: receiver.fallback_failures,
        });
        let language = receiver.language.unwrap_or(settings.language);
        for route in receiver.via.iter().filter_map(made) {
            lines.push(LineSetup { receiver: receiver.name.clone(), language, route, fallback: fallback.clone() });
        }
    }
    Ok(Desk { lines, policy: policy(settings, &city.zone)? })
}

/// What is planned by, and nothing that could tell: reads the files of territories and shifts, no secret.
///
/// # Errors
/// The first thing that is wrong.
pub fn policy(settings: &Settings, zone: &TimeZone) -> Result<Policy, SettingsError> {
    settings.check()?;
    let alone = |channel: &ChannelSettings| {
        // A channel that is named is a receiver that is reached over itself: a machine, most often.
        let (name, via) = (channel.name.clone(), vec![channel.name.clone()]);
        Receiver { name, via, contractor: None, sheltered: false }
    };
    let named = |receiver: &ReceiverSettings| Receiver {
        name: receiver.name.clone(),
        via: receiver.via.clone(),
        contractor: receiver.contractor.clone(),
        sheltered: receiver.sheltered,
    };
    let policy = Policy::new(Parts {
        receivers: settings.channel.iter().map(alone).chain(settings.receiver.iter().map(named)).collect(),
        routes: &settings.route,
        escalations: &settings.escalation,
        rotas: settings.rotas(zone)?,
        quiet: Some(settings.quiet.clone()).filter(|quiet| quiet.from != quiet.to && !quiet.severities.is_empty()),
        storm: settings.storm.clone(),
        flapping: Some(settings.flapping.clone()).filter(|flapping| flapping.limit > 0),
        territories: settings.territories()?,
        zone: zone.clone(),
    })?;
    Ok(policy)
}

/// A mail to nobody would be a dead letter: better said before anything starts.
fn reachable(settings: &Settings, receiver: &ReceiverSettings, channels: &[Made]) -> Result<(), SettingsError> {
    for name in receiver.via.iter().chain(&receiver.fallback) {
        let Some(made) = channels.iter().find(|c| c.name == *name) else { continue };
        let (key, own) = match made.address {
            Address::Own => continue,
            Address::Mail => ("mail", &receiver.mail),
            Address::Phone => ("phone", &receiver.phone),
        };
        let to = settings.of(name).and_then(|channel| channel.keys.get("to")).and_then(Value::as_array);
        if own.is_empty() && to.is_none_or(Vec::is_empty) {
            let reason = format!("{key}: expected an address for `{name}`, which has no `to` of its own");
            return Err(SettingsError::Receiver { receiver: receiver.name.clone(), reason });
        }
    }
    Ok(())
}

/// A channel, made.
struct Made {
    name: ChannelName,
    address: Address,
    notifier: Arc<dyn Notifier>,
}

impl Made {
    /// The way to a receiver; none: to whom the channel's own keys say.
    fn route(&self, receiver: Option<&ReceiverSettings>) -> Route {
        let to = match (receiver, self.address) {
            (Some(receiver), Address::Mail) => receiver.mail.clone(),
            (Some(receiver), Address::Phone) => receiver.phone.clone(),
            (None, _) | (_, Address::Own) => Vec::new(),
        };
        Route { channel: self.name.clone(), notifier: Arc::clone(&self.notifier), to }
    }
}
