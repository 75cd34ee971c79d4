//! A city's own kinds and quantities: read before the settings are, which may already name them.

use std::path::PathBuf;

use crate::{Laid, Layers, SettingsError};

/// The built-in vocabulary and the files of `vocabulary.files`, to be installed before anything else uses
/// one.
///
/// # Errors
/// All that is wrong: a file that cannot be read, a row that is not one, a unit that does not convert, a
/// name that is there already.
pub fn vocabulary(layers: &Layers) -> Result<schemas::Vocabulary, Vec<SettingsError>> {
    let Laid { merged, texts } = Laid::over(layers).map_err(|wrong| vec![wrong])?;
    let files: Vec<PathBuf> =
        merged.get("vocabulary.files").map_err(|cause| vec![SettingsError::locate(&cause, &texts, layers)])?;
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for mut path in files {
        layers.resolve(&mut path);
        match std::fs::read_to_string(&path) {
            Ok(text) => read.push((path.display().to_string(), text)),
            Err(cause) => errors.push(SettingsError::unreadable(&path, &cause)),
        }
    }
    let vocabulary = schemas::Vocabulary::read(&read, &|unit| codec::check_unit(unit).map_err(|wrong| wrong.to_string()));
    match vocabulary {
        Ok(vocabulary) if errors.is_empty() => Ok(vocabulary),
        Ok(_) => Err(errors),
        Err(rows) => {
            errors.extend(
                rows.into_iter().map(|row| SettingsError { place: format!("{}:{}", row.file, row.line), message: row.message }),
            );
            Err(errors)
        }
    }
}
