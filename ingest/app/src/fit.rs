//! Whether settings can be used: what `settings::check` sees, what only the parts know of theirs, and the
//! ranges that `config/default.toml` promises. `run` and `check` ask the same, so that what `check` calls
//! right does start.
//!
//! Deliberately absent: anything that takes an address or touches the data directory.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use pipeline::collector::Collector;
use ports::SystemClock;
use settings::{Checked, Settings, SettingsError};

use crate::failure::Failure;

/// The shortest time that a message waits.
const HOUR: Duration = Duration::from_secs(3600);
/// The least that the quarantine may hold.
const MEBIBYTE: u64 = 1 << 20;

/// Checks everything, with further rules (name and text). All that is wrong is told at once.
pub(crate) fn check(settings: &Settings, more_rules: &[(&str, &str)]) -> Result<Checked, Failure> {
    Ok(mistakes(settings, more_rules)?)
}

/// As [`check`], for a city that is not simulated.
pub(crate) fn check_real(settings: &Settings) -> Result<Checked, Failure> {
    let checked = mistakes(settings, &[]);
    match settings::unsealed(settings) {
        None => Ok(checked?),
        Some(unsealed) => Err(checked.err().into_iter().flatten().chain([unsealed]).collect::<Vec<_>>().into()),
    }
}

/// As [`check`]; each mistake by itself.
pub(crate) fn mistakes(settings: &Settings, more_rules: &[(&str, &str)]) -> Result<Checked, Vec<SettingsError>> {
    let mut errors = Vec::new();
    let checked = settings::check_with(settings, more_rules).map_err(|found| errors.extend(found)).ok();
    let telling = notify::City {
        catalogue: Arc::default(),
        zone: checked.as_ref().map_or(jiff::tz::TimeZone::UTC, |checked| checked.time.zone().clone()),
        simulated: None,
    };
    match notify::build(&settings.notify, &telling) {
        Ok(desk) => {
            if let Err(wrong) = notify::report::subscriptions(&settings.report, &settings.notify, &desk.lines) {
                let place = settings.place(&wrong.key(&settings.notify));
                errors.push(SettingsError { place, message: wrong.to_string() });
            }
        }
        // A file of shifts says itself where.
        Err(notify::SettingsError::Shifts(wrong)) => {
            errors.extend(wrong.into_iter().map(|wrong| SettingsError { place: wrong.place, message: wrong.message }));
        }
        Err(wrong) => {
            let place = settings.place(&wrong.key(&settings.notify));
            errors.push(SettingsError { place, message: wrong.to_string() });
        }
    }
    let mut say = |text: String| {
        // The parts name the place themselves.
        let (place, message) = text.split_once(": ").unwrap_or(("settings", &text));
        errors.push(SettingsError { place: place.to_owned(), message: message.to_owned() });
    };
    settings.journal.check().map_err(|e| say(e.to_string())).ok();
    settings.endpoint.check().map_err(|e| say(e.to_string())).ok();
    for broker in &settings.collector {
        Collector::new(broker, Arc::new(SystemClock)).map_err(|e| say(e.to_string())).ok();
    }
    ranges(settings).into_iter().flatten().for_each(say);
    match checked {
        Some(checked) if errors.is_empty() => Ok(checked),
        _ => Err(errors),
    }
}

/// Below it a merge has not room enough to work.
const LEAST_MEMORY: u64 = 64 * MEBIBYTE;

fn ranges(settings: &Settings) -> [Option<String>; 11] {
    let Settings { pipeline, store, http, quarantine, .. } = settings;
    [
        span("pipeline.flush_every", pipeline.flush_every, Duration::from_millis(100)..=Duration::from_secs(600), "100ms to 10m"),
        number("pipeline.flush_readings", pipeline.flush_readings, 1_000..=10_000_000),
        (store.memory.as_u64() < LEAST_MEMORY).then(|| format!("store.memory: {}, expected 64 MiB or more", store.memory)),
        (store.unflushed() as u64 <= pipeline.flush_readings).then(|| {
            let held = store.unflushed();
            format!("store.memory: room for {held} readings that are not on disk, expected more than pipeline.flush_readings")
        }),
        number("http.connections", http.connections as u64, 1..=u64::MAX),
        number("http.default_rows", http.default_rows as u64, 1..=u64::MAX),
        number("http.most_rows", http.most_rows as u64, 1..=u64::MAX),
        span("quarantine.keep", quarantine.keep, HOUR..=Duration::MAX, "1h or more"),
        (quarantine.limit.as_u64() < MEBIBYTE).then(|| format!("quarantine.limit: {}, expected 1 MiB or more", quarantine.limit)),
        http.request_timeout.is_zero().then(|| "http.request_timeout: no time, expected more than 0s".to_owned()),
        http.query_budget.is_zero().then(|| "http.query_budget: no time, expected more than 0s".to_owned()),
    ]
}

fn number(key: &str, value: u64, range: RangeInclusive<u64>) -> Option<String> {
    let expected = match (range.start(), range.end()) {
        (low, &u64::MAX) => format!("{low} or more"),
        (low, high) => format!("{low} to {high}"),
    };
    (!range.contains(&value)).then(|| format!("{key}: {value}, expected {expected}"))
}

fn span(key: &str, value: Duration, range: RangeInclusive<Duration>, expected: &str) -> Option<String> {
    (!range.contains(&value)).then(|| format!("{key}: {value:?}, expected {expected}"))
}
