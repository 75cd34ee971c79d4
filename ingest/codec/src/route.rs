//! Which envelope opens a message: by its topic, the first pattern that fits.
//!
//! A pattern is an MQTT topic filter whose levels may also be `{device}`, `{zone}` or `{kind}`: what stands there in the
//! topic is taken. `airgradient/readings/{device}` reads the device's name from the third level. The routes of the
//! settings come first, then the topics that the envelopes know by themselves.

use std::time::Duration;

use schemas::{DeviceId, DeviceKey, Fitting, Kind, Message, ProfileName, Zone};

use crate::envelope;
use crate::envelope::sparkplug::Births;
use crate::normalise::READINGS_LIMIT;
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::Envelope;

/// Bytes of a payload, at most: 128 for each reading that a message may hold. What is made of them in memory is a hundred
/// times as much at worst.
pub const MESSAGE_LIMIT: usize = 128 * READINGS_LIMIT;
/// Levels of a pattern, at most.
const LEVELS: usize = 32;

/// What can be wrong with a route. Each names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A level that is neither text, `+`, `#` at the end, `{device}`, `{zone}` nor `{kind}`.
    #[error("topic `{0}`: expected levels of text, +, {{device}}, {{zone}}, {{kind}}, and # only at the end")]
    Topic(String),
    /// No envelope has this name.
    #[error("envelope `{found}` is not known, expected one of {known}")]
    Envelope {
        /// What was named.
        found: String,
        /// All names.
        known: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Text(String),
    Any,
    Rest,
    Device,
    Zone,
    Kind,
}

/// A topic pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Level>);

/// What a pattern found in a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captures<'m> {
    pub(crate) device: Option<&'m str>,
    pub(crate) zone: Option<&'m str>,
    pub(crate) kind: Option<&'m str>,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, RouteError> {
        let bad = || RouteError::Topic(text.to_owned());
        let levels: Vec<Level> = text
            .split('/')
            .map(|level| {
                Ok(match level {
                    "+" => Level::Any,
                    "#" => Level::Rest,
                    "{device}" => Level::Device,
                    "{zone}" => Level::Zone,
                    "{kind}" => Level::Kind,
                    text if text.contains(['+', '#', '{', '}']) => return Err(bad()),
                    text => Level::Text(text.to_owned()),
                })
            })
            .collect::<Result<_, _>>()?;
        let rest = levels.iter().position(|l| *l == Level::Rest);
        if text.is_empty() || levels.len() > LEVELS || rest.is_some_and(|at| at + 1 != levels.len()) {
            return Err(bad());
        }
        Ok(Self(levels))
    }

    /// What it finds in this topic; none where it does not fit.
    pub(crate) fn find<'m>(&self, topic: &'m str) -> Option<Captures<'m>> {
        let (mut found, mut levels) = (Captures::default(), topic.split('/'));
        for level in &self.0 {
            if *level == Level::Rest {
                return Some(found);
            }
            let text = levels.next()?;
            match level {
                Level::Text(expected) if text != expected => return None,
                Level::Text(_) | Level::Any | Level::Rest => {}
                Level::Device => found.device = Some(text),
                Level::Zone => found.zone = Some(text),
                Level::Kind => found.kind = Some(text),
            }
        }
        levels.next().is_none().then_some(found)
    }
}

/// How the messages of some topics are read.
#[derive(Clone)]
pub struct Route {
    pattern: Pattern,
    pub(crate) envelope: &'static dyn Envelope,
    /// Of devices that the catalogue does not list; both are needed for a device to enrol itself.
    pub(crate) kind: Option<Kind>,
    pub(crate) zone: Option<Zone>,
    /// Of devices that the catalogue lists without one, or not at all.
    pub(crate) profile: Option<ProfileName>,
    /// Whose messages these are, where neither topic nor payload says.
    pub(crate) device: Option<DeviceId>,
    /// The LoRaWAN port of bytes that come without one.
    pub(crate) port: Option<u8>,
    /// With which devices encrypt that the catalogue has no key for.
    pub(crate) key: Option<DeviceKey>,
    /// How devices are fitted that the catalogue does not list.
    pub(crate) fitting: Fitting,
    /// How far back the devices' own time is believed, where a profile does not say.
    pub(crate) logs: Option<Duration>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("pattern", &self.pattern).field("envelope", &self.envelope.name()).finish_non_exhaustive()
    }
}

impl Route {
    /// Messages of topics that fit `pattern` are opened by the envelope of this name or alias.
    ///
    /// # Errors
    /// The pattern is none, or the envelope is not known.
    pub fn new(pattern: &str, envelope: &str) -> Result<Self, RouteError> {
        let pattern = Pattern::parse(pattern)?;
        let envelope = envelope::named(envelope)
            .ok_or_else(|| RouteError::Envelope { found: envelope.chars().take(64).collect(), known: envelope::names() })?;
        Ok(Self::knowing(pattern, envelope))
    }

    fn knowing(pattern: Pattern, envelope: &'static dyn Envelope) -> Self {
        let (kind, zone, profile, device, port, key, fitting, logs) = Default::default();
        Self { pattern, envelope, kind, zone, profile, device, port, key, fitting, logs }
    }

    /// Devices that the catalogue does not list are of this kind and in this zone.
    #[must_use]
    pub fn enrolling(mut self, kind: Option<Kind>, zone: Option<Zone>) -> Self {
        (self.kind, self.zone) = (kind, zone);
        self
    }

    /// Devices for which the catalogue names no profile are read by this one.
    #[must_use]
    pub fn read_by(mut self, profile: Option<ProfileName>) -> Self {
        self.profile = profile;
        self
    }

    /// Messages that name no device are of this one.
    #[must_use]
    pub fn of(mut self, device: Option<DeviceId>) -> Self {
        self.device = device;
        self
    }

    /// Bytes that come without a LoRaWAN port are of this one.
    #[must_use]
    pub fn on(mut self, port: Option<u8>) -> Self {
        self.port = port;
        self
    }

    /// Devices that the catalogue has no key for encrypt with this one.
    #[must_use]
    pub fn unlocked_by(mut self, key: Option<DeviceKey>) -> Self {
        self.key = key;
        self
    }

    /// Devices that the catalogue does not list are all fitted like this.
    #[must_use]
    pub fn fitted(mut self, fitting: Fitting) -> Self {
        self.fitting = fitting;
        self
    }

    /// The devices' own time is believed so far back, where a profile does not say: they send what they have logged.
    #[must_use]
    pub fn logging(mut self, logs: Option<Duration>) -> Self {
        self.logs = logs;
        self
    }

    /// The profile that it names.
    #[must_use]
    pub const fn profile(&self) -> Option<&ProfileName> {
        self.profile.as_ref()
    }
}

/// The routes of a city, in the order in which they are tried.
#[derive(Clone, Debug)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// These, then the topics that the envelopes know by themselves.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = Route>) -> Self {
        let known = envelope::ENVELOPES.iter().flat_map(|e| e.topics().iter().map(|topic| (*e, *topic)));
        let known = known.filter_map(|(envelope, topic)| {
            let pattern = Pattern::parse(topic).ok()?;
            Some(Route::knowing(pattern, envelope))
        });
        Self(own.into_iter().chain(known).collect())
    }

    /// Only these: every other topic is read by nobody.
    #[must_use]
    pub fn only(own: impl IntoIterator<Item = Route>) -> Self {
        Self(own.into_iter().collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }

    pub(crate) fn find<'m>(&self, message: &'m Message, births: &'m Births) -> Result<(&Route, Arrival<'m>), Reject> {
        let topic: &'m str = &message.topic;
        let (route, found) = (self.0.iter())
            .find_map(|route| Some((route, route.pattern.find(topic)?)))
            .ok_or_else(|| Reject::new(Reason::NotATopic, format!("no envelope reads the topic `{}`", excerpt(topic))))?;
        let size = message.payload.len();
        if size > MESSAGE_LIMIT {
            let text = format!("the payload has {size} bytes, expected at most {MESSAGE_LIMIT}");
            return Err(Reject::new(Reason::TooMany, text));
        }
        Ok((route, Arrival { message, found, device: route.device.clone(), births }))
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new([])
    }
}

/// A message and what its route found in its topic.
#[derive(Clone, Debug)]
pub(crate) struct Arrival<'m> {
    pub(crate) message: &'m Message,
    pub(crate) found: Captures<'m>,
    /// Whose messages these are, as the route says.
    pub(crate) device: Option<DeviceId>,
    /// What Sparkplug births have said so far.
    pub(crate) births: &'m Births,
}

impl<'m> Arrival<'m> {
    /// The device that the topic names.
    ///
    /// # Errors
    /// What stands there is not a name of the house.
    pub(crate) fn named(&self) -> Result<Option<DeviceId>, Reject> {
        let name = |text| DeviceId::new(text).map_err(|e| Reject::new(Reason::BadName, format!("the topic's device: {e}")));
        self.found.device.map(name).transpose()
    }

    /// The device that the topic names, else the route: for messages that name none.
    ///
    /// # Errors
    /// What stands there is not a name of the house.
    pub(crate) fn device(&self) -> Result<Option<DeviceId>, Reject> {
        Ok(self.named()?.or_else(|| self.device.clone()))
    }

    /// Neither topic nor route says whose message it is.
    pub(crate) fn nameless(&self) -> Reject {
        let topic = excerpt(&self.message.topic);
        Reject::new(Reason::BadName, format!("nothing names the device of `{topic}`, expected {{device}} in the route's topic"))
    }

    /// The payload, for as long as the message lives.
    pub(crate) fn payload(&self) -> &'m [u8] {
        &self.message.payload
    }

    /// Kind and zone that the topic names; each may be missing.
    ///
    /// # Errors
    /// A kind that the vocabulary does not have, a zone that is not a name of the house.
    pub(crate) fn claim(&self) -> Result<(Option<Kind>, Option<Zone>), Reject> {
        let kind = |text| {
            Kind::named(text).ok_or_else(|| {
                Reject::new(Reason::UnknownKind, format!("`{}` in the topic is not a kind of the vocabulary", excerpt(text)))
            })
        };
        let zone = |text| Zone::new(text).map_err(|e| Reject::new(Reason::BadName, format!("the topic's zone: {e}")));
        Ok((self.found.kind.map(kind).transpose()?, self.found.zone.map(zone).transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_names_out_of_a_topic() {
        let cases = [
            ("airgradient/readings/{device}", "airgradient/readings/ecda3b", Some((Some("ecda3b"), None, None))),
            ("airgradient/readings/{device}", "airgradient/readings", None),
            ("airgradient/readings/{device}", "airgradient/readings/a/b", None),
            ("tele/{device}/SENSOR", "tele/x/SENSOR", Some((Some("x"), None, None))),
            ("tele/{device}/SENSOR", "tele/x/STATE", None),
            ("{zone}/{kind}/+/{device}/#", "anfa/air/x/st-1", Some((Some("st-1"), Some("anfa"), Some("air")))),
            ("{zone}/{kind}/+/{device}/#", "anfa/air/x/st-1/y/z", Some((Some("st-1"), Some("anfa"), Some("air")))),
            ("#", "anything/at/all", Some((None, None, None))),
            ("/ul/+/{device}/attrs", "/ul/key/id/attrs", Some((Some("id"), None, None))),
        ];
        for (pattern, topic, expected) in cases {
            let found = Pattern::parse(pattern).unwrap().find(topic).map(|f| (f.device, f.zone, f.kind));
            assert_eq!(found, expected, "{pattern} {topic}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_says_so() {
        for bad in ["", "a/#/b", "a+/b", "{dev}/x", "a/{device", &"a/".repeat(40)] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        let error = Route::new("a/#", "chirpstak").unwrap_err().to_string();
        assert!(error.contains("chirpstak") && error.contains("chirpstack"), "{error}");
    }

    #[test]
    fn every_topic_that_an_envelope_knows_is_a_pattern() {
        for envelope in envelope::ENVELOPES {
            for topic in envelope.topics() {
                assert!(Pattern::parse(topic).is_ok(), "{} {topic}", envelope.name());
            }
        }
    }
}
