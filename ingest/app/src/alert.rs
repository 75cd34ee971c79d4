//! `marsad alert why`: the chain of reasons for every message that an alert gave, or did not.

use std::io::{self, Write};

use clap::Subcommand;
use ports::{Delivery, Reason, Why};
use settings::Settings;

use crate::city::{City, Purpose, whole};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// Why each step of an alert was told, held or kept back
    #[command(after_help = "Examples:
  marsad alert why bin-full:bin-0042:waste.fill:0:1795291200000
  marsad alert why bin-full:bin-0042:waste.fill:0:1795291200000 --json

The ids of alerts stand in /api/v1/alerts. Works on a stopped data directory and through a running program.")]
    Why {
        /// The alert's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(crate) async fn alert(settings: &Settings, common: &Common, command: &AlertCommand) -> Result<(), Failure> {
    let AlertCommand::Why { id } = command;
    let named = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    if id.is_empty() || !id.chars().all(named) {
        return Err(Failure::new(Code::Failed, format!("`{id}` is not the id of an alert"))
            .hint("ids are rule:device:quantity:sensor:begin, as /api/v1/alerts shows them"));
    }
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let text = whole(city.ask(&format!("/api/v1/alerts/{id}/why")).await?).await?;
    let mut out = io::stdout().lock();
    if common.json {
        return out.write_all(&text).and_then(|()| writeln!(out)).map_err(unwritable);
    }
    let why: Why = serde_json::from_slice(&text)
        .map_err(|cause| Failure::new(Code::Failed, format!("the answer is not a chain of reasons of this version: {cause}")))?;
    tell(&mut out, &why).map_err(unwritable)
}

fn tell(out: &mut impl Write, why: &Why) -> io::Result<()> {
    writeln!(out, "alert     {}", why.alert)?;
    for step in &why.steps {
        writeln!(out, "{:<9} {}", step.phase.code(), step.at)?;
        for link in &step.chain {
            let receiver = link.receiver.as_ref().map_or("-", |receiver| receiver.as_str());
            writeln!(out, "  {}  {receiver:<16}  {}", link.at, say(&link.reason))?;
        }
        for delivery in &step.deliveries {
            writeln!(out, "  {}  {:<16}  {}", delivery.made_at, delivery.receiver, fared(delivery))?;
        }
        if step.chain.is_empty() && step.deliveries.is_empty() {
            writeln!(out, "  nobody is told of this step, or it is so long ago that the reasons are gone")?;
        }
    }
    Ok(())
}

fn say(reason: &Reason) -> String {
    match reason {
        Reason::Decided { rule, severity, value, since, held_ms, .. } => {
            let value = value.map_or_else(|| "silence".to_owned(), |value| format!("the value {value}"));
            let (severity, held) = (severity.code(), held_ms / 1000);
            format!("the rule {rule} ({severity}) decided by {value}, {held} s after {since}")
        }
        Reason::ToNobody => "the rule wants nobody told".to_owned(),
        Reason::Withheld { by, id, note, until } => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!("withheld by {by} {id}{until}: {note}")
        }
        Reason::Released => "what withheld it has ended, and it still fires".to_owned(),
        Reason::Acknowledged { by, until } => {
            let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
            format!("{by} has it in hand{until}: not said again, no escalation")
        }
        Reason::Unacknowledged { lapsed: true } => "the acknowledgement has lapsed: nobody has it in hand".to_owned(),
        Reason::Unacknowledged { lapsed: false } => "the acknowledgement was taken back: nobody has it in hand".to_owned(),
        Reason::NeverTold => "not told: nobody was told that it began".to_owned(),
        Reason::Territory { contractor: Some(contractor), note } => format!("the territory of {contractor} ({note})"),
        Reason::Territory { contractor: None, note } => format!("nobody's territory: {note}"),
        Reason::Routed { route } => format!("the route {route} takes it"),
        Reason::AsTheRuleSays => "no route takes it: it goes where the rule says".to_owned(),
        Reason::FollowsFiring => "it goes where the alert's beginning went".to_owned(),
        Reason::Grouped { group, until } => format!("waits until {until} for others of {group}"),
        Reason::QuietHours { until } => format!("quiet hours: held until {until}"),
        Reason::Storm { limit, until } => format!("more than {limit} messages: gathered until {until}"),
        Reason::Behind { until } => format!("waits behind an earlier step of its alert until {until}"),
        Reason::Flaps { times, within_ms } => {
            format!("it comes and goes, {times} times within {} s: what follows is held until it is calm", within_ms / 1000)
        }
        Reason::Flapping { until } => format!("held since it comes and goes, until {until} if it is calm by then"),
        Reason::Calm => "it is calm: told as it stands now".to_owned(),
        Reason::OnDuty { person, until, fallback } => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            let how = if *fallback { "stands in where no shift does" } else { "is on duty" };
            format!("{person} {how}{until}")
        }
        Reason::HearsOtherwise => "who is on duty is told of it by another way".to_owned(),
        Reason::Escalated { escalation, rung } => {
            format!("nobody had it in hand in time: step {rung} of the escalation {escalation}")
        }
        Reason::Posted { id, form, channels, steps, .. } => {
            let channels = channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("in the message {id} ({}, {steps} steps) over {channels}", form.code())
        }
        Reason::ReceiverGone => "let go: the settings have no such receiver any more".to_owned(),
    }
}

fn fared(delivery: &Delivery) -> String {
    let Delivery { channel, key, state, attempts, .. } = delivery;
    let via = delivery.via.as_ref().filter(|via| *via != channel).map(|via| format!(" via {via}")).unwrap_or_default();
    let at = delivery.settled_at.map(|at| format!(" at {at}")).unwrap_or_default();
    let trouble = delivery.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    format!("{channel}: {state}{via}{at}, {attempts} attempts, key {key}{trouble}")
}
