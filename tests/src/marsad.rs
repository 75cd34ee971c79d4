//! The program, as a child process on its own data directory and ports.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use ports::Status;
use serde_json::Value;

use crate::{free_address, until};

/// The program that was built with this test.
///
/// # Panics
/// If it is not there: `cargo test --workspace` builds it.
#[must_use]
pub fn binary() -> PathBuf {
    if let Ok(path) = std::env::var("MARSAD_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().and_then(Path::parent).expect("tests stand in target/PROFILE/deps");
    let program = folder.join("marsad");
    assert!(
        program.exists(),
        "{} is not built: run `cargo test --workspace`, or `cargo build -p marsad` first",
        program.display()
    );
    program
}

const SETTINGS: &str = "marsad.toml";

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Marsad {
    process: Child,
    /// Where devices publish.
    pub mqtt: SocketAddr,
    /// Where pages and API are.
    pub http: SocketAddr,
}

impl Marsad {
    /// Starts `marsad run` and waits until it answers. `settings` is the text of its file.
    ///
    /// # Panics
    /// If it does not answer within 30 s.
    #[must_use]
    pub fn start(directory: &Path, settings: &str) -> Self {
        Self::start_as("run", directory, settings)
    }

    /// As [`Marsad::start`], with another command, such as `demo`.
    ///
    /// # Panics
    /// If it does not answer within 30 s.
    #[must_use]
    pub fn start_as(command: &str, directory: &Path, settings: &str) -> Self {
        std::fs::write(directory.join(SETTINGS), settings).expect("the settings");
        Self::launch(command, directory, free_address(), free_address())
    }

    /// Starts the program again after its end, with the same settings on the same ports.
    ///
    /// # Panics
    /// If it does not answer within 30 s.
    #[must_use]
    pub fn again(self, directory: &Path) -> Self {
        let (mqtt, http) = (self.mqtt, self.http);
        drop(self);
        Self::launch("run", directory, mqtt, http)
    }

    fn launch(command: &str, directory: &Path, mqtt: SocketAddr, http: SocketAddr) -> Self {
        let config = directory.join(SETTINGS);
        let log = std::fs::File::options().create(true).append(true).open(directory.join("marsad.log")).expect("the log");
        let process = Command::new(binary())
            .args([command, "--config"])
            .arg(&config)
            .arg("--data")
            .arg(directory.join("data"))
            .args(["--mqtt", &mqtt.to_string(), "--http", &http.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut marsad = Self { process, mqtt, http };
        until("marsad to answer", Duration::from_secs(30), || {
            if let Some(ended) = marsad.ended() {
                let log = std::fs::read_to_string(directory.join("marsad.log")).unwrap_or_default();
                panic!("marsad ended with {ended}:\n{log}");
            }
            // Not its status, which a program with users tells nobody who has not signed in; and not the answer of another one that
            // was given the same port first.
            let note = std::fs::read(directory.join("data/running.json")).ok()?;
            let note: Value = serde_json::from_slice(&note).ok()?;
            let answer = client().get(format!("http://{http}/healthz")).send().ok()?;
            (answer.status().is_success() && note["pid"] == marsad.pid()).then_some(())
        });
        marsad
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How it stands; none while it does not answer.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let answer = client().get(format!("http://{}/api/v1/status", self.http)).send().ok()?;
        answer.json().ok()
    }

    /// The body of an answer.
    ///
    /// # Panics
    /// If there is no answer or it is not a success.
    #[must_use]
    pub fn get(&self, path: &str) -> String {
        let answer = client().get(format!("http://{}{path}", self.http)).send().expect("an answer");
        assert!(answer.status().is_success(), "{path} answered {}", answer.status());
        answer.text().expect("a body")
    }

    /// The body of an answer, as JSON.
    ///
    /// # Panics
    /// As [`Marsad::get`], or if it is not JSON.
    #[must_use]
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).expect("JSON")
    }

    /// Waits until every reader has passed the end of the journal, and gives the account.
    ///
    /// # Panics
    /// If that takes longer than `patience`.
    #[must_use]
    pub fn settled(&self, patience: Duration) -> Status {
        until("all readers to catch up", patience, || {
            self.status().filter(|s| s.identity.waiting == 0 && s.readers.iter().all(|r| r.lag == 0))
        })
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        self.process.wait().expect("its end");
    }

    /// `kill -TERM`, and its exit status.
    ///
    /// # Panics
    /// If it does not end within 30 s.
    pub fn stop(&mut self) -> ExitStatus {
        let id = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        until("marsad to end", Duration::from_secs(30), || self.ended())
    }

    /// `kill -HUP`: it is to read its devices, routes and profiles anew.
    pub fn hang_up(&self) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.process), rustix::process::Signal::HUP);
    }

    /// The exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Runs the program with arguments to its end.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn command(arguments: &[&str]) -> Output {
        Command::new(binary()).args(arguments).stdin(Stdio::null()).output().expect("the program runs")
    }
}

/// One client for all: making one reads the system's certificates, which takes longer than most tests.
fn client() -> &'static reqwest::blocking::Client {
    static CLIENT: OnceLock<reqwest::blocking::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        // Refused only where another test of this process has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::blocking::Client::builder().timeout(Duration::from_secs(60)).build().expect("an HTTP client")
    })
}

impl Drop for Marsad {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
