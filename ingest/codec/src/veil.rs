//! The veil: what stands between the people behind a device and everything that is kept.
//!
//! A message that may tell of people is sealed at the door, whole, and kept under a name that says nothing; it is opened
//! in memory, to be read, and its readings stand under the same name. What cannot be told to be of a device without people
//! is sealed too: a veil that only hides what it recognises hides nothing of what is broken.
//!
//! Deliberately absent: keys and ciphers, which are behind [`Veil`].

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use schemas::{Catalogue, Device, DeviceId, Fitting, Kind, Message, Timestamp};

use crate::Decoder;
use crate::profile::Profile;
use crate::reject::{Reason, Reject};
use crate::route::Route;
use crate::uplink::Uplink;

/// The first level of the topic of whatever is sealed.
pub const SEALED: &str = "sealed/";

/// Gives names that say nothing, seals and opens.
pub trait Veil: Debug + Send + Sync {
    /// Whether people stand behind devices of this kind.
    fn covers(&self, kind: Kind) -> bool;

    /// Under which name a device is kept of which something was heard then.
    fn name(&self, device: &DeviceId, at: Timestamp) -> DeviceId;

    /// Makes ready to seal messages of these devices, all at once: what a new device costs a disk is spent once and not for
    /// each. May block for a disk.
    fn meet(&self, heard: &[&Hidden]);

    /// The message as it is kept: under a topic that begins with [`SEALED`]. `whose`: the one device that it is of, where
    /// that can be told and it was met.
    fn seal(&self, whose: Option<&Hidden>, message: &Message) -> Message;

    /// What was sealed; none where nobody here sealed it, or its key is gone.
    fn open(&self, sealed: &Message) -> Option<Message>;
}

/// A device behind a veil, as something was heard of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden {
    /// By its own id.
    pub device: DeviceId,
    /// Under which it is kept.
    pub name: DeviceId,
    /// When something was heard.
    pub heard_at: Timestamp,
}

impl std::fmt::Debug for Hidden {
    /// Without its own id.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hidden").field("name", &self.name).field("heard_at", &self.heard_at).finish_non_exhaustive()
    }
}

/// A veil and the devices behind it.
#[derive(Clone, Debug)]
pub(crate) struct Veiled {
    veil: Arc<dyn Veil>,
    /// Under their own ids, as files list them. Never shown.
    behind: Arc<Catalogue>,
    /// Whose names the catalogue shows.
    shown_at: Timestamp,
}

/// Of whom a message may tell.
enum Subject {
    Nobody,
    Device(Hidden),
    Unknown,
}

impl Subject {
    fn hidden(&self) -> Option<&Hidden> {
        if let Self::Device(hidden) = self { Some(hidden) } else { None }
    }
}

impl Decoder {
    /// The same behind a veil: devices that it covers are listed under their names of this time, without place, label and
    /// key.
    #[must_use]
    pub fn behind(mut self, veil: Arc<dyn Veil>, at: Timestamp) -> Self {
        let (behind, open): (Vec<Device>, Vec<Device>) = self.catalogue.devices().cloned().partition(|d| veil.covers(d.kind));
        let shown = behind.iter().map(|device| Device {
            profile: device.profile.clone(),
            fitting: Fitting { key: None, ..device.fitting.clone() },
            ..Device::new(veil.name(&device.id, at), device.kind, device.zone.clone())
        });
        self.catalogue = Arc::new(open.into_iter().chain(shown).collect());
        self.veiled = Some(Veiled { veil, behind: Arc::new(behind.into_iter().collect()), shown_at: at });
        self
    }

    /// The same veil, if there is one, over another decoder.
    pub(crate) fn as_veiled(&self, other: Self) -> Self {
        match &self.veiled {
            None => other,
            Some(Veiled { veil, shown_at, .. }) => other.behind(Arc::clone(veil), *shown_at),
        }
    }

    /// Whether anything is hidden.
    #[must_use]
    pub fn is_veiled(&self) -> bool {
        self.veiled.is_some()
    }

    /// Messages as they may be kept, in their order: sealed where they may tell of people.
    #[must_use]
    pub fn keepable(&self, mut messages: Vec<Message>) -> Vec<Message> {
        let Some(Veiled { veil, .. }) = &self.veiled else { return messages };
        let whose: Vec<Subject> = messages.iter().map(|message| self.subject(&**veil, message)).collect();
        veil.meet(&whose.iter().filter_map(Subject::hidden).collect::<Vec<_>>());
        for (message, whose) in messages.iter_mut().zip(&whose) {
            match whose {
                Subject::Nobody => {}
                Subject::Device(hidden) => *message = veil.seal(Some(hidden), message),
                Subject::Unknown => *message = veil.seal(None, message),
            }
        }
        messages
    }

    /// The message as it came.
    ///
    /// # Errors
    /// It is sealed, and its key is gone.
    pub(crate) fn opened<'m>(&self, message: &'m Message) -> Result<Cow<'m, Message>, Reject> {
        match &self.veiled {
            Some(Veiled { veil, .. }) if message.topic.starts_with(SEALED) => veil
                .open(message)
                .map(Cow::Owned)
                .ok_or_else(|| Reject::new(Reason::Sealed, "the message is sealed and its key is gone")),
            _ => Ok(Cow::Borrowed(message)),
        }
    }

    /// The device as files list it, behind the veil too.
    pub(crate) fn listed(&self, device: &DeviceId) -> Option<&Device> {
        let behind = || self.veiled.as_ref().and_then(|veiled| veiled.behind.device(device));
        self.catalogue.device(device).or_else(behind)
    }

    /// Under which name a device is kept; one of which nobody knows the kind, as if people stood behind it.
    pub(crate) fn kept_as(&self, device: &DeviceId, kind: Option<Kind>, at: Timestamp) -> DeviceId {
        match &self.veiled {
            Some(Veiled { veil, .. }) if kind.is_none_or(|kind| veil.covers(kind)) => veil.name(device, at),
            _ => device.clone(),
        }
    }

    fn subject(&self, veil: &dyn Veil, message: &Message) -> Subject {
        let Ok((route, arrival)) = self.routes.find(message, &self.births) else { return Subject::Unknown };
        let (mut uplinks, mut of, mut several) = (0, None::<DeviceId>, false);
        let opened = route.envelope.open(&arrival, &mut |uplink| {
            uplinks += 1;
            if self.kind_of(route, &uplink).is_none_or(|kind| veil.covers(kind)) {
                several |= of.as_ref().is_some_and(|first| *first != uplink.device);
                of = Some(uplink.device);
            }
            Ok(())
        });
        match of {
            Some(device) if opened.is_ok() && !several => {
                let heard_at = message.received_at;
                Subject::Device(Hidden { name: veil.name(&device, heard_at), device, heard_at })
            }
            None if opened.is_ok() && uplinks > 0 => Subject::Nobody,
            _ => Subject::Unknown,
        }
    }

    /// The kind of an uplink's device, as reading it would find it.
    fn kind_of(&self, route: &Route, uplink: &Uplink<'_>) -> Option<Kind> {
        let listed = self.listed(&uplink.device);
        let profile = listed.and_then(|d| d.profile.as_ref()).or(uplink.profile.as_ref()).or(route.profile.as_ref());
        let of_profile = || profile.and_then(|name| self.profiles.named(name)).and_then(Profile::kind);
        let claimed = || uplink.claim.as_ref().map(|(kind, _)| *kind);
        listed.map(|device| device.kind).or_else(claimed).or(route.kind).or_else(of_profile)
    }
}
