//! A disk in memory that tests can stop, tear, fill, and make fail or lie.
//!
//! It keeps what the page cache has apart from what is durable. [`FaultyDisk::crash`] is a power
//! failure: of what was not synced, a seeded choice survives, write by write and sector by sector, in
//! any order, one of them torn inside a sector; names that were not synced survive or not, each by
//! itself. That is harsher than any file system, and within what POSIX allows.
//!
//! Deliberately absent: bits that rot by themselves; [`FaultyDisk::flip`] does it on demand.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, File};
use crate::view::lock;

/// What survives together unless it is torn.
const SECTOR: u64 = 512;

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Copy, Debug)]
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn coin(&mut self) -> bool {
        self.draw() & 1 == 0
    }
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Truncate(u64),
}

#[derive(Clone, Debug)]
enum Naming {
    Give(String, usize),
    Take(String),
    Move { from: String, to: String, file: usize },
}

#[derive(Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Between the two, in order.
    unsynced: Vec<Change>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced_names: Vec<Naming>,
    operations: u64,
    syncs: u64,
    stop_at: Option<u64>,
    stopped: bool,
    room: Option<u64>,
    fail_sync_at: Option<u64>,
    lies: bool,
    /// Handles from before a crash are dead.
    age: u64,
}

/// A [`Disk`] in memory; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct Handle {
    state: Arc<Mutex<State>>,
    file: usize,
    age: u64,
}

fn stopped() -> io::Error {
    io::Error::other("the disk has stopped")
}

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no such file")
}

fn place(at: u64) -> usize {
    usize::try_from(at).expect("a test's file fits the memory")
}

fn put(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = place(at);
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

impl State {
    /// Counts an operation that changes something. Error: the disk stops, or has stopped; with true
    /// it stops in the middle of this very operation.
    fn operate(&mut self) -> Result<(), bool> {
        if self.stopped {
            return Err(false);
        }
        self.operations += 1;
        if self.stop_at.is_some_and(|stop| self.operations > stop) {
            self.stopped = true;
            return Err(true);
        }
        Ok(())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.files[*file].cache.len() as u64).sum()
    }

    fn write(&mut self, file: usize, bytes: &[u8], at: u64) {
        let inode = &mut self.files[file];
        put(&mut inode.cache, at, bytes);
        inode.unsynced.push(Change::Write { at, bytes: bytes.to_vec() });
    }

    /// Error: this one fails. A lie is no error.
    fn sync(&mut self) -> io::Result<bool> {
        self.syncs += 1;
        if self.fail_sync_at == Some(self.syncs) {
            return Err(io::Error::other("the sync failed"));
        }
        Ok(!self.lies)
    }

    fn rename_all(names: &mut BTreeMap<String, usize>, change: &Naming) {
        match change {
            Naming::Give(name, file) => {
                names.insert(name.clone(), *file);
            }
            Naming::Take(name) => {
                names.remove(name);
            }
            Naming::Move { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }

    fn change_names(&mut self, change: Naming) {
        Self::rename_all(&mut self.names, &change);
        self.unsynced_names.push(change);
    }

    fn crash(&mut self, mut chance: Chance) {
        for inode in &mut self.files {
            for change in std::mem::take(&mut inode.unsynced) {
                match change {
                    Change::Truncate(length) if chance.coin() => inode.durable.resize(place(length), 0),
                    Change::Truncate(_) => {}
                    Change::Write { at, bytes } => survive(&mut inode.durable, at, &bytes, &mut chance),
                }
            }
            inode.cache.clone_from(&inode.durable);
        }
        for change in std::mem::take(&mut self.unsynced_names) {
            if chance.coin() {
                Self::rename_all(&mut self.durable_names, &change);
            }
        }
        self.names.clone_from(&self.durable_names);
        self.stopped = false;
        self.stop_at = None;
        self.fail_sync_at = None;
        self.age += 1;
    }
}

/// Some sectors of a write reach the disk: all, none, or a choice; one may be torn.
fn survive(durable: &mut Vec<u8>, at: u64, bytes: &[u8], chance: &mut Chance) {
    let choice = chance.draw() % 4;
    let mut from = 0;
    while from < bytes.len() {
        let to = (from + place(SECTOR - (at + from as u64) % SECTOR)).min(bytes.len());
        let kept = match choice {
            0 => 0,
            1 => to - from,
            _ if chance.draw().is_multiple_of(8) => place(chance.draw() % (to - from) as u64),
            _ if chance.coin() => to - from,
            _ => 0,
        };
        if kept > 0 {
            put(durable, at + from as u64, &bytes[from..from + kept]);
        }
        from = to;
    }
}

impl FaultyDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations that change something were begun: writes, truncations, syncs, names.
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.state).operations
    }

    /// The disk stops in the middle of the operation after `operations` more, and answers errors from
    /// then on, until [`FaultyDisk::crash`].
    pub fn stop_after(&self, operations: u64) {
        let mut state = lock(&self.state);
        state.stop_at = Some(state.operations + operations);
    }

    /// Whether it has stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        lock(&self.state).stopped
    }

    /// Power fails and comes back: handles are dead, what was not synced survives by chance, faults
    /// that were asked for are forgotten, except the room and the lies.
    pub fn crash(&self, seed: u64) {
        lock(&self.state).crash(Chance(seed));
    }

    /// Bytes that fit on the disk from now on; None is without bound. A write that does not fit is
    /// done as far as it fits.
    pub fn set_room(&self, room: Option<u64>) {
        lock(&self.state).room = room;
    }

    /// Bytes that are on the disk.
    #[must_use]
    pub fn used(&self) -> u64 {
        lock(&self.state).used()
    }

    /// The sync after `syncs` more fails, and what it should have made durable never becomes so, by
    /// any later sync, unless it is written again.
    pub fn fail_sync_after(&self, syncs: u64) {
        let mut state = lock(&self.state);
        state.fail_sync_at = Some(state.syncs + syncs + 1);
    }

    /// Syncs succeed without doing anything.
    pub fn set_lies(&self, lies: bool) {
        lock(&self.state).lies = lies;
    }

    /// Flips bits of a byte, in the cache and on the disk. False: there is no such byte.
    pub fn flip(&self, name: &str, at: u64, mask: u8) -> bool {
        let mut state = lock(&self.state);
        let Some(file) = state.names.get(name).copied() else {
            return false;
        };
        let inode = &mut state.files[file];
        if let Some(byte) = inode.durable.get_mut(place(at)) {
            *byte ^= mask;
        }
        inode.cache.get_mut(place(at)).map(|byte| *byte ^= mask).is_some()
    }

    /// What a file has in the page cache.
    #[must_use]
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        let state = lock(&self.state);
        state.names.get(name).map(|file| state.files[*file].cache.clone())
    }

    /// Puts a durable file there, by no operation.
    pub fn place(&self, name: &str, bytes: &[u8]) {
        let mut state = lock(&self.state);
        let file = state.files.len();
        state.files.push(Inode { cache: bytes.to_vec(), durable: bytes.to_vec(), unsynced: Vec::new() });
        state.names.insert(name.to_owned(), file);
        state.durable_names.insert(name.to_owned(), file);
    }

    fn handle(&self, file: usize, age: u64) -> Arc<dyn File> {
        Arc::new(Handle { state: Arc::clone(&self.state), file, age })
    }

    fn rename_by(&self, change: impl FnOnce(&State) -> io::Result<Naming>) -> io::Result<()> {
        let mut state = lock(&self.state);
        let operated = state.operate();
        let change = change(&state)?;
        match operated {
            Err(false) => return Err(stopped()),
            // It stops in the middle: the change is begun, and survives by chance.
            Err(true) => {
                state.change_names(change);
                return Err(stopped());
            }
            Ok(()) => state.change_names(change),
        }
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.state).names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = {
            let mut state = lock(&self.state);
            state.files.push(Inode::default());
            state.files.len() - 1
        };
        self.rename_by(|_| Ok(Naming::Give(name.to_owned(), file)))?;
        Ok(self.handle(file, lock(&self.state).age))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let state = lock(&self.state);
        let file = *state.names.get(name).ok_or_else(not_found)?;
        Ok(self.handle(file, state.age))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.rename_by(|state| state.names.get(name).map(|_| Naming::Take(name.to_owned())).ok_or_else(not_found))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_by(|state| {
            let file = *state.names.get(from).ok_or_else(not_found)?;
            Ok(Naming::Move { from: from.to_owned(), to: to.to_owned(), file })
        })
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.operate().map_err(|_| stopped())?;
        if state.sync()? {
            state.unsynced_names.clear();
            state.durable_names = state.names.clone();
        }
        Ok(())
    }

    fn nonce(&self) -> u64 {
        // Tests want the same bytes each time.
        0x5EED
    }
}

impl Handle {
    fn live(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let state = lock(&self.state);
        if state.age == self.age { Ok(state) } else { Err(stopped()) }
    }
}

impl File for Handle {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut state = self.live()?;
        match state.operate() {
            Ok(()) => {}
            Err(false) => return Err(stopped()),
            Err(true) => {
                state.write(self.file, bytes, at);
                return Err(stopped());
            }
        }
        let length = state.files[self.file].cache.len() as u64;
        let others = state.used() - length.min(state.used());
        let fits = state.room.map_or(u64::MAX, |room| room.saturating_sub(others).max(length)).saturating_sub(at);
        let fits = usize::try_from(fits).unwrap_or(usize::MAX);
        if fits < bytes.len() {
            state.write(self.file, &bytes[..fits], at);
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.write(self.file, bytes, at);
        Ok(())
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        let state = self.live()?;
        let from = state.files[self.file].cache.get(place(at)..).and_then(|rest| rest.get(..bytes.len()));
        bytes.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.live()?;
        state.operate().map_err(|_| stopped())?;
        let synced = state.sync();
        let inode = &mut state.files[self.file];
        match synced {
            Ok(true) => {
                for change in std::mem::take(&mut inode.unsynced) {
                    match change {
                        Change::Write { at, bytes } => put(&mut inode.durable, at, &bytes),
                        Change::Truncate(length) => inode.durable.resize(place(length), 0),
                    }
                }
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                // "fsyncgate": the pages count as clean now, and are not on the disk.
                inode.unsynced.clear();
                Err(error)
            }
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.live()?;
        let operated = state.operate();
        if operated != Err(false) {
            let inode = &mut state.files[self.file];
            inode.cache.resize(place(length), 0);
            inode.unsynced.push(Change::Truncate(length));
        }
        operated.map_err(|_| stopped())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.live()?.files[self.file].cache.len() as u64)
    }
}
