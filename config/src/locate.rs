//! Where a wrong setting stands: file and line, variable, or flag.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use config::ConfigError;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Layers, PREFIX};

/// A setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SettingsError {
    /// `file:line`, the name of a variable, or a flag's key.
    pub place: String,
    /// What is wrong and what was expected.
    pub message: String,
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

/// Lines of a text, asked for in order: each byte is looked at once, however many lines are asked for.
pub(crate) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    pub(crate) const fn of(text: &'t str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line of a byte, as [`line_of`] has it.
    pub(crate) fn line(&mut self, at: usize) -> usize {
        if at < self.at {
            *self = Self::of(self.text);
        }
        let between = self.text.as_bytes().get(self.at..at.min(self.text.len())).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
        self.line
    }
}

impl SettingsError {
    pub(crate) fn unreadable(path: &Path, cause: &std::io::Error) -> Self {
        Self { place: path.display().to_string(), message: format!("cannot be read: {cause}") }
    }

    pub(crate) fn syntax(path: &Path, text: &str, cause: &toml::de::Error) -> Self {
        Self::at(path, text, cause.span().map_or(0, |s| s.start), cause.message().to_owned())
    }

    pub(crate) fn at(path: &Path, text: &str, at: usize, message: String) -> Self {
        Self { place: format!("{}:{}", path.display(), line_of(text, at)), message }
    }

    pub(crate) fn flag(key: &str, cause: &ConfigError) -> Self {
        Self { place: format!("flag for {key}"), message: cause.to_string() }
    }

    /// Finds the layer that said what is wrong: flags over environment over later over earlier files.
    pub(crate) fn locate(cause: &ConfigError, files: &[(PathBuf, String)], layers: &Layers) -> Self {
        let (key, message) = describe(cause);
        let key = dotted(&key);
        let path = match unknown_field(&message) {
            Some(field) if key.is_empty() => field.to_owned(),
            Some(field) => format!("{key}.{field}"),
            None => key,
        };
        let message = if path.is_empty() { message } else { format!("{path}: {message}") };
        if layers.flags.iter().any(|(flag, _)| *flag == path) {
            return Self { place: format!("flag for {path}"), message };
        }
        let variable = path.split('.').fold(PREFIX.to_owned(), |mut name, part| {
            let _ = write!(name, "__{}", part.to_uppercase());
            name
        });
        if layers.environment.iter().any(|(name, _)| name.eq_ignore_ascii_case(&variable)) {
            return Self { place: variable, message };
        }
        for (file, text) in files.iter().rev() {
            if let Some(at) = position(text, &path) {
                return Self::at(file, text, at, message);
            }
        }
        Self { place: "settings".to_owned(), message }
    }
}

/// Dotted key and text of an error of the `config` crate.
fn describe(cause: &ConfigError) -> (String, String) {
    match cause {
        ConfigError::At { error, key, .. } => {
            let (inner, message) = describe(error);
            let own = key.clone().unwrap_or_default();
            let path = match (own.is_empty(), inner.is_empty()) {
                (true, _) => inner,
                (false, true) => own,
                (false, false) => format!("{own}.{inner}"),
            };
            (path, message)
        }
        ConfigError::Type { unexpected, expected, key, .. } => {
            (key.clone().unwrap_or_default(), format!("found {unexpected}, expected {expected}"))
        }
        ConfigError::Message(text) => (String::new(), text.clone()),
        ConfigError::Foreign(error) => (String::new(), error.to_string()),
        ConfigError::NotFound(key) => (key.clone(), "is missing".to_owned()),
        other => (String::new(), other.to_string()),
    }
}

/// The `config` crate writes `name[2]key`; a dot belongs before the key.
fn dotted(key: &str) -> String {
    key.replace("].", "]").replace(']', "].").trim_end_matches('.').to_owned()
}

fn unknown_field(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// The byte where the key of a dotted path stands; `name[2]` goes into an array.
pub(crate) fn position(text: &str, path: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut at = None;
    let mut here: Option<&DeTable<'_>> = Some(table.get_ref());
    for part in path.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let (key, value) = here?.iter().find(|(key, _)| key.get_ref().as_ref().eq_ignore_ascii_case(name))?;
        at = Some(key.span().start);
        let mut value: &Spanned<DeValue<'_>> = value;
        if let (Some(index), DeValue::Array(items)) = (index, value.get_ref()) {
            value = items.get(index)?;
            at = Some(value.span().start);
        }
        here = match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
    }
    at
}
