//! Sessions, stays and turnover.

use domains::Finding;
use domains::parking::{SessionEnd, SpaceState, Transition, sessions, stays, turnover};
use schemas::Timestamp;

fn at(minutes: i64) -> Timestamp {
    Timestamp::clamped(minutes * 60_000)
}

fn seen(transitions: &[(i64, SpaceState)]) -> Vec<Transition> {
    transitions.iter().map(|(minutes, state)| Transition { at: at(*minutes), state: *state }).collect()
}

#[test]
fn a_session_that_was_lost_sight_of_has_no_length() {
    use SpaceState::{Free, Occupied, Unknown};
    let found = sessions(&seen(&[
        (0, Occupied),
        (10, Free),
        (20, Occupied),
        (80, Free),
        (90, Occupied),
        (100, Unknown),
        (110, Occupied),
        (120, Free),
        (130, Occupied),
    ]));
    let hours: Vec<_> = found.iter().map(domains::parking::Session::stay_h).collect();
    // The first was there before anybody looked; the third was lost, the fourth found, the last goes on.
    assert_eq!(hours, [None, Some(1.0), None, None, None]);
    assert_eq!(found.last().map(|s| s.end), Some(SessionEnd::Open));
    let Finding::Value(all) = stays(&found) else { panic!("one was seen whole") };
    assert_eq!((all.sessions, all.median_h, all.p85_h), (1, 1.0, 1.0));
    assert!(stays(&found[..1]).value().is_none());
}

#[test]
fn turnover_counts_sessions_that_ended_within_the_window() {
    use SpaceState::{Free, Occupied};
    let found = sessions(&seen(&[(0, Free), (20, Occupied), (80, Free), (90, Occupied), (130, Free)]));
    assert_eq!(turnover(&found, (at(60), at(120)), 2.0), Finding::Value(0.5));
    assert!(turnover(&found, (at(60), at(120)), 0.0).value().is_none());
}
