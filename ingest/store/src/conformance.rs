//! The suite that every store of the house passes: functions, so that each store's own tests run
//! them on their own [`Ground`]. The in-memory store is the oracle.
//!
//! Deliberately absent: speed, faults of one store's own medium.

mod any_traffic;
mod rolling;
mod rules;

use std::future::Future;
use std::ops::Range;

use ports::{Points, Query, Selector, Shape, Store, StoreError};
use schemas::{DeviceId, Flaw, HOUR, Kind, Partial, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

pub use any_traffic::any_traffic_is_answered_as_memory_answers_it;
pub use rolling::Rolling;

/// A place where a store is opened, closed and opened again.
pub trait Ground {
    /// The store.
    type Open: Store;

    /// Opens it: empty the first time on new ground, later with what was flushed. What was opened
    /// before is dropped before.
    fn open(&mut self) -> impl Future<Output = Self::Open>;

    /// Whether what was flushed is there after opening it again.
    fn durable(&self) -> bool;
}

/// Runs everything but [`any_traffic_is_answered_as_memory_answers_it`], each on new ground.
///
/// # Panics
/// Where the store answers otherwise than the specification, with the question.
pub fn all<G: Ground>(fresh: impl Fn() -> G) {
    block_on(async {
        points_come_in_order_and_the_limit_cuts_them(fresh()).await;
        pages_join_without_loss(fresh()).await;
        a_repeat_is_not_new_and_a_correction_wins(fresh()).await;
        late_readings_find_their_place(fresh()).await;
        a_window_holds_its_start_and_not_its_stop(fresh()).await;
        an_empty_range_gives_nothing(fresh()).await;
        hours_come_to_count_min_max_first_last_and_sum(fresh()).await;
        latest_is_one_row_a_series(fresh()).await;
        a_move_leaves_history_in_the_old_zone(fresh()).await;
        a_correction_may_move_a_reading_to_another_zone(fresh()).await;
        what_is_forgotten_is_gone_and_the_rest_stays(fresh()).await;
        values_that_no_store_can_hold_are_refused(fresh()).await;
        what_is_flushed_outlives_the_program(fresh()).await;
        rules::values_and_flaws_come_back_as_they_were(fresh()).await;
        rules::odd_names_are_kept_apart(fresh()).await;
        rules::a_reading_of_tomorrow_is_kept(fresh()).await;
        rules::a_late_reading_shows_in_a_range_that_was_asked_before(fresh()).await;
        rules::hours_fold_into_local_days(fresh()).await;
    });
}

/// Runs a future to its end, on a runtime of its own.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a test may have threads");
    runtime.block_on(future)
}

/// Long past, since some servers take nothing of the future.
const T0: i64 = 1_737_003_600_000 - 1_737_003_600_000 % HOUR;

fn at(offset: i64) -> Timestamp {
    Timestamp::clamped(T0 + offset)
}

fn zone(name: &str) -> Zone {
    Zone::new(name).expect("the suite's names are good")
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).expect("the suite's names are good")
}

fn reading(name: &str, quantity: Quantity, offset: i64, value: f64) -> Reading {
    Reading {
        series: SeriesKey { device: device(name), quantity, channel: 0 },
        kind: Kind::WASTE,
        zone: zone("anfa"),
        value,
        observed_at: at(offset),
        received_at: at(offset + 250),
        quality: Quality::GOOD,
    }
}

fn fill(name: &str, offset: i64, value: f64) -> Reading {
    reading(name, Quantity::WASTE_FILL, offset, value)
}

fn ask(select: Selector, range: Range<i64>, shape: Shape, limit: usize) -> Query {
    Query { select, range: at(range.start)..at(range.end), shape, limit }
}

fn everything() -> Query {
    let range = Timestamp::MIN..Timestamp::MAX;
    Query { select: Selector::default(), range, shape: Shape::Raw, limit: usize::MAX }
}

async fn raw(store: &impl Store, query: &Query) -> (Vec<Reading>, bool) {
    match store.scan(query).await {
        Ok(Points::Raw { readings, more }) => (readings, more),
        other => panic!("{query:?} must give readings, gave {other:?}"),
    }
}

async fn hourly(store: &impl Store, query: &Query) -> Vec<Partial> {
    match store.scan(query).await {
        Ok(Points::Hourly { partials, .. }) => partials,
        other => panic!("{query:?} must give partials, gave {other:?}"),
    }
}

async fn append(store: &impl Store, batch: &[Reading]) -> Vec<bool> {
    store.append(batch).await.expect("the store takes good readings").new
}

async fn flush(store: &impl Store) {
    store.flush().await.expect("the store can be flushed");
}

/// Order is (time, device, quantity name, channel), whatever the order of arrival.
async fn points_come_in_order_and_the_limit_cuts_them(mut ground: impl Ground) {
    let store = ground.open().await;
    let mut other = fill("b", 0, 4.0);
    other.series.channel = 1;
    // `battery.voltage` comes after `waste.fill` in the vocabulary and before it among names.
    let batch = [
        fill("b", 60_000, 1.0),
        other.clone(),
        fill("b", 0, 2.0),
        reading("b", Quantity::BATTERY_VOLTAGE, 0, 3.0),
        fill("a", 0, 5.0),
    ];
    append(&store, &batch).await;
    let expected = [&batch[4], &batch[3], &batch[2], &other, &batch[0]].map(Clone::clone);
    for _ in 0..2 {
        assert_eq!(raw(&store, &everything()).await, (expected.to_vec(), false));
        for limit in 0..5 {
            let (cut, more) = raw(&store, &Query { limit, ..everything() }).await;
            assert_eq!((&cut[..], more), (&expected[..limit], true), "limit {limit}");
        }
        assert!(!raw(&store, &Query { limit: 5, ..everything() }).await.1, "a limit that fits cuts nothing");
        flush(&store).await;
    }
}

/// Asking again from the time of the last point gives all that there is.
async fn pages_join_without_loss(mut ground: impl Ground) {
    let store = ground.open().await;
    for part in 0..4 {
        let batch: Vec<_> =
            (0..100i32).map(|i| fill(&format!("d{}", i % 3), i64::from((i * 4 + part) / 2) * HOUR, f64::from(i))).collect();
        append(&store, &batch).await;
        flush(&store).await;
    }
    let (whole, _) = raw(&store, &everything()).await;
    let (mut joined, mut from) = (Vec::<Reading>::new(), Timestamp::MIN);
    loop {
        let query = Query { range: from..Timestamp::MAX, limit: 7, ..everything() };
        let (page, more) = raw(&store, &query).await;
        joined.retain(|r| r.observed_at < from);
        joined.extend(page);
        if !more {
            break;
        }
        from = joined.last().map_or(from, |r| r.observed_at);
    }
    assert_eq!(joined, whole);
}

/// (series, `observed_at`) is the key; the last appended wins; a repeat changes nothing.
async fn a_repeat_is_not_new_and_a_correction_wins(mut ground: impl Ground) {
    let store = ground.open().await;
    let first = fill("a", 0, 10.0);
    let late_copy = Reading { received_at: at(9_000), ..first.clone() };
    let doubted = Reading { quality: Flaw::Spike.into(), ..first.clone() };
    let corrected = Reading { value: 11.0, ..first.clone() };
    assert_eq!(append(&store, &[first.clone(), late_copy.clone()]).await, [true, false]);
    flush(&store).await;
    assert_eq!(append(&store, std::slice::from_ref(&late_copy)).await, [false], "flushed readings are known too");
    assert_eq!(raw(&store, &everything()).await.0, [first], "what was heard first stays");
    assert_eq!(append(&store, &[doubted.clone(), corrected.clone(), corrected.clone()]).await, [true, true, false]);
    for _ in 0..2 {
        assert_eq!(raw(&store, &everything()).await.0, std::slice::from_ref(&corrected));
        assert_eq!(latest(&store, &Selector::default()).await, std::slice::from_ref(&corrected));
        flush(&store).await;
    }
}

/// Late by a second, an hour, 26 hours, 89 days; out of order in a batch.
async fn late_readings_find_their_place(mut ground: impl Ground) {
    let store = ground.open().await;
    let offsets = [0, -1_000, HOUR, -HOUR, -26 * HOUR, 5, -89 * 24 * HOUR, -1];
    for (batch, flushed) in offsets.chunks(3).zip([true, false, true]) {
        let batch: Vec<_> = batch.iter().map(|o| fill("a", *o, 1.5)).collect();
        assert!(append(&store, &batch).await.iter().all(|new| *new));
        if flushed {
            flush(&store).await;
        }
    }
    let mut sorted = offsets;
    sorted.sort_unstable();
    assert_eq!(raw(&store, &everything()).await.0, sorted.map(|o| fill("a", o, 1.5)));
    assert_eq!(latest(&store, &Selector::default()).await, [fill("a", HOUR, 1.5)]);
}

/// `[start, stop)` to the millisecond.
async fn a_window_holds_its_start_and_not_its_stop(mut ground: impl Ground) {
    let store = ground.open().await;
    let batch: Vec<_> = [-1, 0, HOUR - 1, HOUR].map(|o| fill("a", o, 1.0)).to_vec();
    append(&store, &batch).await;
    for _ in 0..2 {
        let inside = raw(&store, &ask(Selector::default(), 0..HOUR, Shape::Raw, 100)).await.0;
        assert_eq!(inside, batch[1..3]);
        let hours = hourly(&store, &ask(Selector::default(), 0..HOUR, Shape::Hourly, 100)).await;
        assert_eq!(hours.iter().map(|p| (p.start, p.count)).collect::<Vec<_>>(), [(at(0), 2)]);
        flush(&store).await;
    }
}

/// Nothing, and no error.
async fn an_empty_range_gives_nothing(mut ground: impl Ground) {
    let store = ground.open().await;
    append(&store, &[fill("a", 0, 1.0)]).await;
    for (from, to) in [(0, 0), (5, -5), (HOUR, 2 * HOUR)] {
        for shape in [Shape::Raw, Shape::Hourly] {
            let query = ask(Selector::default(), from..to, shape, 10);
            let points = store.scan(&query).await.expect("an empty range is a question");
            assert!(points.is_empty() && !points.more(), "{query:?} gave {points:?}");
        }
    }
}

/// Bad readings are left out, hours without readings are absent, first and last go by `observed_at`.
async fn hours_come_to_count_min_max_first_last_and_sum(mut ground: impl Ground) {
    let store = ground.open().await;
    let bad = Reading { quality: Flaw::SensorFault.into(), ..fill("a", 30_000, 1e9) };
    let doubtful = Reading { quality: Flaw::Late.into(), ..fill("a", 40_000, 0.3) };
    append(&store, &[fill("a", 50_000, 0.1), bad.clone(), fill("a", 10_000, 0.2)]).await;
    flush(&store).await;
    append(&store, &[doubtful, Reading { observed_at: at(3 * HOUR), ..bad }, fill("a", 2 * HOUR, -7.0)]).await;
    let hours = hourly(&store, &ask(Selector::default(), 0..4 * HOUR, Shape::Hourly, 10)).await;
    let series = fill("a", 0, 0.0).series;
    let (first, third) = (&hours[0], &hours[1]);
    assert_eq!(hours.len(), 2, "{hours:?}");
    assert!((first.sum - 0.6).abs() <= 1e-9 * 0.6);
    let expected =
        Partial { series: series.clone(), start: at(0), count: 3, sum: first.sum, min: 0.1, max: 0.3, first: 0.2, last: 0.1 };
    assert_eq!(*first, expected);
    let expected = Partial { series, start: at(2 * HOUR), count: 1, sum: -7.0, min: -7.0, max: -7.0, first: -7.0, last: -7.0 };
    assert_eq!(*third, expected);
}

async fn latest(store: &impl Store, select: &Selector) -> Vec<Reading> {
    store.latest(select).await.expect("latest is answered")
}

/// By `observed_at`, not by arrival; ordered by name.
async fn latest_is_one_row_a_series(mut ground: impl Ground) {
    let store = ground.open().await;
    let batch = [fill("b", 5, 1.0), fill("b", 0, 2.0), reading("b", Quantity::BATTERY_VOLTAGE, 9, 3.6), fill("a", 1, 3.0)];
    append(&store, &batch).await;
    for _ in 0..2 {
        assert_eq!(latest(&store, &Selector::default()).await, [&batch[3], &batch[2], &batch[0]].map(Clone::clone));
        let b = Selector { devices: vec![device("b"), device("zz"), device("b")], ..Selector::default() };
        assert_eq!(latest(&store, &b).await, [&batch[2], &batch[0]].map(Clone::clone));
        let fills = Selector { quantities: vec![Quantity::WASTE_FILL], kind: Some(Kind::WASTE), ..Selector::default() };
        assert_eq!(latest(&store, &fills).await, [&batch[3], &batch[0]].map(Clone::clone));
        let air = Selector { kind: Some(Kind::AIR), ..Selector::default() };
        assert_eq!(latest(&store, &air).await, []);
        flush(&store).await;
    }
}

/// Zone queries use the zone at reading time; latest knows only where the device is now.
async fn a_move_leaves_history_in_the_old_zone(mut ground: impl Ground) {
    let store = ground.open().await;
    let before = fill("a", 0, 1.0);
    let after = Reading { zone: zone("maarif"), ..fill("a", 60_000, 2.0) };
    let back = fill("a", 120_000, 3.0);
    append(&store, &[before.clone(), after.clone()]).await;
    let (anfa, maarif) = (in_zone("anfa"), in_zone("maarif"));
    for _ in 0..2 {
        assert_eq!(latest(&store, &Selector::default()).await, std::slice::from_ref(&after));
        assert_eq!(latest(&store, &anfa).await, []);
        assert_eq!(raw(&store, &ask(anfa.clone(), 0..HOUR, Shape::Raw, 9)).await.0, std::slice::from_ref(&before));
        let hours = hourly(&store, &ask(maarif.clone(), 0..HOUR, Shape::Hourly, 9)).await;
        assert_eq!(hours.iter().map(|p| (p.count, p.first)).collect::<Vec<_>>(), [(1, 2.0)]);
        let both = hourly(&store, &ask(Selector::default(), 0..HOUR, Shape::Hourly, 9)).await;
        assert_eq!(both.iter().map(|p| (p.count, p.first, p.last)).collect::<Vec<_>>(), [(2, 1.0, 2.0)]);
        flush(&store).await;
    }
    append(&store, std::slice::from_ref(&back)).await;
    assert_eq!(latest(&store, &anfa).await, std::slice::from_ref(&back));
    assert_eq!(raw(&store, &everything()).await.0, [before, after, back]);
}

fn in_zone(name: &str) -> Selector {
    Selector { zone: Some(zone(name)), ..Selector::default() }
}

/// One instant of a series is in one zone only: where the last one appended puts it.
async fn a_correction_may_move_a_reading_to_another_zone(mut ground: impl Ground) {
    let store = ground.open().await;
    let wrong = fill("a", 0, 1.0);
    let right = Reading { zone: zone("maarif"), value: 2.0, ..wrong.clone() };
    for (step, corrected) in [right.clone(), Reading { value: 3.0, ..wrong.clone() }, right].into_iter().enumerate() {
        append(&store, std::slice::from_ref(&wrong)).await;
        if step != 1 {
            flush(&store).await;
        }
        assert_eq!(append(&store, std::slice::from_ref(&corrected)).await, [true]);
        for _ in 0..2 {
            assert_eq!(raw(&store, &everything()).await.0, std::slice::from_ref(&corrected), "step {step}");
            assert_eq!(latest(&store, &Selector::default()).await, std::slice::from_ref(&corrected));
            flush(&store).await;
        }
    }
}

/// A range out of a series, and a whole device.
async fn what_is_forgotten_is_gone_and_the_rest_stays(mut ground: impl Ground) {
    let store = ground.open().await;
    if !store.caps().forget_range {
        return;
    }
    let batch: Vec<_> = (0..6).map(|i| fill("a", i * HOUR, 1.0)).chain((0..6).map(|i| fill("b", i * HOUR, 2.0))).collect();
    append(&store, &batch[..9]).await;
    flush(&store).await;
    append(&store, &batch[9..]).await;
    let only_b = Selector { devices: vec![device("b")], ..Selector::default() };
    let removed = store.forget(&only_b, at(2 * HOUR)..Timestamp::MAX).await.expect("it can forget");
    assert!(removed >= 4, "{removed}");
    let mut rest = batch[..8].to_vec();
    rest.sort_by_key(|r| (r.observed_at, r.series.device.clone()));
    assert_eq!(raw(&store, &everything()).await.0, rest);
    assert_eq!(latest(&store, &only_b).await, [batch[7].clone()], "what remains is the latest");
    assert!(store.forget(&only_b, Timestamp::MIN..Timestamp::MAX).await.expect("it can forget") >= 2);
    assert_eq!(latest(&store, &Selector::default()).await, [batch[5].clone()]);
    assert_eq!(store.forget(&only_b, Timestamp::MIN..Timestamp::MAX).await.expect("it can forget"), 0);
    assert_eq!(append(&store, &batch[6..7]).await, [true], "what was forgotten is new again");
    assert_eq!(latest(&store, &only_b).await, batch[6..7]);
    if ground.durable() {
        flush(&store).await;
        drop(store);
        assert_eq!(latest(&ground.open().await, &only_b).await, batch[6..7]);
    }
}

/// All or nothing, for good.
async fn values_that_no_store_can_hold_are_refused(mut ground: impl Ground) {
    let store = ground.open().await;
    for value in [f64::NAN, f64::INFINITY, -1e12] {
        let refused = store.append(&[fill("a", 0, 1.0), fill("a", 1, value)]).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{value} gave {refused:?}");
    }
    assert_eq!(raw(&store, &everything()).await.0, []);
}

/// What was flushed is there again; what was not may be appended again and gives the same.
async fn what_is_flushed_outlives_the_program(mut ground: impl Ground) {
    let store = ground.open().await;
    if !ground.durable() {
        return;
    }
    let moved = Reading { zone: zone("maarif"), ..fill("a", 2, 8.25) };
    let flushed = [fill("a", 0, 0.1), fill("b", 0, 1e11), moved];
    append(&store, &flushed).await;
    flush(&store).await;
    let lost = [fill("a", 3, 5.0), fill("c", 0, 5.0)];
    append(&store, &lost).await;
    drop(store);
    let store = ground.open().await;
    let at_once = store.caps().outlives_program;
    if at_once {
        let all = [&flushed[0], &flushed[1], &lost[1], &flushed[2], &lost[0]].map(Clone::clone);
        assert_eq!(raw(&store, &everything()).await.0, all);
    } else {
        assert_eq!(raw(&store, &everything()).await.0, [flushed[0].clone(), flushed[1].clone(), flushed[2].clone()]);
        assert_eq!(latest(&store, &Selector::default()).await, [flushed[2].clone(), flushed[1].clone()]);
    }
    let again = append(&store, &[flushed[2].clone(), lost[0].clone(), lost[1].clone()]).await;
    assert_eq!(again, [false, !at_once, !at_once]);
    assert_eq!(latest(&store, &Selector::default()).await, [lost[0].clone(), flushed[1].clone(), lost[1].clone()]);
}
