//! The register of a platform under test; in a mutant, one that does not keep all that it must.

use std::ops::Range;
use std::sync::Arc;

use ports::{
    AlertBook, EvaluatorStep, Forgotten, Holding, Overflow, Page, Quarantine, QuarantineFilter, Quarantined, RecordError,
    Settlement,
};
use register::Register;
use schemas::{DeviceId, Timestamp};

use super::mutant::Deed;

/// See the module.
pub(super) struct Books {
    pub(super) register: Arc<Register>,
    pub(super) mutant: Option<Deed>,
}

impl AlertBook for Books {
    fn restore(&self, each: &mut dyn FnMut(DeviceId, &[u8])) -> Result<Option<u64>, RecordError> {
        if self.mutant == Some(Deed::Oblivious) {
            return self.register.restore(&mut |_, _| ());
        }
        self.register.restore(each)
    }

    fn commit(&self, step: &EvaluatorStep) -> Result<(), RecordError> {
        self.register.commit(step)
    }
}

impl Quarantine for Books {
    fn put_aside(&self, read: Range<u64>, messages: &[Quarantined]) -> Result<(), RecordError> {
        let kept = if self.mutant == Some(Deed::Wasteful) { messages.get(1..).unwrap_or_default() } else { messages };
        self.register.put_aside(read, kept)
    }

    fn page(&self, filter: &QuarantineFilter, offsets: Range<u64>, most: Page) -> Result<Vec<Quarantined>, RecordError> {
        self.register.page(filter, offsets, most)
    }

    fn settle(&self, settlement: &Settlement) -> Result<(), RecordError> {
        self.register.settle(settlement)
    }

    fn drop_messages(&self, filter: &QuarantineFilter, offsets: Range<u64>, rows: usize) -> Result<u64, RecordError> {
        self.register.drop_messages(filter, offsets, rows)
    }

    fn drop_these(&self, offsets: &[u64]) -> Result<u64, RecordError> {
        self.register.drop_these(offsets)
    }

    fn forget(&self, overflow: &Overflow) -> Result<Forgotten, RecordError> {
        self.register.forget(overflow)
    }

    fn holding(&self, aged_before: Timestamp) -> Result<Holding, RecordError> {
        self.register.holding(aged_before)
    }
}
