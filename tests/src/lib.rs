//! What tests of the whole need: the real program as a child process, a real broker, free ports, and a
//! way to wait for a condition instead of for a time.
//!
//! Deliberately absent: anything that reaches into the program. It is seen from outside.

mod browser;
mod device;
mod generated;
mod house;
mod marsad;
mod mosquitto;
mod parts;
mod publisher;
mod wait;

use std::io::Write;

pub use browser::{Browser, Screen, axe, has};
pub use device::Device;
pub use generated::generated;
pub use house::{House, after, caught_up, decoder, fill, met, noon};
pub use marsad::{Marsad, binary};
pub use mosquitto::Mosquitto;
pub use parts::{Away, Hatch, HatchSource, StillClock, message};
pub use publisher::{Publisher, Script, Tally};
pub use wait::{free_address, until};

/// The project's root.
#[must_use]
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the root").to_owned()
}

/// A file of the shared folder beside the project, if it is there; else a loud line.
#[must_use]
pub fn shared(path: &str) -> Option<std::path::PathBuf> {
    let file = root().join("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    // Not eprintln: the test runner shows that only of tests that fail.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: {} is not there; put the shared folder beside the project to run this test",
        file.display()
    );
    None
}
