//! The vectors of the domain for hysteresis, air alerts and leaks, through the rules that are shipped and `marsad backtest`:
//! the file named by `MARSAD_DOMAIN_VECTORS`, else the shared one, and always one of our own with other cases.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::Timestamp;
use serde_json::{Value, json};
use tests::{Marsad, root, shared};

const HOUR: u64 = 3600;
const QUARTER: u64 = 900;

fn start() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().expect("an instant")
}

fn after(seconds: u64) -> Timestamp {
    start().plus(Duration::from_secs(seconds))
}

fn files() -> Vec<PathBuf> {
    let own = root().join("tests/fixtures/domain-vectors.json");
    let named = std::env::var("MARSAD_DOMAIN_VECTORS").ok().map(PathBuf::from);
    [Some(own), named.or_else(|| shared("domain/vectors.json"))].into_iter().flatten().collect()
}

fn cases(file: &Path, section: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let vectors: Value = serde_json::from_str(&text).expect("vectors are JSON");
    let found = vectors[section].get("cases").unwrap_or(&vectors[section]).as_array();
    found.unwrap_or_else(|| panic!("{} has no {section}", file.display())).clone()
}

fn numbers(values: &Value) -> Vec<Option<f64>> {
    values.as_array().expect("a series").iter().map(Value::as_f64).collect()
}

/// Readings as a file of lines.
#[derive(Default)]
struct Readings(String);

impl Readings {
    fn add(&mut self, case: usize, quantity: &str, value: f64, seconds: u64) {
        let line = json!({"device": format!("case-{case}"), "quantity": quantity, "value": value, "observed_at": after(seconds).to_string()});
        writeln!(self.0, "{line}").expect("a string takes all");
    }

    /// By case: phase and value of each step by the rule, with the seconds from the start.
    fn judged_by(&self, rule: &str, rules: &Path) -> BTreeMap<usize, Vec<(u64, String, f64)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("readings.ndjson");
        // In the order of time, as they would have been heard.
        let mut lines: Vec<&str> = self.0.lines().collect();
        lines.sort_by_key(|line| line.split("observed_at").nth(1).map(|rest| rest[..27].to_owned()));
        std::fs::write(&file, lines.join("\n")).expect("the readings");
        let end = after(60 * 24 * HOUR).to_string();
        let (file, rules) = (file.display().to_string(), rules.display().to_string());
        let output = Marsad::command(&["backtest", "--json", "--rules", &rules, "--readings", &file, "--to", &end]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut told: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for line in String::from_utf8(output.stdout).expect("text").lines() {
            let row: Value = serde_json::from_str(line).expect("a row of JSON");
            let word = |key: &str| row[key].as_str().expect("a word").to_owned();
            if row["rule"] == rule && matches!(row["to"].as_str(), Some("firing" | "resolved")) {
                let at: Timestamp = word("at").parse().expect("an instant");
                let case = word("device").strip_prefix("case-").and_then(|n| n.parse().ok()).expect("a case");
                let step = (at.since(start()).as_secs(), word("to"), row["value"].as_f64().unwrap_or_default());
                told.entry(case).or_default().push(step);
            }
        }
        told
    }
}

#[test]
fn the_hysteresis_vectors_are_what_the_shipped_rule_of_fill_says() {
    for file in files() {
        let (cases, mut readings) = (cases(&file, "hysteresis"), Readings::default());
        for (n, case) in cases.iter().enumerate() {
            for (place, value) in (0u64..).zip(numbers(&case["f"])) {
                readings.add(n, "waste.fill", value.expect("a level"), place * QUARTER);
            }
        }
        let told = readings.judged_by("waste.fill.warning", &root().join("config/rules/waste.toml"));
        for (n, case) in cases.iter().enumerate() {
            let word = |to: &str| if to == "firing" { "raise" } else { "clear" };
            let said: Vec<Value> =
                told.get(&n).into_iter().flatten().map(|(at, to, _)| json!([at / QUARTER, word(to)])).collect();
            assert_eq!(Value::from(said), case["events"], "{}: {case}", file.display());
        }
    }
}

/// The shipped rule with this threshold and run, if there is one: id and quantity.
fn shipped_air(threshold: f64, consecutive: u64) -> Option<(String, String)> {
    let text = std::fs::read_to_string(root().join("config/rules/air.toml")).expect("the pack");
    let pack: toml::Value = toml::from_str(&text).expect("TOML");
    let rules = pack["rule"].as_array().expect("rules").iter();
    rules.filter(|rule| rule.get("window").is_some_and(|w| w["every"].as_str() == Some("1h"))).find_map(|rule| {
        let window = &rule["window"];
        let run = window.get("consecutive").and_then(toml::Value::as_integer).unwrap_or(1);
        let fits = window["above"].as_float() == Some(threshold) && u64::try_from(run) == Ok(consecutive);
        let word = |value: &toml::Value| value.as_str().map(str::to_owned);
        fits.then(|| Some((word(&rule["id"])?, word(&rule["when"]["quantity"])?))).flatten()
    })
}

#[test]
fn the_air_alert_vectors_fire_at_their_hours_by_the_shipped_rules_where_they_have_such_thresholds() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in files() {
        for (n, case) in cases(&file, "alerts_air").iter().enumerate() {
            let (threshold, consecutive) =
                (case["thr"].as_f64().expect("thr"), case["consecutive"].as_u64().expect("consecutive"));
            let own = folder.path().join("rules.toml");
            let (rule, quantity, rules) = match shipped_air(threshold, consecutive) {
                Some((rule, quantity)) => (rule, quantity, root().join("config/rules/air.toml")),
                None => {
                    let text = format!(
                        "[[rule]]\nid = \"r\"\nseverity = \"warning\"\nnotify = []\n\
                         texts = {{ fr = \"F\", ar = \"A\", en = \"E\" }}\nwhen = {{ quantity = \"air.no2\" }}\n\
                         window = {{ aggregate = \"mean\", every = \"1h\", capture = 0.75, consecutive = {consecutive}, \
                         clear_consecutive = 3, above = {threshold:?}, clear = {:?} }}\n",
                        threshold * 0.9
                    );
                    std::fs::write(&own, text).expect("a rule");
                    ("r".to_owned(), "air.no2".to_owned(), own)
                }
            };
            let mut readings = Readings::default();
            for (hour, value) in (0u64..).zip(numbers(&case["series"])) {
                // An hour that is not known is one without readings.
                for (quarter, value) in (0..4).zip([value; 4]).filter_map(|(q, v)| Some((q, v?))) {
                    readings.add(n, &quantity, value, hour * HOUR + quarter * QUARTER);
                }
            }
            let told = readings.judged_by(&rule, &rules);
            let fired = told.get(&n).and_then(|steps| steps.iter().find(|step| step.1 == "firing"));
            // A window is judged at its end, which is the beginning of the next.
            let fired = fired.map(|(at, ..)| at / HOUR - 1);
            assert_eq!(fired, case["fires_at_index"].as_u64(), "{}: {case}", file.display());
        }
    }
}

#[test]
fn the_leak_vectors_fire_at_their_hours_with_the_least_flow_by_the_shipped_rule() {
    for file in files() {
        let (cases, mut readings) = (cases(&file, "water_leak"), Readings::default());
        for (n, case) in cases.iter().enumerate() {
            let mut litres = 50_000.0;
            readings.add(n, "water.volume", litres / 1000.0, 0);
            for (hour, volume) in (1u64..).zip(numbers(&case["hourly"])) {
                // Of an hour that is not known the meter's step is not believed.
                litres += volume.unwrap_or(9_000.0);
                readings.add(n, "water.volume", litres / 1000.0, hour * HOUR);
            }
        }
        let told = readings.judged_by("water.leak.minor", &root().join("config/rules/water.toml"));
        for (n, case) in cases.iter().enumerate() {
            let fired = told.get(&n).and_then(|steps| steps.iter().find(|step| step.1 == "firing"));
            assert_eq!(fired.map(|(at, ..)| at / HOUR - 1), case["fires_at"].as_u64(), "{}: {case}", file.display());
            if let (Some((.., value)), Some(least)) = (fired, case["min_flow"].as_f64()) {
                assert!((value * 1000.0 - least).abs() < 1e-6, "{}: {value} in {case}", file.display());
            }
        }
    }
}
