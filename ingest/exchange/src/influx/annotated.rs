//! Annotated CSV, as InfluxDB 2 answers Flux: tables with rows of `#datatype`, `#group` and `#default` before their heads, a
//! row for each field of a point.

use std::borrow::Cow;
use std::io::{self, Read};

use csv::StringRecord;
use schemas::{Reading, Timestamp};

use super::{Counts, Mapping, Point};
use crate::csv::Returnless;
use crate::row::Defaults;
use crate::{Readings, Rejected};

/// Columns that are no tags.
const OWN: [&str; 8] = ["", "result", "table", "_start", "_stop", "_time", "_value", "_field"];

/// The readings of a text. `counts` goes on as it is read.
pub fn annotated_csv<'a>(
    text: impl Read + 'a,
    mapping: &'a Mapping,
    defaults: Defaults,
    counts: &'a std::cell::Cell<Counts>,
) -> Readings<'a> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Returnless(text));
    let (mut table, mut record, mut ended) = (Table::default(), StringRecord::new(), false);
    Box::new(std::iter::from_fn(move || {
        while !ended {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => ended = true,
                Err(error) => {
                    ended = true;
                    return Some(Err(io::Error::other(error)));
                }
            }
            if ended || !table.is_a_row(&record) {
                continue;
            }
            match table.reading(&record, mapping, &defaults) {
                Ok(Some(reading)) => return Some(Ok(Ok(reading))),
                Ok(None) => counts.set(Counts { ignored: counts.get().ignored + 1 }),
                Err(why) => {
                    let place = record.position().map_or(0, csv::Position::line);
                    let text = record.iter().collect::<Vec<_>>().join(",");
                    return Some(Ok(Err(Rejected { place, why, text })));
                }
            }
        }
        None
    }))
}

/// What stands before the rows of a table.
#[derive(Default)]
struct Table {
    types: StringRecord,
    defaults: StringRecord,
    head: Option<StringRecord>,
}

impl Table {
    /// Takes in what is no row.
    fn is_a_row(&mut self, record: &StringRecord) -> bool {
        match record.get(0).unwrap_or_default() {
            "#datatype" => self.types = record.clone(),
            "#default" => self.defaults = record.clone(),
            annotation if annotation.starts_with('#') => {}
            // The first row behind annotations is the head.
            _ if self.head.is_none() => {
                self.head = Some(record.clone());
                return false;
            }
            _ => return true,
        }
        self.head = None;
        false
    }

    fn reading(&self, record: &StringRecord, mapping: &Mapping, defaults: &Defaults) -> Result<Option<Reading>, String> {
        let head = self.head.as_ref().ok_or("there is no head before the row")?;
        let cell = |at: usize| record.get(at).filter(|cell| !cell.is_empty()).or(self.defaults.get(at)).unwrap_or_default();
        let column = |name: &str| head.iter().position(|known| known == name);
        let needed = |name: &'static str| {
            let at = column(name).ok_or_else(|| format!("{name}: there is no such column; pivoted tables are not read"))?;
            Some(cell(at)).filter(|cell| !cell.is_empty()).ok_or_else(|| format!("{name}: empty, expected one"))
        };
        // Of an error within an answer.
        if let Some(at) = column("error") {
            return Err(format!("an error of the server: {}", cell(at)));
        }
        let time: Timestamp = needed("_time")?.parse().map_err(|e| format!("_time: {e}"))?;
        let value = needed("_value")?;
        let tags = head.iter().enumerate().filter(|(_, name)| !OWN.contains(name) && *name != "_measurement");
        let tags = tags.map(|(at, name)| (Cow::Borrowed(name), Cow::Borrowed(cell(at)))).filter(|(_, cell)| !cell.is_empty());
        let point = Point {
            measurement: Cow::Borrowed(needed("_measurement")?),
            tags: tags.collect(),
            field: Cow::Borrowed(needed("_field")?),
            value: number(column("_value").and_then(|at| self.types.get(at)).unwrap_or_default(), value)?,
            at: time.millis(),
        };
        mapping.reading(&point, defaults)
    }
}

/// By the type that the table states; none for text.
fn number(stated: &str, text: &str) -> Result<Option<f64>, String> {
    match stated {
        "boolean" => match text {
            "true" => Ok(Some(1.0)),
            "false" => Ok(Some(0.0)),
            _ => Err(format!("_value: `{text}`, expected true or false")),
        },
        "double" | "long" | "unsignedLong" | "" => {
            text.parse().map(Some).map_err(|_| format!("_value: `{text}`, expected a number"))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::row::tests::nowhere;

    const MAPPING: &str = "[[map]]\nmeasurement = \"bins\"\nfield = \"level\"\ndevice = \"{id}\"\nquantity = \"waste.fill\"\n\n\
                           [[map]]\nmeasurement = \"bins\"\nfield = \"full\"\ndevice = \"{id}\"\nquantity = \"waste.full\"\n\n\
                           [[ignore]]\nmeasurement = \"bins\"\nfield = \"note\"\n";

    #[test]
    fn tables_with_heads_of_their_own_are_read_and_bad_rows_named() {
        let text = "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\r\n\
                    #group,false,false,true,true,false,false,true,true,true\r\n\
                    #default,_result,,,,,,,,\r\n\
                    ,result,table,_start,_stop,_time,_value,_field,_measurement,id\r\n\
                    ,,0,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T08:00:00Z,72.5,level,bins,bin-1\r\n\
                    ,,0,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T09:00:00Z,,level,bins,bin-1\r\n\
                    ,,0,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T09:00:00Z,1,note,bins,bin-1\r\n\
                    \r\n\
                    #datatype,string,long,dateTime:RFC3339,boolean,string,string,string\r\n\
                    #group,false,false,false,false,true,true,true\r\n\
                    #default,_result,,,,,,\r\n\
                    ,result,table,_time,_value,_field,_measurement,id\r\n\
                    ,,1,2026-11-21T08:00:00.25Z,true,full,bins,bin-2\r\n";
        let mapping = Mapping::read(MAPPING).unwrap();
        let counts = Cell::new(Counts::default());
        let all: Vec<_> = annotated_csv(text.as_bytes(), &mapping, nowhere(), &counts).map(|item| item.unwrap()).collect();
        let (read, rejected): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        let read: Vec<_> = read.into_iter().flatten().collect();
        assert_eq!(read.iter().map(|r| r.value).collect::<Vec<_>>(), [72.5, 1.0]);
        assert_eq!(read[1].observed_at.to_string(), "2026-11-21T08:00:00.250Z");
        let rejected: Vec<_> = rejected.into_iter().filter_map(Result::err).collect();
        assert_eq!((rejected.len(), rejected[0].place, rejected[0].why.as_str()), (1, 6, "_value: empty, expected one"));
        assert_eq!(counts.get().ignored, 1);
    }
}
