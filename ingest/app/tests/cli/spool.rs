//! A server of readings that is away: what comes meanwhile waits on disk, within its bound, and is handed over once, over a kill
//! of the program too.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tests::{Device, Marsad, until};

use crate::people::PATIENCE;
use crate::privacy::files;
use crate::program::{at, hour};

/// What the journal may be at most, and one file of it.
const LIMIT: u64 = 4 << 20;
const SEGMENT: u64 = 1 << 20;
/// Messages that do not fit while nobody takes them, of 8 KiB each.
const MESSAGES: u32 = 700;

/// Series and milliseconds of a reading, and its value as it was written.
type Readings = BTreeMap<(String, i64), String>;

/// As much of InfluxDB 2 as a writer meets: a point of the same series and time is one point.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    away: Arc<AtomicBool>,
    readings: Arc<Mutex<Readings>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, away: Arc::default(), readings: Arc::default() };
        let own = server.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let server = own.clone();
                // Whatever breaks, breaks for the client.
                std::thread::spawn(move || server.serve(&socket));
            }
        });
        server
    }

    /// Ends without a word while it is away, after it has taken what was sent too: an answer that is lost on its way.
    fn serve(&self, socket: &TcpStream) -> io::Result<()> {
        let (mut reader, mut writer) = (BufReader::new(socket), socket);
        while !self.is_away() {
            let (mut head, mut length) = (String::new(), 0);
            reader.read_line(&mut head)?;
            let mut line = String::from("-");
            while line.trim_end() != "" {
                line.clear();
                reader.read_line(&mut line)?;
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            if head.contains("/api/v2/write") && head.contains("bucket=marsad_raw") {
                self.take(&String::from_utf8_lossy(&body));
            }
            if self.is_away() {
                break;
            }
            let body = if head.contains("/query") { "{\"results\":[{\"statement_id\":0}]}\n" } else { "" };
            let status = if body.is_empty() { "204 No Content" } else { "200 OK" };
            write!(writer, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
        }
        Ok(())
    }

    fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    fn take(&self, lines: &str) {
        let mut readings = self.readings.lock().expect("no panic");
        for line in lines.lines() {
            let mut parts = line.split(' ');
            let (series, fields, at) = (parts.next(), parts.next(), parts.next());
            let value = fields.and_then(|fields| fields.split(',').find_map(|field| field.strip_prefix("value=")));
            let at = at.and_then(|at| at.parse().ok()).expect("a time");
            readings.insert((series.expect("a series").to_owned(), at), value.expect("a value").to_owned());
        }
    }
}

/// Message `n`: its topic, and 8 KiB of which a reading is a small part.
fn message(n: u32) -> (String, Vec<u8>) {
    let payload = format!(r#"{{"v":1,"time":"{}","values":{{"waste.fill":{}}}}}{:8192}"#, at(n), n % 100, " ");
    (format!("marsad/anfa/waste/bin-{}/up", n % 7), payload.into_bytes())
}

fn sent() -> Readings {
    let series = |n: u32| format!("waste,channel=0,device=bin-{},quantity=waste.fill,zone=anfa", n % 7);
    let time = |n: u32| hour().start.plus(Duration::from_secs(u64::from(n))).millis();
    (0..MESSAGES).map(|n| ((series(n), time(n)), (n % 100).to_string())).collect()
}

fn size(journal: &Path) -> u64 {
    files(journal).into_iter().filter_map(|file| fs::metadata(file).ok()).map(|data| data.len()).sum()
}

/// Publishes these, and gives those that were not acknowledged once nothing is any more.
fn publish(marsad: &Marsad, messages: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut device = Device::connect(marsad.mqtt, "gateway");
    let numbers: Vec<(u16, u32)> = messages
        .map(|n| {
            let (topic, payload) = message(n);
            (device.publish(&topic, &payload), n)
        })
        .collect();
    let mut left = device.unacknowledged(Duration::from_secs(2)).clone();
    loop {
        let now = device.unacknowledged(Duration::from_secs(2)).clone();
        if now.len() == left.len() {
            return numbers.into_iter().filter(|(number, _)| now.contains(number)).map(|(_, n)| n).collect();
        }
        left = now;
    }
}

#[test]
fn sec_10_while_the_store_is_away_messages_wait_on_disk_within_a_bound_and_none_is_lost_or_stored_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start();
    let settings = format!(
        "[store]\nkind = \"influx\"\n[influx]\nurl = \"http://{}\"\ntoken = \"t\"\n[rules]\npacks = []\n\
         [pipeline]\nflush_every = \"100ms\"\n[journal]\nsegment = \"1 MiB\"\nkeep = \"1 MiB\"\nlimit = \"4 MiB\"\n",
        server.address
    );
    let mut marsad = Marsad::start(folder.path(), &settings);
    assert!(publish(&marsad, 0..10).is_empty(), "the store is there");
    until("the first to be stored", PATIENCE, || marsad.status().filter(|status| status.identity.stored == 10));

    server.away.store(true, Ordering::SeqCst);
    let waiting = publish(&marsad, 10..MESSAGES);
    let spooled = MESSAGES as usize - 10 - waiting.len();
    assert!(!waiting.is_empty() && spooled as u64 * 8192 > LIMIT / 2, "{spooled} were kept, {} wait outside", waiting.len());
    let journal = folder.path().join("data/journal");
    assert!(size(&journal) <= LIMIT + SEGMENT, "{} bytes", size(&journal));
    let (status, ready) = crate::people::get(marsad.http, "/readyz", "");
    assert_eq!(status, 503, "{ready}");

    marsad.kill();
    let marsad = marsad.again(folder.path());
    server.away.store(false, Ordering::SeqCst);
    // What was not acknowledged its devices say again; some of it may be there already.
    let mut left = waiting;
    until("room in the journal", PATIENCE, || {
        left = publish(&marsad, left.iter().copied());
        left.is_empty().then_some(())
    });
    let identity = marsad.settled(PATIENCE).identity;
    assert!(identity.balances() && identity.quarantined == 0 && identity.refused == 0, "{identity:?}");
    assert!(identity.stored >= u64::from(MESSAGES), "{identity:?}");
    assert!(*server.readings.lock().expect("no panic") == sent(), "what the server has is what was sent");
}
