//! Watches the collectors and says so in the journal, as a device would: what a collector is, is then stored, judged by rules
//! and back-tested like everything else. It speaks when a collector has been away for a while and when it is back, and
//! keeps silent of one that was never away.
//!
//! Deliberately absent: what is withheld meanwhile ([`notify::Lookout`]), and the built-in endpoint, which is never away
//! while the program runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pipeline::{Arrivals, Intake, NoTicket, Source, SourceError, SourceWatch};
use ports::{BoxFuture, Clock, SourceStatus};
use schemas::{DeviceId, Message, Provenance, Quantity, Timestamp};
use tokio_util::sync::CancellationToken;

/// As the status names it.
pub(crate) const NAME: &str = "watchman";
/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// The device that stands for the collector of this name; none where that makes no id.
fn device(collector: &str) -> Option<DeviceId> {
    DeviceId::new(&format!("collector:{collector}")).ok()
}

/// One collector.
struct Post {
    device: DeviceId,
    watch: SourceWatch,
    /// Whether it was up when it was looked at last, and since when that is so.
    standing: Option<(bool, Timestamp)>,
    said: Said,
}

/// What was said of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Nothing, ever.
    Never,
    /// Something, before the program was started.
    Before,
    /// Whether it is up.
    Now(bool),
}

impl Post {
    /// What is to be said of it at `now`, if anything.
    fn look(&mut self, now: Timestamp, after: Duration) -> Option<bool> {
        let up = (self.watch)().up;
        let since = self.standing.filter(|(before, _)| *before == up).map_or(now, |(_, since)| since);
        self.standing = Some((up, since));
        if !up && now.since(since) < after {
            return None;
        }
        let news = match self.said {
            Said::Never => !up,
            Said::Before => true,
            Said::Now(before) => before != up,
        };
        news.then(|| {
            self.said = Said::Now(up);
            up
        })
    }
}

/// See the module.
pub(crate) struct Watchman {
    posts: Vec<Post>,
    after: Duration,
    clock: Arc<dyn Clock>,
}

impl Watchman {
    /// A watchman over collectors; `known` are devices of which the register has heard. One counts as away after `after`.
    pub(crate) fn new(
        collectors: impl IntoIterator<Item = SourceWatch>,
        known: &BTreeSet<DeviceId>,
        after: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let post = |watch: SourceWatch| {
            let device = device(&watch().name)?;
            let said = if known.contains(&device) { Said::Before } else { Said::Never };
            Some(Post { device, watch, standing: None, said })
        };
        Self { posts: collectors.into_iter().filter_map(post).collect(), after, clock }
    }

    /// What is to be said now.
    fn look(&mut self) -> Vec<Message> {
        let now = self.clock.now();
        let news = self.posts.iter_mut().filter_map(|post| Some((post.look(now, self.after)?, &post.device)));
        news.map(|(up, device)| message(device, up, now)).collect()
    }
}

/// In Marsad's own words, as `docs/reference/payload.md` says them.
fn message(device: &DeviceId, up: bool, received_at: Timestamp) -> Message {
    let payload = format!(r#"{{"v":1,"values":{{"{}":{}}}}}"#, Quantity::COLLECTOR_UP.name(), u8::from(up));
    Message {
        topic: format!("marsad/platform/{}/{device}/up", schemas::Kind::NETWORK.name()).into(),
        payload: payload.into(),
        received_at,
        provenance: Provenance::default(),
    }
}

impl Source for Watchman {
    fn watch(&self) -> SourceWatch {
        let (name, address) = (NAME.to_owned(), "the collectors".to_owned());
        let status = SourceStatus { name, address, up: true, connections: 0, received: 0, refused: 0, trouble: None };
        Arc::new(move || status.clone())
    }

    fn run(
        mut self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        _deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let gone = |gone: pipeline::KeeperGone| SourceError { name: NAME.to_owned(), reason: gone.to_string() };
            let mut looks = tokio::time::interval(LOOK);
            loop {
                // Both arms are cancel-safe: a token, and an interval that keeps its next tick.
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    _ = looks.tick() => {}
                }
                let messages = self.look();
                if messages.is_empty() {
                    continue;
                }
                // What is cut off by the stop is said again after the next start: it looks then.
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    taken = intake.offer(Arrivals { messages, ticket: Box::new(NoTicket) }) => taken.map_err(gone)?,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn post(said: Said) -> (Post, Arc<AtomicBool>) {
        let up = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&up);
        let status = SourceStatus {
            name: "city".to_owned(),
            address: String::new(),
            up: true,
            connections: 0,
            received: 0,
            refused: 0,
            trouble: None,
        };
        let watch: SourceWatch = Arc::new(move || SourceStatus { up: seen.load(Ordering::Relaxed), ..status.clone() });
        (Post { device: device("city").expect("an id"), watch, standing: None, said }, up)
    }

    #[test]
    fn a_collector_is_told_of_when_it_has_been_away_for_a_while_and_when_it_is_back() {
        for (said, first) in [(Said::Never, None), (Said::Before, Some(true)), (Said::Now(false), Some(true))] {
            let (mut post, up) = post(said);
            let mut look = |second: u64, is_up: bool| {
                up.store(is_up, Ordering::Relaxed);
                post.look(Timestamp::clamped(1_790_000_000_000).plus(Duration::from_secs(second)), Duration::from_secs(60))
            };
            assert_eq!(look(0, true), first, "{said:?}");
            assert_eq!(look(10, false), None, "it may be back at once");
            assert_eq!(look(69, false), None);
            assert_eq!(look(70, false), Some(false));
            assert_eq!(look(200, false), None, "once");
            assert_eq!(look(201, true), Some(true));
            assert_eq!(look(202, true), None);
        }
    }

    #[test]
    fn one_that_is_away_from_the_start_is_told_of_after_a_while() {
        let (mut post, up) = post(Said::Before);
        up.store(false, Ordering::Relaxed);
        let at = |second: u64| Timestamp::clamped(1_790_000_000_000).plus(Duration::from_secs(second));
        assert_eq!(post.look(at(0), Duration::from_secs(60)), None);
        assert_eq!(post.look(at(60), Duration::from_secs(60)), Some(false));
    }

    #[test]
    fn what_it_says_is_read_as_what_a_device_says() {
        let decoder = codec::Decoder::new(Arc::default(), codec::Profiles::default()).expect("no device");
        let said = message(&device("city").expect("an id"), false, Timestamp::clamped(1_790_000_000_000));
        let mut readings = Vec::new();
        decoder.decode(&said, &mut readings).expect("it is read");
        assert_eq!((readings[0].series.quantity, readings[0].value), (Quantity::COLLECTOR_UP, 0.0));
        assert_eq!((readings[0].series.device.as_str(), readings[0].kind), ("collector:city", schemas::Kind::NETWORK));
    }
}
