//! Reads rows from text: every mistake is told with file, line, what is there and what was expected, and
//! all of them at once.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{KindRow, QuantityRow, RowError, Vocabulary};
use crate::{Reading, Texts};

/// A file of rows is at most this large, bytes.
const FILE_LIMIT: usize = 1 << 20;
/// A label has at most this many characters: it stands in a column.
const LABEL_LIMIT: usize = 64;
/// A name has at most this many bytes.
const NAME_LIMIT: usize = 48;
/// A unit has at most this many bytes.
const UNIT_LIMIT: usize = 40;

/// Takes files in, and gathers what is wrong.
#[derive(Default)]
pub(super) struct Reader {
    vocabulary: Vocabulary,
    /// Where each name was first: `quantity waste.fill` by `file:line`.
    origins: BTreeMap<String, String>,
    errors: Vec<RowError>,
}

/// A file, what is wrong in it, and what says whether a unit is one.
struct File<'f> {
    name: &'f str,
    text: &'f str,
    unit: &'f dyn Fn(&str) -> Result<(), String>,
    faults: Vec<Fault>,
}

/// A mistake and where it stands, in bytes of the file.
struct Fault {
    at: usize,
    message: String,
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }

    fn fail(&mut self, at: usize, message: String) {
        self.faults.push(Fault { at, message });
    }
}

impl Reader {
    /// The vocabulary, or everything that is wrong.
    pub(super) fn done(self) -> Result<Vocabulary, Vec<RowError>> {
        if self.errors.is_empty() { Ok(self.vocabulary) } else { Err(self.errors) }
    }

    pub(super) fn file(&mut self, name: &str, text: &str, unit: &dyn Fn(&str) -> Result<(), String>) {
        let mut file = File { name, text, unit, faults: Vec::new() };
        if text.len() > FILE_LIMIT {
            file.fail(0, format!("the file has {} bytes, expected at most {FILE_LIMIT}", text.len()));
        } else {
            match DeTable::parse(text) {
                Err(error) => file.fail(error.span().map_or(0, |s| s.start), error.message().to_owned()),
                Ok(table) => table.into_inner().into_iter().for_each(|(key, value)| self.table(&mut file, &key, value)),
            }
        }
        let mut faults = std::mem::take(&mut file.faults);
        faults.sort_by_key(|fault| fault.at);
        let error = |f: Fault| RowError { file: name.to_owned(), line: file.line(f.at), message: f.message };
        self.errors.extend(faults.into_iter().map(error));
    }

    fn table(&mut self, file: &mut File<'_>, key: &Spanned<impl AsRef<str>>, value: Spanned<DeValue<'_>>) {
        let span = value.span();
        match (key.as_ref().as_ref(), value.into_inner()) {
            ("kind", DeValue::Array(rows)) => rows.into_iter().for_each(|row| self.kind(file, row)),
            ("quantity", DeValue::Array(rows)) => rows.into_iter().for_each(|row| self.quantity(file, row)),
            (name @ ("kind" | "quantity"), _) => {
                file.fail(span.start, format!("`{name}` is not a list of tables, expected [[{name}]]"));
            }
            (other, _) => file.fail(key.span().start, format!("unknown key `{other}`, expected [[kind]] or [[quantity]]")),
        }
    }

    fn kind(&mut self, file: &mut File<'_>, row: Spanned<DeValue<'_>>) {
        let Some((row, spans)) = read::<KindRow>(file, row) else { return };
        let mut wrong: Vec<Wrong> = name(&row.name, false).into_iter().chain(label(&row.label)).collect();
        wrong.extend(self.twice(file, "kind", &row.name, &spans));
        if self.vocabulary.kinds.len() >= usize::from(u8::MAX) {
            wrong.push(("name", "a vocabulary has at most 255 kinds".to_owned()));
        }
        if wrong.is_empty() {
            self.vocabulary.kinds.insert(row.name.clone(), row);
        }
        wrong.into_iter().for_each(|(field, message)| file.fail(spans.of(field), message));
    }

    fn quantity(&mut self, file: &mut File<'_>, row: Spanned<DeValue<'_>>) {
        let Some((row, spans)) = read::<QuantityRow>(file, row) else { return };
        let mut wrong: Vec<Wrong> = name(&row.name, true).into_iter().chain(label(&row.label)).chain(numbers(&row)).collect();
        wrong.extend(unit(&row, file.unit));
        wrong.extend(self.twice(file, "quantity", &row.name, &spans));
        if self.vocabulary.quantities.len() >= usize::from(u16::MAX) {
            wrong.push(("name", "a vocabulary has at most 65,535 quantities".to_owned()));
        }
        if wrong.is_empty() {
            self.vocabulary.quantities.insert(row.name.clone(), row);
        }
        wrong.into_iter().for_each(|(field, message)| file.fail(spans.of(field), message));
    }

    /// A name stands on disk: nobody may give it another meaning.
    fn twice(&mut self, file: &File<'_>, what: &str, name: &str, spans: &Spans) -> Option<Wrong> {
        let key = format!("{what} {name}");
        let first = self.origins.get(&key).cloned();
        self.origins.entry(key).or_insert_with(|| format!("{}:{}", file.name, file.line(spans.of("name"))));
        first.map(|first| ("name", format!("{what} `{name}` is there already, in {first}")))
    }
}

/// A field of a row, and what is wrong with it.
type Wrong = (&'static str, String);

/// Where a row and its fields stand.
struct Spans {
    row: usize,
    fields: BTreeMap<String, usize>,
}

impl Spans {
    fn of(&self, field: &str) -> usize {
        self.fields.get(field).copied().unwrap_or(self.row)
    }
}

fn read<T: for<'de> Deserialize<'de>>(file: &mut File<'_>, row: Spanned<DeValue<'_>>) -> Option<(T, Spans)> {
    let mut spans = Spans { row: row.span().start, fields: BTreeMap::new() };
    if let DeValue::Table(fields) = row.as_ref() {
        spans.fields = fields.iter().map(|(key, _)| (key.as_ref().to_string(), key.span().start)).collect();
    }
    match T::deserialize(ValueDeserializer::from(row)) {
        Ok(read) => Some((read, spans)),
        Err(error) => {
            file.fail(error.span().map_or(spans.row, |s| s.start), error.message().to_owned());
            None
        }
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

fn unit(row: &QuantityRow, check: &dyn Fn(&str) -> Result<(), String>) -> Vec<Wrong> {
    // Printable ASCII as UCUM has it; without what would need quotes in CSV.
    let fits = |unit: &str| unit.len() <= UNIT_LIMIT && unit.bytes().all(|b| b.is_ascii_graphic() && !b",;\"".contains(&b));
    let mut wrong = Vec::new();
    if row.unit.is_empty() || !fits(&row.unit) {
        wrong.push(("unit", format!("`{}` is not a unit, expected a UCUM code of at most {UNIT_LIMIT} characters", row.unit)));
    } else if let Err(message) = check(&row.unit) {
        wrong.push(("unit", message));
    }
    if !fits(&row.senml) {
        wrong.push(("senml", format!("`{}` is not a unit of SenML, expected one of RFC 8428, or \"\" for none", row.senml)));
    }
    wrong
}

fn numbers(row: &QuantityRow) -> Vec<Wrong> {
    let mut wrong = Vec::new();
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
