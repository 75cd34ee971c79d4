//! What a data directory holds, opened; and what to tell people where that, or working with it, fails.

use std::path::Path;
use std::sync::Arc;

use journal::{Journal, JournalError, Kind, RealDisk};
use pipeline::{FeedError, PipelineError};
use ports::{RecordError, Store, StoreError};
use register::Register;
use settings::Settings;
use store::Embedded;
use store_influx::Influx;
use store_victoria::Victoria;
use trust::Outward;

use crate::directory::DataDirectory;
use crate::failure::{Code, Failure};

/// What a data directory holds, open.
pub(crate) struct Opened {
    pub(crate) directory: DataDirectory,
    pub(crate) journal: Journal,
    pub(crate) store: Arc<dyn Store>,
    /// What is spoken with a server of readings, where that is TLS.
    pub(crate) outward: Option<Arc<Outward>>,
    pub(crate) register: Arc<Register>,
}

impl Opened {
    /// Opens journal, store and register of a directory that is held.
    pub(crate) fn open(settings: &Settings, directory: DataDirectory) -> Result<Self, Failure> {
        let place = &settings.data.directory;
        let disk = RealDisk::open(&settings.journal_directory()).map_err(|e| journal_failure(place, &e))?;
        let (journal, recovered) = Journal::open(Arc::new(disk), &settings.journal).map_err(|e| journal_failure(place, &e))?;
        if let Some(torn) = &recovered.torn {
            tracing::warn!(
                bytes = torn.bytes,
                segment = torn.segment,
                "the end of the journal was torn and is cut: none of it was acknowledged"
            );
        }
        let (store, outward) = store_and_way(settings.store.kind, &settings.store_directory(), settings)?;
        let register = Register::open(&settings.register_file()).map_err(|e| record_failure(place, &e))?;
        Ok(Self { directory, journal, store, outward, register: Arc::new(register) })
    }
}

/// The store that the settings name. A server is not asked yet: one that is away keeps nothing else waiting.
pub(crate) fn store_of(settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    engine(settings.store.kind, &settings.store_directory(), settings)
}

/// The same of a kind; the embedded one at this place.
pub(crate) fn engine(kind: store::Engine, place: &Path, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    Ok(store_and_way(kind, place, settings)?.0)
}

/// A store, and what is spoken with its server over TLS.
type Way = (Arc<dyn Store>, Option<Arc<Outward>>);

fn store_and_way(kind: store::Engine, place: &Path, settings: &Settings) -> Result<Way, Failure> {
    match kind {
        store::Engine::Embedded => {
            let opened = Embedded::open(place, &settings.store);
            Ok((Arc::new(opened.map_err(|e| store_failure(place.parent().unwrap_or(place), &e))?), None))
        }
        store::Engine::Influx => {
            let store = Influx::new(&settings.influx).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
            let outward = store.outward();
            Ok((Arc::new(store), outward))
        }
        store::Engine::Victoria => {
            let store = Victoria::new(&settings.victoria).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
            let outward = store.outward();
            Ok((Arc::new(store), outward))
        }
    }
}

/// The disk is full, gone, or not for this user: names the directory, which a person can do something about.
pub(crate) fn disk_failure(place: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    let chain: Vec<String> = std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect();
    Failure::new(Code::Disk, format!("the data directory {} cannot be written: {}", place.display(), chain.join(": ")))
        .hint("make room and see that this user may write there, or choose another with --data DIR")
}

pub(crate) fn journal_failure(place: &Path, error: &JournalError) -> Failure {
    match error.kind() {
        Kind::Full | Kind::World => disk_failure(place, error),
        Kind::Refused => Failure::new(Code::Settings, error.to_string()),
        Kind::Held | Kind::Damaged | Kind::Broken => Failure::new(Code::Stopped, error.to_string()),
    }
}

pub(crate) fn store_failure(place: &Path, error: &StoreError) -> Failure {
    match error {
        StoreError::Damaged(_) => Failure::new(Code::Stopped, error.to_string()),
        // It opens only with the words that its readings stand under.
        StoreError::Refused(why) => Failure::new(Code::Settings, why.clone())
            .hint("a city's own quantities and kinds stand in files that its settings name: vocabulary.files"),
        StoreError::Denied(_) | StoreError::Busy { .. } => Failure::new(Code::Unavailable, error.to_string()),
        StoreError::Unavailable(_) => disk_failure(place, error),
    }
}

pub(crate) fn record_failure(place: &Path, error: &RecordError) -> Failure {
    if matches!(error, RecordError::Damaged(_)) {
        return Failure::new(Code::Stopped, error.to_string());
    }
    disk_failure(place, error)
}

pub(crate) fn pipeline_failure(place: &Path, error: &PipelineError) -> Failure {
    match error {
        PipelineError::Journal(error) | PipelineError::Feed(FeedError::Journal(error)) => journal_failure(place, error),
        PipelineError::Store(error) => store_failure(place, error),
        PipelineError::Record(error) => record_failure(place, error),
        PipelineError::Deadline { .. } => Failure::new(Code::Stopped, error.to_string())
            .hint("nothing that was acknowledged is lost: the next start goes on from there"),
        other => Failure::new(Code::Stopped, other.to_string()),
    }
}
