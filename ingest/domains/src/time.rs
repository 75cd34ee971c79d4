//! Local time of a city: days of 23, 24 and 25 hours, UTC hours folded into them, and the calendar that
//! people live by.
//!
//! Storage is UTC; days and hours of the week are local civil. Whether it is "summer" is never asked: in
//! Morocco the flag meant the opposite of what the word says.

mod calendar;
mod city;
mod fold;
mod weekday;

pub use calendar::{Calendar, Expected, Feast, Hijri, Ramadan, WasteFactor};
pub use city::{CityTime, LocalDay, ZoneError};
pub use fold::{DayFold, fold_days};
pub use weekday::WeekdayName;
