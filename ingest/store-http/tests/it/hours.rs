//! The job over a server in memory, which loses what it must not be trusted with; the oracle is the store in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;

use ports::{Points, Query, Selector, Shape, Store, StoreError};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use schemas::{DeviceId, Flaw, HOUR, Kind, Partial, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use store::Memory;
use store_http::{Content, Hour, HourShelf, Hours, Sums};

const T0: i64 = 1_795_280_400_000 - 1_795_280_400_000 % HOUR;
/// Some hours after the last of the traffic.
const NOW: i64 = T0 + 20 * HOUR;

type Place = (SeriesKey, String, String, i64);

#[derive(Debug, Default)]
struct Server {
    readings: Memory,
    kept: Mutex<BTreeMap<i64, Vec<Hour>>>,
    /// What was kept and would be lost.
    young: Mutex<Vec<Hour>>,
    cursor: Mutex<Option<i64>>,
    /// It holds what it took in memory, and shows it only later.
    forgetful: bool,
    /// Readings that it can add up in the time that a question may take; none where it has no end of time.
    able: Option<usize>,
    asked: Mutex<Vec<Range<i64>>>,
}

impl Server {
    fn show(&self) {
        let mut kept = self.kept.lock().expect("nobody panicked");
        for hour in std::mem::take(&mut *self.young.lock().expect("nobody panicked")) {
            kept.entry(hour.start).or_default().push(hour);
        }
    }

    fn lose(&self) {
        self.young.lock().expect("nobody panicked").clear();
    }

    async fn raw(&self, select: &Selector, range: &Range<i64>) -> Vec<Reading> {
        let range = Timestamp::clamped(range.start)..Timestamp::clamped(range.end);
        let query = Query { select: select.clone(), range, shape: Shape::Raw, limit: usize::MAX };
        match self.readings.scan(&query).await {
            Ok(Points::Raw { readings, .. }) => readings,
            other => panic!("readings, not {other:?}"),
        }
    }

    async fn oracle(&self, select: &Selector, range: &Range<i64>, limit: usize) -> Vec<Partial> {
        let range = Timestamp::clamped(range.start)..Timestamp::clamped(range.end);
        match self.readings.scan(&Query { select: select.clone(), range, shape: Shape::Hourly, limit }).await {
            Ok(Points::Hourly { partials, .. }) => partials,
            other => panic!("hours, not {other:?}"),
        }
    }
}

impl HourShelf for Server {
    const STEP: usize = 40;
    const SUMS_BELOW: f64 = 1e6;

    async fn there(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn trail(&self) -> Option<Duration> {
        self.forgetful.then_some(Duration::ZERO)
    }

    fn floor(&self, _: i64) -> i64 {
        0
    }

    async fn folded(&self, devices: &[DeviceId], hours: &Range<i64>) -> Result<Vec<Hour>, StoreError> {
        let select = Selector { devices: devices.to_vec(), ..Selector::default() };
        let mut sums: BTreeMap<String, Hour> = BTreeMap::new();
        let readings = self.raw(&select, hours).await;
        if self.able.is_some_and(|able| readings.len() > able) {
            return Err(StoreError::Unavailable("it took too long".to_owned()));
        }
        for reading in readings.iter().filter(|r| r.quality.grade() != schemas::Grade::Bad) {
            let (start, value) = (reading.observed_at.hour().millis(), reading.value);
            let first = Sums { count: 0, sum: 0.0, min: value, max: value, first: value, last: value };
            let own = sums.entry(format!("{:?} {} {} {start}", reading.series, reading.kind, reading.zone)).or_insert(Hour {
                series: reading.series.clone(),
                kind: reading.kind,
                zone: reading.zone.clone(),
                start,
                content: Content::Sums(first),
                revision: 0,
            });
            if let Content::Sums(sums) = &mut own.content {
                sums.count += 1;
                sums.sum += value;
                sums.min = sums.min.min(value);
                sums.max = sums.max.max(value);
                sums.last = value;
            }
        }
        Ok(sums.into_values().collect())
    }

    async fn kept(
        &self,
        select: &Selector,
        hours: &Range<i64>,
        _: usize,
        mut take: impl FnMut(Hour) -> bool + Send,
    ) -> Result<(), StoreError> {
        let kept = self.kept.lock().expect("nobody panicked");
        for hours in kept.range(hours.clone()).map(|(_, hours)| hours) {
            let mut highest: Vec<Hour> = Vec::new();
            let place = |h: &Hour| -> Place { (h.series.clone(), h.kind.to_string(), h.zone.to_string(), h.start) };
            for hour in hours {
                match highest.iter_mut().find(|own| place(own) == place(hour)) {
                    Some(own) if own.revision <= hour.revision => *own = hour.clone(),
                    Some(_) => {}
                    None => highest.push(hour.clone()),
                }
            }
            let selected = |hour: &Hour| {
                select.kind.is_none_or(|kind| kind == hour.kind)
                    && select.zone.as_ref().is_none_or(|zone| *zone == hour.zone)
                    && (select.devices.is_empty() || select.devices.contains(&hour.series.device))
                    && (select.quantities.is_empty() || select.quantities.contains(&hour.series.quantity))
            };
            let mut enough = false;
            highest.into_iter().filter(selected).for_each(|hour| enough = take(hour));
            if enough {
                break;
            }
        }
        Ok(())
    }

    async fn keep(&self, hours: &[Hour]) -> Result<(), StoreError> {
        self.young.lock().expect("nobody panicked").extend_from_slice(hours);
        if !self.forgetful {
            self.show();
        }
        Ok(())
    }

    async fn first(&self, from: i64) -> Result<Option<i64>, StoreError> {
        let all = self.raw(&Selector::default(), &(from..i64::MAX)).await;
        Ok(all.first().map(|reading| reading.observed_at.millis()))
    }

    async fn cursor(&self) -> Result<Option<i64>, StoreError> {
        Ok(*self.cursor.lock().expect("nobody panicked"))
    }

    async fn put_cursor(&self, through: i64) -> Result<(), StoreError> {
        *self.cursor.lock().expect("nobody panicked") = Some(through);
        Ok(())
    }

    async fn partials(&self, select: &Selector, range: &Range<i64>, most: usize) -> Result<Vec<Partial>, StoreError> {
        self.asked.lock().expect("nobody panicked").push(range.clone());
        Ok(self.oracle(select, range, most).await)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Reading>),
    Roll,
    /// What the server took becomes visible.
    Show,
    /// It dies, and what it had in memory with it.
    Lose,
    /// The program begins anew.
    Begin,
    Forget(i64, i64),
}

fn device(index: usize) -> DeviceId {
    DeviceId::new(["a", "b", "c"][index]).expect("it works")
}

fn reading(device_index: usize, quantity: usize, zone: usize, offset: i64, value: f64, bad: bool) -> Reading {
    let quantity = [Quantity::WASTE_FILL, Quantity::BATTERY_VOLTAGE][quantity];
    Reading {
        series: SeriesKey { device: device(device_index), quantity, channel: 0 },
        kind: Kind::WASTE,
        zone: Zone::new(["anfa", "maarif"][zone]).expect("it works"),
        value,
        observed_at: Timestamp::clamped(T0 + offset),
        received_at: Timestamp::clamped(T0 + offset),
        quality: if bad { Flaw::SensorFault.into() } else { Quality::GOOD },
    }
}

/// Few instants, in eight hours and one of the week before.
fn instants() -> impl Strategy<Value = i64> {
    let hour = prop_oneof![8 => 0i64..8, 1 => Just(-100)];
    (hour, prop_oneof![Just(0i64), Just(1_800_000), Just(HOUR - 1)]).prop_map(|(hour, offset)| hour * HOUR + offset)
}

fn readings() -> impl Strategy<Value = Reading> {
    let zone = prop_oneof![8 => Just(0usize), 1 => Just(1)];
    let value = prop_oneof![8 => (0u8..9).prop_map(f64::from), 1 => Just(999_999.0)];
    (0usize..3, 0usize..2, zone, instants(), value, prop::bool::weighted(0.15))
        .prop_map(|(device, quantity, zone, offset, value, bad)| reading(device, quantity, zone, offset, value, bad))
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(readings(), 1..12).prop_map(Step::Append),
        6 => Just(Step::Roll),
        4 => Just(Step::Show),
        1 => Just(Step::Lose),
        2 => Just(Step::Begin),
        1 => (instants(), instants()).prop_map(|(a, b)| Step::Forget(T0 + a.min(b), T0 + a.max(b))),
    ]
}

fn selectors() -> impl Strategy<Value = Selector> {
    let zone = prop_oneof![3 => Just(None), 1 => Just(Some(Zone::new("maarif").expect("it works")))];
    let devices = prop_oneof![2 => Just(vec![]), 1 => (0usize..3).prop_map(|at| vec![device(at)])];
    let quantities = prop_oneof![2 => Just(vec![]), 1 => Just(vec![Quantity::WASTE_FILL])];
    (zone, devices, quantities).prop_map(|(zone, devices, quantities)| Selector { kind: None, zone, devices, quantities })
}

fn same(ours: &[Partial], theirs: &[Partial]) -> bool {
    let close = |a: &Partial, b: &Partial| (a.sum - b.sum).abs() < 1e-6 && Partial { sum: b.sum, ..a.clone() } == *b;
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| close(a, b))
}

async fn compare(hours: &Hours, server: &Server, asked: &[(Selector, usize)]) -> Result<(), TestCaseError> {
    for (select, limit) in asked {
        for range in [T0 - 200 * HOUR..NOW, T0..T0 + 5 * HOUR, T0 + 600_000..T0 + 3 * HOUR + 1] {
            let ours = hours.answer(server, select, &range, *limit).await.expect("it works");
            let theirs = server.oracle(select, &range, *limit).await;
            if !same(&ours, &theirs) {
                return Err(TestCaseError::fail(format!("{select:?} {range:?} {limit}\n gave {ours:?}\n expected {theirs:?}")));
            }
        }
    }
    Ok(())
}

async fn play(forgetful: bool, steps: &[Step], asked: &[(Selector, usize)]) -> Result<(), TestCaseError> {
    let server = Server { forgetful, ..Server::default() };
    let mut hours = Hours::default();
    for step in steps {
        match step {
            Step::Append(batch) => {
                let touched = hours.touch(&server, batch).await.expect("it works");
                server.readings.append(batch).await.expect("it works");
                drop(touched);
            }
            Step::Roll => {
                hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works");
            }
            Step::Show => server.show(),
            Step::Lose => server.lose(),
            Step::Begin => hours = Hours::default(),
            Step::Forget(from, to) => {
                let alone = hours.forgetting(&server, &(*from..*to)).await.expect("it works");
                let range = Timestamp::clamped(*from)..Timestamp::clamped(*to);
                server.readings.forget(&Selector::default(), range).await.expect("it works");
                let touched = from - from.rem_euclid(HOUR)..to + (-to).rem_euclid(HOUR);
                server.kept.lock().expect("nobody panicked").retain(|hour, _| !touched.contains(hour));
                server.young.lock().expect("nobody panicked").retain(|hour| !touched.contains(&hour.start));
                drop(alone);
            }
        }
        compare(&hours, &server, asked).await?;
    }
    Ok(())
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("it works").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn hours_are_what_readings_come_to_however_late_corrected_moved_lost_or_forgotten(
        forgetful: bool,
        steps in prop::collection::vec(steps(), 1..24),
        asked in prop::collection::vec((selectors(), prop_oneof![1usize..6, Just(1_000)]), 1..4),
    ) {
        block_on(play(forgetful, &steps, &asked))?;
    }
}

#[test]
fn what_is_kept_is_answered_without_readings_and_what_is_late_with_those_of_its_hour_alone() {
    block_on(async {
        let (server, hours) = (Server::default(), Hours::default());
        let batch: Vec<Reading> = (0..12).map(|hour| reading(0, 0, 0, hour * HOUR, 1.0, false)).collect();
        let append = async |batch: &[Reading]| {
            let touched = hours.touch(&server, batch).await.expect("it works");
            server.readings.append(batch).await.expect("it works");
            drop(touched);
        };
        let asked = async || {
            hours.answer(&server, &Selector::default(), &(T0..NOW - 2 * HOUR), 100).await.expect("it works");
            let asked = std::mem::take(&mut *server.asked.lock().expect("nobody panicked"));
            asked.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        append(&batch).await;
        assert_eq!(asked().await, [(T0, NOW - 2 * HOUR)], "nothing is kept yet");
        let rolled = hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works");
        assert_eq!((rolled.hours, rolled.more), (12, false));
        assert_eq!(asked().await, []);
        append(&[reading(0, 0, 0, 3 * HOUR + 1, 2.0, false)]).await;
        assert_eq!(asked().await, [(T0 + 3 * HOUR, T0 + 4 * HOUR)]);
        assert_eq!(hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works").hours, 1);
        assert_eq!(asked().await, []);
        // Rolling again changes nothing.
        assert_eq!(hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works").hours, 0);
    });
}

#[test]
fn the_cursor_goes_back_before_an_old_reading_is_written_and_a_program_that_begins_goes_on_from_it() {
    block_on(async {
        let (server, hours) = (Server::default(), Hours::default());
        let batch: Vec<Reading> = (0..200).map(|hour| reading(0, 0, 0, (hour - 190) * HOUR, 1.0, false)).collect();
        server.readings.append(&batch).await.expect("it works");
        hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works");
        let before = server.cursor.lock().expect("nobody panicked").expect("it works");
        assert_eq!(before, NOW - HOUR - 26 * HOUR, "a day and two hours behind what is kept");
        let old = [reading(0, 0, 0, -150 * HOUR + 7, 5.0, false)];
        let touched = hours.touch(&server, &old).await.expect("it works");
        assert_eq!(*server.cursor.lock().expect("nobody panicked"), Some(T0 - 150 * HOUR));
        server.readings.append(&old).await.expect("it works");
        drop(touched);
        // The program ends here, with all that it knew.
        let hours = Hours::default();
        compare(&hours, &server, &[(Selector::default(), 1_000)]).await.expect("it works");
        assert_eq!(hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works").hours, 1, "only that hour has changed");
        compare(&hours, &server, &[(Selector::default(), 1_000)]).await.expect("it works");
        assert_eq!(*server.cursor.lock().expect("nobody panicked"), Some(before));
    });
}

#[test]
fn a_year_that_comes_at_once_is_made_in_steps_that_stay_small() {
    block_on(async {
        let (server, hours) = (Server::default(), Hours::default());
        let batch: Vec<Reading> =
            (0..3_000).map(|hour| reading(hour % 3, 0, 0, (hour as i64 - 3_000) * HOUR, 1.0, false)).collect();
        server.readings.append(&batch).await.expect("it works");
        let mut rounds = 0;
        while hours.roll(&server, Timestamp::clamped(NOW)).await.expect("it works").more {
            rounds += 1;
            assert!(rounds < 50);
        }
        assert!(rounds > 2, "{rounds}");
        assert_eq!(
            hours.answer(&server, &Selector::default(), &(T0 - 4_000 * HOUR..NOW), 10_000).await.expect("it works").len(),
            3_000
        );
    });
}

#[test]
fn a_step_that_takes_too_long_is_made_smaller_until_the_server_can_do_it() {
    block_on(async {
        let (server, hours) = (Server { able: Some(100), ..Server::default() }, Hours::default());
        // Months in which little was heard, so that steps grow long; then days of which one hour is almost more than it can do.
        let seldom = (0..2_000).step_by(100).map(|hour| reading(0, 0, 0, (hour - 2_000) * HOUR, 1.0, false));
        let often = (0..19 * 60).map(|minute| reading(0, 0, 0, minute * 60_000, 1.0, false));
        let batch: Vec<Reading> = seldom.chain(often).collect();
        server.readings.append(&batch).await.expect("it works");
        let (mut failures, mut more) = (0, true);
        while more {
            match hours.roll(&server, Timestamp::clamped(NOW)).await {
                Ok(rolled) => more = rolled.more,
                Err(_) => failures += 1,
            }
            assert!(failures < 10, "it fails at the same step again and again");
        }
        assert!(failures > 2, "a week is more than it can do: {failures}");
        let answer = hours.answer(&server, &Selector::default(), &(T0 - 2_000 * HOUR..NOW), 10_000).await.expect("it works");
        assert_eq!(answer.iter().map(|hour| hour.count).sum::<u64>(), batch.len() as u64);
    });
}
