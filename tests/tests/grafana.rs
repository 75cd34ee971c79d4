//! The dashboards for Grafana: whole, over sources that are provisioned, and asking for what Marsad writes and answers.
//!
//! Deliberately absent: a running Grafana.

use std::collections::BTreeSet;
use std::fs;

use schemas::{Kind, Quantity};
use serde_json::Value;

fn read(path: &str) -> String {
    let path = tests::root().join("deploy/grafana").join(path);
    fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

fn dashboards() -> Vec<(String, Value)> {
    let folder = tests::root().join("deploy/grafana/dashboards");
    let files = fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.file_name().into_string().expect("a name"));
    files.map(|name| (name.clone(), serde_json::from_str(&read(&format!("dashboards/{name}"))).expect("JSON"))).collect()
}

/// `key: value` lines of the sources: enough of YAML for this file.
fn provisioned() -> BTreeSet<(String, String)> {
    let text = read("provisioning/datasources/marsad.yaml");
    let value = |line: &str, key: &str| line.trim().strip_prefix(key).map(|rest| rest.trim().to_owned());
    let uids: Vec<String> = text.lines().filter_map(|line| value(line, "uid:")).collect();
    let types: Vec<String> = text.lines().filter_map(|line| value(line, "type:")).collect();
    assert_eq!(uids.len(), types.len(), "each source has a uid and a type");
    types.into_iter().zip(uids).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

/// The part of Grafana's schema that a file must keep by itself: identifiers, and panels that lie in 24 columns and not on another.
fn is_laid_out(name: &str, board: &Value) {
    assert!(!text(board, "uid").is_empty() && text(board, "uid").len() <= 40, "{name}");
    assert!(!text(board, "title").is_empty() && board["schemaVersion"].as_u64() >= Some(30), "{name}");
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in board["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{name}: two panels have one id");
        assert!(["timeseries", "table"].contains(&text(panel, "type")), "{name}: {panel}");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a place"));
        assert!(w > 0 && h > 0 && x + w <= 24, "{name}: {}", text(panel, "title"));
        let cells = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
        cells.for_each(|cell| assert!(taken.insert(cell), "{name}: `{}` lies on another panel", text(panel, "title")));
    }
}

/// The text between two others, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

fn asks_influx(query: &str) {
    let kind = between(query, "FROM \"", "\"");
    assert!(Kind::named(kind.first().expect("a measurement")).is_some(), "{query}");
    let quantity = between(query, "\"quantity\" = '", "'");
    assert!(Quantity::named(quantity.first().expect("a quantity")).is_some(), "{query}");
    assert!(query.contains("$timeFilter"), "{query}");
    // What docs/influxdb.md shows of a line.
    let written = ["value", "flaws", "quantity", "zone", "device", "channel", "now"];
    between(query, "\"", "\"").into_iter().step_by(2).for_each(|name| {
        assert!(written.contains(&name) || Kind::named(name).is_some(), "`{name}` is not written: {query}");
    });
}

fn asks_api(target: &Value, reference: &str) {
    let url = text(target, "url");
    assert!(reference.contains(&format!("`{url}`")), "{url} is not in the reference of the API");
    for parameter in target["url_options"]["params"].as_array().expect("parameters") {
        let (key, value) = (text(parameter, "key"), text(parameter, "value"));
        match key {
            "quantity" => assert!(Quantity::named(value).is_some(), "{value}"),
            "kind" => assert!(Kind::named(value).is_some(), "{value}"),
            _ => assert!(reference.contains(&format!("`{key}`")), "`{key}` is not in the reference of the API"),
        }
    }
    for column in target["columns"].as_array().expect("columns") {
        let selector = text(column, "selector");
        let named = [format!("\"{selector}\""), format!("`{selector}`")].iter().any(|name| reference.contains(name));
        assert!(named, "`{selector}` of {url} is not in the reference of the API");
    }
}

#[test]
fn dashboards_ask_for_what_is_there() {
    let sources = provisioned();
    let reference = fs::read_to_string(tests::root().join("docs/reference/api.md")).expect("the reference");
    let boards = dashboards();
    assert_eq!(boards.len(), 2);
    for (name, board) in &boards {
        is_laid_out(name, board);
        for target in
            board["panels"].as_array().expect("panels").iter().flat_map(|panel| panel["targets"].as_array().expect("targets"))
        {
            let source = &target["datasource"];
            let known = (text(source, "type").to_owned(), text(source, "uid").to_owned());
            assert!(sources.contains(&known), "{name}: {known:?} is not provisioned");
            if known.0 == "influxdb" { asks_influx(text(target, "query")) } else { asks_api(target, &reference) }
        }
    }
}
