//! What the planner commits, and the chain of reasons.

use bytes::Bytes;
use ports::{AlertBook, Because, Form, Mark, Outbox, PlanBook, PlanStep, Posted, Reason};
use schemas::{AlertId, Phase, RuleId, Severity};

use super::{assert_tally, at, channel, fresh, line, step, transition};
use crate::Register;

fn group() -> PlanStep {
    let decided = Reason::Decided {
        rule: RuleId::new("bin-full").unwrap(),
        severity: Severity::Warning,
        phase: Phase::Firing,
        value: Some(91.25),
        since: at(0),
        decided_at: at(5),
        held_ms: 5000,
    };
    let chain = [decided, Reason::AsTheRuleSays, Reason::Grouped { group: "zone=maarif".to_owned(), until: at(30) }];
    PlanStep {
        cursor: 2,
        pieces: vec![("alert/x".to_owned(), Bytes::from_static(b"{}")), ("gone".to_owned(), Bytes::new())],
        posted: vec![Posted {
            receiver: channel("arma"),
            channels: vec![channel("sms"), channel("mail")],
            id: "group".to_owned(),
            form: Form::Group,
            steps: vec![1, 2],
        }],
        reasons: chain.map(|reason| Because { at: at(7), step: 1, receiver: Some(channel("arma")), reason }).to_vec(),
        now: at(8),
    }
}

#[test]
fn a_message_of_several_steps_has_a_line_for_each_channel_and_is_posted_once() {
    let (_directory, path, register) = fresh();
    let steps = vec![transition("bin-1", 0, Phase::Firing, 5, &["arma"]), transition("bin-2", 0, Phase::Firing, 6, &["arma"])];
    register.commit(&step(1, steps.clone())).unwrap();
    assert_eq!(register.decided(0, 10).unwrap().len(), 2);
    register.commit_plan(&group()).unwrap();
    register.commit_plan(&PlanStep { reasons: Vec::new(), ..group() }).unwrap();
    assert_eq!(register.outbox_counts(), (2, 0));
    drop(register);

    let register = Register::open(&path).unwrap();
    let restored = register.restore_plan().unwrap();
    assert_eq!((restored.cursor, restored.pieces), (2, vec![("alert/x".to_owned(), Bytes::from_static(b"{}"))]));
    let mut of_mail = line("mail");
    of_mail.receiver = channel("arma");
    let head = register.head(&of_mail).unwrap().unwrap();
    assert_eq!((head.key().as_str(), head.form, head.made_at), ("arma/group", Form::Group, at(8)));
    assert_eq!(head.transitions().cloned().collect::<Vec<_>>(), steps);
    register.delivered(head.number, at(9), &channel("log")).unwrap();

    let why = register.why(&steps[0].alert).unwrap().unwrap();
    assert_eq!(why.steps.len(), 1);
    let chain: Vec<_> = why.steps[0].chain.iter().map(|link| link.reason.clone()).collect();
    assert_eq!(chain, group().reasons.into_iter().map(|b| b.reason).collect::<Vec<_>>());
    let fared: Vec<_> = why.steps[0].deliveries.iter().map(|d| (d.channel.as_str(), d.state.as_str(), d.via.clone())).collect();
    assert_eq!(fared, [("sms", "waiting", None), ("mail", "delivered", Some(channel("log")))]);
    let read: ports::Why = serde_json::from_str(&serde_json::to_string(&why).unwrap()).unwrap();
    assert_eq!(read, why, "the chain goes over the wire and back");
    assert!(register.why(&AlertId("nobody".to_owned())).unwrap().is_none());
    assert_tally(&register);
}

#[test]
fn what_is_special_about_a_step_in_a_message_comes_back_with_it_and_with_no_other_message() {
    let (_directory, _, register) = fresh();
    register.commit(&step(1, vec![transition("bin-1", 0, Phase::Firing, 5, &["arma"])])).unwrap();
    let mark = Mark::Escalated { escalation: "critical".to_owned(), rung: 2 };
    let posted = |id: &str, mark: Option<Mark>| {
        let (channels, steps) = (vec![channel("sms")], vec![1]);
        let message = Posted { receiver: channel("arma"), channels, id: id.to_owned(), form: Form::Single, steps };
        let reason = Reason::Posted { id: id.to_owned(), form: Form::Single, channels: vec![], steps: 1, mark };
        (message, Because { at: at(7), step: 1, receiver: Some(channel("arma")), reason })
    };
    let (messages, reasons) = [posted("first", None), posted("second", Some(mark.clone()))].into_iter().unzip();
    register.commit_plan(&PlanStep { cursor: 1, posted: messages, reasons, now: at(8), ..PlanStep::default() }).unwrap();
    let mut marks = Vec::new();
    let line = ports::Line { receiver: channel("arma"), channel: channel("sms") };
    while let Some(head) = register.head(&line).unwrap() {
        marks.push((head.id.clone(), head.steps[0].mark.clone()));
        register.delivered(head.number, at(9), &channel("sms")).unwrap();
    }
    assert_eq!(marks, [("first".to_owned(), None), ("second".to_owned(), Some(mark))]);
    let why = register.why(&transition("bin-1", 0, Phase::Firing, 5, &[]).alert).unwrap().unwrap();
    let json = serde_json::to_value(&why).unwrap();
    assert_eq!(json["steps"][0]["chain"][1]["mark"], "escalated");
    assert_eq!(serde_json::from_value::<ports::Why>(json).unwrap(), why);
}
