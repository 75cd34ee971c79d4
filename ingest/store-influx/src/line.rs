//! How a reading stands in the bucket: one line of protocol.
//!
//! ```text
//! waste,channel=0,device=bin-7,quantity=waste.fill,zone=anfa flaws=0i,received_at=1795280400250i,value=72.5 1795280400000
//! ```
//!
//! The measurement is the kind: retention and deletion go by it. Device, quantity, channel and zone are tags, sorted;
//! all three fields are always written, since a field that is left out would keep its old value. Values are always
//! floats. A name that could end its field or the line is refused, not escaped: none of the house's names can hold
//! such a character, so that one that does is a fault, and never a second line.

use std::fmt::Write as _;

use ports::StoreError;
use schemas::Reading;
use store_http::{Content, Hour, NameInLine, Sums, safe};

/// The names that a line is made of.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The measurement.
    pub kind: &'a str,
    /// A tag.
    pub channel: u8,
    /// A tag.
    pub device: &'a str,
    /// A tag.
    pub quantity: &'a str,
    /// A tag.
    pub zone: &'a str,
    /// The flaws, as their bits.
    pub flaws: u32,
    /// Milliseconds since the epoch.
    pub received_at: i64,
    /// Finite.
    pub value: f64,
    /// Milliseconds since the epoch: the time of the point.
    pub observed_at: i64,
}

/// Appends one line, with its end.
///
/// # Errors
/// A name that could end its field; then nothing was appended.
pub fn encode(line: &Line<'_>, out: &mut String) -> Result<(), NameInLine> {
    let names = [("kind", line.kind), ("device", line.device), ("quantity", line.quantity), ("zone", line.zone)];
    for (what, name) in names {
        safe(what, name)?;
    }
    let Line { kind, channel, device, quantity, zone, flaws, received_at, value, observed_at } = line;
    // Writing to a String cannot fail. A float is printed with the fewest digits that read back as it.
    let _ = writeln!(
        out,
        "{kind},channel={channel},device={device},quantity={quantity},zone={zone} \
         flaws={flaws}i,received_at={received_at}i,value={value} {observed_at}"
    );
    Ok(())
}

/// Appends the line of a reading.
pub(crate) fn write(reading: &Reading, out: &mut String) -> Result<(), StoreError> {
    let line = Line {
        kind: reading.kind.name(),
        channel: reading.series.channel,
        device: reading.series.device.as_str(),
        quantity: reading.series.quantity.name(),
        zone: reading.zone.as_str(),
        flaws: reading.quality.bits(),
        received_at: reading.received_at.millis(),
        value: reading.value,
        observed_at: reading.observed_at.millis(),
    };
    encode(&line, out).map_err(|error| StoreError::Refused(error.to_string()))
}

/// Appends the line of an hour. A count of 0 says that nothing is left of it, one of -1 that only its readings tell.
pub(crate) fn write_hour(hour: &Hour, out: &mut String) -> Result<(), StoreError> {
    let (kind, device) = (hour.kind.name(), hour.series.device.as_str());
    let (quantity, zone) = (hour.series.quantity.name(), hour.zone.as_str());
    for (what, name) in [("kind", kind), ("device", device), ("quantity", quantity), ("zone", zone)] {
        safe(what, name).map_err(|error| StoreError::Refused(error.to_string()))?;
    }
    let none = Sums { count: 0, sum: 0.0, min: 0.0, max: 0.0, first: 0.0, last: 0.0 };
    let (count, Sums { sum, min, max, first, last, .. }) = match hour.content {
        Content::Nothing => (0, none),
        Content::Readings => (-1, none),
        Content::Sums(sums) => (i64::try_from(sums.count).unwrap_or(i64::MAX), sums),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{kind},channel={channel},device={device},quantity={quantity},zone={zone} \
         count={count}i,first={first},last={last},max={max},min={min},sum={sum} {start}",
        channel = hour.series.channel,
        start = hour.start
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use influxdb_line_protocol::{FieldValue, parse_lines};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn line<'a>(device: &'a str, zone: &'a str, value: f64) -> Line<'a> {
        let (kind, quantity) = ("waste", "waste.fill");
        Line {
            kind,
            channel: 3,
            device,
            quantity,
            zone,
            flaws: 5,
            received_at: 1_795_280_400_250,
            value,
            observed_at: 1_795_280_400_000,
        }
    }

    #[test]
    fn a_line_is_what_the_documents_show() {
        let mut text = String::new();
        encode(&Line { channel: 0, flaws: 0, ..line("bin-7", "anfa", 72.5) }, &mut text).unwrap();
        let expected = "waste,channel=0,device=bin-7,quantity=waste.fill,zone=anfa \
                        flaws=0i,received_at=1795280400250i,value=72.5 1795280400000\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn hostile_names_never_make_a_second_line() {
        let long = "x\n".repeat(32 * 1024);
        let hostile = [
            "a,b",
            "a b",
            "a=b",
            "a\"b",
            "a\\",
            "a\nb",
            "a\r\nair,device=x value=1 1",
            "#a",
            "",
            "حاوية",
            "a\u{0}b",
            "a\tb",
            "_field",
            &long,
        ];
        for name in hostile {
            let mut text = "before\n".to_owned();
            for wrong in [line(name, "anfa", 1.0), line("a", name, 1.0), Line { kind: name, ..line("a", "b", 1.0) }] {
                assert!(encode(&wrong, &mut text).is_err(), "{name:?}");
            }
            assert_eq!(text, "before\n", "nothing of it is written");
        }
    }

    proptest! {
        /// The oracle is a parser that is not ours.
        #[test]
        fn whatever_is_written_reads_back_as_one_line(
            device in any::<String>(), zone in "\\PC{0,40}", value in -1e12f64..1e12, flaws in any::<u32>()
        ) {
            let wanted = Line { flaws, ..line(&device, &zone, value) };
            let mut text = String::new();
            if encode(&wanted, &mut text).is_err() {
                prop_assert!(text.is_empty());
                return Ok(());
            }
            let lines: Vec<_> = parse_lines(&text).collect();
            prop_assert_eq!(lines.len(), 1);
            let parsed = lines[0].as_ref().expect("a line");
            prop_assert_eq!(parsed.series.measurement.as_str(), "waste");
            prop_assert_eq!(parsed.tag_value("device").map(|v| v.as_str().to_owned()), Some(device));
            prop_assert_eq!(parsed.tag_value("zone").map(|v| v.as_str().to_owned()), Some(zone));
            prop_assert!(matches!(parsed.field_value("value"), Some(FieldValue::F64(read)) if *read == value));
            prop_assert!(matches!(parsed.field_value("flaws"), Some(FieldValue::I64(read)) if *read == i64::from(flaws)));
            prop_assert_eq!(parsed.timestamp, Some(1_795_280_400_000));
        }

        #[test]
        fn names_of_the_house_are_always_written(device in "[A-Za-z0-9][A-Za-z0-9._:-]{0,63}") {
            let mut text = String::new();
            encode(&line(&device, "anfa", 0.1), &mut text).expect("a name of the house");
            prop_assert_eq!(parse_lines(&text).filter(|l| l.is_ok()).count(), 1);
        }
    }
}
