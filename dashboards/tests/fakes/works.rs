//! What may be done in the town: a quarantine in memory that notes what it was asked.

use ports::{
    Adopted, BoxFuture, Explanation, OperationError, Operations, QuarantineFilter, QuarantineGroup, Quarantined, Refusal,
    Reloaded, Retried, Retry, UnknownDevice,
};
use schemas::Device;

use super::Town;

/// What was asked to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done {
    Retry(Retry),
    Drop(QuarantineFilter),
    Adopt(Vec<Device>, bool),
    Reload,
}

impl Town {
    fn does(&self, done: Done) {
        self.done.lock().unwrap().push(done);
    }
}

impl Operations for Town {
    fn groups<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QuarantineGroup>, OperationError>> {
        Box::pin(async move {
            let (waiting, _) = self.quarantined(filter, None, limit).await?;
            let group = |m: Quarantined| QuarantineGroup {
                reason: m.reason.into_owned(),
                device: m.device,
                topic: m.message.topic.to_string(),
                count: 1,
                first: m.message.received_at,
                last: m.message.received_at,
                text: m.text,
                sample: m.offset,
            };
            Ok(waiting.into_iter().map(group).collect())
        })
    }

    fn quarantined<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<Quarantined>, bool), OperationError>> {
        Box::pin(async move {
            let fits = |m: &&Quarantined| {
                after.is_none_or(|after| m.offset > after)
                    && (filter.reasons.is_empty() || filter.reasons.iter().any(|r| *r == m.reason))
                    && filter.topic.as_ref().is_none_or(|topic| ports::fits_topic(topic, &m.message.topic))
            };
            let mut found: Vec<_> = self.waiting.lock().unwrap().iter().filter(fits).cloned().collect();
            let more = found.len() > limit;
            found.truncate(limit);
            Ok((found, more))
        })
    }

    fn explain(&self, offset: u64) -> BoxFuture<'_, Result<Option<Explanation>, OperationError>> {
        Box::pin(async move {
            let found = self.waiting.lock().unwrap().iter().find(|m| m.offset == offset).cloned();
            Ok(found.map(|quarantined| Explanation {
                envelope: Some("chirpstack".to_owned()),
                uplinks: quarantined.device.iter().map(|d| (d.clone(), Some(2), Some(vec![1, 2, 255]))).collect(),
                readings: Vec::new(),
                refusal: Some(Refusal { reason: quarantined.reason.to_string(), text: quarantined.text.clone() }),
                quarantined,
            }))
        })
    }

    fn retry(&self, retry: Retry) -> BoxFuture<'_, Result<Retried, OperationError>> {
        self.does(Done::Retry(retry));
        Box::pin(async { Ok(Retried { tried: 2, readable: 1, readings: 3, stored: 1, before: 9, ..Retried::default() }) })
    }

    fn drop_messages(&self, filter: QuarantineFilter) -> BoxFuture<'_, Result<u64, OperationError>> {
        self.does(Done::Drop(filter));
        Box::pin(async { Ok(7) })
    }

    fn unknown(&self, _limit: usize) -> BoxFuture<'_, Result<Vec<UnknownDevice>, OperationError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn adopt(&self, devices: Vec<Device>, dry_run: bool) -> BoxFuture<'_, Result<Adopted, OperationError>> {
        let new = devices.len() as u64;
        self.does(Done::Adopt(devices, dry_run));
        Box::pin(async move { Ok(Adopted { new, ..Adopted::default() }) })
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, OperationError>> {
        self.does(Done::Reload);
        Box::pin(async { Err(OperationError::Refused(vec!["city.toml:3: one".to_owned(), "d.csv:7:2: two".to_owned()])) })
    }
}
