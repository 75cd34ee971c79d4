//! The vocabulary: the rows behind [`Quantity`] and [`Kind`], built-in ones first, then a city's own.
//!
//! Rows come as text in the form of `quantities.toml`, and every mistake in them is told with file, line,
//! what is there and what was expected, all of them at once. Deliberately absent: opening files, and
//! whether a unit is one that converts (`codec` knows units).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::{Kind, Quantity, Reading, Texts};

/// A file of rows is at most this large, bytes.
const FILE_LIMIT: usize = 1 << 20;
/// A label has at most this many characters: it stands in a column.
const LABEL_LIMIT: usize = 64;
/// A name has at most this many bytes.
const NAME_LIMIT: usize = 48;
/// A unit has at most this many bytes.
const UNIT_LIMIT: usize = 40;

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
        Self::read::<&str, &str>(&[]).expect("the built-in vocabulary is tested")
    }

    /// The built-in rows and those of files, given as (name, text), in the form of `quantities.toml`.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and rows: not TOML, an unknown or missing key, a
    /// name that is not one or is there already, an empty label, a senseless range or factor.
    pub fn read<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, Vec<RowError>> {
        let mut reader = Reader::default();
        reader.file(BUILT_IN_NAME, BUILT_IN);
        for (name, text) in files {
            reader.file(name.as_ref(), text.as_ref());
        }
        if reader.errors.is_empty() { Ok(reader.vocabulary) } else { Err(reader.errors) }
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

/// A mistake and where it stands, in bytes of the file.
struct Fault {
    at: usize,
    message: String,
}

/// Takes files in, and gathers what is wrong.
#[derive(Default)]
struct Reader {
    vocabulary: Vocabulary,
    /// Where each name was first: `quantity waste.fill` by `file:line`.
    origins: BTreeMap<String, String>,
    errors: Vec<RowError>,
}

impl Reader {
    fn file(&mut self, file: &str, text: &str) {
        let line = |at: usize| text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
        let mut faults = Vec::new();
        if text.len() > FILE_LIMIT {
            let message = format!("the file has {} bytes, expected at most {FILE_LIMIT}", text.len());
            return self.errors.push(RowError { file: file.to_owned(), line: 1, message });
        }
        match DeTable::parse(text) {
            Err(error) => faults.push(Fault::from(error)),
            Ok(table) => {
                for (key, value) in table.into_inner() {
                    let name: &str = key.as_ref();
                    let span = value.span();
                    match (name, value.into_inner()) {
                        ("kind", DeValue::Array(rows)) => {
                            rows.into_iter().for_each(|row| self.kind(row, &|at| format!("{file}:{}", line(at)), &mut faults));
                        }
                        ("quantity", DeValue::Array(rows)) => {
                            rows.into_iter()
                                .for_each(|row| self.quantity(row, &|at| format!("{file}:{}", line(at)), &mut faults));
                        }
                        ("kind" | "quantity", _) => {
                            faults.push(Fault {
                                at: span.start,
                                message: format!("`{name}` is not a list of tables, expected [[{name}]]"),
                            });
                        }
                        (other, _) => {
                            let message = format!("unknown key `{other}`, expected [[kind]] or [[quantity]]");
                            faults.push(Fault { at: key.span().start, message });
                        }
                    }
                }
            }
        }
        faults.sort_by_key(|fault| fault.at);
        self.errors.extend(faults.into_iter().map(|f| RowError { file: file.to_owned(), line: line(f.at), message: f.message }));
    }

    fn kind(&mut self, row: Spanned<DeValue<'_>>, place: &dyn Fn(usize) -> String, faults: &mut Vec<Fault>) {
        let Some((row, spans)) = read::<KindRow>(row, faults) else { return };
        let mut wrong = name(&row.name, false).into_iter().chain(label(&row.label)).collect::<Vec<_>>();
        wrong.extend(self.twice("kind", &row.name, place(spans.of("name"))));
        if self.vocabulary.kinds.len() >= usize::from(u8::MAX) {
            wrong.push(("name", "a vocabulary has at most 255 kinds".to_owned()));
        }
        if wrong.is_empty() {
            self.vocabulary.kinds.insert(row.name.clone(), row);
        }
        faults.extend(wrong.into_iter().map(|(field, message)| Fault { at: spans.of(field), message }));
    }

    fn quantity(&mut self, row: Spanned<DeValue<'_>>, place: &dyn Fn(usize) -> String, faults: &mut Vec<Fault>) {
        let Some((row, spans)) = read::<QuantityRow>(row, faults) else { return };
        let mut wrong = name(&row.name, true).into_iter().chain(label(&row.label)).chain(numbers(&row)).collect::<Vec<_>>();
        wrong.extend(self.twice("quantity", &row.name, place(spans.of("name"))));
        if self.vocabulary.quantities.len() >= usize::from(u16::MAX) {
            wrong.push(("name", "a vocabulary has at most 65,535 quantities".to_owned()));
        }
        if wrong.is_empty() {
            self.vocabulary.quantities.insert(row.name.clone(), row);
        }
        faults.extend(wrong.into_iter().map(|(field, message)| Fault { at: spans.of(field), message }));
    }

    /// A name stands on disk: nobody may give it another meaning.
    fn twice(&mut self, what: &str, name: &str, place: String) -> Option<Wrong> {
        let key = format!("{what} {name}");
        let message = self.origins.get(&key).map(|first| format!("{what} `{name}` is there already, in {first}"));
        self.origins.entry(key).or_insert(place);
        message.map(|message| ("name", message))
    }
}

/// A field of a row, and what is wrong with it.
type Wrong = (&'static str, String);

/// Where the fields of a row stand.
struct Spans {
    row: Range<usize>,
    fields: BTreeMap<String, usize>,
}

impl Spans {
    fn of(&self, field: &str) -> usize {
        self.fields.get(field).copied().unwrap_or(self.row.start)
    }
}

fn read<T: for<'de> Deserialize<'de>>(row: Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> Option<(T, Spans)> {
    let mut spans = Spans { row: row.span(), fields: BTreeMap::new() };
    if let DeValue::Table(fields) = row.as_ref() {
        spans.fields = fields.iter().map(|(key, _)| (key.as_ref().to_string(), key.span().start)).collect();
    }
    match T::deserialize(ValueDeserializer::from(row)) {
        Ok(read) => Some((read, spans)),
        Err(error) => {
            let at = error.span().map_or(spans.row.start, |s| s.start);
            faults.push(Fault { at, message: error.message().to_owned() });
            None
        }
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span().map_or(0, |s| s.start), message: error.message().to_owned() }
    }
}

fn name(name: &str, dotted: bool) -> Option<Wrong> {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let right = name.len() <= NAME_LIMIT && name.split('.').all(fits) && name.contains('.') == dotted;
    let form =
        if dotted { "lower-case letters, digits and _ in parts joined by dots" } else { "lower-case letters, digits and _" };
    (!right).then(|| ("name", format!("`{name}` is not a name, expected at most {NAME_LIMIT} {form}")))
}

fn label(label: &Texts) -> Option<Wrong> {
    let wrong = |text: &str| text.trim().is_empty() || text.chars().count() > LABEL_LIMIT;
    let (language, _) = [("fr", &label.fr), ("ar", &label.ar), ("en", &label.en)].into_iter().find(|(_, text)| wrong(text))?;
    Some(("label", format!("label.{language} is empty or too long, expected 1 to {LABEL_LIMIT} characters")))
}

fn numbers(row: &QuantityRow) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    // Printable ASCII as UCUM has it; without what would need quotes in CSV.
    let unit = |unit: &str| unit.len() <= UNIT_LIMIT && unit.bytes().all(|b| b.is_ascii_graphic() && !b",;\"".contains(&b));
    if row.unit.is_empty() || !unit(&row.unit) {
        wrong.push(("unit", format!("`{}` is not a unit, expected a UCUM code of at most {UNIT_LIMIT} characters", row.unit)));
    }
    if !unit(&row.senml) {
        wrong.push(("senml", format!("`{}` is not a unit of SenML, expected one of RFC 8428, or \"\" for none", row.senml)));
    }
    let storable = |bound: f64| bound.abs() <= Reading::VALUE_LIMIT;
    if !(row.min <= row.max && storable(row.min) && storable(row.max)) {
        wrong.push(("min", format!("min is {} and max {}, expected min <= max, both within 1e12", row.min, row.max)));
    }
    if !(row.resolution > 0.0 && storable(row.resolution)) {
        wrong.push(("resolution", format!("resolution is {}, expected a number above 0", row.resolution)));
    }
    if row.gas.is_some_and(|gas| ![gas.cel20, gas.cel25].into_iter().all(|f| (1e-3..=1e3).contains(&f))) {
        wrong.push(("gas", "a factor is out of bounds, expected 0.001 to 1000 ug/m3 in one part per billion".to_owned()));
    }
    wrong
}

#[cfg(test)]
mod tests;
