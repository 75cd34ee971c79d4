//! Those with which a device is compared: the first ones of its kind, so that a page of a large city costs what a page of a small one
//! does.

use std::collections::BTreeMap;
use std::ops::Range;

use schemas::{Device, DeviceId, Kind, Partial, Quantity, Timestamp, Zone};

use crate::api::gather::{self, Wanted};
use crate::api::pasts::Pasts;
use crate::house::House;
use crate::problem::Problem;

/// Others with which it is compared at most: what the middle one of them says does not change by more.
const COMPARED: usize = 200;

/// What is known of some devices and of those with which they are compared.
pub(super) struct Peers<T> {
    compared: BTreeMap<DeviceId, T>,
    others: BTreeMap<DeviceId, T>,
}

impl<T> Default for Peers<T> {
    fn default() -> Self {
        Self { compared: BTreeMap::new(), others: BTreeMap::new() }
    }
}

impl<T> Peers<T> {
    /// Of these devices, by their hours; `known` makes of the hours of one what there is to know.
    pub(super) async fn of(
        house: &House,
        compared: Vec<Device>,
        devices: &[Device],
        quantities: &[Quantity],
        range: Range<Timestamp>,
        known: impl Fn(Vec<Partial>) -> Option<T>,
    ) -> Result<Self, Problem> {
        let others: Vec<Device> = devices.iter().filter(|d| compared.iter().all(|c| c.id != d.id)).cloned().collect();
        let mut peers = Self::default();
        for (all, into) in [(&compared, &mut peers.compared), (&others, &mut peers.others)] {
            let mut hours = Pasts::of(house, all, quantities, range.clone());
            while let Some((device, hours)) = hours.next().await? {
                into.extend(known(hours).map(|known| (device.id.clone(), known)));
            }
        }
        Ok(peers)
    }

    /// What is known of a device itself.
    pub(super) fn own(&self, id: &DeviceId) -> Option<&T> {
        self.compared.get(id).or_else(|| self.others.get(id))
    }

    /// What is known of those with which it is compared.
    pub(super) fn around<'a>(&'a self, id: &'a DeviceId) -> impl Iterator<Item = &'a T> {
        self.compared.iter().filter(move |(other, _)| *other != id).map(|(_, known)| known)
    }
}

/// The devices of a kind with which others are compared, of a zone where one is named: the first by their ids.
pub(super) async fn compared(house: &House, kind: Kind, zone: Option<&Zone>) -> Result<Vec<Device>, Problem> {
    let wanted = Wanted { kind: Some(kind), zone: zone.cloned(), limit: COMPARED, ..Wanted::default() };
    let (views, _) = gather::page(house, &wanted).await?;
    Ok(views.into_iter().map(|view| view.device).collect())
}
