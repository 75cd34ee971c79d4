//! Personal data, over real sockets: what is kept of a meter, who may look behind its pseudonym, and forgetting it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use aho_corasick::AhoCorasick;
use schemas::Timestamp;
use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::program::{ask, at, end_of, hour, marsad, of, program};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// In every name, serial and address that nobody may find: as text, and as the hexadecimal id of a LoRaWAN device.
const MARKS: [&str; 2] = ["canary", "ca11ab1e"];
/// People of whom one connection tells, in eight messages each: it numbers no more than 65,535.
const AT_ONCE: u32 = 500;

/// A city whose settings name keys that were just made, and which lists a meter for each of so many people.
pub(crate) struct Town {
    folder: tempfile::TempDir,
    pub(crate) settings: String,
}

impl Town {
    pub(crate) fn of(people: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("vault.keys");
        marsad(&["vault", "init", keys.to_str().expect("a plain path")]).well();
        assert_eq!(fs::metadata(&keys).expect("made").permissions().mode() & 0o777, 0o600);
        let mut devices =
            String::from("[[device]]\nid = \"bin-1\"\nkind = \"waste\"\nzone = \"anfa\"\nlabel = \"Place des Nations\"\n");
        for n in 0..people {
            devices += &format!(
                "[[device]]\nid = \"CANARY-W-{n:05}\"\nkind = \"water\"\nzone = \"anfa\"\nlabel = \"Mme Canary {n}, {n} rue Canary\"\n\
                 place = {{ lat = 33.59, lon = -7.63 }}\n"
            );
        }
        fs::write(folder.path().join("devices.toml"), devices).expect("written");
        let settings = "[rules]\npacks = [\"water\"]\n[pipeline]\nflush_every = \"100ms\"\n\
                        [devices]\nfiles = [\"devices.toml\"]\n[privacy]\nkeys = \"vault.keys\"\n";
        Self { folder, settings: settings.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn start(&self) -> Marsad {
        Marsad::start(self.path(), &self.settings)
    }

    pub(crate) fn told(&self, arguments: &[&str]) -> Value {
        ask(self.path(), &[arguments, &["--json"]].concat()).json()
    }

    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let said = ask(self.path(), &[arguments, &["--json"]].concat());
        said.well().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// An admin, so that nobody is let in without a name any more; and a token of a role.
    fn token(&self, role: &str) -> String {
        if self.lines(&["user", "list"]).is_empty() {
            self.told(&["user", "add", "admin-1", "--role", "admin"]);
        }
        let made = self.told(&["token", "make", &format!("{role}-1"), "--role", role, "--write"]);
        made["secret"].as_str().expect("a secret").to_owned()
    }
}

/// Each way in which a meter, its serial, its people or their address can come in.
pub(crate) fn seed(mqtt: SocketAddr, people: u32) {
    let mut device = Device::connect(mqtt, "canary-gateway");
    let now = at(7);
    for n in 0..people {
        let meter = format!("CANARY-W-{n:05}");
        let values = format!(r#"{{"v":1,"time":"{now}","values":{{"water.volume":{}.5,"water.tamper":1}}}}"#, n + 1);
        device.publish(&format!("marsad/anfa/water/{meter}/up"), values.as_bytes());
        device.publish(&format!("marsad/anfa/water/{meter}/up"), b"{\"v\":1,\"name\":\"Mme Canary\"");
        device.publish(&format!("marsad/anfa/water/{meter}/elsewhere"), b"canary");
        device.publish(&format!("marsad/anfa/water/CANARY-X-{n:05}/up"), values.as_bytes());
        let lora = format!(
            r#"{{"deviceInfo":{{"devEui":"ca11ab1e{n:08x}","deviceName":"Canary {n}, rue Canary"}},"fPort":2,"data":"AAEC","fCnt":1}}"#
        );
        device.publish(&format!("application/1/device/ca11ab1e{n:08x}/event/up"), lora.as_bytes());
        device.publish(&format!("application/1/device/ca11ab1e{n:08x}/event/join"), b"{\"canary\"");
        device.publish(&format!("canary/{n}"), b"canary");
        device.publish("sealed/canary", b"canary");
        if n % AT_ONCE == AT_ONCE - 1 {
            device.acknowledged();
            device = Device::connect(mqtt, "canary-gateway");
        }
    }
    device.publish("marsad/anfa/waste/bin-1/up", format!(r#"{{"v":1,"time":"{now}","values":{{"waste.fill":50}}}}"#).as_bytes());
    device.acknowledged();
}

pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Asserts that a file holds none of these names.
pub(crate) fn no_name(file: &Path, names: &AhoCorasick) {
    let bytes = fs::read(file).expect("its bytes");
    let found = names.find(&bytes).map(|found| String::from_utf8_lossy(&bytes[found.range()]).into_owned());
    assert!(found.is_none(), "{} holds {found:?}", file.display());
}

pub(crate) fn no_mark(place: &str, bytes: &[u8]) {
    static SOUGHT: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(MARKS).expect("marks"));
    if let Some(found) = SOUGHT.find(bytes) {
        let around = &bytes[found.start().saturating_sub(120)..(found.end() + 120).min(bytes.len())];
        panic!("{place} holds a mark: {}", String::from_utf8_lossy(around));
    }
}

/// Status and body of an answer, by HTTP/1.0: the connection ends with the body.
fn post(marsad: &Marsad, token: &str, path: &str, body: &Value) -> (u16, String) {
    let (mut socket, body) = (TcpStream::connect(marsad.http).expect("somebody listens"), body.to_string());
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let (host, length) = (marsad.http, body.len());
    write!(
        socket,
        "POST {path} HTTP/1.0\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"), body.to_owned())
}

fn http_get(marsad: &Marsad, token: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(marsad.http).expect("somebody listens");
    write!(socket, "GET {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", marsad.http).expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

/// Places of the messages of a page of the quarantine.
pub(crate) fn offsets(page: &Value) -> Vec<u64> {
    let rows = page.as_object().expect("an object").values().find_map(Value::as_array).expect("a list");
    rows.iter().filter_map(|row| row["offset"].as_u64()).collect()
}

/// The pseudonym of a meter, as whoever may look at all connections sees it.
pub(crate) fn pseudonyms(town: &Town) -> Vec<String> {
    let range = [hour().start, hour().end].map(|at: Timestamp| at.to_string());
    let out = ask(town.path(), &["export", "--kind", "water", "--format", "ndjson", "--from", &range[0], "--to", &range[1]]);
    let rows = out.well().lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut names: Vec<String> = rows.filter_map(|row| row["device"].as_str().map(ToOwned::to_owned)).collect();
    names.dedup();
    names
}

#[test]
fn req_p_4_whoever_looks_behind_a_pseudonym_is_the_dpo_says_what_for_and_is_written_down() {
    let town = Town::of(1);
    let running = town.start();
    seed(running.mqtt, 1);
    let _ = running.settled(PATIENCE);
    let names = pseudonyms(&town);
    let dpo = town.token("dpo");
    let body = |name: &str, purpose: &str| serde_json::json!({ "name": name, "purpose": purpose });
    for role in ["officer", "engineer", "admin"] {
        let token = town.token(role);
        assert_eq!(post(&running, &token, "/api/v1/vault/reveal", &body(&names[0], "leak-warning")).0, 404, "{role}");
        let export = serde_json::json!({ "meter": "CANARY-W-00000", "purpose": "subject-request" });
        assert_eq!(post(&running, &token, "/api/v1/subjects/export", &export).0, 404, "{role}");
    }
    for purpose in ["", "network-balance", "curiosity"] {
        let (status, text) = post(&running, &dpo, "/api/v1/vault/reveal", &body(&names[0], purpose));
        assert_eq!(status, 403, "{purpose}: {text}");
        assert!(text.contains("leak-warning"), "{text}");
        no_mark("a refusal", text.as_bytes());
    }
    let mut meters: Vec<String> = names
        .iter()
        .map(|name| {
            let mut command = program();
            command.env("MARSAD_TOKEN", &dpo).args(["vault", "reveal", name, "--purpose", "leak-warning"]).args(of(town.path()));
            end_of(&mut command).well().trim().to_owned()
        })
        .collect();
    meters.sort();
    assert_eq!(meters, ["CANARY-W-00000", "CANARY-X-00000"]);
    assert_eq!(post(&running, &dpo, "/api/v1/vault/reveal", &body("nobody-at-all", "leak-warning")).0, 404);

    let rows = town.lines(&["audit", "list"]);
    let text = serde_json::to_string(&rows).expect("JSON");
    let looks: Vec<&Value> = rows.iter().filter(|row| row["event"] == "reveal").collect();
    assert_eq!(looks.len(), 6, "asked and answered, three times: {text}");
    let told = |row: &Value| format!("{} {} {}", row["who"], row["what"], row["outcome"]);
    assert!(told(looks[0]).contains("dpo-1") && told(looks[0]).contains("for leak-warning"), "{text}");
    assert!(told(looks[1]).contains("1 rows") && told(looks[5]).contains("0 rows"), "{text}");
    no_mark("the audit", text.as_bytes());
    assert!(town.told(&["audit", "verify"])["broken"].is_null());

    let waiting: Value =
        serde_json::from_str(&http_get(&running, &town.token("engineer"), "/api/v1/quarantine?each=true")).expect("JSON");
    let offset = offsets(&waiting).first().copied().expect("one waits");
    let open =
        post(&running, &dpo, "/api/v1/vault/message", &serde_json::json!({ "offset": offset, "purpose": "subject-request" }));
    assert!(open.0 == 200 && open.1.to_lowercase().contains("canary"), "{open:?}");
}

#[test]
fn req_p_6_a_subject_gets_all_that_is_kept_and_after_its_erasure_nothing_is_not_even_in_the_next_backup() {
    let town = Town::of(3);
    let mut running = town.start();
    seed(running.mqtt, 3);
    let _ = running.settled(PATIENCE);
    let dpo = town.token("dpo");
    let export = |running: &Marsad, meter: &str| {
        let body = serde_json::json!({ "meter": meter, "purpose": "subject-request" });
        let (status, text) = post(running, &dpo, "/api/v1/subjects/export", &body);
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let count = |subject: &Value, what: &str| subject[what].as_array().expect("a list").len();
    let before = export(&running, "CANARY-W-00001");
    assert_eq!((count(&before, "readings"), count(&before, "alerts"), count(&before, "messages")), (2, 1, 1), "{before}");
    let csv = serde_json::json!({ "meter": "CANARY-W-00001", "purpose": "subject-request", "format": "csv" });
    assert_eq!(post(&running, &dpo, "/api/v1/subjects/export", &csv).1.lines().count(), 3, "a head and two readings");
    let name = before["names"][0].as_str().expect("a name").to_owned();
    let erase =
        |meter: &str| ask(town.path(), &["subject", "erase", meter, "--purpose", "subject-request", "--by", "dpo-1", "--json"]);
    erase("CANARY-W-00001").refused(78, &["another marsad runs", "stop the program"]);
    assert!(running.stop().success());
    ask(town.path(), &["subject", "erase", "CANARY-W-00001", "--purpose", "fun", "--by", "dpo-1"]).refused(1, &["no purpose"]);
    let erased = erase("CANARY-W-00001").json();
    assert_eq!((&erased["keys"], &erased["readings"]), (&1.into(), &2.into()), "{erased}");
    // The broken one under its name, and the one of an unknown topic.
    assert_eq!(erased["messages"], 2, "{erased}");
    assert_eq!(erase("CANARY-W-00001").json()["readings"], 0, "a second time there is nothing");

    let running = running.again(town.path());
    let after = export(&running, "CANARY-W-00001");
    assert_eq!((count(&after, "readings"), count(&after, "alerts"), count(&after, "messages")), (0, 0, 0), "{after}");
    let other = export(&running, "CANARY-W-00002");
    assert_eq!((count(&other, "readings"), count(&other, "messages")), (2, 1), "nobody else's is gone: {other}");
    let identity: ports::Identity = serde_json::from_value(town.told(&["status"])["identity"].clone()).expect("an account");
    assert!(identity.balances(), "{identity:?}");
    let backup = town.path().join("backup");
    ask(town.path(), &["backup", "make", "--to", backup.to_str().expect("a plain path")]).well();
    for file in ["register.db", "store/readings.db", "vault.db"] {
        let bytes = fs::read(backup.join(file)).expect("its bytes");
        assert!(!bytes.windows(name.len()).any(|part| part == name.as_bytes()), "{file} holds the name");
    }
    let audit = serde_json::to_string(&town.lines(&["audit", "list"])).expect("JSON");
    assert!(audit.contains("subject-erase") && audit.contains("2 readings"), "{audit}");
}

#[test]
fn req_p_6_a_subject_is_forgotten_while_everything_goes_on_and_what_it_says_later_is_kept_anew() {
    let town = Town::of(3);
    let mut running = town.start();
    seed(running.mqtt, 3);
    let _ = running.settled(PATIENCE);
    let (dpo, officer) = (town.token("dpo"), town.token("officer"));
    let meter = "CANARY-W-00001";
    let kept = |running: &Marsad, meter: &str| {
        let body = serde_json::json!({ "meter": meter, "purpose": "subject-request" });
        let (status, text) = post(running, &dpo, "/api/v1/subjects/export", &body);
        assert_eq!(status, 200, "{text}");
        let subject: Value = serde_json::from_str(&text).expect("JSON");
        let counts = ["readings", "alerts", "messages"].map(|what| subject[what].as_array().expect("a list").len());
        (counts, subject["names"][0].as_str().expect("a name").to_owned())
    };
    let erase = |token: &str, purpose: &str| {
        let mut command = program();
        command
            .env("MARSAD_TOKEN", token)
            .args(["subject", "erase", meter, "--purpose", purpose, "--json"])
            .args(of(town.path()));
        end_of(&mut command)
    };
    let (before, name) = kept(&running, meter);
    assert_eq!(before, [2, 1, 1]);
    assert_eq!(erase(&officer, "subject-request").code, Some(1), "nobody but the dpo");
    assert_eq!(erase(&dpo, "network-balance").code, Some(1), "for no purpose that does not reveal");
    let erased = erase(&dpo, "subject-request").json();
    assert_eq!((&erased["keys"], &erased["readings"], &erased["messages"]), (&1.into(), &2.into(), &2.into()), "{erased}");
    assert_eq!(kept(&running, meter).0, [0, 0, 0]);
    assert_eq!(kept(&running, "CANARY-W-00002").0, [2, 1, 1], "nobody else's is gone");
    assert_eq!(erase(&dpo, "subject-request").json()["readings"], 0, "a second time there is nothing");

    let sought = AhoCorasick::new([&name]).expect("a name");
    let backup = town.path().join("backup");
    ask(town.path(), &["backup", "make", "--to", backup.to_str().expect("a plain path")]).well();
    for file in ["register.db", "store/readings.db", "vault.db"] {
        no_name(&backup.join(file), &sought);
    }
    // The rules have forgotten it too: what it says is news again, and is opened by a key of its own.
    let mut device = Device::connect(running.mqtt, "canary-gateway");
    let said = format!(r#"{{"v":1,"time":"{}","values":{{"water.volume":9.5,"water.tamper":1}}}}"#, at(9));
    device.publish(&format!("marsad/anfa/water/{meter}/up"), said.as_bytes());
    device.acknowledged();
    until("the alert that begins anew", PATIENCE, || (kept(&running, meter).0 == [2, 1, 0]).then_some(()));

    assert!(running.stop().success());
    let running = running.again(town.path());
    assert_eq!(kept(&running, meter), ([2, 1, 0], name));
    let identity: ports::Identity = serde_json::from_value(town.told(&["status"])["identity"].clone()).expect("an account");
    assert!(identity.balances(), "{identity:?}");
    let audit = serde_json::to_string(&town.lines(&["audit", "list"])).expect("JSON");
    assert!(audit.contains("subject-erase") && audit.contains("dpo-1") && audit.contains("2 readings"), "{audit}");
}

#[test]
fn req_p_2_what_is_imported_stands_under_pseudonyms_and_an_export_of_them_comes_back_as_it_was() {
    let town = Town::of(1);
    assert!(town.start().stop().success());
    let row = |device: &str, kind: &str, quantity: &str| {
        format!(
            r#"{{"device":"{device}","kind":"{kind}","zone":"anfa","quantity":"{quantity}","value":7,"observed_at":"{}"}}"#,
            at(7)
        )
    };
    let file = town.path().join("others.ndjson");
    fs::write(&file, format!("{}\n{}\n", row("CANARY-W-00000", "water", "water.volume"), row("bin-1", "waste", "waste.fill")))
        .expect("written");
    let import = |file: &Path| ask(town.path(), &["import", file.to_str().expect("a plain path"), "--json"]).json();
    assert_eq!(import(&file)["new"], 2);
    let names = pseudonyms(&town);
    no_mark("an export", names.join(" ").as_bytes());
    assert_eq!((names.len(), names[0].len()), (1, 20), "{names:?}");
    for file in files(&town.path().join("data")) {
        no_mark(&file.display().to_string(), &fs::read(&file).expect("its bytes"));
    }

    let exported = town.path().join("own.ndjson");
    let path = exported.to_str().expect("a plain path");
    ask(town.path(), &["export", "--from", &hour().start.to_string(), "--format", "ndjson", "--output", path]).well();
    assert_eq!((&import(&exported)["repeated"], pseudonyms(&town)), (&2.into(), names));
}

#[test]
fn req_p_7_everybody_may_read_what_personal_data_are_kept_for_in_three_languages() {
    let town = Town::of(0);
    let running = town.start();
    town.token("dpo");
    for (lang, title, undeclared) in [
        ("fr", "Données personnelles", "pas encore déclaré"),
        ("ar", "المعطيات الشخصية", "لم يُصرَّح به بعد"),
        ("en", "Personal data", "not declared yet"),
    ] {
        let page = running.get(&format!("/{lang}/privacy"));
        for text in [title, undeclared, "leak-warning", "network-balance", "396"] {
            assert!(page.contains(text), "{lang} lacks {text}");
        }
    }
    let purposes = running.json("/api/v1/privacy/purposes");
    assert_eq!((&purposes["sealed"], &purposes["purposes"][0]["code"]), (&true.into(), &"leak-warning".into()));
}

#[test]
fn req_p_1_keys_in_the_data_directory_or_open_to_others_are_refused_and_without_keys_every_start_says_so() {
    let town = Town::of(0);
    let mut open = Marsad::start(town.path(), "[rules]\npacks = []\n");
    assert!(open.stop().success());
    let log = fs::read_to_string(town.path().join("marsad.log")).expect("the log");
    assert!(log.contains("are kept under their own ids"), "{log}");
    let keys = town.path().join("vault.keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).expect("set");
    fs::write(town.path().join("marsad.toml"), &town.settings).expect("written");
    ask(town.path(), &["check"]).refused(78, &["vault.keys", "expected 600"]);
    fs::rename(&keys, town.path().join("data/vault.keys")).expect("moved");
    fs::write(town.path().join("marsad.toml"), "[privacy]\nkeys = \"data/vault.keys\"\n").expect("written");
    ask(town.path(), &["check"]).refused(78, &["data directory"]);
}
