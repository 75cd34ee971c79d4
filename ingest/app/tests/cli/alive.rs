//! How a running program ends: told to, everything is durable; killed, nothing that was acknowledged is
//! missing from the very next answer.

use std::time::Duration;

use tests::Marsad;

use crate::program::{ask, fill, filled};

/// Longer than a test: what is durable in the store then is so because of the stop.
const LAZY: &str = "[pipeline]\nflush_every = \"10m\"\n";

#[test]
fn sigterm_ends_with_0_and_everything_durable() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), LAZY);
    fill(&marsad, 0, 200);
    let ended = marsad.stop();
    assert_eq!(ended.code(), Some(0));
    let status = ask(folder.path(), &["status", "--json"]).json();
    assert_eq!((&status["identity"]["stored"], &status["identity"]["waiting"]), (&200.into(), &0.into()), "{status}");
    assert_eq!(status["store_unflushed"], 0, "{status}");
    assert_eq!(filled(folder.path()), 200);
    assert!(!folder.path().join("data/running.json").exists(), "the note says that it still runs");
}

#[test]
fn after_kill_9_a_query_shows_what_was_acknowledged_and_never_flushed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), LAZY);
    fill(&marsad, 0, 200);
    marsad.kill();
    let status = ask(folder.path(), &["status", "--json"]).json();
    assert_eq!(status["identity"]["waiting"], 200, "nothing was flushed before the kill: {status}");
    assert_eq!(status["balanced"], true, "{status}");
    assert_eq!(filled(folder.path()), 200);
    // A question changes nothing: the next one, and the next start, find the same.
    assert_eq!(filled(folder.path()), 200);

    let mut again = marsad.again(folder.path());
    fill(&again, 150, 250);
    let identity = again.settled(Duration::from_secs(10)).identity;
    assert_eq!((identity.received, identity.stored, identity.duplicate), (300, 250, 50), "{identity:?}");
    assert_eq!(filled(folder.path()), 250);
    assert!(again.stop().success());
    assert_eq!(filled(folder.path()), 250);
}
