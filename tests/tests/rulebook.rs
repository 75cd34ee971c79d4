//! Rules written on a page of the real program: tried on what was measured, by the engine of `marsad backtest`, and then in force;
//! or not, and then nothing is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tests::{Device, Marsad, until};

const PATIENCE: Duration = Duration::from_secs(60);
const SETTINGS: &str = "[rules]\npacks = [\"parking\"]\ndirectories = [\"rules\"]\n[pipeline]\ncommit_every = \"100ms\"\n";
const RULES: &str = r#"# Of the city.
[[rule]]
id = "full"
severity = "warning"
hold = "30m"
notify = []
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { quantity = "waste.fill" }
threshold = { at_least = 90.0, clear = 80.0 }

# Not to be touched.
[[rule]]
id = "hot"
severity = "critical"
notify = []
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { quantity = "waste.temperature" }
threshold = { at_least = 70.0, clear = 60.0 }
"#;
const BINS: u64 = 6;
const READINGS: u64 = 120;

struct City {
    marsad: Marsad,
    folder: tempfile::TempDir,
}

impl City {
    /// The program, after bins have told of a day that is past.
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("rules")).expect("a directory");
        std::fs::write(folder.path().join("rules/city.toml"), RULES).expect("the rules");
        let marsad = Marsad::start(folder.path(), SETTINGS);
        let begin = SystemClock.now().minus(Duration::from_secs((READINGS + 4) * 900));
        let mut gateway = Device::connect(marsad.mqtt, "gateway");
        for n in 0..READINGS {
            for bin in 0..BINS {
                let at = begin.plus(Duration::from_secs(n * 900 + bin)).millis();
                let fill = (n * (3 + bin) + bin * 17) % 100;
                let payload = format!(r#"{{"v":1,"time":{at},"values":{{"waste.fill":{fill}}}}}"#);
                gateway.publish(&format!("marsad/anfa/waste/bin-{bin}/up"), payload.as_bytes());
            }
            gateway.acknowledged();
            // Those of one bin in different milliseconds: the store knows no finer order of what was heard.
            let heard = SystemClock.now();
            until("the next millisecond", PATIENCE, || (SystemClock.now() > heard).then_some(()));
        }
        let _ = marsad.settled(PATIENCE);
        Self { marsad, folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn rules(&self) -> String {
        std::fs::read_to_string(self.path("rules/city.toml")).expect("the rules")
    }

    /// Puts a draft to the API: the status, and what is answered.
    fn put(&self, address: &str, draft: &str) -> (u16, Value) {
        let address = format!("http://{}/api/v1/rules/{address}", self.marsad.http);
        let body = json!({ "toml": draft }).to_string();
        let answer = Client::new().post(address).header("content-type", "application/json").body(body).send().expect("an answer");
        (answer.status().as_u16(), answer.json().expect("JSON"))
    }

    /// The beginnings of alerts, device and instant, that `marsad backtest` finds with the rules of a file.
    fn backtest(&self, rules: &Path, from: &str, to: &str) -> Vec<(String, String)> {
        let [data, config, rules] =
            [self.path("data"), self.path("marsad.toml"), rules.to_owned()].map(|p| p.display().to_string());
        let output = Marsad::command(&[
            "backtest", "--json", "--data", &data, "--config", &config, "--rules", &rules, "--from", from, "--to", to,
        ]);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        // A day that was heard at once is corrected as it goes on: a correction stands in the place of what it corrects.
        let mut log: BTreeMap<String, Value> = BTreeMap::new();
        for row in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row")) {
            let word = |value: &Value| value.as_str().unwrap_or_else(|| panic!("a text in {row}")).to_owned();
            match row.get("correction") {
                None => log.insert(word(&row["id"]), row),
                Some(note) if note["what"] == "withdrawn" => log.remove(&word(&note["of"])),
                Some(note) => log.insert(word(&note["of"]), row.clone()),
            };
        }
        let begun = log.values().filter(|row| row["to"] == "firing" && row["rule"] == "full");
        let word = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        begun.map(|row| (word(row, "device"), word(row, "at"))).collect()
    }
}

/// The draft: fires sooner than the rule that stands.
fn sooner() -> String {
    let table = RULES.split("\n\n").next().expect("a table").trim_start_matches("# Of the city.\n");
    table.replace("90.0", "55.0").replace("80.0", "45.0") + "\n"
}

#[test]
fn a_draft_would_have_said_what_marsad_backtest_says_and_judges_once_it_is_saved() {
    let city = City::open();
    let draft = sooner();
    let (status, tried) = city.put("full/backtest", &draft);
    assert_eq!(status, 200, "{tried}");
    let word = |value: &Value| value.as_str().expect("a text").to_owned();
    let (from, to) = (word(&tried["from"]), word(&tried["to"]));
    let spells = |outcome: &Value| -> Vec<(String, String)> {
        let mut all: Vec<_> =
            outcome["spells"].as_array().expect("spells").iter().map(|s| (word(&s["device"]), word(&s["from"]))).collect();
        all.sort();
        all
    };
    std::fs::write(city.path("draft.toml"), &draft).expect("the draft");
    for (outcome, file) in [(&tried["draft"], "draft.toml"), (&tried["present"], "rules/city.toml")] {
        let mut expected = city.backtest(&city.path(file), &from, &to);
        expected.sort();
        assert!(expected.len() > 3, "{file} says too little: {expected:?}");
        assert_eq!(spells(outcome), expected, "{file}");
    }
    assert!(tried["draft"]["fired"].as_u64() > tried["present"]["fired"].as_u64(), "{tried}");
    assert_eq!(tried["readings"], BINS * READINGS);
    assert_eq!(city.rules(), RULES, "trying writes nothing");

    let (status, saved) = city.put("full", &draft);
    assert_eq!(status, 200, "{saved}");
    assert_eq!(city.rules(), RULES.replace("90.0", "55.0").replace("80.0", "45.0"), "all around it stays");
    let rows = city.marsad.json("/api/v1/audit");
    let noted = rows["rows"].as_array().expect("rows").iter().filter(|row| row["what"] == "POST /api/v1/rules/full");
    assert_eq!(noted.map(|row| word(&row["outcome"])).collect::<Vec<_>>(), ["asked", "200"]);
    // Sixty was not enough before.
    let mut bin = Device::connect(city.marsad.mqtt, "bin");
    let at = SystemClock.now().minus(Duration::from_secs(1900)).millis();
    bin.publish("marsad/anfa/waste/bin-new/up", format!(r#"{{"v":1,"time":{at},"values":{{"waste.fill":60}}}}"#).as_bytes());
    bin.acknowledged();
    until("the alert of the new rule", PATIENCE, || {
        city.marsad.json("/api/v1/alerts?device=bin-new&phase=firing")["alerts"][0]["id"].as_str().map(ToOwned::to_owned)
    });
}

#[test]
fn what_cannot_be_put_in_force_is_told_and_not_written() {
    let city = City::open();
    let wrong = sooner().replace("warning", "grave").replace("waste.fill", "waste.fyll");
    let (status, said) = city.put("full", &wrong);
    let lines: Vec<&str> =
        said["errors"].as_array().expect("mistakes").iter().filter_map(|e| e.as_str()?.split(':').next()).collect();
    assert_eq!((status, lines), (422, vec!["line 3", "line 7"]), "{said}");
    let (status, said) = city.put("full", &sooner().replace("notify = []", "notify = [\"pager\"]"));
    assert!(
        status == 422 && said["errors"][0].as_str().is_some_and(|e| e.starts_with("line 5: ") && e.contains("pager")),
        "{said}"
    );
    // Somebody else's file has a mistake meanwhile: nothing could be put in force.
    std::fs::write(city.path("rules/other.toml"), "[[rule]]\nid = 1\n").expect("a file");
    let (status, said) = city.put("full", &sooner());
    assert!(status == 422 && said["errors"][0].as_str().is_some_and(|e| e.contains("other.toml:")), "{said}");
    assert_eq!(city.rules(), RULES);
    std::fs::remove_file(city.path("rules/other.toml")).expect("the file");
    let files = |city: &City| std::fs::read_dir(city.path("rules")).expect("rules").count();
    assert_eq!(files(&city), 1, "nothing half written is left");

    // One that comes with the program is replaced, not changed; a new one has a file of its own.
    let shipped = city.marsad.json("/api/v1/rules");
    let shipped =
        shipped["rules"].as_array().expect("rules").iter().find(|rule| rule["shipped"] == true).expect("one of a pack").clone();
    let id = shipped["id"].as_str().expect("an id").to_owned();
    let toml = city.marsad.json(&format!("/api/v1/rules/{id}"))["toml"].as_str().expect("its table").to_owned();
    let (status, said) = city.put(&id, &toml);
    assert!(status == 422 && said["errors"][0].as_str().is_some_and(|e| e.contains("replaces = true")), "{said}");
    let (status, said) = city.put(&id, &toml.replacen("[[rule]]\n", "[[rule]]\nreplaces = true\nenabled = false\n", 1));
    assert_eq!(status, 200, "{said}");
    let now = city.marsad.json(&format!("/api/v1/rules/{id}"));
    assert_eq!((&now["shipped"], &now["enabled"]), (&json!(false), &json!(false)), "{now}");
    let (status, said) = city.put("half", &sooner().replace("\"full\"", "\"half\""));
    assert_eq!(status, 200, "{said}");
    assert!(said["file"].as_str().is_some_and(|file| file.ends_with("rules/half.toml")) && files(&city) == 3, "{said}");
}
