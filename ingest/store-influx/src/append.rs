//! Appending: what may be there already is looked up, what changes nothing is not written, what moved to another kind or
//! zone is taken out of the old place.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering;

use ports::{Appended, Selector, StoreError, storable};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, HOUR, Reading, SeriesKey, Timestamp};
use store_http::Body;

use crate::answer::{Group, RawRow};
use crate::table::Table;
use crate::{Influx, line, question};

/// Devices that a look-up names; where more are late, it asks for all.
const NAMED: usize = 64;

type Key = (SeriesKey, Timestamp);
type There = HashMap<Key, Reading, FxBuildHasher>;

fn key(reading: &Reading) -> Key {
    (reading.series.clone(), reading.observed_at)
}

/// What a batch comes to.
#[derive(Default)]
struct Plan {
    new: Vec<bool>,
    /// What stands in another place of the server and must go first.
    leaves: Vec<Reading>,
    /// What is written: of each key the last that is not a repeat.
    writes: Vec<Reading>,
}

fn plan(batch: &[Reading], there: &There) -> Plan {
    let mut now: HashMap<Key, usize, FxBuildHasher> = HashMap::default();
    let mut plan = Plan { new: Vec::with_capacity(batch.len()), ..Plan::default() };
    for reading in batch {
        let key = key(reading);
        let slot = now.get(&key).copied();
        let standing = slot.and_then(|at| plan.writes.get(at)).or_else(|| there.get(&key));
        // A repeat changes nothing: the first time that we heard it stays.
        let repeat = standing.is_some_and(|old| old.value == reading.value && old.quality == reading.quality);
        plan.new.push(!repeat);
        if repeat {
            continue;
        }
        match slot.and_then(|at| plan.writes.get_mut(at)) {
            Some(written) => *written = reading.clone(),
            None => {
                now.insert(key, plan.writes.len());
                plan.writes.push(reading.clone());
            }
        }
    }
    let old = plan.writes.iter().filter_map(|reading| there.get(&key(reading)).map(|old| (old, reading)));
    plan.leaves = old.filter(|(old, new)| (old.kind, &old.zone) != (new.kind, &new.zone)).map(|(old, _)| old.clone()).collect();
    plan
}

/// Instants that stand near one another are looked up by one question.
fn clusters(mut late: Vec<&Reading>) -> Vec<Vec<&Reading>> {
    late.sort_by_key(|reading| reading.observed_at);
    let near = |a: &&Reading, b: &&Reading| b.observed_at.millis() - a.observed_at.millis() <= HOUR;
    late.chunk_by(near).map(<[&Reading]>::to_vec).collect()
}

impl Influx {
    pub(crate) async fn append_batch(&self, batch: &[Reading]) -> Result<Appended, StoreError> {
        storable(batch)?;
        let mut guard = self.table.lock().await;
        let table = self.loaded(&mut guard).await?;
        let there = self.look_up(batch, table).await?;
        let plan = plan(batch, &there);
        let _touched = self.hours.touch(self, batch).await?;
        let mut body = Body::default();
        for reading in &plan.writes {
            body.push(|text| line::write(reading, text))?;
        }
        // Out of the old place first: a crash between the two leaves a gap, which the journal fills again, and never
        // two readings of one instant.
        for old in &plan.leaves {
            self.take_out(old).await?;
        }
        self.wire.write(body).await?;
        plan.writes.iter().for_each(|reading| table.put(reading));
        self.series.store(table.len() as u64, Ordering::Relaxed);
        self.written.fetch_add(plan.new.iter().filter(|new| **new).count() as u64, Ordering::Relaxed);
        Ok(Appended { new: plan.new })
    }

    /// What stands on the server under the keys of a batch.
    async fn look_up(&self, batch: &[Reading], table: &Table) -> Result<There, StoreError> {
        let late: Vec<&Reading> = batch.iter().filter(|reading| table.may_hold(reading)).collect();
        let wanted: std::collections::HashSet<Key, FxBuildHasher> = late.iter().map(|reading| key(reading)).collect();
        let mut there = There::default();
        for cluster in clusters(late) {
            let (Some(first), Some(last)) = (cluster.first(), cluster.last()) else { continue };
            let range = first.observed_at.millis()..last.observed_at.millis() + 1;
            let text = question::raw(&Selector { devices: named(&cluster), ..Selector::default() }, &range, usize::MAX);
            let take = |group: Group<RawRow>| {
                for reading in group.readings() {
                    let key = key(&reading);
                    if wanted.contains(&key) {
                        there.insert(key, reading);
                    }
                }
            };
            self.wire.ask(&text, take).await?;
        }
        Ok(there)
    }

    /// Removes one reading where it stands.
    async fn take_out(&self, reading: &Reading) -> Result<(), StoreError> {
        let select = Selector {
            kind: Some(reading.kind),
            zone: Some(reading.zone.clone()),
            devices: vec![reading.series.device.clone()],
            quantities: vec![reading.series.quantity],
        };
        let at = reading.observed_at.millis();
        let range: Range<i64> = at..at + 1;
        self.delete(&select, Some(reading.series.channel), &range).await
    }
}

/// The devices of a cluster; none, which means all, where they are many.
fn named(cluster: &[&Reading]) -> Vec<DeviceId> {
    let mut devices: Vec<DeviceId> = cluster.iter().map(|reading| reading.series.device.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    if devices.len() > NAMED { Vec::new() } else { devices }
}
