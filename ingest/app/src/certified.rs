//! Certificates that are read anew while the program runs: of its doors, and of its ways to others.

use std::sync::Arc;

use endpoint::Certificates;
use ports::OperationError;
use trust::Outward;

/// Whose files are read anew together.
pub(crate) enum Certified {
    /// A door of ours: pages, or the endpoint.
    Door(Arc<Certificates>),
    /// A way to a broker, a server of readings or the city's directory. Channels are not here: a reload makes each anew.
    Way(Arc<Outward>),
}

/// Puts in force what was read. Nothing can go wrong any more.
pub(crate) type Hold<'a> = Box<dyn FnOnce() + 'a>;

impl Certified {
    fn fresh(&self) -> Result<Hold<'_>, OperationError> {
        let refused = |why: String| OperationError::Refused(vec![why]);
        match self {
            Self::Door(door) => {
                let fresh = door.fresh().map_err(|error| refused(error.to_string()))?;
                Ok(Box::new(move || door.hold(fresh)))
            }
            Self::Way(way) => {
                let fresh = way.fresh().map_err(|error| refused(error.to_string()))?;
                Ok(Box::new(move || way.hold(fresh)))
            }
        }
    }
}

/// Reads the files of all of them, or changes nothing.
pub(crate) fn fresh(all: &[Certified]) -> Result<Vec<Hold<'_>>, OperationError> {
    all.iter().map(Certified::fresh).collect()
}
