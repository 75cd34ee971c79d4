//! What has climbed and waits for the morning, while somebody takes the alert in hand or puts it aside.

use ports::Reason;
use schemas::{Phase, Severity, Transition};

use super::super::scene::{HOUR, MINUTE, Scene, policy};
use super::super::transition;
use super::{alert, receivers, rungs};

/// What climbs waits for the morning at those who are sheltered.
const NIGHT: &str = r#"
[[route]]
name = "all"
to = ["hook"]
[[escalation]]
name = "mild"
severity = ["info"]
[[escalation.step]]
after = "15m"
to = ["city"]
[[escalation.step]]
after = "1h"
to = ["desk"]
"#;

#[test]
fn an_escalation_that_waits_for_the_morning_does_not_go_once_somebody_has_the_alert_in_hand() {
    let mut scene = Scene::new(NIGHT, "2026-11-21T23:00:00Z");
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
    scene.pass(2 * HOUR);
    assert_eq!(receivers(&scene), ["hook"], "city and desk sleep");
    scene.planner.acknowledge(&alert(1), "amal", None, scene.now, &mut scene.out);
    scene.pass(10 * HOUR);
    assert_eq!(receivers(&scene), ["hook"]);
    let why = |reason: &&Reason| matches!(reason, Reason::Acknowledged { by, .. } if by == "amal");
    assert_eq!(scene.reasons(1).iter().filter(|reason| why(reason)).count(), 3, "once, and once for each that does not go");
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Resolved);
    assert_eq!(receivers(&scene), ["hook", "hook"], "its end goes to whom its beginning went");
}

fn shelf() -> Reason {
    Reason::Withheld { by: "shelf".to_owned(), id: "s1".to_owned(), note: String::new(), until: None }
}

/// Nothing withholds the first alert any more.
fn released(scene: &mut Scene) {
    let firing = Transition { severity: Severity::Info, ..transition(1, Phase::Firing) };
    assert!(scene.planner.hand_again(1, &firing, None, scene.now, &mut scene.out));
}

#[test]
fn what_climbs_to_whom_it_was_told_waits_for_the_morning_and_was_shelved_climbs_again() {
    let mut scene = Scene::new(&NIGHT.replace("[\"hook\"]", "[\"hook\", \"city\"]"), "2026-11-21T21:50:00Z");
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
    scene.pass(30 * MINUTE);
    assert!(scene.planner.keep_back(&alert(1), shelf(), scene.now, &mut scene.out));
    scene.pass(30 * MINUTE);
    released(&mut scene);
    scene.pass(10 * HOUR);
    assert_eq!(receivers(&scene), ["hook", "city", "city", "desk"]);
    assert_eq!(rungs(&scene.out, 1), [("city".to_owned(), 1), ("desk".to_owned(), 2)]);
}

#[test]
fn an_escalation_that_waits_for_the_morning_and_was_shelved_does_not_go_once_somebody_has_the_alert_in_hand() {
    for (lapses, told) in [(false, &["hook"][..]), (true, &["hook", "city", "desk"])] {
        let mut scene = Scene::new(NIGHT, "2026-11-21T23:00:00Z");
        scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
        scene.pass(30 * MINUTE);
        assert!(scene.planner.keep_back(&alert(1), shelf(), scene.now, &mut scene.out));
        let until = lapses.then(|| scene.now.plus(2 * HOUR));
        scene.planner.acknowledge(&alert(1), "amal", until, scene.now, &mut scene.out);
        scene.restart(policy(NIGHT));
        scene.pass(HOUR);
        released(&mut scene);
        scene.pass(10 * HOUR);
        assert_eq!(receivers(&scene), told, "its step comes again where the acknowledgement lapses");
    }
}

#[test]
fn whom_a_route_tells_in_the_morning_is_told_though_what_has_climbed_to_him_is_taken_back() {
    for group in ["", "group = [\"zone\"]\nwait = \"1m\"\n"] {
        let night = NIGHT.replace("to = [\"hook\"]\n", &format!("to = [\"hook\", \"city\"]\n{group}"));
        let mut scene = Scene::new(&night, "2026-11-21T23:00:00Z");
        scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
        scene.pass(HOUR - MINUTE);
        scene.planner.acknowledge(&alert(1), "amal", None, scene.now, &mut scene.out);
        scene.pass(10 * HOUR);
        assert_eq!(receivers(&scene), ["hook", "city"], "{group}");
        assert!(rungs(&scene.out, 1).is_empty(), "what he is told is that it fires");
    }
}

#[test]
fn a_step_that_an_acknowledgement_kept_back_comes_again_when_that_lapses() {
    let mut scene = Scene::new(NIGHT, "2026-11-21T23:00:00Z");
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
    scene.pass(2 * HOUR);
    let until = scene.now.plus(HOUR);
    scene.planner.acknowledge(&alert(1), "amal", Some(until), scene.now, &mut scene.out);
    scene.restart(policy(NIGHT));
    scene.pass(10 * HOUR);
    assert_eq!(receivers(&scene), ["hook", "city", "desk"]);
    assert_eq!(rungs(&scene.out, 1), [("city".to_owned(), 1), ("desk".to_owned(), 2)]);
}
