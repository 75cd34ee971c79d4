//! Tokens, cookies, claim codes, second factors, passwords and certificates of devices.

#![no_main]

use std::sync::LazyLock;

use fuzz::tokens::Doors;
use libfuzzer_sys::fuzz_target;

static DOORS: LazyLock<(tempfile::TempDir, Doors)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a directory");
    let doors = Doors::new(folder.path());
    (folder, doors)
});

// Not bounded: what a database does in a moment of its own is nobody's input.
fuzz_target!(|input: &[u8]| assert!(!DOORS.1.show(input), "a stranger was let in"));
