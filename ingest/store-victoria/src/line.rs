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
use store_http::safe;

/// Appends the line of a reading under a revision.
pub(crate) fn write(reading: &Reading, revision: u32, out: &mut String) -> Result<(), StoreError> {
    let (kind, device) = (reading.kind.name(), reading.series.device.as_str());
    let (quantity, zone) = (reading.series.quantity.name(), reading.zone.as_str());
    for (what, name) in [("kind", kind), ("device", device), ("quantity", quantity), ("zone", zone)] {
        safe(what, name).map_err(|error| StoreError::Refused(error.to_string()))?;
    }
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
