//! What data there are, how they are classed and in which stores they lie: the register of data sets, shown to everybody.
//!
//! Deliberately absent: where the stores are. That the settings of a city say, and [`Assets::objections`] judges.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};

use schemars::JsonSchema;
use schemas::{Kind, Texts};
use serde::{Deserialize, Serialize};

use crate::parameters::{self, ParameterError};

const SHIPPED: &str = include_str!("../../../config/assets.toml");
const CODE_LIMIT: usize = 32;

/// Who may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DataClass")]
pub enum Class {
    /// Everybody.
    Public,
    /// Whoever signs in, by role.
    Internal,
    /// It tells of persons, or opens what does.
    Sensitive,
}

/// In which store data lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DataStore")]
pub enum Keeping {
    /// Readings: the embedded store, or a server.
    Readings,
    /// Messages as they came.
    Journal,
    /// Devices, alerts, what waits in the quarantine.
    Register,
    /// Users, tokens, credentials, audit.
    Access,
    /// The way back from pseudonyms.
    Vault,
    /// Copies of all of it.
    Backup,
}

impl Keeping {
    /// As the register writes it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::Journal => "journal",
            Self::Register => "register",
            Self::Access => "access",
            Self::Vault => "vault",
            Self::Backup => "backup",
        }
    }
}

/// A country by its two capital letters (ISO 3166-1): `MA`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Country(String);

/// A text that names no country.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`: expected a country by two capital letters (ISO 3166-1), such as MA")]
pub struct NoCountry(String);

impl TryFrom<String> for Country {
    type Error = NoCountry;

    fn try_from(text: String) -> Result<Self, NoCountry> {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if fits { Ok(Self(text)) } else { Err(NoCountry(text)) }
    }
}

impl Display for Country {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the stores of a city are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locations {
    /// Where sensitive data must stay.
    pub home: Country,
    /// The data directory: journal, register, access, vault.
    pub data: Country,
    /// The readings.
    pub readings: Country,
    /// The backups.
    pub backup: Country,
}

impl Locations {
    /// Everything in Morocco.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn at_home() -> Self {
        let home = Country("MA".to_owned());
        Self { data: home.clone(), readings: home.clone(), backup: home.clone(), home }
    }

    /// Where a store is.
    #[must_use]
    pub const fn of(&self, store: Keeping) -> &Country {
        match store {
            Keeping::Readings => &self.readings,
            Keeping::Backup => &self.backup,
            Keeping::Journal | Keeping::Register | Keeping::Access | Keeping::Vault => &self.data,
        }
    }
}

/// One data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// By which it is named: `water`.
    pub code: String,
    /// Who may have it.
    pub class: Class,
    /// Kinds of devices whose readings it is; none where it is no readings.
    pub kinds: BTreeSet<Kind>,
    /// In which stores it lies.
    pub kept: BTreeSet<Keeping>,
    /// What people call it.
    pub name: Texts,
    /// What is in it.
    pub holds: Texts,
}

/// All data sets of a city, in the order of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets(Vec<Asset>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    asset: Vec<Asset>,
}

impl Assets {
    /// Reads `[[asset]]` tables.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a code that is none or is there twice, a kind in two entries, an entry without a store, or one that
    /// lies with secrets and is not sensitive.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let Raw { asset: assets } = parameters::read(file, text)?;
        let (mut codes, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for asset in &assets {
            if let Some(message) = asset.objection(&mut codes, &mut kinds) {
                return Err(ParameterError::at(file, text, None, message));
            }
        }
        Ok(Self(assets))
    }

    /// Those that come with the program.
    ///
    /// # Panics
    /// Never: a test reads the file.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse("config/assets.toml", SHIPPED).expect("a test reads the shipped file")
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.0.iter()
    }

    /// How readings of a kind are classed.
    #[must_use]
    pub fn class_of(&self, kind: Kind) -> Class {
        self.0.iter().find(|asset| asset.kinds.contains(&kind)).map_or(Class::Internal, |asset| asset.class)
    }

    /// What cannot stay so: a kind behind which people stand that is not sensitive, and sensitive data abroad.
    #[must_use]
    pub fn objections(&self, personal: &[Kind], locations: &Locations) -> Vec<String> {
        let open = personal.iter().filter(|kind| self.class_of(**kind) != Class::Sensitive);
        let open = open.map(|kind| {
            format!("people stand behind devices of the kind `{}`, expected it in an entry of class `sensitive`", kind.name())
        });
        let home = &locations.home;
        let abroad = self.0.iter().filter(|asset| asset.class == Class::Sensitive).flat_map(|asset| {
            let away = asset.kept.iter().filter(|store| locations.of(**store) != home);
            away.map(|store| {
                let (store, there) = (store.code(), locations.of(*store));
                format!(
                    "`{}` is sensitive and lies in the {store} in {there}, expected {home} (law 05-20, article 11)",
                    asset.code
                )
            })
        });
        open.chain(abroad).collect()
    }
}

impl Asset {
    fn objection<'a>(&'a self, codes: &mut BTreeSet<&'a str>, kinds: &mut BTreeSet<Kind>) -> Option<String> {
        let Self { code, class, kept, .. } = self;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if code.is_empty() || code.len() > CODE_LIMIT || !code.chars().all(fits) {
            return Some(format!("code `{code}`: expected 1 to {CODE_LIMIT} lower-case letters, digits and hyphens"));
        }
        if !codes.insert(code) {
            return Some(format!("asset `{code}` is there twice, expected once"));
        }
        if kept.is_empty() {
            return Some(format!("asset `{code}`: expected one store or more in `kept`"));
        }
        if let Some(kind) = self.kinds.iter().find(|kind| !kinds.insert(**kind)) {
            return Some(format!("asset `{code}`: the kind `{}` is in another entry already, expected it in one", kind.name()));
        }
        let secret = kept.iter().find(|store| matches!(store, Keeping::Access | Keeping::Vault));
        let open = secret.filter(|_| *class != Class::Sensitive)?;
        Some(format!("asset `{code}`: what lies in `{}` is of class `sensitive`", open.code()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abroad() -> Country {
        Country::try_from("FR".to_owned()).unwrap()
    }

    #[test]
    fn sec_13_the_shipped_register_classes_every_data_set_and_meters_are_sensitive() {
        let shipped = Assets::shipped();
        for Asset { name, holds, .. } in shipped.iter() {
            assert!([name, holds].iter().all(|t| !t.fr.is_empty() && !t.ar.is_empty() && !t.en.is_empty()));
        }
        let class = |kind| shipped.class_of(kind);
        assert_eq!((class(Kind::AIR), class(Kind::WASTE)), (Class::Public, Class::Internal));
        assert_eq!((class(Kind::PARKING), class(Kind::WATER)), (Class::Internal, Class::Sensitive));
        let stores: BTreeSet<Keeping> = shipped.iter().flat_map(|asset| asset.kept.iter().copied()).collect();
        assert_eq!(stores.len(), 6, "no store without a data set: {stores:?}");
        assert!(shipped.objections(&[Kind::WATER], &Locations::at_home()).is_empty());
    }

    #[test]
    fn sec_13_what_is_sensitive_lies_at_home_and_kinds_behind_which_people_stand_are_sensitive() {
        let shipped = Assets::shipped();
        let told = |locations: Locations| shipped.objections(&[Kind::WATER], &locations).join("; ");
        let readings = told(Locations { readings: abroad(), ..Locations::at_home() });
        assert!(
            readings.contains("`water`") && readings.contains("readings in FR") && !readings.contains("`people`"),
            "{readings}"
        );
        let backup = told(Locations { backup: abroad(), ..Locations::at_home() });
        assert!(
            ["`water`", "`people`", "`vault`"].iter().all(|name| backup.contains(name)) && !backup.contains("`air`"),
            "{backup}"
        );
        let all = Locations { home: abroad(), data: abroad(), readings: abroad(), backup: abroad() };
        assert_eq!(told(all), "", "at home there");
        let open = shipped.objections(&[Kind::WATER, Kind::PARKING], &Locations::at_home());
        assert!(open.len() == 1 && open[0].contains("`parking`"), "{open:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_field() {
        for (from, to, told) in [
            ("code = \"air\"", "code = \"Air\"", "lower-case"),
            ("code = \"waste\"", "code = \"air\"", "twice"),
            ("kinds = [\"waste\"]", "kinds = [\"air\"]", "another entry"),
            ("kept = [\"readings\", \"journal\", \"backup\"]", "kept = []", "one store or more"),
            ("class = \"public\"", "class = \"secret\"", "secret"),
            ("kept = [\"readings\", \"journal\", \"backup\"]", "kept = [\"vault\"]", "`sensitive`"),
        ] {
            let error = Assets::parse("a.toml", &SHIPPED.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with("a.toml") && error.contains(told), "{error}");
        }
        for odd in ["", "ma", "MAR", "M1"] {
            assert!(Country::try_from(odd.to_owned()).is_err(), "{odd}");
        }
    }
}
