//! When the past becomes final: what is further back than the lateness bound, or more than is kept.
//!
//! Where nothing is later than a device's past can bear, each reading would be judged twice: when it comes, and when it
//! becomes final. An engine that is told to [`defer`](crate::Engine::defer) it keeps a *mark* instead: where the watches
//! stood at some reading. When that one becomes final, so do all before it, and nobody judges them again. What would need
//! to know the difference, a reading out of order, makes the past final first; one that comes behind the mark takes the
//! mark away.

use schemas::{Quantity, Timestamp};

use crate::core::Core;
use crate::device::{HISTORY, Watched};
use crate::rule::{Rule, RuleSet};
use crate::sample::Sample;
use crate::stage::Stage;

/// Where a device's watches stood after a sample.
#[derive(Debug)]
pub(crate) struct Mark {
    /// The sample.
    pub(crate) key: (Timestamp, Quantity, u8),
    /// So many of the history stand before it, and it.
    behind: usize,
    /// Of each watch of the device.
    stood: Vec<Stood>,
}

/// Where a watch stood.
#[derive(Debug)]
enum Stood {
    /// Nothing had ever happened: there is nothing to remember.
    Calm,
    /// Here.
    At(Core),
    /// Time had gone on since its last reading: it must be judged once more.
    Beyond,
}

/// A mark is set where time has changed nothing for any watch since its last reading, or when it was tried so often.
const TRIES: u8 = 8;

impl Mark {
    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.stood.capacity() * size_of::<Stood>()
    }
}

impl Watched {
    /// Sets a mark at the last sample of the history, where there is none. A sample of a later instant comes next.
    pub(crate) fn set_mark(&mut self, rules: &[Rule]) {
        let (None, Some(last)) = (&self.mark, self.history.last()) else { return };
        let ruled = |w: &crate::watch::Watch| rules.get(usize::from(w.rule)).filter(|rule| w.live.is_as_heard(rule));
        if self.tries < TRIES && self.watches.iter().any(|w| ruled(w).is_none()) {
            self.tries += 1;
            return;
        }
        let stood = self.watches.iter().map(|watch| match ruled(watch) {
            Some(rule) if watch.base.is_none() && rule.condition.is_brief() && watch.live.is_calm() => Stood::Calm,
            Some(_) => Stood::At(watch.live.clone()),
            None => Stood::Beyond,
        });
        self.mark = Some(Box::new(Mark { key: last.key(), behind: self.history.len(), stood: stood.collect() }));
        self.tries = 0;
    }

    /// Makes the past final up to the mark, where all before it is. Without a mark, all that is.
    pub(crate) fn settle_by_mark(&mut self, stage: &mut Stage<'_>) {
        match &self.mark {
            None => self.settle_past(stage),
            Some(mark) if self.is_final(mark, stage.rules) => self.begin_at_mark(stage),
            Some(_) => {}
        }
    }

    /// Makes final what is further back than the lateness bound, or more than is kept.
    pub(crate) fn settle_past(&mut self, stage: &mut Stage<'_>) {
        if self.mark.as_ref().is_some_and(|mark| self.is_final(mark, stage.rules)) {
            self.begin_at_mark(stage);
        }
        let horizon = self.newest.minus(stage.rules.lateness());
        while self.history.len() > HISTORY || self.history.first_at().is_some_and(|first| first <= horizon && first < self.newest)
        {
            let Some(sample) = self.history.pop() else { break };
            self.keep_earlier(sample, stage.rules);
            self.sealed = self.sealed.max(sample.observed);
            for watch in &mut self.watches {
                if let Some(rule) = stage.rules.rules().get(usize::from(watch.rule)).filter(|r| watch.concerns(r, &sample)) {
                    watch.absorb(rule, &sample, stage.local, stage.steps);
                }
            }
            if let Some(mark) = &mut self.mark {
                mark.behind = mark.behind.saturating_sub(1);
            }
        }
    }

    /// Whether a sample is later than anything that is final or should be.
    pub(crate) fn is_recent(&self, sample: &Sample, rules: &RuleSet) -> bool {
        sample.observed > self.newest.minus(rules.lateness()) && self.history.ends_before(sample.observed)
    }

    fn is_final(&self, mark: &Mark, rules: &RuleSet) -> bool {
        mark.key.0 <= self.newest.minus(rules.lateness()) || self.history.len() >= mark.behind + HISTORY
    }

    fn begin_at_mark(&mut self, stage: &mut Stage<'_>) {
        let Some(mark) = self.mark.take() else { return };
        let beyond = mark.stood.iter().any(|stood| matches!(stood, Stood::Beyond));
        for _ in 0..mark.behind {
            let Some(sample) = self.history.pop() else { break };
            self.keep_earlier(sample, stage.rules);
            let watches = self.watches.iter_mut().zip(&mark.stood).filter(|(_, stood)| beyond && matches!(stood, Stood::Beyond));
            for (watch, _) in watches {
                if let Some(rule) = stage.rules.rules().get(usize::from(watch.rule)).filter(|r| watch.concerns(r, &sample)) {
                    watch.absorb(rule, &sample, stage.local, stage.steps);
                }
            }
        }
        self.sealed = self.sealed.max(mark.key.0);
        for (watch, stood) in self.watches.iter_mut().zip(mark.stood) {
            match stood {
                Stood::At(core) => watch.base = Some(Box::new(core)),
                Stood::Calm | Stood::Beyond => {}
            }
        }
    }
}
