//! What the devices of one kind in one zone say of a quantity: the group with which each of them is compared.
//!
//! A sample is compared with what each of the others had said last *before* its instant, no longer than [`FRESH`] ago. So
//! stations that measure at one instant are never corrected by one another, in whatever order they are heard. The comparison
//! stays with the sample, in the past of its device. A late reading changes the comparisons of others that come after it;
//! where a verdict is another one by it, the past of that device is judged anew.
//!
//! Deliberately absent: the values. They are the pasts of the members, and are written down and read back with these.

use std::time::Duration;

use domains::median;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Kind, Quantity, Reading, Timestamp, Transition, Zone};

use crate::condition::{Memory, Point};
use crate::device::{Heard, Watched, earlier};
use crate::engine::{Engine, number};
use crate::history::History;
use crate::rule::{Rule, RuleSet};
use crate::sample::Sample;
use crate::stage::{Cause, Stage};

/// A value is compared with for so long.
const FRESH: Duration = Duration::from_secs(2 * 3600);
/// Fewer others are no group.
const LEAST: usize = 3;
/// Of a larger group the first so many that speak stand for all, in the order of their names.
const MOST: usize = 64;
/// Where a past is looked through for what nobody is compared with any more: at such sizes, each twice the one before.
const LOOKED_THROUGH: usize = 64;

type Series = (Quantity, u8);
type Name = (Quantity, u8, Kind, Zone);
type Devices = IndexMap<DeviceId, Watched, FxBuildHasher>;

/// A device of a group and its last two good values.
#[derive(Clone, Copy, Debug)]
struct Member {
    device: u32,
    last: Point,
    before: Option<Point>,
}

/// See the module. The members of each group stand in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Groups(IndexMap<Name, Vec<Member>, FxBuildHasher>);

impl Groups {
    /// A device that moved is in no group until it is heard in its new place.
    pub(crate) fn leave(&mut self, device: u32) {
        for members in self.0.values_mut() {
            members.retain(|m| m.device != device);
        }
    }

    /// Takes a device up, or what is new of it; out where there is nothing.
    fn place(&mut self, name: Name, device: u32, said: Option<(Point, Option<Point>)>, devices: &Devices) {
        let members = self.0.entry(name).or_default();
        let id = |device: u32| devices.get_index(device as usize).map(|(id, _)| id);
        let place = members.binary_search_by(|m| id(m.device).cmp(&id(device)));
        match (place, said.map(|(last, before)| Member { device, last, before })) {
            (Ok(place), Some(member)) => members.get_mut(place).into_iter().for_each(|m| *m = member),
            (Ok(place), None) => drop(members.remove(place)),
            (Err(place), Some(member)) => members.insert(place, member),
            (Err(_), None) => {}
        }
    }

    fn member(&self, name: &Name, device: u32, devices: &Devices) -> Option<&Member> {
        let members = self.0.get(name)?;
        let id = |device: u32| devices.get_index(device as usize).map(|(id, _)| id);
        members.binary_search_by(|m| id(m.device).cmp(&id(device))).ok().and_then(|place| members.get(place))
    }
}

/// What members of a group said before some instant.
struct Past<'a> {
    devices: &'a Devices,
    series: Series,
    /// How far behind its last value a member's values count.
    span: Duration,
    /// Pasts that were unpacked, by device.
    known: IndexMap<u32, Vec<Point>, FxBuildHasher>,
}

impl<'a> Past<'a> {
    fn new(devices: &'a Devices, series: Series, rules: &RuleSet) -> Self {
        Self { devices, series, span: span(rules), known: IndexMap::default() }
    }

    /// The last value before an instant.
    fn before(&mut self, member: &Member, at: Timestamp) -> Option<Point> {
        let said = match member.before {
            _ if member.last.at < at => Some(member.last),
            Some(before) if before.at >= at => {
                let points = self.points(member.device);
                points.partition_point(|p| p.at < at).checked_sub(1).and_then(|place| points.get(place)).copied()
            }
            before => before,
        };
        said.filter(|point| point.at >= member.last.at.minus(self.span))
    }

    fn points(&mut self, device: u32) -> &[Point] {
        self.known.entry(device).or_insert_with(|| {
            let watched = self.devices.get_index(device as usize).map(|(_, watched)| watched);
            watched.map_or_else(Vec::new, |watched| watched.points(self.series))
        })
    }

    /// The median of what the others had said, where there are enough.
    fn peers(&mut self, members: &[Member], device: u32, at: Timestamp) -> Option<f64> {
        let mut values = Vec::with_capacity(members.len().min(MOST));
        for member in members.iter().filter(|m| m.device != device) {
            if let Some(point) = self.before(member, at).filter(|point| at.since(point.at) <= FRESH) {
                values.push(point.value);
                if values.len() == MOST {
                    break;
                }
            }
        }
        if values.len() >= LEAST { median(&values) } else { None }
    }

    /// At each instant after `from` until `until` it has said something that is fresh.
    fn speaks(&mut self, member: &Member, from: Timestamp, until: Timestamp) -> bool {
        const NEXT: Duration = Duration::from_millis(1);
        let Some(mut said) = self.before(member, from.plus(NEXT)) else { return false };
        while said.at.plus(FRESH) < until {
            match self.before(member, said.at.plus(FRESH + NEXT)) {
                Some(next) if next.at > said.at => said = next,
                _ => return false,
            }
        }
        from.since(said.at) < FRESH
    }
}

/// For whom, and at which instants, what others had said is something else now.
type Changes = Vec<(u32, Vec<(Timestamp, Option<f64>)>)>;

impl Engine {
    /// The median of what the others had said before a reading.
    pub(crate) fn peers(&self, index: usize, reading: &Reading, sample: &Sample) -> Option<f64> {
        let (_, watched) = self.devices.get_index(index)?;
        let (kind, zone) = watched.place_of(reading);
        let members = self.groups.0.get(&(sample.quantity, sample.channel, kind, zone.clone()))?;
        Past::new(&self.devices, (sample.quantity, sample.channel), &self.rules).peers(members, number(index), sample.observed)
    }

    /// Takes a device that was read back into its groups.
    pub(crate) fn join_groups(&mut self, index: usize) {
        let Some((_, watched)) = self.devices.get_index(index).filter(|_| self.rules.compares_devices()) else { return };
        for (series, last, before) in watched.last_points(&self.rules) {
            let name = (series.0, series.1, watched.kind, watched.zone.clone());
            self.groups.place(name, number(index), Some((last, before)), &self.devices);
        }
    }

    /// The group hears a sample that took its place in the past of its device; whether somebody's past was judged anew.
    pub(crate) fn tell_group(&mut self, index: usize, sample: &Sample, replaces: bool, out: &mut Vec<Transition>) -> bool {
        let Some((_, watched)) = self.devices.get_index(index).filter(|_| !sample.bad || replaces) else { return false };
        let (series, device) = ((sample.quantity, sample.channel), number(index));
        let name = (series.0, series.1, watched.kind, watched.zone.clone());
        let known = self.groups.member(&name, device, &self.devices);
        let said = match known {
            Some(member) if !sample.bad && member.last.at < sample.observed => Some((Point::of(sample), Some(member.last))),
            None if !sample.bad => Some((Point::of(sample), None)),
            _ => watched
                .last_points(&self.rules)
                .into_iter()
                .find(|(of, ..)| *of == series)
                .map(|(_, last, before)| (last, before)),
        };
        self.groups.place(name.clone(), device, said, &self.devices);
        let members = self.groups.0.get(&name).map(Vec::as_slice).unwrap_or_default();
        let later = |m: &&Member| m.device != device && m.last.at > sample.observed;
        let later: Vec<u32> = members.iter().filter(later).map(|m| m.device).collect();
        if later.is_empty() || self.stand_for_it(members, device, sample) {
            return false;
        }
        if self.deferring {
            for device in &later {
                self.on(*device as usize, out, |watched, stage| watched.settle_past(stage));
            }
        }
        let changes = self.compared_anew(&name, device, sample, &later);
        let mut anew = false;
        for (other, peers) in changes {
            anew |= self.regroup(other as usize, series, &peers, (index, sample), out);
        }
        anew
    }

    /// So many that come before a device speak all the time, that what it said is compared with nobody.
    fn stand_for_it(&self, members: &[Member], device: u32, sample: &Sample) -> bool {
        let first = members.iter().take_while(|m| m.device != device);
        if first.clone().nth(MOST).is_none() {
            return false;
        }
        let newest = members.iter().map(|m| m.last.at).max().unwrap_or(sample.observed);
        let until = newest.min(sample.observed.plus(FRESH));
        let mut past = Past::new(&self.devices, (sample.quantity, sample.channel), &self.rules);
        // One more than stand for all: it may be one of them that is compared.
        first.filter(|m| past.speaks(m, sample.observed, until)).nth(MOST).is_some()
    }

    /// What the comparisons of `later` members come to, until `device` said something else.
    fn compared_anew(&self, name: &Name, device: u32, sample: &Sample, later: &[u32]) -> Changes {
        let members = self.groups.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let series = (name.0, name.1);
        let mut past = Past::new(&self.devices, series, &self.rules);
        let next = past.points(device).iter().map(|p| p.at).find(|at| *at > sample.observed);
        let until = sample.observed.plus(FRESH).min(next.unwrap_or(Timestamp::MAX));
        let mut changes = Vec::new();
        for &other in later {
            let Some((_, watched)) = self.devices.get_index(other as usize) else { continue };
            let touched = watched
                .history
                .iter()
                .filter(|s| (s.quantity, s.channel) == series && !s.bad && s.observed > sample.observed && s.observed <= until);
            let peers = touched.filter_map(|s| {
                let peers = past.peers(members, other, s.observed);
                (peers != s.peers).then_some((s.observed, peers))
            });
            let peers: Vec<_> = peers.collect();
            if !peers.is_empty() {
                changes.push((other, peers));
            }
        }
        changes
    }

    fn regroup(
        &mut self,
        index: usize,
        series: Series,
        peers: &[(Timestamp, Option<f64>)],
        (by, sample): (usize, &Sample),
        out: &mut Vec<Transition>,
    ) -> bool {
        let peer = self.devices.get_index(by).map(|(id, _)| id.clone());
        let cause = Cause { sample, peer: peer.as_ref() };
        let Some(heard) = self.on(index, out, |watched, stage| watched.regroup(series, peers, cause, stage)) else {
            return false;
        };
        self.mark(index);
        self.wake_by(index, heard.due);
        heard.late
    }
}

impl Watched {
    /// Where a device is when it says this.
    fn place_of<'a>(&'a self, reading: &'a Reading) -> (Kind, &'a Zone) {
        if reading.observed_at >= self.newest { (reading.kind, &reading.zone) } else { (self.kind, &self.zone) }
    }

    /// What is kept of it, final or not, in order.
    fn all(&self) -> impl Iterator<Item = Sample> {
        self.earlier.iter().flat_map(|past| past.iter()).chain(self.history.iter())
    }

    /// The good values of a series.
    fn points(&self, series: Series) -> Vec<Point> {
        self.all().filter(|s| !s.bad && (s.quantity, s.channel) == series).map(|s| Point::of(&s)).collect()
    }

    /// The last two good values of each series that is compared with that of others.
    fn last_points(&self, rules: &RuleSet) -> Vec<(Series, Point, Option<Point>)> {
        let mut all: Vec<(Series, Point, Option<Point>)> = Vec::new();
        for sample in self.all().filter(|s| !s.bad && rules.compares_group(s.quantity)) {
            let (series, point) = ((sample.quantity, sample.channel), Point::of(&sample));
            match all.iter_mut().find(|(of, ..)| *of == series) {
                Some((_, last, before)) => *before = Some(std::mem::replace(last, point)),
                None => all.push((series, point, None)),
            }
        }
        all
    }

    /// A sample becomes final; others may be compared with it for a while.
    pub(crate) fn keep_earlier(&mut self, sample: Sample, rules: &RuleSet) {
        if sample.bad || !rules.compares_group(sample.quantity) {
            return;
        }
        let past = self.earlier.get_or_insert_default();
        past.place(Sample { peers: None, ..sample });
        if past.len() >= LOOKED_THROUGH && past.len().is_power_of_two() {
            self.earlier = Some(Box::new(History::of(self.earlier_of_use(rules))));
        }
    }

    /// What is final and others may still be compared with.
    pub(crate) fn earlier_of_use(&self, rules: &RuleSet) -> Vec<Sample> {
        let Some(past) = self.earlier.as_deref() else { return Vec::new() };
        let (last, span) = (self.last_points(rules), span(rules));
        let counts = |s: &Sample| last.iter().any(|(of, p, _)| *of == (s.quantity, s.channel) && s.observed >= p.at.minus(span));
        past.iter().filter(counts).collect()
    }

    /// What others had said is something else now at these instants, in order.
    fn regroup(&mut self, series: Series, peers: &[(Timestamp, Option<f64>)], cause: Cause<'_>, stage: &mut Stage<'_>) -> Heard {
        let old: Vec<Sample> = self.history.iter().collect();
        let compared = |s: &Sample| match peers.binary_search_by_key(&s.observed, |(at, _)| *at) {
            Ok(place) if (s.quantity, s.channel) == series => Sample { peers: peers.get(place).and_then(|(_, p)| *p), ..*s },
            _ => *s,
        };
        let new: Vec<Sample> = old.iter().map(compared).collect();
        self.history = History::of(new.clone());
        if let Some((first, _)) = peers.first() {
            self.mark.take_if(|mark| (*first, series.0, series.1) <= mark.key);
        }
        let local = stage.local;
        let verdict = |rule: &Rule, s: &Sample| rule.condition.observe(&mut Memory::default(), s, local);
        let mut heard = Heard::default();
        let (kind, zone) = (self.kind, self.zone.clone());
        for watch in self.watches.iter_mut().filter(|w| w.is_of(series.0, series.1)) {
            let Some(rule) = stage.rules.rules().get(usize::from(watch.rule)).filter(|r| r.condition.of_group()) else {
                continue;
            };
            // Such a condition remembers nothing: where it says the same of each sample, nothing else changes.
            if old.iter().zip(&new).all(|(was, is)| was == is || verdict(rule, was) == verdict(rule, is)) {
                continue;
            }
            let corrected = watch.correct(rule, &old, &new, stage.local);
            stage.correct(rule, kind, &zone, &corrected, cause);
            heard.late = true;
            heard.due = earlier(heard.due, watch.live.due(rule, stage.local));
        }
        heard
    }
}

/// How far behind its last value the values of a member count: no reading in time is compared with older ones.
fn span(rules: &RuleSet) -> Duration {
    rules.lateness().saturating_add(FRESH)
}
