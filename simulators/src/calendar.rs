//! The days on which the city lives otherwise: Ramadan, the Eids, weekly markets.
//!
//! The dates and how much more waste they bring are those of the city's calendar (`config/calendar`), the announced dates where
//! they are known. Deliberately absent: what a day means for what is measured (`physics`).

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::physics::DAY;

const FILE: &str = include_str!("../../config/calendar/casablanca.toml");
/// Days since 1970 of the first row of the table, 2023-01-01, and how many rows there are: to the end of 2043.
const FIRST: i64 = 19_358;
const ROWS: usize = 7_670;

/// What is special about a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Today {
    /// Which day of Ramadan it is, from 1.
    pub(crate) ramadan: Option<u8>,
    /// How much more waste than on an ordinary day is made.
    pub(crate) waste: f64,
}

impl Today {
    const ORDINARY: Today = Today { ramadan: None, waste: 1.0 };

    /// The day that holds an instant.
    pub(crate) fn of(at: i64) -> Self {
        let row = usize::try_from(at.div_euclid(DAY) - FIRST).ok();
        row.and_then(|row| TABLE.get(row)).copied().unwrap_or(Self::ORDINARY)
    }
}

#[derive(Deserialize)]
struct Calendar {
    hijri: Vec<Year>,
    waste: Waste,
}

#[derive(Deserialize)]
struct Year {
    year: u16,
    computed: Dates,
    #[serde(default)]
    announced: Dates,
}

#[derive(Default, Deserialize)]
struct Dates {
    ramadan: Option<Date>,
    eid_al_fitr: Option<Date>,
    eid_al_adha: Option<Date>,
}

#[derive(Deserialize)]
struct Waste {
    ramadan: Factor,
    feast: Vec<Row>,
}

#[derive(Deserialize)]
struct Factor {
    value: f64,
}

#[derive(Deserialize)]
struct Row {
    feast: String,
    offset: i64,
    factor: Factor,
    #[serde(default)]
    except: Vec<u16>,
}

static TABLE: LazyLock<Vec<Today>> = LazyLock::new(|| {
    let calendar: Calendar = toml::from_str(FILE).expect("the shipped calendar is tested");
    let mut table = vec![Today::ORDINARY; ROWS];
    for year in &calendar.hijri {
        let (ramadan, fitr) = (year.day(|d| d.ramadan), year.day(|d| d.eid_al_fitr));
        if let (Some(ramadan), Some(fitr)) = (ramadan, fitr) {
            for (day, number) in (ramadan..fitr).zip(1..) {
                put(&mut table, day, |today| {
                    *today = Today { ramadan: Some(number), waste: today.waste * calendar.waste.ramadan.value };
                });
            }
        }
        let adha = year.day(|d| d.eid_al_adha);
        for row in calendar.waste.feast.iter().filter(|row| !row.except.contains(&year.year)) {
            let feast = if row.feast == "eid_al_adha" { adha } else { fitr };
            if let Some(feast) = feast {
                put(&mut table, feast + row.offset, |today| today.waste *= row.factor.value);
            }
        }
    }
    table
});

impl Year {
    /// Days since 1970 of a feast; what was announced wins.
    fn day(&self, which: impl Fn(&Dates) -> Option<Date>) -> Option<i64> {
        let date = which(&self.announced).or_else(|| which(&self.computed))?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(midnight.timestamp().as_millisecond().div_euclid(DAY))
    }
}

fn put(table: &mut [Today], day: i64, change: impl FnOnce(&mut Today)) {
    let row = usize::try_from(day - FIRST).ok();
    if let Some(today) = row.and_then(|row| table.get_mut(row)) {
        change(today);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(date: &str) -> Today {
        Today::of(format!("{date}T12:00:00Z").parse::<schemas::Timestamp>().unwrap().millis())
    }

    #[test]
    fn the_feasts_stand_where_the_calendar_has_them() {
        // Announced a day after the computed date.
        assert_eq!((on("2026-02-18").ramadan, on("2026-02-19").ramadan), (None, Some(1)));
        assert_eq!(on("2026-03-20").ramadan, None, "Eid al-Fitr");
        let eid: Vec<f64> = ["2026-05-26", "2026-05-27", "2026-05-28", "2026-06-10"].map(|date| on(date).waste).to_vec();
        assert_eq!(eid, [2.9, 2.88, 1.89, 1.0]);
        assert_eq!(on("2025-06-07").waste, 1.1, "in 2025 the sacrifice was discouraged");
        assert_eq!(on("1999-01-01"), Today::ORDINARY);
        assert_eq!(Today::of(FIRST * DAY), Today::ORDINARY);
    }
}
