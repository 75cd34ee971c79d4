//! What several network servers have in common: DevEUIs, times, gateways.

use std::fmt;
use std::marker::PhantomData;

use schemas::{DeviceId, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::instant;
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::Radio;

/// 16 hexadecimal digits, made lower case; `field` is where they stood.
pub(super) fn dev_eui(text: &str, field: &str) -> Result<DeviceId, Reject> {
    let bad = || Reject::new(Reason::BadName, format!("`{field}` is `{}`, not a DevEUI: 16 hexadecimal digits", excerpt(text)));
    let mut digits: [u8; 16] = text.as_bytes().try_into().map_err(|_| bad())?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad());
    }
    digits.make_ascii_lowercase();
    std::str::from_utf8(&digits).ok().and_then(|lower| DeviceId::new(lower).ok()).ok_or_else(bad)
}

/// RFC 3339 with an offset; none where there is no text.
pub(super) fn network_time(text: &str, field: &str) -> Result<Option<Timestamp>, Reject> {
    let time = (!text.is_empty()).then(|| instant::parse(text)).transpose();
    time.map_err(|e| Reject::new(Reason::BadTime, format!("`{field}`: {e}")))
}

/// The payload is not the JSON of `what`.
pub(super) fn not_json(error: &serde_json::Error, what: &str) -> Reject {
    let reason = if error.is_data() { Reason::BadShape } else { Reason::NotJson };
    Reject::new(reason, format!("not {what}: {error}"))
}

/// The strongest gateway of a JSON list of `G`; no list is built. Null and absent are no gateway.
pub(super) struct Strongest<G>(Option<Radio>, PhantomData<G>);

impl<G> Strongest<G> {
    pub(super) fn radio(&self) -> Radio {
        self.0.unwrap_or_default()
    }
}

impl<G> Default for Strongest<G> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'de, G: Deserialize<'de> + Into<Radio>> Deserialize<'de> for Strongest<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de, G: Deserialize<'de> + Into<Radio>> Visitor<'de> for Strongest<G> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of gateways")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(gateway) = list.next_element::<G>()? {
            let radio = gateway.into();
            if self.0.is_none_or(|best| radio.rssi > best.rssi) {
                self.0 = Some(radio);
            }
        }
        Ok(self)
    }
}
