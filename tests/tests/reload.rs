//! Rules change while the real program runs: by command, and by SIGHUP.

use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use register::Register;
use schemas::{Note, Phase, Timestamp, Transition};
use serde_json::Value;
use tests::{Device, Marsad, until};

const PATIENCE: Duration = Duration::from_secs(60);

const SETTINGS: &str = r#"
[pipeline]
commit_every = "200ms"
[rules]
packs = []
directories = ["rules"]
"#;

fn rule(id: &str, hold: &str, at_least: f64, text: &str) -> String {
    format!(
        r#"[[rule]]
id = "{id}"
severity = "warning"
hold = "{hold}"
notify = []
texts = {{ fr = "{text}", ar = "{text}", en = "{text}" }}
[rule.when]
quantity = "waste.fill"
[rule.threshold]
at_least = {at_least:?}
clear = 10.0
"#
    )
}

/// Writes a file of the city's rules.
fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join("rules").join(name), text).expect("the rules");
}

fn reload(folder: &Path) -> (Option<i32>, String) {
    let (data, config) = (folder.join("data").display().to_string(), folder.join("marsad.toml").display().to_string());
    let output = Marsad::command(&["reload", "--json", "--data", &data, "--config", &config]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

/// The alert of a rule, once it is in a phase.
fn alert(marsad: &Marsad, rule: &str, phase: &str) -> Value {
    until(&format!("{rule} to be {phase}"), PATIENCE, || {
        let all = marsad.json(&format!("/api/v1/alerts?phase={phase}"));
        all["alerts"].as_array().and_then(|all| all.iter().find(|a| a["rule"] == rule)).cloned()
    })
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).expect("an instant")
}

/// A program whose bin said, two hours ago, that it is full.
fn running(folder: &Path) -> (Marsad, Timestamp) {
    let marsad = Marsad::start(folder, SETTINGS);
    let at = SystemClock.now().minus(Duration::from_secs(2 * 3600));
    let mut bin = Device::connect(marsad.mqtt, "bin");
    bin.publish(
        "marsad/anfa/waste/bin-1/up",
        format!(r#"{{"v":1,"time":{},"values":{{"waste.fill":95}}}}"#, at.millis()).as_bytes(),
    );
    bin.acknowledged();
    (marsad, at)
}

/// What a stopped program had said of a rule.
fn told(folder: &Path, rule: &str) -> Vec<Transition> {
    let register = Register::open(&folder.join("data/register.db")).expect("the register");
    let all = register.transitions(0, 1000).expect("transitions");
    all.into_iter().map(|(_, transition)| transition).filter(|t| t.rule.as_str() == rule).collect()
}

#[test]
fn a_hold_that_has_begun_outlives_a_reload_and_the_alert_of_a_removed_rule_ends_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("rules")).expect("a directory");
    // `soon` fires while the test runs: before the reload on a slow machine, after it on others.
    write(folder, "a.toml", &(rule("gone", "0s", 90.0, "Gone") + &rule("other", "0s", 90.0, "Other")));
    write(folder, "b.toml", &(rule("long", "10h", 90.0, "Long") + &rule("soon", "7204s", 90.0, "Soon")));
    write(folder, "notes.txt", "no rules");
    let (mut marsad, at) = running(folder);
    let _ = alert(&marsad, "gone", "firing");
    let _ = alert(&marsad, "other", "firing");
    let before = alert(&marsad, "long", "pending");

    // One rule goes, one judges otherwise, two have other texts and another place.
    write(folder, "a.toml", &rule("other", "0s", 50.0, "Other"));
    write(folder, "b.toml", &(rule("soon", "7204s", 90.0, "Soon now") + &rule("long", "10h", 90.0, "Long now")));
    let (code, said) = reload(folder);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"rules\":3"), "{said}");
    let _ = alert(&marsad, "gone", "resolved");
    let _ = alert(&marsad, "other", "resolved");
    let fired = alert(&marsad, "soon", "firing");
    assert_eq!(instant(&fired["fired_at"]), at.plus(Duration::from_secs(7204)), "the hold went on from where it was: {fired}");
    assert_eq!(alert(&marsad, "long", "pending")["id"], before["id"]);
    assert!(marsad.stop().success());

    let notes = |rule: &str| told(folder, rule).into_iter().map(|t| (t.to, t.note)).collect::<Vec<_>>();
    assert_eq!(notes("gone"), [(Phase::Firing, None), (Phase::Resolved, Some(Note::RuleRemoved))]);
    assert_eq!(notes("other"), [(Phase::Firing, None), (Phase::Resolved, Some(Note::RuleChanged))]);
    assert_eq!(notes("soon"), [(Phase::Pending, None), (Phase::Firing, None)]);
    assert_eq!(notes("long"), [(Phase::Pending, None)]);
}

#[test]
fn a_mistake_in_a_file_of_rules_is_told_with_its_line_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("rules")).expect("a directory");
    write(folder, "a.toml", &rule("full", "0s", 90.0, "Full"));
    let (mut marsad, _) = running(folder);
    let _ = alert(&marsad, "full", "firing");

    // Taken alone the first file would end the alert; with the second nothing may happen.
    write(folder, "a.toml", &rule("another", "0s", 90.0, "Another"));
    write(folder, "b.toml", &rule("wrong", "0s", 90.0, "Wrong").replace("waste.fill", "waste.fyll"));
    let (code, said) = reload(folder);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("b.toml:8") && said.contains("waste.fyll"), "{said}");
    // Whom it tells must run already: lines are drawn at the start.
    let stranger = rule("wrong", "0s", 90.0, "Wrong").replace("notify = []", "notify = [\"pager\"]");
    write(folder, "b.toml", &stranger);
    let config = std::fs::read_to_string(folder.join("marsad.toml")).expect("the settings");
    let (code, said) = reload(folder);
    assert!(code == Some(1) && said.contains("b.toml:1") && said.contains("pager"), "{said}");
    let channel = "[[notify.channel]]\nname = \"pager\"\ntype = \"log\"\n";
    std::fs::write(folder.join("marsad.toml"), config + channel).expect("the settings");
    let (code, said) = reload(folder);
    assert!(code == Some(1) && said.contains("b.toml:1") && said.contains("restart"), "{said}");
    marsad.hang_up();
    let log = || std::fs::read_to_string(folder.join("marsad.log")).expect("the log");
    until("the refusal of the signal", PATIENCE, || log().contains("the reload is refused").then_some(()));
    let _ = alert(&marsad, "full", "firing");

    // Mended, the signal takes all of it.
    write(folder, "b.toml", &rule("mended", "0s", 90.0, "Mended"));
    marsad.hang_up();
    let _ = alert(&marsad, "full", "resolved");
    assert!(marsad.stop().success());
    assert_eq!(told(folder, "full").len(), 2);
}
