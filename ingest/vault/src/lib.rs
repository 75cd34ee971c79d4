//! The vault: names that say nothing, sealed messages, and the one way back.
//!
//! What may tell of people is sealed before the journal sees it ([`Vault`] is the [`codec::Veil`] of a city) and kept under a
//! pseudonym of its year. The way back needs three things that are kept apart: a file of keys, outside the data directory;
//! the vault's own file; and somebody who may ask. To forget a subject is to take its row out of the file: then
//! nothing that was sealed for it can be opened, in no journal, quarantine or later backup.
//!
//! Deliberately absent: who may ask, and for which purpose (`dashboards`), and what is written down of it (`access`).

mod book;
mod cipher;
mod keys;
mod veil;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use codec::Hidden;
use ports::RecordError;
use schemas::{DeviceId, Kind, Reading};

pub use book::copy;
pub use keys::{Keys, KeysError};

use book::{Book, Entry};
use cipher::{KEY, Key};

/// Seals, names, and knows the way back. Share it behind an `Arc`.
pub struct Vault {
    keys: Keys,
    kinds: Vec<Kind>,
    book: Arc<Book>,
    /// The salt of every subject, since a message waits for no disk.
    salts: RwLock<BTreeMap<DeviceId, [u8; KEY]>>,
}

impl std::fmt::Debug for Vault {
    /// No key, no name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the vault's file, made for its owner alone if it is not there. `kinds`: behind devices of which kinds people
    /// stand.
    ///
    /// # Errors
    /// The file cannot be used, is damaged, or was made with other keys.
    pub fn open(path: &Path, keys: Keys, kinds: Vec<Kind>) -> Result<Self, RecordError> {
        let book = Book::open(path)?;
        let vault = Self { keys, kinds, salts: RwLock::new(book.salts()?), book: Arc::new(book) };
        match vault.book.any()? {
            Some((name, sealed)) if meter_of(&vault.keys.of_vault(), &name, &sealed).is_none() => {
                Err(RecordError::Damaged(format!("{} was made with other keys than those of the settings", path.display())))
            }
            _ => Ok(vault),
        }
    }

    /// As many subjects as have a name, each year's counted.
    #[must_use]
    pub fn subjects(&self) -> usize {
        self.salts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes the way back to these names out of the file, and with it the keys of what was sealed for them. How many there
    /// were. Blocks for a disk; durable when it returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&self, names: &[DeviceId]) -> Result<u64, RecordError> {
        let gone = self.book.forget(names)?;
        let mut salts = self.salts.write().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            salts.remove(name);
        }
        Ok(gone)
    }

    /// Puts readings that did not come through the veil, such as those of a file, under the names of their subjects, who are
    /// entered durably first. What stands under a name that this vault gave is left so. Blocks for a disk.
    ///
    /// # Errors
    /// The file cannot be written: then nothing is renamed.
    pub fn take_in(&self, readings: &mut [Reading]) -> Result<(), RecordError> {
        let mut strangers: Vec<(&mut DeviceId, Hidden)> = {
            let salts = self.salts.read().unwrap_or_else(PoisonError::into_inner);
            let own = readings.iter_mut().filter(|r| self.kinds.contains(&r.kind) && !salts.contains_key(&r.series.device));
            own.map(|Reading { series, received_at, .. }| {
                let (device, heard_at) = (series.device.clone(), *received_at);
                (&mut series.device, Hidden { name: self.keys.name(&device, heard_at), device, heard_at })
            })
            .collect()
        };
        self.enter(&strangers.iter().map(|(_, hidden)| hidden).collect::<Vec<_>>())?;
        for (device, hidden) in &mut strangers {
            device.clone_from(&hidden.name);
        }
        Ok(())
    }

    /// Gives each new subject a key, all durably at once, before a message of it is sealed.
    fn enter(&self, heard: &[&Hidden]) -> Result<(), RecordError> {
        let new: BTreeMap<&DeviceId, &Hidden> = {
            let salts = self.salts.read().unwrap_or_else(PoisonError::into_inner);
            heard.iter().filter(|hidden| !salts.contains_key(&hidden.name)).map(|hidden| (&hidden.name, *hidden)).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        let entries: Option<Vec<Entry<'_>>> = new.into_values().map(|hidden| self.entry(hidden)).collect();
        let entries = entries.ok_or_else(|| RecordError::Unavailable("the system gives no chance".to_owned()))?;
        let kept = self.book.enter(&entries)?;
        self.salts.write().unwrap_or_else(PoisonError::into_inner).extend(kept);
        Ok(())
    }

    fn entry<'h>(&self, hidden: &'h Hidden) -> Option<Entry<'h>> {
        let Hidden { device, name, heard_at } = hidden;
        let meter = self.keys.of_vault().seal(name.as_str(), device.as_str().as_bytes())?;
        Some(Entry { name, year: self.keys.year_of(*heard_at), salt: cipher::chance()?, meter, since: *heard_at })
    }

    fn known_key(&self, name: &DeviceId) -> Option<Key> {
        let salts = self.salts.read().unwrap_or_else(PoisonError::into_inner);
        salts.get(name).map(|salt| self.keys.of_subject(salt))
    }
}

/// The meter behind a name, of what is kept of it.
fn meter_of(key: &Key, name: &DeviceId, sealed: &[u8]) -> Option<DeviceId> {
    let text = key.open(name.as_str(), sealed)?;
    DeviceId::new(std::str::from_utf8(&text).ok()?).ok()
}

impl ports::Vault for Vault {
    fn reveal(&self, name: DeviceId) -> ports::BoxFuture<'_, Result<Option<DeviceId>, RecordError>> {
        let (book, key) = (Arc::clone(&self.book), self.keys.of_vault());
        Box::pin(async move {
            let looked =
                tokio::task::spawn_blocking(move || Ok(book.meter(&name)?.and_then(|sealed| meter_of(&key, &name, &sealed))));
            looked.await.unwrap_or_else(|_| Err(RecordError::Unavailable("the question was broken off".to_owned())))
        })
    }

    fn names(&self, meter: &DeviceId) -> Vec<DeviceId> {
        self.keys.names(meter)
    }

    fn unseal(&self, message: &schemas::Message) -> Option<schemas::Message> {
        codec::Veil::open(self, message)
    }
}

#[cfg(test)]
mod tests;
