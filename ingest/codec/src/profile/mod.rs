//! Device profiles: how a make of device is read, as data. A profile carries its own test cases, and
//! one whose cases do not pass is not loaded. `docs/reference/profiles.md` lists the built-in ones;
//! `docs/add-a-device.md` writes one, step by step.
//!
//! ```toml
//! name = "acme-bin"                  # the name that the catalogue uses
//! make = "Acme"
//! model = "Bin 3"
//! kind = "waste"                     # which kind of device it is
//! source = "where the layout is documented"
//! envelopes = ["chirpstack", "the-things-stack"]     # how it usually comes; for the listing
//! interval = "1h"                    # how often it reports, usually
//! logs = "720h"                      # it sends a log of its own: its time is believed so far back
//! gas_reference = "25 Cel"           # where it states gases as mass at 25 Cel; 20 Cel without it
//! battery = [[2.1, 0], [3.0, 90], [3.6, 100]]        # volts to percent, where it reports volts only
//! counter_bits = { "water.pulse_count" = 16 }        # how wide its counters are
//! codec = "layout"                   # or "json", "script", "m-bus", "cayenne-lpp"
//! endian = "little"                  # "big", "little" or "low-word-first" (big-endian words of two bytes, the
//!                                    # lowest first): of all fields that do not say
//!
//! [[frame]]                          # the first frame that fits is read
//! port = 2                           # or ports = [2, 3]; any without it
//! at_least = 3                       # bytes: at_least, at_most, or length
//! when = [{ at = 0, is = 1 }]        # bytes that must be so: mask, is (one or a list), not; at = -1 is the last
//! [[frame.field]]
//! quantity = "waste.distance"        # from the vocabulary; `channel` too, if there are several
//! at = 1                             # offset of the first byte in the frame, the item or the group; -1 is the last;
//!                                    # without it: behind the field before
//! width = 2                          # bytes, 1 to 8
//! number = "unsigned"                # or signed, sign-magnitude, bcd, float; flag: 1 if any bit is set, else 0
//! bits = [0, 12]                     # lowest bit and number of bits within these bytes
//! when = [{ at = 0, mask = 0x10, is = 0x10 }]        # read only if so; else it takes no room
//! unit = "mm"                        # the device's unit, UCUM; the quantity's own without it
//! multiply = 1                       # number = raw x multiply / divide + add, in that unit
//! divide = 1
//! add = 0
//! plus = "air.pm2_5"                 # the number is a difference from this quantity, read before
//! steps = [{ from = 90, base = 5400, step = 300 }]   # where the scale is not linear
//! values = { 1 = 0, 2 = 1 }          # raw values that stand for another number
//! absent = [65535]                   # raw values that say "no value"
//! missing = [{ raw = 65534, flaw = "sensor_fault" }] # no number, and why
//! flaws = [{ from = 4000, flaw = "at_limit" }]       # a number, and what is doubtful about it: raw, or from and to
//! nan = "sensor_fault"               # why there is no number where the bytes are none (NaN, BCD); "invalid" without it
//! [[frame.field]]
//! time = "unix"                      # when the values that follow were so: unix, unix-ms, since-2000, ago, ago-minutes
//! past = true                        # they are of a log: without a believable time they are not taken
//! at = 4
//! width = 4
//! [[frame.field]]
//! firmware = "dotted"                # the version of its program: dotted (02 0c is 2.12) or digits (01 12 is 1.1.2)
//! at = 8
//! width = 2
//! [[frame.repeat]]                   # after the fields: groups that come again
//! size = 3                           # bytes each, with [[frame.repeat.field]]s; or packed = 14, bits each, with one
//! count = 24                         # at most; to the end without it
//! step = "-1h"                       # from one to the next in time; step_first = true: also before the first
//! delta = true                       # packed only: each is added to the value before it
//!
//! [[frame]]                          # or: items that each begin with a key
//! port = 85
//! [frame.tagged]
//! key = 2                            # bytes of the key
//! unknown = "refuse"                 # or "stop": be content with what came before
//! [[frame.tagged.item]]
//! key = [0x03, 0x67]                 # "any" for a byte that does not matter
//! length = 2                         # of the value; "rest", or "prefixed" with its own length
//! field = [{ quantity = "device.temperature", width = 2, signed = true, divide = 10 }]
//!
//! [[silent]]                         # understood, and nothing to store
//! port = 3
//! why = "start-up report"
//!
//! [[mark]]                           # where one value makes others doubtful
//! quantity = "device.tilt_alarm"
//! is = 1                             # or at_least
//! flaw = "degraded"
//! on = ["waste.distance"]
//!
//! [[case]]                           # at least one
//! port = 2
//! hex = "01 012c"                    # or json = '{"..": ..}'; time = when it is heard, key = the device's
//! expect = [{ quantity = "waste.distance", value = 0.3 }]   # in order, flaws = [..], at = its time
//! missing = [{ quantity = "device.temperature", flaw = "invalid" }]  # named, and not there
//! firmware = "2.12"                  # where it says its version
//! # reject = "unknown_frame"         # or: the code of the reason for which it is not read
//! ```
//!
//! With `codec = "json"` or `"script"` there are no frames but fields of decoded JSON:
//!
//! ```toml
//! codec = "json"
//! reads = "object"                   # what a codec inside the network server made; the payload without it
//! [[field]]
//! quantity = "battery.voltage"
//! at = "/uplink/Volt"                # JSON Pointer. Text may hold a unit or a remark: "2000 mm", "3.6(low battery)"
//! when = [{ at = "/valid", is = true }]              # read only if so: is, not (one or a list); without both: if there
//! unit_at = "/units/volt"            # where the unit stands, if it does
//! units = { millivolt = "mV" }       # what its words mean
//! [[field]]
//! quantity = "battery.low"
//! at = "/uplink/Volt"
//! contains = "low battery"           # 1 if the text holds this, else 0
//! when = [{ at = "/kind", is = "volt" }]             # read only if a member of the same tree is so: one value or a list
//! [[field]]
//! time = "text"                      # RFC 3339, or a number as above
//! at = "/time"
//! [[field]]
//! firmware = "text"                  # the version of its program
//! at = "/software_version"
//! [[field]]                          # several names for one thing: the first that is there
//! quantity = "air.pm10"              # [name=value] is the element of a list that has this
//! at = ["/pm10", "/values/[type=SDS_P1]/value"]
//! [[list]]                           # a list of trees (or one) with fields of their own
//! at = "/history"
//! field = [{ time = "unix", past = true, at = "/t" }, { quantity = "water.volume", at = "/v", unit = "L" }]
//! ```
//!
//! With `codec = "script"`, `script = "acme.js"` names the vendor's decoder beside the profile. With `codec = "m-bus"`,
//! `begins_with` says whether the bytes begin with a "telegram" (the link layer), a "message" (the CI field) or "records";
//! `skip` is the number of bytes before that, `utc_offset` the minutes by which the meters' clocks are ahead of UTC.
//! Fields point into the records by the digits of their heads, and may take `bits` of flags. With
//! `codec = "cayenne-lpp"` they point at items by the names that network servers give them.

mod build;
mod prove;
mod raw;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemas::{DeviceId, Flaw, Kind, ProfileName, Quantity};

use crate::codecs::script::Script;
use crate::uplink::Codec;

pub(crate) use build::CODECS;
pub(crate) use read::fit;

/// The profiles that the program is built with: a new one is a file and a line.
static BUILT_IN: &[(&str, &str)] = &[
    ("airgradient-one.toml", include_str!("../../profiles/airgradient-one.toml")),
    ("axioma-qalcosonic-w1.toml", include_str!("../../profiles/axioma-qalcosonic-w1.toml")),
    ("b-meters-iwm-lr3.toml", include_str!("../../profiles/b-meters-iwm-lr3.toml")),
    ("bigbelly.toml", include_str!("../../profiles/bigbelly.toml")),
    ("bosch-tps110.toml", include_str!("../../profiles/bosch-tps110.toml")),
    ("cayenne-lpp-air.toml", include_str!("../../profiles/cayenne-lpp-air.toml")),
    ("decentlab-dl-dlr2-002.toml", include_str!("../../profiles/decentlab-dl-dlr2-002.toml")),
    ("decentlab-dl-dlr2-010.toml", include_str!("../../profiles/decentlab-dl-dlr2-010.toml")),
    ("decentlab-dl-iam.toml", include_str!("../../profiles/decentlab-dl-iam.toml")),
    ("decentlab-dl-lid.toml", include_str!("../../profiles/decentlab-dl-lid.toml")),
    ("decentlab-dl-lp8p.toml", include_str!("../../profiles/decentlab-dl-lp8p.toml")),
    ("decentlab-dl-mbx.toml", include_str!("../../profiles/decentlab-dl-mbx.toml")),
    ("decentlab-dl-pm.toml", include_str!("../../profiles/decentlab-dl-pm.toml")),
    ("dingtek-df702.toml", include_str!("../../profiles/dingtek-df702.toml")),
    ("dingtek-do201.toml", include_str!("../../profiles/dingtek-do201.toml")),
    ("dragino-ldds45.toml", include_str!("../../profiles/dragino-ldds45.toml")),
    ("dragino-ldds75.toml", include_str!("../../profiles/dragino-ldds75.toml")),
    ("dragino-sw3l.toml", include_str!("../../profiles/dragino-sw3l.toml")),
    ("elsys-ers-co2.toml", include_str!("../../profiles/elsys-ers-co2.toml")),
    ("enginko-level.toml", include_str!("../../profiles/enginko-level.toml")),
    ("inbiot-well.toml", include_str!("../../profiles/inbiot-well.toml")),
    ("kamstrup-lorawan.toml", include_str!("../../profiles/kamstrup-lorawan.toml")),
    ("libelium-smart-parking-v2.toml", include_str!("../../profiles/libelium-smart-parking-v2.toml")),
    ("libelium-smart-parking.toml", include_str!("../../profiles/libelium-smart-parking.toml")),
    ("m-bus-records-water.toml", include_str!("../../profiles/m-bus-records-water.toml")),
    ("milesight-am102.toml", include_str!("../../profiles/milesight-am102.toml")),
    ("milesight-am103.toml", include_str!("../../profiles/milesight-am103.toml")),
    ("milesight-am107.toml", include_str!("../../profiles/milesight-am107.toml")),
    ("milesight-am307.toml", include_str!("../../profiles/milesight-am307.toml")),
    ("milesight-am308.toml", include_str!("../../profiles/milesight-am308.toml")),
    ("milesight-am319.toml", include_str!("../../profiles/milesight-am319.toml")),
    ("milesight-em300-di.toml", include_str!("../../profiles/milesight-em300-di.toml")),
    ("milesight-em300-th.toml", include_str!("../../profiles/milesight-em300-th.toml")),
    ("milesight-em300-zld.toml", include_str!("../../profiles/milesight-em300-zld.toml")),
    ("milesight-em310-udl.toml", include_str!("../../profiles/milesight-em310-udl.toml")),
    ("milesight-em400-tld.toml", include_str!("../../profiles/milesight-em400-tld.toml")),
    ("milesight-em500-co2.toml", include_str!("../../profiles/milesight-em500-co2.toml")),
    ("milesight-em500-udl.toml", include_str!("../../profiles/milesight-em500-udl.toml")),
    ("netvox-r718x.toml", include_str!("../../profiles/netvox-r718x.toml")),
    ("netvox-water-leak.toml", include_str!("../../profiles/netvox-water-leak.toml")),
    ("nwave-ncc405.toml", include_str!("../../profiles/nwave-ncc405.toml")),
    ("nwave-nps310.toml", include_str!("../../profiles/nwave-nps310.toml")),
    ("nwave-nps405.toml", include_str!("../../profiles/nwave-nps405.toml")),
    ("pepperl-fuchs-wilsen.toml", include_str!("../../profiles/pepperl-fuchs-wilsen.toml")),
    ("pni-placepod.toml", include_str!("../../profiles/pni-placepod.toml")),
    ("purpleair-pa2.toml", include_str!("../../profiles/purpleair-pa2.toml")),
    ("quandify-cubicmeter.toml", include_str!("../../profiles/quandify-cubicmeter.toml")),
    ("sensoneo.toml", include_str!("../../profiles/sensoneo.toml")),
    ("sensor-community.toml", include_str!("../../profiles/sensor-community.toml")),
    ("tasmota-pms5003.toml", include_str!("../../profiles/tasmota-pms5003.toml")),
    ("tekzitel-tekzipark.toml", include_str!("../../profiles/tekzitel-tekzipark.toml")),
    ("uradmonitor-a3.toml", include_str!("../../profiles/uradmonitor-a3.toml")),
    ("uradmonitor-industrial.toml", include_str!("../../profiles/uradmonitor-industrial.toml")),
    ("vegapuls-air.toml", include_str!("../../profiles/vegapuls-air.toml")),
    ("wireless-m-bus-water.toml", include_str!("../../profiles/wireless-m-bus-water.toml")),
    ("zigbee2mqtt-leak.toml", include_str!("../../profiles/zigbee2mqtt-leak.toml")),
];

/// Why profiles cannot be used. Each names the file or the device.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not the expected TOML.
    #[error("{file}: {error}")]
    Syntax {
        /// As the caller named it.
        file: String,
        /// With line and column.
        error: String,
    },
    /// A value that no layout can have.
    #[error("{file}: {wrong}")]
    Layout {
        /// As the caller named it.
        file: String,
        /// What, and what was expected.
        wrong: String,
    },
    /// Without a case, nobody knows whether the layout is right.
    #[error("{file}: the profile has no [[case]], expected at least one")]
    NoCase {
        /// As the caller named it.
        file: String,
    },
    /// A case that gives something else than it expects.
    #[error("{file}: case {case} ({input}) gives {got}, expected {expected}")]
    Case {
        /// As the caller named it.
        file: String,
        /// Counted from 1.
        case: usize,
        /// What comes in.
        input: String,
        /// What it gives.
        got: String,
        /// What the case expects.
        expected: String,
    },
    /// Two files, one name.
    #[error("{file}: there is already a profile `{profile}`")]
    Twice {
        /// As the caller named it.
        file: String,
        /// The name.
        profile: ProfileName,
    },
    /// A route names a profile that is not there.
    #[error("a route is read by the profile `{profile}`, which is not loaded")]
    Unrouted {
        /// The profile.
        profile: ProfileName,
    },
    /// The catalogue names a profile that is not there.
    #[error("device {device} is read by the profile `{profile}`, which is not loaded")]
    Missing {
        /// The device.
        device: DeviceId,
        /// The profile.
        profile: ProfileName,
    },
}

/// What a profile needs from outside: files beside it, and an engine for scripts.
pub trait Workshop {
    /// The script in the file that the profile names, ready to run.
    ///
    /// # Errors
    /// Why there is none: not there, not readable, not JavaScript, or no engine.
    fn script(&self, path: &str) -> Result<Arc<dyn Script>, String>;
}

/// A workshop without an engine: profiles with scripts are refused.
#[derive(Clone, Copy, Debug)]
pub struct NoScripts;

impl Workshop for NoScripts {
    fn script(&self, _path: &str) -> Result<Arc<dyn Script>, String> {
        Err("this program has no engine for scripts".to_owned())
    }
}

/// One make of device.
#[derive(Clone)]
pub struct Profile {
    name: ProfileName,
    make: String,
    model: String,
    kind: Option<Kind>,
    source: String,
    envelopes: Vec<String>,
    interval: Option<Duration>,
    logs: Option<Duration>,
    /// Volts and percent, rising.
    battery: Vec<(f64, f64)>,
    counter_bits: Vec<(Quantity, u8)>,
    marks: Vec<Mark>,
    codec_name: &'static str,
    cases: usize,
    toml: Box<str>,
    codec: Arc<dyn Codec>,
}

/// Where one value makes others doubtful.
#[derive(Clone, Debug)]
struct Mark {
    quantity: Quantity,
    /// Both ends belong to it.
    range: (f64, f64),
    flaw: Flaw,
    on: Vec<Quantity>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("name", &self.name).field("make", &self.make).finish_non_exhaustive()
    }
}

impl Profile {
    /// The name that the catalogue uses.
    #[must_use]
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// Who makes it, for people.
    #[must_use]
    pub fn make(&self) -> &str {
        &self.make
    }

    /// Which of the maker's devices; empty where `make` says it all.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What such a device is for, where it is for one thing.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Where the layout is documented.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How its messages usually come.
    #[must_use]
    pub fn envelopes(&self) -> &[String] {
        &self.envelopes
    }

    /// How often it reports, usually.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// How far back its own log reaches, if it sends one.
    #[must_use]
    pub const fn logs(&self) -> Option<Duration> {
        self.logs
    }

    /// Bits of its counters: what they roll over at.
    #[must_use]
    pub fn counter_bits(&self) -> &[(Quantity, u8)] {
        &self.counter_bits
    }

    /// `layout`, `json`, `script`, ..
    #[must_use]
    pub const fn codec(&self) -> &'static str {
        self.codec_name
    }

    /// The text it was made from: what a profile for a similar device can begin with.
    #[must_use]
    pub fn toml(&self) -> &str {
        &self.toml
    }

    /// How many test cases it carries; all of them passed.
    #[must_use]
    pub const fn cases(&self) -> usize {
        self.cases
    }
}

/// The profiles that a decoder reads with, by name.
#[derive(Clone, Debug, Default)]
pub struct Profiles(BTreeMap<ProfileName, Profile>);

impl Profiles {
    /// Those that the program is built with.
    ///
    /// # Errors
    /// A built-in file that does not load: never in a build whose tests passed.
    pub fn built_in() -> Result<Self, ProfileError> {
        BUILT_IN.iter().try_fold(Self::default(), |all, (file, toml)| all.with(toml, file, &NoScripts))
    }

    /// With one more, read from TOML and proved by its own cases. `file` is what errors call it.
    ///
    /// # Errors
    /// Not the TOML of the module's documentation, a layout that cannot be, a name that is taken, no
    /// case, or a case that does not pass.
    pub fn with(mut self, toml: &str, file: &str, workshop: &dyn Workshop) -> Result<Self, ProfileError> {
        let profile = Self::read(toml, file, workshop)?;
        match self.0.insert(profile.name.clone(), profile) {
            None => Ok(self),
            Some(old) => Err(ProfileError::Twice { file: file.to_owned(), profile: old.name }),
        }
    }

    /// A profile by itself, proved by its own cases.
    ///
    /// # Errors
    /// As [`Profiles::with`].
    pub fn read(toml: &str, file: &str, workshop: &dyn Workshop) -> Result<Profile, ProfileError> {
        prove::proved(toml, file, workshop)
    }

    /// With this profile, in place of one of the same name.
    #[must_use]
    pub fn replacing(mut self, profile: Profile) -> Self {
        self.0.insert(profile.name.clone(), profile);
        self
    }

    /// The profile of this name.
    #[must_use]
    pub fn named(&self, name: &ProfileName) -> Option<&Profile> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.values()
    }
}
