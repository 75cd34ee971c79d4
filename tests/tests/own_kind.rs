//! A city adds a kind of device and its quantities without a build: the shipped example of green spaces,
//! from publish to page, through the real program.

use std::time::Duration;

use serde_json::Value;
use tests::{Device, Marsad, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A rule of the city's own on a quantity of its own.
const RULE: &str = r#"[[rule]]
id = "soil.dry"
severity = "warning"
notify = ["log"]
texts = { fr = "Sol sec: {device}", ar = "تربة جافة: {device}", en = "Dry soil: {device}" }
[rule.when]
kind = "green"
quantity = "soil.moisture"
[rule.threshold]
below = 15.0
clear = 20.0
"#;

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Marsad::command(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn rows(answer: &Value) -> Vec<(&str, f64, &str)> {
    let rows = answer["readings"].as_array().expect("readings").iter();
    rows.map(|r| {
        (r["quantity"].as_str().unwrap_or(""), r["value"].as_f64().unwrap_or(f64::NAN), r["unit"].as_str().unwrap_or(""))
    })
    .collect()
}

#[test]
fn a_kind_of_the_citys_own_is_published_stored_judged_asked_for_and_shown_without_a_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = tests::root().join("config/examples/green-spaces.toml");
    std::fs::write(folder.path().join("soil.toml"), RULE).expect("a rule");
    let settings = format!(
        "[vocabulary]\nfiles = [{:?}]\n[rules]\nfiles = [\"soil.toml\"]\n[store]\nretention = {{ green = \"8760h\" }}\n",
        example.display().to_string()
    );
    let mut marsad = Marsad::start(folder.path(), &settings);
    let mut probe = Device::connect(marsad.mqtt, "probe-1");
    let said = br#"{"v":1,"values":{"soil.moisture":12.5,"soil.temperature":{"value":71.6,"unit":"[degF]"},"soil.conductivity":{"value":1200,"unit":"uS/cm"},"battery.level":91}}"#;
    probe.publish("marsad/maarif/green/probe-1/up", said);
    probe.publish("marsad/maarif/greem/probe-1/up", said);
    probe.acknowledged();
    let status = marsad.settled(PATIENCE);
    assert_eq!((status.identity.stored, status.identity.quarantined), (1, 1), "the kind with the typing mistake is put aside");

    let answer = marsad.json("/api/v1/latest?kind=green");
    let mut told = rows(&answer);
    told.sort_by_key(|row| row.0);
    let expected = [
        ("battery.level", 91.0, "%"),
        ("soil.conductivity", 1.2, "dS/m"),
        ("soil.moisture", 12.5, "%"),
        ("soil.temperature", 22.0, "Cel"),
    ];
    assert_eq!(told, expected);

    until("the alert of the city's own rule", PATIENCE, || {
        let alerts = marsad.json("/api/v1/alerts?kind=green");
        alerts["alerts"].as_array().is_some_and(|a| a.iter().any(|a| a["rule"] == "soil.dry")).then_some(())
    });
    for (language, kind, label, value) in [
        ("fr", "Espaces verts", "Humidité du sol", "12,5"),
        ("ar", "المساحات الخضراء", "رطوبة التربة", "12,5"),
        ("en", "Green spaces", "Soil moisture", "12.5"),
    ] {
        let page = until("the page to show the probe", PATIENCE, || {
            Some(marsad.get(&format!("/{language}/"))).filter(|page| page.contains("data-s=\"probe-1|soil.moisture|0\""))
        });
        for text in [kind, label, value, "id=\"kind-green\""] {
            assert!(page.contains(text), "{language}: no {text:?}");
        }
    }

    // A device is entered with what is flushed next.
    until("the probe to be entered", PATIENCE, || {
        let known = marsad.json("/api/v1/devices?device=probe-1");
        known["devices"].as_array().is_some_and(|all| !all.is_empty()).then_some(())
    });
    for (language, kind, label, chosen) in [
        ("fr", "Espaces verts", "Humidité du sol", "Température du sol"),
        ("ar", "المساحات الخضراء", "رطوبة التربة", "حرارة التربة"),
        ("en", "Green spaces", "Soil moisture", "Soil temperature"),
    ] {
        let page = marsad.get(&format!("/{language}/kinds/green"));
        let menu = format!("href=\"/{language}/kinds/green\" aria-current=\"page\">{kind}<");
        let (map, device) = ("/api/v1/places?kind=green&amp;quantity=soil.moisture", format!("/{language}/devices/probe-1"));
        for text in [menu.as_str(), label, chosen, map, &device, "data-s=\"probe-1|soil.moisture|0\""] {
            assert!(page.contains(text), "{language}: no {text:?} on the page of the kind");
        }
        let other = marsad.get(&format!("/{language}/kinds/green?quantity=soil.temperature"));
        assert!(other.contains("quantity=soil.temperature&quot;") || other.contains("quantity=soil.temperature\""), "{language}");
        let past = marsad.get(&format!("/{language}/devices/probe-1?quantity=soil.moisture&range=7d"));
        assert!(past.contains("data-chart") && past.contains(label), "{language}: no past");
    }
    let places = marsad.json("/api/v1/places?kind=green&quantity=soil.moisture");
    assert_eq!(
        (places["devices"].as_array().map(Vec::len), &places["without_place"]),
        (Some(0), &1.into()),
        "it has no place yet"
    );

    let config = folder.path().join("marsad.toml").display().to_string();
    let data = folder.path().join("data").display().to_string();
    let query = ["query", "--device", "probe-1", "--quantity", "soil.moisture", "--data", &data, "--json"];
    let asked = |more: &[&str]| output(&[&query, more].concat());
    let (code, out, err) = asked(&["--config", &config]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\"soil.moisture\"") && out.contains("12.5"), "{out}");
    let (code, _, err) = asked(&[]);
    assert_eq!(code, Some(2), "without the city's settings the word is unknown: {err}");
    assert!(err.contains("invalid value 'soil.moisture' for '--quantity <NAME>'"), "{err}");

    // On disk stands the name, so it is there after a start anew.
    assert!(marsad.stop().success());
    let (code, out, err) =
        output(&["export", "--from", "1970-01-01T00:00:00Z", "--kind", "green", "--data", &data, "--config", &config]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out.lines().count(), 5, "a heading and four readings: {out}");
    let (code, _, err) = output(&["query", "--device", "probe-1", "--data", &data]);
    assert_eq!(code, Some(78), "what stands there under a word that is gone is not overlooked: {err}");
    assert!(err.contains("the quantity `soil.") && err.contains("vocabulary.files"), "{err}");
    let marsad = marsad.again(folder.path());
    assert_eq!(rows(&marsad.json("/api/v1/latest?kind=green")).len(), 4);
}

#[test]
fn a_vocabulary_with_mistakes_starts_nothing_and_tells_all_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = "[[kind]]\nname = \"Green\"\nlabel = { fr = \"a\", ar = \"a\", en = \"a\" }\n[[quantity]]\nname = \"soil.salt\"\n";
    std::fs::write(folder.path().join("own.toml"), rows).expect("rows");
    let config = folder.path().join("marsad.toml");
    std::fs::write(&config, "[vocabulary]\nfiles = [\"own.toml\"]\n").expect("settings");
    let (code, _, err) = output(&["check", "--config", &config.display().to_string()]);
    assert_eq!(code, Some(78), "{err}");
    assert!(err.contains("own.toml:2: `Green` is not a name") && err.contains("own.toml:4: missing field"), "{err}");
}
