//! Hours of one series in one week: those that blocks keep where one block alone has the hour, else those that its readings
//! come to.

use schemas::HOUR;

use super::directory::Pick;
use super::entry::{Entry, WEEK};
use super::hours::{Hour, Sums};
use super::scan::{Reader, View};
use super::state::NoBlock;

/// Hours in a week.
const HOURS: usize = 168;

/// Where an hour is to be had.
#[derive(Clone, Copy)]
enum Source {
    Nowhere,
    /// One block has all of it.
    Kept(Option<Sums>),
    Readings,
}

/// Answers for one series after another, with the same scratch memory.
pub(crate) struct Hourly<'a> {
    view: &'a View,
    reader: Reader<'a>,
    sources: [Source; HOURS],
    kept: Vec<Hour>,
    entries: Vec<Entry>,
    series: Vec<(Entry, u32)>,
}

impl<'a> Hourly<'a> {
    pub(crate) fn new(view: &'a View, reader: Reader<'a>) -> Self {
        let (kept, entries, series) = (Vec::new(), Vec::new(), Vec::new());
        Self { view, reader, sources: [Source::Nowhere; HOURS], kept, entries, series }
    }

    /// What the hours of a series come to in `range`, which lies in one week; `emit` hears the start of each.
    pub(crate) fn series(&mut self, streams: &[Pick], range: (i64, i64), mut emit: impl FnMut(i64, Sums)) -> Result<(), NoBlock> {
        let week = range.0 - range.0.rem_euclid(WEEK);
        if !self.find_kept(streams, range)? {
            return self.add_up(streams, range, &mut emit);
        }
        self.find_readings(streams, range, week)?;
        let mut at = 0;
        while at < HOURS {
            let (from, mut to) = (week + at as i64 * HOUR, week + (at as i64 + 1) * HOUR);
            let whole = range.0 <= from && to <= range.1;
            match self.sources[at] {
                Source::Kept(sums) if whole => {
                    if let Some(sums) = sums {
                        emit(from, sums);
                    }
                }
                Source::Nowhere => {}
                Source::Kept(_) | Source::Readings => {
                    while at + 1 < HOURS && matches!(self.sources[at + 1], Source::Readings) {
                        at += 1;
                        to += HOUR;
                    }
                    self.add_up(streams, (from.max(range.0), to.min(range.1)), &mut emit)?;
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Lays out the hours that blocks keep; false where none keeps any.
    fn find_kept(&mut self, streams: &[Pick], range: (i64, i64)) -> Result<bool, NoBlock> {
        let mut any = false;
        for pick in streams {
            for (_, meta) in self.view.blocks(pick, range).filter(|(_, meta)| meta.hours) {
                self.kept.clear();
                self.reader.hours(meta)?.of(pick.rank, &self.view.ranks, &mut self.kept)?;
                if !self.kept.is_empty() && !any {
                    any = true;
                    self.sources = [Source::Nowhere; HOURS];
                }
                for (hour, sums) in &self.kept {
                    self.sources[*hour] = match self.sources[*hour] {
                        Source::Nowhere => Source::Kept(*sums),
                        Source::Kept(_) | Source::Readings => Source::Readings,
                    };
                }
            }
        }
        Ok(any)
    }

    /// Marks the hours of entries that stand in no kept hour.
    fn find_readings(&mut self, streams: &[Pick], range: (i64, i64), week: i64) -> Result<(), NoBlock> {
        for pick in streams {
            self.entries.clear();
            for (run, meta) in self.view.blocks(pick, range) {
                self.kept.clear();
                let kept = meta.hours && self.reader.hours(meta)?.of(pick.rank, &self.view.ranks, &mut self.kept)?;
                if !kept {
                    self.reader.read(run, pick, meta, &self.view.ranks, range, &mut self.entries)?;
                }
            }
            self.view.unwritten(pick, range, &mut self.entries);
            for entry in &self.entries {
                let hour = usize::try_from((entry.observed - week) / HOUR).expect("the range lies in the week");
                self.sources[hour] = Source::Readings;
            }
        }
        Ok(())
    }

    fn add_up(&mut self, streams: &[Pick], range: (i64, i64), emit: &mut impl FnMut(i64, Sums)) -> Result<(), NoBlock> {
        if range.0 >= range.1 {
            return Ok(());
        }
        self.view.gather(&mut self.reader, streams, range, &mut self.series)?;
        for hour in self.series.chunk_by(|a, b| a.0.observed / HOUR == b.0.observed / HOUR) {
            if let Some(sums) = Sums::of(hour.iter().map(|(entry, _)| entry)) {
                emit(hour[0].0.observed - hour[0].0.observed % HOUR, sums);
            }
        }
        Ok(())
    }
}
