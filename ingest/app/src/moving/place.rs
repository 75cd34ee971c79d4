//! A store by name: `embedded`, `influx` or `victoria`, of the settings; `embedded:PATH`, `influx:FILE`, `victoria:FILE`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use ports::Store;
use settings::{Layers, Settings};
use store::Engine;

use crate::directory::DataDirectory;
use crate::failure::{Code, Failure};
use crate::opened::engine;

/// Which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    engine: Engine,
    /// Of the embedded one, where it stands; of a server, the file of settings with its section.
    path: Option<PathBuf>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) = text.split_once(':').map_or((text, None), |(kind, path)| (kind, Some(path)));
        let engine = match kind {
            "embedded" => Engine::Embedded,
            "influx" => Engine::Influx,
            "victoria" => Engine::Victoria,
            _ => return Err("expected embedded[:PATH], influx[:SETTINGS] or victoria[:SETTINGS]".to_owned()),
        };
        if path == Some("") {
            return Err(format!("expected a path after `{kind}:`"));
        }
        Ok(Self { engine, path: path.map(PathBuf::from) })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.engine {
            Engine::Embedded => "embedded",
            Engine::Influx => "influx",
            Engine::Victoria => "victoria",
        })?;
        match &self.path {
            Some(path) => write!(f, ":{}", path.display()),
            None => Ok(()),
        }
    }
}

/// A store that is open, and the data directory that nobody else may open meanwhile.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    _held: Option<DataDirectory>,
}

impl Place {
    /// # Errors
    /// A program runs on it, or it cannot be opened; where it is to be read from, it is not there.
    pub(crate) fn open(&self, settings: &Settings, to_read: bool) -> Result<Opened, Failure> {
        if self.engine == Engine::Embedded {
            return self.embedded(settings, to_read);
        }
        let theirs = self.path.as_ref().map(|file| {
            let environment = std::env::vars().collect();
            Settings::load(&Layers { files: vec![file.clone()], environment, flags: Vec::new() })
        });
        let theirs = theirs.transpose()?;
        let store = engine(self.engine, &PathBuf::new(), theirs.as_ref().unwrap_or(settings))?;
        Ok(Opened { store, _held: None })
    }

    fn embedded(&self, settings: &Settings, to_read: bool) -> Result<Opened, Failure> {
        let own = settings.store_directory();
        let path = match &self.path {
            None => own,
            // A data directory, of which the store is a part.
            Some(path) if path.join("register.db").is_file() || path.join("lock").is_file() => path.join("store"),
            Some(path) => path.clone(),
        };
        let is_there = path.is_file() || path.join("readings.db").is_file();
        if to_read && !is_there {
            return Err(Failure::new(Code::Failed, format!("there is no store {}", path.display()))
                .hint("name a data directory, the directory of a store, or its readings.db"));
        }
        let data = path.parent().filter(|data| data.join("lock").is_file());
        let held = data.map(DataDirectory::need).transpose()?;
        Ok(Opened { store: engine(Engine::Embedded, &path, settings)?, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_its_kind_and_perhaps_a_path() {
        for text in ["embedded", "embedded:/var/lib/marsad", "influx", "influx:new.toml", "victoria:C:odd"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for odd in ["", "sqlite:x", "embedded:", ":x"] {
            assert!(odd.parse::<Place>().is_err(), "{odd}");
        }
    }
}
