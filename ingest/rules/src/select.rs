//! Whom a rule judges.

use schemas::{Catalogue, DeviceId, Kind, Quantity, Tag, Zone};

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
    /// Only devices to which the catalogue gives one of these tags.
    pub tags: Vec<Tag>,
    /// Only devices to which it gives none of these.
    pub without_tags: Vec<Tag>,
}

impl Select {
    /// Whether this device is judged, whatever it measures.
    pub(crate) fn takes_device(&self, device: &DeviceId, kind: Kind, zone: &Zone, catalogue: &Catalogue) -> bool {
        self.takes_untagged(device, kind, zone) && self.takes_tags(device, catalogue)
    }

    /// [`Select::takes_device`] as far as it shows without the catalogue.
    pub(crate) fn takes_untagged(&self, device: &DeviceId, kind: Kind, zone: &Zone) -> bool {
        self.kind.is_none_or(|k| k == kind)
            && (self.zones.is_empty() || self.zones.contains(zone))
            && (self.devices.is_empty() || self.devices.iter().any(|p| p.takes(device.as_str())))
    }

    fn takes_tags(&self, device: &DeviceId, catalogue: &Catalogue) -> bool {
        if !self.asks_for_tags() {
            return true;
        }
        let given = catalogue.device(device).map_or(&[][..], |listed| &listed.fitting.tags);
        let has = |wanted: &[Tag]| given.iter().any(|tag| wanted.contains(tag));
        (self.tags.is_empty() || has(&self.tags)) && !has(&self.without_tags)
    }

    /// Whether the catalogue decides whom it takes.
    pub(crate) fn asks_for_tags(&self) -> bool {
        !(self.tags.is_empty() && self.without_tags.is_empty())
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
