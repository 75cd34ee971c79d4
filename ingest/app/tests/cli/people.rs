//! Who may ask and who may publish, over real sockets and through the program's own commands.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tests::{Marsad, free_address, until};

use crate::program::{ask, at, filled, program};

pub(crate) const REGISTERED: &str =
    "[rules]\npacks = []\n[endpoint]\ndevices = \"registered\"\n[pipeline]\nflush_every = \"100ms\"\n";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Status and whole text of an answer.
pub(crate) fn http(address: SocketAddr, request: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(address).expect("somebody listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket.write_all(request.as_bytes()).expect("a request");
    let mut text = String::new();
    socket.read_to_string(&mut text).expect("an answer");
    (text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default(), text)
}

pub(crate) fn get(address: SocketAddr, path: &str, header: &str) -> (u16, String) {
    http(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}\r\n"))
}

pub(crate) fn post_form(address: SocketAddr, path: &str, form: &str) -> (u16, String) {
    let length = form.len();
    http(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
        ),
    )
}

/// The cookie that an answer sets.
pub(crate) fn cookie(answer: &str) -> String {
    let line = answer.lines().find(|line| line.starts_with("set-cookie: marsad=")).expect("a cookie");
    line["set-cookie: ".len()..].split(';').next().expect("its value").to_owned()
}

pub(crate) fn told(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    ask(folder, &[arguments, &["--json"]].concat()).json()
}

#[test]
fn sec_04_with_the_first_user_everybody_has_to_sign_in_and_commands_on_this_machine_go_on() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    assert_eq!(get(marsad.http, "/api/v1/status", "").0, 200, "open on the loopback without users");
    assert!(get(marsad.http, "/en/", "").1.contains("loopback only"));

    let password =
        told(folder.path(), &["user", "add", "nadia", "--role", "admin"])["password"].as_str().expect("made").to_owned();
    assert_eq!(get(marsad.http, "/api/v1/status", "").0, 401);
    assert_eq!(get(marsad.http, "/metrics", "").0, 401);
    assert_eq!(get(marsad.http, "/healthz", "").0, 200);
    assert_eq!(told(folder.path(), &["status"])["ready"], true, "the command line has a secret of its own");

    assert_eq!(post_form(marsad.http, "/login", "name=nadia&password=wrong-one").0, 401);
    let (status, answer) = post_form(marsad.http, "/login", &format!("name=nadia&password={password}&next=/fr/"));
    assert_eq!(status, 303, "{answer}");
    let session = format!("cookie: {}\r\n", cookie(&answer));
    assert_eq!(get(marsad.http, "/api/v1/users", &session).0, 200);
    assert!(!get(marsad.http, "/en/", &session).1.contains("loopback only"));

    told(folder.path(), &["user", "add", "officer-1", "--role", "officer"]);
    let token = told(folder.path(), &["token", "make", "grafana", "--role", "officer"]);
    let bearer = format!("authorization: Bearer {}\r\n", token["secret"].as_str().expect("a secret"));
    assert_eq!(get(marsad.http, "/api/v1/status", &bearer).0, 200);
    assert_eq!(get(marsad.http, "/api/v1/users", &bearer).0, 404, "not an officer's");
    told(folder.path(), &["token", "revoke", &token["id"].to_string()]);
    assert_eq!(get(marsad.http, "/api/v1/status", &bearer).0, 401);

    told(folder.path(), &["user", "remove", "officer-1"]);
    let verdict = told(folder.path(), &["audit", "verify"]);
    assert!(verdict["rows"].as_u64().expect("rows") >= 7 && verdict["broken"].is_null(), "{verdict}");
    let log = std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    assert!(!log.contains(&password) && !log.contains(token["secret"].as_str().expect("a secret")), "a secret is logged");
}

#[test]
fn sec_05_beyond_this_machine_nothing_is_served_before_the_one_time_link_was_used() {
    let folder = tempfile::tempdir().expect("a directory");
    let (http_at, mqtt) = (free_address(), free_address());
    let everywhere = format!("0.0.0.0:{}", http_at.port());
    let mut process = program()
        .args(["run", "--data"])
        .arg(folder.path().join("data"))
        .args(["--http", &everywhere, "--mqtt", &mqtt.to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/set-up?code=")).expect("the link is printed");
    let code = link.split("code=").nth(1).expect("a code").trim().to_owned();
    assert_eq!(get(http_at, "/api/v1/status", "").0, 401);
    assert_eq!(get(http_at, "/set-up?code=0000", "").0, 404);
    assert_eq!(get(http_at, &format!("/set-up?code={code}"), "").0, 200);
    let form = format!("code={code}&name=nadia&password=eleven+bins+on+the+corniche");
    let (status, answer) = post_form(http_at, "/set-up", &form);
    assert_eq!(status, 303, "{answer}");
    assert_eq!(get(http_at, "/api/v1/status", &format!("cookie: {}\r\n", cookie(&answer))).0, 200);
    assert_eq!(get(http_at, &format!("/set-up?code={code}"), "").0, 404, "it works once");
    assert_eq!(post_form(http_at, "/set-up", &form).0, 404);
    process.kill().expect("its end");
    process.wait().expect("its end");
}

/// CONNECT of MQTT 3.1.1 with a user name and a password; the code of its CONNACK.
pub(crate) fn connect(address: SocketAddr, client: &str, credentials: Option<(&str, &str)>) -> (TcpStream, u8) {
    let text = |text: &str| [&u16::try_from(text.len()).expect("short").to_be_bytes()[..], text.as_bytes()].concat();
    let flags = if credentials.is_some() { 0xC2 } else { 0x02 };
    let mut body = [&b"\x00\x04MQTT\x04"[..], &[flags, 0, 0], &text(client)].concat();
    if let Some((user, password)) = credentials {
        body.extend([text(user), text(password)].concat());
    }
    let mut socket = TcpStream::connect(address).expect("somebody listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let length = u8::try_from(body.len()).expect("a short packet");
    assert!(length < 128, "one byte of length");
    socket.write_all(&[&[0x10, length], &body[..]].concat()).expect("a CONNECT");
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).expect("a CONNACK");
    (socket, answer[3])
}

/// Publishes a level with QoS 1 and waits for its acknowledgement.
pub(crate) fn publish(socket: &mut TcpStream, topic: &str) {
    let payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":50}}}}"#, at(1));
    let length = u8::try_from(4 + topic.len() + payload.len()).expect("a short packet");
    let mut packet = vec![0x32, length];
    if length >= 128 {
        packet[1] = length;
        packet.push(1);
    }
    packet.extend(
        [&u16::try_from(topic.len()).expect("short").to_be_bytes()[..], topic.as_bytes(), &[0, 1], payload.as_bytes()].concat(),
    );
    socket.write_all(&packet).expect("a PUBLISH");
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).expect("a PUBACK");
    assert_eq!(answer, [0x40, 2, 0, 1]);
}

#[test]
fn sec_02_a_device_connects_with_its_own_credential_publishes_under_its_own_id_and_is_cut_off_by_revocation() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    assert_eq!(connect(marsad.mqtt, "bin-1", None).1, 4, "nobody is anonymous");
    let made = told(folder.path(), &["device", "credential", "make", "bin-1"]);
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(connect(marsad.mqtt, "bin-1", Some(("bin-1", "guess"))).1, 4);
    assert_eq!(connect(marsad.mqtt, "bin-2", Some(("bin-2", &secret))).1, 4, "its password is nobody else's");

    let (mut socket, code) = connect(marsad.mqtt, "any-name", Some(("bin-1", &secret)));
    assert_eq!(code, 0);
    publish(&mut socket, "marsad/anfa/waste/bin-1/up");
    publish(&mut socket, "marsad/anfa/waste/bin-2/up");
    until("its own reading to be stored", PATIENCE, || (filled(folder.path()) == 1).then_some(()));
    let status = told(folder.path(), &["status"]);
    let identity = &status["identity"];
    assert_eq!(
        (&identity["stored"], &identity["refused"], &identity["quarantined"]),
        (&1.into(), &1.into(), &0.into()),
        "{status}"
    );

    told(folder.path(), &["device", "credential", "revoke", "bin-1"]);
    assert_eq!(socket.read(&mut [0; 8]).unwrap_or(0), 0, "the connection that it had is ended");
    assert_eq!(connect(marsad.mqtt, "bin-1", Some(("bin-1", &secret))).1, 4);
}

#[test]
fn the_simulated_devices_of_a_demo_have_a_credential_where_one_is_needed() {
    let folder = tempfile::tempdir().expect("a directory");
    let marsad = Marsad::start_as("demo", folder.path(), REGISTERED);
    until("a simulated reading", PATIENCE, || marsad.status().filter(|status| status.identity.stored > 0));
    assert_eq!(connect(marsad.mqtt, "bin-1", None).1, 4, "others have none");
}
