//! CAP 1.2: documents against the schema of OASIS, and the directory with its feed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ports::{DeliveryError, Form};
use schemas::{Kind, Phase, Severity};
use serde_json::json;

use super::channels::make;
use super::receiver::{Break, Receiver};
use super::{single, start, transition};
use crate::channels::cap;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Alert, reminder and end of one episode, in a directory.
async fn written(status: &str, restriction: Option<&str>, simulated: bool) -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let mut keys = json!({
        "directory": directory.path(), "sender": "alerts@city.example", "sender_name": "Observatoire <demo>",
        "status": status, "web": "https://city.example/alerts?a=1&b=2",
    });
    if let Some(restriction) = restriction {
        keys["restriction"] = restriction.into();
    }
    let channel = make(&cap::TYPE, &keys, simulated).unwrap();
    let mut begin = single("cap", transition(1, Phase::Firing));
    begin.steps[0].fired_at = Some(begin.steps[0].transition.at);
    channel.deliver(&begin).await.unwrap();
    let mut again = begin.clone();
    (again.form, again.id, again.made_at) = (Form::Reminder, "again".to_owned(), start().plus(Duration::from_secs(7200)));
    channel.deliver(&again).await.unwrap();
    let mut end = single("cap", transition(1, Phase::Resolved));
    end.steps[0].transition.at = start().plus(Duration::from_secs(9000));
    end.steps[0].fired_at = Some(start().plus(Duration::from_secs(600)));
    channel.deliver(&end).await.unwrap();
    channel.deliver(&end).await.unwrap();
    let documents = names(directory.path()).into_iter().filter(|n| n.ends_with(".cap.xml"));
    let texts = documents.map(|name| std::fs::read_to_string(directory.path().join(name)).unwrap()).collect();
    (directory, texts)
}

fn inside<'x>(xml: &'x str, element: &str) -> &'x str {
    let from = xml.split_once(&format!("<{element}>")).map_or("", |(_, rest)| rest);
    from.split_once(&format!("</{element}>")).map_or("", |(inner, _)| inner)
}

#[tokio::test]
async fn an_alert_its_reminder_and_its_end_refer_to_one_another() {
    let (directory, texts) = written("Exercise", Some("contractor:ARMA"), false).await;
    assert_eq!(texts.len(), 3, "the same step again is the same document");
    let of = |kind: &str| texts.iter().find(|x| inside(x, "msgType") == kind).unwrap();
    let (alert, update, cancel) = (of("Alert"), of("Update"), of("Cancel"));
    let reference = format!("alerts@city.example,{},{}", inside(alert, "identifier"), inside(alert, "sent"));
    assert_eq!((inside(update, "references"), inside(cancel, "references")), (reference.as_str(), reference.as_str()));
    assert_eq!(inside(alert, "sent"), "2026-11-21T20:10:00+00:00");
    assert_eq!((inside(alert, "status"), inside(alert, "restriction")), ("Exercise", "contractor:ARMA"));
    assert_eq!(inside(alert, "severity"), "Moderate");
    assert_eq!((inside(cancel, "responseType"), inside(cancel, "urgency")), ("AllClear", "Past"));
    assert_eq!(inside(alert, "circle"), "33.5981,-7.6156 0");
    for language in ["fr-MA", "ar-MA", "en"] {
        assert!(alert.contains(&format!("<language>{language}</language>")));
    }
    let feed = std::fs::read_to_string(directory.path().join("feed.atom")).unwrap();
    assert_eq!(feed.matches("<entry>").count(), 3);
    assert!(feed.contains("<updated>2026-11-21T22:30:00Z</updated>"), "{feed}");
    assert!(names(directory.path()).iter().all(|name| !name.ends_with(".half")));
}

#[tokio::test]
async fn an_alert_is_to_the_public_what_the_table_of_its_type_says() {
    for (rule, severity, expected) in [
        ("waste.overflow", Severity::Critical, ["Health", "Immediate", "Moderate", "Observed"]),
        ("waste.fill.critical", Severity::Critical, ["Infra", "Expected", "Severe", "Observed"]),
        ("waste.fire", Severity::Emergency, ["Fire", "Immediate", "Extreme", "Likely"]),
        ("waste.moved", Severity::Info, ["Infra", "Immediate", "Minor", "Observed"]),
        ("air.no2.alert", Severity::Critical, ["Env", "Immediate", "Severe", "Observed"]),
        ("air.silent", Severity::Info, ["Infra", "Expected", "Minor", "Observed"]),
        ("parking.overstay.loading", Severity::Info, ["Transport", "Expected", "Minor", "Observed"]),
        ("water.burst.hour", Severity::Critical, ["Infra", "Immediate", "Severe", "Likely"]),
        ("water.backflow", Severity::Warning, ["Security", "Immediate", "Moderate", "Likely"]),
        ("gateway.silent", Severity::Critical, ["Infra", "Expected", "Severe", "Observed"]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let keys = json!({ "directory": directory.path(), "sender": "alerts@city.example", "status": "Test" });
        let mut begin = single("cap", transition(1, Phase::Firing));
        (begin.steps[0].transition.rule, begin.steps[0].transition.severity) = (rule.parse().unwrap(), severity);
        begin.steps[0].transition.kind = rule.split('.').next().and_then(Kind::named).unwrap_or(Kind::NETWORK);
        make(&cap::TYPE, &keys, false).unwrap().deliver(&begin).await.unwrap();
        let name = names(directory.path()).into_iter().find(|name| name.ends_with(".cap.xml")).unwrap();
        let text = std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(["category", "urgency", "severity", "certainty"].map(|element| inside(&text, element)), expected, "{rule}");
    }
}

#[tokio::test]
async fn of_a_simulated_city_nothing_is_actual() {
    let (_real, texts) = written("Actual", None, false).await;
    assert!(texts.iter().all(|x| inside(x, "status") == "Actual" && inside(x, "scope") == "Public"));
    let (_simulated, texts) = written("Actual", None, true).await;
    assert!(texts.iter().all(|x| inside(x, "status") == "Exercise"));
    let bad = |sender: &str| make(&cap::TYPE, &json!({ "directory": "x", "sender": sender, "status": "Test" }), false).is_err();
    assert!(bad("a b") && bad("a,b") && bad("") && !bad("alerts@city.example"));
}

#[tokio::test]
async fn a_receiver_gets_the_document_and_its_answers_mean_what_they_mean_to_a_webhook() {
    let receiver = Receiver::new(vec![Break::Answer(503, None), Break::Answer(400, None)]).await;
    let keys = json!({ "url": receiver.url(), "sender": "alerts@city.example", "status": "Test" });
    let channel = make(&cap::TYPE, &keys, false).unwrap();
    let n = single("cap", transition(1, Phase::Firing));
    assert!(matches!(channel.deliver(&n).await, Err(DeliveryError::Unavailable { .. })));
    assert!(matches!(channel.deliver(&n).await, Err(DeliveryError::Refused(_))));
    channel.deliver(&n).await.unwrap();
    assert_eq!(receiver.requests()[2].header("content-type"), "application/cap+xml; charset=utf-8");
    assert!(receiver.requests()[2].body.starts_with(b"<?xml"));
}

/// What judges a document: `xmllint`, else lxml of Python.
fn judge(schema: &Path, document: &Path) -> Option<(bool, String)> {
    let ran = |output: std::process::Output| {
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    if let Ok(output) = Command::new("xmllint").args(["--noout", "--schema"]).arg(schema).arg(document).output() {
        return Some(ran(output));
    }
    let has = Command::new("python3").args(["-c", "import lxml"]).output().is_ok_and(|o| o.status.success());
    let code = "import sys; from lxml import etree as e; e.XMLSchema(e.parse(sys.argv[1])).assertValid(e.parse(sys.argv[2]))";
    has.then(|| ran(Command::new("python3").args(["-c", code]).arg(schema).arg(document).output().unwrap()))
}

#[tokio::test]
async fn every_document_is_valid_by_the_schema_of_oasis() {
    let schema = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/domain/cap12.xsd"));
    if !schema.is_file() {
        println!("SKIPPED: no {}", schema.display());
        return;
    }
    for (status, restriction) in [("Exercise", Some("contractor:ARMA")), ("Test", None)] {
        let (directory, _) = written(status, restriction, false).await;
        for name in names(directory.path()).iter().filter(|name| name.ends_with(".cap.xml")) {
            let Some((valid, why)) = judge(&schema, &directory.path().join(name)) else {
                println!("SKIPPED: neither xmllint nor lxml is here to judge by the schema");
                return;
            };
            assert!(valid, "{name}: {why}");
        }
        // The judge judges: an instant that ends with Z is none to CAP.
        let name = names(directory.path()).into_iter().find(|name| name.ends_with(".cap.xml")).unwrap();
        let wrong = std::fs::read_to_string(directory.path().join(name)).unwrap().replace("+00:00</sent>", "Z</sent>");
        let path = directory.path().join("wrong.xml");
        std::fs::write(&path, wrong).unwrap();
        assert!(!judge(&schema, &path).unwrap().0, "the judge lets everything pass");
    }
}
