//! The section `[oidc]`. Every default stands in `config/default.toml`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use schemas::Texts;
use serde::Deserialize;
use trust::{Files, Outward};

use crate::algorithm::Algorithm;
use crate::grant::Grant;

/// The section `[oidc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The directory, as its own documents name it; without it people sign in by a password alone.
    pub issuer: Option<String>,
    /// As which this program is registered there.
    pub client_id: Option<String>,
    /// The file that holds the secret of the registration.
    pub client_secret_file: Option<PathBuf>,
    /// The variable of the environment that holds it.
    pub client_secret_env: Option<String>,
    /// How people reach the pages: scheme, host and port.
    pub address: Option<String>,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The words on the button.
    pub label: Texts,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim by which people are called here.
    pub name_claim: String,
    /// The signatures that are taken.
    pub algorithms: Vec<Algorithm>,
    /// By how much the two clocks may differ.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub leeway: Duration,
    /// How long one of its answers may take.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// What people are here, in order; who fits none is not let in.
    #[serde(default)]
    pub grant: Vec<Grant>,
}

/// What in the section cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Which key.
    pub key: String,
    /// What was expected.
    pub why: String,
}

impl Objection {
    pub(crate) fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oidc.{}: {}", self.key, self.why)
    }
}

/// A secret in memory, never printed.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A section that can be used.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) issuer: String,
    pub(crate) client: String,
    pub(crate) secret: Option<Secret>,
    /// Where the directory sends people back to.
    pub(crate) back: Url,
    /// How the issuer is trusted; none where it does not speak TLS.
    pub(crate) outward: Option<Arc<Outward>>,
    pub(crate) settings: Settings,
}

/// Where people come back, below the address of the pages.
pub(crate) const BACK: &str = "/login/directory/back";

impl Settings {
    /// What cannot be used; nothing where the section can, or names no directory. Reads the files that it names.
    #[must_use]
    pub fn objection(&self) -> Option<Objection> {
        self.registration().err()
    }

    pub(crate) fn registration(&self) -> Result<Option<Registration>, Objection> {
        let Some(issuer) = &self.issuer else { return Ok(None) };
        let at = address("issuer", issuer)?;
        if at.query().is_some() || at.fragment().is_some() {
            return Err(Objection::new("issuer", "expected an address without ? and #"));
        }
        let client = self.client_id.clone().filter(|client| !client.is_empty());
        let client = client.ok_or_else(|| Objection::new("client_id", "expected the name of this program's registration"))?;
        let back = self.back()?;
        self.numbers()?;
        let encrypted = at.scheme() == "https";
        let outward = encrypted.then(|| self.outward()).transpose()?;
        Ok(Some(Registration { issuer: issuer.clone(), client, secret: self.secret()?, back, outward, settings: self.clone() }))
    }

    fn outward(&self) -> Result<Arc<Outward>, Objection> {
        let files = Files::new(self.ca_file.as_ref(), None, None);
        Outward::read(files).map_err(|error| Objection::new("ca_file", error.why))
    }

    fn back(&self) -> Result<Url, Objection> {
        const EXPECTED: &str = "expected how people reach the pages, such as https://marsad.city.example";
        let stated = self.address.as_deref().ok_or_else(|| Objection::new("address", EXPECTED))?;
        let url = address("address", stated)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Objection::new("address", "expected scheme, host and port alone"));
        }
        url.join(BACK).map_err(|_| Objection::new("address", EXPECTED))
    }

    fn numbers(&self) -> Result<(), Objection> {
        if self.algorithms.is_empty() {
            return Err(Objection::new("algorithms", "expected one or more"));
        }
        if self.leeway > Duration::from_secs(300) {
            return Err(Objection::new("leeway", "expected at most 5m"));
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(30) {
            return Err(Objection::new("timeout", "expected more than 0s and at most 30s"));
        }
        if self.name_claim.is_empty() {
            return Err(Objection::new("name_claim", "expected the name of a claim"));
        }
        let is_scope =
            |scope: &String| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        if !self.scopes.iter().all(is_scope) {
            return Err(Objection::new("scopes", "expected words without spaces"));
        }
        Ok(())
    }

    fn secret(&self) -> Result<Option<Secret>, Objection> {
        let (key, text) = match (&self.client_secret_file, &self.client_secret_env) {
            (None, None) => return Ok(None),
            (Some(path), None) => {
                let unreadable = |why| Objection::new("client_secret_file", format!("{}: {why}", path.display()));
                ("client_secret_file", std::fs::read_to_string(path).map_err(unreadable)?.trim().to_owned())
            }
            (None, Some(name)) => {
                let absent = |_| Objection::new("client_secret_env", format!("the environment has no `{name}` that can be read"));
                ("client_secret_env", std::env::var(name).map_err(absent)?)
            }
            (Some(_), Some(_)) => {
                return Err(Objection::new("client_secret_file", "expected this or client_secret_env, found both"));
            }
        };
        if text.is_empty() { Err(Objection::new(key, "expected a secret, found nothing")) } else { Ok(Some(Secret(text))) }
    }
}

/// An address at which nobody can read along.
fn address(key: &str, text: &str) -> Result<Url, Objection> {
    let wrong = |why: &str| Err(Objection::new(key, why));
    let Ok(url) = Url::parse(text) else { return wrong("expected an address such as https://id.city.example") };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("user and password do not belong into an address");
    }
    match url.scheme() {
        "https" if url.host_str().is_some() => Ok(url),
        "http" if url.host_str().is_some_and(is_this_machine) => Ok(url),
        _ => wrong("expected https, or http on this machine"),
    }
}

/// Whether a host is this machine's own.
fn is_this_machine(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
