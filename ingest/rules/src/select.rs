//! Whom a rule judges.

use schemas::{DeviceId, Kind, Quantity, Zone};

/// Names of devices: one, or all that begin or end alike, or hold something between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern: letters, digits and what else a device's id has, and `*` for any number of any of these.
    ///
    /// # Errors
    /// What is wrong: it is empty, longer than an id, or has a character that no id has.
    pub fn new(text: &str) -> Result<Self, String> {
        let id = text.replace('*', "x");
        id.parse::<DeviceId>().map_err(|e| e.to_string())?;
        Ok(Self(text.to_owned()))
    }

    /// Whether it takes this id.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = id.strip_prefix(first) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
        for part in between {
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whom a rule judges. `None`, and a list of none, means all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// Only devices of this kind.
    pub kind: Option<Kind>,
    /// Only this quantity; where it is `None`, the device is judged as a whole.
    pub quantity: Option<Quantity>,
    /// Only while the device is in one of these zones.
    pub zones: Vec<Zone>,
    /// Only these devices.
    pub devices: Vec<Pattern>,
}

impl Select {
    /// Whether this device is judged, whatever it measures.
    pub(crate) fn takes_device(&self, device: &DeviceId, kind: Kind, zone: &Zone) -> bool {
        self.kind.is_none_or(|k| k == kind)
            && (self.zones.is_empty() || self.zones.contains(zone))
            && (self.devices.is_empty() || self.devices.iter().any(|p| p.takes(device.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_number_of_characters() {
        for (pattern, taken, left) in [
            ("bin-*", vec!["bin-", "bin-7"], vec!["bi", "a-bin-7"]),
            ("*-7", vec!["bin-7", "-7"], vec!["bin-70"]),
            ("b*n*7", vec!["bn7", "bin-07"], vec!["bin-70", "b7n"]),
            ("bin", vec!["bin"], vec!["bins", "bi"]),
            ("*", vec!["x"], vec![]),
        ] {
            let pattern = Pattern::new(pattern).unwrap();
            assert!(taken.iter().all(|id| pattern.takes(id)), "{pattern:?}");
            assert!(!left.iter().any(|id| pattern.takes(id)), "{pattern:?}");
        }
        assert!(Pattern::new("").is_err() && Pattern::new("a b").is_err());
    }
}
