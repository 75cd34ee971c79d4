//! Whoever is to be told is told: the real program is killed with `kill -9` again and again while alerts fire and
//! end, and a webhook and a mail server, which refuse now and then, must have had every step, once by key, in order.
//!
//! `MARSAD_KILLS` sets how often (default 10; 50 in the nightly target).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{Clock, SystemClock};
use tests::{Marsad, Publisher, until};

/// Messages a second: two of them are an alert and its end.
const PACE: f64 = 60.0;

/// What a receiver heard, in order, with repetitions.
#[derive(Default)]
struct Heard {
    keys: Mutex<Vec<String>>,
    asked: AtomicU64,
}

impl Heard {
    /// Each key once, where it was heard first: as a receiver keeps them.
    fn once(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.keys.lock().expect("no panic").iter().filter(|key| seen.insert((*key).clone())).cloned().collect()
    }

    /// Every seventh is refused for now; of the others every fifth is taken without a word.
    fn mood(&self) -> Mood {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        match n {
            n if n % 7 == 3 => Mood::Later,
            n if n % 5 == 2 => Mood::TakeAndFall,
            _ => Mood::Take,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Take,
    Later,
    TakeAndFall,
}

/// Serves each connection by `serve`, on a thread of its own.
fn listen(serve: fn(TcpStream, &Heard) -> io::Result<()>) -> (SocketAddr, Arc<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, heard) = (listener.local_addr().expect("an address"), Arc::new(Heard::default()));
    let book = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = Arc::clone(&book);
            // Whatever breaks, breaks for the client.
            std::thread::spawn(move || serve(stream, &book));
        }
    });
    (address, heard)
}

fn webhook(mut stream: TcpStream, heard: &Heard) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { if line.trim().is_empty() { break } else { continue } };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => value.clone_into(&mut key),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    if key.is_empty() {
        // The program was killed before it had asked.
        return Ok(());
    }
    let mood = heard.mood();
    if mood != Mood::Later {
        heard.keys.lock().expect("no panic").push(key);
    }
    match mood {
        Mood::Take => stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        Mood::Later => stream.write_all(b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        Mood::TakeAndFall => Ok(()),
    }
}

fn mail(stream: TcpStream, heard: &Heard) -> io::Result<()> {
    services::mail::converse(stream, |mail| {
        // The last line of the text is the key.
        let key = mail.lines().rfind(|line| line.starts_with("mail/")).unwrap_or_default();
        let mood = heard.mood();
        if mood != Mood::Later {
            heard.keys.lock().expect("no panic").push(key.to_owned());
        }
        match mood {
            Mood::Take => Some("250 taken"),
            Mood::Later => Some("451 later"),
            Mood::TakeAndFall => None,
        }
    })
}

fn settings(hook: SocketAddr, mail: SocketAddr) -> String {
    format!(
        r#"
[pipeline]
commit_every = "200ms"
[rules]
packs = []
files = ["rules.toml"]
[notify]
retry_first = "10ms"
retry_limit = "200ms"
[[notify.channel]]
name = "hook"
type = "webhook"
url = "http://{hook}/alerts"
[[notify.channel]]
name = "mail"
type = "email"
server = "127.0.0.1"
port = {}
protection = "none"
from = "marsad@city.example"
to = ["desk@city.example"]
"#,
        mail.port()
    )
}

const RULES: &str = r#"
[[rule]]
id = "full"
severity = "warning"
notify = ["hook", "mail"]
[rule.when]
kind = "waste"
quantity = "waste.fill"
[rule.threshold]
at_least = 90.0
clear = 80.0
[rule.texts]
fr = "Plein"
ar = "ممتلئة"
en = "Full"
[rule.resolved]
fr = "Vide"
ar = "فارغة"
en = "Empty"
"#;

#[test]
fn whatever_kills_the_program_every_receiver_has_each_step_once_by_key_and_in_order() {
    let kills: u64 = std::env::var("MARSAD_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.toml"), RULES).expect("the rules");
    let ((hook, by_hook), (post, by_mail)) = (listen(webhook), listen(mail));
    let mut marsad = Marsad::start(folder.path(), &settings(hook, post));
    let start = SystemClock.now().minus(Duration::from_secs(600)).millis();
    let publisher = Publisher::start(
        marsad.mqtt,
        PACE,
        Box::new(move |n, topic, payload| {
            let (bin, at) = (n / 2, start + i64::try_from(n % 2).unwrap_or_default() * 1000);
            let fill = if n % 2 == 0 { 95 } else { 10 };
            *topic = format!("marsad/anfa/waste/bin-{bin:05}/up");
            // The publisher writes lengths of two bytes.
            let room = " ".repeat(120);
            *payload = format!("{{\"v\":1,{room}\"time\":{at},\"values\":{{\"waste.fill\":{fill}}}}}").into_bytes();
        }),
    );
    for n in 0..kills {
        let before = publisher.tally().acknowledged.load(Ordering::Relaxed);
        until("messages to be acknowledged", Duration::from_secs(30), || {
            (publisher.tally().acknowledged.load(Ordering::Relaxed) >= before + 5 + 7 * (n % 4)).then_some(())
        });
        marsad.kill();
        marsad = marsad.again(folder.path());
    }
    let alerts = publisher.finish() / 2;
    let whole = usize::try_from(alerts).expect("a few");
    eprintln!("{kills} kills, {alerts} alerts");
    for (name, heard) in [("hook", &by_hook), ("mail", &by_mail)] {
        // An alert of which the end was never acknowledged may have begun besides.
        let ended = || heard.once().iter().filter(|key| key.ends_with(":resolved")).count();
        until("everything to be told", Duration::from_secs(120), || (ended() >= whole).then_some(()));
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, key) in heard.once().iter().enumerate() {
            assert!(key.starts_with(&format!("{name}/full:bin-")), "{key}");
            let (alert, phase) = key.rsplit_once(':').expect("a phase");
            let lines = places.entry(alert.to_owned()).or_default();
            assert_eq!(phase, if lines.is_empty() { "firing" } else { "resolved" }, "{name}: {key} is out of order");
            lines.push(place);
        }
        let told = places.values().filter(|lines| lines.len() == 2).count();
        assert!(told >= whole, "{name}: {told} of {alerts} alerts were told from beginning to end");
    }
    let one = by_hook.once().remove(0);
    let alert = one.trim_start_matches("hook/").trim_end_matches(":firing");
    let why = marsad.json(&format!("/api/v1/alerts/{alert}/why"));
    let firing = &why["steps"][0];
    assert_eq!(firing["phase"], "firing");
    assert_eq!(firing["chain"][0]["what"], "decided");
    assert_eq!(firing["deliveries"].as_array().map(Vec::len), Some(2), "{why}");
    assert!(marsad.stop().success());
    let data = folder.path().join("data");
    let asked = Marsad::command(&["alert", "why", alert, "--data", data.to_str().expect("a plain path")]);
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.status.success() && said.contains("the rule full (warning)") && said.contains("hook: delivered"), "{asked:?}");
}
