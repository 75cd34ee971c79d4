//! The files that a section of the settings may name, and what is read from them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::TrustError;
use crate::held::Held;

pub(crate) const CA: &str = "ca_file";
pub(crate) const CERTIFICATE: &str = "client_cert_file";
pub(crate) const KEY: &str = "client_key_file";

/// PEM files; each may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// A certificate of our own, with its chain.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
}

impl Files {
    /// The files of the keys `ca_file`, `client_cert_file` and `client_key_file`.
    #[must_use]
    pub fn new(ca: Option<&PathBuf>, certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Self {
        Self { ca: ca.cloned(), certificate: certificate.cloned(), key: key.cloned() }
    }

    /// The first key that names a file, for whoever does not speak TLS and has no use for one.
    #[must_use]
    pub fn named(&self) -> Option<&'static str> {
        let all = [(CA, &self.ca), (CERTIFICATE, &self.certificate), (KEY, &self.key)];
        all.into_iter().find_map(|(key, file)| file.as_ref().map(|_| key))
    }

    /// What is in them, for a client that wants the texts; looked at first, so that what cannot be used is an error here.
    ///
    /// # Errors
    /// As for [`crate::Outward::read`].
    pub fn pem(&self) -> Result<Pem, TrustError> {
        Held::read(self)?;
        let authorities = self.ca.as_deref().map(|path| text(CA, path)).transpose()?;
        let own = match self.own()? {
            None => None,
            Some((chain, key)) => {
                let first = chain.into_iter().next().map(|first| first.to_vec()).unwrap_or_default();
                Some((first, text(KEY, key)?))
            }
        };
        Ok(Pem { authorities, own })
    }

    pub(crate) fn authorities(&self) -> Result<Option<Vec<CertificateDer<'static>>>, TrustError> {
        self.ca.as_deref().map(|path| certificates(CA, path)).transpose()
    }

    /// Our own chain, and where its key is.
    pub(crate) fn own(&self) -> Result<Option<(Vec<CertificateDer<'static>>, &Path)>, TrustError> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some((certificates(CERTIFICATE, certificate)?, key))),
            (None, Some(_)) => Err(TrustError::new(CERTIFICATE, "expected a file, as there is a client_key_file")),
            (Some(_), None) => Err(TrustError::new(KEY, "expected a file, as there is a client_cert_file")),
        }
    }
}

/// What stands in such files. Its key is never printed.
pub struct Pem {
    /// The authorities, PEM.
    pub authorities: Option<Vec<u8>>,
    /// Our own certificate, DER and without what follows it in its chain, and its key, PEM.
    pub own: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authorities, own) = (self.authorities.is_some(), self.own.is_some());
        f.debug_struct("Pem").field("authorities", &authorities).field("own", &own).finish()
    }
}

fn wrong(key: &'static str, path: &Path, why: &dyn fmt::Display) -> TrustError {
    TrustError::new(key, format!("{}: {why}", path.display()))
}

fn text(key: &'static str, path: &Path) -> Result<Vec<u8>, TrustError> {
    fs::read(path).map_err(|error| wrong(key, path, &error))
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let text = text(key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong(key, path, &"expected at least one PEM certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(key, path, &error)),
    }
}

pub(crate) fn private(path: &Path) -> Result<PrivateKeyDer<'static>, TrustError> {
    PrivateKeyDer::from_pem_slice(&text(KEY, path)?).map_err(|error| wrong(KEY, path, &error))
}
