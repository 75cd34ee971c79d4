//! The settings of the program: defaults and their documentation in `default.toml`, laid under files,
//! environment and flags by the `config` crate; checked as a whole before anything starts.
//!
//! Each section's struct lives in the crate that it sets. Deliberately absent: anything that opens a
//! socket or makes a directory.

mod backup;
mod check;
mod devices;
mod domains;
mod locate;
mod location;
mod profiles;
mod routes;
mod rule_files;
mod vocabulary;
mod workshop;

use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat};
use schemas::Texts;
use serde::Deserialize;

use locate::{line_of, position};

pub use self::domains::{Depot, District, Domains, Dust, Interval, Privacy, Space, Station, parameters};
pub use backup::{Backup, NotARecipient, Recipient};
pub use check::{Checked, check, check_with, strangers};
pub use devices::{Bounds, DeviceList, Listed, devices, read_devices};
pub use locate::SettingsError;
pub use location::{Location, unsealed};
pub use profiles::{ProfileFiles, profile_from_file, profiles};
pub use routes::RouteTable;
pub use vocabulary::vocabulary;

/// The defaults, and the page that documents them.
pub const DEFAULT: &str = include_str!("../default.toml");

/// The rule packs that come with the program: name and text.
pub const RULE_PACKS: [(&str, &str); 5] = [
    ("waste", include_str!("../rules/waste.toml")),
    ("air", include_str!("../rules/air.toml")),
    ("parking", include_str!("../rules/parking.toml")),
    ("water", include_str!("../rules/water.toml")),
    ("devices", include_str!("../rules/devices.toml")),
];

/// The cases of the packs: what a device says, and what a rule of the pack says to that.
pub const RULE_CASES: [(&str, &str); 5] = [
    ("rules/tests/waste.toml", include_str!("../rules/tests/waste.toml")),
    ("rules/tests/air.toml", include_str!("../rules/tests/air.toml")),
    ("rules/tests/parking.toml", include_str!("../rules/tests/parking.toml")),
    ("rules/tests/water.toml", include_str!("../rules/tests/water.toml")),
    ("rules/tests/devices.toml", include_str!("../rules/tests/devices.toml")),
];

/// The rules of `marsad demo`, which fire within seconds.
pub const DEMO_RULES: &str = include_str!("../rules/demo.toml");

/// The city that the program watches.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// Short name, for file names and links.
    pub id: String,
    /// For people.
    pub name: Texts,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// Under which licence its readings may be used; empty where none is stated.
    pub licence: String,
    /// Where its devices can be; anywhere where it is not given.
    pub bounds: Option<Bounds>,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Journal, store and register stand here.
    pub directory: PathBuf,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or a list of `target=level`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// Which rules judge.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Packs that come with the program.
    pub packs: Vec<String>,
    /// Files of the city's own.
    pub files: Vec<PathBuf>,
    /// Directories of such files.
    pub directories: Vec<PathBuf>,
}

/// Which devices are known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// Files of `[[device]]` tables, or of CSV.
    pub files: Vec<PathBuf>,
}

/// What can be measured besides what the program knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Files of `[[kind]]` and `[[quantity]]` tables.
    pub files: Vec<PathBuf>,
}

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The city.
    pub city: City,
    /// Where everything is kept.
    pub data: Data,
    /// What is logged.
    pub log: Log,
    /// What can be measured.
    pub vocabulary: Vocabulary,
    /// The loops.
    pub pipeline: pipeline::Settings,
    /// Which rules judge.
    pub rules: Rules,
    /// Which devices are known.
    pub devices: Devices,
    /// How a city's own makes of device are read.
    pub profiles: ProfileFiles,
    /// Which envelope opens which topics, before those that are known.
    #[serde(default)]
    pub route: Vec<RouteTable>,
    /// How much the quarantine may hold.
    pub quarantine: pipeline::Bounds,
    /// What air, waste, parking and water are computed by.
    pub domains: Domains,
    /// Personal data.
    pub privacy: Privacy,
    /// The log of messages.
    pub journal: journal::Settings,
    /// The built-in MQTT endpoint.
    pub endpoint: endpoint::Settings,
    /// Brokers to collect from.
    #[serde(default)]
    pub collector: Vec<pipeline::collector::Settings>,
    /// The time-series store.
    pub store: store::Settings,
    /// The server of readings, where they are kept on one.
    pub influx: store_influx::Settings,
    /// The servers of readings, where they are kept on such.
    pub victoria: store_victoria::Settings,
    /// Who is told, and how.
    pub notify: notify::Settings,
    /// Reports that are sent by mail, and when.
    #[serde(default)]
    pub report: Vec<notify::report::ReportSettings>,
    /// What keeps other alerts from being told.
    #[serde(default)]
    pub inhibit: Vec<notify::Inhibit>,
    /// When a collector that is away keeps alerts from being told.
    pub away: notify::AwaySettings,
    /// Pages and API.
    pub http: dashboards::Settings,
    /// What maps are drawn on.
    pub map: dashboards::MapSettings,
    /// Users, sessions and tokens.
    pub access: access::Settings,
    /// Who answers for which part of the city.
    #[serde(default)]
    pub tenant: Vec<dashboards::Tenant>,
    /// The city's directory.
    pub oidc: oidc::Settings,
    /// For whom backups are sealed.
    pub backup: Backup,
    /// In which country each store is.
    pub location: Location,
    /// The files that they come from, with their texts: for the places of mistakes that show later.
    #[serde(skip)]
    texts: Vec<(PathBuf, String)>,
}

/// Where settings come from, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Files, later over earlier.
    pub files: Vec<PathBuf>,
    /// The environment: pairs of name and value. Those that begin with `MARSAD__` count.
    pub environment: Vec<(String, String)>,
    /// Flags: dotted key and value.
    pub flags: Vec<(String, String)>,
}

/// The prefix of environment variables that are settings; `__` separates section and key.
pub const PREFIX: &str = "MARSAD";

impl Settings {
    /// The defaults alone.
    ///
    /// # Errors
    /// Never, as a test holds; but the type says so.
    pub fn default_values() -> Result<Self, SettingsError> {
        Self::load(&Layers::default())
    }

    /// Defaults, files, environment, flags, in this order. Sections may name kinds of the city's own, so
    /// its [`vocabulary`] is installed before.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, an unknown key, a value that does not fit: with the place
    /// (file and line, variable or flag) and what was expected.
    pub fn load(layers: &Layers) -> Result<Self, SettingsError> {
        let Laid { merged, texts } = Laid::over(layers)?;
        let mut settings: Settings = merged.try_deserialize().map_err(|cause| SettingsError::locate(&cause, &texts, layers))?;
        let lists = [
            &mut settings.vocabulary.files,
            &mut settings.rules.files,
            &mut settings.rules.directories,
            &mut settings.devices.files,
            &mut settings.profiles.directories,
            &mut settings.profiles.files,
            &mut settings.notify.territories,
        ];
        let listed = lists.into_iter().flatten().chain(settings.domains.files());
        let listed = listed.chain(settings.notify.rota.iter_mut().map(|rota| &mut rota.file));
        let tls = [
            &mut settings.http.certificate,
            &mut settings.http.key,
            &mut settings.endpoint.certificate,
            &mut settings.endpoint.key,
        ];
        let tls = tls.into_iter().chain([&mut settings.endpoint.client_ca]).flatten();
        let tokens = [
            &mut settings.privacy.keys,
            &mut settings.privacy.purposes,
            &mut settings.privacy.assets,
            &mut settings.influx.token_file,
            &mut settings.victoria.token_file,
            &mut settings.oidc.client_secret_file,
            &mut settings.oidc.ca_file,
            &mut settings.influx.ca_file,
            &mut settings.influx.client_cert_file,
            &mut settings.influx.client_key_file,
            &mut settings.victoria.ca_file,
            &mut settings.victoria.client_cert_file,
            &mut settings.victoria.client_key_file,
            &mut settings.map.overlay,
        ];
        let brokers = settings.collector.iter_mut().flat_map(|broker| {
            [&mut broker.password_file, &mut broker.ca_file, &mut broker.client_cert_file, &mut broker.client_key_file]
        });
        listed.chain(tokens.into_iter().chain(brokers).flatten()).chain(tls).for_each(|path| layers.resolve(path));
        settings.texts = texts;
        Ok(settings)
    }

    /// Where a key stands, `route[1].profile`: file and line, or its name where no file gives it.
    #[must_use]
    pub fn place(&self, path: &str) -> String {
        let found = self.texts.iter().rev().find_map(|(file, text)| Some((file, line_of(text, position(text, path)?))));
        found.map_or_else(|| path.to_owned(), |(file, line)| format!("{}:{line}", file.display()))
    }
}

/// Settings laid over one another, not yet read.
struct Laid {
    merged: Config,
    /// The files, for the places of mistakes.
    texts: Vec<(PathBuf, String)>,
}

impl Laid {
    fn over(layers: &Layers) -> Result<Self, SettingsError> {
        let mut texts = Vec::new();
        for path in &layers.files {
            let text = std::fs::read_to_string(path).map_err(|cause| SettingsError::unreadable(path, &cause))?;
            // Parsed here for its spans; the `config` crate parses again and knows none.
            toml::de::DeTable::parse(&text).map_err(|cause| SettingsError::syntax(path, &text, &cause))?;
            texts.push((path.clone(), text));
        }
        let environment: std::collections::HashMap<String, String> =
            layers.environment.iter().filter(|(name, _)| name.starts_with(&format!("{PREFIX}__"))).cloned().collect();
        let mut builder = Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
        for (_, text) in &texts {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        builder = builder.add_source(
            Environment::with_prefix(PREFIX).prefix_separator("__").separator("__").try_parsing(true).source(Some(environment)),
        );
        for (key, value) in &layers.flags {
            builder = builder.set_override(key, value.as_str()).map_err(|cause| SettingsError::flag(key, &cause))?;
        }
        let merged = builder.build().map_err(|cause| SettingsError::locate(&cause, &texts, layers))?;
        Ok(Self { merged, texts })
    }
}

impl Layers {
    /// Paths are meant from where the last file stands.
    fn resolve(&self, path: &mut PathBuf) {
        if let Some(beside) = self.files.last().and_then(|file| file.parent())
            && path.is_relative()
        {
            *path = beside.join(&*path);
        }
    }
}

#[cfg(test)]
mod tests;
