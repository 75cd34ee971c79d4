//! What messages are read with: the devices of the files and those that were adopted, profiles, routes;
//! and where the settings come from that say so, to be read again.

use std::sync::Arc;

use ::vault::Vault;
use codec::{Decoder, ProfileError, Profiles, Routes};
use ports::Stage;
use schemas::{Catalogue, Device, Message, Timestamp};
use settings::{Checked, Layers, Settings, SettingsError};

use crate::cli::Common;
use crate::{demo, fit};

/// What messages are read with, besides adopted devices.
pub(crate) struct Ground {
    /// Devices that files list.
    pub(crate) files: Catalogue,
    pub(crate) profiles: Profiles,
    pub(crate) routes: Routes,
    /// What stands between people and all that is kept; none where the settings name no keys.
    pub(crate) vault: Option<Arc<Vault>>,
}

impl Ground {
    /// A decoder for the devices of the files and, below them, the adopted ones.
    ///
    /// # Errors
    /// A device of a file, or a route, names a profile that is not loaded: never after a check.
    pub(crate) fn decoder(&self, adopted: Vec<Device>, now: Timestamp) -> Result<Arc<Decoder>, ProfileError> {
        let catalogue = joined(&self.files, adopted, &self.profiles);
        let decoder = Decoder::new(Arc::new(catalogue), self.profiles.clone())?.with_routes(self.routes.clone())?;
        Ok(Arc::new(match &self.vault {
            Some(vault) => decoder.behind(Arc::clone(vault) as _, now),
            None => decoder,
        }))
    }
}

/// The devices of the files and, where a file does not list them, the adopted ones.
pub(crate) fn joined(files: &Catalogue, adopted: Vec<Device>, profiles: &Profiles) -> Catalogue {
    let mut all = files.clone();
    for mut device in adopted.into_iter().filter(|device| files.device(&device.id).is_none()) {
        // A profile can be taken away after a device was adopted with it. That must stop nothing: the
        // device's messages wait in the quarantine until the profile is back.
        if let Some(profile) = device.profile.take_if(|profile| profiles.named(profile).is_none()) {
            tracing::warn!(device = %device.id, %profile, "an adopted device has a profile that is not loaded: its frames wait");
        }
        all.insert(device);
    }
    all
}

/// A simulated city.
pub(crate) struct DemoCity {
    /// Its devices, in place of those of files.
    pub(crate) devices: Catalogue,
    /// What they said before anybody listened.
    pub(crate) past: Vec<Message>,
    /// When somebody began to listen.
    pub(crate) start: Timestamp,
    /// Where something can be made to happen in it.
    pub(crate) stage: Arc<dyn Stage>,
}

/// Where settings come from.
pub(crate) struct Origin {
    layers: Layers,
    common: Common,
    demo: Option<DemoCity>,
}

impl Origin {
    pub(crate) fn new(layers: Layers, common: Common) -> Self {
        Self { layers, common, demo: None }
    }

    /// The same, of a simulated city.
    pub(crate) fn of_demo(self, city: DemoCity) -> Self {
        Self { demo: Some(city), ..self }
    }

    /// What was said before anybody listened, for a journal in which nothing stands yet; given once.
    pub(crate) fn take_past(&mut self) -> Vec<Message> {
        self.demo.as_mut().map(|city| std::mem::take(&mut city.past)).unwrap_or_default()
    }

    /// Since when a simulated city lives; none of a real one.
    pub(crate) fn simulated(&self) -> Option<Timestamp> {
        self.demo.as_ref().map(|city| city.start)
    }

    /// Where something can be made to happen.
    pub(crate) fn stage(&self) -> Option<Arc<dyn Stage>> {
        self.demo.as_ref().map(|city| Arc::clone(&city.stage))
    }

    /// Reads and checks all settings anew, as at the start.
    ///
    /// # Errors
    /// All that is wrong.
    pub(crate) fn read(&self) -> Result<(Settings, Checked), Vec<SettingsError>> {
        let mut settings = Settings::load(&self.layers).map_err(|wrong| vec![wrong])?;
        let Some(DemoCity { devices, .. }) = &self.demo else {
            let checked = fit::mistakes(&settings, &[])?;
            return Ok((settings, checked));
        };
        demo::adapt(&mut settings, &self.common).map_err(|wrong| vec![wrong])?;
        let checked = Checked { catalogue: devices.clone(), ..fit::mistakes(&settings, &demo::RULES)? };
        Ok((settings, checked))
    }
}
