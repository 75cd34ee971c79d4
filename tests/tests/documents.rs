//! The documents tell the truth about the tree: links lead somewhere, named tests exist, commands and
//! sections are the program's.
//!
//! Where only the wording of `--help` has changed, `MARSAD_UPDATE=1` writes it anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CLI: &str = "docs/reference/cli.md";
const SETTINGS: &str = "docs/reference/settings.md";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// README and everything under `docs`.
fn documents() -> Vec<PathBuf> {
    let root = tests::root();
    let (mut found, mut folders) = (vec![root.join("README.md")], vec![root.join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of documents").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "only {found:?}");
    found
}

/// The text without its boxes of code, in which brackets mean something else.
fn prose(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// Text and target of each link into the tree; a target's `#place` is left out.
fn links(text: &str) -> Vec<(String, String)> {
    let text = prose(text);
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(middle) = rest.find("](") {
        let (before, after) = rest.split_at(middle);
        let after = &after[2..];
        let label = before.rfind('[').map_or("", |start| &before[start + 1..]);
        let target = &after[..after.find(')').expect("a link has an end")];
        let path = target.split('#').next().unwrap_or_default();
        if !path.is_empty() && !path.contains("://") {
            found.push((label.trim_matches('`').to_owned(), path.to_owned()));
        }
        rest = after;
    }
    found
}

/// Whether a link's text is a test's name: a sentence in lower case, joined by underscores.
fn is_a_test(label: &str) -> bool {
    label.contains('_') && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[test]
fn every_link_leads_to_a_file_that_is_there() {
    let mut followed = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let folder = document.parent().expect("a document stands in a folder");
        for (_, target) in links(&read(&document)) {
            followed += 1;
            if !folder.join(&target).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
    assert!(followed > 100, "only {followed} links were found");
}

#[test]
fn every_test_that_a_document_names_exists() {
    let mut missing = Vec::new();
    let mut named = BTreeSet::new();
    for document in documents() {
        let folder = document.parent().expect("a document stands in a folder");
        for (label, target) in links(&read(&document)) {
            if target.ends_with(".rs") && is_a_test(&label) {
                let code = read(&folder.join(&target));
                if !code.contains(&format!("fn {label}(")) {
                    missing.push(format!("{}: {label} is not in {target}", document.display()));
                }
                named.insert(label);
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(named.len() > 20, "only {} tests are named", named.len());
}

#[test]
fn every_promise_of_the_readme_names_a_test() {
    let readme = read(&tests::root().join("README.md"));
    let promises = readme.split("## Promises").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the promises");
    let rows: Vec<&str> = promises.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() > 5, "only {} promises", rows.len());
    for row in rows {
        assert!(links(row).iter().any(|(label, _)| is_a_test(label)), "no test holds: {row}");
    }
}

/// What the program says when asked so, as wide as the document is written.
fn said(arguments: &str) -> String {
    let output = Command::new(tests::binary())
        .args(arguments.split_whitespace())
        .env("COLUMNS", "100")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "marsad {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("help is text");
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_of_commands_is_what_help_prints() {
    let page = read(&tests::root().join(CLI));
    let mut fresh = String::new();
    let mut boxes = 0;
    for (number, part) in page.split("```").enumerate() {
        if number > 0 {
            fresh += "```";
        }
        let asked = part.strip_prefix("text\n$ marsad ").and_then(|rest| rest.lines().next());
        match asked.filter(|_| number % 2 == 1) {
            Some(arguments) => {
                fresh += &format!("text\n$ marsad {arguments}\n{}\n", said(arguments));
                boxes += 1;
            }
            None => fresh += part,
        }
    }
    assert!(boxes > 9, "only {boxes} boxes of help in {CLI}");
    tests::generated(CLI, &fresh);
}

#[test]
fn the_reference_has_every_command_and_no_other() {
    let help = said("--help");
    let listed = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list of commands");
    let listed: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|c| !["", "help"].contains(c))
        .collect();
    let page = read(&tests::root().join(CLI));
    let documented: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("## marsad ")).collect();
    assert_eq!(documented, listed, "commands in {CLI}, and in --help");
}

#[test]
fn every_section_of_the_settings_is_on_its_page() {
    let page = read(&tests::root().join(SETTINGS));
    let heads = settings::DEFAULT.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let sections: BTreeSet<&str> = heads.filter(|line| line.starts_with('[') && line.ends_with(']')).collect();
    assert!(sections.len() > 10, "only {sections:?}");
    for section in sections {
        assert!(page.contains(&format!("`{section}`")), "{section} is not in {SETTINGS}");
    }
}
