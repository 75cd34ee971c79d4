//! Which bins to empty next, and in which order: nearest neighbour from the depot until the vehicle is full,
//! then crossings taken out (2-opt). Good rounds, not the best ones; the same input gives the same round.

use schemas::{DeviceId, Place};
use serde::Serialize;

use super::RoundSettings;

/// One plan has at most this many bins.
const CANDIDATES_LIMIT: usize = 5_000;
/// One round has at most this many stops, whatever they weigh.
const STOPS_LIMIT: usize = 250;
/// Crossings are looked for this many times over a round.
const PASSES_LIMIT: usize = 32;
/// Metres in a degree of latitude, on a sphere of 6,371 km.
const METRES_PER_DEGREE: f64 = 111_194.93;
/// An improvement of less than this is none: it could be taken back and forth for ever, metres.
const LEAST_GAIN: f64 = 1e-6;

/// A bin that may be worth a stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its sensor.
    pub device: DeviceId,
    /// Where it stands.
    pub place: Place,
    /// How full it is, per cent.
    pub fill: f64,
    /// In how many hours it is as likely as not at the level of the settings; none if it is not foreseen.
    pub reaches_h: Option<f64>,
    /// What its contents weigh when it is full, kg.
    pub full_kg: f64,
}

/// One stop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// The bin's sensor.
    pub device: DeviceId,
    /// Where it stands.
    pub place: Place,
    /// How full it is, per cent.
    pub fill: f64,
    /// In how many hours it is at the level of the settings.
    pub reaches_h: Option<f64>,
    /// What is expected to be loaded here, kg.
    pub load_kg: f64,
}

/// One drive from the depot and back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// In the order in which they are driven to.
    pub stops: Vec<Stop>,
    /// As the crow flies, from depot to depot, km.
    pub km: f64,
    /// What is expected to be loaded, kg.
    pub load_kg: f64,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// Too many bins for one plan.
    #[error("{0} bins are to be emptied, expected at most {CANDIDATES_LIMIT} in one plan: ask by territory")]
    TooMany(usize),
}

/// Metres east and north of the depot: a city is flat.
#[derive(Clone, Copy)]
struct Point(f64, f64);

impl Point {
    fn of(place: Place, depot: Place) -> Self {
        let north = (place.lat() - depot.lat()) * METRES_PER_DEGREE;
        Point((place.lon() - depot.lon()) * METRES_PER_DEGREE * depot.lat().to_radians().cos(), north)
    }

    fn to(self, other: Point) -> f64 {
        (self.0 - other.0).hypot(self.1 - other.1)
    }
}

/// The rounds that empty every bin which is full enough, or will be before the next pass in `next_pass_h`
/// hours.
///
/// # Errors
/// More bins than one plan takes.
pub fn plan_rounds(
    candidates: &[Candidate],
    depot: Place,
    next_pass_h: f64,
    settings: &RoundSettings,
) -> Result<Vec<Round>, RoundError> {
    let due = |c: &&Candidate| c.fill >= settings.fill.get() || c.reaches_h.is_some_and(|h| h < next_pass_h);
    let mut open: Vec<(&Candidate, Point)> = candidates.iter().filter(due).map(|c| (c, Point::of(c.place, depot))).collect();
    if open.len() > CANDIDATES_LIMIT {
        return Err(RoundError::TooMany(open.len()));
    }
    // Ties in distance go to the smaller name, whatever the order of the question.
    open.sort_by(|a, b| a.0.device.cmp(&b.0.device));
    let mut rounds = Vec::new();
    while !open.is_empty() {
        let mut round = one_round(&mut open, settings.vehicle_kg.get());
        untangle(&mut round);
        rounds.push(finished(&round));
    }
    Ok(rounds)
}

/// Takes the nearest open bins until the vehicle is full; at least one, or a heavy bin would wait for ever.
fn one_round<'a>(open: &mut Vec<(&'a Candidate, Point)>, vehicle_kg: f64) -> Vec<(&'a Candidate, Point)> {
    let (mut round, mut here, mut load) = (Vec::new(), Point(0.0, 0.0), 0.0);
    while round.len() < STOPS_LIMIT {
        let fits = |c: &Candidate| round.is_empty() || load + load_of(c) <= vehicle_kg;
        let near = open.iter().enumerate().filter(|(_, (c, _))| fits(c)).map(|(i, (_, p))| (here.to(*p), i));
        let Some((_, nearest)) = near.reduce(|best, next| if next.0 < best.0 { next } else { best }) else { break };
        let stop = open.remove(nearest);
        load += load_of(stop.0);
        here = stop.1;
        round.push(stop);
    }
    round
}

fn load_of(candidate: &Candidate) -> f64 {
    candidate.full_kg.max(0.0) * candidate.fill.clamp(0.0, 100.0) / 100.0
}

/// 2-opt on the closed tour through the depot: turns a stretch round wherever that shortens the way.
fn untangle(round: &mut [(&Candidate, Point)]) {
    let depot = Point(0.0, 0.0);
    let at = |round: &[(&Candidate, Point)], i: Option<usize>| i.and_then(|i| round.get(i)).map_or(depot, |stop| stop.1);
    for _ in 0..PASSES_LIMIT {
        let mut better = false;
        for from in 0..round.len() {
            for to in from + 1..round.len() {
                let (before, first) = (at(round, from.checked_sub(1)), at(round, Some(from)));
                let (last, after) = (at(round, Some(to)), at(round, Some(to + 1)));
                let gain = before.to(first) + last.to(after) - before.to(last) - first.to(after);
                if gain > LEAST_GAIN
                    && let Some(stretch) = round.get_mut(from..=to)
                {
                    stretch.reverse();
                    better = true;
                }
            }
        }
        if !better {
            break;
        }
    }
}

fn finished(round: &[(&Candidate, Point)]) -> Round {
    let depot = Point(0.0, 0.0);
    let (metres, last) = round.iter().fold((0.0, depot), |(sum, here), (_, p)| (sum + here.to(*p), *p));
    let stop = |(c, _): &(&Candidate, Point)| Stop {
        device: c.device.clone(),
        place: c.place,
        fill: c.fill,
        reaches_h: c.reaches_h,
        load_kg: load_of(c),
    };
    let load_kg = round.iter().map(|(c, _)| load_of(c)).sum();
    Round { stops: round.iter().map(stop).collect(), km: (metres + last.to(depot)) / 1e3, load_kg }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::WasteSettings;

    fn bin(name: &str, lat: f64, lon: f64, fill: f64) -> Candidate {
        let place = Place::new(lat, lon).unwrap();
        Candidate { device: name.parse().unwrap(), place, fill, reaches_h: None, full_kg: 385.0 }
    }

    fn names(round: &Round) -> Vec<String> {
        round.stops.iter().map(|s| s.device.to_string()).collect()
    }

    #[test]
    fn a_round_has_no_crossing_and_only_bins_that_are_due() {
        let settings = WasteSettings::shipped().round;
        let depot = Place::new(33.5, -7.6).unwrap();
        // A square whose nearest-neighbour way from the depot crosses itself.
        let bins = [
            bin("a", 33.50, -7.599, 80.0),
            bin("b", 33.51, -7.598, 80.0),
            bin("c", 33.51, -7.602, 80.0),
            bin("d", 33.50, -7.601, 80.0),
            bin("empty", 33.505, -7.6, 10.0),
        ];
        let rounds = plan_rounds(&bins, depot, 8.0, &settings).unwrap();
        assert_eq!(rounds.len(), 1);
        assert_eq!(names(&rounds[0]), ["a", "b", "c", "d"]);
        let turned: Vec<_> = bins.iter().rev().cloned().collect();
        assert_eq!(plan_rounds(&turned, depot, 8.0, &settings).unwrap(), rounds);
    }

    #[test]
    fn a_vehicle_is_never_overloaded_and_nothing_is_left_behind() {
        let settings = WasteSettings::shipped().round;
        let depot = Place::new(33.5, -7.6).unwrap();
        let bins: Vec<_> =
            (0..60).map(|i| bin(&format!("b{i}"), 33.5 + f64::from(i % 8) / 400.0, -7.6 + f64::from(i) / 900.0, 90.0)).collect();
        let rounds = plan_rounds(&bins, depot, 8.0, &settings).unwrap();
        assert!(rounds.len() > 1);
        assert!(rounds.iter().all(|r| r.load_kg <= settings.vehicle_kg.get()));
        assert_eq!(rounds.iter().map(|r| r.stops.len()).sum::<usize>(), 60);
    }
}
