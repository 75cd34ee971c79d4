//! What operators do: acts on alerts, silences, maintenance windows; and what the planner must know of them.
//!
//! The calls of [`ActBook`] block for a disk write: call them from a thread that may block. An act is legal or
//! refused inside the transaction that keeps it, so that two people cannot both be right.

use std::time::Duration;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{Act, AlertId, IllegalAct, Marks, Person, Remark, Scope, Shelved, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AlertFilter, AlertView, Fate, Fated, Mailing, RecordError, RotaView};

/// How long a silence may hold: thirty days. Who needs longer changes the rule.
pub const SILENCE_AT_MOST: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a maintenance window may be: 92 days, a season of road works.
pub const MAINTENANCE_AT_MOST: Duration = Duration::from_secs(92 * 24 * 3600);
/// How far ahead a maintenance window may be entered: a year.
pub const MAINTENANCE_AHEAD: Duration = Duration::from_secs(366 * 24 * 3600);
/// Silences and windows, each, that may stand at once.
pub const STANDING: usize = 1000;

/// The two sorts of time in which people are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuietSort {
    /// Somebody wants to hear no more of it for a while.
    Silence,
    /// Somebody works there: what is said is known to be of no meaning.
    Maintenance,
}

impl QuietSort {
    /// `silence` or `maintenance`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            QuietSort::Silence => "silence",
            QuietSort::Maintenance => "maintenance",
        }
    }
}

/// A silence or a maintenance window that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuiet {
    /// Which sort.
    pub sort: QuietSort,
    /// Which alerts.
    pub scope: Scope,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who wants it.
    pub by: Person,
    /// Why.
    pub note: Remark,
}

impl NewQuiet {
    /// What is wrong with it at `now`; nothing where it can be.
    #[must_use]
    pub fn objections(&self, now: Timestamp) -> Vec<String> {
        let Self { sort, scope, from, until, .. } = self;
        let mut wrong: Vec<String> = scope.objection().into_iter().collect();
        if scope.takes_all() {
            wrong.push(format!("a {} of everything is refused: name at least one zone, kind, device or rule", sort.code()));
        }
        if until <= from {
            wrong.push(format!("`until` is {until}, expected after {from}"));
        }
        if *until <= now {
            wrong.push(format!("`until` is {until}, which is over at {now}"));
        }
        let most = match sort {
            QuietSort::Silence => SILENCE_AT_MOST,
            QuietSort::Maintenance => MAINTENANCE_AT_MOST,
        };
        if until.since(*from) > most {
            let (sort, days) = (sort.code(), most.as_secs() / 86_400);
            wrong.push(format!("from {from} to {until} is too long: a {sort} holds for {days} days at most"));
        }
        if from.since(now) > MAINTENANCE_AHEAD {
            wrong.push(format!("`from` is {from}, expected within a year"));
        }
        if *sort == QuietSort::Maintenance && !(scope.rule.is_empty() && scope.severity.is_empty() && scope.quantity.is_empty()) {
            wrong.push("a maintenance window is about zones, kinds and devices; a silence is about rules too".to_owned());
        }
        wrong
    }
}

/// A silence or a maintenance window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quiet {
    /// Its number, over both sorts.
    pub id: u64,
    /// Which sort.
    pub sort: QuietSort,
    /// Which alerts.
    pub scope: Scope,
    /// From when on.
    pub from: Timestamp,
    /// Until when, unless it is ended before.
    pub until: Timestamp,
    /// Who wanted it.
    pub by: Person,
    /// Why.
    pub note: Remark,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When somebody ended it; none where nobody did.
    pub ended_at: Option<Timestamp>,
    /// Who.
    pub ended_by: Option<Person>,
}

impl Quiet {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && !self.is_over(now)
    }

    /// Whether it will never hold again.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now || self.ended_at.is_some()
    }
}

/// Which silences or windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietFilter {
    /// Which sort.
    pub sort: QuietSort,
    /// Those too that are over.
    pub over: bool,
    /// Only numbers below this one: for paging, since the newest come first.
    pub before: Option<u64>,
    /// At most this many.
    pub limit: usize,
}

/// What keeps alerts from being told, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curbs {
    /// Silences and windows that hold or will.
    pub quiets: Vec<Quiet>,
    /// What is on the shelf.
    pub shelved: Vec<(AlertId, Shelved)>,
    /// What fires: it may inhibit something.
    pub firing: Vec<AlertView>,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The register could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The life cycle does not have it.
    #[error(transparent)]
    Illegal(#[from] IllegalAct),
    /// There is no such thing.
    #[error("{0}")]
    Absent(String),
    /// It does not stand where it could be done: it was ended before.
    #[error("{0}")]
    Conflict(String),
    /// What was asked cannot be: each line says what and why.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

impl Fated for ActError {
    fn fate(&self) -> Fate {
        match self {
            ActError::Record(error) => error.fate(),
            ActError::Illegal(_) | ActError::Absent(_) | ActError::Conflict(_) | ActError::Refused(_) => Fate::Quarantine,
        }
    }
}

/// Where acts, silences and windows are kept.
pub trait ActBook: Send + Sync + 'static {
    /// Does it, at the act's own instant; gives what operators did to the alert so far.
    ///
    /// # Errors
    /// As [`ActError`] says; nothing of it was kept.
    fn act(&self, act: &Act) -> Result<Marks, ActError>;

    /// What was done to one alert, in order: the last `rows`.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn acts_of(&self, alert: &AlertId, rows: usize) -> Result<Vec<Act>, RecordError>;

    /// Enters a silence or a window.
    ///
    /// # Errors
    /// As [`ActError`] says.
    fn begin_quiet(&self, new: &NewQuiet, now: Timestamp) -> Result<Quiet, ActError>;

    /// Ends one before its time.
    ///
    /// # Errors
    /// As [`ActError`] says.
    fn end_quiet(&self, sort: QuietSort, id: u64, by: &Person, now: Timestamp) -> Result<Quiet, ActError>;

    /// Silences or windows, the newest first.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn quiets(&self, filter: &QuietFilter, now: Timestamp) -> Result<Vec<Quiet>, RecordError>;

    /// What keeps alerts from being told at `now`, or will.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn curbs(&self, now: Timestamp) -> Result<Curbs, RecordError>;

    /// A number that is another one after every change to what [`ActBook::curbs`] gives. Cheap.
    fn revision(&self) -> u64;
}

/// What withholds an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// `silence`, `maintenance`, `shelf`, `inhibition` or `collector`.
    pub by: String,
    /// Which one.
    pub id: String,
    /// Author and note, or what inhibits.
    pub note: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// An alert as an operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeskAlert {
    /// The episode, with what was done to it.
    #[serde(flatten)]
    pub alert: AlertView,
    /// What keeps it from being told just now.
    pub withheld: Option<Withheld>,
}

/// An alert, and what was done to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeskRecord {
    /// The alert.
    #[serde(flatten)]
    pub alert: DeskAlert,
    /// What operators did, in order: the last hundred acts.
    pub acts: Vec<Act>,
}

/// Which alerts of the desk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeskFilter {
    /// What the register can tell.
    pub alerts: AlertFilter,
    /// Only those that something withholds, or only those that nothing does.
    pub withheld: Option<bool>,
}

/// What an operator may ask and do.
pub trait Desk: Send + Sync + 'static {
    /// Alerts, gravest and newest first.
    fn alerts<'a>(&'a self, filter: &'a DeskFilter) -> BoxFuture<'a, Result<Vec<DeskAlert>, ActError>>;

    /// One of them, with what was done to it; none where there is no such alert.
    fn alert<'a>(&'a self, id: &'a AlertId) -> BoxFuture<'a, Result<Option<DeskRecord>, ActError>>;

    /// Does something to an alert, now. The act's own instant is not looked at.
    fn act(&self, act: Act) -> BoxFuture<'_, Result<Marks, ActError>>;

    /// Silences or windows, the newest first.
    fn quiets(&self, filter: QuietFilter) -> BoxFuture<'_, Result<Vec<Quiet>, ActError>>;

    /// Enters a silence or a window.
    fn begin_quiet(&self, new: NewQuiet) -> BoxFuture<'_, Result<Quiet, ActError>>;

    /// Ends one before its time.
    fn end_quiet(&self, sort: QuietSort, id: u64, by: Person) -> BoxFuture<'_, Result<Quiet, ActError>>;

    /// Who is on duty, and whose the next shifts are, of every rota in the order of the settings.
    fn rotas(&self) -> BoxFuture<'_, Vec<RotaView>>;

    /// How each report fares that goes by mail, in the order of the settings.
    fn mailings(&self) -> BoxFuture<'_, Result<Vec<Mailing>, ActError>>;
}
