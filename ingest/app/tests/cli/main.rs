//! The command line, as a stranger meets it: what is said when something is wrong, with which exit code,
//! and what is answered when nothing is.
//!
//! Deliberately absent: what the answers mean; that is tested where it is decided.

mod adoption;
mod alive;
mod arguments;
mod backup;
mod canaries;
mod city;
mod closed;
mod decoding;
mod desk;
mod directory;
mod disk;
mod incidents;
mod isolated;
mod moving;
mod outward;
mod people;
mod poison;
mod privacy;
mod program;
mod provisioning;
mod published;
mod questions;
mod refusals;
mod reports;
mod rota;
mod rules;
mod sealing;
mod secrecy;
mod secrets;
mod simulating;
mod spool;
mod tenants;
mod terms;
mod verifying;
