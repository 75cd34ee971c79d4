//! Promise 1: acknowledged means kept. The real program is killed with `kill -9` again and again while
//! messages stream in, its journal's end is torn, and at the end every acknowledged message must be in
//! the store or in the quarantine, none twice, and the account must balance.
//!
//! `MARSAD_KILLS` sets how often (default 25; the nightly target runs 1,000), `MARSAD_SEED` the seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ports::{Clock, Page, Quarantine, QuarantineFilter, SystemClock};
use register::Register;
use schemas::Timestamp;
use serde_json::Value;
use simulators::Load;
use tests::{Marsad, Mosquitto, Publisher, until};

/// Messages per second that must have been acknowledged while the program was up.
const RATE: f64 = 5_000.0;
/// Messages per second that are published, at most: a broker must not pile up more than the program can
/// work off between two kills.
const PACE: f64 = 7_000.0;
/// Every so many messages one is garbage, which belongs into the quarantine.
const GARBAGE: u64 = 97;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

fn garbage(n: u64) -> String {
    format!(
        "{{\"v\":1,\"values\":{{\"air.pm10\":\"garbage number {n}, which is long enough to be written with two bytes of length ............\"}}}}"
    )
}

/// The end of a commit that power loss tore: some bytes of nothing after what was acknowledged.
fn tear(data: &Path, chance: &mut Chance) {
    let folder = data.join("journal");
    let segments = std::fs::read_dir(&folder).expect("the journal").flatten().map(|e| e.path());
    let last = segments.filter(|p| p.extension().is_some_and(|e| e == "seg")).max();
    let Some(last) = last else { panic!("no segment in {}", folder.display()) };
    let noise: Vec<u8> = (0..chance.below(4096)).map(|_| u8::try_from(chance.below(256)).expect("a byte")).collect();
    OpenOptions::new().append(true).open(last).and_then(|mut f| f.write_all(&noise)).expect("the segment can be torn");
}

fn settings(extra: &str) -> String {
    // Short flushes, so that kills fall into them too.
    format!("[pipeline]\nflush_every = \"300ms\"\ncommit_every = \"200ms\"\n{extra}")
}

struct Crash {
    kills: u64,
    chance: Chance,
    start: Timestamp,
}

impl Crash {
    fn new(name: &str) -> Self {
        let seed = number("MARSAD_SEED", 20_261_121);
        let kills = number("MARSAD_KILLS", 25);
        eprintln!("{name}: {kills} kills, MARSAD_SEED={seed}");
        Self { kills, chance: Chance(seed), start: SystemClock.now().minus(Duration::from_secs(60)) }
    }

    fn load(&self) -> Load {
        Load::new(7, 50, 100).starting(self.start)
    }

    fn publisher(&self, address: std::net::SocketAddr) -> Publisher {
        let load = self.load();
        Publisher::start(
            address,
            PACE,
            Box::new(move |n, topic, payload| {
                load.publish(n, topic, payload);
                if n % GARBAGE == 0 {
                    *payload = garbage(n).into_bytes();
                }
            }),
        )
    }

    /// Kills and restarts, then waits until everything is worked off. The number of messages that were
    /// acknowledged.
    fn torment(&mut self, folder: &Path, settings: &str, broker: Option<&Mosquitto>) -> (u64, Marsad) {
        let mut marsad = Marsad::start(folder, settings);
        let publisher = self.publisher(broker.map_or(marsad.mqtt, |b| b.address));
        let mut up = Duration::ZERO;
        for _ in 0..self.kills {
            let began = Instant::now();
            let before = publisher.tally().acknowledged.load(Ordering::Relaxed);
            let some = 200 + self.chance.below(3_000);
            until("messages to be acknowledged", Duration::from_secs(30), || {
                (publisher.tally().acknowledged.load(Ordering::Relaxed) >= before + some).then_some(())
            });
            up += began.elapsed();
            marsad.kill();
            if self.chance.below(2) == 0 {
                tear(&folder.join("data"), &mut self.chance);
            }
            marsad = marsad.again(folder);
            let identity = marsad.status().expect("it has answered a moment ago").identity;
            assert!(identity.balances(), "after a crash: {identity:?}");
        }
        let acknowledged = publisher.finish();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = acknowledged as f64 / up.as_secs_f64();
        eprintln!("{acknowledged} acknowledged, {rate:.0} per second while up");
        assert!(rate >= RATE, "only {rate:.0} messages per second were acknowledged: the test is too gentle");
        (acknowledged, marsad)
    }

    /// Every acknowledged message is stored once or quarantined; the account balances.
    fn verify(&self, acknowledged: u64, marsad: &mut Marsad, folder: &Path) {
        let status = marsad.settled(Duration::from_secs(240));
        assert!(status.identity.balances(), "{:?}", status.identity);
        assert!(marsad.stop().success());

        let data = folder.join("data");
        let data = data.to_str().expect("a plain path");
        let from = self.start.to_string();
        let exported = Marsad::command(&["export", "--data", data, "--from", &from, "--format", "ndjson"]);
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        let mut stored: BTreeMap<(String, Timestamp), f64> = BTreeMap::new();
        for line in exported.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            let row: Value = serde_json::from_slice(line).expect("a row");
            if row["quantity"] != "air.pm10" {
                continue;
            }
            let at = row["observed_at"].as_str().and_then(|t| t.parse().ok()).expect("a time");
            let key = (row["device"].as_str().expect("a device").to_owned(), at);
            let twice = stored.insert(key.clone(), row["value"].as_f64().expect("a value"));
            assert!(twice.is_none(), "{key:?} is stored twice");
        }
        let register = Register::open(&folder.join("data/register.db")).expect("the register");
        let rows = register.page(&QuarantineFilter::default(), 0..u64::MAX, Page::WHOLE).expect("the quarantine");
        let aside: BTreeSet<Vec<u8>> = rows.iter().map(|r| r.message.payload.to_vec()).collect();
        let load = self.load();
        for n in 0..acknowledged {
            if n % GARBAGE == 0 {
                assert!(aside.contains(garbage(n).as_bytes()), "garbage {n} was acknowledged and is not in the quarantine");
            } else {
                let (device, _, at, value) = load.expect(n);
                assert_eq!(stored.get(&(device.to_string(), at)), Some(&value), "message {n} was acknowledged and is not stored");
            }
        }
        let good = (0..acknowledged).filter(|n| n % GARBAGE != 0).count();
        assert_eq!(stored.len(), good, "something was stored that nobody sent");
        let after = Marsad::command(&["status", "--data", data, "--json"]);
        let after: Value = serde_json::from_slice(&after.stdout).expect("a status");
        let identity = &after["identity"];
        let count = |name: &str| identity[name].as_u64().expect("a count");
        assert_eq!(
            count("received"),
            count("stored") + count("duplicate") + count("quarantined") + count("refused") + count("waiting")
        );
        assert_eq!(count("received"), status.identity.received, "the account changed over the restart");
        assert_eq!(count("waiting"), 0);
        assert_eq!(rows.len() as u64, count("quarantined"));
    }
}

#[test]
fn at_least_once_through_the_endpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut crash = Crash::new("at_least_once_through_the_endpoint");
    let (acknowledged, mut marsad) = crash.torment(folder.path(), &settings(""), None);
    crash.verify(acknowledged, &mut marsad, folder.path());
}

#[test]
fn at_least_once_through_mosquitto() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(broker) = Mosquitto::start(folder.path()) else { return };
    let mut crash = Crash::new("at_least_once_through_mosquitto");
    let collector = format!(
        "[[collector]]\nname = \"city\"\nurl = \"mqtt://{}\"\nclient_id = \"marsad-crash\"\nfilters = [\"marsad/#\"]\n",
        broker.address
    );
    let settings = settings(&collector);
    // The broker keeps messages from the first subscription on: it must be there before the first message.
    let mut first = Marsad::start(folder.path(), &settings);
    until("the collector to subscribe", Duration::from_secs(10), || {
        first.status().filter(|s| s.sources.iter().any(|source| source.name == "city" && source.up))
    });
    first.kill();
    let (acknowledged, mut marsad) = crash.torment(folder.path(), &settings, Some(&broker));
    until("the broker to hand over everything", Duration::from_secs(240), || {
        marsad.status().filter(|s| s.identity.received >= acknowledged)
    });
    crash.verify(acknowledged, &mut marsad, folder.path());
}
