//! What many devices said: as many at once as fit into one answer of the store, so that it is not asked once for each, and memory
//! holds the past of some devices and not of the city.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use ports::{Query, Selector};
use schemas::{Device, DeviceId, Quantity, Timestamp};

use super::gather;
use crate::budget::in_time;
use crate::house::House;
use crate::problem::Problem;
use crate::scan::Point;

/// Devices asked of the store at once, at most: their ids fit into the 16 KiB that a query of VictoriaMetrics may have.
const AT_ONCE: usize = 100;
/// Points asked of the store at once, for all of these devices together.
const POINTS: usize = 100_000;

/// The pasts of some devices, one after the other.
pub(crate) struct Pasts<'a, P> {
    house: &'a House,
    waiting: &'a [Device],
    quantities: &'a [Quantity],
    range: Range<Timestamp>,
    at_once: usize,
    ready: VecDeque<(&'a Device, Vec<P>)>,
}

impl<'a, P: Point> Pasts<'a, P> {
    /// Of these quantities, all where none is named. A range of hours is one of whole hours.
    pub(crate) fn of(house: &'a House, devices: &'a [Device], quantities: &'a [Quantity], range: Range<Timestamp>) -> Self {
        Self { house, waiting: devices, quantities, range, at_once: AT_ONCE, ready: VecDeque::new() }
    }

    /// The next device and what it said, in order of time; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<(&'a Device, Vec<P>)>, Problem> {
        while self.ready.is_empty() && !self.waiting.is_empty() {
            self.ask().await?;
        }
        Ok(self.ready.pop_front())
    }

    /// Asks for some devices; the next time for half of them where they said more than one answer holds, for twice as many where
    /// they said little.
    async fn ask(&mut self) -> Result<(), Problem> {
        let (some, rest) = self.waiting.split_at(self.at_once.min(self.waiting.len()));
        if let [one] = some {
            let past = gather::past(self.house, &one.id, self.quantities, self.range.clone()).await?;
            self.ready.push_back((one, past));
        } else {
            let devices = some.iter().map(|device| device.id.clone()).collect();
            let select = Selector { devices, quantities: self.quantities.to_vec(), ..Selector::default() };
            let query = Query { select, range: self.range.clone(), shape: P::SHAPE, limit: POINTS };
            let answer = in_time(self.house.store.scan(&query)).await?;
            if answer.more() {
                self.at_once = some.len() / 2;
                return Ok(());
            }
            self.ready.extend(apart(some, P::of(answer)));
        }
        self.waiting = rest;
        if self.ready.iter().map(|(_, past)| past.len()).sum::<usize>() < POINTS / 4 {
            self.at_once = (some.len() * 2).min(AT_ONCE);
        }
        Ok(())
    }
}

/// Each device with its own points, which stay in their order.
fn apart<P: Point>(devices: &[Device], points: Vec<P>) -> impl Iterator<Item = (&Device, Vec<P>)> {
    let mut of: BTreeMap<&DeviceId, Vec<P>> = devices.iter().map(|device| (&device.id, Vec::new())).collect();
    for point in points {
        if let Some(own) = of.get_mut(&point.series().device) {
            own.push(point);
        }
    }
    devices.iter().map(move |device| (device, of.remove(&device.id).unwrap_or_default()))
}
