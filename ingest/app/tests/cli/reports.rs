//! What the program writes for whoever must report: of the air, of an incident, and of what it is made of.

use std::time::Duration;

use ports::{Clock, SystemClock};
use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::program::{ask, at, marsad};

#[test]
fn sec_07_a_report_of_an_incident_says_who_when_what_what_is_affected_what_was_done_and_how_long_ago_it_was_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = SystemClock.now().minus(Duration::from_secs(90 * 60));
    let mut running = Marsad::start(folder.path(), "[rules]\npacks = []\n");
    ask(folder.path(), &["user", "add", "admin-1", "--role", "admin"]).well();
    ask(folder.path(), &["reload"]).well();
    let detected = began.to_string();
    let arguments = [
        "incident",
        "report",
        "--detected",
        &detected,
        "--by",
        "security-1",
        "--what",
        "a token was published",
        "--affected",
        "API, read only",
        "--measure",
        "token 7 revoked",
    ];
    let report: Value = ask(folder.path(), &[&arguments[..], &["--json"]].concat()).json();
    for (field, expected) in [("by", "security-1"), ("what", "a token was published"), ("detected_at", detected.as_str())] {
        assert_eq!(report[field], expected, "{report}");
    }
    assert_eq!((&report["affected"][0], &report["measures"][0]), (&"API, read only".into(), &"token 7 revoked".into()));
    assert!(report["minutes_since_detection"].as_u64().is_some_and(|minutes| (90..180).contains(&minutes)), "{report}");
    assert!(report["events"]["access"].as_u64().is_some_and(|count| count >= 2), "the user that was entered: {report}");
    assert_eq!(report["messages_balance"], true);
    let text = ask(folder.path(), &arguments);
    for part in ["security-1", "1 h 3", "a token was published", "API, read only", "token 7 revoked", "POST /api/v1/users"] {
        assert!(text.well().contains(part), "{part} is not in {}", text.out);
    }
    // Of what lies before or behind the period nothing is told.
    let early = ask(folder.path(), &[&arguments[..], &["--to", &detected, "--json"]].concat()).json();
    assert_eq!(early["audit"].as_array().map(Vec::len), Some(0), "{early}");
    assert!(running.stop().success());
    assert!(ask(folder.path(), &arguments).well().contains("security-1"), "from a stopped directory too");
}

#[test]
fn a_report_is_one_file_that_is_the_same_from_the_program_and_from_its_stopped_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Marsad::start(folder.path(), "");
    let mut station = Device::connect(running.mqtt, "station");
    let air = format!(r#"{{"v":1,"time":"{}","values":{{"air.pm10":41.5,"air.no2":12}}}}"#, at(1));
    station.publish("marsad/anfa/air/air-1/up", air.as_bytes());
    station.acknowledged();
    // Reports list the stations of the register, which hears of a new one with the next flush.
    until("the station to be listed", Duration::from_secs(60), || {
        let listed = running.json("/api/v1/devices?kind=air");
        listed["devices"].as_array().is_some_and(|all| !all.is_empty()).then_some(())
    });
    let day = &at(1)[..10];
    let path = folder.path().join("bulletin.html");
    let output = path.to_str().expect("a plain path");
    let arguments = ["report", "daily", "--lang", "ar", "--date", day, "--output", output];
    let written = || {
        assert_eq!(ask(folder.path(), &arguments).well(), "", "with --output nothing goes to standard output");
        std::fs::read_to_string(&path).expect("the file")
    };
    let file = written();
    assert!(
        file.contains(r#"<html lang="ar-MA" dir="rtl""#) && file.contains("air-1"),
        "{} bytes without the station",
        file.len()
    );
    for elsewhere in ["src=\"http", "href=\"/a/", "src=\"/a/", "<script", "url(../"] {
        assert!(!file.contains(elsewhere), "it fetches nothing: {elsewhere}");
    }
    let french = ask(folder.path(), &["report", "daily", "--date", day]);
    assert!(french.well().contains(r#"<html lang="fr-MA" dir="ltr""#), "to standard output, in French");
    for which in ["monthly", "weekly"] {
        assert!(ask(folder.path(), &["report", which, "--date", day]).well().contains("</html>"), "{which}");
    }
    ask(folder.path(), &["report", "daily", "--date", "yesterday"]).refused(2, &["--date", "yesterday"]);
    let nowhere = folder.path().join("no/such/folder.html");
    let nowhere = nowhere.to_str().expect("a plain path");
    assert_ne!(ask(folder.path(), &["report", "daily", "--output", nowhere]).code, Some(0), "a file that cannot be written");
    assert!(running.stop().success());
    assert!(written().contains("air-1"), "from a stopped directory too");
}

#[test]
fn sec_12_the_program_tells_what_it_is_made_of() {
    let bill = marsad(&["sbom"]).json();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert!(bill["components"].as_array().is_some_and(|all| all.len() > 100));
}
