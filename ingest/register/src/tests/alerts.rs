//! Alerts and the outbox.

use bytes::Bytes;
use ports::{AlertBook, AlertFilter, EvaluatorStep, Outbox};
use schemas::{Kind, Note, Phase, Severity, Transition, TransitionId, Zone};

use super::{assert_tally, at, channel, commit, device, fresh, line, plan, restored, step, transition};
use crate::{DELIVERED_KEPT, Register};

fn all() -> AlertFilter {
    AlertFilter {
        phases: vec![Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved],
        limit: 100,
        ..Default::default()
    }
}

fn names(register: &Register, filter: &AlertFilter) -> Vec<String> {
    register.alerts(filter).unwrap().iter().map(|a| a.series.device.to_string()).collect()
}

#[test]
fn an_episode_is_one_row_that_its_transitions_move() {
    let (_directory, _path, register) = fresh();
    commit(&register, 1, vec![transition("bin-1", 0, Phase::Pending, 0, &[])]);
    assert_eq!(register.alert_counts(), (0, 1));
    commit(&register, 2, vec![transition("bin-1", 0, Phase::Firing, 60, &["log"])]);
    assert_eq!(register.alert_counts(), (1, 0));
    let mut resolved = transition("bin-1", 0, Phase::Resolved, 120, &["log"]);
    resolved.value = Some(12.5);
    commit(&register, 3, vec![resolved.clone()]);
    assert_eq!(register.alert_counts(), (0, 0));

    let alerts = register.alerts(&all()).unwrap();
    assert_eq!(alerts.len(), 1);
    let alert = &alerts[0];
    assert_eq!((alert.phase, alert.since, alert.at), (Phase::Resolved, at(0), at(120)));
    assert_eq!((alert.fired_at, alert.resolved_at, alert.value), (Some(at(60)), Some(at(120)), Some(12.5)));
    assert_eq!(alert.texts, resolved.texts);

    let steps: Vec<Phase> = register.transitions_of(&alert.id).unwrap().iter().map(|t| t.to).collect();
    assert_eq!(steps, [Phase::Pending, Phase::Firing, Phase::Resolved]);
    assert_tally(&register);
}

#[test]
fn a_transition_reads_back_as_it_was_decided() {
    let (_directory, _path, register) = fresh();
    let mut silent = transition("bin-1", 0, Phase::Firing, 60, &["log", "waste-contractor"]);
    silent.value = None;
    let odd = transition("bin-2", 0, Phase::Firing, 60, &[]);
    commit(&register, 1, vec![silent.clone(), odd.clone()]);
    assert_eq!(register.transitions(0, 10).unwrap(), [(1, silent), (2, odd.clone())]);
    assert_eq!(register.transitions(1, 10).unwrap(), [(2, odd)]);
    assert_eq!(register.transitions(0, 1).unwrap().len(), 1);
}

#[test]
fn a_correction_reads_back_with_what_it_corrects_and_moves_its_episode_back() {
    let (_directory, _path, register) = fresh();
    let said = [
        transition("bin-1", 0, Phase::Pending, 0, &[]),
        transition("bin-1", 0, Phase::Firing, 60, &[]),
        transition("bin-1", 0, Phase::Resolved, 120, &[]),
    ];
    let of = said[2].id.clone();
    let id = TransitionId(format!("{of}-withdrawn"));
    let withdrawn =
        Transition { id, from: Phase::Resolved, to: Phase::Firing, note: Some(Note::Withdrawn { of }), ..said[2].clone() };
    commit(&register, 1, said.to_vec());
    commit(&register, 2, vec![withdrawn.clone()]);
    let read: Vec<_> = register.transitions(0, 10).unwrap().into_iter().map(|(_, t)| t).collect();
    assert_eq!(read, [said.as_slice(), &[withdrawn]].concat());
    let alert = &register.alerts(&all()).unwrap()[0];
    assert_eq!((alert.phase, alert.fired_at, alert.resolved_at), (Phase::Firing, Some(at(60)), None));
    assert_eq!(register.alert_counts(), (1, 0));
    assert_tally(&register);
}

#[test]
fn the_same_step_twice_is_the_step_once() {
    let (_directory, _path, register) = fresh();
    let step = EvaluatorStep {
        states: vec![(device("bin-1"), Bytes::from_static(b"state"))],
        ..step(7, vec![transition("bin-1", 0, Phase::Firing, 60, &["log", "hook", "log"])])
    };
    register.commit(&step).unwrap();
    plan(&register, at(1000));
    register.delivered(1, at(61), &channel("log")).unwrap();
    register.commit(&step).unwrap();
    plan(&register, at(1000));
    assert_eq!(register.transitions(0, 10).unwrap().len(), 1);
    assert_eq!(register.outbox_counts(), (1, 0), "the log has it already, a channel named twice is told once");
    assert!(register.head(&line("log")).unwrap().is_none());
    assert_eq!(register.alert_counts(), (1, 0));
    assert_tally(&register);
}

#[test]
fn an_old_transition_told_again_does_not_move_its_alert_back() {
    let (_directory, _path, register) = fresh();
    let firing = transition("bin-1", 0, Phase::Firing, 60, &[]);
    commit(&register, 1, vec![firing.clone(), transition("bin-1", 0, Phase::Resolved, 90, &[])]);
    commit(&register, 2, vec![firing]);
    assert_eq!(register.alerts(&all()).unwrap()[0].phase, Phase::Resolved);
    assert_eq!(register.alert_counts(), (0, 0));
}

#[test]
fn alerts_come_gravest_first_and_newest_first_and_open_unless_asked_otherwise() {
    let (_directory, _path, register) = fresh();
    let grave = |name: &str, severity, when| {
        let mut t = transition(name, when, Phase::Firing, when, &[]);
        t.severity = severity;
        t
    };
    let mut anfa = grave("air", Severity::Info, 30);
    anfa.kind = Kind::AIR;
    anfa.zone = Zone::new("anfa").unwrap();
    commit(
        &register,
        1,
        vec![
            grave("old-warning", Severity::Warning, 10),
            grave("new-warning", Severity::Warning, 20),
            grave("emergency", Severity::Emergency, 5),
            anfa,
            transition("pending", 40, Phase::Pending, 40, &[]),
            transition("gone", 1, Phase::Firing, 1, &[]),
            transition("gone", 1, Phase::Resolved, 50, &[]),
        ],
    );
    let open = AlertFilter { limit: 100, ..Default::default() };
    assert_eq!(names(&register, &open), ["emergency", "pending", "new-warning", "old-warning", "air"]);
    assert_eq!(names(&register, &AlertFilter { limit: 2, ..Default::default() }), ["emergency", "pending"]);
    let only = |phase| AlertFilter { phases: vec![phase], limit: 100, ..Default::default() };
    assert_eq!(names(&register, &only(Phase::Pending)), ["pending"]);
    assert_eq!(names(&register, &only(Phase::Resolved)), ["gone"]);
    assert_eq!(names(&register, &all()).len(), 6);
    assert_eq!(names(&register, &AlertFilter { kind: Some(Kind::AIR), ..open.clone() }), ["air"]);
    assert_eq!(names(&register, &AlertFilter { zone: Some(Zone::new("anfa").unwrap()), ..open.clone() }), ["air"]);
    assert_eq!(names(&register, &AlertFilter { device: Some(device("emergency")), ..open }), ["emergency"]);
}

#[test]
fn the_list_of_open_alerts_walks_its_own_index() {
    let (_directory, _path, register) = fresh();
    let plan: String = crate::lock(&register.writer)
        .query_row(
            "EXPLAIN QUERY PLAN SELECT * FROM alert WHERE phase IN ('pending', 'firing') AND phase IN ('firing') \
             ORDER BY severity DESC, at DESC, id LIMIT 10",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("alert_open"), "{plan}");
}

#[test]
fn the_state_of_a_device_is_replaced_and_an_empty_one_removes_it() {
    let (_directory, path, register) = fresh();
    assert_eq!(restored(&register).cursor, None);
    let keep = |cursor, states: &[(&str, &'static [u8])]| {
        let states = states.iter().map(|(d, s)| (device(d), Bytes::from_static(s))).collect();
        register.commit(&EvaluatorStep { cursor, states, transitions: vec![], now: at(0) }).unwrap();
    };
    keep(5, &[("b", b"1"), ("a", b"1"), ("c", b"1")]);
    keep(9, &[("a", b"2"), ("c", b"")]);
    let restored = restored(&Register::open(&path).unwrap());
    assert_eq!(restored.cursor, Some(9));
    assert_eq!(restored.states, [(device("a"), Bytes::from_static(b"2")), (device("b"), Bytes::from_static(b"1"))]);
}

#[test]
fn a_channel_is_told_in_the_order_of_decision_and_its_head_holds_the_rest() {
    let (_directory, path, register) = fresh();
    let firing = transition("bin-1", 0, Phase::Firing, 60, &["log", "hook"]);
    let resolved = transition("bin-1", 0, Phase::Resolved, 90, &["log", "hook"]);
    commit(&register, 1, vec![firing.clone(), resolved.clone()]);
    assert_eq!(register.outbox_counts(), (4, 0));

    let head = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!((&head.steps[0].transition, head.attempts, head.due, head.made_at), (&firing, 0, at(1000), at(1000)));
    register.postponed(head.number, at(2000), "503").unwrap();
    drop(register);

    let register = Register::open(&path).unwrap();
    let again = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!((again.number, again.attempts, again.due, again.made_at), (head.number, 1, at(2000), at(1000)));
    assert_eq!(register.head(&line("log")).unwrap().unwrap().attempts, 0, "the other line does not wait");
    register.buried(again.number, at(2001), "400").unwrap();
    let next = register.head(&line("hook")).unwrap().unwrap();
    assert_eq!(next.steps[0].transition, resolved);
    assert_eq!((next.id.as_str(), next.steps[0].fired_at), (resolved.id.0.as_str(), Some(at(60))));
    register.delivered(next.number, at(2002), &channel("log")).unwrap();
    register.delivered(next.number, at(2003), &channel("log")).unwrap();
    assert!(register.head(&line("hook")).unwrap().is_none());
    assert_eq!(register.outbox_counts(), (2, 1));
    assert_tally(&register);
}

#[test]
fn delivered_notifications_are_kept_up_to_a_bound() {
    let (_directory, _path, register) = fresh();
    commit(&register, 1, vec![transition("bin-1", 0, Phase::Firing, 60, &["log"])]);
    // As if this many had been delivered before: rows of one transition over channels of their own.
    register
        .write("filling", |transaction, tally| {
            for n in 0..DELIVERED_KEPT {
                transaction
                    .prepare_cached(
                        "INSERT INTO outbox (receiver, channel, id, form, made_at, due, state) \
                         VALUES (?1, ?1, '1', 'single', 0, 0, 'delivered')",
                    )
                    .unwrap()
                    .execute([format!("c{n}")])
                    .unwrap();
            }
            tally.delivered += DELIVERED_KEPT;
            Ok(())
        })
        .unwrap();
    register.delivered(1, at(61), &channel("log")).unwrap();
    assert_eq!(register.tally().delivered, DELIVERED_KEPT);
    assert_tally(&register);
    commit(&register, 2, vec![transition("bin-1", 0, Phase::Firing, 60, &["log"])]);
    assert_eq!(register.outbox_counts().0, 0, "what was delivered and taken away is not told again");
}

#[test]
fn what_waits_for_a_channel_that_is_gone_is_buried_when_asked() {
    let (_directory, _path, register) = fresh();
    commit(&register, 1, vec![transition("bin-1", 0, Phase::Firing, 60, &["log", "gone"])]);
    assert_eq!(register.bury_strays(&[line("log")], at(70)).unwrap(), 1);
    assert_eq!(register.outbox_counts(), (1, 1));
    assert_eq!(register.bury_strays(&[], at(70)).unwrap(), 1);
    assert_tally(&register);
}
