//! The model check: random sequences of steps, corrections by late readings, flapping, acts, silences, windows, inhibitions, time and
//! restarts through the real planner, with groups, escalations and rotas, curb and life cycle, against an oracle that knows nothing of
//! how they work.
//!
//! The oracle holds: an act is done exactly where its table says so; no beginning, reminder or escalation goes while something
//! withholds its alert, no reminder or escalation while somebody has it in hand, however long it waited; each receiver is told a
//! beginning once and before its end, and no two messages by one key; whoever was told a beginning is told its end, or that it should
//! not have been; what fires when nothing withholds it any more was told.
//!
//! `MARSAD_SEQUENCES` says how many (a million: `MARSAD_SEQUENCES=1000000 cargo test --release -p notify million`),
//! `MARSAD_SEED` which.

mod oracle;
mod play;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::tz::TimeZone;
use ports::{AlertView, Curbs, Quiet};
use schemas::{Act, AlertId, ChannelName, Life, Phase, Scope, Severity, Timestamp, Transition};

use super::scene::{policy, policy_with};
use super::{channel, start};
use crate::curb::{Common, Inhibit, Sight, Topology};
use crate::curbed::Curbed;
use crate::plan::{Planner, Policy};
use crate::rota::Rota;

/// Sequences in an ordinary run of the suite.
const SEQUENCES: u64 = 1_000;
/// Things that happen in a sequence.
const EVENTS: u64 = 18;
const MINUTE: Duration = Duration::from_secs(60);

/// Device, zone and severity of what can fire: the first two watch one device.
const SLOTS: [(&str, &str, Severity); 4] = [
    ("d-1", "anfa", Severity::Warning),
    ("d-1", "anfa", Severity::Critical),
    ("d-2", "anfa", Severity::Critical),
    ("e-3", "maarif", Severity::Info),
];

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, many: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % many
    }

    fn index(&mut self, many: usize) -> usize {
        usize::try_from(self.below(many as u64)).expect("below a usize")
    }
}

/// What the oracle remembers of an episode, in the plainest words.
#[derive(Clone, Default)]
struct Plain {
    phase: Option<Phase>,
    in_hand: Option<Option<Timestamp>>,
    assigned: bool,
    shelf: Option<Timestamp>,
    by_hand: bool,
}

struct World {
    policy: Arc<Policy>,
    inhibit: Arc<[Inhibit]>,
    curbed: Curbed,
    kept: BTreeMap<String, Bytes>,
    now: Timestamp,
    /// The log; a number is a place in it, from 1.
    log: Vec<Transition>,
    planned: usize,
    acts: Vec<Act>,
    acted: usize,
    quiets: Vec<Quiet>,
    /// What was seen last, and of which revision: steps, acts, and quiets begun and ended.
    sight: ([usize; 4], Arc<Sight>),
    lives: BTreeMap<AlertId, (usize, Life, Plain)>,
    /// The present episode of each slot.
    present: [Option<AlertId>; SLOTS.len()],
    /// Receiver and step of each beginning and end that was told.
    told: BTreeSet<(ChannelName, u64)>,
    /// Receiver and key of each message: what has a key that is known is dropped.
    keys: BTreeSet<(ChannelName, String)>,
}

fn inhibitions() -> Arc<[Inhibit]> {
    let severe = Scope { severity: vec![Severity::Critical, Severity::Emergency], ..Scope::default() };
    let mild = Scope { severity: vec![Severity::Info, Severity::Warning], ..Scope::default() };
    vec![Inhibit { name: "worse".to_owned(), source: severe, target: mild, equal: vec![Common::Device] }].into()
}

fn policies() -> Vec<Arc<Policy>> {
    let waits = "[[route]]\nname = \"all\"\nto = [\"hook\", \"desk\"]\ngroup = [\"zone\"]\nwait = \"2m\"\ninterval = \"10m\"\nrepeat = \"30m\"\n";
    let climbs = "[[escalation]]\nname = \"up\"\nrepeat = \"20m\"\n[[escalation.step]]\nafter = \"15m\"\nto = [\"city\"]\n[[escalation.step]]\nafter = \"40m\"\nto = [\"desk\", \"hook\"]\n";
    let flaps = "[flapping]\nlimit = 3\nwithin = \"30m\"\n";
    let plain = ["".to_owned(), waits.to_owned(), climbs.to_owned(), format!("{waits}{climbs}")];
    let flapping = plain.clone().map(|text| format!("{text}{flaps}"));
    // Who is on duty stands in for the desk.
    let rotas = [format!("{waits}{climbs}"), format!("{waits}{climbs}{flaps}")].map(|text| text.replace("desk", "rota:day"));
    let known = |name: &ChannelName| ["city", "arma", "hook", "desk"].contains(&name.as_str());
    let day = Rota::parse((channel("rota:day"), channel("desk")), "day.toml", DAY, &TimeZone::UTC, known).unwrap();
    let shifts = rotas.iter().map(|text| policy_with(text, vec![day.clone()]));
    plain.iter().chain(&flapping).map(|text| policy(text)).chain(shifts).collect()
}

/// Shifts of which some change while alerts fire, with a hole between them.
const DAY: &str = r#"
[[shift]]
from = "2026-11-21T19:00"
to = "2026-11-21T21:00"
receiver = "city"

[[shift]]
from = "2026-11-21T22:00"
to = "2026-11-22T02:00"
receiver = "arma"
"#;

impl World {
    fn new(policy: &Arc<Policy>, inhibit: &Arc<[Inhibit]>) -> Self {
        Self {
            policy: Arc::clone(policy),
            inhibit: Arc::clone(inhibit),
            curbed: Curbed::new(Planner::new(Arc::clone(policy)), Vec::new()),
            kept: BTreeMap::new(),
            now: start(),
            log: Vec::new(),
            planned: 0,
            acts: Vec::new(),
            acted: 0,
            quiets: Vec::new(),
            sight: ([0; 4], Arc::default()),
            lives: BTreeMap::new(),
            present: [None, None, None, None],
            told: BTreeSet::new(),
            keys: BTreeSet::new(),
        }
    }

    fn sight(&self) -> Sight {
        let fires = |alert: &&AlertId| self.lives[*alert].1.phase() == Phase::Firing;
        let view = |alert: &AlertId| {
            let t = self.log.iter().find(|t| t.alert == *alert).expect("what lives is in the log");
            AlertView { marks: self.lives[alert].1.marks().clone(), ..super::away::view(t) }
        };
        let shelved = self.lives.iter().filter_map(|(id, (_, life, _))| Some((id.clone(), life.marks().shelved.clone()?)));
        let curbs = Curbs {
            quiets: self.quiets.iter().filter(|q| !q.is_over(self.now)).cloned().collect(),
            shelved: shelved.collect(),
            firing: self.lives.keys().filter(fires).map(view).collect(),
        };
        Sight::new(curbs, Arc::clone(&self.inhibit), Topology::default())
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Plays one sequence; how many steps were told.
fn sequence(seed: u64, policies: &[Arc<Policy>], inhibit: &Arc<[Inhibit]>) -> usize {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut world = World::new(&policies[dice.index(policies.len())], inhibit);
    for _ in 0..EVENTS {
        world.event(&mut dice);
    }
    world.settle();
    world.told.len()
}

/// Each lost an end once.
const FOUND: [u64; 2] = [
    // Who was told in the name of a rota is told by an escalation too, after an end that waits for the morning was undone.
    20_984_711,
    // A beginning that waited for the morning, whose alert was shelved after it had come and gone, was said again with the next one.
    21_247_772,
];

#[test]
fn sequences_that_were_found_among_a_million_lose_no_end() {
    let (policies, inhibit) = (policies(), inhibitions());
    FOUND.iter().for_each(|seed| assert!(sequence(*seed, &policies, &inhibit) > 0));
}

#[test]
fn a_million_sequences_of_events_tell_what_an_oracle_allows_and_lose_no_end() {
    let (many, seed) = (number("MARSAD_SEQUENCES", SEQUENCES), number("MARSAD_SEED", 20_261_126));
    let (policies, inhibit, began) = (policies(), inhibitions(), Instant::now());
    let mut told = 0;
    for n in 0..many {
        let done = std::panic::catch_unwind(|| sequence(seed.wrapping_add(n), &policies, &inhibit));
        match done {
            Ok(count) => told += count,
            Err(cause) => {
                eprintln!("MARSAD_SEED={} MARSAD_SEQUENCES=1 shows it again", seed.wrapping_add(n));
                std::panic::resume_unwind(cause);
            }
        }
    }
    println!("MARSAD_SEED={seed}: {many} sequences, {told} steps told, in {:.1?}", began.elapsed());
    assert!(told as u64 >= many, "a sequence tells something, on the average");
}
