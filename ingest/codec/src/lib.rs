//! Bytes to readings: route -> envelope -> codec -> normalise.
//!
//! A [`Decoder`] is made from the city's catalogue and the device profiles and never changes; a
//! message goes in, readings come out, or a [`Reject`] with a stable code. Decoding is total: any
//! topic and any payload give one or the other, never a panic.
//!
//! Deliberately absent: clock, disk and network (the message carries its time), what becomes of a
//! rejected message (`pipeline`), and anything that needs more than one message: duplicates,
//! counters, spikes.

mod codecs;
mod encode;
mod envelope;
mod instant;
mod normalise;
mod profile;
mod reject;
mod units;
mod uplink;

/// What fuzz targets and the tests of whole formats reach: readers of bytes, before anything is made of
/// what they read. Not for other crates.
#[doc(hidden)]
pub mod fuzz {
    pub use crate::codecs::{cayenne, m_bus};
}

use std::sync::Arc;

use schemas::{Catalogue, DeviceId, Kind, Message, ProfileName, Quality, Quantity, Reading, Zone};

pub use codecs::marsad_json::VERSION as MARSAD_VERSION;
pub use encode::{ChirpStackUp, marsad_topic, write_marsad};
pub use normalise::{AHEAD, LATE, OLDEST, READINGS_LIMIT};
pub use profile::{Profile, ProfileError, Profiles};
pub use reject::{Reason, Reject};

use normalise::Sink;
use reject::excerpt;
use uplink::{Frame, Uplink};

/// Reads messages. Immutable: share it between threads, make a new one when the catalogue changes.
#[derive(Clone, Debug)]
pub struct Decoder {
    catalogue: Arc<Catalogue>,
    profiles: Profiles,
}

/// Whose message it was: enough to enrol the device.
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
}

impl Decoder {
    /// A decoder for the devices of this catalogue.
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
        Ok(Self { catalogue, profiles })
    }

    /// The catalogue it was made from.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The names of the envelopes that it opens, in the order in which they are tried.
    pub fn envelopes() -> impl Iterator<Item = &'static str> {
        envelope::ENVELOPES.iter().map(|e| e.name())
    }

    /// Pushes the readings of a message to `out`, at least one.
    ///
    /// # Errors
    /// A [`Reject`] that says why there is none; `out` is then as it was.
    pub fn decode(&self, message: &Message, out: &mut Vec<Reading>) -> Result<Decoded, Reject> {
        let before = out.len();
        let decoded = self.read(message, out);
        if decoded.is_err() {
            out.truncate(before);
        }
        decoded
    }

    fn read(&self, message: &Message, out: &mut Vec<Reading>) -> Result<Decoded, Reject> {
        let topic: &str = &message.topic;
        let envelope = envelope::ENVELOPES
            .iter()
            .find(|e| e.takes(topic))
            .ok_or_else(|| Reject::new(Reason::NotATopic, format!("no envelope reads the topic `{}`", excerpt(topic))))?;
        let uplink = envelope.open(message)?;
        let (kind, zone, profile) = self.identity(&uplink)?;
        let mut sink = Sink::new(
            out,
            (uplink.device.clone(), kind, zone.clone()),
            (message.received_at, uplink.network_time),
            message.provenance.retain,
        );
        let mut decoded = Decoded { device: uplink.device.clone(), kind, zone, profile: None, seq: None, readings: 0 };
        match &uplink.frame {
            Frame::Marsad(payload) => decoded.seq = codecs::marsad_json::decode(payload, &mut sink)?,
            Frame::Bytes(frame) => {
                let profile = self.profile(&uplink, profile)?;
                profile.decode(frame, &mut sink)?;
                decoded.profile = Some(profile.name().clone());
            }
            Frame::Battery(level) => {
                decoded.profile = profile.cloned();
                sink.push(Quantity::BATTERY_LEVEL, 0, *level, Quality::GOOD)?;
            }
        }
        if sink.len() == 0 {
            return Err(Reject::new(Reason::NoReading, "the message holds no value"));
        }
        if !matches!(uplink.frame, Frame::Marsad(_)) {
            push_radio(&uplink, &mut sink)?;
            sink.stamp(0..sink.len(), None);
        }
        decoded.readings = sink.len();
        Ok(decoded)
    }

    /// Kind, zone and profile: the catalogue's, else what the topic claims.
    fn identity(&self, uplink: &Uplink<'_>) -> Result<(Kind, Zone, Option<&ProfileName>), Reject> {
        if let Some(known) = self.catalogue.device(&uplink.device) {
            return Ok((known.kind, known.zone.clone(), known.profile.as_ref()));
        }
        let (kind, zone) = uplink
            .claim
            .clone()
            .ok_or_else(|| Reject::new(Reason::UnknownDevice, format!("device {} is not in the catalogue", uplink.device)))?;
        Ok((kind, zone, None))
    }

    fn profile(&self, uplink: &Uplink<'_>, name: Option<&ProfileName>) -> Result<&Profile, Reject> {
        name.and_then(|name| self.profiles.named(name)).ok_or_else(|| {
            Reject::new(Reason::NoProfile, format!("the catalogue lists device {} without a profile", uplink.device))
        })
    }
}

/// What the network says of the frame stands beside what the frame says.
fn push_radio(uplink: &Uplink<'_>, sink: &mut Sink<'_>) -> Result<(), Reject> {
    let radio = [(Quantity::RADIO_RSSI, uplink.radio.rssi), (Quantity::RADIO_SNR, uplink.radio.snr)];
    for (quantity, value) in radio {
        if let Some(value) = value {
            sink.push(quantity, 0, value, Quality::GOOD)?;
        }
    }
    Ok(())
}
