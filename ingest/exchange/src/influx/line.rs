//! Line protocol: a point a line, any number of fields.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

use influxdb_line_protocol::{FieldValue, ParsedLine, parse_lines};
use schemas::Reading;

use super::{Counts, Mapping, Point};
use crate::ndjson::Lines;
use crate::row::Defaults;
use crate::{Readings, Rejected};

/// The readings of a text. `counts` goes on as it is read.
pub fn line_protocol<'a>(
    text: impl BufRead + 'a,
    mapping: &'a Mapping,
    defaults: Defaults,
    counts: &'a std::cell::Cell<Counts>,
) -> Readings<'a> {
    let (mut lines, mut ready) = (Lines::new(text), VecDeque::new());
    Box::new(std::iter::from_fn(move || {
        loop {
            if let Some(found) = ready.pop_front() {
                return Some(Ok(found));
            }
            let (place, text) = match lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err::<Result<Reading, Rejected>, io::Error>(error)),
            };
            read(&text, mapping, &defaults, |found| match found {
                Ok(Some(reading)) => ready.push_back(Ok(reading)),
                Ok(None) => counts.set(Counts { ignored: counts.get().ignored + 1 }),
                Err(why) => {
                    ready.push_back(Err(Rejected { place, why, text: String::from_utf8_lossy(&text).into_owned() }));
                }
            });
        }
    }))
}

/// Shows what each field of a line comes to.
fn read(text: &[u8], mapping: &Mapping, defaults: &Defaults, mut show: impl FnMut(Result<Option<Reading>, String>)) {
    let Ok(text) = std::str::from_utf8(text) else { return show(Err("the line is not UTF-8".to_owned())) };
    for line in parse_lines(text) {
        match line {
            Err(error) => show(Err(format!("not line protocol: {error}"))),
            Ok(line) => points(&line, mapping, defaults, &mut show),
        }
    }
}

fn points(line: &ParsedLine<'_>, mapping: &Mapping, defaults: &Defaults, show: &mut impl FnMut(Result<Option<Reading>, String>)) {
    let Some(at) = line.timestamp.and_then(|time| mapping.millis(time)) else {
        return show(Err("time: none, expected one: whoever received it would have put it".to_owned()));
    };
    let tags = line.series.tag_set.iter().flatten();
    let mut point = Point {
        measurement: Cow::Borrowed(line.series.measurement.as_str()),
        tags: tags.map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str()))).collect(),
        field: Cow::Borrowed(""),
        value: None,
        at,
    };
    for (field, value) in &line.field_set {
        point.field = Cow::Borrowed(field.as_str());
        point.value = number(value);
        show(mapping.reading(&point, defaults));
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is beyond 1e12 is refused as no value of a sensor")]
fn number(value: &FieldValue<'_>) -> Option<f64> {
    match value {
        FieldValue::F64(value) => Some(*value),
        FieldValue::I64(value) => Some(*value as f64),
        FieldValue::U64(value) => Some(*value as f64),
        FieldValue::Boolean(value) => Some(f64::from(u8::from(*value))),
        FieldValue::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use schemas::{Kind, Quantity};

    use super::*;
    use crate::row::tests::nowhere;

    const MAPPING: &str = r#"
[[map]]
measurement = "environment"
field = "temp"
tags = { place = "roof" }
device = "st-{host}"
quantity = "air.temperature"
unit = "[degF]"
zone = "{district}"

[[map]]
measurement = "environment"
field = "batt"
device = "st-{host}"
quantity = "battery.voltage"
unit = "mV"
kind = "air"

[[ignore]]
measurement = "cpu"
"#;

    #[test]
    fn fields_of_telegraf_are_readings_and_what_is_none_is_named() {
        let mapping = Mapping::read(MAPPING).unwrap();
        let counts = Cell::new(Counts::default());
        let text = "# a remark\n\
                    environment,host=07,place=roof,district=anfa temp=71.6,batt=3600i 1795280400000000000\n\
                    cpu,host=07 usage=3,idle=97 1795280400000000000\n\
                    environment,host=07,place=cellar,district=anfa temp=60 1795280400000000000\n\
                    environment,place=roof,district=anfa temp=60 1795280400000000000\n\
                    environment,host=07,place=roof,district=anfa temp=\"warm\" 1795280400000000000\n\
                    environment,host=07,place=roof,district=anfa temp=60\n\
                    no line\n";
        let all: Vec<_> = line_protocol(text.as_bytes(), &mapping, nowhere(), &counts).map(|item| item.unwrap()).collect();
        let (read, rejected): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        let read: Vec<_> = read.into_iter().flatten().collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].value, read[0].series.quantity, read[0].zone.as_str()), (22.0, Quantity::AIR_TEMPERATURE, "anfa"));
        assert_eq!((read[1].value, read[1].kind, read[1].series.device.as_str()), (3.6, Kind::AIR, "st-07"));
        assert_eq!(read[0].observed_at.millis(), 1_795_280_400_000);
        assert_eq!(counts.get().ignored, 2);
        let told: Vec<_> = rejected.into_iter().filter_map(Result::err).map(|r| (r.place, r.why)).collect();
        assert_eq!(told[0], (4, "no [[map]] takes field `temp` of `environment`".to_owned()));
        assert_eq!(told[1], (5, "device: the point has no tag `host`".to_owned()));
        assert_eq!(told[2], (6, "field `temp`: text, expected a number".to_owned()));
        assert_eq!(told[3].0, 7);
        assert_eq!(told[4].0, 8);
        assert_eq!(told.len(), 5);
    }
}
