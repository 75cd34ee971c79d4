//! Waiting for conditions.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Asks until the answer is there, at most `patience`.
///
/// # Panics
/// If the time is over, naming what was awaited.
pub fn until<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < patience, "waited {} s in vain for {what}", patience.as_secs());
        // The one place where tests wait: between two questions.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An address that was free a moment ago.
///
/// # Panics
/// If this machine has no free port.
#[must_use]
pub fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a free port")
}
