//! Real servers for tests: a child process on a free port with its state in a directory, which can be killed and
//! started again there.
//!
//! The issuer of a city's directory is one of ours, since none that exists says on demand what is wrong.
//!
//! Where one is not installed, a test is skipped, loudly, or fails where `MARSAD_REQUIRE` names the server. The scripts
//! beside this crate install them.

mod influxd;
mod issuer;
pub mod mail;
mod victoria;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

pub use influxd::Influxd;
pub use issuer::{Issuer, Signer};
pub use victoria::Victoria;

/// How long a server may take until it answers: it shares the machine with other tests.
const START: Duration = Duration::from_secs(120);

/// The binary of a server: in `MARSAD_SERVICES/bin`, else where the scripts put it, else on the path. None, said
/// loudly, where it is nowhere.
///
/// # Panics
/// If `MARSAD_REQUIRE` names it and it is nowhere.
#[must_use]
pub fn binary(name: &str) -> Option<PathBuf> {
    let stated = std::env::var_os("MARSAD_SERVICES").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/marsad-services"));
    let cached = [stated, home].into_iter().flatten().map(|directory| directory.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = cached.chain(std::env::split_paths(&path)).map(|directory| directory.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|required| required == name));
        assert!(!required, "MARSAD_REQUIRE names {name}, but it is not installed: tests/services/install {name}");
        // Not eprintln: the test runner shows that only of tests that fail.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name} is not installed; to run this test: tests/services/install {name}");
    }
    found
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound socket has an address")
}

/// A process that ends with its owner.
#[derive(Debug)]
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("what is installed can be started"))
    }

    /// Whether it still runs.
    fn runs(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// SIGKILL, and wait until it is gone.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until the server answers; false where it ended instead, for example because somebody took its port.
fn answers(process: &mut Process, what: &str, mut ask: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !ask() {
        if !process.runs() {
            return false;
        }
        assert!(began.elapsed() < START, "waited {} s in vain for {what}", START.as_secs());
        // The one place where this crate waits: between two questions.
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// The status and the body of a plain GET.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    use std::io::Read;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
