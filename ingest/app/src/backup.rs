//! `marsad backup` and `marsad store verify`: the data directory copied while the program runs, checked, and put back.
//!
//! A backup is a directory that a program could have left behind by a crash at the instant when the copying ended:
//! what every start can go on from. For that, the order of copying matters, see [`make`].
//!
//! With recipients it is [sealed](crate::sealed): then what is copied lies beside the data directory in the open for a while, where
//! everything lies in the open anyway, and only what is sealed reaches the place of the backup.
//!
//! Deliberately absent: sending it elsewhere. It is a directory of files like any other.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ::store::Engine;
use clap::{Args, Subcommand};
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use settings::{Recipient, Settings};
use tempfile::TempDir;

use crate::directory::DataDirectory;
use crate::failure::{Code, Failure, is_disk, unwritable};
use crate::gate;
use crate::ledger::{Digest, Ledger};
use crate::prepare::{InitCommand, init};
use crate::progress::Progress;
use crate::sealed::Identities;
use crate::vault;

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Copy the data directory into a new directory; the program may run meanwhile
    #[command(after_help = "Examples:
  marsad backup make --to /mnt/backup/2026-11-21
  marsad backup make --data /var/lib/marsad --to /mnt/backup/today --json

  marsad backup make --to /mnt/backup/today --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudfl9kkq3ahvyp

With recipients, of the flag or of [backup] in the settings, each file is sealed by age (age-encryption.org): only who has the
secret key of one can restore it, and that key is not needed on this machine and should not be on it (docs/OPERATIONS.md).

All that was acknowledged before the command began is in it. It is there whole, or not at all: a copy that was broken off
leaves a directory named .marsad-backup-… beside it, or beside the data directory, which may be removed.")]
    Make(Make),
    /// Check a backup: every file against its SHA-256, every block of the store
    #[command(after_help = "Example:
  marsad backup check /mnt/backup/2026-11-21      exit 1 and each fault on a line where something is wrong

A sealed one is checked without its key: that its files are those that were written. What they hold is checked where it is restored.")]
    Check {
        /// The backup
        backup: PathBuf,
    },
    /// Put a backup into the data directory, which must be empty or not be there
    #[command(after_help = "Examples:
  marsad backup restore /mnt/backup/2026-11-21 --data /var/lib/marsad
  marsad backup restore /mnt/backup/2026-11-21 --data /var/lib/marsad --identity /media/safe/backup.key

The backup is checked first, and what was put in place afterwards; then start the program.")]
    Restore {
        /// The backup
        backup: PathBuf,
        /// The secret key of a sealed backup, a file of `age-keygen`
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Make {
    /// The new directory
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// A public key for which it is sealed; may be given several times, and stands in place of those of [backup]
    #[arg(long, value_name = "AGE1...")]
    recipient: Vec<Recipient>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Read every block of the store and say what is not as it was written; the program may run meanwhile
    #[command(after_help = "Examples:
  marsad store verify
  marsad store verify --data /var/lib/marsad --json")]
    Verify,
    /// Copy all readings of one store into another, and compare both
    #[command(after_help = "Examples:
  marsad --config city.toml store copy --from embedded --to influx
  marsad store copy --from embedded:/mnt/backup/2026-11-21/store --to embedded:/var/lib/new/store
  marsad store copy --from influx:old.toml --to victoria:new.toml --json
  marsad --config city.toml store copy --from embedded --to influx --check

embedded:PATH is a data directory, the directory of a store or its readings.db; influx:FILE and victoria:FILE are settings with the
section of that server. Without a path they are those of the settings. Programs on both ends must be stopped; a backup needs no stop.
Who breaks it off begins again with the same command: it goes on where it was. At the end both are read and compared, reading by
reading; exit 1 and the first differences where the second does not hold all.")]
    Copy(crate::moving::Copy),
    /// Prepare a server of readings
    #[command(subcommand)]
    Init(InitCommand),
}

/// The list of contents, and the only file of a backup that the program does not write elsewhere.
const LIST: &str = "backup.json";
/// Readings of the embedded store; not in a backup whose readings are on a server.
const STORE: &str = "store/readings.db";
/// The version of that list where the files are as they were.
const FORMAT: u32 = 1;
/// The version where they are sealed, and with them a list of what they were.
const FORMAT_SEALED: u32 = 2;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct List {
    format: u32,
    /// The program that made it.
    version: String,
    city: String,
    made_at: Timestamp,
    files: Vec<Digest>,
}

pub(crate) fn backup(settings: &Settings, command: &BackupCommand, json: bool) -> Result<(), Failure> {
    match command {
        BackupCommand::Make(options) => make(settings, options, json),
        BackupCommand::Check { backup } => check(backup, json),
        BackupCommand::Restore { backup, identity } => restore(settings, backup, identity.as_deref(), json),
    }
}

pub(crate) async fn store(settings: &Settings, command: &StoreCommand, json: bool) -> Result<(), Failure> {
    match command {
        StoreCommand::Verify => verify(settings, json),
        StoreCommand::Copy(options) => crate::moving::copy(settings, options, json).await,
        StoreCommand::Init(command) => init(settings, command, json).await,
    }
}

fn verify(settings: &Settings, json: bool) -> Result<(), Failure> {
    let place = settings.store_directory();
    if settings.store.kind != Engine::Embedded {
        return Err(Failure::new(Code::Failed, "readings are kept by a server, which checks its own files")
            .hint("of InfluxDB: `influxd inspect verify-tsm` on the server's machine"));
    }
    let verified = verified(&place)?;
    let text = if json {
        serde_json::to_string(&verified).unwrap_or_default()
    } else {
        let ::store::Verified { blocks, entries, series, .. } = &verified;
        let mut lines = verified.faults.clone();
        lines.push(format!("{blocks} blocks with {entries} entries of {series} series read; {} fault(s)", verified.damaged));
        lines.join("\n")
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)?;
    sound(&place, &verified)
}

fn verified(place: &Path) -> Result<::store::Verified, Failure> {
    let progress = Progress::of("blocks");
    ::store::verify(place, &mut |done, all| progress.at(done, all)).map_err(|e| Failure::new(Code::Failed, e.to_string()))
}

fn sound(place: &Path, verified: &::store::Verified) -> Result<(), Failure> {
    if verified.damaged == 0 {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("the store in {} has {} fault(s)", place.display(), verified.damaged))
        .hint("what is damaged can be taken from a backup: `marsad backup restore`"))
}

fn trouble(doing: &str, path: &Path, cause: &io::Error) -> Failure {
    let code = if is_disk(cause) { Code::Disk } else { Code::Failed };
    Failure::new(code, format!("{doing} {}: {cause}", path.display()))
}

/// Copies in the order that lets no message fall between two files:
///
/// 1. Every segment of the journal is opened: what is released meanwhile can still be read.
/// 2. The readers' cursors are copied. What the store lacks of what they have passed is nothing, since a cursor moves
///    after the store's flush, and the store is copied after it.
/// 3. Store and register are copied, each as its last transaction left it. They may be ahead of the cursors, as after a
///    crash: what is done twice changes nothing.
/// 4. The segments are read, and those that came meanwhile: the journal is ahead of all who read it.
fn make(settings: &Settings, options: &Make, json: bool) -> Result<(), Failure> {
    let to = &options.to;
    let recipients = if options.recipient.is_empty() { &settings.backup.recipients } else { &options.recipient };
    let data = &settings.data.directory;
    if !settings.register_file().is_file() {
        return Err(Failure::new(Code::Failed, format!("{} is no data directory", data.display()))
            .hint("name it with --data DIR (that of a demo is marsad-demo)"));
    }
    if to.exists() {
        return Err(Failure::new(Code::Failed, format!("{} is there already: a backup never overwrites", to.display())));
    }
    let begun = beside(to, ".marsad-backup-")?;
    let list = if recipients.is_empty() {
        copied(settings, begun.path())?
    } else {
        let open = beside(data, ".marsad-backup-")?;
        let list = copied(settings, open.path())?;
        sealed(open.path(), &list, begun.path(), recipients)?
    };
    publish(begun, to)?;
    told(to, &list, "made", json)
}

/// Copies everything into a directory, with its list.
fn copied(settings: &Settings, to: &Path) -> Result<List, Failure> {
    let made_at = SystemClock.now();
    let list = List {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        city: settings.city.id.to_string(),
        made_at,
        files: copy_all(settings, to)?,
    };
    write_list(to, &list).map_err(|e| trouble("cannot write the list of", to, &e))?;
    Ok(list)
}

/// Seals such a directory into another: each file, and the list of what they were, so that a restore holds them against it.
fn sealed(open: &Path, list: &List, to: &Path, recipients: &[Recipient]) -> Result<List, Failure> {
    let mut ledger = Ledger::new(to).map_err(|e| trouble("cannot write", to, &e))?;
    let progress = Progress::of("files");
    let all = list.files.len() as u64 + 1;
    for (done, name) in (1..).zip(list.files.iter().map(|file| file.name.as_str()).chain([LIST])) {
        ledger.seal(open, name, recipients).map_err(|e| trouble("cannot seal", &open.join(name), &e))?;
        progress.at(done, all);
    }
    let list = List { format: FORMAT_SEALED, files: ledger.files, ..list.clone() };
    write_list(to, &list).map_err(|e| trouble("cannot write the list of", to, &e))?;
    Ok(list)
}

/// A new directory in the folder of `path`, from where it can be given that name at once; gone if nobody does.
fn beside(path: &Path, prefix: &str) -> Result<TempDir, Failure> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|e| trouble("no directory can be made in", parent, &e))
}

/// Gives a directory its name, once all of it is on disk.
fn publish(begun: TempDir, to: &Path) -> Result<(), Failure> {
    let name = begun.keep();
    let parent = name.parent().unwrap_or(Path::new("."));
    let named = sync(&name).and_then(|()| fs::rename(&name, to)).and_then(|()| sync(parent));
    named.map_err(|e| trouble("cannot name", to, &e))
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn copy_all(settings: &Settings, to: &Path) -> Result<Vec<Digest>, Failure> {
    let journal = settings.journal_directory();
    let reading = |e: io::Error| trouble("cannot read", &journal, &e);
    let mut ledger = Ledger::new(to).map_err(|e| trouble("cannot write", to, &e))?;
    let mut segments = ledger.open_all(&journal, "seg").map_err(reading)?;
    for cursor in ledger.open_all(&journal, "cursor").map_err(reading)? {
        ledger.copy("journal", cursor).map_err(|e| trouble("cannot copy cursors of", &journal, &e))?;
    }
    // Readings on a server are the server's to back up.
    let store = (settings.store.kind == Engine::Embedded).then_some(STORE);
    if let Some(store) = store {
        ledger.room_for(store).map_err(|e| trouble("cannot write", to, &e))?;
        ::store::copy(&settings.store_directory(), &to.join(store)).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    }
    ::register::copy(&settings.register_file(), &to.join("register.db"))
        .map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    // A directory that no program of this version has opened has none yet.
    let people = settings.data.directory.join(gate::FILE);
    let people = people.is_file().then_some(people);
    if let Some(people) = &people {
        ::access::copy(people, &to.join(gate::FILE)).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    }
    let behind = vault::file(&settings.data.directory);
    let behind = behind.is_file().then_some(behind);
    if let Some(behind) = &behind {
        ::vault::copy(behind, &to.join(vault::FILE)).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    }
    let others = people.map(|_| gate::FILE).into_iter().chain(behind.map(|_| vault::FILE));
    for made in store.into_iter().chain(["register.db"]).chain(others) {
        ledger.note(made).map_err(|e| trouble("cannot read", &to.join(made), &e))?;
    }
    let known: Vec<String> = segments.iter().map(|s| s.name.clone()).collect();
    let since = ledger.open_all(&journal, "seg").map_err(reading)?;
    segments.extend(since.into_iter().filter(|s| !known.contains(&s.name)));
    let progress = Progress::of("segments of the journal");
    let all = segments.len() as u64;
    for (done, segment) in (1..).zip(segments) {
        ledger.copy("journal", segment).map_err(|e| trouble("cannot copy segments of", &journal, &e))?;
        progress.at(done, all);
    }
    Ok(ledger.files)
}

fn write_list(directory: &Path, list: &List) -> io::Result<()> {
    let mut file = File::create_new(directory.join(LIST))?;
    file.write_all(&serde_json::to_vec_pretty(list)?)?;
    file.sync_all()
}

fn read_list(backup: &Path) -> Result<List, Failure> {
    let path = backup.join(LIST);
    let text = fs::read(&path)
        .map_err(|e| Failure::new(Code::Failed, format!("{} is no backup: {}: {e}", backup.display(), path.display())))?;
    let list: List = serde_json::from_slice(&text).map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", path.display())))?;
    if ![FORMAT, FORMAT_SEALED].contains(&list.format) {
        let (format, place) = (list.format, path.display());
        let known = format!("this program reads formats {FORMAT} and {FORMAT_SEALED}");
        return Err(Failure::new(Code::Failed, format!("{place} has format {format}, {known}")));
    }
    Ok(list)
}

/// What is wrong with the files of a backup or of what was restored from it.
fn wrong(directory: &Path, list: &List) -> Vec<String> {
    let progress = Progress::of("files");
    let all = list.files.len() as u64;
    let mut wrong = Vec::new();
    for (done, file) in (1..).zip(&list.files) {
        if let Err(why) = file.holds(directory) {
            wrong.push(format!("{}: {why}", directory.join(&file.name).display()));
        }
        progress.at(done, all);
    }
    wrong
}

fn check(backup: &Path, json: bool) -> Result<(), Failure> {
    let list = read_list(backup)?;
    whole(backup, &list)?;
    told(backup, &list, "whole", json)
}

/// # Errors
/// Every fault on a line.
fn whole(directory: &Path, list: &List) -> Result<(), Failure> {
    let wrong = wrong(directory, list);
    if !wrong.is_empty() {
        return Err(Failure::new(Code::Failed, wrong.join("\nmarsad: ")));
    }
    if !list.files.iter().any(|file| file.name == STORE) {
        return Ok(());
    }
    let verified = verified(&directory.join("store"))?;
    if verified.damaged > 0 {
        return Err(Failure::new(Code::Failed, verified.faults.join("\nmarsad: ")));
    }
    Ok(())
}

fn restore(settings: &Settings, backup: &Path, identity: Option<&Path>, json: bool) -> Result<(), Failure> {
    let list = read_list(backup)?;
    let identities = identity.map(Identities::read).transpose()?;
    let identities = match (list.format, identities) {
        (FORMAT_SEALED, None) => {
            return Err(Failure::new(Code::Failed, format!("{} is sealed", backup.display()))
                .hint("--identity FILE names the secret key of one of those it was sealed for"));
        }
        (FORMAT_SEALED, keys) => keys,
        // A key is no harm to what is open.
        _ => None,
    };
    let data = &settings.data.directory;
    let refused = |why: &str| {
        Failure::new(Code::Failed, format!("{} {why}", data.display()))
            .hint("move it aside, or name another with --data DIR: nothing is ever written over")
    };
    // Held until the backup takes its place, so that no program starts on it meanwhile. The lock is then all there is.
    let held = if data.exists() { Some(DataDirectory::need(data)?) } else { None };
    if held.is_some() {
        let others = fs::read_dir(data).map_err(|e| trouble("cannot read", data, &e))?.flatten().any(|f| f.file_name() != "lock");
        if others {
            return Err(refused("is not empty"));
        }
    }
    whole(backup, &list)?;
    let begun = beside(data, ".marsad-restore-")?;
    let mut ledger = Ledger::new(begun.path()).map_err(|e| trouble("cannot write", begun.path(), &e))?;
    let progress = Progress::of("files");
    let all = list.files.len() as u64;
    for (done, file) in (1..).zip(&list.files) {
        let taken = match &identities {
            None => ledger.take(backup, file),
            Some(identities) => ledger.unseal(backup, file, identities),
        };
        taken.map_err(|e| trouble("cannot restore", &backup.join(&file.name), &e))?;
        progress.at(done, all);
    }
    let list = if identities.is_some() { unsealed(begun.path())? } else { list };
    whole(begun.path(), &list)?;
    if held.is_some() {
        let emptied = fs::remove_file(data.join("lock")).and_then(|()| fs::remove_dir(data));
        emptied.map_err(|e| trouble("cannot put the backup in the place of", data, &e))?;
    }
    publish(begun, data)?;
    told(data, &list, "restored", json)
}

/// The list of what was sealed, which is no file of a data directory.
fn unsealed(directory: &Path) -> Result<List, Failure> {
    let list = read_list(directory)?;
    let path = directory.join(LIST);
    fs::remove_file(&path).map_err(|e| trouble("cannot remove", &path, &e))?;
    Ok(list)
}

fn told(place: &Path, list: &List, what: &str, json: bool) -> Result<(), Failure> {
    let bytes: u64 = list.files.iter().map(|f| f.bytes).sum();
    let text = if json {
        serde_json::json!({
            "directory": place, "what": what, "city": list.city, "version": list.version, "made_at": list.made_at,
            "files": list.files.len(), "bytes": bytes
        })
        .to_string()
    } else {
        let (files, made, place) = (list.files.len(), list.made_at, place.display());
        format!("{place} is {what}: {files} files, {bytes} bytes, of the city `{}` as it was at {made}", list.city)
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}
