//! What operators do: legal or refused in one transaction, and what it means for the episode.

use std::time::Duration;

use ports::{
    ActBook, ActError, AlertBook, AlertFilter, NewQuiet, PlanBook, PlanStep, QuietFilter, QuietSort, RecordError, SILENCE_AT_MOST,
};
use schemas::{Act, AlertId, Deed, IllegalAct, Note, Person, Phase, Remark, Scope, Transition, TransitionId};

use super::{assert_tally, at, commit, fresh, step, transition};
use crate::Register;

pub(super) fn person(name: &str) -> Person {
    Person::new(name).unwrap()
}

pub(super) fn act(alert: &AlertId, when: i64, deed: Deed) -> Act {
    Act { alert: alert.clone(), at: at(when), by: person("Aya"), note: Remark::new("seen").unwrap(), deed }
}

fn firing(name: &str) -> Transition {
    transition(name, 0, Phase::Firing, 60, &["log"])
}

pub(super) fn silence(zone: &str, from: i64, until: i64) -> NewQuiet {
    let scope = Scope { zone: vec![zone.parse().unwrap()], ..Scope::default() };
    let (by, note) = (person("Aya"), Remark::new("road works").unwrap());
    NewQuiet { sort: QuietSort::Silence, scope, from: at(from), until: at(until), by, note }
}

fn all(register: &Register) -> Vec<ports::AlertView> {
    let phases = vec![Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved];
    register.alerts(&AlertFilter { phases, limit: 100, ..AlertFilter::default() }).unwrap()
}

#[test]
fn an_act_is_kept_with_its_alert_and_survives_a_restart() {
    let (_directory, path, register) = fresh();
    let alert = firing("bin-1").alert;
    commit(&register, 1, vec![firing("bin-1")]);
    let before = register.revision();
    let acts = [
        act(&alert, 70, Deed::Acknowledge { until: Some(at(600)) }),
        act(&alert, 80, Deed::Assign { to: Some(person("Driss")) }),
        act(&alert, 90, Deed::Shelve { until: at(900) }),
    ];
    for act in &acts {
        register.act(act).unwrap();
    }
    assert_ne!(register.revision(), before);
    drop(register);

    let register = Register::open(&path).unwrap();
    assert_eq!(register.acts_of(&alert, 10).unwrap(), acts);
    assert_eq!(register.acts_of(&alert, 1).unwrap(), acts[2..]);
    assert_eq!(register.acts(1, 10).unwrap(), [(2, acts[1].clone()), (3, acts[2].clone())]);
    let marks = register.alert(&alert).unwrap().unwrap().marks;
    assert_eq!(marks.acknowledged.unwrap().until, Some(at(600)));
    assert_eq!(marks.assigned.unwrap().to, person("Driss"));
    let shelved = marks.shelved.unwrap();
    assert_eq!(register.curbs(at(100)).unwrap().shelved, [(alert, shelved)]);
    assert_eq!(register.curbs(at(900)).unwrap().shelved, []);
    let in_hand = |now| AlertFilter { acknowledged: Some(at(now)), limit: 10, ..AlertFilter::default() };
    assert_eq!(register.alerts(&in_hand(599)).unwrap().len(), 1);
    assert_eq!(register.alerts(&in_hand(600)).unwrap().len(), 0);
}

#[test]
fn an_illegal_act_is_refused_and_nothing_is_kept() {
    let (_directory, _path, register) = fresh();
    let pending = transition("bin-1", 0, Phase::Pending, 0, &[]);
    commit(&register, 1, vec![pending.clone()]);
    let before = register.revision();
    let refused = register.act(&act(&pending.alert, 5, Deed::Resolve)).unwrap_err();
    assert!(matches!(refused, ActError::Illegal(IllegalAct::Phase { phase: Phase::Pending, .. })), "{refused}");
    let absent = register.act(&act(&AlertId("nobody".to_owned()), 5, Deed::Unshelve)).unwrap_err();
    assert!(matches!(absent, ActError::Absent(_)), "{absent}");
    assert_eq!((register.acts(0, 10).unwrap(), register.revision()), (vec![], before));
}

#[test]
fn an_alert_resolved_by_hand_is_resolved_once_whatever_the_engine_says_later() {
    let (_directory, _path, register) = fresh();
    let fired = firing("bin-1");
    commit(&register, 1, vec![fired.clone()]);
    register.act(&act(&fired.alert, 100, Deed::Resolve)).unwrap();
    assert_eq!(register.alert_counts(), (0, 0));
    let by_hand = register.transitions(1, 10).unwrap().pop().unwrap().1;
    assert_eq!((by_hand.from, by_hand.to, by_hand.at), (Phase::Firing, Phase::Resolved, at(100)));
    assert_eq!(by_hand.note, Some(Note::ByHand { by: person("Aya"), note: Remark::new("seen").unwrap() }));
    assert_eq!(by_hand.notify, fired.notify, "whom the rule told is told that it is over");

    // The engine's own end, its correction, and the end taken back by a late reading: none counts.
    let own = transition("bin-1", 0, Phase::Resolved, 300, &["log"]);
    assert_eq!(own.id, by_hand.id);
    let of = own.id.clone();
    let late = |note: Note, from, to| {
        let id = TransitionId(format!("{of}:{}:1", note.code()));
        Transition { id, from, to, note: Some(note), ..own.clone() }
    };
    let amended = late(Note::Amended { of: of.clone() }, Phase::Firing, Phase::Resolved);
    let withdrawn = late(Note::Withdrawn { of: of.clone() }, Phase::Resolved, Phase::Firing);
    commit(&register, 2, vec![own.clone(), amended, withdrawn]);
    assert_eq!(register.transitions(0, 10).unwrap().len(), 2);
    let view = register.alert(&fired.alert).unwrap().unwrap();
    assert_eq!((view.phase, view.resolved_at), (Phase::Resolved, Some(at(100))));

    // A late reading shows that it should never have fired: that is said.
    let never = Transition {
        id: TransitionId(format!("{}:withdrawn:2", fired.id)),
        from: Phase::Firing,
        to: Phase::Inactive,
        note: Some(Note::Withdrawn { of: fired.id.clone() }),
        ..fired.clone()
    };
    commit(&register, 3, vec![never]);
    assert_eq!(register.alert(&fired.alert).unwrap().unwrap().phase, Phase::Inactive);

    // The next episode is another alert.
    commit(&register, 4, vec![transition("bin-1", 500, Phase::Firing, 560, &["log"])]);
    assert_eq!(register.alert_counts(), (1, 0));
    assert_tally(&register);
}

#[test]
fn an_end_that_a_late_reading_undid_can_be_said_again_by_hand() {
    let (_directory, _path, register) = fresh();
    let (fired, own) = (firing("bin-1"), transition("bin-1", 0, Phase::Resolved, 90, &["log"]));
    let of = own.id.clone();
    let undone = Transition {
        id: TransitionId(format!("{of}:withdrawn:1")),
        from: Phase::Resolved,
        to: Phase::Firing,
        note: Some(Note::Withdrawn { of }),
        ..own.clone()
    };
    commit(&register, 1, vec![fired.clone(), own, undone]);
    register.act(&act(&fired.alert, 200, Deed::Resolve)).unwrap();
    let steps = register.transitions_of(&fired.alert).unwrap();
    assert_eq!(steps.iter().map(|t| t.to).collect::<Vec<_>>(), [Phase::Firing, Phase::Resolved, Phase::Firing, Phase::Resolved]);
    assert_eq!(register.alert_counts(), (0, 0));
    assert_tally(&register);
}

#[test]
fn the_planners_place_among_acts_moves_with_its_state() {
    let (_directory, path, register) = fresh();
    let fired = firing("bin-1");
    commit(&register, 1, vec![fired.clone()]);
    register.act(&act(&fired.alert, 70, Deed::Acknowledge { until: None })).unwrap();
    register.commit_plan(&PlanStep { cursor: 1, acted: 1, now: at(80), ..PlanStep::default() }).unwrap();
    drop(register);
    let restored = Register::open(&path).unwrap().restore_plan().unwrap();
    assert_eq!((restored.cursor, restored.acted), (1, 1));
}

#[test]
fn a_silence_holds_until_it_expires_or_is_ended_and_its_author_is_known() {
    let (_directory, path, register) = fresh();
    let made = register.begin_quiet(&silence("maarif", 0, 100), at(0)).unwrap();
    assert_eq!((made.id, made.by.as_str(), made.note.as_str()), (1, "Aya", "road works"));
    assert!(made.holds(at(0)) && made.holds(at(99)) && !made.holds(at(100)));
    drop(register);

    let register = Register::open(&path).unwrap();
    assert_eq!(register.curbs(at(50)).unwrap().quiets, [made]);
    assert_eq!(register.curbs(at(100)).unwrap().quiets, []);
    let ended = register.end_quiet(QuietSort::Silence, 1, &person("Driss"), at(60)).unwrap();
    assert_eq!((ended.ended_at, ended.ended_by.clone()), (Some(at(60)), Some(person("Driss"))));
    assert_eq!(register.curbs(at(61)).unwrap().quiets, []);
    let again = register.end_quiet(QuietSort::Silence, 1, &person("Driss"), at(61)).unwrap_err();
    assert!(matches!(&again, ActError::Conflict(text) if text.contains("over since")), "{again}");
    let other = register.end_quiet(QuietSort::Maintenance, 1, &person("Driss"), at(61)).unwrap_err();
    assert!(matches!(other, ActError::Absent(_)), "{other}");

    let of = |over| QuietFilter { sort: QuietSort::Silence, over, before: None, limit: 10 };
    assert_eq!(register.quiets(&of(false), at(61)).unwrap(), []);
    assert_eq!(register.quiets(&of(true), at(61)).unwrap(), [ended]);
}

#[test]
fn a_silence_that_never_ends_or_takes_everything_is_refused_with_every_reason() {
    let (_directory, _path, register) = fresh();
    let refused = |new: &NewQuiet| match register.begin_quiet(new, at(0)).unwrap_err() {
        ActError::Refused(reasons) => reasons,
        other => panic!("{other}"),
    };
    let endless = NewQuiet { until: at(0).plus(SILENCE_AT_MOST).plus(Duration::from_secs(1)), ..silence("anfa", 0, 1) };
    assert!(refused(&endless)[0].contains("30 days at most"));
    let all = NewQuiet { scope: Scope::default(), until: at(0), ..silence("anfa", 0, 1) };
    let reasons = refused(&all);
    assert!(reasons.len() == 3 && reasons[0].contains("everything") && reasons[1].contains("after"), "{reasons:?}");
    let rules = Scope { rule: vec!["bin-full".parse().unwrap()], ..Scope::default() };
    let window = NewQuiet { sort: QuietSort::Maintenance, scope: rules, ..silence("anfa", 10, 20) };
    assert!(refused(&window)[0].contains("zones, kinds and devices"));
    assert_eq!(register.curbs(at(0)).unwrap().quiets, []);
}

#[test]
fn pages_of_alerts_meet_each_alert_once() {
    let (_directory, _path, register) = fresh();
    let many = (0..23).map(|n| {
        let mut t = transition(&format!("bin-{n:02}"), n, Phase::Firing, 60 + n % 3, &[]);
        t.severity = schemas::Severity::ALL[usize::try_from(n % 4).unwrap()];
        t
    });
    commit(&register, 1, many.collect());
    let whole: Vec<_> = all(&register).into_iter().map(|a| a.id).collect();
    for limit in [1, 4, 23] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = register.alerts(&AlertFilter { after: after.clone(), limit, ..AlertFilter::default() }).unwrap();
            let Some(last) = page.last() else { break };
            // Over the wire and back, as a client does.
            after = Some(last.place().to_string().parse().unwrap());
            found.extend(page.into_iter().map(|a| a.id));
        }
        assert_eq!(found, whole, "pages of {limit}");
    }
}

#[test]
fn what_fires_is_seen_and_an_evaluators_step_is_a_new_revision() {
    let (_directory, _path, register) = fresh();
    let before = register.revision();
    register.commit(&step(1, vec![firing("bin-1"), transition("bin-2", 0, Phase::Pending, 0, &[])])).unwrap();
    assert_ne!(register.revision(), before);
    let firing: Vec<_> = register.curbs(at(70)).unwrap().firing.into_iter().map(|a| a.series.device.to_string()).collect();
    assert_eq!(firing, ["bin-1"]);
    let unchanged = register.revision();
    register.commit(&step(2, vec![])).unwrap();
    assert_eq!(register.revision(), unchanged);
}

#[test]
fn a_register_that_cannot_be_written_is_no_refusal() {
    let error: ActError = RecordError::Unavailable("busy".to_owned()).into();
    assert!(matches!(ports::Fated::fate(&error), ports::Fate::Retry { .. }));
}
