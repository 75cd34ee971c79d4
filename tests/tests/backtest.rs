//! A back-test says of the past what was said when it was the present: the log of the real program, against what
//! `marsad backtest` makes of its running directory, of its stopped one, and of an export of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use register::Register;
use schemas::{Note, Timestamp};
use serde_json::Value;
use tests::{Device, Marsad};

const SETTINGS: &str = r#"
[pipeline]
commit_every = "200ms"
[rules]
packs = ["waste"]
files = ["rules.toml"]
"#;

const RULES: &str = r#"
[[rule]]
id = "held"
severity = "critical"
hold = "30m"
notify = ["log"]
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { quantity = "waste.fill" }
threshold = { at_least = 60, clear = 50 }
"#;

const BINS: u64 = 12;
const READINGS: u64 = 96;

/// Pseudo-random numbers: the same on any machine (splitmix64).
fn chance(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A day of bins, with gaps, heard in order.
fn day(marsad: &Marsad, from: Timestamp) {
    let mut gateway = Device::connect(marsad.mqtt, "gateway");
    for n in 0..READINGS {
        for bin in 0..BINS {
            let dice = chance(n * BINS + bin);
            // One in five is lost.
            if dice.is_multiple_of(5) {
                continue;
            }
            let fill = (n * (3 + bin % 5) + bin * 17 + dice % 3) % 100;
            let at = from.plus(Duration::from_secs(n * 900 + bin)).millis();
            let payload = format!(r#"{{"v":1,"time":{at},"values":{{"waste.fill":{fill}}}}}"#);
            gateway.publish(&format!("marsad/anfa/waste/bin-{bin:02}/up"), payload.as_bytes());
        }
    }
    gateway.acknowledged();
}

/// What matters of a transition, whatever found it.
type Said = (Timestamp, String, String, String, String, Option<String>);

/// What a log comes to when its corrections are applied. A burst is judged as one by the running program and reading by
/// reading by a back-test: what one says at once the other may say and correct.
fn settled(log: impl Iterator<Item = (String, Option<Note>, Said)>, until: Timestamp) -> BTreeSet<Said> {
    let mut kept = BTreeMap::new();
    for (id, note, said) in log {
        match note {
            Some(Note::Withdrawn { of }) => drop(kept.remove(&of.0)),
            Some(Note::Added { of } | Note::Amended { of }) => drop(kept.insert(of.0, said)),
            _ => drop(kept.insert(id, said)),
        }
    }
    kept.into_values().filter(|said| said.0 < until).collect()
}

fn log(folder: &Path, until: Timestamp) -> BTreeSet<Said> {
    let register = Register::open(&folder.join("data/register.db")).expect("the register");
    let all = register.transitions(0, 100_000).expect("transitions");
    let said = all.into_iter().map(|(_, t)| {
        let (device, value) = (t.series.device.to_string(), t.value.map(|v| v.to_string()));
        (t.id.0, t.note, (t.at, t.rule.to_string(), device, t.from.code().into(), t.to.code().into(), value))
    });
    settled(said, until)
}

fn backtest(folder: &Path, more: &[&str], until: Timestamp) -> BTreeSet<Said> {
    let (data, config) = (folder.join("data").display().to_string(), folder.join("marsad.toml").display().to_string());
    let output = Marsad::command(&[&["backtest", "--json", "--data", &data, "--config", &config][..], more].concat());
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    let text = String::from_utf8(output.stdout).expect("text");
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row of JSON"));
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}")).to_owned();
    let said = rows.map(|row| {
        let at: Timestamp = word(&row, "at").parse().expect("an instant");
        let note = row.get("correction").map(|note| serde_json::from_value(note.clone()).expect("a note"));
        let value = row["value"].as_f64().map(|v| v.to_string());
        (word(&row, "id"), note, (at, word(&row, "rule"), word(&row, "device"), word(&row, "from"), word(&row, "to"), value))
    });
    settled(said, until)
}

/// Names only what differs.
fn same(played: &BTreeSet<Said>, live: &BTreeSet<Said>, what: &str) {
    let (more, less): (Vec<_>, Vec<_>) = (played.difference(live).collect(), live.difference(played).collect());
    assert!(more.is_empty() && less.is_empty(), "{what}: only in the back-test {more:?}, only in the log {less:?}");
}

#[test]
fn the_log_of_the_running_program_is_what_a_back_test_of_the_same_readings_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("rules.toml"), RULES).expect("the rules");
    let mut marsad = Marsad::start(folder, SETTINGS);
    // Heard in one burst, hours after they were measured: what is said depends on event time alone.
    let to = SystemClock.now().minus(Duration::from_secs(6 * 3600));
    let from = to.minus(Duration::from_secs(READINGS * 900));
    day(&marsad, from);
    let _ = marsad.settled(Duration::from_secs(60));
    let (begin, end) = (from.to_string(), to.to_string());
    let range = ["--from", begin.as_str(), "--to", end.as_str()];
    let running = backtest(folder, &range, to);
    let export = folder.join("day.ndjson").display().to_string();
    let (data, config) = (folder.join("data").display().to_string(), folder.join("marsad.toml").display().to_string());
    let place = ["--data", data.as_str(), "--config", config.as_str()];
    let written = Marsad::command(&[&["export", "--format", "ndjson", "--output", &export][..], &range, &place].concat());
    assert!(written.status.success(), "{written:?}");
    assert!(marsad.stop().success());

    let live = log(folder, to);
    for rule in ["held", "waste.fill.info"] {
        assert!(live.iter().filter(|said| said.1 == rule).count() > 10, "{rule} says too little: {live:?}");
    }
    same(&running, &live, "of the running program");
    same(&backtest(folder, &range, to), &live, "of the stopped directory");
    same(&backtest(folder, &["--readings", &export, "--to", end.as_str()], to), &live, "of the export");
    // Nothing was kept by asking.
    assert_eq!(log(folder, to), live);
}
