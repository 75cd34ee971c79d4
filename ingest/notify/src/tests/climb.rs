//! Escalation: scenes with exact outcomes, and a naive account minute by minute.

mod night;

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::{Form, Mark, Reason};
use proptest::prelude::*;
use schemas::{AlertId, Phase, Severity, Timestamp, Transition};

use super::scene::{HOUR, MINUTE, NOON, Scene, policy};
use super::{channel, start, transition};
use crate::plan::{Outcome, Planner};

const LADDER: &str = r#"
[[route]]
name = "all"
to = ["desk"]
[[escalation]]
name = "critical"
severity = ["critical"]
[[escalation.step]]
after = "15m"
to = ["city"]
[[escalation.step]]
after = "1h"
to = ["arma", "hook"]
"#;

fn critical(t: &mut Transition) {
    t.severity = Severity::Critical;
}

fn alert(n: u32) -> AlertId {
    transition(n, Phase::Firing).alert
}

fn receivers(scene: &Scene) -> Vec<&str> {
    scene.messages().iter().map(|message| message.0).collect()
}

/// The marks of what was posted of a step: receiver and rung.
fn rungs(out: &Outcome, step: u64) -> Vec<(String, u32)> {
    let marked = out.reasons.iter().filter(|because| because.step == step).filter_map(|because| match &because.reason {
        Reason::Posted { mark: Some(Mark::Escalated { rung, .. }), .. } => {
            Some((because.receiver.as_ref().map(ToString::to_string).unwrap_or_default(), *rung))
        }
        _ => None,
    });
    marked.collect()
}

#[test]
fn an_alert_that_nobody_acknowledges_goes_to_the_next_and_one_that_somebody_has_in_hand_does_not() {
    let mut scene = Scene::new(LADDER, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.tell(critical, 2, Phase::Firing);
    scene.pass(10 * MINUTE);
    scene.planner.acknowledge(&alert(2), "amal", None, scene.now, &mut scene.out);
    scene.pass(5 * MINUTE - std::time::Duration::from_millis(1));
    assert_eq!(receivers(&scene), ["desk", "desk"]);
    scene.pass(std::time::Duration::from_millis(1));
    assert_eq!(receivers(&scene), ["desk", "desk", "city"]);
    scene.pass(45 * MINUTE);
    assert_eq!(receivers(&scene)[3..], ["arma", "hook"]);
    scene.pass(24 * HOUR);
    assert_eq!(scene.messages().len(), 5, "nothing is left to climb");
    assert_eq!(rungs(&scene.out, 1), [("city".to_owned(), 1), ("arma".to_owned(), 2), ("hook".to_owned(), 2)]);
    assert!(rungs(&scene.out, 2).is_empty(), "somebody has it in hand");
    // Its end goes to all who were told, the other one's to the first alone.
    scene.tell(critical, 1, Phase::Resolved);
    scene.tell(critical, 2, Phase::Resolved);
    assert_eq!(receivers(&scene)[5..], ["desk", "city", "arma", "hook", "desk"]);
    assert!(scene.out.posted.iter().all(|posted| posted.form == Form::Single));
}

#[test]
fn what_ends_in_time_does_not_climb_and_what_no_escalation_takes_never_does() {
    let mut scene = Scene::new(LADDER, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.tell(|_| {}, 2, Phase::Firing);
    scene.pass(14 * MINUTE);
    scene.tell(critical, 1, Phase::Resolved);
    scene.pass(24 * HOUR);
    assert_eq!(receivers(&scene), ["desk", "desk", "desk"]);
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn when_an_acknowledgement_lapses_the_one_told_last_has_as_long_again_as_before() {
    let mut scene = Scene::new(LADDER, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.pass(20 * MINUTE);
    let until = scene.now.plus(6 * HOUR);
    scene.planner.acknowledge(&alert(1), "amal", Some(until), scene.now, &mut scene.out);
    scene.pass(6 * HOUR + 44 * MINUTE);
    assert_eq!(receivers(&scene), ["desk", "city"]);
    scene.pass(MINUTE);
    assert_eq!(receivers(&scene), ["desk", "city", "arma", "hook"]);
}

#[test]
fn an_escalation_survives_a_restart_and_what_was_due_meanwhile_is_told_then() {
    let mut scene = Scene::new(LADDER, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.pass(10 * MINUTE);
    scene.restart(policy(LADDER));
    scene.now = scene.now.plus(2 * HOUR);
    scene.pass(MINUTE);
    assert_eq!(receivers(&scene), ["desk", "city", "arma", "hook"]);
    scene.restart(policy(LADDER));
    scene.pass(24 * HOUR);
    assert_eq!(scene.messages().len(), 4, "each is told once");
}

#[test]
fn an_escalation_that_the_settings_have_lost_ends_and_the_alert_goes_on() {
    let mut scene = Scene::new(LADDER, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.restart(policy("[[route]]\nname = \"all\"\nto = [\"desk\"]\n"));
    scene.pass(24 * HOUR);
    scene.tell(critical, 1, Phase::Resolved);
    assert_eq!(receivers(&scene), ["desk", "desk"]);
}

#[test]
fn the_last_step_is_repeated_where_the_settings_say_so_to_whom_it_was_told_too() {
    let again = LADDER.replace("severity = [\"critical\"]", "repeat = \"2h\"").replace("\"arma\", \"hook\"", "\"desk\"");
    let mut scene = Scene::new(&again, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.pass(5 * HOUR);
    assert_eq!(receivers(&scene), ["desk", "city", "desk", "desk", "desk"]);
    let forms: Vec<Form> = scene.messages().iter().map(|message| message.1).collect();
    assert_eq!(
        forms,
        [Form::Single, Form::Single, Form::Reminder, Form::Reminder, Form::Reminder],
        "a second message is a reminder"
    );
    assert_eq!(rungs(&scene.out, 1).iter().map(|rung| rung.1).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let ids: std::collections::BTreeSet<_> = scene.out.posted.iter().map(|p| (&p.receiver, &p.id)).collect();
    assert_eq!(ids.len(), 5, "each has a key of its own");
}

#[test]
fn what_climbs_is_held_over_the_night_if_it_is_mild_and_passes_if_lives_are_at_risk() {
    let any = LADDER.replace("severity = [\"critical\"]\n", "").replace("to = [\"desk\"]", "to = [\"hook\"]");
    let mut scene = Scene::new(&any, "2026-11-21T22:30:00Z");
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
    scene.tell(|t| t.severity = Severity::Emergency, 2, Phase::Firing);
    scene.pass(20 * MINUTE);
    assert_eq!(scene.messages()[2..], [("city", Form::Single, [2].as_slice())]);
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Resolved);
    scene.pass(8 * HOUR);
    let city: Vec<_> = scene.messages().into_iter().filter(|message| message.0 == "city").collect();
    assert_eq!(city[1..], [("city", Form::Digest, [1, 3].as_slice())], "its beginning and its end, in order");
}

#[test]
fn who_waits_for_an_alert_in_a_group_is_told_of_it_when_it_climbs_to_him() {
    let slow = LADDER.replace("to = [\"desk\"]", "to = [\"city\"]\nwait = \"40m\"\ngroup = [\"zone\"]");
    let mut scene = Scene::new(&slow, NOON);
    scene.tell(critical, 1, Phase::Firing);
    scene.tell(|_| {}, 2, Phase::Firing);
    scene.pass(15 * MINUTE);
    assert_eq!(scene.messages(), [("city", Form::Group, [1, 2].as_slice())]);
    assert_eq!(rungs(&scene.out, 1), [("city".to_owned(), 1)]);
    assert!(rungs(&scene.out, 2).is_empty());
}

#[test]
fn what_climbs_while_it_is_held_for_a_receiver_is_in_its_digest_once_with_the_mark() {
    let storm = LADDER.replace("to = [\"desk\"]", "to = [\"city\"]");
    let mut scene = Scene::new(&storm, NOON);
    for n in 0..22 {
        scene.tell(critical, n, Phase::Firing);
    }
    scene.pass(HOUR);
    let digest = scene.messages().into_iter().find(|message| message.1 == Form::Digest).expect("a storm ends in a digest");
    assert_eq!(digest.2.iter().filter(|step| **step == 21).count(), 1);
    assert!(rungs(&scene.out, 21).contains(&("city".to_owned(), 1)));
}

#[test]
fn what_is_wrong_with_an_escalation_is_said_with_its_name() {
    let wrong = |toml: &str| {
        let one: crate::plan::EscalationSettings = toml::from_str(toml).unwrap();
        let parts = super::scene::parts(Vec::new(), &[], std::slice::from_ref(&one));
        crate::plan::Policy::new(parts).map(drop).unwrap_err().to_string()
    };
    assert_eq!(wrong("name = \"x\"\nstep = []"), "notify.escalation `x`: expected 1 to 20 steps");
    let nobody = wrong("name = \"x\"\n[[step]]\nafter = \"5m\"\nto = [\"pigeon\"]");
    assert_eq!(nobody, "notify.escalation `x`: no receiver, no channel and no rota `pigeon`");
    assert!(wrong("name = \"x\"\n[[step]]\nafter = \"5s\"\nto = []").contains("after: expected 1m or more"));
    assert!(wrong("name = \"x\"\n[[step]]\nafter = \"5m\"\nto = []").contains("at least one receiver"));
}

/// What happens, at whole minutes.
#[derive(Clone, Debug)]
enum Event {
    Step(u32),
    Acknowledge(u32, Option<u16>),
    Unacknowledge(u32),
    Pass(u16),
    Restart,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => (0..4u32).prop_map(Event::Step),
        2 => (0..4u32, proptest::option::of(1..90u16)).prop_map(|(n, until)| Event::Acknowledge(n, until)),
        1 => (0..4u32).prop_map(Event::Unacknowledge),
        5 => (0..60u16).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ];
    proptest::collection::vec(event, 0..80)
}

/// An alert as somebody with a watch and a pencil keeps it.
struct Watched {
    step: u64,
    alert: AlertId,
    /// Minutes since it was told, climbed, or was let go of.
    alone: u64,
    climbed: u32,
    hand: Option<Option<Timestamp>>,
}

/// Minutes from one step to the next: the last is repeated.
const GAPS: [u64; 3] = [15, 45, 120];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_an_alert_climbs_exactly_when_nobody_had_it_in_hand_for_as_long_as_the_settings_say(events in events()) {
        let settings = LADDER.replace("severity = [\"critical\"]", "repeat = \"2h\"");
        let policy = policy(&settings);
        let (mut planner, mut kept, mut out) = (Planner::new(Arc::clone(&policy)), BTreeMap::new(), Outcome::default());
        let (mut now, mut step, mut watched) = (start(), 0u64, BTreeMap::<u32, Watched>::new());
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Step(n) => {
                    step += 1;
                    let ended = watched.remove(&n);
                    let mut t = transition(n, if ended.is_some() { Phase::Resolved } else { Phase::Firing });
                    t.alert = ended.map_or_else(|| AlertId(format!("{n}:{step}")), |ended| ended.alert);
                    t.notify = vec![channel("hook")];
                    planner.observe(step, &t, None, now, &mut out);
                    if t.to == Phase::Firing {
                        watched.insert(n, Watched { step, alert: t.alert, alone: 0, climbed: 0, hand: None });
                    }
                }
                Event::Acknowledge(n, minutes) => {
                    let Some(one) = watched.get_mut(&n) else { continue };
                    let until = minutes.map(|minutes| now.plus(MINUTE * u32::from(minutes)));
                    prop_assert!(planner.acknowledge(&one.alert, "amal", until, now, &mut out));
                    one.hand = Some(until);
                }
                Event::Unacknowledge(n) => {
                    let Some(one) = watched.get_mut(&n) else { continue };
                    let had = one.hand.take().is_some();
                    prop_assert_eq!(planner.unacknowledge(&one.alert, now, &mut out), had);
                    if had {
                        one.alone = 0;
                    }
                }
                Event::Pass(minutes) => {
                    for _ in 0..minutes {
                        now = now.plus(MINUTE);
                        planner.advance(now, &mut out);
                        for one in watched.values_mut() {
                            match one.hand {
                                Some(Some(until)) if until <= now => (one.hand, one.alone) = (None, 0),
                                Some(_) => {}
                                None => one.alone += 1,
                            }
                            let gap = GAPS[usize::try_from(one.climbed).unwrap_or(2).min(2)];
                            if one.hand.is_none() && one.alone >= gap {
                                one.climbed += 1;
                                one.alone = 0;
                                expected.push((now, one.step, one.climbed));
                            }
                        }
                    }
                }
                Event::Restart => {
                    for (name, bytes) in planner.take_dirty().expect("it can be written") {
                        if bytes.is_empty() { kept.remove(&name); } else { kept.insert(name, bytes); }
                    }
                    let pieces: Vec<_> = kept.clone().into_iter().collect();
                    planner = Planner::restore(Arc::clone(&policy), &pieces, now, &mut out).expect("it can be read");
                }
            }
            out.posted.clear();
            found.extend(out.reasons.drain(..).filter_map(|because| match because.reason {
                Reason::Escalated { rung, .. } => Some((because.at, because.step, rung)),
                _ => None,
            }));
        }
        // A step of an escalation tells two.
        found.dedup();
        found.sort_unstable();
        found.dedup();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}
