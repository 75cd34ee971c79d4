//! TLS by rustls with ring, trusting whom the system trusts, stated here and not taken from a default of the process.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// What a connection may trust; nothing where it is not encrypted.
///
/// # Errors
/// The system's certificates cannot be read.
pub fn client(encrypted: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("no version of TLS: {error}"))?;
    if !encrypted {
        // A machine without any certificates may still speak to its own network.
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = Verifier::new(provider).map_err(|error| format!("the system's certificates: {error}"))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}
