//! What keeps alerts from being told: shelves, maintenance windows, silences, inhibition.
//!
//! A [`Sight`] is all of it at one revision of the register, and judges alerts without asking anybody: planning
//! five hundred steps is one look. Deliberately absent: what withholding means for groups and reminders (`plan`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use ports::{ActBook, Curbs, Quiet, QuietSort, Reason, RecordError, Withheld};
use schemas::{AlertId, Scope, Subject, Timestamp};
use serde::Deserialize;

/// Inhibitions in the settings at most.
const INHIBITIONS: usize = 100;

/// What two alerts have in common where one inhibits the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Common {
    /// The same device.
    Device,
    /// The same zone.
    Zone,
    /// The same kind of device.
    Kind,
    /// The same quantity.
    Quantity,
}

/// One `[[inhibit]]`: while an alert fires that `source` takes, alerts that `target` takes are not told, where the
/// two have all of `equal` in common.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inhibit {
    /// For people: it stands in the chain of reasons.
    pub name: String,
    /// What inhibits.
    pub source: Scope,
    /// What is inhibited.
    pub target: Scope,
    /// What they have in common; nothing: any source inhibits any target.
    #[serde(default)]
    pub equal: Vec<Common>,
}

impl Inhibit {
    /// The first thing that is wrong with a list of them.
    #[must_use]
    pub fn objection(all: &[Inhibit]) -> Option<String> {
        if all.len() > INHIBITIONS {
            return Some(format!("{} inhibitions, expected at most {INHIBITIONS}", all.len()));
        }
        all.iter().enumerate().find_map(|(place, one)| {
            let name = &one.name;
            if name.is_empty() || name.chars().count() > 64 {
                return Some(format!("inhibit `{name}`: name: expected 1 to 64 characters"));
            }
            if all.iter().take(place).any(|before| before.name == *name) {
                return Some(format!("inhibit `{name}` is there twice"));
            }
            if one.source.takes_all() {
                return Some(format!(
                    "inhibit `{name}`: source: takes every alert, expected at least one rule, severity or device"
                ));
            }
            let wrong = [("source", &one.source), ("target", &one.target)];
            wrong.into_iter().find_map(|(side, scope)| Some(format!("inhibit `{name}`: {side}: {}", scope.objection()?)))
        })
    }

    fn key(&self, alert: Subject<'_>) -> Vec<String> {
        let part = |common: &Common| match common {
            Common::Device => alert.series.device.to_string(),
            Common::Zone => alert.zone.to_string(),
            Common::Kind => alert.kind.name().to_owned(),
            Common::Quantity => alert.series.quantity.name().to_owned(),
        };
        self.equal.iter().map(part).collect()
    }
}

/// Alerts that inhibit by one rule and with one key; `both`: those that the rule's target takes as well.
#[derive(Debug, Default)]
struct Sources {
    all: BTreeSet<AlertId>,
    only: BTreeSet<AlertId>,
}

/// What keeps alerts from being told, as it stood at one revision.
#[derive(Debug, Default)]
pub struct Sight {
    quiets: Vec<Quiet>,
    shelved: BTreeMap<AlertId, schemas::Shelved>,
    inhibit: Arc<[Inhibit]>,
    /// By inhibition and key.
    sources: BTreeMap<(usize, Vec<String>), Sources>,
}

impl Sight {
    /// All of it.
    #[must_use]
    pub fn new(curbs: Curbs, inhibit: Arc<[Inhibit]>) -> Self {
        let mut sources: BTreeMap<_, Sources> = BTreeMap::new();
        for view in &curbs.firing {
            let subject = Subject::from(view);
            for (place, rule) in inhibit.iter().enumerate().filter(|(_, rule)| rule.source.takes(subject)) {
                let found = sources.entry((place, rule.key(subject))).or_default();
                if !rule.target.takes(subject) {
                    found.only.insert(view.id.clone());
                }
                found.all.insert(view.id.clone());
            }
        }
        // What a person works at comes before what a person wants quiet.
        let mut quiets = curbs.quiets;
        quiets.sort_by_key(|quiet| (quiet.sort != QuietSort::Maintenance, quiet.id));
        Self { quiets, shelved: curbs.shelved.into_iter().collect(), inhibit, sources }
    }

    /// Why this alert is not to be told at `now`, where there is a reason: the first of shelf, maintenance window,
    /// silence and inhibition.
    #[must_use]
    pub fn withheld<'a>(&self, id: &AlertId, alert: impl Into<Subject<'a>>, now: Timestamp) -> Option<Withheld> {
        let alert = alert.into();
        if let Some(shelf) = self.shelved.get(id).filter(|shelf| shelf.until > now) {
            let note = said(shelf.by.as_str(), shelf.note.as_str());
            return Some(Withheld { by: "shelf".to_owned(), id: id.0.clone(), note, until: Some(shelf.until) });
        }
        if let Some(quiet) = self.quiets.iter().find(|quiet| quiet.holds(now) && quiet.scope.takes(alert)) {
            let note = said(quiet.by.as_str(), quiet.note.as_str());
            let (by, id) = (quiet.sort.code().to_owned(), quiet.id.to_string());
            return Some(Withheld { by, id, note, until: Some(quiet.until) });
        }
        self.inhibited(id, alert)
    }

    fn inhibited(&self, id: &AlertId, alert: Subject<'_>) -> Option<Withheld> {
        self.inhibit.iter().enumerate().filter(|(_, rule)| rule.target.takes(alert)).find_map(|(place, rule)| {
            let sources = self.sources.get(&(place, rule.key(alert)))?;
            // Two alerts that each are source and target would keep each other quiet for ever.
            let able = if rule.source.takes(alert) { &sources.only } else { &sources.all };
            let source = able.iter().find(|source| *source != id)?;
            Some(Withheld { by: "inhibition".to_owned(), id: rule.name.clone(), note: source.0.clone(), until: None })
        })
    }

    /// When something begins or ends by itself after `now`.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let quiets = self.quiets.iter().flat_map(|quiet| [quiet.from, quiet.until]);
        quiets.chain(self.shelved.values().map(|shelf| shelf.until)).filter(|at| *at > now).min()
    }
}

fn said(by: &str, note: &str) -> String {
    if note.is_empty() { by.to_owned() } else { format!("{by}: {note}") }
}

/// A link of the chain of reasons.
#[must_use]
pub fn reason(withheld: Withheld) -> Reason {
    let Withheld { by, id, note, until } = withheld;
    Reason::Withheld { by, id, note, until }
}

/// Who knows what keeps alerts from being told.
pub trait Curb: Send + Sync + 'static {
    /// All of it, as it stands at `now`; the same `Arc` as before where nothing changed. Blocks.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn look(&self, now: Timestamp) -> Result<Arc<Sight>, RecordError>;
}

/// Nothing is withheld.
#[derive(Clone, Debug, Default)]
pub struct Unbridled(Arc<Sight>);

impl Curb for Unbridled {
    fn look(&self, _: Timestamp) -> Result<Arc<Sight>, RecordError> {
        Ok(Arc::clone(&self.0))
    }
}

/// What the register holds, and the settings' inhibitions.
pub struct Registered {
    book: Arc<dyn ActBook>,
    inhibit: Arc<[Inhibit]>,
    last: Mutex<Option<(u64, Arc<Sight>)>>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").field("inhibit", &self.inhibit).finish_non_exhaustive()
    }
}

impl Registered {
    /// Looks at `book`.
    #[must_use]
    pub fn new(book: Arc<dyn ActBook>, inhibit: Vec<Inhibit>) -> Self {
        Self { book, inhibit: inhibit.into(), last: Mutex::new(None) }
    }
}

impl Curb for Registered {
    fn look(&self, now: Timestamp) -> Result<Arc<Sight>, RecordError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Read before the rest: what changes meanwhile is looked at again, and never missed.
        let revision = self.book.revision();
        if let Some((_, sight)) = last.as_ref().filter(|(seen, _)| *seen == revision) {
            return Ok(Arc::clone(sight));
        }
        let sight = Arc::new(Sight::new(self.book.curbs(now)?, Arc::clone(&self.inhibit)));
        *last = Some((revision, Arc::clone(&sight)));
        Ok(sight)
    }
}
