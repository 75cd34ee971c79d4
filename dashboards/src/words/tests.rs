//! What every language must have, and that nothing else knows one from another.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lang::Lang;

#[test]
fn every_count_has_a_phrase_for_every_form() {
    for lang in Lang::all() {
        let w = lang.words();
        let counts = [
            &w.alerts_open,
            &w.more_alerts,
            &w.bins_full,
            &w.bins,
            &w.stations,
            &w.bays,
            &w.meters,
            &w.messages,
            &w.connections,
            &w.minutes,
            &w.hours,
            &w.days,
        ];
        for count in counts.into_iter().chain(w.pages.counts()) {
            assert!(count.forms().iter().all(|f| !f.is_empty()), "{lang:?} {:?}", count.forms());
            assert!(count.other.contains("{}"), "{lang:?}: {:?} does not say how many", count.other);
        }
    }
}

#[test]
fn a_language_is_a_file_and_a_folder_that_bear_its_code_and_stands_in_the_list() {
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/words");
    let folders = fs::read_dir(&words).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let names: BTreeSet<String> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let listed: BTreeSet<String> = Lang::CODES.into_iter().chain(["pages"]).map(str::to_owned).collect();
    assert_eq!(names, listed);
    assert_eq!(listed.len(), Lang::CODES.len() + 1, "two languages have one code");
    for code in Lang::CODES {
        let file = fs::read_to_string(words.join(format!("{code}.rs"))).unwrap();
        assert!(file.contains(&format!("code: \"{code}\",")), "{code}.rs is another language's");
    }
}

#[test]
fn a_language_is_read_in_the_direction_of_its_letters() {
    for lang in Lang::all() {
        let w = lang.words();
        let all = w.months.iter().chain(&w.weekdays).chain(&w.weekdays_short);
        for letter in all.flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()) {
            assert_eq!(('\u{590}'..='\u{8ff}').contains(&letter), lang.is_rtl(), "{lang:?}: {letter}");
        }
    }
}

/// Where a language may be named outside its own file, by a part of the line, and why.
const NAMED: [(&str, &str); 6] = [
    // What the program says of itself, of rules and of messages is English, and is marked so that it is read out as such.
    ("", "lang=\"en\""),
    // The head of a file of readings is English, whoever fetches it.
    ("house.rs", "self.name.en"),
    // A rule to begin with has the three texts that every rule has.
    ("page/rules/template.toml", "ar = "),
    // The map has a name in Latin and one in Arabic letters: the language says which.
    ("", "lang.zone("),
    // Both stand under these keys in outlines of a city's own.
    ("atlas.rs", "told(\"name:"),
    // The keys of texts and of names, for scripts that have them all: the language says which.
    ("words/writing.rs", "\"fr\""),
];

#[test]
fn no_file_but_a_languages_own_knows_it_from_another() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let own = |path: &Path| Lang::CODES.iter().any(|code| path.strip_prefix("words").is_ok_and(|rest| rest.starts_with(code)));
    let (mut folders, mut wrong, mut read) = (vec![PathBuf::new()], Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap().flatten() {
            let path = folder.join(entry.file_name());
            // A language's file is its own as its folder is; tests say what is right in each.
            if entry.path().is_dir() {
                folders.push(path);
                continue;
            }
            if own(&path.with_extension("")) || path.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            read += 1;
            for (number, line) in text.lines().enumerate() {
                let allowed = |(file, part): &(&str, &str)| (file.is_empty() || path.ends_with(file)) && line.contains(part);
                if names_one(line) && !NAMED.iter().any(allowed) {
                    wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(read > 100, "only {read} files");
    // What would have been found before: each of these stood somewhere.
    for line in ["if lang.code() == \"fr\"", "(Some(\"fr\" | \"ar\"), _)", "\"/ar/waste\"", "&texts.en,", "\"، \""] {
        assert!(names_one(line), "{line}");
    }
    assert!(wrong.is_empty(), "these belong into the files of languages: {wrong:#?}");
}

/// Whether a line has letters that only some languages are written in, a code as a whole text or as the first level of an address,
/// or takes one of the texts that stand in each.
fn names_one(line: &str) -> bool {
    let follows = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let coded = |code: &str| {
        let whole = [format!("\"{code}\""), format!("\"/{code}/"), format!("\"/{code}\"")];
        let field = format!(".{code}");
        whole.iter().any(|text| line.contains(text)) || line.split(&field).skip(1).any(|rest| !follows(rest))
    };
    line.chars().any(|c| ('\u{590}'..='\u{8ff}').contains(&c)) || Lang::CODES.into_iter().any(coded)
}
