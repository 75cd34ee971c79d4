//! What profiles need from outside: scripts that stand beside them, and the engine that runs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::{Script, Workshop};

/// Scripts in the folder of the profile that names them.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The one in which this profile stands.
    pub(crate) fn of(profile: &Path) -> Self {
        Self(profile.parent().map_or_else(PathBuf::new, Path::to_path_buf))
    }
}

impl Workshop for Folder {
    fn script(&self, path: &str) -> Result<Arc<dyn Script>, String> {
        let beside = Path::new(path);
        // A profile of somebody else is data: it names files beside itself and nothing further.
        if beside.components().count() != 1 || beside.is_absolute() {
            return Err("expected the name of a file beside the profile".to_owned());
        }
        let source = std::fs::read_to_string(self.0.join(beside)).map_err(|cause| cause.to_string())?;
        codec_js::decoder(path, &source)
    }
}
