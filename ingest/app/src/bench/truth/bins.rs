//! Bins: emptyings found again, overflows announced half a day ahead, and announcements that came to nothing.

use std::time::Duration;

use domains::time::CityTime;
use domains::waste::{BinHistory, WasteSettings, WeekProfile};
use schemas::Timestamp;
use simulators::{BinSeason, Said, Season};

use super::{Figure, in_f64, ratio};

const HOUR: Duration = Duration::from_secs(3600);
/// An emptying is found if it is told within this time after it was: two samples, and one that was lost.
const FOUND_WITHIN: Duration = HOUR;
/// What a plan looks at, as the worklist does: it learns from two weeks.
const LEARNS: Duration = Duration::from_secs(14 * 86_400);
/// A trend looks back no further than this.
const LOOK_BACK: Duration = Duration::from_secs(72 * 3600);
/// An overflow must be announced this long ahead ...
const AHEAD: Duration = Duration::from_secs(12 * 3600);
/// ... and it is announced if the cautious time lies within this.
const HORIZON: Duration = Duration::from_secs(14 * 3600);
/// Announcements are looked for this often.
const LOOKS: Duration = Duration::from_secs(6 * 3600);
/// An announcement came true if the bin overflows within this.
const CAME_TRUE: Duration = Duration::from_secs(24 * 3600);

#[derive(Default)]
struct Counts {
    /// Emptyings told, of them true ones, and those that were.
    told: usize,
    right: usize,
    there: usize,
    overflows: usize,
    announced: usize,
    /// Announcements that came to nothing, and those that a collection prevented.
    false_alarms: usize,
    prevented: usize,
}

/// The figures of so many bins.
pub(super) fn figures(season: &Season, bins: u32, city: &CityTime) -> Vec<Figure> {
    let settings = WasteSettings::shipped();
    let mut counts = Counts::default();
    for n in 0..bins {
        let bin = season.bin(n);
        emptyings(&bin, &settings, &mut counts);
        Watched { bin: &bin, settings: &settings, city }.overflows(season, &mut counts);
    }
    let f1 = ratio(2 * counts.right, counts.told + counts.there);
    let weeks = season.end().since(season.start().plus(LEARNS)).as_secs_f64() / (7.0 * 86_400.0) * f64::from(bins);
    let a_week = |count: usize| (weeks > 0.0).then(|| in_f64(count) / weeks);
    vec![
        Figure::at_least(
            "emptied events, F1",
            f1,
            0.98,
            format!("{} of {} found, {} told", counts.right, counts.there, counts.told),
        ),
        Figure::at_least(
            "overflows announced 12 h ahead",
            ratio(counts.announced, counts.overflows),
            0.95,
            format!("{} of {}", counts.announced, counts.overflows),
        ),
        Figure::shown("false announcements a bin and week", a_week(counts.false_alarms), format!("{}", counts.false_alarms)),
        Figure::shown(
            "announcements that a collection prevented",
            a_week(counts.prevented),
            format!("{}, a bin and week", counts.prevented),
        ),
    ]
}

fn emptyings(bin: &BinSeason, settings: &WasteSettings, counts: &mut Counts) {
    let said = bin.said.iter().map(|said| (said.at, said.value)).collect();
    let history = BinHistory::new(said, &settings.emptying);
    let mut open: Vec<Timestamp> = bin.emptied.clone();
    counts.there += open.len();
    for (at, _) in history.emptyings() {
        counts.told += 1;
        // Each is found once.
        let true_one = open.iter().position(|was| *was <= at && at.since(*was) <= FOUND_WITHIN);
        if let Some(index) = true_one {
            open.remove(index);
            counts.right += 1;
        }
    }
}

/// One bin, watched as the worklist watches it.
struct Watched<'a> {
    bin: &'a BinSeason,
    settings: &'a WasteSettings,
    city: &'a CityTime,
}

impl Watched<'_> {
    /// What was heard by `now` of the time after `from`.
    fn history(&self, from: Timestamp, now: Timestamp) -> BinHistory {
        let first = self.bin.said.partition_point(|said| said.at < from);
        let known = self.bin.said.iter().skip(first).take_while(|said| said.at <= now).filter(|said| said.heard <= now);
        BinHistory::new(known.map(|Said { at, value, .. }| (*at, *value)).collect(), &self.settings.emptying)
    }

    /// How the bin fills, as far as it was known by `now`.
    fn profile(&self, now: Timestamp) -> Option<WeekProfile> {
        WeekProfile::of_bins([&self.history(now.minus(LEARNS), now)], self.settings, self.city)
    }

    /// Whether at `now` an overflow is announced.
    fn announces(&self, now: Timestamp, profile: Option<&WeekProfile>) -> bool {
        let history = self.history(now.minus(LOOK_BACK), now);
        let level = self.settings.levels.overflow.get();
        let told = history.forecast(level, profile, &self.settings.forecast, self.city);
        let hours = told.value().and_then(|f| f.p90_h).and_then(|h| Duration::try_from_secs_f64(h * 3600.0).ok());
        let full = history.last().zip(hours).map(|((at, _), hours)| at.plus(hours));
        full.is_some_and(|full| full <= now.plus(HORIZON))
    }

    fn overflows(&self, season: &Season, counts: &mut Counts) {
        let begins = season.start().plus(LEARNS);
        for overflow in self.bin.overflowed.iter().filter(|at| at.minus(AHEAD) >= begins) {
            let now = overflow.minus(AHEAD);
            counts.overflows += 1;
            counts.announced += usize::from(self.announces(now, self.profile(now).as_ref()));
        }
        let (mut now, mut before, mut looks, mut profile) = (begins, false, 0_u32, None);
        while now.plus(CAME_TRUE) < season.end() {
            // The week changes slowly: learned anew each day.
            if looks.is_multiple_of(4) {
                profile = self.profile(now);
            }
            let announced = self.announces(now, profile.as_ref());
            let within = |times: &[Timestamp], span: Duration| times.iter().any(|at| now <= *at && *at <= now.plus(span));
            let full = now >= begins && self.is_over(now);
            if announced && !before && !full && !within(&self.bin.overflowed, CAME_TRUE) {
                if within(&self.bin.emptied, HORIZON) {
                    counts.prevented += 1;
                } else {
                    counts.false_alarms += 1;
                }
            }
            before = announced;
            looks += 1;
            now = now.plus(LOOKS);
        }
    }

    /// Whether the bin overflows at `now`: since its last overflow it was not emptied.
    fn is_over(&self, now: Timestamp) -> bool {
        let last = |times: &[Timestamp]| times.iter().copied().filter(|at| *at <= now).max();
        last(&self.bin.overflowed).is_some_and(|over| last(&self.bin.emptied).is_none_or(|emptied| emptied < over))
    }
}
