//! Devices that were heard.

use ports::{DeviceBook, DeviceFilter, DeviceSeen, DeviceView, FirmwareSeen, Path};
use rusqlite::{Row, Transaction, params, params_from_iter, types::Value};
use schemas::{Device, DeviceId, Firmware, Fitting, Place};

use crate::rows::{gather, instant, limit, place_if_any, word, word_if_any};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

const COLUMNS: &str = "id, kind, zone, profile, lat, lon, label, first_seen, last_seen";
const READING: &str = "reading devices";
const WRITING: &str = "writing devices";

fn row(row: &Row<'_>) -> rusqlite::Result<DeviceSeen> {
    Ok(DeviceSeen {
        device: Device {
            id: word(row, 0)?,
            kind: word(row, 1)?,
            zone: word(row, 2)?,
            profile: word_if_any(row, 3)?,
            place: place_if_any(row, 4)?,
            label: row.get(6)?,
            // Known from the catalogue alone: nothing of it is kept here.
            fitting: Fitting::default(),
        },
        first_seen: instant(row, 7)?,
        last_seen: instant(row, 8)?,
        path: None,
        firmware: None,
    })
}

fn enter(transaction: &Transaction<'_>, tally: &mut Tally, seen: &DeviceSeen) -> rusqlite::Result<()> {
    let Device { id, kind, zone, profile, place, label, fitting: _ } = &seen.device;
    let all = params![
        id.as_str(),
        kind.name(),
        zone.as_str(),
        profile.as_ref().map(schemas::ProfileName::as_str),
        place.map(Place::lat),
        place.map(Place::lon),
        label,
        seen.first_seen.millis(),
        seen.last_seen.millis(),
    ];
    // Nearly always only the time moved, and then no index is touched. Every statement takes the same
    // nine values; where one has no use for `first_seen` (?8) it is named all the same.
    let moved = transaction
        .prepare_cached(
            "UPDATE device SET last_seen = max(last_seen, ?9) WHERE id = ?1 AND kind = ?2 AND zone = ?3 \
             AND profile IS ?4 AND lat IS ?5 AND lon IS ?6 AND label IS ?7 AND ?8 IS NOT NULL",
        )?
        .execute(all)?;
    if moved > 0 {
        return Ok(());
    }
    let entered = transaction
        .prepare_cached(
            "INSERT INTO device (id, kind, zone, profile, lat, lon, label, first_seen, last_seen) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(all)?;
    if entered > 0 {
        tally.devices += 1;
        return Ok(());
    }
    transaction
        .prepare_cached(
            "UPDATE device SET kind = ?2, zone = ?3, profile = ?4, lat = ?5, lon = ?6, label = ?7, \
             last_seen = max(last_seen, ?9) WHERE id = ?1 AND ?8 IS NOT NULL",
        )?
        .execute(all)?;
    Ok(())
}

impl DeviceBook for Register {
    fn seen(&self, devices: &[DeviceSeen]) -> Result<()> {
        if devices.is_empty() {
            return Ok(());
        }
        self.write(WRITING, |transaction, tally| {
            // As the rows lie, so that each page is read and written once.
            let mut devices: Vec<_> = devices.iter().collect();
            devices.sort_by_key(|seen| &seen.device.id);
            devices
                .into_iter()
                .try_for_each(|seen| {
                    enter(transaction, tally, seen)?;
                    seen.path.iter().try_for_each(|path| keep_path(transaction, &seen.device.id, path))?;
                    seen.firmware.iter().try_for_each(|version| keep_firmware(transaction, seen, version))
                })
                .while_(WRITING)
        })
    }

    fn devices(&self) -> Result<Vec<DeviceSeen>> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM device ORDER BY id")).while_(READING)?;
            gather(statement.query_map([], row), READING)
        })
    }

    fn paths(&self) -> Result<Vec<(DeviceId, Path)>> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT device, door, gateways FROM path ORDER BY device").while_(READING)?;
            let path = |row: &Row<'_>| {
                let gateways = row.get_ref(2)?.as_str()?.split_ascii_whitespace();
                let gateways = gateways.filter_map(|name| DeviceId::new(name).ok()).collect();
                Ok((word(row, 0)?, Path { door: row.get(1)?, gateways }))
            };
            gather(statement.query_map([], path), READING)
        })
    }
}

/// Nearly always it is the way of before, and then nothing is written. A door that is not known leaves the one that is.
fn keep_path(transaction: &Transaction<'_>, device: &DeviceId, path: &Path) -> rusqlite::Result<()> {
    let gateways = path.gateways.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(" ");
    transaction
        .prepare_cached(
            "INSERT INTO path (device, door, gateways) VALUES (?1, ?2, ?3) ON CONFLICT (device) DO UPDATE \
             SET door = coalesce(excluded.door, door), gateways = excluded.gateways \
             WHERE coalesce(excluded.door, door) IS NOT door OR excluded.gateways <> gateways",
        )?
        .execute(params![device.as_str(), path.door, gateways])?;
    Ok(())
}

/// Nearly always it is the version of before, and then nothing is written.
fn keep_firmware(transaction: &Transaction<'_>, seen: &DeviceSeen, version: &Firmware) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO firmware (device, version, since) VALUES (?1, ?2, ?3) ON CONFLICT (device) DO UPDATE \
             SET version = excluded.version, since = excluded.since WHERE excluded.version <> version",
        )?
        .execute(params![seen.device.id.as_str(), version.as_str(), seen.last_seen.millis()])?;
    Ok(())
}

/// The version and since when, at and behind this column.
fn firmware(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<FirmwareSeen>> {
    let said: Option<String> = row.get(column)?;
    let Some(version) = said.as_deref().and_then(Firmware::read) else { return Ok(None) };
    Ok(Some(FirmwareSeen { version, since: instant(row, column + 1)? }))
}

impl Register {
    /// Devices that were heard, in the order of their ids; the filter's `after` and `limit` page
    /// through them.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn devices_page(&self, filter: &DeviceFilter) -> Result<Vec<DeviceView>> {
        let mut sql =
            format!("SELECT {COLUMNS}, version, since FROM device LEFT JOIN firmware ON firmware.device = id WHERE id > ?");
        let mut values = vec![Value::from(filter.after.as_ref().map_or("", |id| id.as_str()).to_owned())];
        if let Some(id) = &filter.id {
            sql.push_str(" AND id = ?");
            values.push(Value::from(id.as_str().to_owned()));
        }
        if let Some(kind) = filter.kind {
            sql.push_str(" AND kind = ?");
            values.push(Value::from(kind.name().to_owned()));
        }
        if let Some(zone) = &filter.zone {
            sql.push_str(" AND zone = ?");
            values.push(Value::from(zone.as_str().to_owned()));
        }
        sql.push_str(" ORDER BY id LIMIT ?");
        values.push(Value::from(limit(filter.limit)));
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).while_(READING)?;
            let view = |row: &Row<'_>| {
                let DeviceSeen { device, first_seen, last_seen, .. } = self::row(row)?;
                let firmware = firmware(row, 9)?;
                Ok(DeviceView { device, first_seen: Some(first_seen), last_seen: Some(last_seen), firmware })
            };
            gather(statement.query_map(params_from_iter(values), view), READING)
        })
    }

    /// How many devices were ever heard. Cheap.
    #[must_use]
    pub fn device_count(&self) -> u64 {
        self.tally().devices
    }
}
