//! `marsad bench`: the platform measured from outside, as a child process, beside a peer in the same run; its parts in
//! this process.

mod alert;
mod args;
mod bare;
mod child;
mod closed;
mod collect;
mod decode;
mod hose;
mod memory;
mod pages;
mod simulate;
mod store;
mod truth;

pub(crate) use alert::alert;
pub(crate) use args::Bench;
pub(crate) use bare::bare;
pub(crate) use closed::closed;
pub(crate) use collect::collect;
pub(crate) use decode::decode;
pub(crate) use memory::memory;
pub(crate) use pages::pages;
pub(crate) use simulate::simulate;
pub(crate) use store::{StoreKind, alone as store_alone, store};
pub(crate) use truth::truth;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::{Code, Failure};

/// Lets this process, and its children, have so many files and sockets open, as far as the system allows.
fn raise_files(needed: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < needed) {
        let raised = Rlimit { current: Some(limit.maximum.map_or(needed, |m| m.min(needed))), maximum: limit.maximum };
        // Where it is refused, the connection that is too many says so.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// A directory that goes away with the benchmark.
fn scratch() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("marsad-bench-")
        .tempdir()
        .map_err(|cause| Failure::new(Code::Disk, format!("no temporary directory: {cause}")))
}
