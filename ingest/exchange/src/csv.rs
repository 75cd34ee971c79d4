//! CSV with a head, as `marsad export` writes it: RFC 4180, UTF-8, decimal point, RFC 3339.

use std::borrow::Cow;
use std::io::{self, Read};

use schemas::{Flaw, Quality, Reading};

use crate::row::{Defaults, Row};
use crate::{Readings, Rejected};

/// Columns by their names.
const COLUMNS: [&str; 11] =
    ["device", "quantity", "unit", "channel", "kind", "zone", "value", "observed_at", "received_at", "quality", "grade"];
/// Without these there is no reading.
const NEEDED: [&str; 4] = ["device", "quantity", "value", "observed_at"];

/// The readings of a table; an empty cell is as one that is not there.
///
/// # Errors
/// The head names a column that is not known, or lacks one that is needed, or cannot be read.
pub fn csv<'a>(table: impl Read + 'a, defaults: Defaults) -> io::Result<Readings<'a>> {
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(Returnless(table));
    let head = Head::of(reader.headers().map_err(io::Error::other)?).map_err(io::Error::other)?;
    let mut record = ::csv::StringRecord::new();
    let mut ended = false;
    Ok(Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let place = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let place = record.position().map_or(place, ::csv::Position::line);
                let text = || record.iter().collect::<Vec<_>>().join(",");
                Some(Ok(head.reading(&record, &defaults).map_err(|why| Rejected { place, why, text: text() })))
            }
            // A cell that is not UTF-8: the reader goes on behind its row.
            Err(e) if matches!(e.kind(), ::csv::ErrorKind::Utf8 { .. }) => {
                Some(Ok(Err(Rejected { place, why: e.to_string(), text: String::new() })))
            }
            Err(e) => {
                ended = true;
                Some(Err(io::Error::other(e)))
            }
        }
    })))
}

/// Where each column stands.
struct Head([Option<usize>; COLUMNS.len()]);

impl Head {
    fn of(names: &::csv::StringRecord) -> Result<Self, String> {
        let mut places = [None; COLUMNS.len()];
        for (at, name) in names.iter().enumerate() {
            // Spreadsheets put a byte order mark before the first.
            let name = name.trim().trim_start_matches('\u{feff}');
            let known = COLUMNS.iter().position(|known| *known == name);
            let known = known.ok_or_else(|| format!("the head names `{name}`, expected any of {}", COLUMNS.join(", ")))?;
            if places[known].replace(at).is_some() {
                return Err(format!("the head names `{name}` twice"));
            }
        }
        let head = Self(places);
        match NEEDED.iter().find(|name| head.place(name).is_none()) {
            Some(name) => Err(format!("the head lacks `{name}`, expected at least {}", NEEDED.join(", "))),
            None => Ok(head),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0[COLUMNS.iter().position(|known| *known == name)?]
    }

    fn reading(&self, record: &::csv::StringRecord, defaults: &Defaults) -> Result<Reading, String> {
        let cell = |name: &'static str| {
            let text = self.place(name).and_then(|at| record.get(at)).map(str::trim);
            (name, text.filter(|text| !text.is_empty()))
        };
        let row = Row {
            device: needed(cell("device"))?,
            quantity: needed(cell("quantity"))?,
            unit: cell("unit").1.map(Cow::Borrowed),
            value: needed(cell("value"))?,
            observed_at: needed(cell("observed_at"))?,
            received_at: parsed(cell("received_at"))?,
            // An export with an empty cell says that there is no flaw; a table without the column says nothing.
            quality: self.place("quality").map(|_| flaws(cell("quality").1.unwrap_or_default())).transpose()?,
            kind: parsed(cell("kind"))?,
            zone: parsed(cell("zone"))?,
            channel: parsed(cell("channel"))?.unwrap_or_default(),
        };
        row.reading(defaults)
    }
}

type Cell<'a> = (&'static str, Option<&'a str>);

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>((name, text): Cell<'_>) -> Result<Option<T>, String> {
    text.map(|text| text.parse().map_err(|e: T::Err| format!("{name}: `{text}`: {e}"))).transpose()
}

fn needed<T: std::str::FromStr<Err: std::fmt::Display>>(cell: Cell<'_>) -> Result<T, String> {
    parsed(cell)?.ok_or_else(|| format!("{}: empty, expected one", cell.0))
}

/// Codes joined by `;`.
pub(crate) fn flaws(text: &str) -> Result<Quality, String> {
    text.split(';').filter(|code| !code.is_empty()).try_fold(Quality::GOOD, |quality, code| {
        let flaw = Flaw::from_code(code).ok_or_else(|| format!("quality: `{code}` is not a flaw"))?;
        Ok(quality.with(flaw))
    })
}

/// Without carriage returns: the reader of `csv` counts the lines that end with two characters too late.
pub(crate) struct Returnless<R>(pub(crate) R);

impl<R: Read> Read for Returnless<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                if buffer[at] != b'\r' {
                    buffer[kept] = buffer[at];
                    kept += 1;
                }
            }
            // Nothing means the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::nowhere;

    fn all(text: &str) -> Vec<Result<Reading, Rejected>> {
        csv(text.as_bytes(), nowhere()).unwrap().map(|item| item.unwrap()).collect()
    }

    #[test]
    fn columns_stand_in_any_order_and_bad_rows_are_named() {
        let text = "value,device,observed_at,quantity,quality\r\n\
                    7.5,bin-1,2026-11-21T08:00:00Z,waste.fill,late;out_of_range\r\n\
                    much,bin-1,2026-11-21T08:00:00Z,waste.fill,\r\n\
                    8,,2026-11-21T08:00:00Z,waste.fill,\r\n";
        let all = all(text);
        let read = all[0].as_ref().unwrap();
        assert_eq!(read.quality, Quality::from(Flaw::Late).with(Flaw::OutOfRange));
        assert_eq!(all[1].as_ref().unwrap_err().why, "value: `much`: invalid float literal");
        assert_eq!(all[2].as_ref().unwrap_err().why, "device: empty, expected one");
        assert_eq!(all[2].as_ref().unwrap_err().place, 4);
    }

    #[test]
    fn a_head_that_says_something_else_is_refused() {
        let refused = |text: &str| csv(text.as_bytes(), nowhere()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(
            refused("device,quantity,value,observed_at,recieved_at\n").starts_with("the head names `recieved_at`, expected any")
        );
        assert!(refused("device,quantity,value\n").starts_with("the head lacks `observed_at`"));
        assert_eq!(refused("device,quantity,value,observed_at,value\n"), "the head names `value` twice");
    }
}
