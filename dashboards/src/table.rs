//! A table of an answer, as machines, Excel and people read it.
//!
//! | form | is |
//! |---|---|
//! | CSV | RFC 4180: UTF-8 without mark, `,`, decimal point, ISO 8601 UTC, CRLF |
//! | Excel | what Excel opens with the settings of fr-MA: UTF-8 with mark, `;`, decimal comma, local dd/mm/yyyy hh:mm:ss |
//! | text | columns under each other, for a terminal |
//!
//! In both files a text that a spreadsheet would take for a formula gets a leading `'`. Deliberately absent: units of
//! cells; a column's name says them.

use std::fmt::Write;

use domains::time::CityTime;
use jiff::civil::Date;
use schemas::Timestamp;

/// With one of these a spreadsheet takes a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing is known, or nothing applies.
    Empty,
    /// A name, a code, a reason.
    Text(String),
    /// A measure.
    Number(f64),
    /// How many.
    Count(u64),
    /// When.
    At(Timestamp),
    /// A local day.
    Day(Date),
    /// Yes or no.
    Is(bool),
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: &(impl ToString + ?Sized)) -> Self {
        Cell::Text(text.to_string())
    }

    /// How many.
    pub(crate) fn count(count: usize) -> Self {
        Cell::Count(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Its text, with numbers and times written by the caller's rule.
    fn written(&self, number: impl Fn(f64) -> String, at: impl Fn(Timestamp) -> String, day: impl Fn(Date) -> String) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            Cell::Number(value) => number(*value),
            Cell::Count(count) => count.to_string(),
            Cell::At(instant) => at(*instant),
            Cell::Day(date) => day(*date),
            Cell::Is(is) => is.to_string(),
        }
    }

    fn is_right(&self) -> bool {
        matches!(self, Cell::Number(_) | Cell::Count(_))
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Cell::Empty, Into::into)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Cell::Number(value)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Cell::At(at)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

/// Columns and rows; each row has a cell a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// For machines.
    pub(crate) fn csv(&self) -> String {
        let cell = |cell: &Cell| cell.written(|v| v.to_string(), |at| at.to_string(), |day| day.to_string());
        self.separated(',', cell)
    }

    /// For Excel as it is set in Morocco.
    pub(crate) fn excel(&self, city: &CityTime) -> String {
        let number = |value: f64| value.to_string().replace('.', ",");
        let at = |at: Timestamp| city.civil(at).strftime("%d/%m/%Y %H:%M:%S").to_string();
        let day = |date: Date| date.strftime("%d/%m/%Y").to_string();
        format!("\u{feff}{}", self.separated(';', |cell| cell.written(number, at, day)))
    }

    fn separated(&self, separator: char, written: impl Fn(&Cell) -> String) -> String {
        let mut out = self.columns.join(&separator.to_string());
        out.push_str("\r\n");
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    out.push(separator);
                }
                let text = written(cell);
                let harmless = !matches!(cell, Cell::Text(_)) || !text.starts_with(FORMULA);
                quote(&if harmless { text } else { format!("'{text}") }, separator, &mut out);
            }
            out.push_str("\r\n");
        }
        out
    }

    /// For a terminal: local times to the minute, numbers to three decimals.
    pub(crate) fn text(&self, city: &CityTime) -> String {
        let number = |value: f64| ((value * 1e3).round() / 1e3).to_string();
        let at = |at: Timestamp| city.civil(at).strftime("%Y-%m-%d %H:%M").to_string();
        let written = |cell: &Cell| match cell {
            Cell::Empty => "-".to_owned(),
            // A line is a row: what came from outside breaks none and commands no terminal.
            cell => cell.written(number, at, |day| day.to_string()).replace(char::is_control, " "),
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(written).collect()).collect();
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, name)| rows.iter().filter_map(|row| row.get(i)).map(|c| c.chars().count()).fold(name.len(), usize::max))
            .collect();
        let right = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).any(Cell::is_right);
        let mut out = String::new();
        let heads: Vec<String> = self.columns.iter().map(|name| name.to_uppercase()).collect();
        for row in std::iter::once(&heads).chain(&rows) {
            let mut line = String::new();
            for (column, (text, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                // Writing to a String cannot fail.
                let _ = if right(column) { write!(line, "{gap}{text:>width$}") } else { write!(line, "{gap}{text:<width$}") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn quote(text: &str, separator: char, out: &mut String) {
    if text.contains([separator, '"', '\r', '\n']) {
        let _ = write!(out, "\"{}\"", text.replace('"', "\"\""));
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            columns: vec!["name", "value", "at", "day"],
            rows: vec![
                vec![
                    Cell::text("a;b,\"c\"\nd"),
                    Cell::Number(-1.5),
                    Cell::At("2026-08-01T12:00:00Z".parse().unwrap()),
                    Cell::Day("2026-08-01".parse().unwrap()),
                ],
                vec![Cell::text("=1+1"), Cell::Empty, Cell::Empty, Cell::Empty],
            ],
        }
    }

    /// Reads separated values back, by RFC 4180.
    fn read(text: &str, separator: char) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => quoted = !quoted,
                c if c == separator && !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted => {}
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        rows
    }

    #[test]
    fn both_files_read_back_what_was_written_and_hold_no_formula() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        let csv = read(&table().csv(), ',');
        assert_eq!(csv[1], ["a;b,\"c\"\nd", "-1.5", "2026-08-01T12:00:00.000Z", "2026-08-01"]);
        let excel = table().excel(&city);
        let excel = read(excel.strip_prefix('\u{feff}').unwrap(), ';');
        // In August 2026 Morocco was still at UTC+1.
        assert_eq!(excel[1], ["a;b,\"c\"\nd", "-1,5", "01/08/2026 13:00:00", "01/08/2026"]);
        assert_eq!((csv[2][0].as_str(), excel[2][0].as_str()), ("'=1+1", "'=1+1"));
    }

    #[test]
    fn a_terminal_gets_columns_and_no_control_characters() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        let text = table().text(&city);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.starts_with("NAME") && text.contains("2026-08-01 13:00"), "{text}");
    }
}
