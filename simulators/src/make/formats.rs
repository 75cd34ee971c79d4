//! Formats whose measures are named as in the vocabulary: SenML, FIWARE's IoT Agent for JSON and Ultralight 2.0.

use schemas::Timestamp;

use super::Values;

/// A pack of one instant: names of the vocabulary, and the units of RFC 8428 and RFC 8798 where they have one.
pub(super) fn senml(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let seconds = (time.millis().div_euclid(1000), time.millis().rem_euclid(1000));
    let records = values.iter().enumerate().map(|(i, (quantity, _, value))| {
        let base = if i == 0 { format!("\"bt\":{}.{:03},", seconds.0, seconds.1) } else { String::new() };
        let unit = match quantity.unit() {
            "ug/m3" => "\"u\":\"ug/m3\",",
            "Cel" => "\"u\":\"Cel\",",
            _ => "",
        };
        format!("{{{base}\"n\":\"{}\",{unit}\"v\":{value}}}", quantity.name())
    });
    let pack = format!("[{}]", records.collect::<Vec<_>>().join(","));
    out.extend_from_slice(pack.as_bytes());
}

/// An object of measures, named as in the vocabulary, with their time.
pub(super) fn iot_agent(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let measures: String = values.iter().map(|(quantity, _, value)| format!(",\"{}\":{value}", quantity.name())).collect();
    out.extend_from_slice(format!("{{\"TimeInstant\":\"{time}\"{measures}}}").as_bytes());
}

/// Names and values in turn behind their time.
pub(super) fn ultralight(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let measures: String = values.iter().map(|(quantity, _, value)| format!("|{}|{value}", quantity.name())).collect();
    out.extend_from_slice(format!("{time}{measures}").as_bytes());
}
