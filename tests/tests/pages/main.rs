//! The pages as people see them: a real browser on the running program, in three languages, on a desk and on a phone, by day
//! and by night.

mod directory;
mod live;
mod look;
mod opened;
mod town;
