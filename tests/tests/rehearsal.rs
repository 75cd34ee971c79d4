//! A back-test tells what the running program told: the same readings, rules and settings, the same messages.

use std::collections::BTreeSet;
use std::time::Duration;

use ports::{Clock, SystemClock};
use serde_json::Value;
use tests::{Device, Marsad, until};

const SETTINGS: &str = r#"
[pipeline]
commit_every = "200ms"
[rules]
packs = []
files = ["rules.toml"]
[notify]
flapping = { limit = 3, within = "1m" }
storm = { limit = 4, per = "1h", exempt = ["emergency"] }
[[notify.channel]]
name = "fleet"
type = "log"
[[notify.channel]]
name = "log"
type = "log"
[[notify.receiver]]
name = "desk"
via = ["log", "fleet"]
[[notify.receiver]]
name = "team"
via = ["log"]
[[notify.rota]]
name = "waste"
file = "shifts.toml"
fallback = "team"
[[notify.route]]
name = "all"
to = ["fleet", "desk", "rota:waste"]
"#;

const RULES: &str = r#"
[[rule]]
id = "full"
severity = "warning"
notify = ["fleet"]
[rule.when]
kind = "waste"
quantity = "waste.fill"
[rule.threshold]
at_least = 90.0
clear = 80.0
[rule.texts]
fr = "Plein"
ar = "ممتلئة"
en = "Full"
[rule.resolved]
fr = "Vide"
ar = "فارغة"
en = "Empty"
"#;

/// Receiver, channel and key.
type Sent = BTreeSet<(String, String, String)>;

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the running program put in its outbox for the steps of an alert.
fn outbox(marsad: &Marsad, alert: &str, sent: &mut Sent) {
    let why = marsad.json(&format!("/api/v1/alerts/{alert}/why"));
    for step in why["steps"].as_array().into_iter().flatten() {
        for delivery in step["deliveries"].as_array().into_iter().flatten() {
            sent.insert((word(&delivery["receiver"]), word(&delivery["channel"]), word(&delivery["key"])));
        }
    }
}

fn command(arguments: &[&str]) -> String {
    let asked = Marsad::command(arguments);
    assert!(asked.status.success(), "{asked:?}");
    String::from_utf8_lossy(&asked.stdout).into_owned()
}

#[test]
fn a_back_test_tells_what_the_running_program_told_of_the_same_readings() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.toml"), RULES).expect("the rules");
    std::fs::write(folder.path().join("shifts.toml"), "").expect("the shifts");
    let mut marsad = Marsad::start(folder.path(), SETTINGS);
    // One bin comes and goes until it is held, others fill and are emptied until the rest would be a storm.
    let start = SystemClock.now().minus(Duration::from_secs(600)).millis();
    let (mut device, mut alerts) = (Device::connect(marsad.mqtt, "filler"), Vec::new());
    for n in 0..14_i64 {
        let (at, bin) = (start + n * 1000, if n < 10 { 1 } else { n / 2 });
        let fill = if n % 2 == 0 { 95 } else { 10 };
        let payload = format!("{{\"v\":1,\"time\":{at},\"values\":{{\"waste.fill\":{fill}}}}}");
        device.publish(&format!("marsad/anfa/waste/bin-{bin}/up"), payload.as_bytes());
        if n % 2 == 0 {
            alerts.push(format!("full:bin-{bin}:waste.fill:0:{at}"));
        }
    }
    device.acknowledged();
    until("the last step to be planned", Duration::from_secs(60), || {
        let last = alerts.last()?;
        // Before the alert is there, the question why is answered by 404.
        if !marsad.get("/api/v1/alerts?phase=resolved&device=bin-6").contains(last) {
            return None;
        }
        let why = marsad.json(&format!("/api/v1/alerts/{last}/why"));
        why["steps"][1]["chain"].as_array().filter(|chain| chain.len() > 1).map(drop)
    });
    let mut live = Sent::new();
    alerts.iter().for_each(|alert| outbox(&marsad, alert, &mut live));
    assert!(marsad.stop().success());

    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let (config, data, readings) = (path("marsad.toml"), path("data"), path("readings.ndjson"));
    let from = "2020-01-01T00:00:00Z";
    let all = ["--config", &config, "--data", &data];
    command(&[&["export", "--from", from, "--format", "ndjson", "--output", &readings], &all[..]].concat());
    let said = command(&[&["backtest", "--readings", &readings, "--notifications", "--json"], &all[..]].concat());
    let mut told = Sent::new();
    for message in said.lines().map(|line| serde_json::from_str::<Value>(line).expect("a message")) {
        for channel in message["channels"].as_array().into_iter().flatten() {
            let fresh = told.insert((word(&message["receiver"]), word(channel), word(&message["key"])));
            assert!(fresh, "a message twice: {message}");
        }
        let chain = message["steps"][0]["chain"].as_array().expect("a chain");
        assert_eq!((&chain[0]["what"], &chain[chain.len() - 1]["what"]), (&Value::from("decided"), &Value::from("posted")));
    }
    assert!(live.iter().any(|sent| sent.0 == "team"), "the rota's fallback was told: {live:?}");
    assert!(live.iter().filter(|sent| sent.0 == "fleet").count() >= 5, "{live:?}");
    assert_eq!(told, live);
}
