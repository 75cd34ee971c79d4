//! Where rules are written: packs that come with the program, and the city's own files, those that are named and those of the
//! directories that are named.

use std::path::{Path, PathBuf};

use crate::{RULE_PACKS, Rules, SettingsError};

/// Files that the directories may hold together: more than a set has rules is a mistake.
const MOST: usize = 1000;

impl Rules {
    /// The files of the city's own rules in the order in which they are read: the named ones as they are named, then those
    /// of each directory by name.
    ///
    /// # Errors
    /// Each directory that cannot be read, or that there are more than a thousand files.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Vec<SettingsError>> {
        let (mut paths, mut errors) = (self.files.clone(), Vec::new());
        for directory in &self.directories {
            match tables(directory) {
                Ok(found) => paths.extend(found),
                Err(cause) => errors.push(SettingsError::unreadable(directory, &cause)),
            }
        }
        if paths.len() > MOST {
            let message = format!("{} files of rules, expected at most {MOST}", paths.len());
            errors.push(SettingsError { place: "rules.directories".to_owned(), message });
        }
        if errors.is_empty() { Ok(paths) } else { Err(errors) }
    }

    /// All files of rules, name and text, in the order in which they are read: packs, the city's own, `more`. And each pack that
    /// does not exist, each file and directory that cannot be read.
    #[must_use]
    pub fn texts(&self, more: &[(&str, &str)]) -> (Vec<(String, String)>, Vec<SettingsError>) {
        let (mut texts, mut errors) = (Vec::<(String, String)>::new(), Vec::new());
        for pack in &self.packs {
            match RULE_PACKS.iter().find(|(name, _)| name == pack) {
                Some((name, text)) => texts.push((format!("rules/{name}.toml"), (*text).to_owned())),
                None => {
                    let known: Vec<_> = RULE_PACKS.iter().map(|(name, _)| *name).collect();
                    let message = format!("`{pack}` is not a pack, there are {}", known.join(", "));
                    errors.push(SettingsError { place: "rules.packs".to_owned(), message });
                }
            }
        }
        for path in self.paths().unwrap_or_else(|wrong| {
            errors.extend(wrong);
            Vec::new()
        }) {
            match std::fs::read_to_string(&path) {
                Ok(text) => texts.push((path.display().to_string(), text)),
                Err(cause) => errors.push(SettingsError::unreadable(&path, &cause)),
            }
        }
        texts.extend(more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        (texts, errors)
    }
}

/// The TOML files that stand in a directory, by name. Hidden ones are an editor's.
fn tables(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|end| end == "toml") && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
