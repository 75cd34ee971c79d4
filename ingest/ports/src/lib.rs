//! What the house asks of the world, as traits, and the few words that go with asking: how an error
//! ends, how long to wait before asking again, what may be lost on the way to a screen.
//!
//! Deliberately absent: any implementation that touches a disk or a socket, but for the clock.

mod access;
mod acts;
mod backoff;
mod clock;
mod console;
mod credentials;
mod directory;
mod fate;
mod live;
mod mailing;
mod notifier;
mod operations;
mod privacy;
mod quarantine;
mod records;
mod rota;
mod rulebook;
mod stage;
mod store;
mod tell;

pub use access::{
    AccessError, AuditNote, AuditRow, AuditVerdict, Entry, Gate, Made, Means, NewToken, NewUser, NoRole, Role, SecondFactor,
    Shown, Token, User, Viewer,
};
pub use acts::{
    ActBook, ActError, Curbs, Desk, DeskAlert, DeskFilter, DeskRecord, MAINTENANCE_AHEAD, MAINTENANCE_AT_MOST, NewQuiet, Quiet,
    QuietFilter, QuietSort, SILENCE_AT_MOST, STANDING, Withheld,
};
pub use backoff::Backoff;
pub use clock::{Clock, SystemClock};
pub use console::{
    AlertFilter, AlertPlace, AlertView, Check, Console, ConsoleError, DeviceFilter, DeviceView, FirmwareSeen, Identity, NoPlace,
    ReaderStatus, SourceStatus, Status,
};
pub use credentials::{Claim, DeviceCredential, Handed, NewClaim, NewCredential, Provided, Provision};
pub use directory::{Departure, Directory, DirectoryError, Return, Standing, Vouched};
pub use fate::{Fate, Fated};
pub use futures_util::future::BoxFuture;
pub use live::{Live, LiveFrame};
pub use mailing::{Booked, EditionDue, EditionSent, EditionState, Mailing};
pub use notifier::{DeliveryError, Enclosed, Form, Language, Line, Mark, Notification, Notifier, Step};
pub use operations::{
    Adopted, Erased, Explanation, Kept, KeptFilter, KeptPage, OperationError, Operations, QuarantineGroup, ReadBy, Refusal,
    Reloaded, Reread, Retried, Retry, Trace, UnknownDevice,
};
pub use privacy::Vault;
pub use quarantine::{
    Brought, Departed, Forgotten, Holding, Overflow, Page, Quarantine, QuarantineFilter, Quarantined, Settlement, fits_topic,
};
pub use records::{AlertBook, BirthBook, DeviceBook, DeviceSeen, EvaluatorStep, Path, RecordError};
pub use rota::{RotaView, ShiftView};
pub use rulebook::{BackTest, Outcome, RULE_BYTES, RuleDraft, RuleMistake, RuleText, RuleView, Rulebook, RulebookError, Spell};
pub use stage::{Happening, Incident, Stage};
pub use store::{Appended, Caps, Points, Query, RolledUp, Selector, Shape, Store, StoreError, StoreGauges, quantised, storable};
pub use tell::{Because, Delivery, Link, Outbox, PlanBook, PlanStep, Posted, Reason, ReportBook, RestoredPlan, Why, WhyStep};
