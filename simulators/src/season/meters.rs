//! Water meters: people draw water and sleep, some connections leak, some taps drip now and then, and a pipe bursts.

use schemas::Timestamp;

use super::{Said, Season, heard, whole};
use crate::chance::Chance;
use crate::physics::{DAY, HOUR, calendar, mean, meter};

/// Of flats, those where nobody lives.
const VACANT: f64 = 0.06;
/// Of connections, those that leak, that drip, and that burst within thirty days.
const LEAKS: f64 = 0.02;
const DRIPS: f64 = 0.02;
const BURSTS: f64 = 0.006;
/// Draws of a season in which troubles begin: one each thirty days.
const SLOT: i64 = 30 * DAY;
/// Litres of one draw, on the average.
const DRAW: f64 = 12.0;
/// Part of the hours of sleep in which somebody gets up, and what that takes, litres.
const AWAKE: (f64, f64) = (0.15, 6.0);
/// What is wrong behind a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Water that never stops.
    Leak,
    /// A cistern that runs for some hours at a time.
    Drip,
    /// A pipe that broke.
    Burst,
}

/// Something wrong behind a meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trouble {
    /// What.
    pub kind: TroubleKind,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Litres an hour.
    pub flow: f64,
}

/// One meter over a season.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterSeason {
    /// Its index in whole litres, each hour, in order of time.
    pub said: Vec<Said<u64>>,
    /// What went wrong, in order of time.
    pub troubles: Vec<Trouble>,
}

impl Season {
    /// The `n`th meter.
    #[must_use]
    pub fn meter(&self, n: u32) -> MeterSeason {
        let luck = self.device(3, n);
        let daily = if luck.branch(30).unit() < VACANT { 0.0 } else { meter::daily(luck) };
        let troubles = self.troubles(luck);
        let mut index = luck.branch(31).between(20_000.0, 900_000.0);
        let (mut said, mut at) = (Vec::new(), self.start);
        while at < self.end_ms() {
            let told = heard(luck.branch(32).branch(at), at);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a register counts up from 0")]
            said.extend(told.map(|heard| Said { at: Timestamp::clamped(at), heard, value: index as u64 }));
            index += self.drawn(luck, daily, at) + troubles.iter().map(|t| flowed(t, luck, at)).sum::<f64>();
            at += HOUR;
        }
        MeterSeason { said, troubles }
    }

    fn troubles(&self, luck: Chance) -> Vec<Trouble> {
        let mut found: Vec<Trouble> = Vec::new();
        let slots = (self.end_ms() - self.start).div_euclid(SLOT).max(1);
        for slot in 0..slots {
            let luck = luck.branch(33).branch(slot);
            let drawn = luck.branch(1).unit();
            let days = |low: f64, high: f64| whole(luck.branch(2).between(low, high) * 86_400_000.0);
            let (kind, lasts, flow) = match drawn {
                d if d < LEAKS => (TroubleKind::Leak, days(2.0, 30.0), meter::leak(luck)),
                d if d < LEAKS + DRIPS => (TroubleKind::Drip, days(2.0, 20.0), luck.branch(3).between(15.0, 40.0)),
                d if d < LEAKS + DRIPS + BURSTS => (TroubleKind::Burst, days(0.05, 0.25), luck.branch(3).between(1200.0, 3000.0)),
                _ => continue,
            };
            let begins = (self.start + slot * SLOT + whole(luck.branch(4).unit() * 2_592_000_000.0)).div_euclid(HOUR) * HOUR;
            // One at a time, so that a label says what flows.
            if found.last().is_none_or(|before| before.to.millis() + 2 * DAY < begins) {
                found.push(Trouble { kind, from: Timestamp::clamped(begins), to: Timestamp::clamped(begins + lasts), flow });
            }
        }
        found
    }

    /// Litres that people draw in the hour from `at` on: whole draws, and hardly any while they sleep.
    fn drawn(&self, luck: Chance, daily: f64, at: i64) -> f64 {
        if daily == 0.0 {
            return 0.0;
        }
        let (day, (month, _)) = (self.day(at), calendar(at));
        let profile = if day.ramadan.is_some() { &meter::HOUR_RAMADAN } else { &meter::HOUR_PROFILE };
        let hour = at.rem_euclid(DAY) / HOUR;
        let share = profile.get(usize::try_from(hour).unwrap_or(0)).copied().unwrap_or(1.0) / mean(profile) / 24.0;
        let season = if meter::SUMMER_MONTHS.contains(&month) { meter::SUMMER } else { 1.0 };
        let feast = if day.ramadan.is_some_and(|d| d <= meter::FIRST_OF_RAMADAN.1) { meter::FIRST_OF_RAMADAN.0 } else { 1.0 };
        let night = luck.branch(36).branch(at.div_euclid(DAY));
        let luck = luck.branch(34).branch(at);
        if asleep(night, day.ramadan.is_some(), hour) {
            return if luck.branch(1).unit() < AWAKE.0 { AWAKE.1 } else { 0.0 };
        }
        // Draws come by chance, each of its own size: sums of exponential times and volumes.
        let (mut litres, mut left) = (0.0, daily * share * season * feast / DRAW);
        let exponential = |draw: i64| -(1.0 - luck.branch(draw).unit()).ln();
        for draw in (2..400).step_by(2) {
            left -= exponential(draw);
            if left < 0.0 {
                break;
            }
            litres += DRAW * exponential(draw + 1);
        }
        litres
    }
}

/// A household sleeps five hours from midnight or one on; in Ramadan three, from six or seven on.
fn asleep(night: Chance, ramadan: bool, hour: i64) -> bool {
    let (from, to) = if ramadan { (6, 9) } else { (0, 5) };
    let edge = i64::from(night.unit() < 0.5);
    (from + edge..to + edge).contains(&hour)
}

/// Litres of a trouble in the hour from `at` on.
fn flowed(trouble: &Trouble, luck: Chance, at: i64) -> f64 {
    if at < trouble.from.millis() || at >= trouble.to.millis() {
        return 0.0;
    }
    // A cistern runs for four hours and rests for as long, by chance.
    let runs = trouble.kind != TroubleKind::Drip || luck.branch(35).branch(at.div_euclid(4 * HOUR)).unit() < 0.5;
    if runs { trouble.flow } else { 0.0 }
}
