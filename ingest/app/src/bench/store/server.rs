//! The servers of the benchmark: started on free ports with their files in a directory of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use settings::{Layers, Settings};
use store_influx::{Access, Secret, Setup};

use super::StoreKind;
use crate::bench::child::{Process, free_address};
use crate::failure::{Code, Failure};

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(60);

/// A server that runs; ended when dropped.
pub(super) struct Server {
    pub(super) process: Process,
    address: SocketAddr,
    kind: StoreKind,
    directory: PathBuf,
}

impl Server {
    /// None for the embedded store.
    pub(super) async fn start(kind: StoreKind, directory: &Path) -> Result<Option<Self>, Failure> {
        if kind == StoreKind::Embedded {
            return Ok(None);
        }
        let address = free_address()?;
        let process = run(kind, address, directory).await?;
        Ok(Some(Self { process, address, kind, directory: directory.to_owned() }))
    }

    /// Ends it and starts it again on the same files.
    pub(super) async fn restart(self) -> Result<Self, Failure> {
        let Self { process, address, kind, directory } = self;
        drop(process);
        let process = run(kind, address, &directory).await?;
        Ok(Self { process, address, kind, directory })
    }

    /// Settings with which a store finds it; a fresh InfluxDB is set up.
    pub(super) async fn settings(&self) -> Result<Settings, Failure> {
        let url = format!("http://{}", self.address);
        let mut flags = match self.kind {
            StoreKind::Embedded => Vec::new(),
            StoreKind::Influx => vec![("influx.url".to_owned(), url)],
            StoreKind::Victoria => vec![("victoria.write_url".to_owned(), url.clone()), ("victoria.read_url".to_owned(), url)],
        };
        if self.kind == StoreKind::Influx {
            let settings = load(flags.clone())?;
            let wrong = |e: &dyn std::fmt::Display| Failure::new(Code::Failed, e.to_string());
            let first = Access::First { user: "bench".to_owned(), password: Secret::new("only-for-a-while") };
            let setup = Setup::new(&settings.influx).map_err(|e| wrong(&e))?;
            let made = setup.prepare(Some(first)).await.map_err(|e| wrong(&e))?;
            flags.extend(made.token.map(|token| ("influx.token".to_owned(), token.reveal().to_owned())));
        }
        load(flags)
    }

    /// Has it put in order on disk what it has in memory, where it can be asked for that.
    pub(super) async fn settle(&self) {
        if self.kind == StoreKind::Victoria {
            for path in ["force_flush", "force_merge"] {
                // A server without it is as quiet as it is.
                let _ = reqwest::get(format!("http://{}/internal/{path}", self.address)).await;
            }
        }
    }
}

/// The defaults, with these keys laid over them.
pub(super) fn load(flags: Vec<(String, String)>) -> Result<Settings, Failure> {
    Ok(Settings::load(&Layers { files: Vec::new(), environment: Vec::new(), flags })?)
}

async fn run(kind: StoreKind, address: SocketAddr, directory: &Path) -> Result<Process, Failure> {
    let place = |name: &str| directory.join(name).display().to_string();
    let mut command = match kind {
        StoreKind::Influx => {
            let mut command = Command::new("influxd");
            command.args(["--reporting-disabled", "--log-level", "error", "--http-bind-address", &address.to_string()]);
            command.args(["--bolt-path", &place("bolt"), "--sqlite-path", &place("sqlite"), "--engine-path", &place("engine")]);
            // As it would look after hours.
            command.args(["--storage-cache-snapshot-write-cold-duration", "5s"]);
            command.args(["--storage-compact-full-write-cold-duration", "10s"]);
            command
        }
        StoreKind::Embedded | StoreKind::Victoria => {
            let mut command = Command::new("victoria-metrics");
            command.args([format!("-httpListenAddr={address}"), format!("-storageDataPath={}", place("data"))]);
            command.args(["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms", "-search.latencyOffset=0s"]);
            command
        }
    };
    let process = Process::start(&mut command)
        .map_err(|failure| failure.hint(format!("install it: tests/services/install {}", command.get_program().display())))?;
    let began = Instant::now();
    while !answers(address).await {
        if began.elapsed() > START {
            return Err(Failure::new(Code::Unavailable, format!("{} does not answer within 60 s", kind.name())));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(process)
}

async fn answers(address: SocketAddr) -> bool {
    reqwest::get(format!("http://{address}/health")).await.is_ok_and(|answer| answer.status().is_success())
}
