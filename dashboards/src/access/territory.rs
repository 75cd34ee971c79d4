//! The part of the city that somebody sees, cut out of everything that is asked: of a contractor the bins in its zones, of a tenant
//! the devices of its kinds and zones, and of a tenant's contractor what is both.

mod console;
mod desk;
mod sight;
mod store;

use std::sync::Arc;

use domains::time::CityTime;
use domains::waste::Territories;
use ports::{Clock, Desk, Role, Viewer};
use schemas::{Kind, Zone};

use crate::Parameters;
use crate::house::House;
use sight::Patch;

pub(super) use desk::Named;
pub(crate) use sight::Sight;

/// Whose part it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    contractor: Option<String>,
    tenant: Option<String>,
}

impl Part {
    /// None for whoever sees the whole city. A contractor without a name, which no gate lets in, sees nothing.
    pub(super) fn of(viewer: &Viewer) -> Option<Self> {
        let contractor = (viewer.role == Role::Contractor).then(|| viewer.contractor.clone().unwrap_or_default());
        let part = Self { contractor, tenant: viewer.tenant.clone() };
        (part.contractor.is_some() || part.tenant.is_some()).then_some(part)
    }
}

/// A part of the city, on whatever day it is.
#[derive(Clone)]
pub(crate) struct Territory {
    part: Part,
    parameters: Arc<Parameters>,
    clock: Arc<dyn Clock>,
    time: CityTime,
}

impl Territory {
    pub(super) fn new(part: Part, house: &House) -> Self {
        Self { part, parameters: Arc::clone(&house.parameters), clock: Arc::clone(&house.clock), time: house.city.time().clone() }
    }

    /// What it is today.
    pub(crate) fn today(&self) -> Sight {
        let of_contractor = match &self.part.contractor {
            Some(contractor) => self.zones_of(contractor),
            None => Sight::whole(),
        };
        match &self.part.tenant {
            Some(tenant) => of_contractor.within(&self.tenants(tenant)),
            None => of_contractor,
        }
    }

    fn zones_of(&self, contractor: &str) -> Sight {
        let zones = self.parameters.territories.zones(contractor, self.time.date(self.clock.now()));
        let zones = zones.into_iter().filter_map(|zone| Zone::new(zone).ok());
        Sight::of(zones.map(|zone| Patch { kind: Some(Kind::WASTE), zone: Some(zone) }))
    }

    /// Nothing where the settings name no such tenant.
    fn tenants(&self, name: &str) -> Sight {
        let Some(tenant) = self.parameters.tenants.iter().find(|tenant| tenant.name == name) else { return Sight::of([]) };
        Sight::of_all(&tenant.kinds, &tenant.zones)
    }

    /// The house as it may be seen from there.
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
            parameters: Arc::new(self.parameters()),
            ..house.clone()
        }
    }

    /// What the settings say of devices, territories and districts, as far as it is of this part.
    fn parameters(&self) -> Parameters {
        let mut cut = Parameters::clone(&self.parameters);
        if let Some(contractor) = &self.part.contractor {
            cut.territories = cut.territories.only(contractor);
        }
        if let Some(tenant) = &self.part.tenant {
            let sight = self.tenants(tenant);
            if !sight.sees_any(Kind::WASTE) {
                cut.territories = Territories::default();
                cut.depots.clear();
            }
            if !sight.sees_any(Kind::AIR) {
                cut.stations.clear();
            }
            if !sight.sees_any(Kind::PARKING) {
                cut.spaces.clear();
            }
            // A balance needs every meter of its district, and a district keeps to no zone.
            if !sight.sees_all(Kind::WATER) {
                cut.districts.clear();
            }
        }
        cut
    }
}
