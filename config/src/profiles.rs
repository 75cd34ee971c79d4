//! The profiles that the program reads with: those it is built with, and a city's own files.

use std::path::{Path, PathBuf};

use codec::{Profile, ProfileError};
use serde::Deserialize;

use crate::SettingsError;
use crate::locate::position;
use crate::workshop::Folder;

/// Where a city's own device profiles stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFiles {
    /// Directories of which every `*.toml` is a profile.
    pub directories: Vec<PathBuf>,
    /// Single files.
    pub files: Vec<PathBuf>,
}

/// The built-in profiles and the city's own, each proved by its own cases.
///
/// # Errors
/// Every file that cannot be read or is not a profile, with the line where it is known.
pub fn profiles(own: &ProfileFiles) -> Result<codec::Profiles, Vec<SettingsError>> {
    let built_in = |cause: ProfileError| vec![SettingsError { place: "profiles".to_owned(), message: cause.to_string() }];
    let mut all = codec::Profiles::built_in().map_err(built_in)?;
    let mut errors = Vec::new();
    for path in files(own, &mut errors) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) => {
                errors.push(SettingsError::unreadable(&path, &cause));
                continue;
            }
        };
        // A file that is wrong takes nothing from the others, so that all that is wrong is told.
        match all.clone().with(&text, &path.display().to_string(), &Folder::of(&path)) {
            Ok(more) => all = more,
            Err(cause) => errors.push(told(&path, &text, &cause)),
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

/// The profile in a file, proved by its own cases.
///
/// # Errors
/// The file cannot be read or is not a profile, with the line where it is known.
pub fn profile_from_file(path: &Path) -> Result<Profile, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|cause| SettingsError::unreadable(path, &cause))?;
    let profile = codec::Profiles::read(&text, &path.display().to_string(), &Folder::of(path));
    profile.map_err(|cause| told(path, &text, &cause))
}

/// All files, those of a directory by name.
fn files(own: &ProfileFiles, errors: &mut Vec<SettingsError>) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for directory in &own.directories {
        match std::fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => {
                let paths = entries.into_iter().map(|entry| entry.path());
                let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
                found.sort();
                all.extend(found);
            }
            Err(cause) => errors.push(SettingsError::unreadable(directory, &cause)),
        }
    }
    all.extend(own.files.iter().cloned());
    all
}

/// An error with its line: that of the syntax, that of the case that fails, else none.
fn told(path: &Path, text: &str, cause: &ProfileError) -> SettingsError {
    let said = cause.to_string();
    let message = said.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&said);
    match cause {
        ProfileError::Syntax { .. } => {
            // As the parser of TOML words it: the place first, then the line itself, then what is wrong.
            let line = message.split("at line ").nth(1).and_then(|rest| rest.split(',').next()?.parse::<usize>().ok());
            let what = message.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(message);
            match line {
                Some(line) => SettingsError { place: format!("{}:{line}", path.display()), message: what.to_owned() },
                None => SettingsError { place: path.display().to_string(), message: message.to_owned() },
            }
        }
        ProfileError::Case { case, .. } => {
            let at = position(text, &format!("case[{}]", case - 1)).unwrap_or(0);
            SettingsError::at(path, text, at, message.to_owned())
        }
        _ => SettingsError { place: path.display().to_string(), message: message.to_owned() },
    }
}
