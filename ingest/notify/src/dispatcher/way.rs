//! One way of a line: how it fares, and until when it rests.

use std::sync::Arc;
use std::time::Duration;

use ports::{Backoff, Notifier};
use schemas::ChannelName;
use tokio::time::Instant;

use super::Route;

pub(super) struct Way {
    route: Route,
    backoff: Backoff,
    /// The way rests until then, whichever notification is next.
    pub(super) rest: Instant,
    /// The number of the notification that it will never take, and why.
    refused: Option<(u64, String)>,
}

impl Way {
    pub(super) fn new(route: Route, first: Duration, limit: Duration, seed: u64) -> Self {
        Self { route, backoff: Backoff::new(first, limit, seed), rest: Instant::now(), refused: None }
    }

    pub(super) fn channel(&self) -> &ChannelName {
        &self.route.channel
    }

    pub(super) fn notifier(&self) -> Arc<dyn Notifier> {
        Arc::clone(&self.route.notifier)
    }

    pub(super) fn to(&self) -> &Vec<String> {
        &self.route.to
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
    }

    /// How long it rests after one more failure: not longer than a notification may live.
    pub(super) fn failed(&mut self, after: Option<Duration>, most: Duration) -> Duration {
        let wait = self.backoff.failed(after).min(most);
        self.rest = Instant::now() + wait;
        wait
    }

    pub(super) fn refuses(&mut self, number: u64, reason: String) {
        self.backoff.succeeded();
        self.refused = Some((number, reason));
    }

    pub(super) fn refused(&self, number: u64) -> Option<&str> {
        self.refused.as_ref().filter(|(refused, _)| *refused == number).map(|(_, reason)| reason.as_str())
    }
}
