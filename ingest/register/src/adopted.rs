//! Devices that a person adopted. A device that a file lists is the file's: whoever reads both lets the
//! file win.

use ports::{Adopted, RecordError};
use rusqlite::{Row, params};
use schemas::{Device, DeviceKey, Fitting, Timestamp};

use crate::Register;
use crate::rows::{gather, place_if_any, word, word_if_any};
use crate::trouble::{Result, While};

const READING: &str = "reading adopted devices";
const WRITING: &str = "writing adopted devices";

fn row(row: &Row<'_>) -> rusqlite::Result<Device> {
    let unfit = |e: serde_json::Error| rusqlite::Error::FromSqlConversionFailure(7, rusqlite::types::Type::Text, Box::new(e));
    let fitting: Fitting = serde_json::from_str(row.get_ref(7)?.as_str()?).map_err(unfit)?;
    let key = row.get::<_, Option<[u8; 16]>>(8)?.map(DeviceKey::new);
    Ok(Device {
        id: word(row, 0)?,
        kind: word(row, 1)?,
        zone: word(row, 2)?,
        profile: word_if_any(row, 3)?,
        place: place_if_any(row, 4)?,
        label: row.get(6)?,
        fitting: Fitting { key, ..fitting },
    })
}

impl Register {
    /// Keeps devices, all or none; one that is there already is replaced.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn adopt(&self, devices: &[Device], now: Timestamp) -> Result<()> {
        self.write(WRITING, |transaction, _| {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO adopted (id, kind, zone, profile, lat, lon, label, fitting, key, adopted_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )
                .while_(WRITING)?;
            for Device { id, kind, zone, profile, place, label, fitting } in devices {
                let (key, fitting) = (fitting.key, Fitting { key: None, ..fitting.clone() });
                let fitting = serde_json::to_string(&fitting).map_err(|e| RecordError::Unavailable(format!("{WRITING}: {e}")))?;
                insert
                    .execute(params![
                        id.as_str(),
                        kind.name(),
                        zone.as_str(),
                        profile.as_ref().map(schemas::ProfileName::as_str),
                        place.map(schemas::Place::lat),
                        place.map(schemas::Place::lon),
                        label,
                        fitting,
                        key.as_ref().map(|key| &key.bytes()[..]),
                        now.millis(),
                    ])
                    .while_(WRITING)?;
            }
            Ok(())
        })
    }

    /// What [`Register::adopt`] would do with these devices.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn compare_adopted(&self, devices: &[Device]) -> Result<Adopted> {
        let there = self.adopted()?;
        let mut compared = Adopted::default();
        for device in devices {
            match there.binary_search_by(|known| known.id.cmp(&device.id)).ok().and_then(|at| there.get(at)) {
                None => compared.new += 1,
                Some(known) if known == device => compared.same += 1,
                Some(_) => compared.changed += 1,
            }
        }
        Ok(compared)
    }

    /// All that were adopted, by id.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn adopted(&self) -> Result<Vec<Device>> {
        self.read(|db| {
            let mut statement = db
                .prepare_cached("SELECT id, kind, zone, profile, lat, lon, label, fitting, key FROM adopted ORDER BY id")
                .while_(READING)?;
            gather(statement.query_map([], row), READING)
        })
    }
}
