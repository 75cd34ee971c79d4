//! A device that is forgotten is as one that was never heard.

use schemas::DeviceId;

use crate::scene::{Desk, at, fill, rule};

const FILL: &str = r#"quantity = "waste.fill""#;
const FULL: &str = "threshold = { at_least = 90, clear = 80 }";

#[test]
fn what_a_forgotten_device_says_later_begins_anew_and_nothing_is_written_down_of_what_it_said_before() {
    let mut desk = Desk::new(&(rule("now", FILL, "", FULL) + &rule("held", FILL, "600s", FULL)));
    desk.hear(&fill(95.0, 0));
    assert_eq!(desk.story().len(), 2, "one fires, one is pending");
    assert!(desk.engine.wake_at().is_some(), "a hold is to end");
    let _ = desk.engine.take_dirty();

    let bin: DeviceId = "bin".parse().expect("an id");
    desk.engine.forget([&bin, &"nobody".parse().expect("an id")]);
    let states = desk.engine.take_dirty();
    assert_eq!(states.len(), 1, "{states:?}");
    assert!(states[0].0 == bin && states[0].1.is_empty(), "nothing is left to remember");
    assert_eq!(desk.engine.wake_at(), None);
    desk.advance(3600);
    assert_eq!(desk.story(), [""; 0], "no hold ends, no alert");

    // Earlier than what it said before: nothing of that is known.
    desk.hear(&fill(96.0, -60));
    assert_eq!(desk.story()[0], "now inactive>firing @-60 -60 96");
    assert_eq!(desk.engine.wake_at(), Some(at(540)));
}
