//! What keeps alerts from being told: shelves, maintenance windows, silences, inhibition, collectors that are away.
//!
//! A [`Sight`] is all of it at one revision of the register, and judges alerts without asking anybody: planning
//! five hundred steps is one look. Deliberately absent: what withholding means for groups and reminders (`plan`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use ports::{ActBook, Curbs, DeviceBook, Path, Quiet, QuietSort, Reason, RecordError, Withheld};
use schemas::{AlertId, DeviceId, Pattern, Scope, Subject, Timestamp};
use serde::Deserialize;

use crate::away::{AwaySettings, Lookout};

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
    /// The device that inhibits is the gateway by which alone the other was heard last; where several heard it, each of
    /// them must inhibit.
    Gateway,
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
            Common::Device => Some(alert.series.device.to_string()),
            Common::Zone => Some(alert.zone.to_string()),
            Common::Kind => Some(alert.kind.name().to_owned()),
            Common::Quantity => Some(alert.series.quantity.name().to_owned()),
            // Not what both are, but what one is to the other.
            Common::Gateway => None,
        };
        self.equal.iter().filter_map(part).collect()
    }

    fn by_gateway(&self) -> bool {
        self.equal.contains(&Common::Gateway)
    }
}

/// Alerts that inhibit by one rule and with one key; `both`: those that the rule's target takes as well.
#[derive(Debug, Default)]
struct Sources {
    all: BTreeSet<AlertId>,
    only: BTreeSet<AlertId>,
    /// One alert of each device.
    devices: BTreeMap<DeviceId, AlertId>,
}

/// By which ways devices are heard, and which collectors are away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// The last way of each device.
    pub paths: BTreeMap<DeviceId, Path>,
    /// Collectors that are away, with what is the matter.
    pub away: BTreeMap<String, String>,
    /// The rules whose alerts say that a device is silent.
    pub silent: Vec<Pattern>,
}

/// What keeps alerts from being told, as it stood at one revision.
#[derive(Debug, Default)]
pub struct Sight {
    quiets: Vec<Quiet>,
    shelved: BTreeMap<AlertId, schemas::Shelved>,
    inhibit: Arc<[Inhibit]>,
    /// By inhibition and key.
    sources: BTreeMap<(usize, Vec<String>), Sources>,
    topology: Topology,
    /// Who has what fires in hand, and until when.
    hands: BTreeMap<AlertId, (String, Option<Timestamp>)>,
}

impl Sight {
    /// All of it.
    #[must_use]
    pub fn new(curbs: Curbs, inhibit: Arc<[Inhibit]>, topology: Topology) -> Self {
        let mut sources: BTreeMap<_, Sources> = BTreeMap::new();
        for view in &curbs.firing {
            let subject = Subject::from(view);
            for (place, rule) in inhibit.iter().enumerate().filter(|(_, rule)| rule.source.takes(subject)) {
                let found = sources.entry((place, rule.key(subject))).or_default();
                if !rule.target.takes(subject) {
                    found.only.insert(view.id.clone());
                }
                found.all.insert(view.id.clone());
                found.devices.insert(view.series.device.clone(), view.id.clone());
            }
        }
        let hand = |view: &ports::AlertView| {
            let acknowledged = view.marks.acknowledged.as_ref()?;
            Some((view.id.clone(), (acknowledged.by.as_str().to_owned(), acknowledged.until)))
        };
        let hands = curbs.firing.iter().filter_map(hand).collect();
        // What a person works at comes before what a person wants quiet.
        let mut quiets = curbs.quiets;
        quiets.sort_by_key(|quiet| (quiet.sort != QuietSort::Maintenance, quiet.id));
        Self { quiets, shelved: curbs.shelved.into_iter().collect(), inhibit, sources, topology, hands }
    }

    /// Why this alert is not to be told at `now`, where there is a reason: the first of shelf, maintenance window,
    /// silence, inhibition, and a collector that is away.
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
        self.inhibited(id, alert).or_else(|| self.cut_off(alert))
    }

    /// Who has this alert in hand at `now`, and until when.
    #[must_use]
    pub fn hand(&self, id: &AlertId, now: Timestamp) -> Option<(&str, Option<Timestamp>)> {
        let (by, until) = self.hands.get(id)?;
        until.is_none_or(|until| until > now).then_some((by, *until))
    }

    fn inhibited(&self, id: &AlertId, alert: Subject<'_>) -> Option<Withheld> {
        self.inhibit.iter().enumerate().filter(|(_, rule)| rule.target.takes(alert)).find_map(|(place, rule)| {
            let sources = self.sources.get(&(place, rule.key(alert)))?;
            if rule.by_gateway() {
                let source = self.gateway_away(alert, sources)?;
                return Some(Withheld {
                    by: "inhibition".to_owned(),
                    id: rule.name.clone(),
                    note: source.0.clone(),
                    until: None,
                });
            }
            // Two alerts that each are source and target would keep each other quiet for ever.
            let able = if rule.source.takes(alert) { &sources.only } else { &sources.all };
            let source = able.iter().find(|source| *source != id)?;
            Some(Withheld { by: "inhibition".to_owned(), id: rule.name.clone(), note: source.0.clone(), until: None })
        })
    }

    /// What inhibits the alert of a device that is heard by gateways: an alert of each of them; here of the first.
    fn gateway_away<'a>(&self, alert: Subject<'_>, sources: &'a Sources) -> Option<&'a AlertId> {
        let gateways = &self.topology.paths.get(&alert.series.device)?.gateways;
        let mut inhibiting = gateways.iter().map(|gateway| sources.devices.get(gateway));
        let first = inhibiting.next()??;
        inhibiting.all(|other| other.is_some()).then_some(first)
    }

    /// The silence of a device whose collector is away says nothing of the device.
    fn cut_off(&self, alert: Subject<'_>) -> Option<Withheld> {
        let Topology { paths, away, silent } = &self.topology;
        if away.is_empty() || !silent.iter().any(|rule| rule.takes(alert.rule.as_str())) {
            return None;
        }
        let (door, note) = away.get_key_value(paths.get(&alert.series.device)?.door.as_ref()?)?;
        Some(Withheld { by: "collector".to_owned(), id: door.clone(), note: note.clone(), until: None })
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
    devices: Arc<dyn DeviceBook>,
    seen: Mutex<Seen>,
}

/// What was seen last, and by which settings.
struct Seen {
    inhibit: Arc<[Inhibit]>,
    lookout: Lookout,
    last: Option<(u64, Arc<Sight>)>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").finish_non_exhaustive()
    }
}

impl Registered {
    /// Looks at alerts, acts, devices and collectors.
    #[must_use]
    pub fn new(book: Arc<dyn ActBook>, devices: Arc<dyn DeviceBook>, inhibit: Vec<Inhibit>, lookout: Lookout) -> Self {
        Self { book, devices, seen: Mutex::new(Seen { inhibit: inhibit.into(), lookout, last: None }) }
    }

    /// Withholds by other inhibitions, and other times of collectors, from the next look on.
    pub fn replace(&self, inhibit: Vec<Inhibit>, away: AwaySettings) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.inhibit = inhibit.into();
        seen.lookout.replace(away);
        seen.last = None;
    }

    /// Paths are many, and read only where they decide something.
    fn topology(&self, curbs: &Curbs, away: BTreeMap<String, String>, seen: &Seen) -> Result<Topology, RecordError> {
        let gateways: Vec<&Inhibit> = seen.inhibit.iter().filter(|rule| rule.by_gateway()).collect();
        let one_is_away = || curbs.firing.iter().any(|view| gateways.iter().any(|rule| rule.source.takes(Subject::from(view))));
        if away.is_empty() && !one_is_away() {
            return Ok(Topology::default());
        }
        Ok(Topology { paths: self.devices.paths()?.into_iter().collect(), away, silent: seen.lookout.rules().to_vec() })
    }
}

impl Curb for Registered {
    fn look(&self, now: Timestamp) -> Result<Arc<Sight>, RecordError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let away = seen.lookout.look(now);
        // Read before the rest: what changes meanwhile is looked at again, and never missed.
        let revision = self.book.revision();
        if let Some((_, sight)) = seen.last.as_ref().filter(|(of, sight)| *of == revision && sight.topology.away == away) {
            return Ok(Arc::clone(sight));
        }
        let curbs = self.book.curbs(now)?;
        let topology = self.topology(&curbs, away, &seen)?;
        let sight = Arc::new(Sight::new(curbs, Arc::clone(&seen.inhibit), topology));
        seen.last = Some((revision, Arc::clone(&sight)));
        Ok(sight)
    }
}
