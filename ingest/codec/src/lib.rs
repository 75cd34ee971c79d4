//! Bytes to readings: route -> envelope -> codec -> normalise.
//!
//! A [`Decoder`] is made from the city's catalogue and the device profiles and never changes, but for what Sparkplug
//! [`Births`] say; a message goes in, readings come out, or a [`Reject`] with a stable code. Decoding is total: any
//! topic and any payload give one or the other, never a panic.
//!
//! Deliberately absent: clock, disk and network (the message carries its time), what becomes of a
//! rejected message (`pipeline`), and anything that needs more than one message: duplicates,
//! counters, spikes; a Sparkplug alias is the exception, since without its birth it has no meaning.

mod codecs;
mod depth;
mod encode;
mod envelope;
mod explain;
mod forbidden;
mod instant;
mod normalise;
mod profile;
mod quantity_name;
mod reject;
mod route;
mod units;
mod uplink;
mod veil;

/// What fuzz targets and the tests of whole formats reach: readers of bytes, before anything is made of
/// what they read. Not for other crates.
#[doc(hidden)]
pub mod fuzz {
    pub use crate::codecs::{cayenne, m_bus};
}

use std::borrow::Cow;
use std::sync::Arc;

use schemas::{Catalogue, Device, DeviceId, Firmware, Fitting, Kind, Message, ProfileName, Quality, Quantity, Reading, Zone};

pub use codecs::marsad_json::VERSION as MARSAD_VERSION;
pub use codecs::marsad_schema::payload_schema;
pub use codecs::script::Script;
pub use depth::DEPTH_LIMIT;
pub use encode::{ChirpStackUp, marsad_topic, write_marsad};
pub use envelope::sparkplug::Births;
pub use explain::{Explained, UplinkView};
pub use normalise::{AHEAD, LATE, Missing, OLDEST, READINGS_LIMIT, Sink};
pub use profile::{NoScripts, Profile, ProfileError, Profiles, Workshop};
pub use reject::{Reason, Reject, Whose};
pub use route::{MESSAGE_LIMIT, Route, RouteError, Routes};
pub use units::{Conversion, UnitError, check_unit, conversion_from, senml_unit, uncefact_unit, unit_symbols, unit_tables};
pub use uplink::{Body, Codec, Frame, Gateways, Radio, Tree, Uplink};
pub use veil::{Hidden, SEALED, Veil};

use normalise::{Heard, Owner};

/// Reads messages. Immutable but for the [`Births`] that it hears: share it between threads, make a new one when the
/// catalogue changes.
#[derive(Clone, Debug)]
pub struct Decoder {
    catalogue: Arc<Catalogue>,
    /// The catalogue lists some.
    gateways: bool,
    profiles: Profiles,
    routes: Routes,
    births: Births,
    veiled: Option<veil::Veiled>,
}

/// Whose message it was: enough to enrol the device. Where several devices speak in one message, the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The thing that sent.
    pub device: DeviceId,
    /// As the catalogue has it, else as the topic says.
    pub kind: Kind,
    /// As the catalogue has it, else as the topic says.
    pub zone: Zone,
    /// How it was read; none for Marsad's own JSON.
    pub profile: Option<ProfileName>,
    /// The message's number in the device's own count, if it says one.
    pub seq: Option<u64>,
    /// How many readings it gave, at least 1.
    pub readings: usize,
    /// By which gateways it was heard, where the network says.
    pub gateways: Gateways,
    /// The version of the program inside, of each device of the message that said one.
    pub firmware: Vec<(DeviceId, Firmware)>,
}

impl Decoder {
    /// A decoder for the devices of this catalogue, by the topics that the envelopes know.
    ///
    /// # Errors
    /// The catalogue names a profile that is not among `profiles`.
    pub fn new(catalogue: Arc<Catalogue>, profiles: Profiles) -> Result<Self, ProfileError> {
        for device in catalogue.devices() {
            if let Some(profile) = &device.profile
                && profiles.named(profile).is_none()
            {
                return Err(ProfileError::Missing { device: device.id.clone(), profile: profile.clone() });
            }
        }
        let gateways = catalogue.devices().any(|device| device.kind == Kind::NETWORK);
        Ok(Self { catalogue, gateways, profiles, routes: Routes::default(), births: Births::default(), veiled: None })
    }

    /// The same, with the routes of a city.
    ///
    /// # Errors
    /// A route names a profile that is not loaded.
    pub fn with_routes(mut self, routes: Routes) -> Result<Self, ProfileError> {
        if let Some(profile) = routes.iter().filter_map(Route::profile).find(|p| self.profiles.named(p).is_none()) {
            return Err(ProfileError::Unrouted { profile: profile.clone() });
        }
        self.routes = routes;
        Ok(self)
    }

    /// The same, for the devices of another catalogue.
    ///
    /// # Errors
    /// The catalogue names a profile that is not loaded.
    pub fn with_catalogue(&self, catalogue: Arc<Catalogue>) -> Result<Self, ProfileError> {
        let other = Self::new(catalogue, self.profiles.clone())?.with_routes(self.routes.clone())?;
        Ok(self.as_veiled(other.with_births(self.births.clone())))
    }

    /// The same, with what another decoder has heard of Sparkplug births: shared, not copied.
    #[must_use]
    pub fn with_births(mut self, births: Births) -> Self {
        self.births = births;
        self
    }

    /// What it has heard of Sparkplug births.
    #[must_use]
    pub fn births(&self) -> &Births {
        &self.births
    }

    /// Whether the message is a Sparkplug birth. Later messages may not be readable without it: who starts anew teaches
    /// ([`Decoder::learn`]) the last birth under each topic before anything else.
    #[must_use]
    pub fn is_birth(&self, message: &Message) -> bool {
        // Asked of every message: most are told by their topic alone.
        self.opened(message).is_ok_and(|message| {
            message.topic.contains(envelope::sparkplug::NAMESPACE)
                && self.routes.find(&message, &self.births).is_ok_and(|(route, _)| route.envelope.is_birth(&message))
        })
    }

    /// Hears a Sparkplug birth without reading its values; false if it is none, or not readable. [`Decoder::decode`] hears
    /// births by itself.
    pub fn learn(&self, message: &Message) -> bool {
        self.opened(message).is_ok_and(|message| {
            self.routes.find(&message, &self.births).is_ok_and(|(route, arrival)| route.envelope.learn(&arrival))
        })
    }

    /// The catalogue it was made from.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The profiles that it reads with.
    #[must_use]
    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Every envelope: its name, other names, topics that it knows by itself, and what it is.
    pub fn envelopes() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static [&'static str], &'static str)> {
        envelope::ENVELOPES.iter().map(|e| (e.name(), e.aliases(), e.topics(), e.about()))
    }

    /// Every codec that a profile may name, and what it reads.
    pub fn codecs() -> impl Iterator<Item = (&'static str, &'static str)> {
        profile::CODECS.iter().copied()
    }

    /// Pushes the readings of a message to `out`, at least one.
    ///
    /// # Errors
    /// A [`Reject`] that says why there is none; `out` is then as it was.
    pub fn decode(&self, message: &Message, out: &mut Vec<Reading>) -> Result<Decoded, Reject> {
        let before = out.len();
        let decoded = self.read(message, out, &mut explain::Nobody);
        if decoded.is_err() {
            out.truncate(before);
        }
        decoded
    }

    /// Of what was sealed nobody sees more than its readings and the reason why there are none.
    fn read(&self, message: &Message, out: &mut Vec<Reading>, witness: &mut dyn explain::Witness) -> Result<Decoded, Reject> {
        match self.opened(message)? {
            Cow::Borrowed(message) => self.read_open(message, out, witness),
            Cow::Owned(message) => self.read_open(&message, out, &mut explain::Nobody).map_err(Reject::hushed),
        }
    }

    fn read_open(
        &self,
        message: &Message,
        out: &mut Vec<Reading>,
        witness: &mut dyn explain::Witness,
    ) -> Result<Decoded, Reject> {
        let (route, arrival) = self.routes.find(message, &self.births)?;
        if route.envelope.is_json() {
            depth::check(&message.payload)?;
        }
        let (mut first, mut silent): (Option<Decoded>, _) = (None, None);
        let before = out.len();
        route.envelope.open(&arrival, &mut |uplink| match self.read_uplink(route, message, uplink, out, witness) {
            Ok(decoded) => {
                match &mut first {
                    None => first = Some(decoded),
                    Some(first) => first.firmware.extend(decoded.firmware),
                }
                Ok(())
            }
            // One of several that says nothing takes nothing from the others.
            Err(reject) if reject.reason() == Reason::NoReading => {
                silent.get_or_insert(reject);
                Ok(())
            }
            Err(reject) => Err(reject),
        })?;
        let nothing = || silent.unwrap_or_else(|| Reject::new(Reason::NoReading, "the message holds no uplink"));
        let mut decoded = first.ok_or_else(nothing)?;
        decoded.readings = out.len() - before;
        Ok(decoded)
    }

    fn read_uplink(
        &self,
        route: &Route,
        message: &Message,
        mut uplink: Uplink<'_>,
        out: &mut Vec<Reading>,
        witness: &mut dyn explain::Witness,
    ) -> Result<Decoded, Reject> {
        uplink.port = uplink.port.or(route.port);
        witness.saw(&uplink);
        let known = self.listed(&uplink.device);
        let at = message.received_at;
        let profile = known.and_then(|d| d.profile.as_ref()).or(uplink.profile.as_ref()).or(route.profile.as_ref()).cloned();
        let blame = |reject: Reject| reject.of(self.kept_as(&uplink.device, None, at), profile.as_ref());
        let (kind, zone) = self.identity(route, &uplink, known, profile.as_ref()).map_err(blame)?;
        let device = self.kept_as(&uplink.device, Some(kind), at);
        uplink.key = known.and_then(|d| d.fitting.key).or(route.key);
        let owner = Owner { device: device.clone(), kind, zone: zone.clone() };
        let heard = Heard { received_at: at, network_time: uplink.network_time, retained: message.provenance.retain };
        let mut sink = Sink::new(out, owner, heard);
        if let Some(logs) = route.logs {
            sink.believe(logs);
        }
        if let Some(firmware) = &uplink.firmware {
            sink.firmware(firmware);
        }
        let fitting = known.map_or(&route.fitting, |device| &device.fitting);
        let read = self.read_body(&uplink, fitting, profile.as_ref(), &mut sink);
        let (seq, by) = read.map_err(|reject| reject.of(device.clone(), profile.as_ref()))?;
        let readings = sink.len();
        let (missing, firmware) = sink.into_rest();
        if readings == 0 {
            let text = missing.first().map_or_else(
                || "the message holds no value".to_owned(),
                |m| format!("the message holds no value: `{}` is {}", m.series.quantity, m.flaw.code()),
            );
            witness.missed(missing);
            return Err(Reject::new(Reason::NoReading, text).of(device, profile.as_ref()));
        }
        witness.missed(missing);
        if self.gateways {
            self.hear_gateways(&uplink.gateways, heard, out)?;
        }
        let firmware = firmware.map(|firmware| (device.clone(), firmware)).into_iter().collect();
        Ok(Decoded { device, kind, zone, profile: by, seq, readings, gateways: uplink.gateways, firmware })
    }

    /// Whoever hears a device lives: a reading of each gateway that the catalogue lists.
    fn hear_gateways(&self, gateways: &Gateways, heard: Heard, out: &mut Vec<Reading>) -> Result<(), Reject> {
        let listed = gateways.heard().filter_map(|name| self.catalogue.device(name));
        for gateway in listed.filter(|device| device.kind == Kind::NETWORK) {
            let owner = Owner { device: gateway.id.clone(), kind: gateway.kind, zone: gateway.zone.clone() };
            let mut sink = Sink::new(out, owner, heard);
            sink.at(None);
            sink.push(Quantity::GATEWAY_HEARD, 0, 1.0, Quality::GOOD)?;
        }
        Ok(())
    }

    /// What the uplink says; its number in the device's count, and the profile that read it.
    fn read_body(
        &self,
        uplink: &Uplink<'_>,
        fitting: &Fitting,
        profile: Option<&ProfileName>,
        sink: &mut Sink<'_>,
    ) -> Result<(Option<u64>, Option<ProfileName>), Reject> {
        let (mut seq, mut by) = (None, None);
        match (&uplink.body, profile.and_then(|name| self.profiles.named(name))) {
            (Body::Marsad(payload), _) => {
                seq = codecs::marsad_json::decode(payload, sink)?;
                profile::fit(fitting, sink)?;
                return Ok((seq, None));
            }
            (Body::Told(quantity, value), _) => {
                sink.at(None);
                sink.push(*quantity, 0, *value, Quality::GOOD)?;
                by = profile.cloned();
            }
            (_, Some(profile)) => {
                profile.read(uplink, fitting, sink)?;
                by = Some(profile.name().clone());
            }
            (Body::Trees(trees), None) => {
                trees.iter().try_for_each(|tree| codecs::fields::read_named(&tree.fields, tree.time, sink))?;
                profile::fit(fitting, sink)?;
            }
            (Body::Frame(_), None) => {
                let text = format!("neither the catalogue nor a route names a profile for device {}", uplink.device);
                return Err(Reject::new(Reason::NoProfile, text));
            }
        }
        if !sink.is_empty() {
            push_radio(uplink, sink)?;
        }
        seq = seq.or(uplink.counter.map(u64::from));
        Ok((seq, by))
    }

    /// Kind and zone: the catalogue's, else what topic, payload and route claim, else the profile's kind.
    fn identity(
        &self,
        route: &Route,
        uplink: &Uplink<'_>,
        known: Option<&Device>,
        profile: Option<&ProfileName>,
    ) -> Result<(Kind, Zone), Reject> {
        if let Some(known) = known {
            return Ok((known.kind, known.zone.clone()));
        }
        let (claimed_kind, claimed_zone) = uplink.claim.clone().unzip();
        let of_profile = || profile.and_then(|name| self.profiles.named(name)).and_then(Profile::kind);
        let kind = claimed_kind.or(route.kind).or_else(of_profile);
        let zone = claimed_zone.or_else(|| route.zone.clone());
        kind.zip(zone)
            .ok_or_else(|| Reject::new(Reason::UnknownDevice, format!("device {} is not in the catalogue", uplink.device)))
    }
}

/// What the network says of the frame stands beside what the frame says.
fn push_radio(uplink: &Uplink<'_>, sink: &mut Sink<'_>) -> Result<(), Reject> {
    let radio = [(Quantity::RADIO_RSSI, uplink.radio.rssi), (Quantity::RADIO_SNR, uplink.radio.snr)];
    for (quantity, value) in radio {
        let said = |r: &Reading| r.series.quantity == quantity;
        if let Some(value) = value.filter(|_| !sink.readings().iter().any(said)) {
            sink.push(quantity, 0, value, Quality::GOOD)?;
        }
    }
    Ok(())
}
