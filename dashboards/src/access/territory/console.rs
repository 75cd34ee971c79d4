//! Devices and alerts within a territory, and nothing of how the platform is run.

use std::sync::Arc;

use ports::{
    Adopted, AlertFilter, AlertView, BoxFuture, Console, ConsoleError, Desk, DeviceFilter, DeviceView, Erased, Explanation,
    KeptFilter, KeptPage, OperationError, Operations, QuarantineFilter, QuarantineGroup, Quarantined, RecordError, Reloaded,
    Retried, Retry, Status, Trace, UnknownDevice, Why,
};
use schemas::{AlertId, Device, DeviceId, Reading};

use super::Territory;
use super::sight::Patch;

pub(super) struct Cut {
    pub(super) territory: Territory,
    pub(super) whole: Arc<dyn Console>,
    /// Cut to the same territory.
    pub(super) desk: Arc<dyn Desk>,
}

impl Cut {
    async fn devices_now(&self, filter: &DeviceFilter) -> Result<Vec<DeviceView>, ConsoleError> {
        let mut all = Vec::new();
        for Patch { kind, zone } in self.territory.today().patches(filter.kind, filter.zone.as_ref()) {
            let filter = DeviceFilter { kind, zone, ..filter.clone() };
            all.extend(self.whole.devices(&filter).await?);
        }
        all.sort_by(|a, b| a.device.id.cmp(&b.device.id));
        all.truncate(filter.limit);
        Ok(all)
    }

    async fn alerts_now(&self, filter: &AlertFilter) -> Result<Vec<AlertView>, ConsoleError> {
        let mut all = Vec::new();
        for Patch { kind, zone } in self.territory.today().patches(filter.kind, filter.zone.as_ref()) {
            let filter = AlertFilter { kind, zone, ..filter.clone() };
            all.extend(self.whole.alerts(&filter).await?);
        }
        in_order(&mut all, |alert| alert);
        all.truncate(filter.limit);
        Ok(all)
    }

    async fn why_now(&self, alert: &AlertId) -> Result<Option<Why>, ConsoleError> {
        // Whose it is stands at the desk.
        let found = self.desk.alert(alert).await.map_err(|error| RecordError::Unavailable(error.to_string()))?;
        if found.is_none() { Ok(None) } else { self.whole.why(alert).await }
    }
}

/// Gravest first, of equal ones those that changed last, then by id.
pub(super) fn in_order<T>(all: &mut [T], of: fn(&T) -> &AlertView) {
    all.sort_by(|a, b| {
        let (a, b) = (of(a), of(b));
        (b.severity, b.at).cmp(&(a.severity, a.at)).then_with(|| a.id.cmp(&b.id))
    });
}

impl Console for Cut {
    /// The figures of the whole are no secret of anybody's; which brokers and readers there are is no affair of a part of it.
    fn status(&self) -> BoxFuture<'_, Result<Status, ConsoleError>> {
        Box::pin(async {
            let whole = self.whole.status().await?;
            Ok(Status { sources: Vec::new(), readers: Vec::new(), checks: Vec::new(), ..whole })
        })
    }

    fn devices<'a>(&'a self, filter: &'a DeviceFilter) -> BoxFuture<'a, Result<Vec<DeviceView>, ConsoleError>> {
        Box::pin(self.devices_now(filter))
    }

    fn alerts<'a>(&'a self, filter: &'a AlertFilter) -> BoxFuture<'a, Result<Vec<AlertView>, ConsoleError>> {
        Box::pin(self.alerts_now(filter))
    }

    fn why<'a>(&'a self, alert: &'a AlertId) -> BoxFuture<'a, Result<Option<Why>, ConsoleError>> {
        Box::pin(self.why_now(alert))
    }
}

/// Whoever sees a part of the city runs nothing.
pub(super) struct NoWorks;

fn refused<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, OperationError>> {
    Box::pin(async { Err(OperationError::Refused(vec!["this concerns the whole city".to_owned()])) })
}

impl Operations for NoWorks {
    fn groups<'a>(&'a self, _: &'a QuarantineFilter, _: usize) -> BoxFuture<'a, Result<Vec<QuarantineGroup>, OperationError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn quarantined<'a>(
        &'a self,
        _: &'a QuarantineFilter,
        _: Option<u64>,
        _: usize,
    ) -> BoxFuture<'a, Result<(Vec<Quarantined>, bool), OperationError>> {
        Box::pin(async { Ok((Vec::new(), false)) })
    }

    fn explain(&self, _: u64) -> BoxFuture<'_, Result<Option<Explanation>, OperationError>> {
        Box::pin(async { Ok(None) })
    }

    fn kept<'a>(&'a self, _: &'a KeptFilter) -> BoxFuture<'a, Result<KeptPage, OperationError>> {
        Box::pin(async { Ok(KeptPage::default()) })
    }

    fn trace<'a>(&'a self, _: &'a Reading) -> BoxFuture<'a, Result<Option<Trace>, OperationError>> {
        Box::pin(async { Ok(None) })
    }

    fn retry(&self, _: Retry) -> BoxFuture<'_, Result<Retried, OperationError>> {
        refused()
    }

    fn drop_messages(&self, _: QuarantineFilter) -> BoxFuture<'_, Result<u64, OperationError>> {
        refused()
    }

    fn unknown(&self, _: usize) -> BoxFuture<'_, Result<Vec<UnknownDevice>, OperationError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn adopt(&self, _: Vec<Device>, _: bool) -> BoxFuture<'_, Result<Adopted, OperationError>> {
        refused()
    }

    fn erase(&self, _: Vec<DeviceId>) -> BoxFuture<'_, Result<Erased, OperationError>> {
        refused()
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, OperationError>> {
        refused()
    }
}
