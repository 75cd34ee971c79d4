//! The table of addresses against the sources, and roles against rights.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

/// Every address that a file of these sources gives to a router.
fn routed() -> BTreeSet<String> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("access/tests.rs") {
                let text = fs::read_to_string(path).unwrap();
                let calls = text.split(".route(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                found.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    found
}

#[test]
fn sec_04_every_address_stands_in_the_table_and_no_other() {
    let listed: BTreeSet<String> = ADDRESSES.iter().map(|(address, ..)| (*address).to_owned()).collect();
    assert_eq!(listed.len(), ADDRESSES.len(), "one is listed twice");
    let pages = |address: &&String| !["/fr", "/ar", "/en", "/{lang}"].iter().any(|lang| address.starts_with(lang));
    let routed: BTreeSet<String> = routed().iter().filter(pages).cloned().collect();
    assert!(routed.len() > 50, "only {routed:?}");
    assert_eq!(routed, listed);
}

#[test]
fn sec_04_an_address_that_nobody_listed_is_an_admins_alone() {
    for method in [Method::GET, Method::POST] {
        let right = right(&method, Some("/api/v1/forgotten"));
        let may: Vec<Role> = Role::ALL.into_iter().filter(|role| right.is_of(*role)).collect();
        assert_eq!(may, [Role::Admin]);
    }
}

#[test]
fn sec_04_nobody_but_who_has_signed_in_changes_anything_but_that_the_theme_and_a_claim_code() {
    let open: Vec<&str> = ADDRESSES.iter().filter(|(.., changing)| changing.is_of(Role::Public)).map(|(a, ..)| *a).collect();
    assert_eq!(open, ["/theme", "/login", "/login/code", "/set-up", "/api/{*rest}", "/api/v1/claim"]);
}
