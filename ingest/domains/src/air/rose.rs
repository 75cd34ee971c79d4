//! The pollution rose: how often the wind comes from where, and what it brings.
//!
//! Deliberately absent: any claim about a source. A rose says from where the air came to this station and nothing of how far.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::profile::UsualHour;
use super::{HourlySeries, PatternSettings, Pollutant, eaqi_band};

/// Sectors, clockwise from north; the first is the one around north.
pub const SECTORS: usize = 16;
/// Bands of the European index.
const BANDS: usize = 6;
/// A mean of directions that is shorter than that, of 1 at most, is none: the wind turned round and round.
const TURNING: f64 = 1e-6;

/// The wind of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wind {
    /// Where it comes from, degrees clockwise from north, `0.0..360.0`.
    pub from: f64,
    /// m/s; none where nobody measures it.
    pub speed: Option<f64>,
}

/// The wind of each UTC hour, from (time, value): the direction is that of the mean of unit vectors, since 350 and 10 degrees
/// are north and not south; the speed is the mean.
#[must_use]
pub fn hourly_winds(directions: &[(Timestamp, f64)], speeds: &[(Timestamp, f64)]) -> BTreeMap<Timestamp, Wind> {
    let mut vectors: BTreeMap<Timestamp, (f64, f64, f64)> = BTreeMap::new();
    for (at, degrees) in directions.iter().filter(|(_, degrees)| degrees.is_finite()) {
        let (east, north) = degrees.to_radians().sin_cos();
        let sum = vectors.entry(at.hour()).or_default();
        *sum = (sum.0 + east, sum.1 + north, sum.2 + 1.0);
    }
    let mut sums: BTreeMap<Timestamp, (f64, f64)> = BTreeMap::new();
    for (at, speed) in speeds.iter().filter(|(_, speed)| speed.is_finite()) {
        let sum = sums.entry(at.hour()).or_default();
        *sum = (sum.0 + speed, sum.1 + 1.0);
    }
    let steady = vectors.into_iter().filter(|(_, (east, north, count))| east.hypot(*north) / count > TURNING);
    let wind = |(at, (east, north, _)): (Timestamp, (f64, f64, f64))| {
        let speed = sums.get(&at).map(|(sum, count)| sum / count);
        (at, Wind { from: east.atan2(north).to_degrees().rem_euclid(360.0), speed })
    };
    steady.map(wind).collect()
}

/// What came with the wind of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sector {
    /// Hours and their mean.
    #[serde(flatten)]
    pub usual: UsualHour,
    /// Its hours by the pollutant's band of the European index, from good on; none where the index does not know the pollutant.
    pub bands: Option<[usize; BANDS]>,
}

/// Hours with both a valid value and a known wind.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rose {
    /// All of them.
    pub hours: usize,
    /// Those of so little wind that its direction is not believed.
    pub calm: UsualHour,
    /// The others, by where the wind came from: N, NNE, NE and so on.
    pub sectors: [Sector; SECTORS],
}

/// The rose of a pollutant, ug/m3, over the hours of `winds`.
#[must_use]
pub fn rose(pollutant: Pollutant, series: &HourlySeries, winds: &BTreeMap<Timestamp, Wind>, settings: &PatternSettings) -> Rose {
    let least = settings.least_hours.get() as usize;
    let graded = eaqi_band(pollutant, 0.0).is_some();
    let (mut calm, mut sums) = ((0_usize, 0.0), [(0_usize, 0.0, [0_usize; BANDS]); SECTORS]);
    for (wind, value) in winds.iter().filter_map(|(at, wind)| Some((wind, series.at(*at)?))) {
        if wind.speed.is_some_and(|speed| speed < settings.calm_m_s.get()) {
            calm = (calm.0 + 1, calm.1 + value);
            continue;
        }
        let Some((hours, sum, bands)) = sums.get_mut(sector(wind.from)) else { continue };
        *hours += 1;
        *sum += value;
        if let Some(band) = eaqi_band(pollutant, value).and_then(|level| bands.get_mut(usize::from(level).saturating_sub(1))) {
            *band += 1;
        }
    }
    Rose {
        hours: calm.0 + sums.iter().map(|(hours, ..)| hours).sum::<usize>(),
        calm: UsualHour::of(calm.0, calm.1, least),
        sectors: sums
            .map(|(hours, sum, bands)| Sector { usual: UsualHour::of(hours, sum, least), bands: graded.then_some(bands) }),
    }
}

/// The sector of a direction, degrees.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 16")]
fn sector(from: f64) -> usize {
    let width = 360.0 / SECTORS as f64;
    ((from + width / 2.0).rem_euclid(360.0) / width) as usize % SECTORS
}

#[cfg(test)]
mod tests {
    use schemas::HOUR;

    use super::*;
    use crate::air::AirSettings;

    fn hour(n: i64) -> Timestamp {
        Timestamp::clamped(n * HOUR)
    }

    #[test]
    fn the_mean_of_winds_around_north_is_north_and_one_that_turns_round_is_none() {
        let minute = |hour: i64, n: i64, degrees: f64| (Timestamp::clamped(hour * HOUR + n * 60_000), degrees);
        let directions = [minute(0, 1, 350.0), minute(0, 2, 10.0), minute(1, 1, 90.0), minute(1, 2, 270.0), minute(2, 1, 360.0)];
        let winds = hourly_winds(&directions, &[minute(0, 1, 2.0), minute(0, 2, 4.0)]);
        assert_eq!(winds.keys().copied().collect::<Vec<_>>(), [hour(0), hour(2)]);
        let from = winds[&hour(0)].from;
        assert!(!(1e-9..=360.0 - 1e-9).contains(&from), "{from}");
        assert_eq!((winds[&hour(0)].speed, winds[&hour(2)].speed), (Some(3.0), None));
    }

    #[test]
    fn sectors_are_centred_on_their_names() {
        assert_eq!([0.0, 11.24, 11.26, 90.0, 348.74, 348.76, 360.0].map(sector), [0, 0, 1, 4, 15, 0, 0]);
    }

    #[test]
    fn a_rose_counts_hours_with_value_and_wind_calms_apart_and_few_hours_have_no_mean() {
        let settings = AirSettings::shipped().pattern;
        let west = Wind { from: 268.0, speed: Some(3.0) };
        let mut winds: BTreeMap<Timestamp, Wind> = (0..4).map(|n| (hour(n), west)).collect();
        winds.insert(hour(4), Wind { from: 10.0, speed: None });
        winds.insert(hour(5), Wind { from: 10.0, speed: Some(0.2) });
        winds.insert(hour(9), west);
        let values = [Some(10.0), None, Some(50.0), Some(30.0), Some(7.0), Some(200.0)];
        let series = HourlySeries::new(hour(0), values.into()).unwrap();
        let found = rose(Pollutant::Pm10, &series, &winds, &settings);
        assert_eq!((found.hours, found.calm), (5, UsualHour { hours: 1, mean: None }));
        assert_eq!(found.sectors[12].usual, UsualHour { hours: 3, mean: Some(30.0) });
        assert_eq!(found.sectors[12].bands, Some([1, 1, 1, 0, 0, 0]));
        assert_eq!(found.sectors[0].usual, UsualHour { hours: 1, mean: None });
        let gas = rose(Pollutant::Co, &series, &winds, &settings);
        assert_eq!(gas.sectors[12].bands, None, "the index knows no carbon monoxide");
    }
}
