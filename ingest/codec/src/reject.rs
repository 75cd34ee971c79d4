//! Why a message gave no reading: a stable code for machines, a sentence for people.

use std::fmt;

use schemas::{DeviceId, ProfileName};

// One table: the enum, its codes and its reference page cannot drift apart.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $about:literal;)*) => {
        /// Why a message was rejected. The code stands in the quarantine and in metrics: never
        /// rename one, only add.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $about] $name,)* }

        impl Reason {
            /// Every reason, in the order of the reference page.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The stable code: `not_json`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Reason::$name => $about,)* }
            }
        }
    };
}

reasons! {
    NotATopic = "not_a_topic", "No envelope reads this topic.";
    BadName = "bad_name", "A device id or a zone in the topic or the payload is not a name of the house.";
    UnknownKind = "unknown_kind", "The topic names a kind that the vocabulary does not have.";
    UnknownDevice = "unknown_device", "The device must be in the catalogue to be read, and is not.";
    DeviceMismatch = "device_mismatch", "Topic and payload name different devices.";
    NoProfile = "no_profile", "Neither the catalogue nor a route names the profile that the device's bytes need.";
    NotJson = "not_json", "The payload is not JSON.";
    BadShape = "bad_shape", "The payload is JSON of another shape than documented: a field is unknown, missing, doubled or of another type.";
    TooDeep = "too_deep", "Lists and objects of the JSON stand more than 8 deep in one another.";
    UnknownVersion = "unknown_version", "The payload is of a version that this program does not read.";
    ForbiddenField = "forbidden_field", "The payload holds a field that could identify a person or a vehicle, which is never taken in.";
    UnknownQuantity = "unknown_quantity", "The vocabulary has no quantity of this name.";
    UnknownUnit = "unknown_unit", "The unit is not one that converts exactly to that of the quantity; units are never guessed.";
    UnknownWord = "unknown_word", "A text in place of a number is neither a number with a unit nor a word that the profile lists; it is never taken for 0.";
    NotFinite = "not_finite", "A value is not a finite number below 1e12.";
    BadTime = "bad_time", "A time is neither RFC 3339 with an offset nor milliseconds since the epoch within 1970 to 9999.";
    BadBytes = "bad_bytes", "Bytes are not valid in the encoding that they come in (base64, hexadecimal, CBOR, protocol buffers), or more than a frame can hold.";
    WrongBody = "wrong_body", "The message carries fields where the profile reads bytes, or bytes where it reads fields.";
    UnknownFrame = "unknown_frame", "The profile has no layout for a frame of this port, length and content.";
    ScriptFailed = "script_failed", "The vendor's script broke off, took too long or too much memory, or gave no result.";
    NeedsKey = "needs_key", "The bytes are encrypted and the catalogue has no key for the device, or not the right one.";
    UnknownAlias = "unknown_alias", "A Sparkplug metric is named by an alias whose birth has not been heard.";
    Sealed = "sealed", "The message is sealed, since it may tell of people, and its key is gone: its subject was erased, or the keys are others.";
    TooMany = "too_many", "One message holds more readings, records or bytes than the limit.";
    NoReading = "no_reading", "The message is understood and holds nothing to store: a join, an acknowledgement, a version report, only nulls.";
}

/// A message that gave no reading, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    reason: Reason,
    text: Box<str>,
    whose: Option<Box<Whose>>,
}

/// Whose message it was, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The thing that sent.
    pub device: DeviceId,
    /// How it was to be read; none where that is the trouble, or for Marsad's own JSON.
    pub profile: Option<ProfileName>,
}

impl Reject {
    /// `text` names the field and says what was expected: lower case, no full stop.
    pub fn new(reason: Reason, text: impl Into<Box<str>>) -> Self {
        Self { reason, text: text.into(), whose: None }
    }

    /// The same, of this device.
    #[must_use]
    pub(crate) fn of(mut self, device: DeviceId, profile: Option<&ProfileName>) -> Self {
        self.whose = Some(Box::new(Whose { device, profile: profile.cloned() }));
        self
    }

    /// The same without what it tells of the message.
    #[must_use]
    pub(crate) fn hushed(self) -> Self {
        Self { text: format!("in a sealed message: {}", self.reason.about()).into(), ..self }
    }

    /// Whose message it was; none where the envelope could not be opened.
    #[must_use]
    pub fn whose(&self) -> Option<&Whose> {
        self.whose.as_deref()
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl std::error::Error for Reject {}

/// At most 64 characters of what came, for a sentence.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_fit_a_metric_label() {
        let mut seen = std::collections::BTreeSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.code()), "{}", reason.code());
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(reason.about().ends_with('.'));
        }
    }
}
