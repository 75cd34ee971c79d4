//! `marsad status` and `query`: one question each, put to the city.

use std::io::{self, Write};

use futures_util::StreamExt;
use ports::Status;
use schemas::Timestamp;
use serde::Deserialize;
use settings::Settings;

use crate::city::{Answer, City, Purpose, broken, whole};
use crate::cli::{Common, Every, Query};
use crate::failure::{Code, Failure, unwritable};

pub(crate) async fn status(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let text = whole(city.ask("/api/v1/status").await?).await?;
    let mut out = io::stdout().lock();
    if common.json {
        out.write_all(&text).and_then(|()| writeln!(out)).map_err(unwritable)?;
        return Ok(());
    }
    let status: Status = serde_json::from_slice(&text)
        .map_err(|cause| Failure::new(Code::Failed, format!("the answer is not a status of this version: {cause}")))?;
    tell(&mut out, &status, matches!(city, City::Running { .. })).map_err(unwritable)
}

fn tell(out: &mut impl Write, status: &Status, alive: bool) -> io::Result<()> {
    let i = status.identity;
    let since = if alive { format!("running since {}", status.started_at) } else { "stopped".to_owned() };
    writeln!(out, "Marsad {} in {}, {since}", status.version, status.city)?;
    writeln!(
        out,
        "messages  {} received = {} stored + {} duplicate + {} quarantined + {} refused + {} waiting ({})",
        i.received,
        i.stored,
        i.duplicate,
        i.quarantined,
        i.refused,
        i.waiting,
        if i.balances() { "balances" } else { "DOES NOT BALANCE" }
    )?;
    writeln!(
        out,
        "journal   {} to {}, {} of {} bytes",
        status.journal_first, status.journal_next, status.journal_bytes, status.journal_limit
    )?;
    writeln!(
        out,
        "store     {}: {} readings of {} series, {} bytes",
        status.store, status.store_readings, status.store_series, status.store_bytes
    )?;
    let left = status.quarantine.departed;
    writeln!(
        out,
        "quarantine {} wait, {} bytes; brought back {}, dropped {}, forgotten {}",
        status.quarantine.messages,
        status.quarantine.bytes,
        left.stored + left.duplicate,
        left.dropped,
        left.forgotten
    )?;
    writeln!(out, "devices   {}", status.devices)?;
    writeln!(
        out,
        "alerts    {} firing, {} pending; {} notifications wait, {} are dead",
        status.alerts_firing, status.alerts_pending, status.outbox_waiting, status.outbox_dead
    )?;
    for source in &status.sources {
        writeln!(
            out,
            "source    {} {}: {} connections, {} received, {} refused",
            source.name, source.address, source.connections, source.received, source.refused
        )?;
    }
    for check in &status.checks {
        writeln!(out, "{}  {} {}", if check.ok { "ok      " } else { "BAD     " }, check.name, check.text)?;
    }
    Ok(())
}

pub(crate) async fn query(settings: &Settings, common: &Common, query: &Query) -> Result<(), Failure> {
    let mut path = String::from("/api/v1/readings?format=ndjson");
    for device in &query.device {
        path += &format!("&device={device}");
    }
    for quantity in &query.quantity {
        path += &format!("&quantity={quantity}");
    }
    match query.every {
        None => {}
        Some(Every::Hour) => path += "&every=1h",
        Some(Every::Day) => path += "&every=1d",
    }
    path += &range(query.from, query.to);
    path += &format!("&limit={}", query.limit);
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let mut lines = Lines::new(city.ask(&path).await?);
    let (mut out, mut rows) = (io::BufWriter::new(io::stdout().lock()), 0u32);
    while let Some(line) = lines.next().await? {
        if common.json {
            out.write_all(&line).and_then(|()| out.write_all(b"\n")).map_err(unwritable)?;
        } else {
            print_row(&mut out, &line, rows == 0)?;
        }
        rows += 1;
    }
    out.flush().map_err(unwritable)?;
    if rows == 0 {
        let asked = if query.from.is_none() { "in those 24 hours; see --from" } else { "in that period" };
        eprintln!("no readings {asked}");
    } else if rows == query.limit {
        eprintln!("{rows} rows, the limit: there may be more, see --limit");
    }
    Ok(())
}

/// Parameters of a period; without a start the server takes the 24 hours before the end.
pub(crate) fn range(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    let one = |name: &str, at: Option<Timestamp>| at.map_or_else(String::new, |at| format!("&{name}={at}"));
    one("from", from) + &one("to", to)
}

/// A row of either shape, as the API gives it.
#[derive(Deserialize)]
struct Row {
    device: String,
    quantity: String,
    unit: String,
    channel: u8,
    value: Option<f64>,
    observed_at: Option<Timestamp>,
    #[serde(default)]
    quality: Vec<String>,
    start: Option<Timestamp>,
    count: Option<u64>,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

fn print_row(out: &mut impl Write, line: &[u8], first: bool) -> Result<(), Failure> {
    let row: Row = serde_json::from_slice(line)
        .map_err(|cause| Failure::new(Code::Failed, format!("a row of the answer cannot be read: {cause}")))?;
    let series = if row.channel == 0 { row.quantity } else { format!("{}#{}", row.quantity, row.channel) };
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
    let written = match (row.observed_at, row.start) {
        (Some(at), _) => {
            if first {
                writeln!(
                    out,
                    "{:<24}  {:<20}  {:<26}  {:>12}  {:<8}  QUALITY",
                    "OBSERVED AT", "DEVICE", "QUANTITY", "VALUE", "UNIT"
                )
                .map_err(unwritable)?;
            }
            let quality = if row.quality.is_empty() { "good".to_owned() } else { row.quality.join(",") };
            writeln!(out, "{at:<24}  {:<20}  {series:<26}  {:>12}  {:<8}  {quality}", row.device, number(row.value), row.unit)
        }
        (None, Some(start)) => {
            if first {
                writeln!(
                    out,
                    "{:<24}  {:<20}  {:<26}  {:>6}  {:>12}  {:>12}  {:>12}  UNIT",
                    "FROM", "DEVICE", "QUANTITY", "COUNT", "MEAN", "MIN", "MAX"
                )
                .map_err(unwritable)?;
            }
            let [mean, min, max] = [row.mean, row.min, row.max].map(number);
            writeln!(
                out,
                "{start:<24}  {:<20}  {series:<26}  {:>6}  {mean:>12}  {min:>12}  {max:>12}  {}",
                row.device,
                row.count.unwrap_or_default(),
                row.unit
            )
        }
        (None, None) => Ok(()),
    };
    written.map_err(unwritable)
}

/// Cuts an answer into lines.
pub(crate) struct Lines {
    answer: Answer,
    rest: Vec<u8>,
    at: usize,
}

impl Lines {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { answer, rest: Vec::new(), at: 0 }
    }

    /// The next line, without its end; none at the end of the answer.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let ahead = self.rest.get(self.at..).unwrap_or_default();
            if let Some(end) = ahead.iter().position(|b| *b == b'\n') {
                let line = ahead.get(..end).unwrap_or_default().to_vec();
                self.at += end + 1;
                return Ok(Some(line));
            }
            self.rest.drain(..self.at);
            self.at = 0;
            match self.answer.next().await {
                Some(part) => self.rest.extend_from_slice(&part.map_err(broken)?),
                None if self.rest.is_empty() => return Ok(None),
                None => return Err(Failure::new(Code::Unavailable, "the answer broke off in the middle of a row")),
            }
        }
    }
}
