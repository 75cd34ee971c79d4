//! What is played: the same however it is asked for, and each event and fault as its line of the table says. Everything
//! goes through the real decoder.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use codec::{Decoder, Profiles, Route, RouteError, Routes};
use proptest::prelude::*;
use schemas::{Flaw, Message, Provenance, Quality, Quantity, Reading, Timestamp};
use simulators::{City, Destiny, FAULTS, Fault, Play, Scenario, Sent, Told};

const HEAD: &str = r#"
about = "a test"
[world]
devices = 40
start = "2026-11-21T06:00:00Z"
lasts = "6h"
every = { air = "10m", parking = "5m" }
"#;

fn scenario(more: &str) -> Scenario {
    Scenario::parse(&format!("{HEAD}{more}")).unwrap()
}

fn scenario_of_all_makes(more: &str) -> Scenario {
    Scenario::parse(&format!("{}makes = true\n{more}", HEAD.replace("devices = 40", "devices = 180"))).unwrap()
}

/// A scenario of one line of the table, from the second to the fourth hour.
fn of(fault: &Fault) -> Scenario {
    let table = if fault.class.name() == "event" { "event" } else { "fault" };
    scenario(&format!("[[{table}]]\nwhat = \"{}\"\nat = \"1h\"\nlasts = \"3h\"\n", fault.name))
}

fn all(mut play: Play, step: Duration) -> Vec<Sent> {
    let mut heard = Vec::new();
    while !play.is_over() {
        let to = play.now().plus(step);
        heard.extend(play.until(to));
    }
    heard
}

fn decoder(city: &City) -> Decoder {
    let decoder = Decoder::new(Arc::new(city.catalogue()), Profiles::built_in().unwrap()).unwrap();
    decoder.with_routes(Routes::new(City::routes())).unwrap()
}

fn message(sent: &Sent) -> Message {
    Message {
        topic: sent.topic.clone().into(),
        payload: sent.payload.clone().into(),
        received_at: sent.heard,
        provenance: Provenance { retain: sent.is_retained(), ..Provenance::default() },
    }
}

fn decode(decoder: &Decoder, sent: &Sent) -> Result<Vec<Reading>, codec::Reason> {
    let mut out = Vec::new();
    decoder.decode(&message(sent), &mut out).map_err(|reject| reject.reason())?;
    Ok(out)
}

fn as_told(sent: &Sent, told: &Told, readings: &[Reading]) {
    let text = || format!("{}: {}", sent.topic, String::from_utf8_lossy(&sent.payload));
    let mut read: Vec<_> =
        readings.iter().map(|r| ((r.observed_at, r.series.quantity, r.series.channel), r.value, r.quality)).collect();
    let mut must: Vec<_> = told.readings().map(|(at, q, channel, value, quality)| ((at, q, channel), value, quality)).collect();
    read.sort_by_key(|(place, _, _)| *place);
    must.sort_by_key(|(place, _, _)| *place);
    let said = |all: &[((Timestamp, Quantity, u8), f64, Quality)]| all.iter().map(|r| (r.0, r.1)).collect::<Vec<_>>();
    assert_eq!(said(&read), said(&must), "{}", text());
    for ((_, _, read), (place, _, must)) in read.iter().zip(&must) {
        for flaw in Told::KNOWN {
            assert_eq!(read.has(flaw), must.has(flaw), "{flaw:?} of {} in {}", place.1, text());
        }
    }
}

#[test]
fn each_event_and_fault_comes_out_of_the_decoder_as_the_truth_says() {
    let (mut reasons, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    for fault in &FAULTS {
        let table = if fault.class.name() == "event" { "event" } else { "fault" };
        let plan = format!("[[{table}]]\nwhat = \"{}\"\nat = \"1h\"\nlasts = \"3h\"\n", fault.name);
        // Where bins stand is said for those that are carried off.
        let positions = if fault.name == "carried" { "positions = true\n" } else { "" };
        let played = scenario_of_all_makes(&format!("{positions}{plan}"));
        let play = Play::new(&played);
        let decoder = decoder(play.city());
        let mut labelled = 0;
        for sent in all(play, Duration::from_secs(600)) {
            labelled += usize::from(sent.labels.faults().any(|f| f.name == fault.name));
            match &sent.destiny {
                Destiny::Lost => {}
                Destiny::Aside(reason) => {
                    let text = String::from_utf8_lossy(&sent.payload[..sent.payload.len().min(80)]).into_owned();
                    let read = decode(&decoder, &sent).err();
                    if read != Some(*reason) {
                        wrong.insert(format!("{}: {} {text} is {read:?}, expected {reason:?}", fault.name, sent.topic));
                    }
                    reasons.insert(reason.code());
                }
                Destiny::Read(told) => as_told(&sent, told, &decode(&decoder, &sent).unwrap()),
            }
        }
        assert!(labelled > 3, "{} is labelled {labelled} times", fault.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(reasons.len() > 8, "{reasons:?}");
}

/// The envelopes and the profiles by which what all makes say was read, each as the truth says.
fn all_makes(scenario: &Scenario) -> (BTreeSet<&'static str>, BTreeSet<String>) {
    let play = Play::new(scenario);
    let (decoder, known) = (decoder(play.city()), play.city().catalogue());
    let (mut envelopes, mut profiles) = (BTreeSet::new(), BTreeSet::new());
    for sent in all(play, Duration::from_secs(600)) {
        let read = decode(&decoder, &sent);
        match &sent.destiny {
            Destiny::Read(told) => {
                let readings =
                    read.unwrap_or_else(|reason| panic!("{reason:?}: {} {}", sent.topic, String::from_utf8_lossy(&sent.payload)));
                as_told(&sent, told, &readings);
                envelopes.extend(decoder.explain(&message(&sent)).envelope);
                profiles
                    .extend(known.device(&readings[0].series.device).and_then(|d| d.profile.as_ref().map(ToString::to_string)));
            }
            // The end of a Sparkplug session holds nothing to store.
            Destiny::Aside(reason) => assert_eq!(read.err(), Some(*reason), "{}", sent.topic),
            Destiny::Lost => {}
        }
    }
    (envelopes, profiles)
}

/// What the program reads and no device of the city says, and why.
const UNSAID: [(&str, &str); 1] = [("chirpstack-gateway", "what a gateway says of itself: it measures nothing of the city")];

#[test]
fn every_make_and_envelope_that_is_read_can_be_simulated_and_says_the_truth() {
    let (envelopes, profiles) = all_makes(&scenario_of_all_makes(""));
    let read: BTreeSet<_> = Profiles::built_in().unwrap().iter().map(|profile| profile.name().to_string()).collect();
    assert_eq!(profiles, read);
    let Err(RouteError::Envelope { known, .. }) = Route::new("x", "?") else { panic!("`?` is no envelope") };
    let unsaid: BTreeSet<_> = known.split(", ").filter(|name| !envelopes.contains(name)).collect();
    assert_eq!(unsaid, BTreeSet::from(UNSAID.map(|(name, _)| name)), "an envelope has a make, or a reason why not");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_the_city_and_the_season_every_make_says_the_truth(seed in any::<u64>(), day in 0..2000_i64, what in 0..FAULTS.len()) {
        let mut scenario = scenario_of_all_makes("");
        scenario.world.seed = seed;
        scenario.world.start = Timestamp::clamped(1_735_689_600_000 + day * 86_400_000);
        scenario.world.lasts = Duration::from_secs(3600);
        all_makes(&scenario);
        // The same with something that goes wrong or happens.
        let fault = &FAULTS[what];
        let table = if fault.class.name() == "event" { "event" } else { "fault" };
        let mut wrong = scenario_of_all_makes(&format!("[[{table}]]\nwhat = \"{}\"\npart = 0.5\n", fault.name));
        wrong.world = scenario.world;
        all_makes(&wrong);
    }
}

#[test]
fn the_same_seed_gives_the_same_messages_in_any_steps_and_any_number_of_parts() {
    let everything: String = FAULTS
        .iter()
        .map(|f| {
            let table = if f.class.name() == "event" { "event" } else { "fault" };
            format!("[[{table}]]\nwhat = \"{}\"\nat = \"1h\"\nlasts = \"2h\"\ndevices = 0.3\npart = 0.3\n", f.name)
        })
        .collect();
    let scenario = scenario(&everything);
    let whole = all(Play::new(&scenario), Duration::from_secs(60));
    assert_eq!(whole, all(Play::new(&scenario), Duration::from_secs(7777)));
    let mut parts: Vec<Sent> = Play::parts(&scenario, 3).into_iter().flat_map(|p| all(p, Duration::from_secs(600))).collect();
    parts.sort_by_key(Sent::key);
    assert_eq!(whole, parts);
    let mut other = scenario;
    other.world.seed += 1;
    assert_ne!(whole, all(Play::new(&other), Duration::from_secs(60)));
}

#[test]
fn nothing_that_a_device_says_is_passed_over() {
    // Bays look every half minute and seldom have something to say.
    let mut scenario = scenario("[[fault]]\nwhat = \"noise\"\npart = 0.0\n");
    scenario.world.clocks = Some(0.0);
    let play = Play::new(&scenario);
    let mut ticks: Vec<_> =
        play.city().between(scenario.world.start, scenario.end()).into_iter().map(|p| (p.at, p.topic)).collect();
    let sent = all(play, Duration::from_secs(600));
    let mut told: Vec<_> = sent
        .into_iter()
        .filter(|sent| !sent.topic.ends_with("/join"))
        .filter_map(|sent| match sent.destiny {
            Destiny::Read(told) => Some((told.observed_at, sent.topic)),
            _ => None,
        })
        .collect();
    ticks.sort();
    told.sort();
    assert_eq!(told, ticks);
}

#[test]
fn a_city_has_the_mix_that_its_scenario_says() {
    let text = HEAD.replace("devices = 40", "devices = 200\nmix = { air = 2, waste = 25, parking = 15, water = 58 }");
    let city = simulators::City::of(&Scenario::parse(&text).unwrap().world);
    let count = |kind: schemas::Kind| city.devices().iter().filter(|d| d.kind() == kind).count();
    let kinds = [schemas::Kind::AIR, schemas::Kind::WASTE, schemas::Kind::PARKING, schemas::Kind::WATER];
    assert_eq!(kinds.map(count), [4, 50, 30, 116]);
    let nothing = text.replace("air = 2, waste = 25, parking = 15, water = 58", "air = 0, waste = 0, parking = 0, water = 0");
    assert!(Scenario::parse(&nothing).unwrap_err().to_string().contains("world.mix"));
}

#[test]
fn what_goes_wrong_is_told_beside_what_is_true() {
    let row = |name: &str| FAULTS.iter().find(|f| f.name == name).unwrap();
    let lies = |name: &str| {
        let told = all(Play::new(&of(row(name))), Duration::from_secs(600)).into_iter().filter_map(|s| match s.destiny {
            Destiny::Read(told) => told.real.map(|real| (real, told.values)),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    for name in ["stuck", "drift", "spike", "noise", "offset", "wrong_unit", "counter_reset", "reverse_flow", "sensor_swap"] {
        let lies = lies(name);
        assert!(!lies.is_empty() && lies.iter().all(|(real, said)| real != said), "{name}");
    }
    assert!(lies("dust").is_empty(), "what happens is true");
}

#[test]
fn faults_of_the_way_do_what_they_are_called() {
    let counts = |name: &str| {
        let fault = FAULTS.iter().find(|f| f.name == name).unwrap();
        let sent = all(Play::new(&of(fault)), Duration::from_secs(600));
        let lost = sent.iter().filter(|s| s.destiny == Destiny::Lost).count();
        let mut copies: BTreeMap<(&str, &[u8]), usize> = BTreeMap::new();
        sent.iter().for_each(|s| *copies.entry((&s.topic, &s.payload)).or_default() += 1);
        let late = sent.iter().filter(
            |s| matches!(&s.destiny, Destiny::Read(t) if t.quality(schemas::Quantity::BATTERY_LEVEL, 50.0).has(Flaw::Late)),
        );
        (sent.len(), lost, copies.values().filter(|n| **n > 1).count(), late.count())
    };
    let (sent, lost, twice, late) = counts("fire");
    assert_eq!((lost, twice, late), (0, 0, 0));
    let part = |n: usize| n * 100 / sent;
    assert!((40..60).contains(&part(counts("drop").1)), "three of six hours");
    assert!((2..30).contains(&part(counts("gateway_outage").1)), "only LoRaWAN");
    assert!((40..60).contains(&part(counts("duplicate").2)));
    assert!((40..60).contains(&part(counts("delay").3)));
    assert!(counts("partition").3 > counts("backlog_dump").3, "LoRaWAN devices keep nothing");
    assert_eq!(counts("clock_skew").3, 0, "an hour ahead is not believed, and not late");
}

#[test]
fn a_device_joins_before_its_first_message_and_again_when_it_has_started_anew() {
    let joins = |more: &str| {
        let played = scenario_of_all_makes(more);
        let sent = all(Play::new(&played), Duration::from_secs(600));
        let mut joins: BTreeMap<u32, Vec<Timestamp>> = BTreeMap::new();
        let mut first: BTreeMap<u32, Timestamp> = BTreeMap::new();
        for sent in sent.iter().filter(|sent| sent.destiny != Destiny::Lost) {
            if sent.topic.ends_with("/join") {
                joins.entry(sent.device).or_default().push(sent.heard);
            } else {
                first.entry(sent.device).or_insert(sent.heard);
            }
        }
        assert!(joins.iter().all(|(device, at)| first.get(device).is_none_or(|first| at[0] < *first)));
        joins
    };
    let calm = joins("");
    assert!(calm.len() > 40 && calm.values().all(|at| at.len() == 1));
    let again = joins("[[fault]]\nwhat = \"reboot\"\nat = \"1h\"\n");
    let bins = again.values().filter(|at| at.len() == 2).count();
    assert!(bins > 20 && again.values().all(|at| at.len() <= 2), "{bins} have joined again");
}

#[test]
fn clocks_run_fast_or_slow_until_they_are_set_right_each_day() {
    let errors = |clocks: Option<f64>| {
        let mut scenario = scenario("");
        scenario.world.clocks = clocks;
        scenario.world.lasts = Duration::from_secs(3 * 86_400);
        let mut errors: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for sent in all(Play::new(&scenario), Duration::from_secs(3600)) {
            if let Destiny::Read(told) = sent.destiny {
                errors.entry(sent.device).or_default().push(sent.heard.millis() - told.observed_at.millis());
            }
        }
        errors
    };
    // A message travels for a second and a half at most.
    assert!(errors(Some(0.0)).values().flatten().all(|ms| (0..=1500).contains(ms)));
    let off = errors(None);
    let worst = |errors: &Vec<i64>| errors.iter().map(|ms| (ms - 800).abs()).max().unwrap_or(0);
    assert!(off.values().filter(|errors| worst(errors) > 1500).count() > 5, "some are off by seconds");
    assert!(off.values().all(|errors| worst(errors) < 12_000), "and none by more, since they are set right");
}

#[test]
fn what_is_no_scenario_is_refused_in_words() {
    let refused = |more: &str| Scenario::parse(&format!("{HEAD}{more}")).unwrap_err().to_string();
    assert!(refused("[[fault]]\nwhat = \"fire\"").contains("a line of [[event]]"));
    assert!(refused("[[fault]]\nwhat = \"gremlins\"").contains("`gremlins` is no event or fault"));
    assert!(refused("[[fault]]\nwhat = \"drop\"\npart = 1.5").contains("part"));
    assert!(
        Scenario::parse(&HEAD.replace("devices = 40", "devices = 40\nclocks = -1.0")).unwrap_err().to_string().contains("clocks")
    );
    assert!(refused("[expect]\nflaws = [\"sleepy\"]").contains("sleepy"));
    assert!(refused("[expect]\nquarantined = [\"sleepy\"]").contains("sleepy"));
    assert!(Scenario::parse("about = 3").is_err());
}
