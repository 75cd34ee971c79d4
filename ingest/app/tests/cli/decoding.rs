//! `decode`, `profile` and `codec`: a message read step by step, profiles proved, scripts held against their examples.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{end_of, marsad, program};

const UPLINK: &str = r#"{"time":"2026-11-21T20:00:09.5+00:00","deviceInfo":{"devEui":"0101010101010101"},"fPort":1,"fCnt":7,"data":"lQ==",
    "rxInfo":[{"rssi":-97,"snr":-3.5}]}"#;

fn rows(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn a_message_is_shown_with_its_uplink_its_profile_and_its_readings() {
    let said = marsad(&["decode", "--envelope", "chirpstack", "--profile", "nwave-nps405", UPLINK]);
    for part in ["0101010101010101", "port       1", "-97 dB[mW]", "95 (1 bytes)", "nwave-nps405", "4440", "good"] {
        assert!(said.well().contains(part), "{part} is missing in\n{}", said.out);
    }
    let json = marsad(&["decode", "--envelope", "chirpstack", "--profile", "nwave-nps405", "--json", UPLINK]);
    let rows = rows(json.well());
    assert_eq!(rows.len(), 4);
    let first = &rows[0];
    assert_eq!(
        (&first["device"], &first["quantity"], &first["value"], &first["unit"], &first["observed_at"], &first["quality"]),
        (
            &json!("0101010101010101"),
            &json!("parking.occupied"),
            &json!(1.0),
            &json!("1"),
            &json!("2026-11-21T20:00:09.500Z"),
            &json!([])
        )
    );
}

#[test]
fn the_wrapping_alone_comes_off_without_a_profile() {
    let said = marsad(&["decode", "--envelope", "chirpstack", "--uplink-only", "--json", UPLINK]).json();
    assert_eq!((&said["device"], &said["port"], &said["counter"]), (&json!("0101010101010101"), &json!(1), &json!(7)));
    assert_eq!((&said["payload_hex"], &said["time"]), (&json!("95"), &json!("2026-11-21T20:00:09.500Z")));
}

#[test]
fn a_message_is_taken_from_digits_base64_a_file_or_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, binary) = (write(folder.path(), "frame.hex", "95\n"), write(folder.path(), "frame.bin", [0x95]));
    for input in ["95", "0x95", "lQ==", &text, &binary] {
        let said = marsad(&["decode", "--profile", "nwave-nps405", "--port", "1", "--json", input]);
        assert_eq!(rows(said.well())[1]["value"], json!(4440.0), "{input}");
    }
    let from_standard_input = end_of(
        program()
            .args(["decode", "--profile", "nwave-nps405", "--port", "1", "--json", "-"])
            .stdin(std::fs::File::open(&text).expect("the file")),
    );
    assert_eq!(rows(from_standard_input.well()).len(), 2);
}

#[test]
fn without_a_time_a_message_is_heard_when_it_was_sent_and_with_one_then() {
    let said = marsad(&["decode", "--profile", "nwave-nps405", "--port", "1", "--time", "2026-01-02T03:04:05Z", "--json", "95"]);
    assert_eq!(rows(said.well())[0]["observed_at"], json!("2026-01-02T03:04:05.000Z"));
    let late = marsad(&[
        "decode",
        "--envelope",
        "chirpstack",
        "--profile",
        "nwave-nps405",
        "--time",
        "2026-11-22T20:00:00Z",
        "--json",
        UPLINK,
    ]);
    assert_eq!(rows(late.well())[0]["quality"], json!(["late"]));
}

#[test]
fn what_cannot_be_read_ends_with_1_and_the_reason_and_wrong_arguments_with_2() {
    marsad(&["decode", "--profile", "nwave-nps405", "--port", "9", "95"]).refused(1, &["unknown_frame", "port 9"]);
    marsad(&["decode", "--port", "9", "95"]).refused(1, &["no_profile"]);
    marsad(&["decode", "--envelope", "chirpstack", "lQ=="]).refused(1, &["not_json"]);
    marsad(&["decode", "--envelope", "chirpstak", "95"]).refused(2, &["chirpstak", "chirpstack"]);
    marsad(&["decode", "--profile", "nobody", "95"]).refused(2, &["nobody", "marsad profile list"]);
    marsad(&["decode", "--key", "0011", "95"]).refused(2, &["32 hexadecimal digits"]);
    marsad(&["decode"]).refused(2, &["INPUT"]);
}

const ACME: &str = r#"
name = "acme-bin"
make = "Acme"
source = "its leaflet"
codec = "script"
script = "acme.js"
[[field]]
quantity = "waste.distance"
at = "/distance"
[[case]]
port = 2
hex = "012c"
expect = [{ quantity = "waste.distance", value = 0.3 }]
"#;
const SCRIPT: &str = "function decodeUplink(input) {
    var b = input.bytes;
    return { data: { distance: (b[0] << 8 | b[1]) + ' mm' } };
}";

#[test]
fn a_profile_of_ones_own_with_a_script_is_proved_and_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "acme.js", SCRIPT);
    let profile = write(folder.path(), "acme-bin.toml", ACME);
    assert_eq!(marsad(&["profile", "test", &profile]).well(), "acme-bin: 1 passed, 0 failed\n");
    let said = marsad(&["decode", "--profile", &profile, "--port", "2", "--json", "0190"]);
    assert_eq!((&rows(said.well())[0]["value"], &rows(&said.out)[0]["unit"]), (&json!(0.4), &json!("m")));

    let wrong = write(folder.path(), "wrong.toml", ACME.replace("0.3", "0.5"));
    marsad(&["profile", "test", &wrong]).refused(1, &["wrong.toml", "case 1", "port 2, 012c", "0.3", "0.5"]);
    let escaping = write(folder.path(), "escaping.toml", ACME.replace("acme.js", "../../etc/passwd"));
    marsad(&["profile", "test", &escaping]).refused(1, &["escaping.toml", "beside the profile"]);
    write(folder.path(), "broken.js", "function (");
    let broken = write(folder.path(), "broken.toml", ACME.replace("acme.js", "broken.js"));
    marsad(&["profile", "test", &broken]).refused(1, &["broken.toml", "broken.js:1"]);
}

#[test]
fn every_built_in_profile_is_listed_shown_and_passes_its_cases() {
    let all = rows(marsad(&["profile", "list", "--json"]).well());
    assert!(all.iter().all(|p| p["cases"].as_u64() > Some(0)), "{all:?}");
    let tested = marsad(&["profile", "test"]);
    assert_eq!(tested.well().lines().count(), all.len());
    assert!(tested.out.lines().all(|line| line.ends_with(", 0 failed")), "{}", tested.out);
    assert!(marsad(&["profile", "show", "nwave-nps405"]).well().contains("[[frame]]"));
    marsad(&["profile", "show", "nobody"]).refused(1, &["nobody"]);
}

#[test]
fn a_script_runs_by_itself_and_is_held_against_its_examples() {
    let folder = tempfile::tempdir().expect("a folder");
    let js = write(folder.path(), "acme.js", SCRIPT);
    let said = marsad(&["codec", "run", "--js", &js, "--port", "2", "012c"]).json();
    assert_eq!(said, json!({ "data": { "distance": "300 mm" } }));
    let case =
        |hex: &str| format!("{{\"fPort\":2,\"bytes_hex\":\"{hex}\",\"expected\":{{\"data\":{{\"distance\":\"300 mm\"}}}}}}\n");
    let good = write(folder.path(), "good.jsonl", case("012c"));
    assert_eq!(marsad(&["codec", "test", "--js", &js, "--cases", &good]).well(), "1 passed, 0 failed\n");
    let bad = write(folder.path(), "bad.jsonl", case("012c") + &case("012d"));
    let said = marsad(&["codec", "test", "--js", &js, "--cases", &bad]);
    said.refused(1, &["bad.jsonl"]);
    assert_eq!(said.out, "line 2: data.distance: expected \"300 mm\", got \"301 mm\"\n1 passed, 1 failed\n");
    let strange = write(folder.path(), "strange.jsonl", "{}\n");
    marsad(&["codec", "test", "--js", &js, "--cases", &strange]).refused(2, &["strange.jsonl:1"]);
    marsad(&["codec", "run", "--js", &js, "--port", "2", "012"]).refused(2, &["012"]);
    assert!(marsad(&["codec", "list"]).well().contains("chirpstack"));
}
