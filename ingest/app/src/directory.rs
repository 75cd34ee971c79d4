//! The data directory: one program at a time, and a note that says how to reach it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure, is_disk};

/// How to reach the program that runs on a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// Base URL of pages and API.
    pub(crate) http: String,
}

/// A data directory, held until dropped.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

const LOCK: &str = "lock";
/// How long another process may hold the directory without saying that it runs there.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look meanwhile.
const LOOK: Duration = Duration::from_millis(20);
const NOTE: &str = "running.json";
const KEY: &str = "command.key";

impl DataDirectory {
    /// Makes the directory if need be and holds it. `Ok(None)`: another program runs on it. One that is
    /// about to, or that only answers a question, has no note: that is waited for, a while.
    pub(crate) fn hold(path: &Path) -> Result<Option<Self>, Failure> {
        let refused = |cause: &std::io::Error| {
            let code = if is_disk(cause) { Code::Disk } else { Code::Settings };
            Failure::new(code, format!("the data directory {} cannot be written: {cause}", path.display()))
                .hint("choose another with --data DIR or data.directory in the settings")
        };
        fs::create_dir_all(path).map_err(|e| refused(&e))?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(|e| refused(&e))?;
        let began = Instant::now();
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    // A note that is there now was left by a crash.
                    let _ = fs::remove_file(path.join(NOTE));
                    return Ok(Some(Self { path: path.to_owned(), _lock: lock }));
                }
                Err(rustix::io::Errno::WOULDBLOCK) if alive(path) || began.elapsed() >= PATIENCE => return Ok(None),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOOK),
                Err(cause) => return Err(refused(&cause.into())),
            }
        }
    }

    /// As [`DataDirectory::hold`], where holding it is needed.
    pub(crate) fn need(path: &Path) -> Result<Self, Failure> {
        Self::hold(path)?.ok_or_else(|| {
            let who = running(path).map_or_else(String::new, |r| format!(" (process {}, {})", r.pid, r.http));
            Failure::new(Code::Settings, format!("another marsad runs on the data directory {}{who}", path.display()))
                .hint("stop it, or choose another directory with --data DIR")
        })
    }

    /// Keeps the secret by which commands on this machine are known to this program, for its owner alone.
    pub(crate) fn keep_key(&self, key: &str) -> std::io::Result<()> {
        let path = self.path.join(KEY);
        // Made anew: a file that is there could be open to others.
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
        file.write_all(key.as_bytes())
    }

    /// Says how to reach this program.
    pub(crate) fn note(&self, running: &Running) -> std::io::Result<()> {
        let mut file = File::create(self.path.join(NOTE))?;
        file.write_all(&serde_json::to_vec(running)?)
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        // Left behind after a crash, until somebody holds the directory again.
        let _ = fs::remove_file(self.path.join(NOTE));
        let _ = fs::remove_file(self.path.join(KEY));
    }
}

/// The secret by which the program that runs on a directory knows commands on this machine.
pub(crate) fn key(path: &Path) -> Option<String> {
    fs::read_to_string(path.join(KEY)).ok()
}

/// Whether the program that left the note still lives. The note of a crash stays until the next one that
/// holds the directory has removed it; until then it must not be taken for a program that answers.
fn alive(path: &Path) -> bool {
    let pid = running(path).and_then(|note| Pid::from_raw(i32::try_from(note.pid).ok()?));
    // A process of another user that may not be asked lives too.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// How to reach the program that holds a directory, as it noted.
pub(crate) fn running(path: &Path) -> Option<Running> {
    serde_json::from_slice(&fs::read(path.join(NOTE)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_program_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDirectory::need(folder.path()).unwrap();
        let pid = std::process::id();
        held.note(&Running { pid, http: "http://127.0.0.1:8080".into() }).unwrap();
        let failure = DataDirectory::need(folder.path()).unwrap_err();
        assert_eq!(failure.code, Code::Settings);
        assert!(failure.sentence.contains(&format!("process {pid}")), "{failure}");
        drop(held);
        assert!(DataDirectory::hold(folder.path()).unwrap().is_some());
    }

    #[test]
    fn who_holds_a_directory_without_running_there_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let note = serde_json::to_vec(&Running { pid: 7, http: "http://127.0.0.1:8080".into() }).unwrap();
        fs::write(folder.path().join(NOTE), note).unwrap();
        let question = DataDirectory::need(folder.path()).unwrap();
        assert_eq!(running(folder.path()), None, "the note of a crash does not outlive it");
        let path = folder.path().to_owned();
        let next = std::thread::spawn(move || DataDirectory::need(&path).is_ok());
        // Released only once the other waits, or at least very likely so; the outcome is the same.
        std::thread::sleep(2 * LOOK);
        drop(question);
        assert!(next.join().unwrap());
    }

    #[test]
    fn the_note_of_a_crash_that_another_has_not_removed_yet_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDirectory::need(folder.path()).unwrap();
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        held.note(&Running { pid: dead.id(), http: "http://127.0.0.1:8080".into() }).unwrap();
        assert!(!alive(folder.path()));
        held.note(&Running { pid: std::process::id(), http: "http://127.0.0.1:8080".into() }).unwrap();
        assert!(alive(folder.path()));
    }
}
