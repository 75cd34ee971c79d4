//! What holds for every value, name, day and late reading, whatever the engine behind: the rules that servers break first.

use jiff::tz::TimeZone;
use ports::{Query, Selector, Shape, Store};
use schemas::{Flaw, HOUR, Quality, Reading, Timestamp};

use super::{Ground, append, ask, everything, fill, flush, hourly, latest, raw};

/// Up to twelve significant digits, of any size below the limit, come back as the store says; so do all flaws.
pub(super) async fn values_and_flaws_come_back_as_they_were(mut ground: impl Ground) {
    let store = ground.open().await;
    let values = [
        0.0,
        -0.1,
        1.0 / 8.0,
        72.5,
        -40.0,
        1e-6,
        0.123_456_789_012,
        999_999_999_999.0,
        -999_999_999_999.0,
        18_233_410.0,
        33.573_110_4,
        4_294_967_296.0,
    ];
    let every = Flaw::ALL.iter().fold(Quality::GOOD, |all, flaw| all.with(*flaw));
    let batch: Vec<Reading> = (0..)
        .zip(values)
        .map(|(i, value)| Reading { quality: if i % 2 == 0 { Quality::GOOD } else { every }, ..fill("a", i * 1_000, value) })
        .collect();
    append(&store, &batch).await;
    let caps = store.caps();
    let batch: Vec<Reading> = batch.into_iter().map(|r| Reading { value: caps.kept(r.value), ..r }).collect();
    for _ in 0..2 {
        assert_eq!(raw(&store, &everything()).await.0, batch);
        flush(&store).await;
    }
}

/// Names of every character that a name may have, and of the longest length, are kept apart.
pub(super) async fn odd_names_are_kept_apart(mut ground: impl Ground) {
    let store = ground.open().await;
    let long = "x".repeat(64);
    let names = ["0", "A.b_c:d-e", "A.b_c:d-f", "a", "a--", "a..", "a::", "a__", &long];
    let mut batch: Vec<Reading> = names.iter().map(|name| fill(name, 0, 1.5)).collect();
    append(&store, &batch).await;
    batch.sort_by(|a, b| a.series.device.cmp(&b.series.device));
    for _ in 0..2 {
        assert_eq!(raw(&store, &everything()).await.0, batch);
        assert_eq!(latest(&store, &Selector::default()).await, batch);
        for reading in &batch {
            let select = Selector { devices: vec![reading.series.device.clone()], ..Selector::default() };
            let query = Query { select: select.clone(), ..everything() };
            assert_eq!(raw(&store, &query).await.0, std::slice::from_ref(reading));
            assert_eq!(latest(&store, &select).await, std::slice::from_ref(reading));
        }
        flush(&store).await;
    }
}

/// A day ahead is kept. (What is further ahead is refused before any store.)
pub(super) async fn a_reading_of_tomorrow_is_kept(mut ground: impl Ground) {
    let store = ground.open().await;
    let batch = [fill("a", 0, 1.0), fill("a", 24 * HOUR, 2.0)];
    append(&store, &batch).await;
    flush(&store).await;
    assert_eq!(raw(&store, &everything()).await.0, batch);
    assert_eq!(latest(&store, &Selector::default()).await, batch[1..]);
}

/// An answer that was given once is not given again after late readings have changed it.
pub(super) async fn a_late_reading_shows_in_a_range_that_was_asked_before(mut ground: impl Ground) {
    let store = ground.open().await;
    append(&store, &[fill("a", 0, 1.0), fill("a", 30 * HOUR, 9.0)]).await;
    flush(&store).await;
    let day = |shape| ask(Selector::default(), 0..24 * HOUR, shape, 100);
    for step in 1..4 {
        let (readings, _) = raw(&store, &day(Shape::Raw)).await;
        assert_eq!(readings.len(), step, "{readings:?}");
        let hours = hourly(&store, &day(Shape::Hourly)).await;
        assert_eq!(hours.iter().map(|hour| hour.count).sum::<u64>(), readings.len() as u64);
        let offset = i64::try_from(step).expect("a few steps") * 60_000;
        append(&store, &[fill("a", offset, 2.0)]).await;
        flush(&store).await;
    }
}

/// The hours of a local day, 23, 24 or 25 of them, come to what its readings come to.
pub(super) async fn hours_fold_into_local_days(mut ground: impl Ground) {
    let store = ground.open().await;
    // Morocco leaves UTC+1 for good on 20 September 2026, and left it for Ramadan before; Paris has two days a year.
    let days = [
        ("Africa/Casablanca", [(2026, 9, 18), (2026, 9, 19), (2026, 9, 20), (2026, 9, 21), (2026, 9, 22)]),
        ("Africa/Casablanca", [(2026, 2, 14), (2026, 2, 15), (2026, 2, 16), (2026, 3, 22), (2026, 3, 23)]),
        ("Europe/Paris", [(2026, 3, 28), (2026, 3, 29), (2026, 3, 30), (2026, 10, 25), (2026, 10, 26)]),
    ];
    let mut lengths = Vec::new();
    for (name, dates) in days {
        let zone = TimeZone::get(name).expect("the bundled table has it");
        for (year, month, day) in dates {
            let date = jiff::civil::date(year, month, day);
            let edge = |date: jiff::civil::Date| {
                let local = date.to_zoned(zone.clone()).expect("a day of this century");
                Timestamp::clamped(local.timestamp().as_millisecond())
            };
            let (start, end) = (edge(date), edge(date.tomorrow().expect("a day of this century")));
            lengths.push((end.millis() - start.millis()) / HOUR);
            let instants: Vec<i64> = (start.millis()..end.millis()).step_by(17 * 60_000).chain([end.millis() - 1]).collect();
            let batch: Vec<Reading> = (0..)
                .zip(&instants)
                .map(|(i, at)| Reading { observed_at: Timestamp::clamped(*at), ..fill(name_of(name), 0, f64::from(i)) })
                .collect();
            append(&store, &batch).await;
            let select = Selector { devices: vec![batch[0].series.device.clone()], ..Selector::default() };
            let query = Query { select, range: start..end, shape: Shape::Hourly, limit: 100 };
            let hours = hourly(&store, &query).await;
            let expected: f64 = batch.iter().map(|reading| reading.value).sum();
            assert_eq!(hours.iter().map(|hour| hour.count).sum::<u64>(), instants.len() as u64, "{name} {date}");
            assert!((hours.iter().map(|hour| hour.sum).sum::<f64>() - expected).abs() < 1e-6, "{name} {date}");
            assert_eq!(hours.first().map(|hour| hour.first), batch.first().map(|reading| reading.value));
            assert_eq!(hours.last().map(|hour| hour.last), batch.last().map(|reading| reading.value));
        }
    }
    assert_eq!(lengths, [24, 24, 25, 24, 24, 24, 25, 24, 23, 24, 24, 23, 24, 25, 24]);
}

fn name_of(zone: &str) -> &str {
    zone.rsplit('/').next().unwrap_or(zone)
}
