//! Air stations: what was in the air each hour, and what an instrument said of it every ten minutes.

use schemas::{Quantity, Timestamp};

use super::{Said, Season, heard};
use crate::physics::{HOUR, MINUTE, air};
use crate::places::PLACES;

/// How often a station speaks.
const STEP: i64 = 10 * MINUTE;
/// Noise of an instrument, part of the value.
const NOISE: f64 = 0.03;

/// What was in the air in one hour, ug/m3: means of what was true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationHour {
    /// The hour's first instant.
    pub start: Timestamp,
    /// PM10, PM2.5, NO2, O3.
    pub truth: [f64; 4],
}

/// One station over a season.
#[derive(Clone, Debug, PartialEq)]
pub struct StationSeason {
    /// Every hour.
    pub hours: Vec<StationHour>,
    /// What it said, in order of time, in the order of [`StationSeason::QUANTITIES`].
    pub said: Vec<Said<[f64; 4]>>,
}

impl StationSeason {
    /// What its four numbers are.
    pub const QUANTITIES: [Quantity; 4] = [Quantity::AIR_PM10, Quantity::AIR_PM2_5, Quantity::AIR_NO2, Quantity::AIR_O3];
}

impl Season {
    /// The `n`th station.
    #[must_use]
    pub fn station(&self, n: u32) -> StationSeason {
        let (luck, city) = (self.device(4, n), self.luck.branch(-1));
        let place = usize::try_from(n).ok().and_then(|n| PLACES.get(n % PLACES.len())).unwrap_or(&PLACES[0]);
        let site = air::Site { traffic: place.traffic, by_the_sea: false };
        let mut made = StationSeason { hours: Vec::new(), said: Vec::new() };
        let mut start = self.start;
        while start < self.end_ms() {
            let mut sum = [0.0; 4];
            for at in (0..6).map(|step| start + step * STEP) {
                let now = air::air(city, luck, site, 0.0, at);
                let truth = [now.pm10, now.pm2_5, now.no2, now.o3];
                for (sum, value) in sum.iter_mut().zip(truth) {
                    *sum += value / 6.0;
                }
                let luck = luck.branch(40).branch(at);
                let mut noise = (50_i64..).map(|label| 1.0 + NOISE * luck.branch(label).normal());
                let value = truth.map(|v| ((v * noise.next().unwrap_or(1.0)).max(0.0) * 10.0).round() / 10.0);
                made.said.extend(heard(luck, at).map(|heard| Said { at: Timestamp::clamped(at), heard, value }));
            }
            made.hours.push(StationHour { start: Timestamp::clamped(start), truth: sum });
            start += HOUR;
        }
        made
    }
}
