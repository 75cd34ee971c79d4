//! The vocabulary: the rows behind [`Quantity`] and [`Kind`], built-in ones first, then a city's own.
//!
//! Deliberately absent: opening files, and whether a unit is one that converts (`codec` knows units).

mod read;

use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use crate::{Kind, Quantity, Texts};
use read::Reader;

/// How values of a quantity follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueClass {
    /// One value of a continuous quantity.
    Sample,
    /// True until told otherwise; heartbeats confirm it.
    State,
    /// Something happened at that instant.
    Event,
    /// Only grows, but for rollover and reset.
    Counter,
}

impl ValueClass {
    /// `sample`, `state`, `event` or `counter`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ValueClass::Sample => "sample",
            ValueClass::State => "state",
            ValueClass::Event => "event",
            ValueClass::Counter => "counter",
        }
    }
}

/// What one part per billion of a gas weighs, ug/m3 at 1013.25 hPa: molar mass / molar volume
/// (Directive 2008/50/EC, Annex VI C).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gas {
    /// At 20 Cel: the reference of the law, and of what is stored.
    pub cel20: f64,
    /// At 25 Cel: the reference of some makers and of the US EPA.
    pub cel25: f64,
}

/// One row of the vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantityRow {
    /// Dotted, lower case.
    pub name: String,
    /// Canonical unit, UCUM.
    pub unit: String,
    /// The unit's name in SenML (RFC 8428), or that of its base unit; empty where it has none.
    pub senml: String,
    /// How values follow one another.
    pub class: ValueClass,
    /// Lower end of the physical range, in the unit.
    pub min: f64,
    /// Upper end of the physical range, in the unit.
    pub max: f64,
    /// The step that still means something, in the unit.
    pub resolution: f64,
    /// Of a gas: between its volume fraction and its mass concentration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas: Option<Gas>,
    /// For people.
    pub label: Texts,
}

/// What a device is for: waste, air, parking, water, or a city's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindRow {
    pub(crate) name: String,
    pub(crate) label: Texts,
}

/// Something wrong in a file of rows. Prints as `file:line: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RowError {
    /// As it was named to [`Vocabulary::read`].
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is there and what was expected.
    pub message: String,
}

/// The program has begun to use another vocabulary: indices into it are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the vocabulary is in use and cannot change any more")]
pub struct InUse;

/// All quantities and kinds that a program knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    quantities: IndexMap<String, QuantityRow, FxBuildHasher>,
    kinds: IndexMap<String, KindRow, FxBuildHasher>,
}

static BUILT_IN: &str = include_str!("../quantities.toml");
/// The name of the built-in rows in messages.
const BUILT_IN_NAME: &str = "built in";
static CURRENT: OnceLock<Vocabulary> = OnceLock::new();
/// One load on the hot path, and no more once it is made.
static IN_USE: LazyLock<&'static Vocabulary> = LazyLock::new(|| CURRENT.get_or_init(Vocabulary::built_in));

impl Vocabulary {
    fn built_in() -> Self {
        Self::read::<&str, &str>(&[], &|_| Ok(())).expect("the built-in vocabulary is tested")
    }

    /// The built-in rows and those of files, given as (name, text), in the form of `quantities.toml`.
    /// `unit` says of a file's unit what is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and rows: not TOML, an unknown or missing key, a
    /// name that is not one or is there already, an empty label, a senseless range or factor.
    pub fn read<N: AsRef<str>, T: AsRef<str>>(
        files: &[(N, T)],
        unit: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<Self, Vec<RowError>> {
        let mut reader = Reader::default();
        reader.file(BUILT_IN_NAME, BUILT_IN, &|_| Ok(()));
        for (name, text) in files {
            reader.file(name.as_ref(), text.as_ref(), unit);
        }
        reader.done()
    }

    /// Makes this the program's vocabulary for the rest of its life. Before anything else uses it.
    ///
    /// # Errors
    /// Another one is in use already. Doing it again with the same is well.
    pub fn install(self) -> Result<(), InUse> {
        match CURRENT.set(self) {
            Ok(()) => Ok(()),
            Err(late) if CURRENT.get() == Some(&late) => Ok(()),
            Err(_) => Err(InUse),
        }
    }

    /// The vocabulary of this program.
    #[must_use]
    pub fn current() -> &'static Vocabulary {
        *IN_USE
    }

    /// Every quantity, built-in rows first.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> + '_ {
        (0..self.quantities.len()).filter_map(|i| u16::try_from(i).ok()).map(Quantity)
    }

    /// Every kind, built-in ones first.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        (0..self.kinds.len()).filter_map(|i| u8::try_from(i).ok()).map(Kind)
    }

    /// Every row, built-in ones first: also of a vocabulary that is not installed.
    pub fn rows(&self) -> impl Iterator<Item = &QuantityRow> {
        self.quantities.values()
    }

    pub(crate) fn row(&self, quantity: Quantity) -> &QuantityRow {
        self.quantities.get_index(usize::from(quantity.0)).expect("a Quantity is made from the vocabulary only").1
    }

    pub(crate) fn kind_row(&self, kind: Kind) -> &KindRow {
        self.kinds.get_index(usize::from(kind.0)).expect("a Kind is made from the vocabulary only").1
    }

    pub(crate) fn quantity(&self, name: &str) -> Option<Quantity> {
        self.quantities.get_index_of(name).and_then(|i| u16::try_from(i).ok()).map(Quantity)
    }

    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get_index_of(name).and_then(|i| u8::try_from(i).ok()).map(Kind)
    }
}

#[cfg(test)]
mod tests;
