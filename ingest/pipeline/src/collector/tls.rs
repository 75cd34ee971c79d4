//! The client's side of TLS: rustls over ring, the city's own authority or the system's, and a
//! certificate of our own where the broker asks for one. Deliberately absent: a way not to check.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::settings::{CollectorError, Settings};

pub(super) fn client(settings: &Settings) -> Result<ClientConfig, CollectorError> {
    let wrong = |key: &'static str, reason: String| CollectorError::Tls { name: settings.name.clone(), key, reason };
    let mut roots = RootCertStore::empty();
    match &settings.ca_file {
        Some(file) => {
            for certificate in certificates(file).map_err(|reason| wrong("ca_file", reason))? {
                roots.add(certificate).map_err(|error| wrong("ca_file", format!("{}: {error}", file.display())))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(wrong("ca_file", "expected a file, as this system has no store of authorities".to_owned()));
            }
        }
    }
    // The provider is named, so that no other crate's choice of a process-wide one matters here.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("url", error.to_string()))?
        .with_root_certificates(roots);
    match (&settings.client_cert_file, &settings.client_key_file) {
        (None, None) => Ok(config.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate).map_err(|reason| wrong("client_cert_file", reason))?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| wrong("client_key_file", format!("{}: {error}", key.display())))?;
            config.with_client_auth_cert(chain, key).map_err(|error| wrong("client_cert_file", error.to_string()))
        }
        (None, Some(_)) => Err(wrong("client_cert_file", "expected a file, as there is a client_key_file".to_owned())),
        (Some(_), None) => Err(wrong("client_key_file", "expected a file, as there is a client_cert_file".to_owned())),
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match read {
        Ok(found) if found.is_empty() => Err(format!("{}: expected at least one certificate in PEM", file.display())),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}
