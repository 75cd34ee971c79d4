//! The arrows of the house: which crate may know which. A new arrow is a decision: it is made here, in
//! review, with a sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate and all that it may know.
const ARROWS: &[(&str, &[&str])] = &[
    ("schemas", &[]),
    ("codec", &["schemas"]),
    // Not pure: it reads how long its thread has run, and nothing else of the world.
    ("codec-js", &["schemas", "codec"]),
    // What is derived from readings is derived in one place, from readings alone.
    ("domains", &["schemas"]),
    ("rules", &["schemas", "domains"]),
    ("simulators", &["schemas", "codec"]),
    ("journal", &[]),
    ("endpoint", &[]),
    // Whoever speaks TLS with others does it by this, so that certificates are read anew in one place.
    ("trust", &[]),
    ("ports", &["schemas"]),
    // The document that is told over a channel is the one that everybody may ask for: written once, for both.
    ("cap", &["schemas"]),
    // Who may see and do what, in a file of its own: nobody else opens its secrets.
    ("access", &["ports", "schemas"]),
    // How the city's directory is asked; whoever it vouches for is entered by `access`, which knows it by its port alone.
    ("oidc", &["ports", "schemas", "trust"]),
    // The veil before the journal is one of the codec's, pseudonyms are those of the domain.
    ("vault", &["ports", "schemas", "codec", "domains"]),
    ("register", &["ports", "schemas"]),
    ("store", &["ports", "schemas"]),
    // A store behind a network knows what every store knows; the suite of `store` tests it, and nothing else of it.
    // What stores behind HTTP share, written once.
    ("store-http", &["ports", "schemas", "trust"]),
    ("store-influx", &["ports", "schemas", "store-http", "trust"]),
    ("store-victoria", &["ports", "schemas", "store-http", "trust"]),
    // Whom a contractor's alerts go to depends on whose territory it is that day, and domains keeps that table.
    ("notify", &["ports", "schemas", "domains", "cap", "trust"]),
    // Readings as files: units are converted where those of messages are.
    ("exchange", &["schemas", "codec"]),
    // What is derived is derived at query time, by the one place that can; what everybody may read is the document that is told;
    // tables of readings are streamed as they are asked for.
    ("dashboards", &["ports", "schemas", "domains", "cap", "exchange"]),
    ("pipeline", &["ports", "schemas", "codec", "rules", "journal", "trust"]),
    // The section structs of all of them.
    (
        "settings",
        &[
            "schemas",
            "access",
            "codec",
            "codec-js",
            "domains",
            "rules",
            "journal",
            "endpoint",
            "store",
            "store-influx",
            "store-victoria",
            "vault",
            "notify",
            "oidc",
            "dashboards",
            "pipeline",
        ],
    ),
    // Wiring: knows everyone.
    (
        "marsad",
        &[
            "schemas",
            "access",
            "codec",
            "codec-js",
            "domains",
            "rules",
            "journal",
            "endpoint",
            "exchange",
            "store",
            "store-influx",
            "store-victoria",
            "trust",
            "vault",
            "notify",
            "oidc",
            "dashboards",
            "pipeline",
            "settings",
            "ports",
            "register",
            "simulators",
        ],
    ),
    // Starts real servers, as strangers have them: knows nobody.
    ("services", &[]),
    // The whole, from outside; the promises of the pipeline over real parts that are made to break; and all
    // that is written for others, whose schemas are generated and kept.
    (
        "tests",
        &[
            "schemas",
            "codec",
            "rules",
            "journal",
            "store",
            "notify",
            "dashboards",
            "pipeline",
            "ports",
            "register",
            "settings",
            "simulators",
            "services",
        ],
    ),
];

/// Crates without clock, disk, network or async: they may not depend on what brings these.
const PURE: &[&str] = &["schemas", "codec", "cap", "domains", "rules", "simulators"];
const IMPURE: &[&str] = &["tokio", "rustix", "rusqlite", "reqwest", "axum", "rumqttc", "journal", "ports"];

fn metadata() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(tests::root())
        .output()
        .expect("cargo metadata runs");
    let all: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata speaks JSON");
    let name = |v: &Value| v["name"].as_str().expect("a name").to_owned();
    let packages = all["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            (name(package), dependencies.iter().filter(|d| d["kind"].as_str() != Some("dev")).map(name).collect())
        })
        .collect()
}

#[test]
fn every_crate_knows_only_whom_it_may() {
    let packages = metadata();
    let ours: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, listed, "a crate is missing in ARROWS, or is there no more");
    for (name, allowed) in ARROWS {
        let known: BTreeSet<&str> = packages[*name].iter().map(String::as_str).filter(|d| ours.contains(d)).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let new: Vec<_> = known.difference(&allowed).collect();
        assert!(new.is_empty(), "{name} knows {new:?}, which it may not");
        let gone: Vec<_> = allowed.difference(&known).collect();
        assert!(gone.is_empty() || *name == "tests", "{name} may know {gone:?} but does not: remove the arrow");
    }
}

#[test]
fn pure_crates_depend_on_nothing_that_touches_the_world() {
    let packages = metadata();
    for name in PURE {
        let impure: Vec<_> = packages[*name].iter().filter(|d| IMPURE.contains(&d.as_str())).collect();
        assert!(impure.is_empty(), "{name} is pure and depends on {impure:?}");
    }
}

#[test]
fn every_pure_crate_carries_the_same_clippy_rules() {
    let root = tests::root();
    let folder = |name: &str| match name {
        "schemas" | "simulators" => root.join(name),
        other => root.join("ingest").join(other),
    };
    let first = std::fs::read_to_string(folder("schemas").join("clippy.toml")).expect("schemas/clippy.toml");
    for name in PURE {
        let rules = std::fs::read_to_string(folder(name).join("clippy.toml")).expect("a clippy.toml in each pure crate");
        assert!(rules == first, "the clippy.toml of {name} differs from that of schemas");
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_house() {
    for package in std::fs::read_dir(tests::root().join("ingest")).expect("ingest").flatten() {
        let manifest = std::fs::read_to_string(package.path().join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package.path().display());
    }
}
