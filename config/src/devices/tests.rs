use std::path::PathBuf;

use super::*;

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// The mistakes, without the folder.
fn wrong(name: &str, text: &str) -> Vec<String> {
    let (folder, path) = file(name, text);
    let prefix = format!("{}/", folder.path().display());
    devices(&[path]).unwrap_err().iter().map(|e| e.to_string().replace(&prefix, "")).collect()
}

fn assert_told(told: &[String], expected: &[(&str, &str)]) {
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, (place, part)) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{place}: ")) && told.contains(part), "{told}, expected {place}: ..{part}..");
    }
}

#[test]
fn a_table_and_toml_list_the_same_devices() {
    let head = "id,zone,kind,label,profile,lat,lon,empty,full,dead_zone,litres_per_pulse,index_offset,key,tags";
    let rows = "bin-1,anfa,waste,\"Rue A, 12\",netvox-r718x,33.59,-7.61,1.2,0.3,0.1,,,,hospital corner\nwm-1,anfa,water,,,,,,,,10,12.5,000102030405060708090a0b0c0d0e0f,\n";
    let toml = r#"
[[device]]
id = "bin-1"
kind = "waste"
zone = "anfa"
label = "Rue A, 12"
profile = "netvox-r718x"
place = { lat = 33.59, lon = -7.61 }
[device.fitting]
container = { empty = 1.2, full = 0.3, dead_zone = 0.1 }
tags = ["hospital", "corner"]

[[device]]
id = "wm-1"
kind = "water"
zone = "anfa"
[device.fitting]
meter = { litres_per_pulse = 10, index_offset = 12.5 }
key = "000102030405060708090a0b0c0d0e0f"
"#;
    let comma = format!("{head}\n{rows}");
    let semicolon =
        format!("\u{feff}{}\n{}", head.replace(',', ";"), rows.replace("A, 12", "A# 12").replace(',', ";").replace('#', ","));
    let all = [("d.toml", toml), ("d.csv", &comma), ("D.CSV", &semicolon)].map(|(name, text)| {
        let (_folder, path) = file(name, text);
        devices(&[path]).unwrap().catalogue.devices().cloned().collect::<Vec<_>>()
    });
    assert_eq!(all[0].len(), 2);
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn every_bad_cell_of_a_table_is_told_with_line_and_column() {
    let text = "id,kind,zone,lat,lon,empty,full,key,litres_per_pulse\n\
                bin 1,waste,anfa,,,,,,\n\
                bin-2,weste,anfa,\"33,5\",-7.6,,,,\n\
                bin-3,waste,,95,-7.6,1.2,,,\n\
                \n\
                bin-4,waste,anfa,33.5,,0.2,0.9,secret,0\n\
                bin-5,waste,anfa,1,2,3,4,5,6,7\n";
    let told = wrong("d.csv", text);
    let expected = [
        ("d.csv:2:1", "bin 1"),
        ("d.csv:3:2", "weste"),
        ("d.csv:3:4", "33,5"),
        ("d.csv:4:3", "zone is empty"),
        ("d.csv:4:4", "not a point on the earth"),
        ("d.csv:4:6", "expected both or none"),
        ("d.csv:6:4", "expected both or none"),
        ("d.csv:6:6", "full < empty"),
        ("d.csv:6:9", "0 < litres_per_pulse"),
        ("d.csv:6:8", "32 hexadecimal digits"),
        ("d.csv:7:10", "10 cells, expected 9"),
        ("d.csv:7:6", "full < empty"),
        ("d.csv:7:8", "32 hexadecimal digits"),
    ];
    assert_told(&told, &expected);
    assert!(!told.iter().any(|line| line.contains("secret")), "{told:#?}");
}

#[test]
fn an_unknown_or_missing_column_is_told() {
    assert_told(
        &wrong("d.csv", "id,kinnd,zone\na,waste,anfa\n"),
        &[("d.csv:1:2", "unknown column `kinnd`, expected one of id, kind")],
    );
    assert_told(&wrong("d.csv", "id,kind\na,waste\n"), &[("d.csv:1:3", "column `zone` is missing")]);
    assert_told(&wrong("d.csv", "id,kind,zone,id\n"), &[("d.csv:1:4", "twice")]);
    assert_told(&wrong("d.csv", ""), &[("d.csv:1:1", "`id` is missing"), ("d.csv:1:1", "kind"), ("d.csv:1:1", "zone")]);
}

#[test]
fn every_bad_table_of_toml_is_told_with_its_line() {
    let text = "[[device]]\nid = \"a\"\nkind = \"weste\"\nzone = \"anfa\"\n\n[[device]]\nid = \"b\"\nkind = \"waste\"\nzone = \"anfa\"\nlabl = \"x\"\n\n[[devise]]\nid = \"c\"\n";
    assert_told(&wrong("d.toml", text), &[("d.toml:3", "weste"), ("d.toml:10", "labl"), ("d.toml:12", "devise")]);
}

#[test]
fn a_device_outside_the_city_is_objected_to() {
    let city: Bounds = toml::from_str("south = 33.4\nwest = -7.8\nnorth = 33.7\neast = -7.3").unwrap();
    let (_folder, path) =
        file("d.csv", "id,kind,zone,lat,lon\nin,waste,anfa,33.5,-7.6\nout,waste,anfa,-7.6,33.5\nnone,waste,anfa,,\n");
    let list = devices(&[path]).unwrap();
    let objections: Vec<_> = list.catalogue.devices().map(|d| city.objection(d).is_some()).collect();
    assert_eq!(objections, [false, true, false]);
    assert!(toml::from_str::<Bounds>("south = 34\nwest = -7.8\nnorth = 33.7\neast = -7.3").is_err());
}
