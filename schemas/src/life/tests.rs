//! Which acts there are in which state, and what they leave.

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::clamped(1_795_000_000_000 + seconds * 1000)
}

fn act(deed: Deed) -> Act {
    let (by, note) = (Person::new("duty officer").unwrap(), Remark::new("on it").unwrap());
    Act { alert: AlertId("r:d:waste.fill:0:1".to_owned()), at: at(0), by, note, deed }
}

fn deeds(until: Timestamp) -> [Deed; 8] {
    [
        Deed::Acknowledge { until: None },
        Deed::Acknowledge { until: Some(until) },
        Deed::Unacknowledge,
        Deed::Assign { to: Some(Person::new("L. Amrani").unwrap()) },
        Deed::Assign { to: None },
        Deed::Shelve { until },
        Deed::Unshelve,
        Deed::Resolve,
    ]
}

const PHASES: [Phase; 4] = [Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved];

#[test]
fn of_an_untouched_alert_only_these_acts_are_legal() {
    let legal = |phase: Phase| -> Vec<&'static str> {
        let fits = |deed: &Deed| Life::new(phase, Marks::default()).apply(&act(deed.clone()), at(0)).is_ok();
        deeds(at(60)).iter().filter(|deed| fits(deed)).map(Deed::code).collect()
    };
    assert_eq!(legal(Phase::Inactive), [""; 0]);
    assert_eq!(legal(Phase::Pending), ["assign", "shelve"]);
    assert_eq!(legal(Phase::Firing), ["acknowledge", "acknowledge", "assign", "shelve", "resolve"]);
    assert_eq!(legal(Phase::Resolved), [""; 0]);
}

#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    let mut life = Life::new(Phase::Pending, Marks::default());
    let before = life.clone();
    let mut refused = |deed| life.apply(&act(deed), at(0)).unwrap_err().to_string();
    assert_eq!(refused(Deed::Resolve), "only an alert that is firing can be resolved by hand; this one is pending");
    assert_eq!(refused(Deed::Unshelve), "this alert is not shelved");
    assert_eq!(refused(Deed::Assign { to: None }), "this alert is not assigned");
    assert!(refused(Deed::Shelve { until: at(0) }).contains("not after"));
    let far = Deed::Shelve { until: at(0).plus(SHELVED_AT_MOST).plus(Duration::from_millis(1)) };
    assert!(refused(far).contains("30 days at most"));
    assert_eq!(life, before);
}

#[test]
fn an_acknowledgement_and_a_shelf_end_at_their_instant() {
    let mut life = Life::new(Phase::Firing, Marks::default());
    life.apply(&act(Deed::Acknowledge { until: Some(at(60)) }), at(0)).unwrap();
    life.apply(&act(Deed::Shelve { until: at(30) }), at(0)).unwrap();
    assert!(life.is_acknowledged(at(59)) && life.is_shelved(at(29)));
    assert!(!life.is_acknowledged(at(60)) && !life.is_shelved(at(30)));
    assert_eq!(life.apply(&act(Deed::Unacknowledge), at(60)), Err(IllegalAct::NotSo("acknowledged")));
    assert_eq!(life.marks().clone().standing(at(60)), Marks::default());
}

#[test]
fn what_a_person_resolved_is_not_opened_again_by_a_late_reading() {
    let mut life = Life::new(Phase::Firing, Marks::default());
    life.apply(&act(Deed::Resolve), at(0)).unwrap();
    assert!(!life.moved(Phase::Firing), "the engine takes back its own end of the episode");
    assert!(life.moved(Phase::Inactive), "the engine says that it should not have fired");
    assert_eq!(life.phase(), Phase::Inactive);
}

#[test]
fn an_acknowledgement_holds_again_where_a_late_reading_undoes_the_end() {
    let mut life = Life::new(Phase::Firing, Marks::default());
    life.apply(&act(Deed::Acknowledge { until: None }), at(0)).unwrap();
    assert!(life.moved(Phase::Resolved));
    assert!(!life.is_acknowledged(at(1)));
    assert!(life.moved(Phase::Firing));
    assert!(life.is_acknowledged(at(2)));
}

#[test]
fn names_and_notes_are_one_line_of_bounded_length() {
    assert_eq!(Person::new("  عائشة  ").unwrap().as_str(), "عائشة");
    assert_eq!(Person::new(" "), Err(WordingError::Empty("name of a person")));
    assert!(Person::new(&"é".repeat(64)).is_ok() && Person::new(&"é".repeat(65)).is_err());
    assert!(Remark::new("two\nlines").unwrap_err().to_string().contains("control"));
    assert!(Remark::new(&"x".repeat(501)).is_err());
    assert!(serde_json::from_str::<Person>("\"\"").is_err(), "what is read from outside is checked too");
}

#[test]
fn an_act_goes_over_the_wire_and_back() {
    for deed in deeds(at(60)) {
        let act = act(deed);
        let text = serde_json::to_string(&act).unwrap();
        assert_eq!(serde_json::from_str::<Act>(&text).unwrap(), act, "{text}");
    }
}

proptest! {
    #[test]
    fn no_sequence_of_acts_and_steps_leaves_a_state_that_the_life_cycle_does_not_have(
        steps in proptest::collection::vec((0..12usize, 0..100i64), 1..40)
    ) {
        let mut life = Life::new(Phase::Inactive, Marks::default());
        let mut now = 0;
        for (choice, wait) in steps {
            now += wait;
            let before = life.clone();
            if let Some(to) = PHASES.get(choice) {
                if life.phase().step(*to).is_ok() {
                    let by_hand = life.marks().resolved_by_hand.is_some();
                    prop_assert_eq!(life.moved(*to), !(by_hand && to.is_open()));
                }
            } else {
                let deed = deeds(at(now + 50))[choice - 4].clone();
                if life.apply(&act(deed), at(now)).is_err() {
                    prop_assert_eq!(&life, &before, "a refusal changes nothing");
                }
            }
            let over = life.marks().resolved_by_hand.is_some();
            prop_assert!(!(over && life.phase().is_open()), "what a person resolved is not open");
            prop_assert!(!life.is_acknowledged(at(now)) || life.phase() == Phase::Firing);
            prop_assert!(!life.is_shelved(at(now)) || life.phase().is_open());
        }
    }
}
