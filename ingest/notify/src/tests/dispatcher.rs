//! The dispatcher in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{BoxFuture, Clock, DeliveryError, Notification, Notifier, RecordError};
use proptest::prelude::*;
use schemas::{Phase, Timestamp};
use tokio::time::Instant;

use super::{AtWork, Fared, Lines, bare, dispatch, start, transition};
use crate::DispatcherError;

/// Virtual time as a clock.
pub(super) struct Virtual(pub(super) Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        start().plus(self.0.elapsed())
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Take,
    Busy(Option<u64>),
    Refuse,
    Hang,
    /// Takes it, and nobody hears that it did.
    TakeAndHang,
}

/// A receiver that answers by a script, then takes everything.
#[derive(Default)]
pub(super) struct Scripted {
    script: Mutex<Vec<Answer>>,
    /// Every attempt: its key and when.
    tried: Mutex<Vec<(String, Instant)>>,
    /// What it took, repetitions dropped by key.
    taken: Mutex<Vec<String>>,
    always: Option<Answer>,
}

impl Scripted {
    pub(super) fn new(mut script: Vec<Answer>) -> Arc<Self> {
        script.reverse();
        Arc::new(Self { script: Mutex::new(script), ..Self::default() })
    }

    pub(super) fn always(answer: Answer) -> Arc<Self> {
        Arc::new(Self { always: Some(answer), ..Self::default() })
    }

    pub(super) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    pub(super) fn tried(&self) -> Vec<Instant> {
        self.tried.lock().unwrap().iter().map(|(_, at)| *at).collect()
    }

    fn take(&self, key: String) {
        let mut taken = self.taken.lock().unwrap();
        if !taken.contains(&key) {
            taken.push(key);
        }
    }
}

impl Notifier for Scripted {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let key = notification.key();
            self.tried.lock().unwrap().push((key.clone(), Instant::now()));
            let next = self.script.lock().unwrap().pop();
            match self.always.or(next).unwrap_or(Answer::Take) {
                Answer::Take => {
                    self.take(key);
                    Ok(())
                }
                Answer::Busy(after) => {
                    let after = after.map(Duration::from_secs);
                    Err(DeliveryError::Unavailable { reason: "it answered 503".to_owned(), after })
                }
                Answer::Refuse => Err(DeliveryError::Refused("it answered 400".to_owned())),
                Answer::Hang => std::future::pending().await,
                Answer::TakeAndHang => {
                    self.take(key);
                    std::future::pending().await
                }
            }
        })
    }
}

fn at_work(name: &str, lines: &Arc<Lines>, receiver: &Arc<Scripted>) -> AtWork {
    dispatch(name, lines, Arc::clone(receiver) as _, Arc::new(Virtual(Instant::now())), &bare())
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_is_told_at_once_and_in_order() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![]));
    let work = at_work("hook", &lines, &receiver);
    // It looked, found nothing and waits.
    tokio::time::sleep(Duration::from_millis(10)).await;
    let before = Instant::now();
    let keys = lines.post_pairs("hook", 3, start());
    lines.settled(6).await;
    assert!(before.elapsed() < Duration::from_secs(1), "the wake was missed: {:?}", before.elapsed());
    assert_eq!(receiver.taken(), keys);
    assert_eq!((work.gauges.delivered(), work.gauges.failed(), work.gauges.trouble()), (6, 0, None));
}

#[tokio::test(start_paused = true)]
async fn what_was_posted_before_the_start_is_told_too_but_not_before_it_is_due() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![]));
    lines.post("hook", transition(0, Phase::Firing), start().plus(Duration::from_secs(90)));
    let before = Instant::now();
    let _work = at_work("hook", &lines, &receiver);
    lines.settled(1).await;
    assert!((90..92).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_busy_receiver_is_asked_again_no_sooner_than_it_said_and_resolved_waits_behind_firing() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![Answer::Busy(Some(120)), Answer::Busy(None), Answer::Hang]));
    let keys = lines.post_pairs("hook", 1, start());
    let work = at_work("hook", &lines, &receiver);
    lines.settled(2).await;
    assert_eq!(receiver.taken(), keys);
    let tried = receiver.tried();
    assert_eq!(tried.len(), 5);
    assert!(tried[1] - tried[0] >= Duration::from_secs(120));
    assert!(tried[2] - tried[1] <= Duration::from_secs(3), "drawn from 0 to 2 s");
    assert!(tried[3] - tried[2] >= Duration::from_secs(10), "a hanging delivery is ended after the time limit");
    assert_eq!(lines.attempts(), [4, 1]);
    assert_eq!((work.gauges.failed(), work.gauges.trouble()), (3, None));
}

#[tokio::test(start_paused = true)]
async fn a_refused_notification_is_buried_and_the_next_goes_on() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![Answer::Take, Answer::Refuse]));
    let keys = lines.post_pairs("hook", 2, start());
    let work = at_work("hook", &lines, &receiver);
    let before = Instant::now();
    lines.settled(4).await;
    assert_eq!(receiver.taken(), [keys[0].clone(), keys[2].clone(), keys[3].clone()]);
    assert_eq!(lines.fared()[1], Fared::Dead("refused by the receiver: it answered 400".to_owned()));
    assert!(before.elapsed() < Duration::from_secs(1));
    assert_eq!((work.gauges.delivered(), work.gauges.buried()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_delays_no_other_channel() {
    let (lines, dead, well) = (Lines::new(), Scripted::always(Answer::Hang), Scripted::new(vec![]));
    let dead_work = at_work("dead", &lines, &dead);
    let _well_work = at_work("well", &lines, &well);
    lines.post("dead", transition(99, Phase::Firing), start());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(dead_work.gauges.trouble().unwrap().contains("no answer within 10s"));
    let before = Instant::now();
    let keys = lines.post_pairs("well", 50, start());
    lines.settled(100).await;
    assert!(before.elapsed() < Duration::from_secs(1));
    assert_eq!(well.taken(), keys);
    assert_eq!(lines.fared()[0], Fared::Waiting);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_is_given_up_after_a_day_and_the_younger_ones_wait_on() {
    let (lines, receiver) = (Lines::new(), Scripted::always(Answer::Busy(None)));
    lines.post("hook", transition(0, Phase::Firing), start());
    lines.post("hook", transition(1, Phase::Firing), start());
    lines.post("hook", transition(2, Phase::Firing), start().plus(Duration::from_secs(12 * 3600)));
    let work = at_work("hook", &lines, &receiver);
    let before = Instant::now();
    lines.settled(2).await;
    let hours = before.elapsed().as_secs() as f64 / 3600.0;
    assert!((24.0..24.2).contains(&hours), "{hours} h");
    assert!(
        matches!(&lines.fared()[0], Fared::Dead(why) if why.contains("given up") && why.contains("503")),
        "{:?}",
        lines.fared()
    );
    assert_eq!(lines.fared()[2], Fared::Waiting);
    assert_eq!(work.gauges.buried(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_long_stop_of_the_program_one_stumble_does_not_bury_the_old_line() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![Answer::Busy(None), Answer::Busy(None)]));
    let two_days_ago = start().minus(Duration::from_secs(48 * 3600));
    let keys = lines.post_pairs("hook", 2, two_days_ago);
    let _work = at_work("hook", &lines, &receiver);
    lines.settled(4).await;
    assert_eq!(receiver.taken(), keys);
}

#[tokio::test(start_paused = true)]
async fn a_register_that_is_busy_is_waited_for_and_nothing_is_told_twice() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![]));
    let keys = lines.post_pairs("hook", 1, start());
    let busy = || RecordError::Unavailable("disk full".to_owned());
    lines.trouble_looks(vec![busy(), busy()]);
    lines.trouble_marks(vec![busy(), busy(), busy()]);
    let _work = at_work("hook", &lines, &receiver);
    lines.settled(2).await;
    assert_eq!(receiver.taken(), keys);
    assert_eq!(receiver.tried().len(), 2, "each was told once");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_register_ends_the_dispatcher() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![]));
    lines.trouble_looks(vec![RecordError::Damaged("malformed".to_owned())]);
    let mut work = at_work("hook", &lines, &receiver);
    let ended = (&mut work.run).await.unwrap();
    assert!(matches!(ended, Err(DispatcherError::Record { .. })), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_ends_at_once_when_idle_resting_or_hanging() {
    for script in [vec![], vec![Answer::Busy(Some(3600))], vec![Answer::Hang]] {
        let (lines, receiver) = (Lines::new(), Scripted::new(script.clone()));
        if !script.is_empty() {
            lines.post("hook", transition(0, Phase::Firing), start());
        }
        let mut work = at_work("hook", &lines, &receiver);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = Instant::now();
        work.stop.cancel();
        (&mut work.run).await.unwrap().unwrap();
        assert!(before.elapsed() <= Duration::from_secs(3), "{script:?}: {:?}", before.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_is_looked_at_again_even_if_nobody_wakes_it() {
    let (lines, receiver) = (Lines::new(), Scripted::new(vec![]));
    let _work = dispatch("hook", &Arc::clone(&lines), Arc::clone(&receiver) as _, Arc::new(Virtual(Instant::now())), &bare());
    tokio::time::sleep(Duration::from_secs(1)).await;
    lines.post_silently("hook", transition(0, Phase::Firing), start());
    lines.settled(1).await;
    assert_eq!(receiver.taken().len(), 1);
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let answer = prop_oneof![
        3 => Just(Answer::Take),
        2 => proptest::option::of(0..400u64).prop_map(Answer::Busy),
        1 => Just(Answer::Refuse),
        1 => Just(Answer::Hang),
        1 => Just(Answer::TakeAndHang),
    ];
    proptest::collection::vec(answer, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_receivers_do_each_gets_every_step_once_by_key_and_in_order(a in answers(), b in answers()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let lines = Lines::new();
            let receivers = BTreeMap::from([("a", Scripted::new(a)), ("b", Scripted::new(b))]);
            let work: Vec<_> = receivers.iter().map(|(name, receiver)| at_work(name, &lines, receiver)).collect();
            for n in 0..6 {
                for name in receivers.keys() {
                    lines.post(name, transition(n, Phase::Firing), start());
                    lines.post(name, transition(n, Phase::Resolved), start());
                }
            }
            lines.settled(24).await;
            drop(work);
            let fared = lines.fared();
            for (name, receiver) in &receivers {
                let expected: Vec<_> = lines
                    .all()
                    .into_iter()
                    .zip(&fared)
                    .filter(|((channel, _), _)| channel == name)
                    // What was taken unheard and then refused is there too: the receiver has it.
                    .filter(|((_, key), fared)| **fared == Fared::Delivered || receiver.taken().contains(key))
                    .map(|((_, key), _)| key)
                    .collect();
                assert_eq!(receiver.taken(), expected);
            }
        });
    }
}
