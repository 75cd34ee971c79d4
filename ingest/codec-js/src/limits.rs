//! What a script may use up.

use std::time::Duration;

/// Bounds of one script. The defaults fit every decoder that its vendor published for TTN; a city may set others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processor time that one message may take, in all attempts at it. The engine looks at it every ten thousand steps, so the end comes some
    /// milliseconds later. Default 50 ms.
    pub deadline: Duration,
    /// Bytes of the interpreter's heap: engine, host library, script and all that it makes. An interpreter alone has about
    /// half a MiB. Default 4 MiB.
    pub memory: usize,
    /// Bytes of stack. It is the calling thread's own: that must have twice as much. Default 256 KiB.
    pub stack: usize,
    /// Bytes of the answer as JSON. Default 256 KiB.
    pub output: usize,
    /// Bytes of the script's source. Default 1 MiB.
    pub source: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(50),
            memory: 4 * 1024 * 1024,
            stack: 256 * 1024,
            output: 256 * 1024,
            source: 1024 * 1024,
        }
    }
}
