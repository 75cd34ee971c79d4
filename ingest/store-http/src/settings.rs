//! What settings of such stores are made of.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

/// A secret in memory, never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// It, for whoever must write it down or send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What in a section cannot be used: `url: expected ...`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct Objection {
    /// Which key.
    pub key: &'static str,
    /// What was expected.
    pub why: String,
}

impl Objection {
    /// About a key.
    pub fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// The secret of the key `key`, stated or in a file; none where it is in neither.
///
/// # Errors
/// It is in both, in a file that cannot be read, or could not be a header.
pub fn secret(key: &'static str, stated: Option<&Secret>, file: Option<&PathBuf>) -> Result<Option<Secret>, Objection> {
    let secret = match (stated, file) {
        (None, None) => return Ok(None),
        (Some(stated), None) => stated.clone(),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path);
            Secret::new(text.map_err(|e| Objection::new(key, format!("{}: {e}", path.display())))?.trim())
        }
        (Some(_), Some(_)) => return Err(Objection::new(key, format!("expected one of {key} and {key}_file, found both"))),
    };
    let fits = !secret.0.is_empty() && secret.0.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(Some(secret)) } else { Err(Objection::new(key, "expected printable characters without spaces")) }
}

/// Reads the address of a server: scheme, host, port.
///
/// # Errors
/// What else it is.
pub fn address(key: &'static str, text: &str) -> Result<Url, Objection> {
    let wrong = |why: &str| Err(Objection::new(key, why));
    let Ok(url) = Url::parse(text) else { return wrong("expected an address such as http://127.0.0.1:8086") };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return wrong("expected http:// or https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("user and password do not belong into an address, use token");
    }
    if url.path() != "/" || url.query().is_some() {
        return wrong("expected a host and a port without a path");
    }
    Ok(url)
}
