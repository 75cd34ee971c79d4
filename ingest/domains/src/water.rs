//! Water: from the index of a meter to consumption, leaks and losses; and what of it may be published.
//!
//! Volumes are litres, flows litres an hour. A meter's index, address and hourly consumption are personal data
//! (law 09-08, article 1): only aggregates that [`publication`](publish) lets through leave the house.
//!
//! Deliberately absent: joining meters with bins, parking or claims, which the law makes subject to
//! authorisation (article 12) and this house forbids by design.

mod balance;
mod burst;
mod curve;
mod delta;
mod leak;
mod night;
mod privacy;
mod pseudonym;
mod settings;

pub use balance::{Balance, balance, stuck_meter};
pub use burst::{burst_by_hour, burst_by_quarters};
pub use curve::{Consumption, ConsumptionCurve, CurveError};
pub use delta::{Delta, MeterIndex, backflow_alarm, delta};
pub use leak::{Leak, LeakClass, leaks};
pub use night::{NightFlow, night_alarm, night_flow, quiet_hours};
pub use privacy::{Cell, Publication, judge_cell, judge_parts, publish};
pub use pseudonym::{KeyError, Pseudonyms};
pub use settings::{
    BalanceSettings, BulkSettings, BurstSettings, CurveSettings, LeakSettings, MeterSettings, NightSettings, PrivacySettings,
    WaterSettings,
};
