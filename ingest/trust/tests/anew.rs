//! Over real sockets: an authority and a certificate of our own that are replaced on disk hold for the next connection of a
//! client that was configured before, and those that were replaced no longer do.

#![expect(clippy::unwrap_used, reason = "certificates that cannot be made up must fail loudly")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream};
use tempfile::TempDir;
use trust::{Files, Outward};

/// An authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Of a name of its own: that of an authority is how it is found.
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for a name, and its key, as PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// What a server saw of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    name: Option<String>,
    protocol: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
}

type Book = Arc<Mutex<Vec<Seen>>>;

/// A server that greets whoever gets through its handshake. `clients` are the authorities of certificates that it asks for.
fn server(certificate: &(String, String), clients: &[&Authority]) -> (SocketAddr, Book) {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let mut roots = RootCertStore::empty();
    for authority in clients {
        roots.add(authority.0.der().clone()).unwrap();
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let chain = vec![CertificateDer::from_pem_slice(certificate.0.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(certificate.1.as_bytes()).unwrap();
    let builder = builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap());
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"mqtt".to_vec()];
    let (config, book, listener) = (Arc::new(config), Book::default(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, seen) = (listener.local_addr().unwrap(), Arc::clone(&book));
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that does not trust us, or that we do not, ends here.
            while tls.is_handshaking() {
                if tls.complete_io(&mut socket).is_err() {
                    break;
                }
            }
            if tls.is_handshaking() {
                continue;
            }
            seen.lock().unwrap().push(Seen {
                name: tls.server_name().map(ToOwned::to_owned),
                protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
                certificate: tls.peer_certificates().and_then(|chain| chain.first().map(|first| first.to_vec())),
            });
            let mut stream = Stream::new(&mut tls, &mut socket);
            let _ = stream.write_all(b"hello").and_then(|()| stream.flush());
        }
    });
    (address, book)
}

/// One connection: what the server said, or why there was none.
fn call(address: SocketAddr, config: &Arc<ClientConfig>) -> Result<String, String> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut heard = [0; 5];
    let mut stream = Stream::new(&mut tls, &mut socket);
    stream.read_exact(&mut heard).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&heard).into_owned())
}

fn put(folder: &Path, (certificate, key): &(String, String)) {
    fs::write(folder.join("own.pem"), certificate).unwrap();
    fs::write(folder.join("own.key"), key).unwrap();
}

fn files(folder: &TempDir) -> Files {
    let [ca, certificate, key] = ["ca.pem", "own.pem", "own.key"].map(|name| folder.path().join(name));
    Files::new(Some(&ca), Some(&certificate), Some(&key))
}

fn der(pem: &str) -> Option<Vec<u8>> {
    Some(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec())
}

#[test]
fn sec_02_an_authority_that_was_replaced_on_disk_is_trusted_by_the_next_connection_and_the_old_one_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let ((before, _), (after, _)) = (server(&old.sign("localhost"), &[&old]), server(&new.sign("localhost"), &[&old]));
    fs::write(folder.path().join("ca.pem"), old.0.pem()).unwrap();
    put(folder.path(), &old.sign("marsad"));
    let outward = Outward::read(files(&folder)).unwrap();
    // Given out once: rumqttc, reqwest and the like keep it for as long as they live.
    let config = Arc::new(outward.client(&["mqtt"]));
    assert_eq!(call(before, &config), Ok("hello".to_owned()));
    let refused = call(after, &config).unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");

    fs::write(folder.path().join("ca.pem"), new.0.pem()).unwrap();
    let fresh = outward.fresh().unwrap();
    assert_eq!(call(before, &config), Ok("hello".to_owned()), "read, and not in force yet");
    outward.hold(fresh);
    assert_eq!(call(after, &config), Ok("hello".to_owned()));
    let refused = call(before, &config).unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "no session that began under the old authority is resumed: {refused}");
}

#[test]
fn sec_02_a_certificate_of_our_own_that_was_replaced_on_disk_is_shown_by_the_next_connection_with_name_and_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("city");
    let (address, book) = server(&authority.sign("localhost"), &[&authority]);
    let (first, second) = (authority.sign("marsad"), authority.sign("marsad"));
    fs::write(folder.path().join("ca.pem"), authority.0.pem()).unwrap();
    put(folder.path(), &first);
    let outward = Outward::read(files(&folder)).unwrap();
    let config = Arc::new(outward.client(&["mqtt"]));
    call(address, &config).unwrap();
    put(folder.path(), &second);
    outward.hold(outward.fresh().unwrap());
    call(address, &config).unwrap();
    let seen = |pem: &str| Seen { name: Some("localhost".to_owned()), protocol: Some(b"mqtt".to_vec()), certificate: der(pem) };
    assert_eq!(*book.lock().unwrap(), [seen(&first.0), seen(&second.0)]);
}

#[test]
fn what_cannot_be_read_anew_is_named_by_its_key_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("city");
    let (address, _) = server(&authority.sign("localhost"), &[&authority]);
    fs::write(folder.path().join("ca.pem"), authority.0.pem()).unwrap();
    put(folder.path(), &authority.sign("marsad"));
    let outward = Outward::read(files(&folder)).unwrap();
    let config = Arc::new(outward.client(&[]));
    let other = authority.sign("marsad");
    for (file, text, key) in [
        ("ca.pem", "no certificate", "ca_file"),
        ("own.pem", "no certificate", "client_cert_file"),
        ("own.key", "no key", "client_key_file"),
        ("own.key", &other.1, "client_cert_file"),
    ] {
        let good = fs::read(folder.path().join(file)).unwrap();
        fs::write(folder.path().join(file), text).unwrap();
        assert_eq!(outward.fresh().unwrap_err().key, key, "{file}: {text}");
        assert_eq!(call(address, &config), Ok("hello".to_owned()));
        fs::write(folder.path().join(file), good).unwrap();
    }
    let alone = Files { key: None, ..files(&folder) };
    assert_eq!(Outward::read(alone).unwrap_err().key, "client_key_file");
    assert!(!format!("{:?}", files(&folder).pem().unwrap()).contains("PRIVATE"));
}
