//! `GET /api/v1/waste/urgency`: how soon bins have to be emptied, in columns, for a map of thousands.
//!
//! Deliberately absent: a second way to foresee. A zone is foreseen as for the worklist, and kept for a while: when each bin will
//! be full is an instant, which grows near by itself.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Kind, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::worklist::{Bin, district};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::problem::Problem;

/// Up to so many hours before a bin is full it is urgent, and within the hours of the next round (design).
const URGENT_H: f64 = 12.0;
const SOON_H: f64 = 36.0;
/// What was foreseen is kept for so many times what foreseeing took: at most a tenth of a core goes into it.
const KEPT_FOR: u32 = 10;

/// How soon a bin has to be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WasteUrgency")]
#[serde(rename_all = "snake_case")]
pub(crate) enum Urgency {
    /// It can wait.
    Later,
    /// It is expected to be full within 36 hours.
    Soon,
    /// Within 12 hours.
    Urgent,
    /// It is full, or should be by now.
    Now,
}

impl Urgency {
    /// All, from what can wait to what cannot.
    pub(crate) const ALL: [Urgency; 4] = [Urgency::Later, Urgency::Soon, Urgency::Urgent, Urgency::Now];

    /// As answers and tables have it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Urgency::Later => "later",
            Urgency::Soon => "soon",
            Urgency::Urgent => "urgent",
            Urgency::Now => "now",
        }
    }

    /// Of a bin at this level that will be full at `due`; a bin is full at `threshold`.
    pub(super) fn of(fill: f64, threshold: f64, due: Option<Timestamp>, now: Timestamp) -> Self {
        let hours = due.map(|at| (at.millis() - now.millis()) as f64 / 3_600_000.0);
        match hours {
            _ if fill >= threshold => Urgency::Now,
            Some(hours) if hours <= 0.0 => Urgency::Now,
            Some(hours) if hours <= URGENT_H => Urgency::Urgent,
            Some(hours) if hours <= SOON_H => Urgency::Soon,
            Some(_) | None => Urgency::Later,
        }
    }
}

/// What was foreseen of the bins of each zone.
#[derive(Default)]
pub(crate) struct Outlook {
    zones: BTreeMap<Zone, Seen>,
}

/// The bins of a zone as they were foreseen.
struct Seen {
    at: Timestamp,
    until: Timestamp,
    bins: Vec<Foreseen>,
}

/// A bin, its last level, and when it will be full.
struct Foreseen {
    id: DeviceId,
    level: f64,
    due: Option<Timestamp>,
}

impl Outlook {
    /// The bins of a zone, foreseen anew where that was too long ago.
    async fn of(&mut self, house: &House, zone: &Zone, devices: Vec<Device>) -> Result<&Seen, Problem> {
        let now = house.clock.now();
        if self.zones.get(zone).is_none_or(|seen| now < seen.at || now >= seen.until) {
            let (mut bins, mut unheard) = (Vec::new(), Vec::new());
            district(house, devices, now, &mut bins, &mut unheard).await?;
            let took = house.clock.now().since(now);
            let until = now.plus(house.settings.page_age.max(took * KEPT_FOR));
            let foreseen = |bin: Bin| Foreseen { due: bin.p50(), level: bin.level.1, id: bin.device.id };
            self.zones.insert(zone.clone(), Seen { at: now, until, bins: bins.into_iter().map(foreseen).collect() });
        }
        self.zones.get(zone).ok_or_else(|| Problem::absent("there is no such zone"))
    }
}

/// Bins that were heard within two weeks, by id; each list is in the order of the first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WasteUrgencies")]
struct Body {
    /// When the first of them were foreseen.
    at: Timestamp,
    devices: Vec<DeviceId>,
    urgency: Vec<Urgency>,
}

pub(super) const URGENCY: Operation =
    Operation::get("/api/v1/waste/urgency", "How soon bins have to be emptied, as the worklist has it, in columns: for a map")
        .takes(&[known::ZONE])
        .gives::<Body>();

pub(super) async fn urgency(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = URGENCY.read(&uri)?;
    let house = &rooms.house;
    let threshold = house.parameters.waste.numbers.round.forecast.get();
    // Held while foreseeing, so that many maps have it done once; what was done for a zone stays if the request ends.
    let mut outlook = rooms.outlook.lock().await;
    let _permit = gather::permit(&rooms)?;
    let mut zones: BTreeMap<Zone, Vec<Device>> = BTreeMap::new();
    for device in gather::devices(house, Kind::WASTE, params.zone()?.as_ref()).await? {
        zones.entry(device.zone.clone()).or_default().push(device);
    }
    let now = house.clock.now();
    let (mut at, mut all) = (now, BTreeMap::new());
    for (zone, devices) in zones {
        let seen = outlook.of(house, &zone, devices).await?;
        at = at.min(seen.at);
        all.extend(seen.bins.iter().map(|bin| (bin.id.clone(), Urgency::of(bin.level, threshold, bin.due, now))));
    }
    let (devices, urgency) = all.into_iter().unzip();
    Ok(Json(Body { at, devices, urgency }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_as_urgent_as_it_is_near_to_being_full() {
        let now = Timestamp::clamped(1_795_291_500_000);
        let of = |fill: f64, minutes: Option<i64>| {
            Urgency::of(fill, 90.0, minutes.map(|m| Timestamp::clamped(now.millis() + m * 60_000)), now)
        };
        assert_eq!(of(20.0, None), Urgency::Later, "nobody knows when");
        assert_eq!(of(20.0, Some(36 * 60 + 1)), Urgency::Later);
        assert_eq!(of(20.0, Some(36 * 60)), Urgency::Soon);
        assert_eq!(of(20.0, Some(12 * 60)), Urgency::Urgent);
        assert_eq!(of(20.0, Some(-1)), Urgency::Now, "it should be full by now");
        assert_eq!(of(90.0, None), Urgency::Now);
    }
}
