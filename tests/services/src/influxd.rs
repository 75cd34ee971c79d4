//! InfluxDB 2.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Process, answers, binary, free_address, get};

/// A server; ends when dropped.
#[derive(Debug)]
pub struct Influxd {
    binary: PathBuf,
    directory: PathBuf,
    process: Process,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Influxd {
    /// Starts one with its state in `directory`: fresh, nobody is set up. None where it is not installed.
    ///
    /// # Panics
    /// If it is installed and does not start, or is required and not installed.
    #[must_use]
    pub fn start(directory: &Path) -> Option<Self> {
        let binary = binary("influxd")?;
        // Somebody may take the port between our look and its.
        for _ in 0..5 {
            let address = free_address();
            if let Some(process) = run(&binary, directory, address) {
                return Some(Self { binary, directory: directory.to_owned(), process, address });
            }
        }
        panic!("influxd does not start in {}", directory.display());
    }

    /// SIGKILL: what it did not write is lost.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`Influxd::kill`], at the same place.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.binary, &self.directory, self.address).expect("it starts where it ran before");
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn run(binary: &Path, directory: &Path, address: SocketAddr) -> Option<Process> {
    let place = |name: &str| directory.join(name);
    let log = std::fs::OpenOptions::new().create(true).append(true).open(place("influxd.log")).expect("a log file");
    let mut command = Command::new(binary);
    command
        .args(["--http-bind-address", &address.to_string(), "--reporting-disabled", "--log-level", "warn"])
        .arg("--bolt-path")
        .arg(place("influxd.bolt"))
        .arg("--sqlite-path")
        .arg(place("influxd.sqlite"))
        .arg("--engine-path")
        .arg(place("engine"))
        .stdout(Stdio::from(log.try_clone().expect("a log file")))
        .stderr(Stdio::from(log));
    let mut process = Process::start(&mut command);
    let ready =
        answers(&mut process, "influxd to be ready", || get(address, "/health").is_some_and(|text| text.contains(" 200 ")));
    ready.then_some(process)
}
