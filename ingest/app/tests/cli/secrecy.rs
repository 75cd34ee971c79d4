//! TLS over real sockets: pages, endpoint, certificates of devices, and certificates that are read anew.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tests::{free_address, until};

use crate::closed::old_tls;
use crate::program::{ask, marsad, of, program};

const PATIENCE: Duration = Duration::from_secs(30);

type Socket = StreamOwned<ClientConnection, TcpStream>;

/// Speaks TLS, trusting the authority of the folder, and showing the certificate of a device where one is named.
fn tls(folder: &Path, address: SocketAddr, device: Option<&str>) -> Result<Socket, std::io::Error> {
    let file = |name: &str| folder.join("certs").join(name);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca.pem")).expect("an authority")).expect("it is trusted");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_root_certificates(roots);
    let config = match device {
        None => builder.with_no_client_auth(),
        Some(device) => {
            let chain = vec![CertificateDer::from_pem_file(file(&format!("{device}.pem"))).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_file(file(&format!("{device}.key"))).expect("its key");
            builder.with_client_auth_cert(chain, key).expect("a pair")
        }
    };
    let name = ServerName::try_from("localhost").expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// The server's certificate.
fn shown(socket: &Socket) -> Vec<u8> {
    socket.conn.peer_certificates().expect("a certificate")[0].to_vec()
}

/// CONNECT of MQTT 3.1.1 with a user name and no password; the code of its CONNACK.
fn connect(socket: &mut Socket, user: &str) -> u8 {
    let length = u8::try_from(user.len()).expect("a short name");
    let body = [&b"\x00\x04MQTT\x04\x82\x00\x00\x00\x01c\x00"[..], &[length], user.as_bytes()].concat();
    socket.write_all(&[&[0x10, u8::try_from(body.len()).expect("short")], &body[..]].concat()).expect("a CONNECT");
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).expect("a CONNACK");
    answer[3]
}

fn certificates(folder: &Path, devices: &[&str]) {
    let out = folder.join("certs");
    let devices = devices.iter().flat_map(|device| ["--device", device]);
    marsad(&["cert", "dev", "--out", out.to_str().expect("a plain path")].into_iter().chain(devices).collect::<Vec<_>>()).well();
}

/// Ends with its test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(folder: &Path, http: SocketAddr, mqtts: SocketAddr) -> Running {
    let settings = format!(
        "[rules]\npacks = []\n[http]\nlisten = \"{http}\"\ncertificate = \"certs/server.pem\"\nkey = \"certs/server.key\"\n\
         [endpoint]\nlisten = \"127.0.0.1:0\"\ndevices = \"registered\"\ntls_listen = \"{mqtts}\"\n\
         certificate = \"certs/server.pem\"\nkey = \"certs/server.key\"\nclient_ca = \"certs/ca.pem\"\n"
    );
    std::fs::write(folder.join("marsad.toml"), settings).expect("the settings");
    let process = program().arg("run").args(of(folder)).stderr(Stdio::null()).spawn().expect("it starts");
    until("the program to answer", PATIENCE, || {
        folder.join("data/running.json").exists().then_some(())?;
        (ask(folder, &["status", "--json"]).code == Some(0)).then_some(())
    });
    Running(process)
}

#[test]
fn sec_02_pages_and_endpoint_speak_tls_a_device_shows_its_certificate_and_certificates_are_read_anew() {
    let folder = tempfile::tempdir().expect("a directory");
    let (http, mqtts) = (free_address(), free_address());
    certificates(folder.path(), &["bin-1", "bin-2"]);
    let _running = run(folder.path(), http, mqtts);

    let mut page = tls(folder.path(), http, None).expect("TLS");
    write!(page, "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    // A server may close without a word of TLS: what was read by then counts.
    let _ = page.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security: max-age="), "{answer}");
    let mut plain = TcpStream::connect(http).expect("somebody listens");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "without TLS nothing is served");

    for door in [http, mqtts] {
        assert_eq!(old_tls(door), (0x15, 70), "TLS 1.1 gets an alert: its version");
    }

    let certificate = folder.path().join("certs/bin-1.pem");
    let certificate = certificate.to_str().expect("a plain path");
    ask(folder.path(), &["device", "credential", "make", "bin-1", "--certificate", certificate]).well();
    let code = |shows: Option<&str>, user: &str| connect(&mut tls(folder.path(), mqtts, shows).expect("TLS"), user);
    assert_eq!(code(Some("bin-1"), "bin-1"), 0);
    assert_eq!(code(Some("bin-1"), "bin-2"), 4, "its certificate is nobody else's");
    assert_eq!(code(Some("bin-2"), "bin-1"), 4, "signed by our authority, and not registered");
    assert_eq!(code(None, "bin-1"), 4, "it shows nothing");

    let before = (shown(&tls(folder.path(), http, None).expect("TLS")), shown(&tls(folder.path(), mqtts, None).expect("TLS")));
    certificates(folder.path(), &[]);
    ask(folder.path(), &["reload"]).well();
    let after = (shown(&tls(folder.path(), http, None).expect("TLS")), shown(&tls(folder.path(), mqtts, None).expect("TLS")));
    assert!(before.0 != after.0 && before.1 != after.1, "the new certificates are shown without a restart");
    std::fs::write(folder.path().join("certs/server.key"), "no key").expect("a bad file");
    assert_eq!(ask(folder.path(), &["reload"]).code, Some(1), "what cannot be read is refused");
    assert_eq!(shown(&tls(folder.path(), http, None).expect("TLS")), after.0, "and what held goes on holding");
}
