//! What holds at a moment, and how rustls asks for it anew with each connection.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::files::{self, Files};
use crate::{TrustError, provider};

/// Whom we trust, and who we are.
#[derive(Debug)]
pub(crate) struct Held {
    judge: Arc<dyn ServerCertVerifier>,
    own: Option<Arc<CertifiedKey>>,
}

impl Held {
    pub(crate) fn read(files: &Files) -> Result<Self, TrustError> {
        let judge: Arc<dyn ServerCertVerifier> = match files.authorities()? {
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in authorities {
                    roots.add(authority).map_err(|error| TrustError::new(files::CA, error.to_string()))?;
                }
                let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
                built.map_err(|error| TrustError::new(files::CA, error.to_string()))?
            }
            None => Arc::new(Verifier::new(provider()).map_err(|error| {
                TrustError::new(files::CA, format!("expected a file, as the system's authorities cannot be used: {error}"))
            })?),
        };
        let own = match files.own()? {
            None => None,
            Some((chain, key)) => {
                let pair = CertifiedKey::from_der(chain, files::private(key)?, &provider());
                Some(Arc::new(pair.map_err(|error| TrustError::new(files::CERTIFICATE, error.to_string()))?))
            }
        };
        Ok(Self { judge, own })
    }
}

/// What holds when rustls asks. How signatures are verified is the provider's and never changes.
#[derive(Debug)]
pub(crate) struct Now {
    held: Arc<ArcSwap<Held>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Now {
    pub(crate) fn of(held: Arc<ArcSwap<Held>>) -> Self {
        Self { held, algorithms: provider().signature_verification_algorithms }
    }
}

impl ServerCertVerifier for Now {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.held.load().judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Now {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], _sigschemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.held.load().own.clone()
    }

    fn has_certs(&self) -> bool {
        self.held.load().own.is_some()
    }
}
