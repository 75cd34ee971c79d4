//! What becomes of readings that a server refuses, and of those that it only cannot take now.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ports::{Fate, Fated, Store, StoreError};
use store_influx::{Influx, Secret, Settings};

use crate::ground::{Prepared, block_on, fill, make, settings};
use crate::scripted::{Answer, Scripted};

const T0: i64 = 1_795_280_400_000;
/// An answer to the question for what is latest: nothing.
const NOTHING: &str = "{\"results\":[{\"statement_id\":0}]}\n";

fn scripted(server: &Scripted) -> Settings {
    Settings { token: Some(Secret::new("a-token")), timeout: Duration::from_secs(5), ..settings(server.url()) }
}

/// Answers questions with nothing, and writes as `write` says.
fn server(write: impl Fn(&[u8]) -> Answer + Send + Sync + 'static) -> Scripted {
    Scripted::start(
        move |path, body| {
            if path.starts_with("/query") { Answer::status(200).with_body(NOTHING) } else { write(body) }
        },
    )
}

fn lines(body: &[u8]) -> usize {
    body.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn a_wrong_token_and_a_missing_bucket_put_nothing_aside() {
    let Some(prepared) = Prepared::start() else { return };
    let missing = prepared.bucket();
    let stranger = Settings { token: Some(Secret::new("stranger")), ..prepared.settings };
    block_on(async {
        for settings in [missing, stranger] {
            let refused = Influx::new(&settings).expect("good settings").append(&[fill("a", T0, 1.0)]).await;
            let error = refused.expect_err("nobody is let in");
            assert!(matches!(error, StoreError::Denied(_)), "{error:?}");
            assert!(matches!(error.fate(), Fate::Retry { after: Some(_) }), "{error:?}");
        }
    });
}

#[test]
fn a_reading_older_than_the_bucket_keeps_is_refused_and_its_neighbours_are_kept() {
    let Some(prepared) = Prepared::start() else { return };
    let settings = Settings { keep: Duration::from_secs(86_400), ..prepared.bucket() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let now = i64::try_from(now).expect("before the year 292277026");
    let batch = [fill("a", now - 60_000, 1.0), fill("b", now - 40 * 86_400_000, 2.0), fill("c", now - 30_000, 3.0)];
    block_on(async {
        make(&settings).await;
        let store = Influx::new(&settings).expect("good settings");
        let refused = store.append(&batch).await.expect_err("a part is refused");
        assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
        // As the pipeline halves it.
        for (index, reading) in batch.iter().enumerate() {
            let alone = store.append(std::slice::from_ref(reading)).await;
            assert_eq!(alone.is_err(), index == 1, "{alone:?}");
        }
        assert_eq!(store.latest(&ports::Selector::default()).await.expect("an answer"), [batch[0].clone(), batch[2].clone()]);
    });
}

#[test]
fn a_line_that_a_real_server_cannot_read_refuses_its_batch_and_only_itself_alone() {
    let Some(prepared) = Prepared::start() else { return };
    let settings = prepared.bucket();
    // Beyond what the engine's nanoseconds can hold: it answers 400 and takes none of the batch.
    let year_2300 = 10_413_792_000_000;
    let batch = [fill("a", T0, 1.0), fill("b", year_2300, 2.0), fill("c", T0 + 1, 3.0)];
    block_on(async {
        make(&settings).await;
        let store = Influx::new(&settings).expect("good settings");
        let refused = store.append(&batch).await.expect_err("one line cannot be read");
        assert_eq!(refused.fate(), Fate::Quarantine, "{refused:?}");
        assert!(store.latest(&ports::Selector::default()).await.expect("an answer").is_empty(), "none of it is there");
        // As the pipeline halves it.
        for (index, reading) in batch.iter().enumerate() {
            let alone = store.append(std::slice::from_ref(reading)).await;
            assert_eq!(alone.is_err(), index == 1, "{alone:?}");
        }
        assert_eq!(store.latest(&ports::Selector::default()).await.expect("an answer"), [batch[0].clone(), batch[2].clone()]);
    });
}

#[test]
fn what_is_too_large_is_halved_until_it_fits() {
    let server = server(|body| if lines(body) > 3 { Answer::status(413) } else { Answer::status(204) });
    let batch: Vec<_> = (0..20).map(|i| fill("a", T0 + i, 1.0)).collect();
    block_on(async { Influx::new(&scripted(&server)).expect("good settings").append(&batch).await.expect("in pieces") });
    let taken: Vec<Vec<u8>> = server.writes().into_iter().filter(|body| lines(body) <= 3).collect();
    let written = String::from_utf8(taken.concat()).expect("text");
    let times: Vec<i64> = written.lines().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    assert_eq!(times, (T0..T0 + 20).collect::<Vec<_>>(), "every line once, in order");
}

#[test]
fn a_line_that_is_too_large_alone_is_refused() {
    let server = server(|_| Answer::status(413));
    let refused = block_on(async { Influx::new(&scripted(&server)).expect("good settings").append(&[fill("a", T0, 1.0)]).await });
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

#[test]
fn the_store_waits_as_long_as_it_is_asked_to() {
    for (status, asked, expected) in [(503, Some("7"), Some(7)), (429, Some("3"), Some(3)), (503, None, None), (500, None, None)]
    {
        let server = server(move |_| {
            let answer = Answer::status(status);
            asked.map_or(answer.clone(), |seconds| answer.with_header("Retry-After", seconds))
        });
        let refused =
            block_on(async { Influx::new(&scripted(&server)).expect("good settings").append(&[fill("a", T0, 1.0)]).await });
        let error = refused.expect_err("it is busy");
        assert_eq!(error.fate(), Fate::Retry { after: expected.map(Duration::from_secs) }, "{status} {asked:?}: {error:?}");
    }
}

#[test]
fn a_batch_that_a_server_will_never_take_is_sent_once() {
    for status in [400, 422] {
        let server = server(move |_| Answer::status(status).with_body("{\"message\":\"unable to parse\"}"));
        let refused =
            block_on(async { Influx::new(&scripted(&server)).expect("good settings").append(&[fill("a", T0, 1.0)]).await });
        let error = refused.expect_err("it is refused");
        assert_eq!(error.fate(), Fate::Quarantine);
        assert!(error.to_string().contains("unable to parse"), "{error}");
        assert_eq!(server.writes().len(), 1);
    }
}

#[test]
fn silence_a_reset_and_an_answer_cut_short_are_tried_again_later() {
    let silent = server(|_| Answer::Silence);
    let reset = server(|_| Answer::Reset);
    let cut = Scripted::start(|_, _| Answer::Cut("{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":".to_owned()));
    let failed =
        Scripted::start(|_, _| Answer::status(200).with_body("{\"results\":[{\"statement_id\":0,\"error\":\"timeout\"}]}\n"));
    for server in [&silent, &reset, &cut, &failed] {
        let settings = Settings { timeout: Duration::from_millis(300), ..scripted(server) };
        let refused = block_on(async { Influx::new(&settings).expect("good settings").append(&[fill("a", T0, 1.0)]).await });
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}

#[test]
fn what_failed_half_way_may_be_appended_again() {
    let answers = std::sync::atomic::AtomicUsize::new(0);
    let server = server(move |_| {
        let nth = answers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if nth == 1 { Answer::status(503) } else { Answer::status(204) }
    });
    let settings = Settings { lines: 2, ..scripted(&server) };
    let batch: Vec<_> = (0..6).map(|i| fill("a", T0 + i, 1.0)).collect();
    block_on(async {
        let store = Influx::new(&settings).expect("good settings");
        assert!(store.append(&batch).await.is_err());
        let appended = store.append(&batch).await.expect("it works again");
        assert_eq!(appended.new, [true; 6], "nothing of it counted before");
    });
    let written: usize = server.writes().iter().rev().take(3).map(|body| lines(body)).sum();
    assert_eq!(written, 6, "all of it is written again");
}
