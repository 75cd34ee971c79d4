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
    /// The same, in a way that is to be known.
    HeldAs(&'static str),
}

use Standing::{Held, HeldAs};

/// A number, as tests begin with it, what is required, and how it stands.
const REQUIREMENTS: &[(&str, &str, &str, Standing)] = &[
    ("SEC-1", "sec_01", "No outbound connection but to configured hosts", Held),
    (
        "SEC-2",
        "sec_02",
        "MQTT: TLS 1.2 or newer, a certificate or a password of its own for each device, topic rights, nobody anonymous",
        HeldAs(
            "where nobody but this machine reaches the endpoint, everybody may publish unless `devices = \"registered\"`; wherever \
             others reach it a credential is needed, `\"open\"` is refused at the start, and so is plain MQTT unless somebody says \
             `plain = true`",
        ),
    ),
    (
        "SEC-3",
        "sec_03",
        "Limits of payloads, depth and time; bad messages are put aside",
        HeldAs(
            "a registered device sends 16 KiB at most, and more ends its connection; what speaks for many devices, a network server or a \
             broker, may send larger messages, of which 256 KiB are read, since one of them holds what many devices said. JSON may be 8 \
             levels deep; Marsad's own has a shape of 5, and what is deeper is another shape. A time that is more than 7 days back or 5 \
             minutes ahead is never stored: the value is kept as of when it was heard, and doubted, since a device with a wrong clock \
             still measures. Older times are believed of a network server, and where a route or a profile says that its devices send \
             their own log. A field that nobody knows is refused in Marsad's own JSON and left out of every other",
        ),
    ),
    ("SEC-4", "sec_04", "HTTP: who asks is known but for public addresses; roles; another's is 404", Held),
    (
        "SEC-5",
        "sec_05",
        "argon2id, short sessions, lock-out, no default credentials",
        HeldAs(
            "a token holds an hour unless somebody says longer, up to `[access] token_hours`, and the audit holds who said so and how \
             long; a session ends after an hour of silence and after half a day",
        ),
    ),
    (
        "SEC-6",
        "sec_06",
        "Security log: only added to, chained, UTC, 365 days",
        HeldAs("its rows are never purged, so never too early"),
    ),
    ("SEC-7", "sec_07", "Incident report", HeldAs("as JSON and as text, with the time since detection")),
    ("SEC-8", "sec_08", "Secrets by file or variable, never in logs", Held),
    (
        "SEC-9",
        "sec_09",
        "Backup every night, encrypted, with a restore drill",
        HeldAs(
            "a timer of the machine makes it, by the units of [operations](../OPERATIONS.md#backup), whose command the drill runs; that \
             the timer is switched on, and that its place can be added to and not changed, is the city's to see to. How long putting \
             back takes grows with the data: what the drill shows is a small city",
        ),
    ),
    (
        "SEC-10",
        "sec_10",
        "Store away for a day: nothing lost, nothing twice",
        HeldAs(
            "within `[journal] limit`: the 8 GiB of the default are a day of 580 messages of 150 bytes a second; beyond it nothing is \
             acknowledged, and who sends keeps what is left",
        ),
    ),
    ("SEC-11", "sec_11", "Security headers, no inline script, cookies, forms of other sites", Held),
    (
        "SEC-12",
        "sec_12",
        "Advisories and licences in CI, SBOM, contact for weaknesses",
        HeldAs(
            "a crate that an advisory names fails the [run of CI](../../.ci/run) wherever the database of advisories can be fetched; \
             where it cannot, the run says so; [how updates are made](../OPERATIONS.md#updates)",
        ),
    ),
    ("SEC-13", "sec_13", "Register of data sets with their class, and a label of the country for each store", Held),
    (
        "SEC-14",
        "sec_14",
        "Limits of rate by device and by address",
        HeldAs(
            "a device one message a second and 20 at once, the devices of one address 1,000 a second together, since behind one may be a \
             whole network, and a client of the API 600 requests a minute; what comes faster over MQTT waits. What speaks for many is \
             held to the limits of a connection",
        ),
    ),
    (
        "REQ-P-1",
        "req_p_1",
        "Meters under pseudonyms, the key outside the database",
        HeldAs(
            "nothing that hears devices beyond this machine starts without keys, unless the settings say that people stand behind no \
             device; a meter that publishes by itself has a credential by its own id, as it must be known to be let in",
        ),
    ),
    ("REQ-P-2", "req_p_2", "The way back in a file and a role of its own", Held),
    (
        "REQ-P-3",
        "req_p_3",
        "Retention by kind and purpose, purge with counts",
        HeldAs(
            "readings go after 13 months, and what is told of days is computed of them: so days go too, sooner than the 36 months that \
             they might be kept",
        ),
    ),
    ("REQ-P-4", "req_p_4", "Every look at identified data is written down, with its purpose", Held),
    ("REQ-P-5", "req_p_5", "Publication in cells of ten or more", Held),
    ("REQ-P-6", "req_p_6", "Export and erasure of a subject", Held),
    ("REQ-P-7", "req_p_7", "Register of purposes on a page", Held),
];

/// Where tests work over real sockets, most of them against the running program.
const OVER_SOCKETS: [&str; 3] = ["ingest/app/tests/cli/", "ingest/endpoint/tests/over_sockets/", "tests/tests/"];

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
         person and stands in [compliance.rs](../../tests/tests/references/compliance.rs); nothing here is more than that. *Held*: its tests hold all of it, one or more of them over \
         real sockets.\n",
    );
    for (id, prefix, required, standing) in REQUIREMENTS {
        let tests = by.get(prefix).map_or(&[][..], Vec::as_slice);
        let stands = match standing {
            Held => "Held.".to_owned(),
            HeldAs(how) => format!("Held: {how}."),
        };
        assert!(!tests.is_empty(), "{id} is said to be held, and no test has its name");
        assert!(
            tests.iter().any(|(_, file)| OVER_SOCKETS.iter().any(|place| file.starts_with(place))),
            "{id}: none over sockets"
        );
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
