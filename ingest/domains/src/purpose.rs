//! What personal data are kept for: the register of purposes, shown to everybody.
//!
//! Deliberately absent: whether a purpose is lawful. That a commission decides, and its receipt says.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use schemas::{Kind, Texts};
use serde::{Deserialize, Serialize};

use crate::parameters::{self, ParameterError};

const SHIPPED: &str = include_str!("../../../config/purposes.toml");
const DAY: u64 = 86_400;
/// A code stands in the audit and on the command line.
const CODE_LIMIT: usize = 32;

/// One purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// By which it is named: `leak-warning`.
    pub code: String,
    /// Kinds of devices behind which people stand.
    pub kinds: BTreeSet<Kind>,
    /// How long readings are kept for it, days.
    pub keep: NonZeroU32,
    /// Whether somebody may ask for it which meter is behind a pseudonym.
    pub reveals: bool,
    /// What for.
    pub name: Texts,
    /// Which data.
    pub data: Texts,
    /// By which right.
    pub basis: Texts,
    /// Of the declaration to the national commission; none: not declared yet.
    pub receipt: Option<String>,
}

/// All purposes of a city, in the order of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purposes(Vec<Purpose>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    purpose: Vec<Purpose>,
}

impl Purposes {
    /// Reads `[[purpose]]` tables.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a code that is none or is there twice, or a purpose without a kind.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let Raw { purpose: purposes } = parameters::read(file, text)?;
        let mut codes = BTreeSet::new();
        for Purpose { code, kinds, .. } in &purposes {
            let fail = |message: String| Err(ParameterError::at(file, text, None, message));
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if code.is_empty() || code.len() > CODE_LIMIT || !code.chars().all(fits) {
                return fail(format!("code `{code}`: expected 1 to {CODE_LIMIT} lower-case letters, digits and hyphens"));
            }
            if kinds.is_empty() {
                return fail(format!("purpose `{code}`: expected one kind or more in `kinds`"));
            }
            if !codes.insert(code) {
                return fail(format!("purpose `{code}` is there twice, expected once"));
            }
        }
        Ok(Self(purposes))
    }

    /// Those that come with the program, none of them declared.
    ///
    /// # Panics
    /// Never: a test reads the file.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse("config/purposes.toml", SHIPPED).expect("a test reads the shipped file")
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Purpose> {
        self.0.iter()
    }

    /// The one of this code, if somebody may look behind a pseudonym for it.
    #[must_use]
    pub fn that_reveals(&self, code: &str) -> Option<&Purpose> {
        self.0.iter().find(|purpose| purpose.code == code && purpose.reveals)
    }

    /// How long readings of a kind are kept at most: the longest that one of its purposes needs. A kind of which there is
    /// none is not in it.
    #[must_use]
    pub fn keep(&self) -> BTreeMap<Kind, Duration> {
        let mut longest = BTreeMap::new();
        for purpose in &self.0 {
            let keep = Duration::from_secs(u64::from(purpose.keep.get()) * DAY);
            for kind in &purpose.kinds {
                let known = longest.entry(*kind).or_insert(keep);
                *known = keep.max(*known);
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_p_7_the_shipped_purposes_have_a_right_a_term_and_texts_in_three_languages_and_no_invented_receipt() {
        let shipped = Purposes::shipped();
        assert!(shipped.iter().count() >= 3);
        for Purpose { name, data, basis, receipt, kinds, .. } in shipped.iter() {
            assert!([name, data, basis].iter().all(|t| !t.fr.is_empty() && !t.ar.is_empty() && !t.en.is_empty()));
            assert_eq!((receipt, kinds.contains(&Kind::WATER)), (&None, true));
        }
        assert!(shipped.that_reveals("network-balance").is_none() && shipped.that_reveals("leak-warning").is_some());
        assert_eq!(shipped.keep()[&Kind::WATER], Duration::from_secs(396 * DAY), "13 months");
    }

    #[test]
    fn the_longest_of_the_purposes_of_a_kind_holds() {
        let text = SHIPPED.replacen("keep = 396", "keep = 30", 1).replacen("keep = 396", "keep = 60", 2);
        let purposes = Purposes::parse("p.toml", &text).unwrap();
        assert_eq!(purposes.keep()[&Kind::WATER], Duration::from_secs(60 * DAY));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_field() {
        for (from, to, told) in [
            ("code = \"leak-warning\"", "code = \"Leak warning\"", "lower-case"),
            ("kinds = [\"water\"]", "kinds = []", "one kind or more"),
            ("code = \"network-balance\"", "code = \"leak-warning\"", "twice"),
            ("keep = 396", "keep = 0", "nonzero"),
        ] {
            let error = Purposes::parse("p.toml", &SHIPPED.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with("p.toml") && error.contains(told), "{error}");
        }
    }
}
