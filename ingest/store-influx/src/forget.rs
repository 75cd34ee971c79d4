//! Forgetting, for retention and erasure: predicate deletion, one request for each device and quantity of the selector.
//!
//! The request is our own and not that of `influxdb2`: there instants are whole seconds, and the server's range ends
//! with its end, so that a reading of the next second would go too.

use std::ops::Range;

use ports::{Selector, StoreError};
use schemas::{DeviceId, HOUR, Quantity, Timestamp};
use store_http::HourShelf;

use crate::answer::{CountRow, Group};
use crate::wire::Wire;
use crate::{Influx, question};

impl Influx {
    pub(crate) async fn forget_range(&self, select: &Selector, range: Range<Timestamp>) -> Result<u64, StoreError> {
        let held = question::held(&range);
        if held.is_empty() {
            return Ok(0);
        }
        let _alone = self.hours.forgetting(self, &held).await?;
        self.forget_hours(select, &held).await?;
        // Nobody appends meanwhile what would be counted and not removed, or removed and still be thought the latest.
        let mut table = self.table.lock().await;
        let mut removed = 0;
        self.wire.ask(&question::count(select, &held), |group: Group<CountRow>| removed += group.count()).await?;
        if removed > 0 {
            // What is latest afterwards is asked anew, even if the deletion fails half-way.
            *table = None;
            self.delete(select, None, &held).await?;
        }
        Ok(removed)
    }

    /// Removes what is selected, of one channel or of all.
    pub(crate) async fn delete(&self, select: &Selector, channel: Option<u8>, range: &Range<i64>) -> Result<(), StoreError> {
        Self::delete_by(&self.wire, select, channel, range).await
    }

    /// Removes the hours that are kept and touch the range; those that it cuts are made anew.
    async fn forget_hours(&self, select: &Selector, range: &Range<i64>) -> Result<(), StoreError> {
        let hours = range.start - range.start.rem_euclid(HOUR)..range.end + (-range.end).rem_euclid(HOUR);
        if hours.is_empty() || !self.there().await? {
            return Ok(());
        }
        Self::delete_by(&self.beside, select, None, &hours).await
    }

    async fn delete_by(wire: &Wire, select: &Selector, channel: Option<u8>, range: &Range<i64>) -> Result<(), StoreError> {
        let mut common = Vec::new();
        common.extend(select.kind.map(|kind| equal("_measurement", kind.name())));
        common.extend(select.zone.as_ref().map(|zone| equal("zone", zone.as_str())));
        common.extend(channel.map(|channel| equal("channel", &channel.to_string())));
        // A predicate knows AND only; an empty list means all, which is no condition.
        let devices = each(&select.devices, |device: &DeviceId| equal("device", device.as_str()));
        let quantities = each(&select.quantities, |quantity: &Quantity| equal("quantity", quantity.name()));
        for device in &devices {
            for quantity in &quantities {
                let conditions = common.iter().chain(device).chain(quantity).cloned().collect::<Vec<_>>();
                wire.delete(range, &conditions.join(" AND ")).await?;
            }
        }
        Ok(())
    }
}

fn each<T>(list: &[T], condition: impl Fn(&T) -> String) -> Vec<Option<String>> {
    if list.is_empty() { vec![None] } else { list.iter().map(|item| Some(condition(item))).collect() }
}

/// Names of the house hold nothing that needs an escape; [`crate::line`] would have refused them.
fn equal(tag: &str, value: &str) -> String {
    format!("{tag}=\"{value}\"")
}
