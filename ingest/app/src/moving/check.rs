//! Two stores side by side: what one holds and the other does not, reading by reading, and the checksum of each.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use dashboards::Walk;
use ports::{Caps, Points, Store};
use schemas::{DeviceId, Reading, Timestamp};
use sha2::{Digest, Sha256};

use super::copy::{broken, of};
use super::pour::BATCH;
use crate::failure::Failure;
use crate::progress::Meter;

/// Differences that are named.
const NAMED: usize = 20;

/// What one store holds of the devices of the first.
pub(super) struct End {
    pub(super) readings: u64,
    /// Of its readings, by device, time, quantity and channel; values as the second store keeps them.
    pub(super) sha256: String,
}

pub(super) struct Outcome {
    pub(super) from: End,
    pub(super) to: End,
    /// In the first and not in the second.
    pub(super) missing: u64,
    /// In both, and not the same.
    pub(super) different: u64,
    /// In the second only.
    pub(super) more: u64,
    /// The first of them, each with its place.
    pub(super) named: Vec<String>,
}

impl Outcome {
    /// Whether the second holds all that the first does.
    pub(super) fn is_whole(&self) -> bool {
        self.missing + self.different == 0
    }
}

/// The readings of one device in a store.
struct Side {
    walk: Walk,
    page: std::vec::IntoIter<Reading>,
    next: Option<Reading>,
}

impl Side {
    async fn of(store: &Arc<dyn Store>, device: &DeviceId) -> Result<Self, Failure> {
        let walk = Walk::begin(Arc::clone(store), of(device)).await.map_err(|e| broken(&e))?;
        let mut side = Self { walk, page: Vec::new().into_iter(), next: None };
        side.step().await?;
        Ok(side)
    }

    /// The reading that was next.
    async fn step(&mut self) -> Result<Option<Reading>, Failure> {
        let mut following = self.page.next();
        while following.is_none() {
            match self.walk.page(BATCH).await.map_err(|e| broken(&e))? {
                Some(Points::Raw { readings, .. }) => self.page = readings.into_iter(),
                Some(Points::Hourly { .. }) => {}
                None => break,
            }
            following = self.page.next();
        }
        Ok(std::mem::replace(&mut self.next, following))
    }
}

#[derive(Default)]
struct Sum {
    readings: u64,
    digest: Sha256,
    line: String,
}

impl Sum {
    fn add(&mut self, reading: &Reading) {
        self.readings += 1;
        self.line.clear();
        let Reading { series, kind, zone, value, observed_at, received_at, quality } = reading;
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.line,
            "{} {} {} {} {} {kind} {zone} {:x} {:x}",
            series.device,
            observed_at.millis(),
            series.quantity,
            series.channel,
            received_at.millis(),
            value.to_bits(),
            quality.bits()
        );
        self.digest.update(self.line.as_bytes());
    }

    fn end(self) -> End {
        let sha256 = self.digest.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        End { readings: self.readings, sha256 }
    }
}

fn place(reading: &Reading) -> (Timestamp, &'static str, u8) {
    (reading.observed_at, reading.series.quantity.name(), reading.series.channel)
}

/// Compares what both hold of these devices.
pub(super) async fn check(from: &Arc<dyn Store>, to: &Arc<dyn Store>, devices: &[DeviceId]) -> Result<Outcome, Failure> {
    let meter = Meter::new("devices compared", 0, devices.len() as u64);
    let mut tally = Tally { caps: to.caps(), sums: [Sum::default(), Sum::default()], counts: [0; 3], named: Vec::new() };
    for (at, device) in devices.iter().enumerate() {
        let (mut a, mut b) = (Side::of(from, device).await?, Side::of(to, device).await?);
        loop {
            let order = match (&a.next, &b.next) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => place(a).cmp(&place(b)),
            };
            let one = if order.is_le() { a.step().await? } else { None };
            let other = if order.is_ge() { b.step().await? } else { None };
            tally.take(one, other.as_ref());
        }
        meter.with(at as u64 + 1, tally.sums[0].readings);
    }
    let Tally { sums: [one, other], counts: [missing, different, more], named, .. } = tally;
    Ok(Outcome { from: one.end(), to: other.end(), missing, different, more, named })
}

struct Tally {
    caps: Caps,
    sums: [Sum; 2],
    /// Missing, different, more.
    counts: [u64; 3],
    named: Vec<String>,
}

impl Tally {
    fn take(&mut self, one: Option<Reading>, other: Option<&Reading>) {
        // What the second store rounds is rounded before it is compared.
        let one = one.map(|reading| Reading { value: self.caps.kept(reading.value), ..reading });
        for (sum, reading) in self.sums.iter_mut().zip([one.as_ref(), other]) {
            reading.iter().for_each(|reading| sum.add(reading));
        }
        let (which, of, what) = match (&one, other) {
            (Some(a), Some(b)) if a == b => return,
            (Some(a), Some(b)) => (1, a, difference(a, b)),
            (Some(a), None) => (0, a, "is missing there".to_owned()),
            (None, Some(b)) => (2, b, "is only there".to_owned()),
            (None, None) => return,
        };
        self.counts[which] += 1;
        if self.named.len() < NAMED {
            let series = &of.series;
            self.named.push(format!("{} {}#{} at {}: {what}", series.device, series.quantity, series.channel, of.observed_at));
        }
    }
}

/// The first field that is not the same.
fn difference(a: &Reading, b: &Reading) -> String {
    let flaws = |reading: &Reading| reading.quality.flaws().map(schemas::Flaw::code).collect::<Vec<_>>().join(";");
    let fields = [
        ("value", a.value.to_string(), b.value.to_string()),
        ("quality", flaws(a), flaws(b)),
        ("kind", a.kind.to_string(), b.kind.to_string()),
        ("zone", a.zone.to_string(), b.zone.to_string()),
        ("received_at", a.received_at.to_string(), b.received_at.to_string()),
    ];
    let first = fields.into_iter().find(|(_, a, b)| a != b);
    first.map_or_else(|| "differs".to_owned(), |(name, a, b)| format!("{name} is `{b}` there, expected `{a}`"))
}
