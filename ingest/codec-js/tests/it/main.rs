//! The script engine as its users see it.

mod abuse;
mod answers;
mod cases;
mod common;
mod entry;
mod forgetting;
mod host;
mod language;
mod total;
