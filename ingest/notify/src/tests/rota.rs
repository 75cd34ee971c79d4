//! Rotas: what is wrong with a file of shifts is said with its line, and who is told in the name of a rota.

use jiff::tz::TimeZone;
use ports::{Form, Reason};
use proptest::prelude::*;
use schemas::{Phase, Severity, Timestamp};

use super::channel;
use super::scene::{HOUR, MINUTE, NOON, Scene, policy, policy_with};
use crate::plan::Planner;
use crate::rota::{Rota, RotaError};

/// Two shifts with a hole after the first, on the day of the scenes.
const DAY: &str = r#"
[[shift]]
from = "2026-11-21T08:00"
to = "2026-11-21T14:00"
receiver = "city"

[[shift]]
from = "2026-11-21T16:00"
to = "2026-11-22T08:00"
receiver = "arma"
"#;

fn read(text: &str) -> Result<Rota, Vec<RotaError>> {
    let known = |name: &schemas::ChannelName| ["city", "arma", "hook", "desk"].contains(&name.as_str());
    Rota::parse((channel("rota:day"), channel("hook")), "day.toml", text, &TimeZone::UTC, known)
}

fn wrong(text: &str) -> Vec<String> {
    read(text).map(drop).unwrap_err().iter().map(ToString::to_string).collect()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const TO_ROTA: &str = "[[route]]\nname = \"all\"\nto = [\"rota:day\"]\n";

fn scene(toml: &str, at: &str) -> Scene {
    let mut scene = Scene::new("", at);
    scene.planner = Planner::new(policy_with(toml, vec![read(DAY).unwrap()]));
    scene
}

#[test]
fn a_shift_begins_with_its_minute_and_ends_before_it_and_a_hole_is_the_fallbacks() {
    let rota = read(DAY).unwrap();
    let duty = |text: &str| {
        let duty = rota.on_duty(instant(text));
        (duty.receiver.as_str().to_owned(), duty.until.map(|until| until.to_string()), duty.fallback)
    };
    let some = |who: &str, until: &str, fallback| (who.to_owned(), Some(until.to_owned()), fallback);
    assert_eq!(duty("2026-11-21T07:59:59Z"), some("hook", "2026-11-21T08:00:00.000Z", true));
    assert_eq!(duty("2026-11-21T08:00:00Z"), some("city", "2026-11-21T14:00:00.000Z", false));
    assert_eq!(duty("2026-11-21T14:00:00Z"), some("hook", "2026-11-21T16:00:00.000Z", true));
    assert_eq!(duty("2026-11-21T16:00:00Z"), some("arma", "2026-11-22T08:00:00.000Z", false));
    assert_eq!(duty("2026-11-22T08:00:00Z"), ("hook".to_owned(), None, true));
    let holes: Vec<_> = rota.holes().map(|hole| (hole.from.to_string(), hole.to.to_string(), hole.line)).collect();
    assert_eq!(holes, [("2026-11-21T14:00:00.000Z".to_owned(), "2026-11-21T16:00:00.000Z".to_owned(), 7)]);
}

#[test]
fn shifts_are_in_the_local_time_of_the_city() {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Africa/Casablanca").unwrap();
    let summer = "[[shift]]\nfrom = \"2026-07-01T08:00\"\nto = \"2026-12-01T08:00\"\nreceiver = \"city\"\n";
    let rota = Rota::parse((channel("rota:day"), channel("hook")), "day.toml", summer, &zone, |_| true).unwrap();
    let shift = &rota.shifts()[0];
    assert_eq!(
        (shift.from.to_string().as_str(), shift.to.to_string().as_str()),
        ("2026-07-01T07:00:00.000Z", "2026-12-01T08:00:00.000Z")
    );
    assert_eq!(crate::rota::local(shift.from, &zone), "2026-07-01T08:00");
}

#[test]
fn every_mistake_in_a_file_of_shifts_is_said_with_its_line() {
    let text = "[[shift]]\nfrom = \"2026-11-21\"\nto = \"2026-11-21T07:00\"\nreceiver = \"city\"\n\
        [[shift]]\nfrom = \"tomorrow\"\nto = \"2026-11-21T07:00\"\nreceiver = \"city\"\n\
        [[shift]]\nfrom = \"2026-11-21T08:00\"\nto = \"2026-11-21T07:00\"\nreceiver = \"city\"\n\
        [[shift]]\nfrom = \"2026-11-21T08:00\"\nto = \"2026-11-21T09:00\"\nreceiver = \"nobody\"\n";
    assert_eq!(
        wrong(text),
        [
            "day.toml:6: from: expected a local time such as 2026-11-30T08:00, found `tomorrow`",
            "day.toml:11: to: expected a time after `from`",
            "day.toml:16: receiver: there is no receiver and no channel `nobody`",
        ]
    );
    let overlap = DAY.replace("2026-11-21T16:00", "2026-11-21T13:30");
    assert_eq!(wrong(&overlap), ["day.toml:7: the shift overlaps the one of line 2, which ends 2026-11-21T14:00"]);
    let unknown = wrong("[[shift]]\nfrom = \"2026-11-21T08:00\"\nto = \"2026-11-21T09:00\"\nwho = \"city\"\n");
    assert!(unknown.len() == 1 && unknown[0].starts_with("day.toml:4: ") && unknown[0].contains("`who`"), "{unknown:?}");
    assert!(wrong("[[shift]\n")[0].starts_with("day.toml:1: "));
}

#[test]
fn whoever_is_on_duty_is_told_and_the_end_goes_to_whom_the_beginning_went() {
    let mut scene = scene(TO_ROTA, NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(3 * HOUR);
    scene.tell(|_| {}, 2, Phase::Firing);
    scene.pass(2 * HOUR);
    scene.tell(|_| {}, 3, Phase::Firing);
    for n in 1..4 {
        scene.tell(|_| {}, n, Phase::Resolved);
    }
    let told: Vec<_> = scene.messages().iter().map(|message| (message.0, message.2[0])).collect();
    assert_eq!(told, [("city", 1), ("hook", 2), ("arma", 3), ("city", 4), ("hook", 5), ("arma", 6)]);
    let until = Some(instant("2026-11-21T16:00:00Z"));
    assert!(scene.reasons(2).contains(&&Reason::OnDuty { person: channel("hook"), until, fallback: true }));
    scene.restart(policy(""));
    assert!(scene.planner.wake_at().is_none(), "nothing is left");
}

#[test]
fn what_waits_for_its_group_or_the_morning_reaches_whoever_is_on_duty_then() {
    let mut scene = scene(&format!("{TO_ROTA}wait = \"3h\"\ngroup = [\"zone\"]\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(4 * HOUR + MINUTE);
    assert_eq!(scene.messages(), [("hook", Form::Single, [1].as_slice())], "at three the fallback stands in");

    let morning = DAY.replace("2026-11-22T08:00", "2026-11-22T05:00");
    let mut scene = Scene::new("", "2026-11-21T23:00:00Z");
    scene.planner = Planner::new(policy_with(TO_ROTA, vec![read(&morning).unwrap()]));
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Firing);
    scene.tell(|t| t.severity = Severity::Info, 1, Phase::Resolved);
    scene.pass(8 * HOUR);
    assert_eq!(scene.messages(), [("hook", Form::Digest, [1, 2].as_slice())], "arma has gone home by six");
}

#[test]
fn a_reminder_goes_to_whoever_is_on_duty_then_and_both_hear_the_end() {
    let mut scene = scene(&format!("{TO_ROTA}repeat = \"5h\"\n"), NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(6 * HOUR);
    scene.tell(|_| {}, 1, Phase::Resolved);
    let told: Vec<_> = scene.messages().iter().map(|message| (message.0, message.1)).collect();
    assert_eq!(told, [("city", Form::Single), ("arma", Form::Reminder), ("city", Form::Single), ("arma", Form::Single)]);
}

#[test]
fn one_who_hears_of_an_alert_by_his_own_name_is_not_told_twice_but_escalated_to() {
    let both = TO_ROTA.replace("\"rota:day\"", "\"city\", \"rota:day\"")
        + "[[escalation]]\nname = \"x\"\n[[escalation.step]]\nafter = \"15m\"\nto = [\"rota:day\"]\n";
    let mut scene = scene(&both, NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    assert_eq!(scene.messages(), [("city", Form::Single, [1].as_slice())]);
    assert!(scene.reasons(1).contains(&&Reason::HearsOtherwise));
    scene.pass(HOUR);
    scene.tell(|_| {}, 1, Phase::Resolved);
    let told: Vec<_> = scene.messages().iter().map(|message| (message.0, message.1)).collect();
    assert_eq!(told, [("city", Form::Single), ("city", Form::Reminder), ("city", Form::Single)]);
}

#[test]
fn one_who_was_told_in_the_name_of_a_rota_and_is_escalated_to_by_his_own_hears_the_end_once() {
    let climbs = TO_ROTA.to_owned() + "[[escalation]]\nname = \"x\"\n[[escalation.step]]\nafter = \"15m\"\nto = [\"city\"]\n";
    let mut scene = scene(&climbs, NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.pass(HOUR);
    scene.tell(|_| {}, 1, Phase::Resolved);
    let told: Vec<_> = scene.messages().iter().map(|message| (message.0, message.1)).collect();
    assert_eq!(told, [("city", Form::Single), ("city", Form::Reminder), ("city", Form::Single)]);
}

#[test]
fn the_end_reaches_whom_a_rota_told_even_if_the_settings_have_lost_the_rota() {
    let mut scene = scene(TO_ROTA, NOON);
    scene.tell(|_| {}, 1, Phase::Firing);
    scene.restart(policy(""));
    scene.tell(|_| {}, 1, Phase::Resolved);
    assert_eq!(scene.messages(), [("city", Form::Single, [1].as_slice()), ("city", Form::Single, &[2])]);
}

#[test]
fn the_limit_on_storms_counts_what_reaches_a_person_by_name_and_by_rota_together() {
    let mut scene = scene(TO_ROTA, NOON);
    for n in 0..30 {
        scene.tell(|_| {}, n, Phase::Firing);
    }
    assert_eq!(scene.messages().len(), 20);
    scene.pass(HOUR);
    let last = scene.messages().last().copied().unwrap();
    assert_eq!((last.0, last.1, last.2.len()), ("city", Form::Digest, 10));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Shifts of hours, with holes; any instant has exactly one who is told.
    #[test]
    fn at_any_instant_exactly_one_stands_in_as_a_walk_over_the_file_says(
        spans in proptest::collection::vec((0..6i64, 1..10i64, 0..3usize), 0..12),
        at in 0..200i64,
    ) {
        let hour = |n: i64| Timestamp::clamped(instant(NOON).millis() + n * 3_600_000);
        let (mut text, mut begins, mut expected) = (String::new(), 0, "hook");
        for (pause, length, who) in spans {
            let (from, to, who) = (begins + pause, begins + pause + length, ["city", "arma", "desk"][who]);
            let local = |n| crate::rota::local(hour(n), &TimeZone::UTC);
            text += &format!("[[shift]]\nfrom = \"{}\"\nto = \"{}\"\nreceiver = \"{who}\"\n", local(from), local(to));
            if (from..to).contains(&at) {
                expected = who;
            }
            begins = to;
        }
        let rota = read(&text).expect("no shift is over another");
        let duty = rota.on_duty(hour(at));
        prop_assert_eq!(duty.receiver.as_str(), expected);
        prop_assert_eq!(duty.fallback, expected == "hook");
        if let Some(until) = duty.until {
            prop_assert!(until > hour(at));
        }
    }
}
