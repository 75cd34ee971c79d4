//! Forgetting whoever stands behind meters: in store, quarantine, register, vault, and in what rules remember.
//!
//! It can be done again: a name is made of the meter's own id and the file of keys, so that what a fault left is found by the same
//! order. Deliberately absent: who may ask for it, and what is written down of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ::vault::Vault;
use aho_corasick::AhoCorasick;
use journal::View;
use pipeline::PipelineWatch;
use ports::{Erased, OperationError, Page, Quarantine, QuarantineFilter, Quarantined, Selector, Store, StoreError, Vault as _};
use register::Register;
use schemas::{DeviceId, Timestamp};
use tokio::runtime::Handle;

use crate::teller::Bell;

/// Messages of the quarantine that are looked through at once.
const PAGE: Page = Page { rows: 1000, bytes: 8 << 20 };
/// Messages that the running historian takes out at once.
const CHUNK: usize = 1000;
/// How long readers may take to read what was kept when it was asked for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(20);

/// Who is to be forgotten, and where.
pub(crate) struct Subjects<'a> {
    pub(crate) meters: &'a [DeviceId],
    /// Under which they are or were kept.
    pub(crate) names: Vec<DeviceId>,
    pub(crate) register: &'a Arc<Register>,
    pub(crate) store: &'a dyn Store,
    pub(crate) vault: &'a Vault,
}

fn away(error: impl std::fmt::Display) -> OperationError {
    OperationError::Unavailable(error.to_string())
}

impl Subjects<'_> {
    /// On the directory of a stopped program. The key goes last.
    pub(crate) async fn forget_stopped(self, view: &View) -> Result<Erased, OperationError> {
        let holding = self.register.holding(Timestamp::MIN)?;
        let unread = pipeline::standing(view, &holding.departed).map_err(away)?.waiting;
        if unread > 0 {
            let text = format!(
                "{unread} messages of the journal are not read yet: start the program, and stop it once it has read them"
            );
            return Err(OperationError::Unavailable(text));
        }
        let messages = pipeline::drop_these(view, &**self.register, &self.waiting()?).map_err(away)?;
        let readings = self.readings().await.map_err(away)?;
        let records = self.register.erase(&self.names)?;
        let keys = self.vault.forget(&self.names)?;
        Ok(Erased { names: self.names, keys, readings, records, messages })
    }

    /// While everything goes on. The key goes first: what comes later is sealed by another one and kept anew, and what was kept until
    /// then is read to its end before anything else is taken out. Blocks.
    pub(crate) fn forget_running(self, watch: &PipelineWatch, bell: &Bell) -> Result<Erased, OperationError> {
        let runtime = Handle::current();
        let keys = self.vault.forget(&self.names)?;
        self.await_readers(watch)?;
        let mut messages = 0;
        for some in self.waiting()?.chunks(CHUNK) {
            messages += runtime.block_on(watch.drop_these(some.to_vec()))?;
        }
        let readings = runtime.block_on(self.readings()).map_err(away)?;
        runtime.block_on(watch.forget(self.names.clone()))?;
        let (register, names) = (Arc::clone(self.register), self.names.clone());
        let (say, said) = std::sync::mpsc::channel();
        // Planned again from what the register holds then: nothing of them is left in the planner's memory either.
        bell.pause(Box::new(move || _ = say.send(register.erase(&names))))?;
        let records = said.recv().map_err(|_| OperationError::Unavailable("the program is stopping".to_owned()))??;
        Ok(Erased { names: self.names, keys, readings, records, messages })
    }

    fn await_readers(&self, watch: &PipelineWatch) -> Result<(), OperationError> {
        let (next, began) = (watch.journal().next(), Instant::now());
        while !watch.has_passed(next) {
            if began.elapsed() > PATIENCE {
                let text =
                    "the keys are gone, but what was kept before is not read yet (`marsad status` says why): ask once more later";
                return Err(OperationError::Unavailable(text.to_owned()));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    async fn readings(&self) -> Result<u64, StoreError> {
        if self.names.is_empty() {
            return Ok(0);
        }
        let select = Selector { devices: self.names.clone(), ..Selector::default() };
        let gone = self.store.forget(&select, Timestamp::MIN..Timestamp::MAX).await?;
        self.store.flush().await?;
        Ok(gone)
    }

    /// The messages of the quarantine that are of one of them, each looked at once however many are sought.
    fn waiting(&self) -> Result<Vec<u64>, OperationError> {
        let sought = Sought::of(self.meters, &self.names).map_err(away)?;
        let (mut found, mut first) = (Vec::new(), 0);
        loop {
            let page = self.register.page(&QuarantineFilter::default(), first..u64::MAX, PAGE)?;
            let Some(last) = page.last() else { return Ok(found) };
            first = last.offset + 1;
            found.extend(page.iter().filter(|row| sought.is_of(row, self.vault)).map(|row| row.offset));
        }
    }
}

/// What is looked for in messages: names under which meters are kept, and their own ids in what could be told to be of nobody.
struct Sought {
    names: BTreeSet<DeviceId>,
    /// In a topic, of what does not say whose it is.
    in_topic: AhoCorasick,
    /// Without regard to case, as an id may stand anywhere in what was sent.
    ids: AhoCorasick,
}

impl Sought {
    fn of(meters: &[DeviceId], names: &[DeviceId]) -> Result<Self, aho_corasick::BuildError> {
        let in_topic = AhoCorasick::new(names.iter().map(DeviceId::as_str))?;
        let ids = AhoCorasick::builder().ascii_case_insensitive(true).build(meters.iter().map(DeviceId::as_str))?;
        Ok(Self { names: names.iter().cloned().collect(), in_topic, ids })
    }

    fn is_of(&self, row: &Quarantined, vault: &Vault) -> bool {
        let Quarantined { device, message, .. } = row;
        if device.as_ref().map_or_else(|| self.in_topic.is_match(&*message.topic), |device| self.names.contains(device)) {
            return true;
        }
        let told = vault.unseal(message);
        told.is_some_and(|m| self.ids.is_match(&*m.topic) || self.ids.is_match(&m.payload))
    }
}
