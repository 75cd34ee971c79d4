//! Appending: what may be there already is looked up, what changes nothing is not written, what corrects gets the next
//! revision.

use std::collections::{HashMap, HashSet};

use ports::{Appended, Selector, StoreError, quantised, storable};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, HOUR, Reading};
use store_http::Body;
use tokio::time::Instant;

use crate::export::{Assembly, Revised};
use crate::latest::{AHEAD, Table, now};
use crate::young::{Key, key};
use crate::{Victoria, line, question};

/// Devices that a look-up names; where more are late, it asks for all.
const NAMED: usize = 64;
/// The engine keeps nothing of the first day of all.
const FIRST: i64 = 24 * HOUR;

type There = HashMap<Key, Revised, FxBuildHasher>;

fn key_of(reading: &Reading) -> Key {
    (reading.series.clone(), reading.observed_at)
}

/// Refuses what the servers would drop without a word.
fn kept(batch: &[Reading]) -> Result<(), StoreError> {
    storable(batch)?;
    let range = FIRST..now() + AHEAD;
    match batch.iter().find(|reading| !range.contains(&reading.observed_at.millis())) {
        None => Ok(()),
        Some(reading) => Err(StoreError::Refused(format!(
            "{} of {} is observed at {}, expected no more than two days ahead",
            reading.series.quantity, reading.series.device, reading.observed_at
        ))),
    }
}

/// Which readings of a batch are new, and what is written for them: of each key the last that is not a repeat.
fn plan(batch: &[Reading], there: &There) -> (Vec<bool>, Vec<Revised>) {
    let mut now: HashMap<Key, usize, FxBuildHasher> = HashMap::default();
    let (mut new, mut writes) = (Vec::with_capacity(batch.len()), Vec::<Revised>::new());
    for reading in batch {
        let key = key_of(reading);
        let slot = now.get(&key).copied();
        let standing = slot.and_then(|at| writes.get(at)).or_else(|| there.get(&key));
        let value = quantised(reading.value);
        // A repeat changes nothing: the first time that we heard it stays.
        let repeat = standing.is_some_and(|old| old.reading.value == value && old.reading.quality == reading.quality);
        new.push(!repeat);
        if repeat {
            continue;
        }
        // Within a batch nothing stands there yet, and the first revision of it is the only one.
        let revision = there.get(&key).map_or(0, |old| old.revision.saturating_add(1));
        let revised = Revised { reading: Reading { value, ..reading.clone() }, revision };
        match slot.and_then(|at| writes.get_mut(at)) {
            Some(written) => *written = revised,
            None => {
                now.insert(key, writes.len());
                writes.push(revised);
            }
        }
    }
    (new, writes)
}

/// Instants that stand near one another are looked up by one question.
fn clusters(mut late: Vec<&Reading>) -> Vec<Vec<&Reading>> {
    late.sort_by_key(|reading| reading.observed_at);
    let near = |a: &&Reading, b: &&Reading| b.observed_at.millis() - a.observed_at.millis() <= HOUR;
    late.chunk_by(near).map(<[&Reading]>::to_vec).collect()
}

impl Victoria {
    pub(crate) async fn append_batch(&self, batch: &[Reading]) -> Result<Appended, StoreError> {
        kept(batch)?;
        let mut guard = self.table.lock().await;
        let table = self.loaded(&mut guard).await?;
        let there = self.look_up(batch, table).await?;
        let (new, writes) = plan(batch, &there);
        // Repeats too: what was lost with the servers comes again as one.
        let _touched = self.hours.touch(self, batch).await?;
        let mut body = Body::default();
        for Revised { reading, revision } in &writes {
            body.push(|text| line::write(reading, *revision, text))?;
        }
        self.wire.write(body).await?;
        writes.iter().for_each(|revised| table.put(revised));
        let mut young = self.young();
        young.put(writes, Instant::now());
        young.count(new.iter().filter(|new| **new).count() as u64, table.len() as u64);
        Ok(Appended { new })
    }

    /// What stands under the keys of a batch.
    async fn look_up(&self, batch: &[Reading], table: &Table) -> Result<There, StoreError> {
        let mut there = There::default();
        let mut late = Vec::new();
        {
            let young = self.young();
            for reading in batch {
                let key = key_of(reading);
                match young.find(&key) {
                    Some(revised) => drop(there.insert(key, revised.clone())),
                    None if table.may_hold(reading) => late.push(reading),
                    None => {}
                }
            }
        }
        let wanted: HashSet<Key, FxBuildHasher> = late.iter().map(|reading| key_of(reading)).collect();
        for cluster in clusters(late) {
            let (Some(first), Some(last)) = (cluster.first(), cluster.last()) else { continue };
            let range = first.observed_at.millis()..last.observed_at.millis() + 1;
            let select = Selector { devices: named(&cluster), ..Selector::default() };
            let mut assembly = Assembly::default();
            self.wire.export(&question::all(&select), &range, |samples| assembly.take(samples)).await?;
            for revised in assembly.readings() {
                let key = key(&revised);
                let newer = there.get(&key).is_none_or(|old| old.revision < revised.revision);
                if wanted.contains(&key) && newer {
                    there.insert(key, revised);
                }
            }
        }
        Ok(there)
    }
}

/// The devices of a cluster; none, which means all, where they are many.
fn named(cluster: &[&Reading]) -> Vec<DeviceId> {
    let mut devices: Vec<DeviceId> = cluster.iter().map(|reading| reading.series.device.clone()).collect();
    devices.sort_unstable();
    devices.dedup();
    if devices.len() > NAMED { Vec::new() } else { devices }
}
