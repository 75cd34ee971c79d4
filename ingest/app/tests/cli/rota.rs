//! `marsad rota`: who is on duty, and what is wrong with a file of shifts.

use std::path::Path;

use serde_json::Value;

use crate::program::{Said, marsad};

/// Settings with a rota over the shipped example, beside them.
fn city(folder: &Path, shifts: &str) -> String {
    let settings = "[[notify.receiver]]\nname = \"waste-team-a\"\nvia = [\"log\"]\n\
        [[notify.receiver]]\nname = \"waste-team-b\"\nvia = [\"log\"]\n\
        [[notify.rota]]\nname = \"waste\"\nfile = \"on-call.toml\"\nfallback = \"log\"\n\
        [[notify.route]]\nname = \"waste\"\nto = [\"rota:waste\"]\n";
    std::fs::write(folder.join("marsad.toml"), settings).expect("settings");
    std::fs::write(folder.join("on-call.toml"), shifts).expect("shifts");
    folder.join("marsad.toml").to_str().expect("a plain path").to_owned()
}

fn example() -> String {
    std::fs::read_to_string(tests::root().join("config/examples/on-call.toml")).expect("the example")
}

fn rota(config: &str, arguments: &[&str]) -> Said {
    marsad(&[&["rota"], arguments, &["--config", config]].concat())
}

#[test]
fn who_is_on_duty_is_told_for_any_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = city(folder.path(), &example());
    let on_duty = |at: &str| {
        let row = rota(&config, &["list", "--at", at, "--json"]).json();
        (row["on_duty"].as_str().unwrap_or_default().to_owned(), row["covered"] == true)
    };
    assert_eq!(on_duty("2026-11-30T07:59:59Z"), ("waste-team-a".to_owned(), true));
    assert_eq!(on_duty("2026-11-30T08:00:00Z"), ("waste-team-b".to_owned(), true));
    assert_eq!(on_duty("2026-12-14T08:00:00Z"), ("log".to_owned(), false));
    let said = rota(&config, &["show", "waste", "--at", "2026-12-08T00:00:00Z"]);
    assert_eq!(said.well().lines().count(), 3, "{said:?}");
    assert!(said.out.contains("2026-12-11T08:00  2026-12-14T08:00  waste-team-b"), "{said:?}");
    rota(&config, &["show", "night"]).refused(1, &["there is no rota `night`", "marsad rota list"]);
}

#[test]
fn a_hole_is_a_warning_that_names_it_and_a_mistake_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = city(folder.path(), &example().replacen("2026-11-30T08:00", "2026-11-29T20:00", 1));
    let said = rota(&config, &["check", "--at", "2026-11-24T00:00:00Z"]);
    assert!(said.well().contains("rota:waste: nobody from 2026-11-29T20:00 to 2026-11-30T08:00; log stands in"), "{said:?}");
    let holes: Value = rota(&config, &["check", "--at", "2026-11-24T00:00:00Z", "--json"]).json();
    assert_eq!((holes["rotas"].as_u64(), holes["holes"].as_array().map(Vec::len)), (Some(1), Some(1)));

    let config = city(folder.path(), &example().replace("waste-team-b", "nobody"));
    for command in [vec!["rota", "check"], vec!["check"]] {
        let said = marsad(&[&command[..], &["--config", config.as_str()]].concat());
        said.refused(78, &["on-call.toml:13: ", "there is no receiver and no channel `nobody`", "on-call.toml:24: "]);
    }
}
