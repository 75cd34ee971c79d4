//! How a collector stands, for whoever asks; and what it says in the log: one line per change, not one
//! per attempt.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ports::SourceStatus;

use crate::lock;

#[derive(Debug)]
pub(super) struct Standing {
    name: String,
    url: String,
    connected: AtomicBool,
    up: AtomicBool,
    received: AtomicU64,
    refused: AtomicU64,
    troubles: Mutex<Troubles>,
}

#[derive(Debug, Default)]
struct Troubles {
    link: Option<String>,
    filters: Option<String>,
}

impl Standing {
    pub(super) fn new(name: &str, url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            connected: AtomicBool::new(false),
            up: AtomicBool::new(false),
            received: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            troubles: Mutex::default(),
        }
    }

    pub(super) fn status(&self) -> SourceStatus {
        let troubles = lock(&self.troubles);
        let texts: Vec<&str> = [&troubles.link, &troubles.filters].into_iter().flatten().map(String::as_str).collect();
        SourceStatus {
            name: self.name.clone(),
            address: self.url.clone(),
            up: self.up.load(Ordering::Relaxed),
            connections: u64::from(self.connected.load(Ordering::Relaxed)),
            received: self.received.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            trouble: (!texts.is_empty()).then(|| texts.join("; ")),
        }
    }

    pub(super) fn connected(&self, session_present: bool) {
        self.connected.store(true, Ordering::Relaxed);
        tracing::debug!(source = self.name, session_present, "the broker has accepted the connection");
    }

    /// Messages can come.
    pub(super) fn up(&self) {
        if !self.up.swap(true, Ordering::Relaxed) && lock(&self.troubles).link.is_none() {
            tracing::info!(source = self.name, address = self.url, "collecting from the broker");
        }
    }

    /// The link has lasted: what was the matter with it is over. Not said before, so that a link that
    /// breaks again and again is one trouble and one line.
    pub(super) fn steady(&self) {
        if lock(&self.troubles).link.take().is_some() {
            tracing::info!(source = self.name, address = self.url, "collecting from the broker again");
        }
    }

    /// The link is gone.
    pub(super) fn broken(&self, why: String) {
        self.closed();
        let mut troubles = lock(&self.troubles);
        if troubles.link.as_ref() != Some(&why) {
            tracing::warn!(source = self.name, address = self.url, "cannot collect, trying again with backoff: {why}");
            troubles.link = Some(why);
        }
    }

    /// The link was closed by us, or is gone.
    pub(super) fn closed(&self) {
        self.connected.store(false, Ordering::Relaxed);
        self.up.store(false, Ordering::Relaxed);
    }

    /// What the broker says to our filters; `None`: all granted.
    pub(super) fn filters(&self, trouble: Option<String>) {
        let mut troubles = lock(&self.troubles);
        if troubles.filters != trouble {
            match &trouble {
                Some(text) => tracing::warn!(source = self.name, address = self.url, "{text}"),
                None => tracing::info!(source = self.name, address = self.url, "the broker grants every filter"),
            }
            troubles.filters = trouble;
        }
    }

    pub(super) fn received(&self, messages: u64) {
        self.received.fetch_add(messages, Ordering::Relaxed);
    }

    /// A message too large to take. The log names the 1st, 2nd, 4th, 8th..: each is a loss and must be
    /// seen, none may flood.
    pub(super) fn refused(&self, topic: &str, bytes: usize, limit: usize) {
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            tracing::warn!(
                source = self.name,
                topic,
                bytes,
                limit,
                refused = count,
                "a message larger than max_message is refused and acknowledged, or the broker would repeat it for ever",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    /// Notes the level of every line.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<Level>>>);

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            lock(&self.0).push(*event.metadata().level());
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    fn lines(of: impl FnOnce(&Standing)) -> Vec<Level> {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || of(&Standing::new("city", "mqtt://broker")));
        let mut seen = lock(&lines.0).clone();
        seen.retain(|level| *level <= Level::INFO);
        seen
    }

    #[test]
    fn a_link_that_breaks_again_and_again_is_one_warning() {
        let seen = lines(|standing| {
            standing.connected(false);
            standing.up();
            for _ in 0..50 {
                standing.broken("the broker closed the connection".into());
                standing.connected(true);
                standing.up();
            }
            assert!(standing.status().up && standing.status().trouble.is_some());
            standing.steady();
            standing.steady();
            assert_eq!(standing.status().trouble, None);
        });
        assert_eq!(seen, [Level::INFO, Level::WARN, Level::INFO]);
    }

    #[test]
    fn another_reason_is_another_warning() {
        let seen = lines(|standing| {
            for why in ["no route", "no route", "refused", "refused"] {
                standing.broken(why.into());
            }
            assert_eq!(standing.status().trouble.as_deref(), Some("refused"));
        });
        assert_eq!(seen, [Level::WARN, Level::WARN]);
    }

    #[test]
    fn a_flood_of_refused_messages_is_counted_one_by_one_and_logged_ever_more_rarely() {
        let seen = lines(|standing| {
            for _ in 0..1000 {
                standing.refused("city/camera", 2000, 1000);
            }
            assert_eq!(standing.status().refused, 1000);
        });
        assert_eq!(seen, [Level::WARN; 10]);
    }
}
