//! Names of SenML records: which part is the device, and which the field.

use schemas::{DeviceId, NameError};

/// The parts of a name. No device: there is no separator.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'n> {
    pub(super) device: Option<Result<DeviceId, NameError>>,
    pub(super) field: &'n str,
}

/// `{device}:{field}` or `{device}/{field}`, at the last separator. In a device URN (RFC 9039: `mac`, `ow`, `org`, `os`,
/// `ops`) the device is what follows the kind, up to the next separator or `_`, which begins a component of the device.
pub(super) fn split(name: &str) -> Name<'_> {
    if let Some((kind, rest)) = urn(name) {
        let (id, field) = rest.split_once([':', '/', '_', ';']).unwrap_or((rest, ""));
        let hexadecimal = ["mac", "ow"].iter().any(|k| kind.eq_ignore_ascii_case(k));
        let device = if hexadecimal { DeviceId::new(&id.to_ascii_lowercase()) } else { DeviceId::new(id) };
        return Name { device: Some(device), field };
    }
    match name.rsplit_once([':', '/']) {
        Some((device, field)) => Name { device: Some(DeviceId::new(device)), field },
        None => Name { device: None, field: name },
    }
}

/// What of a name is the field, of a device that is known from elsewhere. What might be a part of the device (`outdoor/temp`)
/// is left in its name: two parts must not become one series.
pub(super) fn field_of<'n>(device: &DeviceId, name: &'n str) -> &'n str {
    let same = |found: &Result<DeviceId, NameError>| found.as_ref().is_ok_and(|found| found == device);
    match split(name) {
        Name { device: Some(found), field } if urn(name).is_some() || same(&found) => field,
        _ => name,
    }
}

/// Kind and rest of a device URN.
fn urn(name: &str) -> Option<(&str, &str)> {
    name.get(..8).filter(|start| start.eq_ignore_ascii_case("urn:dev:"))?;
    name.get(8..)?.split_once(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_device_and_a_field() {
        let cases = [
            ("st-7:air.pm10", Some("st-7"), "air.pm10"),
            ("st-7/air.pm10#1", Some("st-7"), "air.pm10#1"),
            ("a:b:temp", Some("a:b"), "temp"),
            ("urn:dev:mac:0024BEFFFE804FF1/temp", Some("0024befffe804ff1"), "temp"),
            ("urn:dev:ow:10e2073a01080063:voltage", Some("10e2073a01080063"), "voltage"),
            ("urn:dev:ow:10e2073a01080063_temp", Some("10e2073a01080063"), "temp"),
            ("urn:dev:ops:32473-Refrigerator-5002", Some("32473-Refrigerator-5002"), ""),
            ("urn:dev:org:32473-foo/a/b", Some("32473-foo"), "a/b"),
            ("urn:DEV:os:32473-123456", Some("32473-123456"), ""),
            ("temp", None, "temp"),
            ("", None, ""),
        ];
        for (name, device, field) in cases {
            let device = device.map(|id| Ok(DeviceId::new(id).unwrap()));
            assert_eq!(split(name), Name { device, field }, "{name}");
        }
        for bad in ["/temp", "a/b/temp", "urn:dev:mac:/temp", ":"] {
            assert!(matches!(split(bad).device, Some(Err(_))), "{bad}");
        }
    }

    #[test]
    fn the_field_of_a_known_device_keeps_what_might_be_a_part_of_it() {
        let device = DeviceId::new("st-7").unwrap();
        let cases = [
            ("st-7:temp", "temp"),
            ("urn:dev:ow:10e2073a01080063:temp", "temp"),
            ("outdoor/temp", "outdoor/temp"),
            ("temp", "temp"),
            ("", ""),
        ];
        for (name, field) in cases {
            assert_eq!(field_of(&device, name), field, "{name}");
        }
    }
}
