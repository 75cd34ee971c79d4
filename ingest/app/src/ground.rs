//! What messages are read with: the devices of the files and those that were adopted, profiles, routes;
//! and where the settings come from that say so, to be read again.

use std::path::PathBuf;
use std::sync::Arc;

use ::vault::Vault;
use codec::{Decoder, ProfileError, Profiles, Routes};
use ports::Stage;
use schemas::{Catalogue, Device, Message, Timestamp};
use settings::{Checked, Layers, Settings, SettingsError};

use crate::cli::Common;
use crate::{demo, fit};

/// Files: name and text.
pub(crate) type Files = Vec<(String, String)>;

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
        let settings = self.settings().map_err(|wrong| vec![wrong])?;
        let mut checked = fit::mistakes(&settings, self.more_rules())?;
        if let Some(DemoCity { devices, .. }) = &self.demo {
            checked.catalogue = devices.clone();
        }
        Ok((settings, checked))
    }

    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut settings = Settings::load(&self.layers)?;
        if self.demo.is_some() {
            demo::adapt(&mut settings, &self.common)?;
        }
        Ok(settings)
    }

    fn more_rules(&self) -> &[(&str, &str)] {
        if self.demo.is_some() { &demo::RULES } else { &[] }
    }

    /// The settings, and the files of rules: name and text.
    ///
    /// # Errors
    /// All that cannot be read.
    pub(crate) fn rules(&self) -> Result<(Settings, Files), Vec<SettingsError>> {
        let settings = self.settings().map_err(|wrong| vec![wrong])?;
        let (texts, wrong) = settings.rules.texts(self.more_rules());
        if wrong.is_empty() { Ok((settings, texts)) } else { Err(wrong) }
    }

    /// Where a new rule of the city's own is written; none where the settings name no directory.
    pub(crate) fn own_rules(&self, settings: &Settings) -> Option<PathBuf> {
        let named = settings.rules.directories.first().cloned();
        named.or_else(|| self.demo.is_some().then(|| demo::own_rules(settings)))
    }
}
