//! Closed by default, over real sockets: what somebody meets who has no right to be here.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tests::{Marsad, free_address, until};

use crate::people::{PATIENCE, connect, cookie, get, http, post_form, publish, told};
use crate::program::{ask, end_of, filled, of, program};
use crate::secrecy::Running;

const QUIET: &str = "[rules]\npacks = []\n[pipeline]\nflush_every = \"100ms\"\n[privacy]\nkinds = []\n";

/// A program whose endpoint everybody reaches, on a port of this machine too.
fn everywhere(folder: &Path, settings: &str) -> (Running, SocketAddr) {
    let (mqtt, pages) = (free_address(), free_address());
    fs::write(folder.join("marsad.toml"), settings).expect("the settings");
    let mut command = program();
    command.arg("run").args(of(folder)).args(["--mqtt", &format!("0.0.0.0:{}", mqtt.port()), "--http", &pages.to_string()]);
    let running = Running(command.stderr(Stdio::null()).spawn().expect("it starts"));
    until("the program to answer", PATIENCE, || {
        folder.join("data/running.json").exists().then_some(())?;
        (ask(folder, &["status"]).code == Some(0)).then_some(())
    });
    (running, mqtt)
}

fn lines(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let said = ask(folder, &[arguments, &["--json"]].concat());
    said.well().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// POST of JSON with these headers.
fn post_json(address: SocketAddr, path: &str, body: &Value, headers: &str) -> (u16, String) {
    let body = body.to_string();
    let length = body.len();
    http(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        ),
    )
}

#[test]
fn sec_02_beyond_this_machine_nobody_publishes_without_a_credential_and_no_setting_changes_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = format!("{QUIET}[endpoint]\nplain = true\n");
    let (running, mqtt) = everywhere(folder.path(), &plain);
    for (client, credentials) in
        [("bin-1", None), ("x", Some(("", ""))), ("x", Some(("bin-1", ""))), ("x", Some(("admin", "admin")))]
    {
        assert_eq!(connect(mqtt, client, credentials).1, 4, "{credentials:?}");
    }
    let secret = told(folder.path(), &["device", "credential", "make", "bin-1"]);
    let secret = secret["secret"].as_str().expect("a secret");
    let (mut device, code) = connect(mqtt, "x", Some(("bin-1", secret)));
    assert_eq!(code, 0);
    publish(&mut device, "marsad/anfa/waste/bin-1/up");
    until("its reading to be stored", PATIENCE, || (filled(folder.path()) == 1).then_some(()));
    drop(running);

    let run = |listen: &[&str]| end_of(program().arg("run").args(of(folder.path())).args(listen));
    let open = format!("{QUIET}[endpoint]\ndevices = \"open\"\n");
    for (settings, mqtt, names) in [
        (format!("{open}plain = true\n"), "0.0.0.0:0", ["marsad.toml:8", "loopback", "registered"]),
        (format!("{open}tls_listen = \"0.0.0.0:0\"\n"), "127.0.0.1:0", ["marsad.toml:8", "loopback", "registered"]),
        (QUIET.to_owned(), "0.0.0.0:0", ["endpoint.listen", "tls_listen", "plain = true"]),
    ] {
        fs::write(folder.path().join("marsad.toml"), settings).expect("the settings");
        run(&["--mqtt", mqtt, "--http", "127.0.0.1:0"]).refused(78, &names);
    }
}

#[test]
fn sec_05_five_wrong_passwords_lock_a_name_for_a_quarter_of_an_hour_over_http_and_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), QUIET);
    let password = told(folder.path(), &["user", "add", "nadia", "--role", "admin"])["password"].clone();
    let password = password.as_str().expect("one that was made");
    told(folder.path(), &["user", "add", "omar", "--role", "officer"]);
    for (name, guess) in [("admin", "admin"), ("marsad", "marsad"), ("nadia", "")] {
        assert_eq!(post_form(marsad.http, "/login", &format!("name={name}&password={guess}")).0, 401, "{name}");
    }
    let wrong = |marsad: &Marsad| post_form(marsad.http, "/login", "name=nadia&password=guess").0;
    let right = |marsad: &Marsad| post_form(marsad.http, "/login", &format!("name=nadia&password={password}"));
    // One was wrong before.
    assert_eq!((0..4).map(|_| wrong(&marsad)).collect::<Vec<_>>(), [401; 4]);
    let (status, page) = right(&marsad);
    assert!(status == 429 && !page.contains("set-cookie"), "the right one too: {page}");
    assert_eq!(post_form(marsad.http, "/login", "name=omar&password=guess").0, 401, "nobody else is locked");
    let marsad = marsad.again(folder.path());
    assert_eq!(right(&marsad).0, 429, "a restart opens nothing");
    let row =
        lines(folder.path(), &["audit", "list"]).into_iter().rfind(|row| row["who"] == "nadia").expect("it is written down");
    assert!(row["event"] == "login" && row["outcome"] != "ok", "{row}");
}

#[test]
fn sec_05_a_token_holds_an_hour_where_nobody_says_longer_and_what_somebody_says_is_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), &format!("{QUIET}[access]\ntoken_hours = 48\n"));
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    let span = |token: &Value| {
        let at = |name: &str| token[name].as_str().and_then(|text| text.parse::<schemas::Timestamp>().ok()).expect("a time");
        at("expires_at").since(at("created_at")).as_secs()
    };
    assert_eq!(span(&told(folder.path(), &["token", "make", "usual", "--role", "officer"])), 3600);
    assert_eq!(span(&told(folder.path(), &["token", "make", "long", "--role", "officer", "--hours", "48"])), 48 * 3600);
    ask(folder.path(), &["token", "make", "ever", "--role", "officer", "--hours", "49"]).refused(1, &["48 hours", "token_hours"]);

    let admin = told(folder.path(), &["token", "make", "admin-1", "--role", "admin", "--write"]);
    let bearer = format!("authorization: Bearer {}\r\n", admin["secret"].as_str().expect("a secret"));
    let unsaid = json!({ "name": "api", "role": "officer", "read_only": true });
    let (status, answer) = post_json(marsad.http, "/api/v1/tokens", &unsaid, &bearer);
    assert!(status == 422 || status == 400, "by the API somebody says how long: {answer}");
    let audit = serde_json::to_string(&lines(folder.path(), &["audit", "list"])).expect("JSON");
    for part in ["`usual` for 1 hours", "`long` for 48 hours"] {
        assert!(audit.contains(part), "{part} is not in {audit}");
    }
    assert!(!audit.contains("`ever`"), "{audit}");
}

#[test]
fn sec_06_what_was_tried_is_written_down_in_utc_and_nobody_takes_it_back_unseen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), QUIET);
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    let token = told(folder.path(), &["token", "make", "curious", "--role", "officer"]);
    let bearer = format!("authorization: Bearer {}\r\n", token["secret"].as_str().expect("a secret"));
    assert_eq!(get(marsad.http, "/api/v1/users", &bearer).0, 404);
    assert_eq!(get(marsad.http, "/api/v1/latest?format=csv", &bearer).0, 200);
    assert_eq!(post_form(marsad.http, "/login", "name=nadia&password=guess").0, 401);
    ask(folder.path(), &["reload"]).well();
    let rows = lines(folder.path(), &["audit", "list"]);
    for (event, who) in [("denied", "token:curious"), ("export", "token:curious"), ("login", "nadia")] {
        let found = rows.iter().find(|row| row["event"] == event && row["who"] == who);
        let row = found.unwrap_or_else(|| panic!("no {event} of {who}: {rows:?}"));
        assert!(row["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{row}");
    }
    assert!(rows.iter().any(|row| row["event"] == "config"), "{rows:?}");
    assert!(told(folder.path(), &["audit", "verify"])["broken"].is_null());
    assert!(marsad.stop().success());

    let file = folder.path().join("data/access.db");
    let book = rusqlite::Connection::open(&file).expect("the file");
    for deed in ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'", "DELETE FROM audit WHERE number = 1"] {
        assert!(book.execute(deed, []).is_err_and(|e| e.to_string().contains("only ever added to")), "{deed}");
    }
    drop(book);
    assert!(told(folder.path(), &["audit", "verify"])["broken"].is_null(), "nothing was changed by that");
    flip(&file, b"token:curious");
    let said = ask(folder.path(), &["audit", "verify", "--json"]);
    assert!(said.code == Some(1) && !said.out.contains("\"broken\":null"), "one flipped bit is found: {said:?}");
}

/// Changes one bit of the last letter where a text stands.
fn flip(file: &Path, text: &[u8]) {
    let bytes = fs::read(file).expect("its bytes");
    let at = bytes.windows(text.len()).position(|w| w == text).expect("the text") + text.len() - 1;
    let mut file = fs::File::options().write(true).open(file).expect("the file");
    file.seek(SeekFrom::Start(at as u64)).expect("the place");
    file.write_all(&[bytes[at] ^ 1]).expect("one byte");
}

#[test]
fn sec_11_every_page_carries_its_headers_and_a_form_of_another_site_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), QUIET);
    let password = told(folder.path(), &["user", "add", "nadia", "--role", "admin"])["password"].clone();
    let form = format!("name=nadia&password={}", password.as_str().expect("one that was made"));
    let (_, entered) = post_form(marsad.http, "/login", &form);
    let set = entered.lines().find(|line| line.starts_with("set-cookie: marsad=")).expect("a cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let session = format!("cookie: {}\r\n", cookie(&entered));
    for path in ["/login", "/en/", "/fr/alerts", "/ar/water", "/api/v1/status", "/nothing"] {
        let (_, answer) = get(marsad.http, path, &session);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy: ")).expect("a policy");
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe-inline") && !policy.contains("http"),
            "{policy}"
        );
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        assert!(!body.contains("<script>") && !body.contains(" onclick="), "{path}");
    }
    let reload = |origin: &str| post_json(marsad.http, "/api/v1/reload", &json!({}), &format!("{session}{origin}")).0;
    assert_eq!(reload("origin: https://evil.example\r\n"), 403);
    assert_eq!(reload("sec-fetch-site: cross-site\r\n"), 403);
    assert_eq!(reload(&format!("origin: http://{}\r\n", marsad.http)), 200, "a page of ours");
    let rows = lines(folder.path(), &["audit", "list"]);
    let foreign = rows.iter().filter(|row| row["outcome"] == "from another site").count();
    let done = rows.iter().filter(|row| row["what"] == "POST /api/v1/reload" && row["outcome"] == "200").count();
    assert_eq!((foreign, done), (2, 1), "{rows:?}");
}

#[test]
fn sec_12_whom_to_tell_of_a_weakness_is_said_where_there_is_somebody_and_no_contact_is_made_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let contact = |extra: &str| {
        let mut marsad = Marsad::start(folder.path(), &format!("{QUIET}{extra}"));
        let answer = get(marsad.http, "/.well-known/security.txt", "");
        assert!(marsad.stop().success());
        answer
    };
    assert_eq!(contact("").0, 404);
    let (status, text) = contact("[http]\nsecurity_contact = \"mailto:security@city.example\"\n");
    assert!(status == 200 && text.contains("\r\n\r\nContact: mailto:security@city.example\nExpires: 2"), "{text}");
}

#[test]
fn sec_13_a_store_of_sensitive_data_abroad_is_refused_at_the_start_and_everybody_reads_where_data_lie() {
    let folder = tempfile::tempdir().expect("a folder");
    let started = |location: &str| {
        fs::write(folder.path().join("marsad.toml"), format!("{QUIET}[location]\n{location}\n")).expect("the settings");
        end_of(program().arg("run").args(of(folder.path())).args(["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"]))
    };
    started("data = \"FR\"").refused(78, &["marsad.toml:7", "`water`", "sensitive", "FR"]);
    started("backup = \"US\"").refused(78, &["marsad.toml:7", "`water`", "US"]);
    started("data = \"Maroc\"").refused(78, &["two capital letters"]);
    assert!(!folder.path().join("data/journal").exists(), "nothing was made");

    let marsad = Marsad::start(folder.path(), QUIET);
    told(folder.path(), &["user", "add", "nadia", "--role", "admin"]);
    let (status, answer) = get(marsad.http, "/api/v1/privacy/assets", "");
    assert_eq!(status, 200, "everybody may read it");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let register: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    let sets = register.as_object().and_then(|all| all.values().find_map(Value::as_array)).expect("data sets");
    let water = sets.iter().find(|set| set["code"] == "water").expect("meters");
    assert_eq!(water["class"], "sensitive");
    assert!(sets.iter().all(|set| set["kept"].as_array().is_some_and(|kept| !kept.is_empty())), "{register}");
    assert!(water["kept"].as_array().expect("stores").iter().all(|store| store["location"] == "MA"), "{water}");
}

/// CLIENT HELLO of TLS 1.1, as an old device says it.
fn hello_of_1_1() -> Vec<u8> {
    let chance = [7; 32];
    // No session, one cipher suite, no compression; signatures by ECDSA, so that nothing but the version is wrong.
    let rest = [0, 0, 2, 0xc0, 0x13, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3];
    let hello = [&[3, 2][..], &chance, &rest].concat();
    let length = |bytes: usize| u8::try_from(bytes).expect("a short record");
    [&[0x16, 3, 1, 0, length(hello.len() + 4), 1, 0, 0, length(hello.len())], &hello[..]].concat()
}

/// What a door answers to TLS 1.1: the kind of its first record, and the alert.
pub(crate) fn old_tls(address: SocketAddr) -> (u8, u8) {
    let mut socket = TcpStream::connect(address).expect("somebody listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket.write_all(&hello_of_1_1()).expect("a hello");
    let mut answer = [0; 7];
    socket.read_exact(&mut answer).expect("an alert");
    (answer[0], answer[6])
}
