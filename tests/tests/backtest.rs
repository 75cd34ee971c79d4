//! A back-test says of the past what was said when it was the present: the log of the real program, against what
//! `marsad backtest` makes of its running directory, of its stopped one, and of an export of it.

use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use register::Register;
use schemas::{Note, Timestamp};
use serde_json::Value;
use tests::{Device, Marsad, until};

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
/// This bin says nothing more after it was full.
const LAST: u64 = 11;
const FULL: u64 = 44;

/// Pseudo-random numbers: the same on any machine (splitmix64).
fn chance(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Readings of a day of bins, with gaps, heard in this order; those of one bin in different milliseconds, since neither the log
/// nor the store knows a finer order.
fn day(marsad: &Marsad, from: Timestamp, readings: impl Iterator<Item = u64>) {
    let mut gateway = Device::connect(marsad.mqtt, "gateway");
    for n in readings {
        for bin in 0..BINS {
            if bin == LAST && n > FULL {
                continue;
            }
            let dice = chance(n * BINS + bin);
            // One in five is lost, but never the one after which time alone decides.
            if dice.is_multiple_of(5) && (bin, n) != (LAST, FULL) {
                continue;
            }
            let fill = (n * (3 + bin % 5) + bin * 17 + dice % 3) % 100;
            let at = from.plus(Duration::from_secs(n * 900 + bin)).millis();
            let payload = format!(r#"{{"v":1,"time":{at},"values":{{"waste.fill":{fill}}}}}"#);
            gateway.publish(&format!("marsad/anfa/waste/bin-{bin:02}/up"), payload.as_bytes());
        }
        gateway.acknowledged();
        let heard = SystemClock.now();
        while SystemClock.now() == heard {
            std::hint::spin_loop();
        }
    }
}

/// A line of the log: id, correction, instants, rule, device, phases, value, severity.
type Line = (String, Option<Note>, [Timestamp; 2], [String; 5], Option<String>);

/// In one order, whoever says it: a log stands in the order of decisions, a back-test in that of the instants.
fn lines(log: impl Iterator<Item = Line>, until: Timestamp) -> Vec<Line> {
    let mut all: Vec<Line> = log.filter(|line| line.2[0] < until).collect();
    all.sort_by(|a, b| (&a.2, &a.0, &a.3).cmp(&(&b.2, &b.0, &b.3)));
    all
}

fn log(folder: &Path, until: Timestamp) -> Vec<Line> {
    let register = Register::open(&folder.join("data/register.db")).expect("the register");
    let all = register.transitions(0, 100_000).expect("transitions");
    let said = all.into_iter().map(|(_, t)| {
        let (device, value) = (t.series.device.to_string(), t.value.map(|v| v.to_string()));
        let words = [t.rule.to_string(), device, t.from.code().into(), t.to.code().into(), t.severity.code().into()];
        (t.id.0, t.note, [t.at, t.since], words, value)
    });
    lines(said, until)
}

fn backtest(folder: &Path, more: &[&str], until: Timestamp) -> Vec<Line> {
    let (data, config) = (folder.join("data").display().to_string(), folder.join("marsad.toml").display().to_string());
    let output = Marsad::command(&[&["backtest", "--json", "--data", &data, "--config", &config][..], more].concat());
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    let text = String::from_utf8(output.stdout).expect("text");
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row of JSON"));
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}")).to_owned();
    let said = rows.map(|row| {
        let instants = ["at", "since"].map(|key| word(&row, key).parse().expect("an instant"));
        let note = row.get("correction").map(|note| serde_json::from_value(note.clone()).expect("a note"));
        let value = row["value"].as_f64().map(|v| v.to_string());
        (word(&row, "id"), note, instants, ["rule", "device", "from", "to", "severity"].map(|key| word(&row, key)), value)
    });
    lines(said, until)
}

/// Names only what differs.
fn same(played: &[Line], live: &[Line], what: &str) {
    let only = |these: &[Line], those: &[Line]| {
        let found: Vec<String> = these.iter().filter(|line| !those.contains(line)).map(|line| format!("{line:?}")).collect();
        format!("{}: {}", found.len(), found.into_iter().take(6).collect::<Vec<_>>().join("\n"))
    };
    let (more, less) = (only(played, live), only(live, played));
    assert!(played == live, "{what}: only in the back-test {more}\nonly in the log {less}");
}

#[test]
fn the_log_of_the_running_program_is_what_a_back_test_of_the_same_readings_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("rules.toml"), RULES).expect("the rules");
    let mut marsad = Marsad::start(folder, SETTINGS);
    // Heard hours after they were measured: half of them in one burst, and when time has gone on, those between, backwards.
    let to = SystemClock.now().minus(Duration::from_secs(6 * 3600));
    let from = to.minus(Duration::from_secs(READINGS * 900));
    day(&marsad, from, (0..READINGS).step_by(2));
    let held = from.plus(Duration::from_secs(FULL * 900 + LAST + 1800));
    let fires = |line: &Line| line.2[0] == held && line.3[..2] == ["held", "bin-11"];
    until("time to go on", Duration::from_secs(60), || log(folder, to).iter().any(fires).then_some(()));
    day(&marsad, from, (0..READINGS / 2).map(|n| READINGS - 1 - 2 * n));
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
        assert!(live.iter().filter(|said| said.3[0] == rule).count() > 10, "{rule} says too little: {live:?}");
    }
    assert!(live.iter().filter(|line| line.1.is_some()).count() > 10, "too little is corrected: {live:?}");
    same(&running, &live, "of the running program");
    same(&backtest(folder, &range, to), &live, "of the stopped directory");
    same(&backtest(folder, &["--readings", &export, "--to", end.as_str()], to), &live, "of the export");
    // Nothing was kept by asking.
    assert_eq!(log(folder, to), live);
}
