//! `marsad rule` and `marsad backtest`: what they say, what they refuse, and by which line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Said, marsad};

const RULES: &str = r#"[[rule]]
id = "full"
severity = "critical"
hold = "30m"
notify = ["log"]
source = "a decision of the city"
texts = { fr = "Plein {device}", ar = "ممتلئة {device}", en = "Full {device}" }
when = { kind = "waste", quantity = "waste.fill" }
threshold = { at_least = 90, clear = 80 }
"#;

const CASES: &str = r#"[[case]]
name = "full for half an hour"
rule = "full"
every = "15m"
readings = { "waste.fill" = "95 95 95 70" }
expect = ["0s pending 95", "30m firing 95", "45m resolved 70"]
"#;

/// Oldest last: they are put in order before they are judged.
const READINGS: &str = r#"{"device":"bin-1","quantity":"waste.fill","value":10,"observed_at":"2026-11-21T09:00:00Z"}
{"device":"bin-1","quantity":"waste.fill","value":95,"observed_at":"2026-11-21T08:00:00Z"}
"#;

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

fn rows(said: &Said) -> Vec<Value> {
    said.well().lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

#[test]
fn rules_are_listed_shown_and_explained_as_configured_and_as_a_file_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = file(folder.path(), "city.toml", RULES);
    let shipped = rows(&marsad(&["rule", "list", "--json"]));
    assert!(shipped.len() > 15 && shipped.iter().any(|row| row["id"] == "waste.fill.critical"), "{shipped:?}");
    let own = rows(&marsad(&["rule", "list", "--rules", &city, "--json"]));
    assert_eq!(own.len(), 1);
    assert_eq!((&own[0]["id"], &own[0]["hold_s"], &own[0]["condition"]), (&"full".into(), &1800.into(), &"threshold".into()));
    assert_eq!(marsad(&["rule", "show", "full", "--rules", &city]).well(), RULES);
    let explained = marsad(&["rule", "explain", "full", "--rules", &city]);
    for word in ["30m", "90", "80", "a decision of the city", "city.toml:1", "Plein", "ممتلئة"] {
        assert!(explained.well().contains(word), "no {word} in {}", explained.out);
    }
    marsad(&["rule", "show", "nobody"]).refused(1, &["there is no rule `nobody`", "rule list"]);
}

#[test]
fn a_check_tells_every_mistake_with_file_and_line_and_ends_with_78() {
    let folder = tempfile::tempdir().expect("a folder");
    let right = file(folder.path(), "right.toml", RULES);
    assert_eq!(marsad(&["rule", "check", &right]).well(), "1 rules, all right\n");
    let two = RULES.replace("\"full\"", "\"other\"").replace("at_least = 90", "at_least = 900").replace("30m", "30 moons");
    let wrong = file(folder.path(), "wrong.toml", &two);
    marsad(&["rule", "check", &wrong]).refused(78, &["wrong.toml:4", "hold", "wrong.toml:9", "900"]);
    let unknown = file(folder.path(), "unknown.toml", &RULES.replace("hold", "holds"));
    marsad(&["rule", "check", &unknown]).refused(78, &["unknown.toml:4", "holds"]);
    marsad(&["rule", "check", &right, &right]).refused(78, &["right.toml:1", "full"]);
    marsad(&["rule", "check", "/nowhere/at-all.toml"]).refused(1, &["/nowhere/at-all.toml", "cannot be read"]);
    marsad(&["rule", "check"]).refused(2, &["<FILE>"]);
}

#[test]
fn cases_are_played_and_one_that_does_not_pass_shows_what_was_found_and_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let (city, cases) = (file(folder.path(), "city.toml", RULES), file(folder.path(), "cases.toml", CASES));
    assert!(marsad(&["rule", "test"]).well().contains(" 0 failed"));
    assert!(marsad(&["rule", "test", "--rules", &city, &cases]).well().contains("1 passed, 0 failed"));
    let wrong = file(folder.path(), "wrong.toml", &CASES.replace("30m firing", "15m firing"));
    let said = marsad(&["rule", "test", "--rules", &city, &wrong]);
    said.refused(1, &["1 of 1 cases"]);
    assert!(said.out.contains("wrong.toml:1") && said.out.contains("found     0s pending 95, 30m firing 95"), "{said:?}");
}

#[test]
fn a_back_test_of_a_file_says_each_step_at_its_instant_and_names_lines_that_it_cannot_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let city = file(folder.path(), "city.toml", RULES);
    let day = file(folder.path(), "day.ndjson", READINGS);
    let steps = rows(&marsad(&["backtest", "--rules", &city, "--readings", &day, "--json"]));
    let story: Vec<String> =
        steps.iter().map(|s| format!("{} {} {} {} {}", s["at"], s["device"], s["from"], s["to"], s["value"])).collect();
    assert_eq!(
        story,
        [
            "\"2026-11-21T08:00:00.000Z\" \"bin-1\" \"inactive\" \"pending\" 95.0",
            "\"2026-11-21T08:30:00.000Z\" \"bin-1\" \"pending\" \"firing\" 95.0",
            "\"2026-11-21T09:00:00.000Z\" \"bin-1\" \"firing\" \"resolved\" 10.0"
        ]
    );
    assert!(steps.iter().all(|s| s["rule"] == "full" && s["severity"] == "critical"), "{steps:?}");
    let torn = file(folder.path(), "torn.ndjson", &format!("{READINGS}{{\"device\":\"bin-1\"\n"));
    marsad(&["backtest", "--rules", &city, "--readings", &torn]).refused(1, &["torn.ndjson:3", "1 lines could not be read"]);
    marsad(&["backtest", "--readings", "/nowhere/day.ndjson"]).refused(1, &["/nowhere/day.ndjson", "cannot be read"]);
    marsad(&["backtest"]).refused(2, &["--from"]);
    marsad(&["backtest", "--readings", &day, "--from", "2026-11-21T00:00:00Z"]).refused(2, &["--from", "--readings"]);
    marsad(&["backtest", "--from", "yesterday"]).refused(2, &["yesterday"]);
}
