//! Secrets of channels: stated, in a file, or in a variable of the environment. Never printed.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a secret may stand; at most one place may be given.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) stated: Option<&'a str>,
    pub(super) file: Option<&'a Path>,
    pub(super) variable: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(stated: Option<&'a String>, file: Option<&'a PathBuf>, variable: Option<&'a String>) -> Self {
        Self { stated: stated.map(String::as_str), file: file.map(PathBuf::as_path), variable: variable.map(String::as_str) }
    }

    /// Reads the secret of the key `key`, whose other places are `{key}_file` and `{key}_env`; white space at
    /// the end of a file is cut.
    pub(super) fn read(&self, key: &str) -> Result<Option<Hidden>, String> {
        let text = match (self.stated, self.file, self.variable) {
            (None, None, None) => return Ok(None),
            (Some(stated), None, None) => stated.to_owned(),
            (None, Some(path), None) => {
                let wrong = |error: &dyn fmt::Display| format!("{key}_file {}: {error}", path.display());
                let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
                String::from_utf8(bytes).map_err(|_| wrong(&"expected UTF-8"))?.trim_end().to_owned()
            }
            (None, None, Some(name)) => {
                std::env::var(name).map_err(|_| format!("{key}_env: the environment has no `{name}` that can be read"))?
            }
            _ => return Err(format!("expected one of {key}, {key}_file and {key}_env, found several")),
        };
        if text.is_empty() { Err(format!("{key}: expected a secret, found nothing")) } else { Ok(Some(Hidden(text))) }
    }
}

/// A secret in memory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hidden(String);

impl Hidden {
    pub(super) fn show(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}
