//! The file of keys: kept outside the data directory and outside its backups, for its owner alone.
//!
//! ```toml
//! version = 1
//! seal = "64 hexadecimal digits"      # opens messages and the vault
//!
//! [years]                             # pseudonyms of a year are strangers to those of another
//! 2026 = "64 hexadecimal digits"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use domains::water::Pseudonyms;
use ring::hmac;
use schemas::{DeviceId, Timestamp};
use serde::Deserialize;

use crate::cipher::{KEY, Key, chance, derived};

const VERSION: u32 = 1;
const DAY: i64 = 86_400_000;

/// Why a file of keys cannot be used. Never tells what stands in it.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Others than its owner may read it.
    #[error("{}: others than its owner may read it (mode {mode:o}), expected 600", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no file of keys.
    #[error("{}: {what}", path.display())]
    Shape {
        /// Which file.
        path: PathBuf,
        /// Which field, and what was expected.
        what: String,
    },
    /// The system gives no chance.
    #[error("the system gives no random bytes")]
    NoChance,
}

/// Keys of pseudonyms by year, and the one of all that is sealed. Never printed.
pub struct Keys {
    seal: hmac::Key,
    years: BTreeMap<i32, Pseudonyms>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    seal: String,
    years: BTreeMap<String, String>,
}

fn bytes(digits: &str) -> Option<[u8; KEY]> {
    let (digits, mut bytes) = (digits.as_bytes(), [0; KEY]);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (digits.len() == 2 * KEY && digits.iter().all(u8::is_ascii_hexdigit)).then_some(bytes)
}

fn fresh() -> Result<String, KeysError> {
    let bytes = chance::<KEY>().ok_or(KeysError::NoChance)?;
    Ok(bytes.iter().fold(String::with_capacity(2 * KEY), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not there, others may read it, or it has another shape: names the field, never what stands in it.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let file = |cause| KeysError::File { path: path.to_owned(), cause };
        let mode = fs::metadata(path).map_err(file)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeysError::Open { path: path.to_owned(), mode });
        }
        Self::parse(&fs::read_to_string(path).map_err(file)?).map_err(|what| KeysError::Shape { path: path.to_owned(), what })
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // What the parser says would quote the line.
        let raw: Raw =
            toml::from_str(text).map_err(|_| "expected `version`, `seal` and a table `[years]`, as TOML".to_owned())?;
        if raw.version != VERSION {
            return Err(format!("version: {} is unknown, this program reads {VERSION}", raw.version));
        }
        let digits = |key: &str| format!("{key}: expected 64 hexadecimal digits");
        let seal = bytes(&raw.seal).ok_or_else(|| digits("seal"))?;
        let mut years = BTreeMap::new();
        for (year, key) in &raw.years {
            let number = year.parse().map_err(|_| format!("years.{year}: expected a year"))?;
            let names = bytes(key).and_then(|key| Pseudonyms::new(&key).ok());
            years.insert(number, names.ok_or_else(|| digits(&format!("years.{year}")))?);
        }
        if years.is_empty() {
            return Err("years: expected the key of one year at least".to_owned());
        }
        Ok(Self { seal: hmac::Key::new(hmac::HMAC_SHA256, &seal), years })
    }

    /// Makes a file with fresh keys, for this year's pseudonyms. One that is there is never written over.
    ///
    /// # Errors
    /// It is there, cannot be written, or the system gives no chance.
    pub fn make(path: &Path, year: i32) -> Result<(), KeysError> {
        let text = format!(
            "# Keys of Marsad's vault. Whoever has them and the data directory can tell whose meter is whose.\n\
             # Keep them outside the data directory and its backups; lost, what is sealed stays sealed.\n\
             version = {VERSION}\nseal = \"{}\"\n\n[years]\n{year} = \"{}\"\n",
            fresh()?,
            fresh()?
        );
        let file = |cause| KeysError::File { path: path.to_owned(), cause };
        let mut made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(file)?;
        made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).map_err(file)
    }

    /// Adds a fresh key for the pseudonyms of a year to a file.
    ///
    /// # Errors
    /// The file cannot be read or written, has a key for that year, or the system gives no chance.
    pub fn add_year(path: &Path, year: i32) -> Result<(), KeysError> {
        let found = Self::read(path)?;
        let shape = |what| KeysError::Shape { path: path.to_owned(), what };
        if found.years.contains_key(&year) {
            return Err(shape(format!("years.{year}: there is a key already, and another would part a year in two")));
        }
        let line = format!("{year} = \"{}\"\n", fresh()?);
        let file = |cause| KeysError::File { path: path.to_owned(), cause };
        // The table of years is the last one: this line is one of it. Whether it is so, reading it again tells.
        let mut text = fs::read_to_string(path).map_err(file)?;
        text.push_str(if text.ends_with('\n') { "" } else { "\n" });
        text.push_str(&line);
        Self::parse(&text).map_err(shape)?;
        let beside = path.with_extension("new");
        let mut made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside).map_err(file)?;
        made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).map_err(file)?;
        fs::rename(&beside, path).map_err(file)
    }

    /// The years of which there are keys, in order.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.keys().copied()
    }

    /// The year whose key names what was heard then: its own, else the last one before, else the first.
    pub(crate) fn year_of(&self, at: Timestamp) -> i32 {
        let year = year(at);
        let before = self.years.range(..=year).next_back().or_else(|| self.years.iter().next());
        before.map_or(year, |(year, _)| *year)
    }

    pub(crate) fn name(&self, meter: &DeviceId, at: Timestamp) -> DeviceId {
        let names = self.years.get(&self.year_of(at)).expect("`year_of` gives a year of the table, which is never empty");
        named(names, meter)
    }

    pub(crate) fn names(&self, meter: &DeviceId) -> Vec<DeviceId> {
        self.years.values().map(|names| named(names, meter)).collect()
    }

    pub(crate) fn of_vault(&self) -> Key {
        derived(&self.seal, "vault", &[])
    }

    pub(crate) fn of_subject(&self, salt: &[u8; KEY]) -> Key {
        derived(&self.seal, "subject", salt)
    }

    /// The key of what was heard on a day of nobody who could be told.
    pub(crate) fn of_day(&self, day: i64) -> Key {
        derived(&self.seal, "day", &day.to_le_bytes())
    }
}

impl std::fmt::Debug for Keys {
    /// Never a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("years", &self.years.keys()).finish_non_exhaustive()
    }
}

fn named(names: &Pseudonyms, meter: &DeviceId) -> DeviceId {
    DeviceId::new(&names.of(meter.as_str())).expect("a pseudonym is 20 letters and digits")
}

/// Of the calendar, UTC.
pub(crate) fn year(at: Timestamp) -> i32 {
    let instant = jiff::Timestamp::from_millisecond(at.millis()).expect("the range of Timestamp is inside that of jiff");
    i32::from(jiff::tz::Offset::UTC.to_datetime(instant).year())
}

/// Days since 1970, UTC.
pub(crate) const fn day(at: Timestamp) -> i64 {
    at.millis().div_euclid(DAY)
}
