//! What a back-test prints: transitions, or the messages that would have gone.

use std::io::{self, Write};

use schemas::{Timestamp, Transition};
use serde_json::json;

use super::judges::Decided;
use super::telling::Telling;
use crate::failure::{Failure, unwritable};

/// Writes rows, as JSON or for people.
pub(super) struct Printer<W: Write> {
    pub(super) out: W,
    pub(super) json: bool,
    /// The planner, where messages are wanted.
    pub(super) telling: Option<Telling>,
    pub(super) rows: usize,
}

impl<W: Write> Printer<W> {
    pub(super) fn all(&mut self, said: &[Decided]) -> Result<(), Failure> {
        let Some(telling) = &mut self.telling else {
            return said.iter().try_for_each(|(heard, t, _)| self.transition(t, *heard).map_err(unwritable));
        };
        let mut told: Vec<&Decided> = said.iter().collect();
        told.sort_by_key(|(_, _, at)| *at);
        for (_, t, at) in told {
            telling.take(*at, t);
        }
        self.messages().map_err(unwritable)
    }

    /// Lets time go on to the end of what is looked at; when the next thing would be told, if anything is left.
    pub(super) fn until(&mut self, end: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let Some(telling) = &mut self.telling else { return Ok(None) };
        telling.pass(end);
        let next = telling.next();
        self.messages().map_err(unwritable)?;
        Ok(next)
    }

    fn messages(&mut self) -> io::Result<()> {
        let Some(telling) = &mut self.telling else { return Ok(()) };
        for message in telling.messages() {
            self.rows += 1;
            if self.json { writeln!(self.out, "{}", message.json())? } else { writeln!(self.out, "{message}")? }
        }
        Ok(())
    }

    fn transition(&mut self, t: &Transition, heard: Timestamp) -> io::Result<()> {
        self.rows += 1;
        let series = &t.series;
        if self.json {
            let mut row = json!({
                "at": t.at, "rule": t.rule, "device": series.device, "from": t.from, "to": t.to, "value": t.value,
                "severity": t.severity, "quantity": series.quantity, "channel": series.channel, "since": t.since,
                "id": t.id, "notify": t.notify,
            });
            if let Some(note) = &t.note {
                row["correction"] = json!(note);
                row["decided_at"] = json!(heard);
            }
            return writeln!(self.out, "{row}");
        }
        if self.rows == 1 {
            writeln!(
                self.out,
                "{:<24}  {:<22}  {:<18}  {:<20}  {:>10}  {:<9}  NOTE",
                "AT", "RULE", "DEVICE", "STEP", "VALUE", "SEVERITY"
            )?;
        }
        let step = format!("{} > {}", t.from.code(), t.to.code());
        let value = t
            .value
            .map_or_else(|| "-".to_owned(), |v| format!("{:.3}", v).trim_end_matches('0').trim_end_matches('.').to_owned());
        let note = t.note.as_ref().map_or("", schemas::Note::code);
        let (at, rule, device) = (t.at.to_string(), t.rule.as_str(), series.device.as_str());
        writeln!(self.out, "{at:<24}  {rule:<22}  {device:<18}  {step:<20}  {value:>10}  {:<9}  {note}", t.severity.code())
    }
}
