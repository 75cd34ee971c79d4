//! Does what people ask to be done: through the running loops, or on the stopped directory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::vault::Vault;
use codec::{Decoder, Veil};
use journal::View;
use pipeline::{PipelineError, PipelineWatch};
use ports::{
    Adopted, BoxFuture, Clock, Erased, Explanation, KeptFilter, KeptPage, OperationError, Operations, Page, Quarantine,
    QuarantineFilter, QuarantineGroup, Quarantined, Reloaded, Retried, Retry, Store, Trace, UnknownDevice, Vault as _,
};
use register::Register;
use schemas::{Catalogue, Device, DeviceId, Reading};

use crate::archive;
use crate::certified::{self, Certified};
use crate::erasing::Subjects;
use crate::ground::{Ground, Origin, joined};
use crate::observer::blocking;
use crate::roster::Roster;
use crate::teller::{Bell, Telling};

/// Bytes of payloads that one page of the quarantine may hold in memory.
const PAGE_BYTES: usize = 64 << 20;

/// By whom things are done.
pub(crate) enum Works {
    Running { watch: Box<PipelineWatch>, origin: Box<Origin>, bell: Bell, store: Arc<dyn Store> },
    Stopped { journal: View, decoder: Mutex<Arc<Decoder>>, store: Arc<dyn Store> },
}

/// The devices of the files, as they were read last, and where devices may stand.
pub(crate) struct Listed {
    pub(crate) catalogue: Catalogue,
    pub(crate) bounds: Option<settings::Bounds>,
}

pub(crate) struct Clerk {
    pub(crate) works: Works,
    pub(crate) register: Arc<Register>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held while the catalogue is changed: two changes follow one another.
    pub(crate) files: Mutex<Listed>,
    /// Who is on duty.
    pub(crate) roster: Arc<Roster>,
    /// What stands between people and all that is kept.
    pub(crate) vault: Option<Arc<Vault>>,
    /// Of doors and of ways to others, where they speak TLS.
    pub(crate) certificates: Vec<Certified>,
}

/// A panic under the lock leaves whole values: each is written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: PipelineError) -> OperationError {
    match error {
        PipelineError::Record(error) => error.into(),
        other => OperationError::Unavailable(other.to_string()),
    }
}

impl Clerk {
    pub(crate) fn journal(&self) -> View {
        match &self.works {
            Works::Running { watch, .. } => watch.journal().clone(),
            Works::Stopped { journal, .. } => journal.clone(),
        }
    }

    pub(crate) fn decoder(&self) -> Arc<Decoder> {
        match &self.works {
            Works::Running { watch, .. } => watch.feed().decoder(),
            Works::Stopped { decoder, .. } => Arc::clone(&lock(decoder)),
        }
    }

    fn set_decoder(&self, new: Arc<Decoder>) {
        match &self.works {
            Works::Running { watch, .. } => watch.feed().set_decoder(new),
            Works::Stopped { decoder, .. } => *lock(decoder) = new,
        }
    }

    /// Where the settings come from; none where no program runs.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match &self.works {
            Works::Running { origin, .. } => Some(origin),
            Works::Stopped { .. } => None,
        }
    }

    /// The devices of the files and those that were adopted.
    pub(crate) fn catalogue(&self) -> Catalogue {
        Catalogue::clone(self.decoder().catalogue())
    }

    /// Why devices cannot be adopted: all that is wrong.
    fn objections(&self, files: &Listed, decoder: &Decoder, devices: &[Device]) -> Vec<String> {
        let (mut wrong, mut ids) = (Vec::new(), BTreeSet::new());
        for device in devices {
            let id = &device.id;
            if !ids.insert(id) {
                wrong.push(format!("device `{id}` is named twice"));
            }
            if files.catalogue.device(id).is_some() {
                wrong.push(format!("device `{id}` is listed in a file of [devices], which wins: change it there and reload"));
            }
            if let Some(profile) = device.profile.as_ref().filter(|p| decoder.profiles().named(p).is_none()) {
                wrong.push(format!("device `{id}` has the profile `{profile}`, which nobody knows"));
            }
            if self.vault.as_ref().is_some_and(|vault| vault.covers(device.kind)) {
                wrong.push(format!(
                    "people stand behind device `{id}`: adopted it would be kept under its own id, list it in a file of [devices]"
                ));
            }
            wrong.extend(files.bounds.and_then(|bounds| bounds.objection(device)));
        }
        wrong
    }

    fn adopt_now(&self, devices: &[Device], dry_run: bool) -> Result<Adopted, OperationError> {
        let files = lock(&self.files);
        let decoder = self.decoder();
        let wrong = self.objections(&files, &decoder, devices);
        if !wrong.is_empty() {
            return Err(OperationError::Refused(wrong));
        }
        let compared = self.register.compare_adopted(devices)?;
        if dry_run {
            return Ok(compared);
        }
        self.register.adopt(devices, self.clock.now())?;
        let catalogue = joined(&files.catalogue, self.register.adopted()?, decoder.profiles());
        let new = decoder.with_catalogue(Arc::new(catalogue)).map_err(|e| OperationError::Refused(vec![e.to_string()]))?;
        self.set_decoder(Arc::new(new));
        tracing::info!(new = compared.new, changed = compared.changed, "devices are adopted");
        Ok(compared)
    }

    /// Reads everything that files say anew, all or nothing.
    pub(crate) fn reload_now(&self) -> Result<Reloaded, OperationError> {
        let Works::Running { origin, watch, bell, .. } = &self.works else {
            return Err(OperationError::Refused(vec!["no program runs here: settings are read when it starts".to_owned()]));
        };
        let mut files = lock(&self.files);
        let (settings, checked) =
            origin.read().map_err(|wrong| OperationError::Refused(wrong.iter().map(ToString::to_string).collect()))?;
        let adopted = self.register.adopted()?;
        let vault = self.vault.clone();
        let ground = Ground { files: checked.catalogue, profiles: checked.profiles, routes: checked.routes, vault };
        let decoder = ground.decoder(adopted, self.clock.now()).map_err(|e| OperationError::Refused(vec![e.to_string()]))?;
        let city = notify::City {
            catalogue: Arc::clone(decoder.catalogue()),
            zone: checked.time.zone().clone(),
            simulated: origin.simulated(),
        };
        let telling = Telling::of(&settings, &city).map_err(|e| OperationError::Refused(vec![e.to_string()]))?;
        let rotas = telling.rotas().to_vec();
        let reloaded = Reloaded {
            listed: ground.files.len() as u64,
            adopted: (decoder.catalogue().len() - ground.files.len()) as u64,
            profiles: ground.profiles.iter().count() as u64,
            routes: settings.route.len() as u64,
            rules: checked.rules.rules().len() as u64,
            lines: telling.lines(),
            rotas: settings.notify.rota.len() as u64,
        };
        let hold = certified::fresh(&self.certificates)?;
        // Before the rules: whom a new one tells is known by then.
        bell.tell(telling)?;
        hold.into_iter().for_each(|hold| hold());
        self.roster.set(rotas);
        // What was heard under the old files is still known.
        self.set_decoder(Arc::new(Decoder::clone(&decoder).with_births(self.decoder().births().clone())));
        // Nothing can go wrong any more.
        watch.feed().set_rules(checked.rules, self.clock.now());
        *files = Listed { catalogue: ground.files, bounds: settings.city.bounds };
        Ok(reloaded)
    }

    fn erase_now(&self, meters: &[DeviceId]) -> Result<Erased, OperationError> {
        let Works::Running { watch, bell, store, .. } = &self.works else {
            return Err(OperationError::Refused(vec!["no program runs here: `marsad subject erase --by NAME`".to_owned()]));
        };
        let Some(vault) = &self.vault else {
            return Err(OperationError::Refused(vec![
                "the settings name no keys (privacy.keys): nothing is sealed here".to_owned(),
            ]));
        };
        // Neither a reload nor another erasure meanwhile.
        let _alone = lock(&self.files);
        let names = meters.iter().flat_map(|meter| vault.names(meter)).collect();
        let subjects = Subjects { meters, names, register: &self.register, store: &**store, vault };
        subjects.forget_running(watch, bell)
    }

    fn explain_now(&self, offset: u64) -> Result<Option<Explanation>, OperationError> {
        let found = self.register.page(&QuarantineFilter::default(), offset..offset.saturating_add(1), Page::WHOLE)?;
        Ok(found.into_iter().next().map(|quarantined| {
            let now = archive::reread(&self.decoder(), &quarantined.message);
            Explanation { quarantined, now }
        }))
    }

    fn page_now(
        &self,
        filter: &QuarantineFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Quarantined>, bool), OperationError> {
        let first = after.map_or(0, |after| after.saturating_add(1));
        // One more than asked tells whether others follow.
        let page = Page { rows: limit.saturating_add(1), bytes: PAGE_BYTES };
        let mut found = self.register.page(filter, first..u64::MAX, page)?;
        let bytes: usize = found.iter().map(|waiting| waiting.message.payload.len()).sum();
        let more = found.len() > limit || bytes >= PAGE_BYTES;
        found.truncate(limit);
        Ok((found, more))
    }
}

/// The clerk behind its `Arc`, which blocking work takes a share of.
#[derive(Clone)]
pub(crate) struct Counter(pub(crate) Arc<Clerk>);

impl Counter {
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Clerk) -> Result<T, OperationError> + Send + 'static,
    ) -> Result<T, OperationError> {
        let clerk = Arc::clone(&self.0);
        blocking(move || work(&clerk)).await
    }
}

impl Operations for Counter {
    fn groups<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QuarantineGroup>, OperationError>> {
        let filter = filter.clone();
        Box::pin(self.blocking(move |clerk| Ok(clerk.register.quarantine_groups(&filter, limit)?)))
    }

    fn quarantined<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<Quarantined>, bool), OperationError>> {
        let filter = filter.clone();
        Box::pin(self.blocking(move |clerk| clerk.page_now(&filter, after, limit)))
    }

    fn explain(&self, offset: u64) -> BoxFuture<'_, Result<Option<Explanation>, OperationError>> {
        Box::pin(self.blocking(move |clerk| clerk.explain_now(offset)))
    }

    fn kept<'a>(&'a self, filter: &'a KeptFilter) -> BoxFuture<'a, Result<KeptPage, OperationError>> {
        let filter = filter.clone();
        Box::pin(self.blocking(move |clerk| archive::newest(&clerk.journal(), &clerk.decoder(), &filter)))
    }

    fn trace<'a>(&'a self, reading: &'a Reading) -> BoxFuture<'a, Result<Option<Trace>, OperationError>> {
        let reading = reading.clone();
        Box::pin(self.blocking(move |clerk| archive::trace(&clerk.journal(), &clerk.decoder(), &reading)))
    }

    fn retry(&self, retry: Retry) -> BoxFuture<'_, Result<Retried, OperationError>> {
        Box::pin(async move {
            match &self.0.works {
                Works::Running { watch, .. } => watch.retry(retry).await,
                Works::Stopped { journal, store, .. } => {
                    let (journal, store) = (journal.clone(), Arc::clone(store));
                    self.blocking(move |clerk| {
                        let register = &*clerk.register;
                        pipeline::retry(&journal, &clerk.decoder(), &*store, register, register, &retry).map_err(failed)
                    })
                    .await
                }
            }
        })
    }

    fn drop_messages(&self, filter: QuarantineFilter) -> BoxFuture<'_, Result<u64, OperationError>> {
        Box::pin(async move {
            match &self.0.works {
                Works::Running { watch, .. } => watch.drop_messages(filter).await,
                Works::Stopped { journal, .. } => {
                    let journal = journal.clone();
                    self.blocking(move |clerk| pipeline::drop_messages(&journal, &*clerk.register, &filter).map_err(failed)).await
                }
            }
        })
    }

    fn unknown(&self, limit: usize) -> BoxFuture<'_, Result<Vec<UnknownDevice>, OperationError>> {
        Box::pin(self.blocking(move |clerk| Ok(clerk.register.unknown_devices(limit)?)))
    }

    fn adopt(&self, devices: Vec<Device>, dry_run: bool) -> BoxFuture<'_, Result<Adopted, OperationError>> {
        Box::pin(self.blocking(move |clerk| clerk.adopt_now(&devices, dry_run)))
    }

    fn erase(&self, meters: Vec<DeviceId>) -> BoxFuture<'_, Result<Erased, OperationError>> {
        Box::pin(self.blocking(move |clerk| clerk.erase_now(&meters)))
    }

    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, OperationError>> {
        Box::pin(self.blocking(Clerk::reload_now))
    }
}
