//! What may be wrong with the section `[notify]`, and by which key it is found again.

use schemas::ChannelName;

use super::Settings;
use crate::channels::TYPES;
use crate::plan::{PolicyError, RouteSettings};
use crate::rota::RotaError;

/// Why the section `[notify]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A duration outside its range.
    #[error("notify.{key}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        reason: String,
    },
    /// Two channels, two receivers, or one of each with one name.
    #[error("notify.{section}: `{name}` is there twice")]
    Twice {
        /// Where the second one stands: `channel` or `receiver`.
        section: &'static str,
        /// The name.
        name: ChannelName,
    },
    /// A receiver that cannot be reached as its keys say.
    #[error("notify.receiver `{receiver}`: {reason}")]
    Receiver {
        /// Which one.
        receiver: ChannelName,
        /// What is wrong.
        reason: String,
    },
    /// A report that cannot be sent.
    #[error("report `{report}`: {reason}")]
    Report {
        /// Where it stands in the list.
        place: usize,
        /// Which one.
        report: ChannelName,
        /// What is wrong.
        reason: String,
    },
    /// The table of territories.
    #[error("notify.territories: {0}")]
    Territories(String),
    /// A rota that cannot be.
    #[error("notify.rota `{rota}`: {reason}")]
    Rota {
        /// Which one.
        rota: String,
        /// What is wrong.
        reason: String,
    },
    /// Mistakes in a file of shifts: at least one.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shifts(Vec<RotaError>),
    /// A receiver or channel that is named as if it were a rota.
    #[error("notify: `{0}` is no name of a receiver or channel: `rota:` is for rotas")]
    Prefix(ChannelName),
    /// Routes, quiet hours or the limit.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No such type.
    #[error("notify.channel `{channel}`: no type `{found}`, expected one of {}", known())]
    Type {
        /// Which channel.
        channel: ChannelName,
        /// What stood there.
        found: String,
    },
    /// The type cannot use its keys.
    #[error("notify.channel `{channel}` of type {kind}: {reason}")]
    Keys {
        /// Which channel.
        channel: ChannelName,
        /// Its type.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl SettingsError {
    /// Where it stands in the settings that it was found in: `notify.receiver[1]`.
    #[must_use]
    pub fn key(&self, settings: &Settings) -> String {
        let of = |list: &str, place: Option<usize>| match place {
            Some(place) => format!("notify.{list}[{place}]"),
            None => format!("notify.{list}"),
        };
        let channel = |name: &ChannelName| of("channel", settings.channel.iter().rposition(|c| c.name == *name));
        let receiver = |name: &ChannelName| of("receiver", settings.receiver.iter().rposition(|r| r.name == *name));
        match self {
            SettingsError::Value { key, .. } => format!("notify.{key}"),
            SettingsError::Twice { section: "channel", name } => channel(name),
            SettingsError::Twice { name, .. } => receiver(name),
            SettingsError::Type { channel: name, .. } | SettingsError::Keys { channel: name, .. } => channel(name),
            SettingsError::Receiver { receiver: name, .. } => receiver(name),
            SettingsError::Rota { rota, .. } => of("rota", settings.rota.iter().rposition(|r| r.name == *rota)),
            SettingsError::Shifts(_) => "notify.rota".to_owned(),
            SettingsError::Prefix(name) => match settings.channel.iter().any(|c| c.name == *name) {
                true => channel(name),
                false => receiver(name),
            },
            SettingsError::Report { place, .. } => format!("report[{place}]"),
            SettingsError::Territories(_) => "notify.territories".to_owned(),
            SettingsError::Policy(PolicyError::Receiver { route, .. } | PolicyError::Nobody(route)) => {
                route_key(&settings.route, route)
            }
            SettingsError::Policy(PolicyError::Escalation { name, .. }) => {
                of("escalation", settings.escalation.iter().rposition(|e| e.name == *name))
            }
            SettingsError::Policy(PolicyError::Storm { key, .. }) => format!("notify.storm.{key}"),
            SettingsError::Policy(PolicyError::Flapping { key, .. }) => format!("notify.flapping.{key}"),
            SettingsError::Policy(PolicyError::Tree) => "notify.route".to_owned(),
        }
    }
}

/// The key of the route with this path, `waste > fire`.
fn route_key(routes: &[RouteSettings], path: &str) -> String {
    let (mut key, mut here) = ("notify".to_owned(), routes);
    for name in path.split(" > ") {
        let Some(place) = here.iter().position(|route| route.name == name) else { break };
        key += &format!(".route[{place}]");
        here = here.get(place).map(|route| route.route.as_slice()).unwrap_or_default();
    }
    key
}

fn known() -> String {
    TYPES.iter().map(|t| t.name).collect::<Vec<_>>().join(", ")
}
