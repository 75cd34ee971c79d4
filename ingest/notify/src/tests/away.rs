//! What hangs on a gateway or a collector is not told to be silent while that is away.

use std::sync::Arc;

use ports::{AlertView, Curbs, Path, Reason};
use schemas::{DeviceId, Marks, Pattern, Phase, RuleId, Scope, Texts, Transition};

use super::scene::{CITY, HOUR, MINUTE, NOON, policy};
use super::{channel, transition};
use crate::curb::{Common, Inhibit, Sight, Topology};
use crate::curbed::Curbed;
use crate::plan::{Outcome, Planner};

fn silent(rule: &str, device: &str, to: Phase) -> Transition {
    let mut t = transition(1, to);
    t.rule = RuleId::new(rule).unwrap();
    t.series.device = DeviceId::new(device).unwrap();
    t.alert = schemas::AlertId::new(&t.rule, &t.series, t.since);
    t.id = schemas::TransitionId::new(&t.alert, to);
    t.notify = vec![channel("hook")];
    t
}

pub(super) fn view(t: &Transition) -> AlertView {
    AlertView {
        id: t.alert.clone(),
        rule: t.rule.clone(),
        series: t.series.clone(),
        kind: t.kind,
        zone: t.zone.clone(),
        severity: t.severity,
        phase: Phase::Firing,
        since: t.since,
        at: t.at,
        fired_at: None,
        resolved_at: None,
        value: None,
        texts: Texts::default(),
        marks: Marks::default(),
    }
}

fn rules(pattern: &str) -> Scope {
    Scope { rule: vec![Pattern::new(pattern).unwrap()], ..Scope::default() }
}

fn heard_by(device: &str, door: &str, gateways: &[&str]) -> (DeviceId, Path) {
    let gateways = gateways.iter().map(|name| DeviceId::new(name).unwrap()).collect();
    (DeviceId::new(device).unwrap(), Path { door: Some(door.to_owned()), gateways })
}

/// What is seen while these alerts fire and these collectors are away.
fn sight(firing: &[&Transition], away: &[&str]) -> Sight {
    let inhibit = Inhibit {
        name: "gateway-away".to_owned(),
        source: rules("gateway.*"),
        target: rules("waste.silent"),
        equal: vec![Common::Gateway],
    };
    let topology = Topology {
        paths: [
            heard_by("bin-a", "lora", &["gw-1"]),
            heard_by("bin-both", "lora", &["gw-1", "gw-2"]),
            heard_by("bin-b", "lora", &["gw-2"]),
            heard_by("bin-wire", "endpoint", &[]),
        ]
        .into(),
        away: away.iter().map(|name| ((*name).to_owned(), "connection refused".to_owned())).collect(),
        silent: vec![Pattern::new("waste.silent").unwrap()],
    };
    let curbs = Curbs { firing: firing.iter().map(|t| view(t)).collect(), ..Curbs::default() };
    Sight::new(curbs, Arc::from([inhibit]), topology)
}

/// By what the silence of these devices is kept back.
fn withheld(sight: &Sight, devices: &[&str]) -> Vec<Option<String>> {
    let alerts = devices.iter().map(|device| silent("waste.silent", device, Phase::Firing));
    alerts.map(|t| sight.withheld(&t.alert, &t, t.at).map(|w| format!("{} {} {}", w.by, w.id, w.note))).collect()
}

#[test]
fn a_dead_gateway_inhibits_the_silence_of_devices_that_it_alone_heard() {
    let devices = ["bin-a", "bin-both", "bin-b", "bin-wire", "bin-unknown"];
    let [one, two] = ["gw-1", "gw-2"].map(|gateway| silent("gateway.silent", gateway, Phase::Firing));
    let by = |source: &Transition| Some(format!("inhibition gateway-away {}", source.alert));
    assert_eq!(withheld(&sight(&[], &[]), &devices), [None, None, None, None, None]);
    assert_eq!(withheld(&sight(&[&one], &[]), &devices), [by(&one), None, None, None, None]);
    assert_eq!(withheld(&sight(&[&one, &two], &[]), &devices), [by(&one), by(&one), by(&two), None, None]);
    let full = silent("waste.full", "bin-a", Phase::Firing);
    assert_eq!(sight(&[&one], &[]).withheld(&full.alert, &full, full.at), None, "that it is full is still told");
}

#[test]
fn a_collector_that_is_away_keeps_back_the_silence_of_devices_that_came_by_it() {
    let said = Some("collector lora connection refused".to_owned());
    let devices = ["bin-a", "bin-both", "bin-wire", "bin-unknown"];
    assert_eq!(withheld(&sight(&[], &["lora"]), &devices), [said.clone(), said, None, None]);
    assert_eq!(withheld(&sight(&[], &["other"]), &devices), [None, None, None, None]);
}

#[test]
fn what_is_still_silent_when_the_gateway_is_back_is_told_then_and_what_is_not_never() {
    let mut now = NOON.parse().unwrap();
    let mut curbed = Curbed::new(Planner::new(policy(CITY)), Vec::new());
    let mut out = Outcome::default();
    let gateway = silent("gateway.silent", "gw-1", Phase::Firing);
    let all = [gateway.clone(), silent("waste.silent", "bin-a", Phase::Firing), silent("waste.silent", "bin-b", Phase::Firing)];
    curbed.see(Arc::new(sight(&[&gateway], &[])));
    for (step, t) in (1..).zip(&all) {
        curbed.observe(step, t, now, &mut out);
    }
    curbed.advance(now, &mut out);
    let told = |out: &Outcome| out.posted.iter().flat_map(|p| p.steps.clone()).collect::<Vec<_>>();
    assert_eq!(told(&out), [1, 3], "the gateway, and the bin of another one");

    // It was silent with its gateway, and came back with it: nobody hears of it.
    let other = silent("waste.silent", "bin-a", Phase::Resolved);
    now = now.plus(MINUTE);
    curbed.observe(4, &other, now, &mut out);
    curbed.see(Arc::new(sight(&[], &[])));
    curbed.advance(now, &mut out);
    assert_eq!(told(&out), [1, 3]);

    // This one is still silent when its collector is back.
    let silent = silent("waste.silent", "bin-both", Phase::Firing);
    curbed.see(Arc::new(sight(&[], &["lora"])));
    curbed.observe(5, &silent, now, &mut out);
    curbed.advance(now, &mut out);
    assert_eq!(told(&out), [1, 3]);
    now = now.plus(HOUR);
    curbed.see(Arc::new(sight(&[], &[])));
    curbed.advance(now, &mut out);
    assert_eq!(told(&out), [1, 3, 5]);
    assert!(out.reasons.iter().any(|b| b.step == 5 && matches!(&b.reason, Reason::Withheld { by, .. } if by == "collector")));
}
