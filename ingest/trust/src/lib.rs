//! TLS towards others, for every client of the house: whom it trusts and which certificate it shows. Both are read from files,
//! and read anew while connections go on: what was read last holds for the next connection, whoever makes it.
//!
//! TLS by rustls with ring, stated here and not taken from a default of the process, which nobody may have set. A client says
//! the name of whom it calls (SNI). Deliberately absent: a way not to check, revocation lists, and sessions that are resumed: one
//! that began under an old authority would go on without being looked at.

mod files;
mod held;

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};

pub use files::{Files, Pem};

use held::{Held, Now};

/// Why TLS cannot be spoken with others: `ca_file: /etc/ca.pem: expected ...`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct TrustError {
    /// Which key of the settings.
    pub key: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl TrustError {
    fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// What is spoken with others of one section of the settings. Share it behind its `Arc`.
#[derive(Debug)]
pub struct Outward {
    files: Files,
    now: Arc<ArcSwap<Held>>,
}

/// What was read anew, and does not hold yet.
#[derive(Debug)]
pub struct Fresh(Held);

impl Outward {
    /// Reads the files.
    ///
    /// # Errors
    /// One cannot be used, or the system has no authorities and none are named.
    pub fn read(files: Files) -> Result<Arc<Self>, TrustError> {
        let held = Held::read(&files)?;
        Ok(Arc::new(Self { files, now: Arc::new(ArcSwap::from_pointee(held)) }))
    }

    /// Reads the files anew. Nothing changes yet.
    ///
    /// # Errors
    /// As for [`Outward::read`].
    pub fn fresh(&self) -> Result<Fresh, TrustError> {
        Held::read(&self.files).map(Fresh)
    }

    /// From now on this holds for whatever is connected, in every configuration that was ever given out.
    pub fn hold(&self, Fresh(held): Fresh) {
        self.now.store(Arc::new(held));
    }

    /// How a client connects. `alpn` are the protocols it offers to speak inside, the best first; none where it says nothing of
    /// them.
    #[must_use]
    pub fn client(&self, alpn: &[&str]) -> ClientConfig {
        let now = Arc::new(Now::of(Arc::clone(&self.now)));
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("ring speaks both versions of TLS");
        let verified = builder.dangerous().with_custom_certificate_verifier(Arc::clone(&now) as _);
        let mut config = verified.with_client_cert_resolver(now);
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// For a client that never speaks TLS and has to be told so: it trusts nobody. A machine without any certificates may
/// still speak to its own network.
#[must_use]
pub fn nobody() -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.expect("ring speaks both versions of TLS");
    builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
