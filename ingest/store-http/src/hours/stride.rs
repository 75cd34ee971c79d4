//! How many hours of all series the job takes up at once: as many as it can hold, and as the server can add up in time.

/// Hours at most.
const MOST: i64 = 7 * 24;
/// So many steps must go well before one is tried that is longer than one that failed.
const WELL: u32 = 24;

#[derive(Debug)]
pub(super) struct Stride {
    hours: i64,
    /// Less than what the server could not do.
    most: i64,
    /// Steps that went well since.
    well: u32,
}

impl Default for Stride {
    fn default() -> Self {
        Self { hours: 1, most: MOST, well: 0 }
    }
}

impl Stride {
    pub(super) const fn hours(&self) -> i64 {
        self.hours
    }

    /// A step had so many rows, where so many are held well.
    pub(super) fn took(&mut self, rows: usize, held: usize) {
        self.well += 1;
        if self.well == WELL {
            (self.most, self.well) = ((self.most * 2).min(MOST), 0);
        }
        if rows > held * 2 {
            self.hours = (self.hours / 2).max(1);
        } else if rows < held / 2 {
            self.hours = (self.hours * 2).min(self.most);
        }
    }

    /// A step failed. What takes longer than a question may take would do so each time.
    pub(super) fn failed(&mut self) {
        let half = (self.hours / 2).max(1);
        *self = Self { hours: half, most: half, well: 0 };
    }
}
