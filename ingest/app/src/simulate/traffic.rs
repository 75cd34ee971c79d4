//! A play on several threads: each plays a part of the devices, and what they say is put in order again.

use std::time::Duration;

use schemas::Timestamp;
use simulators::{City, Play, Scenario, Sent};

/// Steps in which nothing is heard are passed as one, up to so much of the city's time.
const SILENCE: Duration = Duration::from_secs(3600);

/// See the module. The messages are the same for any number of threads.
pub(crate) struct Traffic {
    parts: Vec<Play>,
    step: Duration,
    now: Timestamp,
}

/// What a step of virtual time gave.
pub(crate) struct Step {
    /// Everything that is heard before this instant has been given.
    pub(crate) to: Timestamp,
    /// In the order in which it is heard; what is lost stands where it was said.
    pub(crate) sent: Vec<Sent>,
}

impl Traffic {
    pub(crate) fn new(scenario: &Scenario, threads: u32, step: Duration) -> Self {
        Self { parts: Play::parts(scenario, threads.max(1)), step, now: scenario.world.start }
    }

    pub(crate) fn city(&self) -> &City {
        self.parts[0].city()
    }

    /// How much of the city's time is over.
    pub(crate) fn passed(&self, start: Timestamp) -> Duration {
        self.now.since(start)
    }

    /// Plays on to the end of the next step in which something is heard, or for [`SILENCE`]; none when everything is heard.
    pub(crate) fn next(&mut self) -> Option<Step> {
        let begin = self.now;
        loop {
            match self.step() {
                Some(step) if step.sent.is_empty() && step.to.since(begin) < SILENCE => {}
                // The silence at the end is a step too.
                None if self.now > begin => return Some(Step { to: self.now, sent: Vec::new() }),
                step => return step,
            }
        }
    }

    /// A step; none when everything is heard. After the end a span in which nothing is heard is passed at once.
    fn step(&mut self) -> Option<Step> {
        if self.parts.iter().all(Play::is_over) {
            return None;
        }
        let mut to = self.now.plus(self.step);
        if self.parts.iter().all(|p| p.now() >= p.end()) {
            let first = self.parts.iter().filter_map(Play::next_heard).min();
            to = to.max(first.map_or(to, |at| at.plus(Duration::from_millis(1))));
        }
        self.now = to;
        if let [only] = self.parts.as_mut_slice() {
            return Some(Step { to, sent: only.until(to) });
        }
        let mut sent: Vec<Sent> = std::thread::scope(|scope| {
            let players: Vec<_> = self.parts.iter_mut().map(|part| scope.spawn(move || part.until(to))).collect();
            players.into_iter().flat_map(|player| player.join().expect("a play is total")).collect()
        });
        // A few sorted runs: the sort finds them.
        sent.sort_by_key(Sent::key);
        Some(Step { to, sent })
    }
}
