//! The planner: scenes with exact outcomes, and what holds for any sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ports::{Form, Reason};
use proptest::prelude::*;
use schemas::{ChannelName, Note, Phase, Severity, Timestamp, Transition, TransitionId};

use super::scene::{CITY, HOUR, MINUTE, NOON, Scene, parts, policy, receiver};
use super::{channel, start, transition};
use crate::plan::{FULL, Outcome, Planner, Policy};

/// What a late reading makes of the step `of` of bin 1: from where it stood to where it stands.
fn withdrawn(of: Phase, to: Phase) -> impl FnOnce(&mut Transition) {
    move |t| {
        let of = TransitionId::new(&t.alert, of);
        t.id = TransitionId(format!("{of}:withdrawn:1"));
        (t.from, t.to, t.note) =
            (if to == Phase::Firing { Phase::Resolved } else { Phase::Firing }, to, Some(Note::Withdrawn { of }));
    }
}

#[test]
fn whoever_was_told_that_it_fires_is_told_that_it_should_not_have_and_it_is_not_said_again() {
    let mut scene = Scene::new(&format!("{CITY}repeat = \"1h\"\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(MINUTE);
    let void = scene.tell(withdrawn(Phase::Firing, Phase::Inactive), 1, Phase::Firing);
    scene.pass(24 * HOUR);
    assert_eq!(scene.messages(), [("city", Form::Single, [1].as_slice()), ("city", Form::Single, &[void])]);
    assert!(scene.reasons(void).contains(&&Reason::FollowsFiring));
    assert_eq!(scene.planner.firing().count(), 0);
}

#[test]
fn what_a_late_reading_changes_is_a_message_with_a_key_of_its_own() {
    let mut scene = Scene::new(CITY, NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.tell(|_| {}, 1, Phase::Resolved);
    scene.tell(withdrawn(Phase::Resolved, Phase::Firing), 1, Phase::Firing);
    // As the engine names what it says of an episode of which something was withdrawn.
    let again = |t: &mut Transition| t.id = TransitionId(format!("{}:added:1", t.id));
    scene.tell(again, 1, Phase::Resolved);
    let ids: std::collections::BTreeSet<&str> = scene.out.posted.iter().map(|posted| posted.id.as_str()).collect();
    assert_eq!(ids.len(), 4, "the outbox and receivers drop what has a key that they know: {ids:?}");
}

#[test]
fn where_no_route_takes_it_a_step_goes_where_its_rule_says_alone_and_at_once() {
    let mut scene = Scene::new("", NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert_eq!(scene.messages(), [("hook", Form::Single, [1].as_slice()), ("hook", Form::Single, &[2])]);
    assert_eq!(scene.out.posted[0].id, transition(1, Phase::Firing).id.0, "the id that receivers know from before");
    assert!(matches!(
        scene.reasons(1)[..],
        [Reason::Decided { .. }, Reason::Territory { .. }, Reason::AsTheRuleSays, Reason::Posted { .. }]
    ));
    assert!(matches!(scene.reasons(2)[..], [Reason::Decided { .. }, Reason::FollowsFiring, Reason::Posted { .. }]));
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn what_a_rule_tells_nobody_is_told_to_nobody_whatever_the_routes_say() {
    let mut scene = Scene::new("[[route]]\nname = \"all\"\nto = [\"city\"]", NOON);
    scene.tell(|t| t.notify.clear(), 1, Phase::Firing);
    assert!(scene.messages().is_empty());
    assert!(matches!(scene.reasons(1)[..], [_, Reason::ToNobody]));
}

const TREE: &str = r#"
[[route]]
name = "waste"
kind = ["waste"]
to_contractor = true
group = ["contractor", "rule"]
wait = "30s"
interval = "5m"
continue = true
  [[route.route]]
  name = "fire"
  rule = ["waste.fire*"]
  severity = ["emergency"]
  to = ["desk"]
  wait = "0s"
  group = []
[[route]]
name = "office"
severity = ["critical", "emergency"]
to = ["city"]
"#;

#[test]
fn the_deepest_route_that_matches_takes_a_step_and_the_next_ones_are_asked_where_it_says_so() {
    let mut scene = Scene::new(TREE, NOON);
    let fire = |t: &mut Transition| {
        t.rule = schemas::RuleId::new("waste.fire.smoke").unwrap();
        t.severity = Severity::Emergency;
    };
    scene.tell(fire, 1, Phase::Firing);
    assert_eq!(scene.messages().iter().map(|m| m.0).collect::<Vec<_>>(), ["desk", "city"]);
    let routed = |r: &&&Reason| matches!(r, Reason::Routed { route } if route == "waste > fire");
    assert_eq!(scene.reasons(1).iter().filter(routed).count(), 1);
}

#[test]
fn a_step_goes_to_the_receivers_of_the_contractor_who_has_the_zone_that_day_and_waits_for_its_group() {
    let mut scene = Scene::new(TREE, NOON);
    let there = |t: &mut Transition| t.zone = schemas::Zone::new("el-maarif").unwrap();
    scene.tell(there, 1, Phase::Firing);
    scene.pass(Duration::from_secs(10));
    scene.tell(there, 2, Phase::Firing);
    scene.tell(there, 1, Phase::Resolved);
    assert!(scene.messages().is_empty());
    assert!(matches!(scene.reasons(2).last(), Some(Reason::Grouped { group, .. }) if group == "contractor=ARMA,rule=bin-full"));
    scene.pass(Duration::from_secs(20));
    assert_eq!(scene.messages(), [("arma", Form::Group, [1, 2, 3].as_slice())]);
    scene.tell(there, 3, Phase::Firing);
    scene.pass(4 * MINUTE);
    assert_eq!(scene.messages().len(), 1, "the interval is not over");
    scene.pass(MINUTE);
    assert_eq!(scene.messages().last(), Some(&("arma", Form::Single, [4].as_slice())));
}

#[test]
fn a_zone_that_nobody_has_is_said_and_the_rules_own_word_counts() {
    let mut scene = Scene::new(TREE, NOON);
    scene.tell(|t| t.zone = schemas::Zone::new("atlantis").unwrap(), 1, Phase::Firing);
    assert_eq!(scene.messages(), [("hook", Form::Single, [1].as_slice())]);
    let nobody = |r: &&&Reason| matches!(r, Reason::Territory { contractor: None, note } if note.contains("atlantis"));
    assert_eq!(scene.reasons(1).iter().filter(nobody).count(), 1);
}

#[test]
fn mild_things_are_held_over_the_night_and_told_together_in_the_morning() {
    let mut scene = Scene::new(CITY, "2026-11-21T23:00:00Z");
    for n in 0..3 {
        scene.tell(|t| t.severity = Severity::Info, n, Phase::Firing);
    }
    scene.tell(|t| t.severity = Severity::Warning, 7, Phase::Firing);
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Resolved);
    assert_eq!(scene.messages(), [("city", Form::Single, [4].as_slice())]);
    assert!(matches!(scene.reasons(5).last(), Some(Reason::Behind { .. })));
    scene.pass(7 * HOUR);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Digest, [1, 2, 3, 5].as_slice())));
}

#[test]
fn after_twenty_messages_in_an_hour_the_rest_is_a_digest_but_not_what_risks_lives() {
    let mut scene = Scene::new(CITY, NOON);
    for n in 0..30 {
        scene.tell(|_| {}, n, Phase::Firing);
    }
    scene.tell(|t| t.severity = Severity::Emergency, 99, Phase::Firing);
    assert_eq!(scene.messages().len(), 21);
    assert!(matches!(scene.reasons(21).last(), Some(Reason::Storm { limit: 20, .. })));
    scene.pass(HOUR);
    let last = scene.messages().last().copied().unwrap();
    assert_eq!((last.0, last.1, last.2.len()), ("city", Form::Digest, 10));
}

#[test]
fn what_fires_on_is_said_again_until_it_ends_or_somebody_has_it_in_hand() {
    let mut scene = Scene::new(&format!("{CITY}repeat = \"4h\"\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(9 * HOUR);
    assert_eq!(scene.messages().iter().map(|m| m.1).collect::<Vec<_>>(), [Form::Single, Form::Reminder, Form::Reminder]);
    scene.planner.acknowledge(&transition(1, Phase::Firing).alert, "desk", None, scene.now, &mut scene.out);
    scene.pass(9 * HOUR);
    assert_eq!(scene.messages().len(), 3);
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert_eq!(scene.messages().last(), Some(&("city", Form::Single, [2].as_slice())));
    assert!(scene.planner.wake_at().is_none());
}

#[test]
fn the_end_of_what_was_withheld_is_not_told_and_the_end_of_what_was_told_always_is() {
    let mut scene = Scene::new("", NOON);
    let silence = Reason::Withheld { by: "silence".to_owned(), id: "s1".to_owned(), note: String::new(), until: None };
    let mut firing = transition(1, Phase::Firing);
    firing.notify = vec![channel("hook")];
    scene.planner.observe(1, &firing, Some(silence.clone()), scene.now, &mut scene.out);
    scene.steps = 1;
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert!(scene.messages().is_empty());
    assert!(
        matches!(scene.reasons(1)[..], [_, Reason::Withheld { .. }]) && matches!(scene.reasons(2)[..], [_, Reason::NeverTold])
    );
    scene.tell(|_| {}, 2, Phase::Firing);
    let mut resolved = transition(2, Phase::Resolved);
    resolved.notify = vec![channel("hook")];
    scene.planner.observe(4, &resolved, Some(silence), scene.now, &mut scene.out);
    assert_eq!(scene.messages().len(), 2);
}

#[test]
fn what_waits_for_a_receiver_that_is_no_more_is_let_go_with_a_reason() {
    let mut scene = Scene::new(&format!("{CITY}wait = \"10m\"\ngroup = [\"zone\"]\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    let pieces = scene.planner.take_dirty().unwrap();
    let other = Policy::new(parts(vec![receiver("hook", None, false)], &[], &[]));
    let mut out = Outcome::default();
    let planner = Planner::restore(Arc::new(other.unwrap()), &pieces, scene.now, &mut out).unwrap();
    assert!(matches!(&out.reasons[..], [one] if one.reason == Reason::ReceiverGone && one.step == 1));
    assert!(planner.wake_at().is_none());
    let broken = [("group/x".to_owned(), bytes::Bytes::from_static(b"{}"))];
    assert!(Planner::restore(policy(""), &broken, scene.now, &mut out).is_err());
}

/// What happens in a city, in short.
#[derive(Clone, Debug)]
enum Event {
    /// An alert of this number and severity goes on: it fires, or what fires is resolved.
    Step(u32, u8),
    /// Minutes pass.
    Pass(u16),
    /// The program is killed and started again.
    Restart,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (0..40u32, 0..4u8).prop_map(|(n, s)| Event::Step(n, s)),
        2 => (0..300u16).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ];
    proptest::collection::vec(event, 0..160)
}

const ALL: &str = r#"
[[route]]
name = "grouped"
to = ["arma"]
group = ["severity"]
wait = "1m"
interval = "7m"
repeat = "3h"
continue = true
[[route]]
name = "alone"
to = ["city", "hook"]
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_step_is_told_once_in_order_and_no_storm_breaks_the_limit(events in events()) {
        let policy = policy(ALL);
        let (mut planner, mut kept, mut out) = (Planner::new(Arc::clone(&policy)), BTreeMap::new(), Outcome::default());
        let (mut now, mut firing, mut step) = (start(), BTreeMap::<u32, (u64, u8)>::new(), 0u64);
        let mut told: BTreeMap<ChannelName, Vec<(u64, String)>> = BTreeMap::new();
        let mut sent: BTreeMap<ChannelName, Vec<Timestamp>> = BTreeMap::new();
        let (mut phases, mut grave) = (BTreeMap::new(), BTreeSet::new());
        let last = [Event::Pass(2000), Event::Pass(2000)];
        for event in events.into_iter().chain(last) {
            match event {
                Event::Step(n, severity) => {
                    step += 1;
                    let (to, episode, severity) = match firing.remove(&n) {
                        Some((episode, severity)) => (Phase::Resolved, episode, severity),
                        None => {
                            firing.insert(n, (step, severity));
                            (Phase::Firing, step, severity)
                        }
                    };
                    let mut t = transition(n, to);
                    t.alert = schemas::AlertId(format!("{n}:{episode}"));
                    t.severity = Severity::ALL[usize::from(severity)];
                    t.notify = vec![channel("hook")];
                    phases.insert(step, (t.alert.clone(), to));
                    if t.severity == Severity::Emergency {
                        grave.insert(step);
                    }
                    planner.observe(step, &t, None, now, &mut out);
                }
                Event::Pass(minutes) => {
                    let end = now.plus(Duration::from_secs(60 * u64::from(minutes)));
                    while let Some(due) = planner.wake_at().filter(|due| *due <= end) {
                        now = now.max(due);
                        planner.advance(now, &mut out);
                        collect(&mut out, now, &grave, &mut told, &mut sent);
                    }
                    now = end;
                }
                Event::Restart => {
                    for (name, bytes) in planner.take_dirty().unwrap() {
                        if bytes.is_empty() { kept.remove(&name); } else { kept.insert(name, bytes); }
                    }
                    let pieces: Vec<_> = kept.clone().into_iter().collect();
                    let wake = planner.wake_at();
                    planner = Planner::restore(Arc::clone(&policy), &pieces, now, &mut out).unwrap();
                    prop_assert_eq!(planner.wake_at(), wake);
                }
            }
            collect(&mut out, now, &grave, &mut told, &mut sent);
        }
        for (name, told) in &told {
            let mut numbers: Vec<u64> = told.iter().map(|(step, _)| *step).collect();
            let order = numbers.clone();
            numbers.sort_unstable();
            let expected: Vec<u64> = (1..=step).collect();
            prop_assert_eq!(&numbers, &expected, "{} was not told each step once", name);
            for (place, step) in order.iter().enumerate() {
                let (alert, phase) = &phases[step];
                if *phase == Phase::Firing {
                    let before = order[..place].iter().any(|s| phases[s].0 == *alert);
                    prop_assert!(!before, "{}: resolved before firing", name);
                }
            }
            let ids: BTreeSet<&String> = told.iter().map(|(_, id)| id).collect();
            prop_assert!(ids.len() <= told.len());
        }
        for (name, sent) in sent.iter().filter(|(name, _)| name.as_str() != "hook") {
            for window in sent.windows(21) {
                prop_assert!(window[20].since(window[0]) >= HOUR, "{} got 21 messages within an hour", name);
            }
        }
    }
}

/// Takes down what was posted; reminders only for the limit, and what is exempt from it not there.
fn collect(
    out: &mut Outcome,
    now: Timestamp,
    grave: &BTreeSet<u64>,
    told: &mut BTreeMap<ChannelName, Vec<(u64, String)>>,
    sent: &mut BTreeMap<ChannelName, Vec<Timestamp>>,
) {
    for posted in std::mem::take(&mut out.posted) {
        assert!(posted.steps.len() <= FULL && !posted.steps.is_empty());
        if !posted.steps.iter().any(|step| grave.contains(step)) {
            sent.entry(posted.receiver.clone()).or_default().push(now);
        }
        if posted.form != Form::Reminder {
            let lines = told.entry(posted.receiver).or_default();
            lines.extend(posted.steps.iter().map(|step| (*step, posted.id.clone())));
        }
    }
    out.reasons.clear();
}
