//! Why a script is not taken, and why a message has no answer.

use std::fmt;
use std::time::Duration;

/// Why a source is not a script that can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// Longer than [`crate::Limits::source`].
    #[error("{name}: the source has {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// The script's name.
        name: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not JavaScript.
    #[error("{name}:{place}: {message}")]
    Syntax {
        /// The script's name.
        name: String,
        /// Where reading stopped.
        place: Place,
        /// What the engine says.
        message: String,
    },
    /// The name or the source holds a character of code 0.
    #[error("{name}: a zero byte is not expected")]
    ZeroByte {
        /// The script's name, without it.
        name: String,
    },
    /// Reading it takes more memory or stack than its limits allow, or they leave no room for the interpreter itself.
    #[error("{name}: the script cannot be read within its limits: {message}")]
    Limits {
        /// The script's name.
        name: String,
        /// What the engine says.
        message: String,
    },
}

/// Why there is no answer to a message. The next message finds the script as if this one had not been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The script threw.
    #[error("the script threw: {message}{}", At(.place))]
    Thrown {
        /// Name and message of the error, or the text of what was thrown; at most 500 characters.
        message: String,
        /// The innermost line of the script, if it is known.
        place: Option<Place>,
    },
    /// It ran longer than [`crate::Limits::deadline`].
    #[error("the script did not end within {} ms of processor time", .limit.as_millis())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// It wanted more than [`crate::Limits::memory`].
    #[error("the script wanted more than {limit} bytes of memory")]
    Memory {
        /// The limit.
        limit: usize,
    },
    /// It called itself deeper than [`crate::Limits::stack`] allows.
    #[error("the script wanted more than {limit} bytes of stack")]
    Stack {
        /// The limit.
        limit: usize,
    },
    /// No function `decodeUplink`, `Decoder` or `Decode`, neither at the top nor exported.
    #[error("the script has no function decodeUplink(input), Decoder(bytes, port) or Decode(fPort, bytes)")]
    NoEntryPoint,
    /// `decodeUplink` returned something else than an object.
    #[error("decodeUplink returned no object: {{data, warnings, errors}} was expected")]
    NoAnswer,
    /// The answer as JSON is longer than [`crate::Limits::output`].
    #[error("the answer has {bytes} bytes as JSON, at most {limit} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The answer cannot be read as JSON: nested deeper than 127 levels.
    #[error("the answer is no JSON that can be read: {message}")]
    NotJson {
        /// What was wrong.
        message: String,
    },
    /// The engine itself failed; nothing that a script should be able to cause.
    #[error("the script engine failed: {message}")]
    Engine {
        /// What it says.
        message: String,
    },
}

/// A place in a script's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1, in characters as the engine counts them.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

struct At<'a>(&'a Option<Place>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(place) => write!(f, " (line {}, column {})", place.line, place.column),
            None => Ok(()),
        }
    }
}
