//! Rules, and whom they tell, change while the real program runs: by command, and by SIGHUP.

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
    // Whom it tells must be there.
    let stranger = rule("wrong", "0s", 90.0, "Wrong").replace("notify = []", "notify = [\"pager\"]");
    write(folder, "b.toml", &stranger);
    let (code, said) = reload(folder);
    assert!(code == Some(1) && said.contains("b.toml:1") && said.contains("pager"), "{said}");
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

const CHANNELS: &str = r#"
[[notify.channel]]
name = "log"
type = "log"
[[notify.channel]]
name = "desk"
type = "log"
[[notify.receiver]]
name = "day"
via = ["desk"]
[[notify.receiver]]
name = "night"
via = ["desk"]
[[notify.rota]]
name = "waste"
file = "shifts.toml"
fallback = "desk"
[[notify.route]]
name = "all"
to = ["rota:waste"]
"#;

/// A file of one shift, of a day before and after now.
fn shift(folder: &Path, receiver: &str) {
    let day = Duration::from_secs(24 * 3600);
    let minute = |at: Timestamp| at.to_string().chars().take(16).collect::<String>();
    let (from, to) = (minute(SystemClock.now().minus(day)), minute(SystemClock.now().plus(day)));
    let text = format!("# Shifts.\n[[shift]]\nfrom = \"{from}\"\nto = \"{to}\"\nreceiver = \"{receiver}\"\n");
    std::fs::write(folder.join("shifts.toml"), text).expect("the shifts");
}

/// Fills another bin: to whom its alert was posted.
fn told_of(marsad: &Marsad, bin: &str) -> Vec<String> {
    let mut device = Device::connect(marsad.mqtt, bin);
    device.publish(&format!("marsad/anfa/waste/{bin}/up"), br#"{"v":1,"values":{"waste.fill":95}}"#);
    device.acknowledged();
    until(&format!("{bin} to be told of"), PATIENCE, || {
        let all = marsad.json("/api/v1/alerts?phase=firing");
        let id = all["alerts"].as_array()?.iter().find(|alert| alert["device"] == bin)?["id"].as_str()?.to_owned();
        let why = marsad.json(&format!("/api/v1/alerts/{id}/why"));
        let links = why["steps"].as_array()?.iter().filter_map(|step| step["chain"].as_array()).flatten();
        let posted = links.filter(|link| link["what"] == "posted").filter_map(|link| Some(link["receiver"].as_str()?.to_owned()));
        Some(posted.collect::<Vec<_>>()).filter(|posted| !posted.is_empty())
    })
}

#[test]
fn other_receivers_routes_and_shifts_are_in_force_after_a_reload_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("rules")).expect("a directory");
    write(folder, "a.toml", &rule("full", "0s", 90.0, "Full").replace("notify = []", "notify = [\"log\"]"));
    let mut marsad = Marsad::start(folder, SETTINGS);
    assert_eq!(told_of(&marsad, "bin-1"), ["log"]);

    // Channels, receivers, a rota and a route that were not there.
    let config = std::fs::read_to_string(folder.join("marsad.toml")).expect("the settings");
    std::fs::write(folder.join("marsad.toml"), format!("{config}{CHANNELS}")).expect("the settings");
    shift(folder, "day");
    let (code, said) = reload(folder);
    assert!(code == Some(0) && said.contains("\"lines\":4") && said.contains("\"rotas\":1"), "{said}");
    assert_eq!(told_of(&marsad, "bin-2"), ["day"]);

    // Another shift alone.
    shift(folder, "night");
    assert_eq!(reload(folder).0, Some(0));
    assert_eq!(told_of(&marsad, "bin-3"), ["night"]);

    // A shift of nobody, and then a route to nobody: refused, and the night goes on.
    shift(folder, "noon");
    let (code, said) = reload(folder);
    assert!(code == Some(1) && said.contains("shifts.toml:5") && said.contains("noon"), "{said}");
    assert_eq!(told_of(&marsad, "bin-4"), ["night"]);
    shift(folder, "day");
    let stray = format!("{config}{}", CHANNELS.replace("to = [\"rota:waste\"]", "to = [\"pager\"]"));
    std::fs::write(folder.join("marsad.toml"), &stray).expect("the settings");
    let line = 1 + stray.lines().position(|line| line == "[[notify.route]]").expect("the route");
    let (code, said) = reload(folder);
    assert!(code == Some(1) && said.contains(&format!("marsad.toml:{line}")) && said.contains("pager"), "{line}: {said}");
    marsad.hang_up();
    let log = || std::fs::read_to_string(folder.join("marsad.log")).expect("the log");
    until("the refusal of the signal", PATIENCE, || log().contains("the reload is refused").then_some(()));
    assert_eq!(told_of(&marsad, "bin-5"), ["night"]);

    // Mended, the signal takes it, and the log says so.
    std::fs::write(folder.join("marsad.toml"), format!("{config}{CHANNELS}")).expect("the settings");
    marsad.hang_up();
    until("the signal to be heard", PATIENCE, || log().contains("whom to tell are read anew").then_some(()));
    assert_eq!(told_of(&marsad, "bin-6"), ["day"]);
    assert!(marsad.stop().success());
}
