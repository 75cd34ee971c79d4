//! `marsad decode`: how one message is read, step by step, with nothing kept. The same decoder as in the platform.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::codec::{Decoder, Explained, Profiles, Route, Routes, UplinkView};
use base64::Engine;
use clap::Args;
use dashboards::rows::ReadingRow;
use ports::{Clock, SystemClock};
use schemas::{Catalogue, DeviceId, DeviceKey, Kind, Message, ProfileName, Provenance, Timestamp, Zone};
use serde_json::{Value, json};

use crate::failure::{Code, Failure, unwritable};
use crate::fitting::FittingArgs;

/// What is read of a file or of standard input, at most: the largest packet that the endpoint may be set to take.
const INPUT_LIMIT: u64 = 256 << 20;
/// A message is decoded as if it had come just now; without `--time` its own time is believed however old it is.
const ANY_AGE: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// What is wrapped around the device's bytes: plain, chirpstack, the-things-stack, .. (`marsad codec list`)
    #[arg(long, value_name = "NAME", default_value = "plain")]
    envelope: String,
    /// How the device is read: a profile's name, or a file
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// LoRaWAN port of bytes that come without one
    #[arg(long, value_name = "N")]
    port: Option<u8>,
    /// Key with which the device encrypts: 32 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = DeviceKey::from_hex)]
    key: Option<DeviceKey>,
    /// When it was heard, RFC 3339 [default: when the message itself says, else now]
    #[arg(long, value_name = "TIME")]
    time: Option<Timestamp>,
    /// The topic it was published under, where the envelope reads it
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// The device, where the message does not say
    #[arg(long, value_name = "ID", default_value = "device")]
    device: DeviceId,
    #[command(flatten)]
    fitting: FittingArgs,
    /// Only take the wrapping off
    #[arg(long)]
    uplink_only: bool,
    /// The message: hexadecimal digits, base64, JSON, a file, or - for standard input
    #[arg(value_name = "INPUT")]
    input: String,
}

pub(crate) fn decode(options: &Decode, profiles: Profiles, catalogue: Arc<Catalogue>, json: bool) -> Result<(), Failure> {
    let payload = payload(&options.input, &options.envelope)?;
    let (profiles, profile) = chosen(profiles, options.profile.as_deref())?;
    let nowhere = Zone::new("nowhere").map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    let kind = profile.as_ref().and_then(|name| profiles.named(name)).and_then(::codec::Profile::kind).unwrap_or(Kind::WASTE);
    let topic = options.topic.clone().unwrap_or_else(|| usual_topic(&options.envelope, &options.device));
    let route = Route::new("#", &options.envelope).map_err(|e| Failure::new(Code::Usage, e.to_string()))?;
    let logs = options.time.is_none().then_some(ANY_AGE);
    let route = route.enrolling(Some(kind), Some(nowhere)).read_by(profile).of(Some(options.device.clone()));
    let route = route.on(options.port).unlocked_by(options.key).fitted(options.fitting.read()?).logging(logs);
    let decoder = Decoder::new(catalogue, profiles).and_then(|d| d.with_routes(Routes::only([route])));
    let decoder = decoder.map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    let message = |received_at| Message {
        topic: topic.clone().into(),
        payload: payload.clone().into(),
        received_at,
        provenance: Provenance::default(),
    };
    let heard = options.time.unwrap_or_else(|| SystemClock.now());
    let mut explained = decoder.explain(&message(heard));
    if options.time.is_none()
        && let Some(said) = said(&explained).filter(|said| *said < heard)
    {
        explained = decoder.explain(&message(said));
    }
    let mut out = io::stdout().lock();
    let written = match (options.uplink_only, json) {
        (true, true) => explained.uplinks.iter().try_for_each(|uplink| writeln!(out, "{}", uplink_json(uplink))),
        (true, false) => explained.uplinks.iter().try_for_each(|uplink| out.write_all(uplink_text(uplink, None).as_bytes())),
        (false, true) => readings_json(&mut out, &explained),
        (false, false) => readings_text(&mut out, &explained),
    };
    written.map_err(unwritable)?;
    match explained.result {
        Ok(_) => Ok(()),
        // The wrapping came off: what is inside was not asked for.
        Err(_) if options.uplink_only && !explained.uplinks.is_empty() => Ok(()),
        Err(reject) => {
            let failure = Failure::new(Code::Failed, format!("{}: {reject}", reject.code()));
            Err(failure.hint(format!("it would wait in the quarantine; {}", reject.reason().about())))
        }
    }
}

/// When the message was sent, as far as it says.
fn said(explained: &Explained) -> Option<Timestamp> {
    let network = explained.uplinks.iter().filter_map(|u| u.network_time).max();
    network.or_else(|| explained.readings.iter().map(|r| r.observed_at).max())
}

/// A profile by its name, or the one in a file, which then takes the place of a loaded one of the same name.
fn chosen(profiles: Profiles, wanted: Option<&str>) -> Result<(Profiles, Option<ProfileName>), Failure> {
    let Some(wanted) = wanted else { return Ok((profiles, None)) };
    if let Ok(name) = wanted.parse::<ProfileName>()
        && profiles.named(&name).is_some()
    {
        return Ok((profiles, Some(name)));
    }
    let path = Path::new(wanted);
    if !path.is_file() {
        let failure = Failure::new(Code::Usage, format!("there is no profile `{wanted}`, and no file of this name"));
        return Err(failure.hint("`marsad profile list` shows the profiles"));
    }
    let profile = crate::profile::from_file(path)?;
    let name = profile.name().clone();
    Ok((profiles.replacing(profile), Some(name)))
}

/// A topic on which such a message could have come.
fn usual_topic(envelope: &str, device: &DeviceId) -> String {
    match envelope {
        "marsad" | "native" => format!("decode/{device}"),
        other => format!("decode/{other}"),
    }
}

/// The bytes of the message, however they were given.
fn payload(input: &str, envelope: &str) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(Code::Usage, format!("the input is larger than {} MiB", INPUT_LIMIT >> 20));
    let bytes = if input == "-" {
        let mut all = Vec::new();
        let read = io::stdin().lock().take(INPUT_LIMIT + 1).read_to_end(&mut all);
        read.map_err(|e| Failure::new(Code::Failed, format!("standard input cannot be read: {e}")))?;
        all
    } else if let Some(path) = existing(input) {
        let size = path.metadata().map(|m| m.len()).unwrap_or_default();
        if size > INPUT_LIMIT {
            return Err(too_large());
        }
        std::fs::read(&path).map_err(|e| Failure::new(Code::Failed, format!("{} cannot be read: {e}", path.display())))?
    } else {
        return Ok(text_payload(input, envelope).unwrap_or_else(|| input.as_bytes().to_vec()));
    };
    if bytes.len() as u64 > INPUT_LIMIT {
        return Err(too_large());
    }
    // A file may hold the bytes themselves, or text that stands for them.
    let text = std::str::from_utf8(&bytes).ok();
    Ok(text.and_then(|t| text_payload(t, envelope)).unwrap_or(bytes))
}

fn existing(input: &str) -> Option<PathBuf> {
    let path = PathBuf::from(input);
    path.is_file().then_some(path)
}

/// Bytes that are written as hexadecimal digits (blanks and colons between them do not matter) or as base64. Text of an
/// envelope that is text stays as it is.
fn text_payload(text: &str, envelope: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.starts_with(['{', '[']) || text.contains('|') {
        return Some(text.as_bytes().to_vec());
    }
    let textual = envelope.starts_with("ul");
    let base64 = || base64::engine::general_purpose::STANDARD.decode(text).ok().filter(|_| !textual);
    unhex(text).or_else(base64).filter(|bytes| !bytes.is_empty())
}

/// Hexadecimal digits in pairs, in either case; 0x before them, blanks and colons between them do not matter.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.strip_prefix("0x").unwrap_or(text).bytes().filter(|b| !b.is_ascii_whitespace() && *b != b':').collect();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    if rest.is_empty() { pairs.iter().map(|[h, l]| Some(digit(*h)? << 4 | digit(*l)?)).collect() } else { None }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn uplink_json(uplink: &UplinkView) -> Value {
    let fields: Vec<Value> = uplink.fields.iter().map(|(time, fields)| json!({ "time": time, "fields": fields })).collect();
    json!({
        "device": uplink.device,
        "port": uplink.port,
        "counter": uplink.counter,
        "confirmed": uplink.confirmed,
        "payload_hex": uplink.bytes.as_deref().map(hex),
        "fields": if fields.is_empty() { Value::Null } else { fields.into() },
        "time": uplink.network_time,
        "rssi": uplink.radio.rssi,
        "snr": uplink.radio.snr,
    })
}

fn uplink_text(uplink: &UplinkView, envelope: Option<&str>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<10} {value}");
    };
    if let Some(envelope) = envelope {
        line("envelope", envelope.to_owned());
    }
    line("device", uplink.device.to_string());
    if let Some(port) = uplink.port {
        line("port", port.to_string());
    }
    if let Some(counter) = uplink.counter {
        line("counter", counter.to_string());
    }
    if let Some(time) = uplink.network_time {
        line("time", format!("{time} (network server)"));
    }
    if let Some(rssi) = uplink.radio.rssi {
        let snr = uplink.radio.snr.map_or_else(String::new, |snr| format!(", SNR {snr} dB"));
        line("radio", format!("{rssi} dB[mW]{snr}"));
    }
    if let Some(bytes) = &uplink.bytes {
        let shown = if bytes.len() <= 256 { hex(bytes) } else { format!("{}..", hex(bytes.get(..256).unwrap_or_default())) };
        // JSON and Ultralight are shown as they are written.
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with(['{', '[']) || text.contains('|'));
        line("payload", format!("{} ({} bytes)", text.map_or(shown, ToOwned::to_owned), bytes.len()));
    }
    for (time, fields) in &uplink.fields {
        line("fields", time.map_or_else(String::new, |t| format!("{t} ")) + &fields.to_string());
    }
    text
}

/// One object a line: readings as the API gives them, then what is named and not there, with a null for its value.
fn readings_json(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    for reading in &explained.readings {
        serde_json::to_writer(&mut *out, &ReadingRow::from(reading))?;
        out.write_all(b"\n")?;
    }
    for missing in &explained.missing {
        let (series, flaw) = (&missing.series, missing.flaw);
        let row = json!({
            "device": series.device, "quantity": series.quantity, "unit": series.quantity.unit(), "channel": series.channel,
            "value": null, "observed_at": null, "quality": [flaw.code()], "grade": schemas::Quality::from(flaw).grade(),
        });
        writeln!(out, "{row}")?;
    }
    Ok(())
}

fn readings_text(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    for uplink in &explained.uplinks {
        out.write_all(uplink_text(uplink, explained.envelope).as_bytes())?;
    }
    if let Ok(decoded) = &explained.result
        && let Some(profile) = &decoded.profile
    {
        writeln!(out, "{:<10} {profile}", "profile")?;
    }
    if !explained.readings.is_empty() {
        writeln!(out, "\n{:<28}  {:>14}  {:<8}  {:<24}  QUALITY", "QUANTITY", "VALUE", "UNIT", "OBSERVED AT")?;
    }
    let named = |series: &schemas::SeriesKey| match series.channel {
        0 => series.quantity.to_string(),
        channel => format!("{}#{channel}", series.quantity),
    };
    for reading in &explained.readings {
        let flaws: Vec<_> = reading.quality.flaws().map(schemas::Flaw::code).collect();
        let quality = if flaws.is_empty() { "good".to_owned() } else { flaws.join(", ") };
        let (name, unit) = (named(&reading.series), reading.series.quantity.unit());
        writeln!(out, "{name:<28}  {:>14}  {unit:<8}  {:<24}  {quality}", reading.value, reading.observed_at.to_string())?;
    }
    for missing in &explained.missing {
        let (name, unit) = (named(&missing.series), missing.series.quantity.unit());
        writeln!(out, "{name:<28}  {:>14}  {unit:<8}  {:<24}  {}", "no value", "-", missing.flaw.code())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_as_digits_base64_or_as_they_stand() {
        let cases: [(&str, &str, &[u8]); 9] = [
            ("95", "plain", &[0x95]),
            ("01 75:5C", "plain", &[0x01, 0x75, 0x5c]),
            ("0x01FF", "plain", &[0x01, 0xff]),
            ("AXVc", "plain", &[0x01, 0x75, 0x5c]),
            ("ATQBJAEBLAEHMgo=", "plain", &[1, 0x34, 1, 0x24, 1, 1, 0x2c, 1, 7, 0x32, 10]),
            (r#"{"v":1}"#, "marsad", br#"{"v":1}"#),
            ("t|15|k|abc", "ultralight", b"t|15|k|abc"),
            ("not base64!", "plain", b"not base64!"),
            ("abcd", "plain", &[0xab, 0xcd]),
        ];
        for (input, envelope, bytes) in cases {
            assert_eq!(payload(input, envelope).unwrap(), bytes, "{input}");
        }
    }
}
