//! Readings on the move: out into files, in from files, from one store to another.

mod check;
mod copy;
mod export;
mod import;
mod place;
mod pour;
mod rejects;

pub(crate) use copy::{Copy, copy};
pub(crate) use export::{Export, export};
pub(crate) use import::{Import, import};
pub(crate) use rejects::passing_defaults;
