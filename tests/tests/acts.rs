//! What people do to alerts, by `/api/v1` of the real program: what is legal is answered with what it came to, what is not
//! with a problem that says why, and changes nothing.

use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use tests::{Device, Marsad, until};

const SETTINGS: &str =
    "[rules]\npacks = []\nfiles = [\"rules.toml\"]\n[pipeline]\nflush_every = \"100ms\"\ncommit_every = \"100ms\"\n";
const RULES: &str = r#"
[[rule]]
id = "bin.full"
severity = "critical"
notify = ["log"]
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { quantity = "waste.fill" }
threshold = { above = 90.0, clear = 80.0 }
"#;
const PATIENCE: Duration = Duration::from_secs(60);

struct Desk {
    marsad: Marsad,
    client: Client,
}

impl Desk {
    fn open(folder: &Path) -> Self {
        std::fs::write(folder.join("rules.toml"), RULES).expect("the rules");
        Self { marsad: Marsad::start(folder, SETTINGS), client: Client::new() }
    }

    fn level(&self, bin: &str, fill: f64) {
        let mut device = Device::connect(self.marsad.mqtt, bin);
        let payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":{fill}}}}}"#, SystemClock.now());
        device.publish(&format!("marsad/anfa/waste/{bin}/up"), payload.as_bytes());
        device.acknowledged();
    }

    /// The id of the bin's alert, once it stands so.
    fn alert(&self, bin: &str, phase: &str) -> String {
        until("the alert", PATIENCE, || {
            let page = self.marsad.json(&format!("/api/v1/alerts?device={bin}&phase={phase}"));
            Some(page["alerts"].get(0)?["id"].as_str().expect("an id").to_owned())
        })
    }

    /// A request that is answered well: status and body.
    fn well(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.post(path, body.to_string(), "application/json");
        let status = answer.status().as_u16();
        let body: Value = answer.json().expect("JSON");
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        (status, body)
    }

    /// A request that is refused, with a problem of this status in which this word stands.
    fn refused(&self, path: &str, body: &Value, status: u16, word: &str) {
        self.problem(self.post(path, body.to_string(), "application/json"), path, status, word);
    }

    fn problem(&self, answer: Response, path: &str, status: u16, word: &str) {
        let sort = answer.headers()["content-type"].to_str().expect("text").to_owned();
        let found = answer.status().as_u16();
        let problem: Value = answer.json().expect("a problem is JSON");
        assert_eq!((found, sort.as_str()), (status, "application/problem+json"), "{path}: {problem}");
        assert_eq!(problem["status"], status, "{path}: {problem}");
        assert!(
            problem["title"].is_string() && problem["detail"].as_str().is_some_and(|d| d.contains(word)),
            "{path}: {problem}"
        );
    }

    fn post(&self, path: &str, body: String, sort: &str) -> Response {
        let address = format!("http://{}/api/v1/{path}", self.marsad.http);
        self.client.post(address).header("content-type", sort).body(body).send().expect("an answer")
    }

    fn acts(&self, id: &str) -> Vec<String> {
        let alert = self.marsad.json(&format!("/api/v1/alerts/{id}"));
        alert["acts"].as_array().expect("acts").iter().map(|act| act["what"].as_str().expect("a word").to_owned()).collect()
    }
}

fn hence(seconds: u64) -> String {
    SystemClock.now().plus(Duration::from_secs(seconds)).to_string()
}

#[test]
fn acts_are_answered_with_what_they_came_to_and_illegal_ones_with_409_and_nothing_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::open(folder.path());
    desk.level("bin-1", 95.0);
    let id = desk.alert("bin-1", "firing");
    let at = |what: &str| format!("alerts/{id}/{what}");
    let officer = json!({"by": "officer-1"});

    desk.refused(&at("unacknowledge"), &officer, 409, "acknowledged");
    desk.refused(&at("unshelve"), &officer, 409, "");
    desk.refused("alerts/no-such-alert/acknowledge", &officer, 404, "no-such-alert");
    let (status, alert) = desk.well(&at("acknowledge"), &json!({"by": "officer-1", "note": "truck 4", "until": hence(3600)}));
    assert_eq!(
        (status, &alert["acknowledged"]["by"], &alert["acknowledged"]["note"]),
        (200, &json!("officer-1"), &json!("truck 4"))
    );
    let (_, alert) = desk.well(&at("unacknowledge"), &officer);
    assert_eq!(alert["acknowledged"], Value::Null);
    let (_, alert) = desk.well(&at("assign"), &json!({"by": "officer-1", "to": "team 4"}));
    assert_eq!(alert["assigned"]["to"], "team 4");
    let (_, alert) = desk.well(&at("shelve"), &json!({"by": "officer-1", "until": hence(3600)}));
    assert_eq!((&alert["shelved"]["by"], &alert["withheld"]["by"]), (&json!("officer-1"), &json!("shelf")));
    let (_, alert) = desk.well(&at("unshelve"), &officer);
    assert_eq!((&alert["shelved"], &alert["withheld"]), (&Value::Null, &Value::Null));
    let (_, alert) = desk.well(&at("resolve"), &json!({"by": "officer-1", "note": "emptied by hand"}));
    assert_eq!((&alert["phase"], &alert["resolved_by_hand"]["by"]), (&json!("resolved"), &json!("officer-1")));

    let before = desk.acts(&id);
    assert_eq!(before, ["acknowledge", "unacknowledge", "assign", "shelve", "unshelve", "resolve"]);
    for (what, body) in [
        ("acknowledge", officer.clone()),
        ("unacknowledge", officer.clone()),
        ("assign", json!({"by": "officer-1", "to": "team 5"})),
        ("shelve", json!({"by": "officer-1", "until": hence(60)})),
        ("unshelve", officer.clone()),
        ("resolve", officer),
    ] {
        desk.refused(&at(what), &body, 409, "");
    }
    assert_eq!(desk.acts(&id), before, "what is refused leaves no trace");
    assert!(desk.marsad.stop().success());
}

#[test]
fn what_makes_no_sense_is_a_problem_that_names_it_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::open(folder.path());
    desk.level("bin-1", 95.0);
    let id = desk.alert("bin-1", "firing");
    let at = |what: &str| format!("alerts/{id}/{what}");
    let officer = |more: Value| {
        let mut body = json!({"by": "officer-1"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    desk.refused(&at("acknowledge"), &json!({}), 400, "by");
    desk.refused(&at("acknowledge"), &json!({"by": ""}), 400, "");
    desk.refused(&at("acknowledge"), &officer(json!({"until": "tomorrow"})), 400, "");
    desk.refused(&at("acknowledge"), &officer(json!({"colour": "red"})), 400, "colour");
    desk.refused(&at("acknowledge"), &officer(json!({"until": hence(8 * 86_400)})), 409, "7");
    desk.refused(&at("shelve"), &officer(json!({"until": hence(31 * 86_400)})), 409, "30");
    desk.refused(&at("shelve"), &officer(json!({})), 400, "until");
    let path = at("acknowledge");
    let broken = desk.post(&path, "{".to_owned(), "application/json");
    assert!(broken.status().is_client_error());
    let plain = desk.post(&path, officer(json!({})).to_string(), "text/plain");
    assert!(plain.status().is_client_error(), "a form of another site cannot act");
    assert!(desk.acts(&id).is_empty());
    assert!(desk.marsad.stop().success());
}

#[test]
fn silences_and_windows_are_begun_listed_and_ended_once_and_must_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::open(folder.path());
    for sort in ["silences", "maintenance"] {
        let new = |more: Value| {
            let mut body = json!({"scope": {"zone": ["anfa"]}, "until": hence(3600), "by": "officer-1", "note": "works"});
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            body
        };
        desk.refused(sort, &json!({"scope": {"zone": ["anfa"]}, "by": "officer-1"}), 400, "until");
        desk.refused(sort, &json!({"scope": {"zone": ["anfa"]}, "until": hence(60)}), 400, "by");
        desk.refused(sort, &new(json!({"until": "2020-01-01T00:00:00Z"})), 422, "");
        desk.refused(sort, &new(json!({"scope": {"colour": ["red"]}})), 400, "colour");
        let (status, quiet) = desk.well(sort, &new(json!({})));
        assert_eq!((status, &quiet["by"], &quiet["scope"]["zone"]), (201, &json!("officer-1"), &json!(["anfa"])));
        let end = format!("{sort}/{}/end", quiet["id"]);
        desk.well(&end, &json!({"by": "officer-1"}));
        desk.refused(&end, &json!({"by": "officer-1"}), 409, "");
        desk.refused(&format!("{sort}/999/end"), &json!({"by": "officer-1"}), 404, "");
    }
    assert!(desk.marsad.stop().success());
}
