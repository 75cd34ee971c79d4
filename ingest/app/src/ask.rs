//! `marsad status`, `query` and `export`: one question, put to the running program over HTTP or, where
//! none runs, to the same API on the stopped data directory.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use ports::{Clock, Live, Status, Store, SystemClock};
use schemas::Timestamp;
use serde::Deserialize;
use settings::Settings;
use tower::ServiceExt;

use crate::cli::{Common, Every, Export, Format, Query};
use crate::directory::{DataDirectory, running};
use crate::failure::{Code, Failure, is_disk, unwritable};
use crate::observer::{Desk, Loops, Observer};
use crate::platform::{Opened, decoder, house};

/// Whom to ask.
pub(crate) enum City {
    Running { client: reqwest::Client, base: String },
    Stopped { router: Router, _held: DataDirectory },
}

/// An answer, still coming.
pub(crate) type Answer = BoxStream<'static, io::Result<Bytes>>;

impl City {
    /// The program at `--http`, else the one that runs on the data directory, else the directory.
    pub(crate) async fn reach(settings: &Settings, common: &Common) -> Result<Self, Failure> {
        if common.http.is_some() {
            return Ok(Self::running(format!("http://{}", settings.http.listen)));
        }
        let path = &settings.data.directory;
        if !path.is_dir() {
            return Err(Failure::new(Code::Failed, format!("there is no data directory {}", path.display()))
                .hint("name it with --data DIR (that of a demo is marsad-demo), or the running program with --http HOST:PORT"));
        }
        match DataDirectory::hold(path)? {
            Some(held) => Self::stopped(settings, held).await,
            None => running(path).map(|r| Self::running(r.http)).ok_or_else(|| {
                Failure::new(Code::Unavailable, format!("a program holds {} but does not say where it answers", path.display()))
                    .hint("name it with --http HOST:PORT")
            }),
        }
    }

    fn running(base: String) -> Self {
        Self::Running { client: reqwest::Client::new(), base }
    }

    async fn stopped(settings: &Settings, held: DataDirectory) -> Result<Self, Failure> {
        let checked = settings::check(settings)?;
        let opened = Opened::open(settings, held)?;
        let decoder = decoder(&Arc::new(checked.catalogue), checked.profiles)?;
        let view = opened.journal.view();
        let store: Arc<dyn Store> = opened.store;
        let damaged = |e: pipeline::PipelineError| Failure::new(Code::Stopped, e.to_string());
        let identity = pipeline::standing(&view).map_err(damaged)?;
        pipeline::overlay(&view, &decoder, &*store).await.map_err(damaged)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let observer = Observer {
            city: settings.city.name.en.clone(),
            demo: false,
            started_at: clock.now(),
            clock: Arc::clone(&clock),
            loops: Loops::Stopped { journal: view, identity },
            store: Arc::clone(&store),
            register: opened.register,
            directory: settings.data.directory.clone(),
        };
        let house = house(settings, store, Desk(Arc::new(observer)), Live::new(1), clock, false)?;
        Ok(Self::Stopped { router: dashboards::router(house), _held: opened.directory })
    }

    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, Failure> {
        let (status, answer) = match self {
            Self::Running { client, base } => {
                let answer = client.get(format!("{base}{path}")).send().await;
                let answer = answer.map_err(|_| {
                    Failure::new(Code::Unavailable, format!("nobody answers at {base}"))
                        .hint("is the program running? see `marsad doctor`")
                })?;
                (answer.status().as_u16(), answer.bytes_stream().map_err(io::Error::other).boxed())
            }
            Self::Stopped { router, .. } => {
                let request = Request::get(path).body(Body::empty()).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
                let Ok(answer) = router.clone().oneshot(request).await;
                (answer.status().as_u16(), answer.into_body().into_data_stream().map_err(io::Error::other).boxed())
            }
        };
        if (200..300).contains(&status) { Ok(answer) } else { Err(refused(status, answer).await) }
    }
}

/// A problem (RFC 9457) as a failure.
async fn refused(status: u16, mut answer: Answer) -> Failure {
    #[derive(Deserialize)]
    struct Problem {
        detail: Option<String>,
        title: Option<String>,
    }
    let mut text = Vec::new();
    while let Some(Ok(part)) = answer.next().await {
        text.extend_from_slice(&part);
        if text.len() > 64 << 10 {
            break;
        }
    }
    let said = serde_json::from_slice::<Problem>(&text).ok().and_then(|p| p.detail.or(p.title));
    Failure::new(Code::Failed, said.unwrap_or_else(|| format!("the answer was {status}")))
}

pub(crate) async fn whole(mut answer: Answer) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    while let Some(part) = answer.next().await {
        text.extend_from_slice(&part.map_err(broken)?);
    }
    Ok(text)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function on Result::map_err")]
fn broken(cause: io::Error) -> Failure {
    Failure::new(Code::Unavailable, format!("the answer broke off: {cause}"))
}

pub(crate) async fn status(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let city = City::reach(settings, common).await?;
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
    if query.every == Some(Every::Hour) {
        path += "&every=1h";
    }
    path += &range(query.from, query.to);
    path += &format!("&limit={}", query.limit);
    let city = City::reach(settings, common).await?;
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
fn range(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
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
                    "HOUR FROM", "DEVICE", "QUANTITY", "COUNT", "MEAN", "MIN", "MAX"
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

pub(crate) async fn export(settings: &Settings, common: &Common, export: &Export) -> Result<(), Failure> {
    let format = match export.format {
        Format::Csv => "csv",
        Format::Ndjson => "ndjson",
    };
    let mut path = format!("/api/v1/readings?format={format}");
    path += &range(Some(export.from), Some(export.to.unwrap_or_else(|| SystemClock.now())));
    if let Some(kind) = &export.kind {
        path += &format!("&kind={kind}");
    }
    let city = City::reach(settings, common).await?;
    let mut answer = city.ask(&path).await?;
    let progress = progress();
    let mut out: Box<dyn Write> = match &export.output {
        Some(file) => Box::new(File::create(file).map_err(|cause| {
            let code = if is_disk(&cause) { Code::Disk } else { Code::Failed };
            Failure::new(code, format!("{} cannot be written: {cause}", file.display()))
        })?),
        None => Box::new(io::stdout().lock()),
    };
    let (mut lines, mut last) = (0usize, None);
    while let Some(part) = answer.next().await {
        let part = part.map_err(broken)?;
        out.write_all(&part).map_err(unwritable)?;
        lines += part.iter().filter(|b| **b == b'\n').count();
        last = part.last().copied().or(last);
        progress.inc(part.len() as u64);
    }
    out.flush().map_err(unwritable)?;
    progress.finish_and_clear();
    if last.is_some_and(|b| b != b'\n') {
        return Err(Failure::new(Code::Unavailable, "the answer broke off in the middle of a row"));
    }
    let rows = lines.saturating_sub(usize::from(export.format == Format::Csv));
    eprintln!("{rows} readings written");
    Ok(())
}

/// Bytes and rate on a terminal, nothing elsewhere.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {bytes} written, {bytes_per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// Cuts an answer into lines.
struct Lines {
    answer: Answer,
    rest: Vec<u8>,
    at: usize,
}

impl Lines {
    fn new(answer: Answer) -> Self {
        Self { answer, rest: Vec::new(), at: 0 }
    }

    /// The next line, without its end; none at the end of the answer.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
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
