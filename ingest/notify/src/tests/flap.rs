//! Flapping: scenes with exact outcomes, and that nothing is lost and nothing ends before it began.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ports::{Form, Mark, Reason};
use proptest::prelude::*;
use schemas::{AlertId, Phase, Severity, Transition};

use super::scene::{HOUR, MINUTE, NOON, Scene, policy};
use super::{channel, start, transition};
use crate::plan::{Outcome, Planner};

const FIVE: &str = "[flapping]\nlimit = 5\nwithin = \"1h\"\n[[route]]\nname = \"all\"\nto = [\"city\"]\n";

/// A series goes on at the scene's present: its episodes are numbered.
fn goes_on(scene: &mut Scene, episode: u32, to: Phase, severity: Severity) -> u64 {
    let now = scene.now;
    let step = scene.tell(
        |t| {
            (t.at, t.severity) = (now, severity);
            t.alert = AlertId(format!("episode-{episode}"));
        },
        1,
        to,
    );
    scene.pass(MINUTE);
    step
}

/// Episodes that fire and end, a minute each way; the last one fires on.
fn comes_and_goes(scene: &mut Scene, episodes: std::ops::RangeInclusive<u32>, severity: Severity) {
    let last = *episodes.end();
    for episode in episodes {
        goes_on(scene, episode, Phase::Firing, severity);
        if episode != last {
            goes_on(scene, episode, Phase::Resolved, severity);
        }
    }
}

fn steps(scene: &Scene) -> Vec<&[u64]> {
    scene.messages().iter().map(|message| message.2).collect()
}

#[test]
fn what_comes_and_goes_is_told_once_to_do_so_then_held_until_one_message_ends_it_and_says_what_fires() {
    let mut scene = Scene::new(FIVE, NOON);
    comes_and_goes(&mut scene, 1..=7, Severity::Warning);
    // Steps 1 to 9 are told as they come; the ninth is the fifth into firing, and says so.
    assert_eq!(steps(&scene), [[1], [2], [3], [4], [5], [6], [7], [8], [9]]);
    assert!(scene.reasons(9).contains(&&Reason::Flaps { times: 5, within_ms: 3_600_000 }));
    assert!(matches!(scene.reasons(9).last(), Some(Reason::Posted { mark: Some(Mark::Flaps), .. })));
    assert!(matches!(scene.reasons(10).last(), Some(Reason::Flapping { .. })), "the end is owed");
    assert!(matches!(scene.reasons(12).last(), Some(Reason::NeverTold)), "the sixth began and ended while it was held");
    scene.pass(HOUR - 2 * MINUTE);
    assert_eq!(scene.messages().len(), 9, "it is not calm for as long yet");
    scene.pass(2 * MINUTE);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Group, [10, 13].as_slice())), "the owed end, and what fires now");
    goes_on(&mut scene, 7, Phase::Resolved, Severity::Warning);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Single, [14].as_slice())));
    scene.pass(HOUR);
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn what_has_ended_by_the_time_it_is_calm_is_told_to_have_ended_and_no_more() {
    let mut scene = Scene::new(FIVE, NOON);
    comes_and_goes(&mut scene, 1..=7, Severity::Warning);
    goes_on(&mut scene, 7, Phase::Resolved, Severity::Warning);
    scene.pass(3 * HOUR);
    assert_eq!(scene.messages()[9..], [("city", Form::Single, [10].as_slice())]);
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn what_fires_on_after_it_was_told_to_flap_owes_nothing_and_its_end_is_told_as_ever() {
    let mut scene = Scene::new(FIVE, NOON);
    comes_and_goes(&mut scene, 1..=5, Severity::Warning);
    scene.pass(3 * HOUR);
    assert_eq!(scene.messages().len(), 9);
    goes_on(&mut scene, 5, Phase::Resolved, Severity::Warning);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Single, [10].as_slice())));
}

#[test]
fn five_times_in_longer_than_the_time_that_counts_is_no_flapping_and_what_risks_lives_is_never_held() {
    let mut scene = Scene::new(FIVE, NOON);
    for episode in 0..12 {
        goes_on(&mut scene, episode, Phase::Firing, Severity::Warning);
        scene.pass(14 * MINUTE);
        goes_on(&mut scene, episode, Phase::Resolved, Severity::Warning);
    }
    assert_eq!(scene.messages().len(), 24);
    let mut scene = Scene::new(FIVE, NOON);
    comes_and_goes(&mut scene, 1..=9, Severity::Emergency);
    assert_eq!(scene.messages().len(), 17);
}

#[test]
fn what_flaps_survives_a_restart_and_what_fires_when_it_is_calm_climbs_from_then_on() {
    let climbs = FIVE.to_owned() + "[[escalation]]\nname = \"x\"\n[[escalation.step]]\nafter = \"30m\"\nto = [\"desk\"]\n";
    let mut scene = Scene::new("", NOON);
    scene.planner = Planner::new(policy(&climbs));
    comes_and_goes(&mut scene, 1..=7, Severity::Warning);
    scene.restart(policy(&climbs));
    scene.pass(HOUR + 29 * MINUTE - MINUTE);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Group, [10, 13].as_slice())));
    scene.restart(policy(&climbs));
    scene.pass(MINUTE);
    assert_eq!(scene.messages().last(), Some(&("desk", Form::Single, [13].as_slice())));
}

#[test]
fn what_flaps_is_held_in_its_group_too_and_is_not_said_again_once_it_is_over() {
    let grouped = FIVE.to_owned() + "group = [\"zone\"]\nwait = \"30s\"\nrepeat = \"10m\"\n";
    let mut scene = Scene::new(&grouped, NOON);
    comes_and_goes(&mut scene, 1..=5, Severity::Warning);
    goes_on(&mut scene, 5, Phase::Resolved, Severity::Warning);
    let before = scene.messages().len();
    scene.pass(30 * MINUTE);
    assert_eq!(scene.messages().len(), before, "its end is owed, but it fires no more");
    scene.pass(2 * HOUR);
    assert_eq!(scene.messages()[before..], [("city", Form::Single, [10].as_slice())]);
}

#[derive(Clone, Debug)]
enum Event {
    Step(u32),
    Pass(u16),
    Restart,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..2u32).prop_map(Event::Step),
        3 => (0..20u16).prop_map(Event::Pass),
        1 => (30..90u16).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ];
    proptest::collection::vec(event, 0..160)
}

/// Checks what was posted against what is known of each step; and marks it as told.
fn read(
    out: &mut Outcome,
    known: &BTreeMap<u64, (AlertId, Phase)>,
    told: &mut BTreeMap<AlertId, Vec<Phase>>,
) -> Result<(), TestCaseError> {
    for posted in std::mem::take(&mut out.posted) {
        for step in &posted.steps {
            let (alert, phase) = known.get(step).expect("a step that was observed");
            let heard = told.entry(alert.clone()).or_default();
            prop_assert!(!heard.contains(phase), "{alert} was told twice to be {phase:?}");
            prop_assert!(*phase == Phase::Firing || heard.contains(&Phase::Firing), "{alert} ended before it began");
            heard.push(*phase);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn however_it_comes_and_goes_every_beginning_that_was_told_has_its_end_told_and_what_fires_is_known(events in events()) {
        let policy = policy(FIVE);
        let (mut planner, mut kept, mut out) = (Planner::new(Arc::clone(&policy)), BTreeMap::new(), Outcome::default());
        let (mut now, mut step, mut fires) = (start(), 0u64, BTreeMap::<u32, AlertId>::new());
        let (mut known, mut told) = (BTreeMap::new(), BTreeMap::new());
        for event in events.into_iter().chain([Event::Pass(70), Event::Pass(70)]) {
            match event {
                Event::Step(n) => {
                    step += 1;
                    let ended = fires.remove(&n);
                    let mut t: Transition = transition(n, if ended.is_some() { Phase::Resolved } else { Phase::Firing });
                    t.alert = ended.unwrap_or_else(|| AlertId(format!("{n}:{step}")));
                    (t.at, t.notify) = (now, vec![channel("hook")]);
                    known.insert(step, (t.alert.clone(), t.to));
                    planner.observe(step, &t, None, now, &mut out);
                    if t.to == Phase::Firing {
                        fires.insert(n, t.alert);
                    }
                }
                Event::Pass(minutes) => {
                    let end = now.plus(Duration::from_secs(60 * u64::from(minutes)));
                    while let Some(due) = planner.wake_at().filter(|due| *due <= end) {
                        now = now.max(due);
                        planner.advance(now, &mut out);
                    }
                    now = end;
                }
                Event::Restart => {
                    for (name, bytes) in planner.take_dirty().expect("it can be written") {
                        if bytes.is_empty() { kept.remove(&name); } else { kept.insert(name, bytes); }
                    }
                    let pieces: Vec<_> = kept.clone().into_iter().collect();
                    let wake = planner.wake_at();
                    planner = Planner::restore(Arc::clone(&policy), &pieces, now, &mut out).expect("it can be read");
                    prop_assert_eq!(planner.wake_at(), wake);
                }
            }
            read(&mut out, &known, &mut told)?;
        }
        for (alert, heard) in &told {
            let over = !fires.values().any(|fires| fires == alert);
            prop_assert_eq!(heard.contains(&Phase::Resolved), over, "the end of {} is lost, or was invented", alert);
        }
        for alert in fires.values() {
            prop_assert!(told.contains_key(alert), "{} fires, it is calm, and nobody knows", alert);
        }
        prop_assert!(planner.wake_at().is_none(), "nothing is left");
    }
}
