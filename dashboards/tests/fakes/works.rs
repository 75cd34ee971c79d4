//! What may be done in the town: a quarantine in memory that notes what it was asked.

use ports::{
    Adopted, BoxFuture, Erased, Explanation, Kept, KeptFilter, KeptPage, OperationError, Operations, QuarantineFilter,
    QuarantineGroup, Quarantined, ReadBy, Refusal, Reloaded, Reread, Retried, Retry, Trace, UnknownDevice,
};
use schemas::{Device, DeviceId, Message, Reading};

use super::Town;

/// What was asked to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done {
    Retry(Retry),
    Drop(QuarantineFilter),
    Adopt(Vec<Device>, bool),
    Erase(Vec<DeviceId>),
    Reload,
    Save(ports::RuleDraft),
}

impl Town {
    pub(super) fn does(&self, done: Done) {
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
                now: Reread {
                    envelope: Some("chirpstack".to_owned()),
                    uplinks: quarantined.device.iter().map(|d| (d.clone(), Some(2), Some(vec![1, 2, 255]))).collect(),
                    refusal: Some(Refusal { reason: quarantined.reason.to_string(), text: quarantined.text.clone() }),
                    ..Reread::default()
                },
                quarantined,
            }))
        })
    }

    fn kept<'a>(&'a self, filter: &'a KeptFilter) -> BoxFuture<'a, Result<KeptPage, OperationError>> {
        Box::pin(async move {
            let waiting = self.waiting.lock().unwrap();
            let kept = waiting.iter().rev().map(|m| Kept { offset: m.offset, message: m.message.clone() });
            let fits = |kept: &Kept| {
                filter.topic.as_ref().is_none_or(|topic| ports::fits_topic(topic, &kept.message.topic))
                    && filter.before.is_none_or(|before| kept.offset < before)
            };
            let mut found: Vec<Kept> = kept.filter(fits).take(filter.limit + 1).collect();
            let more = found.len() > filter.limit;
            found.truncate(filter.limit);
            let next = found.last().filter(|_| more).map(|last| last.offset);
            Ok(KeptPage { messages: found, next })
        })
    }

    /// Every reading came in a message of its own, as a device of the first profile says it.
    fn trace<'a>(&'a self, reading: &'a Reading) -> BoxFuture<'a, Result<Option<Trace>, OperationError>> {
        Box::pin(async move {
            let payload = format!(r#"{{"bin":"{}","level":{}}}"#, reading.series.device, reading.value);
            let message = Message {
                topic: "application/1/device/0102030405060708/event/up".into(),
                payload: payload.into_bytes().into(),
                received_at: reading.received_at,
                provenance: schemas::Provenance::default(),
            };
            let profile = ReadBy {
                profile: "netvox-r718x".parse().unwrap(),
                codec: "layout".to_owned(),
                make: "Netvox R718X".to_owned(),
                source: "the maker's manual".to_owned(),
                version: "0123456789ab".to_owned(),
            };
            let now = Reread {
                envelope: Some("chirpstack".to_owned()),
                uplinks: vec![(reading.series.device.clone(), Some(2), Some(vec![1, 2, 255]))],
                profile: Some(profile),
                readings: vec![reading.clone()],
                refusal: None,
            };
            Ok(Some(Trace { kept: Kept { offset: 41, message }, now }))
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

    fn erase(&self, meters: Vec<DeviceId>) -> BoxFuture<'_, Result<Erased, OperationError>> {
        let names = meters.clone();
        self.does(Done::Erase(meters));
        Box::pin(async { Ok(Erased { names, keys: 1, readings: 2, records: 3, messages: 4 }) })
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, OperationError>> {
        self.does(Done::Reload);
        Box::pin(async { Err(OperationError::Refused(vec!["city.toml:3: one".to_owned(), "d.csv:7:2: two".to_owned()])) })
    }
}
