//! What people do to alerts, through the program: in hand, assigned, put aside, over by hand; silences and windows.
//! Each act is kept when it is answered, whatever kills the program, and each can say why nobody was told.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::program::{Said, ask, at};

const RULES: &str = r#"
[[rule]]
id = "bin.full"
severity = "critical"
notify = ["log"]
[rule.when]
kind = "waste"
quantity = "waste.fill"
[rule.threshold]
above = 90.0
clear = 80.0
[rule.texts]
fr = "Bac {device} plein: {value}"
ar = "الحاوية {device} ممتلئة: {value}"
en = "Bin {device} full: {value}"
"#;
const SETTINGS: &str =
    "[rules]\npacks = []\nfiles = [\"rules.toml\"]\n[pipeline]\nflush_every = \"100ms\"\ncommit_every = \"100ms\"\n";
const PATIENCE: Duration = Duration::from_secs(60);
const OFFICER: [&str; 2] = ["--by", "officer-1"];

fn start(folder: &Path) -> Marsad {
    std::fs::write(folder.join("rules.toml"), RULES).expect("rules");
    Marsad::start(folder, SETTINGS)
}

/// Publishes a level of a bin, and waits until it is acknowledged.
fn level(marsad: &Marsad, bin: &str, n: u32, fill: f64) {
    let mut device = Device::connect(marsad.mqtt, bin);
    let payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":{fill}}}}}"#, at(n));
    device.publish(&format!("marsad/anfa/waste/{bin}/up"), payload.as_bytes());
    device.acknowledged();
}

fn list(folder: &Path, more: &[&str]) -> Vec<Value> {
    let said = ask(folder, &[&["alert", "list", "--json"][..], more].concat()).json();
    said["alerts"].as_array().expect("a list").clone()
}

/// The id of the bin's alert, once it fires.
fn fires(folder: &Path, bin: &str) -> String {
    until("the alert to fire", PATIENCE, || {
        let alert = list(folder, &["--device", bin]).into_iter().find(|a| a["phase"] == "firing")?;
        Some(alert["id"].as_str().expect("an id").to_owned())
    })
}

/// What the chains of reasons of an alert name, by step: `firing: routed posted ...`.
fn why(folder: &Path, id: &str) -> Vec<(String, Vec<String>)> {
    let said = ask(folder, &["alert", "why", id, "--json"]).json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let chain = |step: &Value| step["chain"].as_array().expect("links").iter().map(|link| text(&link["what"])).collect();
    said["steps"].as_array().expect("steps").iter().map(|step| (text(&step["phase"]), chain(step))).collect()
}

fn told(folder: &Path, id: &str, phase: &str) -> bool {
    why(folder, id).iter().any(|(of, chain)| of == phase && chain.iter().any(|what| what == "posted"))
}

fn withheld(folder: &Path, id: &str) -> bool {
    why(folder, id).iter().any(|(of, chain)| of == "firing" && chain.iter().any(|what| what == "withheld"))
}

#[test]
fn what_a_person_does_to_an_alert_is_kept_and_shown_and_what_is_not_legal_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = start(folder.path());
    level(&marsad, "bin-1", 0, 95.0);
    let id = fires(folder.path(), "bin-1");
    let act = |deed: &str, more: &[&str]| -> Said { ask(folder.path(), &[&["alert", deed, &id][..], &OFFICER, more].concat()) };

    act("unacknowledge", &[]).refused(1, &["acknowledged"]);
    act("shelve", &[]).refused(1, &["--for"]);
    act("shelve", &["--for", "40d"]).refused(1, &["30"]);
    act("acknowledge", &["--for", "8d"]).refused(1, &["7"]);
    ask(folder.path(), &["alert", "ack", &id]).refused(2, &["--by"]);
    ask(folder.path(), &["alert", "ack", "no-such-alert", "--by", "officer-1"]).refused(1, &["there is no alert"]);

    let known = act("ack", &["--note", "truck 4 is on its way", "--json"]).json();
    assert_eq!(known["acts"].as_array().map(Vec::len), Some(1), "{known}");
    // Killed at once: what was answered is kept.
    marsad.kill();
    let mut marsad = marsad.again(folder.path());
    let shown = ask(folder.path(), &["alert", "show", &id]);
    for word in ["acknowledged by officer-1", "truck 4 is on its way"] {
        assert!(shown.well().contains(word), "`{word}` is not in: {}", shown.out);
    }
    assert_eq!(list(folder.path(), &["--view", "acknowledged"]).len(), 1);
    act("assign", &["--to", "team 4"]).well();
    act("unacknowledge", &[]).well();
    assert_eq!(list(folder.path(), &["--view", "acknowledged"]).len(), 0);

    act("resolve", &["--note", "emptied"]).well();
    act("resolve", &[]).refused(1, &["resolved"]);
    assert_eq!(list(folder.path(), &[]).len(), 0, "nothing is open");
    let history = list(folder.path(), &["--view", "history"]);
    assert_eq!(history.len(), 1);
    until("its end to be told", PATIENCE, || told(folder.path(), &id, "resolved").then_some(()));
    // The engine's own end changes nothing; the next episode is another alert.
    level(&marsad, "bin-1", 60, 10.0);
    level(&marsad, "bin-1", 120, 96.0);
    let next = fires(folder.path(), "bin-1");
    assert_ne!(next, id);
    assert!(marsad.stop().success());
    // The same from the stopped directory.
    let acts = ask(folder.path(), &["alert", "show", &id, "--json"]).json();
    let deeds: Vec<&str> = acts["acts"].as_array().expect("acts").iter().filter_map(|act| act["what"].as_str()).collect();
    assert_eq!(deeds, ["acknowledge", "assign", "unacknowledge", "resolve"], "{acts}");
    ask(folder.path(), &["alert", "ack", &next, "--by", "Driss", "--json"]).well();
    assert_eq!(list(folder.path(), &["--view", "acknowledged"]).len(), 1);
}

#[test]
fn what_is_silenced_is_told_to_nobody_and_once_when_the_silence_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = start(folder.path());
    let silence = ["silence", "create", "--device", "bin-1", "--for", "2h", "--note", "street market"];
    let made = ask(folder.path(), &[&silence[..], &OFFICER, &["--json"]].concat()).json();
    let number = made["id"].as_u64().expect("a number").to_string();
    ask(folder.path(), &["silence", "create", "--device", "bin-1", "--by", "officer-1"]).refused(1, &["--for"]);
    let window = ["maintenance", "create", "--device", "bin-2", "--for", "1h"];
    let window =
        ask(folder.path(), &[&window[..], &OFFICER, &["--json"]].concat()).json()["id"].as_u64().expect("a number").to_string();

    for bin in ["bin-1", "bin-2", "bin-3"] {
        level(&marsad, bin, 0, 95.0);
    }
    let [quiet, worked, loud] = ["bin-1", "bin-2", "bin-3"].map(|bin| fires(folder.path(), bin));
    until("the third to be told", PATIENCE, || told(folder.path(), &loud, "firing").then_some(()));
    until("the others to be kept back", PATIENCE, || {
        [&quiet, &worked].iter().all(|id| withheld(folder.path(), id)).then_some(())
    });
    assert!(!told(folder.path(), &quiet, "firing") && !told(folder.path(), &worked, "firing"));
    let silenced = list(folder.path(), &["--view", "silenced"]);
    assert_eq!(silenced.len(), 2, "{silenced:?}");

    // Killed in the middle of it, it stays so.
    let marsad = marsad.again(folder.path());
    assert!(ask(folder.path(), &["silence", "list"]).well().contains("street market"));
    ask(folder.path(), &["silence", "end", &number, "--by", "Driss"]).well();
    ask(folder.path(), &["silence", "end", &number, "--by", "Driss"]).refused(1, &[]);
    until("the first to be told", PATIENCE, || told(folder.path(), &quiet, "firing").then_some(()));
    assert!(!told(folder.path(), &worked, "firing"));
    // What ends inside its window was never told, and neither is its end.
    level(&marsad, "bin-2", 60, 10.0);
    until("the second to end", PATIENCE, || {
        why(folder.path(), &worked).iter().any(|(phase, _)| phase == "resolved").then_some(())
    });
    ask(folder.path(), &["maintenance", "end", &window, "--by", "Driss"]).well();
    level(&marsad, "bin-1", 60, 10.0);
    until("the first one's end to be told", PATIENCE, || told(folder.path(), &quiet, "resolved").then_some(()));
    assert!(!told(folder.path(), &worked, "firing") && !told(folder.path(), &worked, "resolved"));
    let said = ask(folder.path(), &["alert", "why", &quiet, "--json"]).json();
    let deliveries: Vec<usize> =
        said["steps"].as_array().expect("steps").iter().map(|s| s["deliveries"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(deliveries.iter().sum::<usize>(), 2, "its beginning once and its end once: {said}");
    assert!(ask(folder.path(), &["silence", "list"]).well().is_empty());
    assert_eq!(ask(folder.path(), &["silence", "list", "--over"]).well().lines().count(), 1);
}
