//! The program, run to its end with arguments and environment, and what it said.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::Value;
use tests::{Device, Marsad, until};

/// The program that was built with this test, with none of the environment's settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marsad"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MARSAD")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Asserts the exit code and that the complaint names all of these.
    pub(crate) fn refused(&self, code: i32, names: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for name in names {
            assert!(self.err.contains(name), "`{name}` is not named in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }

    /// Asserts that it went well, and gives what was written out.
    pub(crate) fn well(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.out
    }

    /// As [`Said::well`], as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.well()).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// Runs a command to its end; one that goes on for a minute is ended and fails the test.
pub(crate) fn end_of(command: &mut Command) -> Said {
    // Files, since a full pipe would hold a command that nobody reads from.
    let mut files = [tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("a file")];
    let [out, err] = &files;
    let copy = |file: &File| Stdio::from(file.try_clone().expect("a second handle"));
    let mut process = command.stdout(copy(out)).stderr(copy(err)).spawn().expect("the program starts");
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until("the program to end", Duration::from_secs(60), || process.try_wait().ok().flatten())
    }));
    if ended.is_err() {
        let _ = process.kill();
    }
    let [out, err] = files.each_mut().map(|file| {
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).expect("text");
        text
    });
    let Ok(status) = ended else { panic!("it ran on for a minute and said: {out}{err}") };
    Said { code: status.code(), out, err }
}

/// Runs the program with arguments to its end.
pub(crate) fn marsad<S: AsRef<OsStr>>(arguments: &[S]) -> Said {
    end_of(program().args(arguments))
}

/// `--config` and `--data` of a folder in which [`Marsad::start`] ran.
pub(crate) fn of(folder: &Path) -> [String; 4] {
    let path = |name: &str| folder.join(name).to_str().expect("a plain path").to_owned();
    ["--config".to_owned(), path("marsad.toml"), "--data".to_owned(), path("data")]
}

/// Asks a folder's program, or its directory where none runs.
pub(crate) fn ask(folder: &Path, arguments: &[&str]) -> Said {
    end_of(program().args(arguments).args(of(folder)))
}

/// Status and body of an answer, by HTTP/1.0: the connection ends with the body.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// The hour in which all that is published was observed: a day ago, since a device is not believed for ever.
pub(crate) fn hour() -> Range<Timestamp> {
    static BEGIN: LazyLock<Timestamp> = LazyLock::new(|| {
        let hour = 3_600_000;
        Timestamp::clamped(SystemClock.now().millis().div_euclid(hour) * hour - 24 * hour)
    });
    *BEGIN..BEGIN.plus(Duration::from_secs(3600))
}

/// `--from` and `--to` of that hour.
pub(crate) fn range() -> [String; 4] {
    let Range { start, end } = hour();
    ["--from".to_owned(), start.to_string(), "--to".to_owned(), end.to_string()]
}

/// The instant of reading `n`: one a second from the hour's beginning on.
pub(crate) fn at(n: u32) -> String {
    hour().start.plus(Duration::from_secs(u64::from(n))).to_string()
}

/// Publishes the fill levels `from..to` of one bin, and waits until each is acknowledged.
pub(crate) fn fill(marsad: &Marsad, from: u32, to: u32) {
    let mut device = Device::connect(marsad.mqtt, "filler");
    for n in from..to {
        let payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":{}}}}}"#, at(n), n % 100);
        device.publish("marsad/anfa/waste/bin-1/up", payload.as_bytes());
    }
    device.acknowledged();
}

/// How many readings of the bin `marsad query` gives.
pub(crate) fn filled(folder: &Path) -> usize {
    let range = range();
    let range = range.each_ref().map(String::as_str);
    ask(folder, &[&["query", "--device", "bin-1", "--json"][..], &range].concat()).well().lines().count()
}
