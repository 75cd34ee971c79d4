//! VictoriaMetrics, as a single node or as a cluster of two storages that each hold everything.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Process, answers, binary, free_address, get};

/// One process of it, as it was started.
#[derive(Debug)]
struct Part {
    binary: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    address: SocketAddr,
    process: Process,
}

impl Part {
    /// None where it ended instead of answering.
    fn start(binary: PathBuf, log: PathBuf, address: SocketAddr, arguments: Vec<String>) -> Option<Self> {
        let process = run(&binary, &log, address, &arguments)?;
        Some(Self { binary, arguments, log, address, process })
    }

    fn restart(&mut self) {
        self.process.kill();
        let again = run(&self.binary, &self.log, self.address, &self.arguments);
        self.process = again.expect("it starts where it ran before");
    }
}

fn run(binary: &Path, log: &Path, address: SocketAddr, arguments: &[String]) -> Option<Process> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
    let mut command = Command::new(binary);
    command.arg(format!("-httpListenAddr={address}")).args(arguments).args(["-loggerLevel=WARN"]);
    command.stdout(Stdio::null()).stderr(Stdio::from(file));
    let mut process = Process::start(&mut command);
    let what = binary.display().to_string();
    answers(&mut process, &what, || get(address, "/health").is_some_and(|text| text.contains(" 200 "))).then_some(process)
}

/// Servers; they end when dropped.
#[derive(Debug)]
pub struct Victoria {
    /// Those that keep data, then those that do not.
    storages: Vec<Part>,
    doors: Vec<Part>,
    /// Where lines go.
    pub write: SocketAddr,
    /// Where questions go.
    pub read: SocketAddr,
}

/// Dates of any time; identical samples are one.
const KEEP: [&str; 2] = ["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"];

fn flags(flags: &[&str], own: &[String]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).chain(own.iter().cloned()).collect()
}

impl Victoria {
    /// A single node with its state in `directory`. None where it is not installed.
    ///
    /// # Panics
    /// If it is installed and does not start, or is required and not installed.
    #[must_use]
    pub fn single(directory: &Path) -> Option<Self> {
        let program = binary("victoria-metrics")?;
        for _ in 0..5 {
            let address = free_address();
            let own = [format!("-storageDataPath={}", directory.join("data").display())];
            let arguments = flags(&[KEEP[0], KEEP[1], "-search.latencyOffset=0s"], &own);
            if let Some(node) = Part::start(program.clone(), directory.join("log"), address, arguments) {
                return Some(Self { storages: vec![node], doors: Vec::new(), write: address, read: address });
            }
        }
        panic!("victoria-metrics does not start in {}", directory.display());
    }

    /// A cluster with its state in `directory`. None where it is not installed.
    ///
    /// # Panics
    /// As [`Victoria::single`].
    #[must_use]
    pub fn cluster(directory: &Path) -> Option<Self> {
        let (storage, insert, select) = (binary("vmstorage")?, binary("vminsert")?, binary("vmselect")?);
        let found = (0..5).find_map(|_| Self::try_cluster(directory, [&storage, &insert, &select]));
        Some(found.expect("a cluster starts"))
    }

    fn try_cluster(directory: &Path, [storage, insert, select]: [&PathBuf; 3]) -> Option<Self> {
        let (mut storages, mut inserts, mut selects) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["one", "two"] {
            let (http, from_insert, from_select) = (free_address(), free_address(), free_address());
            let own = [
                format!("-storageDataPath={}", directory.join(name).display()),
                format!("-vminsertAddr={from_insert}"),
                format!("-vmselectAddr={from_select}"),
            ];
            storages.push(Part::start(storage.clone(), directory.join(format!("{name}.log")), http, flags(&KEEP, &own))?);
            inserts.push(format!("-storageNode={from_insert}"));
            selects.push(format!("-storageNode={from_select}"));
        }
        let (write, read) = (free_address(), free_address());
        let inserting = flags(&["-replicationFactor=2"], &inserts);
        let selecting = flags(&["-replicationFactor=2", KEEP[1], "-search.latencyOffset=0s"], &selects);
        let insert = Part::start(insert.clone(), directory.join("insert.log"), write, inserting)?;
        let select = Part::start(select.clone(), directory.join("select.log"), read, selecting)?;
        Some(Self { storages, doors: vec![insert, select], write, read })
    }

    /// Makes all that was taken visible now.
    ///
    /// # Panics
    /// If a server does not answer.
    pub fn show(&self) {
        for part in self.doors.iter().chain(&self.storages) {
            // A door that hands on by itself has no such address; a storage has.
            let answer = get(part.address, "/internal/force_flush").expect("it answers");
            let known = answer.contains(" 200 ") || self.doors.iter().any(|door| door.address == part.address);
            assert!(known, "{answer}");
        }
    }

    /// SIGKILL to all that keep data: what they did not write is lost.
    pub fn kill(&mut self) {
        self.storages.iter_mut().for_each(|part| part.process.kill());
    }

    /// Starts them again after [`Victoria::kill`], at the same places.
    ///
    /// # Panics
    /// If one does not start.
    pub fn restart(&mut self) {
        self.storages.iter_mut().for_each(Part::restart);
    }
}
