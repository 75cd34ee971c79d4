//! How far long work has come, on a terminal; nothing where nobody looks, or a line now and then where it is for hours.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, gone when dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Over so many of `things` as [`Progress::at`] will say.
    pub(crate) fn of(things: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}} of {{len}} {things}, {{eta}} left"));
        Self(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(crate) fn at(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// How often work of hours tells a log where it is.
const SAYS: Duration = Duration::from_secs(10);

/// As [`Progress`], with a count of readings and their rate; lines on standard error where that is no terminal.
#[derive(Debug)]
pub(crate) struct Meter {
    bar: ProgressBar,
    things: &'static str,
    /// Where it began, and of how many; none where that is not known.
    span: Option<(u64, u64)>,
    began: Instant,
    /// Readings when it began.
    before: Cell<Option<u64>>,
    /// When the last line was written; none on a terminal.
    said: Option<Cell<Instant>>,
}

impl Meter {
    /// From `done` of `all` things on.
    pub(crate) fn new(things: &'static str, done: u64, all: u64) -> Self {
        Self::over(things, Some((done, all)), &format!("{{bar:30}} {{pos}} of {{len}} {things}, {{msg}}, {{eta}} left"))
    }

    /// Of things of which nobody knows how many there are.
    pub(crate) fn open(things: &'static str) -> Self {
        Self::over(things, None, "{spinner} {msg}")
    }

    fn over(things: &'static str, span: Option<(u64, u64)>, template: &str) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(span.map_or(0, |(_, all)| all)) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bar.with_style(style).with_position(span.map_or(0, |(done, _)| done));
        // What was done before says nothing of the time that is left.
        bar.reset_eta();
        let said = (!terminal).then(|| Cell::new(Instant::now()));
        Self { bar, things, span, began: Instant::now(), before: Cell::new(None), said }
    }

    /// So many readings.
    pub(crate) fn at(&self, readings: u64) {
        self.with(0, readings);
    }

    /// So many things and readings.
    pub(crate) fn with(&self, done: u64, readings: u64) {
        let before = self.before.get().unwrap_or_else(|| {
            let before = if self.span.is_some_and(|(first, _)| first > 0) { readings } else { 0 };
            self.before.set(Some(before));
            before
        });
        let told = || format!("{readings} readings, {:.0}/s", per_second(readings.saturating_sub(before), self.began.elapsed()));
        match &self.said {
            None => {
                self.bar.set_position(done);
                self.bar.set_message(told());
            }
            Some(said) if said.get().elapsed() >= SAYS => {
                said.set(Instant::now());
                eprintln!("{}{}", self.share(done), told());
            }
            Some(_) => {}
        }
    }

    /// What of the whole is done, and how long the rest takes.
    fn share(&self, done: u64) -> String {
        let Some((first, all)) = self.span else { return String::new() };
        let rate = per_second(done.saturating_sub(first), self.began.elapsed());
        let left = per_second(all.saturating_sub(done), Duration::from_secs(1)) / rate;
        let left = if left.is_finite() { format!("{left:.0} s left") } else { "? left".to_owned() };
        format!("{done} of {all} {}, {left}, ", self.things)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
