//! What the program writes for whoever must report: of the air, of an incident, and of what it is made of.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
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

/// Mails as they came, in order.
type Mails = Arc<Mutex<Vec<String>>>;

/// A mail server that takes everything, on this port if it is free.
fn mail_server(address: &str) -> (SocketAddr, Mails) {
    let listener = until("the port of the mail server", Duration::from_secs(30), || TcpListener::bind(address).ok());
    let (address, mails) = (listener.local_addr().expect("an address"), Mails::default());
    let taken = Arc::clone(&mails);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whatever breaks, breaks for the client.
            let _ = services::mail::converse(stream, |mail| {
                taken.lock().expect("no panic").push(mail.to_owned());
                Some("250 taken")
            });
        }
    });
    (address, mails)
}

fn scheduled(mail: SocketAddr) -> String {
    format!(
        r#"
[notify]
retry_first = "10ms"
retry_limit = "50ms"
[[notify.channel]]
name = "log"
type = "log"
[[notify.channel]]
name = "mail"
type = "email"
server = "127.0.0.1"
port = {}
protection = "none"
from = "Marsad <reports@city.example>"
[[notify.receiver]]
name = "officer"
via = ["mail"]
language = "ar"
mail = ["officer@city.example"]
[[report]]
name = "air-of-the-day"
which = "daily"
at = "00:00"
receivers = ["officer"]
[[report]]
name = "collection"
which = "weekly"
at = "00:00"
receivers = ["officer"]
language = "en"
as = "inline"
"#,
        mail.port()
    )
}

#[test]
fn a_report_goes_by_mail_once_its_time_is_over_and_not_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens there at first: what is made waits, over a restart too.
    let nobody = tests::free_address();
    let mut running = Marsad::start(folder.path(), &scheduled(nobody));
    let waits = || {
        let log = std::fs::read_to_string(folder.path().join("marsad.log")).unwrap_or_default();
        (log.matches("a report is on its way").count() >= 2).then_some(())
    };
    until("both reports to be made", Duration::from_secs(60), waits);
    let fares = |running: &Marsad| running.json("/api/v1/reports")["reports"].as_array().cloned().unwrap_or_default();
    // Both go by one line, whose head holds the other.
    let late = until("an attempt to send the first", Duration::from_secs(60), || {
        Some(fares(&running)).filter(|all| all.first().is_some_and(|first| first["due"]["attempts"].as_u64() > Some(0)))
    });
    let named: Vec<&str> = late.iter().filter_map(|report| report["report"].as_str()).collect();
    assert_eq!(named, ["air-of-the-day", "collection"]);
    for report in &late {
        assert_eq!((&report["due"]["state"], &report["sent"]), (&"waiting".into(), &Value::Null), "{report}");
        assert!(report["due"]["again"].is_string() && report["next"].is_string(), "{report}");
    }
    assert!(late[0]["due"]["trouble"].is_string(), "why it waits: {}", late[0]);
    assert!(running.stop().success());
    let (_, mails) = mail_server(&nobody.to_string());
    let mut running = running.again(folder.path());
    let all = || Some(mails.lock().expect("no panic").clone()).filter(|mails| mails.len() >= 2);
    let told = until("two mails", Duration::from_secs(60), all);
    let of = |part: &str| told.iter().find(|mail| mail.contains(part)).unwrap_or_else(|| panic!("no mail with {part}: {told:?}"));
    let daily = of("air-daily-");
    for part in ["To: officer@city.example", "multipart/mixed", "filename=\"air-daily-", "Auto-Submitted: auto-generated"] {
        assert!(daily.contains(part), "{part} is not in {}", daily.chars().take(1500).collect::<String>());
    }
    let weekly = of("multipart/alternative");
    // The page as it stands; long lines are folded on the way.
    let unfolded = weekly.replace("=\r\n", "");
    assert!(unfolded.contains("Collection: indicators of the week"), "{}", unfolded.chars().take(1500).collect::<String>());
    assert!(
        unfolded.contains("<html lang=3D\"en-GB\" dir=3D\"ltr\"") || unfolded.contains("<html lang=\"en-GB\" dir=\"ltr\""),
        "{unfolded}"
    );
    assert!(!unfolded.contains("font/woff2"), "a mail has no room for fonts");
    let arrived = until("both to be known as sent", Duration::from_secs(60), || {
        Some(fares(&running)).filter(|all| all.iter().all(|report| report["due"].is_null()))
    });
    assert!(arrived.iter().all(|report| report["sent"]["at"].is_string() && report["next"].is_string()), "{arrived:?}");
    // Neither a reload nor another start sends an edition again.
    ask(folder.path(), &["reload"]).well();
    assert!(running.stop().success());
    let running = running.again(folder.path());
    let mut device = Device::connect(running.mqtt, "bin");
    device.publish("marsad/anfa/waste/bin-1/up", br#"{"v":1,"values":{"waste.fill":12}}"#);
    device.acknowledged();
    let _ = running.settled(Duration::from_secs(60));
    assert_eq!(mails.lock().expect("no panic").len(), 2);
}

#[test]
fn a_report_that_cannot_be_sent_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reports.toml");
    let wrong = |report: &str| {
        std::fs::write(&path, report).expect("the settings");
        marsad(&["check", "--config", path.to_str().expect("a plain path")])
    };
    let report = "[[report]]\nname = \"air\"\nwhich = \"daily\"\nat = \"07:30\"\n";
    wrong(&format!("{report}receivers = [\"log\"]\n")).refused(78, &["reports.toml:1", "report `air`", "`log`", "of type email"]);
    wrong(&format!("{report}receivers = []\n")).refused(78, &["reports.toml:1", "at least one"]);
    wrong(&format!("{report}receivers = [\"log\"]\ncontractor = \"ARMA\"\n")).refused(78, &["only the weekly report"]);
    wrong(&report.replace("07:30", "half past")).refused(78, &["reports.toml:4"]);
    wrong(&report.replace("daily", "yearly")).refused(78, &["reports.toml:3", "yearly"]);
}
