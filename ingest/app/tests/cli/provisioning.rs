//! How devices get their credentials, and lose them: from a file, by a code that they trade, by rotation; over real sockets.

use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tests::{Marsad, until};

use crate::people::{PATIENCE, REGISTERED, connect, get, http, publish, told};
use crate::program::{Said, ask, filled};

const HEAD: &str = "id,kind,zone\n";

/// `marsad device provision` with a file of these rows.
fn provision(folder: &Path, rows: &str, more: &[&str]) -> Said {
    let file = folder.join("devices.csv");
    std::fs::write(&file, format!("{HEAD}{rows}")).expect("a file");
    ask(folder, &[&["device", "provision", file.to_str().expect("a plain path")][..], more].concat())
}

/// The rows of a file behind its head, which nobody but its owner can read.
fn secrets(file: &Path, head: &str) -> Vec<Vec<String>> {
    let mode = std::fs::metadata(file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(file).expect("text");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(head));
    lines.map(|line| line.split(',').map(ToOwned::to_owned).collect()).collect()
}

/// A device trades a code: status and body of the answer.
pub(crate) fn trade(address: SocketAddr, device: &str, code: &str) -> (u16, Value) {
    let body = serde_json::json!({ "device": device, "code": code }).to_string();
    let length = body.len();
    let (status, answer) = http(
        address,
        &format!(
            "POST /api/v1/claim HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        ),
    );
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn sec_02_a_file_of_devices_gives_each_a_password_that_stands_in_one_file_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    let out = folder.path().join("passwords.csv");
    let to = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    provision(folder.path(), "bin-1,waste,anfa\nbin 2,weste,anfa\n", &["--out", &to("passwords.csv")])
        .refused(78, &["devices.csv:3", "weste"]);
    assert!(!out.exists(), "nothing is left of what was refused");
    let said = provision(folder.path(), "bin-1,waste,anfa\nbin-2,waste,anfa\n", &["--dry-run"]);
    assert!(said.well().contains("2 devices would be new") && said.out.contains("2 passwords would be made"), "{}", said.out);
    assert_eq!(ask(folder.path(), &["device", "credential", "list"]).well(), "", "none was");

    provision(folder.path(), "bin-1,waste,anfa\nbin-2,waste,anfa\n", &["--out", &to("passwords.csv")]).well();
    let made = secrets(&out, "device,password");
    assert_eq!(made.len(), 2);
    for row in &made {
        assert_eq!(connect(marsad.mqtt, &row[0], Some((&row[0], &row[1]))).1, 0, "{} is let in", row[0]);
    }
    assert_eq!(connect(marsad.mqtt, "bin-2", Some(("bin-2", &made[0][1]))).1, 4, "with its own password alone");

    let grown = "bin-1,waste,anfa\nbin-2,waste,anfa\nbin-3,waste,anfa\n";
    provision(folder.path(), grown, &["--out", &to("passwords.csv")]).refused(1, &["passwords.csv", "nothing was changed"]);
    assert_eq!(secrets(&out, "device,password"), made, "no secret is written over");
    provision(folder.path(), grown, &["--out", &to("more.csv")]).well();
    let more = secrets(&folder.path().join("more.csv"), "device,password");
    assert_eq!(more.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["bin-3"]);
    assert_eq!(connect(marsad.mqtt, "bin-1", Some(("bin-1", &made[0][1]))).1, 0, "who had one keeps it");
    let log = std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    assert!(made.iter().chain(&more).all(|row| !log.contains(&row[1])), "a password is logged");
}

#[test]
fn sec_02_a_code_of_a_label_is_traded_once_for_a_credential_that_works_and_guessing_is_slowed_down() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    let out = folder.path().join("labels.csv");
    provision(folder.path(), "bin-1,waste,anfa\n", &["--claim", "--hours", "24", "--out", out.to_str().expect("plain")]).well();
    let rows = secrets(&out, "device,code,until");
    let code = &rows[0][1];
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    assert_eq!(get(marsad.http, "/api/v1/claims", "").0, 401, "who has an open code is nobody's business");
    assert_eq!(trade(marsad.http, "bin-2", code).0, 403, "it is another's");
    let (status, made) = trade(marsad.http, "bin-1", code);
    assert_eq!(status, 201, "{made}");
    let password = made["secret"].as_str().expect("a password");
    let (mut socket, connected) = connect(marsad.mqtt, "bin-1", Some(("bin-1", password)));
    assert_eq!(connected, 0);
    publish(&mut socket, "marsad/anfa/waste/bin-1/up");
    until("its reading to be stored", PATIENCE, || (filled(folder.path()) == 1).then_some(()));
    assert_eq!(trade(marsad.http, "bin-1", code).0, 403, "a second time");

    for _ in 0..8 {
        assert_eq!(trade(marsad.http, "bin-1", "7Q2M-04TX-VK9B-H3ZD").0, 403);
    }
    let fresh = told(folder.path(), &["device", "claim", "make", "bin-4"]);
    let fresh = fresh["secret"].as_str().expect("a code");
    assert_eq!(trade(marsad.http, "bin-4", fresh).0, 429, "ten wrong ones came from this address");
    let rows = ask(folder.path(), &["audit", "list", "--json"]);
    let traded = |line: &str| serde_json::from_str::<Value>(line).expect("a row")["event"] == "claim";
    assert_eq!(rows.well().lines().filter(|line| traded(line)).count(), 11, "{}", rows.out);
    assert!(!rows.out.contains(code.as_str()) && !rows.out.contains(password));
}

#[test]
fn sec_02_after_a_rotation_both_passwords_hold_for_the_overlap_and_then_the_old_one_ends_where_it_is_connected_too() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    let secret = |arguments: &[&str]| told(folder.path(), arguments)["secret"].as_str().expect("a secret").to_owned();
    let first = secret(&["device", "credential", "make", "bin-1"]);
    let second = secret(&["device", "credential", "rotate", "bin-1", "--overlap-hours", "1"]);
    let (mut old, mut new) =
        (connect(marsad.mqtt, "a", Some(("bin-1", &first))), connect(marsad.mqtt, "b", Some(("bin-1", &second))));
    assert_eq!((old.1, new.1), (0, 0), "both hold");
    publish(&mut old.0, "marsad/anfa/waste/bin-1/up");
    publish(&mut new.0, "marsad/anfa/waste/bin-1/up");
    let of_another = secret(&["device", "credential", "make", "bin-2"]);
    let mut another = connect(marsad.mqtt, "c", Some(("bin-2", &of_another)));

    let third = secret(&["device", "credential", "rotate", "bin-1", "--overlap-hours", "0"]);
    assert_eq!(old.0.read(&mut [0; 8]).unwrap_or(0), 0, "its connection is ended");
    for gone in [&first, &second] {
        assert_eq!(connect(marsad.mqtt, "a", Some(("bin-1", gone))).1, 4);
    }
    let (mut back, code) = connect(marsad.mqtt, "a", Some(("bin-1", &third)));
    assert_eq!(code, 0);
    publish(&mut back, "marsad/anfa/waste/bin-1/up");
    publish(&mut another.0, "marsad/anfa/waste/bin-2/up");
}

#[test]
fn sec_02_guessing_passwords_of_devices_slows_the_address_down() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    let made = told(folder.path(), &["device", "credential", "make", "bin-1"]);
    let secret = made["secret"].as_str().expect("a secret");
    let (mut before, code) = connect(marsad.mqtt, "bin-1", Some(("bin-1", secret)));
    assert_eq!(code, 0);
    for n in 0..10 {
        assert_eq!(connect(marsad.mqtt, "guess", Some((&format!("bin-{n}"), "guess"))).1, 4);
    }
    assert_eq!(connect(marsad.mqtt, "bin-1", Some(("bin-1", secret))).1, 3, "not now, says the endpoint");
    publish(&mut before, "marsad/anfa/waste/bin-1/up");
}
