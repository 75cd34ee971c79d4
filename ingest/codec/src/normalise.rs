//! From samples to readings: canonical value, one time rule, and the flaws that the number and its
//! time show by themselves. What needs neighbours in time (spike, stuck, counters) is later work.
//!
//! The time of a reading (`observed_at`) is the device's own if plausible, else the network
//! server's, else ours; never a gateway's.

use std::ops::Range;
use std::time::Duration;

use schemas::{DeviceId, Flaw, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

use crate::reject::{Reason, Reject};

/// A device's time further back than this before we heard is not believed.
pub const OLDEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// A time further ahead of ours than this is not believed.
pub const AHEAD: Duration = Duration::from_secs(5 * 60);
/// A reading heard longer than this after it was observed is flagged [`Flaw::Late`].
pub const LATE: Duration = Duration::from_secs(3600);
/// Readings in one message, at most: 16 KiB of the tersest JSON hold about as many.
pub const READINGS_LIMIT: usize = 2048;

/// Where samples become readings.
pub(crate) struct Sink<'o> {
    out: &'o mut Vec<Reading>,
    start: usize,
    device: DeviceId,
    kind: Kind,
    zone: Zone,
    received_at: Timestamp,
    network_time: Option<Timestamp>,
    /// A copy kept by a broker and heard again: without a time of its own it says nothing new.
    retained: bool,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(
        out: &'o mut Vec<Reading>,
        (device, kind, zone): (DeviceId, Kind, Zone),
        (received_at, network_time): (Timestamp, Option<Timestamp>),
        retained: bool,
    ) -> Self {
        let start = out.len();
        Self { out, start, device, kind, zone, received_at, network_time, retained }
    }

    /// How many readings of this message there are so far.
    pub(crate) fn len(&self) -> usize {
        self.out.len() - self.start
    }

    /// Adds a value in the quantity's canonical unit; its time comes with [`Sink::stamp`].
    pub(crate) fn push(&mut self, quantity: Quantity, channel: u8, value: f64, quality: Quality) -> Result<(), Reject> {
        if !(value.is_finite() && value.abs() < Reading::VALUE_LIMIT) {
            return Err(Reject::new(
                Reason::NotFinite,
                format!("`{quantity}` is {value:e}, expected a finite number below 1e12 in {}", quantity.unit()),
            ));
        }
        if self.len() >= READINGS_LIMIT {
            return Err(Reject::new(Reason::TooMany, format!("the message holds more than {READINGS_LIMIT} readings")));
        }
        let row = quantity.row();
        let quality = if (row.min..=row.max).contains(&value) { quality } else { quality.with(Flaw::OutOfRange) };
        self.out.push(Reading {
            series: SeriesKey { device: self.device.clone(), quantity, channel },
            kind: self.kind,
            zone: self.zone.clone(),
            value,
            observed_at: self.received_at,
            received_at: self.received_at,
            quality,
        });
        Ok(())
    }

    /// Gives these readings of the message their time: the device's, if it says one.
    pub(crate) fn stamp(&mut self, readings: Range<usize>, device_time: Option<Timestamp>) {
        let (observed_at, flaws) = self.time(device_time);
        for reading in self.out.iter_mut().skip(self.start + readings.start).take(readings.len()) {
            reading.observed_at = observed_at;
            reading.quality = flaws.into_iter().flatten().fold(reading.quality, Quality::with);
        }
    }

    fn time(&self, device_time: Option<Timestamp>) -> (Timestamp, [Option<Flaw>; 2]) {
        let earliest = self.received_at.minus(OLDEST);
        let latest = self.received_at.plus(AHEAD);
        let (observed_at, doubt) = match (device_time, self.network_time) {
            (Some(t), _) if (earliest..=latest).contains(&t) => (t, None),
            // A network server's past is trusted, however long a queue kept it from us.
            (own, Some(t)) if t <= latest => (t, own.map(|_| Flaw::ClockSuspect)),
            (None, None) => (self.received_at, self.retained.then_some(Flaw::Stale)),
            _ => (self.received_at, Some(Flaw::ClockSuspect)),
        };
        (observed_at, [doubt, (self.received_at.since(observed_at) > LATE).then_some(Flaw::Late)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(device: Option<i64>, network: Option<i64>, retained: bool) -> (i64, String) {
        let received = 1_795_000_000_000;
        let at = |offset: i64| Timestamp::clamped(received + offset);
        let mut out = Vec::new();
        let who = (DeviceId::new("d").unwrap(), Kind::AIR, Zone::new("z").unwrap());
        let mut sink = Sink::new(&mut out, who, (at(0), network.map(at)), retained);
        sink.push(Quantity::AIR_PM10, 0, 1.0, Quality::GOOD).unwrap();
        sink.stamp(0..1, device.map(at));
        let codes: Vec<_> = out[0].quality.flaws().map(Flaw::code).collect();
        (out[0].observed_at.millis() - received, codes.join("+"))
    }

    #[test]
    fn the_devices_time_is_taken_if_plausible_else_the_networks_else_ours() {
        const MINUTE: i64 = 60_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        let cases = [
            (Some(-MINUTE), Some(-5), false, -MINUTE, ""),
            (Some(5 * MINUTE), None, false, 5 * MINUTE, ""),
            (Some(5 * MINUTE + 1), None, false, 0, "clock_suspect"),
            (Some(-7 * DAY), None, false, -7 * DAY, "late"),
            (Some(-7 * DAY - 1), None, false, 0, "clock_suspect"),
            (Some(-8 * DAY), Some(-5), false, -5, "clock_suspect"),
            (None, Some(-1000 * DAY), false, -1000 * DAY, "late"),
            (None, Some(6 * MINUTE), false, 0, "clock_suspect"),
            (None, None, false, 0, ""),
            (None, None, true, 0, "stale"),
            (Some(-MINUTE), None, true, -MINUTE, ""),
            (Some(-60 * MINUTE), None, false, -60 * MINUTE, ""),
            (Some(-61 * MINUTE), None, false, -61 * MINUTE, "late"),
        ];
        for (device, network, retained, observed, flaws) in cases {
            assert_eq!(stamped(device, network, retained), (observed, flaws.to_owned()), "{device:?} {network:?} {retained}");
        }
    }

    #[test]
    fn a_value_out_of_the_physical_range_is_kept_and_flagged() {
        let mut out = Vec::new();
        let who = (DeviceId::new("d").unwrap(), Kind::WASTE, Zone::new("z").unwrap());
        let mut sink = Sink::new(&mut out, who, (Timestamp::MIN, None), false);
        sink.push(Quantity::WASTE_FILL, 0, 140.0, Quality::GOOD).unwrap();
        for value in [f64::NAN, f64::INFINITY, 1e12, -1e12] {
            assert_eq!(sink.push(Quantity::WASTE_FILL, 0, value, Quality::GOOD).unwrap_err().code(), "not_finite");
        }
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].quality, Flaw::OutOfRange.into());
    }
}
