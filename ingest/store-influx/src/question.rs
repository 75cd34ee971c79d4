//! How readings are asked for: InfluxQL, in which one row holds all fields of a point.
//!
//! Names stand in single quotes as strings and in double quotes as identifiers, both escaped. Ranges are `[start, end)`
//! in milliseconds, cut to what the engine can hold.

use std::fmt::Write as _;
use std::ops::Range;

use ports::Selector;
use schemas::{DeviceId, Flaw, Timestamp};

/// 2262-04-11, the last whole day that the engine's nanoseconds can hold.
const LAST: i64 = 9_223_286_400_000;

/// `[start, end)` in milliseconds as far as the engine can hold it.
pub(crate) fn held(range: &Range<Timestamp>) -> Range<i64> {
    range.start.millis().min(LAST)..range.end.millis().min(LAST)
}

/// The bits of the flaws that make a reading bad.
pub(crate) fn bad() -> u32 {
    Flaw::ALL.iter().filter(|flaw| flaw.is_bad()).fold(0, |bits, flaw| bits | schemas::Quality::from(*flaw).bits())
}

fn quoted(text: &str, quote: char, out: &mut String) {
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// `"tag" = 'a' OR "tag" = 'b'` in brackets, after an AND; nothing for an empty list.
fn one_of<'a>(tag: &str, values: impl Iterator<Item = &'a str>, out: &mut String) {
    let mut open = false;
    for value in values {
        out.push_str(if open { " OR " } else { " AND (" });
        open = true;
        quoted(tag, '"', out);
        out.push_str(" = ");
        quoted(value, '\'', out);
    }
    if open {
        out.push(')');
    }
}

/// Which points: `FROM .. WHERE ..`.
fn points(select: &Selector, range: &Range<i64>, out: &mut String) {
    match select.kind {
        None => out.push_str(" FROM /.*/"),
        Some(kind) => {
            out.push_str(" FROM ");
            quoted(kind.name(), '"', out);
        }
    }
    // Writing to a String cannot fail.
    let _ = write!(out, " WHERE time >= {}ms AND time < {}ms", range.start, range.end);
    one_of("zone", select.zone.iter().map(schemas::Zone::as_str), out);
    one_of("device", select.devices.iter().map(DeviceId::as_str), out);
    one_of("quantity", select.quantities.iter().map(|q| q.name()), out);
}

/// At most this many rows of each series of the answer, `usize::MAX` being all.
fn rows(limit: usize, out: &mut String) {
    if limit != usize::MAX {
        let _ = write!(out, " LIMIT {}", limit.max(1));
    }
}

/// Readings, by time within each kind: rows of [`crate::answer::RawRow`].
pub(crate) fn raw(select: &Selector, range: &Range<i64>, limit: usize) -> String {
    let mut text = "SELECT \"value\", \"flaws\", \"received_at\", \"device\", \"quantity\", \"channel\", \"zone\"".to_owned();
    points(select, range, &mut text);
    rows(limit, &mut text);
    text
}

/// Hour partials of what is not bad, by kind and series: rows of [`crate::answer::HourRow`].
pub(crate) fn hourly(select: &Selector, range: &Range<i64>, limit: usize) -> String {
    by_the_hour(select, range, "\"device\", \"quantity\", \"channel\"", limit)
}

/// The same by zone too, of these devices or all: rows of [`crate::answer::KeptRow`].
pub(crate) fn folded(devices: &[DeviceId], range: &Range<i64>) -> String {
    let select = Selector { devices: devices.to_vec(), ..Selector::default() };
    by_the_hour(&select, range, "\"device\", \"quantity\", \"channel\", \"zone\"", usize::MAX)
}

fn by_the_hour(select: &Selector, range: &Range<i64>, tags: &str, limit: usize) -> String {
    let mut text =
        "SELECT count(\"value\"), sum(\"value\"), min(\"value\"), max(\"value\"), first(\"value\"), last(\"value\")".to_owned();
    points(select, range, &mut text);
    let _ = write!(text, " AND \"flaws\" & {} = 0 GROUP BY time(1h), {tags} fill(none)", bad());
    rows(limit, &mut text);
    text
}

/// Hours that are kept, by kind, series and zone, without those of which nothing is left: rows of [`crate::answer::KeptRow`].
pub(crate) fn kept(select: &Selector, range: &Range<i64>, limit: usize) -> String {
    let mut text = "SELECT \"count\", \"sum\", \"min\", \"max\", \"first\", \"last\"".to_owned();
    points(select, range, &mut text);
    text.push_str(" AND \"count\" <> 0 GROUP BY \"device\", \"quantity\", \"channel\", \"zone\"");
    rows(limit, &mut text);
    text
}

/// The first reading of each kind from an instant on: rows of [`crate::answer::FirstRow`].
pub(crate) fn first(from: i64) -> String {
    let mut text = "SELECT first(\"value\")".to_owned();
    points(&Selector::default(), &(from..LAST), &mut text);
    text
}

/// How far hours are kept: a row of [`crate::answer::CursorRow`].
pub(crate) const CURSOR: &str = "SELECT last(\"through\") FROM \"rolled\"";

/// The latest reading of each series and kind: rows of [`crate::answer::LastRow`].
pub(crate) fn last() -> String {
    let mut text = "SELECT last(\"value\"), \"flaws\", \"received_at\", \"zone\"".to_owned();
    points(&Selector::default(), &(0..LAST), &mut text);
    text.push_str(" GROUP BY \"device\", \"quantity\", \"channel\"");
    text
}

/// How many readings of each kind: rows of [`crate::answer::CountRow`].
pub(crate) fn count(select: &Selector, range: &Range<i64>) -> String {
    let mut text = "SELECT count(\"value\")".to_owned();
    points(select, range, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use schemas::{DeviceId, Kind, Quantity, Zone};

    use super::*;

    #[test]
    fn a_question_names_what_is_selected_and_quotes_it() {
        let select = Selector {
            kind: Some(Kind::WASTE),
            zone: Some(Zone::new("anfa").unwrap()),
            devices: vec![DeviceId::new("a").unwrap(), DeviceId::new("b").unwrap()],
            quantities: vec![Quantity::WASTE_FILL],
        };
        let text = hourly(&select, &(0..3_600_000), 9);
        assert_eq!(
            text,
            "SELECT count(\"value\"), sum(\"value\"), min(\"value\"), max(\"value\"), first(\"value\"), last(\"value\") FROM \"waste\" \
             WHERE time >= 0ms AND time < 3600000ms AND (\"zone\" = 'anfa') AND (\"device\" = 'a' OR \"device\" = 'b') \
             AND (\"quantity\" = 'waste.fill') AND \"flaws\" & 31 = 0 \
             GROUP BY time(1h), \"device\", \"quantity\", \"channel\" fill(none) LIMIT 9"
        );
        assert!(raw(&Selector::default(), &(0..1), usize::MAX).ends_with("FROM /.*/ WHERE time >= 0ms AND time < 1ms"));
    }

    #[test]
    fn what_could_end_a_name_is_escaped() {
        let mut text = String::new();
        quoted("a'b\\\n\"", '\'', &mut text);
        assert_eq!(text, "'a\\'b\\\\\\n\"'");
    }
}
