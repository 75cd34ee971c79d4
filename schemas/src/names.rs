//! Names of things: short, printable, safe in a topic, a URL, a file name, a CSV cell and a line of
//! any time-series protocol, because every one of them ends up in all of these.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a {what} must not be empty")]
    Empty {
        /// Which kind of name was expected.
        what: &'static str,
    },
    /// Over the limit.
    #[error("a {what} has at most {limit} bytes, this one has {length}")]
    TooLong {
        /// Which kind of name was expected.
        what: &'static str,
        /// Its limit, bytes.
        limit: usize,
        /// What came, bytes.
        length: usize,
    },
    /// A character that is not allowed, or one that is not allowed first.
    #[error("a {what} is made of letters, digits and . _ : - and starts with a letter or digit, found {found:?}")]
    Character {
        /// Which kind of name was expected.
        what: &'static str,
        /// The first character that does not fit.
        found: char,
    },
}

fn check(text: &str, what: &'static str, limit: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if text.len() > limit {
        return Err(NameError::TooLong { what, limit, length: text.len() });
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    let odd = text.chars().enumerate().find(|&(i, c)| !(if i == 0 { c.is_ascii_alphanumeric() } else { fits(c) }));
    odd.map_or(Ok(()), |(_, found)| Err(NameError::Character { what, found }))
}

// One shape, six words: the macro is the table of them.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $limit:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(CompactString);

        impl $name {
            #[doc = concat!("The longest ", $what, ", bytes.")]
            pub const LIMIT: usize = $limit;

            #[doc = concat!("Reads a ", $what, ".")]
            ///
            /// # Errors
            /// Empty, too long, or a character outside `[A-Za-z0-9._:-]`, or a first one that is
            /// neither letter nor digit.
            pub fn new(text: &str) -> Result<Self, NameError> {
                check(text, $what, $limit)?;
                Ok(Self(CompactString::new(text)))
            }

            /// As it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

names! {
    /// The thing that sends: unique in the city. A LoRaWAN device is named by its DevEUI, 16
    /// lower-case hexadecimal digits. At most 24 bytes are kept without an allocation.
    DeviceId, "device id", 64;
    /// A part of the city, as its configuration names it: an arrondissement, usually.
    Zone, "zone", 32;
    /// A rule, as the file of rules names it.
    RuleId, "rule id", 64;
    /// How a make of device is read.
    ProfileName, "profile name", 64;
    /// What is true of what a device watches, for rules to select by: `loading`, `hospital`.
    Tag, "tag", 32;
    /// A way to tell somebody: `log`, a webhook.
    ChannelName, "channel name", 32;
}

/// The version of the program inside a device, as it says it itself: `2.1.0`, `NRZ-2020-133`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Firmware(CompactString);

impl Firmware {
    /// The longest, bytes.
    pub const LIMIT: usize = 48;

    /// What a device says of itself; none where it is no version: empty, too long, or with characters that are not printable
    /// ASCII. That is no reason to refuse what it measures.
    #[must_use]
    pub fn read(said: &str) -> Option<Self> {
        let text = said.trim();
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (!text.is_empty() && text.len() <= Self::LIMIT && printable).then(|| Self(CompactString::new(text)))
    }

    /// As it was said, without blanks around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<Firmware> for String {
    fn from(firmware: Firmware) -> Self {
        firmware.0.into_string()
    }
}

impl TryFrom<String> for Firmware {
    type Error = String;
    fn try_from(said: String) -> Result<Self, String> {
        Self::read(&said).ok_or_else(|| format!("expected a version, 1 to {} printable ASCII characters", Self::LIMIT))
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_could_break_a_topic_a_line_or_a_page_are_refused() {
        for bad in ["", "a b", "a/b", "a+", "#", "a,b", "a=b", "a\nb", "a\\", "\"a\"", "<a>", "-a", ".hidden", "حاوية", "é"]
        {
            assert!(DeviceId::new(bad).is_err(), "{bad:?}");
        }
        assert!(DeviceId::new(&"a".repeat(65)).is_err());
        for good in ["bin-0042", "0101010101010101", "A.b_c:d-e", &"a".repeat(64)] {
            assert_eq!(DeviceId::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_version_is_what_a_device_says_of_itself_if_it_can_be_shown() {
        assert_eq!(Firmware::read(" NRZ-2020-133 ").unwrap().as_str(), "NRZ-2020-133");
        assert_eq!(Firmware::read("v1.2 (beta)").unwrap().to_string(), "v1.2 (beta)");
        for none in ["", "  ", "1.0\u{0}", "1.0\n2", "é", &"1".repeat(49)] {
            assert_eq!(Firmware::read(none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_name_never_panics(text in ".*") {
            let _ = DeviceId::new(&text);
        }
    }
}
