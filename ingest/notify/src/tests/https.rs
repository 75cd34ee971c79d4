//! TLS, with certificates made for this test and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ports::{DeliveryError, Notifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use schemas::Phase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{single, transition, wall};
use crate::{Webhook, WebhookKeys};

pub(super) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/tls").join(name)
}

/// Answers 204 to one request a connection; its address.
async fn receiver() -> String {
    let chain = CertificateDer::pem_file_iter(file("receiver.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("receiver.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("https://{}/alerts", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us ends here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut read = vec![0; 16384];
            let _ = stream.read(&mut read).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

async fn deliver(url: String, ca_file: Option<PathBuf>) -> Result<(), DeliveryError> {
    let keys = WebhookKeys { url, ca_file, ..WebhookKeys::default() };
    let webhook = Webhook::new(&keys, Duration::from_secs(5), wall()).unwrap();
    let transition = transition(1, Phase::Firing);
    let notification = single("hook", transition);
    webhook.deliver(&notification).await
}

#[tokio::test]
async fn https_works_with_certificates_of_ones_own_and_without_a_default_of_the_process() {
    let url = receiver().await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    deliver(url, Some(file("ca.pem"))).await.unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none(), "nothing was installed on the side");
}

#[tokio::test]
async fn a_receiver_that_nobody_vouches_for_is_told_nothing() {
    // Vouched for by its own end certificate only, which is no authority.
    let untrusted = deliver(receiver().await, Some(file("receiver.pem"))).await.unwrap_err();
    assert!(matches!(&untrusted, DeliveryError::Unavailable { reason, .. } if reason.contains("certificate")), "{untrusted}");
}

#[test]
fn a_file_without_certificates_is_refused() {
    let keys = WebhookKeys {
        url: "https://receiver.example/".to_owned(),
        ca_file: Some(file("receiver.key")),
        ..WebhookKeys::default()
    };
    let refused = Webhook::new(&keys, Duration::from_secs(5), wall()).unwrap_err().to_string();
    assert!(refused.contains("receiver.key") && refused.contains("at least one PEM certificate"), "{refused}");
}
