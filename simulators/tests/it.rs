//! The simulated city as the platform hears it: everything goes through the real decoder.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use codec::{Decoder, Profiles};
use schemas::{Flaw, Kind, Message, Provenance, Quantity, Reading, Timestamp};
use simulators::{City, District, Load, Publish, Said, Season, SeasonDay, SensorTruth, SimDevice, TroubleKind};

const SECOND: Duration = Duration::from_secs(1);

fn start() -> Timestamp {
    "2026-11-21T21:30:00Z".parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    start().plus(SECOND * u32::try_from(seconds).unwrap())
}

fn decoder(city: &City) -> Decoder {
    Decoder::new(Arc::new(city.catalogue()), Profiles::built_in().unwrap()).unwrap()
}

fn heard(publish: &Publish, received_at: Timestamp) -> Message {
    Message {
        topic: publish.topic.clone().into(),
        payload: publish.payload.clone().into(),
        received_at,
        provenance: Provenance::default(),
    }
}

fn decode(decoder: &Decoder, publish: &Publish, received_at: Timestamp) -> Vec<Reading> {
    let mut out = Vec::new();
    if let Err(reject) = decoder.decode(&heard(publish, received_at), &mut out) {
        panic!("{} ({}): {} {}", reject, reject.code(), publish.topic, String::from_utf8_lossy(&publish.payload));
    }
    out
}

fn of_kind(city: &City, kind: Kind) -> Vec<&SimDevice> {
    city.devices().iter().filter(|d| d.kind() == kind).collect()
}

/// The last value that the device says of a quantity in `[from, to)`.
fn last(device: &SimDevice, quantity: Quantity, from: Timestamp, to: Timestamp) -> Option<f64> {
    let ticks = device.tick_from(from)..device.tick_from(to);
    let truths: Vec<_> = ticks.filter_map(|tick| device.truth(tick)).flat_map(|t| t.values).collect();
    truths.iter().rev().find(|(q, _, _)| *q == quantity).map(|(_, _, v)| *v)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let minute = |seed| City::demo(seed, 60, start()).between(start(), after(60));
    assert!(minute(1).len() > 300);
    assert_eq!(minute(1), minute(1));
    assert_ne!(minute(1), minute(2));
    // A span asked for in parts is the same span.
    let city = City::demo(1, 60, start());
    let mut parts: Vec<_> = (0..60).flat_map(|s| city.between(after(s), after(s + 1))).collect();
    let mut whole = minute(1);
    let key = |p: &Publish| (p.at, p.topic.clone());
    parts.sort_by_key(key);
    whole.sort_by_key(key);
    assert_eq!(parts, whole);
}

#[test]
fn everything_decodes_back_to_the_simulated_truth() {
    for city in [City::new(3, 60), City::demo(4, 60, start())] {
        let decoder = decoder(&city);
        let mut quantities = BTreeSet::new();
        for device in city.devices() {
            for (from, to) in [(after(0), after(400)), (after(40_000), after(41_000))] {
                for tick in device.tick_from(from)..device.tick_from(to) {
                    let Some(truth) = device.truth(tick) else { continue };
                    let publish = device.publish(tick).unwrap();
                    let readings = decode(&decoder, &publish, publish.at.plus(SECOND));
                    let back: Vec<_> = readings.iter().map(|r| (r.series.quantity, r.series.channel, r.value)).collect();
                    assert_eq!(back, truth.values, "{}", publish.topic);
                    for reading in readings {
                        assert_eq!(reading.observed_at, truth.at);
                        assert_eq!((&reading.series.device, reading.kind), (&device.device().id, device.kind()));
                        let doubts: Vec<_> = reading.quality.flaws().filter(|f| *f != Flaw::AtLimit).collect();
                        assert!(doubts.is_empty(), "{}: {} is {doubts:?}", publish.topic, reading.series.quantity);
                        quantities.insert(reading.series.quantity);
                    }
                }
            }
        }
        assert!(quantities.contains(&Quantity::PARKING_PREV_STATE_DURATION) && quantities.len() > 18, "{quantities:?}");
    }
}

#[test]
fn within_ten_seconds_of_a_demo_every_device_but_the_silent_one_has_spoken() {
    let city = City::demo(42, 60, start());
    let said = city.between(start(), after(10));
    assert!((40..=200).contains(&said.len()), "{} messages", said.len());
    let decoder = decoder(&city);
    let who: BTreeSet<_> = said.iter().map(|p| decode(&decoder, p, p.at).remove(0).series.device).collect();
    assert_eq!(who.len(), 59);
    assert!(said.is_sorted_by_key(|p| p.at));
}

#[test]
fn the_story_makes_alerts_fire_and_resolve() {
    let city = City::demo(42, 60, start());
    let bins = of_kind(&city, Kind::WASTE);
    let full = |i: usize, from, to| last(bins[i], Quantity::WASTE_FILL, after(from), after(to)).unwrap();
    assert!(full(0, 0, 10) > 95.0 && full(1, 0, 10) > 95.0);
    assert!(full(0, 70, 90) < 76.0 && full(1, 70, 90) > 95.0 && full(1, 160, 180) < 76.0);
    assert!(full(0, 305, 320) > 95.0, "the story repeats");

    let air = of_kind(&city, Kind::AIR);
    let pm10 = |from, to| last(air[0], Quantity::AIR_PM10, after(from), after(to)).unwrap();
    assert!(pm10(0, 10) > 150.0 && pm10(110, 130) < 150.0 && pm10(0, 10) > pm10(110, 130) + 100.0);

    let silent = air.last().unwrap();
    let any = |from, to| last(silent, Quantity::AIR_PM10, from, to).is_some();
    assert!(!any(start().minus(SECOND * 1100), after(90)) && any(after(90), after(100)));
    assert!(any(start().minus(SECOND * 1300), start().minus(SECOND * 1250)));

    let meters = of_kind(&city, Kind::WATER);
    let burst = |from, to| last(meters[0], Quantity::WATER_BURST, after(from), after(to)).unwrap();
    assert_eq!((burst(0, 10), burst(90, 110)), (1.0, 0.0));
}

/// What a district learns of how fast it fills is learned from steps that do not end at the brim.
#[test]
fn what_is_staged_says_nothing_of_how_fast_bins_fill() {
    let city = City::demo(42, 80, start());
    let steepest = |bin: &SimDevice| {
        let ticks = bin.tick_from(start().minus(SECOND * 3600))..bin.tick_from(after(900));
        let values = ticks.filter_map(|tick| bin.truth(tick)).flat_map(|truth| truth.values);
        let levels: Vec<f64> = values.filter(|(q, _, _)| *q == Quantity::WASTE_FILL).map(|(_, _, level)| level).collect();
        let rises = levels.windows(2).filter(|step| step[1] < 100.0).map(|step| step[1] - step[0]);
        rises.fold(0.0, f64::max)
    };
    let bins = of_kind(&city, Kind::WASTE);
    let (staged, others) = bins.split_at(2);
    let most = others.iter().map(|bin| steepest(bin)).fold(0.0, f64::max);
    for bin in staged {
        assert!(steepest(bin) <= most, "{} rises by {} at once, the others by {most}", bin.device().id, steepest(bin));
    }
}

#[test]
fn the_demonstration_has_districts_of_connections_enough_for_sums_to_be_published() {
    for (size, expected) in [(40, 1), (80, 2), (1000, 16)] {
        let city = City::demo(42, size, start());
        assert_eq!((city.devices().len(), city.districts().len()), (size, expected), "{size} devices");
        for District { zone, inflow } in city.districts() {
            let meters = of_kind(&city, Kind::WATER);
            let (inlets, connections): (Vec<&SimDevice>, Vec<&SimDevice>) =
                meters.into_iter().filter(|meter| meter.device().zone == zone).partition(|meter| meter.device().id == inflow);
            // Ten connections, and one that is silent (REQ-P-5).
            assert!(inlets.len() == 1 && connections.len() >= 11, "{zone}: {}", connections.len());
            let passed = |meter: &&SimDevice| {
                let index = |from| last(meter, Quantity::WATER_VOLUME, after(from), after(from + 20)).unwrap();
                index(86_400) - index(0)
            };
            let (came, drawn) = (passed(&inlets[0]), connections.iter().map(passed).sum::<f64>());
            assert!(came > drawn * 1.02 && came < drawn * 1.5, "{zone}: {came} m3 came in, {drawn} were drawn");
        }
    }
}

/// A sum in which one connection is most is not published.
#[test]
fn the_burst_pipe_of_the_demonstration_is_not_most_of_what_its_district_draws() {
    let city = City::demo(42, 80, start());
    let zone = city.districts()[0].zone.clone();
    let meters =
        of_kind(&city, Kind::WATER).into_iter().filter(|m| m.device().zone == zone && m.device().id.as_str() != "dma-001");
    let day = |meter: &SimDevice| {
        let index = |from| last(meter, Quantity::WATER_VOLUME, after(from), after(from + 20)).unwrap();
        index(86_400) - index(0)
    };
    let drawn: Vec<f64> = meters.map(day).collect();
    assert!(drawn[0] < 0.5 * drawn.iter().sum::<f64>(), "{drawn:?}");
}

#[test]
fn meters_only_grow_and_some_leak() {
    let city = City::demo(42, 60, start());
    let meters = of_kind(&city, Kind::WATER);
    for meter in &meters {
        let ticks = meter.tick_from(start().minus(SECOND * 600))..meter.tick_from(after(700));
        let volumes: Vec<f64> = ticks.filter_map(|t| meter.truth(t)).map(|t| t.values[0].2).collect();
        assert!(volumes.is_sorted() && volumes.len() > 100, "{}", meter.device().id);
    }
    let leaks = meters.iter().filter(|m| last(m, Quantity::WATER_LEAK, after(0), after(20)) == Some(1.0)).count();
    assert!((1..=3).contains(&leaks), "{leaks} leaks");
}

#[test]
fn a_history_is_two_weeks_of_believable_readings_and_not_more_than_are_read_within_seconds() {
    let city = City::demo(42, 60, start());
    let decoder = decoder(&city);
    let mut messages = 0;
    let day = Duration::from_secs(24 * 3600);
    for device in city.devices() {
        let told = city.history(device, start().minus(simulators::HISTORY), start());
        assert!(told.is_sorted_by_key(|publish| publish.at));
        let recent = told.iter().filter(|publish| publish.at >= start().minus(day)).count();
        assert!((100..=145).contains(&recent), "{}: {recent} in the last day", device.device().id);
        messages += told.len();
        for publish in told {
            assert!(publish.at >= start().minus(simulators::HISTORY) && publish.at < start());
            for reading in decode(&decoder, &publish, publish.at.plus(SECOND)) {
                assert_eq!(reading.observed_at, publish.at);
                assert!(!reading.quality.has(Flaw::ClockSuspect) && !reading.quality.has(Flaw::Late));
            }
        }
    }
    assert!((40_000..60_000).contains(&messages), "{messages}");
    // As many as a hundred devices say in two weeks, however many there are.
    let all = |devices| {
        let city = City::demo(42, devices, start());
        city.devices().iter().map(|d| city.history(d, start().minus(simulators::HISTORY), start()).len()).sum::<usize>()
    };
    let (hundred, large) = (all(100), all(600));
    assert!(large < hundred + hundred / 10, "{large}, and of a hundred devices {hundred}");
}

#[test]
fn devices_stand_in_the_city_under_names_of_their_own() {
    let city = City::new(7, 200);
    let ids: BTreeSet<_> = city.devices().iter().map(|d| d.device().id.clone()).collect();
    assert_eq!((ids.len(), city.catalogue().len()), (200, 200));
    let zones: BTreeSet<_> = city.devices().iter().map(|d| d.device().zone.clone()).collect();
    assert_eq!(zones.len(), 16);
    for device in city.devices() {
        let place = device.device().place.unwrap();
        assert!((33.48..=33.65).contains(&place.lat()) && (-7.77..=-7.43).contains(&place.lon()), "{place:?}");
        assert!(!device.device().label.as_ref().unwrap().is_empty());
    }
    for kind in [Kind::WASTE, Kind::AIR, Kind::PARKING, Kind::WATER] {
        assert!(of_kind(&city, kind).len() > 20, "{kind}");
    }
}

#[test]
fn a_city_of_any_size_is_a_city() {
    for size in [0, 1, 2, 3, 5, 61] {
        let city = City::demo(1, size, start());
        assert_eq!(city.devices().len(), size);
        assert!(city.between(start(), after(30)).len() >= size.saturating_sub(1));
    }
}

#[test]
fn a_load_has_one_length_and_no_message_twice_and_is_known_beforehand() {
    let decoder = decoder(&City::new(1, 0));
    for (bytes, readings) in [(100, 4), (500, 28)] {
        let load = Load::new(9, 50, bytes).starting(start());
        assert!(load.payload_len().abs_diff(bytes) <= 10, "{} for {bytes}", load.payload_len());
        assert_eq!(load.readings(), readings);
        let (mut topic, mut payload) = (String::new(), Vec::new());
        let mut seen = BTreeMap::new();
        for n in 0..1_000 {
            load.publish(n, &mut topic, &mut payload);
            assert_eq!(payload.len(), load.payload_len(), "{}", String::from_utf8_lossy(&payload));
            let publish = Publish { at: start(), topic: topic.clone(), payload: payload.clone() };
            let out = decode(&decoder, &publish, after(1));
            assert_eq!(out.len(), load.readings());
            let first = &out[0];
            let got = (first.series.device.clone(), first.series.quantity, first.observed_at, first.value);
            assert_eq!(got, load.expect(n));
            assert!(out.iter().all(|r| r.quality == schemas::Quality::GOOD));
            assert_eq!(seen.insert((got.0, got.2), n), None);
        }
    }
    assert_eq!(Load::new(9, 2_000_000, 100).expect(1_999_999).0.as_str(), "load-0001999999");
    assert_ne!(Load::new(1, 5, 100).expect(7).3.to_bits(), Load::new(2, 5, 100).expect(7).3.to_bits());
}

#[test]
fn a_season_is_the_same_for_the_same_seed_and_its_labels_fit_what_is_said() {
    let day = |ramadan| SeasonDay { ramadan, ..SeasonDay::ORDINARY };
    let season = |seed| Season::new(seed, start(), vec![day(None); 30]);
    let (bin, other) = (season(3).bin(5), season(4).bin(5));
    assert_eq!(bin, season(3).bin(5));
    assert_ne!(bin.said, other.said);
    // One night in twelve nobody came, and right after somebody did the bin is nearly empty.
    assert!((24..=30).contains(&bin.emptied.len()), "{}", bin.emptied.len());
    let after = |at: Timestamp| bin.said.iter().find(|s| s.at >= at).unwrap();
    let low = bin.emptied.iter().filter(|at| after(**at).value < 15.0).count();
    assert!(low + 2 >= bin.emptied.len(), "{low} of {}", bin.emptied.len());
    assert!(bin.said.iter().all(|s| s.heard >= s.at && (0.0..=100.0).contains(&s.value)));
    assert!(bin.said.iter().any(|s| s.heard > s.at.plus(SECOND * 3600)), "some are late");
}

#[test]
fn a_season_has_leaks_that_run_and_sensors_that_fail() {
    let season = Season::new(3, start(), vec![SeasonDay::ORDINARY; 60]);
    let meters: Vec<_> = (0..300).map(|n| season.meter(n)).collect();
    let leaks = |m: &&simulators::MeterSeason| m.troubles.iter().any(|t| t.kind == TroubleKind::Leak);
    assert!((6..=24).contains(&meters.iter().filter(leaks).count()));
    for meter in &meters {
        assert!(meter.said.windows(2).all(|w| w[0].value <= w[1].value && w[0].at < w[1].at));
        for leak in meter.troubles.iter().filter(|t| t.kind == TroubleKind::Leak) {
            let within: Vec<_> = meter.said.iter().filter(|s| (leak.from..leak.to).contains(&s.at)).collect();
            let hours = |a: &Said<u64>, b: &Said<u64>| b.at.since(a.at).as_secs_f64() / 3600.0;
            assert!(within.windows(2).all(|w| (w[1].value - w[0].value) as f64 + 1.0 >= leak.flow.floor() * hours(w[0], w[1])));
        }
    }
    let bays: Vec<_> = (0..100).map(|n| season.bay(n, 2)).collect();
    assert_eq!(bays.iter().filter(|b| b.sensor != SensorTruth::Sound).count(), 2);
    for bay in &bays {
        assert!(bay.truth.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
        if let SensorTruth::Silent(since) = bay.sensor {
            assert!(bay.said.iter().all(|s| s.at < since));
        }
    }
    let station = season.station(0);
    assert_eq!((station.hours.len(), season.end()), (60 * 24, season.start().plus(SECOND * 86_400 * 60)));
}
