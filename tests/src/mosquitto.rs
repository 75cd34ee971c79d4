//! A real Mosquitto on a free port, where it is installed.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{free_address, until};

/// A broker; ends when dropped.
#[derive(Debug)]
pub struct Mosquitto {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Mosquitto {
    /// Starts one that keeps every message of a persistent session, with its state in `directory`. None
    /// where `mosquitto` is not installed: says loudly that the test was skipped, and fails where
    /// `MARSAD_REQUIRE` names `mosquitto`.
    ///
    /// # Panics
    /// If it is installed and does not start, or is required and not installed.
    #[must_use]
    pub fn start(directory: &Path) -> Option<Self> {
        let address = free_address();
        let config = directory.join("mosquitto.conf");
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 20000\nmax_queued_messages 0\npersistence false\nset_tcp_nodelay true\n",
            address.port()
        );
        std::fs::File::create(&config).and_then(|mut f| f.write_all(text.as_bytes())).expect("the broker's configuration");
        let started = Command::new("mosquitto").arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(process) = started else {
            let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name == "mosquitto"));
            assert!(!required, "MARSAD_REQUIRE names mosquitto, but it cannot be started: apt-get install mosquitto");
            let _ =
                writeln!(std::io::stderr(), "SKIPPED: mosquitto is not installed; to run this test: apt-get install mosquitto");
            return None;
        };
        let broker = Self { process, address };
        until("mosquitto to listen", Duration::from_secs(10), || TcpStream::connect(address).ok());
        Some(broker)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
