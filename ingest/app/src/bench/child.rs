//! Child processes of a benchmark: started, measured from outside, ended.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use ports::Status;

use crate::failure::{Code, Failure};
use crate::memory::Resident;

/// Ended when dropped.
pub(crate) struct Process {
    child: Child,
    says: Option<BufReader<ChildStdout>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(what: &str, cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("{what}: {cause}"))
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        child.map(|child| Self { child, says: None }).map_err(|cause| failed(&format!("{name} cannot be started"), cause))
    }

    /// Starts it with its output piped, for [`Process::hear`].
    pub(crate) fn start_to_hear(command: &mut Command) -> Result<Self, Failure> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(|cause| failed("the child cannot be started", cause))?;
        let says = child.stdout.take().map(BufReader::new);
        Ok(Self { child, says })
    }

    /// Waits for its next line, which must be this one. Blocks.
    pub(crate) fn hear(&mut self, line: &str) -> Result<(), Failure> {
        let mut heard = String::new();
        if let Some(says) = &mut self.says {
            says.read_line(&mut heard).map_err(|cause| failed("the child cannot be heard", cause))?;
        }
        if heard.trim() == line {
            Ok(())
        } else {
            Err(failed(&format!("the child did not say `{line}`, but"), format!("`{}`", heard.trim())))
        }
    }

    /// Seconds of processor time so far, user and system (`proc(5)`: fields 14 and 15 of `stat`).
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The second field is the name in parentheses and may hold anything: count from behind it.
        let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks: f64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<f64>().ok()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        ticks / per_second
    }

    /// Resident bytes now (`VmRSS`).
    pub(crate) fn resident(&self) -> u64 {
        Resident::of(self.child.id()).now
    }

    /// The exit code, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr());
    listener.map_err(|cause| failed("no port is free", cause))
}

/// Runs a command of this program in a directory; what it says.
pub(crate) fn ours(place: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let failed = |why: String| Failure::new(Code::Failed, format!("`marsad {}`: {why}", arguments.join(" ")));
    let program = std::env::current_exe().map_err(|cause| failed(cause.to_string()))?;
    let said = Command::new(program).args(arguments).current_dir(place).output().map_err(|cause| failed(cause.to_string()))?;
    if said.status.success() {
        Ok(String::from_utf8_lossy(&said.stdout).into_owned())
    } else {
        Err(failed(String::from_utf8_lossy(&said.stderr).into_owned()))
    }
}

/// Marsad itself, on its own data directory.
pub(crate) struct Marsad {
    pub(crate) process: Process,
    pub(crate) mqtt: SocketAddr,
    pub(crate) http: SocketAddr,
    client: reqwest::Client,
}

impl Marsad {
    /// Starts this very program with `run` and waits until it is ready. `settings` is a file's text.
    pub(crate) async fn start(directory: &Path, settings: &str) -> Result<Self, Failure> {
        let (mqtt, http) = (free_address()?, free_address()?);
        let file = directory.join("bench.toml");
        std::fs::write(&file, settings).map_err(|cause| failed("the settings cannot be written", cause))?;
        let program = std::env::current_exe().map_err(|cause| failed("this program cannot be found", cause))?;
        let mut command = Command::new(program);
        command.arg("run").arg("--config").arg(&file).arg("--data").arg(directory.join("data"));
        command.arg("--mqtt").arg(mqtt.to_string()).arg("--http").arg(http.to_string()).arg("--log").arg("warn");
        let mut marsad = Self { process: Process::start(&mut command)?, mqtt, http, client: reqwest::Client::new() };
        let began = Instant::now();
        while marsad.status().await.is_none() {
            if let Some(ended) = marsad.process.ended() {
                return Err(failed("marsad ended at once", ended));
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err(failed("marsad", "does not answer within 30 s"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(marsad)
    }

    pub(crate) async fn status(&self) -> Option<Status> {
        let answer = self.client.get(format!("http://{}/api/v1/status", self.http)).send().await.ok()?;
        answer.json().await.ok()
    }

    /// Waits until so many messages have come and every reader has passed them.
    pub(crate) async fn settled(&self, received: u64, patience: Duration) -> Result<Status, Failure> {
        let began = Instant::now();
        loop {
            let status = self.status().await;
            if let Some(status) =
                status.filter(|s| s.identity.received >= received && s.readers.iter().all(|r| r.lag == 0 || r.name == "live"))
            {
                return Ok(status);
            }
            if began.elapsed() > patience {
                return Err(failed("marsad", format!("has not worked off {received} messages within {} s", patience.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
