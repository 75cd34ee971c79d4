//! Reading committed records in order.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::scan::{Scan, Step};
use crate::view::{Segment, Shared, lock};
use crate::{JournalError, Offset};

/// Some records in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The offset of the first.
    pub first: Offset,
    /// At least one. They share one buffer, which lives as long as any of them.
    pub records: Vec<Bytes>,
}

impl Batch {
    /// The offset after the last.
    #[must_use]
    pub fn next(&self) -> Offset {
        self.first + self.records.len() as u64
    }
}

/// Reads on from a place. It holds a file open and a piece of it, about 256 KiB.
///
/// It sees the records that are on disk, and no others. Only a cursor keeps the records that it has
/// not read yet from being released.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    scan: Scan,
}

fn failed(segment: &Segment, at: u64, error: io::Error) -> JournalError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        JournalError::damaged(&segment.name, at, "the file is shorter than it was when its records were kept")
    } else {
        JournalError::io("read", &segment.name, error)
    }
}

/// The segment that has this record, or would have it next.
fn find(shared: &Shared, offset: Offset) -> Result<Arc<Segment>, JournalError> {
    let found = {
        let index = lock(&shared.index);
        let after = index.segments.partition_point(|segment| segment.first <= offset);
        after.checked_sub(1).and_then(|at| index.segments.get(at).map(Arc::clone))
    };
    found.ok_or_else(|| shared.out_of_range(offset))
}

fn start(shared: &Shared, segment: &Segment) -> Result<Scan, JournalError> {
    match shared.disk.open(&segment.name) {
        Ok(file) => Ok(Scan::new(file, shared.salt, segment.first)),
        // Released between the look and the leap.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(shared.out_of_range(segment.first)),
        Err(error) => Err(JournalError::io("open", &segment.name, error)),
    }
}

impl Reader {
    pub(crate) fn open(shared: &Arc<Shared>, from: Offset) -> Result<Self, JournalError> {
        let segment = find(shared, from)?;
        let mut scan = start(shared, &segment)?;
        let end = segment.committed();
        let met = scan.skip_to(from, end).map_err(|error| failed(&segment, scan.at(), error))?;
        match met {
            None => Ok(Self { shared: Arc::clone(shared), segment, scan }),
            Some(Step::Bad(reason)) => Err(JournalError::damaged(&segment.name, scan.at(), reason)),
            Some(Step::Record(_) | Step::End) => Err(shared.out_of_range(from)),
        }
    }

    /// The offset of the record that comes next.
    #[must_use]
    pub const fn offset(&self) -> Offset {
        self.scan.next()
    }

    /// The records that come next: at most `max_records`, and as many as fit `max_bytes` of bodies,
    /// but at least one. None at the end of what is committed. Reads the disk once at most.
    ///
    /// # Errors
    /// [`crate::Kind::Damaged`] where a checksum does not match; [`JournalError::OutOfRange`] when
    /// the next record was released; the world's. Only the world's leave the reader usable.
    pub fn next(&mut self, max_records: usize, max_bytes: usize) -> Result<Option<Batch>, JournalError> {
        while self.scan.at() == self.segment.committed() {
            if !self.pass_to_next_segment()? {
                return Ok(None);
            }
        }
        let end = self.segment.committed();
        let mut batch = Batch { first: self.offset(), records: Vec::new() };
        let mut bytes = 0;
        loop {
            match self.scan.step(end).map_err(|error| failed(&self.segment, self.scan.at(), error))? {
                Step::Record(record) => {
                    bytes += record.len();
                    batch.records.push(record);
                }
                Step::End => return Ok(Some(batch)),
                Step::Bad(reason) => return Err(JournalError::damaged(&self.segment.name, self.scan.at(), reason)),
            }
            let ahead = self.scan.buffered();
            if batch.records.len() >= max_records || ahead.is_none_or(|ahead| bytes.saturating_add(ahead) > max_bytes) {
                return Ok(Some(batch));
            }
        }
    }

    /// False: this is the last, and all of it is read.
    fn pass_to_next_segment(&mut self) -> Result<bool, JournalError> {
        let segment = find(&self.shared, self.offset())?;
        if Arc::ptr_eq(&segment, &self.segment) {
            // More may have been committed between the look at its end and now.
            return Ok(self.scan.at() < segment.committed());
        }
        if segment.first != self.offset() {
            return Err(self.shared.out_of_range(self.offset()));
        }
        self.scan = start(&self.shared, &segment)?;
        self.segment = segment;
        Ok(true)
    }
}
