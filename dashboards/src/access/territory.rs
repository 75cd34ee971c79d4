//! The territory of a contractor, cut out of everything that is asked: bins in its zones, and nothing else.

mod console;
mod desk;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

use domains::time::CityTime;
use ports::{Clock, Desk};
use schemas::{Kind, Zone};

use crate::Parameters;
use crate::house::House;

pub(super) use desk::Named;

/// The zones that a contractor has on whatever day it is.
#[derive(Clone)]
pub(crate) struct Territory {
    contractor: String,
    parameters: Arc<Parameters>,
    clock: Arc<dyn Clock>,
    time: CityTime,
}

/// A territory on one day.
pub(crate) struct Sight(BTreeSet<Zone>);

impl Sight {
    /// Whether devices of this kind in this zone lie within.
    pub(crate) fn sees(&self, kind: Kind, zone: &Zone) -> bool {
        kind == Kind::WASTE && self.0.contains(zone)
    }

    /// The zones of a question about `kind` and `zone`: none where the answer is nothing.
    fn zones(&self, kind: Option<Kind>, zone: Option<&Zone>) -> Vec<Zone> {
        if kind.is_some_and(|kind| kind != Kind::WASTE) {
            return Vec::new();
        }
        self.0.iter().filter(|own| zone.is_none_or(|asked| asked == *own)).cloned().collect()
    }
}

impl Territory {
    pub(crate) fn new(contractor: &str, house: &House) -> Self {
        Self {
            contractor: contractor.to_owned(),
            parameters: Arc::clone(&house.parameters),
            clock: Arc::clone(&house.clock),
            time: house.city.time().clone(),
        }
    }

    /// What it is today.
    pub(crate) fn today(&self) -> Sight {
        let zones = self.parameters.territories.zones(&self.contractor, self.time.date(self.clock.now()));
        Sight(zones.into_iter().filter_map(|zone| Zone::new(zone).ok()).collect())
    }

    /// The house as this contractor may see it.
    pub(crate) fn of(&self, house: &House) -> House {
        let desk: Arc<dyn Desk> = Arc::new(desk::Cut { territory: self.clone(), whole: Arc::clone(&house.desk) });
        House {
            store: Arc::new(store::Cut { territory: self.clone(), whole: Arc::clone(&house.store) }),
            console: Arc::new(console::Cut {
                territory: self.clone(),
                whole: Arc::clone(&house.console),
                desk: Arc::clone(&desk),
            }),
            operations: Arc::new(console::NoWorks),
            desk: Arc::new(Named(desk)),
            stage: None,
            parameters: Arc::new(Parameters {
                territories: self.parameters.territories.only(&self.contractor),
                ..Parameters::clone(&self.parameters)
            }),
            ..house.clone()
        }
    }
}
