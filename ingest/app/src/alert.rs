//! `marsad alert`: what can be done to an alert, and the chain of reasons for every message that it gave, or did not.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use ports::{Delivery, Reason, Why};
use schemas::Person;
use settings::Settings;

use crate::city::{City, Purpose, whole};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};
use crate::operator::{self, Author, List, Until};

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// Alerts, gravest and newest first
    #[command(after_help = "Examples:
  marsad alert list
  marsad alert list --view history --device bin-0042
  marsad alert list --view silenced --zone anfa --json")]
    List(List),
    /// One alert, and what was done to it
    #[command(after_help = "Example:
  marsad alert show bin-full:bin-0042:waste.fill:0:1795291200000")]
    Show(Which),
    /// Have an alert in hand: no reminders, no escalation
    #[command(
        visible_alias = "ack",
        after_help = "Examples:
  marsad alert acknowledge bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer' --note 'truck 4 is on its way'
  marsad alert ack bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer' --for 2h

Without an end it holds as long as the alert fires; with one, at most seven days."
    )]
    Acknowledge {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        until: Until,
        #[command(flatten)]
        author: Author,
    },
    /// Have it in hand no more
    #[command(after_help = "Example:
  marsad alert unacknowledge bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer'")]
    Unacknowledge(Plain),
    /// Say whose it is to see to
    #[command(after_help = "Examples:
  marsad alert assign bin-full:bin-0042:waste.fill:0:1795291200000 --to 'team 4' --by 'duty officer'
  marsad alert assign bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer'      to nobody")]
    Assign {
        #[command(flatten)]
        which: Which,
        /// Whose; nobody's where it is not given
        #[arg(long, value_name = "NAME")]
        to: Option<Person>,
        #[command(flatten)]
        author: Author,
    },
    /// Put an alert aside: nobody is told until it comes back
    #[command(after_help = "Example:
  marsad alert shelve bin-full:bin-0042:waste.fill:0:1795291200000 --for 2d --by 'duty officer' --note 'sensor is replaced on Friday'

At most thirty days. It comes back by itself, and is told then if it still fires.")]
    Shelve {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        until: Until,
        #[command(flatten)]
        author: Author,
    },
    /// Take it from the shelf
    #[command(after_help = "Example:
  marsad alert unshelve bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer'")]
    Unshelve(Plain),
    /// Say that it is over; the next episode is another alert
    #[command(after_help = "Example:
  marsad alert resolve bin-full:bin-0042:waste.fill:0:1795291200000 --by 'duty officer' --note 'emptied, sensor is stuck'")]
    Resolve(Plain),
    /// Why each step of an alert was told, held or kept back
    #[command(after_help = "Examples:
  marsad alert why bin-full:bin-0042:waste.fill:0:1795291200000
  marsad alert why bin-full:bin-0042:waste.fill:0:1795291200000 --json

The ids of alerts stand in `marsad alert list`. Works on a stopped data directory and through a running program.")]
    Why(Which),
}

/// Which alert.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The alert's id
    #[arg(value_name = "ID", value_parser = named)]
    id: String,
}

/// Which alert, and who.
#[derive(Debug, Args)]
pub(crate) struct Plain {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    author: Author,
}

fn named(id: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    if id.is_empty() || !id.chars().all(fits) {
        return Err("ids are rule:device:quantity:sensor:begin, as `marsad alert list` shows them".to_owned());
    }
    Ok(id.to_owned())
}

pub(crate) async fn alert(settings: &Settings, common: &Common, command: &AlertCommand) -> Result<(), Failure> {
    let (which, deed, author) = match command {
        AlertCommand::List(list) => return operator::list(settings, common, list).await,
        AlertCommand::Show(which) => return operator::show(settings, common, &which.id).await,
        AlertCommand::Why(which) => return why(settings, common, &which.id).await,
        AlertCommand::Acknowledge { which, until, author } => (which, ("acknowledge", Some(until), None), author),
        AlertCommand::Shelve { which, until, author } => (which, ("shelve", Some(until), None), author),
        AlertCommand::Assign { which, to, author } => (which, ("assign", None, to.as_ref()), author),
        AlertCommand::Unacknowledge(Plain { which, author }) => (which, ("unacknowledge", None, None), author),
        AlertCommand::Unshelve(Plain { which, author }) => (which, ("unshelve", None, None), author),
        AlertCommand::Resolve(Plain { which, author }) => (which, ("resolve", None, None), author),
    };
    operator::act(settings, common, &which.id, deed, author).await
}

async fn why(settings: &Settings, common: &Common, id: &str) -> Result<(), Failure> {
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
