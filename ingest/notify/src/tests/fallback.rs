//! What steps in where the first way fails.

use std::sync::Arc;
use std::time::Duration;

use ports::Notifier;
use schemas::Phase;
use tokio::time::Instant;

use super::dispatcher::{Answer, Scripted, Virtual};
use super::{AtWork, Fared, Lines, bare, channel, dispatch_line, setup, start, transition};
use crate::{Fallback, Route};

fn at_work(lines: &Arc<Lines>, first: &Arc<Scripted>, other: &Arc<Scripted>) -> AtWork {
    let route = Route { channel: channel("other"), notifier: Arc::clone(other) as Arc<dyn Notifier>, to: Vec::new() };
    let fallback = Fallback { route, after: Duration::from_secs(600), failures: 3 };
    let setup = setup("first", Arc::clone(first) as _, Some(fallback));
    dispatch_line(setup, lines, Arc::new(Virtual(Instant::now())), &bare())
}

#[tokio::test(start_paused = true)]
async fn after_three_failures_the_fallback_tells_what_waits_in_order_and_once() {
    let (lines, first, other) = (Lines::new(), Scripted::always(Answer::Busy(None)), Scripted::new(vec![]));
    let keys = lines.post_pairs("first", 3, start());
    let _work = at_work(&lines, &first, &other);
    let before = Instant::now();
    lines.settled(6).await;
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
    assert_eq!(other.taken(), keys);
    assert!(lines.via().iter().all(|via| *via == channel("other")));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_comes_back_is_told_its_own_way_again_and_nothing_is_told_out_of_order() {
    let script = vec![Answer::Busy(None), Answer::Busy(None), Answer::Busy(Some(60))];
    let (lines, first, other) = (Lines::new(), Scripted::new(script), Scripted::new(vec![]));
    lines.post("first", transition(0, Phase::Firing), start());
    let _work = at_work(&lines, &first, &other);
    lines.settled(1).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    lines.post("first", transition(0, Phase::Resolved), start());
    lines.settled(2).await;
    assert_eq!(lines.via(), [channel("other"), channel("first")]);
    assert!(other.taken()[0].ends_with(":firing") && first.taken()[0].ends_with(":resolved"));
}

#[tokio::test(start_paused = true)]
async fn what_the_first_way_refuses_for_good_goes_the_other_and_is_buried_only_where_both_refuse() {
    let (lines, first, other) =
        (Lines::new(), Scripted::always(Answer::Refuse), Scripted::new(vec![Answer::Take, Answer::Refuse]));
    lines.post_pairs("first", 1, start());
    let _work = at_work(&lines, &first, &other);
    lines.settled(2).await;
    let fared = lines.fared();
    assert_eq!(fared[0], Fared::Delivered);
    assert!(matches!(&fared[1], Fared::Dead(why) if why.contains("; other: ")), "{fared:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_receiver_does_not_keep_its_fallback_waiting_longer_than_it_may() {
    let (lines, first, other) = (Lines::new(), Scripted::always(Answer::Busy(Some(7200))), Scripted::new(vec![]));
    lines.post("first", transition(0, Phase::Firing), start());
    let _work = at_work(&lines, &first, &other);
    let before = Instant::now();
    lines.settled(1).await;
    // One failure only, since it asked for two hours: the age decides.
    assert!((600..=601).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());
}
