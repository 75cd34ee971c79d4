//! No secret is told: a program that holds one of every kind, logs all that it can, meets good and bad credentials, and is
//! refused by everybody whom it asks; and none of them in its log, its answers, its complaints or its files.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use services::Issuer;
use tests::{Marsad, until};

use crate::directory::{SECRET, come, go};
use crate::people::{PATIENCE, connect, cookie, get, post_form, told};
use crate::privacy::files;
use crate::program::{ask, end_of, marsad, of, program};
use crate::provisioning::trade;

/// Secrets of the settings, by the file in which each stands.
const KEPT: [(&str, &str); 7] = [
    ("influx.token", "canary-token-of-the-store"),
    ("city.password", "canary-password-of-the-broker"),
    ("hook.secret", "canary-key-that-signs-what-is-posted"),
    ("mail.password", "canary-password-of-the-mail-server"),
    ("sms.header", "canary-header-of-the-gateway"),
    ("bus.password", "canary-password-of-the-other-broker"),
    ("desk.key", "canary-key-of-the-ticket-desk"),
];
/// In the address of a receiver, whose whole path may be one.
const IN_ADDRESS: &str = "canary-path-of-the-receiver";
/// Shown by somebody who guesses, or has mistaken the place.
const GUESSES: [&str; 3] = ["canary-guessed-password", "canary-guessed-token", "canary-guessed-of-a-device"];

/// What somebody says who has heard this much; nothing where there must be more.
type Answer = fn(&[u8]) -> Option<&'static [u8]>;

/// A server of somebody else, which lets nobody in and remembers what it was told.
struct Neighbour {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Neighbour {
    fn new(greeting: &'static [u8], answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let neighbour = Self { address: listener.local_addr().expect("an address"), heard: Arc::default() };
        let heard = Arc::clone(&neighbour.heard);
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || {
                    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
                    // Whatever breaks, breaks for the client.
                    let _ = socket.write_all(greeting);
                    while let Ok(count @ 1..) = socket.read(&mut piece) {
                        heard.lock().expect("no panic").extend_from_slice(&piece[..count]);
                        all.extend_from_slice(&piece[..count]);
                        if let Some(said) = answer(&all) {
                            let _ = socket.write_all(said);
                            all.clear();
                        }
                    }
                });
            }
        });
        neighbour
    }

    fn has_heard(&self, text: &str) -> bool {
        self.heard.lock().expect("no panic").windows(text.len()).any(|part| part == text.as_bytes())
    }
}

fn over_http(heard: &[u8]) -> Option<&'static [u8]> {
    let end = heard.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&heard[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    (heard.len() >= end + length).then_some(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
}

fn by_mail(heard: &[u8]) -> Option<&'static [u8]> {
    heard.ends_with(b"\r\n").then_some(match heard.get(..4)? {
        b"EHLO" => b"250-here\r\n250 AUTH PLAIN\r\n",
        b"AUTH" => b"535 5.7.8 no\r\n",
        _ => b"250 ok\r\n",
    })
}

/// CONNACK: not authorized.
fn as_broker(heard: &[u8]) -> Option<&'static [u8]> {
    (heard.len() > 2).then_some(&[0x20, 2, 0, 5])
}

struct Neighbours {
    web: Neighbour,
    mail: Neighbour,
    broker: Neighbour,
}

const RULE: &str = "[[rule]]\nid = \"full\"\nseverity = \"critical\"\nhold = \"0s\"\nnotify = [\"hook\", \"mail\", \"sms\", \"bus\", \"desk\"]\n\
                    texts = { fr = \"Plein\", ar = \"Plein\", en = \"Full\" }\n\
                    [rule.when]\nquantity = \"waste.fill\"\n[rule.threshold]\nat_least = 90.0\nclear = 10.0\n";

fn settings(folder: &Path, issuer: &Issuer, near: &Neighbours) -> String {
    for (file, secret) in KEPT.into_iter().chain([("oidc.secret", SECRET)]) {
        fs::write(folder.join(file), format!("{secret}\n")).expect("written");
    }
    fs::write(folder.join("rules.toml"), RULE).expect("written");
    let (web, mail, broker) = (near.web.address, near.mail.address, near.broker.address);
    let (here, issuer, mail) = (folder.display(), issuer.name(), mail.port());
    format!(
        r#"
[log]
level = "trace"
[store]
kind = "influx"
[influx]
url = "http://{web}"
token_file = "influx.token"
[pipeline]
flush_every = "100ms"
commit_every = "100ms"
[privacy]
keys = "vault.keys"
[endpoint]
devices = "registered"
tls_listen = "127.0.0.1:0"
certificate = "certs/server.pem"
key = "certs/server.key"
[oidc]
issuer = "{issuer}"
client_id = "marsad"
client_secret_file = "oidc.secret"
address = "https://marsad.city.example"
[[oidc.grant]]
claim = "unit"
value = "city"
role = "officer"
[[collector]]
name = "city"
url = "mqtt://{broker}"
filters = ["marsad/#"]
username = "marsad"
password_file = "city.password"
[rules]
packs = []
files = ["rules.toml"]
[[notify.channel]]
name = "hook"
type = "webhook"
url = "http://{web}/{IN_ADDRESS}"
secret_file = "{here}/hook.secret"
[[notify.channel]]
name = "mail"
type = "email"
server = "127.0.0.1"
port = {mail}
protection = "none"
from = "alerts@city.example"
to = ["desk@city.example"]
user = "marsad"
password_file = "{here}/mail.password"
[[notify.channel]]
name = "sms"
type = "sms"
url = "http://{web}/sms"
form = "json"
body = '{{"to":"{{to}}","text":"{{text}}"}}'
to = ["+212600000000"]
header = [{{ name = "x-key", value_file = "{here}/sms.header" }}]
[[notify.channel]]
name = "bus"
type = "mqtt"
url = "mqtt://{broker}"
topic = "alerts/{{rule}}"
user = "marsad"
password_file = "{here}/bus.password"
[[notify.channel]]
name = "desk"
type = "open311"
url = "http://{web}/v2/requests.json"
service = [{{ rule = "full", code = "1" }}]
api_key_file = "{here}/desk.key"
"#
    )
}

/// Each as it is, and as it travels.
fn written(secrets: &[String]) -> Vec<String> {
    let travels = |secret: &String| {
        let login = STANDARD.encode(format!("\0marsad\0{secret}"));
        [secret.clone(), STANDARD.encode(secret), login, secret.replace(' ', "+")]
    };
    let mut all: Vec<String> = secrets.iter().flat_map(travels).collect();
    all.retain(|text| text.len() >= 8);
    all
}

struct Search(AhoCorasick, Vec<String>);

impl Search {
    fn of(secrets: &[String]) -> Self {
        let all = written(secrets);
        Self(AhoCorasick::new(&all).expect("texts"), all)
    }

    fn none_in(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.0.find(bytes) {
            let around = &bytes[found.start().saturating_sub(300)..(found.end() + 40).min(bytes.len())];
            panic!("{place} tells `{}`: {}", self.1[found.pattern().as_usize()], String::from_utf8_lossy(around));
        }
    }
}

/// Words of a file that are long enough to be secret.
fn words(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("text");
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '='));
    words.filter(|word| word.len() >= 32 && !word.contains('-')).map(ToOwned::to_owned).collect()
}

/// Good and bad credentials of every kind; the secrets that were made for it, and who may ask for everything.
fn knock(folder: &Path, marsad: &Marsad, issuer: &Issuer) -> (Vec<String>, String) {
    let secret = |arguments: &[&str]| told(folder, arguments)["secret"].as_str().expect("a secret").to_owned();
    let password = told(folder, &["user", "add", "nadia", "--role", "admin"])["password"].as_str().expect("made").to_owned();
    let token = secret(&["token", "make", "all", "--role", "admin", "--write"]);
    let (device, code) = (secret(&["device", "credential", "make", "bin-1"]), secret(&["device", "claim", "make", "bin-2"]));
    let [guess, bearer, of_device] = GUESSES;

    assert_eq!(post_form(marsad.http, "/login", &format!("name=nadia&password={guess}")).0, 401);
    let (_, entered) = post_form(marsad.http, "/login", &format!("name=nadia&password={password}"));
    let session = cookie(&entered);
    assert_eq!(get(marsad.http, "/api/v1/users", &format!("authorization: Bearer {bearer}\r\n")).0, 401);
    assert_eq!(get(marsad.http, "/api/v1/users", &format!("cookie: marsad={bearer}\r\n")).0, 401);
    assert_eq!(get(marsad.http, "/api/v1/users", &format!("cookie: {session}\r\n")).0, 200);
    assert_eq!(connect(marsad.mqtt, "x", Some(("bin-1", of_device))).1, 4);
    assert_eq!(connect(marsad.mqtt, "x", Some(("bin-1", &device))).1, 0);
    assert_eq!(trade(marsad.http, "bin-2", "7Q2M-04TX-VK9B-H3ZD").0, 403);
    let (_, traded) = trade(marsad.http, "bin-2", &code);
    let traded = traded["secret"].as_str().expect("a password").to_owned();
    issuer.person(serde_json::json!({ "sub": "7", "preferred_username": "salma", "unit": "city" }));
    let (status, answer) = come(marsad, &go(marsad, issuer));
    assert_eq!(status, 200, "{answer}");
    let value = |cookie: &str| cookie.split('=').nth(1).expect("a value").to_owned();
    let made = vec![password, token.clone(), device, code, traded, value(&session), value(&cookie(&answer))];
    (made, format!("authorization: Bearer {token}\r\n"))
}

const ASKED: [&str; 24] = [
    "/api/v1/status",
    "/metrics",
    "/readyz",
    "/api/v1/session",
    "/api/v1/users",
    "/api/v1/tokens",
    "/api/v1/credentials",
    "/api/v1/claims",
    "/api/v1/audit?limit=1000",
    "/api/v1/alerts?limit=100",
    "/api/v1/messages",
    "/api/v1/quarantine?each=true",
    "/api/v1/latest",
    "/api/v1/devices",
    "/api/v1/rules",
    "/api/v1/rotas",
    "/api/v1/openapi.json",
    "/en/",
    "/en/engineers",
    "/en/alerts",
    "/en/audit",
    "/en/people",
    "/account",
    "/nothing",
];

#[test]
fn sec_08_no_secret_of_any_kind_stands_in_the_log_an_answer_a_page_a_complaint_or_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = |name: &str| folder.join(name).to_str().expect("a plain path").to_owned();
    marsad(&["vault", "init", &path("vault.keys")]).well();
    marsad(&["cert", "dev", "--out", &path("certs")]).well();
    let near = Neighbours {
        web: Neighbour::new(b"", over_http),
        mail: Neighbour::new(b"220 here\r\n", by_mail),
        broker: Neighbour::new(b"", as_broker),
    };
    let issuer = Issuer::start(Some(SECRET));
    let text = settings(folder, &issuer, &near);
    let mut running = Marsad::start(folder, &text);
    let (made, bearer) = knock(folder, &running, &issuer);
    let device = made[2].clone();
    let (mut socket, _) = connect(running.mqtt, "x", Some(("bin-1", &device)));
    full(&mut socket);
    let login = |secret: &str| STANDARD.encode(format!("\0marsad\0{secret}"));
    let [store, city, _, mail, sms, bus, desk] = KEPT.map(|(_, secret)| secret);
    until("each secret to be used", PATIENCE, || {
        let web = [store, sms, desk, IN_ADDRESS].iter().all(|secret| near.web.has_heard(secret));
        let broker = [city, bus].iter().all(|secret| near.broker.has_heard(secret));
        (web && broker && near.mail.has_heard(&login(mail))).then_some(())
    });

    let mut secrets: Vec<String> = KEPT.iter().map(|(_, secret)| (*secret).to_owned()).collect();
    secrets.extend([IN_ADDRESS, SECRET].into_iter().chain(GUESSES).map(ToOwned::to_owned));
    let keys = [words(&folder.join("vault.keys")), words(&folder.join("certs/server.key"))];
    assert!(keys.iter().all(|words| !words.is_empty()), "a key was made: {keys:?}");
    secrets.extend(keys.into_iter().flatten().chain(made).chain(words(&folder.join("data/command.key"))));
    let search = Search::of(&secrets);
    for path in ASKED {
        for header in [bearer.as_str(), "", "authorization: Bearer nothing\r\n"] {
            search.none_in(path, get(running.http, path, header).1.as_bytes());
        }
    }
    for arguments in [
        &["check"][..],
        &["doctor"],
        &["status", "--json"],
        &["audit", "list", "--json"],
        &["user", "list", "--json"],
        &["token", "list", "--json"],
        &["device", "credential", "list", "--json"],
        &["alert", "list", "--json"],
        &["reload"],
        &["incident", "report", "--detected", "2026-11-21T20:00:00Z", "--by", "x", "--what", "x"],
    ] {
        let said = ask(folder, arguments);
        search.none_in(&arguments.join(" "), format!("{}{}", said.out, said.err).as_bytes());
    }
    assert!(running.stop().code().is_some());
    let log = fs::read(folder.join("marsad.log")).expect("the log");
    assert!(log.windows(5).any(|part| part == b"TRACE"), "all is logged that can be");
    search.none_in("the log", &log);
    for file in files(&folder.join("data")).into_iter().filter(|file| !file.ends_with("command.key")) {
        search.none_in(&file.display().to_string(), &fs::read(&file).expect("its bytes"));
    }
    complain(folder, &text, &search);
}

/// A bin is full.
fn full(socket: &mut impl Write) {
    let (topic, payload) = ("marsad/anfa/waste/bin-1/up", r#"{"v":1,"values":{"waste.fill":95}}"#);
    let length = u8::try_from(4 + topic.len() + payload.len()).expect("a short packet");
    let head = [0x32, length, 0, u8::try_from(topic.len()).expect("short")];
    socket.write_all(&[&head, topic.as_bytes(), &[0, 1], payload.as_bytes()].concat()).expect("a PUBLISH");
}

/// Settings that are wrong beside a secret, in it and in place of it.
fn complain(folder: &Path, text: &str, search: &Search) {
    let [store, city, hook, mail, ..] = KEPT.map(|(_, secret)| secret);
    let stated = |key: &str, secret: &str| text.replace(key, secret);
    for (wrong, variable) in [
        (stated("token_file = \"influx.token\"", &format!("token = \"{store}\"\ntokn = 1")), None),
        (stated("token_file = \"influx.token\"", &format!("token = [\"{store}\"]")), None),
        (stated("token_file = \"influx.token\"", &format!("token = \"{store}\\n\"")), None),
        (stated("password_file = \"city.password\"", &format!("password = \"{city}\"")), None),
        (
            stated(&format!("secret_file = \"{}/hook.secret\"", folder.display()), &format!("secret = \"{hook}\"\ncolour = 1")),
            None,
        ),
        (
            stated(
                &format!("password_file = \"{}/mail.password\"", folder.display()),
                &format!("password = {{ is = \"{mail}\" }}"),
            ),
            None,
        ),
        (format!("{text}\ntoken = \"{store}\n"), None),
        (text.to_owned(), Some(("MARSAD__INFLUX__TOKEN", store))),
        (stated("token_file = \"influx.token\"", "nonsense = 1"), Some(("MARSAD__INFLUX__TOKEN", store))),
        (text.to_owned(), Some(("MARSAD__INFLUX__TOKN", store))),
    ] {
        fs::write(folder.join("marsad.toml"), &wrong).expect("written");
        for command in ["check", "run"] {
            let said = end_of(program().arg(command).args(of(folder)).args(["--http", "192.0.2.1:1"]).envs(variable));
            assert!(said.code == Some(78) || command == "check", "{said:?}");
            search.none_in(&format!("{command}: {variable:?}"), format!("{}{}", said.out, said.err).as_bytes());
        }
    }
}
