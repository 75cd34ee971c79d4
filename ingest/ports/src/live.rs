//! What screens see: a lossy broadcast. A slow browser loses frames; the pipeline loses nothing.

use std::sync::Arc;

use schemas::{Reading, Transition};
use tokio::sync::broadcast;

/// What happened just now.
#[derive(Clone, Debug)]
pub enum LiveFrame {
    /// Readings as they were decoded.
    Readings(Arc<[Reading]>),
    /// Alerts that changed phase, after the register has them.
    Transitions(Arc<[Transition]>),
}

/// The broadcast. Cloning gives another handle to the same one.
#[derive(Clone, Debug)]
pub struct Live(broadcast::Sender<LiveFrame>);

impl Live {
    /// A listener that falls more than `frames` behind loses the oldest and is told how many.
    ///
    /// # Panics
    /// If `frames` is 0.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        Self(broadcast::Sender::new(frames))
    }

    /// Tells whoever listens; never waits.
    pub fn tell(&self, frame: LiveFrame) {
        // An error means that nobody listens: nothing is lost by that.
        let _ = self.0.send(frame);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<LiveFrame> {
        self.0.subscribe()
    }

    /// How many listen: with none, there is no need to build a frame.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }
}
