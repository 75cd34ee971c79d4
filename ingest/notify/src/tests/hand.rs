//! What somebody has in hand, and what is handed to the planner again: scenes, and what holds for any sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ports::{AlertView, Curbs, Form, Reason};
use proptest::prelude::*;
use schemas::{Acknowledged, AlertId, Marks, Note, Phase, Remark, Transition};

use super::scene::{CITY, HOUR, MINUTE, NOON, Scene, policy};
use super::{channel, start, transition};
use crate::curb::{Sight, Topology};
use crate::curbed::Curbed;
use crate::plan::{Outcome, Planner};

fn silence() -> Reason {
    Reason::Withheld { by: "silence".to_owned(), id: "s1".to_owned(), note: String::new(), until: None }
}

fn alert(n: u32) -> AlertId {
    transition(n, Phase::Firing).alert
}

fn firing(n: u32) -> Transition {
    let mut firing = transition(n, Phase::Firing);
    firing.notify = vec![channel("hook")];
    firing
}

fn reminders(scene: &Scene) -> usize {
    scene.messages().iter().filter(|message| message.1 == Form::Reminder).count()
}

#[test]
fn an_acknowledgement_that_lapses_lets_reminders_go_on_and_its_chain_says_both() {
    let mut scene = Scene::new(&format!("{CITY}repeat = \"1h\"\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(90 * MINUTE);
    assert_eq!(reminders(&scene), 1);
    let until = scene.now.plus(4 * HOUR);
    assert!(scene.planner.acknowledge(&alert(1), "amal", Some(until), scene.now, &mut scene.out));
    scene.pass(4 * HOUR - MINUTE);
    assert!(scene.planner.is_in_hand(&alert(1)));
    assert_eq!(reminders(&scene), 1, "what somebody has in hand is not said again");
    scene.pass(MINUTE);
    assert!(!scene.planner.is_in_hand(&alert(1)));
    scene.pass(HOUR);
    assert_eq!(reminders(&scene), 2);
    let said = |wanted: &Reason| scene.reasons(1).into_iter().filter(|reason| *reason == wanted).count();
    assert_eq!(said(&Reason::Acknowledged { by: "amal".to_owned(), until: Some(until) }), 1);
    assert_eq!(said(&Reason::Unacknowledged { lapsed: true }), 1);
}

#[test]
fn what_is_taken_back_is_said_again_and_what_nobody_had_cannot_be_taken_back() {
    let mut scene = Scene::new(&format!("{CITY}repeat = \"1h\"\n"), NOON);
    assert!(!scene.planner.acknowledge(&alert(1), "amal", None, scene.now, &mut scene.out), "it does not fire");
    scene.tell(|_| {}, 1, Phase::Firing);
    assert!(!scene.planner.unacknowledge(&alert(1), scene.now, &mut scene.out));
    assert!(scene.planner.acknowledge(&alert(1), "amal", None, scene.now, &mut scene.out));
    scene.pass(10 * HOUR);
    assert_eq!(reminders(&scene), 0);
    assert!(scene.planner.unacknowledge(&alert(1), scene.now, &mut scene.out));
    scene.pass(HOUR);
    assert_eq!(reminders(&scene), 1);
}

#[test]
fn an_acknowledgement_survives_a_restart_and_ends_with_its_alert() {
    let mut scene = Scene::new("", NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    let until = scene.now.plus(HOUR);
    scene.planner.acknowledge(&alert(1), "amal", Some(until), scene.now, &mut scene.out);
    scene.restart(policy(""));
    assert!(scene.planner.is_in_hand(&alert(1)));
    assert_eq!(scene.planner.wake_at(), Some(until));
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert!(!scene.planner.is_in_hand(&alert(1)));
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn what_was_withheld_and_still_fires_is_told_once_when_that_has_ended() {
    let mut scene = Scene::new("", NOON);
    let step = firing(1);
    scene.planner.observe(1, &step, Some(silence()), scene.now, &mut scene.out);
    assert_eq!(scene.planner.withheld().map(|(alert, step)| (alert.clone(), step)).collect::<Vec<_>>(), [(alert(1), 1)]);
    assert!(!scene.planner.hand_again(1, &step, Some(silence()), scene.now, &mut scene.out), "another silence holds it");
    assert!(scene.messages().is_empty());
    assert!(scene.planner.hand_again(1, &step, None, scene.now, &mut scene.out));
    assert!(!scene.planner.hand_again(1, &step, None, scene.now, &mut scene.out), "it is told already");
    assert_eq!(scene.planner.withheld().count(), 0);
    scene.steps = 1;
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert!(!scene.planner.hand_again(1, &step, None, scene.now, &mut scene.out), "it is over");
    assert_eq!(scene.messages(), [("hook", Form::Single, [1].as_slice()), ("hook", Form::Single, &[2])]);
    let chain = scene.reasons(1);
    assert!(chain.contains(&&Reason::Released) && matches!(chain.last(), Some(Reason::Posted { .. })), "{chain:?}");
}

#[test]
fn what_was_withheld_and_is_over_is_not_told_afterwards() {
    let mut scene = Scene::new("", NOON);
    scene.planner.observe(1, &firing(1), Some(silence()), scene.now, &mut scene.out);
    scene.steps = 1;
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert!(!scene.planner.hand_again(1, &firing(1), None, scene.now, &mut scene.out));
    assert!(scene.messages().is_empty());
}

#[test]
fn what_an_earlier_program_kept_of_an_alert_is_read() {
    let piece = br#"{"members":[{"receiver":"hook","group":"g","timing":{"wait":0,"interval":0,"repeat":0}}]}"#;
    let pieces = [(format!("alert/{}", alert(1)), bytes::Bytes::from_static(piece))];
    let mut scene = Scene::new("", NOON);
    scene.planner = Planner::restore(policy(""), &pieces, scene.now, &mut scene.out).unwrap();
    assert!(scene.planner.acknowledge(&alert(1), "amal", None, scene.now, &mut scene.out));
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert_eq!(scene.messages(), [("hook", Form::Single, [1].as_slice())]);
}

/// What people and devices do, in short.
#[derive(Clone, Debug)]
enum Event {
    /// The alert of this number goes on: it fires, or what fires is resolved.
    Step(u32),
    /// A silence over all alerts begins or ends.
    Silence(bool),
    /// Somebody has this alert in hand, for so many minutes or for good.
    Acknowledge(u32, Option<u16>),
    Unacknowledge(u32),
    /// Minutes pass.
    Pass(u16),
    /// The program is killed and started again.
    Restart,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..6u32).prop_map(Event::Step),
        2 => any::<bool>().prop_map(Event::Silence),
        2 => (0..6u32, proptest::option::of(0..300u16)).prop_map(|(n, until)| Event::Acknowledge(n, until)),
        1 => (0..6u32).prop_map(Event::Unacknowledge),
        3 => (0..200u16).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ];
    proptest::collection::vec(event, 0..120)
}

const SAID_AGAIN: &str = "[[route]]\nname = \"all\"\nto = [\"hook\"]\nrepeat = \"1h\"\n";

/// A naive account of the same: who fires by which step, what was told, who has what in hand.
#[derive(Default)]
struct Account {
    fires: BTreeMap<u32, (u64, Transition)>,
    told: BTreeSet<u64>,
    hands: BTreeMap<u32, Option<schemas::Timestamp>>,
    silent: bool,
}

impl Account {
    /// Reads what was posted: each step once, its end after its beginning, no reminder of what is in hand.
    fn read(&mut self, out: &mut Outcome, now: schemas::Timestamp) -> Result<(), TestCaseError> {
        self.hands.retain(|_, until| until.is_none_or(|until| until > now));
        for posted in std::mem::take(&mut out.posted) {
            for step in &posted.steps {
                if posted.form == Form::Reminder {
                    let (n, _) = self.fires.iter().find(|(_, (fired, _))| fired == step).expect("a reminder is of what fires");
                    prop_assert!(!self.hands.contains_key(n), "a reminder of what somebody has in hand");
                    prop_assert!(self.told.contains(step), "a reminder before the message");
                } else {
                    prop_assert!(self.told.insert(*step), "step {step} was told twice");
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_what_fires_is_told_once_unless_silenced_and_never_again_while_in_hand(events in events()) {
        let policy = policy(SAID_AGAIN);
        let (mut planner, mut kept, mut out) = (Planner::new(Arc::clone(&policy)), BTreeMap::new(), Outcome::default());
        let (mut account, mut now, mut step) = (Account::default(), start(), 0u64);
        for event in events.into_iter().chain([Event::Silence(false), Event::Pass(400)]) {
            match event {
                Event::Step(n) => {
                    step += 1;
                    let ended = account.fires.remove(&n);
                    let phase = if ended.is_some() { Phase::Resolved } else { Phase::Firing };
                    let mut t = transition(n, phase);
                    t.alert = AlertId(format!("{n}:{}", ended.as_ref().map_or(step, |(fired, _)| *fired)));
                    t.notify = vec![channel("hook")];
                    let withheld = (account.silent && phase == Phase::Firing).then(silence);
                    planner.observe(step, &t, withheld, now, &mut out);
                    account.read(&mut out, now)?;
                    match ended {
                        Some((fired, _)) => {
                            account.hands.remove(&n);
                            let both = (account.told.contains(&fired), account.told.contains(&step));
                            prop_assert_eq!(both.0, both.1, "an end is told to whom the beginning was told");
                        }
                        None => {
                            prop_assert_eq!(account.told.contains(&step), !account.silent);
                            account.fires.insert(n, (step, t));
                        }
                    }
                }
                Event::Silence(silent) => {
                    account.silent = silent;
                    let again: Vec<u64> = planner.withheld().map(|(_, step)| step).collect();
                    for (step, t) in account.fires.values().filter(|(step, _)| again.contains(step)) {
                        let told = planner.hand_again(*step, t, silent.then(silence), now, &mut out);
                        prop_assert_eq!(told, !silent);
                    }
                    account.read(&mut out, now)?;
                }
                Event::Acknowledge(n, minutes) => {
                    let until = minutes.map(|minutes| now.plus(MINUTE * u32::from(minutes)));
                    let fires = account.fires.get(&n).map(|(_, t)| t.alert.clone());
                    let done = fires.as_ref().is_some_and(|alert| planner.acknowledge(alert, "amal", until, now, &mut out));
                    prop_assert_eq!(done, fires.is_some());
                    if done {
                        account.hands.insert(n, until);
                    }
                }
                Event::Unacknowledge(n) => {
                    let Some(alert) = account.fires.get(&n).map(|(_, t)| t.alert.clone()) else { continue };
                    planner.advance(now, &mut out);
                    account.read(&mut out, now)?;
                    let done = planner.unacknowledge(&alert, now, &mut out);
                    prop_assert_eq!(done, account.hands.remove(&n).is_some());
                }
                Event::Pass(minutes) => {
                    let end = now.plus(Duration::from_secs(60 * u64::from(minutes)));
                    while let Some(due) = planner.wake_at().filter(|due| *due <= end) {
                        now = now.max(due);
                        planner.advance(now, &mut out);
                        account.read(&mut out, now)?;
                    }
                    now = end;
                }
                Event::Restart => {
                    for (name, bytes) in planner.take_dirty().expect("it can be written") {
                        if bytes.is_empty() { kept.remove(&name); } else { kept.insert(name, bytes); }
                    }
                    let pieces: Vec<_> = kept.clone().into_iter().collect();
                    planner = Planner::restore(Arc::clone(&policy), &pieces, now, &mut out).expect("it can be read");
                }
            }
        }
        for (step, t) in account.fires.values() {
            prop_assert!(account.told.contains(step), "{} fires, nothing silences it, and nobody was told", t.alert);
        }
    }
}

/// What is seen of alert 1 while it fires and somebody has it in hand.
fn in_hand(until: Option<schemas::Timestamp>) -> Arc<Sight> {
    let acknowledged = Some(Acknowledged { by: "amal".parse().unwrap(), at: start(), until, note: Remark::default() });
    let view = AlertView { marks: Marks { acknowledged, ..Marks::default() }, ..super::away::view(&firing(1)) };
    let curbs = Curbs { firing: vec![view], ..Curbs::default() };
    Arc::new(Sight::new(curbs, Arc::default(), Topology::default()))
}

#[test]
fn whoever_had_an_alert_in_hand_has_it_still_when_a_late_reading_undoes_its_end() {
    let mut curbed = Curbed::new(Planner::new(policy(CITY)), Vec::new());
    let (mut out, now) = (Outcome::default(), start());
    let fired = firing(1);
    curbed.see(in_hand(None));
    curbed.observe(1, &fired, now, &mut out);
    assert!(!curbed.planner.is_in_hand(&fired.alert), "that is for the act to say");
    curbed.observe(2, &transition(1, Phase::Resolved), now, &mut out);
    let again = Transition { note: Some(Note::Withdrawn { of: transition(1, Phase::Resolved).id }), ..firing(1) };
    curbed.observe(3, &again, now, &mut out);
    assert!(curbed.planner.is_in_hand(&fired.alert));
    curbed.observe(4, &transition(1, Phase::Resolved), now, &mut out);
    curbed.see(in_hand(Some(now)));
    curbed.observe(5, &again, now, &mut out);
    assert!(!curbed.planner.is_in_hand(&fired.alert), "it has lapsed");
}

#[test]
fn whoever_had_an_alert_in_hand_has_it_still_when_its_beginning_is_withdrawn_and_comes_back() {
    let settings =
        format!("{CITY}repeat = \"1h\"\n[[escalation]]\nname = \"up\"\n[[escalation.step]]\nafter = \"15m\"\nto = [\"desk\"]\n");
    let mut curbed = Curbed::new(Planner::new(policy(&settings)), Vec::new());
    let (mut out, now) = (Outcome::default(), start());
    let fired = firing(1);
    curbed.see(in_hand(None));
    curbed.observe(1, &fired, now, &mut out);
    let of = fired.id.clone();
    let (id, note) = (schemas::TransitionId(format!("{of}:withdrawn:1")), Some(Note::Withdrawn { of: of.clone() }));
    let void = Transition { id, note, from: Phase::Firing, to: Phase::Inactive, ..firing(1) };
    curbed.observe(2, &void, now, &mut out);
    assert!(!curbed.planner.is_in_hand(&fired.alert), "it does not fire");
    let back = Transition { id: schemas::TransitionId(format!("{of}:added:2")), note: Some(Note::Added { of }), ..firing(1) };
    curbed.observe(3, &back, now, &mut out);
    assert!(curbed.planner.is_in_hand(&fired.alert));
    curbed.advance(now.plus(10 * HOUR), &mut out);
    let told: Vec<_> = out.posted.iter().map(|posted| (posted.receiver.as_str(), posted.form, &posted.steps[..])).collect();
    let once = |step: &'static [u64]| ("city", Form::Single, step);
    assert_eq!(told, [once(&[1]), once(&[2]), once(&[3])], "neither said again nor climbed");
}
