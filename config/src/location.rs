//! The section `[location]`: in which country each store of the city is, and whether what is sensitive stays at home.

use domains::{Assets, Country, Locations};
use serde::Deserialize;
use store::Engine;

use crate::{Settings, SettingsError};

/// `[location]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Where sensitive data must stay.
    pub home: Country,
    /// The machine of the data directory.
    pub data: Country,
    /// The server of readings; where it may be left out it is that of `data`.
    pub readings: Option<Country>,
    /// Where backups lie; where it is left out, as `data`.
    pub backup: Option<Country>,
}

/// Whether an address is one of this machine.
fn is_here(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The servers of readings that are not on this machine.
fn elsewhere(settings: &Settings) -> Option<&str> {
    let urls = match settings.store.kind {
        Engine::Embedded => vec![],
        Engine::Influx => vec![settings.influx.url.as_str()],
        Engine::Victoria => vec![settings.victoria.write_url.as_str(), settings.victoria.read_url.as_str()],
    };
    urls.into_iter().find(|url| !is_here(url))
}

/// Why a city's devices cannot be heard yet: behind some of them people stand, and nothing seals what they say. Not asked of a
/// simulated city, nor where nobody but this machine is heard.
#[must_use]
pub fn unsealed(settings: &Settings) -> Option<SettingsError> {
    let heard = !settings.endpoint.is_private() || settings.collector.iter().any(|broker| !is_here(&broker.url));
    let open = settings.privacy.keys.is_none() && !settings.privacy.kinds.is_empty();
    let message = "devices beyond this machine are heard, and what meters say is not sealed: expected a file of keys, which `marsad vault \
                   init` makes, or `kinds = []` where people stand behind no device (law 09-08)";
    (heard && open).then(|| wrong(&settings.place("privacy.keys"), message.to_owned()))
}

/// Where every store is.
///
/// # Errors
/// A server elsewhere of which nobody says where it is, or sensitive data abroad.
pub(crate) fn locations(settings: &Settings, assets: &Assets) -> Result<Locations, Vec<SettingsError>> {
    let Location { home, data, readings, backup } = &settings.location;
    if readings.is_none()
        && let Some(url) = elsewhere(settings)
    {
        let message = format!("expected the country of the server {url}, such as \"MA\": it is not this machine");
        return Err(vec![wrong("location.readings", message)]);
    }
    let or_data = |place: &Option<Country>| place.clone().unwrap_or_else(|| data.clone());
    // Readings in the data directory are where that is, whatever else was said.
    let readings = if settings.store.kind == Engine::Embedded { data.clone() } else { or_data(readings) };
    let locations = Locations { home: home.clone(), data: data.clone(), readings, backup: or_data(backup) };
    let objections = assets.objections(&settings.privacy.kinds, &locations);
    if objections.is_empty() {
        return Ok(locations);
    }
    let place = settings.place("location");
    Err(objections.into_iter().map(|objection| wrong(&place, objection)).collect())
}

fn wrong(place: &str, message: String) -> SettingsError {
    SettingsError { place: place.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn an_address_of_this_machine_is_told_from_others() {
        for here in ["http://127.0.0.1:8086", "http://localhost", "https://[::1]:8086/", "http://127.9.9.9:1/x"] {
            assert!(is_here(here), "{here}");
        }
        for there in ["http://influx.city.example:8086", "https://10.0.0.7", "http://[2001:db8::1]:1", "localhost.example"] {
            assert!(!is_here(there), "{there}");
        }
    }
}
