//! TLS towards others, over real sockets: a broker, a server of readings, a receiver and a mail server that each ask for a
//! certificate; and what the program shows and trusts once its files were replaced and it was told to read them anew.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tests::{Device, Marsad, until};

use crate::people::{get, told};
use crate::program::{ask, marsad};

const PATIENCE: Duration = Duration::from_secs(60);

type Socket = StreamOwned<ServerConnection, TcpStream>;
/// What a connection showed: a certificate, the name of whom it called, the protocol.
type Shown = (Vec<u8>, String);

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).expect("a certificate")
}

/// An authority with a server's certificate and those of two clients, in a directory of this name.
fn authority(folder: &Path, name: &str) -> PathBuf {
    let out = folder.join(name);
    let made = ["cert", "dev", "--out", out.to_str().expect("a plain path"), "--device", "first", "--device", "second"];
    marsad(&made).well();
    out
}

/// How a server proves itself; clients must show a certificate of one of the authorities, where there are any.
fn proof(own: &Path, clients: &[&Path]) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for authority in clients {
        roots.add(certificate(&authority.join("ca.pem"))).expect("an authority");
    }
    let asked: Arc<dyn ClientCertVerifier> = if clients.is_empty() {
        WebPkiClientVerifier::no_client_auth()
    } else {
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().expect("a verifier")
    };
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let key = PrivateKeyDer::from_pem_file(own.join("server.key")).expect("a key");
    let chain = vec![certificate(&own.join("server.pem"))];
    let mut config = builder.with_client_cert_verifier(asked).with_single_cert(chain, key).expect("a pair");
    config.alpn_protocols = vec![b"mqtt".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// A connection, until its server is told to hang up.
struct Call {
    socket: Socket,
    hang_ups: Arc<AtomicUsize>,
    since: usize,
}

/// Speaks with whoever is connected, until either ends it.
type Play = fn(&mut Call) -> Option<()>;

/// A server that somebody else runs.
struct Stranger {
    what: &'static str,
    address: SocketAddr,
    proof: Arc<Mutex<Arc<ServerConfig>>>,
    seen: Arc<Mutex<Vec<Shown>>>,
    /// Handshakes that were broken off.
    broken: Arc<AtomicUsize>,
    hang_ups: Arc<AtomicUsize>,
}

impl Stranger {
    fn new(what: &'static str, proof: &Arc<ServerConfig>, play: Play) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let stranger = Self {
            what,
            address: listener.local_addr().expect("an address"),
            proof: Arc::new(Mutex::new(Arc::clone(proof))),
            seen: Arc::default(),
            broken: Arc::default(),
            hang_ups: Arc::default(),
        };
        let (proof, seen) = (Arc::clone(&stranger.proof), Arc::clone(&stranger.seen));
        let (broken, hang_ups) = (Arc::clone(&stranger.broken), Arc::clone(&stranger.hang_ups));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let proof = Arc::clone(&proof.lock().expect("nobody panics"));
                let (seen, broken, hang_ups) = (Arc::clone(&seen), Arc::clone(&broken), Arc::clone(&hang_ups));
                thread::spawn(move || {
                    let Some(socket) = shaken(socket, proof) else {
                        broken.fetch_add(1, Ordering::SeqCst);
                        return;
                    };
                    let since = hang_ups.load(Ordering::SeqCst);
                    seen.lock().expect("nobody panics").push(shown(&socket));
                    let mut call = Call { socket, hang_ups, since };
                    let _ = play(&mut call);
                    call.socket.conn.send_close_notify();
                    let _ = call.socket.flush();
                });
            }
        });
        stranger
    }

    fn prove(&self, proof: &Arc<ServerConfig>) {
        *self.proof.lock().expect("nobody panics") = Arc::clone(proof);
    }

    /// Ends the connections that there are.
    fn hang_up(&self) {
        self.hang_ups.fetch_add(1, Ordering::SeqCst);
    }

    fn seen(&self) -> usize {
        self.seen.lock().expect("nobody panics").len()
    }

    fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }

    /// What the connection after so many showed, once it is there.
    fn after(&self, connections: usize) -> Shown {
        until(&format!("the {} to be connected to", self.what), PATIENCE, || {
            self.seen.lock().expect("nobody panics").get(connections).cloned()
        })
    }
}

/// What each showed of the connections that come once this is done.
fn each(strangers: &[Stranger], provoke: impl FnOnce()) -> Vec<Shown> {
    let before: Vec<usize> = strangers.iter().map(Stranger::seen).collect();
    provoke();
    strangers.iter().zip(before).map(|(stranger, before)| stranger.after(before)).collect()
}

/// Waits until each is refused once this is done.
fn each_refused(strangers: &[Stranger], provoke: impl FnOnce()) {
    let before: Vec<usize> = strangers.iter().map(Stranger::broken).collect();
    provoke();
    for (stranger, before) in strangers.iter().zip(before) {
        until(&format!("the {} to be refused", stranger.what), PATIENCE, || (stranger.broken() > before).then_some(()));
    }
}

/// Nothing came within the time-out of the socket.
fn is_patience(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn shaken(mut socket: TcpStream, proof: Arc<ServerConfig>) -> Option<Socket> {
    // Short, so that a play sees in time that it is to hang up.
    socket.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
    let mut tls = ServerConnection::new(proof).ok()?;
    while tls.is_handshaking() {
        match tls.complete_io(&mut socket) {
            Ok(_) => {}
            Err(error) if is_patience(&error) => {}
            Err(_) => return None,
        }
    }
    Some(StreamOwned::new(tls, socket))
}

fn shown(socket: &Socket) -> Shown {
    let own = socket.conn.peer_certificates().and_then(<[_]>::first).map_or(Vec::new(), |own| own.to_vec());
    let protocol = String::from_utf8_lossy(socket.conn.alpn_protocol().unwrap_or_default()).into_owned();
    (own, format!("{} {protocol}", socket.conn.server_name().unwrap_or_default()))
}

impl Call {
    /// None once either side has hung up.
    fn byte(&mut self) -> Option<u8> {
        let mut one = [0];
        while self.hang_ups.load(Ordering::SeqCst) == self.since {
            match self.socket.read(&mut one) {
                Ok(1) => return Some(one[0]),
                Err(error) if is_patience(&error) => {}
                _ => return None,
            }
        }
        None
    }

    /// One line, without its end.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(self.byte()?);
        }
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn say(&mut self, bytes: &[u8]) -> Option<()> {
        self.socket.write_all(bytes).and_then(|()| self.socket.flush()).ok()
    }
}

/// MQTT 3.1.1 as far as a subscriber needs it: CONNACK, SUBACK, PINGRESP. Its packets are short.
fn broker(call: &mut Call) -> Option<()> {
    loop {
        let (kind, length) = (call.byte()?, call.byte()?);
        let body: Vec<u8> = (0..length).map(|_| call.byte()).collect::<Option<_>>()?;
        match kind >> 4 {
            1 => call.say(&[0x20, 2, 0, 0])?,
            8 => call.say(&[0x90, 3, body[0], body[1], 1])?,
            12 => call.say(&[0xD0, 0])?,
            _ => {}
        }
    }
}

/// One request of HTTP, answered with nothing; a question of InfluxDB with no rows.
fn server(call: &mut Call) -> Option<()> {
    let (head, mut length) = (call.line()?, 0);
    while let Some(header) = call.line().filter(|header| !header.is_empty()) {
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    for _ in 0..length {
        call.byte()?;
    }
    let body = if head.contains("/query") { "{\"results\":[{\"statement_id\":0}]}\n" } else { "" };
    let status = if body.is_empty() { "204 No Content" } else { "200 OK" };
    call.say(format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// A mail server that takes everything.
fn mailer(call: &mut Call) -> Option<()> {
    call.say(b"220 mail.example\r\n")?;
    loop {
        let said = call.line()?;
        match said.get(..4).unwrap_or(&said) {
            "DATA" => {
                call.say(b"354 go on\r\n")?;
                while call.line()? != "." {}
                call.say(b"250 taken\r\n")?;
            }
            "QUIT" => return call.say(b"221 bye\r\n"),
            _ => call.say(b"250 ok\r\n")?,
        }
    }
}

/// What the program shows: the files of a client of an authority, put in the place that the settings name.
fn show(folder: &Path, of: &Path, client: &str) -> Vec<u8> {
    for end in ["pem", "key"] {
        fs::copy(of.join(format!("{client}.{end}")), folder.join(format!("own.{end}"))).expect("copied");
    }
    certificate(&of.join(format!("{client}.pem"))).to_vec()
}

fn settings(folder: &Path, [broker, store, receiver, mail]: &[Stranger; 4]) -> String {
    let (here, own) = (folder.display(), "ca_file = \"ca.pem\"\nclient_cert_file = \"own.pem\"\nclient_key_file = \"own.key\"\n");
    let absolute = own.replace("= \"", &format!("= \"{here}/"));
    format!(
        "[[collector]]\nname = \"city\"\nurl = \"mqtts://localhost:{}\"\nfilters = [\"marsad/#\"]\nalpn = [\"mqtt\"]\n{own}\
         [store]\nkind = \"influx\"\n[influx]\nurl = \"https://127.0.0.1:{}\"\ntoken = \"secret\"\n{own}\
         [rules]\npacks = []\nfiles = [\"rules.toml\"]\n\
         [[notify.channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://localhost:{}/alerts\"\n{absolute}\
         [[notify.channel]]\nname = \"mail\"\ntype = \"email\"\nserver = \"localhost\"\nport = {}\nfrom = \"alerts@city.example\"\n\
         to = [\"desk@city.example\"]\n{absolute}",
        broker.address.port(),
        store.address.port(),
        receiver.address.port(),
        mail.address.port()
    )
}

const RULE: &str = "[[rule]]\nid = \"full\"\nseverity = \"warning\"\nhold = \"0s\"\nnotify = [\"hook\", \"mail\"]\n\
                    texts = { fr = \"Plein\", ar = \"Plein\", en = \"Full\" }\n\
                    [rule.when]\nquantity = \"waste.fill\"\n[rule.threshold]\nat_least = 90.0\nclear = 10.0\n";

/// A bin is full: a reading for the store, an alert for both channels.
fn fill(marsad: &Marsad, bin: &str) {
    let mut device = Device::connect(marsad.mqtt, bin);
    device.publish(&format!("marsad/anfa/waste/{bin}/up"), br#"{"v":1,"values":{"waste.fill":95}}"#);
    device.acknowledged();
}

#[test]
fn sec_02_every_client_shows_and_trusts_what_was_read_anew_and_trusts_no_longer_what_was_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (old, new) = (authority(folder, "old"), authority(folder, "new"));
    let (of_old, of_new) = (proof(&old, &[&old, &new]), proof(&new, &[&old, &new]));
    let strangers = [
        Stranger::new("broker", &of_old, broker),
        Stranger::new("store", &of_old, server),
        Stranger::new("receiver", &of_old, server),
        Stranger::new("mail server", &of_old, mailer),
    ];
    fs::copy(old.join("ca.pem"), folder.join("ca.pem")).expect("copied");
    fs::write(folder.join("rules.toml"), RULE).expect("written");
    let first = show(folder, &old, "first");
    let running = Marsad::start(folder, &settings(folder, &strangers));
    // Whoever holds a connection is made to connect again; the others are by what a full bin brings about.
    let stir = |bin: &str| {
        strangers[0].hang_up();
        fill(&running, bin);
    };
    let all_are = |shown: Vec<Shown>, own: &[u8]| {
        for (stranger, (shown, _)) in strangers.iter().zip(shown) {
            assert!(shown == own, "the {} was shown another certificate", stranger.what);
        }
    };

    assert_eq!(strangers[0].after(0), (first.clone(), "localhost mqtt".to_owned()), "certificate, name, protocol");
    all_are(each(&strangers, || stir("bin-1")), &first);

    let second = show(folder, &new, "second");
    ask(folder, &["reload"]).well();
    all_are(each(&strangers, || stir("bin-2")), &second);

    // Now everybody has a certificate of an authority that nobody here trusts yet.
    strangers.iter().for_each(|stranger| stranger.prove(&of_new));
    each_refused(&strangers, || stir("bin-3"));
    fs::write(folder.join("ca.pem"), "no certificate").expect("written");
    ask(folder, &["reload"]).refused(1, &["ca.pem", "certificate"]);
    fs::copy(new.join("ca.pem"), folder.join("ca.pem")).expect("copied");
    all_are(each(&strangers, || running.hang_up()), &second);

    // And whom the old one vouches for is nobody any more.
    strangers.iter().for_each(|stranger| stranger.prove(&of_old));
    each_refused(&strangers, || stir("bin-4"));
}

#[test]
fn sec_02_the_citys_directory_is_trusted_by_what_was_read_anew_and_by_what_was_replaced_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (old, new) = (authority(folder, "old"), authority(folder, "new"));
    let directory = [Stranger::new("directory", &proof(&old, &[]), server)];
    fs::copy(old.join("ca.pem"), folder.join("ca.pem")).expect("copied");
    let settings = format!(
        "[rules]\npacks = []\n[oidc]\nissuer = \"https://localhost:{}\"\nclient_id = \"marsad\"\n\
         address = \"https://marsad.city.example\"\nca_file = \"ca.pem\"\n",
        directory[0].address.port()
    );
    let running = Marsad::start(folder, &settings);
    told(folder, &["user", "add", "nadia", "--role", "admin"]);
    // It says nothing of itself: nobody signs in, but it was asked.
    let ask_it = || assert_eq!(get(running.http, "/login/directory", "").0, 503);
    each(&directory, ask_it);
    directory[0].prove(&proof(&new, &[]));
    each_refused(&directory, ask_it);
    fs::write(folder.join("ca.pem"), "no certificate").expect("written");
    ask(folder, &["reload"]).refused(1, &["ca.pem", "certificate"]);
    fs::copy(new.join("ca.pem"), folder.join("ca.pem")).expect("copied");
    ask(folder, &["reload"]).well();
    each(&directory, ask_it);
    directory[0].prove(&proof(&old, &[]));
    each_refused(&directory, ask_it);
}
