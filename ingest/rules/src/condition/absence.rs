//! Absence: nothing was heard for a while. A bad reading is a sign of life too: the sensor may have
//! failed, the device has not.
//!
//! Deliberately absent: devices that were never heard (nobody knows since when they are silent), and
//! intervals learned from the device.

use std::time::Duration;

use schemas::{Grade, Quantity, Reading, Timestamp};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Verdict};
use crate::parse::duration;

pub(super) const FORM: Form = Form {
    name: "absence",
    summary: "no reading was observed for `longer_than`, of a quantity or of the whole device",
    by_value: false,
    read,
};

/// Shorter would only measure the network.
const SHORTEST: Duration = Duration::from_secs(1);
/// A year: longer is a device taken away.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    longer_than: Spanned<String>,
}

#[derive(Debug)]
struct Absence {
    longer_than: Duration,
}

impl Condition for Absence {
    fn hears(&self, _: Grade) -> bool {
        true
    }

    fn observe(&self, _: &Memory, _: &Reading) -> Option<Verdict> {
        Some(Verdict::Clear)
    }

    fn advance(&self, memory: &Memory, now: Timestamp) -> Option<Verdict> {
        (self.wake_at(memory)? <= now).then_some(Verdict::Holds)
    }

    fn wake_at(&self, memory: &Memory) -> Option<Timestamp> {
        if memory.holds { None } else { Some(memory.heard?.plus(self.longer_than)) }
    }
}

fn read(table: Spanned<DeValue<'_>>, _: Option<Quantity>) -> Result<Box<dyn Condition>, Fault> {
    let raw = Raw::deserialize(ValueDeserializer::from(table))?;
    let longer_than = duration("longer_than", &raw.longer_than, SHORTEST, LONGEST)?;
    Ok(Box::new(Absence { longer_than }))
}
