//! Certificate, key and the authority of clients, read from files, and read anew while connections go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is absent, unreadable or not PEM.
    #[error("{what} {path}: {source}")]
    File {
        /// Certificate, key or client authority.
        what: &'static str,
        /// As set.
        path: PathBuf,
        /// The cause.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not go together, or are of a kind that is not supported.
    #[error("certificate and key: {0}")]
    Pair(#[from] rustls::Error),
    /// The authority of clients cannot be used.
    #[error("authority of clients: {0}")]
    Authority(#[from] rustls::server::VerifierBuilderError),
}

/// What TLS is spoken with. What is read anew holds for connections that come after it.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    alpn: Vec<Vec<u8>>,
    current: RwLock<Arc<ServerConfig>>,
}

impl Certificates {
    /// Reads PEM files: a chain with the own certificate first, its key and, where clients may show a certificate of
    /// theirs, the authorities that have signed those. `alpn` are the protocols that are spoken inside.
    ///
    /// # Errors
    /// As [`TlsError`] says.
    pub fn read(certificate: &Path, key: &Path, client_ca: Option<&Path>, alpn: &[&str]) -> Result<Self, TlsError> {
        let alpn: Vec<Vec<u8>> = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let config = config(certificate, key, client_ca, &alpn)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            client_ca: client_ca.map(Path::to_owned),
            alpn,
            current: RwLock::new(Arc::new(config)),
        })
    }

    /// Reads the files anew. Nothing changes yet.
    ///
    /// # Errors
    /// As [`TlsError`] says.
    pub fn fresh(&self) -> Result<Arc<ServerConfig>, TlsError> {
        config(&self.certificate, &self.key, self.client_ca.as_deref(), &self.alpn).map(Arc::new)
    }

    /// From now on the next connection is spoken to with this.
    pub fn hold(&self, fresh: Arc<ServerConfig>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// What the next connection is spoken to with.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn config(certificate: &Path, key: &Path, client_ca: Option<&Path>, alpn: &[Vec<u8>]) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain = certificates("certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(file("key", key))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates("authority of clients", path)? {
                roots.add(authority)?;
            }
            // Who shows none can still say a password.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated();
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = alpn.to_vec();
    Ok(config)
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(file(what, path))
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(rustls::pki_types::pem::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::File { what, path, source }
}
