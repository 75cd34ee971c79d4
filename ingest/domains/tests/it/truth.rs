//! A small city of which the truth is known: how much of it is found again. The simulators' city is larger and has more
//! faults; this one is here so that a change of an algorithm is felt where it is made.

use std::collections::BTreeSet;

use domains::parking::{ParkingSettings, Report, SpaceState, Transition, occupancy_over, transitions};
use domains::time::CityTime;
use domains::waste::{Sample, WasteSettings, WeekProfile, emptyings, forecast, hampel};
use domains::water::{ConsumptionCurve, MeterIndex, WaterSettings, leaks};
use schemas::{HOUR, Timestamp};

/// The least generator that will do (Knuth's constants); a test's chance is its seed.
struct Chance(u64);

impl Chance {
    /// 0 to below 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / (f64::from(u32::MAX) + 1.0)
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Mean 0, standard deviation 1, as near as twelve uniform numbers come.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

fn start() -> Timestamp {
    "2026-10-05T00:00:00Z".parse().unwrap()
}

fn after(minutes: i64) -> Timestamp {
    Timestamp::clamped(start().millis() + minutes * 60_000)
}

/// Two peaks, at one and at nine in the evening, and a quiet night; mean 1.
const FILLING: [f64; 24] = [
    0.35, 0.25, 0.15, 0.1, 0.1, 0.1, 0.35, 0.8, 1.1, 1.15, 1.15, 1.2, 1.4, 1.6, 1.45, 1.1, 0.95, 1.0, 1.2, 1.5, 1.9, 2.0, 1.4,
    0.75,
];

/// A bin of ninety days: what its sensor said each half hour, when it was emptied and when it began to overflow.
struct Bin {
    said: Vec<(Timestamp, f64)>,
    emptied: Vec<Timestamp>,
    overflowed: Vec<Timestamp>,
}

fn bin(chance: &mut Chance) -> Bin {
    let (daily, mut level) = (25.0 + 80.0 * chance.share(), 0.0);
    let mut bin = Bin { said: Vec::new(), emptied: Vec::new(), overflowed: Vec::new() };
    for half_hour in 0..90_i64 * 48 {
        let at = after(half_hour * 30);
        let hour = usize::try_from(half_hour / 2 % 24).unwrap();
        let before = level;
        level = (level + daily * FILLING[hour] / 48.0 * (0.7 + 0.6 * chance.share())).min(100.0);
        if before < 95.0 && level >= 95.0 {
            bin.overflowed.push(at);
        }
        // Collected each night, with 92 % success.
        if half_hour % 48 == 1 && chance.happens(0.92) {
            level = 2.0 * chance.share();
            bin.emptied.push(at);
        }
        let noisy = if chance.happens(0.005) { 100.0 * chance.share() } else { level + 2.0 * chance.normal() };
        if !chance.happens(0.01) {
            bin.said.push((at, noisy.clamp(0.0, 100.0).round()));
        }
    }
    bin
}

#[test]
fn emptyings_are_found_again_and_overflows_are_announced_half_a_day_ahead() {
    let (settings, city) = (WasteSettings::shipped(), CityTime::of("Africa/Casablanca").unwrap());
    let mut chance = Chance(6);
    let (mut right, mut found, mut there, mut announced, mut overflows) = (0, 0, 0, 0, 0);
    for _ in 0..40 {
        let bin = bin(&mut chance);
        let levels: Vec<f64> = bin.said.iter().map(|(_, level)| *level).collect();
        let events = emptyings(&levels, |_| false, &settings.emptying);
        let near = |at: Timestamp| bin.emptied.iter().any(|t| (t.millis() - at.millis()).abs() <= HOUR);
        right += events.iter().filter(|e| near(bin.said[e.index].0)).count();
        found += events.len();
        there += bin.emptied.len();

        let starts: BTreeSet<usize> = events.iter().map(|e| e.index).collect();
        let good = kept(&levels, &starts, &settings);
        let history: Vec<(Timestamp, f64)> = bin.said.iter().zip(&good).filter(|(_, good)| **good).map(|(s, _)| *s).collect();
        let fell = |i: usize| history[i].1 - history[i - 1].1 < -settings.emptying.light_drop.get();
        let profile = WeekProfile::learn(&history, fell, &city).unwrap();
        for overflow in bin.overflowed.iter().filter(|t| **t > after(14 * 1440)) {
            overflows += 1;
            let now = Timestamp::clamped(overflow.millis() - 12 * HOUR);
            let last = bin.said.partition_point(|(at, _)| *at <= now);
            let since = starts.range(..last).next_back().copied().unwrap_or(0);
            let samples: Vec<Sample> = (since..last)
                .filter(|i| good[*i])
                .map(|i| Sample { hours: (bin.said[i].0.millis() - start().millis()) as f64 / HOUR as f64, fill: levels[i] })
                .collect();
            let told = forecast(&samples, 95.0, Some((&profile, city.hour_of_week(now))), &settings.forecast);
            announced += u32::from(told.value().and_then(|f| f.p90_h).is_some_and(|hours| hours <= 14.0));
        }
    }
    let f1 = 2.0 * right as f64 / (found + there) as f64;
    assert!(f1 >= 0.98, "emptyings: F1 {f1} ({right} of {there} found, {found} told)");
    let share = f64::from(announced) / f64::from(overflows);
    assert!(overflows > 100 && share >= 0.95, "{announced} of {overflows} overflows were announced: {share}");
}

/// For each level whether it is no outlier among those since the last emptying.
fn kept(levels: &[f64], starts: &BTreeSet<usize>, settings: &WasteSettings) -> Vec<bool> {
    let mut good = Vec::with_capacity(levels.len());
    let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([levels.len()]).collect();
    for pair in bounds.windows(2) {
        good.extend(hampel(&levels[pair[0]..pair[1]], &settings.emptying).into_iter().map(|outlier| !outlier));
    }
    good
}

/// How people use water in an hour: at night mostly not at all.
const DRAWING: [f64; 24] =
    [0.3, 0.2, 0.15, 0.15, 0.2, 0.5, 0.9, 0.95, 0.95, 0.9, 0.9, 0.9, 0.95, 0.9, 0.8, 0.7, 0.7, 0.7, 0.8, 0.9, 0.9, 0.9, 0.7, 0.5];

#[test]
fn leaks_of_ten_litres_are_found_by_the_second_morning_and_households_are_not_accused() {
    let settings = WaterSettings::shipped();
    let mut chance = Chance(4);
    let (mut hit, mut told, mut there) = (0_u32, 0_u32, 0_u32);
    for _ in 0..200 {
        let leak =
            chance.happens(0.3).then(|| (24 * 10 + domains::round_half_up(chance.share() * 240.0), 10.0 + 50.0 * chance.share()));
        let daily = 240.0 * (0.6 * chance.normal()).exp();
        let (mut total, mut readings) = (50_000.0, Vec::new());
        for hour in 0..30_i64 * 24 {
            if !chance.happens(0.01) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a meter counts whole litres")]
                readings.push(MeterIndex { at: after(hour * 60), litres: total as u64, serial: None });
            }
            let drawing = DRAWING[usize::try_from(hour % 24).unwrap()];
            if chance.happens(drawing) {
                total += daily / 24.0 * 2.0 * chance.share();
            }
            if let Some((_, flow)) = leak.filter(|(from, _)| (*from..from + 24 * 5).contains(&hour)) {
                total += flow;
            }
        }
        let curve = ConsumptionCurve::new(&readings, &settings.meter, &settings.curve).unwrap();
        let hours: Vec<Option<f64>> =
            curve.hours(after(0), after(30 * 1440)).map(|h| h.filter(|h| !h.estimated).map(|h| h.litres)).collect();
        let found = leaks(&hours, 1.0, &settings.leak);
        told += u32::try_from(found.len()).unwrap();
        if let Some((from, _)) = leak {
            there += 1;
            // The second morning at eight after the leak began.
            let morning = (from / 24 + 2) * 24 + 8;
            hit += u32::from(found.iter().any(|l| (from..morning).contains(&i64::try_from(l.index).unwrap())));
        }
    }
    let (precision, recall) = (f64::from(hit) / f64::from(told), f64::from(hit) / f64::from(there));
    assert!(precision >= 0.95 && recall >= 0.9, "{there} leaks, {told} told, {hit} right: {precision} {recall}");
}

#[test]
fn a_zone_with_two_faulty_sensors_in_a_hundred_is_known_to_a_bay_in_a_hundred() {
    let settings = ParkingSettings::shipped();
    let mut chance = Chance(1);
    let window = (after(0), after(600));
    let (mut truth, mut heard): (Vec<Vec<Transition>>, Vec<Vec<Transition>>) = (Vec::new(), Vec::new());
    for space in 0..100 {
        let (mut at, mut occupied) = (0.0, chance.happens(0.6));
        let (mut really, mut reports) = (Vec::new(), Vec::new());
        while at < 600.0 * 60.0 {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of ten hours")]
            let now = Timestamp::clamped(start().millis() + (at * 1000.0) as i64);
            really.push(Transition { at: now, state: if occupied { SpaceState::Occupied } else { SpaceState::Free } });
            reports.push((now, if occupied { Report::Occupied } else { Report::Free }));
            at += if occupied { 5_000.0 } else { 3_000.0 } * (0.2 + 1.6 * chance.share());
            occupied = !occupied;
        }
        reports.extend((0..40).map(|beat| (after(beat * 15), Report::Heartbeat)));
        // Two sensors fall silent, one after an hour and one after five.
        if space < 2 {
            reports.retain(|(t, _)| *t < after(60 + 240 * space));
        }
        truth.push(really);
        heard.push(transitions(&reports, window.1, &settings.space));
    }
    let percent = |spaces: &[Vec<Transition>]| {
        let spaces: Vec<&[Transition]> = spaces.iter().map(Vec::as_slice).collect();
        occupancy_over(&spaces, window, &settings.occupancy).percent.value().unwrap()
    };
    let (true_percent, found) = (percent(&truth), percent(&heard));
    assert!((true_percent - found).abs() <= 1.0, "{true_percent} is heard as {found}");
}
