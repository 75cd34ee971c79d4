//! How series are named in a question.

use std::fmt::Write as _;

use ports::Selector;

/// The fields of a line.
pub(crate) const FIELDS: [&str; 3] = ["value", "flaws", "delay"];

/// The fields of the line of an hour, after `hour_`.
pub(crate) const SUMS: [&str; 6] = ["count", "sum", "min", "max", "first", "last"];
/// How far hours are kept, in hours since the epoch.
pub(crate) const CURSOR: &str = "marsad_rolled_through";

/// A name as an expression that takes it and nothing else; names hold no other character that means something there.
fn exact(name: &str) -> String {
    name.replace('.', "\\\\.")
}

fn one_of<'a>(label: &str, names: impl Iterator<Item = &'a str>, out: &mut String) {
    let names: Vec<String> = names.map(exact).collect();
    if !names.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(out, ",{label}=~\"{}\"", names.join("|"));
    }
}

fn series(select: &Selector, fields: &str) -> String {
    let kind = select.kind.map_or_else(|| ".+".to_owned(), |kind| exact(kind.name()));
    // Every series of ours has a revision: what others wrote has not.
    let mut text = format!("{{__name__=~\"{kind}_({fields})\",rev=~\".+\"");
    one_of("zone", select.zone.iter().map(schemas::Zone::as_str), &mut text);
    one_of("device", select.devices.iter().map(schemas::DeviceId::as_str), &mut text);
    one_of("quantity", select.quantities.iter().map(|q| q.name()), &mut text);
    text.push('}');
    text
}

/// All series of the readings that are selected.
pub(crate) fn all(select: &Selector) -> String {
    series(select, &FIELDS.join("|"))
}

/// All series of the hours of what is selected.
pub(crate) fn hours(select: &Selector) -> String {
    series(select, &SUMS.map(|sum| format!("hour_{sum}")).join("|"))
}

/// The series of one field.
pub(crate) fn field(select: &Selector, field: &str) -> String {
    series(select, field)
}

/// An instant, as seconds with milliseconds: digits alone would leave the unit to guesses.
pub(crate) fn instant(millis: i64) -> String {
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use schemas::{DeviceId, Kind, Quantity};

    use super::*;

    #[test]
    fn names_are_taken_as_they_are() {
        let select = Selector {
            kind: Some(Kind::WASTE),
            devices: vec![DeviceId::new("a.b").unwrap(), DeviceId::new("c").unwrap()],
            quantities: vec![Quantity::WASTE_FILL],
            ..Selector::default()
        };
        assert_eq!(
            all(&select),
            "{__name__=~\"waste_(value|flaws|delay)\",rev=~\".+\",device=~\"a\\\\.b|c\",quantity=~\"waste\\\\.fill\"}"
        );
        assert_eq!(instant(1_795_280_400_007), "1795280400.007");
    }
}
