//! What profiles need from outside: scripts that stand beside them, and the engine that runs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::{Profile, ProfileError, Profiles, Script, Workshop};

/// Bytes of a profile or a script, at most.
const FILE_LIMIT: u64 = 1 << 20;

/// Scripts in the folder of the profile that names them.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Workshop for Folder {
    fn script(&self, path: &str) -> Result<Arc<dyn Script>, String> {
        let beside = Path::new(path);
        // A profile of somebody else is data: it names files beside itself and nothing further.
        if beside.components().count() != 1 || beside.is_absolute() {
            return Err("expected the name of a file beside the profile".to_owned());
        }
        let source = read(&self.0.join(beside))?;
        codec_js::decoder(path, &source)
    }
}

/// The text of a small file.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_LIMIT {
        return Err(format!("{size} bytes, at most {FILE_LIMIT} are read"));
    }
    std::fs::read_to_string(path).map_err(|e| e.to_string())
}

/// The profile in a file, proved by its own cases.
///
/// # Errors
/// As [`Profiles::with`], and where the file cannot be read.
pub fn profile_from_file(path: &Path) -> Result<Profile, ProfileError> {
    let file = path.display().to_string();
    let toml = read(path).map_err(|error| ProfileError::Syntax { file: file.clone(), error })?;
    let folder = Folder(path.parent().map_or_else(PathBuf::new, Path::to_path_buf));
    Profiles::read(&toml, &file, &folder)
}
