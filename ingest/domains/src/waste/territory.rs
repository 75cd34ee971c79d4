//! Whose district it is: a table with dates, because contracts end.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::parameters::{self, ParameterError, Status};

const SHIPPED: &str = include_str!("../../../../config/territories/casablanca.toml");

/// Who collects where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contract {
    zone: String,
    contractor: String,
    valid_from: Date,
    valid_to: Option<Date>,
    status: Status,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    contract: Vec<Contract>,
}

/// A zone for which nobody has a contract on that day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no contractor has zone `{zone}` on {date}")]
pub struct TerritoryError {
    zone: String,
    date: Date,
}

/// Who collects where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Territories {
    contracts: Vec<Contract>,
}

impl Territories {
    /// Reads `[[contract]]` tables: zone, contractor, `valid_from`, `valid_to`, status, source.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a contract that ends before it begins, or two for one zone on one day.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let Raw { contract: mut contracts } = parameters::read(file, text)?;
        let fail = |message: String| Err(ParameterError::at(file, text, None, message));
        contracts.sort_by(|a, b| (&a.zone, a.valid_from).cmp(&(&b.zone, b.valid_from)));
        for one in &contracts {
            if one.valid_to.is_some_and(|to| to < one.valid_from) {
                return fail(format!("the contract of {} for {} ends before it begins", one.contractor, one.zone));
            }
        }
        for (a, b) in contracts.iter().zip(contracts.iter().skip(1)) {
            if a.zone == b.zone && a.valid_to.is_none_or(|to| to >= b.valid_from) {
                return fail(format!("{} and {} both have {} on {}", a.contractor, b.contractor, a.zone, b.valid_from));
            }
        }
        Ok(Self { contracts })
    }

    /// The table of Casablanca that is shipped: who had which lot from 2019 to 2026, and nobody knows since.
    #[must_use]
    pub fn casablanca() -> Self {
        Self::parse("config/territories/casablanca.toml", SHIPPED).expect("the shipped table is tested")
    }

    /// Everybody who has a zone on a day, by name.
    #[must_use]
    pub fn contractors(&self, date: Date) -> BTreeSet<&str> {
        let holds = |c: &&Contract| c.valid_from <= date && c.valid_to.is_none_or(|to| date <= to);
        self.contracts.iter().filter(holds).map(|c| c.contractor.as_str()).collect()
    }

    /// The table without the contracts of others.
    #[must_use]
    pub fn only(&self, contractor: &str) -> Self {
        Self { contracts: self.contracts.iter().filter(|c| c.contractor == contractor).cloned().collect() }
    }

    /// The zones of a contractor on a day, by name.
    #[must_use]
    pub fn zones(&self, contractor: &str, date: Date) -> BTreeSet<&str> {
        let holds = |c: &&Contract| c.contractor == contractor && c.valid_from <= date && c.valid_to.is_none_or(|to| date <= to);
        self.contracts.iter().filter(holds).map(|c| c.zone.as_str()).collect()
    }

    /// The contractor of a zone on a day, and how well that is known.
    ///
    /// # Errors
    /// Nobody has it: a bin there would be emptied by nobody, and somebody must know.
    pub fn contractor(&self, zone: &str, date: Date) -> Result<(&str, Status), TerritoryError> {
        let holds = |c: &&Contract| c.zone == zone && c.valid_from <= date && c.valid_to.is_none_or(|to| date <= to);
        let found = self.contracts.iter().find(holds).map(|c| (c.contractor.as_str(), c.status));
        found.ok_or_else(|| TerritoryError { zone: zone.to_owned(), date })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
[[contract]]
zone = "anfa"
contractor = "first"
valid_from = "2019-06-01"
valid_to = "2026-05-31"
status = "memory"
source = "press"

[[contract]]
zone = "anfa"
contractor = "second"
valid_from = "2026-06-01"
status = "design"
source = "made up for this test"
"#;

    #[test]
    fn the_contractor_is_that_of_the_day_and_a_gap_is_an_error() {
        let table = Territories::parse("t.toml", TWO).unwrap();
        let on = |text: &str| table.contractor("anfa", text.parse().unwrap()).map(|(name, _)| name);
        assert_eq!((on("2026-05-31"), on("2026-06-01")), (Ok("first"), Ok("second")));
        assert!(on("2019-05-31").is_err());
        assert!(table.contractors("2026-06-01".parse().unwrap()).iter().eq(&["second"]));
        let (_, status) = Territories::casablanca().contractor("anfa", "2026-11-21".parse().unwrap()).unwrap();
        assert_eq!(status, Status::Unverified);
        assert!(Territories::parse("t.toml", &TWO.replace("2026-06-01", "2026-05-31")).is_err());
    }
}
