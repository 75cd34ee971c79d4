//! The API as programs of strangers use it: one that knows nothing but its document, and the examples for people who write
//! clients.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tests::{Device, Marsad, until};

/// A stranger asks more than one may, on purpose.
const SETTINGS: &str = "[http]\nclient_requests = 0\nclient_search = \"0s\"\n";

/// What is held of every answer.
const CHECKS: [&str; 5] = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
];

/// A city with readings, and an admin's token for it.
struct City {
    marsad: Marsad,
    token: String,
    _folder: tempfile::TempDir,
}

impl City {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let marsad = Marsad::start_as("demo", folder.path(), SETTINGS);
        let mut device = Device::connect(marsad.mqtt, "odd");
        device.publish("marsad/anfa/waste/bin-odd/up", b"not JSON");
        assert!(device.unacknowledged(Duration::from_secs(60)).is_empty(), "a message to be put aside is kept");
        until("readings, and a message put aside", Duration::from_secs(60), || {
            let heard = !marsad.json("/api/v1/latest?quantity=waste.fill")["readings"].as_array()?.is_empty();
            let aside = !marsad.json("/api/v1/quarantine?each=true")["messages"].as_array()?.is_empty();
            (heard && aside).then_some(())
        });
        let data = folder.path().join("data");
        let make = ["token", "make", "stranger", "--role", "admin", "--write", "--json", "--data"];
        let made = Marsad::command(&[&make[..], &[data.to_str().expect("a path is text")]].concat());
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|e| panic!("{e}: {made:?}"));
        let token = made["secret"].as_str().unwrap_or_else(|| panic!("no secret in {made}")).to_owned();
        Self { marsad, token, _folder: folder }
    }

    /// Runs a client that is told where the city is and who it is.
    fn runs(&self, program: &str, script: &str) -> Output {
        let place = tempfile::tempdir().expect("a folder");
        let output = Command::new(program)
            .arg(tests::root().join("dashboards/clients").join(script))
            .env("MARSAD", format!("http://{}", self.marsad.http))
            .env("MARSAD_TOKEN", &self.token)
            .current_dir(place.path())
            .output()
            .expect("the client runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {complaint}{}", String::from_utf8_lossy(&output.stdout));
        output
    }
}

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: {program} is not installed: its example of a client was not run");
    }
    there
}

/// The schemathesis of `MARSAD_SCHEMATHESIS`, or the one on the path.
fn schemathesis() -> Option<PathBuf> {
    let named = std::env::var_os("MARSAD_SCHEMATHESIS").map_or_else(|| PathBuf::from("st"), PathBuf::from);
    let there = Command::new(&named).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name == "schemathesis"));
        assert!(!required, "MARSAD_REQUIRE names schemathesis, but {} does not run: pip install schemathesis", named.display());
        eprintln!("SKIPPED: no schemathesis; to run this test: pip install schemathesis, and MARSAD_SCHEMATHESIS=ST");
    }
    there.then_some(named)
}

#[test]
fn a_program_that_knows_only_the_document_finds_no_failure_and_no_answer_that_does_not_fit() {
    let Some(schemathesis) = schemathesis() else { return };
    let city = City::open();
    let place = tempfile::tempdir().expect("a folder");
    let output = Command::new(schemathesis)
        .args(["run", &format!("http://{}/api/v1/openapi.json", city.marsad.http)])
        .args(["--header", &format!("Authorization: Bearer {}", city.token)])
        .args(["--phases", "coverage,fuzzing", "--max-examples", "6", "--generation-deterministic"])
        .args(["--checks", &CHECKS.join(",")])
        // A stream of events never ends, and without its token a stranger is nobody.
        .args(["--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/tokens/{id}/revoke"])
        // It takes a pair of a number and a text for no schema, which JSON Schema 2020-12 does.
        .args(["--exclude-path", "/api/v1/audit/verify"])
        // One at a time: in several threads CPython 3.11 may lose count of its recursion, and says so as an error.
        .args(["--workers", "1", "--request-timeout", "60", "--continue-on-failure", "--warnings", "off", "--no-color"])
        .current_dir(place.path())
        .output()
        .expect("schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    eprintln!("{}", told.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_examples_of_clients_run_as_they_stand() {
    let city = City::open();
    if is_there("curl") {
        let told = city.runs("sh", "readings.sh").stdout;
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("waste.fill") && told.contains("lines in readings.csv"), "{told}");
    }
    if is_there("python3") {
        let told = city.runs("python3", "readings.py").stdout;
        assert!(String::from_utf8_lossy(&told).contains("fullest: "), "{told:?}");
    }
    if is_there("Rscript") {
        let told = city.runs("Rscript", "readings.R").stdout;
        assert!(String::from_utf8_lossy(&told).contains(" readings\n"), "{told:?}");
    }
}
