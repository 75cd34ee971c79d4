//! `docs/reference/compliance.md`: each requirement of the city, the tests that carry its name, and how it stands.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/reference/compliance.md";

/// How a requirement stands, as a person judges it.
enum Standing {
    /// Its tests hold all of it.
    Held,
    /// Its tests hold a part; this is missing, or otherwise.
    Part(&'static str),
}

use Standing::{Held, Part};

/// A number, as tests begin with it, what is required, and how it stands.
const REQUIREMENTS: &[(&str, &str, &str, Standing)] = &[
    ("SEC-1", "sec_01", "No outbound connection but to configured hosts", Held),
    (
        "SEC-2",
        "sec_02",
        "MQTT: TLS 1.2 or newer, a certificate or a password of its own for each device, topic rights, nobody anonymous",
        Part("on a loopback address everybody may publish unless `devices = \"registered\"`"),
    ),
    (
        "SEC-3",
        "sec_03",
        "Limits of payloads, depth and time; bad messages are put aside",
        Part(
            "depth, time and quarantine are held by tests of other names (codecs, endpoint); what speaks for many devices may send 1 MiB",
        ),
    ),
    ("SEC-4", "sec_04", "HTTP: who asks is known but for public addresses; roles; another's is 404", Held),
    (
        "SEC-5",
        "sec_05",
        "argon2id, short sessions, lock-out, no default credentials",
        Part(
            "a session of silence lasts an hour at most; a token is made for an hour unless somebody says longer; a second factor is for who wants one",
        ),
    ),
    ("SEC-6", "sec_06", "Security log: only added to, chained, UTC, 365 days", Held),
    ("SEC-7", "sec_07", "Incident report", Part("as text and JSON, with the time since detection; no PDF")),
    (
        "SEC-8",
        "sec_08",
        "Secrets by file or variable, never in logs",
        Part("users, sessions, tokens and credentials; not searched for in every log and error"),
    ),
    (
        "SEC-9",
        "sec_09",
        "Backup every night, encrypted, with a restore drill",
        Part(
            "when it is made, a timer of the system says; that a machine can add to its place and not change what is there, the city",
        ),
    ),
    (
        "SEC-10",
        "sec_10",
        "Store away for a day: nothing lost, nothing twice",
        Part("held by tests of other names, which the README's promises link"),
    ),
    ("SEC-11", "sec_11", "Security headers, no inline script, cookies, forms of other sites", Held),
    (
        "SEC-12",
        "sec_12",
        "Advisories and licences in CI, SBOM, contact for weaknesses",
        Part("`deny.toml`, `marsad sbom` and security.txt; advisories are not asked for in CI here"),
    ),
    ("SEC-13", "sec_13", "Register of data sets with their class, and a label of the country for each store", Held),
    (
        "SEC-14",
        "sec_14",
        "Limits of rate by device and by address",
        Part("by address none is set by default, since behind one may be a whole network"),
    ),
    (
        "REQ-P-1",
        "req_p_1",
        "Meters under pseudonyms, the key outside the database",
        Part(
            "where the settings name keys, which every start asks for; a meter that publishes by itself has a credential by its own id",
        ),
    ),
    ("REQ-P-2", "req_p_2", "The way back in a file and a role of its own", Held),
    (
        "REQ-P-3",
        "req_p_3",
        "Retention by kind and purpose, purge with counts",
        Part("the longest of a kind's purposes, with counts in log and audit; hours and days are not told apart"),
    ),
    ("REQ-P-4", "req_p_4", "Every look at identified data is written down, with its purpose", Held),
    ("REQ-P-5", "req_p_5", "Publication in cells of ten or more", Part("held by the domain's vectors under other names")),
    ("REQ-P-6", "req_p_6", "Export and erasure of a subject", Held),
    ("REQ-P-7", "req_p_7", "Register of purposes on a page", Held),
];

/// What no program can do.
const DUTIES: &[&str] = &[
    "declaring the processing to the national commission (law 09-08, article 12), and informing those concerned (article 5)",
    "declaring incidents to the national authority as soon as they are known (law 05-20, article 8)",
    "an audit before production and regular ones after it, a security officer, a policy (law 05-20, articles 4 and 6)",
    "hosting sensitive data in the country (law 05-20, article 11), and contracts with processors (law 09-08, articles 25 and 26)",
    "answering requests of subjects within ten clear days (law 09-08, articles 7 and 8)",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Name and file of each test, by the requirement that it begins with.
fn tests_by_requirement() -> BTreeMap<&'static str, Vec<(String, String)>> {
    let (root, mut files) = (tests::root(), Vec::new());
    sources(&root, &mut files);
    files.sort();
    let mut by: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        for name in text.split("fn ").skip(1).filter_map(|rest| rest.split_once("()")).map(|(name, _)| name) {
            let Some((_, prefix, ..)) = REQUIREMENTS.iter().find(|(_, prefix, ..)| name.starts_with(&format!("{prefix}_")))
            else {
                continue;
            };
            let path = file.strip_prefix(&root).expect("below the root").display().to_string();
            by.entry(prefix).or_default().push((name.to_owned(), path));
        }
    }
    by
}

#[test]
fn the_page_of_compliance_names_the_tests_that_there_are() {
    let by = tests_by_requirement();
    let mut page = String::from(
        "# Requirements, and what holds them\n\nMade from the names of the tests: what begins with `sec_02_` holds SEC-2. How a requirement stands is judged by a \
         person and stands in [compliance.rs](../../tests/tests/references/compliance.rs); nothing here is more than that. *Held*: its tests hold all of it.\n",
    );
    for (id, prefix, required, standing) in REQUIREMENTS {
        let tests = by.get(prefix).map_or(&[][..], Vec::as_slice);
        let stands = match standing {
            Held => "Held.".to_owned(),
            Part(missing) => format!("In part: {missing}."),
        };
        assert!(!matches!(standing, Held) || !tests.is_empty(), "{id} is said to be held, and no test has its name");
        let _ = write!(page, "\n## {id}\n\n{required}. {stands}\n");
        if !tests.is_empty() {
            page.push('\n');
        }
        for (name, file) in tests {
            let _ = writeln!(page, "* [`{name}`](../../{file})");
        }
    }
    page += "\n## Duties of an organisation\n\nNo test holds these:\n\n";
    for duty in DUTIES {
        let _ = writeln!(page, "* {duty}");
    }
    tests::generated(PAGE, &page);
}
