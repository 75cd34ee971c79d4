//! Query parameters: each is known, given once, and fits, or the answer names it.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use domains::time::{Calendar, CityTime};
use jiff::civil::Date;
use ports::Selector;
use schemas::{DeviceId, HOUR, Kind, Quantity, Timestamp, Vocabulary, Zone};

use crate::problem::Problem;

/// Bytes of a query string.
const QUERY_LIMIT: usize = 8 * 1024;
/// Values of a parameter that may be given as a list.
pub(crate) const LIST_LIMIT: usize = 100;

/// Characters of a date.
const DATE_LENGTH: usize = "2026-11-21".len();
/// The longest period of an answer about local days: ten years.
const PERIOD_LIMIT: Duration = Duration::from_secs(3_653 * 86_400);

/// The parameters of a request.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of an address that knows `known`.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let length = uri.query().map_or(0, str::len);
        if length > QUERY_LIMIT {
            let expected = format!("a query of at most {QUERY_LIMIT} bytes");
            return Err(Problem::parameter("query", format!("the query has {length} bytes"), expected));
        }
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|e| Problem::parameter("query", e.to_string(), "name=value pairs joined by &"))?;
        if let Some((odd, _)) = pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let expected = if known.is_empty() { "no parameter".to_owned() } else { format!("one of {}", known.join(", ")) };
            return Err(Problem::parameter(odd, "this address does not know the parameter", expected));
        }
        Ok(Self(pairs))
    }

    /// A parameter that is given at most once; empty means not given.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Problem::parameter(name, "it is given more than once", "one value"));
        }
        Ok(first)
    }

    /// A parameter that is given at most once, as what it means.
    pub(crate) fn parsed<T>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.one(name)?.map(|text| parse(name, text, expected)).transpose()
    }

    /// A parameter that may be repeated or hold values joined by commas.
    pub(crate) fn list<T>(&self, name: &str, expected: &str) -> Result<Vec<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let values = self.0.iter().filter(|(n, _)| n == name).flat_map(|(_, v)| v.split(',')).filter(|v| !v.is_empty());
        let values: Vec<T> = values.take(LIST_LIMIT + 1).map(|text| parse(name, text, expected)).collect::<Result<_, _>>()?;
        if values.len() > LIST_LIMIT {
            return Err(Problem::parameter(name, "too many values", format!("at most {LIST_LIMIT} values")));
        }
        Ok(values)
    }

    /// `kind`.
    pub(crate) fn kind(&self) -> Result<Option<Kind>, Problem> {
        let known: Vec<_> = Vocabulary::current().kinds().map(Kind::name).collect();
        self.parsed("kind", &format!("one of {}", known.join(", ")))
    }

    /// `zone`.
    pub(crate) fn zone(&self) -> Result<Option<Zone>, Problem> {
        self.parsed("zone", "the name of a zone, such as anfa")
    }

    /// `device`, `quantity`, `kind` and `zone`.
    pub(crate) fn selector(&self) -> Result<Selector, Problem> {
        Ok(Selector {
            kind: self.kind()?,
            zone: self.zone()?,
            devices: self.list::<DeviceId>("device", "device ids joined by commas")?,
            quantities: self.list::<Quantity>("quantity", "names of quantities joined by commas, such as air.pm10,air.no2")?,
        })
    }

    /// `limit`: 1 to `most`.
    pub(crate) fn limit(&self, otherwise: usize, most: usize) -> Result<usize, Problem> {
        let expected = format!("a number from 1 to {most}");
        match self.parsed::<usize>("limit", &expected)? {
            None => Ok(otherwise.min(most)),
            Some(limit) if (1..=most).contains(&limit) => Ok(limit),
            Some(limit) => Err(Problem::parameter("limit", format!("{limit} is outside the range"), expected)),
        }
    }

    /// Whether `from` and `to` are given and over: what the answer is about does not move with the clock.
    pub(crate) fn is_closed(&self, range: &Range<Timestamp>, now: Timestamp) -> bool {
        range.end <= now && ["from", "to"].iter().all(|name| self.0.iter().any(|(n, v)| n == name && !v.is_empty()))
    }

    /// `from` and `to`, the last 24 hours where they are not given.
    pub(crate) fn range(&self, now: Timestamp) -> Result<Range<Timestamp>, Problem> {
        const EXPECTED: &str = "an RFC 3339 instant with an offset, such as 2026-11-21T20:00:00Z (write + as %2B)";
        // The range is open at its end: what was observed in this very millisecond belongs to the last day.
        let to = self.parsed("to", EXPECTED)?.unwrap_or_else(|| now.plus(Duration::from_millis(1)));
        let from = self.parsed("from", EXPECTED)?.unwrap_or_else(|| to.minus(Duration::from_secs(24 * 3600)));
        if from >= to {
            return Err(Problem::parameter("from", format!("{from} is not before {to}"), "from before to"));
        }
        Ok(from..to)
    }
}

impl Params {
    /// `from` and `to` of an answer about local days: instants, or dates, of which the last is meant whole. Where they are not
    /// given, the last `days` local days with today.
    pub(crate) fn period(&self, now: Timestamp, city: &CityTime, days: i32) -> Result<Range<Timestamp>, Problem> {
        const EXPECTED: &str = "a date such as 2026-11-21, or an instant such as 2026-11-21T20:00:00Z (write + as %2B)";
        let instant = |name: &str, of: fn(&CityTime, Date) -> Timestamp| {
            let Some(text) = self.one(name)? else { return Ok(None) };
            match text.parse::<Date>() {
                Ok(date) if text.len() == DATE_LENGTH => Ok(Some(of(city, date))),
                _ => parse(name, text, EXPECTED).map(Some),
            }
        };
        let to = instant("to", |city, date| city.day(date).end)?.unwrap_or_else(|| now.plus(Duration::from_millis(1)));
        let today = city.date(to.minus(Duration::from_millis(1)));
        let from = instant("from", |city, date| city.day(date).start)?;
        let from = from.unwrap_or_else(|| city.day(Calendar::shifted(today, 1 - days)).start);
        if from >= to {
            return Err(Problem::parameter("from", format!("{from} is not before {to}"), "from before to"));
        }
        if to.since(from) > PERIOD_LIMIT {
            let detail = format!("from {from} to {to} is a long time");
            return Err(Problem::parameter("from", detail, "a period of at most ten years"));
        }
        Ok(from..to)
    }
}

fn parse<T>(name: &str, text: &str, expected: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|e: T::Err| Problem::parameter(name, e.to_string(), expected))
}

/// The hours that touch a range.
pub(crate) fn whole_hours(range: &Range<Timestamp>) -> Range<Timestamp> {
    let end = Timestamp::clamped(range.end.millis().saturating_add(HOUR - 1)).hour();
    range.start.hour()..end
}

/// A value as it stands in an address.
pub(crate) fn encoded(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:".contains(&b);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_an_address_is_one_value() {
        assert_eq!(encoded("a&b=c d/é"), "a%26b%3Dc%20d%2F%C3%A9");
        assert_eq!(encoded("bin-full:bin-1:waste.fill:0:17"), "bin-full:bin-1:waste.fill:0:17");
    }

    fn read(query: &str) -> Params {
        Params::read(&format!("/x?{query}").parse().unwrap(), &["device", "limit", "from", "to"]).unwrap()
    }

    #[test]
    fn lists_are_repeated_or_joined() {
        let ids = read("device=a,b&device=c").list::<DeviceId>("device", "ids").unwrap();
        assert_eq!(ids.iter().map(DeviceId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(read(&format!("device={}", vec!["a"; 101].join(","))).list::<DeviceId>("device", "ids").is_err());
    }

    #[test]
    fn what_is_given_twice_is_refused() {
        assert!(read("limit=1&limit=2").limit(10, 10).is_err());
        assert_eq!(read("limit=").limit(5, 10).unwrap(), 5);
    }

    #[test]
    fn the_default_range_is_the_last_day_and_holds_this_instant() {
        let now: Timestamp = "2026-11-21T20:00:00Z".parse().unwrap();
        let range = read("").range(now).unwrap();
        assert!(range.contains(&now));
        assert!(read("from=2026-11-21T20:00:00Z&to=2026-11-21T20:00:00Z").range(now).is_err());
    }

    #[test]
    fn a_period_of_dates_ends_with_its_last_day() {
        let (city, now) = (CityTime::of("Africa/Casablanca").unwrap(), "2026-11-21T20:00:00Z".parse().unwrap());
        let of = |query: &str| read(query).period(now, &city, 7).unwrap();
        // On 20 September 2026 the clock went back an hour.
        let day = of("from=2026-09-20&to=2026-09-20");
        assert_eq!(
            (day.start.to_string(), day.end.to_string()),
            ("2026-09-19T23:00:00.000Z".into(), "2026-09-21T00:00:00.000Z".into())
        );
        assert_eq!(of("").start.to_string(), "2026-11-15T00:00:00.000Z");
        assert!(read("from=yesterday").period(now, &city, 7).is_err());
        assert!(read("from=1999-01-01").period(now, &city, 7).is_err());
    }

    #[test]
    fn hours_that_touch_the_range_are_whole() {
        let (a, b) = ("2026-11-21T20:15:00Z".parse().unwrap(), "2026-11-21T22:00:00.001Z".parse().unwrap());
        let hours = whole_hours(&(a..b));
        assert_eq!(hours.start.to_string(), "2026-11-21T20:00:00.000Z");
        assert_eq!(hours.end.to_string(), "2026-11-21T23:00:00.000Z");
    }
}
