//! Walking through all of a period, page by page, in constant memory.

use std::sync::Arc;

use ports::{Points, Query, Selector, Store};
use schemas::DeviceId;

use crate::budget::in_time;
use crate::scan::{Pager, ScanError};

/// One device after another, each in order of time. Stores keep a series together, so that a walk in
/// order of time over all devices would unpack everything for every page.
pub struct Walk {
    store: Arc<dyn Store>,
    query: Query,
    devices: std::vec::IntoIter<DeviceId>,
    here: Option<Pager>,
}

impl Walk {
    /// Of the devices that the query names, or of all that the store knows. Its limit is not looked at.
    ///
    /// # Errors
    /// As the store says, and where the time of a request is up.
    pub async fn begin(store: Arc<dyn Store>, query: Query) -> Result<Self, ScanError> {
        let mut devices = query.select.devices.clone();
        if devices.is_empty() {
            // Every device that ever measured it, wherever it stands and whatever it is now.
            let known = Selector { quantities: query.select.quantities.clone(), ..Selector::default() };
            devices = in_time(store.latest(&known)).await?.into_iter().map(|r| r.series.device).collect();
        }
        devices.sort_unstable();
        devices.dedup();
        Ok(Self { store, query, devices: devices.into_iter(), here: None })
    }

    /// The next points, of one device; none when all devices are told. `more` speaks of the present device only.
    ///
    /// # Errors
    /// As the store says, and where the time of a request is up.
    pub async fn page(&mut self, limit: usize) -> Result<Option<Points>, ScanError> {
        loop {
            if let Some(pager) = &mut self.here {
                let points = pager.page(limit).await?;
                if !points.more() {
                    self.here = None;
                }
                if !points.is_empty() {
                    return Ok(Some(points));
                }
            } else {
                let Some(device) = self.devices.next() else { return Ok(None) };
                let select = Selector { devices: vec![device], ..self.query.select.clone() };
                self.here = Some(Pager::new(self.store.clone(), Query { select, ..self.query.clone() }, None));
            }
        }
    }
}
