//! What the pages are made from, and what all requests share.

use std::sync::Arc;

use domains::time::{CityTime, ZoneError};
use jiff::tz::TimeZone;
use ports::{Clock, Console, Desk, Live, Operations, Rulebook, Stage, Store};
use schemas::Texts;
use tokio::sync::Semaphore;

use crate::access::Territory;
use crate::api::Outlook;
use crate::events::Hub;
use crate::page::Glance;
use crate::{Parameters, Settings};

/// The city, as pages name it.
#[derive(Clone, Debug)]
pub struct City {
    name: Texts,
    time: CityTime,
    demo: bool,
    open: bool,
    licence: String,
}

impl City {
    /// The city's name in three languages, its IANA time zone, and whether its devices are
    /// simulated, which each page then says.
    ///
    /// # Errors
    /// The bundled table (not the machine's, which can be years old) has no such zone, or cannot fold hours into its days.
    pub fn new(name: Texts, time_zone: &str, demo: bool) -> Result<Self, ZoneError> {
        Ok(Self { name, time: CityTime::of(time_zone)?, demo, open: false, licence: String::new() })
    }

    /// The same, with the licence under which its readings may be used, for files of them.
    #[must_use]
    pub fn licensed(self, licence: String) -> Self {
        Self { licence, ..self }
    }

    /// Empty where none is stated.
    pub(crate) fn licence(&self) -> &str {
        &self.licence
    }

    /// Whose readings these are, for files of them.
    pub(crate) fn source(&self) -> String {
        let simulated = if self.demo { ", simulated" } else { "" };
        format!("{}{simulated}; Marsad {}", self.name.en, env!("CARGO_PKG_VERSION"))
    }

    pub(crate) const fn name(&self) -> &Texts {
        &self.name
    }

    pub(crate) const fn zone(&self) -> &TimeZone {
        self.time.zone()
    }

    /// Local days and hours.
    pub(crate) const fn time(&self) -> &CityTime {
        &self.time
    }

    pub(crate) const fn demo(&self) -> bool {
        self.demo
    }

    /// Whether whoever asks is let in without a password, which each page then says.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// The same, with every page saying that no password is asked for.
    pub(crate) fn opened(self) -> Self {
        Self { open: true, ..self }
    }
}

/// Everything that pages and API ask.
#[derive(Clone)]
pub struct House {
    /// Where readings are.
    pub store: Arc<dyn Store>,
    /// Where devices, alerts and the platform's own state are.
    pub console: Arc<dyn Console>,
    /// What operators ask and do.
    pub desk: Arc<dyn Desk>,
    /// The rules, to be looked at, tried and written.
    pub rules: Arc<dyn Rulebook>,
    /// What a person may ask to be done.
    pub operations: Arc<dyn Operations>,
    /// Where something can be made to happen; none where the city is not simulated.
    pub stage: Option<Arc<dyn Stage>>,
    /// The way back from pseudonyms; none where the settings name no keys.
    pub vault: Option<Arc<dyn ports::Vault>>,
    /// What happens just now.
    pub live: Live,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whose readings these are.
    pub city: City,
    /// What air, waste, parking and water are computed by.
    pub parameters: Arc<Parameters>,
    /// The limits.
    pub settings: Settings,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("city", &self.city).field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A house with what its requests share.
pub(crate) struct Rooms {
    pub(crate) house: House,
    pub(crate) hub: Arc<Hub>,
    /// One permit a streamed answer.
    pub(crate) streams: Arc<Semaphore>,
    /// What pages last saw. Held while looking, so that many pages look once.
    pub(crate) glance: tokio::sync::Mutex<Option<Arc<Glance>>>,
    /// When bins will be full. Held while foreseeing, so that many maps have it done once.
    pub(crate) outlook: tokio::sync::Mutex<Outlook>,
}

/// What handlers take.
pub(crate) type Shared = axum::extract::State<Arc<Rooms>>;

impl Rooms {
    /// For those who may see all, or what lies within a territory.
    pub(crate) fn new(house: House, territory: Option<Territory>) -> Arc<Self> {
        Arc::new(Self {
            hub: Hub::new(house.live.clone(), &house.settings, territory, house.clock.now()),
            streams: Arc::new(Semaphore::new(house.settings.streams)),
            glance: tokio::sync::Mutex::new(None),
            outlook: tokio::sync::Mutex::default(),
            house,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_needs_a_time_zone_that_exists() {
        assert!(City::new(Texts::default(), "Africa/Casablanca", false).is_ok());
        let error = City::new(Texts::default(), "Africa/Casa", false).unwrap_err();
        assert!(error.to_string().contains("Africa/Casa"));
    }
}
