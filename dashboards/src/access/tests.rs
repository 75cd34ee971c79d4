//! The table of addresses against the sources, and roles against rights.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::api;
use crate::openapi::{Operation, Verb};

/// What an address answers: `GET`, `POST` or both.
type Methods = BTreeSet<&'static str>;

/// Every address that a file of these sources gives to a router, those of all operations, and what they answer.
fn routed() -> BTreeMap<String, Methods> {
    let (mut found, mut folders) =
        (BTreeMap::<String, Methods>::new(), vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))]);
    for Operation { verb, path, .. } in api::operations() {
        found.entry(path.to_owned()).or_default().insert(if verb == Verb::Get { "GET" } else { "POST" });
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("access/tests.rs") {
                let text = fs::read_to_string(path).unwrap();
                let calls = text.split(".route(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                for (address, rest) in calls.filter_map(|rest| rest.split_once('"')) {
                    let answers = rest.split(';').next().unwrap_or_default();
                    let methods = [("GET", "get("), ("POST", "post(")].into_iter().filter(|(_, call)| answers.contains(call));
                    found.entry(address.to_owned()).or_default().extend(methods.map(|(method, _)| method));
                }
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
    let routed: BTreeSet<String> = routed().keys().filter(pages).cloned().collect();
    assert!(routed.len() > 50, "only {routed:?}");
    assert_eq!(routed, listed);
}

/// What the matrix cannot judge by a status, and what judges it.
const JUDGED_ELSEWHERE: [&str; 21] = [
    // For everybody, and the same for everybody: redirections, files, what is not there.
    "/",
    "/a/{hash}/{*path}",
    "/favicon.ico",
    "/theme",
    "/api",
    "/api/{*rest}",
    "/.well-known/security.txt",
    // There for a code or a session alone: `the_set_up_link_is_there_for_its_code_alone`, `sec_05_...`;
    // where there is a directory: `sec_05_whoever_comes_back_from_the_directory_...`.
    "/login/code",
    "/login/directory",
    "/login/directory/back",
    "/logout",
    "/set-up",
    "/account",
    "/account/second-factor",
    "/account/second-factor/confirm",
    "/account/second-factor/end",
    // Goes on for ever: `sec_04_live_events_...`.
    "/api/v1/events",
    // Of alerts that the settings name: the tests of what is public.
    "/api/v1/public/alerts/{id}/cap",
    // 400 for a station that is not there, and for one that is not one's own alike; its parts are asked of the API.
    "/fr/air/{station}",
    // Of a message that waits; it asks `/api/v1/quarantine/{offset}`, which the matrix does too.
    "/fr/engineers/{offset}",
    // Of kinds that a city added; what stands on it is asked of the API, and shown as by `/fr/devices`.
    "/fr/kinds/{kind}",
];

/// Whether an address is one of a pattern's.
fn is_of(pattern: &str, address: &str) -> bool {
    let (mut wanted, mut levels) = (pattern.split('/'), address.split('/'));
    loop {
        match (wanted.next(), levels.next()) {
            (None, None) => return true,
            (Some(wanted), Some(level)) if wanted == level || wanted.starts_with('{') && !level.is_empty() => {}
            _ => return false,
        }
    }
}

#[test]
fn sec_04_the_matrix_asks_every_address_by_every_method_and_every_page() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/people/rights.rs")).unwrap();
    let matrix = text.split_once("const MATRIX: &str = \"").unwrap().1.split_once("\";").unwrap().0;
    let asked: Vec<(&str, &str)> = matrix
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(method, rest)| (method, rest.trim_start().split([' ', '?']).next().unwrap_or_default()))
        .collect();
    let pages = crate::page::addresses().map(|page| (format!("/fr/{page}"), BTreeSet::from(["GET"])));
    let all = routed().into_iter().chain(pages);
    let mut forgotten = Vec::new();
    for (pattern, methods) in all.filter(|(pattern, _)| !JUDGED_ELSEWHERE.contains(&pattern.as_str())) {
        for method in methods {
            if !asked.iter().any(|(by, address)| *by == method && is_of(&pattern, address)) {
                forgotten.push(format!("{method} {pattern}"));
            }
        }
    }
    assert!(forgotten.is_empty(), "the matrix of tests/http/people/rights.rs does not ask: {forgotten:#?}");
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
