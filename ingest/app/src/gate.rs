//! The gate: who may ask over HTTP, and which devices may publish; opened from `access.db` in the data directory.

use std::path::Path;
use std::sync::Arc;

use access::{Book, Doorman, Entrance, Keeper};
use oidc::Oidc;
use ports::{AccessError, Clock, Directory};
use settings::Settings;
use trust::Outward;

use crate::directory::DataDirectory;
use crate::failure::{Code, Failure};
use crate::opened::disk_failure;

/// The file of users, tokens, credentials and audit.
pub(crate) const FILE: &str = "access.db";

/// Where devices publish that speak Marsad's own JSON; a city's own routes may name further topics.
const OWN_TOPIC: &str = "marsad/+/+/{device}/up";

/// The gate, and the doorman of the endpoint.
pub(crate) struct Opened {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) doorman: Arc<Doorman>,
    /// How the city's directory is trusted, where it is asked over TLS.
    pub(crate) outward: Option<Arc<Outward>>,
}

fn failure(place: &Path, error: &AccessError) -> Failure {
    Failure::new(Code::Stopped, format!("{}: {error}", place.display()))
}

/// Whether nobody but this machine can ask.
fn entrance(settings: &Settings) -> Entrance {
    let proxied = settings.http.proxy;
    Entrance {
        private: settings.http.listen.ip().is_loopback() && !proxied,
        proxied,
        secure: proxied || settings.http.certificate.is_some(),
    }
}

/// Opens it for a program that runs, with a fresh secret for the commands on this machine.
pub(crate) fn running(settings: &Settings, directory: &DataDirectory, clock: &Arc<dyn Clock>) -> Result<Opened, Failure> {
    let place = &settings.data.directory;
    let key = access::fresh().map_err(|e| failure(place, &e.into()))?;
    directory.keep_key(&key).map_err(|cause| disk_failure(place, &cause))?;
    let directory = Oidc::new(&settings.oidc, Arc::clone(clock));
    let directory = directory.map_err(|objection| Failure::new(Code::Settings, objection.to_string()))?;
    let outward = directory.as_ref().and_then(Oidc::outward);
    let directory = directory.map(|directory| Arc::new(directory) as Arc<dyn Directory>);
    Ok(Opened { outward, ..open(settings, entrance(settings), Some(&key), directory, clock)? })
}

/// Opens it for a command on a directory on which no program runs: the command may do everything, and nobody else asks.
pub(crate) fn stopped(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Opened, Failure> {
    open(settings, Entrance { private: true, proxied: false, secure: false }, None, None, clock)
}

fn open(
    settings: &Settings,
    entrance: Entrance,
    key: Option<&str>,
    directory: Option<Arc<dyn Directory>>,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Failure> {
    let place = settings.data.directory.join(FILE);
    let book = Arc::new(Book::open(&place).map_err(|e| failure(&place, &e.into()))?);
    let own = std::iter::once(OWN_TOPIC.to_owned()).chain(own_routes(settings)).collect();
    let doorman = Doorman::new(&book, Arc::clone(clock), own).map_err(|e| failure(&place, &e))?;
    let (clock, doors) = (Arc::clone(clock), Some(Arc::clone(&doorman)));
    let keeper = Keeper::new(book, clock, settings.access.clone(), entrance, key, doors).map_err(|e| failure(&place, &e))?;
    Ok(Opened { keeper: Arc::new(keeper.with_directory(directory)), doorman, outward: None })
}

/// Topics of the city's own routes in which the device's id stands.
fn own_routes(settings: &Settings) -> impl Iterator<Item = String> {
    let topics = settings.route.iter().map(|table| table.topic.clone());
    topics.filter(|topic| topic.contains("{device}")).map(|topic| topic.replace("{zone}", "+").replace("{kind}", "+"))
}
