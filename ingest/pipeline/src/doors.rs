//! By which door each message came. The journal does not say; while the program runs, this does, for as long as readers
//! may need to ask.
//!
//! Deliberately absent: what was kept before the start. Of that the door is not known.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::lock;

/// Changes of the door that are remembered: a reader that is further behind does not learn the door.
const RUNS: usize = 1 << 16;

/// See the module. Each run: its first offset, and the door of all up to the next.
#[derive(Debug, Default)]
pub(crate) struct Doors(Mutex<VecDeque<(u64, Arc<str>)>>);

impl Doors {
    /// What begins at `first`, behind all that was noted before, came by this door.
    pub(crate) fn note(&self, first: u64, door: &Arc<str>) {
        let mut runs = lock(&self.0);
        if runs.back().is_some_and(|(_, last)| last == door) {
            return;
        }
        if runs.len() == RUNS {
            runs.pop_front();
        }
        runs.push_back((first, Arc::clone(door)));
    }

    /// The door of the message at this offset, if it is known.
    pub(crate) fn of(&self, offset: u64) -> Option<Arc<str>> {
        let runs = lock(&self.0);
        let behind = runs.partition_point(|(first, _)| *first <= offset);
        runs.get(behind.checked_sub(1)?).map(|(_, door)| Arc::clone(door))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_the_door_of_its_run_and_those_of_before_have_none() {
        let (doors, a, b) = (Doors::default(), Arc::from("a"), Arc::from("b"));
        for (first, door) in [(10, &a), (12, &a), (15, &b), (16, &a)] {
            doors.note(first, door);
        }
        let of = |offset| doors.of(offset).map(|door| door.to_string());
        assert_eq!(
            [9, 10, 14, 15, 16, 99].map(of),
            [None, Some("a"), Some("a"), Some("b"), Some("a"), Some("a")].map(|d| d.map(str::to_owned))
        );
    }

    #[test]
    fn no_more_is_remembered_than_may_be() {
        let (doors, two) = (Doors::default(), [Arc::from("a"), Arc::from("b")]);
        for first in 0..=RUNS {
            doors.note(first as u64, &two[first % 2]);
        }
        assert_eq!(doors.of(0), None);
        assert_eq!(doors.of(1), Some(Arc::clone(&two[1])));
    }
}
