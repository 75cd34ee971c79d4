//! Marsad's own: no wrapping at all, everything is in the topic `marsad/{zone}/{kind}/{device}/up`.

use schemas::{DeviceId, Kind, Message, Zone};

use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::{Envelope, Frame, Radio, Uplink};

const PREFIX: &str = "marsad/";
/// The last level of the topic of what a device sends.
pub(crate) const UP: &str = "up";

pub(super) struct Marsad;

impl Envelope for Marsad {
    fn name(&self) -> &'static str {
        "marsad"
    }

    fn takes(&self, topic: &str) -> bool {
        topic.starts_with(PREFIX)
    }

    fn open<'m>(&self, message: &'m Message) -> Result<Uplink<'m>, Reject> {
        let topic: &str = &message.topic;
        let mut levels = topic.split('/').skip(1);
        let (Some(zone), Some(kind), Some(device), Some(UP), None) =
            (levels.next(), levels.next(), levels.next(), levels.next(), levels.next())
        else {
            return Err(Reject::new(
                Reason::NotATopic,
                format!("`{}` is not marsad/{{zone}}/{{kind}}/{{device}}/up", excerpt(topic)),
            ));
        };
        let zone = Zone::new(zone).map_err(|e| Reject::new(Reason::BadName, format!("the topic's zone: {e}")))?;
        let device = DeviceId::new(device).map_err(|e| Reject::new(Reason::BadName, format!("the topic's device: {e}")))?;
        let kind = Kind::named(kind).ok_or_else(|| {
            Reject::new(Reason::UnknownKind, format!("`{}` in the topic is not a kind of the vocabulary", excerpt(kind)))
        })?;
        Ok(Uplink {
            device,
            claim: Some((kind, zone)),
            network_time: None,
            radio: Radio::default(),
            frame: Frame::Marsad(&message.payload),
        })
    }
}
