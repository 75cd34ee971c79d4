//! What pages and API are made of where no loops run: register, store and journal stand still.

use std::sync::{Arc, Mutex};

use codec::Decoder;
use dashboards::{House, Parameters};
use journal::View;
use notify::report::Mailings;
use ports::{Clock, Holding, Identity, Live, Store};
use register::{Register, Reports};
use schemas::Catalogue;
use settings::Settings;
use vault::Vault;

use crate::clerk::{Clerk, Counter, Listed, Works};
use crate::desk::Operators;
use crate::failure::{Code, Failure};
use crate::observer::{Desk, Loops, Observer};
use crate::platform::house;
use crate::roster::Roster;
use crate::teller::Telling;

/// What stands still.
pub(crate) struct Shut {
    pub(crate) journal: View,
    pub(crate) identity: Identity,
    pub(crate) holding: Holding,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) register: Arc<Register>,
    pub(crate) decoder: Arc<Decoder>,
    /// The devices of the files.
    pub(crate) files: Catalogue,
    pub(crate) vault: Option<Arc<Vault>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: jiff::tz::TimeZone,
}

impl Shut {
    /// The house over it.
    ///
    /// # Errors
    /// The settings name a rota or a time zone that is none.
    pub(crate) fn house(self, settings: &Settings, parameters: Parameters) -> Result<House, Failure> {
        let Self { journal, identity, holding, store, register, decoder, files, vault, clock, zone } = self;
        let observer = Observer {
            city: settings.city.name.en.clone(),
            demo: false,
            started_at: clock.now(),
            clock: Arc::clone(&clock),
            loops: Loops::Stopped {
                journal: journal.clone(),
                identity,
                catalogue: Arc::clone(decoder.catalogue()),
                quarantine: settings.quarantine.around(holding),
            },
            store: Arc::clone(&store),
            register: Arc::clone(&register),
            directory: settings.data.directory.clone(),
        };
        let rotas = settings.notify.rotas(&zone).map_err(|e| Failure::new(Code::Settings, e.to_string()))?;
        let roster = Arc::new(Roster::new(rotas));
        let mailings = Mailings::of(Arc::new(Reports::of(Arc::clone(&register))));
        let city = notify::City { catalogue: Arc::clone(decoder.catalogue()), zone, simulated: None };
        // Where nobody can be told from here, as without the secrets of the channels, no report is ordered from here either.
        if let Ok(telling) = Telling::of(settings, &city) {
            telling.order(&mailings);
        }
        let operators = Operators {
            register: Arc::clone(&register),
            curb: Arc::new(notify::Registered::new(
                Arc::clone(&register) as _,
                Arc::clone(&register) as _,
                settings.inhibit.clone(),
                notify::Lookout::idle(settings.away.clone()),
            )),
            clock: Arc::clone(&clock),
            roster: Arc::clone(&roster),
            mailings: Arc::new(mailings),
            // Nobody plans here: the next start takes in what is done.
            changed: Arc::default(),
        };
        let clerk = Clerk {
            works: Works::Stopped { journal, decoder: Mutex::new(decoder), store: Arc::clone(&store) },
            register,
            clock: Arc::clone(&clock),
            files: Mutex::new(Listed { catalogue: files, bounds: settings.city.bounds }),
            certificates: Vec::new(),
            roster,
            vault: vault.clone(),
        };
        let who = (Desk(Arc::new(observer)), Counter(Arc::new(clerk)), operators);
        house(settings, parameters, store, who, Live::new(1), clock, (vault, false))
    }
}
