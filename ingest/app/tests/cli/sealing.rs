//! Backups that are sealed, and the drill: put back elsewhere, everything is there, and whom the city forgot is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use age::secrecy::ExposeSecret;
use tests::Marsad;

use crate::privacy::{PATIENCE, Town, files, pseudonyms, seed};
use crate::program::{Said, ask, hour, marsad};

/// What every file sealed by age begins with.
const SEALED: &[u8] = b"age-encryption.org/v1\n";

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// A key that is kept elsewhere: the public half, and a file with the secret one.
fn key(folder: &Path, name: &str) -> (String, PathBuf) {
    let (key, file) = (age::x25519::Identity::generate(), folder.join(name));
    fs::write(&file, format!("# a key of a test\n{}\n", key.to_string().expose_secret())).expect("written");
    (key.to_public().to_string(), file)
}

/// Restores into a folder of its own, with settings like those of the town.
fn restored(town: &Town, backup: &Path, identity: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let settings = ["vault.keys", "devices.toml"].iter().fold(town.settings.clone(), |settings, file| {
        settings.replace(&format!("\"{file}\""), &format!("\"{}\"", text(&town.path().join(file))))
    });
    fs::write(place.path().join("marsad.toml"), settings).expect("written");
    let data = place.path().join("data");
    marsad(&[&["backup", "restore", text(backup), "--data", text(&data)], identity].concat()).well();
    place
}

fn exported(folder: &Path) -> String {
    let out = ask(folder, &["export", "--from", &hour().start.to_string(), "--format", "ndjson"]);
    out.well().to_owned()
}

/// Every file below a directory, by its name there, with its bytes.
fn content(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let named = |file: PathBuf| (file.strip_prefix(directory).expect("below it").to_owned(), fs::read(&file).expect("its bytes"));
    let mut all: Vec<_> = files(directory).into_iter().map(named).filter(|(name, _)| name != "lock").collect();
    all.sort();
    all
}

#[test]
fn sec_09_a_city_with_traffic_is_sealed_restored_elsewhere_byte_for_byte_and_whom_it_forgot_stays_forgotten() {
    let town = Town::of(3);
    let away = tempfile::tempdir().expect("a folder that is elsewhere");
    let (recipient, identity) = key(away.path(), "backup.key");
    let (_, stranger) = key(away.path(), "stranger.key");
    let settings = format!("{}[backup]\nrecipients = [\"{recipient}\"]\n", town.settings);
    let mut running = Marsad::start(town.path(), &settings);
    seed(running.mqtt, 3);
    // While messages are still being read.
    let live = town.path().join("live");
    ask(town.path(), &["backup", "make", "--to", text(&live)]).well();
    let received = running.settled(PATIENCE).identity.received;
    assert!(running.stop().success());
    let of_live = restored(&town, &live, &["--identity", text(&identity)]);
    let mut again = Marsad::start(of_live.path(), &fs::read_to_string(of_live.path().join("marsad.toml")).expect("settings"));
    let identity_of_live = again.settled(PATIENCE).identity;
    assert!(identity_of_live.received == received && identity_of_live.balances(), "{identity_of_live:?}");
    assert!(again.stop().success());

    let (sealed, open) = (town.path().join("sealed"), town.path().join("open"));
    ask(town.path(), &["backup", "make", "--to", text(&sealed)]).well();
    fs::write(town.path().join("marsad.toml"), &town.settings).expect("written");
    ask(town.path(), &["backup", "make", "--to", text(&open)]).well();
    for file in files(&sealed).iter().filter(|file| !file.ends_with("backup.json")) {
        assert!(fs::read(file).expect("its bytes").starts_with(SEALED), "{}", file.display());
    }
    marsad(&["backup", "check", text(&sealed)]).well();
    let nowhere = away.path().join("data");
    let restore =
        |more: &[&str]| -> Said { marsad(&[&["backup", "restore", text(&sealed), "--data", text(&nowhere)], more].concat()) };
    restore(&[]).refused(1, &["is sealed", "--identity"]);
    restore(&["--identity", text(&stranger)]).refused(1, &["cannot restore"]);
    assert!(!nowhere.exists(), "nothing half done is left");
    let (of_sealed, of_open) = (restored(&town, &sealed, &["--identity", text(&identity)]), restored(&town, &open, &[]));
    assert_eq!(content(&of_sealed.path().join("data")), content(&of_open.path().join("data")));
    assert_eq!(exported(of_sealed.path()), exported(town.path()));

    let names = pseudonyms(&town);
    let erased = ["subject", "erase", "CANARY-W-00001", "--purpose", "subject-request", "--by", "dpo-1", "--json"];
    let erased = ask(town.path(), &erased).json();
    let next = town.path().join("next");
    ask(town.path(), &["backup", "make", "--to", text(&next), "--recipient", &recipient]).well();
    let of_next = restored(&town, &next, &["--identity", text(&identity)]);
    let gone = erased["names"][0].as_str().expect("a name");
    assert!(names.iter().any(|name| name == gone), "it was there: {names:?}");
    let left = exported(of_next.path());
    assert!(!left.contains(gone) && names.iter().filter(|name| *name != gone).all(|name| left.contains(name)), "{left}");
    for file in ["register.db", "store/readings.db", "vault.db"] {
        let bytes = fs::read(of_next.path().join("data").join(file)).expect("its bytes");
        assert!(!bytes.windows(gone.len()).any(|part| part == gone.as_bytes()), "{file} holds the name");
    }
}

#[test]
fn sec_09_what_was_changed_in_a_sealed_backup_is_named_and_a_key_that_is_none_is_refused_where_it_stands() {
    let town = Town::of(1);
    let (recipient, identity) = key(town.path(), "backup.key");
    assert!(Marsad::start(town.path(), &town.settings).stop().success());
    let backup = town.path().join("backup");
    ask(town.path(), &["backup", "make", "--to", text(&backup), "--recipient", &recipient]).well();
    let data = town.path().join("restored");
    for file in files(&backup).iter().filter(|file| !file.ends_with("backup.json")) {
        let whole = fs::read(file).expect("its bytes");
        let mut flipped = whole.clone();
        *flipped.last_mut().expect("not empty") ^= 1;
        fs::write(file, flipped).expect("written");
        marsad(&["backup", "check", text(&backup)]).refused(1, &[text(file)]);
        let restore = ["backup", "restore", text(&backup), "--data", text(&data), "--identity", text(&identity)];
        marsad(&restore).refused(1, &[text(file)]);
        assert!(!data.exists());
        fs::write(file, whole).expect("written back");
    }
    let secret = fs::read_to_string(&identity).expect("the key");
    let secret = secret.lines().last().expect("a line");
    fs::write(town.path().join("marsad.toml"), format!("{}[backup]\nrecipients = [\"{secret}\"]\n", town.settings))
        .expect("written");
    let said = ask(town.path(), &["check"]);
    said.refused(78, &["marsad.toml:", "no public key of age"]);
    assert!(!said.err.contains(secret) && !said.out.contains(secret), "the secret is not repeated: {said:?}");
}

/// The value of a key in the units of the operators' page.
fn unit(key: &str) -> String {
    let page = fs::read_to_string(tests::root().join("docs/OPERATIONS.md")).expect("the page");
    let backup = page.split("marsad-backup.timer").nth(1).expect("the units of backups");
    backup.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}")).to_owned()
}

#[test]
fn sec_09_the_nightly_unit_makes_a_sealed_backup_of_the_running_city_and_the_drill_puts_it_back_well_within_four_hours() {
    assert_eq!((unit("OnCalendar=").as_str(), unit("Persistent=").as_str()), ("*-*-* 01:30:00 UTC", "true"), "each night");
    let town = Town::of(3);
    let away = tempfile::tempdir().expect("a folder that is elsewhere");
    let (recipient, identity) = key(away.path(), "backup.key");
    // The unit names the settings alone: they say where the data are, and for whom backups are sealed.
    let data = town.path().join("data");
    let settings =
        format!("{}[backup]\nrecipients = [\"{recipient}\"]\n[data]\ndirectory = \"{}\"\n", town.settings, text(&data));
    let running = Marsad::start(town.path(), &settings);
    seed(running.mqtt, 3);
    let before = running.settled(PATIENCE).identity;
    let command = unit("ExecStart=/bin/sh -c '").trim_end_matches('\'').replace("%%", "%");
    let command = command
        .replace("/usr/local/bin/marsad", env!("CARGO_BIN_EXE_marsad"))
        .replace("/etc/marsad/marsad.toml", text(&town.path().join("marsad.toml")))
        .replace("/mnt/backup", text(away.path()));
    let made = std::process::Command::new("/bin/sh").args(["-c", &command]).output().expect("a shell");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let folders = fs::read_dir(away.path()).expect("a folder").flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let [backup] = &folders.collect::<Vec<_>>()[..] else { panic!("one backup is there") };
    assert!(fs::read(backup.join("register.db.age")).expect("its register").starts_with(SEALED));
    drop(running);

    let began = Instant::now();
    let place = restored(&town, backup, &["--identity", text(&identity)]);
    let again = Marsad::start(place.path(), &fs::read_to_string(place.path().join("marsad.toml")).expect("settings"));
    let after = again.settled(PATIENCE).identity;
    println!("restored and running again after {:.1} s", began.elapsed().as_secs_f64());
    assert!(began.elapsed() < Duration::from_secs(4 * 3600 / 100), "a hundredth of what is allowed, for a small city");
    assert_eq!((after.received, after.stored, after.quarantined), (before.received, before.stored, before.quarantined));
}
