//! `/api/v1/waste`: which bins a contractor should empty next, and how it did.
//!
//! Deliberately absent: what the contractor decides; a round is a proposal.

mod bin;
mod kpi;
mod shapes;
mod urgency;
mod worklist;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use domains::waste::BinHistory;
use jiff::civil::Date;
use schemas::{Device, DeviceId, Kind, Quantity, Reading, Timestamp, Zone};

use super::gather;
use super::pasts::Pasts;
use crate::house::{House, Rooms};
use crate::openapi::Paths;
use crate::params::Params;
use crate::problem::Problem;

pub(crate) use urgency::{Outlook, Urgency};

/// The addresses about waste.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new()
        .at(&worklist::WORKLIST, worklist::worklist)
        .at(&kpi::KPI, kpi::kpi)
        .at(&bin::BIN, bin::bin)
        .at(&urgency::URGENCY, urgency::urgency)
}

/// Bins by zone, and those in zones that nobody has.
struct Territory {
    zones: BTreeMap<Zone, Vec<Device>>,
    orphans: Vec<DeviceId>,
}

/// The bins of a contractor on a day, of all where none is named, within `zone` where it is given.
async fn territory(house: &House, params: &Params, contractor: Option<&str>, date: Date) -> Result<Territory, Problem> {
    let mut territory = Territory { zones: BTreeMap::new(), orphans: Vec::new() };
    for device in gather::devices(house, Kind::WASTE, params.zone()?.as_ref()).await? {
        match house.parameters.territories.contractor(device.zone.as_str(), date) {
            Ok((holder, _)) if contractor.is_none_or(|asked| asked == holder) => {
                territory.zones.entry(device.zone.clone()).or_default().push(device);
            }
            Ok(_) => {}
            Err(_) => territory.orphans.push(device.id),
        }
    }
    Ok(territory)
}

/// `contractor`; refused if nobody of this name has a zone on that day.
fn contractor<'p>(house: &House, params: &'p Params, date: Date) -> Result<Option<&'p str>, Problem> {
    let Some(asked) = params.one("contractor")? else { return Ok(None) };
    let known = house.parameters.territories.contractors(date);
    if known.contains(asked) {
        return Ok(Some(asked));
    }
    let known: Vec<&str> = known.into_iter().collect();
    let asked: String = asked.chars().take(64).collect();
    let detail = format!("`{asked}` has no zone on {date}");
    Err(Problem::parameter("contractor", detail, format!("one of {}", known.join(", "))))
}

/// What bins said of their levels in a period.
fn pasts<'a>(house: &'a House, bins: &'a [Device], range: Range<Timestamp>) -> Pasts<'a, Reading> {
    Pasts::of(house, bins, &[Quantity::WASTE_FILL], range)
}

/// What became of a bin that said this.
fn history(house: &House, said: Vec<Reading>) -> BinHistory {
    let levels = gather::good(gather::of_first_channel(said));
    BinHistory::new(levels, &house.parameters.waste.numbers.emptying)
}

/// Says of bins that nobody collects: a silence would be worse.
fn orphans_note(orphans: &[DeviceId], date: Date) -> Option<String> {
    let names: Vec<&str> = orphans.iter().take(10).map(DeviceId::as_str).collect();
    let more = if orphans.len() > names.len() { " and others" } else { "" };
    (!orphans.is_empty()).then(|| {
        let count = orphans.len();
        format!("{count} bins stand in zones that no contractor has on {date}: {}{more} (domains.territories)", names.join(", "))
    })
}
