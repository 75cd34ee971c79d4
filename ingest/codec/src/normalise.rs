//! From samples to readings: canonical value, one time rule, and the flaws that the number and its
//! time show by themselves. What needs neighbours in time (spike, stuck, counters) is later work.
//!
//! The time of a reading (`observed_at`) is the device's own if plausible, else the network
//! server's, else ours; never a gateway's.

use std::ops::Range;
use std::time::Duration;

use schemas::{DeviceId, Firmware, Flaw, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

use crate::reject::{Reason, Reject};

/// A device's time further back than this before we heard is not believed.
pub const OLDEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// A time further ahead of ours than this is not believed.
pub const AHEAD: Duration = Duration::from_secs(5 * 60);
/// A reading heard longer than this after it was observed is flagged [`Flaw::Late`].
pub const LATE: Duration = Duration::from_secs(3600);
/// Readings in one message, at most: 16 KiB of the tersest JSON hold about as many.
pub const READINGS_LIMIT: usize = 2048;

/// A value that a device names and does not give: still warming up, no echo, marked not valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Of which series.
    pub series: SeriesKey,
    /// Why there is no number.
    pub flaw: Flaw,
}

/// Whose readings they are.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) device: DeviceId,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
}

/// When a message was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) received_at: Timestamp,
    pub(crate) network_time: Option<Timestamp>,
    /// A copy kept by a broker and heard again: without a time of its own it says nothing new.
    pub(crate) retained: bool,
}

/// Where samples become readings.
#[derive(Debug)]
pub struct Sink<'o> {
    out: &'o mut Vec<Reading>,
    start: usize,
    owner: Owner,
    heard: Heard,
    /// How far back the device's own time is believed.
    oldest: Duration,
    /// The time of what is pushed next, and the doubts in it.
    now: (Timestamp, Quality),
    /// What is pushed next is of a past that nobody knows.
    lost: bool,
    missing: Vec<Missing>,
    firmware: Option<Firmware>,
}

impl<'o> Sink<'o> {
    pub(crate) fn new(out: &'o mut Vec<Reading>, owner: Owner, heard: Heard) -> Self {
        let (start, now) = (out.len(), (heard.received_at, Quality::GOOD));
        Self { out, start, owner, heard, oldest: OLDEST, now, lost: false, missing: Vec::new(), firmware: None }
    }

    /// Believes a device that sends its own log so far back.
    pub(crate) fn believe(&mut self, oldest: Duration) {
        self.oldest = self.oldest.max(oldest);
    }

    /// How many readings of this message there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len() - self.start
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the message was heard; what a script takes for the present.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.heard.received_at
    }

    /// When the network server heard it, else when we did.
    #[must_use]
    pub fn heard_at(&self) -> Timestamp {
        self.heard.network_time.unwrap_or(self.heard.received_at)
    }

    /// What is pushed from now on was so at this time of the device's own clock; none: the device does not say.
    pub fn at(&mut self, device_time: Option<Timestamp>) {
        self.now = self.time(device_time);
        self.lost = false;
    }

    /// The same for what a device kept in a log. Without a believable time it is not taken: it would stand as of now, in
    /// place of what is.
    pub fn past(&mut self, device_time: Option<Timestamp>) {
        self.at(device_time);
        self.lost = device_time.is_none() || self.now.1.flaws().any(|flaw| flaw == Flaw::ClockSuspect);
    }

    /// Adds a value in the quantity's canonical unit.
    ///
    /// # Errors
    /// Not a finite number below 1e12, or more readings than one message may hold.
    pub fn push(&mut self, quantity: Quantity, channel: u8, value: f64, quality: Quality) -> Result<(), Reject> {
        if !(value.is_finite() && value.abs() < Reading::VALUE_LIMIT) {
            return Err(Reject::new(
                Reason::NotFinite,
                format!("`{quantity}` is {value:e}, expected a finite number below 1e12 in {}", quantity.unit()),
            ));
        }
        if self.lost {
            self.miss(quantity, channel, Flaw::ClockSuspect);
            return Ok(());
        }
        if self.len() >= READINGS_LIMIT {
            return Err(Reject::new(Reason::TooMany, format!("the message holds more than {READINGS_LIMIT} readings")));
        }
        let row = quantity.row();
        let quality = if (row.min..=row.max).contains(&value) { quality } else { quality.with(Flaw::OutOfRange) };
        let (observed_at, doubts) = self.now;
        self.out.push(Reading {
            series: self.series(quantity, channel),
            kind: self.owner.kind,
            zone: self.owner.zone.clone(),
            value,
            observed_at,
            received_at: self.heard.received_at,
            quality: quality.and(doubts),
        });
        Ok(())
    }

    /// Notes that a value is not there, and why.
    pub fn miss(&mut self, quantity: Quantity, channel: u8, flaw: Flaw) {
        if self.missing.len() < READINGS_LIMIT {
            self.missing.push(Missing { series: self.series(quantity, channel), flaw });
        }
    }

    /// Notes the version of the program inside the device; what is no version is passed over.
    pub fn firmware(&mut self, said: &str) {
        self.firmware = Firmware::read(said).or(self.firmware.take());
    }

    fn series(&self, quantity: Quantity, channel: u8) -> SeriesKey {
        SeriesKey { device: self.owner.device.clone(), quantity, channel }
    }

    /// The readings of this message so far.
    pub(crate) fn readings(&mut self) -> &mut [Reading] {
        self.out.get_mut(self.start..).unwrap_or_default()
    }

    /// What this message said last of a series.
    pub(crate) fn said(&self, quantity: Quantity, channel: u8) -> Option<&Reading> {
        let own = self.out.get(self.start..).unwrap_or_default();
        own.iter().rev().find(|r| (r.series.quantity, r.series.channel) == (quantity, channel))
    }

    /// What was not there, and the version of the device's program where it said one.
    pub(crate) fn into_rest(self) -> (Vec<Missing>, Option<Firmware>) {
        (self.missing, self.firmware)
    }

    /// Gives these readings of the message their time: the device's, if it says one.
    pub(crate) fn stamp(&mut self, readings: Range<usize>, device_time: Option<Timestamp>) {
        let (observed_at, doubts) = self.time(device_time);
        for reading in self.readings().iter_mut().skip(readings.start).take(readings.len()) {
            reading.observed_at = observed_at;
            reading.quality = reading.quality.and(doubts);
        }
    }

    fn time(&self, device_time: Option<Timestamp>) -> (Timestamp, Quality) {
        let Heard { received_at, network_time, retained } = self.heard;
        let earliest = received_at.minus(self.oldest);
        let latest = received_at.plus(AHEAD);
        let (observed_at, doubt) = match (device_time, network_time) {
            (Some(t), _) if (earliest..=latest).contains(&t) => (t, None),
            // A network server's past is trusted, however long a queue kept it from us.
            (own, Some(t)) if t <= latest => (t, own.map(|_| Flaw::ClockSuspect)),
            (None, None) => (received_at, retained.then_some(Flaw::Stale)),
            _ => (received_at, Some(Flaw::ClockSuspect)),
        };
        let late = (received_at.since(observed_at) > LATE).then_some(Flaw::Late);
        (observed_at, doubt.into_iter().chain(late).fold(Quality::GOOD, Quality::with))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(kind: Kind) -> Owner {
        Owner { device: DeviceId::new("d").unwrap(), kind, zone: Zone::new("z").unwrap() }
    }

    fn stamped(device: Option<i64>, network: Option<i64>, retained: bool) -> (i64, String) {
        let received = 1_795_000_000_000;
        let at = |offset: i64| Timestamp::clamped(received + offset);
        let mut out = Vec::new();
        let heard = Heard { received_at: at(0), network_time: network.map(at), retained };
        let mut sink = Sink::new(&mut out, owner(Kind::AIR), heard);
        sink.push(Quantity::AIR_PM10, 0, 1.0, Quality::GOOD).unwrap();
        sink.stamp(0..1, device.map(at));
        sink.at(device.map(at));
        sink.push(Quantity::AIR_PM10, 0, 1.0, Quality::GOOD).unwrap();
        assert_eq!(out[0], out[1], "stamped before or after");
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
    fn what_a_log_says_of_a_time_that_cannot_be_is_not_taken_for_now() {
        let received = Timestamp::clamped(1_795_000_000_000);
        let mut out = Vec::new();
        let heard = Heard { received_at: received, network_time: None, retained: false };
        let mut sink = Sink::new(&mut out, owner(Kind::WASTE), heard);
        let minute = Duration::from_secs(60);
        for time in [Some(received.minus(minute)), Some(Timestamp::clamped(0)), None] {
            sink.past(time);
            sink.push(Quantity::WASTE_FILL, 0, 50.0, Quality::GOOD).unwrap();
        }
        sink.at(None);
        sink.push(Quantity::WASTE_FILL, 0, 60.0, Quality::GOOD).unwrap();
        let (missing, _) = sink.into_rest();
        assert!(missing.len() == 2 && missing.iter().all(|m| m.flaw == Flaw::ClockSuspect));
        let got: Vec<_> = out.iter().map(|r| (r.value, r.observed_at)).collect();
        assert_eq!(got, [(50.0, received.minus(minute)), (60.0, received)]);
    }

    #[test]
    fn a_value_out_of_the_physical_range_is_kept_and_flagged() {
        let mut out = Vec::new();
        let heard = Heard { received_at: Timestamp::MIN, network_time: None, retained: false };
        let mut sink = Sink::new(&mut out, owner(Kind::WASTE), heard);
        sink.push(Quantity::WASTE_FILL, 0, 140.0, Quality::GOOD).unwrap();
        for value in [f64::NAN, f64::INFINITY, 1e12, -1e12] {
            assert_eq!(sink.push(Quantity::WASTE_FILL, 0, value, Quality::GOOD).unwrap_err().code(), "not_finite");
        }
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].quality, Flaw::OutOfRange.into());
    }
}
