//! The calendar that a city lives by: Ramadan, the Eids, public holidays, weekly markets, and what they do
//! to the amount of waste.
//!
//! Hijri dates are a table and not a formula. Months begin in Morocco by local sighting, often a day after
//! the computed Umm al-Qura date: a date that was announced stands in the file beside the computed one
//! and wins, and whoever shows a date can say which of the two it is.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use schemas::Texts;
use serde::{Deserialize, Serialize};

use super::WeekdayName;
use crate::parameters::{self, ParameterError, Positive, Sourced, Status};

const SHIPPED: &str = include_str!("../../../../config/calendar/casablanca.toml");

/// A day of the Hijri year that the city feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feast {
    /// 1 Muharram.
    NewYear,
    /// 12 Rabi al-awwal.
    Mawlid,
    /// 1 Ramadan.
    Ramadan,
    /// 1 Shawwal.
    EidAlFitr,
    /// 10 Dhu al-hijja.
    EidAlAdha,
}

/// The days of one Hijri year, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hijri {
    /// 1 Muharram.
    pub new_year: Option<Date>,
    /// 12 Rabi al-awwal.
    pub mawlid: Option<Date>,
    /// 1 Ramadan.
    pub ramadan: Option<Date>,
    /// 1 Shawwal, which is the day after Ramadan.
    pub eid_al_fitr: Option<Date>,
    /// 10 Dhu al-hijja.
    pub eid_al_adha: Option<Date>,
}

impl Hijri {
    fn of(&self, feast: Feast) -> Option<Date> {
        match feast {
            Feast::NewYear => self.new_year,
            Feast::Mawlid => self.mawlid,
            Feast::Ramadan => self.ramadan,
            Feast::EidAlFitr => self.eid_al_fitr,
            Feast::EidAlAdha => self.eid_al_adha,
        }
    }
}

/// A date, and whether it was announced or only computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// The civil date.
    pub date: Date,
    /// Announced in the country; else computed, and possibly a day early.
    pub announced: bool,
}

/// A day within Ramadan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ramadan {
    /// The Hijri year.
    pub year: u16,
    /// Which day of the month, from 1.
    pub day: u8,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HijriYear {
    year: u16,
    computed: Hijri,
    #[serde(default)]
    announced: Hijri,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    month: i8,
    day: i8,
    name: Texts,
    /// First year in which it was kept.
    #[serde(default)]
    since: i16,
    status: Status,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeastHoliday {
    feast: Feast,
    /// Days off, from the feast on.
    days: u8,
    name: Texts,
    status: Status,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Souk {
    zone: String,
    weekday: WeekdayName,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeastWaste {
    feast: Feast,
    /// Days after the feast; before it when negative.
    offset: i32,
    factor: Sourced<Positive>,
    /// Hijri years in which it does not hold.
    #[serde(default)]
    except: Vec<u16>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waste {
    ramadan: Sourced<Positive>,
    souk: Sourced<Positive>,
    #[serde(default)]
    feast: Vec<FeastWaste>,
}

/// How much more waste than on an ordinary day is expected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WasteFactor {
    /// 1 on an ordinary day.
    pub value: f64,
    /// How well it is known: the worst of what it is made of. An ordinary day is so by definition.
    pub status: Status,
}

impl WasteFactor {
    const ORDINARY: Self = Self { value: 1.0, status: Status::Verified };

    fn times(self, factor: &Sourced<Positive>) -> Self {
        Self { value: self.value * factor.get(), status: self.status.max(factor.status) }
    }
}

/// The calendar of a city.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    city: String,
    zone: String,
    #[serde(default)]
    hijri: Vec<HijriYear>,
    #[serde(default)]
    holiday: Vec<Holiday>,
    #[serde(default)]
    feast_holiday: Vec<FeastHoliday>,
    #[serde(default)]
    souk: Vec<Souk>,
    waste: Waste,
    /// Dates on which a holiday that goes with a feast is kept, and its place in the list: rules ask with each reading.
    #[serde(skip)]
    kept: BTreeMap<Date, usize>,
}

impl Calendar {
    /// Reads a calendar; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a date or factor that is none, or a Ramadan that does not end after 29 or
    /// 30 days.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let mut calendar: Self = parameters::read(file, text)?;
        for year in &calendar.hijri {
            let [first, next] = [Feast::Ramadan, Feast::EidAlFitr].map(|feast| calendar.feast(year.year, feast));
            if let (Some(first), Some(next)) = (first, next) {
                let days = days_between(first.date, next.date);
                // A month by computation and an Eid by sighting may be 31 days apart.
                if !(28..=31).contains(&days) {
                    let message = format!("ramadan of {} has {days} days, expected 29 or 30", year.year);
                    return Err(ParameterError::at(file, text, None, message));
                }
            }
        }
        calendar.kept = calendar.feast_holidays();
        Ok(calendar)
    }

    fn feast_holidays(&self) -> BTreeMap<Date, usize> {
        let mut kept = BTreeMap::new();
        for (place, holiday) in self.feast_holiday.iter().enumerate() {
            for feast in self.hijri.iter().filter_map(|row| self.feast(row.year, holiday.feast)) {
                for day in 0..i32::from(holiday.days) {
                    kept.entry(Self::shifted(feast.date, day)).or_insert(place);
                }
            }
        }
        kept
    }

    /// The calendar of Casablanca that is shipped.
    #[must_use]
    pub fn casablanca() -> Self {
        Self::parse("config/calendar/casablanca.toml", SHIPPED).expect("the shipped calendar is tested")
    }

    /// The city that it is for.
    #[must_use]
    pub fn city(&self) -> &str {
        &self.city
    }

    /// Its time zone, by IANA name.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// When a feast of a Hijri year is, or was; none where the table does not reach.
    #[must_use]
    pub fn feast(&self, year: u16, feast: Feast) -> Option<Expected> {
        let row = self.hijri.iter().find(|row| row.year == year)?;
        let announced = row.announced.of(feast).map(|date| Expected { date, announced: true });
        announced.or_else(|| row.computed.of(feast).map(|date| Expected { date, announced: false }))
    }

    /// The computed (Umm al-Qura) date of a feast, whatever was announced.
    #[must_use]
    pub fn computed(&self, year: u16, feast: Feast) -> Option<Date> {
        self.hijri.iter().find(|row| row.year == year)?.computed.of(feast)
    }

    /// Which day of Ramadan a date is; none outside.
    #[must_use]
    pub fn ramadan(&self, date: Date) -> Option<Ramadan> {
        self.hijri.iter().find_map(|row| {
            let first = self.feast(row.year, Feast::Ramadan)?.date;
            let next = self.feast(row.year, Feast::EidAlFitr)?.date;
            let day = u8::try_from(days_between(first, date) + 1).ok()?;
            (first <= date && date < next).then_some(Ramadan { year: row.year, day })
        })
    }

    /// The public holiday on a date, by name, and how well it is known; none on a working day.
    #[must_use]
    pub fn holiday(&self, date: Date) -> Option<(&Texts, Status)> {
        let fixed = |h: &&Holiday| (h.month, h.day) == (date.month(), date.day()) && date.year() >= h.since;
        let fixed = self.holiday.iter().find(fixed).map(|h| (&h.name, h.status));
        fixed.or_else(|| self.feast_holiday.get(*self.kept.get(&date)?).map(|h| (&h.name, h.status)))
    }

    /// Whether a zone has its weekly market on a date.
    #[must_use]
    pub fn is_souk(&self, zone: &str, date: Date) -> bool {
        self.souk.iter().any(|souk| souk.zone == zone && souk.weekday.weekday() == date.weekday())
    }

    /// How much more waste than on an ordinary day a zone is expected to make on a date.
    #[must_use]
    pub fn waste_factor(&self, zone: &str, date: Date) -> WasteFactor {
        let feast = self.waste.feast.iter().find(|row| {
            let years = self.hijri.iter().filter(|h| !row.except.contains(&h.year));
            let mut dates = years.filter_map(|h| self.feast(h.year, row.feast));
            dates.any(|feast| days_between(feast.date, date) == row.offset)
        });
        let season = match feast {
            Some(row) => WasteFactor::ORDINARY.times(&row.factor),
            None if self.ramadan(date).is_some() => WasteFactor::ORDINARY.times(&self.waste.ramadan),
            None => WasteFactor::ORDINARY,
        };
        if self.is_souk(zone, date) { season.times(&self.waste.souk) } else { season }
    }

    /// The same date a number of days later, or earlier.
    #[must_use]
    pub fn shifted(date: Date, days: i32) -> Date {
        date.saturating_add(days.days())
    }
}

/// Days from `from` to `to`; negative if `to` is earlier.
fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn an_announced_date_wins_over_the_computed_one() {
        let calendar = Calendar::casablanca();
        let feast = calendar.feast(1445, Feast::EidAlAdha).unwrap();
        assert_eq!((feast.date, feast.announced), (date("2024-06-17"), true));
        assert_eq!(calendar.computed(1445, Feast::EidAlAdha), Some(date("2024-06-16")));
        assert!(!calendar.feast(1450, Feast::EidAlFitr).unwrap().announced);
    }

    #[test]
    fn ramadan_runs_from_its_first_day_to_the_eve_of_eid() {
        let calendar = Calendar::casablanca();
        let first = calendar.feast(1448, Feast::Ramadan).unwrap().date;
        assert_eq!(calendar.ramadan(first), Some(Ramadan { year: 1448, day: 1 }));
        assert_eq!(calendar.ramadan(Calendar::shifted(first, -1)), None);
        let eid = calendar.feast(1448, Feast::EidAlFitr).unwrap().date;
        assert!(calendar.ramadan(Calendar::shifted(eid, -1)).is_some());
        assert_eq!(calendar.ramadan(eid), None);
        assert!(calendar.holiday(eid).is_some());
    }

    #[test]
    fn the_feast_of_sacrifice_trebles_the_waste_but_not_in_1446() {
        let calendar = Calendar::casablanca();
        let of_1445 = calendar.waste_factor("anfa", date("2024-06-17"));
        assert!(of_1445.value > 2.8 && of_1445.status == Status::Verified);
        let of_1446 = calendar.feast(1446, Feast::EidAlAdha).unwrap().date;
        assert!(calendar.waste_factor("anfa", of_1446).value < 1.2);
        assert_eq!(calendar.waste_factor("anfa", date("2026-11-21")), WasteFactor::ORDINARY);
    }

    #[test]
    fn a_holiday_is_kept_from_its_first_year_on() {
        let calendar = Calendar::casablanca();
        assert!(calendar.holiday(date("2026-01-14")).is_some());
        assert!(calendar.holiday(date("2020-01-14")).is_none());
        assert!(calendar.holiday(date("2026-11-20")).is_none());
    }

    #[test]
    fn a_holiday_of_a_feast_lasts_as_long_as_it_says_whatever_the_year() {
        let calendar = Calendar::casablanca();
        let mut found = 0;
        for row in &calendar.hijri {
            for holiday in &calendar.feast_holiday {
                let Some(feast) = calendar.feast(row.year, holiday.feast) else { continue };
                for day in 0..i32::from(holiday.days) {
                    assert!(calendar.holiday(Calendar::shifted(feast.date, day)).is_some());
                    found += 1;
                }
            }
        }
        assert!(found > 10 && found >= calendar.kept.len());
    }

    #[test]
    fn a_ramadan_of_two_months_is_refused() {
        let text = SHIPPED.replace("ramadan = \"2027-02-08\"", "ramadan = \"2027-01-08\"");
        let error = Calendar::parse("x.toml", &text).unwrap_err();
        assert!(error.message.contains("1448"), "{error}");
    }
}
