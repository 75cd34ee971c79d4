//! Waiting for conditions.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
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

/// Addresses of the loopback that nobody has, below the ports that the system gives to outgoing
/// connections (32,768 on): those would be taken by somebody else before they are used.
static NEXT: AtomicU16 = AtomicU16::new(0);
const FIRST: u16 = 10_240;
const PORTS: u16 = 20_000;

/// An address that was free a moment ago. Not given again by this process; other test processes begin
/// elsewhere.
///
/// # Panics
/// If this machine has no free port.
#[must_use]
pub fn free_address() -> SocketAddr {
    let begin = u16::try_from(std::process::id().wrapping_mul(977) % u32::from(PORTS)).expect("below PORTS");
    (0..PORTS)
        .map(|_| FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS) % PORTS)
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).and_then(|l| l.local_addr()).ok())
        .expect("a free port")
}
