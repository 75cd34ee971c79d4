//! `marsad bench alert`: what judging costs, what a back-test of a month takes, and how long after a publish a webhook
//! hears of it.

mod delivery;
mod judging;
mod month;

use std::io::Write;

use serde_json::{Map, Value, json};
use settings::Settings;

use crate::bench::args::{AlertPart, BenchAlert};
use crate::failure::{Failure, unwritable};

/// What a part measured.
trait Figures: serde::Serialize {
    /// The name of the part in JSON.
    const NAME: &'static str;

    /// For people, a line each.
    fn lines(&self) -> Vec<String>;
}

pub(crate) async fn alert(settings: &Settings, options: &BenchAlert, as_json: bool) -> Result<(), Failure> {
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut told = Told { all: Map::new(), as_json };
    if wanted(AlertPart::Judge) {
        told.tell(&tokio::task::block_in_place(|| judging::measure(options.series))?)?;
    }
    if wanted(AlertPart::Backtest) {
        told.tell(&tokio::task::block_in_place(|| month::measure(settings, options.devices, options.days))?)?;
    }
    if wanted(AlertPart::Webhook) {
        told.tell(&delivery::measure(options.rate, options.seconds).await?)?;
    }
    if as_json {
        writeln!(std::io::stdout().lock(), "{}", Value::Object(told.all)).map_err(unwritable)?;
    }
    Ok(())
}

/// What has been told so far.
struct Told {
    all: Map<String, Value>,
    as_json: bool,
}

impl Told {
    /// Tells people at once, and machines when all is known.
    fn tell<F: Figures>(&mut self, figures: &F) -> Result<(), Failure> {
        if self.as_json {
            self.all.insert(F::NAME.to_owned(), json!(figures));
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        figures.lines().iter().try_for_each(|line| writeln!(out, "{line}")).map_err(unwritable)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
fn in_f64(count: u64) -> f64 {
    count as f64
}

fn mib(bytes: u64) -> f64 {
    in_f64(bytes) / in_f64(1 << 20)
}
