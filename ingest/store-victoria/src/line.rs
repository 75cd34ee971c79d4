//! How a reading stands there: one line of Influx protocol, of which the server makes three samples.
//!
//! ```text
//! waste,channel=0,device=bin-7,quantity=waste.fill,rev=0,zone=anfa value=72.5,flaws=0,delay=250 1795280400000
//! ```
//!
//! gives `waste_value`, `waste_flaws` and `waste_delay`, labelled alike. The delay is that between observing and hearing,
//! in milliseconds: a small number, where the instant itself would have thirteen digits.

use std::fmt::Write as _;

use ports::StoreError;
use schemas::Reading;
use store_http::{Content, Hour, Sums, safe};

/// Refuses names that could end their field.
fn named(kind: &str, device: &str, quantity: &str, zone: &str) -> Result<(), StoreError> {
    for (what, name) in [("kind", kind), ("device", device), ("quantity", quantity), ("zone", zone)] {
        safe(what, name).map_err(|error| StoreError::Refused(error.to_string()))?;
    }
    Ok(())
}

/// Appends the line of an hour. A count of 0 says that nothing is left of it, one of -1 that only its readings tell.
pub(crate) fn write_hour(hour: &Hour, out: &mut String) -> Result<(), StoreError> {
    let (kind, device) = (hour.kind.name(), hour.series.device.as_str());
    let (quantity, zone, channel) = (hour.series.quantity.name(), hour.zone.as_str(), hour.series.channel);
    named(kind, device, quantity, zone)?;
    let none = Sums { count: 0, sum: 0.0, min: 0.0, max: 0.0, first: 0.0, last: 0.0 };
    let (count, Sums { sum, min, max, first, last, .. }) = match hour.content {
        Content::Nothing => (0, none),
        Content::Readings => (-1, none),
        Content::Sums(sums) => (i64::try_from(sums.count).unwrap_or(i64::MAX), sums),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{kind},channel={channel},device={device},quantity={quantity},rev={revision},zone={zone} \
         hour_count={count},hour_sum={sum},hour_min={min},hour_max={max},hour_first={first},hour_last={last} {start}",
        revision = hour.revision,
        start = hour.start
    );
    Ok(())
}

/// Appends the line of the cursor: how far hours are kept, in hours since the epoch.
pub(crate) fn write_cursor(through: i64, at: i64, out: &mut String) -> Result<(), StoreError> {
    let _ = writeln!(out, "marsad rolled_through={through} {at}");
    Ok(())
}

/// Appends the line of a reading under a revision.
pub(crate) fn write(reading: &Reading, revision: u32, out: &mut String) -> Result<(), StoreError> {
    let (kind, device) = (reading.kind.name(), reading.series.device.as_str());
    let (quantity, zone) = (reading.series.quantity.name(), reading.zone.as_str());
    named(kind, device, quantity, zone)?;
    let Reading { value, observed_at, received_at, quality, .. } = reading;
    let (at, flaws, channel) = (observed_at.millis(), quality.bits(), reading.series.channel);
    let delay = received_at.millis() - at;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{kind},channel={channel},device={device},quantity={quantity},rev={revision},zone={zone} \
         value={value},flaws={flaws},delay={delay} {at}"
    );
    Ok(())
}
